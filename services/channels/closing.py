"""Closing the loop: what happens to a ticket is told to the resident, and the resident is asked.

Asked when it is resolved, and also when its time is up and nobody has reported it finished
(《北京市接诉即办工作条例》第二十三条). The order of questions is fixed: solved? before satisfied?
Without an answer the question comes again day by day, and each attempt is on record; after as many
as the profile asks for a ticket that is reported finished is closed as unanswered, and the resident is
told how to come back. One that is only late is never closed by that: the work goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.channels import appointed
from services.channels.texts import Said, Texts
from services.db import Session
from services.errors import LindaError
from services.outbox.queue import enqueue
from services.tickets.core import calls
from services.tickets.core.actor import SYSTEM
from services.tickets.core.calls import NOT_REPORTED_FINISHED
from services.tickets.core.clocks import local_text
from services.tickets.views import tells_nothing
from services.words import piece

if TYPE_CHECKING:
    from services.context import Services

CHANGED = "ticket.changed"
UNANSWERED = "callback.unanswered"

PAUSE = timedelta(days=1)
"""Between two questions, so that each attempt is on a day of its own (``calls.attempts``)."""
AT_FILING = timedelta(seconds=5)
"""What the rules do at once after filing stands in the bot's receipt; it is not told twice."""
TOLD_IN_RECEIPT = frozenset({"accepted", "dispatched", "merged", "info_requested"})
WRITTEN = ("need", "explanation", "redirect", "reason", "text", "reply")
"""Facts in the words of staff."""
NEUTRAL = "neutral"
"""Key of the text that only says that there is news."""
ASKING = frozenset({"resolved", "expired"})
"""Texts that ask “solved?”."""


@cache
def texts(data_dir: Path) -> Texts:
    """Return the texts for residents, read once."""
    return Texts(data_dir / "texts" / "resident.yml")


async def on_changed(services: Services, payload: Mapping[str, Any]) -> None:
    """Tell the resident of a change (topic ``ticket.changed``); each change once."""
    conversation_id = payload.get("conversation_id")
    if not conversation_id:
        return  # filed by phone or at the counter: the callback desk calls
    ticket_no, event = str(payload["ticket_no"]), str(payload["event"])
    data = payload.get("data") or {}
    key = _text_key(event, data)
    words = texts(services.settings.data_dir)
    if key not in words or data.get("actor_kind") == "resident":
        return
    ticket = await services.tickets.resident_get(ticket_no, conversation_id)
    if (
        event in TOLD_IN_RECEIPT
        and data.get("actor_kind") == "system"
        and _at_filing(ticket, payload)
    ):
        return
    if key in ASKING and ticket["state"] != payload["to_state"]:
        return  # overtaken: it has been answered or went back; asking now would confuse
    said_key, mark = f"{ticket_no}:{payload['version']}", _mark(ticket)
    async with services.db.write() as s:
        target = await services.channels.where_to_tell(s, conversation_id)
        said = _said(words, key, await services.channels.elder(s, target), ticket, data)
        if target != conversation_id:
            # The resident is told where they wrote last; here it can be read, but not answered.
            await services.channels.say(
                s, conversation_id, said.text, key=said_key, ticket=mark, quiet=True
            )
        told = await services.channels.say(
            s,
            target,
            said.text,
            key=said_key,
            buttons=said.buttons,
            card=_card(ticket),
            ticket=mark,
        )
        if told is None or key not in ASKING:
            return
        await services.channels.ask_callback(s, target, ticket_no, ticket["title"], "solved")
        again = {
            "ticket_no": ticket_no,
            "conversation_id": conversation_id,
            "round": ticket["rework_round"],
        }
        if key == "expired":
            again |= {"expired": payload["version"], "asked": payload["at"]}
        await _ask_again(services, s, again, attempt=1)


async def tell_joined(services: Services, payload: Mapping[str, Any]) -> None:
    """Tell neighbours who joined a ticket how it goes (texts ``joined_…``); each change once.

    They hear it of their own ticket, and are asked for their own household when it is reported
    done. What was answered to the first reporter in person stays there.
    """
    event, data = str(payload["event"]), payload.get("data") or {}
    key = f"joined_{_text_key(event, data)}"
    words = texts(services.settings.data_dir)
    if key not in words:
        return
    for ticket_no, conversation_id in await services.tickets.followers(str(payload["ticket_no"])):
        ticket = await services.tickets.resident_get(ticket_no, conversation_id)
        async with services.db.write() as s:
            target = await services.channels.where_to_tell(s, conversation_id)
            elder = await services.channels.elder(s, target)
            said = words.say(key, elder, **facts_of(ticket, data, elder))
            told = await services.channels.say(
                s,
                target,
                said.text,
                key=f"{ticket_no}:{payload['ticket_no']}:{payload['version']}",
                buttons=said.buttons,
                card=_card(ticket),
                ticket=_mark(ticket),
            )
            if told is not None and event == "resolved":
                await services.channels.ask_callback(
                    s, target, ticket_no, ticket["title"], "solved"
                )


async def on_unanswered(services: Services, payload: Mapping[str, Any]) -> None:
    """A day has passed since the question (topic ``callback.unanswered``): note it, ask again.

    After the last attempt the resident is told and the ticket is closed by the system, never by
    who handled it. Done twice, it changes nothing: what is said has a key, and a closed ticket is
    left alone.
    """
    if "expired" in payload:
        await _unanswered_at_expiry(services, payload)
        return
    ticket_no, conversation_id = str(payload["ticket_no"]), str(payload["conversation_id"])
    attempt = int(payload["attempt"])
    key = _attempt_key(payload, attempt)
    ticket = await services.tickets.resident_get(ticket_no, conversation_id)
    if ticket["state"] != "RESOLVED" or ticket["rework_round"] != payload["round"]:
        return  # answered meanwhile, or in work again
    await services.tickets.act(
        ticket_no,
        "callback",
        {"result": "no_answer", "method": "message"},
        SYSTEM,
        # An attempt that is repeated after a crash is one attempt: three of them close a ticket.
        once=key,
    )
    attempts = calls.attempts(services.tickets.profile)
    last = attempt >= attempts
    async with services.db.write() as s:
        target = await services.channels.where_to_tell(s, conversation_id)
        words = texts(services.settings.data_dir)
        elder = await services.channels.elder(s, target)
        said = words.say(
            appointed.key_of("closed_unanswered" if last else "reminder", ticket, words),
            elder,
            **facts_of(ticket, {}, elder),
        )
        await services.channels.say(
            s,
            target,
            said.text,
            key=key,
            buttons=said.buttons,
            ticket=_mark(ticket),
        )
        if not last:
            await services.channels.ask_callback(s, target, ticket_no, ticket["title"], "solved")
            await _ask_again(services, s, payload, attempt + 1)
    if last:
        await services.tickets.act(
            ticket_no, "close", {"reason": f"{attempts}次回访未答复，已告知居民"}, SYSTEM
        )
        await services.channels.callback_stage(conversation_id, ticket_no, None)


async def _unanswered_at_expiry(services: Services, payload: Mapping[str, Any]) -> None:
    """Note that nobody answered the question at expiry, and ask again; after the last attempt no more."""
    ticket_no, conversation_id = str(payload["ticket_no"]), str(payload["conversation_id"])
    attempt = int(payload["attempt"])
    key = _attempt_key(payload, attempt)
    ticket = await services.tickets.get(ticket_no, SYSTEM)
    late = ticket["state"] in {state.value for state in NOT_REPORTED_FINISHED}
    if not late or ticket["rework_round"] != payload["round"] or _answered(ticket, payload):
        return
    facts = {"result": "no_answer", "method": "message"}
    try:
        await services.tickets.act(ticket_no, "callback", facts, SYSTEM, once=key)
    except LindaError as error:
        if error.code == "no_call_due":
            return  # the deadline has moved meanwhile
        raise
    if attempt >= calls.attempts(services.tickets.profile):
        return
    shown = await services.tickets.resident_get(ticket_no, conversation_id)
    async with services.db.write() as s:
        target = await services.channels.where_to_tell(s, conversation_id)
        elder = await services.channels.elder(s, target)
        words = texts(services.settings.data_dir)
        key_said = appointed.key_of("reminder", shown, words)
        said = words.say(key_said, elder, **facts_of(shown, {}, elder))
        await services.channels.say(
            s, target, said.text, key=key, buttons=said.buttons, ticket=_mark(shown)
        )
        await services.channels.ask_callback(s, target, ticket_no, shown["title"], "solved")
        await _ask_again(services, s, payload, attempt + 1)


def _answered(ticket: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    """Say whether the question at expiry has been answered since it was asked."""
    asked = datetime.fromisoformat(str(payload["asked"]))
    given = [c for c in ticket["callbacks"] if c["result"] != "no_answer"]
    return any(datetime.fromisoformat(c["at"]) >= asked for c in given)


async def answer(
    services: Services,
    ticket_no: str,
    conversation_id: str,
    given: Mapping[str, Any],
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """Take the resident's answer to a callback question and move on to the next one.

    Returns:
        ``{"next": "rating" | "reason" | None, "ticket": resident view}``.
    """
    conversation = await services.channels.conversation(conversation_id)
    resident_id = conversation.resident_id
    before = await services.tickets.resident_get(
        ticket_no, conversation_id, resident_id=resident_id, also=conversation.siblings
    )
    ticket_no = before["ticket_no"]
    pending = conversation.pending_callback or {}
    asked = pending.get("stage") if pending.get("ticket_no") == ticket_no else None
    if given["stage"] == "solved" and asked not in (None, "solved"):
        # The same answer once more (its reply was lost on the way): the dialogue is further already.
        return {"next": asked, "ticket": before}
    result = await services.tickets.callback_answer(
        ticket_no, conversation_id, given, resident_id, idempotency_key, conversation.siblings
    )
    await services.channels.callback_stage(conversation_id, ticket_no, result["next"])
    return result


def facts_of(
    ticket: Mapping[str, Any], data: Mapping[str, Any], elder: bool = False
) -> dict[str, str]:
    """Return what the texts may name; what is not known is an empty word or sentence."""
    note = piece("see_note", elder)
    review = _day(data.get("review_date") or data.get("review_at"))
    known = {
        "title": ticket["title"],
        "ticket_no": ticket["ticket_no"],
        "owner": (ticket.get("owner") or {}).get("text") or piece("owner_open", elder),
        "location_text": ticket.get("location_text") or "",
        "due_line": appointed.due_line(ticket, elder),
        "when": appointed.when(ticket),
        "what": ticket["title"] if tells_nothing(ticket) else appointed.what(ticket),
        "moved_line": _moved(data, elder),
        "review_line": piece("review_again", elder, day=review) if review else "",
        "need": "；".join(
            data.get("need_items") or data.get("items") or ticket.get("need_items") or ()
        )
        or note,
        "wait": local_text(datetime.fromisoformat(data["info_due_at"]))
        if data.get("info_due_at")
        else piece("wait_open", elder),
        "explanation": data.get("explanation") or data.get("reason") or note,
        "redirect": data.get("redirect") or piece("redirect_open", elder),
        "reason": data.get("reason") or piece("reason_open", elder),
        "text": data.get("text") or note,
        "reply": ticket.get("reply") or piece("reply_open", elder),
    }
    if tells_nothing(ticket):
        known |= dict.fromkeys(WRITTEN, piece("ask_us", elder)) | {
            "owner": piece("owner_open", elder)
        }
    # The text's own punctuation follows; only whole sentences of ours keep theirs.
    return {
        name: value if name.endswith("_line") else str(value).strip().rstrip("。")
        for name, value in known.items()
    }


def _said(
    words: Texts, key: str, elder: bool, ticket: Mapping[str, Any], data: Mapping[str, Any]
) -> Said:
    """Return what is said of a change; of a restricted case only that there is something to read.

    A notification on a phone that lies about shows it to whoever passes: not even that something was
    reported stands there. Whether it is solved has to be asked all the same.
    """
    said = words.say(appointed.key_of(key, ticket, words), elder, **facts_of(ticket, data, elder))
    if not tells_nothing(ticket) or key in ASKING:
        return said
    return Said(words.say(NEUTRAL, elder).text, said.buttons)


def _card(ticket: Mapping[str, Any]) -> dict[str, Any] | None:
    """The ticket as a card; of a restricted case none comes by itself, it is shown on request."""
    return None if tells_nothing(ticket) else {"type": "ticket", **ticket}


def _text_key(event: str, data: Mapping[str, Any]) -> str:
    if event == "deadline_missed":
        return "expired" if data.get("stage") == "due" else ""
    if event == "reminded":
        return "info_reminder" if "resident" in data.get("tell", ()) else ""
    if event == "closed":
        # What the clock closes it has said itself (``on_unanswered``); a person's closing is told here.
        return "closed_unanswered" if data.get("actor_kind") == "staff" else ""
    if event == "deadline_moved":
        return event if data.get("due_before") else ""
    if event == "platform_due_set":
        return event if data.get("promised_before") else ""
    return event


async def _ask_again(
    services: Services, session: Session, about: Mapping[str, Any], attempt: int
) -> None:
    now = services.clock.now()
    await enqueue(
        session,
        UNANSWERED,
        {**about, "attempt": attempt},
        _attempt_key(about, attempt),
        now,
        now + PAUSE,
    )


def _attempt_key(about: Mapping[str, Any], attempt: int) -> str:
    """Name one attempt of one question: asked when it was done in this round, or when time was up."""
    asked = f"expired:{about['expired']}" if "expired" in about else "unanswered"
    return f"{about['ticket_no']}:{about['round']}:{asked}:{attempt}"


def _at_filing(ticket: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    at = payload.get("at")
    if at is None:
        return False
    created = datetime.fromisoformat(ticket["created_at"])
    return datetime.fromisoformat(at) - created < AT_FILING


def _mark(ticket: Mapping[str, Any]) -> dict[str, Any]:
    return {"ticket_no": ticket["ticket_no"], "state": ticket["state"]}


def _moved(data: Mapping[str, Any], elder: bool) -> str:
    """In one sentence, what the date was and what it is now; empty when it has not moved."""
    before, after = data.get("due_before"), data.get("due_at")
    if data.get("promised_before"):
        before, after = data["promised_before"], data["platform_due_at"]
    if not before or not after:
        return ""
    was, now = (local_text(datetime.fromisoformat(str(moment))) for moment in (before, after))
    return piece("moved", elder, was=was, now=now)


def _day(value: Any) -> str:
    if not value:
        return ""
    day = datetime.fromisoformat(str(value))
    return f"{day.month}月{day.day}日"
