"""What a higher platform is told of a ticket. Pure: from the ticket to the cells of a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from services.clock import ZONE
from services.people.masking import mask_name, mask_phone
from services.tickets.core.choices import OUTCOMES, RESULTS
from services.tickets.core.leaves import Codes
from services.tickets.core.ticket import Ticket
from services.tickets.views import Clear

SCORES = {1: "很不满意", 2: "不满意", 3: "基本满意", 4: "满意", 5: "非常满意"}


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}" if at else ""


def _callback(ticket: Ticket) -> str:
    last = ticket.callbacks[-1] if ticket.callbacks else {}
    return RESULTS.get(str(last.get("result")), "")


def _rating(ticket: Ticket) -> str:
    score = (ticket.rating or {}).get("score")
    return SCORES.get(score, "") if isinstance(score, int) else ""


VALUES: Mapping[str, Callable[[str, Ticket, Clear, bool], str]] = {
    "ref": lambda ref, t, clear, whole: ref,
    "ticket_no": lambda ref, t, clear, whole: t.display_no,
    "state": lambda ref, t, clear, whole: t.state.label,
    "owner": lambda ref, t, clear, whole: t.owner_org_name or "",
    "contacted_at": lambda ref, t, clear, whole: _time(t.first_contact_at),
    "outcome": lambda ref, t, clear, whole: OUTCOMES.get(t.outcome or "", ""),
    "reply": lambda ref, t, clear, whole: t.reply or t.explanation or t.reason or "",
    "resolved_at": lambda ref, t, clear, whole: _time(t.resolved_at),
    "callback": lambda ref, t, clear, whole: _callback(t),
    "rating": lambda ref, t, clear, whole: _rating(t),
    "closed_at": lambda ref, t, clear, whole: _time(t.closed_at),
    "name": lambda ref, t, clear, whole: (clear.name if whole else mask_name(clear.name)) or "",
    "phone": lambda ref, t, clear, whole: (clear.phone if whole else mask_phone(clear.phone)) or "",
}
"""Name of a value → its text: of the platform's number, the ticket, its contact, shown whole or not."""

CODED = ("leaf", "taxonomy_version", "gbt39666", "local_code")
"""Names of what a matter is called: our leaf and its version, the codes of ``data/codes.yml``."""


def coded_values(ticket: Ticket, codes: Codes) -> dict[str, str]:
    """Return the texts of :data:`CODED`; a code that nobody has filled in is empty."""
    leaf = ticket.leaf or ""
    named = (
        leaf,
        ticket.taxonomy_version or "",
        codes.gbt39666.get(leaf, ""),
        codes.local.get(leaf, ""),
    )
    return dict(zip(CODED, named, strict=True))


PERSONAL = frozenset({"name", "phone"})
"""Values that say who reported."""


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, also after it was saved as CSV.

    What begins with ``= + - @``, a tab or a return gets an apostrophe before it.
    """
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text
