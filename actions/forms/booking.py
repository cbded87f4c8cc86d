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

from actions.dialogue import pattern
from actions.forms import (
    added,
    bookable,
    booking_times,
    care,
    consent,
    place,
    shared,
)
from actions.forms.draft import DROP, Draft, Field, Form, Values
from actions.forms.replies import bare, choice, is_no, is_question, is_skip, is_yes
from actions.message import Entity, Message
from bot.understanding.numbers import to_int
from bot.understanding.scripts import simplify

CHOICE = "book:"
"""Prefix of the buttons of a choice: ``book:part:am``, ``book:venue:meeting``."""
ASKED_TWICE = 2
HEALTH = "care_health"
"""Purpose of the consent to keep what the helper must know (``consents.yml``)."""
HEALTH_LONGEST = 200
"""So many characters of what the helper must know stand on the ticket."""
_HOME = {"community", "building", "unit", "room"}


def others(draft: Draft) -> list[str]:
    """Return the other rooms or courses than the one wanted, in words; rooms with seats enough."""
    options, people = draft.get("options") or {}, int(draft.get("people") or 0)
    field = "course" if draft.get("course") or "course" in bookable.asked_fields(draft) else "venue"
    rows = [r for r in options.get(f"{field}s") or () if str(r["id"]) != draft.get(field)]
    return [bookable.titled(r) for r in rows if (r.get("seats") or people) >= people]


def opened(message: Message, leaf: str, kind: str | None = None) -> Draft:
    """Return the draft that this message opens, before it is read; ``kind`` was said before it."""
    return Draft(FORM.name, message.id, values={"leaf": leaf, **({"kind": kind} if kind else {})})


def _also(message: Message, draft: Draft) -> Values:
    """Read what is to be done as well while the visit is being arranged; its own kind is nothing more."""
    if (
        not draft.asked
        or "place" not in bookable.asked_fields(draft)
        or not bookable.wishes_more(message)
    ):
        return {}
    if bookable.kind_in(message, bookable.VISITS) == draft.get("kind") and not added.named(message):
        return {}
    words, known = message.verbatim.strip(), str(draft.get(bookable.ALSO) or "")
    return {} if words in known else {bookable.ALSO: "；".join(filter(None, (known, words)))}


def _kind(message: Message, draft: Draft) -> Values:
    if draft.get("kind") and draft.asked != "kind" and not shared.CORRECTS.search(message.text):
        return {}
    kind = bookable.kind_in(message, str(draft.get("leaf")))
    return {"kind": kind} if kind else {}


def _chosen(field: str) -> Any:
    """Return the reader of an answer to a choice: a button, its title or its number."""

    def answer(message: Message, draft: Draft) -> Values:
        about = message.about or ""
        if about.startswith(f"{CHOICE}{field}:"):
            return _sets(field, about.removeprefix(f"{CHOICE}{field}:"))
        offered = bookable.choices_of(draft, field)
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
        rather = shared.CORRECTS.search(message.text) or pattern(bookable.FILE, "rather").search(
            message.text
        )
        loosely = booking_times.full(draft) or bool(rather)
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
    return bool(pattern(bookable.FILE, "adds").search(bare(message.text)))


def adds(message: Message, draft: Draft) -> bool:
    """Whether another course or venue is wanted as well (“还有二胡班”): it is done after this one."""
    if message.tapped or not draft.asked or not _adds(message):
        return False
    rows = [r for f in ("course", "venue") for r in (draft.get("options") or {}).get(f"{f}s") or ()]
    return any(r["name"] in message.text for r in rows)


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
    if "people" not in bookable.asked_fields(draft):
        return {}
    found = pattern(bookable.FILE, "people").search(words)
    number = to_int(found.group(1)) if found else None
    if not found or not number:
        return {}
    about = found.group(1) + found.group(2) if found.group(2) else None
    said = {bookable.PEOPLE_SAID: about} if about or draft.get(bookable.PEOPLE_SAID) else {}
    return {"people": number, **said}


def _health(message: Message, draft: Draft) -> Values:
    found = bookable.health_in(message)
    if not found or message.tapped:
        return {}
    old = [w for w in str(draft.get("health") or "").split("、") if w]
    told = {"health": "、".join(dict.fromkeys([*old, *found]))[:HEALTH_LONGEST]}
    return {**told, **consent.told(draft, HEALTH)}


def _health_answer(message: Message, draft: Draft) -> Values:
    text = message.text.strip()
    if message.tapped or not text or is_skip(message) or is_yes(message) or is_question(message):
        return {}
    if message.all("time") and pattern("own", "change").search(bare(text)):
        return {}  # “改成下周四行不” moves the day, whatever was asked
    if bookable.wishes_more(message):
        return {}  # “再给她洗个头” is to be done, no illness
    return {"health": text[:HEALTH_LONGEST], **consent.told(draft, HEALTH)}


def _beside(message: Message, draft: Draft, person: Entity) -> bool:
    """A name right behind whom it is for is theirs."""
    relation = message.last("relation")
    return relation is not None and person.start >= relation.end


def _needs(name: str) -> Any:
    """Return whether a field has to be asked: it is one of this booking's and not known."""

    def needed(draft: Draft, message: Message) -> bool:
        if name not in bookable.asked_fields(draft):
            return False
        if (of_care := care.needed(name, draft)) is not None:
            return of_care and draft.asks.get(name, 0) < ASKED_TWICE
        if name == "date":
            return (
                not draft.get("date") or booking_times.closed(draft) or booking_times.stuck(draft)
            )
        if name == "contact":
            return shared.needs_contact(draft, message)
        if name == "part":
            return not (draft.get("part") or draft.get("time"))
        if name in ("course", "venue") and not bookable.choices_of(draft, name):
            return False
        if name == "course" and booking_times.stuck(draft):
            return True
        if name in ("kind", "venue") and draft.asks.get(name, 0) >= ASKED_TWICE:
            return False  # whoever arranges it agrees that with the resident
        return not draft.get(name)

    return needed


def _if_asked(name: str, read: Any) -> Any:
    """Return a reader that reads only where the booking has this field."""
    return lambda message, draft: (
        read(message, draft) if name in bookable.asked_fields(draft) else {}
    )


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
        Field("queued", needed=lambda d, m: False, read=booking_times.read_queue),
        Field("date", _needs("date"), read=booking_times.read),
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
        replace(place.field(wanted=lambda d: "place" in bookable.asked_fields(d)), read=_place),
        Field("people", _needs("people"), read=_people, optional=True),
        Field(
            "contact",
            _needs("contact"),
            read=shared.who(_beside),
            answer=_contact,
            optional=True,
        ),
        Field("health", _needs("health"), read=_health, answer=_health_answer, optional=True),
        Field(bookable.ALSO, needed=lambda d, m: False, read=_also),
        consent.FIELD_OF_FORM,
        Field("narrative", needed=lambda d, m: False, read=shared.words()),
    ),
)


def checked(draft: Draft, options: Mapping[str, Any] | None) -> Draft:
    """Take in the answer of ``GET /bookings/options``; venues and courses said before are found."""
    found = dict(options or {})
    values = {
        **draft.values,
        "looked": booking_times.wanted_slot(draft),
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
        if draft.get(field) or field not in bookable.asked_fields(draft):
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
    options, asked = draft.get("options") or {}, bookable.asked_fields(draft)
    if care.DAYS in asked:
        draft = care.on_open_days(draft, options.get("weekdays") or ())
        parts: Sequence[str] = options.get("parts") or ()
        if draft.get("date") and len(parts) == 1:
            draft = replace(draft, values={**draft.values, "part": parts[0], "time": None})
    return draft


def declined(draft: Draft, message: Message) -> Draft:
    """“不约了” to the offered other day or free slots, “不等了” to the queue ends the form."""
    words = "" if message.tapped else bare(message.text)
    if draft.get("queued") and pattern("waiting", "leaves").search(words):
        return replace(draft, outcome=DROP)
    offered_day = booking_times.offers_day(draft) or (
        draft.asked in ("date", "course") and booking_times.stuck(draft)
    )
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
