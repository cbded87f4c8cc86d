"""Printable sheets about certificates as the dialogue gives them: the notice that one is not issued
(不予出具告知单), and the application for one that is, or of which the street decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from actions.client import Json, TicketView
from actions.texts import say

TITLE = say("notice_title")


APPLICATION = say("application_title")
TRANSFER = say("transfer_title")
"""The application for a kind of which the street decides: it is no certificate, and says so."""


def application_title(policy: Mapping[str, Any]) -> str:
    """Return what the sheet of a kind is called."""
    return APPLICATION if policy.get("allowed") else TRANSFER


def notice_card(address: str, title: str = TITLE) -> Json | None:
    """Return the link to a sheet for the widget, or None when there is none."""
    if not address:
        return None
    links = [{"title": say("notice_print", title=title), "url": address}]
    return {"card": {"type": "links", "title": f"《{title}》", "links": links}}


def of_ticket(general: str, ticket: TicketView, sheet: str = "") -> str:
    """Return the address of the sheet that says what the ticket knows, for who has its code.

    Args:
        general: Address of the sheet without a ticket; empty when the kind has none.
        ticket: What was filed.
        sheet: ``/application``; nothing for the notice that names the unit.
    """
    base, found, _ = general.partition("/notice/")
    if not found:
        return ""
    return f"{base}/notice/{quote(ticket.ticket_no)}{sheet}?code={quote(ticket.query_code)}"


def with_link(card: Json, address: str, title: str = TITLE) -> Json:
    """Return a ticket's card with the link to its sheet."""
    links = (notice_card(address, title) or {}).get("card", {}).get("links") or []
    return {**card, "card": {**card["card"], "links": links}}


def spoken(address: str) -> str:
    """Return the address for channels that show words only: nothing when it is no whole one."""
    return f"\n{address}" if address.startswith("http") else ""
