"""Lists of tickets: who sees which, filters, searches, pages. Conditions and the way to the rows.

What a list shows is said by its conditions alone. So that a page does not read more than it shows,
it is put together from lanes (:class:`Lane`): parts that have an index in the order of the list. A
lane only says where to look; each row it gives must satisfy all conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    String,
    and_,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    true,
    union,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import visitors
from sqlalchemy.sql.visitors import InternalTraversal

from services import cursors
from services.db import Session, UTCDateTime
from services.errors import LindaError
from services.tickets.core.actor import Actor
from services.tickets.core.context import TOLD_WHO
from services.tickets.core.risks import DESK as DESK_ROLES
from services.tickets.core.states import ASSIGNED, REFUSED, STORED, State
from services.tickets.core.ticket import Ticket
from services.tickets.core.workflow import DOERS
from services.tickets.tables import MARKS, TicketRow, TicketWordsRow, gram_word, marked
from services.tickets.words import asked

REVIEWERS = frozenset({"supervisor", "dispatcher"})
"""Who looks a second time at what was refused: it waits for them as well."""
DESK = "community"
"""The unit of the clerks; mediators work on what was given to it of their matters, too."""
MOST_LANES = 96
"""Lanes of one page; what would need more is read in order without them."""
_WORKED_ON = tuple(sorted(st.value for st in ASSIGNED))
WINDOW = 2000
"""So many rows are first looked through for a word that many tickets have."""
WIDE_WINDOW, MANY = 20_000, 8000
"""So many are looked through next, if so many tickets can have the word."""
FEW = 300
"""The numbers of so many tickets are rather told to the database than found twice."""

Condition = ColumnElement[bool]


@dataclass(frozen=True)
class Lane:
    """Where a list looks: a key and one of some states (none: whatever the state), with an index.

    Attributes:
        waits, mine: All that is there waits for who asks, or is given to who asks: that need not be
            looked at again. An "or" that is only checked tempts PostgreSQL to look for its parts.
    """

    key: Condition
    states: tuple[str, ...] = ()
    waits: bool = False
    mine: bool = False

    def each(self) -> list[Condition]:
        """Return what the index is asked for: each state by itself is in the order of the list."""
        if not self.states:
            return [self.key]
        return [and_(self.key, TicketRow.state == state) for state in self.states]


def _sql(condition: str) -> Condition:
    return literal_column(f"({condition})")


_RESTRICTED = _sql(marked("restricted"))
_SOMEBODY_OWES = _sql("owing <> ''")
_GIVEN_TO_GRID = TicketRow.owner_org == "grid"
FLAGS: Mapping[str, Condition] = {name: _sql(marked(name)) for name in MARKS}
"""What the list can be narrowed to, besides states: the overlays that ask for somebody's eyes."""


# ── who sees which ──────────────────────────────────────────────────────────────────────────────


def scope(actor: Actor) -> Condition:
    """The SQL of :func:`services.tickets.core.decide.in_scope`: which tickets concern an actor."""
    if actor.kind == "staff" and actor.org_id is not None:
        return and_(~_recused(actor.org_id), _case_allowed(actor), _by_role(actor))
    return _by_role(actor)


def _case_allowed(actor: Actor) -> Condition:
    """Of cases about pressure on a resident only who looks into them knows."""
    if actor.role == "auditor":
        return true()
    return or_(
        ~FLAGS["case"], TicketRow.owner_org == actor.org_id, TicketRow.owner_person == actor.id
    )


def _recused(org_id: str) -> Condition:
    """Whether a unit is complained of."""
    return TicketRow.recused.contains(f",{org_id},", autoescape=True)


def _by_role(actor: Actor) -> Condition:
    own = TicketRow.owner_person == actor.id
    if actor.kind == "system" or actor.role in ("dispatcher", "callback", "auditor"):
        return true()
    if actor.role == "grid":
        in_grid = and_(TicketRow.grid_id.in_(actor.grid_ids), or_(~_RESTRICTED, _GIVEN_TO_GRID))
        return or_(in_grid, own)
    if actor.role in ("clerk", "supervisor"):
        if actor.community_id is None:
            return true()
        return or_(TicketRow.community_id.is_(None), TicketRow.community_id == actor.community_id)
    if actor.role in ("handler", "vendor", "mediator"):
        # A mediator of the clerk desk works on what was given to that desk.
        desk = and_(literal(actor.role == "mediator"), _desk(actor))
        if actor.org_id is None:
            return or_(own, desk)
        helping = TicketRow.helpers.contains(f",{actor.org_id},", autoescape=True)
        return or_(TicketRow.owner_org == actor.org_id, own, helping, desk)
    return false()


def _desk(actor: Actor) -> Condition:
    given = TicketRow.owner_org == DESK
    if actor.role == "mediator":
        given = and_(given, TicketRow.leaf.in_(actor.leaves))
    if actor.community_id is None:
        return given
    return and_(given, TicketRow.community_id == actor.community_id)


def reads(actor: Actor) -> Condition:
    """The SQL of :func:`services.tickets.core.guards.reads`, for tickets in the actor's scope."""
    if actor.kind == "system" or actor.role in ("clerk", "supervisor", "dispatcher"):
        return true()
    given = TicketRow.owner_person == actor.id
    if actor.role == "grid":
        given = or_(given, _GIVEN_TO_GRID)
    elif actor.role == "mediator":
        given = or_(given, _desk(actor))
    if actor.org_id is not None:
        given = or_(given, TicketRow.owner_org == actor.org_id)
    return or_(~_RESTRICTED, given)


def told_who(actor: Actor) -> Condition:
    """The SQL of :func:`services.tickets.core.guards.not_confidential`: may it be known who reported?"""
    known = actor.kind == "system" or actor.role in TOLD_WHO
    return true() if known else ~FLAGS["confidential"]


# ── what is asked for ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Asked:
    """What a list shows.

    Attributes:
        actor: Who asks.
        states, leaves, grids, priorities: One of these; empty: any.
        q: Part of the number, the title or (with ``narrative``) of what was said.
        flag: One of :data:`FLAGS`.
        waiting: Only what waits for the actor, in one of these states.
        own: And only what is given to the actor or the actor's unit.
    """

    actor: Actor
    states: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    grids: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    q: str = ""
    flag: str | None = None
    narrative: bool = True
    waiting: tuple[State, ...] | None = None
    own: bool = False

    def __post_init__(self) -> None:
        # Of a risk only the desk, which sees every kind, may ask where there is one.
        known = self.actor.kind == "system" or self.actor.role in DESK_ROLES
        hidden = self.flag == "risk" and not known
        if self.flag and (self.flag not in FLAGS or hidden):
            raise LindaError("flag_unknown", f"没有“{self.flag}”这个筛选。", 422)

    def conditions(self, lane: Lane | None = None) -> list[Condition]:
        """Return everything a ticket (of a lane) must be to stand in the list, but for ``q``."""
        found = [scope(self.actor)]
        found += [c.in_(values) for c, values in self._columns() if values]
        if self.flag:
            found.append(FLAGS[self.flag])
        # Neither a search nor a filter by matter or risk must tell what its answer would not show.
        if self.leaves or self.flag == "risk":
            found.append(reads(self.actor))
        if self.waiting is not None and not (lane and lane.waits):
            found.append(or_(*self._waits()))
        if self.own and not (lane and lane.mine):
            found.append(or_(*self._mine()))
        return found

    def said(self) -> Condition | None:
        """Return what ``q`` asks for; None when it asks for nothing."""
        if not self.q:
            return None
        # What people say names them. Of a confidential ticket only the catalogue's words are searched
        # by who may not know who reported it; a title without a matter is what was said.
        told = told_who(self.actor)
        found = [and_(self._has(TicketRow.title), or_(told, TicketRow.leaf.is_not(None)))]
        if self.narrative:
            found.append(and_(self._has(TicketRow.narrative), told))
        return or_(self._has(TicketRow.ticket_no), and_(or_(*found), reads(self.actor)))

    def _has(self, column: Any) -> Condition:
        has: Condition = column.icontains(self.q, autoescape=True)
        return has

    def _columns(self) -> Iterator[tuple[Any, tuple[str, ...]]]:
        yield TicketRow.state, self.states
        yield TicketRow.leaf, self.leaves
        yield TicketRow.grid_id, self.grids
        yield TicketRow.priority, self.priorities

    def _waits(self) -> list[Condition]:
        found: list[Condition] = [TicketRow.state.in_([st.value for st in self.waiting or ()])]
        if self.actor.role in REVIEWERS:
            refused = TicketRow.state.in_(sorted(st.value for st in REFUSED))
            found.append(and_(refused, FLAGS["review_pending"]))
            found.append(FLAGS["termination_requested"])
        if self.actor.role == "dispatcher":
            found.append(FLAGS["escalation_pending"])
        if self.actor.role == "auditor":
            found.append(FLAGS["exclusion_requested"])
        if self.actor.role == "callback":
            found.append(FLAGS["to_call"])
        if self.actor.role == "clerk":
            found.append(and_(TicketRow.state.in_(_WORKED_ON), or_(*self._mine())))
            found.append(FLAGS["to_tell"])
        return found + self._owing()

    def _mine(self) -> list[Condition]:
        """What is given to the actor's unit or the actor in person, or waits for the unit's answer."""
        return [*self._units(), TicketRow.owner_person == self.actor.id, *self._owing()]

    def _owing(self) -> list[Condition]:
        """What the actor's unit was asked, called in or whistled for, until it has answered.

        Which units those are says :func:`services.tickets.core.sideclocks.owing`.
        """
        org = self.actor.org_id
        if org is None or self.actor.role not in DOERS:
            return []
        owes = and_(_SOMEBODY_OWES, TicketRow.owing.contains(f",{org},", autoescape=True))
        if org != DESK or self.actor.community_id is None:
            return [owes]
        return [and_(owes, TicketRow.community_id == self.actor.community_id)]

    def _units(self) -> list[Condition]:
        role, org = self.actor.role, self.actor.org_id
        if role == "grid":
            return [TicketRow.owner_org == "grid"]
        units: list[Condition] = [_desk(self.actor)] if role in ("clerk", "mediator") else []
        if role != "clerk" and org not in (None, DESK):
            units.append(TicketRow.owner_org == org)
        return units

    # ── where to look ───────────────────────────────────────────────────────────────────────

    def lanes(self) -> list[Lane]:
        """Return where to look: each ticket of the list is in one of the lanes.

        The narrowest that is known: a flag, a unit or person, a matter, a grid, a state, a priority.
        """
        if self.flag:
            return [Lane(FLAGS[self.flag])]
        found = self._by_state()
        if found is None or sum(len(lane.states) or 1 for lane in found) > MOST_LANES:
            return [Lane(true())]
        return found or [Lane(false())]

    def _by_state(self) -> list[Lane] | None:
        """Lanes of a key and states, in which the index is in order; None: there is no key."""
        waits = tuple(st.value for st in self.waiting) if self.waiting is not None else None
        states = self.states or waits
        also = self._besides() if waits is not None and not self.states else []
        keys, unordered = self._keys()
        if keys is None:
            if states is None:
                return None
            return [*([Lane(true(), states, waits=not self.states)] if states else []), *also]
        each = states if states is not None else tuple(sorted(st.value for st in STORED))
        in_order = [Lane(key, each, waits=not self.states, mine=self.own) for key in keys if each]
        return [*in_order, *unordered, *also]

    def _besides(self) -> list[Lane]:
        """Lanes of what waits for a role besides what is in one of its states."""
        if self.actor.role in REVIEWERS:
            also = [Lane(FLAGS["escalation_pending"])] if self.actor.role == "dispatcher" else []
            return [Lane(FLAGS["review_pending"]), Lane(FLAGS["termination_requested"]), *also]
        if self.actor.role == "auditor":
            return [Lane(FLAGS["exclusion_requested"])]
        if self.actor.role == "callback":
            return [Lane(FLAGS["to_call"])]
        if self.actor.role == "clerk":
            keys = (*self._units(), TicketRow.owner_person == self.actor.id)
            of_desk = (Lane(key, _WORKED_ON, waits=True, mine=True) for key in keys)
            return [*of_desk, *self._owing_lanes(), Lane(FLAGS["to_tell"])]
        return []

    def _owing_lanes(self) -> list[Lane]:
        return [Lane(owes, waits=True, mine=True) for owes in self._owing()]

    def _keys(self) -> tuple[list[Condition] | None, list[Lane]]:
        """Return the narrowest keys that have an index with the state, and lanes without one."""
        person = TicketRow.owner_person == self.actor.id
        if self.own:
            return [*self._units(), person], self._owing_lanes()
        if self.actor.role in ("handler", "vendor", "mediator"):
            return [*self._units(), person], [Lane(_sql("helpers <> ''"))]
        if self.leaves:
            return [TicketRow.leaf == v for v in self.leaves], []
        if self.grids:
            return [TicketRow.grid_id == v for v in self.grids], []
        if self.actor.role == "grid":
            return [*(TicketRow.grid_id == v for v in self.actor.grid_ids), person], []
        if self.priorities:
            return [TicketRow.priority == v for v in self.priorities], []
        return None, []


def values_of(given: str | None) -> tuple[str, ...]:
    """Return the values of a filter separated by commas, each once."""
    found = (v.strip() for v in (given or "").split(","))
    return tuple(dict.fromkeys(v for v in found if v))


# ── pages ───────────────────────────────────────────────────────────────────────────────────────

_ORDER = (TicketRow.sort_at, TicketRow.ticket_no.desc())


async def page(
    s: Session, wanted: Asked, cursor: str | None, limit: int
) -> tuple[list[Ticket], str | None]:
    """Return a page of tickets, the next due first, and the cursor of the next page.

    Raises:
        LindaError: 400 ``bad_cursor``.
    """
    after = cursors.unpack(cursor) if cursor else None
    numbers = await _numbers(s, wanted, after, limit + 1)
    query = select(TicketRow.doc, TicketRow.ticket_no, TicketRow.sort_at)
    rows = list(await s.execute(query.where(TicketRow.ticket_no.in_(numbers)).order_by(*_ORDER)))
    shown, following = rows[:limit], None
    if len(rows) > limit:
        following = cursors.pack(shown[-1].sort_at, shown[-1].ticket_no)
    return [Ticket.from_doc(r.doc) for r in shown], following


async def _numbers(
    s: Session, wanted: Asked, after: tuple[datetime, str] | None, count: int
) -> list[str]:
    """Return the numbers of the first tickets of a list after a position."""
    dialect = s.get_bind().dialect.name
    said = wanted.said()
    checked = _checked if dialect == "sqlite" else _as_it_is
    places = _positions(after)
    lanes = [
        replace(lane, key=and_(lane.key, place, *map(checked, wanted.conditions(lane))))
        for lane, place in product(wanted.lanes(), places)
    ]
    if said is None:
        return await _read(s, ordered(lanes, count, dialect))
    # A word of many tickets: the first of the list have enough of it.
    found = await _read(s, _among(ordered(lanes, WINDOW, dialect), said, count))
    if len(found) >= count:
        return found
    with_it = with_grams(wanted.q, dialect)
    if with_it is not None:
        some = await _read(s, with_it.limit(FEW + 1))
        if len(some) <= FEW:
            with_it = some
        elif await _many(s, with_it):
            # Of many more, those that can have it.
            query = _among(ordered(lanes, WIDE_WINDOW, dialect), said, count, with_it)
            found = await _read(s, query)
            if len(found) >= count:
                return found
    # A word of few: all that can have it.
    where = list(map(checked, wanted.conditions()))
    every = [said, *where]
    if with_it is not None:
        every.append(TicketRow.ticket_no.in_(with_it))
    query = select(TicketRow.ticket_no, TicketRow.sort_at).where(*every, or_(*places))
    return await _read(s, query.order_by(*_ORDER).limit(count))


def _among(window: Any, said: Condition, count: int, with_it: Any = None) -> Any:
    """Return the query for the first tickets of a window that have the words; ``with_it``: only these."""
    near = window.subquery()
    # The offset keeps PostgreSQL from reading every ticket to join them: it looks up these one by one.
    it = select(TicketRow.ticket_no).where(TicketRow.ticket_no == near.c.ticket_no, said).offset(0)
    hits = select(near.c.ticket_no).where(it.correlate(near).exists())
    if with_it is not None:
        hits = hits.where(near.c.ticket_no.in_(with_it))
    return hits.order_by(near.c.sort_at, near.c.ticket_no.desc()).limit(count)


async def _many(s: Session, with_it: Any) -> bool:
    """Say whether so many tickets can have the words that looking each of them up is slow."""
    some = with_it.limit(MANY).subquery()
    return int(await s.scalar(select(func.count()).select_from(some)) or 0) >= MANY


async def _read(s: Session, query: Any) -> list[str]:
    return list(await s.scalars(query))


def ordered(lanes: Sequence[Lane], count: int, dialect: str) -> Any:
    """Return the query for the first of all lanes: number and place in the order."""

    def first(*conditions: Condition) -> Any:
        query = select(TicketRow.ticket_no, TicketRow.sort_at).where(*conditions)
        return query.order_by(*_ORDER).limit(count)

    parts: list[Any] = []
    for lane in lanes:
        if dialect == "postgresql" and len(lane.states) > 1:
            parts.append(_in_turn(lane, first))
        else:
            parts += [first(condition) for condition in lane.each()]
    if len(parts) == 1 and len(lanes[0].states) < 2:
        return parts[0]
    each = [select(sub.c.ticket_no, sub.c.sort_at) for sub in (p.subquery() for p in parts)]
    both = union(*each).subquery()
    merged = select(both.c.ticket_no, both.c.sort_at)
    return merged.order_by(both.c.sort_at, both.c.ticket_no.desc()).limit(count)


def _in_turn(lane: Lane, first: Callable[..., Any]) -> Any:
    """Return the query for the first of each state of a lane.

    PostgreSQL makes a plan for the state that is asked for, and not one for each: of a list with a
    dozen states the plans took twice as long as the reading.
    """
    states = (
        func.unnest(literal(list(lane.states), ARRAY(String)))
        .table_valued("state")
        .render_derived()
    )
    each = first(lane.key, TicketRow.state == states.c.state).lateral()
    return select(each.c.ticket_no, each.c.sort_at).select_from(states.join(each, true()))


class _Checked(ColumnElement[Any]):
    """A column of a condition that is only checked; SQLite does not look for it in any index."""

    inherit_cache = True
    __visit_name__ = "checked"
    _traverse_internals = [("column", InternalTraversal.dp_clauseelement)]  # noqa: RUF012

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column, self.type = column, column.type


@compiles(_Checked)
def _plus(element: _Checked, compiler: Any, **given: Any) -> str:
    return "+" + str(compiler.process(element.column, **given))


def _as_it_is(condition: Condition) -> Condition:
    return condition


def _checked(condition: Condition) -> Condition:
    """Return a condition that is checked on what a lane finds, and never a place to look.

    SQLite has no figures of how many tickets are in a state, and would rather read all of some
    states, or of several in turn, than follow the index of the lane.
    """

    def plus(element: Any, **_: Any) -> Any:
        ours = isinstance(element, Column) and element.table is TicketRow.__table__
        return _Checked(element) if ours else None

    found: Condition = visitors.replacement_traverse(condition, {}, plus)
    return found


def _positions(after: tuple[datetime, str] | None) -> list[Condition]:
    """Conditions for "after a position", each the beginning or the inside of a run of the index."""
    if after is None:
        return [true()]
    due, number = literal(after[0], UTCDateTime()), after[1]
    return [
        and_(TicketRow.sort_at == due, TicketRow.ticket_no < number),
        TicketRow.sort_at > due,
    ]


def with_grams(q: str, dialect: str) -> Any:
    """Return the query for the numbers of tickets that have the grams of this, by their index.

    None: it is too short to have any.
    """
    words, number = asked(q)
    every = [g for g in (words, number) if g]
    if not words:
        return None
    if dialect == "postgresql":
        found = or_(*(TicketWordsRow.grams.op("@>")(g) for g in every))
        return select(TicketWordsRow.ticket_no).where(found)
    said = " OR ".join("(" + " AND ".join(map(gram_word, g)) + ")" for g in every)
    rows = text("SELECT rowid FROM ticket_words_fts WHERE ticket_words_fts MATCH :said")
    ids = rows.bindparams(said=said).columns(TicketWordsRow.id)
    return select(TicketWordsRow.ticket_no).where(TicketWordsRow.id.in_(ids))
