"""Which door of a house is meant: a room, a floor, or both; personal data, kept apart and encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FLOOR = "楼"


def door(said: Mapping[str, Any]) -> str | None:
    """Return the door in its shortest words, as it is kept: ``502``, ``3楼``, ``3楼12``.

    A floor that the room's number begins with (3楼301) says nothing more. None: neither was said.

    Args:
        said: ``{floor?, room?, …}`` as the dialogue understood it.
    """
    floor, room = (str(said.get(part) or "") for part in ("floor", "room"))
    if not floor or (len(room) > 2 and room.startswith(floor)):
        return room or None
    return f"{floor}{FLOOR}{room}"


def door_text(kept: str) -> str:
    """Return a kept door as it stands behind a house and its unit: ``502室``, ``3楼``."""
    return f"{kept}室" if kept[-1].isdigit() else kept


def is_home(kept: str) -> bool:
    """Say whether a kept door belongs to one household; a floor alone has several."""
    return not kept.endswith(FLOOR)
