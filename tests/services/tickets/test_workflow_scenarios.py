"""Whole stories of the workflow through the service, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.db import Database
from services.errors import LindaError
from services.tickets import lists, store
from services.tickets.core.actor import SYSTEM, Actor, resident
from services.tickets.core.fold import fold
from services.tickets.service import TicketService
from tests.services.conftest import NOW, TestClock
from tests.services.tickets.conftest import request
from tests.services.tickets.world import ACTORS

ME, WHO = resident("conversation-1"), "conversation-1"
CLERK, SUPERVISOR, DISPATCHER = ACTORS["clerk"], ACTORS["supervisor"], ACTORS["dispatcher"]
AUDITOR, WATER, GRID = ACTORS["auditor"], ACTORS["handler"], ACTORS["grid"]
CALLBACK = ACTORS["callback"]
PROPERTY = replace(WATER, id="handler2", org_id="property")
URBAN = replace(WATER, id="handler3", org_id="urban")
FIRE = replace(WATER, id="handler4", org_id="fire")
DISCIPLINE = replace(WATER, id="handler5", org_id="discipline")
REACHED = {"way": "phone", "result": "reached"}
DONE = {"outcome": "solved", "reply": "换了灯泡", "evidence": ["photo1"]}


class Case:
    """One ticket and what people do to it."""

    def __init__(self, tickets: TicketService, number: str) -> None:
        self.tickets, self.number = tickets, number

    async def act(self, actor: Actor, action: str, **facts: Any) -> dict[str, Any]:
        return await self.tickets.act(self.number, action, facts, actor)

    async def refused(self, actor: Actor, action: str, **facts: Any) -> str:
        with pytest.raises(LindaError) as caught:
            await self.act(actor, action, **facts)
        return caught.value.code

    async def seen(self, actor: Actor = SYSTEM) -> dict[str, Any]:
        return await self.tickets.get(self.number, actor)

    async def mine(self) -> dict[str, Any]:
        return await self.tickets.resident_get(self.number, WHO)

    async def types(self) -> list[str]:
        return [e["type"] for e in await self.tickets.events(self.number, SYSTEM)]

    async def resolved(self) -> dict[str, Any]:
        await self.act(GRID, "sign")
        await self.act(GRID, "contact", **REACHED)
        return await self.act(GRID, "resolve", **DONE)


async def filed(tickets: TicketService, wait: bool = False, **given: Any) -> Case:
    """A request; with ``wait`` it stays where a person has to look at it."""
    view = await tickets.create(request(**given), ME, follow_up=not wait)
    return Case(tickets, view["ticket_no"])


@pytest.fixture(autouse=True)
async def row_is_its_events(tickets: TicketService, db: Database) -> Any:
    """After every story: each row is what its events make."""
    yield
    async with db.read() as s:
        everything = (await lists.page(s, lists.Asked(SYSTEM), None, 200))[0]
        assert everything
        for ticket in everything:
            assert fold(await store.history(s, ticket.ticket_no)) == ticket


def at(view: Mapping[str, Any], name: str) -> datetime:
    return datetime.fromisoformat(view[name])


# ── 1 复核 ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_refusal_is_looked_at_again_by_another_person_and_upheld(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets, wait=True)
    view = await case.act(CLERK, "not_accept", reason="beyond_duty", explanation="是商业保洁")
    assert view["state"] == "NOT_ACCEPTED" and "review_pending" in view["flags"]
    assert at(view, "review_due_at").date() == date(2026, 11, 25)
    assert "复核" in view["review_due_reason"]
    mine = await case.mine()
    assert "是商业保洁" in mine["state_text"] and mine["redirect"] and mine["review"]["pending"]
    waiting = await tickets.list(SUPERVISOR, mine=True)
    assert [t["ticket_no"] for t in waiting["tickets"]] == [case.number]
    # The same person, in whatever role, does not look at the own decision.
    same = replace(SUPERVISOR, id=CLERK.id)
    uphold = {"decision": "uphold", "explanation": "确实是商业服务"}
    assert await case.refused(same, "review", **uphold) == "own_refusal"
    clock.advance(hours=2)
    view = await case.act(SUPERVISOR, "review", **uphold)
    assert view["state"] == "NOT_ACCEPTED" and view["review_due_at"] is None
    assert (await case.mine())["review"]["explanation"] == "确实是商业服务"
    # The resident asks once more; then it is for a third person.
    await tickets.resident_act(case.number, "review", {"text": "楼道不是商业的"}, WHO)
    assert await case.refused(SUPERVISOR, "review", **uphold) == "own_refusal"
    await case.act(DISPATCHER, "review", **uphold)
    with pytest.raises(LindaError) as caught:
        await tickets.resident_act(case.number, "review", {}, WHO)
    assert caught.value.code == "reviewed_already"


async def test_a_corrected_refusal_costs_the_resident_no_time(
    tickets: TicketService, clock: TestClock
) -> None:
    plain = await (await filed(tickets)).seen()
    case = await filed(tickets, wait=True)
    await case.act(CLERK, "not_accept", reason="beyond_duty", explanation="看错了")
    clock.advance(hours=5)
    view = await case.act(DISPATCHER, "review", decision="correct", explanation="楼道灯归网格")
    assert view["state"] == "DISPATCHED" and view["owner_org"] == "grid"
    assert abs(at(view, "due_at") - at(plain, "due_at")) < timedelta(minutes=1)
    assert view["disposition"] == "accept" and view["reviews"][-1]["refused_by"] == CLERK.id
    assert view["reason"] is None and (await case.mine())["review"] is None


async def test_a_correction_that_comes_late_still_leaves_the_unit_time_to_work(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets, wait=True)
    await case.act(CLERK, "not_accept", reason="unlawful", explanation="看错了")
    clock.advance(days=20)
    view = await case.act(DISPATCHER, "review", decision="correct", explanation="是合理诉求")
    assert at(view, "due_at") > clock.now()
    assert "复核改正后接着办" in view["due_reason"]


async def test_work_that_was_ended_goes_on_when_the_second_look_says_so(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets)
    due = (await case.seen())["due_at"]
    await case.act(GRID, "sign")
    await case.act(DISPATCHER, "terminate", ground="gone", explanation="灯拆了")
    correct = {"decision": "correct", "explanation": "灯还在"}
    assert await case.refused(DISPATCHER, "review", **correct) == "nothing_requested"
    await tickets.resident_act(case.number, "review", {"text": "灯没拆"}, WHO)
    assert await case.refused(DISPATCHER, "review", **correct) == "own_refusal"
    # The handler's own unit may take the work up again, not confirm that it need not.
    uphold = {"decision": "uphold", "explanation": "不用办了"}
    assert await case.refused(SUPERVISOR, "review", **uphold) == "own_unit"
    clock.advance(hours=1)
    view = await case.act(SUPERVISOR, "review", **correct)
    assert (view["state"], view["due_at"], view["owner_org"]) == ("ACTIVE", due, "grid")


async def test_work_ended_while_suspended_counts_the_suspension(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets)
    due = at(await case.seen(), "due_at")
    await case.act(GRID, "sign")
    await case.act(
        SUPERVISOR, "suspend", reason="parts", explanation="等灯具", plan="到货就装",
        review_date="2026-12-10",
    )  # fmt: skip
    clock.advance(days=7)
    await case.act(DISPATCHER, "terminate", ground="gone", explanation="灯拆了")
    await tickets.resident_act(case.number, "review", {}, WHO)
    view = await case.act(SUPERVISOR, "review", decision="correct", explanation="灯还在")
    assert view["state"] == "ACTIVE" and at(view, "due_at") >= due + timedelta(days=6)


# ── 2 六种情形 ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("reason", ["legal_channel", "secret", "beyond_duty", "unlawful"])
async def test_each_disposition_tells_why_and_where_to_go(
    tickets: TicketService, reason: str
) -> None:
    case = await filed(tickets, wait=True)
    view = await case.act(CLERK, "not_accept", reason=reason, explanation="这次是这样的")
    rule = tickets.rules.dispositions[reason]
    assert view["disposition"] == reason
    mine = await case.mine()
    assert rule.say in mine["state_text"] and mine["redirect"] == rule.redirect


async def test_danger_and_legal_channels_are_handed_off_with_their_disposition(
    tickets: TicketService,
) -> None:
    danger = Case(tickets, (await tickets.create(request(handed_off=True), ME))["ticket_no"])
    court = await tickets.create(request(handed_off=True, legal_channel="劳动仲裁"), ME)
    assert (await danger.seen())["disposition"] == "emergency"
    assert (await Case(tickets, court["ticket_no"]).seen())["disposition"] == "legal_channel"


async def test_nothing_new_points_to_the_residents_own_earlier_ticket(
    tickets: TicketService,
) -> None:
    first = await filed(tickets)
    again = await filed(tickets, wait=True)
    no_news = {"reason": "no_news", "explanation": "上午刚派单"}
    assert await again.refused(CLERK, "not_accept", **no_news) == "earlier_missing"
    place = {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2", "room": "301"}
    theirs = await tickets.create(
        request(conversation_id="conversation-9", place=place), resident("conversation-9")
    )
    other = {**no_news, "earlier": theirs["ticket_no"]}
    assert await again.refused(CLERK, "not_accept", **other) == "not_same_request"
    await again.act(CLERK, "not_accept", **no_news, earlier=first.number)
    mine = await again.mine()
    assert mine["earlier"] == first.number and first.number in mine["redirect"]


# ── 3 一次告知 ──────────────────────────────────────────────────────────────────────────────────


async def test_a_notice_nobody_answers_ends_in_acceptance_or_with_a_clerk(
    tickets: TicketService, clock: TestClock
) -> None:
    known = await filed(tickets, wait=True)
    unknown = await filed(tickets, wait=True, leaf=None)
    for case in (known, unknown):
        await case.act(CLERK, "need_info", items=["哪一盏灯", "什么时候能进门"])
        assert (await case.mine())["state_text"].count("、") >= 1
    clock.advance(days=4)
    await tickets.tick()
    assert (await known.seen())["state"] == "DISPATCHED"
    view = await unknown.seen()
    assert view["state"] == "SUBMITTED" and view["paused_since"] is None
    assert await unknown.refused(CLERK, "need_info", items=["再问一次"]) == "already_asked"


# ── 4 会商与派单目录 ────────────────────────────────────────────────────────────────────────────


async def test_units_are_asked_before_dispatch_and_their_opinions_stay(
    tickets: TicketService,
) -> None:
    case = await filed(tickets, wait=True, leaf="H1", narrative="管道漏水不知道归谁")
    await tickets.act(case.number, "accept", {}, CLERK, follow_up=False)
    ask = {"orgs": ["water", "property"], "question": "这段管道归谁"}
    await tickets.act(case.number, "consult", ask, DISPATCHER, follow_up=False)
    ours = {"stance": "lead", "opinion": "表前管道，供水负责"}
    await tickets.act(case.number, "opinion", ours, WATER, follow_up=False)
    assert await case.refused(WATER, "opinion", **ours) == "not_consulted"
    assert await case.refused(FIRE, "opinion", **ours) == "out_of_scope"
    told = {"stance": "assist", "opinion": "配合开门", "org": "property"}
    view = await tickets.act(case.number, "opinion", told, DISPATCHER, follow_up=False)
    (consult,) = view["consults"]
    assert [(o["org"], o["stance"]) for o in consult["opinions"]] == [
        ("water", "lead"), ("property", "assist"),
    ]  # fmt: skip
    assert consult["due_at"] and consult["due_reason"]
    await case.act(DISPATCHER, "dispatch", org="water", basis="会商：表前管道")
    assert "dispatched" in await case.types()


async def test_who_only_assists_assists_and_the_directorys_unit_leads(
    tickets: TicketService,
) -> None:
    case = await filed(tickets, wait=True, leaf="H1", narrative="停水了")
    await tickets.act(case.number, "accept", {}, CLERK, follow_up=False)
    view = await case.act(DISPATCHER, "dispatch", org="community", duty="协助")
    assert (view["owner_org"], view["duty"]) == ("water", "主责")
    assert "community" in {a["org"] for a in view["assists"]}


async def test_the_directorys_version_and_line_stay_with_the_ticket(
    tickets: TicketService, db: Database
) -> None:
    old = await filed(tickets)
    before = (await old.seen())["directory"]
    assert before["version"] == "1" and before["line"] > 0 and before["followed"]
    assert before["basis"] == (await old.seen())["basis"]
    rules = tuple(
        replace(r, route=replace(r.route, lead="property", basis="新目录：归物业"))
        if "H6" in r.leaves else r
        for r in tickets.directory.rules
    )  # fmt: skip
    tickets.directory = replace(tickets.directory, rules=rules, version="2", digest="new")
    new = await filed(tickets)
    after = await new.seen()
    assert (after["owner_org"], after["directory"]["version"]) == ("property", "2")
    assert after["directory"]["basis"] == "新目录：归物业"
    assert (await old.seen())["directory"] == before and (await old.seen())["owner_org"] == "grid"
    async with db.read() as s:
        dispatched = [e for e in await store.history(s, old.number) if e.type == "dispatched"]
    assert dispatched[0].data["directory"] == before


async def test_a_line_holds_from_its_first_day_to_its_last(
    tickets: TicketService, clock: TestClock
) -> None:
    winter = next(r for r in tickets.directory.rules if "H6" in r.leaves)
    until = replace(winter, valid_to=date(2026, 11, 24))
    after = replace(
        winter, valid_from=date(2026, 11, 25), route=replace(winter.route, lead="property")
    )
    others = tuple(r for r in tickets.directory.rules if r is not winter)
    tickets.directory = replace(tickets.directory, rules=(until, after, *others))
    assert (await (await filed(tickets)).seen())["owner_org"] == "grid"
    clock.advance(days=1)
    assert (await (await filed(tickets)).seen())["owner_org"] == "property"


async def test_passing_an_order_on_needs_a_reason_and_leaves_the_residents_clock(
    tickets: TicketService,
) -> None:
    case = await filed(tickets)
    due = (await case.seen())["due_at"]
    for n, org in enumerate(["property", "urban", "property"], 1):
        view = await case.act(DISPATCHER, "dispatch", org=org, reason="核实后改派")
        assert (view["state"], view["due_at"], view["transfers"]) == ("DISPATCHED", due, n)
    # 流转三次: a problem ticket, escalated by rule and with its reason.
    assert "problem" in view["flags"] and view["supervisions"][-1]["level"] == "3"
    assert "流转3次" in view["supervisions"][-1]["text"]


# ── 5 吹哨与协办 ────────────────────────────────────────────────────────────────────────────────


async def test_a_whistle_from_the_call_to_the_mutual_rating(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets)
    await case.act(GRID, "sign")
    view = await case.act(
        DISPATCHER, "whistle", type="enforcement", orgs=["urban", "fire"], reason="占道多头",
        lead="urban", approver="街道副主任 李强",
    )  # fmt: skip
    (whistle,) = view["whistles"]
    assert (whistle["id"], whistle["lead"]) == ("W1", "urban")
    assert whistle["approver"] == "街道副主任 李强"
    assert at(whistle["units"][0], "sign_due_at") - NOW < timedelta(hours=1, minutes=1)
    assert await case.refused(URBAN, "report", stage="arrive") == "stage_skipped"
    await case.act(URBAN, "report", stage="sign")
    assert await case.refused(URBAN, "report", stage="sign") == "reported_already"
    clock.advance(hours=2)
    await case.act(FIRE, "report", stage="sign")
    for stage in ("contact", "arrive"):
        await case.act(URBAN, "report", stage=stage)
    assert await case.refused(URBAN, "report", stage="solve") == "solution_missing"
    await case.act(URBAN, "report", stage="solve", text="清走三处")
    assert await case.refused(PROPERTY, "report", stage="sign") == "not_invited"  # only assists
    rating = {"score": 5}
    assert await case.refused(DISPATCHER, "rate_whistle", **rating) == "no_ended_whistle"
    await case.act(DISPATCHER, "end_whistle", result="solved", text="通道清出来了")
    assert await case.refused(FIRE, "report", stage="arrive") == "not_invited"
    await case.act(DISPATCHER, "rate_whistle", score=5, org="urban")
    await case.act(DISPATCHER, "rate_whistle", score=2, org="fire", text="没有到场")
    await case.act(URBAN, "rate_whistle", score=4, text="组织得好")
    assert await case.refused(URBAN, "rate_whistle", score=1) == "rated_already"
    assert await case.refused(DISPATCHER, "rate_whistle", score=1, org="water") == "not_invited"
    (whistle,) = (await case.seen())["whistles"]
    urban, fire = whistle["units"]
    assert urban["solve_at"] > urban["arrive_at"] > urban["sign_at"] and "arrive_at" not in fire
    assert [(r["by_org"], r["about_org"], r["score"]) for r in whistle["ratings"]] == [
        ("street", "urban", 5), ("street", "fire", 2), ("urban", "street", 4),
    ]  # fmt: skip


async def test_what_a_whistle_came_to_can_be_counted_from_events(
    tickets: TicketService, clock: TestClock, db: Database
) -> None:
    case = await filed(tickets)
    await case.act(GRID, "sign")
    await case.act(
        DISPATCHER,
        "whistle",
        type="urgent",
        orgs=["urban", "fire"],
        reason="积水",
        approver="街道副主任 李强",
    )
    await case.act(URBAN, "report", stage="sign")
    clock.advance(hours=1)
    await case.act(FIRE, "report", stage="sign")
    await case.act(DISPATCHER, "end_whistle", result="partial", text="退了一半")
    async with db.read() as s:
        events = await store.history(s, case.number)
    reported = {e.data["by_org"]: e.data["in_time"] for e in events if e.type == "whistle_reported"}
    assert reported == {"urban": True, "fire": False}
    ended = [e.data["result"] for e in events if e.type == "whistle_ended"]
    assert ended == ["partial"]


async def test_an_assisting_unit_has_its_own_deadline_and_reports_back(
    tickets: TicketService,
) -> None:
    case = await filed(tickets)
    await case.act(GRID, "sign")
    view = await case.act(GRID, "assist", orgs=["water"], task="关总阀")
    help_ = next(a for a in view["assists"] if a["org"] == "water")
    assert help_["due_at"] and "协办反馈" in help_["due_reason"]
    await case.act(WATER, "feedback", progress="ongoing", text="明早到")
    view = await case.act(WATER, "feedback", progress="done", text="阀门已关")
    help_ = next(a for a in view["assists"] if a["org"] == "water")
    assert [a["progress"] for a in help_["answers"]] == ["ongoing", "done"] and help_["done_at"]
    assert await case.refused(WATER, "feedback", progress="done", text="再报") == "not_assisting"


# ── 6 并单与群诉 ────────────────────────────────────────────────────────────────────────────────


async def neighbour(tickets: TicketService, case: Case, room: int) -> tuple[Case, str]:
    who = f"conversation-{room}"
    place = {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2", "room": str(room)}
    given = request(conversation_id=who, place=place, join=case.number)
    return Case(tickets, (await tickets.create(given, resident(who)))["ticket_no"]), who


async def test_each_household_that_joined_answers_its_own_callback(
    tickets: TicketService,
) -> None:
    case = await filed(tickets)
    (first, one), (second, two) = [await neighbour(tickets, case, room) for room in (301, 302)]
    assert (await case.mine())["households"] == 3
    solved = {"stage": "solved", "solved": True}
    with pytest.raises(LindaError) as caught:
        await tickets.callback_answer(first.number, one, solved)
    assert caught.value.code == "not_resolved_yet"
    await case.resolved()
    answered = await tickets.callback_answer(first.number, one, solved)
    assert answered["next"] == "rating" and answered["ticket"]["state"] == "MERGED"
    again = await tickets.callback_answer(first.number, one, solved)
    assert again["ticket"]["version"] == answered["ticket"]["version"]
    await tickets.callback_answer(first.number, one, {"stage": "rating", "score": 5})
    assert (await case.seen())["state"] == "RESOLVED", "one household's yes is not another's"
    no = await tickets.callback_answer(second.number, two, {"stage": "solved", "solved": False})
    assert no["next"] == "reason" and (await case.seen())["state"] == "REWORK"
    answers = [(await c.seen())["callbacks"][-1]["result"] for c in (first, second)]
    assert answers == ["solved", "unsolved"] and (await first.seen())["rating"]["score"] == 5


async def called(tickets: TicketService, case: Case, room: int) -> Case:
    """A neighbour who called the desk: no conversation, so the callback desk calls back."""
    place = {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2", "room": str(room)}
    given = request(conversation_id=None, channel="phone", place=place, join=case.number)
    return Case(tickets, (await tickets.create(given, CLERK))["ticket_no"])


async def test_a_no_heard_by_phone_reopens_what_is_shared(tickets: TicketService) -> None:
    case = await filed(tickets)
    first, second = [await called(tickets, case, room) for room in (301, 302)]
    await case.resolved()
    await first.act(CALLBACK, "callback", result="solved", score=5)
    assert (await case.seen())["state"] == "RESOLVED", "one household's yes is not another's"
    await second.act(CALLBACK, "callback", result="unsolved", text="我家门口还是黑的")
    view = await case.seen()
    assert (view["state"], view["rework_round"]) == ("REWORK", 1)


async def test_when_who_brought_it_withdraws_it_goes_on_for_who_joined(
    tickets: TicketService,
) -> None:
    case = await filed(tickets)
    (first, one), (second, two) = [await neighbour(tickets, case, room) for room in (301, 302)]
    await case.act(GRID, "sign")
    await tickets.resident_act(case.number, "withdraw", {"reason": "搬走了"}, WHO)
    assert (await case.seen())["state"] == "WITHDRAWN"
    lead, other = await first.seen(), await second.seen()
    assert (lead["state"], lead["owner_org"], lead["households"]) == ("DISPATCHED", "grid", 2)
    assert lead["merged_into"] is None and lead["due_reason"]
    assert (other["state"], other["merged_into"]) == ("MERGED", first.number)
    # Each of them can still take back the own part; the last one ends it.
    await tickets.resident_act(first.number, "withdraw", {"reason": "好了"}, one)
    assert (await second.seen())["state"] == "DISPATCHED"
    await tickets.resident_act(second.number, "withdraw", {"reason": "好了"}, two)
    assert (await second.seen())["state"] == "WITHDRAWN"


async def test_who_joined_may_ask_for_a_second_look_at_what_was_ended(
    tickets: TicketService,
) -> None:
    case = await filed(tickets)
    first, one = await neighbour(tickets, case, 301)
    await case.act(GRID, "sign")
    await case.act(DISPATCHER, "terminate", ground="gone", explanation="灯杆拆了")
    shown = await tickets.resident_act(first.number, "review", {"text": "没拆"}, one)
    assert shown["review"]["pending"] and (await case.seen())["review_due_at"]
    view = await case.act(SUPERVISOR, "review", decision="correct", explanation="确实没拆")
    assert view["state"] == "ACTIVE"


async def test_ten_households_are_a_group_demand_with_a_clock_of_its_own(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets)
    for room in range(301, 309):
        await neighbour(tickets, case, room)
    assert not (await case.mine())["group"]
    await neighbour(tickets, case, 309)
    view = await case.seen()
    assert view["group"] and view["households"] == 10
    assert at(view, "group_due_at").date() == date(2026, 11, 26), view["group_due_reason"]
    assert "菏泽" in view["group_due_reason"]
    for flag in ("group", "group_unanswered"):
        found = await tickets.list(DISPATCHER, flag=flag)
        assert [t["ticket_no"] for t in found["tickets"]] == [case.number]
    clock.advance(hours=1)
    await case.act(GRID, "sign")
    await case.act(GRID, "answer_group", decision="accept", text="受理，一周内换完")
    assert (await case.mine())["group_answer"] == "受理，一周内换完"
    assert (await tickets.list(DISPATCHER, flag="group_unanswered"))["tickets"] == []
    with pytest.raises(LindaError):
        await tickets.list(DISPATCHER, flag="nonsense")


async def test_a_joint_signature_is_a_group_demand_at_once(tickets: TicketService) -> None:
    case = await filed(tickets, narrative="我们全楼联名反映楼道灯坏了")
    view = await case.seen()
    assert view["group"] and view["group_due_at"]


# ── 7 劝撤、逼评 ────────────────────────────────────────────────────────────────────────────────


async def case_of(tickets: TicketService, number: str) -> list[dict[str, Any]]:
    cases = (await tickets.list(AUDITOR, flag="case"))["tickets"]
    return [c for c in cases if c["case_of"] == number]


async def test_a_persuaded_withdrawal_opens_a_case_that_the_handler_never_sees(
    tickets: TicketService,
) -> None:
    case = await filed(tickets)
    await case.act(GRID, "sign")
    await tickets.resident_act(
        case.number, "withdraw", {"reason": "陈师傅打电话让我撤的", "persuaded": True}, WHO
    )
    (opened,) = await case_of(tickets, case.number)
    number = opened["ticket_no"]
    inquiry = Case(tickets, number)
    assert (await inquiry.seen(DISCIPLINE))["owner_org"] == "discipline"
    assert case.number in (await inquiry.seen(AUDITOR))["narrative_original"]
    for actor in (GRID, CLERK, SUPERVISOR, DISPATCHER, ACTORS["callback"], WATER):
        with pytest.raises(LindaError) as caught:
            await inquiry.seen(actor)
        assert caught.value.code == "out_of_scope"
        listed = (await tickets.list(actor))["tickets"]
        assert number not in [t["ticket_no"] for t in listed]
    # Nothing on the first ticket tells its handler.
    for judged in (GRID, CLERK, SUPERVISOR):
        view, events = await case.seen(judged), await tickets.events(case.number, judged)
        listed = (await tickets.list(judged))["tickets"]
        for telling in ("persuaded", number, "让我撤", "陈师傅"):
            assert telling not in f"{view}{events}{listed}", (judged.role, telling)
    assert "persuaded" in (await case.seen(AUDITOR))["flags"]
    assert (await case.seen(AUDITOR))["reason"] == "陈师傅打电话让我撤的"
    assert await case.refused(AUDITOR, "exclude", reason="withdrawn", basis="x") == "persuaded"
    await inquiry.act(DISCIPLINE, "sign")
    await inquiry.act(
        DISCIPLINE, "resolve", outcome="explained", reply="已谈话", explanation="劝说人已批评教育"
    )
    closed = await inquiry.act(AUDITOR, "close", reason="核查结束")
    assert closed["state"] == "CLOSED"


async def test_who_is_paid_back_is_heard_by_nobody_who_worked_on_it(tickets: TicketService) -> None:
    first = await filed(tickets)
    await first.act(GRID, "sign")
    case = await filed(tickets, leaf="M11", about="other", narrative="我投诉了，他们就报复我")
    seen = await case.seen(AUDITOR)
    assert (seen["case_of"], seen["case_kind"]) == (first.number, "retaliation")
    assert seen["confidential"] and "grid" in seen["recused"]
    assert (await case.seen(DISCIPLINE))["owner_org"] == "discipline"
    for actor in (GRID, CLERK, SUPERVISOR, DISPATCHER, ACTORS["callback"], WATER):
        with pytest.raises(LindaError) as caught:
            await case.seen(actor)
        assert caught.value.code == "out_of_scope"
    view = await tickets.resident_get(case.number, WHO)
    assert view["owner"]["org"], "the resident sees how it stands"
    assert case.number not in f"{await first.seen(GRID)}{await tickets.events(first.number, GRID)}"
    await case.act(DISCIPLINE, "sign")
    await case.act(
        DISCIPLINE, "resolve", outcome="explained", reply="查清了", explanation="已经批评教育"
    )
    assert (await case.act(AUDITOR, "close", reason="核查结束"))["state"] == "CLOSED"


async def test_a_quarrel_is_no_case(tickets: TicketService) -> None:
    case = await filed(tickets, narrative="楼上邻居报复我，半夜敲地板")
    assert (await case.seen(AUDITOR))["case_of"] is None


async def test_what_the_discipline_unit_did_itself_the_unit_above_looks_into(
    tickets: TicketService,
) -> None:
    case = await filed(tickets, leaf="M11", about="other", narrative="他说话难听")
    assert (await case.seen(DISCIPLINE))["owner_org"] == "discipline"
    await case.act(DISCIPLINE, "sign")
    await tickets.resident_act(
        case.number, "withdraw", {"reason": "纪检让我撤", "persuaded": True}, WHO
    )
    (opened,) = await case_of(tickets, case.number)
    inquiry = Case(tickets, opened["ticket_no"])
    above = replace(DISCIPLINE, id="handler6", org_id="discipline_above")
    assert (await inquiry.seen(above))["owner_org"] == "discipline_above"
    with pytest.raises(LindaError) as caught:
        await inquiry.seen(DISCIPLINE)
    assert caught.value.code == "out_of_scope"


async def test_pressure_for_a_good_rating_is_one_case_however_often_it_is_said(
    tickets: TicketService,
) -> None:
    case = await filed(tickets)
    await case.resolved()
    answer = {"stage": "solved", "solved": False, "pressured": True}
    await tickets.callback_answer(case.number, WHO, answer)
    await case.act(GRID, "resolve", **DONE)
    await tickets.callback_answer(case.number, WHO, answer)
    assert len(await case_of(tickets, case.number)) == 1


async def test_a_free_withdrawal_opens_nothing(tickets: TicketService) -> None:
    case = await filed(tickets)
    await tickets.resident_act(case.number, "withdraw", {"reason": "修好了"}, WHO)
    assert await case_of(tickets, case.number) == []
    view = await case.act(AUDITOR, "exclude", reason="withdrawn", basis="居民自己撤回")
    assert view["exclusion"]["decided_by"] == AUDITOR.id


# ── 8 督办 ──────────────────────────────────────────────────────────────────────────────────────


async def test_supervision_has_a_day_and_the_units_answer(tickets: TicketService) -> None:
    case = await filed(tickets)
    await case.act(GRID, "sign")
    assert await case.refused(GRID, "answer_supervision", text="在办") == "not_supervised"
    await case.act(DISPATCHER, "supervise", level="1", text="请抓紧", until="2026-11-26")
    view = await case.act(DISPATCHER, "supervise", level="2", text="书面督办")
    first, second = view["supervisions"]
    assert first["due_at"].startswith("2026-11-26T17:30") and first["by"] == DISPATCHER.id
    assert "2个工作日" in second["due_reason"] and second["org"] == "grid"
    assert await case.refused(WATER, "answer_supervision", text="x") == "out_of_scope"
    view = await case.act(GRID, "answer_supervision", text="今晚换")
    assert all(s["answers"][0]["text"] == "今晚换" for s in view["supervisions"])


async def test_a_unit_reports_upwards_what_it_cannot_do_alone(tickets: TicketService) -> None:
    case = await filed(tickets)
    due = (await case.seen())["due_at"]
    await filed(tickets)
    await case.act(GRID, "sign")
    view = await case.act(GRID, "escalate", text="产权不清，请街道协调")
    assert "escalated" in view["flags"] and view["due_at"] == due
    found = await tickets.list(DISPATCHER, flag="escalated")
    assert [t["ticket_no"] for t in found["tickets"]] == [case.number]


async def test_three_rounds_are_a_problem_ticket_with_its_reason(tickets: TicketService) -> None:
    case = await filed(tickets)
    await case.resolved()
    for _ in range(2):
        await tickets.resident_act(case.number, "reject", {"text": "没好"}, WHO)
        await case.act(GRID, "resolve", **DONE)
    assert (await case.seen())["supervisions"] == []
    await tickets.resident_act(case.number, "reject", {"text": "还没好"}, WHO)
    view = await case.seen()
    assert "重办3次" in view["supervisions"][-1]["text"] and "problem" in view["flags"]
    found = await tickets.list(DISPATCHER, flag="problem")
    assert [t["ticket_no"] for t in found["tickets"]] == [case.number]


# ── 9 剔除、冻结、保密 ──────────────────────────────────────────────────────────────────────────


async def test_only_an_auditor_outside_the_unit_excludes_and_only_before_scoring(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets)
    reason = {"reason": "force_majeure", "basis": "暴雪红色预警公告"}
    assert await case.refused(SUPERVISOR, "exclude", **reason) == "role_not_allowed"
    inside = replace(AUDITOR, id="auditor2", org_id="grid")
    assert await case.refused(inside, "exclude", **reason) == "own_unit"
    await case.act(AUDITOR, "exclude", **reason)
    assert await case.refused(AUDITOR, "exclude", **reason) == "excluded_already"
    view = await case.act(AUDITOR, "include", reason="公告撤销")
    assert view["exclusion"] is None
    clock.go(NOW.replace(year=2027, month=1, day=20))  # due on 1 December: scored early in January
    assert await case.refused(AUDITOR, "exclude", **reason) == "period_closed"


async def test_a_legal_hold_is_set_and_lifted_with_a_reason(tickets: TicketService) -> None:
    case = await filed(tickets)
    assert await case.refused(AUDITOR, "hold") == "invalid_fields"
    view = await case.act(AUDITOR, "hold", reason="法院调取")
    assert view["hold"]["reason"] == "法院调取" and "held" in view["flags"]
    assert await case.refused(AUDITOR, "hold", reason="再来") == "held_already"
    view = await case.act(AUDITOR, "release", reason="案件已结")
    assert view["hold"] is None


async def test_intake_sets_the_level_of_secrecy_and_cannot_take_the_residents_back(
    tickets: TicketService,
) -> None:
    mine = await filed(tickets)
    view = await mine.act(CLERK, "protect", level="confidential", reason="怕被认出来")
    assert view["confidential"] and view["protection"]["by"] == CLERK.id
    view = await mine.act(CLERK, "protect", level="normal", reason="居民说不用了")
    assert not view["confidential"]
    asked = await filed(tickets, confidential=True)
    lower = {"level": "normal", "reason": "方便办"}
    assert await asked.refused(CLERK, "protect", **lower) == "stays_confidential"
    view = await asked.act(CLERK, "protect", level="restricted", reason="涉及家事")
    assert view["confidential"] and view["restricted"]
    assert await asked.refused(CLERK, "protect", **lower) == "stays_confidential"


# ── 10 重开、抽查 ───────────────────────────────────────────────────────────────────────────────


async def test_broken_again_keeps_the_number_and_shows_the_round(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets)
    await case.resolved()
    assert (await case.mine())["display_no"] == case.number
    await tickets.callback_answer(case.number, WHO, {"stage": "solved", "solved": True})
    clock.advance(days=29)
    await tickets.resident_act(case.number, "reject", {"text": "又坏了"}, WHO)
    mine = await case.mine()
    assert (mine["state"], mine["display_no"]) == ("REWORK", f"{case.number}-R2")
    # People type what they see.
    assert (await tickets.resident_get(mine["display_no"], WHO))["ticket_no"] == case.number


async def test_an_audit_finds_a_resolution_genuine_or_false(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets)
    await case.resolved()
    await tickets.callback_answer(case.number, WHO, {"stage": "solved", "solved": True})
    view = await case.act(AUDITOR, "audit", finding="genuine", text="电话核实")
    assert view["state"] == "CLOSED" and "false_resolution" not in view["flags"]
    clock.advance(days=90)
    view = await case.act(AUDITOR, "audit", finding="false", text="现场灯不亮，照片是别处的")
    assert view["state"] == "REWORK" and "虚假办结" in view["rework_reason"]
    assert [a["finding"] for a in view["audits"]] == ["genuine", "false"]
    assert view["audits"][-1]["resolved_by"] == "grid1" and at(view, "due_at") > clock.now()
    assert await case.refused(SUPERVISOR, "audit", finding="false", text="x") == "role_not_allowed"


# ── 11 办结 ─────────────────────────────────────────────────────────────────────────────────────


async def test_where_the_rules_say_so_the_resident_is_contacted_before_it_is_called_done(
    tickets: TicketService,
) -> None:
    assert not tickets.rules.contact_first
    tickets.rules = replace(tickets.rules, contact_first=True)
    case = await filed(tickets)
    await case.act(GRID, "sign")
    assert await case.refused(GRID, "resolve", **DONE) == "contact_first"
    await case.act(GRID, "contact", **REACHED)
    elsewhere = {"outcome": "redirected", "reply": "要走仲裁", "explanation": "劳动争议",
                 "evidence_note": "无现场"}  # fmt: skip
    assert await case.refused(GRID, "resolve", **elsewhere) == "redirect_missing"
    view = await case.act(GRID, "resolve", **elsewhere, redirect="县劳动人事争议仲裁院，二楼")
    assert view["state"] == "RESOLVED"
    assert (await case.mine())["redirect"] == "县劳动人事争议仲裁院，二楼"


async def test_a_vendor_and_a_confidential_reporter_need_no_call(tickets: TicketService) -> None:
    tickets.rules = replace(tickets.rules, contact_first=True)
    case = await filed(tickets, confidential=True)
    await case.act(GRID, "sign")
    assert (await case.act(GRID, "resolve", **DONE))["state"] == "RESOLVED"
