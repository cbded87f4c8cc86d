"""Which handler does which topic."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from services.channels import closing

if TYPE_CHECKING:
    from services.context import Services

Handler = Callable[["Services", Mapping[str, Any]], Awaitable[None]]
"""Does one piece of work; may be called again after a crash, so its effect must have a key."""

HANDLERS: dict[str, Handler] = {
    closing.CHANGED: closing.on_changed,
    closing.UNANSWERED: closing.on_unanswered,
}
