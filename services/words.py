"""Words for residents that stand in ``data/texts`` by a name, in both forms: said by name, never written into code.

For what is put together from short words and for refusals (``pieces.yml``), why a deadline is the day
it is (``deadlines.yml``), and for pages and scripts that carry
their words along (``widget.yml``, ``page.yml``). Whole messages with buttons are :mod:`services.channels.texts`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from services.config import ROOT
from services.errors import LindaError
from services.yaml_files import read_yaml

FOLDER = ROOT / "data" / "texts"
PIECES = ("pieces", "words", "deadlines")
"""Files whose words :func:`piece` says; a name stands in one of them only."""


@cache
def texts(file: str) -> Mapping[str, Any]:
    """Return a file of ``data/texts`` as it stands, read once.

    Raises:
        OSError: There is no such file.
        yaml.YAMLError: It is broken.
    """
    found: Mapping[str, Any] = read_yaml((FOLDER / f"{file}.yml").read_text(encoding="utf-8"))
    return found


@cache
def forms(file: str) -> Mapping[str, tuple[str, ...]]:
    """Return name → ``(plain,)`` or ``(plain, elder)`` of a file; a name inside another is ``outer.inner``.

    What is said in several lines is left out. Raises as :func:`texts`.
    """
    return dict(_forms(texts(file), ""))


def _forms(node: Mapping[str, Any], before: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for key, value in node.items():
        name = f"{before}{key}"
        if isinstance(value, str):
            yield name, (value,)
        elif isinstance(value, Mapping) and isinstance(value.get("plain"), str):
            yield name, tuple(value[form] for form in ("plain", "elder") if form in value)
        elif isinstance(value, Mapping):
            yield from _forms(value, f"{name}.")


def piece(name: str, /, elder: bool = False, **values: Any) -> str:
    """Return the words ``name`` of one of ``PIECES``, with their gaps filled.

    Raises:
        KeyError: There are no such words, or a value is missing.
    """
    found = next((words[name] for words in map(forms, PIECES) if name in words), None)
    if found is None:
        raise KeyError(name)
    return found[-1 if elder else 0].format(**values)


def refusal(
    code: str, /, status: int = 422, fields: Mapping[str, Any] | None = None, **values: Any
) -> LindaError:
    """Return a refusal that a resident reads: ``refused.<code>``, in words that serve large letters, too.

    Raises:
        KeyError: There is no such sentence.
    """
    return LindaError(code, piece(f"refused.{code}", **values), status, fields)
