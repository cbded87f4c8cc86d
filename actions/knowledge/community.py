"""Questions about the community: answered from what is valid today, never from memory."""

from __future__ import annotations

import re
from dataclasses import replace

from rasa_sdk.events import EventType, SlotSet

from actions.action import TurnAction
from actions.client import Client, Json
from actions.forms import place
from actions.forms.draft import Draft
from actions.knowledge import asked_about, information
from actions.knowledge.service_answers import redirected
from actions.message import Leaf, recalled
from actions.talk.echo import say_address
from actions.talk.offers import make_offer, report_of
from actions.texts import Gaps, say
from actions.turn import Button, Turn, button

GRID = "网格"
MENU, PUBLISHED, ENTRY = "menu", "notice", "entry"
"""Kinds of what is known."""
OUTAGE = re.compile(r"停|没有?(水|电|气|暖)")
"""Who asks for an outage may sit in one."""


class CommunityInfo(TurnAction):
    """Opening hours, phone, place – and who the grid worker of an address is."""

    NAME = information.INFO

    async def act(self, turn: Turn) -> list[EventType]:
        """Answer what is asked about; else name the grid worker when the address is known, and the office."""
        text, before = turn.message.text, turn.asked_about() or {}
        how = asked_about.goes_on(turn.message, before)
        if how == asked_about.PLACE:
            return await _of_place(turn, str(before[how]))
        if how == asked_about.WORKER:
            return await _of_worker(turn, before[how])
        async with turn.client() as client:
            found = await look(turn, client)
            if (elsewhere := await _elsewhere(turn, client, found)) is not None:
                return elsewhere
            tell(turn, found)
            if found["kind"] and GRID not in text:
                return [*answered(turn, found), *_place_kept(turn, found)]
            known = await name_worker(turn, client)
            if not known and GRID not in text and information.looks_for_place(text):
                return unknown_place(turn)
            office = await client.community()
        turn.say("community_office", **_office(office))
        if not known and turn.loop is None and GRID in text:
            turn.say("community_ask_grid")
        return known or [_keep(turn, asked_about.PLACE, turn.message.verbatim)]


def _keep(turn: Turn, key: str, value: object) -> EventType:
    return SlotSet("topic", asked_about.begun(turn.message.now, key, value))


def _place_kept(turn: Turn, found: Json) -> list[EventType]:
    """Remember the question for a place that is known, for the short words that follow."""
    entry = found["kind"] == ENTRY and found["texts"]
    return [_keep(turn, asked_about.PLACE, turn.message.verbatim)] if entry else []


async def _of_place(turn: Turn, question: str) -> list[EventType]:
    """Say of the place that was asked about what is known of it; of a day that stands nowhere, whom to ask."""
    async with turn.client() as client:
        found = await client.information(question, None, turn.elder)
        office: Gaps = {} if found["texts"] else _office(await client.community())
    if asked_about.asks_fee(turn.message):
        turn.lead("info_fee_unknown", line=True)
    elif asked_about.asks_hours(turn.message):
        turn.lead("info_place_again", line=True)
    if office:
        turn.say("community_office", **office)
    else:
        tell(turn, found)
    return [_keep(turn, asked_about.PLACE, question)]


async def _of_worker(turn: Turn, known: Json) -> list[EventType]:
    """Say over which number a grid worker is reached: their own is not told here."""
    async with turn.client() as client:
        office = _office(await client.community())
    facts: Gaps = {k: str(known.get(k) or "") for k in ("worker", "grid")}
    turn.say("community_worker_phone", duty=office["duty"], phone=office["phone"], **facts)
    return [_keep(turn, asked_about.WORKER, known)]


async def name_worker(turn: Turn, client: Client) -> list[EventType]:
    """Say whose grid the address is in, the one just said or else the home, and remember it; empty: unknown."""
    said = place.read(turn.message, Draft("info", turn.message.id))
    if not said and turn.message.resident.home:
        said = place.home(turn.message)
    if not said.get("address"):
        return []
    found = await client.resolve_place(said["address_text"], said["address"], turn.conversation_id)
    places = found.get("candidates") or []
    best = places[0] if len({p.get("worker") for p in places}) == 1 else {}
    if not best.get("worker"):
        return []
    grid = str(best.get("grid") or "").removeprefix(str(best.get("community") or ""))
    known = found.get("status") == "resolved" and best.get("label")
    turn.say(
        "community_grid",
        place=known or say_address(said["address"]),
        community=best.get("community") or "",
        grid=grid,
        worker=best["worker"],
    )
    return [_keep(turn, asked_about.WORKER, {"worker": best["worker"], "grid": grid})]


def _office(found: Json) -> Gaps:
    now = "community_open" if found.get("open") else "community_closed"
    duty = found.get("duty") or {}
    offices = "、".join(
        say("office_with_phone", name=o["name"], phone=o["phone"])
        if o.get("phone") not in (None, duty.get("phone"))
        else str(o["name"])
        for o in found.get("offices") or []
    )
    return {
        "offices": offices,
        "hours": str(found.get("hours") or ""),
        "now": say(now, next=found.get("next_open") or ""),
        "duty": str(duty.get("name") or ""),
        "phone": str(duty.get("phone") or ""),
    }


class Notice(TurnAction):
    """Outages, notices, alerts, the menu: what is valid; otherwise somebody finds out."""

    NAME = information.NOTICE

    async def act(self, turn: Turn) -> list[EventType]:
        """Say what was published; of a day without anything say so, and offer to ask."""
        before = turn.notice()
        how = information.goes_on(turn.message, before) if before else None
        if before and how == information.LASTS:
            return _lasts(turn, before)
        async with turn.client() as client:
            if before and how:
                return _go_on(turn, await look(turn, client, before["notice"]), before, how)
            found = await look(turn, client)
            if (elsewhere := await _elsewhere(turn, client, found)) is not None:
                return elsewhere
        tell(turn, found)
        return answered(turn, found)


async def look(turn: Turn, client: Client, topic: str = "") -> Json:
    """Return the services' answer (``texts`` is empty: nothing is known).

    Args:
        turn: The turn.
        client: The services.
        topic: Name of what the words go on with, when they do not name it themselves.
    """
    days = information.days_of(turn.message)
    return await client.information(topic + turn.message.text, days, turn.elder)


async def _elsewhere(turn: Turn, client: Client, found: Json) -> list[EventType] | None:
    """Say whose matter it is, unless a notice of the kind asked for says it itself; None when nobody else's is known."""
    told = found["texts"] and found["topic"] and not found["other_days"]
    published = told and found["kind"] == PUBLISHED and not found.get("outage")
    return None if published else await redirected(turn, client)


def tell(turn: Turn, found: Json) -> None:
    """Say what is known."""
    if found["other_days"]:
        key = "info_other_span" if _span(turn) else "info_other_days"
        turn.lead(key, line=True, topic=found["topic"] or say("a_notice"))
    for text in found["texts"]:
        turn.tell(text)


def _span(turn: Turn) -> bool:
    """Whether several days were asked about (“这个礼拜”)."""
    first, last = information.days_of(turn.message) or ("", "")
    return first != last


def answered(turn: Turn, found: Json) -> list[EventType]:
    """Return what follows an answer: nothing, or the offer to ask when it was none."""
    keep = _topic(turn, found)
    if found["texts"] and not found["other_days"]:
        return [*_still(turn), *keep]
    if found["texts"] and _span(turn):
        return keep  # what comes next was told
    return [*unknown(turn, found), *keep]


def _topic(turn: Turn, found: Json, about: str = "") -> list[EventType]:
    """Remember what was asked about, for the short words that follow: of a menu its one day."""
    first, last = information.days_of(turn.message) or ("", "")
    if found["kind"] == MENU and first and first == last:
        return [_keep(turn, asked_about.MENU, first)]
    if found["kind"] != PUBLISHED or not found["topic"]:
        return []
    topic = {"notice": found["topic"], "outage": found.get("outage")}
    at = turn.message.now.isoformat()
    return [SlotSet("topic", {**topic, "about": about or turn.message.id, "at": at})]


def _go_on(turn: Turn, found: Json, before: Json, how: str) -> list[EventType]:
    """Answer short words about the notice that was just asked about; what it leaves open is asked for them."""
    outage = before.get("outage")
    keep = _topic(turn, found, str(before["about"]))
    earlier = recalled(turn.message, turn.tracker.events, str(before["about"]))
    told = "\n".join(dict.fromkeys((earlier.verbatim, turn.message.verbatim)))
    if found["texts"] and not found["other_days"]:
        tell(turn, found)
        if outage or how == information.TOLD:
            return keep
        return [*make_offer(turn, "offer_notice_open", "consult", "K5", told=told), *keep]
    if not outage:
        tell(turn, found)
        return [*make_offer(turn, "offer_notice", "consult", "K5", told=told), *keep]
    facts = {k: str(outage.get(k) or "") for k in ("unit", "phone")}
    key = "offer_outage_more" if all(facts.values()) else "offer_notice_outage"
    topic = str(before["notice"])
    more = make_offer(turn, key, "consult", "K5", [_now(turn)], told=told, topic=topic, **facts)
    return [*more, *keep]


def _lasts(turn: Turn, before: Json) -> list[EventType]:
    """Report what was only asked about and is still cut off: the question's place counts for it."""
    leaf = Leaf(str(before["outage"]["leaf"]), 1.0)
    earlier = recalled(turn.message, turn.tracker.events, str(before["about"]))
    told = turn.message.verbatim
    if not turn.message.all("address"):
        places = tuple(e for e in earlier.entities if e.type == "address")
        turn.message = replace(turn.message, entities=(*turn.message.entities, *places))
    turn.message = replace(turn.message, written="\n".join(dict.fromkeys((earlier.verbatim, told))))
    return report_of(turn, leaf)


def _now(turn: Turn) -> Button:
    return button(say("button_outage_now"), f'/report_problem{{"about":"m:{turn.message.id}"}}')


def _still(turn: Turn) -> list[EventType]:
    """Offer to report an outage of today that lasts on: the notice's hours are words, no times."""
    today = turn.message.now.date().isoformat()
    first, last = information.days_of(turn.message) or (today, today)
    if not OUTAGE.search(turn.message.text) or not first <= today <= last:
        return []
    turn.say("notice_outage_still", [_now(turn)])
    return []


def unknown(turn: Turn, found: Json) -> list[EventType]:
    """Say honestly that nothing is known, and offer to ask for the resident."""
    if found["kind"] == MENU:
        turn.say("info_no_menu")
        return make_offer(turn, "offer_notice", "consult", "C1")
    if not found["texts"]:
        turn.say("notice" if OUTAGE.search(turn.message.text) else "notice_other")
    if not OUTAGE.search(turn.message.text):
        return make_offer(turn, "offer_notice", "consult", "K5")
    return make_offer(turn, "offer_notice_outage", "consult", "K5", [_now(turn)])


def unknown_place(turn: Turn) -> list[EventType]:
    """Say that such a place is not on the list, and offer to ask for the resident."""
    turn.say("info_no_place")
    return make_offer(turn, "offer_notice", "consult", "K5")
