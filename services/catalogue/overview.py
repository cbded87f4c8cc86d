"""Which source each card rests on: the table of ``docs/cards.md``. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from services.catalogue.model import Card

LOCAL = "本地办事指南"
"""Title of a source that each county fills in itself."""
HEAD = (
    "| card | national source | the county fills in | to confirm locally |",
    "| - | - | - | - |",
)


def table(cards: Iterable[Card]) -> str:
    """Return a Markdown table with a row for each card.

    A row holds the national sources with their articles, what the county's own guide must say, and
    whether residents are told that the local window decides.
    """
    return "\n".join([*HEAD, *(_row(card) for card in cards)])


def _row(card: Card) -> str:
    national = "；".join(
        f"{s.title} {s.ref or ''}".strip() for s in card.sources if s.title != LOCAL
    )
    local = "；".join(s.ref or "" for s in card.sources if s.title == LOCAL)
    confirm = "yes" if card.confirm_locally else "no"
    return f"| {card.id} {card.name} | {national or '–'} | {local or '–'} | {confirm} |"
