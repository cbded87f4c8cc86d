"""What a short sentence is by its build, and what only looks like it."""

from __future__ import annotations

import pytest

from bot.understanding.structures import structure_of


@pytest.mark.parametrize(
    "text",
    [
        "三楼右手边那家漏水漏到我家", "602漏到我家502了", "楼上往我家滴水", "隔壁的水淌到俺屋里来了",
        "对门家水管跑水流到我家了",
    ],
)  # fmt: skip
def test_the_water_of_one_household_in_anothers_home(text: str) -> None:
    found = structure_of(text)
    assert found is not None and (found.intent, found.leaf) == ("report_problem", "H8")


@pytest.mark.parametrize(
    "text",
    [
        "我家水管漏水",
        "楼上漏水",
        "楼上漏水到我家，能赔多少钱",
        "下水道漏水漏到我家",
        "楼上暖气漏水漏到我家",
        "楼上漏水到我家找谁管",
        "上次报的楼上漏水到我家那个单子",
        "楼上漏水漏到我家" + "，这事说来话长" * 6,
    ],
)
def test_what_the_classifier_decides(text: str) -> None:
    assert structure_of(text) is None


def test_a_lift_that_is_stuck_is_a_report_unless_somebody_is_named() -> None:
    assert structure_of("小区电梯卡住了").leaf == "H5"  # type: ignore[union-attr]
    assert structure_of("电梯卡住了里面有人") is None


def test_a_worker_who_shouted_is_complained_of_unless_thanked() -> None:
    found = structure_of("那个网格员老李凶得很，昨天骂我妈")
    assert found is not None and found.intent == "complain_assistant"
    assert structure_of("楼下那人骂我，多亏网格员来劝") is None
    assert structure_of("网格员小李帮我骂了骗子，谢谢") is None


@pytest.mark.parametrize(
    ("text", "leaf"),
    [("半夜对面楼的狗叫个不停，怎么办", "I9"), ("公鸡天不亮就打鸣咋整", "I9"), ("楼上天天搓麻将吵死了，咋办", "I2")],
)  # fmt: skip
def test_noise_put_as_a_question_is_a_report(text: str, leaf: str) -> None:
    found = structure_of(text)
    assert found is not None and (found.intent, found.leaf) == ("report_problem", leaf)


@pytest.mark.parametrize(
    "text", ["我家狗半夜老叫怎么办", "狗叫了两声不吃饭，怎么办", "楼上太吵，社区有没有权管", "楼上吵架动手了怎么办", "上次报的狗叫怎么处理的"]
)  # fmt: skip
def test_ones_own_dog_and_other_questions_are_not(text: str) -> None:
    assert structure_of(text) is None
