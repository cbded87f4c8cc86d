"""The printable notice that a certificate is not issued (不予出具告知单), as the dialogue gives it."""

from __future__ import annotations

from urllib.parse import quote

from actions.client import Json, TicketView
from actions.texts import say

TITLE = say("notice_title")


def notice_card(address: str) -> Json | None:
    """Return the link to a notice for the widget, or None when there is none."""
    if not address:
        return None
    links = [{"title": say("notice_print", title=TITLE), "url": address}]
    return {"card": {"type": "links", "title": f"《{TITLE}》", "links": links}}


def of_ticket(general: str, ticket: TicketView) -> str:
    """Return the address of the notice that names the unit, for who has the ticket's code.

    Args:
        general: Address of the notice that names none; empty when the kind has no notice.
        ticket: The clue that was filed.
    """
    base, found, _ = general.partition("/notice/")
    if not found:
        return ""
    return f"{base}/notice/{quote(ticket.ticket_no)}?code={quote(ticket.query_code)}"


def spoken(address: str) -> str:
    """Return the address for channels that show words only: nothing when it is no whole one."""
    return f"\n{address}" if address.startswith("http") else ""
