"""One's own data in the dialogue, how to reach a resident, and manners: read by reviewed words."""

from __future__ import annotations

import re
from typing import Any

import pytest

from actions.client import Client
from actions.forms import report
from actions.forms.draft import fill
from actions.privacy import own_data
from actions.privacy.my_data import copy, shown, wish
from actions.talk import contact, manners
from actions.texts import say
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
from tests.actions.helpers import msg

STORED: dict[str, Any] = {
    "name": "张**", "phone": "138****5678", "home": None, "pref": "下午打",
    "consents": [{"purpose": "下回办事不用再问电话", "given_on": "2026-11-24"}],
    "tickets": [{"ticket_no": "SQ-1", "title": "楼道灯不亮", "state_text": "已派单。", "state_elder": "派人了。",
                 "filed_on": "2026-11-24", "open": True}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("你们存了我啥", None), ("你们咋知道我电话的", None), ("把我电话删了", "unphone"), ("把俺那个手机号抹了吧", "unphone"), ("号码给我删掉", "unphone"),
        ("把我电话和住址都删了", "delete"),
        ("把我的信息都删掉", "delete"), ("忘记我", "delete"), ("把我忘了吧", "delete"),
        ("我忘记我的电话了", None), ("不同意你们存我信息", "withdraw"), ("收回我的同意", "withdraw"),
        ("导出我的信息", "export"), ("记住我的电话", "remember"), ("下回别再问我电话", "remember"),
        ("我登记的电话换了，改一下", "correct"), ("把我的电话改成13500001111", "correct"),
    ],
)  # fmt: skip
def test_what_is_wished_with_own_data(words: str, wanted: str | None) -> None:
    assert wish(msg(words, "ask_my_data")) == wanted


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("别拿我的话去训练", "unlearn"), ("不要用我说的话学习", "unlearn"), ("不许学我说的话", "unlearn"),
        ("我的话不能拿去训练AI", "unlearn"), ("我不同意你们用我的聊天记录训练机器人", "unlearn"),
        ("能不能不用我的话训练", "unlearn"), ("莫拿俺讲的东西去教机器人", "unlearn"),
        ("我跟你说的话，别拿去学", "unlearn"), ("别拿我的话训练你们公司的AI", "unlearn"),
        ("你们会不会拿我的话去训练", "learning"), ("我说的话你们会拿去训练吗", "learning"),
        ("可以学我的话", "relearn"), ("我的话可以拿去学习", "relearn"), ("还是让你学我的话吧", "relearn"),
        # About a child, a course, somebody who does not listen.
        ("孩子不想学习，天天在楼下打球", None), ("别拿我的话当耳旁风，好好学习", None),
        ("我说的话娃不听，不想学习", None), ("楼上教钢琴的不让停，我说的话也不听", None),
        ("我想学习用手机，可以教我吗", None), ("社区有训练班吗，我能去学学吗", None),
    ],
)  # fmt: skip
def test_whether_words_may_teach_the_bot(words: str, wanted: str | None) -> None:
    assert wish(msg(words, "ask_my_data")) == wanted


@pytest.mark.parametrize("elder", [False, True])
def test_what_is_offered_by_name_is_understood_when_it_is_said(elder: bool) -> None:
    for key in ("data_learning", "data_unlearned", "data_unlearn_done", "data_relearn_done"):
        told = say(key, elder)
        for said in re.findall("“(.+?)”", told):
            assert wish(msg(said)) in ("unlearn", "relearn"), (key, said)
    assert wish(msg(say("button_unlearn"))) == "unlearn"
    assert wish(msg(say("button_relearn"))) == "relearn"


def test_what_is_stored_is_said_and_nothing_else() -> None:
    told = shown(STORED)
    assert "名字：张**" in told and "您同意过：下回办事不用再问电话（2026-11-24）" in told
    assert "住址" not in told
    assert shown({"tickets": []}) == "• 除了这个对话，没存您的电话和住址"
    taken = copy(STORED, elder=False)
    assert "SQ-1" in taken and "遮了几位" in taken and "人工" in taken
    assert "遮了" not in copy({"tickets": []}, elder=False)
    assert "已派单。" in taken and "派人了。" in copy(STORED, elder=True)


async def test_learning_is_ended_and_allowed_by_a_word_and_by_the_button_without_a_question(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: dict[str, Any] = {"tickets": [], "heard": 3, "unlearned_on": None}
    asked: list[dict[str, Any]] = []

    async def own_data(self: Client, conversation_id: str) -> dict[str, Any]:
        return stored

    async def change(
        self: Client, conversation_id: str, body: dict[str, Any], key: str
    ) -> dict[str, Any]:
        asked.append(body)
        stored["unlearned_on"] = "2026-11-26" if body["change"] == "unlearn" else None
        return stored

    monkeypatch.setattr(Client, "own_data", own_data)
    monkeypatch.setattr(Client, "change_own_data", change)
    talk.hear("你们会拿我的话去训练吗", "ask_my_data")
    await talk.run("action_my_data")
    assert "好让我学着听懂" in talk.text and not asked, "a question changes nothing"
    talk.hear("别拿我的话去训练", "report_problem")
    await talk.run("action_my_data")
    assert talk.text.startswith("好，从现在起不拿您说的话来学") and asked == [{"change": "unlearn"}]
    stored["heard"] = 0
    talk.hear("不要用我说的话学习", "ask_my_data")
    await talk.run("action_my_data")
    assert "早删了" in talk.text and len(asked) == 1, "said again it is told, not done"
    assert "不拿您的话教我，从这天起：2026-11-26" in shown(stored)
    talk.hear("可以学我的话", "affirm")
    await talk.run("action_my_data")
    assert asked[-1] == {"change": "relearn"} and talk.text.startswith("好，往后")


async def test_what_is_waited_for_and_heard_is_told_and_deleted(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {"tickets": [], "waiting": ["会议室，11月28日星期六下午"], "heard": 3}
    asked: list[dict[str, Any]] = []

    async def own_data(self: Client, conversation_id: str) -> dict[str, Any]:
        return {"tickets": []} if asked else kept

    async def change(
        self: Client, conversation_id: str, body: dict[str, Any], key: str
    ) -> dict[str, Any]:
        asked.append(body)
        return {"tickets": []}

    monkeypatch.setattr(Client, "own_data", own_data)
    monkeypatch.setattr(Client, "change_own_data", change)
    talk.hear("你们存了我啥", "ask_my_data")
    await talk.run("action_my_data")
    assert "排队等的位子：会议室，11月28日星期六下午" in talk.text and "3句" in talk.text
    talk.hear("收回我的同意", "ask_my_data")
    await talk.run("action_my_data")
    assert "删吗" in talk.text, "no consent stands, what is kept without one may go"
    talk.hear("删除我的资料", "ask_my_data")
    await talk.run("action_my_data")
    assert "删吗" in talk.text and "排队等的位子" in talk.text
    talk.hear("删", "affirm")
    await talk.run("action_affirm")
    assert talk.followup == "action_my_data_do"
    await talk.run("action_my_data_do")
    assert asked == [{"change": "delete"}] and talk.text.startswith("删好了")
    talk.hear("把我的信息删了", "ask_my_data")
    await talk.run("action_my_data")
    assert "没有要删的" in talk.text


DAY = {"start": "2026-11-24", "end": "2026-11-24", "part": "pm"}


@pytest.mark.parametrize(
    ("words", "pref", "visit"),
    [
        ("马桶堵了，打我电话13611112222，下午打", "下午打", ""),
        ("暖气不热，电话13711112222，别打电话发微信", "别打电话发微信", ""),
        ("暖气不热，打我电话13711112222别打她的", "打我电话别打她的", ""),
        ("暖气不热，下午在家", "", "下午在家"),
        ("楼上两口子下午打", "", ""),
        ("下午就停水了", "", ""),
    ],
)
def test_how_and_when_to_reach_somebody(words: str, pref: str, visit: str) -> None:
    ents: dict[str, Any] = {"time": ("下午", DAY)} if "下午" in words else {}
    message = msg(words, ents=ents)
    assert (contact.preference(message), contact.visit(message)) == (pref, visit)


ONE_BREATH = "咱家楼下那个马葫芦盖儿让谁给整没了我{}差点掉进去这旮沓小孩还多赶紧来人整整吧"


@pytest.mark.parametrize(
    ("words", "time", "visit"),
    [
        (ONE_BREATH.format("昨儿个"), "昨儿个", ""),
        (ONE_BREATH.format("今天早上"), "今天早上", ""),  # nobody is told to come then
        ("昨天我闺女来看我，楼道黑得很", "昨天", ""),
        ("灯坏了好几天了没人来修", "好几天了", ""),
        ("那个水龙头一直滴滴答答的关不严实我这人下午在家你们看着安排吧", "下午", "下午在家"),
        (
            "水管子漏得稀里哗啦的你们找个师傅上门最好是明天上午因为我后头要出门",
            "明天上午",
            "上门最好是明天上午",
        ),
    ],
)
def test_a_story_told_in_one_breath_is_no_visit(words: str, time: str, visit: str) -> None:
    assert contact.visit(msg(words, ents={"time": (time, DAY)})) == visit


def test_a_time_to_call_or_to_come_is_not_when_it_happened() -> None:
    text = "马桶堵了，电话13611112222，下午打"
    draft = fill(report.FORM, None, msg(text, leaf="H7", ents={
        "time": ("下午", DAY), "phone": ("13611112222", "13611112222")}))  # fmt: skip
    assert draft.get("occurred") is None
    assert dict(report.summary(draft, msg(text)))["联系您"] == "136****2222（下午打）"
    assert report.to_ticket(draft, msg(text), "c1")["contact"]["pref"] == "下午打"


def test_eight_hundred_years_are_a_manner_of_speaking() -> None:
    text = "楼道灯坏了八百年了"
    said = {"time": ("八百年", {"start": "1226-11-24", "end": "2026-11-24"})}
    assert fill(report.FORM, None, msg(text, leaf="H6", ents=said)).get("occurred") is None


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("刘桂芬反映，她家漏水", "刘桂芬"),
        ("王奶奶报一下", "王奶奶"),
        ("家暖气不热", ""),
        ("暖气不热", ""),
    ],
)
def test_a_name_behind_a_relation(words: str, name: str) -> None:
    assert contact.named_beside(words) == name


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("你个傻逼", "abuse"), ("操你妈", "abuse"), ("滚", "abuse"), ("你个瓜娃子", "abuse"),
        ("3号楼谁投诉的我", "others_matter"), ("你们是不是骗子", "not_a_fraud"),
        ("血压180咋办", "medicine"),
        # near misses: a matter, whatever its words
        ("你们这帮废物，楼道灯坏了也没人管", None), ("下水道滚滚冒水", None), ("废物没人收", None),
        ("他妈的低保咋办", None), ("草坪没人管", None), ("我妈的高龄津贴", None), ("二百五十块没退", None),
        ("谁管噪音", None),
    ],
)  # fmt: skip
def test_what_is_a_matter_of_manners(words: str, text: str | None) -> None:
    assert manners.saying(msg(words, "chitchat")) == text


def test_abuse_is_not_read_back() -> None:
    assert manners.without_abuse("妈的，电梯又坏了") == "电梯又坏了"
    assert manners.without_abuse("王大爷和他妈，都没饭吃") == "王大爷和他妈，都没饭吃"


@pytest.mark.parametrize(
    ("words", "language", "leaf"),
    [
        ("my heating is broken", "english", "H4"),
        ("light in stairwell broken, Building 3 Unit 2", "english", "H6"),
        ("복도 불이 나갔어요", "korean", "H6"), ("안녕하세요", "korean", None),
        ("ꆈꌠꉙꉙꇬꑌꐥ", "yi", None), ("བཀྲ་ཤིས་བདེ་ལེགས།", "tibetan", None),
        ("ok", None, None), ("SQ-261124-00001-2", None, None), ("我家WiFi坏了", None, None),
    ],
)  # fmt: skip
def test_other_languages_by_their_letters(
    words: str, language: str | None, leaf: str | None
) -> None:
    assert manners.language(words) == language
    assert manners.reported(words) == leaf


@pytest.mark.parametrize(
    "text",
    [
        "忘记我", "忘了我吧", "把我忘了", "把我的信息都删了", "把我的资料都清空", "删除我的个人信息", "我不想你们存我的信息了",
        "注销", "我要注销", "注销账号", "注销我的账户", "把账号给我注销了", "清除我的数据", "把我说过的话都删掉", "删掉聊天记录",
        "聊天记录给我清了", "我的记录全部抹掉", "把我的档案删了", "别留我的信息", "不要再保存我的电话", "你们那儿关于我的东西都给我删了",
        "我以前说的都删了吧", "不用你们了，把我的资料删干净", "把俺的信息都删咯", "我的个人隐私你们给我删掉", "莫存我的号码了",
        "将我的个人资料全部删除", "把我从你们系统里删掉", "把我从名单里去掉", "请删除我在你们这里的所有数据", "行使删除权",
        "我要求删除个人信息", "彻底删除我", "删我的号", "忘掉我的一切", "以后别记我的事了，把以前的删了", "我不用了，注销了吧",
        "把我名字和电话删掉", "清空我的记录",
    ],
)  # fmt: skip
def test_who_wants_to_be_forgotten_is_understood_by_the_words(text: str) -> None:
    assert own_data.surely(msg(text, "affirm"))


@pytest.mark.parametrize(
    "text",
    [
        "忘记带身份证了", "别忘了我", "删掉刚才那条报修", "忘了我刚才说啥了", "把那个单子删了", "身份证忘记带了咋办",
        "户口注销怎么办", "我爸走了要注销户口", "注销营业执照", "电话号码写错了", "我忘了我报的事的编号", "老人去世了医保卡要注销",
        "公司注销找谁", "小区群把我删了", "别忘了我家的灯", "忘记密码了", "我家的信息你们有吗", "银行卡注销去哪",
        "你们是不是把我忘了",
    ],
)  # fmt: skip
def test_what_only_sounds_like_it_deletes_nothing(text: str) -> None:
    assert not own_data.surely(msg(text, "ask_my_data"))


async def test_a_wish_to_be_forgotten_is_no_yes_to_being_remembered(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("楼道灯坏了", "report_problem")
    talk.slots["offer"] = {"id": "m1", "data": "remember", "follow": "action_my_data_do"}
    await talk.hear("忘记我", "affirm").run("action_affirm")
    assert talk.followup == "action_my_data"
