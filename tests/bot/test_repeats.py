"""Filler said over and over is read once; numbers and short messages stay as they are."""

from __future__ import annotations

import pytest

from bot.understanding.repeats import said_once


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("楼道灯坏了" + "哎呀真是的" * 398, "楼道灯坏了哎呀真是的"),
        ("哎呀真是的，" * 330 + "楼道灯坏了", "哎呀真是的，楼道灯坏了"),
        ("唉 " * 900 + "3号楼下水道堵了", "唉 3号楼下水道堵了"),
        ("快来人" * 200, "快来人"),
    ],
)
def test_the_point_stands_out(text: str, read: str) -> None:
    assert said_once(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "快快快快快快快快，水漏了",
        "我的电话是13888888888，单子号是000000000000，麻烦打过来，我在家等着，谢谢你们了，真的谢谢",
        "我们楼的灯坏了，楼道的灯坏了，院里的灯也坏了，门口那盏灯更是坏了半年了，求你们来个人看看吧",
    ],
)
def test_what_means_something_stays(text: str) -> None:
    assert said_once(text) == text
