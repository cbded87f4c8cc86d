"""A resident's own data: shown, corrected, deleted, consent taken back, a copy – each after a yes.

《个人信息保护法》第十五条、第四十四条至第四十七条. The phone of one matter is kept for the next only when the
resident agrees to that; they are asked once.
"""

from __future__ import annotations

import re

from rasa_sdk.events import ActiveLoop, EventType, FollowupAction, SlotSet

from actions.action import TurnAction
from actions.client import Json, TicketView
from actions.dialogue import pattern
from actions.message import Message
from actions.privacy import own_data, retention
from actions.talk import contact
from actions.talk.echo import mask_phone
from actions.talk.requests import WAITS
from actions.texts import Gaps, say
from actions.turn import LISTEN, Button, Turn, button, cleared

DATA = "my_data"
DO = "action_my_data_do"
ABOUT = "data:"
"""Prefix of what a button about own data is about."""
CORRECT = "correct"
KEPT_FOR, SEEN = "kept_for", "seen"
"""How long something is kept is asked."""
PREFER = own_data.PREFER
UNPREFER = "unprefer"
UNPHONE = "unphone"
EXPORT = "export"
UNLEARN, RELEARN, LEARNING = "unlearn", "relearn", "learning"
"""That what is said teaches us no more, or again; whether it does."""
SHOWN = 5
"""So many matters are named; of more their number."""
WAYS = tuple((w, say(f"button_{w}")) for w in ("correct", "delete", EXPORT))
NEEDS: dict[str, tuple[str, ...]] = {"delete": ("waiting", "heard"), "withdraw": ()}
"""What can be wished only when something is kept, with what else counts for it."""
_NAME = re.compile(r"名字|姓名")


def wish(message: Message, shown: bool = False) -> str | None:
    """Return what the resident wants with their data (a key of ``wishes``); None: to see it."""
    about = message.about or ""
    if about.startswith(ABOUT):
        return about.removeprefix(ABOUT)
    return own_data.wished(message, shown)


class MyData(TurnAction):
    """Shows what is stored and offers what can be done about it."""

    NAME = "action_my_data"

    async def act(self, turn: Turn) -> list[EventType]:
        """Show it, or ask whether the wish that was said shall be done."""
        async with turn.client() as client:
            stored = await client.own_data(turn.conversation_id)
        wanted = wish(turn.message, turn.last_action() == self.NAME)
        phone = turn.message.last("phone")
        if wanted in (KEPT_FOR, SEEN):
            return self._answer(turn, wanted, stored)
        if wanted in (PREFER, UNPREFER):
            return self._prefer(turn, wanted, str(stored.get("pref") or ""))
        if wanted == CORRECT and phone is None and _NAME.search(turn.message.text):
            return self._correct_name(turn, stored)
        if wanted in (UNLEARN, RELEARN, LEARNING):
            return await self._learn(turn, wanted, stored)
        if wanted == EXPORT:
            turn.tell(copy(stored, turn.elder))
            turn.say("data_copied")
            return []
        if wanted == "remember" and phone is None and not stored.get("tickets"):
            wanted = CORRECT
        if wanted == CORRECT and phone is None:
            turn.say("data_which_phone")
            return [SlotSet("offer", _offer(turn, CORRECT))]
        if wanted == "withdraw" and not _kept(stored) and stored.get("heard"):
            wanted = "delete"  # nothing was agreed to; what is kept all the same can go
        if wanted == UNPHONE and not stored.get("phone"):
            turn.say("data_no_phone", open=_open(stored, turn.elder))
            return []
        if wanted in NEEDS and not _kept(stored, *NEEDS[wanted]):
            turn.say("data_nothing_kept", open=_open(stored, turn.elder))
            return []
        if wanted:
            return self._confirm(turn, wanted, stored, str(phone.value) if phone else None)
        source = pattern(DATA, "source").search(turn.message.text)
        turn.say("data_source" if source else "data_shown", _ways(stored), stored=shown(stored))
        return []

    @staticmethod
    def _answer(turn: Turn, wanted: str, stored: Json) -> list[EventType]:
        """Say how long what is kept, or who reads it; nothing is changed by the question."""
        if wanted == KEPT_FOR:
            turn.say("data_kept_for", _ways(stored), **retention.spans())
        else:
            turn.say("data_seen", [button(say("button_human"), "/ask_human")])
        return []

    @staticmethod
    async def _learn(turn: Turn, wanted: str, stored: Json) -> list[EventType]:
        """Do at once what was said of learning – the other word undoes it –, or say how it is."""
        refused = bool(stored.get("unlearned_on"))
        if wanted == LEARNING or refused == (wanted == UNLEARN):
            key = "data_unlearned" if refused else "data_learning"
        else:
            async with turn.client() as client:
                body = {"change": wanted}
                await client.change_own_data(turn.conversation_id, body, turn.key("data"))
            key, refused = f"data_{wanted}_done", wanted == UNLEARN
        turn.say(key, [_learning_way(refused)])
        return []

    @staticmethod
    def _prefer(turn: Turn, wanted: str, known: str) -> list[EventType]:
        """Ask whether the way to be reached that was said is kept, or the kept one forgotten."""
        if wanted == UNPREFER and not known:
            turn.say("data_no_pref")
            return []
        pref = contact.preference(turn.message, asked=True) if wanted == PREFER else known
        pref = contact.merged(known, contact.standing(pref)) if wanted == PREFER else known
        yes = button(say("data_yes"), f'/affirm{{"about":"offer:{turn.message.id}"}}')
        turn.say(f"data_{wanted}", [yes, button(say("button_leave"), "/deny")], pref=pref)
        kept = pref if wanted == PREFER else ""
        return [SlotSet("offer", {**_offer(turn, wanted), "pref": kept})]

    @staticmethod
    def _correct_name(turn: Turn, stored: Json) -> list[EventType]:
        """Ask for a yes to the right name, or for the name; where none is kept say where it stands."""
        if not any(stored.get(k) for k in ("name", "phone", "home")):
            turn.say("data_no_name", open=_open(stored, turn.elder))
            return []
        person = turn.message.last("person")
        if person is None:
            turn.say("data_which_name")
            return [SlotSet("offer", {**_offer(turn, CORRECT), "name": ""})]
        offer = {**_offer(turn, CORRECT), "name": str(person.value)}
        yes = button(say("data_yes"), f'/affirm{{"about":"offer:{turn.message.id}"}}')
        turn.say(
            "data_correct_name", [yes, button(say("button_leave"), "/deny")], name=str(person.value)
        )
        return [SlotSet("offer", offer)]

    @staticmethod
    def _confirm(turn: Turn, wanted: str, stored: Json, phone: str | None) -> list[EventType]:
        number = mask_phone(phone) if phone else str(stored.get("phone") or "")
        key = f"data_{wanted}_said" if wanted == "remember" and phone else f"data_{wanted}"
        yes = button(say("data_yes"), f'/affirm{{"about":"offer:{turn.message.id}"}}')
        turn.say(
            key,
            [yes, button(say("button_leave"), "/deny")],
            phone=number,
            open=_open(stored, turn.elder),
        )
        newest = (stored.get("tickets") or [{}])[0].get("ticket_no")
        return [SlotSet("offer", _offer(turn, wanted, phone, newest))]


class DoMyData(TurnAction):
    """Does what was agreed to, and says what is left and why."""

    NAME = DO

    async def act(self, turn: Turn) -> list[EventType]:
        """Do it once; a number that was asked for is read from this message."""
        offer = turn.tracker.get_slot("offer") or {}
        wanted, phone = offer.get("data"), offer.get("phone")
        if not wanted:
            turn.say("offer_gone")
            return []
        said = turn.message.last("phone")
        phone = str(said.value) if said is not None else phone
        if "name" in offer:
            return await self._name(turn, offer)
        if wanted == CORRECT and not phone:
            turn.say("data_which_phone")
            return [SlotSet("offer", {**offer, "id": turn.message.id})]
        body = {"change": wanted, "phone": phone, "ticket_no": offer.get("ticket_no")}
        body = {k: v for k, v in body.items() if v and not (k == "ticket_no" and phone)}
        if offer.get("pref"):
            body["pref"] = offer["pref"]
        async with turn.client() as client:
            stored = await client.change_own_data(turn.conversation_id, body, turn.key("data"))
        told: Gaps = {"phone": stored.get("phone") or "", "pref": stored.get("pref") or ""}
        turn.say(f"data_{wanted}_done", open=_open(stored, turn.elder), **told)
        events = [SlotSet("offer", None), SlotSet("contact_asked", True)]
        if wanted == "delete" and turn.loop is not None:  # what was begun is deleted, too
            events += [*cleared(), ActiveLoop(None), FollowupAction(LISTEN)]
        return events

    @staticmethod
    async def _name(turn: Turn, offer: Json) -> list[EventType]:
        """Put the name right that was read back, or that answers which it is."""
        name = contact.own_name(turn.message) or str(offer["name"])
        if not name:
            turn.say("data_which_name")
            return [SlotSet("offer", {**offer, "id": turn.message.id})]
        body = {"change": CORRECT, "name": name}
        async with turn.client() as client:
            await client.change_own_data(turn.conversation_id, body, turn.key("data"))
        turn.say("data_correct_name_done", name=name)
        return [SlotSet("offer", None)]


def ask_to_remember(turn: Turn, body: Json, ticket: TicketView) -> list[EventType]:
    """After a ticket with a new phone, or a new way to be reached, ask once whether to keep it.

    Args:
        turn: The turn that filed it.
        body: What was filed.
        ticket: The answer.

    Returns:
        The offer, and that it was asked; nothing when there is nothing to ask.
    """
    resident, told = turn.message.resident, body.get("contact") or {}
    phone = told.get("phone") and not resident.phone_known
    pref = contact.lasting(str(told.get("pref") or ""))
    pref = "" if pref == resident.pref else pref
    if not (phone or pref) or turn.tracker.get_slot("contact_asked"):
        return []
    yes = button(say("button_remember"), f'/affirm{{"about":"offer:{turn.message.id}"}}')
    key = "data_may_remember_both" if phone and pref else "data_may_remember_pref"
    key = key if pref else "data_may_remember"
    turn.say(key, [yes, button(say("button_only_now"), "/deny")], pref=pref)
    wanted, number = ("remember", ticket.ticket_no) if phone else (PREFER, None)
    offer = {**_offer(turn, wanted, None, number), "pref": pref, WAITS: key}
    return [SlotSet("offer", offer), SlotSet("contact_asked", True)]


SUBSIDY = "subsidy"


def ask_about_subsidy(turn: Turn, ticket: TicketView, whom: str) -> list[EventType]:
    """After an order that says so ask once whether the eater's next one may say it without asking.

    Args:
        turn: The turn that filed it.
        ticket: The order.
        whom: Who eats, in words.
    """
    values = [e.get("value") for e in turn.tracker.events if e.get("name") == "offer"]
    if any(isinstance(v, dict) and v.get("data") == SUBSIDY for v in values):
        return []
    yes = button(say("button_remember"), f'/affirm{{"about":"offer:{turn.message.id}"}}')
    turn.say(
        "data_may_remember_subsidy", [yes, button(say("button_write_once"), "/deny")], whom=whom
    )
    return [SlotSet("offer", _offer(turn, SUBSIDY, None, ticket.ticket_no))]


def shown(stored: Json) -> str:
    """Return what is stored in words, a line each; what is not stored is not mentioned."""
    tickets = stored.get("tickets") or []
    lines = [
        (say("data_line_name"), stored.get("name")),
        (say("data_line_phone"), stored.get("phone")),
        (say("data_line_home"), stored.get("home")),
        (say("data_line_pref"), stored.get("pref")),
        (
            say("data_line_consent"),
            "；".join(f"{c['purpose']}（{c['given_on']}）" for c in stored.get("consents") or []),
        ),
        (say("data_line_drafts"), "；".join(stored.get("drafts") or [])),
        (say("data_line_waiting"), "；".join(stored.get("waiting") or [])),
        (
            say("data_line_heard"),
            say("data_heard_count", n=stored["heard"]) if stored.get("heard") else "",
        ),
        (say("data_line_unlearned"), stored.get("unlearned_on")),
        (say("data_line_tickets"), _numbers(tickets)),
    ]
    told = [f"• {heading}：{words}" for heading, words in lines if words]
    return "\n".join(told) or f"• {say('data_nothing')}"


def copy(stored: Json, elder: bool) -> str:
    """Return a copy of everything in words (第四十五条): contact data, consents, every matter."""
    matters = [
        say(
            "data_copy_ticket",
            elder,
            state_text=(elder and t.get("state_elder")) or t["state_text"],
            **{k: t[k] for k in ("ticket_no", "title", "filed_on")},
        )
        for t in stored.get("tickets") or []
    ]
    masked = "_masked" if stored.get("name") or stored.get("phone") else ""
    return "\n".join([say(f"data_copy{masked}", elder), shown({**stored, "tickets": []}), *matters])


def _numbers(tickets: list[Json]) -> str:
    named = "、".join(f"{t['title']}（{t['ticket_no']}）" for t in tickets[:SHOWN])
    more = len(tickets) - SHOWN
    return named + (say("number_more", n=more) if more > 0 else "")


def _open(stored: Json, elder: bool) -> str:
    """Return the sentence on matters that are still worked on, for which their contact must stay."""
    numbers = [t["ticket_no"] for t in stored.get("tickets") or [] if t.get("open")]
    return say("data_open", elder, numbers="、".join(numbers[:SHOWN])) if numbers else ""


def _kept(stored: Json, *also: str) -> bool:
    kept = ("name", "phone", "home", "pref", "consents", "drafts", *also)
    return any(stored.get(k) for k in kept)


def _ways(stored: Json) -> list[Button]:
    ways = [w for w in WAYS if _kept(stored) or w[0] == EXPORT]
    shown = [button(title, f'/ask_my_data{{"about":"{ABOUT}{key}"}}') for key, title in ways]
    refused = bool(stored.get("unlearned_on"))
    return [*shown, *([_learning_way(refused)] if refused or stored.get("heard") else [])]


def _learning_way(refused: bool) -> Button:
    key = RELEARN if refused else UNLEARN
    return button(say(f"button_{key}"), f'/ask_my_data{{"about":"{ABOUT}{key}"}}')


def _offer(turn: Turn, wanted: str, phone: str | None = None, ticket_no: str | None = None) -> Json:
    return {
        "id": turn.message.id,
        "follow": DO,
        "data": wanted,
        "phone": phone,
        "ticket_no": ticket_no,
    }
