"""The guard: what is danger now, and what only sounds like it."""

import pytest

from bot.understanding.emergency import judge

DANGER = [
    ("着火了", "-"), ("楼下着火了，烟都窜上来了", "-"), ("家里一股煤气味", "H3"), ("我们被困电梯里了", "H5"),
    ("有人要跳楼", "J5"), ("我不想活了", "J5"), ("有人拿刀追着砍人", "J4"), ("我爸晕倒了叫不醒", "-"),
    ("他触电了", "H2"), ("水进屋了老人困在里头出不来", "I14"), ("孩子不见了找了一下午", "F4"),
    ("我把遗书写好了", "J5"), ("洪水进屋了", "I14"), ("家里煤气味好大", "H3"),
]  # fmt: skip
HARMLESS = [
    "气死我了", "昨天着火了已经灭了", "小区搞消防演习着火了咋跑", "笑死我了", "火锅店油烟大", "要是着火了怎么办",
    "电梯坏了停在一楼没困人", "手机没反应", "上火了嗓子疼", "去年楼下着火了", "股票跳楼了", "想死我妈了",
    "怎么预防煤气中毒", "燃气表没电池了打不着火", "我家狗走丢了",
]  # fmt: skip


@pytest.mark.parametrize(("text", "leaf"), DANGER)
def test_danger_raises_the_alarm(text: str, leaf: str) -> None:
    verdict = judge(text)
    assert verdict.alarm
    assert verdict.leaf == leaf


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_words_do_not(text: str) -> None:
    assert not judge(text).alarm


def test_a_dead_stove_does_not_hide_the_smell_of_gas() -> None:
    assert judge("家里一股煤气味，灶点不着火").leaf == "H3"


def test_an_old_fire_does_not_hide_a_new_one() -> None:
    assert judge("去年着过火。现在又着火了！").alarm
