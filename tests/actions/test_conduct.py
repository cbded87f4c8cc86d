"""Complaints about people are told from praise and from reports, and read back as what they are."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from actions.forms import report
from actions.forms.draft import CONFIRM, asking, fill, next_question
from actions.forms.replies import is_yes
from actions.talk import conduct
from tests.actions.helpers import msg, tap

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.mark.parametrize(
    ("words", "desk"),
    [
        ("网格员李国强办事推脱，松江花园3号楼，我要反映", "grid"),
        ("我要投诉你们社区窗口那个小李，态度恶劣", "window"),
        ("网格员小李收了人家烟，我要举报他，别让他知道", "grid"),
        ("社区窗口办事员昨天骂我老年痴呆，我要投诉她", "window"),
        ("前台那个小姑娘翻白眼", "window"),
        ("物业那帮人爱答不理", "property"),
        ("网格员老李歪得很，吼我妈", "grid"),
        ("修水管的师傅态度不好", "other"),
        ("我要投诉一个工作人员", "other"),
        ("居委会主任优亲厚友，低保给他亲戚", "window"),
        ("网格员小李，说话太难听", "grid"),
        ("你们社区的人就知道推来推去", "window"),
        ("我要投诉你们社区那个王秀英，态度差得很", "other"),
        ("你们街道那个李强说话凶得很", "other"),
        ("他们报复我", "other"),
        ("我投诉了以后被报复", "other"),
        ("我反映问题遭打击报复", "other"),
        ("网格员给我穿小鞋", "grid"),
        ("上次投诉了，物业的人报复我，不给我修", "property"),
        ("我要投诉你们社区那个姓王的，态度特别差，去办事爱搭不理的", "other"),
        ("街道办那个小年轻，问啥都不耐烦", "other"),
        ("居委会有个戴眼镜的，爱答不理", "other"),
        ("你们社区那个老赵，说话可冲了", "other"),
        ("村上那个会计，爱理不理的", "other"),
        ("姓张的那个主任凶得很", "other"),
        ("网格员从来不来", "grid"),
        ("村上那个会计是谁", None),
        ("居委会有个老大爷摔了", None),
        ("隔壁姓王的老吵架", None),
        ("村里那个路灯坏了", None),
        ("让我等一上午，公交车也不来", None),
        # feared, or between neighbours: no complaint about who works here
        ("他会不会报复我", None),
        ("我怕物业报复，别说是我说的", None),
        ("邻居报复我家", None),
        ("前男友报复我", None),
        ("我今天去你们窗口，那个小姑娘让我跑三趟 一会儿说缺这个", "window"),
        ("去窗口办个证跑了三趟", None),
        # near misses: somebody is named, nobody is complained of
        ("我是张丽，替我妈刘桂芬反映，她家楼上漏水，301", None),
        ("找过物业保安也不管，我要投诉楼上噪音", None),
        ("我跟网格员反映过楼道灯坏了", None),
        ("找网格员投诉楼上噪音", None),
        ("保安室门口垃圾没人收", None),
        ("楼上师傅装修打孔太吵", None),
        ("窗口漏风", None),
        ("投诉你们社区那个石墩子，绊人", None),
        ("我要表扬你们社区那个王秀英，人真好", None),
        ("你这机器人太笨了", None),
        ("谢谢网格员，楼道灯修好了", None),
    ],
)
def test_whose_conduct_is_complained_of(words: str, desk: str | None) -> None:
    assert conduct.about(words) == desk


@pytest.mark.parametrize(
    ("words", "praise"),
    [
        ("表扬一下网格员小王，跑前跑后的", True),
        ("网格员王秀英帮我妈买药，谢谢她", True),
        ("网格员这娃儿巴适，热心得很", True),
        ("网格员小王不负责，谢谢你们转达", False),
        ("网格员李国强办事推脱，我要反映", False),
        ("我是张丽，替我妈刘桂芬反映，她家楼上漏水", False),
    ],
)
def test_praise_needs_a_word_of_praise(words: str, praise: bool) -> None:
    assert conduct.praises(words) is praise


def test_a_complaint_about_a_person_is_confidential_and_read_back_as_one() -> None:
    text = "网格员小李昨天收了人家烟，我要举报他"
    draft = fill(report.FORM, None, msg(text, "give_praise", ents={"time": ("昨天", {
        "start": "2026-11-23", "end": "2026-11-23"})}))  # fmt: skip
    assert next_question(report.FORM, draft, msg(text)) == CONFIRM
    lines = dict(report.summary(draft, msg(text)))
    assert lines["投诉谁"] == "网格员 小李"
    assert lines["怎么转"].startswith("这是一件投诉") and "不转给本人" in lines["怎么转"]
    body = report.to_ticket(draft, msg(text), "c1")
    assert (body["leaf"], body["about"], body["kind"]) == ("M11", "grid", "report")
    assert body["confidential"] is True


def test_whose_person_who_and_when_are_asked_one_after_the_other() -> None:
    first = msg("我要投诉一个工作人员，说话难听")
    draft = fill(report.FORM, None, first)
    assert next_question(report.FORM, draft, first) == "desk"
    draft = fill(
        report.FORM, asking(draft, "desk"), tap("affirm", about=f"{report.DESK}window", id="m2")
    )
    assert draft.get("about") == "window"
    assert next_question(report.FORM, draft, first) == "who"
    draft = fill(report.FORM, asking(draft, "who"), msg("戴眼镜的女的，一号窗口", id="m3"))
    assert next_question(report.FORM, draft, first) == "occurred"
    draft = fill(report.FORM, asking(draft, "occurred"), msg("不记得", "deny", id="m4"))
    assert next_question(report.FORM, draft, first) == CONFIRM
    body = report.to_ticket(draft, first, "c1")
    assert body["narrative"] == "我要投诉一个工作人员，说话难听\n戴眼镜的女的，一号窗口"
    assert body["kind"] == "complaint"


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
def test_what_is_told_is_where_it_goes(locality: str) -> None:
    folder = DATA / "localities" / locality
    routes = yaml.safe_load((folder / "dispatch.yml").read_text(encoding="utf-8"))["routes"]
    units = yaml.safe_load((folder / "orgs.yml").read_text(encoding="utf-8"))["orgs"]
    names = {u["id"]: u["name"] for u in units}
    for desk in ("window", "grid", "property", "other"):
        lead = next(r["lead"] for r in routes if "M11" in r["leaves"] and desk in r["about"])
        told = conduct.goes(desk)
        assert ("住建" if desk == "property" else "街道纪检") in told
        assert ("住房和城乡建设" if desk == "property" else "街道纪检") in names[lead]


@pytest.mark.parametrize(
    ("words", "yes"),
    [
        ("好", True), ("要得", True), ("那就记上", True), ("麻烦你了", True), ("行吧行吧", True),
        ("你说的准不准", False), ("给五星", False), ("几天能修好", False), ("好久来嘛", False),
        ("要钱吗", False), ("再想想", False), ("对不对", False),
    ],
)  # fmt: skip
def test_a_yes_is_words_that_agree_whatever_they_were_taken_for(words: str, yes: bool) -> None:
    assert is_yes(msg(words, "affirm")) is yes


@pytest.mark.parametrize(
    ("text", "desk"),
    [
        ("你们网格员收我东西不办事，我要举报，莫说是我讲的", "grid"),
        ("师傅上门修灯的时候跟我要二十块钱，不给就不修", "other"),
        ("窗口的人管我们要红包", "window"),
        ("快递放在物业，收我东西的柜子坏了", None),
        ("补贴的钱跟谁要", None),
        ("儿子老跟我要钱", None),
    ],
)
def test_favours_that_are_asked_for(text: str, desk: str | None) -> None:
    assert conduct.about(text) == desk
    assert conduct.graft(text) or desk is None


def test_where_it_was_is_not_who_it_was() -> None:
    """“幸福小区” in answer to “是哪一位” is the place; a name or a description is the person."""
    first = msg("我要投诉你们网格员，态度不好，骂我老太太", "complain_assistant")
    draft = asking(fill(report.FORM, None, first), "who")
    place = {"address": ("幸福小区", {"community": "幸福小区"})}
    told = fill(report.FORM, draft, msg("幸福小区", "supplement_ticket", id="m2", ents=place))
    assert told.get("who") is None and told.get("address") == {"community": "幸福小区"}
    told = fill(report.FORM, draft, msg("戴眼镜的那个", "chitchat", id="m3"))
    assert told.get("who") == "戴眼镜的那个"
