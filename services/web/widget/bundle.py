"""The widget's one script: its parts in order, inside one function so that no name leaks out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parent / "src"
PARTS = ("dom", "store", "api", "photo", "speech", "cards", "chat", "view", "start")
"""Order matters: a class stands before the code that makes one while loading."""


@dataclass(frozen=True)
class Script:
    """A script and the tag of its content, for ``ETag``."""

    text: str
    etag: str


@cache
def widget_script() -> Script:
    """Return the script; the style sheet travels inside it, so a page needs one request only."""
    css = (SOURCE / "widget.css").read_text(encoding="utf-8")
    parts = [(SOURCE / f"{name}.js").read_text(encoding="utf-8") for name in PARTS]
    body = "\n".join([f"const CSS_TEXT = {json.dumps(css, ensure_ascii=False)};", *parts])
    text = f'(() => {{\n"use strict";\n{body}\n}})();\n'
    return Script(text, hashlib.sha256(text.encode()).hexdigest()[:32])
