"""Messages for the tests, written as short as they are said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from actions.message import Entity, Leaf, Message, Resident

NOW = datetime.fromisoformat("2026-11-24T10:00:00+08:00")  # a Tuesday
HOME = {"compound_id": "xingfu", "compound": "幸福小区", "building": "3", "unit": "2", "room": None}


def msg(
    text: str = "",
    intent: str = "report_problem",
    *,
    leaf: str | tuple[str, float, list[tuple[str, float]]] | None = None,
    id: str = "m1",
    home: dict[str, Any] | None = None,
    phone_known: bool = False,
    **more: Any,
) -> Message:
    """Return a message; entities are given as ``ents={"address": ("3号楼", {...})}``.

    The words of an entity are looked up in the text, the last occurrence counts.
    """
    entities = []
    for kind, said in more.pop("ents", {}).items():
        for words, value in said if isinstance(said, list) else [said]:
            start = text.rfind(words)
            assert start >= 0 or more.get("tapped"), f"{words} is not in {text}"
            entities.append(Entity(kind, value, words, max(start, 0), max(start, 0) + len(words)))
    if more.get("tapped"):
        entities = [Entity(e.type, e.value, e.text) for e in entities]
    if isinstance(leaf, str):
        leaf = (leaf, 0.9, [])
    return Message(
        id=id,
        text=text,
        intent=intent,
        now=NOW,
        entities=tuple(sorted(entities, key=lambda e: e.start)),
        leaf=Leaf(leaf[0], leaf[1], tuple(leaf[2])) if leaf else None,
        resident=Resident(phone_known=phone_known, home=home),
        **more,
    )


def tap(intent: str, id: str = "m2", **more: Any) -> Message:
    """Return a tapped button."""
    return msg("", intent, id=id, tapped=True, **more)
