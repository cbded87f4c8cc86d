"""Which handler does which topic."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from services.channels import closing
from services.training import heard

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
    closing.CHANGED: in_turn(closing.on_changed, closing.tell_joined, heard.on_ticket_changed),
    closing.UNANSWERED: closing.on_unanswered,
}
