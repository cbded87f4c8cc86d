"""Days with a name and stretches of the calendar: 教师节, 清明, 一季度, 近三个月, 第二个周六.

Each reader takes a match and today and returns the first and the last day, or ``None``.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, timedelta

from bot.understanding.numbers import NUMBER, to_int

Stretch = tuple[date, date]

_FULL_YEAR = r"(?:19|20)\d\d"
_YEAR = rf"(?P<{{name}}>{_FULL_YEAR}|(?<!\d)\d\d|前|去|今|明)年的?"
_YEAR_SHIFT = {"前": -2, "去": -1, "今": 0, "明": 1}
_MONTH = r"(?:1[0-2]|0?[1-9](?!\d)|十[一二]?|[一二三四五六七八九])"
_WEEKDAYS = "一二三四五六日"

#: Days of the solar calendar; those of times.py are more than a name (五一, 国庆 need a context).
_FIXED = {
    "妇女节": (3, 8), "女生节": (3, 7), "植树节": (3, 12), "情人节": (2, 14), "愚人节": (4, 1),
    "五一劳动节": (5, 1), "青年节": (5, 4), "儿童节": (6, 1), "建军节": (8, 1), "教师节": (9, 10),
    "十一国庆节": (10, 1), "万圣节": (10, 31), "光棍节": (11, 11), "双十一": (11, 11),
    "双11": (11, 11), "圣诞节": (12, 25),
}  # fmt: skip
#: Month, which one in it, and weekday (Monday is 0).
_NTH = {"母亲节": (5, 2, 6), "父亲节": (6, 3, 6), "感恩节": (11, 4, 3)}
#: Solar terms people name: month and the constant of the usual formula for 2001–2099.
_TERMS = {
    "立春": (2, 3.87), "清明": (4, 4.81), "立夏": (5, 5.52), "夏至": (6, 21.37),
    "立秋": (8, 7.5), "立冬": (11, 7.438), "冬至": (12, 21.94),
}  # fmt: skip
_NAMES = "|".join(sorted([*_FIXED, *_NTH, *_TERMS], key=lambda name: -len(name)))
_FESTIVAL = (
    rf"(?:{_YEAR.format(name='fyear')})?(?:三八|六一|五四|八一)?(?P<name>{_NAMES})"
    r"(?:节(?!气))?(?!路|街|巷|小区|村|社区|上河)"
)
_QUARTER = (
    rf"(?:{_YEAR.format(name='qyear')})?(?:第?(?P<quarter>[一二三四1-4首])"
    r"|(?P<qshift>下下个?|上上个?|上个?|下个?|这个?|本))季度"
)
_FIRST_MONTHS = rf"{_YEAR.format(name='myear')}前(?P<first>{NUMBER})个?(?P<unit>月|季度)"
_YEARS = (
    rf"(?P<from>{_FULL_YEAR})年?\s*(?:[-~～–]+|到|至|(?P<and>[和与跟]))\s*(?P<to>{_FULL_YEAR})年"
    r"(?!\d|[一二三四五六七八九十]{1,2}月)(?P<between>之?间)?"
)
_UNIT = r"天|个?星期|个?礼拜|周(?![一二三四五六日末岁围边])|个?月|年(?!级|龄|代)|个?小时|个?钟头"
# 嫁过去六年 and 考前一周 are other words.
_FREE = r"(?<![^,，。；;：:、！!？?\s在从是我你他她们])"
_LAST = (
    rf"(?:(?P<last>(?<![将附靠接临远就了有])(?:最近|近)|{_FREE}过去)的?(?P<amount>半|{NUMBER})"
    rf"(?P<lunit>{_UNIT})|{_FREE}(?P<before>[前上])(?P<bamount>[一二两三四五六七八九]|\d{{1,2}})"
    r"(?P<bunit>个?星期|个?礼拜|周(?![一二三四五六日末岁围边])|个月))(?!前|后|级|左右)"
)
_NEXT = rf"(?:未来|今后|接下来)的?(?P<namount>半|{NUMBER})(?P<nunit>{_UNIT})(?:之?[内里])?"
_OVER = (
    rf"(?:再过|{_FREE}过)(?!两天|几天|一天)(?P<oamount>半|{NUMBER})(?P<ounit>{_UNIT})"
    r"(?![了没的生内]|以?后|之后)"
)
_NTH_WEEKDAY = (
    rf"(?:(?P<wmonth>{_MONTH})月份?|(?P<wshift>上个?|下个?|这个?|本)月)的?"
    r"(?:第(?P<nth>[一二三四五1-5])|(?P<final>最后一))个?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天])"
)


def _year(words: str | None, today: date) -> int | None:
    if words is None:
        return None
    return today.year + _YEAR_SHIFT[words] if words in _YEAR_SHIFT else full_year(int(words), today)


def full_year(year: int, today: date) -> int:
    """A year of two figures is the last such year, or one at most ten years ahead."""
    if year >= 100:
        return year
    return year + 100 * ((today.year + 10 - year) // 100)


def add_months(day: date, months: int) -> date:
    """``day`` some months later (negative: earlier), at most the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _months(first: date, count: int) -> Stretch:
    return first, add_months(first, count) - timedelta(days=1)


def _nth_weekday(year: int, month: int, nth: int, weekday: int) -> date | None:
    """The ``nth`` such weekday of a month, the last one for 0."""
    days = calendar.monthrange(year, month)[1]
    first = 1 + (weekday - date(year, month, 1).weekday()) % 7
    fitting = range(first, days + 1, 7)
    if nth > len(fitting):
        return None
    return date(year, month, fitting[nth - 1])


def _named(name: str, year: int) -> date | None:
    if name in _FIXED:
        return date(year, *_FIXED[name])
    if name in _NTH:
        month, nth, weekday = _NTH[name]
        return _nth_weekday(year, month, nth, weekday)
    if not 2001 <= year <= 2099:
        return None
    month, constant = _TERMS[name]
    short = year - 2000
    leap = (short - 1) // 4 if month == 2 else short // 4
    return date(year, month, int(short * 0.2422 + constant) - leap)


def _festival(m: re.Match[str], today: date) -> Stretch | None:
    """The day in the year said, else the next one to come, today included."""
    name, year = m.group("name"), _year(m.group("fyear"), today)
    found = _named(name, year or today.year)
    if year is None and found and found < today:
        found = _named(name, today.year + 1)
    return (found, found) if found else None


def _quarter(m: re.Match[str], today: date) -> Stretch | None:
    year = _year(m.group("qyear"), today) or today.year
    shift = m.group("qshift")
    if shift is None:
        number = to_int(m.group("quarter").replace("首", "一")) or 1
        return _months(date(year, number * 3 - 2, 1), 3)
    steps = {"下下": 2, "下": 1, "上": -1, "上上": -2}.get(shift.rstrip("个"), 0)
    current = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    return _months(add_months(current, 3 * steps), 3)


def _first_months(m: re.Match[str], today: date) -> Stretch | None:
    """今年前五个月, 2021年前两个季度."""
    year, count = _year(m.group("myear"), today), to_int(m.group("first")) or 0
    months = count * (3 if m.group("unit") == "季度" else 1)
    return _months(date(year, 1, 1), months) if year and 0 < months <= 12 else None


def _years(m: re.Match[str], _today: date) -> Stretch | None:
    """2019到2021年: both years whole; 和 only where 之间 follows."""
    first, last = int(m.group("from")), int(m.group("to"))
    if first >= last or (m.group("and") and not m.group("between")):
        return None
    return date(first, 1, 1), date(last, 12, 31)


def shift(day: date, amount: float, unit: str) -> date:
    """``day`` moved by ``amount`` units; hours count by whole days."""
    if "月" in unit or unit.startswith("年"):
        months = amount * (12 if unit.startswith("年") else 1)
        whole = int(months)
        return add_months(day, whole) + timedelta(days=round((months - whole) * 30))
    if "小时" in unit or "钟头" in unit:
        return day + timedelta(days=int(amount / 24))
    days = 1 if unit == "天" else 7
    return day + timedelta(days=round(amount * days))


def _last(m: re.Match[str], today: date) -> Stretch | None:
    """近三个月, 前两周: back from today; 上一周, 上一个月 are the week and the month before."""
    unit = m.group("lunit") or m.group("bunit")
    words = m.group("amount") or m.group("bamount")
    amount = 0.5 if words == "半" else to_int(words)
    if not amount:
        return None
    if m.group("before") == "上" and amount == 1:
        if "月" in unit:
            return _months(add_months(today.replace(day=1), -1), 1)
        monday = today - timedelta(days=today.weekday() + 7)
        return monday, monday + timedelta(days=6)
    return shift(today, -amount, unit), today


def _next(m: re.Match[str], today: date) -> Stretch | None:
    words = m.group("namount")
    amount = 0.5 if words == "半" else to_int(words)
    return (today, shift(today, amount, m.group("nunit"))) if amount else None


def _over(m: re.Match[str], today: date) -> Stretch | None:
    """再过三天, 过十周: the day after so long."""
    words = m.group("oamount")
    amount = 0.5 if words == "半" else to_int(words)
    day = shift(today, amount, m.group("ounit")) if amount else None
    return (day, day) if day else None


def _weekday_of_month(m: re.Match[str], today: date) -> Stretch | None:
    """下个月第一个周六; a month without a year is the nearest, rather one to come."""
    if m.group("wshift"):
        steps = {"上": -1, "下": 1}.get(m.group("wshift")[0], 0)
        first = add_months(today.replace(day=1), steps)
    else:
        month = to_int(m.group("wmonth")) or 1
        first = date(today.year + (month < today.month - 5), month, 1)
    nth = 0 if m.group("final") else to_int(m.group("nth")) or 1
    weekday = _WEEKDAYS.index(m.group("weekday").replace("天", "日"))
    found = _nth_weekday(first.year, first.month, nth, weekday)
    return (found, found) if found else None


Reader = Callable[["re.Match[str]", date], "Stretch | None"]
#: Patterns and their readers, in order of trial.
READERS: tuple[tuple[str, Reader], ...] = (
    (_FESTIVAL, _festival),
    (_QUARTER, _quarter),
    (_FIRST_MONTHS, _first_months),
    (_YEARS, _years),
    (_NTH_WEEKDAY, _weekday_of_month),
    (_LAST, _last),
    (_NEXT, _next),
    (_OVER, _over),
)
