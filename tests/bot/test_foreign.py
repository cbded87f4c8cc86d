"""English words and pinyin inside a message are read as the Chinese that is meant."""

from __future__ import annotations

import pytest

from bot.understanding.foreign import as_chinese, is_english, is_pinyin


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("the light in 3号楼2单元 is broken", "灯 3号楼2单元 坏了"),
        ("elevator坏了 幸福小区3号楼", "电梯 坏了 幸福小区3号楼"),
        ("my toilet is blocked", "马桶 堵了"),
        ("Hi, water leaking in 幸福小区5号楼1单元301", "漏水 幸福小区5号楼1单元301"),
        ("there is a fire in the kitchen", "着火了 厨房"),
        ("the fire exit is blocked", "消防通道 堵了"),
        ("dianti huaile 幸福小区3号楼", "电梯坏了 幸福小区3号楼"),
        ("residence permit怎么办", "居住证 怎么办"),
        ("隔壁装修 from 7am 到晚上 9pm", "隔壁装修 7 到晚上 9"),
        ("loudaodeng buliang le", "楼道灯不亮了"),
        ("xingfuxiaoqu 3haolou 2danyuan dianti huaile", "幸福小区 3号楼 2单元电梯坏了"),
    ],
)
def test_what_is_meant(text: str, chinese: str) -> None:
    assert as_chinese(text) == chinese


@pytest.mark.parametrize(
    "text",
    ["楼道灯坏了", "A座KTV太吵", "app打不开", "ETC怎么办", "3号楼A单元", "PM2.5", "ok", "I love you", "SQ-261124-00001-2"],
)  # fmt: skip
def test_what_names_none_of_our_matters_stays(text: str) -> None:
    assert as_chinese(text) == text


def test_only_a_sentence_of_english_is_answered_in_english() -> None:
    assert is_english("the light in 幸福小区3号楼2单元 is broken")
    assert not is_english("elevator坏了 幸福小区3号楼")
    assert not is_english("我们家的wifi和light都坏了，你们the那个师傅is什么时候来呀，等了好多天了")
    assert not is_english("dianti huaile")
    assert is_pinyin("dianti huaile") and not is_pinyin("elevator huaile")
