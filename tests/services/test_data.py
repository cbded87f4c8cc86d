"""What the data files and the words for people must keep to, whoever edits them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.config import ROOT
from services.tickets.core.states import STATE_LABELS
from services.tickets.core.workflow import ACTIONS, TRANSITIONS

DATA = ROOT / "data"
FOR_TRAINING = (DATA / "nlu", DATA / "rules", DATA / "stories")
TRAINING_KEYS = {
    "nlu", "rules", "stories", "responses", "intents", "entities", "slots", "forms", "actions",
    "e2e_actions", "session_config", "pipeline", "policies",
}  # fmt: skip

CHINESE = r"[\u4e00-\u9fff“”《》「」（）、。，；：！？…—]"
HALF_WIDTH = re.compile(rf"{CHINESE}[,;:!?(]|[,;!?)]{CHINESE}")
"""Half-width marks next to Chinese. A colon may stand before Chinese: it ends what is not Chinese."""
PATTERN = re.compile(r"\(\?|[|\\\[]")
"""What only a regular expression has; expressions read what residents type, in either width."""


def yaml_files() -> list[Path]:
    return sorted(DATA.rglob("*.yml"))


def texts(value: Any) -> Iterator[str]:
    """All texts of a parsed file, names of keys included."""
    match value:
        case str():
            yield value
        case dict():
            for key, inner in value.items():
                yield from texts(key)
                yield from texts(inner)
        case list():
            for inner in value:
                yield from texts(inner)


def literals(path: Path) -> Iterator[str]:
    """All texts of a module that are no docstring."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield from texts(node.value)


def half_width(found: Iterator[str]) -> list[str]:
    chinese = (text for text in found if re.search(r"[\u4e00-\u9fff]", text))
    return [text for text in chinese if HALF_WIDTH.search(text) and not PATTERN.search(text)]


def test_only_training_data_looks_like_training_data() -> None:
    """Rasa takes any YAML below data/ with such a key for its own."""
    others = [p for p in yaml_files() if not p.is_relative_to(DATA / "nlu")]
    others = [p for p in others if not any(p.is_relative_to(f) for f in FOR_TRAINING)]
    assert len(others) > 20
    for path in others:
        content = yaml.safe_load(path.read_text("utf-8"))
        keys = set(content) if isinstance(content, dict) else set()
        assert not keys & TRAINING_KEYS, path


def test_a_half_width_mark_beside_chinese_is_found() -> None:
    wrong = ["已受理,正在派单", "还差:{need}", "约(周三)", "{owner},请签收", "好吗?"]
    right = [
        "已受理，正在派单",
        "8:30到11:30",
        "https://a.b/c?d=1",
        "PT3H, PT4H",
        "编号 {no}（{n}）",
    ]
    assert half_width(iter(wrong + right)) == wrong


@pytest.mark.parametrize(
    "path",
    [
        *sorted((DATA / "texts").glob("*.yml")),
        *sorted((DATA / "sla").glob("*.yml")), *sorted((DATA / "localities").rglob("*.yml")),
        *sorted((DATA / "catalogue").glob("*.yml")),
    ],
    ids=lambda p: str(p.relative_to(ROOT)),
)  # fmt: skip
def test_data_speaks_chinese_with_chinese_marks(path: Path) -> None:
    assert not half_width(texts(yaml.safe_load(path.read_text("utf-8"))))


class Once(yaml.SafeLoader):
    """Refuses a name that a mapping has twice; YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]  # type: ignore[no-untyped-call]
        twice = sorted({str(n) for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"line {node.start_mark.line + 1}: {twice}")
        return super().construct_mapping(node, deep)


def test_a_name_that_stands_twice_is_found() -> None:
    with pytest.raises(ValueError, match="heading"):
        yaml.load("heading: 在哪里\nplace: 楼\nheading: 哪一块\n", Once)


@pytest.mark.parametrize("path", yaml_files(), ids=lambda p: str(p.relative_to(DATA)))
def test_no_name_stands_twice(path: Path) -> None:
    yaml.load(path.read_text(encoding="utf-8"), Once)


def test_the_workflow_speaks_chinese_with_chinese_marks() -> None:
    fields = [f for line in TRANSITIONS for f in line.fields]
    words = [
        *STATE_LABELS.values(), *ACTIONS.values(),
        *(f.label for f in fields), *(o for f in fields for o in (f.options or {}).values()),
    ]  # fmt: skip
    assert len(words) > 100
    assert not half_width(iter(words))


@pytest.mark.parametrize("folder", ["services", "actions"])
def test_code_speaks_chinese_with_chinese_marks(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert len(files) > 10
    wrong = {str(p.relative_to(ROOT)): half_width(literals(p)) for p in files}
    assert not {path: found for path, found in wrong.items() if found}
