"""Deadlines, each with the sentence that explains it.

Two clocks: the *resident's* runs from submission to the answer, a returned or objected order does
not reset it (《北京市接诉即办工作条例》第十三、十五条: the order states its time limit); the *unit's*
runs from dispatch, not from signing, so that leaving an order unsigned gains nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from services.tickets.core.calendar import CLOSES, ZONE, WorkCalendar
from services.tickets.core.leaves import Law, Leaf
from services.tickets.core.limits import Limit
from services.tickets.core.sla import Profile, SLAClass
from services.words import piece

URGENT = frozenset({"U0", "U1", "U2"})


@dataclass(frozen=True)
class Deadline:
    """When something is due, and why then."""

    at: datetime
    reason: str

    def as_facts(self, name: str) -> dict[str, str]:
        """Return the two facts of an event: ``<name>_at`` and ``<name>_reason``."""
        return {f"{name}_at": self.at.isoformat(), f"{name}_reason": self.reason}


def deadline(what: str, start: datetime, limit: Limit, calendar: WorkCalendar) -> Deadline:
    """Return when ``limit`` after ``start`` is: “普通事项,5个工作日;10月1日至8日放假不计”."""
    due = limit.after(start, calendar)
    notes = []
    if limit.working:
        begins = calendar.roll(start)
        if begins != start:
            notes.append(piece("due.begins", time=_stamp(begins)))
        notes += calendar.explain(start, due)
    return Deadline(due, "；".join([piece("due.limit", what=what, limit=limit.text), *notes]))


def with_pauses(
    due: Deadline, pauses: Sequence[Mapping[str, Any]], working: bool, calendar: WorkCalendar
) -> Deadline:
    """Move a deadline by the time the clock stood still.

    A pause of a working-time clock counts only its working time.
    """
    at, reasons = due.at, [due.reason]
    for pause in pauses:
        start, end = (datetime.fromisoformat(pause[k]) for k in ("from", "to"))
        if working:
            at = calendar.add_working(at, calendar.working_minutes(start, end))
        else:
            at += end - start
        reasons.append(piece("due.pause", why=pause["why"], start=_stamp(start), end=_stamp(end)))
    if working:
        reasons += _further(due, at, calendar)
    return Deadline(at, "；".join(reasons))


def _further(due: Deadline, later: datetime, calendar: WorkCalendar) -> list[str]:
    """Say what makes the stretch longer that a deadline has been moved by, once."""
    if later.date() <= due.at.date():
        return []
    said = due.reason.split("；")
    return [n for n in calendar.explain(due.at + timedelta(days=1), later) if n not in said]


def finish_limit(cls: SLAClass, leaf: Leaf | None, profile: Profile) -> tuple[str, Limit | None]:
    """Return what the limit is called and the limit; a statutory one wins over the class's.

    A law of the place comes before the national one, which it may only specify. In a matter that
    cannot wait (U0–U2) a law only shortens: what it grants for the ordinary case does not let
    a danger lie.
    """
    law = _law(cls, leaf, profile)
    if leaf is None or law is None:
        return piece("due.matter", label=cls.label), cls.finish
    return piece("due.law", matter=leaf.title, source=law.source), law.finish


def extension_limit(cls: SLAClass, leaf: Leaf | None, profile: Profile) -> Limit | None:
    """Return how long an extension is at most: what the law grants, else as the class has it."""
    law = _law(cls, leaf, profile)
    return law.extension if law and law.extension else cls.extension


def _law(cls: SLAClass, leaf: Leaf | None, profile: Profile) -> Law | None:
    """Return the law that counts for a matter of a class, ``None`` where there is none."""
    law = profile.statutory.get(leaf.id, leaf.statutory) if leaf else None
    if law is not None and cls.id in URGENT and _longer(law.finish, cls.finish):
        return None
    return law


def _longer(law: Limit, own: Limit | None) -> bool:
    return own is not None and (law.working or law.minutes > own.minutes)


def finish_deadline(
    cls: SLAClass,
    leaf: Leaf | None,
    start: datetime,
    appointment: Mapping[str, Any] | None,
    profile: Profile,
    calendar: WorkCalendar,
) -> Deadline | None:
    """Return when the resident can expect the result; ``None`` for a class without a limit."""
    kept = agreed(cls, appointment, start, profile)
    if kept:
        return Deadline(kept, piece("due.agreed", label=cls.label, time=_stamp(kept)))
    what, limit = finish_limit(cls, leaf, profile)
    return deadline(what, start, limit, calendar) if limit else None


def agreed(
    cls: SLAClass, appointment: Mapping[str, Any] | None, start: datetime, profile: Profile
) -> datetime | None:
    """Return the time that was agreed and decides when a matter is due: no wait of ours moves it."""
    kept = appointment_time(appointment, profile) if cls.id == "UA" else None
    return kept if kept is not None and kept > start else None


def grace(
    cls: SLAClass, appointment: Mapping[str, Any] | None, start: datetime, profile: Profile
) -> int:
    """Return the minutes after :func:`finish_deadline` in which an appointment is still kept.

    Only then is it missed (domain UA: kept within half an hour either way); 0 for every other matter.
    """
    kept = agreed(cls, appointment, start, profile)
    return grace_after(kept, appointment, profile) if kept else 0


def grace_after(agreed: datetime, appointment: Mapping[str, Any] | None, profile: Profile) -> int:
    """Return the minutes after an agreed time in which it is kept: to the end of a day without a clock time."""
    if agreed_clock(appointment, profile) is not None:
        return int(profile.appointment_window.minutes)
    midnight = datetime.combine(agreed.date() + timedelta(days=1), time(0), agreed.tzinfo)
    return int((midnight - agreed).total_seconds() // 60)


def confirmed(
    due: Deadline, cls: SLAClass, appointment: Mapping[str, Any] | None, start: datetime,
    profile: Profile, calendar: WorkCalendar,
) -> Deadline:  # fmt: skip
    """Return a deadline for accepting or signing, not later than :func:`last_confirmation`."""
    last = last_confirmation(cls, appointment, start, profile, calendar)
    if last is None or due.at <= last.at:
        return due
    return Deadline(last.at, f"{due.reason.split('；')[0]}；{last.reason}")


def last_confirmation(
    cls: SLAClass, appointment: Mapping[str, Any] | None, start: datetime, profile: Profile,
    calendar: WorkCalendar,
) -> Deadline | None:  # fmt: skip
    """Return when an appointment ahead has been confirmed at the latest; ``None`` for anything else.

    A meal by the cut-off of the last working day before it; where that is over, and for every other
    appointment, when it takes place.
    """
    kept = agreed(cls, appointment, start, profile)
    if kept is None:
        return None
    if appointment and appointment.get("meal"):
        day = calendar.workday_before(kept.date())
        closes = datetime.combine(day, time.fromisoformat(profile.meal_confirm), ZONE)
        if closes > start:
            return Deadline(closes, piece("due.confirmed_meal", time=_stamp(closes)))
    return Deadline(kept, piece("due.confirmed", time=_stamp(kept)))


def appointment_time(appointment: Mapping[str, Any] | None, profile: Profile) -> datetime | None:
    """Return by when an appointment has taken place; ``None`` when it has no date."""
    if not appointment or not appointment.get("date"):
        return None
    try:
        day = date.fromisoformat(str(appointment["date"])[:10])
    except ValueError:
        return None
    return datetime.combine(day, agreed_clock(appointment, profile) or CLOSES, ZONE)


def agreed_clock(appointment: Mapping[str, Any] | None, profile: Profile) -> time | None:
    """Return the time of day that was agreed; ``None`` when only a day was."""
    if not appointment:
        return None
    return _clock_time(appointment.get("time") or profile.meals.get(str(appointment.get("meal"))))


def _clock_time(said: object) -> time | None:
    """Read ``15:00`` or a date-time; anything else (“下午”) is no clock time."""
    try:
        return time.fromisoformat(str(said).rpartition("T")[2][:5])
    except ValueError:
        return None


def rework_deadline(
    cls: SLAClass, leaf: Leaf | None, now: datetime, round: int, profile: Profile,
    calendar: WorkCalendar, what: str | None = None,
) -> Deadline:  # fmt: skip
    """Return the deadline of a new round: part of the first limit, never below the class's least.

    Args:
        what: What it is called where it is no new round.
    """
    _, limit = finish_limit(cls, leaf, profile)
    limit = limit or Limit(1, "d", True)
    part = limit.scaled(profile.rework_factor)
    half = profile.rework_factor == 0.5
    share = piece("due.half") if half else piece("due.times", factor=f"{profile.rework_factor:g}")
    what = what or piece("due.rework", round=round)
    found = deadline(piece("due.part", what=what, share=share), now, part, calendar)
    if cls.rework_min is None:
        return found
    # One may be natural and the other working time, so moments are compared, not lengths.
    least = deadline(piece("due.least", what=what), now, cls.rework_min, calendar)
    return max(found, least, key=lambda due: due.at)


def extended(
    due_at: datetime, due_reason: str, days: int, working: bool, calendar: WorkCalendar
) -> Deadline:
    """Return the deadline moved by an approved extension of ``days``."""
    limit = Limit(days, "d", working)
    later = limit.after(due_at, calendar)
    notes = _further(Deadline(due_at, due_reason), later, calendar) if working else []
    return Deadline(later, "；".join([due_reason, piece("due.extended", limit=limit.text), *notes]))


def local_text(moment: datetime) -> str:
    """Return a time as people say it: 11月24日17:30前 without the 前."""
    return _stamp(moment)


def _stamp(moment: datetime) -> str:
    return f"{moment.month}月{moment.day}日{moment:%H:%M}"
