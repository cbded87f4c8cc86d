"""Clocks inside a ticket: what units that were asked, called in, whistled for or supervised owe, and by when. Pure.

Each lies in an entry of ``consults``, ``assists``, ``whistles`` or ``supervisions`` and runs beside the
ticket's own deadlines: units are reminded, what is missed goes on record, a suspension or a new
calendar moves it and says so. 《北京市接诉即办工作条例》第十四条: who helps reports back within its time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.tickets.core import ratings
from services.tickets.core.choices import STAGES, WHISTLE_STAGES
from services.tickets.core.clocks import Deadline
from services.tickets.core.context import Context
from services.tickets.core.escalation import Step
from services.tickets.core.limits import Limit
from services.tickets.core.states import ASSIGNED, State
from services.tickets.core.ticket import Ticket

Facts = dict[str, Any]

STREET = "街道调度"
CONSULTING = frozenset({State.ACCEPTED, State.OBJECTED})
"""States in which an opinion is still waited for."""


@dataclass(frozen=True)
class SideClock:
    """One deadline beside the ticket's own.

    Attributes:
        key: Names it for as long as it runs: ``whistle:W1:property:sign``. What stands before the
            first colon is its stage in ``choices.STAGES``.
        orgs: The units that still owe it; none where it is the street.
        who: Their names.
        what: What they owe: 协办反馈.
        type: Of a whistle its type, of a 督办 its level; each has its own limits.
        since: When they were asked.
        reason: The sentence why it is due then.
        path: List of the ticket, place in it, place of the unit (``None``: it is of the whole entry).
        field: Name of the deadline there, without ``_at``.
        dated: A person has set the day; no notice of holidays moves it.
    """

    key: str
    orgs: tuple[str, ...]
    who: str
    what: str
    type: str
    since: datetime
    at: datetime
    reason: str
    path: tuple[str, int, int | None]
    field: str
    dated: bool = False

    @property
    def stage(self) -> str:
        """The kind of deadline: ``consult``, ``assist``, ``whistle``, ``supervise``, ``escalate``, ``rectify`` or ``platform``."""
        return stage_of(self.key)


def stage_of(key: str) -> str:
    """Return the stage of a clock or of a deadline of the ticket itself (whose key is its stage)."""
    return key.partition(":")[0]


def owed(ticket: Ticket) -> dict[str, SideClock]:
    """Return what units owe in the ticket's present state, also while the clocks stand still."""
    found = [
        *_consult(ticket), *_assists(ticket), *_whistles(ticket), *_supervision(ticket),
        *_escalations(ticket), *_rectification(ticket),
    ]  # fmt: skip
    return {clock.key: clock for clock in found}


def owing(ticket: Ticket) -> set[str]:
    """Return the units that were asked, called in or whistled for and have not answered yet."""
    beside = (clock for clock in owed(ticket).values() if clock.stage != "supervise")
    return {org for clock in beside for org in clock.orgs}


def running(ticket: Ticket) -> dict[str, SideClock]:
    """Return the clocks that run: all that is owed, none while the ticket is suspended."""
    return {} if ticket.state is State.SUSPENDED else owed(ticket)


def _consult(ticket: Ticket) -> Iterator[SideClock]:
    """Only the last consultation takes opinions."""
    if ticket.state not in CONSULTING or not ticket.consults:
        return
    place = len(ticket.consults) - 1
    entry = ticket.consults[place]
    said = {o["org"] for o in entry["opinions"]}
    left = [u for u in entry["units"] if u["org"] not in said]
    if left and entry.get("due_at"):
        yield _clock(f"consult:{entry['id']}", left, STAGES["consult"], entry, entry,
                     ("consults", place, None), "due")  # fmt: skip


def _assists(ticket: Ticket) -> Iterator[SideClock]:
    if ticket.state not in ASSIGNED:
        return
    begun: Counter[str] = Counter()
    for place, entry in enumerate(ticket.assists):
        if not entry.get("due_at"):
            continue  # from before assists had a clock
        key = f"assist:{entry['org']}:{entry['at']}"
        begun[key] += 1
        if not entry.get("done_at"):
            if begun[key] > 1:  # the same unit, called twice in one instant
                key = f"{key}:{begun[key]}"
            yield _clock(
                key, [entry], STAGES["assist"], entry, entry, ("assists", place, None), "due"
            )


def _whistles(ticket: Ticket) -> Iterator[SideClock]:
    """Of a whistle that goes on, the stages that a unit has not reported; solved is solved."""
    if ticket.state not in ASSIGNED:
        return
    for place, entry in enumerate(ticket.whistles):
        if entry.get("ended_at"):
            continue
        for n, unit in enumerate(entry["units"]):
            for stage, name in WHISTLE_STAGES.items():
                due, done = unit.get(f"{stage}_due_at"), unit.get(f"{stage}_at")
                if due and not done and not unit.get("solve_at"):
                    yield _clock(
                        f"whistle:{entry.get('id')}:{unit['org']}:{stage}", [unit],
                        f"{STAGES['whistle']}{name}", entry, unit, ("whistles", place, n),
                        f"{stage}_due",
                    )  # fmt: skip


def _supervision(ticket: Ticket) -> Iterator[SideClock]:
    """The last 督办 that waits for an answer: one answers for all; whoever has the order owes it.

    What was ordered before there was a unit nobody can answer, and what was ordered before the work
    began anew has been answered by reporting it done.
    """
    waits = [n for n, entry in enumerate(ticket.supervisions) if _unanswered(entry, ticket)]
    if ticket.state not in ASSIGNED or not waits:
        return
    place = waits[-1]
    entry = ticket.supervisions[place]
    unit = {"org": ticket.owner_org, "name": ticket.owner_org_name or ""}
    yield _clock(f"supervise:{place + 1}", [unit], STAGES["supervise"], entry, entry,
                 ("supervisions", place, None), "due", str(entry["level"]), "until" in entry)  # fmt: skip


def _unanswered(entry: Mapping[str, Any], ticket: Ticket) -> bool:
    if entry.get("answers") or not entry.get("org") or not entry.get("due_at"):
        return False
    began = ticket.reworked_at
    return began is None or datetime.fromisoformat(entry["at"]) >= began


def _escalations(ticket: Ticket) -> Iterator[SideClock]:
    """What a unit reported upwards: here it is the street that owes an answer."""
    for place in ticket.escalations_open:
        entry = ticket.escalations[place]
        clock = _clock(f"escalate:{place + 1}", [], STAGES["escalate"], entry, entry,
                       ("escalations", place, None), "due")  # fmt: skip
        yield replace(clock, who=STREET)


def _rectification(ticket: Ticket) -> Iterator[SideClock]:
    """A bad rating that has not been put right: whoever has, or had, the order owes it."""
    place = ratings.open_entry(ticket)
    there = ticket.state in ASSIGNED | {State.RESOLVED, State.CLOSED}
    if place is None or not there or ticket.owner_org is None:
        return
    entry = ticket.bad_ratings[place]
    unit = {"org": ticket.owner_org, "name": ticket.owner_org_name or ""}
    yield _clock(f"rectify:{place + 1}", [unit], STAGES["rectify"], entry, entry,
                 ("bad_ratings", place, None), "due")  # fmt: skip


def _clock(
    key: str, units: list[Facts], what: str, entry: Mapping[str, Any], where: Mapping[str, Any],
    path: tuple[str, int, int | None], field: str, kind: str | None = None, dated: bool = False,
) -> SideClock:  # fmt: skip
    return SideClock(
        key, tuple(u["org"] for u in units), "、".join(u["name"] for u in units), what,
        str(entry.get("type", "")) if kind is None else kind,
        datetime.fromisoformat(entry["at"]), datetime.fromisoformat(where[f"{field}_at"]),
        where.get(f"{field}_reason") or entry["due_reason"], path, field, dated,
    )  # fmt: skip


def counts_work(clock: SideClock, context: Context) -> bool:
    """Say whether what is owed counts in working time, as the rule's limit for it does."""
    return not clock.dated and _limit_of(clock, context).working


def _limit_of(clock: SideClock, context: Context) -> Limit:
    rules = context.rules
    if clock.stage == "consult":
        return rules.consult.limit
    if clock.stage == "assist":
        return rules.assist.limit
    if clock.stage == "supervise":
        return rules.supervision[clock.type]
    if clock.stage == "escalate":
        return rules.escalation.limit
    if clock.stage == "rectify":
        return rules.rectification.limit
    return rules.whistles[clock.type][clock.field.removesuffix("_due")]


def steps_of(clock: SideClock, context: Context) -> tuple[Step, ...]:
    """Return who is told when of what is owed.

    The unit's silence at the end of a 督办 makes the next one, where the place wants that.
    """
    rules = context.rules
    if clock.stage == "escalate":
        return rules.escalating
    if clock.stage == "platform":
        return rules.platform
    if clock.stage == "rectify":
        return rules.rectifying
    if clock.stage != "supervise":
        return rules.helping
    above = str(int(clock.type) + 1)
    if not rules.supervision_climbs or above not in rules.supervision:
        return rules.supervising
    return tuple(replace(s, supervise=above) if s.share == 1 else s for s in rules.supervising)


def replaced(ticket: Ticket, moved: Mapping[str, Deadline]) -> Facts:
    """Return the lists of the ticket in which deadlines have moved, as facts of an event.

    Args:
        moved: The new deadlines by key of their clock.
    """
    clocks, found = owed(ticket), Facts()
    for key, due in moved.items():
        name, place, unit = clocks[key].path
        entries = found.setdefault(name, [dict(e) for e in getattr(ticket, name)])
        facts = due.as_facts(clocks[key].field)
        if unit is None:
            entries[place] |= facts
        else:
            units = list(entries[place]["units"])
            units[unit] = {**units[unit], **facts}
            entries[place]["units"] = units
    return found
