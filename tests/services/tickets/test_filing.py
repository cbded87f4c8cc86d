"""What filing a ticket asks of the database: little, each table once, all of it or nothing."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text, update

from services import limits
from services.db import Database
from services.errors import LindaError
from services.limits import HitRow, Limit
from services.metrics.score import fold as facts_of
from services.metrics.tables import TicketScoreRow
from services.outbox.tables import OutboxRow
from services.tickets import store
from services.tickets.core.actor import resident
from services.tickets.core.commands import CreateTicket
from services.tickets.core.fold import fold
from services.tickets.service import TicketService
from services.tickets.tables import TicketContactRow, TicketKeyRow, TicketRow, TicketWordsRow
from services.tickets.words import grams
from tests.services.conftest import TestClock
from tests.services.tickets.conftest import request
from tests.services.tickets.world import ACTORS

ME = resident("conversation-1")
MOST_READS = 3
"""The place, what is to be known beforehand, the worker of the grid."""


@contextmanager
def asked(db: Database) -> Iterator[list[str]]:
    """Give the statements that the database is asked meanwhile, without what opens a transaction."""
    found: list[str] = []

    def one(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            found.append(statement)

    event.listen(db.engine.sync_engine, "before_cursor_execute", one)
    try:
        yield found
    finally:
        event.remove(db.engine.sync_engine, "before_cursor_execute", one)


async def test_each_table_is_written_once_and_hardly_anything_read(
    tickets: TicketService, db: Database
) -> None:
    with asked(db) as statements:
        view = await tickets.create(request(), ME, "key", origin="here")
    assert view["state"] == "DISPATCHED"  # three events: submitted, accepted, dispatched
    written = Counter(
        m[1] for s in statements if (m := re.match(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)", s))
    )
    assert written == dict.fromkeys(
        (
            "ticket_sequences", "ticket_keys", "limit_hits", "ticket_contacts", "ticket_events", "tickets",
            "ticket_words", "ticket_scores", "outbox",
        ), 1,
    )  # fmt: skip
    assert len(statements) - written.total() <= MOST_READS


async def test_what_is_written_at_once_is_what_the_events_make(
    tickets: TicketService, db: Database
) -> None:
    number = (await tickets.create(request(), ME, "key", origin="here"))["ticket_no"]
    async with db.read() as s:
        events = await store.history(s, number)
        row = await s.get_one(TicketRow, number)
        words = await s.scalar(select(TicketWordsRow).where(TicketWordsRow.ticket_no == number))
        score = await s.get_one(TicketScoreRow, number)
        work = list(await s.scalars(select(OutboxRow).order_by(OutboxRow.id)))
        kept = await s.get_one(TicketKeyRow, "key")
        contact = await s.get_one(TicketContactRow, number)
        hits = list(await s.execute(select(HitRow.what, HitRow.who).order_by(HitRow.what)))
        loaded = await store.load(s, number)
    made = fold(events)
    assert loaded == made and row.version == len(events) == 3 and row.state == made.state.value
    assert row.owner_person == "grid1"
    assert words is not None and words.grams == grams(number, made.title, made.narrative_original)
    facts = facts_of(events)
    assert facts is not None and {k: getattr(score, k) for k in vars(facts)} == vars(facts)
    assert [(w.key, w.payload["event"], w.state, w.attempts) for w in work] == [
        (f"{number}:{e.seq}", e.type, "pending", 0) for e in events
    ]
    assert kept.ticket_no == number
    assert contact.phone_enc and contact.room_enc and contact.subject_name_enc is None
    assert [tuple(h) for h in hits] == [("ticket", ME.id), ("ticket_address", "here")]


async def test_the_same_request_at_the_same_moment_leaves_no_gap_in_the_numbers(
    tickets: TicketService, db: Database
) -> None:
    same = (tickets.create(request(), ME, "same", origin="here") for _ in range(5))
    number = {view["ticket_no"] for view in await asyncio.gather(*same)}.pop()
    after = (await tickets.create(request(), ME, "other", origin="here"))["ticket_no"]
    assert int(after[10:15]) == int(number[10:15]) + 1
    async with db.read() as s:
        assert await s.scalar(select(func.count()).select_from(HitRow)) == 2 * 2


BEFORE = (
    "a955963efa7b3a844c162ab3928e081f2568b174747ed7276406e1698a41c785",
    "b9762fe07c627fc9c51c2309cb311acd13aadf7841462653d3b04cbf81a67bcc",
    "47fe20cda734e7144b7d2d5191aea955a8c2bf895a3cd5706563d66602ddae1e",
    "f35106d0d7df31eb4f9db1a8616e301608b58b098111441857bd4a89f7e500e9",
    "7e15ebf7330129fdfa6ada8ca36ee4ad46144d80af6669f9621a8d8c4c978546",
)
"""Digests that earlier versions made of :func:`request`, each with every field that it knew."""


@pytest.mark.parametrize("digest", BEFORE)
async def test_a_retry_across_an_upgrade_is_the_same_request(
    tickets: TicketService, db: Database, digest: str
) -> None:
    number = (await tickets.create(request(), ME, "same"))["ticket_no"]
    async with db.write() as s:
        await s.execute(update(TicketKeyRow).values(digest=digest))
    assert (await tickets.create(request(), ME, "same"))["ticket_no"] == number
    for other in (request(narrative="又坏了"), request(missing=["几号楼"]), request(gist="灯坏了")):
        with pytest.raises(LindaError) as caught:
            await tickets.create(other, ME, "same")
        assert caught.value.code == "idempotency_conflict"


def test_a_field_that_is_as_by_default_changes_no_digest() -> None:
    """So that the next field that is added leaves the digests of today as they are."""
    said = request().model_dump(exclude_unset=True)
    spelled_out = request().model_dump()
    assert spelled_out.keys() - said.keys()
    assert CreateTicket.model_validate(spelled_out).digest() == request().digest()
    assert request(confidential=True).digest() != request().digest()
    assert request(nlu={"model": "m2"}).digest() == request(nlu={"model": "m1"}).digest()


async def test_what_is_refused_leaves_nothing_and_takes_no_number(
    tickets: TicketService, db: Database
) -> None:
    most = tickets._limits[0].most
    first = [await tickets.create(request(), ME, f"k{n}") for n in range(most)]
    with pytest.raises(LindaError) as caught:
        await tickets.create(request(), ME, "one more")
    assert caught.value.code == "too_many_tickets" and caught.value.fields["retry_after"] > 0
    again = await tickets.create(request(), ME, "k0")  # asked again it is no further ticket
    assert again["ticket_no"] == first[0]["ticket_no"]
    by_staff = await tickets.create(request(), ACTORS["clerk"], "one more")
    assert int(by_staff["ticket_no"][10:15]) == most + 1
    async with db.read() as s:
        assert await s.scalar(select(func.count()).select_from(HitRow)) == most


async def test_hits_are_forgotten_when_no_limit_counts_them(db: Database, clock: TestClock) -> None:
    limit = Limit("ticket", 2, timedelta(minutes=15), "too_many", "太多了")
    async with db.write() as s:
        await limit.hit(s, "early", clock.now())
    clock.advance(minutes=50)
    async with db.write() as s:
        await limit.hit(s, "late", clock.now())
    assert await limits.forget(db, clock.now()) == 0
    clock.advance(minutes=10)
    assert await limits.forget(db, clock.now()) == 1
    async with db.read() as s:
        assert list(await s.scalars(select(HitRow.who))) == ["late"]


async def test_old_hits_are_found_without_reading_the_others(
    db: Database, clock: TestClock
) -> None:
    with asked(db) as statements:
        await limits.forget(db, clock.now())
    (statement,) = statements
    moment = "'2026-11-24 02:00:00'"
    sql = re.sub(r"\?|\$1(::\w+( WITH TIME ZONE)?)?", moment, statement)
    async with db.read() as s:
        if not db.is_sqlite:  # a table that is nearly empty is read whole, index or not
            await s.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN" if db.is_sqlite else "EXPLAIN"
        plan = "\n".join(str(row) for row in await s.execute(text(f"{explain} {sql}")))
    assert "ix_limit_hits_at" in plan, plan


def test_no_limit_counts_longer_than_hits_are_kept() -> None:
    with pytest.raises(ValueError, match="longer than hits are kept"):
        Limit("ticket", 2, limits.LONGEST + timedelta(seconds=1), "too_many", "太多了")
