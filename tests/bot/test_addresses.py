"""Where: the words that identify a place, and what they say."""

import pytest

from bot.understanding.addresses import find_addresses
from bot.understanding.gazetteer import Gazetteer, load_gazetteer

GAZETTEER = Gazetteer(frozenset({"幸福小区", "机械厂家属院", "机械厂"}))

CASES = [
    ("幸福小区3号楼2单元门口的灯坏了", "幸福小区3号楼2单元门口",
     {"community": "幸福小区", "building": "3", "unit": "2", "place": "门口"}),
    ("三号楼二单元没电", "三号楼二单元", {"building": "3", "unit": "2"}),
    ("三号楼二单元楼道灯不亮", "三号楼二单元", {"building": "3", "unit": "2"}),
    ("我家6-2-401漏水", "6-2-401", {"building": "6", "unit": "2", "room": "401"}),
    ("7-501没暖气", "7-501", {"building": "7", "room": "501"}),
    ("小卖部对面井盖没了", "小卖部对面", {"place": "小卖部对面"}),
    ("昨天晚上阳光花园3栋有人吵", "阳光花园3栋", {"community": "阳光花园", "building": "3"}),
    ("机械厂家属院二门洞", "机械厂家属院二门洞", {"community": "机械厂家属院", "unit": "2"}),
    ("二号楼一单元三零二", "二号楼一单元三零二", {"building": "2", "unit": "1", "room": "302"}),
    ("我住15号楼四楼", "15号楼四楼", {"building": "15", "floor": "4"}),
    ("３号楼有人吵架", "３号楼", {"building": "3"}),
    ("A座1203", "A座1203", {"building": "A", "room": "1203"}),
    ("我家401", "401", {"room": "401"}),
    ("机械厂三号楼后身", "机械厂三号楼后身",
     {"community": "机械厂", "building": "3", "place": "后身"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words", "value"), CASES)
def test_address_words_and_value(text: str, words: str, value: dict) -> None:
    (span,) = find_addresses(text, GAZETTEER)
    assert (span.text, span.value) == (words, value)
    assert text[span.start : span.end] == words


@pytest.mark.parametrize(
    "text",
    [
        "楼道灯坏了",
        "在我们小区门口",
        "老旧小区改造啥时候",
        "一点不热",
        "马路上有个坑",
        "社区书记在不在",
    ],
)
def test_no_address(text: str) -> None:
    assert find_addresses(text, GAZETTEER) == []


def test_gazetteer_reads_names_and_aliases_and_bears_a_missing_file(tmp_path) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "places.yml").write_text(
        "communities:\n- name: 向阳社区\n  compounds:\n  - {name: 松江花园, aliases: [老江边]}\n",
        encoding="utf-8",
    )
    assert load_gazetteer("x", tmp_path).names == {"向阳社区", "松江花园", "老江边"}
    assert load_gazetteer("missing", tmp_path).names == frozenset()
