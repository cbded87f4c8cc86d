"""差评整改: what a resident is dissatisfied with is looked into, put right and asked about again. Pure.

国务院办公厅《关于建立政务服务“好差评”制度提高政务服务水平的意见》: a bad rating is verified, rectified and
called back. Each lies in ``bad_ratings`` of the ticket with a clock of its own, beside all others. Where
“not solved” sends the work back the new round is the rectification and carries the clock: reported done,
it has been rectified, and the callback after it is the one that is owed. A bad rating of work that is not
sent back (late, or “solved, but”) is a case of its own: the unit writes what it has put right, and
somebody of the callback desk, never of the unit, asks again. Who is rated does not learn the score or the
words from it, only that there is something to put right. A neighbour whose ticket goes on in another's
rates it on the own ticket; that opens, or joins, the case of the ticket under which the work was done:
one case, in which each of them is counted (``of``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.tickets.core import calls, clocks
from services.tickets.core.choices import NOT_DONE
from services.tickets.core.commands import Command
from services.tickets.core.context import Context, Refusal
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket

Facts = dict[str, Any]

SENT_BACK = frozenset({"callback_unsolved", "reworked", "found_false"})
"""Events with which a new round begins."""
ANSWERS = {
    "callback_solved": "satisfied",
    "callback_unsolved": "unsatisfied",
    "reworked": "unsatisfied",
}
"""What the resident says after the rectification, by event; of a rating that came with it its score."""


def open_entry(ticket: Ticket) -> int | None:
    """Return the place of what has not been rectified, ``None`` when there is nothing."""
    last = len(ticket.bad_ratings) - 1
    return last if last >= 0 and "rectified_at" not in ticket.bad_ratings[last] else None


def to_ask(ticket: Ticket) -> int | None:
    """Return the place of what has been rectified and not asked about again."""
    last = len(ticket.bad_ratings) - 1
    if last < 0 or "called_at" in ticket.bad_ratings[last]:
        return None
    return last if "rectified_at" in ticket.bad_ratings[last] else None


def follows(
    ticket: Ticket, facts: Mapping[str, Any], event: str, command: Command, context: Context
) -> Facts:
    """Return ``bad_ratings`` (and the call that is owed) as far as an event changes them."""
    if ticket.case_of is not None or ticket.owner_org is None:
        return {}
    entries = [dict(e) for e in ticket.bad_ratings]
    at = command.at.isoformat()
    asked, waits = to_ask(ticket), open_entry(ticket)
    # What is answered in a callback is the resident's word, whoever writes it down.
    by_resident = command.actor.kind == "resident" or event.startswith("callback_")
    if asked is not None and event in ANSWERS and by_resident:
        entries[asked] |= {"called_at": at, "answer": ANSWERS[event]}
    elif asked is not None and event == "closed":
        entries[asked] |= {"called_at": at, "answer": "no_answer"}
    elif asked is not None and event == "rectified_called":
        entries[asked] |= _called(ticket, entries[asked], command, context)
    if event in SENT_BACK:
        if waits is not None:
            entries[waits]["rework"] = True
        elif by_resident:
            entries.append(_opened(ticket, "unsolved", True, command, context))
    elif waits is not None and event == "rectified":
        entries[waits] |= {
            "rectified_at": at,
            "text": command.payload["text"],
            "by": command.actor.id,
        }
    elif waits is not None and event == "resolved" and entries[waits]["rework"]:
        entries[waits] |= {
            "rectified_at": at,
            "text": command.payload["reply"],
            "by": command.actor.id,
        }
    elif who := _dissatisfied(ticket, facts, event, command, context):
        entries = _with(ticket, entries, who, command, context)
    if entries == ticket.bad_ratings:
        return {}
    return {"bad_ratings": entries, **_call(ticket, entries, event, at)}


def _with(
    ticket: Ticket, entries: list[Facts], who: str, command: Command, context: Context
) -> list[Facts]:
    """Return the cases with one that is about this complainant: the open one, or a new one."""
    waits = open_entry(ticket)
    if waits is None:
        of = {} if who == ticket.ticket_no else {"of": [who]}
        return [*entries, _opened(ticket, "score", False, command, context) | of]
    there = complained(ticket.ticket_no, entries[waits])
    more = {} if who in there else {"of": [*there, who]}
    return [e | more if n == waits else e for n, e in enumerate(entries)]


def complained(ticket_no: str, entry: Mapping[str, Any]) -> list[str]:
    """Return whose bad ratings a case is about, by their tickets: the own one, those that go on in it."""
    return list(entry.get("of") or [ticket_no])


def badly(before: Ticket, after: Ticket, context: Context) -> bool:
    """Whether the last step of a ticket rated badly what was not said to be unsolved: that is sent back."""
    given = after.rating if after.rating != before.rating else None
    answer = (
        after.callbacks[-1].get("result") if len(after.callbacks) > len(before.callbacks) else None
    )
    return answer not in NOT_DONE and _bad({"rating": given or {}}, context)


def _dissatisfied(
    ticket: Ticket, facts: Mapping[str, Any], event: str, command: Command, context: Context
) -> str:
    """Return by whose ticket a bad rating has come, empty: none has."""
    if event == "neighbour_rated":
        return str(command.payload["from"])
    said = event in ("rated", "callback_solved") and _bad(facts, context)
    return ticket.ticket_no if said else ""


def _bad(facts: Mapping[str, Any], context: Context) -> bool:
    score = (facts.get("rating") or {}).get("score")
    return score is not None and score <= context.rules.bad_score


def _opened(ticket: Ticket, why: str, rework: bool, command: Command, context: Context) -> Facts:
    rule = context.rules.rectification
    due = clocks.deadline("差评整改", command.at, rule.limit, context.calendar)
    reason = f"{due.reason}；{rule.source}"
    return {
        "why": why, "rework": rework, "at": command.at.isoformat(), "org": ticket.owner_org,
        "tries": [], **clocks.Deadline(due.at, reason).as_facts("due"),
    }  # fmt: skip


def _called(ticket: Ticket, entry: Facts, command: Command, context: Context) -> Facts:
    """An answer ends it, and so do as many calls in vain as for any callback."""
    at, result = command.at.isoformat(), command.payload["result"]
    if result != "no_answer":
        return {"called_at": at, "answer": result}
    tries = [*entry["tries"], at]
    rings = [{"result": "no_answer", "at": one} for one in tries]
    over = calls.exhausted(rings, calls.moment(entry["rectified_at"]), context.profile)
    return {"tries": tries} | ({"called_at": at, "answer": "no_answer"} if over else {})


def _call(ticket: Ticket, entries: list[Facts], event: str, at: str) -> Facts:
    """Of what is closed the desk calls once more; what is only reported done it calls about anyway."""
    if event == "rectified" and ticket.state is State.CLOSED:
        return {"to_call": {"why": "rectified", "since": at}}
    owed = ticket.to_call is not None and ticket.to_call["why"] == "rectified"
    return {"to_call": None} if owed and "called_at" in entries[-1] else {}


def rectification_due(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """There is something to put right, and no new round in which that is done."""
    if open_entry(ticket) is None:
        return Refusal("nothing_to_rectify", "没有等待整改的差评。")
    return None


def rectified_now(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """The unit has said what it has put right, and nobody has asked the resident yet."""
    if to_ask(ticket) is None:
        return Refusal("not_rectified", "单位还没有报整改，或者已经回访过。")
    return None
