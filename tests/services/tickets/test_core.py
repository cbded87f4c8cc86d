"""Calendar, limits, deadlines, numbers, directory and data files."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.clock import ZONE
from services.tickets.core import clocks, dispatch, sla
from services.tickets.core.calendar import WorkCalendar, load_calendar
from services.tickets.core.kinds import Kind, Priority
from services.tickets.core.leaves import load_urgency
from services.tickets.core.limits import Limit
from services.tickets.core.location import Location
from services.tickets.core.numbers import (
    BadTicketNumber,
    damm,
    parse_ticket_number,
    spoken,
    ticket_number,
)
from tests.services.tickets.world import CONTEXT, DATA, PLACE, T0, UNITS

CALENDAR = CONTEXT.calendar


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("start", "limit", "due"),
    [
        ("2026-11-24T10:00", "5wd", "2026-12-01T10:00"),  # a plain week
        ("2026-11-28T10:00", "5wd", "2026-12-04T17:30"),  # Saturday rolls to Monday 08:30
        ("2026-11-24T20:00", "2wh", "2026-11-25T10:30"),  # evening rolls to the morning
        ("2026-11-24T06:00", "2wh", "2026-11-24T10:30"),
        ("2026-11-24T16:30", "2wh", "2026-11-25T09:30"),
        ("2026-09-29T10:00", "5wd", "2026-10-12T10:00"),  # Oct 1–7 off, Oct 10 made up
        ("2026-02-13T17:00", "1wd", "2026-02-14T17:00"),  # Feb 14 is a worked Saturday
        ("2026-02-14T17:00", "1wd", "2026-02-24T17:00"),  # then nine days of Spring Festival
        ("2025-09-26T09:00", "2wd", "2025-09-29T09:00"),  # Sunday Sep 28 is worked
        ("2026-11-28T23:50", "15m", "2026-11-29T00:05"),  # natural time knows no weekend
        ("2026-09-30T10:00", "24h", "2026-10-01T10:00"),
    ],
)
def test_limits_on_the_calendar(start: str, limit: str, due: str) -> None:
    assert Limit.parse(limit).after(at(start), CALENDAR) == at(due)


def test_the_reason_of_a_deadline_names_holidays_and_makeup_days() -> None:
    found = clocks.deadline("普通事项", at("2025-09-29T10:00"), Limit.parse("5wd"), CALENDAR)
    assert found.at == at("2025-10-14T10:00") - timedelta(days=1)
    assert found.reason == "普通事项，5个工作日；10月1日至8日放假不计；10月11日补班照算"


def test_a_missing_year_counts_weekdays_and_says_so() -> None:
    found = clocks.deadline("普通事项", at("2031-10-01T10:00"), Limit.parse("5wd"), CALENDAR)
    # Wednesday to Friday are off by law, the rest of the week that a notice adds is not known.
    assert found.at == at("2031-10-10T17:30")
    assert "2031年放假安排尚未录入" in found.reason
    empty = load_calendar(Path("/nonexistent"))
    assert empty.is_workday(date(2026, 10, 5)) and not empty.is_workday(date(2026, 10, 3))


def test_a_later_notice_changes_days_of_an_earlier_year(tmp_path: Path) -> None:
    for year in (2026, 2027):
        body = {"year": year, "source": "t", "holidays": [], "workdays": []}
        if year == 2027:
            run = {"name": "元旦", "from": date(2026, 12, 31), "to": date(2027, 1, 2)}
            body |= {"holidays": [run], "workdays": [{"date": date(2026, 12, 27), "for": "元旦"}]}
        (tmp_path / f"{year}.yml").write_text(yaml.safe_dump(body), encoding="utf-8")
    found = load_calendar(tmp_path)
    assert not found.is_workday(date(2026, 12, 31)) and found.is_workday(date(2026, 12, 27))


def test_a_broken_calendar_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "2026.yml").write_text("year: 2026\nholidays: 5\n")
    with pytest.raises(ValueError, match=r"2026\.yml"):
        load_calendar(tmp_path)


moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 6, 1)).map(
    lambda d: d.replace(tzinfo=ZONE, second=0, microsecond=0)
)


@given(moments, st.integers(1, 9 * 60 * 20))
def test_adding_and_measuring_working_time_agree(start: datetime, minutes: int) -> None:
    end = CALENDAR.add_working(start, minutes)
    assert CALENDAR.is_workday(end.date())
    assert CALENDAR.working_minutes(start, end) == minutes


@given(moments, moments, st.integers(1, 5000))
def test_more_time_or_a_later_start_is_never_due_earlier(
    a: datetime, b: datetime, minutes: int
) -> None:
    first, second = sorted((a, b))
    assert CALENDAR.add_working(first, minutes) <= CALENDAR.add_working(second, minutes)
    assert CALENDAR.add_working(first, minutes) < CALENDAR.add_working(first, minutes + 1)


def test_a_pause_moves_a_working_deadline_by_its_working_time_only() -> None:
    due = clocks.Deadline(at("2026-12-01T10:00"), "普通事项，5个工作日")
    weekend = [{"from": at("2026-11-27T17:30").isoformat(),
                "to": at("2026-11-30T09:30").isoformat(), "why": "挂账"}]  # fmt: skip
    moved = clocks.with_pauses(due, weekend, True, CALENDAR)
    assert moved.at == at("2026-12-01T11:00")
    assert "挂账期间（11月27日17:30至11月30日09:30）不计" in moved.reason
    natural = clocks.with_pauses(due, weekend, False, CALENDAR)
    assert natural.at - due.at == timedelta(days=2, hours=16)


def test_appointments_are_due_when_they_take_place() -> None:
    ua = CONTEXT.profile.class_for(Kind.BOOKING, Priority.U3)
    assert ua.id == "UA"
    for appointment, due in (
        ({"date": "2026-11-26", "meal": "lunch"}, "2026-11-26T12:30"),
        ({"date": "2026-11-26", "time": "15:00"}, "2026-11-26T15:00"),
        ({"date": "2026-11-26", "time": "2026-11-26T15:00:00+08:00"}, "2026-11-26T15:00"),
        ({"date": "2026-11-26", "part": "am"}, "2026-11-26T17:30"),
    ):
        found = clocks.finish_deadline(
            ua, None, at("2026-11-24T10:00"), appointment, CONTEXT.profile, CALENDAR
        )
        assert found is not None and found.at == at(due), appointment
    past = clocks.finish_deadline(
        ua, None, at("2026-11-24T10:00"), {"date": "2020-01-01"}, CONTEXT.profile, CALENDAR
    )
    assert past is not None and past.at == at("2026-12-01T10:00")


def test_a_statutory_limit_replaces_the_class_limit() -> None:
    legal_aid = CONTEXT.leaves["J2"]
    cls = CONTEXT.profile.class_for(legal_aid.kind, Priority.U3)
    found = clocks.finish_deadline(
        cls, legal_aid, at("2026-11-24T10:00"), None, CONTEXT.profile, CALENDAR
    )
    assert found is not None and found.at == at("2026-12-01T10:00")
    assert "法律援助法" in found.reason


def test_rework_is_half_the_time_but_never_below_the_least() -> None:
    u3 = CONTEXT.profile.classes["U3"]
    found = clocks.rework_deadline(u3, None, at("2026-11-24T08:30"), 1, CONTEXT.profile, CALENDAR)
    assert found.at == at("2026-11-26T13:00")
    assert found.reason == "第1轮重办，按原时限的一半，2.5个工作日"
    u3c = CONTEXT.profile.classes["U3c"]
    found = clocks.rework_deadline(u3c, None, at("2026-11-24T10:00"), 2, CONTEXT.profile, CALENDAR)
    assert found.at == at("2026-11-25T10:00") and "最短时限" in found.reason


@pytest.mark.parametrize("name", sorted(p.stem for p in (DATA / "sla").glob("*.yml")
                                        if p.stem not in ("leaves", "priorities")))  # fmt: skip
def test_every_profile_loads_and_names_its_source(name: str) -> None:
    profile = sla.load_profile(DATA / "sla", name)
    assert profile.source and set(profile.classes) >= {"U0", "U1", "U2", "U3", "U3c", "U4", "UA"}


def test_sichuan_counts_by_kind() -> None:
    profile = sla.load_profile(DATA / "sla", "sichuan")
    days = {
        kind: profile.class_for(kind, Priority.U3).finish
        for kind in (Kind.CONSULT, Kind.HELP, Kind.COMPLAINT)
    }
    assert {k: v.text for k, v in days.items() if v} == {
        Kind.CONSULT: "3个工作日", Kind.HELP: "7个工作日", Kind.COMPLAINT: "15个工作日"
    }  # fmt: skip


def test_a_bad_limit_is_an_error_that_shows_the_way() -> None:
    with pytest.raises(ValueError, match="5wd"):
        Limit.parse("five days")


@pytest.mark.parametrize(
    ("leaf", "said", "priority"),
    [
        ("I4", "路口井盖没了", "U1"), ("I4", "井盖有点响", "U2"), ("H1", "没水了", "U2"),
        ("H6", "楼道灯不亮", "U3"), ("H8", "外墙瓷砖要掉", "U1"), ("H8", "屋顶漏雨", "U3"),
        ("H3", "厨房有煤气味", "U0"), ("H3", "停气了", "U2"), ("G3", "想装电梯", "U4"),
        (None, "老人走丢了", "U1"), (None, "问个事", "U3"),
    ],
)  # fmt: skip
def test_urgency_by_leaf_and_words(leaf: str | None, said: str, priority: str) -> None:
    found, reason = CONTEXT.urgency.of(leaf, said)
    assert found.value == priority and reason


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────

NUMBER = ticket_number(date(2026, 11, 22), 427)


def test_the_form_of_a_number() -> None:
    assert NUMBER.startswith("SQ-261122-00427-") and len(NUMBER) == 17
    assert spoken(NUMBER).startswith("26 11 22 / 00427 / ")


@pytest.mark.parametrize(
    "text",
    [
        NUMBER, NUMBER.lower(), NUMBER.replace("-", ""), NUMBER.replace("-", " "),
        NUMBER[3:], f"工单号 {NUMBER}", "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in NUMBER),
        "二六幺幺二二 零零四二七 " + "零一二三四五六七八九"[int(NUMBER[-1])],
    ],
)  # fmt: skip
def test_numbers_as_people_type_and_say_them(text: str) -> None:
    assert parse_ticket_number(text) == NUMBER


@given(st.dates(date(2020, 1, 1), date(2099, 12, 31)), st.integers(1, 99_999))
def test_one_wrong_digit_or_two_swapped_are_always_noticed(day: date, sequence: int) -> None:
    digits = ticket_number(day, sequence)[3:].replace("-", "")
    assert damm(digits) == "0"
    for i, d in itertools.product(range(12), "0123456789"):
        if digits[i] != d:
            assert damm(digits[:i] + d + digits[i + 1 :]) != "0"
    for i in range(11):
        if digits[i] != digits[i + 1]:
            swapped = digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :]
            assert damm(swapped) != "0"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("你好", "12位数字"), ("26112200427", "11位"), ("", "12位"),
        (NUMBER[:-1] + str((int(NUMBER[-1]) + 1) % 10), "听错"),
    ],
)  # fmt: skip
def test_a_bad_number_is_explained(text: str, says: str) -> None:
    with pytest.raises(BadTicketNumber, match=says):
        parse_ticket_number(text)


def test_an_impossible_date_is_refused() -> None:
    digits = "26134500427"
    with pytest.raises(BadTicketNumber, match="日期"):
        parse_ticket_number(digits + damm(digits))


# ── directory ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("locality", sorted(p.parent.name for p in
                                            (DATA / "localities").glob("*/dispatch.yml")))  # fmt: skip
def test_the_directory_of_every_locality_covers_every_leaf_with_units_that_exist(
    locality: str,
) -> None:
    folder = DATA / "localities" / locality
    directory = dispatch.load_directory(folder / "dispatch.yml")
    assert directory.leaves() == set(CONTEXT.leaves)
    orgs = yaml.safe_load((folder / "orgs.yml").read_text(encoding="utf-8"))["orgs"]
    assert directory.orgs() <= {o["id"] for o in orgs}
    for leaf in CONTEXT.leaves:
        route = directory.route(leaf, PLACE, None, T0.date())
        assert route.known and route.basis
        assert not directory.over_assigned(leaf, UNITS[route.lead].kind, route.duty)


@pytest.mark.parametrize(
    ("leaf", "lead"),
    [("H6", "grid"), ("H1", "water"), ("H4", "heating"), ("I2", "grid"), ("C1", "meal"),
     ("A4", "community"), ("I8", "urban")],
)  # fmt: skip
def test_routes_of_the_demo(leaf: str, lead: str) -> None:
    assert CONTEXT.directory.route(leaf, PLACE, None, T0.date()).lead == lead


def test_noise_tells_who_has_the_power() -> None:
    assert "公安" in (CONTEXT.directory.route("I2", PLACE, None, T0.date()).power or "")


def test_a_line_for_one_place_comes_before_the_general_one() -> None:
    directory = dispatch.load_directory(DATA / "localities" / "rongxi" / "dispatch.yml")
    assert (
        directory.route("H9", Location(community_id="rongxi-c2"), None, T0.date()).lead
        == "community"
    )
    assert (
        directory.route("H9", Location(community_id="rongxi-c1"), None, T0.date()).lead
        == "property"
    )


def test_an_unknown_matter_falls_back_to_a_person() -> None:
    route = CONTEXT.directory.route(None, Location(), None, T0.date())
    assert route.lead == "street" and not route.known


def test_a_directory_that_overloads_the_community_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dispatch.yml"
    path.write_text(
        "community_list: {basis: 清单, leaves: [H6]}\n"
        "recusal: {basis: 回避, units: {}}\n"
        "routes: [{leaves: [I8], lead: grid, basis: x}]\n"
        "fallback: {lead: street, basis: y}\n",
        encoding="utf-8",
    )
    with pytest.raises(ValueError, match="I8"):
        dispatch.load_directory(path)


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
@pytest.mark.parametrize(
    ("about", "lead", "recused"),
    [
        ("window", "discipline", {"community", "grid"}),
        ("grid", "discipline", {"community", "grid"}),
        ("property", "housing", {"property"}),
        ("other", "discipline", set()),
        ("bot", "community", set()),
        (None, "community", set()),
    ],
)
def test_who_is_complained_of_does_not_get_the_complaint(
    locality: str, about: str | None, lead: str, recused: set[str]
) -> None:
    directory = dispatch.load_directory(DATA / "localities" / locality / "dispatch.yml")
    route = directory.route("M11", Location(), about, T0.date())
    assert route.lead == lead
    assert directory.recused(about) == recused
    assert not recused & {route.lead, *route.assists}


def test_a_directory_that_hands_a_complaint_to_who_is_complained_of_is_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "dispatch.yml"
    path.write_text(
        "community_list: {basis: 清单, leaves: [M11]}\n"
        "recusal: {basis: 回避, units: {window: [community]}}\n"
        "routes: [{leaves: [M11], about: [window], lead: community, basis: x}]\n"
        "fallback: {lead: street, basis: y}\n",
        encoding="utf-8",
    )
    with pytest.raises(ValueError, match="window"):
        dispatch.load_directory(path)


def test_a_reason_cut_by_a_comma_is_an_error_not_a_short_reason(tmp_path: Path) -> None:
    directory = tmp_path / "dispatch.yml"
    directory.write_text(
        "community_list: {basis: 清单, leaves: []}\n"
        "recusal: {basis: 回避, units: {}}\n"
        "routes: [{leaves: [I8], lead: urban, basis: 甲,乙}]\n"
        "fallback: {lead: street, basis: y}\n",
        encoding="utf-8",
    )
    with pytest.raises(ValueError, match=r"dispatch.yml.*乙"):
        dispatch.load_directory(directory)
    urgency = tmp_path / "priorities.yml"
    urgency.write_text("priorities: [{priority: U1, reason: 甲,乙}]\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"priorities.yml.*乙"):
        load_urgency(urgency)


def test_kinds_read_codes_and_chinese_names() -> None:
    assert Kind.parse("repair") is Kind.parse("报修") is Kind.parse("报修(季节)") is Kind.REPAIR
    with pytest.raises(ValueError, match="闲聊"):
        Kind.parse("闲聊")


def test_a_plain_calendar_needs_no_file() -> None:
    assert WorkCalendar().add_working(at("2026-11-27T17:00"), 60) == at("2026-11-30T09:00")
