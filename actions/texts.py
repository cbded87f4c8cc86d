"""What the actions say: one catalogue of sentences, plain and for elder mode.

``data/texts/dialogue.yml`` holds the sentences, ``data/texts/words.yml`` what they are put together from.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent.parent / "data" / "texts"
FILES = ("dialogue", "words")
Gaps = dict[str, Any]
"""What fills the gaps of a sentence: name → words or number."""


@lru_cache(maxsize=1)
def catalogue() -> dict[str, dict[str, str]]:
    """Return key → {plain, elder?}; a bare string is the plain form.

    Raises:
        yaml.YAMLError: A file is broken; the action server then does not start.
        ValueError: Two files have the same key.
    """
    found: dict[str, dict[str, str]] = {}
    for name in FILES:
        raw = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
        if twice := found.keys() & raw.keys():
            raise ValueError(f"{name}.yml: {', '.join(sorted(twice))} stands in another file, too")
        found |= {k: {"plain": v} if isinstance(v, str) else v for k, v in raw.items()}
    return found


def say(key: str, elder: bool = False, **values: Any) -> str:
    """Return the sentence ``key`` with its values filled in.

    Raises:
        KeyError: No such sentence, or a value is missing.
    """
    forms = catalogue()[key]
    text = forms["elder"] if elder and "elder" in forms else forms["plain"]
    return text.format(**values).strip()


def group(name: str) -> dict[str, str]:
    """Return what is called by a code, in the order of the file: code → words of the entries ``<name>_<code>``.

    Raises:
        KeyError: There is no such entry.
    """
    prefix = f"{name}_"
    found = {
        k.removeprefix(prefix): v["plain"] for k, v in catalogue().items() if k.startswith(prefix)
    }
    if not found:
        raise KeyError(name)
    return found
