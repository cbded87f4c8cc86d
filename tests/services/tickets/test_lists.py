"""Lists by lanes and grams show what the conditions alone say, page by page, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from importlib import import_module

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, select, text, update

from services.config import Settings
from services.context import Services, build
from services.db import Database
from services.seed import bulk, seed
from services.tickets import lists, store
from services.tickets.core import decide, sideclocks
from services.tickets.core.actor import SYSTEM, Actor
from services.tickets.core.context import belongs
from services.tickets.core.states import State
from services.tickets.lists import Asked
from services.tickets.service import OWN_ONLY, WORKLISTS, TicketService
from services.tickets.tables import TicketRow
from services.tickets.words import asked, grams
from tests.services.conftest import TestClock
from tests.services.tickets.test_workflow_scenarios import (
    CALLBACK,
    CLERK,
    DISPATCHER,
    FIRE,
    GRID,
    PROPERTY,
    SUPERVISOR,
    URBAN,
    WATER,
    Case,
    filed,
)
from tests.services.tickets.world import ACTORS

COUNT = 300


@pytest.fixture
async def filled(
    settings: Settings, db: Database, clock: TestClock, cheap_passwords: None
) -> AsyncIterator[Services]:
    services = build(settings, db, clock)
    await seed(services)
    await bulk.fill(services, COUNT)
    yield services
    await services.close()


async def plainly(services: Services, wanted: Asked) -> list[str]:
    """Everything that a list shows, by its conditions alone."""
    where = [*wanted.conditions(), *([said] if (said := wanted.said()) is not None else [])]
    query = select(TicketRow.ticket_no).where(*where)
    async with services.db.read() as s:
        order = (TicketRow.sort_at, TicketRow.ticket_no.desc())
        return list(await s.scalars(query.order_by(*order)))


async def by_pages(services: Services, wanted: Asked, size: int) -> list[str]:
    found: list[str] = []
    cursor = None
    async with services.db.read() as s:
        while True:
            tickets, cursor = await lists.page(s, wanted, cursor, size)
            found += [t.ticket_no for t in tickets]
            if cursor is None:
                return found


def waiting(actor: Actor) -> Asked:
    states: tuple[State, ...] = tuple(sorted(WORKLISTS.get(actor.role, ())))
    return Asked(actor, waiting=states, own=actor.role in OWN_ONLY)


def questions(services: Services) -> list[Asked]:
    people = [a for actors in bulk.world(services).staff.values() for a in actors]
    people.append(Actor("staff", "property-1", "handler", "property"))
    clerk = next(a for a in people if a.role == "clerk")
    some = [Asked(a) for a in people] + [waiting(a) for a in people]
    some += [Asked(SYSTEM, flag=flag) for flag in lists.FLAGS]
    some += [
        Asked(clerk, states=("CLOSED",)),
        Asked(clerk, states=("ACTIVE",), leaves=("H6", "H1")),
    ]
    some += [
        Asked(SYSTEM, leaves=("H6",)),
        Asked(SYSTEM, grids=("qinghe-g3",)),
        Asked(SYSTEM, priorities=("U2",)),
    ]
    words = ("停水", "楼", "楼道", "SQ-26", "-0000", "幸福小区", "没有这样的话", "50%", "天")
    return some + [Asked(a, q=q) for a in (SYSTEM, clerk, people[-1]) for q in words]


async def test_pages_show_what_the_conditions_say(filled: Services) -> None:
    shown = 0
    for wanted in questions(filled):
        expected = await plainly(filled, wanted)
        shown += len(expected)
        assert await by_pages(filled, wanted, 37) == expected, wanted
    assert shown > 3 * COUNT


async def test_a_rare_word_is_found_beyond_the_window(
    filled: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "WINDOW", 5)
    for many, wide, few in ((lists.MANY, lists.WIDE_WINDOW, lists.FEW), (3, 50, 0), (999, 0, 0)):
        monkeypatch.setattr(lists, "MANY", many)
        monkeypatch.setattr(lists, "WIDE_WINDOW", wide)
        monkeypatch.setattr(lists, "FEW", few)
        for q in ("停水", "幸福小区", "-00001-", "没有这样的话"):
            wanted = Asked(SYSTEM, q=q)
            assert await by_pages(filled, wanted, 20) == await plainly(filled, wanted)


async def test_lanes_have_an_index_in_order(filled: Services) -> None:
    """No lane of a plain worklist is sorted: its index is in the order of the list."""
    async with filled.db.write() as s:
        if not filled.db.is_sqlite:
            await s.execute(text("SET LOCAL enable_seqscan = off"))
            await s.execute(text("SET LOCAL enable_sort = off"))
            await s.execute(text("SET LOCAL enable_bitmapscan = off"))
        for lane in (
            Asked(SYSTEM),
            Asked(SYSTEM, flag="problem"),
            Asked(SYSTEM, states=("CLOSED",)),
        ):
            query = lists.ordered(lane.lanes(), 51, s.get_bind().dialect.name)
            sql = query.compile(s.get_bind(), compile_kwargs={"literal_binds": True})
            explain = "EXPLAIN QUERY PLAN" if filled.db.is_sqlite else "EXPLAIN"
            plan = "\n".join(str(row) for row in await s.execute(text(f"{explain} {sql}")))
            assert "_sorted" in plan and "TEMP B-TREE" not in plan and "Sort Key" not in plan, plan


async def test_words_follow_the_ticket(filled: Services) -> None:
    """What is erased is not found any more, by its index either."""
    async with filled.db.write() as s:
        number = str(await s.scalar(select(TicketRow.ticket_no).limit(1)))
        ticket = await store.load(s, number)
        assert ticket is not None
        await store.save_words(s, ticket.changed({"title": "无", "narrative_original": "独角兽"}))
        dialect = s.get_bind().dialect.name
        for q, there in (("独角兽", True), (ticket.narrative_original[-6:], False)):
            numbers = lists.with_grams(q, dialect)
            assert numbers is not None
            assert (number in set(await s.scalars(numbers))) is there


def test_grams_of_a_part_are_grams_of_the_whole() -> None:
    whole = set(grams("SQ-261124-00012-4", "幸福小区3号楼 Ünit", "停水"))
    for part in ("幸福", "小区3号", "3号楼 ü", "停水"):
        assert set(asked(part)[0]) <= whole
    assert set(asked("00012-4")[1]) <= whole and not set(asked("楼停")[0]) <= whole
    assert asked("楼") == ([], [])


# ── what waits for whom ─────────────────────────────────────────────────────────────────────────

MEDIATOR = ACTORS["mediator"]
ELSEWHERE = {"community_id": "qinghe-c2"}


@pytest.mark.parametrize(
    ("actor", "leaf", "waits"),
    [
        (CLERK, "K4", True),
        (CLERK, "J1", True),
        (replace(CLERK, **ELSEWHERE), "K4", False),
        (MEDIATOR, "J1", True),
        (MEDIATOR, "K4", False),  # a mediator has what is to be mediated, not all of the desk's
        (replace(MEDIATOR, org_id="community", **ELSEWHERE), "J1", False),
        (replace(MEDIATOR, org_id="community"), "J1", True),
        (replace(MEDIATOR, org_id="community"), "K4", False),
        (GRID, "K4", False),
        (WATER, "K4", False),
    ],
)
async def test_what_the_desk_works_on_waits_for_its_people(
    tickets: TicketService, actor: Actor, leaf: str, waits: bool
) -> None:
    case = await filed(tickets, leaf=leaf, narrative="想请社区帮忙")
    assert (await case.seen())["owner_org"] == "community"
    for action in ("", "sign", "contact"):
        if action:
            facts = {"way": "phone", "result": "reached"} if action == "contact" else {}
            await case.act(CLERK, action, **facts)
        mine = [t["ticket_no"] for t in (await tickets.list(actor, mine=True))["tickets"]]
        assert (case.number in mine) is waits, action
        asked_for = await tickets.list(actor, mine=True, leaf=leaf, state="DISPATCHED,ACTIVE")
        assert bool(asked_for["tickets"]) is waits, action
    await case.act(CLERK, "resolve", outcome="solved", reply="排好了")
    assert not (await tickets.list(actor, mine=True))["tickets"], "then it waits for the callback"


async def test_what_a_mediator_has_of_the_own_unit_waits_beside_the_desks(
    tickets: TicketService,
) -> None:
    case = await filed(tickets, wait=True, leaf="J2", narrative="和邻居吵架")
    await tickets.act(case.number, "accept", {}, CLERK, follow_up=False)
    await tickets.act(case.number, "dispatch", {"org": "legal"}, DISPATCHER, follow_up=False)
    mine = await tickets.list(MEDIATOR, mine=True)
    assert [t["ticket_no"] for t in mine["tickets"]] == [case.number]


ANSWERS = frozenset({"opinion", "feedback", "report"})
DESK_ELSEWHERE = replace(CLERK, community_id="qinghe-c2")
ASKED = (WATER, PROPERTY, URBAN, FIRE, GRID, CLERK, DESK_ELSEWHERE, DISPATCHER)


async def owing(tickets: TicketService, case: Case) -> set[str]:
    """Who has the ticket on the list without having it: by unit, against the rule of the core."""
    async with tickets._db.read() as s:
        ticket = await store.load(s, case.number)
    assert ticket is not None
    there = set()
    for actor in ASKED:
        mine = (await tickets.list(actor, mine=True))["tickets"]
        owes = actor.org_id in sideclocks.owing(ticket) and decide.in_scope(ticket, actor)
        if not belongs(ticket, actor) and actor.role != "dispatcher":
            assert bool(mine) is owes, (actor, ticket.state)
        if owes:
            offered = {a["action"] for a in await tickets.allowed_actions(case.number, actor)}
            assert offered & ANSWERS, actor
            there.add(str(actor.org_id))
    return there


async def test_who_was_asked_has_it_on_the_list_until_the_answer(tickets: TicketService) -> None:
    case = await filed(tickets, wait=True, leaf="H1", narrative="管道漏水不知道归谁")
    await tickets.act(case.number, "accept", {}, CLERK, follow_up=False)
    ask = {"orgs": ["water", "fire"], "question": "这段管道归谁"}
    await tickets.act(case.number, "consult", ask, DISPATCHER, follow_up=False)
    assert await owing(tickets, case) == {"water", "fire"}
    ours = {"stance": "lead", "opinion": "表前管道，供水负责"}
    await tickets.act(case.number, "opinion", ours, WATER, follow_up=False)
    assert await owing(tickets, case) == {"fire"}
    await tickets.act(case.number, "dispatch", {"org": "water", "basis": "会商"}, DISPATCHER)
    assert await owing(tickets, case) == {"property"}, (
        "the consultation is over, the property is called in"
    )


async def test_who_is_called_in_has_it_on_the_list_until_all_is_done(
    tickets: TicketService,
) -> None:
    case = await filed(tickets, leaf="H1", narrative="停水了")
    await case.act(WATER, "sign")
    await case.act(WATER, "assist", orgs=["grid", "community"], task="到场看一下")
    before = await owing(tickets, case)
    assert before >= {"grid", "community"}
    await case.act(GRID, "feedback", progress="ongoing", text="路上")
    assert await owing(tickets, case) == before, "an interim report is no answer"
    await case.act(GRID, "feedback", progress="done", text="看过了")
    await case.act(CLERK, "feedback", progress="unable", text="没有钥匙")
    await case.act(
        DISPATCHER,
        "whistle",
        type="urgent",
        orgs=["urban", "fire"],
        reason="积水",
        approver="街道副主任 李强",
    )
    rest = before - {"grid", "community"}
    assert await owing(tickets, case) == rest | {"urban", "fire"}
    for stage in ("sign", "arrive"):
        await case.act(URBAN, "report", stage=stage)
    assert await owing(tickets, case) == rest | {"urban", "fire"}
    await case.act(URBAN, "report", stage="solve", text="抽干了")
    assert await owing(tickets, case) == rest | {"fire"}
    await case.act(DISPATCHER, "end_whistle", result="solved", text="抽干了")
    assert await owing(tickets, case) == rest


async def test_tickets_from_before_get_who_owes_an_answer(filled: Services) -> None:
    """The migration reads out of what is stored what is written with each step since."""
    columns = select(TicketRow.ticket_no, TicketRow.owing).order_by(TicketRow.ticket_no)
    async with filled.db.write() as s:
        documents = (await s.execute(select(TicketRow.ticket_no, TicketRow.doc))).all()
        later = [
            no for no, doc in documents if doc.get("bad_ratings")
        ]  # there was no 差评整改 then
        columns = columns.where(TicketRow.ticket_no.not_in(later))
        written = (await s.execute(columns)).all()
        await s.execute(update(TicketRow).values(owing=""))

        def migrate(connection: Connection) -> None:
            with Operations.context(MigrationContext.configure(connection)):
                import_module("services.db.migrations.versions.0026_owing")._fill()

        await (await s.connection()).run_sync(migrate)
        assert (await s.execute(columns)).all() == written
    assert any(owing for _, owing in written)


# ── a search tells nothing that its answer would not show ───────────────────────────────────────

SAID = "我是张桂兰，13812345678，家里停水了"


@pytest.mark.parametrize(
    ("actor", "confidential", "restricted"),
    [
        (CLERK, True, True),
        (CALLBACK, True, False),
        (SUPERVISOR, False, True),
        (DISPATCHER, False, True),
        (ACTORS["auditor"], False, False),
        (GRID, False, False),
        (WATER, False, False),
    ],
)
async def test_who_may_not_know_who_reported_does_not_find_it_by_name_or_phone(
    tickets: TicketService, actor: Actor, confidential: bool, restricted: bool
) -> None:
    """The unit that has a restricted ticket reads it; here another unit's people ask."""
    plain = await filed(tickets, leaf="H1", narrative=SAID)
    secret = await filed(tickets, leaf="H1", narrative=SAID, confidential=True)
    unknown = await filed(tickets, leaf=None, narrative=SAID, confidential=True, place=None)
    violence = await filed(tickets, leaf="J3", narrative=SAID)
    async with tickets._db.write() as s:  # in everybody's scope: only the words are asked about
        owned = TicketRow.__table__.update().values(owner_org="water", grid_id="qinghe-g1")
        await s.execute(owned.where(TicketRow.ticket_no != violence.number))

    async def found(q: str) -> set[str]:
        return {t["ticket_no"] for t in (await tickets.list(actor, q=q))["tickets"]}

    for q in ("张桂兰", "13812345678", "3812345"):
        numbers = await found(q)
        assert plain.number in numbers
        assert (secret.number in numbers) is confidential
        assert (unknown.number in numbers) is confidential, "without a matter its title is said"
        assert (violence.number in numbers) is restricted
    assert await found(secret.number) == {secret.number}
    assert secret.number in await found("幸福小区3号楼"), "place and matter are no secret"
