"""Many tickets with their events at once: real histories (``histories.py``), written in batches."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, cast

from sqlalchemy import Table, func, insert, select

from services.catalogue.files import read
from services.clock import ZONE
from services.context import Services
from services.db import Base, Write, execute_all
from services.metrics import keeping
from services.metrics.tables import TicketScoreRow
from services.people.crypto import Vault
from services.people.roles import leaves_of
from services.seed.files import AccountsFile, PlacesFile
from services.seed.histories import History, World, history
from services.tickets import store
from services.tickets.core.actor import Actor
from services.tickets.core.location import Location
from services.tickets.core.numbers import ticket_number
from services.tickets.tables import (
    TicketContactRow,
    TicketEventRow,
    TicketRow,
    TicketWordsRow,
)

DAYS = 548
"""How far back the tickets go: eighteen months."""
BATCH = 1000
"""Tickets in one transaction, or all of one day."""
WEEKEND = 0.6
"""So many tickets come on a Saturday or Sunday for each of a weekday."""


def world(services: Services) -> World:
    """Return what the locality's files say of places and people, with the rules that hold now.

    Raises:
        DataFileError: A file is missing or wrong.
    """
    folder = services.settings.locality_dir
    accounts = read(folder / "accounts.yml", AccountsFile).accounts
    staff: dict[str, list[Actor]] = {}
    for a in accounts:
        grids, leaves = tuple(a.grids), leaves_of(a.role)
        actor = Actor("staff", a.id, a.role, a.org, a.community, grids, leaves)
        staff.setdefault(a.role, []).append(actor)
    return World(
        services.tickets.rules_now(),
        _places(read(folder / "places.yml", PlacesFile)),
        staff,
        {a.id: a.name for a in accounts},
        services.tickets.household_of,
    )


def _places(file: PlacesFile) -> list[Location]:
    communities = {c.id: c.name for c in file.communities}
    grids = {g.id: g.name for g in file.grids}
    found = []
    for c in file.compounds:
        for b in c.buildings:
            for number in b.each():
                for unit in range(1, b.units + 1):
                    place = Location(
                        compound_id=c.id, compound=c.name, community_id=c.community,
                        community=communities[c.community], building_id=f"{c.id}-{number}",
                        building=number, unit=str(unit), grid_id=b.grid, grid=grids[b.grid],
                        confidence=1.0,
                    )  # fmt: skip
                    found.append(place)
    return found


async def fill(services: Services, count: int, *, part: int = 0, parts: int = 1) -> int:
    """Write about ``count`` tickets of the last eighteen months; return how many events they have.

    The numbers follow those that are there. The outbox gets nothing: what they would have made happen
    has happened. Figures (``ticket_scores``) are written with them.

    Args:
        services: Where to; the clock says until when.
        count: Tickets of all parts together.
        part: Which part of the days this call writes, for several processes at once.
        parts: How many parts there are.
    """
    until = services.clock.now()
    known, made = world(services), 0
    for days in _batches(until.date(), count, part, parts):
        async with services.db.write() as s:
            lasts = [await store.reserve(s, day, count) for day, count in days]
        # Made outside of the transaction: SQLite's other writers have their turn meanwhile.
        histories = [
            one
            for (day, count), last in zip(days, lasts, strict=True)
            for one in _of_day(known, day, last - count, count, until)
        ]
        rows = _rows(services.people.vault, histories)
        async with services.db.write() as s:
            await execute_all(s, rows)
            scores = (h.score for h in histories if h.score)
            await keeping.note_changed(s, keeping.all_days(scores))
        made += sum(len(h.events) for h in histories)
    return made


def _batches(today: date, count: int, part: int, parts: int) -> Iterator[list[tuple[date, int]]]:
    """Yield days with the number of their tickets, some days at a time."""
    days = [today - timedelta(days=n) for n in range(DAYS, 0, -1)]
    weights = [WEEKEND if d.weekday() >= 5 else 1.0 for d in days]
    due = [count * w / sum(weights) for w in weights]
    batch: list[tuple[date, int]] = []
    given = 0
    for n, day in enumerate(days):
        here = round(sum(due[: n + 1])) - given
        given += here
        if n % parts == part:
            batch.append((day, here))
        if sum(k for _, k in batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _of_day(known: World, day: date, last: int, count: int, until: datetime) -> Iterator[History]:
    """Yield histories of tickets filed on one day, numbered after the last that it has."""
    rng = random.Random(f"{day.isoformat()}:{last}")
    minutes = sorted(rng.triangular(6 * 60, 23 * 60, 10 * 60) for _ in range(count))
    for n, minute in enumerate(minutes, 1):
        at = datetime.combine(day, time(), ZONE) + timedelta(minutes=minute)
        yield history(rng, known, ticket_number(day, last + n), at, until)


def _rows(vault: Vault, made: list[History]) -> list[Write]:
    """Return what writes some histories, at least one."""
    rows: list[tuple[type[Base], list[dict[str, Any]]]] = [
        (TicketEventRow, [store.event_values(e) for h in made for e in h.events]),
        (TicketRow, [store.ticket_values(h.ticket) for h in made]),
        (TicketWordsRow, [store.words_values(h.ticket) for h in made]),
        (TicketScoreRow, [dict(vars(h.score)) for h in made if h.score]),
        (TicketContactRow, [_contact(vault, h) for h in made]),
    ]
    return [(insert(cast(Table, kind.__table__)), values) for kind, values in rows if values]


def _contact(vault: Vault, made: History) -> dict[str, Any]:
    return {
        "ticket_no": made.ticket.ticket_no,
        "name_enc": vault.encrypt(str(made.contact.name)),
        "phone_enc": vault.encrypt(str(made.contact.phone)),
        "room_enc": vault.encrypt(made.room),
    }


async def count_tickets(services: Services) -> int:
    """Return how many tickets there are."""
    async with services.db.read() as s:
        return int(await s.scalar(select(func.count()).select_from(TicketRow)) or 0)
