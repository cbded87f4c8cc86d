"""What the actions say: one catalogue of sentences (``data/texts/dialogue.yml``), plain and for elder mode."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

PATH = Path(__file__).resolve().parent.parent / "data" / "texts" / "dialogue.yml"


@lru_cache(maxsize=1)
def catalogue() -> dict[str, dict[str, str]]:
    """Return key → {plain, elder?}; a bare string is the plain form.

    Raises:
        yaml.YAMLError: The file is broken; the action server then does not start.
    """
    raw = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    return {k: {"plain": v} if isinstance(v, str) else v for k, v in raw.items()}


def say(key: str, elder: bool = False, **values: Any) -> str:
    """Return the sentence ``key`` with its values filled in.

    Raises:
        KeyError: No such sentence, or a value is missing.
    """
    forms = catalogue()[key]
    text = forms["elder"] if elder and "elder" in forms else forms["plain"]
    return text.format(**values).strip()
