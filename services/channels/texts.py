"""Words for residents, read from ``data/texts``: data that a locality may edit, not code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.channels.types import Button
from services.yaml_files import read_yaml


class _Text(BaseModel):
    """One text; ``elder`` says the same in shorter, slower words."""

    model_config = ConfigDict(extra="forbid")

    text: str
    elder: str | None = None
    buttons: list[dict[str, str]] = []


@dataclass(frozen=True)
class Said:
    """A text ready to send."""

    text: str
    buttons: list[dict[str, str]]


class Texts:
    """All texts of one file ``{key: {text, elder?, buttons?}}``.

    Placeholders are ``{name}``; a payload writes its JSON with ``[[`` and ``]]`` for braces.
    """

    def __init__(self, path: Path) -> None:
        raw = read_yaml(path.read_text("utf-8"))
        self._texts = {key: _Text.model_validate(value) for key, value in raw.items()}

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def keys(self) -> list[str]:
        """Return the names of all texts."""
        return list(self._texts)

    def say(self, key: str, elder: bool = False, **facts: Any) -> Said:
        """Fill in a text; a KeyError is a mistake in the data file, found by its test."""
        text = self._texts[key]
        words = text.elder if elder and text.elder else text.text
        return Said(
            text=words.format(**facts).strip(),
            buttons=[
                Button(b["title"], _payload(b["payload"], facts)).body() for b in text.buttons
            ],
        )


def _payload(template: str, facts: dict[str, Any]) -> str:
    return template.format(**facts).replace("[[", "{").replace("]]", "}")
