"""What counts of one ticket, drawn from its events. Pure.

A row of ``ticket_scores`` is the fold of a ticket's events, like the ticket itself, but it keeps what
the ticket forgets: a new round clears when the first one was resolved, and a new unit clears who had
it first. What is counted how is said in docs/metrics.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.tickets.core.arrivals import WAITING
from services.tickets.core.asking import MORE
from services.tickets.core.calendar import ZONE
from services.tickets.core.event import Event
from services.tickets.core.fold import apply
from services.tickets.core.frozen import changed
from services.tickets.core.ratings import complained
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket

PROACTIVE = frozenset({"patrol", "hotspot"})
"""Channels in which nobody had to complain first (未诉先办)."""
_DISPATCHES = frozenset({"dispatched", "redispatched", "objection_decided"})
_REFUSALS = frozenset({"not_accepted", "terminated"})


@dataclass(frozen=True)
class Score:
    """Facts of one ticket. Flags are 0 or 1, so that they add up in any database.

    Attributes:
        due_at: Deadline of the first round, with its extensions and pauses; it stays when the round
            has ended, because a later round is shorter and another matter. Of an appointment the last
            moment that keeps it.
        due_day: Day of ``due_at``, in China's time.
        first_org: Unit it was first dispatched to; ``org``: the unit that has it now.
        excluded: Why it does not count, decided by the auditor (a key of ``choices.EXCLUSIONS``).
        suspended: The clock stands because of circumstances (挂账); counted apart.
        begun_s: Seconds since 1970 from which the first round is counted: creation plus pauses.
        limit_s: Seconds it had; ``took_s``: seconds it took, None while it goes on.
        in_time: The first round ended before ``due_at``.
        answer: What the resident said last about the result: solved, partial, unsolved; None when
            nobody could be reached. ``partial``: a part of it is, or it is and the unit had reported
            部分解决.
        answered_after_s: From the report of the result to that answer.
        bad: How often a resident was dissatisfied or said that it is not solved (差评); ``rectified``: how
            often that was put right in time; ``bad_called``: asked about again afterwards.
        rated_after_s: From the report of the result to the first rating.
        left_s: Seconds that were left when it was first resolved; None when it was late.
        told: The resident was asked for something that was missing.
        told_late: Something was asked for later that the first notice had not named.
        appointment: How an agreed time was kept: kept, early, late; waiting: nobody has come (past its
            time: missed); None: none was agreed, or the order was taken back before.
        exclusion_asked: How the unit's wish to be left out of scoring stands: asked, refused,
            appealed, settled (refused for good), granted; None: it never asked.
    """

    ticket_no: str
    created_at: datetime
    community_id: str | None = None
    leaf: str | None = None
    channel: str = ""
    state: str = ""
    household: str | None = None
    certificate: str | None = None
    proactive: int = 0
    group_demand: int = 0
    # unit and clocks
    due_at: datetime | None = None
    due_day: date | None = None
    dispatched: int = 0
    first_org: str | None = None
    org: str | None = None
    excluded: str | None = None
    suspended: int = 0
    sign_required: int = 0
    sign_in_time: int = 0
    contact_required: int = 0
    contacted: int = 0
    contact_in_time: int = 0
    begun_s: int = 0
    limit_s: int | None = None
    took_s: int | None = None
    in_time: int = 0
    objections: int = 0
    upheld: int = 0
    transfers: int = 0
    # result
    resolved: int = 0
    resolved_s: int | None = None
    left_s: int | None = None
    outcome: str | None = None
    evidence: int = 0
    answer: str | None = None
    answered_after_s: int | None = None
    score: int | None = None
    rated_after_s: int | None = None
    rating_changes: int = 0
    rounds: int = 0
    bad: int = 0
    rectified: int = 0
    bad_called: int = 0
    audits: int = 0
    found_false: int = 0
    # what residents went through
    pressured: int = 0
    withdrawn: int = 0
    withdrawn_early: int = 0
    persuaded: int = 0
    told: int = 0
    told_late: int = 0
    refused: int = 0
    reviewed: int = 0
    corrected: int = 0
    appointment: str | None = None
    exclusion_asked: str | None = None


def advance(before: Score | None, event: Event, ticket: Ticket) -> Score | None:
    """Return the facts after one more event.

    Args:
        before: The facts before it; None for the first event.
        ticket: The ticket after it.

    Returns:
        None for a case about pressure on a resident: it is no request, and nobody may guess it from
        a sum.
    """
    if ticket.case_of is not None:
        return None
    score = before or Score(event.ticket_no, event.at)
    change: dict[str, Any] = _mirrored(ticket)
    if event.type in _DISPATCHES and not event.data.get("keeps_clock"):
        change |= {"dispatched": 1, "first_org": score.first_org or ticket.owner_org}
        change |= {"sign_required": int(ticket.sign_due_at is not None), "sign_in_time": 0}
    if event.type == "signed" and ticket.sign_due_at and ticket.signed_at == event.at:
        change["sign_in_time"] = int(event.at <= ticket.sign_due_at)
    change |= _contact(score, ticket) | _first_round(score, event, ticket)
    score = changed(score, change)
    return changed(score, _result(score, event, ticket) | _resident(score, event, ticket))


def fold(events: Iterable[Event]) -> Score | None:
    """Return the facts that a whole history makes."""
    ticket, score = Ticket(), None
    for event in events:
        ticket = apply(ticket, event)
        score = advance(score, event, ticket)
    return score


def _mirrored(ticket: Ticket) -> dict[str, Any]:
    """What is always as the ticket has it now."""
    return {
        "community_id": ticket.place.community_id,
        "leaf": ticket.leaf,
        "channel": ticket.channel,
        "state": ticket.state.value,
        "household": ticket.household,
        "certificate": _name((ticket.certificate or {}).get("name")),
        # What a grid worker found on patrol counts, whatever device it was written on.
        "proactive": int(
            ticket.channel in PROACTIVE or ticket.reporter.get("role") in ("patrol", "hotspot")
        ),
        "group_demand": int(ticket.group),
        "org": ticket.owner_org,
        "appointment": _appointment(ticket),
        "excluded": (ticket.exclusion or {}).get("reason"),
        "exclusion_asked": (ticket.exclusion_request or {}).get("state"),
        "suspended": int(ticket.state is State.SUSPENDED),
        "objections": len(ticket.objections),
        "upheld": sum(o.get("decision") == "uphold" for o in ticket.objections),
        "transfers": ticket.transfers,
        "rounds": ticket.rework_round,
        # One case may be about several households' ratings: each is counted.
        "bad": sum(len(complained(ticket.ticket_no, e)) for e in ticket.bad_ratings),
        "rectified": sum(
            len(complained(ticket.ticket_no, e)) for e in ticket.bad_ratings if _rectified(e)
        ),
        "bad_called": sum(
            len(complained(ticket.ticket_no, e)) for e in ticket.bad_ratings if "called_at" in e
        ),
        "audits": len(ticket.audits),
        "found_false": sum(a["finding"] == "false" for a in ticket.audits),
        "persuaded": int(ticket.persuaded),
        "reviewed": len(ticket.reviews),
        "corrected": sum(r.get("decision") == "correct" for r in ticket.reviews),
    }


def _rectified(entry: dict[str, Any]) -> bool:
    """Whether a bad rating was put right in its time."""
    done = entry.get("rectified_at")
    return done is not None and datetime.fromisoformat(done) <= datetime.fromisoformat(
        entry["due_at"]
    )


def _appointment(ticket: Ticket) -> str | None:
    """How the appointment of a service (UA) stands."""
    if ticket.arrival is not None:
        return str(ticket.arrival["kept"])
    gone = ticket.state in (State.WITHDRAWN, State.MERGED, State.NOT_ACCEPTED)
    dated = ticket.sla_class == "UA" and (ticket.appointment or {}).get("date")
    return WAITING if dated and not gone else None


def _contact(score: Score, ticket: Ticket) -> dict[str, Any]:
    """The first contact answers the deadline that stood then; a later unit's does not undo it."""
    if score.contacted:
        return {}
    due, at = ticket.contact_due_at, ticket.first_contact_at
    return {
        "contact_required": int(due is not None),
        "contacted": int(at is not None),
        "contact_in_time": int(due is not None and at is not None and at <= due),
    }


def _first_round(score: Score, event: Event, ticket: Ticket) -> dict[str, Any]:
    """Deadline and time of the first round; once it has ended they stay."""
    change: dict[str, Any] = {}
    if score.took_s is None and ticket.rework_round == 0:
        begun = _seconds(score.created_at) + _paused_s(ticket)
        change["begun_s"] = begun
        if (due := ticket.overdue_at) is not None:
            change |= {
                "due_at": due,
                "due_day": due.astimezone(ZONE).date(),
                "limit_s": max(1, _seconds(due) - begun),
            }
        if _ends(event, ticket):
            change["took_s"] = max(0, _seconds(event.at) - begun)
            change["in_time"] = int(due is not None and event.at <= due)
    elif event.type == "review_corrected" and not score.resolved:
        change = {"took_s": None, "in_time": 0}
    return change


def _ends(event: Event, ticket: Ticket) -> bool:
    """A result ends the round; so does the resident's own free will, or a reviewed termination."""
    if event.type == "withdrawn":
        return not ticket.persuaded
    return event.type in ("resolved", "terminated")


def _result(score: Score, event: Event, ticket: Ticket) -> dict[str, Any]:
    change: dict[str, Any] = {}
    if event.type == "resolved":
        change = {
            "resolved": 1,
            "resolved_s": _seconds(event.at),
            "outcome": ticket.outcome,
            "evidence": len(ticket.evidence),
        }
        if not score.resolved:
            due = ticket.overdue_at
            left = None if due is None or event.at > due else _seconds(due) - _seconds(event.at)
            change["left_s"] = left
    answer = _answer(event, score)
    if answer is not None:
        change["answer"] = answer
        if score.resolved_s is not None:
            change["answered_after_s"] = max(0, _seconds(event.at) - score.resolved_s)
    return change


def _answer(event: Event, score: Score) -> str | None:
    """What this event says about the result, in the resident's name."""
    if event.type == "callback_solved":
        return "partial" if score.outcome == "partial" else "solved"
    if event.type == "callback_unsolved":
        return "partial" if event.data.get("result") == "partial" else "unsolved"
    by_resident = event.type == "reworked" and event.actor.kind == "resident"
    return "unsolved" if by_resident else None


def _resident(score: Score, event: Event, ticket: Ticket) -> dict[str, Any]:
    change: dict[str, Any] = {}
    given = (event.data.get("rating") or {}).get("score")
    if given is not None:
        change["score"] = int(given)
        if score.score is None and score.resolved_s is not None:
            change["rated_after_s"] = max(0, _seconds(event.at) - score.resolved_s)
        if score.score not in (None, int(given)):
            change["rating_changes"] = score.rating_changes + 1
    if ticket.pressured:
        change["pressured"] = 1
    if event.type == "withdrawn":
        early = ticket.overdue_at is not None and event.at < ticket.overdue_at
        change |= {"withdrawn": 1, "withdrawn_early": int(early)}
    if event.type in _REFUSALS:
        change["refused"] = 1
    if event.type == "info_requested" or event.data.get("notice"):
        change |= {
            "told": 1,
            "told_late": max(score.told_late, int(event.data.get("notice") == MORE)),
        }
    return change


def _paused_s(ticket: Ticket) -> int:
    """Seconds that the clock stood, as far as the pauses have ended."""
    spans = (
        (datetime.fromisoformat(p["from"]), datetime.fromisoformat(p["to"])) for p in ticket.pauses
    )
    return sum(_seconds(end) - _seconds(start) for start, end in spans)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _name(value: object) -> str | None:
    """Return a name as the column takes it: what is no text, or too long for one, is none."""
    return value if isinstance(value, str) and len(value) <= 100 else None
