"""Days of the lunar calendar, 2019–2035: 腊月二十三, 正月十五, 除夕, 中秋.

A year is one number, as published in the usual tables: bits 15–4 say which of the months 1–12
have 30 days (bit 15 first), bits 3–0 name the leap month (0: none), bit 16 says that the leap
month has 30 days. The tests check the sums against the known New Year days.
"""

from __future__ import annotations

from datetime import date, timedelta

_FIRST_YEAR = 2019
_NEW_YEAR_2019 = date(2019, 2, 5)
_YEARS = (
    0x0A930, 0x07954, 0x06AA0, 0x0AD50, 0x05B52, 0x04B60, 0x0A6E6, 0x0A4E0, 0x0D260,
    0x0EA65, 0x0D530, 0x05AA0, 0x076A3, 0x096D0, 0x04AFB, 0x04AD0, 0x0A4D0,
)  # fmt: skip

FESTIVALS = {
    "春节": (1, 1), "大年初一": (1, 1), "元宵节": (1, 15), "元宵": (1, 15), "端午节": (5, 5),
    "端午": (5, 5), "七夕": (7, 7), "中秋节": (8, 15), "中秋": (8, 15), "八月节": (8, 15),
    "重阳节": (9, 9), "重阳": (9, 9), "腊八节": (12, 8), "腊八": (12, 8),
    "小年": (12, 23),
}  # fmt: skip
MONTHS = {
    "正月": 1, "二月": 2, "三月": 3, "四月": 4, "五月": 5, "六月": 6, "七月": 7, "八月": 8,
    "九月": 9, "十月": 10, "冬月": 11, "腊月": 12,
}  # fmt: skip


def _month_days(code: int, month: int) -> int:
    return 30 if code & (0x10000 >> month) else 29


def _leap_days(code: int) -> int:
    if not code & 0xF:
        return 0
    return 30 if code & 0x10000 else 29


def _year_days(code: int) -> int:
    return sum(_month_days(code, m) for m in range(1, 13)) + _leap_days(code)


def new_year(year: int) -> date | None:
    """First day of lunar ``year``; ``None`` outside the table."""
    index = year - _FIRST_YEAR
    if not 0 <= index <= len(_YEARS):
        return None
    return _NEW_YEAR_2019 + timedelta(days=sum(_year_days(code) for code in _YEARS[:index]))


def to_date(year: int, month: int, day: int, *, leap: bool = False) -> date | None:
    """Solar date of a day of lunar ``year``; ``None`` when there is no such day (or leap month)."""
    first = new_year(year)
    index = year - _FIRST_YEAR
    if first is None or index >= len(_YEARS) or not 1 <= month <= 12:
        return None
    code = _YEARS[index]
    if leap and code & 0xF != month:
        return None
    if not 1 <= day <= (_leap_days(code) if leap else _month_days(code, month)):
        return None
    before = sum(_month_days(code, m) for m in range(1, month + leap))
    leap_before = _leap_days(code) if 0 < code & 0xF < month else 0
    return first + timedelta(days=before + leap_before + day - 1)


def eve(year: int) -> date | None:
    """除夕: the day before the first day of lunar ``year + 1``."""
    following = new_year(year + 1)
    return following - timedelta(days=1) if following else None


def next_occurrence(month: int, day: int, today: date) -> date | None:
    """The next time, today included, that the lunar day comes; ``None`` outside the table."""
    for year in (today.year - 1, today.year, today.year + 1):
        found = eve(year) if (month, day) == (12, 30) else to_date(year, month, day)
        if found and found >= today:
            return found
    return None
