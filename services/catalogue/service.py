"""The service catalogue and what a locality decides about certificates, hotlines and meals."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.catalogue.model import Card
from services.clock import Clock
from services.config import Settings


class CatalogueService:
    """Reads the data files at start; a broken file is an error that names file and field."""

    def __init__(self, settings: Settings, clock: Clock) -> None: ...

    def card(self, leaf: str) -> dict[str, Any] | None:
        """Return the card of a leaf with ``valid`` at the present time; None when there is none."""
        ...

    def cards(self) -> list[Card]:
        """Return all cards by leaf."""
        ...

    def certificate(self, no: int | None = None, name: str | None = None) -> dict[str, Any]:
        """Return ``{no, name, allowed, basis, why, redirect, bring, leaf}``.

        ``allowed`` is null for a kind that the locality's list does not have.
        """
        ...

    def hotlines(self, leaf: str = "-") -> dict[str, Any]:
        """Return ``{"numbers": [{name, phone}], "card": {title, lines, version}}`` for a leaf."""
        ...

    def meal_status(self, day: date, meal: str) -> dict[str, Any]:
        """Return ``{open, cutoff, reason, provider, next_open}`` for ordering a meal now."""
        ...

    def duty(self) -> dict[str, str]:
        """Return ``{"name", "phone"}`` of the locality's duty desk."""
        ...
