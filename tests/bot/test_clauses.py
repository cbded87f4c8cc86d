"""Two or three requests in one message: where it is cut, and what stays together."""

from __future__ import annotations

from typing import Any

import pytest

from bot.understanding import each_place
from bot.understanding.addresses import find_addresses
from bot.understanding.clauses import distinct, is_listing, may_be_several, same_for_each, split
from bot.understanding.extract import load_knowledge


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("楼道灯坏了，另外楼下垃圾也没人收", ["楼道灯坏了", "楼下垃圾也没人收"]),
        ("楼道灯坏了，楼下垃圾也没人收", ["楼道灯坏了", "楼下垃圾也没人收"]),
        ("楼道灯坏了，顺便给我订明天中午饭", ["楼道灯坏了", "给我订明天中午饭"]),
        ("楼道灯坏了。高龄津贴咋申请？", ["楼道灯坏了", "高龄津贴咋申请？"]),
        ("我说三个事：楼道灯，下水道，还有订饭", ["楼道灯", "下水道", "订饭"]),
        ("两件事，第一，楼道灯坏了，第二，我想订饭", ["楼道灯坏了", "我想订饭"]),
        (
            "我有三个事：1厕所漏水 2房东不退押金 3小区门禁坏了",
            ["厕所漏水", "房东不退押金", "小区门禁坏了"],
        ),
        (
            "我跟你说仨事儿，楼道灯不亮，垃圾没人收，还有井盖丢了，都在5号楼",
            ["楼道灯不亮", "垃圾没人收", "井盖丢了", "都在5号楼"],
        ),
        # Four that are announced, and the place of all.
        (
            "反映四个问题：电梯老停，楼顶漏雨，垃圾桶满了，麻将馆吵，都是2号楼的",
            ["电梯老停", "楼顶漏雨", "垃圾桶满了", "麻将馆吵", "都是2号楼的"],
        ),
        # Counted up, with or without marks; a number of a place or an amount begins nothing.
        ("1楼道灯不亮2垃圾没人收3单元门关不上", ["楼道灯不亮", "垃圾没人收", "单元门关不上"]),
        ("头一个路灯坏了第二个井盖没了", ["路灯坏了", "井盖没了"]),
        ("(1)楼道灯不亮(2)垃圾没人收", ["楼道灯不亮", "垃圾没人收"]),
        ("1楼灯坏了2楼也坏了", ["1楼灯坏了2楼也坏了"]),
        ("我订1份饭2个菜", ["我订1份饭2个菜"]),
        (
            "反映五个问题：楼道灯不亮，垃圾没人收，井盖没了，有人天天放音响，狗老叫",
            ["楼道灯不亮", "垃圾没人收", "井盖没了", "有人天天放音响", "狗老叫"],
        ),
        ("我说两件事：3号楼灯坏了 5号楼门坏了", ["我说两件事：3号楼灯坏了 5号楼门坏了"]),
        ("楼道灯坏了三天了，老人不敢下楼", ["楼道灯坏了三天了，老人不敢下楼"]),
        ("还有没有饭", ["还有没有饭"]),
        # One thing said twice is no second one.
        ("老人一个人在家，没人管饭也没人看", ["老人一个人在家，没人管饭也没人看"]),
        # A house alone says where, whatever follows it.
        (
            "家里才十四度，8号楼1单元302，我电话13904390002",
            ["家里才十四度，8号楼1单元302，我电话13904390002"],
        ),
        ("灯坏了，三号楼二单元三零二室，快点", ["灯坏了，三号楼二单元三零二室，快点"]),
        ("3号楼灯坏了，5号楼门禁坏了", ["3号楼灯坏了", "5号楼门禁坏了"]),
        (
            "暖气不热，楼道灯坏了，末了楼下有人天天放音响",
            ["暖气不热", "楼道灯坏了", "楼下有人天天放音响"],
        ),
        (
            "我说几个事啊，一个是路灯不亮，再一个垃圾没人拉，还有那个狗天天叫唤",
            ["路灯不亮", "垃圾没人拉", "狗天天叫唤"],
        ),
        ("最后一趟车走了", ["最后一趟车走了"]),
        # A story of many sentences is one story.
        ("灯坏了。摔了。疼了。没人来。", ["灯坏了。摔了。疼了。没人来。"]),
    ],
)
def test_cutting(text: str, pieces: list[str]) -> None:
    assert split(text) == pieces


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("楼道灯不亮，水管漏了，电梯坏了，垃圾没人收，下水道堵了",
         ["楼道灯不亮", "水管漏了", "电梯坏了", "垃圾没人收", "下水道堵了"]),
        ("厕所堵了，房东不退押金，还有路灯不亮", ["厕所堵了", "房东不退押金", "路灯不亮"]),
        ("幸福小区3号楼电梯老停，垃圾桶满了", ["幸福小区3号楼电梯老停", "垃圾桶满了"]),
        ("路灯瞎了、井盖松了、门禁刷不开", ["路灯瞎了", "井盖松了", "门禁刷不开"]),
        # What is told of one thing, or came of it, is one story.
        ("电梯坏了，老人下不了楼，垃圾都扔不了", ["电梯坏了，老人下不了楼，垃圾都扔不了"]),
        ("下水道堵了，污水冒到楼道里，马桶也没法用，", ["下水道堵了，污水冒到楼道里", "马桶也没法用"]),
        ("水管爆了，把电梯淹坏了", ["水管爆了，把电梯淹坏了"]),
        ("马桶堵了，厕所返水，地漏冒泡", ["马桶堵了，厕所返水，地漏冒泡"]),
        ("垃圾没人收，臭得很，苍蝇满天飞", ["垃圾没人收，臭得很，苍蝇满天飞"]),
        ("暖气不热，我家水管都冻了", ["暖气不热，我家水管都冻了"]),
        # All of it is said of one who does nothing, or was told before.
        ("物业费照收，楼道灯不亮，电梯坏了，垃圾没人收", ["物业费照收，楼道灯不亮，电梯坏了，垃圾没人收"]),
        ("上次报的路灯坏了，井盖松了，都没修", ["上次报的路灯坏了，井盖松了，都没修"]),
    ],
)  # fmt: skip
def test_troubles_in_a_row(text: str, pieces: list[str]) -> None:
    assert split(text) == pieces


def test_a_list_is_announced() -> None:
    assert is_listing("两件事，灯坏了，饭也没送来")
    assert not is_listing("这件事没人管")


def parsed(text: str, intent: str, leaf: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a piece as the model parses it."""
    entities = [{"entity": "service", "value": leaf, "confidence": more.pop("sure", 0.9)}]
    return {
        "text": text,
        "intent": {"name": intent, "confidence": more.pop("confidence", 0.9)},
        "entities": (entities if leaf else []) + more.pop("facts", []),
        "uncertain": more.pop("uncertain", False),
    }


LAMP = parsed("楼道灯坏了", "report_problem", "H6")


def texts(*parses: dict[str, Any], listed: bool = False) -> list[str]:
    """Return the words of the requests that are told apart."""
    return [str(p["text"]) for p in distinct(parses, listed)]


def test_other_requests_are_told_apart() -> None:
    meal = parsed("订明天中午饭", "book_meal", "C1")
    rubbish = parsed("垃圾也没人收", "report_problem", "I1")
    assert texts(LAMP, meal) == ["楼道灯坏了", "订明天中午饭"]
    assert texts(LAMP, rubbish) == ["楼道灯坏了", "垃圾也没人收"]


def test_the_same_once_more_is_one_request() -> None:
    assert texts(LAMP, parsed("三楼也不亮", "report_problem", "H6")) == []
    assert texts(LAMP, parsed("墙也黑", "report_problem", "H9", sure=0.3)) == []
    assert texts(LAMP, parsed("快点吧", "chitchat")) == []


def test_nobody_cares_is_part_of_the_story() -> None:
    assert texts(LAMP, parsed("物业也不管", "report_problem", "G3")) == []
    assert texts(LAMP, parsed("垃圾也没人管", "report_problem", "I1")) != []


def test_what_is_no_request_stays_with_the_one_before() -> None:
    place = {"entity": "address", "start": 0, "end": 3, "value": {"building": "3"}, "text": "3号楼"}
    where = parsed("3号楼", "supplement_ticket", facts=[place])
    meal = parsed("订明天中午饭", "book_meal", "C1")
    first, second = distinct([LAMP, where, meal])
    assert (first["text"], second["text"]) == ("楼道灯坏了，3号楼", "订明天中午饭")
    moved = next(e for e in first["entities"] if e["entity"] == "address")
    assert first["text"][moved["start"] : moved["end"]] == "3号楼"
    hello = parsed("你好", "greet")
    first, _ = distinct([hello, LAMP, meal])
    assert (first["text"], first["intent"]["name"]) == ("你好，楼道灯坏了", "report_problem")
    assert [e["value"] for e in first["entities"]] == ["H6"]


def test_a_faint_piece_counts_only_when_several_were_announced() -> None:
    faint = parsed("订饭", "book_meal", confidence=0.3, uncertain=True)
    assert texts(LAMP, faint) == []
    assert texts(LAMP, faint, listed=True) == ["楼道灯坏了", "订饭"]


def test_a_quick_look_is_generous() -> None:
    unsure = parsed("垃圾也没人收", "report_problem", "I1", confidence=0.3, uncertain=True)
    assert may_be_several([LAMP, unsure])
    assert not may_be_several([LAMP, parsed("老人不敢下楼", "report_problem", "H6")])
    assert not may_be_several([LAMP, parsed("谢谢", "thank")])


def at(building: str, text: str, **more: Any) -> dict[str, Any]:
    """Return a piece about a house."""
    value = {"building": building, **more.pop("value", {})}
    place = {"entity": "address", "start": 0, "end": 3, "value": value, "text": f"{building}号楼"}
    return parsed(text, more.pop("intent", "report_problem"), more.pop("leaf", "H6"), facts=[place])


def test_the_same_at_another_house_is_another_request() -> None:
    assert split("3号楼灯坏了，5号楼灯坏了") == ["3号楼灯坏了", "5号楼灯坏了"]
    assert len(texts(at("3", "3号楼灯坏了"), at("5", "5号楼灯坏了"))) == 2
    assert may_be_several([at("3", "3号楼灯坏了"), at("5", "5号楼灯坏了")])
    assert texts(at("3", "3号楼灯坏了"), at("3", "3号楼2单元也黑着")) == []


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("给3号楼501和5号楼202各订一份明天中午饭", ["给3号楼501订一份明天中午饭", "给5号楼202订一份明天中午饭"]),
        ("给幸福小区3号楼501、5号楼202和2号楼101各订一份饭",
         ["给幸福小区3号楼501订一份饭", "给幸福小区5号楼202订一份饭", "给幸福小区2号楼101订一份饭"]),
        ("幸福小区3号楼和5号楼的灯都坏了", ["幸福小区3号楼的灯都坏了", "幸福小区5号楼的灯都坏了"]),
        ("3号楼和5号楼之间的灯都坏了", []),
        ("3号楼和5号楼的人都在吵", []),
        ("幸福小区3号楼灯坏了", []),
        ("3号楼2单元和3单元门口有积水", []),
    ],
)  # fmt: skip
def test_one_sentence_for_several_houses(text: str, sentences: list[str]) -> None:
    places = find_addresses(text, load_knowledge("qinghe").gazetteer)
    found = each_place.apart(text, places) if each_place.may_list(text) else []
    assert found == sentences


def test_what_is_asked_for_each_house_must_be_the_same() -> None:
    meals = [at("3", "给3号楼订饭", intent="book_meal"), at("5", "给5号楼订饭", intent="book_meal")]
    assert same_for_each(meals)
    assert not same_for_each([meals[0], at("5", "5号楼灯坏了")])
    assert not same_for_each([at("3", "3号楼", intent="supplement_ticket")] * 2)


def test_an_idea_announced_and_told_is_one() -> None:
    idea = parsed("我想给社区提个建议", "make_suggestion")
    wish = parsed("把活动室周末也开开", "book_service", "K2")
    assert texts(idea, wish) == []
    meal = parsed("订明天中午饭", "book_meal", "C1")
    assert texts(idea, wish, meal) == ["我想给社区提个建议，把活动室周末也开开", "订明天中午饭"]


def test_what_is_wanted_as_well_is_a_piece_of_its_own() -> None:
    assert split("窗户碎了，还想订明天午饭") == ["窗户碎了", "还想订明天午饭"]
    assert split("楼道灯坏了，再问一下讲座") == ["楼道灯坏了", "再问一下讲座"]
