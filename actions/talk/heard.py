"""What was said a little earlier in this conversation and is not asked again.

Read from the conversation itself: nothing is stored beside it. What it brings stands in the
summary of a form, where it can be corrected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from actions.dialogue import load, pattern
from actions.forms import bookable, place, report
from actions.forms.draft import Draft
from actions.forms.replies import opens_only
from actions.knowledge import leaves
from actions.message import Message, from_events, read_time
from actions.talk import manners
from actions.talk.echo import say_address
from actions.tickets import own

REMEMBERED = timedelta(minutes=30)
"""So long a place or a phone that was said still counts for the next thing."""
HIDES = frozenset({"ask_notice", "emergency", "query_progress"})
"""In such messages a place is what is asked about, not where the speaker's matter is."""
OWN_DATA_CHANGED = "action_my_data_do"
"""The action that corrects, deletes and takes back (``actions.privacy.my_data``)."""
_PLACE = ("address", "address_text")
_HOUSE = ("community", "building", "unit", "floor", "room")
"""Parts of a house, from the whole to the door."""
ANONYMITY = "ask_anonymity"
NEIGHBOR = "neighbor"
"""Somebody who is spoken of, seldom whom a matter is for."""


def earlier(events: Sequence[Mapping[str, Any]], message: Message) -> list[tuple[Message, bool]]:
    """Return what the resident typed in the last half hour before this message, oldest first.

    Args:
        events: The conversation's events.
        message: The present message, which is left out.

    Returns:
        Each message, and whether it was said while a form was open.
    """
    found: list[tuple[Message, bool]] = []
    form_open = False
    for index, event in enumerate(events):
        if event.get("event") == "active_loop":
            form_open = bool(event.get("name"))
        if event.get("event") != "user" or event.get("message_id") == message.id:
            continue
        said_at = read_time((event.get("metadata") or {}).get("now") or message.now.isoformat())
        if timedelta(0) <= message.now - said_at <= REMEMBERED:
            said = from_events("", event.get("parse_data") or {}, events[: index + 1])
            found.append((said, form_open))
    return [(said, in_form) for said, in_form in found if not said.tapped]


def with_meal(events: Sequence[Mapping[str, Any]], message: Message) -> Message:
    """Return what was wrong with a meal together with the meal itself, when that was all that was said before.

    “昨天食堂送的饭”, then “是馊的”: the second alone would not say what it is about.
    """
    before = earlier(events, message)
    if message.tapped or message.intent == "emergency" or not before:
        return message  # who fell ill of it is heard first
    meal, in_form = before[-1]
    if in_form or not manners.begins_meal(meal):
        return message
    moved = len(meal.verbatim)
    whole = replace(
        message,
        text=f"{meal.text}{message.text}",
        written=f"{meal.verbatim}{message.verbatim}",
        entities=tuple(
            replace(e, start=e.start + moved, end=e.end + moved) for e in message.entities
        ),
        intent="report_problem",
    )
    return whole if own.meal_wrong(whole) else message


def recall(events: Sequence[Mapping[str, Any]], draft: Draft, message: Message) -> dict[str, Any]:
    """Return the values that earlier messages bring to a form that has just been opened.

    The newest place counts; with only a building said now, the compound is taken from before. A
    phone that was left for one matter in a form is not taken for the next one. Whom it is for is
    taken over where the words point to somebody (``data/dialogue/heard.yml``).
    """
    brought: dict[str, Any] = _in_confidence(events, draft, message)
    gone = _before_change_of_own_data(events)
    for said, in_form in earlier(events, message):
        if said.intent not in HIDES:
            where = place.read(said, Draft("heard", said.id, values={"address": {}}))
            brought |= _in_house(brought, {k: where[k] for k in _PLACE if where.get(k)})
        if not in_form and said.id not in gone:
            brought |= report.read_contact(said, draft)
    if brought.get("address"):
        where = leaves.whereabouts(draft.get("leaf"), brought["address"])
        if where != brought["address"]:
            brought |= {"address": where, "address_text": say_address(where)}
    brought.pop("subject_name", None)
    subject = _subject(events, draft, message)
    if subject:
        brought["subject"] = subject
    known = dict(draft.get("address") or {})
    placeless = draft.get("leaf") in leaves.PLACELESS
    elsewhere = _elsewhere(message, brought.get("address") or {}, known)
    if elsewhere and not placeless:
        brought |= {"address": elsewhere, "address_text": say_address(elsewhere)}
        return {k: v for k, v in brought.items() if k in _PLACE or not draft.get(k)}
    if placeless or known.get("community") or known.get("place"):
        spot = _same_spot(brought.get("address") or {}, known)
        brought = {k: v for k, v in brought.items() if k not in _PLACE}
        if spot and not placeless:
            brought |= {"address": spot, "address_text": say_address(spot)}
    elif known:
        house = _house_around(brought.pop("address", None) or {}, known)
        brought.pop("address_text", None)
        if house:
            brought["address"] = {**house, **known}
            brought["address_text"] = f"{say_address(house)}{draft.get('address_text') or ''}"
    return {k: v for k, v in brought.items() if k in _PLACE or not draft.get(k)}


def number_before(events: Sequence[Mapping[str, Any]], message: Message) -> str | None:
    """Return the ticket number that was said last, which a query code alone belongs to; else None."""
    said = [own.ticket_no(one) for one, _ in earlier(events, message)]
    return next((number for number in reversed(said) if number), None)


def wished_kind(events: Sequence[Mapping[str, Any]], message: Message, leaf: str) -> str | None:
    """Return which of a bookable service was spoken of before it was explained (“洗个澡多少钱”, then “约一个”).

    Args:
        events: The conversation's events.
        message: The message that books; what it names itself counts there, not here.
        leaf: The service, explained a short while ago.
    """
    if bookable.kind_in(message, leaf):
        return None
    named = [
        bookable.kind_in(said, leaf) for said, in_form in earlier(events, message) if not in_form
    ]
    return next((kind for kind in reversed(named) if kind), None)


def health_before(events: Sequence[Mapping[str, Any]], message: Message) -> str:
    """Return what was told of somebody's health before a visit was booked (“我妈82了，偏瘫，能来家洗澡不”), or ""."""
    told = (bookable.health_in(said) for said, in_form in earlier(events, message) if not in_form)
    return "、".join(dict.fromkeys(words for each in told for words in each))


def _in_confidence(
    events: Sequence[Mapping[str, Any]], draft: Draft, message: Message
) -> dict[str, Any]:
    """Keep a report in confidence when the words right before it asked for that (“怕打击报复”)."""
    before = earlier(events, message)
    if draft.form != report.FORM.name or draft.get("confidential") is not None or not before:
        return {}
    said, _ = before[-1]
    asked = said.intent == ANONYMITY and not opens_only(said.text)
    return dict(report.read_secret(said, draft)) if asked else {}


def _elsewhere(
    message: Message, before: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what holds of the place before when the words point away from it (“小区门口的灯也不亮”).

    The compound stays, the house does not; empty when they point to no other spot, when there is no
    compound to keep, or when they name a place of their own.
    """
    if message.tapped or set(now) - {"place"} or not before.get("community"):
        return {}
    for rule in load("heard")["elsewhere"]:
        found = re.search(rule["words"], message.text)
        if found is None:
            continue
        kept = {k: before[k] for k in rule["keeps"] if before.get(k)}
        spot = str(now.get("place") or found.group()) if rule.get("spot") else ""
        spot = pattern("heard", "compound").sub("", spot)
        return {**kept, "place": spot} if spot else kept
    return {}


def _in_house(before: Mapping[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Return a place with the house that was told before it, when it names only a part of one (“三单元”)."""
    told = now.get("address") or {}
    house = _house_around(before.get("address") or {}, told)
    if not house:
        return now
    return {**now, "address": {**house, **told}, "address_text": say_address({**house, **told})}


def _house_around(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return the larger parts of the house told before of which only a part is named now; empty for none."""
    named = [_HOUSE.index(part) for part in now if part in _HOUSE]
    larger = _HOUSE[: min(named, default=0)]
    return {part: before[part] for part in larger if before.get(part)}


def _same_spot(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return a spot told twice once, the finer (“青年街老邮电局”, then “老邮电局对面”); empty when they differ."""
    if set(now) != {"place"} or not before.get("place") or before.get("building"):
        return {}
    one = place.joined(str(before["place"]), str(now["place"]))
    return {**before, "place": one} if one else {}


def _before_change_of_own_data(events: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return the messages before own data were last changed: a number told in them may be deleted."""
    done = [i for i, e in enumerate(events) if e.get("name") == OWN_DATA_CHANGED]
    before = events[: done[-1]] if done else ()
    return frozenset(str(e.get("message_id")) for e in before if e.get("event") == "user")


def _subject(events: Sequence[Mapping[str, Any]], draft: Draft, message: Message) -> str | None:
    """Return the person named last, when the message that opened a form is about them."""
    text = message.text
    points = pattern("heard", "points").search(text)
    follows = draft.form in load("heard")["follows"] and not pattern("heard", "own").search(text)
    if message.all("relation") or not (points or follows):
        return None
    named = [said.last("relation") for said, _ in earlier(events, message)]
    newest = next((e for e in reversed(named) if e is not None), None)
    return str(newest.value) if newest and newest.value != NEIGHBOR else None
