"""Homophones sound the same; different syllables do not."""

from __future__ import annotations

import pytest

from bot.understanding.sounds import sounds

EVERYDAY = "".join(map(chr, range(0x4E00, 0x9FA6)))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("楼到里的等泡", "楼道里的灯泡"),
        ("抵保", "低保"),
        ("结婚正", "结婚证"),
        ("牛奶", "流来"),  # n and l
        ("是十", "四死"),  # sh and s
        ("冲电桩", "充电桩"),
        ("飞机", "灰机"),  # f and h
        ("停水", "听税"),  # ing and in
    ],
)
def test_what_sounds_alike_is_the_same(typed: str, meant: str) -> None:
    assert sounds(typed) == sounds(meant)


@pytest.mark.parametrize(
    ("one", "other"), [("灯", "梯"), ("饭", "房水"), ("水", "电"), ("漏", "堵")]
)
def test_what_sounds_different_stays_different(one: str, other: str) -> None:
    assert sounds(one) != sounds(other)


def test_length_and_everything_that_is_no_chinese_character_stay() -> None:
    text = "3号楼WIFI坏了！Ａ☺"
    heard = sounds(text)
    assert len(heard) == len(text)
    assert [h for h, t in zip(heard, text, strict=True) if h == t] == list("3WIFI！Ａ☺")


def test_each_syllable_has_a_letter_of_its_own() -> None:
    letters = {sound for sound in sounds(EVERYDAY) if "\ue000" <= sound <= "\uf8ff"}
    # What pypinyin knows, merged: 283 syllables today. A letter that two of them share would lower it.
    assert len(letters) == 283
