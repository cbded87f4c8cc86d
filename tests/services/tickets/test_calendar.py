"""The working calendar against the State Council's notices, day by day, and its arithmetic."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import chinese_calendar
import pytest
from chinese_calendar import constants
from hypothesis import given, settings
from hypothesis import strategies as st

from services.clock import ZONE
from services.tickets.core.calendar import (
    CLOSES,
    OPENS,
    WorkCalendar,
    Year,
    calendar_of,
    load_calendar,
    load_years,
)
from services.tickets.core.notices import coverage, differences, merged, oddities, read_notice
from tests.services.tickets.world import DATA

CALENDAR = load_calendar(DATA / "calendar")
DAY = timedelta(days=1)

# 国办发明电〔2023〕7号、〔2024〕12号、〔2025〕7号, every day as the notices name it: off, and worked instead.
OFF: dict[int, dict[int, str]] = {
    2024: {1: "1", 2: "10 11 12 13 14 15 16 17", 4: "4 5 6", 5: "1 2 3 4 5", 6: "10",
           9: "15 16 17", 10: "1 2 3 4 5 6 7"},
    2025: {1: "1 28 29 30 31", 2: "1 2 3 4", 4: "4 5 6", 5: "1 2 3 4 5 31", 6: "1 2",
           10: "1 2 3 4 5 6 7 8"},
    2026: {1: "1 2 3", 2: "15 16 17 18 19 20 21 22 23", 4: "4 5 6", 5: "1 2 3 4 5",
           6: "19 20 21", 9: "25 26 27", 10: "1 2 3 4 5 6 7"},
}  # fmt: skip
WORKED: dict[int, dict[int, str]] = {
    2024: {2: "4 18", 4: "7 28", 5: "11", 9: "14 29", 10: "12"},
    2025: {1: "26", 2: "8", 4: "27", 9: "28", 10: "11"},
    2026: {1: "4", 2: "14 28", 5: "9", 9: "20", 10: "10"},
}
# Days worked in each month, counted on a printed calendar.
COUNTED = {
    2024: [22, 18, 21, 22, 21, 19, 23, 22, 21, 19, 21, 22],
    2025: [19, 19, 21, 22, 19, 20, 23, 21, 23, 18, 20, 23],
    2026: [21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23],
}


def named(table: dict[int, dict[int, str]], year: int) -> set[date]:
    return {date(year, m, int(d)) for m, days in table[year].items() for d in days.split()}


@pytest.mark.parametrize("year", sorted(OFF))
def test_every_day_is_as_the_notice_says(year: int) -> None:
    off, worked = named(OFF, year), named(WORKED, year)
    day, counted = date(year, 1, 1), [0] * 12
    while day.year == year:
        expected = day in worked or (day.weekday() < 5 and day not in off)
        assert CALENDAR.is_workday(day) is expected, day
        counted[day.month - 1] += expected
        day += DAY
    assert counted == COUNTED[year]
    assert all(day.weekday() >= 5 for day in worked)


@pytest.mark.parametrize("year", sorted(OFF))
def test_every_day_is_as_a_maintained_table_has_it(year: int) -> None:
    """The package chinesecalendar, kept by others from the same notices, day by day."""
    length = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    days = [date(year, 1, 1) + n * DAY for n in range(length)]
    theirs = [chinese_calendar.is_workday(day) for day in days]
    assert [CALENDAR.is_workday(day) for day in days] == theirs


def maintained(year: int) -> str:
    """The days of a year in that table, as the day list that a notice can be brought in as."""
    days = [
        {"name": name, "date": day.isoformat(), "isOffDay": off}
        for table, off in ((constants.holidays, True), (constants.workdays, False))
        for day, name in table.items()
        if day.year == year
    ]
    return json.dumps({"year": year, "papers": ["通知"], "days": days})


@pytest.mark.parametrize("year", sorted(OFF))
def test_a_maintained_table_can_be_brought_in_and_changes_nothing(year: int) -> None:
    """As ``linda calendar import`` reads it."""
    read = read_notice(maintained(year))
    own = next(notice for notice in load_years(DATA / "calendar") if notice.year == year)
    assert read.workdays and {d for d, _ in read.workdays} == {d for d, _ in own.workdays}
    assert differences(CALENDAR, calendar_of(merged(load_years(DATA / "calendar"), read))) == []


def test_the_turn_of_the_year_takes_both_notices() -> None:
    """A notice for 2027 that works Sunday 27 December 2026 and gives 31 December off."""
    new_year = {"name": "元旦", "from": "2026-12-31", "to": "2027-01-03"}
    notice = Year.from_doc({
        "year": 2027, "source": "通知", "holidays": [new_year],
        "workdays": [{"date": "2026-12-27", "for": "元旦"}],
    })  # fmt: skip
    both = calendar_of(merged(load_years(DATA / "calendar"), notice))
    # New Year's Day was off without it.
    assert differences(CALENDAR, both) == [(date(2026, 12, 27), True), (date(2026, 12, 31), False)]
    start = datetime(2026, 12, 25, 10, 0, tzinfo=ZONE)
    assert both.add_working(start, 4 * 540) == datetime(2026, 12, 30, 10, 0, tzinfo=ZONE)
    assert both.add_working(start, 5 * 540) == datetime(2027, 1, 4, 10, 0, tzinfo=ZONE)
    # The older years stay as they were.
    assert both.is_workday(date(2026, 10, 10)) and not both.is_workday(date(2026, 10, 1))


def test_a_year_without_a_notice_is_weeks_and_the_law_and_is_said() -> None:
    assert coverage(CALENDAR, date(2026, 10, 31)) == []
    (missing,) = coverage(CALENDAR, date(2026, 11, 26))
    assert "2027年放假安排尚未录入" in missing
    start = datetime(2026, 12, 31, 10, 0, tzinfo=ZONE)
    due = CALENDAR.add_working(start, 5 * 540)
    assert due == datetime(2027, 1, 8, 10, 0, tzinfo=ZONE)
    assert "1月1日放假不计" in CALENDAR.explain(start, due)
    assert "2027年放假安排尚未录入，按周一至周五、除去固定的法定假日计算" in CALENDAR.explain(
        start, due
    )


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        # New Year's Day 2027 is a Friday: Thursday, then Monday to Thursday.
        ("2026-12-30T16:00", 5, "2027-01-07T16:00"),
        ("2026-12-31T10:00", 1, "2027-01-04T10:00"),
        # Saturday and Sunday, 1 and 2 May: the days after them are moved by a notice alone.
        ("2027-04-30T10:00", 1, "2027-05-03T10:00"),
        # Friday to Sunday, 1 to 3 October.
        ("2027-09-30T10:00", 1, "2027-10-04T10:00"),
    ],
)
def test_holidays_that_the_law_fixes_need_no_notice(start: str, days: int, due: str) -> None:
    moment = datetime.fromisoformat(start).replace(tzinfo=ZONE)
    found = CALENDAR.add_working(moment, days * 540)
    assert found == datetime.fromisoformat(due).replace(tzinfo=ZONE)


def test_a_notice_may_have_a_fixed_holiday_worked() -> None:
    """What a notice says of a day counts, whatever it is."""
    data = {"year": 2027, "source": "通知", "holidays": [], "workdays": [{"date": "2027-01-01"}]}
    assert calendar_of([Year.from_doc(data)]).is_workday(date(2027, 1, 1))


# ── reading a notice ────────────────────────────────────────────────────────────────────────────

DAYS: list[dict[str, Any]] = [
    {"name": "元旦", "date": f"2027-01-0{d}", "isOffDay": True} for d in (1, 2, 3)
] + [{"name": "元旦", "date": "2026-12-27", "isOffDay": False}]
YAML = """
year: 2027
source: 通知
holidays: [{name: 元旦, from: 2027-01-01, to: 2027-01-03}]
workdays: [{date: 2026-12-27, for: 元旦}]
"""
CSV = "日期,名称,放假\n2027/01/01,元旦,是\n2027-01-02,元旦,是\n2027-01-03,元旦,是\n\n2026-12-27,元旦,否\n"


@pytest.mark.parametrize(
    "text", [YAML, CSV, json.dumps({"year": 2027, "papers": ["通知"], "days": DAYS})]
)
def test_a_notice_is_read_in_each_of_its_three_forms(text: str) -> None:
    assert read_notice(text, "通知") == read_notice(YAML)
    assert Year.from_doc(json.loads(json.dumps(read_notice(text, "通知").to_doc()))) == read_notice(
        YAML
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "空的"),
        ("[1, 2", "读不懂"),
        ("- 1", "读不懂"),
        ("year: 2027", "看不出"),
        (YAML.replace("2026-12-27", "2027-01-02"), "既放假又上班"),
        (YAML.replace("to: 2027-01-03", "to: 2026-12-31"), "写反了"),
        (YAML.replace("2026-12-27", "2019-12-27"), "不在2027年前后"),
        (YAML.replace("source: 通知", "source: ''"), "依据哪份通知"),
        (YAML.replace("year: 2027", "year: 20270"), "年份不对"),
        ("日期,名称\n2027-01-01,元旦", "表头"),
        (CSV.replace("是", "也许"), "第2行"),
        (CSV.replace("2027/01/01", "2027-13-01"), "第2行"),
        (json.dumps({"year": 2027, "papers": ["x"], "days": [*DAYS, DAYS[0]]}), "两遍"),
        (json.dumps({"year": 2027, "papers": ["x"], "days": [{"date": "2027-01-01"}]}), "每天要有"),
        ("x" * 300_000, "太大"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT", "ICS"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR", "看不出哪些天"),
    ],
)
def test_what_is_no_notice_is_refused_with_a_sentence(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_notice(text, "")


def published(marks: tuple[str, str], apple: bool = False) -> str:
    """All notices that are known as one calendar, an event a day, the festivals without a mark besides."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y//ZH"]

    def event(day: date, title: str, *more: str) -> None:
        lines.extend(["BEGIN:VEVENT", f"UID:{day}-{len(lines)}", f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
                      f"DTEND;VALUE=DATE:{day + DAY:%Y%m%d}", f"SUMMARY:{title}", *more, "END:VEVENT"])  # fmt: skip

    for year in load_years(DATA / "calendar"):
        for run in year.holidays:
            for n in range((run.end - run.start).days + 1):
                special = ("X-APPLE-SPECIAL-DAY:WORK-HOLIDAY",) if apple else ()
                event(run.start + n * DAY, run.name + marks[0], *special)
        for day, name in year.workdays:
            special = ("X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY",) if apple else ()
            event(day, name + marks[1], *special)
        event(date(year.year, 12, 22), "冬至")
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


@pytest.mark.parametrize(
    ("marks", "apple"), [(("（休）", "（班）"), False), (("假期", "补班"), False), (("", ""), True)]
)
def test_a_published_calendar_is_the_newest_of_its_notices(
    marks: tuple[str, str], apple: bool
) -> None:
    newest = load_years(DATA / "calendar")[-1]
    assert newest.year == 2026
    read = read_notice(published(marks, apple), "通知")
    assert read.year == 2026 and read.holidays == newest.holidays
    assert {d for d, _ in read.workdays} == {d for d, _ in newest.workdays}


def test_new_year_in_december_belongs_to_the_notice_of_the_next_year() -> None:
    text = published(("（休）", "（班）")).replace(
        "END:VCALENDAR",
        "BEGIN:VEVENT\r\nUID:a\r\nDTSTART;VALUE=DATE:20261231\r\nDTEND;VALUE=DATE:20270103\r\n"
        "SUMMARY:元旦（休）\r\nEND:VEVENT\r\nEND:VCALENDAR",
    )
    year = read_notice(text, "通知")
    assert year.year == 2026 and max(h.end for h in year.holidays) == date(2026, 10, 7)


def test_odd_notices_are_pointed_out_and_the_real_ones_are_not_odd() -> None:
    assert [oddities(year) for year in load_years(DATA / "calendar")] == [[], [], []]
    found = "；".join(oddities(read_notice(YAML.replace("2026-12-27", "2026-12-28"))))
    assert "本来就是工作日" in found and "没有春节" in found and "差得多" in found


# ── arithmetic ──────────────────────────────────────────────────────────────────────────────────

# 2023 and 2027–2028 have no notice: there weekdays count, and the days that the law itself fixes.
moments = st.datetimes(datetime(2023, 1, 1), datetime(2028, 12, 31)).map(
    lambda moment: moment.replace(tzinfo=ZONE)
)
minutes = st.integers(0, 60 * 540)
calendars = st.sampled_from([CALENDAR, WorkCalendar()])


@settings(max_examples=200)
@given(calendars, moments, minutes)
def test_what_is_added_is_what_is_measured_and_ends_in_working_time(
    calendar: WorkCalendar, start: datetime, amount: int
) -> None:
    end = calendar.add_working(start, amount)
    assert end >= start
    assert calendar.is_workday(end.date()) and OPENS <= end.time() <= CLOSES
    assert calendar.working_minutes(start, end) == pytest.approx(amount, abs=1e-6)


@given(calendars, moments, moments, minutes, minutes)
def test_later_or_longer_never_ends_earlier(
    calendar: WorkCalendar, a: datetime, b: datetime, m: int, n: int
) -> None:
    (first, second), (short, long) = sorted((a, b)), sorted((m, n))
    assert calendar.add_working(first, short) <= calendar.add_working(second, short)
    assert calendar.add_working(first, short) <= calendar.add_working(first, long)


@given(calendars, moments, minutes, minutes)
def test_a_length_in_two_parts_ends_where_the_whole_ends(
    calendar: WorkCalendar, start: datetime, m: int, n: int
) -> None:
    parts = calendar.add_working(calendar.add_working(start, m), n)
    whole = calendar.add_working(start, m + n)
    # 17:30 of a day and 08:30 of the next are the same point of working time.
    assert calendar.working_minutes(start, parts) == pytest.approx(m + n, abs=1e-6)
    assert calendar.working_minutes(parts, whole) == pytest.approx(0, abs=1e-6)


@given(calendars, moments, moments, moments)
def test_measures_add_up(calendar: WorkCalendar, a: datetime, b: datetime, c: datetime) -> None:
    first, middle, last = sorted((a, b, c))
    parts = calendar.working_minutes(first, middle) + calendar.working_minutes(middle, last)
    assert parts == pytest.approx(calendar.working_minutes(first, last), abs=1e-6)
    assert calendar.working_minutes(last, first) == 0


@given(moments, minutes)
def test_closed_time_counts_nothing(start: datetime, amount: int) -> None:
    """Starting anywhere in closed time is starting when it opens."""
    opens = CALENDAR.roll(start)
    assert CALENDAR.working_minutes(start, opens) == 0
    assert CALENDAR.add_working(start, amount) == CALENDAR.add_working(opens, amount)
