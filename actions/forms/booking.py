"""The booking form: a visit, a helper, a place or a course, with what its leaf asks for.

What is asked is data (``data/dialogue/bookings.yml``); who provides it, on which days, and the
venues and courses are the locality's and come with ``GET /bookings/options``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from actions.dialogue import load, pattern
from actions.echo import PARTS, RELATIONS, mask_phone, say_date, say_time
from actions.forms import place
from actions.forms.draft import DROP, Draft, Field, Form, Values
from actions.forms.replies import choice, is_no, is_question, is_skip, is_yes
from actions.message import Entity, Message
from bot.understanding.numbers import to_int

FILE = "bookings"
SURE = 0.5
"""From this confidence on the classifier's leaf is the one that is booked."""
NEXT_OPEN = "next_open"
"""What the button with another day refers to."""
CHOICE = "book:"
"""Prefix of the buttons of a choice: ``book:part:am``, ``book:venue:meeting``."""
CHOICES = ("kind", "course", "venue", "part")
HEALTH_LONGEST = 200
"""So many characters of what the helper must know stand on the ticket."""
_CORRECTS = re.compile(r"不对|不是|错|改")
_NAMES_DAY = re.compile(r"今|明|后|周|星期|礼拜|号|日|月|天")
_HOME = {"community", "building", "unit", "room"}
_NOON = 12
_OPENS = 7
_LAST_HOUR = 23
_EVENING = 18


def spec(leaf: str | None) -> Mapping[str, Any]:
    """Return what is asked for a leaf; empty when it is not booked here."""
    found: Mapping[str, Any] = load(FILE)["bookings"].get(leaf or "") or {}
    return found


def leaf_of(message: Message) -> str | None:
    """Return the leaf that the message books: by its words, else by a sure understanding."""
    for leaf, data in load(FILE)["bookings"].items():
        if data.get("words") and pattern(FILE, "bookings", leaf, "words").search(message.text):
            return str(leaf)
    leaf = message.leaf
    return leaf.id if leaf and leaf.confidence >= SURE and spec(leaf.id) else None


def asks(message: Message) -> bool:
    """Whether the message asks about the service instead of booking it."""
    if message.tapped or message.all("time") or message.all("phone"):
        return False
    wishes = pattern(FILE, "wishes").search(message.text)
    return bool(pattern(FILE, "questions").search(message.text)) and not wishes


def asks_timetable(message: Message) -> bool:
    """Whether a question is about courses, venues and their hours."""
    return bool(pattern(FILE, "timetable").search(message.text))


def opened(message: Message, leaf: str) -> Draft:
    """Return the draft that this message opens, before it is read."""
    return Draft(FORM.name, message.id, values={"leaf": leaf})


def _kinds(draft: Draft) -> Sequence[Mapping[str, Any]]:
    kinds: Sequence[Mapping[str, Any]] = spec(draft.get("leaf")).get("kinds") or ()
    return kinds


def _kind_of(draft: Draft) -> Mapping[str, Any] | None:
    return next((k for k in _kinds(draft) if k["id"] == draft.get("kind")), None)


def asked_fields(draft: Draft) -> Sequence[str]:
    """Return the fields that are asked for what is booked, in their order."""
    of_leaf: Sequence[str] = spec(draft.get("leaf")).get("ask") or ()
    kind = _kind_of(draft)
    return kind["ask"] if kind else of_leaf


def choices_of(draft: Draft, field: str) -> list[tuple[str, str]]:
    """Return (id, title) of what can be chosen for a field, at most three as buttons show them."""
    options = draft.get("options") or {}
    if field == "kind":
        return [(str(k["id"]), str(k["name"])) for k in _kinds(draft)]
    if field == "part":
        return [(p, PARTS[p]) for p in options.get("parts") or ("am", "pm")]
    rows = options.get(f"{field}s") or []
    return [(str(r["id"]), titled(r)) for r in rows]


def titled(row: Mapping[str, Any]) -> str:
    """Return a course or venue in words: ``书法班（每周三 14:00-15:30）``."""
    schedule = row.get("schedule")
    return f"{row['name']}（{schedule}）" if schedule else str(row["name"])


def _kind(message: Message, draft: Draft) -> Values:
    if draft.get("kind") and draft.asked != "kind" and not _CORRECTS.search(message.text):
        return {}
    for kind in _kinds(draft):
        if message.text and re.search(kind["words"], message.text):
            return {"kind": kind["id"]}
    return {}


def _chosen(field: str) -> Any:
    """Return the reader of an answer to a choice: a button, its title or its number."""

    def answer(message: Message, draft: Draft) -> Values:
        about = message.about or ""
        if about.startswith(f"{CHOICE}{field}:"):
            return {field: about.removeprefix(f"{CHOICE}{field}:")}
        offered = choices_of(draft, field)
        index = choice(message, [title for _, title in offered])
        return {field: offered[index][0]} if index is not None else {}

    return answer


def _day(message: Message) -> Entity | None:
    days = [e for e in message.meant("time") if isinstance(e.value, dict)]
    today = message.now.date().isoformat()
    ahead = [e for e in days if e.value.get("recur") or str(e.value.get("start"))[:10] >= today]
    named = [e for e in ahead if e.value.get("recur") or _NAMES_DAY.search(e.text)] or ahead
    if not named:
        return None
    return named[-1] if _CORRECTS.search(message.text) else named[0]


def _when(message: Message, draft: Draft) -> Values:
    """Read the day, the time and the part of the day; of a habit (“每周三”) the next day."""
    if message.about == NEXT_OPEN or (
        _offers_day(draft) and is_yes(message) and not message.all("time")
    ):
        return {"date": draft.get("next_open")}
    said: dict[str, Any] = {}
    entity = _day(message)
    if entity is not None:
        value = entity.value
        start = str(value.get("start") or "")
        names_day = value.get("recur") or _NAMES_DAY.search(entity.text) or not draft.get("date")
        if value.get("recur"):
            said["date"] = _next(value, message.now.date()).isoformat()
            said["habit"] = value
        elif names_day:
            said["date"] = start[:10]
        if value.get("part") in PARTS:
            said["part"] = str(value["part"])
    said.update(_clock(message))
    words = message.text
    if "part" not in said and not message.tapped:
        parts = [p for p in load(FILE)["parts"] if pattern(FILE, "parts", p).search(words)]
        if len(parts) == 1:
            said["part"] = parts[0]
    return said


def day(text: str) -> date:
    """Return the date of ``2026-11-25``."""
    return date.fromisoformat(text)


def _part_of(clock: str) -> str:
    hour = int(clock[:2])
    return "am" if hour < _NOON else "pm" if hour < _EVENING else "eve"


def _clock(message: Message) -> Values:
    """Read the time of the day, which may stand apart from the day (“周六,下午两点”)."""
    starts = [str(e.value.get("start") or "") for e in message.meant("time") if _is_time(e)]
    clocks = [s[11:16] for s in starts if "T" in s] or _behind(message)
    return {"time": clocks[-1], "part": _part_of(clocks[-1])} if clocks else {}


def _behind(message: Message) -> list[str]:
    """Return the clock times that stand right behind a day (“周六下午|两点想用”).

    Nobody comes at night: a small number without a part of the day is the afternoon.
    """
    found: list[str] = []
    for entity in message.meant("time"):
        match = pattern(FILE, "clock").match(message.text, entity.end)
        hour = to_int(match["hour"]) if match else None
        if match and hour is not None and hour <= _LAST_HOUR:
            part = entity.value.get("part") if _is_time(entity) else None
            later = hour < _NOON and (part in ("pm", "eve") or (part is None and hour < _OPENS))
            found.append(f"{hour + _NOON * later:02d}:{30 if match['half'] else 0:02d}")
    return found


def _is_time(entity: Entity) -> bool:
    return isinstance(entity.value, Mapping)


def _next(habit: Mapping[str, Any], today: date) -> date:
    days = {int(d) for d in habit.get("weekdays") or range(1, 8)}
    tomorrow = today + timedelta(days=1)
    return next(
        d for d in (tomorrow + timedelta(days=n) for n in range(7)) if d.isoweekday() in days
    )


def _offers_day(draft: Draft) -> bool:
    return draft.asked == "date" and bool(draft.get("next_open"))


def _place(message: Message, draft: Draft) -> Values:
    """Read where to come: a home has a house or a door, “县医院” is where the trip goes."""
    said = [e.value for e in message.all("address") if isinstance(e.value, Mapping)]
    if said and not any(_HOME & set(v) for v in said):
        return {}
    return place.read(message, draft)


def _people(message: Message, draft: Draft) -> Values:
    words = message.text
    if draft.asked == "people" and re.fullmatch(r"\s*\d{1,3}\s*", words):
        return {"people": int(words)}
    if "people" not in asked_fields(draft):
        return {}
    found = pattern(FILE, "people").search(words)
    number = to_int(found.group(1)) if found else None
    return {"people": number} if number else {}


def _health(message: Message, draft: Draft) -> Values:
    found = list(dict.fromkeys(m.group() for m in pattern(FILE, "health").finditer(message.text)))
    if not found or message.tapped:
        return {}
    old = [w for w in str(draft.get("health") or "").split("、") if w]
    return {"health": "、".join(dict.fromkeys([*old, *found]))[:HEALTH_LONGEST]}


def _health_answer(message: Message, draft: Draft) -> Values:
    text = message.text.strip()
    if message.tapped or not text or is_skip(message) or is_yes(message) or is_question(message):
        return {}
    return {"health": text[:HEALTH_LONGEST]}


def _who(message: Message, draft: Draft) -> Values:
    said: dict[str, Any] = {}
    relation, person, phone = (message.last(k) for k in ("relation", "person", "phone"))
    if relation is not None:
        said["subject"] = str(relation.value)
    if person is not None:
        beside = relation is not None and person.start >= relation.end
        said["subject_name" if beside else "name"] = str(person.value)
    if phone is not None:
        said["phone"] = str(phone.value)
    return said


def _contact_answer(message: Message, draft: Draft) -> Values:
    """A yes to “留个电话吗” promises the number, which is then asked for once."""
    agrees = is_yes(message) and not message.all("phone") and not draft.get("phone_promised")
    return {"phone_promised": True} if agrees else {}


def _words(message: Message, draft: Draft) -> Values:
    """Keep everything typed, verbatim: what no field understands the provider still reads."""
    text = message.text.strip()
    if not text or is_yes(message) or is_no(message) or is_skip(message):
        return {}
    story = draft.get("narrative")
    if not story:
        return {"narrative": text}
    return {} if text in story else {"narrative": f"{story}\n{text}"}


def _closed(draft: Draft) -> bool:
    window = draft.get("window") or {}
    return window.get("date") == draft.get("date") and window.get("open") is False


def _needs(name: str) -> Any:
    """Return whether a field has to be asked: it is one of this booking's and not known."""

    def needed(draft: Draft, message: Message) -> bool:
        if name not in asked_fields(draft):
            return False
        if name == "date":
            return not draft.get("date") or _closed(draft)
        if name == "contact":
            asked = draft.asks.get("contact", 0) >= (2 if draft.get("phone_promised") else 1)
            return not (draft.get("phone") or message.resident.phone_known or asked)
        if name == "part":
            return not (draft.get("part") or draft.get("time"))
        if name in ("course", "venue") and not choices_of(draft, name):
            return False
        return not draft.get(name)

    return needed


FORM = Form(
    name="booking",
    early=True,
    keeps=("leaf",),
    fields=(
        Field("kind", _needs("kind"), read=_kind, answer=_chosen("kind"), optional=True),
        Field("course", _needs("course"), answer=_chosen("course"), optional=True),
        Field("venue", _needs("venue"), answer=_chosen("venue"), optional=True),
        Field("date", _needs("date"), read=_when),
        Field("part", _needs("part"), answer=_chosen("part"), optional=True),
        replace(place.field(wanted=lambda d: "place" in asked_fields(d)), read=_place),
        Field("people", _needs("people"), read=_people, optional=True),
        Field("contact", _needs("contact"), read=_who, answer=_contact_answer, optional=True),
        Field("health", _needs("health"), read=_health, answer=_health_answer, optional=True),
        Field("narrative", needed=lambda d, m: False, read=_words),
    ),
)


def to_check(draft: Draft) -> tuple[str, str | None] | None:
    """Return (leaf, day) when the locality still has to be asked about them."""
    wanted = (draft.get("leaf"), draft.get("date"))
    if wanted == tuple(draft.get("looked") or ()):
        return None
    return str(wanted[0]), wanted[1]


def checked(draft: Draft, options: Mapping[str, Any] | None) -> Draft:
    """Take in the answer of ``GET /bookings/options``; venues and courses said before are found."""
    found = dict(options or {})
    values = {
        **draft.values,
        "looked": [draft.get("leaf"), draft.get("date")],
        "options": found,
        "window": {
            "date": draft.get("date"),
            "open": found.get("open"),
            "reason": found.get("reason"),
        },
        "next_open": found.get("next_open"),
    }
    return named(replace(draft, values=values))


def named(draft: Draft) -> Draft:
    """Return the draft with the venue or course that its words name."""
    story = str(draft.get("narrative") or "")
    values = dict(draft.values)
    for field in ("course", "venue"):
        if draft.get(field) or field not in asked_fields(draft):
            continue
        rows = (draft.get("options") or {}).get(f"{field}s") or []
        hits = [r for r in rows if any(a in story for a in (r["name"], *r.get("aliases", ())))]
        if len(hits) == 1:
            values[field] = str(hits[0]["id"])
    return replace(draft, values=values)


def declined(draft: Draft, message: Message) -> Draft:
    """“不约了” to the offered other day ends the form."""
    return replace(draft, outcome=DROP) if _offers_day(draft) and is_no(message) else draft


def what(draft: Draft) -> str:
    """Return what is booked in words: ``助浴（上门洗澡）``, ``活动场地：会议室``."""
    kind = _kind_of(draft)
    words = str(kind["name"] if kind else spec(draft.get("leaf")).get("name") or "预约")
    row = _row(draft)
    return f"{words}：{row}" if row else words


def _row(draft: Draft) -> str:
    for field in ("course", "venue"):
        title = dict(choices_of(draft, field)).get(str(draft.get(field) or ""))
        if title:
            return title
    return ""


def when(draft: Draft, message: Message) -> str:
    """Return the day and time in words; empty when none was said."""
    if not draft.get("date"):
        return ""
    day = say_date(date.fromisoformat(str(draft.get("date"))), message.now)
    part = PARTS.get(str(draft.get("part") or ""), "")
    clock = str(draft.get("time") or "")
    return f"{day}{part}{clock.lstrip('0')}"


def summary(draft: Draft, message: Message) -> list[tuple[str, str]]:
    """Return the booking as (heading, words), in the order it is read out."""
    wanted, lines = asked_fields(draft), [("约什么", what(draft))]
    if "date" in wanted or draft.get("date"):
        lines.append(("什么时候", when(draft, message) or "负责的人和您定"))
    if draft.get("habit"):
        lines.append(("以后", say_time(draft.get("habit"), message.now) + "，单子上写明，和您定"))
    if "place" in wanted:
        lines.append(("去哪儿", place.say(draft) or "没说，来之前和您对"))
    if draft.get("people"):
        lines.append(("多少人", f"{draft.get('people')}人{_too_many(draft)}"))
    subject = RELATIONS.get(str(draft.get("subject") or ""))
    if subject:
        name = draft.get("subject_name")
        lines.append(("给谁", f"{subject}（{name}）" if name else subject))
    if draft.get("health"):
        lines.append(("要注意", str(draft.get("health"))))
    lines.append(("联系您", _reach(draft, message)))
    return lines


def _too_many(draft: Draft) -> str:
    rows = (draft.get("options") or {}).get("venues") or []
    seats = next((r.get("seats") for r in rows if r["id"] == draft.get("venue")), None)
    return f"（这屋坐{seats}人，管理的人和您商量）" if seats and draft.get("people") > seats else ""


def _reach(draft: Draft, message: Message) -> str:
    name = str(draft.get("name") or "")
    if draft.get("phone"):
        return f"{name} {mask_phone(str(draft.get('phone')))}".strip()
    return "用您登记过的电话" if message.resident.phone_known else "在这个对话里回您"


def to_ticket(draft: Draft, conversation_id: str) -> dict[str, Any]:
    """Return the body of ``POST /tickets``: what, when, where, for whom and what to mind."""
    appointment = {k: draft.get(k) for k in ("date", "time", "part", "kind", "people", "habit")}
    appointment |= {"what": what(draft), "needs": draft.get("health")}
    appointment |= {k: draft.get(k) for k in ("venue", "course")}
    body: dict[str, Any] = {
        "conversation_id": conversation_id,
        "kind": "booking",
        "leaf": draft.get("leaf"),
        "narrative": draft.get("narrative") or f"约{what(draft)}",
        "appointment": {k: v for k, v in appointment.items() if v},
        "incomplete": bool(draft.get("incomplete")),
        "nlu": {"leaf": draft.get("leaf"), "round": draft.round},
        **(place.to_ticket(draft) if "place" in asked_fields(draft) else {}),
    }
    if draft.get("subject"):
        body["subject"] = {"relation": draft.get("subject"), "name": draft.get("subject_name")}
    if draft.get("phone") or draft.get("name"):
        body["contact"] = {"name": draft.get("name"), "phone": draft.get("phone")}
    return body
