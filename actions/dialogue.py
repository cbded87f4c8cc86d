"""Reviewed data of the dialogue (data/dialogue/*.yml): patterns and lists, no code."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent.parent / "data" / "dialogue"


@lru_cache(maxsize=32)
def load(name: str) -> Any:
    """Return the content of ``data/dialogue/<name>.yml``.

    Raises:
        OSError: There is no such file.
        yaml.YAMLError: The file is broken; the action server then does not start.
    """
    return yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))


@lru_cache(maxsize=512)
def pattern(name: str, *keys: str) -> re.Pattern[str]:
    """Return the regular expression under ``keys`` of ``data/dialogue/<name>.yml``.

    Raises:
        KeyError: There is no such key.
        re.error: It is no regular expression.
    """
    value = load(name)
    for key in keys:
        value = value[key]
    return re.compile(value)
