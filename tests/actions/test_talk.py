"""How people talk about what they have told: how many told the same, how long it is kept, half a thought, other languages."""

from __future__ import annotations

import pytest

from actions.client import Client
from actions.forms.replies import NO, YES, bare, opens_only
from actions.knowledge import powers
from actions.privacy import own_data, retention
from actions.talk import manners, misses
from actions.tickets import own
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices, view
from tests.actions.helpers import msg

LAMP = {"entity": "service", "value": "H6", "confidence": 0.9}


# ── How many ─────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("有几家报了", True), ("就我们家一户报的呀？", True), ("别家反映没有", True), ("我们楼报了几户", True),
        ("多少人投诉过这个", True), ("报这个的一共几户", True), ("难道光我家一户反映", True), ("那个有几家了", True),
        ("How many others reported this?", True), ("has anyone else reported it", True),
        ("谁家报的", False), ("哪几家报了", False), ("报了几天了", False), ("哪个报的我", False), ("你们有几个人", False),
        ("报名的有多少人", False), ("是不是我一个人在家不安全", False),
    ],
)  # fmt: skip
def test_how_many_is_asked_not_who(words: str, asks: bool) -> None:
    assert own.asks_how_many(msg(words, "out_of_scope")) is asks


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("那要是他们还摆呢", True), ("万一没人管咋办", True), ("到时候没修好我找谁", True), ("他要是不听咋整", True),
        ("过了时间没人理怎么办", True), ("如果物业不来修怎么办", True), ("要是你们也管不了呢", True),
        ("要是我没有户口本咋办", False), ("身份证丢了怎么办", False), ("要是着火了咋办", False), ("要是我那天没空呢", False),
        ("老人没人管咋办", False), ("楼道灯没人修咋办", False), ("要是明天没饭咋整", False),
    ],
)  # fmt: skip
def test_what_comes_if_it_is_not_done(words: str, asks: bool) -> None:
    assert own.asks_what_if(msg(words, "chitchat")) is asks


async def test_the_number_is_told_and_nothing_of_who(talk: Talk, services: FakeServices) -> None:
    services.tickets = [view(1, households=3)]
    talk.hear("有几家报了", "ask_service")
    await talk.run("action_answer_service")
    assert talk.followup == "action_query_progress"
    await talk.run("action_query_progress")
    assert "连您一共3户" in talk.text and "互相都看不到" in talk.text
    services.tickets = [view(1, households=1)]
    await talk.hear("就我家一户报吗", "ask_anonymity").run("action_query_progress")
    assert "就您一户" in talk.text and "一户也照样办" in talk.text


async def test_without_a_request_it_is_asked_for_and_another_matter_is_reported(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = []
    await talk.hear("有几家报了", "out_of_scope").run("action_query_progress")
    assert "是什么事、在哪儿" in talk.text
    talk.hear("3号楼停水了，有人报了吗", "ask_notice")
    await talk.run("action_query_progress")
    assert talk.followup == "report_form" and not talk.text
    services.tickets = [view(1, leaf="H6")]
    lift = {"entity": "service", "value": "H5", "confidence": 0.9}
    talk.hear("电梯不动了有人报没", "report_problem", entities=[lift])
    await talk.run("action_query_progress")
    assert talk.followup == "report_form" and not talk.text


# ── How long it is kept ──────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("数据能保存多久", "kept_for"), ("你们会留多长时间", "kept_for"), ("我的电话啥时候删", "kept_for"),
        ("聊天记录存多久啊", "kept_for"), ("我发的照片留几年", "kept_for"), ("个人资料会一直存着吗", "kept_for"),
        ("几时才清掉我的信息", "kept_for"), ("我说的话要存到啥时候", "kept_for"),
        ("我说的话给谁看了", "seen"), ("我的电话哪些人看得到", "seen"), ("谁能看到我报的事啊", "seen"),
        ("全给我删干净", "delete"), ("把记着的我那个电话勾掉", "unphone"),
        ("把我的信息删了", "delete"), ("删掉我电话", "unphone"),
        ("监控录像能保存多久", None), ("冰箱里的菜能放多久", None), ("我报的事啥时候办完", None), ("档案在你们那放多久", None),
    ],
)  # fmt: skip
def test_how_long_is_no_wish_to_delete(words: str, wish: str | None) -> None:
    assert own_data.wished(msg(words, "ask_my_data")) == wish


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("都给我删了吧", "delete"), ("全删", "delete"), ("那就清空", "delete"), ("这些都不要了，删干净", "delete"),
        ("存多久", "kept_for"), ("那啥时候删啊", "kept_for"), ("拷走一份", "export"), ("改一下", "correct"),
        ("删了那个帖子的人真坏", None), ("好的", None),
    ],
)  # fmt: skip
def test_right_behind_what_is_kept_words_are_about_it(words: str, wish: str | None) -> None:
    assert own_data.wished(msg(words, "chitchat"), shown=True) == wish
    assert own_data.wished(msg(words, "chitchat")) is None


def test_spans_are_those_that_erase() -> None:
    assert retention.spans() == {
        "contact": "1年", "attachment": "1年", "narrative": "3年", "profile": "3年",
    }  # fmt: skip
    assert [retention.in_words(d) for d in (365, 180, 45)] == ["1年", "6个月", "45天"]


async def test_right_behind_own_data_its_span_is_told_and_a_wish_to_delete_is_asked_about(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def own(*args: object) -> dict[str, object]:
        return {"name": "张**", "phone": "138****5678", "tickets": []}

    monkeypatch.setattr(Client, "own_data", own)
    await talk.hear("你们存了我啥", "ask_my_data").run("action_my_data")
    talk.hear("存多久", "out_of_scope")
    await talk.run("action_out_of_scope")
    assert talk.followup == "action_my_data"
    await talk.run("action_my_data")
    assert "1年" in talk.text and "3年" in talk.text
    talk.hear("统统删掉吧", "withdraw_ticket")
    await talk.run("action_withdraw")
    assert talk.followup == "action_my_data"
    await talk.run("action_my_data")
    assert "删吗" in talk.text and "对，就这么办" in talk.buttons


# ── A word for whoever comes ─────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "words",
    ["麻烦跟师傅讲一声，我家狗拴到的", "跟上门的说一声我在五楼", "告诉来修的师傅，先按门铃", "请跟水电师傅说下，带个梯子",
     "帮我跟来打扫的阿姨说一声钥匙在邻居家", "到时候叫师傅打个招呼", "你们给送餐的小哥交代一声放门口"],
)  # fmt: skip
async def test_a_word_for_whoever_comes_goes_on_the_ticket(
    talk: Talk, services: FakeServices, words: str
) -> None:
    services.tickets = [view(1)]
    talk.hear(words, "report_problem", entities=[LAMP])
    await talk.run("action_clarify")
    assert talk.followup == "action_supplement"
    await talk.run("action_supplement")
    assert "补进" in talk.text and services.sent("/supplement")


async def test_a_word_for_nobody_is_not_swallowed(talk: Talk, services: FakeServices) -> None:
    services.tickets = []
    talk.hear("跟上门的说一声我在五楼", "emergency", confidence=0.7)
    await talk.run("action_emergency")
    assert talk.followup == "action_supplement", "it only sounds of danger"
    await talk.run("action_supplement")
    assert "没处带" in talk.text and "是哪件事" in talk.text


async def test_what_a_reviewed_pattern_takes_for_danger_stays_one(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("跟师傅说一声屋里着火了", "emergency", confidence=1.0)
    await talk.run("action_emergency")
    assert talk.followup != "action_supplement"


# ── Things found and lost ────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("娃的书包落公交上了", True), ("我把伞忘在出租车上了", True), ("在门口捡到个钱包", True), ("手机找不着了咋整", True),
        ("钥匙丢了", True), ("路上拾到一部手机", True),
        ("孩子落在公交车上了", False), ("老人走丢了", False), ("手机里找不到小程序", False), ("井盖丢了", False),
        ("你们那保安捡着我钱包还给我了", False), ("钥匙丢了进不去门", False),
    ],
)  # fmt: skip
def test_things_found_and_lost_are_no_danger(words: str, told: bool) -> None:
    assert powers.told_of_loss(msg(words, "emergency")) is told


# ── Half a thought, abuse, others' matters ───────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("就是那个", "unfinished"), ("我想问哈", "unfinished"), ("楼下那个", "unfinished"), ("那个啥……", "unfinished"),
        ("你好，我想打听个事", "unfinished"), ("我有个事", "unfinished"),
        ("昨天食堂送的饭", "unfinished"), ("刚才送来的菜啊", "unfinished"), ("你们中午给我送的那个饭", "unfinished"), ("上回订的饭", "unfinished"),
        ("昨天食堂送的饭是馊的", None), ("刚才送来的饭再来一份", None), ("中午送的饭几点到", None),
        ("你们就是吃干饭的", "abuse"), ("社区都是干啥吃的", "abuse"), ("一帮混饭吃的", "abuse"),
        ("看一下隔壁老李投诉了啥", "others_matter"), ("说说5号楼那家报了什么", "others_matter"),
        ("楼下那个灯坏了", None), ("我想问问低保咋办", None), ("我上次报了啥", None),
    ],
)  # fmt: skip
def test_what_is_said_in_passing(words: str, text: str | None) -> None:
    assert manners.saying(msg(words, "out_of_scope")) == text


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("你们这帮废物，暖气不热三天了", "暖气不热三天了"),
        ("一群废物，灯坏三天了没人修", "灯坏三天了没人修"),
        ("暖气不热三天了，你们都是废物", "暖气不热三天了"),
        ("灯坏三天了\n你们这帮废物", "灯坏三天了"),
        ("你们物业收了钱不修灯", "你们物业收了钱不修灯"),
        ("你们，快来修灯", "你们，快来修灯"),
    ],
)
def test_abuse_takes_along_who_was_abused(said: str, told: str) -> None:
    assert manners.without_abuse(said) == told


def test_abuse_leaves_the_matter() -> None:
    assert "灯三天没人修" in manners.without_abuse("你们是干啥吃的，灯三天没人修")
    assert manners.saying(msg("一群废物，灯坏三天了没人修", "report_problem")) is None


@pytest.mark.parametrize(
    ("words", "only"),
    [("我要反映个事，先报上，细节回头补", True), ("我要投诉", True), ("我要报修，先给我报上", True),
     ("我要反映楼道灯坏了，先报上", False), ("我要投诉，楼上太吵", False), ("先报上", False)],
)  # fmt: skip
def test_a_wish_to_report_says_nothing_of_what(words: str, only: bool) -> None:
    assert opens_only(words) is only


# ── Other languages ──────────────────────────────────────────────────────────────────────────────
def test_a_yes_and_a_no_in_other_languages() -> None:
    assert {
        bare(w) for w in ("Yes please", "ok please", "OK, go ahead", "네", "はい", "SURE")
    } <= YES
    assert {bare(w) for w in ("No thanks", "아니요", "not now")} <= NO
    assert not (YES | NO) & {"3", "SQ", "no phone"}


@pytest.mark.parametrize(
    ("words", "english"),
    [("when will it be fixed", True), ("yes please", True), ("ok", False), ("3", False), ("灯 broken", False)],
)  # fmt: skip
def test_who_writes_english(words: str, english: bool) -> None:
    assert manners.in_english(msg(words, "out_of_scope")) is english


async def test_a_question_about_ones_own_in_english_is_answered(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = [view(1)]
    talk.hear("when will it be fixed", "out_of_scope")
    await talk.run("action_out_of_scope")
    assert talk.followup == "action_query_progress"


async def test_thanks_in_korean_beside_a_question_are_no_miss(
    talk: Talk, services: FakeServices
) -> None:
    await talk.hear("灯坏了", "report_problem", entities=[LAMP]).run("validate_report_form")
    for _ in range(3):
        talk.hear("감사합니다", "out_of_scope")
        await talk.run("validate_report_form")
        assert "천만에요" in talk.text and "在哪儿" in talk.text and "没听准" not in talk.text
    assert not services.sent("/alerts")


# ── In a form ────────────────────────────────────────────────────────────────────────────────────
async def test_the_very_words_again_are_no_misunderstanding(
    talk: Talk, services: FakeServices
) -> None:
    for _ in range(2):
        talk.hear("楼道灯全灭了", "report_problem", entities=[LAMP])
        await talk.run("validate_report_form")
        assert "在哪儿" in talk.text and "没听准" not in talk.text
    assert not services.sent("/alerts")


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("天然气涨价了没", True), ("水费涨了没", True), ("停车费涨没涨啊", True), ("公交票涨价了吗", True),
        ("物业费乱涨价没人管", False), ("菜市场的菜涨价太狠了", False), ("房租涨了，房东撵人", False), ("下水道涨水了", False),
    ],
)  # fmt: skip
def test_whether_something_costs_more_is_no_trouble(text: str, asks: bool) -> None:
    assert misses.asks_price(msg(text, "report_problem")) is asks
