"""When a matter happened, or since when: the one time of several that a report is about.

A time that lies ahead has not happened: “晚上十一点还在跳绳”, told in the morning, is a habit of the
evenings and stays in words. Words are data (``data/dialogue/forms.yml``, ``when``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from actions.dialogue import load, pattern
from actions.forms import place, shared
from actions.forms.draft import CHANGE, CONFIRM, Draft, Values
from actions.forms.replies import bare
from actions.message import ZONE, Entity, Message
from actions.talk import contact, gist

WIDE = timedelta(days=62)
"""A time longer than this says a season, not when it happened."""
HYPERBOLE = timedelta(days=20 * 365)
"""Nothing in a building has been broken for longer: “坏了八百年了” only says how annoying it is."""
NEAR = 8
"""So many characters before “好几天了” may stand what has lasted so long."""
_HABIT = re.compile(
    r"(?:天天|见天儿?|成天|整天|老是|总是|一到|每到|经常)"
    r"(?:清早|早上|早晨|上午|中午|下午|傍晚|晚上|半夜|夜里|晚黑)?$"
)
"""Before a time that comes again and again."""
_NAMES_DAY = re.compile(r"[今明昨]|[前后](?!半夜)|周|星期|礼拜|[号日月]")
_AT_NIGHT = frozenset({"night", "dawn"})
JUST_NOW = timedelta(hours=3)
"""An hour of the night that is over for longer is last night's, or that of many nights."""


def read(message: Message, draft: Draft) -> Values:
    """Take a time that has begun as the time of the matter; a later one is when to come."""
    today = message.now.date().isoformat()
    begun = [
        e
        for e in message.meant("time")
        if isinstance(e.value, dict)
        and (e.value.get("recur") or str(e.value.get("start", ""))[:10] <= today)
        and not _names_a_season(e.value, today)
        and str(e.value.get("start") or today) >= _lifetime_before(message)
        and not contact.about_reaching(message, e, asked=draft.asked in shared.FREE)
        and not place.in_named_part(message, e)
        and not _of_a_visit(message, e)
        and not _of_life(message, e)
    ]
    if draft.asked in (CONFIRM, CHANGE) and _how_often(message):
        return {"occurred": None, "occurred_text": bare(message.text)}
    lasted = _lasted(message)
    if lasted and all(_one_day(e.value) for e in begun):
        return {"occurred": None, "occurred_text": lasted}
    if not begun:
        return {}
    # “坏了三天了,晚上看不见”: since when comes before when it hurts.
    story = f"{draft.get('narrative') or ''}{message.text}"
    every_day = pattern("forms", "when", "every_day").search(story)
    hours = [e for e in begun if every_day and not _NAMES_DAY.search(e.text)]
    hours = [e for e in hours if not e.value.get("recur") and _within_a_day(e.value)]
    habit = next((e for e in begun if _HABIT.search(message.text[: e.start])), None)
    if hours and habit is None and every_day:  # “天天喊”, then “早上六点”; “天天打麻将到半夜”
        return {"occurred_text": _in_words(message, hours[0], every_day.group())}
    if habit is not None:  # “天天早上六点”: not the six of today
        said = _HABIT.search(message.text[: habit.start])
        return {"occurred_text": message.text[said.start() : habit.end] if said else habit.text}
    recent = [e for e in begun if str(e.value.get("start") or today) >= _year_before(message)]
    entity = min(recent or begun, key=lambda e: str(e.value.get("start") or today))
    if _ahead(entity.value, message.now) or _of_some_night(entity, message.now):
        return {"occurred_text": _in_words(message, entity)}
    return {"occurred": entity.value, "occurred_text": entity.text}


def _how_often(message: Message) -> bool:
    """Whether a whole message says only that it comes again and again (“天天”), over the summary."""
    said = None if message.tapped else pattern("forms", "when", "how_often")
    return said is not None and bool(said.fullmatch(bare(message.text)))


def _in_words(message: Message, time: Entity, every_day: str = "") -> str:
    """Return an hour with what belongs to it (“到半夜”, “晚上十点以后”), and how often it comes."""
    if not time.end:
        return time.text  # of another part of the message
    before = pattern("forms", "when", "until").search(message.text[: time.start])
    behind = pattern("forms", "when", "from_then").match(message.text[time.end :])
    start = before.start() if before else time.start
    words = message.text[start : time.end + (behind.end() if behind else 0)]
    return f"{every_day}{words}" if every_day in message.text[:start] else words


def _lasted(message: Message) -> str:
    """Return for how long a trouble has lasted, said so vaguely that it is no time (“黑了好几天了”)."""
    taken = [(e.start, e.end) for e in message.all("time")]
    for found in pattern("gist", "lasted").finditer(message.text):
        free = all(found.end() <= a or b <= found.start() for a, b in taken)
        before = message.text[max(0, found.start() - NEAR) : found.start()]
        if free and not message.tapped and pattern("gist", "damage").search(before):
            return found.group()
    return ""


def _of_a_visit(message: Message, time: Entity) -> bool:
    """Whether a time is when somebody came or was turned to (“昨天我闺女来看我”)."""
    behind = message.text[time.end :] if time.end else ""
    return bool(pattern("forms", "when", "visit").match(behind))


def _of_life(message: Message, time: Entity) -> bool:
    """Whether a time of a long story says when something happened to somebody (“上个月还住了一回院”)."""
    behind = message.text[time.end :] if time.end and gist.is_long(message.text) else ""
    return bool(pattern("forms", "when", "life").match(behind))


def _one_day(value: Mapping[str, Any]) -> bool:
    start = str(value.get("start") or "")[:10]
    return not value.get("recur") and start == str(value.get("end") or start)[:10]


def _within_a_day(value: Mapping[str, Any]) -> bool:
    """Whether a time says an hour or a part of the day."""
    return "T" in str(value.get("start")) or bool(value.get("part"))


def _ahead(value: Mapping[str, Any], now: datetime) -> bool:
    """Whether a time of today has not come yet: its clock, or the beginning of its part of the day."""
    if value.get("recur"):
        return False
    start = str(value.get("start") or "")
    if "T" in start:
        return datetime.fromisoformat(start).replace(tzinfo=ZONE) > now
    begins = load("forms")["when"]["begins"].get(str(value.get("part") or ""))
    return start == now.date().isoformat() and begins is not None and now.hour < begins


def _of_some_night(time: Entity, now: datetime) -> bool:
    """Whether “半夜一两点” names no day and is told long after: last night or every night, which only the words say."""
    value = time.value
    if value.get("recur") or value.get("part") not in _AT_NIGHT or _NAMES_DAY.search(time.text):
        return False
    start = str(value.get("start") or "")
    over = "T" not in start or now - datetime.fromisoformat(start).replace(tzinfo=ZONE) > JUST_NOW
    return start[:10] == now.date().isoformat() and over


def _names_a_season(value: Mapping[str, Any], today: str) -> bool:
    """Whether a time is too wide to say when (“今年冬天”): months, and not “since …”."""
    start, end = str(value.get("start") or "")[:10], str(value.get("end") or "")[:10]
    if not start or not end or end == today:
        return False
    return date.fromisoformat(end) - date.fromisoformat(start) > WIDE


def _year_before(message: Message) -> str:
    """Return the day before which a time is about somebody's life, not about the matter."""
    return (message.now.date() - timedelta(days=366)).isoformat()


def _lifetime_before(message: Message) -> str:
    """Return the day before which a time is only a manner of speaking (“八百年了”)."""
    return (message.now.date() - HYPERBOLE).isoformat()
