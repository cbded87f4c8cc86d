"""Reading a notice of holidays (放假安排) that somebody brings in, and what is odd about one. Pure.

Four forms are read: a file as in ``data/calendar`` (YAML), the day list of public data sets (JSON:
``{"year", "papers", "days": [{"name", "date", "isOffDay"}]}``), a table (CSV: 日期,名称,放假), and a
calendar as holidays are published for phones (ICS): a day off is marked 休 or 放假, a day worked instead
班, in its title or by Apple's ``X-APPLE-SPECIAL-DAY``.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import yaml
from icalendar import Calendar

from services.tickets.core.calendar import WorkCalendar, Year

LONGEST = 256_000
"""Characters of a notice; a year has a fortieth of that, a published calendar holds several."""
DATE = ("日期", "date")
NAME = ("名称", "节日", "name")
OFF = ("放假", "isoffday", "off")
YES = frozenset({"是", "放假", "休", "true", "1", "yes", "y"})
NO = frozenset({"否", "上班", "班", "补班", "false", "0", "no", "n"})
APPLE = {"WORK-HOLIDAY": True, "ALTERNATE-WORKDAY": False}
"""Whether a day is off, as Apple's calendar of holidays marks it."""
_WORKED, _FREE = re.compile(r"班"), re.compile(r"休|放假|假期")
_MARKS = re.compile(r"[（(【]?(?:调休上班|补班|上班|班|调休|休息|休|放假|假期)[）)】]?|第\d+天.*")
MOST_DAYS = 31
"""Days of one event; no holiday is longer."""
_ONE = timedelta(days=1)
FIRST, LAST = 2000, 2100


def read_notice(text: str, source: str = "") -> Year:
    """Return the notice that a file holds, whatever of the four forms it has.

    Args:
        source: Name and number of the notice, where the file does not say it.

    Raises:
        ValueError: A Chinese sentence: what is wrong, and in which line where that is known.
    """
    if len(text) > LONGEST:
        raise ValueError("文件太大，不像一年的放假安排。")
    text = text.lstrip("\ufeff").strip()
    if not text:
        raise ValueError("文件是空的。")
    first = text.splitlines()[0].replace("，", ",").lower()
    table = any(name in first for name in DATE) and "," in first and not text.startswith(("{", "["))
    if text.upper().startswith("BEGIN:VCALENDAR"):
        data = _from_calendar(text)
    else:
        data = _from_table(text) if table else _structured(text)
    if "days" in data:
        data = _from_days(data)
    elif "holidays" not in data or "workdays" not in data:
        raise ValueError("看不出哪些天放假：要有 holidays 和 workdays，或者 days。")
    try:
        year = Year.from_doc({**data, "source": data.get("source") or source})
    except ValueError as error:
        raise ValueError(f"放假安排有误：{error}") from error
    if not FIRST <= year.year <= LAST:
        raise ValueError(f"年份不对：{year.year}。")
    if not year.source.strip():
        raise ValueError("请写明依据哪份通知（名称和文号）。")
    if strays := [d for d in _all_days(year) if abs((d - date(year.year, 7, 1)).days) > 220]:
        raise ValueError(f"这些日子不在{year.year}年前后：{'、'.join(map(str, strays[:5]))}。")
    return year


def oddities(year: Year) -> list[str]:
    """Return what a person should look at before the notice counts; nothing of it is forbidden."""
    found = []
    plain = [d for d, _ in year.workdays if d.weekday() < 5]
    if plain:
        found.append(f"补班日本来就是工作日：{'、'.join(map(str, plain))}")
    off = sum((h.end - h.start).days + 1 for h in year.holidays)
    if not 20 <= off <= 45:
        found.append(f"全年放假{off}天（含周末），和往年差得多")
    names = {part for h in year.holidays for part in h.name.replace("，", "、").split("、")}
    for name in ("元旦", "春节", "清明", "劳动", "端午", "中秋", "国庆"):
        if not any(name in one for one in names):
            found.append(f"没有{name}")
    return found


def coverage(calendar: WorkCalendar, today: date) -> list[str]:
    """Return what is missing: this year always matters, the next one from November on."""
    wanted = [today.year] + ([today.year + 1] if today.month >= 11 else [])
    return [
        f"{year}年放假安排尚未录入，{year}年的工作日按周一至周五、除去固定的法定假日计算"
        for year in wanted
        if year not in calendar.years
    ]


def differences(old: WorkCalendar, new: WorkCalendar) -> list[tuple[date, bool]]:
    """Return the days that count differently, and whether they are worked now."""
    days = sorted(old.days.keys() | new.days.keys())
    return [(d, new.is_workday(d)) for d in days if old.is_workday(d) != new.is_workday(d)]


def _all_days(year: Year) -> list[date]:
    ends = [d for h in year.holidays for d in (h.start, h.end)]
    return [*ends, *(d for d, _ in year.workdays)]


def _structured(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text) if text.startswith("{") else yaml.safe_load(text)
    except (yaml.YAMLError, json.JSONDecodeError, RecursionError, ValueError) as error:
        raise ValueError(
            "文件读不懂：要整个复制过来，表格的第一行要写日期、名称、放假三格。"
        ) from error
    if not isinstance(data, dict):
        raise ValueError("文件读不懂：要整个复制过来，表格的第一行要写日期、名称、放假三格。")
    return data


def _from_table(text: str) -> dict[str, Any]:
    rows = csv.reader(io.StringIO(text.replace("，", ",")))
    head = [cell.strip().lower() for cell in next(rows)]
    try:
        date_at, name_at, off_at = (
            next(i for i, cell in enumerate(head) if cell in names) for names in (DATE, NAME, OFF)
        )
    except (StopIteration, RuntimeError) as error:
        raise ValueError("表头要有：日期、名称、放假。") from error
    days: list[dict[str, Any]] = []
    for number, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        try:
            off = row[off_at].strip().lower()
            if off not in YES | NO:
                raise ValueError(off)
            day = date.fromisoformat(row[date_at].strip().replace("/", "-"))
        except (IndexError, ValueError) as error:
            raise ValueError(
                f"第{number}行读不懂：日期写成 2027-01-01，放假写“是”或“否”。"
            ) from error
        days.append({"date": day, "name": row[name_at].strip(), "isOffDay": off in YES})
    if not days:
        raise ValueError("表里没有日子。")
    years = [d["date"].year for d in days]
    return {"year": max(set(years), key=years.count), "days": days}


def _from_calendar(text: str) -> dict[str, Any]:
    """Read the newest year of a calendar; what is marked neither off nor worked counts as it always does."""
    try:
        calendar = Calendar.from_ical(text)
        days = [day for event in calendar.walk("VEVENT") for day in _days_of(event)]
    except (ValueError, KeyError, AttributeError, OverflowError) as error:
        raise ValueError("日历文件（ICS）读不懂。") from error
    off = [d["date"].year for d in days if d["isOffDay"]]
    if not off:
        raise ValueError("日历里看不出哪些天放假：要在名称里写“休”或“班”。")
    year = max(off)
    if off.count(year) < 5 and year - 1 in off:  # the beginning of January, of the notice before
        year -= 1
    return {"year": year, "days": [d for d in days if _notice_of(d) == year]}


def _days_of(event: Any) -> list[dict[str, Any]]:
    title = str(event.get("SUMMARY", ""))
    free = APPLE.get(str(event.get("X-APPLE-SPECIAL-DAY", "")))
    if free is None and (_WORKED.search(title) or _FREE.search(title)):
        free = not _WORKED.search(title)
    if free is None:
        return []
    first = _day(event["DTSTART"].dt)
    after = _day(event["DTEND"].dt) if "DTEND" in event else first + _ONE
    length = min(max((after - first).days, 1), MOST_DAYS)
    name = _MARKS.sub("", title).strip() or title
    return [{"date": first + n * _ONE, "name": name, "isOffDay": free} for n in range(length)]


def _day(at: date | datetime) -> date:
    return at.date() if isinstance(at, datetime) else at


def _notice_of(day: Mapping[str, Any]) -> int:
    """The year whose notice a day belongs to: New Year may begin in December."""
    at: date = day["date"]
    return at.year + (at.month == 12 and "元旦" in day["name"])


def _from_days(data: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a list of days into runs of days off and days worked instead."""
    try:
        listed = sorted(
            (date.fromisoformat(str(d["date"])), str(d["name"]), d["isOffDay"])
            for d in data["days"]
        )
        year = int(data["year"])
        papers = [str(p) for p in data.get("papers") or ()]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("days 里每天要有 date、name 和 isOffDay。") from error
    if any(not isinstance(off, bool) for _, _, off in listed):
        raise ValueError("isOffDay 要写 true 或 false。")
    if len({day for day, _, _ in listed}) != len(listed):
        raise ValueError("有的日子写了两遍。")
    runs: list[dict[str, Any]] = []
    for day, name in ((d, n) for d, n, off in listed if off):
        if runs and runs[-1]["name"] == name and runs[-1]["to"] + _ONE == day:
            runs[-1]["to"] = day
        else:
            runs.append({"name": name, "from": day, "to": day})
    worked = [{"date": d, "for": n} for d, n, off in listed if not off]
    source = data.get("source") or "；".join(papers)
    return {"year": year, "source": source, "holidays": runs, "workdays": worked}


def merged(known: Iterable[Year], new: Year) -> list[Year]:
    """Return the notices with the new one in the place of the one for the same year."""
    return [*(y for y in known if y.year != new.year), new]
