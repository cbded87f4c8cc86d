"""一次告知: what is missing is asked for within five working days of receipt, or the request counts as accepted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.clock import ZONE
from services.tickets.core import fold, timing
from services.tickets.core.actor import SYSTEM
from services.tickets.core.commands import Command
from services.tickets.core.context import Refusal
from services.tickets.core.event import Event
from services.tickets.core.limits import Limit
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.web.console import present
from tests.services.tickets.world import CONTEXT, FORMER, T0, do, must, submitted

LAW = "《行政许可法》第三十二条"
AN_HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


# Worked by hand: received, and the last moment for asking (working days of nine hours, 08:30–17:30).
# 30 September 2026 is a Wednesday before a week of holidays, 10 October a Saturday that is worked.
RECEIVED = [
    ("2026-11-24T10:00", "2026-12-01T10:00", "五个工作日，中间一个周末"),
    ("2026-11-28T20:00", "2026-12-04T17:30", "周六晚上收到，从周一上班起算，到周五下班"),
    ("2026-09-30T16:00", "2026-10-13T16:00", "国庆不算，10月10日补班算"),
    ("2026-11-27T17:30", "2026-12-04T17:30", "周五下班那一刻收到，从下周一起算"),
]


@pytest.mark.parametrize(("received", "last", "why"), RECEIVED)
def test_the_last_moment_for_asking_is_on_the_ticket_with_its_reason(
    received: str, last: str, why: str
) -> None:
    ticket, _ = submitted("H6", at=at(received))
    assert ticket.notice_due_at == at(last), why
    reason = ticket.notice_due_reason or ""
    assert reason.startswith(f"一次告知还缺什么，依据{LAW}，5个工作日")
    asked = do(ticket, "need_info", "clerk", at(last))
    assert isinstance(asked, Event) and asked.to_state is State.NEED_INFO
    late = do(ticket, "need_info", "clerk", at(last) + timedelta(seconds=1))
    assert isinstance(late, Refusal) and late.code == "notice_too_late"


@pytest.mark.parametrize("role", ["clerk", "supervisor", "dispatcher", "system"])
def test_later_nobody_asks_and_the_sentence_says_what_can_still_be_done(role: str) -> None:
    ticket, _ = submitted("H6")
    late = do(ticket, "need_info", role, at("2026-12-02T09:00"))
    assert isinstance(late, Refusal)
    for words in ("5个工作日", "12月1日10:00", "算受理", "先受理", "打电话、发消息", "时限照走"):
        assert words in late.message, words


def test_a_place_sets_its_own_limit_and_basis() -> None:
    profile = replace(CONTEXT.profile, notice=Limit(1, "d", True), notice_basis="本地办法第三条")
    context = replace(CONTEXT, profile=profile)
    ticket, _ = submitted("H6", context=context)
    assert ticket.notice_due_at == at("2026-11-25T10:00")
    assert "依据本地办法第三条，1个工作日" in (ticket.notice_due_reason or "")
    late = do(ticket, "need_info", "clerk", at("2026-11-25T10:01"), context=context)
    assert isinstance(late, Refusal) and "1个工作日" in late.message


def test_a_second_notice_is_refused_for_what_it_is_in_time_or_not() -> None:
    ticket, _ = submitted("H6")
    ticket = must(ticket, "need_info", "clerk", T0 + AN_HOUR)
    assert ticket.notice_due_at is None, "it was asked: nothing to miss"
    ticket = must(ticket, "supplement", "resident", T0 + 2 * AN_HOUR)
    assert ticket.state is State.SUBMITTED and ticket.notice_due_at is None
    for moment in (T0 + 3 * AN_HOUR, at("2026-12-20T09:00")):
        again = do(ticket, "need_info", "clerk", moment)
        assert isinstance(again, Refusal) and again.code == "already_asked"


def late_acceptance(asked: bool) -> Ticket:
    ticket, _ = submitted("H6")
    if asked:
        ticket = must(ticket, "need_info", "clerk", T0 + AN_HOUR)
        ticket = must(ticket, "supplement", "resident", T0 + 10 * AN_HOUR)
    return must(ticket, "accept", "clerk", at("2026-12-02T09:00"))


def test_accepted_late_without_a_notice_it_counts_as_of_receipt() -> None:
    ticket = late_acceptance(asked=False)
    assert ticket.accepted_at == T0 and ticket.pauses == []
    assert ticket.due_at == at("2026-12-01T10:00"), (
        "five working days from receipt, none stood still"
    )
    assert "自收到之日起算受理" in (ticket.due_reason or "")
    assert ticket.dispatch_due_at == T0 + timedelta(hours=2), (
        "one limit for accepting and dispatching"
    )
    assert ticket.notice_due_at is None


@pytest.mark.parametrize(
    ("asked", "moment"), [(True, "2026-12-02T09:00"), (False, "2026-12-01T10:00")]
)
def test_asked_or_accepted_in_time_it_is_accepted_when_it_is(asked: bool, moment: str) -> None:
    ticket, _ = submitted("H6")
    if asked:
        ticket = late_acceptance(asked=True)
    else:
        ticket = must(ticket, "accept", "clerk", at(moment))
    assert ticket.accepted_at == at(moment)
    assert "自收到之日起" not in (ticket.due_reason or "")


def test_that_it_is_over_goes_on_record_once_and_is_on_the_page() -> None:
    ticket, _ = submitted("H6")
    shown = dict(present.extras(ticket.to_doc()))
    assert shown["请居民补充"] == "要请的话一次说全，最晚 12月1日 周二 10:00"
    now = at("2026-12-01T10:01")
    stages = []
    while command := timing.next_command(ticket, now):
        if command.action != "deadline":
            made = do(ticket, command.action, "system", now, dict(command.payload))
        else:
            stages.append(command.payload["stage"])
            made = do(ticket, "deadline", "system", now, dict(command.payload))
        assert isinstance(made, Event)
        ticket = fold.apply(ticket, made)
    assert stages == ["accept", "notice"] and "notice" in ticket.missed
    assert "已经过了" in dict(present.extras(ticket.to_doc()))["请居民补充"]


def test_a_new_calendar_moves_it_with_its_sentence() -> None:
    ticket, _ = submitted("H6", context=replace(CONTEXT, calendar=FORMER))
    assert ticket.notice_due_at == at("2026-12-02T10:00"), "25 November was no working day then"
    made = do(ticket, "reschedule", "system", T0, context=replace(CONTEXT, former=FORMER))
    assert isinstance(made, Event)
    moved = fold.apply(ticket, made)
    assert moved.notice_due_at == at("2026-12-01T10:00")
    assert "放假安排更新" in (moved.notice_due_reason or "")


def test_who_waited_in_a_neighbours_ticket_has_the_time_anew() -> None:
    """Nobody could ask while it went on there."""
    merged, _ = submitted("H6")
    merged = replace(
        merged, state=State.MERGED, merged_into="SQ-261124-00002-0", notice_due_at=None
    )
    gone = replace(merged, ticket_no="SQ-261124-00002-0", state=State.WITHDRAWN)
    later = at("2026-12-10T09:00")
    alone = must(merged, "part", "system", later, context=replace(CONTEXT, parent=gone))
    assert alone.notice_due_at == at("2026-12-17T09:00")
    assert isinstance(do(alone, "need_info", "clerk", later + AN_HOUR), Event)


OLD: list[tuple[str, dict[str, Any], str | None]] = [
    ("in time", {}, None),
    ("too late", {"created_at": T0 - timedelta(days=30)}, "notice_too_late"),
]


@pytest.mark.parametrize(("name", "facts", "code"), OLD, ids=[o[0] for o in OLD])
def test_a_ticket_from_before_the_rule_is_counted_from_its_receipt(
    name: str, facts: dict[str, Any], code: str | None
) -> None:
    old = replace(submitted("H6")[0], notice_due_at=None, notice_due_reason=None, **facts)
    made = do(old, "need_info", "clerk", T0 + AN_HOUR)
    assert (made.code if isinstance(made, Refusal) else None) == code


def test_the_dialogue_asks_as_it_files() -> None:
    ticket, _ = submitted("H6")
    asked = Command("need_info", SYSTEM, T0, {"items": ["哪一层"]})
    assert isinstance(do(ticket, "need_info", "system", T0, asked.payload), Event)
