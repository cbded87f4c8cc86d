"""The ticket as its events have made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from services.tickets.core.kinds import Kind, Priority
from services.tickets.core.location import Location
from services.tickets.core.states import OPEN, State

JSON = dict[str, Any]


@dataclass(frozen=True)
class Ticket:
    """State of one ticket; built only by :func:`services.tickets.core.fold.fold`.

    Times are aware. ``None`` means “not (yet) known”; a deadline is never there without the
    sentence that explains it (``due_at`` ↔ ``due_reason``).
    """

    ticket_no: str = ""
    version: int = 0
    state: State = State.DRAFT
    query_code: str = ""
    channel: str = "web"
    kind: Kind | None = None
    leaf: str | None = None
    title: str = ""
    narrative_original: str = ""
    priority: Priority = Priority.U3
    priority_reason: str = ""
    sla_class: str = "U3"
    sla_profile: str = ""
    conversation_id: str | None = None
    resident_id: str | None = None
    reporter: JSON = field(default_factory=dict)
    subject: JSON = field(default_factory=dict)
    about: str | None = None
    recused: list[str] = field(default_factory=list)
    confidential: bool = False
    restricted: bool = False
    incomplete: bool = False
    location: JSON = field(default_factory=dict)
    occurred: JSON | None = None
    occurred_text: str | None = None
    appointment: JSON | None = None
    certificate: JSON | None = None
    attachments: list[str] = field(default_factory=list)
    nlu: JSON | None = None
    # neighbours: whose household (a keyed hash), whom it speaks for, who joined
    household: str | None = None
    said_households: int | None = None
    joined: list[JSON] = field(default_factory=list)
    group: bool = False
    # who
    owner_org: str | None = None
    owner_org_name: str | None = None
    owner_person: str | None = None
    owner_person_name: str | None = None
    duty: str | None = None
    basis: str | None = None
    power: str | None = None
    assists: list[JSON] = field(default_factory=list)
    whistles: list[JSON] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)
    designated: bool = False
    transfers: int = 0
    # clocks
    created_at: datetime | None = None
    updated_at: datetime | None = None
    accept_due_at: datetime | None = None
    accept_due_reason: str | None = None
    accepted_at: datetime | None = None
    due_at: datetime | None = None
    due_reason: str | None = None
    dispatched_at: datetime | None = None
    sign_due_at: datetime | None = None
    sign_due_reason: str | None = None
    signed_at: datetime | None = None
    contact_due_at: datetime | None = None
    contact_due_reason: str | None = None
    first_contact_at: datetime | None = None
    info_due_at: datetime | None = None
    info_due_reason: str | None = None
    review_at: datetime | None = None
    paused_since: datetime | None = None
    pauses: list[JSON] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    # history that guards and views need
    need_items: list[str] = field(default_factory=list)
    info_rounds: int = 0
    reason: str | None = None
    redirect: str | None = None
    merged_into: str | None = None
    back_to: State | None = None
    contacts: list[JSON] = field(default_factory=list)
    objections: list[JSON] = field(default_factory=list)
    extension_request: JSON | None = None
    extensions: list[JSON] = field(default_factory=list)
    suspension_request: JSON | None = None
    supplements: list[JSON] = field(default_factory=list)
    amendments: list[JSON] = field(default_factory=list)
    urges: list[JSON] = field(default_factory=list)
    supervisions: list[JSON] = field(default_factory=list)
    outcome: str | None = None
    reply: str | None = None
    explanation: str | None = None
    evidence: list[str] = field(default_factory=list)
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    callbacks: list[JSON] = field(default_factory=list)
    rework_round: int = 0
    rework_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    rating: JSON | None = None
    persuaded: bool = False
    pressured: bool = False

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state in OPEN

    @property
    def place(self) -> Location:
        """The location as a value."""
        return Location.from_dict(self.location)

    @property
    def supervision_level(self) -> int:
        """0 none, 1 reminder, 2 written, 3 escalated."""
        return max((int(s["level"]) for s in self.supervisions), default=0)

    @property
    def flags(self) -> list[str]:
        """Overlays for lists and filters."""
        marks = {
            "confidential": self.confidential,
            "restricted": self.restricted,
            "incomplete": self.incomplete,
            "urged": bool(self.urges),
            "supervised": bool(self.supervisions),
            "overdue": bool(self.missed),
            "whistled": bool(self.whistles),
            "extension_requested": self.extension_request is not None,
            "suspension_requested": self.suspension_request is not None,
            "persuaded": self.persuaded,
            "rating_pressure": self.pressured,
            "group": self.group,
            # 重办三次以上或流转三次以上: 问题工单 (提级督办).
            "problem": self.rework_round >= 3 or self.transfers >= 3,
        }
        return [name for name, on in marks.items() if on]

    def to_doc(self) -> JSON:
        """Return the ticket as JSON values."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_doc(cls, doc: Mapping[str, Any]) -> Ticket:
        """Read back what :meth:`to_doc` gave; fields unknown to this version are ignored."""
        return cls(**{n: typed(n, doc[n]) for n in FIELD_NAMES if n in doc})


FIELD_NAMES = frozenset(f.name for f in fields(Ticket))
TIMES = frozenset(n for n in FIELD_NAMES if n.endswith("_at")) | {"paused_since"}
_ENUMS: dict[str, type[State] | type[Kind] | type[Priority]] = {
    "state": State, "back_to": State, "kind": Kind, "priority": Priority,
}  # fmt: skip


def typed(name: str, value: Any) -> Any:
    """Turn the JSON value of a field into the type the field has."""
    if value is None:
        return None
    if name in TIMES and isinstance(value, str):
        return datetime.fromisoformat(value)
    if name in _ENUMS:
        return _ENUMS[name](value)
    return value


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
