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


@pytest.mark.parametrize(
    ("leaf", "texts"),
    [
        ("I1", "公厕脏得很没人打扫|公共厕所埋汰得很|广场厕所没人冲，熏人|菜市场厕所臭得进不去人"),
        ("I5", "车能不能挪一下，挡我家门了|有台面包车堵我家门口了|那个白车横在我车库门口|帮我叫车主来挪下车"),
        ("none", "我家门前那块地砖翘起来了老太太绊了个跟头|院里路面坑坑洼洼的绊人|门口的砖松了一踩一脚泥"),
        ("H9", "健身器材坏了|小区滑梯裂了个口子|院里那个扭腰的晃得厉害|单杠锈断了一根"),
        ("I9", "楼上养鸽子太脏了|楼上养鸽子，屎拉我被子上|对门在楼道养鸡，毛飞得到处都是|邻居阳台上养鸽子"),
        ("I6", "有人把破沙发堵楼道里了|过道堆满了纸壳子|楼梯拐角放个破冰箱挡道|邻居鞋柜摆到走廊里头"),
        ("H7", "楼道里头一股臭味|单元里味儿太大了|走廊臭得很，不晓得是啥子"),
        ("J1", "房东不退押金|租房的押金房东扣着不给|二房东扣押金|房东把我的押金扣了不还"),
    ],
)  # fmt: skip
def test_what_was_misread(leaf: str, texts: str) -> None:
    for text in texts.split("|"):
        found = structure_of(text)
        assert found is not None and (found.intent, found.leaf) == ("report_problem", leaf), text


def test_a_smell_nobody_knows_the_source_of_may_be_three_things() -> None:
    assert structure_of("楼道里头一股臭味").or_leaves == ("I1", "I11")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        "公厕在哪儿", "公厕马桶堵了", "公厕晚上八点就锁门", "挪车电话是多少", "消防车通道让车堵了门口", "电梯间那块地砖松了",
        "树根把地砖拱起来了", "公园的健身器材坏了", "建议加装健身器材", "食堂的鸡肉味道好", "你们放我鸽子，屎一样的服务",
        "楼顶搭棚养鸽子，鸽毛乱飞", "电动车堵在楼道充电", "楼道垃圾一股臭味", "楼道里有煤气味", "下水道臭味返到楼道里",
        "房东不退押金怎么起诉", "家里养鸽子要办证吗", "图书室借书押金几时退",
    ],
)  # fmt: skip
def test_what_only_looks_like_it(text: str) -> None:
    assert structure_of(text) is None
