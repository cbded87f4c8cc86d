"""The resident's answers to callback questions (回访): what each one does, what is asked next. Pure.

The order is fixed: solved? before satisfied? (“先问解决没有，再问满不满意”).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.tickets.core.calls import NOT_REPORTED_FINISHED, expired
from services.tickets.core.choices import NOT_DONE
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.words import refusal

Question = Literal["reason", "rating"]


@dataclass(frozen=True)
class Step:
    """The action of the workflow that an answer is, and its payload."""

    action: str
    facts: Mapping[str, Any]


LATE = {
    True: Step("supplement", {"text": "回访：居民说已经解决了。"}),
    False: Step("urge", {"text": "回访：居民说还没有解决。"}),
}
"""An answer that comes when the ticket is in work again and its time is not over."""


def step(ticket: Ticket, answer: Mapping[str, Any]) -> Step:
    """Return what an answer does.

    Raises:
        LindaError: 422 ``bad_answer`` for what is no answer to any question.
    """
    match answer.get("stage"), answer.get("solved"):
        case "solved", bool(solved) if _goes_on(ticket):
            return LATE[solved]
        case "solved", bool(solved):
            facts = {"result": _result(answer), "method": "message"}
            return Step("callback", {**facts, "pressured": answer.get("pressured")})
        case "reason", _:
            return Step("supplement", {"text": answer.get("text")})
        case "rating", _:
            said = {key: answer.get(key) for key in ("score", "text", "pressured")}
            return Step("rate", said)
    raise refusal("bad_answer")


def taken(ticket: Ticket, answer: Mapping[str, Any]) -> bool:
    """Say whether this very answer has changed the ticket before (sent again under another key)."""
    if answer.get("stage") != "solved":
        return False
    if expired(ticket):
        return _said_at_expiry(ticket, answer)
    return next_question(ticket, answer) is not None or (
        answer.get("solved") is True and _closed_by_resident(ticket)
    )


def _said_at_expiry(ticket: Ticket, answer: Mapping[str, Any]) -> bool:
    """Say whether the last answer since the time was over is this one."""
    last = ticket.callbacks[-1] if ticket.callbacks else None
    if last is None or ticket.overdue_at is None:
        return False
    since = datetime.fromisoformat(last["at"]) >= ticket.overdue_at
    return since and bool(last["result"] == _result(answer))


def _result(answer: Mapping[str, Any]) -> str:
    if answer.get("solved"):
        return "solved"
    return "partial" if answer.get("partly") else "unsolved"


def _goes_on(ticket: Ticket) -> bool:
    return ticket.state in NOT_REPORTED_FINISHED and not expired(ticket)


def taken_joined(ticket: Ticket, parent: Ticket | None, answer: Mapping[str, Any]) -> bool:
    """Say whether one who joined has answered for the present round of the shared ticket."""
    if answer.get("stage") != "solved" or not ticket.callbacks:
        return False
    last = ticket.callbacks[-1]
    if parent is None or parent.resolved_at is None:
        return last.get("result") in NOT_DONE
    return bool(datetime.fromisoformat(last["at"]) >= parent.resolved_at)


def next_question(ticket: Ticket, answer: Mapping[str, Any]) -> Question | None:
    """Return what is asked after an answer that the ticket has taken."""
    if answer.get("stage") != "solved":
        return None
    if ticket.state is State.MERGED:
        return "reason" if answer.get("solved") is False else None if ticket.rating else "rating"
    if answer.get("solved") is True:
        return "rating" if _closed_by_resident(ticket) and not ticket.rating else None
    return "reason" if _sent_back_by_callback(ticket) else None


def _closed_by_resident(ticket: Ticket) -> bool:
    return ticket.state is State.CLOSED and ticket.closed_by == "resident"


def _sent_back_by_callback(ticket: Ticket) -> bool:
    last = ticket.callbacks[-1] if ticket.callbacks else {}
    # When the time of the new round is up as well, the question is a new one.
    asked_again = "due" in ticket.missed
    return ticket.state is State.REWORK and last.get("result") in NOT_DONE and not asked_again
