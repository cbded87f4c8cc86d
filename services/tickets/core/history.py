"""What became of a ticket's deadlines: each move with before, after and the sentence why. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.tickets.core import fold, sideclocks
from services.tickets.core.clocks import local_text
from services.tickets.core.event import Event
from services.tickets.core.moving import NAMES, STAGE_NAMES, label_of
from services.tickets.core.ticket import Ticket


@dataclass(frozen=True)
class Change:
    """One deadline at one moment: ``before`` is ``None`` when it was set for the first time.

    ``stage`` is one of ``moving.NAMES`` or the key of a side clock.
    """

    stage: str
    label: str
    before: datetime | None
    after: datetime
    reason: str
    seq: int
    event: str
    at: datetime

    @property
    def text(self) -> str:
        """In one sentence: 办理时限由12月1日10:00改为12月3日10:00：…."""
        if self.before is None:
            return f"{self.label}定为{local_text(self.after)}：{self.reason}"
        was = local_text(self.before)
        return f"{self.label}由{was}改为{local_text(self.after)}：{self.reason}"


def changes(events: Iterable[Event]) -> list[Change]:
    """Return every setting and every move of a deadline, in order."""
    known: dict[str, datetime] = {}
    found: list[Change] = []
    ticket = Ticket()
    for event in events:
        ticket = fold.apply(ticket, event)
        for stage, (label, after, reason) in _set_by(event, ticket).items():
            before = known.get(stage)
            if before == after:
                continue
            change = Change(stage, label, before, after, reason, event.seq, event.type, event.at)
            found.append(change)
            known[stage] = after
    return found


def _set_by(event: Event, ticket: Ticket) -> dict[str, tuple[str, datetime, str]]:
    """Return label, time and reason of the deadlines that an event says, and of all side clocks."""
    found = {}
    kept = {*fold.EFFECTS[event.type].copy}
    for stage, name in NAMES.items():
        given = event.data.get(f"{name}_at")
        if given and f"{name}_at" in kept:  # else it is that of an order in the event
            reason = str(event.data.get(f"{name}_reason") or "")
            found[stage] = (STAGE_NAMES[stage], datetime.fromisoformat(given), reason)
    for key, clock in sideclocks.owed(ticket).items():
        found[key] = (label_of(clock), clock.at, clock.reason)
    return found
