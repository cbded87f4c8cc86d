"""A long story in one line: the table of cases, and the rules one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from actions.forms import report
from actions.forms.draft import fill
from actions.talk import gist
from actions.talk.gist import Known
from tests.actions.helpers import msg

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "gist_cases.yml").read_text(encoding="utf-8")
)
READ_BACK: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "gist_cases_read_back.yml").read_text(encoding="utf-8")
)
LONG = "喂你好那个我想说一下就是我们家这个马桶它堵了然后水都漫出来了我拿那个皮搋子捅了半天也不管用现在卫生间都没法进人了你们能不能派个人过来看看"
ADDRESS = {"address": ("幸福小区3号楼2单元501", {"community": "幸福小区", "building": "3", "unit": "2", "room": "501"})}  # fmt: skip


def known(case: dict[str, Any], place: str = "") -> Known:
    """Return what the form knows in a case."""
    given = {k: case.get(k, "") for k in ("since", "subject")}
    return Known(case["leaf"], place, said=tuple(case.get("said", ())), **given)


def test_the_table_is_long_and_its_messages_too() -> None:
    assert len(CASES) >= 40
    assert len({c["say"] for c in CASES}) == len(CASES)
    assert all(gist.is_long(c["say"]) for c in CASES)


@pytest.mark.parametrize("case", CASES, ids=[c["say"][:14] for c in CASES])
def test_the_line_holds_the_point(case: dict[str, Any]) -> None:
    line = gist.line(case["say"], known(case))
    assert len(line) <= 40 and "\n" not in line
    assert [w for w in case["has"] if w not in line] == [], line
    assert [w for w in case["not"] if w in line] == [], line


@pytest.mark.parametrize("case", CASES, ids=[c["say"][:14] for c in CASES])
def test_with_a_place_it_still_fits_and_keeps_the_matter(case: dict[str, Any]) -> None:
    where = "幸福小区3号楼2单元"
    line = gist.line(case["say"], known(case, where))
    assert line.startswith(where) and len(line) <= 40
    assert gist.what(case["say"], known(case))[:10] in line
    assert where not in gist.line(case["say"], known(case, where), place=False)


@pytest.mark.parametrize("case", READ_BACK, ids=[c["say"][:14] for c in READ_BACK])
def test_what_an_old_person_hears(case: dict[str, Any]) -> None:
    """What is wrong, since when, who suffers and what was tried; no hedge, no biography, no anger."""
    assert gist.is_long(case["say"])
    assert gist.line(case["say"], known(case)) == case["line"]


def test_a_quarrel_that_is_not_wanted_is_no_matter() -> None:
    told = "我也不想跟他吵，楼上天天半夜拍皮球，孩子今年高三，我上去找过三回了"
    line = "楼上天天半夜拍皮球，孩子今年高三，找过三回"
    assert gist.line(told, Known("I2")) == line


def test_what_only_goes_on_with_a_story_is_no_second_one() -> None:
    noise = "我跟你说啊，我家楼上那小子天天半夜在客厅里拍皮球，咚咚咚的，从晚上十点一直到十二点"
    more = "我也不想跟他吵，可我家孩子今年高三，我上去找过三回了，你们出面给说说"
    assert gist.one_story([noise, more])
    assert not gist.one_story([noise, "楼下垃圾也没人收，都堆成山了，苍蝇到处飞，臭得很"])
    assert not gist.one_story(["灯坏了", "野猫来了"]), "short parts are as they were understood"


def test_how_it_is_wrong_is_told_with_what_is_wrong() -> None:
    told = "北门那个井盖，昨儿个不知道让谁给整没了，黑灯瞎火的"
    assert gist.what(told, Known("I4", said=("昨儿个",))) == "井盖整没了"


def test_what_was_not_done_was_not_tried() -> None:
    assert gist.tried("电梯坏了，我没找物业，想找社区", "电梯坏了") == ""
    assert gist.tried("电梯坏了，我找物业三次了", "电梯坏了") == "找过物业三次"


def test_who_might_suffer_does_not_yet() -> None:
    assert gist.affected("灯坏了，怕孩子摔了", "灯坏了") == ""
    assert gist.affected("灯坏了，孩子昨天摔了一跤", "灯坏了") == "孩子昨天摔了一跤"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("另外，我们单元门口的台阶缺了一个角", "单元门口的台阶缺了一个角"),
        ("再有就是，下水井往外冒脏水", "下水井往外冒脏水"),
        ("另外我再补充一点，上回换灯是去年夏天的事", ""),
        ("另外，这个灯一直不亮也不安全", ""),  # the first matter once more
        ("还有就是，谢谢你们", ""),
    ],
)
def test_the_second_matter_of_a_letter(more: str, words: str) -> None:
    letter = "社区领导您好，我是这里的老住户了，住了二十多年，从来没给大家添过麻烦。我们楼道的灯不亮了，老人不敢下楼，找过物业也没修"
    assert gist.another(f"{letter}。{more}。", Known("H6")) == words
    assert gist.another(more, Known("H6")) == "", "short words are no letter"


def test_the_point_counts_wherever_it_stands() -> None:
    point, rest = "厨房下水道堵了", ["我在这儿住了十几年了", "儿子在外地上班", "麻烦你们了"]
    for at in range(4):
        told = [*rest[:at], point, *rest[at:]]
        assert gist.line("，".join(told), Known("H7")) == point


def test_what_is_set_right_is_no_matter() -> None:
    told = "上回报的电梯已经修好了，这回是楼道灯坏了"
    assert gist.what(told, Known("H6")) == "楼道灯坏了"


def test_without_a_telling_clause_the_name_of_the_leaf_is_said() -> None:
    assert gist.what("我也不知道咋说这个事，你们来了就知道了", Known("H6")) == "楼道灯"
    assert gist.what("嗯", Known(None)) == ""


def test_a_fear_is_no_danger() -> None:
    assert "摔" not in gist.line("楼道灯坏了，怕老人摔了", Known("H6"))
    assert "摔了一跤" in gist.line("楼道灯坏了，老人摔了一跤", Known("H6"))


def test_a_word_said_again_and_again_is_said_once() -> None:
    assert gist.what("漏水漏水漏水，厨房漏水", Known("H8")) == "厨房漏水"
    assert "天天" in gist.what("楼上天天打麻将", Known("I2"))


def test_a_second_matter_only_when_several_are_told() -> None:
    told = "楼道灯不亮了，一楼下水井冒脏水"
    assert "、" not in gist.line(told, Known("H6"))
    assert gist.line(f"两个事，{told}", Known("H6")) == "楼道灯不亮了、一楼下水井冒脏水"


def test_an_endless_line_is_cut_around_its_point() -> None:
    told = "那边" + "靠着墙角的" * 300 + "水管子漏了" + "一大片的地方" * 100
    assert "漏了" in gist.line(told, Known("H1")) and len(gist.line(told, Known("H1"))) <= 40


def test_the_summary_reads_the_line_back_and_the_ticket_keeps_every_word() -> None:
    text = f"{LONG}，幸福小区3号楼2单元501"
    draft = fill(report.FORM, None, msg(text, leaf="H7", ents=ADDRESS))
    lines = dict(report.summary(draft, msg()))
    assert "马桶" in lines["什么事"] and f"{len(text)}个字" in lines["什么事"]
    assert "皮搋子" not in lines["什么事"] and "你好" not in lines["什么事"]
    assert "501" not in lines["什么事"].split("（")[0]
    body = report.to_ticket(draft, msg(), "c1")
    assert body["narrative"] == text
    assert "马桶" in body["gist"] and "幸福小区" not in body["gist"] and len(body["gist"]) <= 40


def test_thanks_first_and_the_point_last() -> None:
    case = next(c for c in CASES if c["say"].startswith("您好，打扰您了"))
    assert gist.ends_with_matter(case["say"])
    thanks = "首先感谢社区这些年对我们老两口的照顾，网格员小王人特别好，上次灯坏了他自己掏钱买灯泡给换上，我们全家都特别感谢他，想给他写封表扬信，送一面锦旗"
    assert not gist.ends_with_matter(thanks)


def test_since_when_is_said_once_and_leaves_no_hole() -> None:
    line = gist.line("楼道灯坏了有三天了黑咕隆咚", Known("H6", since="三天", said=("三天",)))
    assert line == "楼道灯坏了黑咕隆咚，三天了"


def test_how_long_it_lasts_is_heard_where_only_a_part_of_the_day_was_understood() -> None:
    told = "路灯不亮了，已经有一个多星期了，晚上黑，我在这住了二十年了"
    assert gist.line(told, Known("I3", since="晚上")) == "路灯不亮了，一个多星期了"


def test_a_matter_of_no_leaf_is_called_by_its_line() -> None:
    text = "幸福小区3号楼2单元501，滑梯的扶手断了，别打电话"
    body = report.to_ticket(fill(report.FORM, None, msg(text, ents=ADDRESS)), msg(), "c1")
    assert body["leaf"] is None and body["gist"] == "滑梯的扶手断了"


def test_a_short_story_is_read_back_as_it_was_told() -> None:
    draft = fill(report.FORM, None, msg("楼道灯坏了三天了", leaf="H6"))
    assert "“楼道灯坏了三天了”" in dict(report.summary(draft, msg()))["什么事"]
    assert "gist" not in report.to_ticket(draft, msg(), "c1")


def test_two_thousand_characters_keep_every_word_and_one_line() -> None:
    text = ("我今年七十八岁了，退休以前在粮食局上班。" * 200)[:1987] + "。最后就一件事楼道灯坏了。"
    assert len(text) == 2000
    draft = fill(report.FORM, None, msg(text, leaf="H6"))
    assert dict(report.summary(draft, msg()))["什么事"].startswith("楼道灯——楼道灯坏了")
    assert report.to_ticket(draft, msg(), "c1")["narrative"] == text


def test_a_story_without_a_telling_clause_is_not_called_by_its_name_twice() -> None:
    text = "喂，我跟你说啊，我住二楼，我这老胳膊老腿的，弄了一宿，找物业物业说管不着，你说我找谁去，都多少天了，你们得给我个说法才行啊，不然我天天来"
    draft = fill(report.FORM, None, msg(text, leaf="H7"))
    told = dict(report.summary(draft, msg()))["什么事"]
    assert told.count("下水道、污水") == 1 and "一字不少" in told
