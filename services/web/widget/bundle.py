"""The widget's one script: its parts in order, inside one function so that no name leaks out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.words import forms

SOURCE = Path(__file__).parent / "src"
PARTS = ("dom", "store", "words", "api", "photo", "speech", "cards", "chat", "view", "start")
"""Order matters: a class stands before the code that makes one while loading."""
LENT = {
    "human": ("words", "button_human"),
    "photo_gone": ("words", "needed_photo"),
    "row_fee": ("words", "heading_fee"),
    "row_phone": ("words", "heading_phone"),
    "privacy": ("privacy", "page.title"),
}
"""Words that stand in another file already: name here → file, name there."""


@dataclass(frozen=True)
class Script:
    """A script and the tag of its content, for ``ETag``."""

    text: str
    etag: str


def widget_words() -> Mapping[str, tuple[str, ...]]:
    """Return what the widget says: name → plain form and, where there is one, that of large letters.

    Raises:
        KeyError: A lent name is not in its file.
    """
    lent = {name: forms(file)[there] for name, (file, there) in LENT.items()}
    return {**forms("widget"), **lent}


@cache
def widget_script() -> Script:
    """Return the script; style sheet and words travel inside it, so a page needs one request only."""
    css = (SOURCE / "widget.css").read_text(encoding="utf-8")
    parts = [(SOURCE / f"{name}.js").read_text(encoding="utf-8") for name in PARTS]
    data = {"CSS_TEXT": css, "WORDS": widget_words()}
    said = [f"const {n} = {json.dumps(v, ensure_ascii=False)};" for n, v in data.items()]
    body = "\n".join([*said, *parts])
    text = f'(() => {{\n"use strict";\n{body}\n}})();\n'
    return Script(text, hashlib.sha256(text.encode()).hexdigest()[:32])
