"""The booking form: a visit, a helper, a place or a course, with what its leaf asks for.

What is asked is data (``data/dialogue/bookings.yml``); who provides it, on which days, and the
venues and courses are the locality's and come with ``GET /bookings/options``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from actions.dialogue import load, pattern
from actions.forms import added, care, consent, place, shared
from actions.forms.draft import DROP, Draft, Field, Form, Values
from actions.forms.replies import bare, choice, is_no, is_question, is_skip, is_yes, leftover
from actions.message import Entity, Message
from actions.talk.echo import PARTS, say_date, say_time
from actions.texts import say
from bot.understanding.numbers import to_int
from bot.understanding.scripts import simplify

FILE = "bookings"
VISITS = "C6"
"""The leaf of visits at home, whose kinds are told by what is to be done."""
DOCTOR = "E7"
"""The leaf of the family doctor, who may come as well."""
ALSO = "also"
"""Value of what is to be done on the same visit as well, in the resident's words."""
WISH_LONGEST = 40
"""A longer message is understood as a whole."""
_NO_WISH = frozenset({"report_problem", "emergency", "give_praise"})
SURE = 0.5
"""From this confidence on the classifier's leaf is the one that is booked."""
NEXT_OPEN = "next_open"
"""What the button with another day refers to."""
CHOICE = "book:"
"""Prefix of the buttons of a choice: ``book:part:am``, ``book:venue:meeting``."""
SLOT = "slot:"
"""Prefix of the buttons of the free slots beside a full one: ``slot:0`` is the nearest."""
QUEUE = "queue"
"""What the button that waits for a place refers to."""
TIMES, TIMES_BESIDE = 3, 2
"""So many other times are offered for a full slot; fewer where another venue is free."""
CHOICES = ("kind", "course", "venue", "part", care.WHOM, care.DAYS, care.TRANSPORT)
ASKED_TWICE = 2
HEALTH = "care_health"
"""Purpose of the consent to keep what the helper must know (``consents.yml``)."""
HEALTH_LONGEST = 200
"""So many characters of what the helper must know stand on the ticket."""
_HOME = {"community", "building", "unit", "room"}
_NOON = 12
_OPENS = 7
_LAST_HOUR = 23
_CLOSES = 20
_EVENING = 18


def spec(leaf: str | None) -> Mapping[str, Any]:
    """Return what is asked for a leaf; empty when it is not booked here."""
    found: Mapping[str, Any] = load(FILE)["bookings"].get(leaf or "") or {}
    return found


def leaf_of(message: Message) -> str | None:
    """Return the leaf that the message books: by its words, else by a sure understanding.

    A visit by what is to be done there (“约个剪头的”) comes last.
    """
    named = named_leaf(message) or wished(message)
    if named:
        return named
    leaf = message.leaf
    if leaf and leaf.confidence >= SURE:
        return leaf.id if spec(leaf.id) else None
    done = kind_in(message, VISITS)
    return VISITS if done and message.intent == "book_service" else None


def named_leaf(message: Message) -> str | None:
    for leaf, data in load(FILE)["bookings"].items():
        if data.get("words") and pattern(FILE, "bookings", leaf, "words").search(message.text):
            return str(leaf)
    return None


def wished(message: Message) -> str | None:
    """Return the leaf of what is wished for in words that a classifier takes for something else."""
    words = bare(message.text)
    if message.tapped or len(words) > WISH_LONGEST or message.intent in _NO_WISH:
        return None
    leaves: Mapping[str, str] = load(FILE)["wished"]
    return next((x for x in leaves if pattern(FILE, "wished", x).search(words)), None)


def meant(message: Message, topic: str | None, doubtful: bool) -> bool:
    """Whether words mean a booking, whatever they were taken for.

    Args:
        message: What was typed.
        topic: Leaf that was explained a short while ago: a day alone is when it is wanted.
        doubtful: The understanding is not sure; then the name of what is booked is enough.
    """
    if message.tapped or pattern("own", "cancel").search(bare(message.text)):
        return False
    may_book = doubtful and any(r.intent == "book_service" for r in message.readings)
    if wished(message) or (may_book and named_leaf(message)):
        return True
    if care.looks_first(message) and care.may_look(spec(topic)):
        return True
    return bool(spec(topic) and message.all("time") and not leftover(message))


def asks(message: Message) -> bool:
    """Whether the message asks about the service instead of booking it."""
    if message.tapped or message.all("time") or message.all("phone"):
        return False
    wishes = pattern(FILE, "wishes").search(message.text)
    return bool(pattern(FILE, "questions").search(message.text)) and not wishes


def asks_timetable(message: Message) -> bool:
    """Whether a question is about courses, venues and their hours."""
    return bool(pattern(FILE, "timetable").search(message.text))


COURSES, VENUES = "courses", "venues"
"""Lists of ``GET /bookings/options``."""


def timetable_of(message: Message) -> tuple[str, ...]:
    """Return which lists answer a question about a timetable: who asks for courses needs no rooms."""
    courses, venues = (bool(pattern(FILE, name).search(message.text)) for name in (COURSES, VENUES))
    if courses == venues:
        return COURSES, VENUES
    return (COURSES,) if courses else (VENUES,)


def asks_others(message: Message) -> str | None:
    """Return what else somebody asks for: ``rows`` (another room, another course), ``time``, or None."""
    words = bare(message.text)
    busy = pattern(FILE, "busy_then").search(words)  # “周五没空，有没有别的天”
    if message.tapped or (message.all("time") and not busy):
        return None
    return next((k for k in load(FILE)["others"] if pattern(FILE, "others", k).search(words)), None)


def others(draft: Draft) -> list[str]:
    """Return the other rooms or courses than the one wanted, in words; rooms with seats enough."""
    options, people = draft.get("options") or {}, int(draft.get("people") or 0)
    field = "course" if draft.get("course") or "course" in asked_fields(draft) else "venue"
    rows = [r for r in options.get(f"{field}s") or () if str(r["id"]) != draft.get(field)]
    return [titled(r) for r in rows if (r.get("seats") or people) >= people]


def opened(message: Message, leaf: str, kind: str | None = None) -> Draft:
    """Return the draft that this message opens, before it is read; ``kind`` was said before it."""
    return Draft(FORM.name, message.id, values={"leaf": leaf, **({"kind": kind} if kind else {})})


def kind_in(message: Message, leaf: str) -> str | None:
    """Return which of the kinds of a service the words name, or None."""
    kinds = spec(leaf).get("kinds") or ()
    found = (k["id"] for k in kinds if message.text and re.search(k["words"], message.text))
    return next((str(k) for k in found), None)


def wishes_more(message: Message) -> bool:
    """Whether something more is wished for on a visit (“再给她洗个头”)."""
    return added.wished(message, kind_in(message, VISITS))


def _also(message: Message, draft: Draft) -> Values:
    """Read what is to be done as well while the visit is being arranged; its own kind is nothing more."""
    if not draft.asked or "place" not in asked_fields(draft) or not wishes_more(message):
        return {}
    if kind_in(message, VISITS) == draft.get("kind") and not added.named(message):
        return {}
    words, known = message.verbatim.strip(), str(draft.get(ALSO) or "")
    return {} if words in known else {ALSO: "；".join(filter(None, (known, words)))}


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
    if everywhere := care.choices(field):
        return list(everywhere)
    rows = options.get(f"{field}s") or []
    return [(str(r["id"]), titled(r)) for r in rows]


def titled(row: Mapping[str, Any]) -> str:
    """Return a course or venue in words: ``书法班（每周三 14:00-15:30）``."""
    schedule = row.get("schedule")
    return f"{row['name']}（{schedule}）" if schedule else str(row["name"])


def _kind(message: Message, draft: Draft) -> Values:
    if draft.get("kind") and draft.asked != "kind" and not shared.CORRECTS.search(message.text):
        return {}
    kind = kind_in(message, str(draft.get("leaf")))
    return {"kind": kind} if kind else {}


def _chosen(field: str) -> Any:
    """Return the reader of an answer to a choice: a button, its title or its number."""

    def answer(message: Message, draft: Draft) -> Values:
        about = message.about or ""
        if about.startswith(f"{CHOICE}{field}:"):
            return _sets(field, about.removeprefix(f"{CHOICE}{field}:"))
        offered = choices_of(draft, field)
        index = choice(message, [title for _, title in offered])
        return _sets(field, offered[index][0]) if index is not None else {}

    return answer


def _sets(field: str, key: str) -> Values:
    """Return the values that a choice sets."""
    if field == care.WHOM:
        return care.whom(key)
    return care.days(key) if field == care.DAYS else {field: key}


def _another(field: str) -> Any:
    """Return the reader of another venue or course than the one known (“那就去舞蹈室”).

    A name is enough; what it is used for (“跳舞”) only when the one wanted is full or corrected.
    """

    def read(message: Message, draft: Draft) -> Values:
        known = draft.get(field)
        if not known or message.tapped or not draft.asked or _adds(message):
            return {}
        rather = shared.CORRECTS.search(message.text) or pattern(FILE, "rather").search(
            message.text
        )
        loosely = full(draft) or bool(rather)
        rows = (draft.get("options") or {}).get(f"{field}s") or []
        named = [r for r in rows if r["name"] in message.text] or [
            r for r in rows if loosely and any(a in message.text for a in r.get("aliases", ()))
        ]
        others = [str(r["id"]) for r in named if r["id"] != known]
        return {field: others[-1]} if len(others) == 1 else {}

    return read


def _contact(message: Message, draft: Draft) -> Values:
    """Read a yes to “留个电话吗”; “那就书法呗” takes another course and promises no number."""
    if any(_another(field)(message, draft) for field in ("course", "venue")):
        return {}
    return shared.contact_answer(message, draft)


def _adds(message: Message) -> bool:
    return bool(pattern(FILE, "adds").search(bare(message.text)))


def adds(message: Message, draft: Draft) -> bool:
    """Whether another course or venue is wanted as well (“还有二胡班”): it is done after this one."""
    if message.tapped or not draft.asked or not _adds(message):
        return False
    rows = [r for f in ("course", "venue") for r in (draft.get("options") or {}).get(f"{f}s") or ()]
    return any(r["name"] in message.text for r in rows)


def repairs(message: Message) -> bool:
    """Whether something is to be mended by whoever comes: that is a report."""
    found = pattern(FILE, "repairs").search(message.text)
    return bool(found) and not message.tapped and not named_leaf(message)


def tells_health(message: Message) -> bool:
    """Whether a message is nothing but illnesses (“她有心脏病，血压也高”)."""
    rest = pattern(FILE, "health").sub("", message.text)
    if rest == message.text:
        return False
    return not bare(pattern(FILE, "health_filler").sub("", rest))


def _day(message: Message, of_week: bool = False) -> Entity | None:
    """Return the day that is meant.

    Args:
        message: What was said.
        of_week: Days of every week are read by themselves (``care``): only another one is a day.
    """
    start, end = care.of_days(message) if of_week else (0, 0)
    days = [e for e in message.meant("time") if isinstance(e.value, dict)]
    days = [e for e in days if not start <= e.start < end]
    today = message.now.date().isoformat()
    ahead = [e for e in days if e.value.get("recur") or str(e.value.get("start"))[:10] >= today]
    named = [e for e in ahead if e.value.get("recur") or shared.NAMES_DAY.search(e.text)] or ahead
    named = shared.not_refused(named, message)
    if not named:
        return None
    return named[-1] if shared.CORRECTS.search(message.text) else named[0]


def _when(message: Message, draft: Draft) -> Values:
    """Read the day, the time and the part of the day; of a habit (“每周三”) the next day."""
    if message.about == NEXT_OPEN or (
        _offers_day(draft) and is_yes(message) and not message.all("time")
    ):
        return {"date": draft.get("next_open")}
    if message.about and message.about.startswith(SLOT):
        return _slot(draft, message.about.removeprefix(SLOT))
    said: dict[str, Any] = {}
    if draft.asked == "date" and not full(draft) and shared.any_day(message):
        return {"date": shared.tomorrow(message)}
    of_week = care.DAYS in asked_fields(draft)
    entity = _day(message, of_week)
    if of_week and not draft.get("date") and (habit := care.read_days(message, draft).get("habit")):
        said["date"] = shared.next_day(habit, message.now.date()).isoformat()
    if entity is not None and not (of_week and entity.value.get("recur")):
        value = entity.value
        names_day = (
            value.get("recur") or shared.NAMES_DAY.search(entity.text) or not draft.get("date")
        )
        if value.get("recur"):
            said["date"] = shared.next_day(value, message.now.date()).isoformat()
            said["habit"] = value
        elif names_day:
            said["date"] = shared.in_same_week(entity, draft.get("date"), message).isoformat()
        if value.get("part") in PARTS:
            said["part"] = str(value["part"])
    said.update(_clock(message) or _moved(message, draft))
    words = message.text
    if "part" not in said and not message.tapped:
        parts = [p for p in load(FILE)["parts"] if pattern(FILE, "parts", p).search(words)]
        if len(parts) == 1:
            said["part"] = parts[0]
    return said


def _slot(draft: Draft, number: str) -> Values:
    """Return what the tapped free slot sets; a clock time belonged to the full one."""
    free = offers(draft)
    if not number.isdigit() or int(number) >= len(free):
        return {}
    offer = dict(free[int(number)])
    return {**offer, "time": None} if "date" in offer else offer


def offers(draft: Draft) -> Sequence[Mapping[str, str]]:
    """Return what is free beside the full slot: ``{date, part}``, ``{venue}`` or ``{course}``."""
    options = draft.get("options") or {}
    people = int(draft.get("people") or 0)
    seats = {r["id"]: r.get("seats") for r in options.get("venues") or ()}
    venues = [v for v in options.get("elsewhere") or () if (seats.get(v) or people) >= people]
    times = (options.get("nearest") or ())[: TIMES_BESIDE if venues else TIMES]
    return [*times, *({"venue": v} for v in venues[:1])]


def _queue(message: Message, draft: Draft) -> Values:
    """Read “排上，有空位告诉我”: of the slot that is wanted now, for as long as that one is wanted."""
    said = not message.tapped and draft.asked and pattern(FILE, "queue").search(message.text)
    return {"queued": _wanted(draft)} if said or message.about == QUEUE else {}


def requeued(draft: Draft, message: Message) -> Draft:
    """“还是周六吧，给我排个队” waits for the slot that the same message names."""
    said = not message.tapped and pattern(FILE, "queue").search(message.text)
    if draft.outcome or not draft.get("queued") or not said:
        return draft
    return replace(draft, values={**draft.values, "queued": _wanted(draft)})


def queued(draft: Draft) -> bool:
    """Whether the resident waits for a place in the full slot that is wanted."""
    return full(draft) and list(draft.get("queued") or ()) == _wanted(draft)


def full(draft: Draft) -> bool:
    """Whether what is wanted now was looked up and has no place left."""
    return (draft.get("options") or {}).get("free") == 0 and to_check(draft) is None


def offered(draft: Draft, offer: Mapping[str, str], message: Message) -> str:
    """Return a free slot in words: ``明天（11月25日，星期三）上午``, ``书法班``."""
    for field in ("course", "venue"):
        if field in offer:
            return dict(choices_of(draft, field)).get(offer[field], offer[field])
    return say_date(day(offer["date"]), message.now) + PARTS[offer["part"]]


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


def _moved(message: Message, draft: Draft) -> Values:
    """Read the time that a known day is moved to, said alone (“改到三点半吧”): in the part of the day that is known."""
    found = pattern(FILE, "moved").search(message.text) if draft.get("date") else None
    hour = to_int(found["hour"]) if found else None
    if found is None or hour is None or hour > _LAST_HOUR:
        return {}
    later = hour + _NOON <= _CLOSES and draft.get("part") in ("pm", "eve")
    later = later or hour < _OPENS
    clock = f"{hour + _NOON * later:02d}:{30 if found['half'] else 0:02d}"
    return {"time": clock, "part": _part_of(clock)}


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
    told = {"health": "、".join(dict.fromkeys([*old, *found]))[:HEALTH_LONGEST]}
    return told | consent.told(draft, HEALTH)


def _health_answer(message: Message, draft: Draft) -> Values:
    text = message.text.strip()
    if message.tapped or not text or is_skip(message) or is_yes(message) or is_question(message):
        return {}
    if message.all("time") and pattern("own", "change").search(bare(text)):
        return {}  # “改成下周四行不” moves the day, whatever was asked
    if wishes_more(message):
        return {}  # “再给她洗个头” is to be done, no illness
    return {"health": text[:HEALTH_LONGEST], **consent.told(draft, HEALTH)}


def _beside(message: Message, draft: Draft, person: Entity) -> bool:
    """A name right behind whom it is for is theirs."""
    relation = message.last("relation")
    return relation is not None and person.start >= relation.end


def _closed(draft: Draft) -> bool:
    window = draft.get("window") or {}
    return window.get("date") == draft.get("date") and window.get("open") is False


def _stuck(draft: Draft) -> bool:
    """Whether the slot is full and the resident does not wait for a place in it."""
    return full(draft) and not queued(draft)


def _needs(name: str) -> Any:
    """Return whether a field has to be asked: it is one of this booking's and not known."""

    def needed(draft: Draft, message: Message) -> bool:
        if name not in asked_fields(draft):
            return False
        if (of_care := care.needed(name, draft)) is not None:
            return of_care and draft.asks.get(name, 0) < ASKED_TWICE
        if name == "date":
            return not draft.get("date") or _closed(draft) or _stuck(draft)
        if name == "contact":
            return shared.needs_contact(draft, message)
        if name == "part":
            return not (draft.get("part") or draft.get("time"))
        if name in ("course", "venue") and not choices_of(draft, name):
            return False
        if name == "course" and _stuck(draft):
            return True
        if name in ("kind", "venue") and draft.asks.get(name, 0) >= ASKED_TWICE:
            return False  # whoever arranges it agrees that with the resident
        return not draft.get(name)

    return needed


def _if_asked(name: str, read: Any) -> Any:
    """Return a reader that reads only where the booking has this field."""
    return lambda message, draft: read(message, draft) if name in asked_fields(draft) else {}


FORM = Form(
    name="booking",
    gate=consent.gate,
    early=True,
    keeps=("leaf",),
    fields=(
        Field("kind", _needs("kind"), read=_kind, answer=_chosen("kind"), optional=True),
        Field(
            care.WHOM,
            _needs(care.WHOM),
            read=_if_asked(care.WHOM, care.read_whom),
            answer=_chosen(care.WHOM),
            optional=True,
        ),
        Field(
            "course",
            _needs("course"),
            read=_another("course"),
            answer=_chosen("course"),
            optional=True,
        ),
        Field(
            "venue",
            _needs("venue"),
            read=_another("venue"),
            answer=_chosen("venue"),
            optional=True,
        ),
        Field("queued", needed=lambda d, m: False, read=_queue),
        Field("date", _needs("date"), read=_when),
        Field("part", _needs("part"), answer=_chosen("part"), optional=True),
        Field(
            care.DAYS,
            _needs(care.DAYS),
            read=_if_asked(care.DAYS, care.read_days),
            answer=_chosen(care.DAYS),
            optional=True,
        ),
        Field(
            care.TRANSPORT,
            _needs(care.TRANSPORT),
            read=_if_asked(care.TRANSPORT, care.read_transport),
            answer=_chosen(care.TRANSPORT),
            optional=True,
        ),
        replace(place.field(wanted=lambda d: "place" in asked_fields(d)), read=_place),
        Field("people", _needs("people"), read=_people, optional=True),
        Field(
            "contact",
            _needs("contact"),
            read=shared.who(_beside),
            answer=_contact,
            optional=True,
        ),
        Field("health", _needs("health"), read=_health, answer=_health_answer, optional=True),
        Field(ALSO, needed=lambda d, m: False, read=_also),
        consent.FIELD_OF_FORM,
        Field("narrative", needed=lambda d, m: False, read=shared.words()),
    ),
)


def to_check(draft: Draft) -> tuple[str, str | None, dict[str, str]] | None:
    """Return (leaf, day, part and what) when the locality still has to be asked about them."""
    wanted = _wanted(draft)
    if wanted == list(draft.get("looked") or ()):
        return None
    leaf, on, part, venue, course = wanted
    more = {"part": part, "venue": venue, "course": course}
    return str(leaf), on, {k: str(v) for k, v in more.items() if v}


def _wanted(draft: Draft) -> list[Any]:
    clock = str(draft.get("time") or "")
    part = draft.get("part") or (_part_of(clock) if clock else None)
    return [draft.get("leaf"), draft.get("date"), part, draft.get("venue"), draft.get("course")]


def checked(draft: Draft, options: Mapping[str, Any] | None) -> Draft:
    """Take in the answer of ``GET /bookings/options``; venues and courses said before are found."""
    found = dict(options or {})
    values = {
        **draft.values,
        "looked": _wanted(draft),
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
    """Return the draft with the venue or course that its words name.

    What it is used for (“打牌”) counts only when no name is there.
    """
    draft = settled(draft)
    story = simplify(str(draft.get("narrative") or ""))
    values = dict(draft.values)
    for field in ("course", "venue"):
        if draft.get(field) or field not in asked_fields(draft):
            continue
        rows = (draft.get("options") or {}).get(f"{field}s") or []
        hits = [r for r in rows if r["name"] in story] or [
            r for r in rows if any(a in story for a in r.get("aliases", ()))
        ]
        if len(hits) == 1:
            values[field] = str(hits[0]["id"])
    return replace(draft, values=values)


def settled(draft: Draft) -> Draft:
    """Return the draft with what the locality settles: the one part of the day, days on which it is open."""
    options, asked = draft.get("options") or {}, asked_fields(draft)
    if care.DAYS in asked:
        draft = care.on_open_days(draft, options.get("weekdays") or ())
        parts = options.get("parts") or ()
        if draft.get("date") and len(parts) == 1:
            draft = replace(draft, values={**draft.values, "part": parts[0], "time": None})
    return draft


def declined(draft: Draft, message: Message) -> Draft:
    """“不约了” to the offered other day or free slots, “不等了” to the queue ends the form."""
    words = "" if message.tapped else bare(message.text)
    if draft.get("queued") and pattern("waiting", "leaves").search(words):
        return replace(draft, outcome=DROP)
    offered_day = _offers_day(draft) or (draft.asked in ("date", "course") and _stuck(draft))
    return replace(draft, outcome=DROP) if offered_day and is_no(message) else draft


def stale(draft: Draft) -> Draft:
    """Return the draft with what was looked up to be looked up anew: it may have changed since."""
    return replace(draft, values={**draft.values, "looked": None})


def of_today(draft: Draft, today: date) -> Draft:
    """Return the draft; what another day's answer said is looked up anew, for a form may be left for days.

    A day that is over meanwhile was open when it was asked for.
    """
    if draft.get("looked_on") == today.isoformat():
        return draft
    return stale(replace(draft, values={**draft.values, "looked_on": today.isoformat()}))


def what(draft: Draft) -> str:
    """Return what is booked in words: ``助浴（上门洗澡）``, ``活动场地：会议室``."""
    kind = _kind_of(draft)
    words = str(kind["name"] if kind else spec(draft.get("leaf")).get("name") or say("a_booking"))
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
    sensitive, draft = consent.lines(draft, message), consent.kept(draft, reading=True)
    wanted, lines = asked_fields(draft), [(say("heading_what_booking"), what(draft))]
    if "date" in wanted or draft.get("date"):
        lines.append((heading(draft, "date"), when(draft, message) or say("booking_day_open")))
    if queued(draft):
        lines.append((say("heading_queue"), say("booking_queued")))
    lines += care.lines(draft, wanted, message)
    if draft.get("habit") and care.DAYS not in wanted:
        lines.append(
            (
                say("heading_habit"),
                say("booking_habit", habit=say_time(draft.get("habit"), message.now)),
            )
        )
    if "place" in wanted:
        lines.append((say("heading_goes_where"), place.say(draft) or say("booking_no_place")))
    elif _lives(draft):
        lines.append((say("heading_lives"), place.say(draft)))
    if draft.get("people"):
        lines.append((say("heading_people"), _people_words(draft)))
    lines += shared.say_subject(draft, say("heading_whom"))
    if draft.get(ALSO):
        lines.append((say("heading_also"), str(draft.get(ALSO))))
    if draft.get("health"):
        lines.append((say("heading_health"), str(draft.get("health"))))
    if fee := str((draft.get("options") or {}).get("fee_note") or ""):
        lines.append((say("heading_fee"), fee.rstrip("。")))
    lines.append((say("heading_reach"), shared.say_reach(draft, message)))
    return [*lines, *sensitive]


def note(draft: Draft) -> str:
    """Return what to mind: of the kind or of how one gets there, else what holds for all."""
    return own_note(draft) or str((draft.get("options") or {}).get("note") or "")


def own_note(draft: Draft) -> str:
    """Return what to mind of the kind or of how one gets there alone; empty: nothing of its own."""
    notes = (draft.get("options") or {}).get("notes") or {}
    keys = (draft.get("kind"), draft.get(care.TRANSPORT))
    return "".join(str(notes[k]) for k in keys if k in notes)


def heading(draft: Draft, field: str) -> str:
    """Return what a line of the summary is called, which a leaf may call otherwise (“哪天开始”)."""
    own = (spec(draft.get("leaf")).get("headings") or {}).get(field)
    return str(own or say(f"heading_{field}"))


def sentence(draft: Draft, name: str) -> str:
    """Return the key of a sentence, which a leaf may have of its own (``sentences`` of its data)."""
    own = (spec(draft.get("leaf")).get("sentences") or {}).get(name)
    return str(own or name)


def _people_words(draft: Draft) -> str:
    """Return how many people come, and whether the room is too small for them."""
    people, rows = draft.get("people"), (draft.get("options") or {}).get("venues") or []
    seats = next((r.get("seats") for r in rows if r["id"] == draft.get("venue")), None)
    small = seats and people > seats
    return (
        say("booking_too_many", people=people, seats=seats)
        if small
        else say("count_people", n=people)
    )


def to_ticket(draft: Draft, conversation_id: str) -> dict[str, Any]:
    """Return the body of ``POST /tickets``: what, when, where, for whom and what to mind."""
    consents, draft = consent.to_ticket(draft), consent.kept(draft)
    appointment = {k: draft.get(k) for k in ("date", "time", "part", "kind", "people", "habit")}
    appointment |= {"what": what(draft), "needs": draft.get("health")}
    appointment |= {k: draft.get(k) for k in ("venue", "course")}
    appointment |= care.to_appointment(draft)
    told = draft.get("narrative") or say("told_booking", what=what(draft))
    return {
        **shared.booking(draft, conversation_id, str(draft.get("leaf")), told),
        "appointment": {k: v for k, v in appointment.items() if v},
        "incomplete": bool(draft.get("incomplete")),
        **consents,
        **(place.to_ticket(draft) if "place" in asked_fields(draft) or _lives(draft) else {}),
    }


def _lives(draft: Draft) -> bool:
    """Whether a home was told though nobody comes there (“我姓李，住3号楼2单元501”)."""
    return bool(set(draft.get("address") or {}) & {"building", "room"})
