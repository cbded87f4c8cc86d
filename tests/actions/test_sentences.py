"""What residents are told is data (data/texts), never a string in Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "actions").rglob("*.py"))
CHINESE = re.compile("[\u4e00-\u9fff]")
WORD = 2
"""From so many Chinese characters on a string is a word; a single one is a unit (\u5e74, \u6708, \u65e5) or an ending."""
MARKS = re.compile("[\uff0c\u3002\uff01\uff1f\uff1a\uff1b]")
"""Marks that stand in sentences; ``\u3001`` only joins words, brackets only hold them."""
MATCHED = frozenset({"split", "startswith", "endswith", "removeprefix", "removesuffix", "replace"})
"""Methods whose strings are looked for in what was said, never said."""
ALLOWED = {
    "一二三四五六日": "names of the days, by their place in the week",
    "零一两三四五六七八九十": "digits, by their value",
    "那就还也": "little words, each looked for in what was said",
    "网格": "looked for in what was said",
}


def sentences(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every string that says a word: of a sentence, a button, a heading.

    Left out is what only understands: patterns (what ``re`` compiles), lists of words (``"…".split()``),
    sets (``{…}``, ``set(…)``, ``frozenset(…)`` of words), comparisons, and keys of mappings.
    """
    tree = ast.parse(source)
    left_out: set[int] = set()
    for node in ast.walk(tree):
        left_out |= {id(each) for part in _understands(node) for each in ast.walk(part)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if not isinstance(text, str) or id(node) in left_out or text in ALLOWED:
            continue
        chinese = len(CHINESE.findall(text))
        if chinese >= WORD or (chinese and MARKS.search(text)):
            yield node.lineno, text


def _understands(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a node whose strings are no words that are said."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value
    elif isinstance(node, ast.Compare):
        yield from (
            each for each in (node.left, *node.comparators) if not isinstance(each, ast.Call)
        )
    elif isinstance(node, ast.Set):
        yield from (each for each in node.elts if not MARKS.search(ast.unparse(each)))
    elif isinstance(node, ast.Dict):
        yield from (key for key in node.keys if key)
    elif isinstance(node, ast.Call):
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if isinstance(owner, ast.Name) and owner.id == "re":
            yield node
        elif isinstance(node.func, ast.Attribute) and node.func.attr in MATCHED:
            yield from node.args
            if node.func.attr == "split":
                yield node.func.value
        elif isinstance(node.func, ast.Name) and node.func.id in ("set", "frozenset"):
            yield from (a for a in node.args if isinstance(a, ast.Constant | ast.Tuple))


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
        ('button("跳过", "/deny")', True),
        ('yes = {"title": "先不办", "payload": "/deny"}', True),
        ('lines = [("哪一顿", meal), ("几份", n)]', True),
        ('SCORES = {5: "非常满意", 4: "满意"}', True),
        ('what = ticket.title or "您报的事"', True),
        ('words = f"{n}份"', False),
        ('if kind == "办事": pass', False),
        ('if words in {"跳过", "先跳过"}: pass', False),
        ('title = "跳过" if words.endswith("不是") else "人工"', True),
        ('names = {"姥姥": 1}', False),
    ],
)
def test_the_check_itself(source: str, found: bool) -> None:
    assert bool(list(sentences(source))) is found


def test_what_is_allowed_is_still_there() -> None:
    everything = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
    assert [text for text in ALLOWED if text not in everything] == []
