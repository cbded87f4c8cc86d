"""The ticket as its events have made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from services.tickets.core.frozen import changed
from services.tickets.core.kinds import Kind, Priority
from services.tickets.core.location import Location
from services.tickets.core.states import ASSIGNED, OPEN, State

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
    gist: str | None = None  # a long narrative in one line, without the place
    priority: Priority = Priority.U3
    priority_reason: str = ""
    sla_class: str = "U3"
    sla_profile: str = ""
    conversation_id: str | None = None
    resident_id: str | None = None
    reporter: JSON = field(default_factory=dict)
    subject: JSON = field(default_factory=dict)
    proxy_auth: JSON | None = None  # by what right somebody acts for another; see proxies.py
    about: str | None = None
    recused: list[str] = field(default_factory=list)
    confidential: bool = False
    restricted: bool = False
    protection: JSON | None = None
    case_of: str | None = None  # the ticket it is about, or its own number; see integrity.py
    case_kind: str | None = None  # what is looked into, of data/workflow.yml; older ones have none
    incomplete: bool = False
    location: JSON = field(default_factory=dict)
    described: bool = False  # the place was told in words, which are kept apart
    spot: str | None = None  # road or landmark of a place in no compound; see spots.py
    occurred: JSON | None = None
    occurred_text: str | None = None
    appointment: JSON | None = None
    arrival: JSON | None = None  # when somebody came, see arrivals.py
    certificate: JSON | None = None
    attachments: list[str] = field(default_factory=list)
    nlu: JSON | None = None  # what the bot had understood; see CreateTicket
    knowledge_refs: list[JSON] = field(default_factory=list)  # cards that the resident was shown
    privacy: JSON | None = None  # which privacy notice the resident was given, and how
    taxonomy_version: str | None = None  # of the leaves, when the leaf was set; see leaves.Codes
    # neighbours: whose household (a keyed hash), whom it speaks for, who joined
    household: str | None = None
    said_households: int | None = None
    joined: list[JSON] = field(default_factory=list)
    group: bool = False
    group_answer: JSON | None = None
    # who
    owner_org: str | None = None
    owner_org_name: str | None = None
    owner_person: str | None = None
    owner_person_name: str | None = None
    duty: str | None = None
    basis: str | None = None
    power: str | None = None
    directory: JSON | None = None  # version, line and basis of the dispatch directory at dispatch
    consults: list[JSON] = field(default_factory=list)
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
    notice_due_at: datetime | None = None  # until when what is missing can be asked for; asking.py
    notice_due_reason: str | None = None
    accepted_at: datetime | None = None
    dispatch_due_at: datetime | None = None
    dispatch_due_reason: str | None = None
    due_at: datetime | None = None
    due_reason: str | None = None
    due_grace: int = 0  # minutes after it in which an appointment is still kept
    platform_due_at: datetime | None = None  # of the higher platform's order; see platforms.py
    platform_due_reason: str | None = None
    dispatched_at: datetime | None = None
    sign_due_at: datetime | None = None
    sign_due_reason: str | None = None
    signed_at: datetime | None = None
    contact_due_at: datetime | None = None
    contact_due_reason: str | None = None
    first_contact_at: datetime | None = None
    info_due_at: datetime | None = None
    info_due_reason: str | None = None
    review_at: datetime | None = None  # of a suspension; the second look at a refusal is review_due
    review_due_at: datetime | None = None
    review_due_reason: str | None = None
    group_due_at: datetime | None = None
    group_due_reason: str | None = None
    decide_due_at: datetime | None = None
    decide_due_reason: str | None = None
    reworked_at: datetime | None = None
    paused_since: datetime | None = None
    pauses: list[JSON] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    planned: list[JSON] = field(default_factory=list)  # reminders ahead, see planning.py
    reminders: list[JSON] = field(default_factory=list)  # those that were given
    duty_calls: list[JSON] = field(default_factory=list)  # calls of the duty leader
    # history that guards and views need
    need_items: list[str] = field(default_factory=list)  # open: what is waited for
    told_items: list[str] = field(default_factory=list)  # of the first notice, see asking.py
    info_rounds: int = 0
    reason: str | None = None
    redirect: str | None = None
    disposition: str | None = None
    duplicate_of: str | None = None
    refused_at: datetime | None = None
    refused_by: str | None = None
    review_asked_by: str | None = None
    reviews: list[JSON] = field(default_factory=list)
    merged_into: str | None = None
    back_to: State | None = None
    contacts: list[JSON] = field(default_factory=list)
    objections: list[JSON] = field(default_factory=list)
    extension_request: JSON | None = None
    extensions: list[JSON] = field(default_factory=list)
    suspension_request: JSON | None = None
    termination_request: JSON | None = None
    supplements: list[JSON] = field(default_factory=list)
    amendments: list[JSON] = field(default_factory=list)
    urges: list[JSON] = field(default_factory=list)
    escalations: list[JSON] = field(default_factory=list)
    supervisions: list[JSON] = field(default_factory=list)
    outcome: str | None = None
    reply: str | None = None
    explanation: str | None = None
    evidence: list[str] = field(default_factory=list)
    public_photos: list[str] = field(default_factory=list)  # marked 可公开, see photos.py
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    callbacks: list[JSON] = field(default_factory=list)
    to_call: JSON | None = None  # by the callback desk: why, since when; see calls.py
    to_tell: JSON | None = (
        None  # on the phone: since when, which news, which attempts; see telling.py
    )
    rework_round: int = 0
    rework_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    rating: JSON | None = None
    bad_ratings: list[JSON] = field(default_factory=list)  # to be put right, see ratings.py
    persuaded: bool = False
    pressured: bool = False
    # scoring and keeping
    audits: list[JSON] = field(default_factory=list)
    exclusion: JSON | None = None
    exclusion_request: JSON | None = None  # of the unit, see scoring.py
    hold: JSON | None = None
    risks: list[JSON] = field(default_factory=list)  # also those taken away, see risks.py

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state in OPEN

    @property
    def place(self) -> Location:
        """The location as a value."""
        return Location.from_dict(self.location)

    @property
    def overdue_at(self) -> datetime | None:
        """After when the resident's deadline has been missed: later than it only for an appointment."""
        return self.due_at + timedelta(minutes=self.due_grace) if self.due_at else None

    @property
    def display_no(self) -> str:
        """The number as people see it: from the second round on with the round, ``…-R2``."""
        return f"{self.ticket_no}-R{self.rework_round + 1}" if self.rework_round else self.ticket_no

    @property
    def supervision_level(self) -> int:
        """0 none, 1 reminder, 2 written, 3 escalated."""
        return max((int(s["level"]) for s in self.supervisions), default=0)

    @property
    def escalations_open(self) -> list[int]:
        """Places of what the unit that has the order reported upwards and the street has not answered."""
        if self.state not in ASSIGNED:
            return []
        return [
            n
            for n, one in enumerate(self.escalations)
            if one.get("due_at") and one["org"] == self.owner_org and not one.get("answers")
        ]

    @property
    def flags(self) -> list[str]:
        """Overlays for lists and filters."""
        marks = {
            "confidential": self.confidential,
            "restricted": self.restricted,
            "incomplete": self.incomplete,
            "urged": bool(self.urges),
            "supervised": bool(self.supervisions),
            "escalated": bool(self.escalations),
            "escalation_pending": bool(self.escalations_open),
            "overdue": any(stage in self.missed for stage in ("sign", "contact", "due")),
            "whistled": bool(self.whistles),
            "extension_requested": self.extension_request is not None,
            "suspension_requested": self.suspension_request is not None,
            "termination_requested": self.termination_request is not None,
            "persuaded": self.persuaded,
            "rating_pressure": self.pressured,
            "group": self.group,
            "group_unanswered": self.group_due_at is not None,
            "review_pending": self.review_due_at is not None,
            "case": self.case_of is not None,
            "to_call": self.to_call is not None
            and (self.is_open or self.state in (State.MERGED, State.CLOSED)),
            "bad_rating": bool(self.bad_ratings) and "rectified_at" not in self.bad_ratings[-1],
            "to_tell": self.to_tell is not None,
            "false_resolution": any(a["finding"] == "false" for a in self.audits),
            "excluded": self.exclusion is not None,
            "exclusion_requested": (self.exclusion_request or {}).get("state")
            in ("asked", "appealed"),
            "platform_due": self.is_open and platform_is_earlier(self),
            "held": self.hold is not None,
            "risk": any("cleared" not in one for one in self.risks),
            # 重办三次以上或流转三次以上: 问题工单 (提级督办).
            "problem": self.rework_round >= 3 or self.transfers >= 3,
        }
        return [name for name, on in marks.items() if on]

    def changed(self, changes: Mapping[str, Any]) -> Ticket:
        """Return the ticket with other values of some fields."""
        return changed(self, changes)

    def to_doc(self) -> JSON:
        """Return the ticket as JSON values."""
        doc = dict(vars(self))
        for name in TIMES:
            if (at := doc[name]) is not None:
                doc[name] = at.isoformat()
        return doc

    @classmethod
    def from_doc(cls, doc: Mapping[str, Any]) -> Ticket:
        """Read back what :meth:`to_doc` gave; fields unknown to this version are ignored."""
        values = {n: v for n, v in doc.items() if n in FIELD_NAMES}
        for name in _TYPED & values.keys():
            values[name] = typed(name, values[name])
        # Of one that is older than a field the default of that.
        return changed(cls(), values) if len(values) < len(FIELD_NAMES) else changed(_NONE, values)


def platform_is_earlier(ticket: Ticket) -> bool:
    """Say whether the higher platform's date comes before the one that is counted here."""
    there, here = ticket.platform_due_at, ticket.due_at
    return there is not None and (here is None or there < here)


FIELD_NAMES = frozenset(f.name for f in fields(Ticket))
TIMES = frozenset(n for n in FIELD_NAMES if n.endswith("_at")) | {"paused_since"}
_ENUMS: dict[str, type[State] | type[Kind] | type[Priority]] = {
    "state": State, "back_to": State, "kind": Kind, "priority": Priority,
}  # fmt: skip
_TYPED = TIMES | _ENUMS.keys()
_NONE = Ticket()


def typed(name: str, value: Any) -> Any:
    """Turn the JSON value of a field into the type the field has."""
    if value is None:
        return None
    if name in TIMES and isinstance(value, str):
        return datetime.fromisoformat(value)
    if name in _ENUMS:
        return _ENUMS[name](value)
    return value
