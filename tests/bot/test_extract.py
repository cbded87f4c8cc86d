"""All entities of a sentence together."""

from datetime import datetime

import pytest

from bot.understanding.extract import extract_all, load_knowledge
from bot.understanding.scripts import simplify

NOW = datetime.fromisoformat("2026-11-24T10:00:00+08:00")


def entities(text: str, locality: str | None = None) -> list[tuple[str, str, object]]:
    """Type, words and value of everything in ``text``."""
    return [(s.type, s.text, s.value) for s in extract_all(text, NOW, load_knowledge(locality))]


def test_traditional_characters_are_understood_and_kept_as_said() -> None:
    found = entities("幫我媽訂兩份晚飯，要軟的，我叫陳國華")
    assert ("relation", "我媽", "mother") in found
    assert ("count", "兩份", 2) in found
    assert ("meal", "晚飯", "dinner") in found
    assert ("diet", "軟的", "soft") in found
    assert ("person", "陳國華", "陳國華") in found


def test_simplifying_keeps_offsets() -> None:
    text = "孃孃，請問樓道的燈什麼時候修"
    assert len(simplify(text)) == len(text)
    assert simplify(text) == "孃孃，请问楼道的灯什么时候修"


@pytest.mark.parametrize(
    ("locality", "value"), [("rongxi", "grandma"), ("qinghe", "mother_in_law")]
)
def test_the_locality_tells_who_is_meant(locality: str, value: str) -> None:
    assert ("relation", "婆婆", value) in entities("给婆婆约个上门理发", locality)
