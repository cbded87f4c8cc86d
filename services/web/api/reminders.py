"""What the clock has to say to whoever asks, and which monthly visits are due in their grids."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web

from services.tickets import reminders
from services.web.api.common import Answer, whole_number
from services.web.api.visits import VisitReminder
from services.web.auth import actor_of
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("时限提醒")
setup = routes.setup

AUTH = "staff:reminders"
PATH = "/api/v1/reminders"


class ReminderLine(Answer):
    """One sentence of the clock."""

    id: int
    ticket_no: str
    text: str
    at: datetime


class RisingReminder(Answer):
    """That a matter rises in a place; it ends when somebody decides about the cluster of this key."""

    key: str
    step: int
    matter: str
    households: int
    at: datetime


class ThemeReminder(Answer):
    """What a theme (每月一题) waits for: a measure past its day, or 回头看."""

    theme_id: str
    text: str


class Reminders(Answer):
    """What nobody it is for has seen, the newest first (at most 200), and how many there are.

    ``rising``: what rises and nobody has decided (at most 50), not in ``count``: ``POST
    /api/v1/foresight/file`` or ``dismiss`` ends it.

    ``themes``: what themes wait for, not in ``count``; it ends when somebody does it.

    ``visits``: the monthly visits that are due in the caller's grids (at most 20), not in ``count``;
    they are put away together with ``POST /api/v1/visits/reminders/seen``.
    """

    reminders: list[ReminderLine]
    count: int
    themes: list[ThemeReminder]
    rising: list[RisingReminder]
    visits: list[VisitReminder]


class SeenReminder(Answer):
    """A reminder that was put away."""

    id: int
    seen: bool = True


@routes.get(
    PATH, auth=AUTH, response=Reminders, summary="等我看的时限提醒、突然多起来的事、该去的探访"
)
async def waiting(request: web.Request) -> Reminders:
    """Return the sentences that wait, what rises and the visits that are due, as the console's page shows them."""
    services, actor = request.app[SERVICES], actor_of(request[STAFF])
    async with services.db.read() as s:
        found = await reminders.waiting(s, actor)
        count = await reminders.count(s, actor)
    return Reminders(
        reminders=[ReminderLine.model_validate(r) for r in found], count=count,
        themes=[ThemeReminder.model_validate(t) for t in await services.themes.due(request[STAFF])],
        rising=[RisingReminder.model_validate(r) for r in await services.foresight.warned(actor)],
        visits=[VisitReminder.model_validate(r) for r in await services.visits.reminders(actor)],
    )  # fmt: skip


@routes.post(PATH + "/{id}/seen", auth=AUTH, response=SeenReminder, summary="知道了")
async def seen(request: web.Request) -> Any:
    """Put one away."""
    services = request.app[SERVICES]
    id = whole_number(request, "reminder_not_found", "没有这条提醒。")
    async with services.db.write() as s:
        await reminders.seen(s, id, actor_of(request[STAFF]), services.clock.now())
    return SeenReminder(id=id)
