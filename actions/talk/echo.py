"""Reading times and places back to the resident, so that a misunderstanding shows at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from actions.dialogue import load
from actions.texts import group, say

WEEKDAYS = "一二三四五六日"
PARTS = group("part")
HAPPENED = {**PARTS, "eve": say("happened_eve")}
"""Of what has happened: 昨晚 is no 傍晚, which is a time that one can book."""
MEALS = group("meal_name")
MODES = group("mode")
DIETS: Mapping[str, str] = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "data" / "diets.yml").read_text(encoding="utf-8")
)
"""Code of a diet → what it is called; the console calls it the same."""
RELATIONS = group("relation")
SAID: Mapping[str, Mapping[str, str]] = load("relations")["called"]
"""Of a relation that several people are called: by the word that the resident said."""


def say_relation(code: str, told: str = "") -> str:
    """Return who it is in words (``您婆婆``), as ``told`` calls them; empty for no relation."""
    own = SAID.get(code, {})
    said = [words for word, words in own.items() if word in told]
    return said[0] if len(said) == 1 else RELATIONS.get(code, "")


NEAR_DAYS = dict(zip(range(-2, 3), group("near_day").values(), strict=True))


def say_date(day: date, now: datetime) -> str:
    """Return a day in words: ``明天（11月25日，星期三）``; with the year when it is another one."""
    year = f"{day.year}年" if day.year != now.year else ""
    near = NEAR_DAYS.get((day - now.date()).days)
    return say(
        "date_near" if near else "date_far",
        near=near,
        date=f"{year}{day.month}月{day.day}日",
        weekday=WEEKDAYS[day.weekday()],
    )


def say_time(value: Mapping[str, Any], now: datetime, parts: Mapping[str, str] = PARTS) -> str:
    """Return a time value (contracts: ``{start, end, part?, approx?, recur?, weekdays?}``) in words.

    Args:
        value: The time.
        now: The present time.
        parts: What the parts of a day are called.

    Raises:
        ValueError: ``start`` is no date or date-time.
    """
    part = parts.get(str(value.get("part") or ""), "")
    if value.get("recur"):
        return _habit(value) + part
    start, clock = _moment(value["start"])
    end, end_clock = _moment(value.get("end") or value["start"])
    if clock:
        words = say_date(start, now) + clock
        if (end, end_clock) != (start, clock):
            words += "到" + (end_clock if end == start else say_date(end, now) + end_clock)
    elif end == start:
        words = say_date(start, now) + part
    else:
        words = f"{say_date(start, now)}到{say_date(end, now)}" + part
    return say("date_about", words=words) if value.get("approx") else words


def say_slot(appointment: Mapping[str, Any]) -> str:
    """Return when an appointment (contracts: ``{date, part?, time?}``) is, in words: ``11月25日上午9:30``.

    Raises:
        ValueError: ``date`` is none.
    """
    day = date.fromisoformat(str(appointment["date"])[:10])
    part = PARTS.get(str(appointment.get("part") or ""), "")
    return f"{day.month}月{day.day}日{part}{str(appointment.get('time') or '').lstrip('0')}"


def say_since(value: Mapping[str, Any], now: datetime) -> str:
    """Return when something began or happened: a span of days up to today is said from its start.

    “坏了三天了” is ``从11月21日（星期六）起，三天了``; everything else as ``say_time`` says it.

    Raises:
        ValueError: ``start`` is no date or date-time.
    """
    if value.get("recur"):
        return say_time(value, now, HAPPENED)
    start, clock = _moment(value["start"])
    end, _ = _moment(value.get("end") or value["start"])
    days = (now.date() - start).days
    if clock or end != now.date() or days < 1:
        return say_time(value, now, HAPPENED)
    if days > YEARS:  # “都两年了” knows no day of the week
        month = say("date_since", day=f"{start.year}年{start.month}月")
        return say("date_since_about", since=month)
    since = say("date_since", day=say_date(start, now))
    if value.get("approx"):
        return say("date_since_about", since=since)
    return say("date_since_days", since=since, n=say_count(days)) if 1 < days <= LONG else since


YEARS = 300
"""A time so many days ago is said by its month."""
LONG = 10
"""Up to so many days a span is also said in days."""
_DIGITS = "零一两三四五六七八九十"


def say_count(number: int) -> str:
    """Return a number up to ten in words as it stands before 天: ``两``, ``三``."""
    return _DIGITS[number]


def _habit(value: Mapping[str, Any]) -> str:
    days = value.get("weekdays") or []
    if value["recur"] == "daily" or len(days) == len(WEEKDAYS):
        return say("date_daily")
    return say("date_weekly", days="、".join(WEEKDAYS[int(d) - 1] for d in days))


def _moment(text: str) -> tuple[date, str]:
    """Split a date or date-time into the day and the clock time in words (empty for a date)."""
    if "T" not in text:
        return date.fromisoformat(text), ""
    moment = datetime.fromisoformat(text)
    minutes = f"{moment.minute:02d}分" if moment.minute else ""
    return moment.date(), f"{moment.hour}点{minutes}"


LIES = "lies"
"""In an address: its place tells where a compound lies that is not listed, and is no spot in it."""


def say_address(value: Mapping[str, Any]) -> str:
    """Return a normalised address in words: ``幸福小区3号楼2单元501``."""
    words = str(value.get("community") or "")
    for key, suffix in (*group("address").items(), ("room", "")):
        part = str(value.get(key) or "")
        if part:
            words += part + (suffix if part[-1].isalnum() and part.isascii() else "")
    spot = str(value.get("place") or "")
    return words + (f"（{spot}）" if spot and value.get(LIES) else spot)


def mask_phone(phone: str) -> str:
    """Return a phone number that proves we noted it without showing it: ``138****5678``."""
    return phone if len(phone) < 7 else f"{phone[:3]}****{phone[-4:]}"
