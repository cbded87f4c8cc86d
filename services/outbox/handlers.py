"""Which handler does which topic."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from services.bookings import queue, waiting_list
from services.bookings import service as standing
from services.channels import closing, drafts, duty_calls
from services.exchange import importing
from services.open311 import service as open311
from services.tickets import reminders
from services.training import heard
from services.webhooks import service as webhooks

if TYPE_CHECKING:
    from services.context import Services

Handler = Callable[["Services", Mapping[str, Any]], Awaitable[None]]
"""Does one piece of work; may be called again after a crash, so its effect must have a key."""


def in_turn(*handlers: Handler) -> Handler:
    """Return a handler that does several; one that fails is done again with those before it."""

    async def do(services: Services, payload: Mapping[str, Any]) -> None:
        for handler in handlers:
            await handler(services, payload)

    return do


HANDLERS: dict[str, Handler] = {
    closing.CHANGED: in_turn(
        webhooks.on_changed,
        closing.on_changed,
        closing.tell_joined,
        standing.on_changed,
        reminders.on_changed,
        duty_calls.on_changed,
        heard.on_ticket_changed,
    ),
    duty_calls.CALL: duty_calls.on_call,
    closing.UNANSWERED: closing.on_unanswered,
    drafts.LEFT: drafts.on_left,
    queue.FREE: waiting_list.on_free,
    importing.IMPORT: importing.on_import,
    open311.FILE: open311.on_file,
    open311.MEDIA: open311.on_media,
    webhooks.COLLECT: webhooks.on_collect,
}
