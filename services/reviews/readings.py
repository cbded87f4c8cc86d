"""项目校读: which words somebody of the project has read a second time. No signature, no review.

``readings.yml`` of a locality's folder keeps the day and the digest of the words as they are told there
(:class:`services.reviews.model.Item`). Other words count as unread, whoever changed them; a locality without
the file has been read by nobody of the project.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.catalogue.files import read
from services.reviews.model import KIND_NAMES, Item

FILE = "readings.yml"
DIGITS = 16
"""Hexadecimal digits of the SHA-256 that are kept: enough to tell words apart, short enough to compare by eye."""
ReadingState = Literal["read", "changed", "unread"]
DUE: Mapping[ReadingState, str] = {
    "changed": "项目校读以后改过，要再读",
    "unread": "项目还没有校读",
}


class Reading(BaseModel):
    """That these words were read, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: Annotated[str, Field(pattern=rf"^[0-9a-f]{{{DIGITS}}}$")]
    day: date


class Readings(BaseModel):
    """``readings.yml``.

    Attributes:
        by: What the console calls it.
        read: By key of the text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str = ""
    read: Mapping[str, Reading] = Field(default_factory=dict)

    def state(self, item: Item) -> ReadingState:
        """Say whether a text was read in its present words."""
        reading = self.read.get(item.key)
        if reading is None:
            return "unread"
        return "read" if reading.words == words_of(item) else "changed"

    def due(self, items: Iterable[Item]) -> dict[ReadingState, list[Item]]:
        """Return what is to be read (again), by state; a state that nothing is in is left out."""
        given = list(items)
        found = {state: [i for i in given if self.state(i) == state] for state in DUE}
        return {state: there for state, there in found.items() if there}


def words_of(item: Item) -> str:
    """Return the digits by which the words of a text are known."""
    return item.digest[:DIGITS]


def load_readings(folder: Path) -> Readings:
    """Read a locality's readings; none when it has no such file.

    Raises:
        DataFileError: It cannot be read.
    """
    path = folder / FILE
    return read(path, Readings) if path.exists() else Readings()


def unknown(items: Iterable[Item], names: Collection[str]) -> list[str]:
    """Return the names that are neither the key of a text (``card-A1``) nor a kind (``card``)."""
    known = {item.key for item in items} | set(KIND_NAMES)
    return [name for name in names if name not in known]


def chosen(items: Iterable[Item], names: Collection[str]) -> list[Item]:
    """Return the texts that are named by key or kind, in their own order."""
    return [item for item in items if item.key in names or item.kind in names]


def record(folder: Path, items: Collection[Item], names: Collection[str], day: date) -> list[Item]:
    """Write that the named texts were read in their present words; return them.

    What is there of texts that no longer exist is dropped; the comment at the top of the file stays.

    Args:
        folder: The locality's.
        items: All its texts.
        names: Keys or kinds; one that is not there says nothing (another locality has it).
        day: On which they were read.

    Raises:
        DataFileError: The file cannot be read.
    """
    named, path = chosen(items, names), folder / FILE
    before = load_readings(folder)
    new = {item.key: Reading(words=words_of(item), day=day) for item in named}
    kept = {item.key: new.get(item.key) or before.read.get(item.key) for item in items}
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    head = [line for line in lines if line.startswith("#")]
    rows = [f'  {key}: {{words: "{r.words}", day: {r.day}}}' for key, r in kept.items() if r]
    by = json.dumps(before.by, ensure_ascii=False)
    path.write_text("\n".join([*head, f"by: {by}", "read:", *rows, ""]), encoding="utf-8")
    return named
