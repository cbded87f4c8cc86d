"""What a resident said, without what tells who said it. Pure.

Phones, identity and bank cards, plates, ticket numbers, query codes, accounts, names and rooms give
way to stand-ins of the same kind, so that the sentence still says the same to whoever learns from it.
Building, unit and compound stay: without them an address teaches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from services.training import identifiers, names, rooms
from services.training.spans import Change, apply, moved, plain, without_overlaps


@dataclass(frozen=True)
class Redacted:
    """The text that may be kept.

    Attributes:
        text: With stand-ins.
        entities: ``{"type", "start", "end", "text"}`` each, moved along; without their values,
            which would say again what the text no longer says.
        changes: What was replaced, by offsets of the original.
    """

    text: str
    entities: tuple[dict[str, Any], ...]
    changes: tuple[Change, ...]


def redact(
    text: str, entities: Sequence[Mapping[str, Any]] = (), known: Iterable[str | None] = ()
) -> Redacted:
    """Return the text with stand-ins.

    Args:
        text: As said.
        entities: What the model found in it: ``{"type", "start", "end", "value"}``.
        known: Names known from elsewhere, such as the speaker's own.
    """
    simple = plain(text)
    found = _find(simple, entities, tuple(known))
    # A stand-in that is there already counts as found, so that no other finder bites into it.
    kept = without_overlaps(found, partial(_rest, simple))
    changes = [c for c in kept if simple[c.start : c.end] != c.stand_in]
    said = apply(text, changes)
    return Redacted(said, tuple(_carry(said, entities, changes)), tuple(changes))


def _rest(text: str, change: Change, start: int, end: int) -> Change | None:
    """Return the change of what two finds have left between them: 735281 of 735281 13844531276."""
    if change.kind == "person":
        return Change(start, end, "某" * (end - start), change.kind)
    numbers = list(re.finditer(identifiers.DIGIT, text[start:end]))
    if not numbers:
        return None
    first, last = start + numbers[0].start(), start + numbers[-1].end()
    return Change(first, last, "0" * len(numbers), change.kind)


def leaks(text: str) -> list[str]:
    """Return the kinds of personal data that strict patterns still see in a redacted text."""
    simple = plain(text)
    return identifiers.leaks(simple) + rooms.leaks(simple)


def _find(
    text: str, entities: Sequence[Mapping[str, Any]], known: tuple[str | None, ...]
) -> Iterator[Change]:
    addresses = [e for e in entities if e["type"] == "address"]
    return chain(
        identifiers.find(text),
        chain.from_iterable(_of_address(text, e) for e in addresses),
        rooms.find(text),
        chain.from_iterable(
            names.of_entity(text[e["start"] : e["end"]], e["start"], e["end"])
            for e in entities
            if e["type"] == "person"
        ),
        # 金玉华府 is no person, when the model has read it as a place.
        (c for c in names.find(text, known) if not any(_inside(c, e) for e in addresses)),
    )


def _of_address(text: str, entity: Mapping[str, Any]) -> Iterator[Change]:
    value = entity.get("value")
    room = value.get("room") if isinstance(value, Mapping) else None
    if room:
        yield from rooms.of_address(text, entity["start"], entity["end"], str(room))


def _inside(change: Change, entity: Mapping[str, Any]) -> bool:
    return bool(entity["start"] <= change.start and change.end <= entity["end"])


def _carry(
    text: str, entities: Sequence[Mapping[str, Any]], changes: Sequence[Change]
) -> Iterator[dict[str, Any]]:
    for entity in entities:
        start, end = moved(entity["start"], entity["end"], changes)
        if start < end:
            yield {"type": entity["type"], "start": start, "end": end, "text": text[start:end]}
