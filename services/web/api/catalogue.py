"""The service catalogue for people and programs."""

from __future__ import annotations

from datetime import date
from typing import Any

from aiohttp import web

from services.catalogue.model import Card
from services.web.api.common import Answer
from services.web.keys import SERVICES
from services.web.routing import Routes
from services.words import refusal

routes = Routes("办事目录")
setup = routes.setup


class CardLine(Answer):
    """A card in a line."""

    id: str
    slug: str
    name: str
    kind: str
    summary: str
    valid_from: date
    valid_to: date | None


class CardsAnswer(Answer):
    """All cards, by leaf."""

    cards: list[CardLine]


class ShownCard(Card):
    """A card as residents are told it."""

    valid: bool
    office: str | None
    notice: str


@routes.get("/api/v1/catalogue", auth="public", response=CardsAnswer, summary="全部办事卡片的名称")
async def listing(request: web.Request) -> dict[str, Any]:
    """Return leaf, name, kind and one line of every card."""
    cards = request.app[SERVICES].catalogue.cards()
    wanted = {"id", "slug", "name", "kind", "summary", "valid_from", "valid_to"}
    return {"cards": [card.model_dump(mode="json", include=wanted) for card in cards]}


@routes.get("/api/v1/catalogue/{leaf}", auth="public", response=ShownCard, summary="一张办事卡片")
async def card(request: web.Request) -> dict[str, Any]:
    """Return one card with ``valid`` today."""
    found = request.app[SERVICES].catalogue.card(request.match_info["leaf"])
    if found is None:
        raise refusal("card_not_found", 404)
    return found
