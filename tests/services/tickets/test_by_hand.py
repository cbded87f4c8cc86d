"""Every deadline of every profile, as somebody with a pencil and the notice of holidays gets it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.clock import ZONE
from services.tickets import profiles
from services.tickets.core import moving
from services.tickets.core.clocks import extension_limit, rework_deadline
from services.tickets.core.context import Context, Refusal
from services.tickets.core.sla import load_profile
from services.tickets.core.ticket import Ticket
from tests.services.tickets.world import CONTEXT, DATA, do, must, submitted

SLA = DATA / "sla"
CASES: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("deadlines.yml").read_text(encoding="utf-8")
)
MINUTE = timedelta(minutes=1)


def at(value: str | datetime | None) -> datetime | None:
    if value is None:
        return None
    return datetime.fromisoformat(str(value)).replace(tzinfo=ZONE)


def dispatched(case: dict[str, Any]) -> tuple[Ticket, Context]:
    """The ticket of a case, filed, accepted and dispatched at one moment, with its profile."""
    context = replace(CONTEXT, profile=load_profile(SLA, case["profile"]))
    filed = at(case["filed"])
    assert filed is not None
    appointment = case.get("appointment")
    if appointment:
        appointment = {**appointment, "date": str(appointment["date"])}
    t, _ = submitted(
        case["leaf"], case.get("said", "麻烦看看"), filed, appointment=appointment, context=context
    )
    assert t.accept_due_at == at(case["accept"])
    t = must(t, "accept", "clerk", filed, None, context)
    assert t.dispatch_due_at == at(case["accept"]), "accepting and dispatching share one limit"
    return must(t, "dispatch", "dispatcher", filed, {"org": "water"}, context), context


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['profile']}-{c['leaf']}-{c['filed']}")
def test_a_deadline_is_what_the_hand_gets(case: dict[str, Any]) -> None:
    t, context = dispatched(case)
    assert (t.sign_due_at, t.contact_due_at, t.due_at) == (
        at(case["sign"]), at(case["contact"]), at(case["due"]),
    ), case["why"]  # fmt: skip
    for name in ("sign", "contact"):
        assert (case[name] is None) == (getattr(t, f"{name}_due_reason") is None)
    assert t.due_reason and case["why"]

    filed, last = at(case["filed"]), at(case["objects"])
    assert filed is not None and last is not None
    objected = must(t, "object", "handler", filed + 10 * MINUTE, None, context)
    assert objected.decide_due_at == at(case["decide"])
    must(t, "object", "handler", last, None, context)
    late = do(t, "object", "handler", last + MINUTE, None, context)
    assert isinstance(late, Refusal) and late.code == "objection_too_late"

    cls = context.sla(t)
    limit = extension_limit(cls, context.leaf(t), context.profile)
    assert limit is not None
    t = must(t, "sign", "handler", filed, None, context)
    most = {"days": int(limit.amount), "reason": "等配件"}
    longer = must(t, "extend", "supervisor", filed + MINUTE, most, context)
    assert longer.due_at == at(case["extended"])
    beyond = do(
        t, "extend", "supervisor", filed + MINUTE, {**most, "days": most["days"] + 1}, context
    )
    assert isinstance(beyond, Refusal) and beyond.code == "extension_length"

    back = at(case["rework"]["at"])
    assert back is not None
    again = rework_deadline(cls, context.leaf(t), back, 1, context.profile, context.calendar)
    assert again.at == at(case["rework"]["due"])


@pytest.mark.parametrize(
    ("filed", "days", "worked_before", "before", "after"),
    [
        # Signed within a working day: 25 November 10:00. With that day off it would be the 26th
        # 10:00; the last working day before Thursday's lunch is then the 24th.
        ("2026-11-24T10:00", "2026-11-26", True, "2026-11-25T10:00", "2026-11-24T17:30"),
        # The last moment of Thursday's lunch was the 24th 17:30; a working 25th makes it no later.
        ("2026-11-24T16:50", "2026-11-26", False, "2026-11-24T17:30", None),
        # Saturday's lunch, ordered on Saturday: its own time does not move with working days.
        ("2026-11-28T09:00", "2026-11-28", False, "2026-11-28T12:30", None),
    ],
)
def test_a_notice_of_holidays_does_not_confirm_a_meal_after_it(
    filed: str, days: str, worked_before: bool, before: str, after: str | None
) -> None:
    profile = load_profile(SLA, "tianjin")
    plain = replace(CONTEXT, profile=profile)
    holiday = replace(CONTEXT.calendar, days={**CONTEXT.calendar.days, date(2026, 11, 25): False})
    old, new = (plain.calendar, holiday) if worked_before else (holiday, plain.calendar)
    context = replace(plain, calendar=old)
    start = at(filed)
    assert start is not None
    lunch = {"date": days, "meal": "lunch"}
    t, _ = submitted("C1", "订午饭", start, appointment=lunch, context=context)
    t = must(t, "accept", "clerk", start, None, context)
    t = must(t, "dispatch", "dispatcher", start, {"org": "meal"}, context)
    assert t.sign_due_at == at(before)
    found = moving.moves(t, start + MINUTE, replace(plain, calendar=new, former=old))
    moved = {m.key: m.after for m in found}
    assert moved.get("sign") == at(after)


def test_every_profile_and_what_it_changes_is_in_the_table() -> None:
    shown: dict[str, set[str]] = defaultdict(set)
    for case in CASES:
        t, context = dispatched(case)
        shown[case["profile"]].add(context.sla(t).id)
    assert set(shown) == set(profiles.names(SLA))
    for name in profiles.names(SLA):
        own = yaml.safe_load((SLA / f"{name}.yml").read_text(encoding="utf-8"))["classes"]
        # In danger of life (U0) nothing is due: people are called at once.
        assert set(own) - {"U0"} <= shown[name], name
