"""Questions about the community: answered from what is valid today, never from memory."""

from __future__ import annotations

import re

from rasa_sdk.events import EventType

from actions import information
from actions.client import Client, Json
from actions.echo import say_address
from actions.forms import place
from actions.forms.draft import Draft
from actions.offers import make_offer
from actions.service_answers import redirected
from actions.texts import say
from actions.turn import Turn, TurnAction, button

GRID = "网格"
MENU = "menu"
OUTAGE = re.compile(r"停|没有?(水|电|气|暖)")
"""Who asks for an outage may sit in one."""


class CommunityInfo(TurnAction):
    """Opening hours, phone, place – and who the grid worker of an address is."""

    NAME = information.INFO

    async def act(self, turn: Turn) -> list[EventType]:
        """Answer what is asked about; else name the grid worker when the address is known, and the office."""
        text = turn.message.text
        async with turn.client() as client:
            if await redirected(turn, client):
                return []
            found = await tell(turn, client)
            if found["kind"] and GRID not in text:
                return answered(turn, found)
            known = await name_worker(turn, client)
            if not known and GRID not in text and information.looks_for_place(text):
                return unknown_place(turn)
            office = await client.community()
        turn.say("community_office", **_office(office))
        if not known and turn.loop is None and GRID in text:
            turn.say("community_ask_grid")
        return []


async def name_worker(turn: Turn, client: Client) -> bool:
    """Say whose grid the address is in, the one just said or else the home; False: unknown."""
    said = place.read(turn.message, Draft("info", turn.message.id))
    if not said and turn.message.resident.home:
        said = place.home(turn.message)
    if not said.get("address"):
        return False
    found = await client.resolve_place(said["address_text"], said["address"], turn.conversation_id)
    best = (found.get("candidates") or [{}])[0] if found.get("status") == "resolved" else {}
    if not best.get("worker"):
        return False
    turn.say(
        "community_grid",
        place=best.get("label") or say_address(said["address"]),
        community=best.get("community") or "",
        grid=str(best.get("grid") or "").removeprefix(str(best.get("community") or "")),
        worker=best["worker"],
    )
    return True


def _office(found: Json) -> dict[str, str]:
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
        async with turn.client() as client:
            if await redirected(turn, client):
                return []
            found = await tell(turn, client)
        return answered(turn, found)


async def tell(turn: Turn, client: Client) -> Json:
    """Say what is known; return the services' answer (``texts`` is empty: nothing was said)."""
    found = await client.information(
        turn.message.text, information.days_of(turn.message), turn.elder
    )
    if found["other_days"]:
        turn.lead("info_other_days", line=True, topic=found["topic"] or say("a_notice"))
    for text in found["texts"]:
        turn.tell(text)
    return found


def answered(turn: Turn, found: Json) -> list[EventType]:
    """Return what follows an answer: nothing, or the offer to ask when it was none."""
    if found["texts"] and not found["other_days"]:
        return _still(turn)
    return unknown(turn, found)


def _still(turn: Turn) -> list[EventType]:
    """Offer to report an outage of today that lasts on: the notice's hours are words, no times."""
    today = turn.message.now.date().isoformat()
    first, last = information.days_of(turn.message) or (today, today)
    if not OUTAGE.search(turn.message.text) or not first <= today <= last:
        return []
    now = button(say("button_outage_now"), f'/report_problem{{"about":"m:{turn.message.id}"}}')
    turn.say("notice_outage_still", [now])
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
    now = button(say("button_outage_now"), f'/report_problem{{"about":"m:{turn.message.id}"}}')
    return make_offer(turn, "offer_notice_outage", "consult", "K5", [now])


def unknown_place(turn: Turn) -> list[EventType]:
    """Say that such a place is not on the list, and offer to ask for the resident."""
    turn.say("info_no_place")
    return make_offer(turn, "offer_notice", "consult", "K5")
