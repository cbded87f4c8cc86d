"""The report form as tables: what each message fills, what is asked, what is never asked again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.forms import place, report
from actions.forms.draft import CHANGE, CONFIRM, SUBMIT, Draft, asking, fill, next_question
from actions.message import Message
from tests.actions.helpers import HOME, msg, tap

FULL = ("幸福小区3号楼2单元", {"community": "幸福小区", "building": "3", "unit": "2"})
CANDIDATE = {
    "compound_id": "xingfu", "compound": "幸福小区", "community": "清河社区", "building": "3",
    "building_id": "xingfu-3", "unit": "2", "label": "幸福小区3号楼2单元",
}  # fmt: skip


def known_place(draft: Draft, **more: Any) -> Draft:
    """Return the draft after the services found the place."""
    address = draft.get("address") or {}
    words = {**CANDIDATE, "building": address.get("building"), "unit": address.get("unit")}
    words["label"] = f"幸福小区{address.get('building')}号楼{address.get('unit') or ''}单元"
    return place.resolved(
        draft, {"status": "resolved", "missing": [], "candidates": [words], **more}
    )


def step(draft: Draft | None, message: Message) -> tuple[Draft, str | None]:
    """Read a message, look the place up, and return the draft with what is asked next."""
    draft = fill(report.FORM, draft, message)
    if place.to_resolve(draft):
        missing = [] if (draft.get("address") or {}).get("building") else ["building"]
        draft = known_place(draft, missing=missing)
    question = next_question(report.FORM, draft, message)
    return asking(draft, question), question


def test_one_message_with_everything_is_confirmed_at_once() -> None:
    text = "我妈家楼道灯坏了三天了,幸福小区3号楼2单元,晚上下楼看不见"
    since = ("三天了", {"start": "2026-11-21", "end": "2026-11-24"})
    draft, question = step(
        None,
        msg(text, leaf="H6", ents={"address": FULL, "time": since, "relation": ("我妈", "mother")}),
    )
    assert question == CONFIRM
    lines = dict(report.summary(draft, msg()))
    assert text in lines["什么事"]
    assert lines["在哪里"] == "幸福小区3号楼2单元（清河社区）"
    assert lines["什么时候"] == "从11月21日（星期六）起，三天了"
    assert lines["替谁说"] == "您母亲"


def test_a_name_in_the_story_is_not_the_callers() -> None:
    text = "社区窗口的工作人员孙莉说话冲得很，办事推来推去"
    draft, _ = step(None, msg(text, leaf="J8", ents={"person": ("孙莉", "孙莉")}))
    assert draft.get("name") is None
    name = {"person": ("王桂芬", "王桂芬")}
    draft, _ = step(None, msg("我叫王桂芬，幸福小区的，楼道灯坏了三天了", leaf="H6", ents=name))
    assert draft.get("name") == "王桂芬"


@pytest.mark.parametrize(
    ("text", "name", "own"),
    [
        ("垃圾没人收，幸福小区3号楼，姓张，13700001111", "张", True),
        ("楼道灯坏了三天了，幸福小区3号楼，李桂兰 13700001111", "李桂兰", True),
        ("楼道灯坏了，在幸福小区3号楼，联系人：王芳，电话13700001111", "王芳", True),
        ("门口的井盖翘了，免贵姓刘，手机号是13700001111", "刘", True),
        ("下水道堵了，幸福小区3号楼，赵先生，联系电话13700001111", "赵", True),
        # near misses: told of, not signed
        ("楼上住的那家姓张，天天晚上唱歌，吵得人睡不着觉，我电话13700001111", "张", False),
        ("物业经理张伟13700001111不接我电话，楼道灯坏了三天了", "张伟", False),
        ("社区窗口的孙莉，我打13700001111她也不接，楼道灯还是没人管", "孙莉", False),
    ],
)
def test_a_name_before_the_number_at_the_end_is_the_callers(
    text: str, name: str, own: bool
) -> None:
    draft, _ = step(None, msg(text, leaf="I1", ents={"person": (name, name)}))
    assert draft.get("name") == (name if own else None)


@pytest.mark.parametrize("words", ["不留名", "就不留名字了", "那我不署名"])
def test_who_leaves_no_name_stays_unnamed(words: str) -> None:
    draft, _ = step(None, msg("幸福小区3号楼楼道灯坏了", leaf="H6"))
    assert report.read_secret(msg(words, "supplement_ticket"), draft) == {"confidential": True}


def test_a_whole_season_is_not_read_back_as_dates() -> None:
    winter = ("今年冬天", {"start": "2026-01-01", "end": "2026-12-31"})
    draft, _ = step(None, msg("今年冬天屋里一直冷", leaf="H4", ents={"time": winter}))
    assert "什么时候" not in dict(report.summary(draft, msg()))


@pytest.mark.parametrize(
    ("message", "asked", "gap"),
    [
        (msg("楼道灯坏了", leaf="H6"), "place", "open"),
        (msg("楼道灯坏了", leaf="H6", home=HOME), "place", "home"),
        (msg("我家楼道灯坏了", leaf="H6", home=HOME), CONFIRM, None),
        (
            msg(
                "幸福小区灯坏了",
                leaf="H6",
                ents={"address": ("幸福小区", {"community": "幸福小区"})},
            ),
            "place",
            "building",
        ),
        # A street lamp has no building.
        (
            msg(
                "幸福小区路灯坏了",
                leaf="I3",
                ents={"address": ("幸福小区", {"community": "幸福小区"})},
            ),
            CONFIRM,
            None,
        ),
        (msg("有人拖欠工资", leaf="J6"), "extra", None),
        (msg("有点事", leaf=("H6", 0.2, [("I3", 0.15), ("H2", 0.1)])), "leaf", None),
        (msg("楼上太吵了,幸福小区3号楼2单元", leaf="I2", ents={"address": FULL}), "occurred", None),
        (
            msg("楼上半夜蹦迪,幸福小区3号楼2单元", leaf="I2", ents={"address": FULL}),
            CONFIRM,
            None,
        ),
        (msg("没水了,幸福小区3号楼2单元", leaf="H1", ents={"address": FULL}), "contact", None),
        (
            msg("没水了,幸福小区3号楼2单元", leaf="H1", ents={"address": FULL}, phone_known=True),
            CONFIRM,
            None,
        ),
        (
            msg(
                "没水了,幸福小区3号楼2单元,13812345678",
                leaf="H1",
                ents={"address": FULL, "phone": ("13812345678", "13812345678")},
            ),
            CONFIRM,
            None,
        ),
    ],
)
def test_only_what_is_missing_is_asked(message: Message, asked: str, gap: str | None) -> None:
    draft, question = step(None, message)
    assert question == asked
    if gap:
        assert place.gap(draft, message) == gap


def opened(**values: Any) -> Draft:
    """Return a report whose summary stands."""
    draft, question = step(
        None, msg("楼道灯坏了,幸福小区3号楼2单元", leaf="H6", ents={"address": FULL})
    )
    assert question == CONFIRM
    return draft


@pytest.mark.parametrize(
    ("message", "heading", "words"),
    [
        (
            msg("不对,是5号楼", "deny", id="m2", ents={"address": ("5号楼", {"building": "5"})}),
            "在哪里",
            "幸福小区5号楼2单元（清河社区）",
        ),
        (
            msg(
                "不是3号楼是5号楼",
                "deny",
                id="m2",
                ents={"address": [("3号楼", {"building": "3"}), ("5号楼", {"building": "5"})]},
            ),
            "在哪里",
            "幸福小区5号楼2单元（清河社区）",
        ),
        (
            msg("是昨天的事", "affirm", id="m2",
                ents={"time": ("昨天", {"start": "2026-11-23", "end": "2026-11-23"})}),
            "什么时候",
            "昨天（11月23日，星期一）",
        ),
        (
            msg("电话13812345678", "supplement_ticket", id="m2",
                ents={"phone": ("13812345678", "13812345678")}),
            "联系您",
            "138****5678",
        ),
        (msg("别告诉物业是我说的", "ask_anonymity", id="m2"), "保密", "不让对方知道是您说的"),
    ],
)  # fmt: skip
def test_any_slot_is_corrected_in_plain_words_and_read_back(
    message: Message, heading: str, words: str
) -> None:
    draft, question = step(opened(), message)
    assert question == CONFIRM
    assert dict(report.summary(draft, message))[heading] == words
    assert draft.get("narrative") == "楼道灯坏了,幸福小区3号楼2单元"


def test_news_said_while_the_summary_stands_joins_the_story_verbatim() -> None:
    draft, question = step(opened(), msg("昨晚还有个老太太摔了一跤,胳膊青了", id="m2"))
    assert question == CONFIRM
    assert draft.get("narrative") == (
        "楼道灯坏了,幸福小区3号楼2单元\n昨晚还有个老太太摔了一跤,胳膊青了"
    )


@pytest.mark.parametrize(
    ("message", "outcome", "asked"),
    [
        (msg("对", "affirm", id="m2"), SUBMIT, None),
        (msg("对，提交", "affirm", id="m2"), SUBMIT, None),
        (msg("要得", "chitchat", id="m2"), SUBMIT, None),
        (tap("affirm"), SUBMIT, None),
        (tap("deny"), None, CHANGE),
        (msg("不对", "deny", id="m2"), None, CHANGE),
        (msg("今天天气不错", "chitchat", id="m2"), None, CONFIRM),
    ],
)
def test_confirming(message: Message, outcome: str | None, asked: str | None) -> None:
    draft, question = step(opened(), message)
    assert (draft.outcome, question) == (outcome, asked)


@pytest.mark.parametrize(
    "words", ["先报上,后补", "先报上吧", "先给我报上再说", "就这样报", "回头再补"]
)
def test_file_now_complete_later_at_any_time(words: str) -> None:
    draft, question = step(None, msg("楼道灯坏了", leaf="H6"))
    assert question == "place"
    draft, question = step(draft, msg(words, "affirm", id="m2"))
    assert (draft.outcome, question, draft.get("incomplete")) == (SUBMIT, None, True)
    assert report.to_ticket(draft, msg(), "c1")["incomplete"] is True


@pytest.mark.parametrize("words", ["不知道具体地址", "说不清", "我也不知道在哪号楼", "不晓得"])
def test_not_knowing_the_address_is_an_answer(words: str) -> None:
    draft, _ = step(None, msg("楼道灯坏了", leaf="H6"))
    draft, question = step(draft, msg(words, "deny", id="m2"))
    assert question == CONFIRM
    assert draft.get("incomplete") is True
    assert dict(report.summary(draft, msg()))["在哪里"] == "先不说，后面再补"


@pytest.mark.parametrize(
    ("message", "phone"),
    [
        (msg("不留", "deny", id="m2"), None),
        (msg("没电话", "chitchat", id="m2"), None),
        (tap("deny"), None),
        (msg("13812345678", "supplement_ticket", id="m2",
             ents={"phone": ("13812345678", "13812345678")}), "13812345678"),
    ],
)  # fmt: skip
def test_contact_is_asked_once_and_may_be_refused(message: Message, phone: str | None) -> None:
    draft, question = step(None, msg("没水,幸福小区3号楼2单元", leaf="H1", ents={"address": FULL}))
    assert question == "contact"
    draft, question = step(draft, message)
    assert question == CONFIRM
    assert draft.get("phone") == phone


@pytest.mark.parametrize(
    ("message", "leaf"),
    [
        (tap("affirm", leaf="I3"), "I3"),
        (msg("第二个", "affirm", id="m2"), "I3"),
        (msg("路灯", "report_problem", id="m2"), "I3"),
        (msg("都不是", "deny", id="m2"), "none"),
        (msg("就是门口那个铁箱子嗡嗡响", id="m2", leaf=("H2", 0.2, [("I2", 0.19)])), "none"),
    ],
)
def test_an_unclear_matter_is_asked_once_with_choices(message: Message, leaf: str) -> None:
    draft, question = step(None, msg("有点事", leaf=("H6", 0.2, [("I3", 0.15), ("H2", 0.1)])))
    assert (question, draft.get("leaf_options")) == ("leaf", ["H6", "I3", "H2"])
    draft, question = step(draft, message)
    assert draft.get("leaf") == leaf
    assert question != "leaf"


def test_ambiguous_places_are_offered_and_a_choice_settles_it() -> None:
    draft = fill(report.FORM, None, msg("3号楼灯坏了", leaf="H6",
                                        ents={"address": ("3号楼", {"building": "3"})}))  # fmt: skip
    other = {**CANDIDATE, "compound": "阳光小区", "label": "阳光小区3号楼"}
    draft = place.resolved(
        draft, {"status": "ambiguous", "missing": ["compound"], "candidates": [CANDIDATE, other]}
    )
    question = next_question(report.FORM, draft, msg())
    assert (question, place.gap(draft, msg())) == ("place", "compound")
    draft = asking(draft, question)
    for answer in (tap("affirm", about="place:1"), msg("第二个", "affirm", id="m2"),
                   msg("阳光小区3号楼", id="m2")):  # fmt: skip
        chosen = fill(report.FORM, draft, answer)
        assert (chosen.get("place") or {}).get("compound") == "阳光小区"
        assert next_question(report.FORM, chosen, answer) == CONFIRM


def test_an_unknown_place_is_asked_twice_at_most_and_kept_as_said() -> None:
    draft = None
    asked = []
    for n, words in enumerate(["灯坏了", "老供销社后身", "就供销社后身那儿啊"]):
        message = msg(words, "report_problem" if n == 0 else "chitchat", leaf="H6", id=f"m{n}")
        draft = fill(report.FORM, draft, message)
        if place.to_resolve(draft):
            draft = place.resolved(draft, {"status": "unknown", "missing": [], "candidates": []})
        question = next_question(report.FORM, draft, message)
        asked.append(question)
        draft = asking(draft, question)
    assert asked == ["place", "place", CONFIRM]
    assert report.to_ticket(draft, msg(), "c1")["address_text"] == "就供销社后身那儿啊"


@pytest.mark.parametrize("leaf", ["I2", "I7", "I8"])
def test_who_told_stays_secret_for_noise_and_the_like(leaf: str) -> None:
    draft, _ = step(None, msg("半夜太吵,幸福小区3号楼2单元", leaf=leaf, ents={"address": FULL}))
    assert report.to_ticket(draft, msg(), "c1")["confidential"] is True
    draft, _ = step(draft, msg("不用保密", "affirm", id="m2"))
    assert report.to_ticket(draft, msg(), "c1")["confidential"] is False


def test_the_neighbour_complained_of_is_not_whom_it_is_for() -> None:
    draft, _ = step(
        None,
        msg("邻居半夜唱歌,幸福小区3号楼2单元", leaf="I2",
            ents={"address": FULL, "relation": ("邻居", "neighbor")}),
    )  # fmt: skip
    assert "subject" not in report.to_ticket(draft, msg(), "c1")


def test_a_message_is_read_once_and_the_slot_survives_json() -> None:
    draft, _ = step(None, msg("楼道灯坏了", leaf="H6"))
    assert fill(report.FORM, draft, msg("完全别的话语说了一堆东西")) == draft
    assert Draft.from_slot(draft.to_slot()) == draft


def test_the_ticket_carries_everything_that_was_said() -> None:
    draft, _ = step(
        None,
        msg("我叫王芳,没水了,幸福小区3号楼2单元,13812345678", leaf="H1", attachments=("a1",),
            ents={"address": FULL, "phone": ("13812345678", "13812345678"), "person": ("王芳", "王芳")}),
    )  # fmt: skip
    body = report.to_ticket(draft, msg(), "c1")
    assert body["leaf"] == "H1"
    assert body["narrative"].startswith("我叫王芳")
    assert body["contact"] == {"name": "王芳", "phone": "13812345678"}
    assert body["attachments"] == ["a1"]
    assert body["address"] == {"community": "幸福小区", "building": "3", "unit": "2"}
    assert body["place"]["building_id"] == "xingfu-3"


PIN = ("幸福小区3号楼", {"community": "幸福小区", "building": "3"})


@pytest.mark.parametrize(
    ("label", "understood", "where"),
    [
        # As WeChat's map names it, read by the understanding or not.
        ("幸福小区3号楼", PIN, "幸福小区3号楼2单元"),
        ("幸福小区3号楼", None, "幸福小区3号楼2单元"),
        ("幸福小区", None, "幸福小区3号楼2单元"),
        ("四平市铁西区幸福小区3号楼", None, "幸福小区3号楼2单元"),
        ("四平市铁西区幸福小区3号楼", PIN, "幸福小区3号楼2单元"),
        ("四平市幸福小区3号楼2单元 东侧车棚", None, "幸福小区3号楼2单元东侧车棚"),
        ("幸福小区3号楼2单元501", (*FULL[:1], {**FULL[1], "room": "501"}), "幸福小区3号楼2单元501"),
        # Another place is not taken for the same one.
        ("松江花园7号楼", ("松江花园7号楼", {"community": "松江花园", "building": "7"}), "松江花园7号楼"),
        ("人民路加油站", None, "幸福小区3号楼2单元人民路加油站"),
    ],
)  # fmt: skip
def test_a_shared_location_says_the_place_once_and_finely(
    label: str, understood: tuple[str, dict[str, str]] | None, where: str
) -> None:
    said = msg("楼道灯坏了，幸福小区3号楼2单元", leaf="H6", ents={"address": FULL})
    draft, _ = step(None, said)
    whole = [(label, {"place": label})]
    ents = {"address": [*whole, understood] if understood else whole}
    pin = {"lat": 43.17, "lng": 124.35, "label": label}
    draft = fill(
        report.FORM, draft, msg(label, "supplement_ticket", id="m2", ents=ents, location=pin)
    )
    assert place.say(draft).removesuffix("（清河社区）") == where
    assert place.to_ticket(draft)["address_text"] == where


def test_a_shared_location_alone_is_the_place() -> None:
    pin = {"lat": 43.17, "lng": 124.35, "label": PIN[0]}
    for value in (PIN[1], {"place": PIN[0]}):
        draft = fill(
            report.FORM, None, msg(PIN[0], ents={"address": (PIN[0], value)}, location=pin)
        )
        assert draft.get("address") == value and draft.get("address_text") == PIN[0]


def test_who_complains_of_the_property_company_is_told_that_it_does_not_see_who() -> None:
    draft, _ = step(None, msg("物业乱收费", leaf="G5", ents={}))
    assert "看不到您的名字" in dict(report.summary(draft, msg()))["保密"]
    assert report.to_ticket(draft, msg(), "c1")["confidential"] is False


@pytest.mark.parametrize("words", ["就我一家", "整栋楼都停了", "楼上楼下都好好的"])
def test_how_far_it_reaches_goes_into_the_story_whatever_was_asked(words: str) -> None:
    draft, _ = step(None, msg("幸福小区6号楼2单元停水了", leaf="H1"))
    asked = replace(draft, asked="contact")
    assert words in str(fill(report.FORM, asked, msg(words, "chitchat", id="m2")).get("narrative"))


def test_a_place_told_instead_of_the_hour_is_no_hour() -> None:
    draft = Draft("report", "m1", values={"narrative": "态度差", "about": "小王"}, asked="occurred")
    place_ = {"address": ("幸福小区", {"community": "幸福小区"})}
    read = fill(report.FORM, draft, msg("幸福小区", "supplement_ticket", id="m2", ents=place_))
    assert not read.get("occurred_text")


@pytest.mark.parametrize("words", ["天天", "每天都这样", "三天两头的", "一直都是"])
def test_how_often_alone_over_the_summary_is_when(words: str) -> None:
    draft = Draft("report", "m1", values={"narrative": "飞线充电", "leaf": "I7"}, asked=CONFIRM)
    read = fill(report.FORM, draft, msg(words, "report_problem", leaf="I11", id="m2"))
    assert read.get("occurred_text") == words


@pytest.mark.parametrize(
    ("words", "leaf"),
    [("你们食堂的饭", "C1"), ("就是老年食堂吃的", "C1"), ("楼下那家烧烤店", "J7")],
)
def test_where_something_bad_was_eaten_may_be_our_own_canteen(words: str, leaf: str) -> None:
    draft, _ = step(None, msg("吃坏肚子了", leaf="J7"))
    after = fill(report.FORM, replace(draft, asked="extra"), msg(words, "chitchat", id="m2"))
    assert after.get("leaf") == leaf


@pytest.mark.parametrize(
    ("leaf", "story", "name"),
    [
        ("I3", "路灯杆子歪了", "路灯"), ("I3", "路灯不亮", "路灯不亮"), ("I3", "灯杆倒了，路灯也不亮", "路灯不亮"),
        ("H9", "健身器材坏了", "公共设施"), ("H9", "单元门关不上", "单元门、门禁、扶手"),
        ("I9", "楼上养鸽子太脏了", "养家禽"), ("I1", "公厕没人打扫", "公厕卫生"), ("I1", "垃圾没人收", "垃圾清运"),
    ],
)  # fmt: skip
def test_a_matter_is_called_by_nothing_that_was_not_told(leaf: str, story: str, name: str) -> None:
    draft = Draft("report", "m1", values={"leaf": leaf, "narrative": story})
    assert dict(report.summary(draft, msg()))["什么事"] == f"{name}——“{story}”"
