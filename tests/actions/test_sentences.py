"""What residents are told is data (data/texts), never a string in Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "actions").rglob("*.py"))
LONG = 6
"""A string of so many Chinese characters says something; a shorter one is a word (“午饭”)."""
CHINESE = re.compile("[\u4e00-\u9fff]")
MARKS = re.compile("[\uff0c\u3002\uff01\uff1f\uff1a\uff1b\uff08\uff09\u201c\u201d]")
"""Marks that stand in sentences; ``\u3001`` only joins words."""
ALLOWED = {
    "一二三四五六日": "names of the days, by their place in the week",
    "零一两三四五六七八九十": "digits, by their value",
    "您公婆/岳父母": "one word of a list of words: a relation",
    "日，星期": "the mark between a date and its day, replaced",
}


def sentences(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every string of sentence length that is no docstring and no pattern.

    Patterns (what ``re`` compiles), lists of words (``"…".split()``) and sets of characters
    (``frozenset("…")``) are for understanding.
    """
    tree = ast.parse(source)
    left_out: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            left_out.add(id(node.value))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            of_re = isinstance(owner, ast.Name) and owner.id == "re"
            if of_re or node.func.attr == "split":
                left_out |= {id(each) for each in ast.walk(node)}
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("set", "frozenset"):
            left_out |= {id(each) for each in node.args if isinstance(each, ast.Constant)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if not isinstance(text, str) or id(node) in left_out or text in ALLOWED:
            continue
        chinese = len(CHINESE.findall(text))
        if chinese >= LONG or (chinese and MARKS.search(text)):
            yield node.lineno, text


@pytest.mark.parametrize("path", FILES, ids=[str(p.relative_to(ROOT)) for p in FILES])
def test_no_sentence_for_residents_stands_in_python(path: Path) -> None:
    found = [f"line {line}: {text}" for line, text in sentences(path.read_text(encoding="utf-8"))]
    assert found == [], "put it into data/texts and say() it"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('turn.tell("好的，记下了")', True),
        ('words = f"{name}今天中午不做饭"', True),
        ('"""文档里写中文没关系，这是说明。"""', False),
        ('x = re.compile("不要|别送|先别送了")', False),
        ('x = "对 对的 对呀 好的 行".split()', False),
        ('x = frozenset("了着住上下来去")', False),
        ('x = frozenset({"好的，这就去办理"})', True),
        ('button("跳过", "/deny")', False),
    ],
)
def test_the_check_itself(source: str, found: bool) -> None:
    assert bool(list(sentences(source))) is found


def test_what_is_allowed_is_still_there() -> None:
    everything = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
    assert [text for text in ALLOWED if text not in everything] == []
