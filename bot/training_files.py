"""The training files, read fast and strictly.

Rasa skips a file with broken YAML and goes on with the rest: a model that has forgotten a chapter.
Here the first fault ends the training, with the place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.command import Failure

_SUFFIXES = (".yml", ".yaml")
_BULLET = "- "
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Example:
    """One labelled sentence; ``metadata`` is that of its block (``leaf``)."""

    text: str
    intent: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


def files_of(folders: Sequence[Path]) -> list[Path]:
    """The YAML files in ``folders``, sorted within each.

    Raises:
        Failure: a folder is not there, or there is no file at all.
    """
    found: list[Path] = []
    for folder in folders:
        if not folder.exists():
            raise Failure(f"找不到训练数据目录：{folder}。")
        found += sorted(p for p in folder.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
    if not found:
        raise Failure("训练数据目录里没有数据文件。")
    return found


def read(file: Path) -> dict[str, Any]:
    """The content of one file.

    Raises:
        Failure: it is no YAML with a mapping at the top; the line is named where it is known.
    """
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"第 {mark.line + 1} 行附近" if mark else ""
        raise Failure(f"{file.name} {where}不是有效的 YAML。") from error
    except UnicodeDecodeError as error:
        raise Failure(f"{file.name} 不是 UTF-8 文字。") from error
    if not isinstance(content, dict):
        raise Failure(f"{file.name} 里没有内容，或写法不对。")
    return content


def examples_of(files: Iterable[Path]) -> list[Example]:
    """The examples of NLU files, in their order.

    Raises:
        Failure: a block has no intent or no examples, or a line is no list item.
    """
    return [example for file in files for example in _examples_in(file)]


def _examples_in(file: Path) -> Iterator[Example]:
    blocks = read(file).get("nlu")
    if not isinstance(blocks, list):
        raise Failure(f"{file.name} 里没有 nlu 列表。")
    for block in blocks:
        intent = block.get("intent") if isinstance(block, dict) else None
        if not isinstance(intent, str) or not intent:
            raise Failure(f"{file.name} 里有一段缺少 intent。")
        metadata = block.get("metadata") or {}
        lines = str(block.get("examples") or "").splitlines()
        if not lines or not isinstance(metadata, dict):
            raise Failure(f"{file.name} 里意图 {intent} 没有例句，或 metadata 写法不对。")
        for line in lines:
            text = line.removeprefix(_BULLET).strip()
            if not line.startswith(_BULLET) or not text:
                raise Failure(f"{file.name} 里意图 {intent} 有一行不是“- 例句”：{line[:20]}。")
            yield Example(text, intent, metadata)
