"""Who is told when, while a ticket's clock runs: 50、80、100％ of the time, or so long after the start.

The steps of a class are data (``escalation`` of a profile). When a clock is set or moved, the steps
that lie ahead are written into the event as the ticket's *plan*, each with its own time; a pause
takes them away, going on plans them anew. The worker does what is due in order, each entry once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.tickets.core.calendar import WorkCalendar
from services.tickets.core.limits import Limit

Entry = dict[str, Any]
"""One planned step: ``step``, ``at`` (ISO 8601), ``tell``, ``say``, and ``supervise`` if it orders.

A step of a side clock also has its key (``clock``) and the units that are meant (``orgs``).
"""

TOLD = {
    "handler": "承办人",
    "supervisor": "社区主管",
    "dispatcher": "街道调度",
    "duty": "值班领导",
    "resident": "居民",
    "unit": "协办、会商、报到、被督办的单位",
}
"""Who can be told."""


@dataclass(frozen=True)
class Step:
    """One step of a class. Exactly one of ``share``, ``after`` and ``every`` says when.

    Attributes:
        share: Part of the time between start and deadline, 0–1.
        after: Time since the start.
        every: Again and again after so much time, until the deadline.
        tell: Whom, of :data:`TOLD`.
        say: The sentence for them.
        supervise: Level of the 督办 that the step makes (``"2"``: in writing); none for a reminder.
    """

    tell: tuple[str, ...]
    say: str
    share: float | None = None
    after: Limit | None = None
    every: Limit | None = None
    supervise: str | None = None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Step:
        """Read a step.

        Raises:
            ValueError: Malformed, or nobody is told.
        """
        known = {"share", "after", "every", "tell", "say", "supervise"}
        if unknown := data.keys() - known:
            raise ValueError(f"升级步骤没有这些项：{'、'.join(sorted(unknown))}")
        if sum(name in data for name in ("share", "after", "every")) != 1:
            raise ValueError("升级步骤要写 share、after、every 里的一项")
        tell = tuple(data["tell"])
        if not tell or set(tell) - TOLD.keys():
            raise ValueError(f"升级步骤告诉谁，写这些：{'、'.join(TOLD)}")
        share = float(data["share"]) if "share" in data else None
        if share is not None and not 0 < share <= 1:
            raise ValueError("升级步骤的 share 在0和1之间")
        return cls(
            tell=tell,
            say=str(data["say"]),
            share=share,
            after=Limit.parse(data["after"]) if "after" in data else None,
            every=Limit.parse(data["every"]) if "every" in data else None,
            supervise=str(data["supervise"]) if "supervise" in data else None,
        )

    @property
    def text(self) -> str:
        """When, in Chinese: 时限过了50％."""
        if self.share is not None:
            return f"时限用了{self.share:.0%}" if self.share < 1 else "时限到了"
        if self.after is not None:
            return f"开始后{self.after.text}"
        assert self.every is not None
        return f"每{self.every.text}"

    def entry(self, at: datetime) -> Entry:
        """Return the step as planned for a time."""
        made: Entry = {
            "step": self.text,
            "at": at.isoformat(),
            "tell": list(self.tell),
            "say": self.say,
        }
        return made | ({"supervise": self.supervise} if self.supervise else {})


@dataclass(frozen=True)
class Running:
    """A clock that runs.

    Attributes:
        start: When it began.
        now: Time of the event that sets or moves it; only what is later is planned.
        due: Its end, ``None`` for a class without one.
        working: Whether shares are of working time.
        pauses: Stretches in which it stood still, as kept in the ticket.
    """

    start: datetime
    now: datetime
    due: datetime | None
    working: bool
    pauses: Sequence[Mapping[str, Any]] = ()

    def elapsed(self, working: bool, calendar: WorkCalendar) -> float:
        """Minutes that the clock has run, without its pauses."""
        run = _measure(self.start, self.now, working, calendar)
        for pause in self.pauses:
            stood = (datetime.fromisoformat(pause[k]) for k in ("from", "to"))
            first, last = (min(max(t, self.start), self.now) for t in stood)
            run -= _measure(first, last, working, calendar)
        return run


def plan(steps: Sequence[Step], clock: Running, calendar: WorkCalendar) -> list[Entry]:
    """Return what is ahead, in order of time."""
    found: list[tuple[datetime, Entry]] = []
    for step in steps:
        found += [(at, step.entry(at)) for at in _times(step, clock, calendar)]
    found.sort(key=lambda one: one[0])
    return [entry for _, entry in found]


def _times(step: Step, clock: Running, calendar: WorkCalendar) -> list[datetime]:
    if step.share is not None:
        return _at_share(step.share, clock, calendar)
    limit = step.after or step.every
    assert limit is not None
    run = clock.elapsed(limit.working, calendar)
    if step.after is not None:
        left = limit.minutes - run
        return [_later(clock.now, left, limit.working, calendar)] if left > 0 else []
    found: list[datetime] = []
    nth = int(run // limit.minutes) + 1
    while clock.due is not None:
        at = _later(clock.now, nth * limit.minutes - run, limit.working, calendar)
        if at >= clock.due:
            break
        found.append(at)
        nth += 1
    return found


def _at_share(share: float, clock: Running, calendar: WorkCalendar) -> list[datetime]:
    if clock.due is None or clock.due <= clock.now:
        return []
    if share == 1:
        return [clock.due]
    run = clock.elapsed(clock.working, calendar)
    whole = run + _measure(clock.now, clock.due, clock.working, calendar)
    left = share * whole - run
    return [_later(clock.now, left, clock.working, calendar)] if left > 0 else []


def _measure(start: datetime, end: datetime, working: bool, calendar: WorkCalendar) -> float:
    if working:
        return calendar.working_minutes(start, end)
    return max((end - start).total_seconds() / 60, 0)


def _later(start: datetime, minutes: float, working: bool, calendar: WorkCalendar) -> datetime:
    if working:
        return calendar.add_working(start, minutes)
    return start + timedelta(minutes=minutes)
