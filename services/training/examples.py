"""What people taught, as labelled sentences and as training data. Pure but for one file written."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from services.yaml_files import read_yaml

FILE_NAME = "annotations.yml"


@dataclass(frozen=True, order=True)
class Mark:
    """A stretch of a sentence that means something; offsets are code points, the end excluded."""

    start: int
    end: int
    type: str

    def body(self) -> dict[str, Any]:
        """Return ``{"type", "start", "end"}``."""
        return {"type": self.type, "start": self.start, "end": self.end}


@dataclass(frozen=True, order=True)
class Example:
    """A sentence as a person labelled it.

    Attributes:
        intent: One of the intents of the domain.
        leaf: A leaf of the catalogue, ``none`` (a matter without one), ``-`` (an emergency without
            one); empty when the intent has no leaf.
        text: The redacted words; what is heard has no line breaks.
        marks: Entities, in the order of the words.
        residents: How many residents said it or nearly the same; for people to read. It is no
            weight: what many say is in the data once for each of its wordings, as everything is.
    """

    intent: str
    leaf: str
    text: str
    marks: tuple[Mark, ...] = ()
    residents: int = field(default=1, compare=False)


def to_yaml(examples: Sequence[Example]) -> str:
    """Return the sentences in the format of ``data/nlu``, in an order that only they decide.

    The format has no place for entities (rules find them); they stand above their block as
    comments, for whoever reviews the file.
    """
    parts = [
        "# 居民说过的话，由人标注。由 linda annotations export 写出。",
        'version: "3.1"',
        "nlu:",
    ]
    for (intent, leaf), block in groupby(sorted(examples), key=lambda e: (e.intent, e.leaf)):
        lines = list(block)
        parts += [f"  # {_marked(e)}" for e in lines if e.marks]
        parts.append(f"  - intent: {intent}")
        if leaf:
            parts.append(f'    metadata: {{leaf: "{leaf}"}}')
        parts.append("    examples: |")
        parts += [f"      - {e.text}" for e in lines]
    if not examples:
        parts[-1] += " []"
    return "\n".join(parts) + "\n"


def _marked(example: Example) -> str:
    """Return ``[3号楼](address)的灯坏了``."""
    said, at = "", 0
    for mark in example.marks:
        said += example.text[at : mark.start]
        said += f"[{example.text[mark.start : mark.end]}]({mark.type})"
        at = mark.end
    return said + example.text[at:]


def content_hash(examples: Sequence[Example]) -> str:
    """Return what a model learns from them as a hash; empty when there is nothing."""
    lines = [f"{e.intent}\t{e.leaf}\t{e.text}\n" for e in sorted(examples)]
    return hashlib.sha256("".join(lines).encode()).hexdigest() if lines else ""


def write_nlu(folder: Path, examples: Sequence[Example]) -> Path | None:
    """Write them as one file of training data; None, and no file, when there is nothing."""
    if not examples:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    path.write_text(to_yaml(examples), encoding="utf-8")
    return path


def evaluation_rows(examples: Sequence[Example]) -> list[dict[str, Any]]:
    """Return them as rows of an evaluation set: ``text, intent, leaf?, entities``."""
    return [
        {
            "text": e.text,
            "intent": e.intent,
            **({"leaf": e.leaf} if e.leaf else {}),
            "entities": [m.body() for m in e.marks],
        }
        for e in sorted(examples)
    ]


@dataclass(frozen=True)
class Known:
    """A sentence of ``data/nlu`` and the file it stands in."""

    example: Example
    file: str


def read_nlu(folder: Path) -> list[Known]:
    """Return the labelled sentences of a folder, by file name.

    Raises:
        ValueError: A file is not in the format of ``data/nlu``.
    """
    found: list[Known] = []
    for path in sorted(folder.glob("*.yml")):
        content = read_yaml(path.read_text(encoding="utf-8"))
        try:
            for block in content["nlu"]:
                leaf = str((block.get("metadata") or {}).get("leaf", ""))
                for line in block["examples"].splitlines():
                    text = line.removeprefix("- ").strip()
                    found.append(Known(Example(block["intent"], leaf, text), path.name))
        except (KeyError, TypeError, AttributeError):
            raise ValueError(f"{path.name} 不是训练数据的格式。") from None
    return found
