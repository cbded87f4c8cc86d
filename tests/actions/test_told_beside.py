"""What is told beside an offer, a summary or a number: whose it is, and what it is about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actions.forms import asides, certificate, shared
from actions.forms.draft import Draft
from actions.forms.replies import SUBMIT_NOW, is_yes
from actions.knowledge import leaves
from actions.message import Entity
from actions.talk import contact, drafts, misses, requests
from actions.tickets import own, withdrawing
from tests.actions.helpers import msg


def numbered(text: str, *numbers: str) -> tuple[Entity, ...]:
    """Return the phone numbers of a text as entities."""
    return tuple(Entity("phone", n, n, text.index(n), text.index(n) + len(n)) for n in numbers)


@pytest.mark.parametrize(
    ("text", "numbers", "called", "whose"),
    [
        ("你们找他就行，他号13700003333", ["13700003333"], "13700003333", "他"),
        ("我的电话13700002222，他的电话13700001111", ["13700002222", "13700001111"], "13700002222", ""),
        ("我妈电话13700001111", ["13700001111"], "13700001111", "妈"),
        ("我电话13700001111", ["13700001111"], "13700001111", ""),
    ],
)  # fmt: skip
def test_whose_number_it_is(text: str, numbers: list[str], called: str, whose: str) -> None:
    message = replace(msg(text), entities=numbered(text, *numbers))
    found = contact.phone_meant(message)
    assert found is not None and found.value == called
    assert contact.whose_number(message, found) == whose


@pytest.mark.parametrize(
    ("words", "asked", "kind"),
    [
        ("修这个要钱不", "contact", "fee"),
        ("你保证能修好不", "place", "promise"),
        ("那件怎么样了", "confirm", asides.UNFILED),
        ("接着说", "confirm", asides.RECAP),
        ("上回说到哪儿了", "contact", asides.RECAP),
        ("我没记编号", "place", asides.UNNUMBERED),
        ("编号我早忘了", "place", asides.UNNUMBERED),
        ("当时没给我啥编号", "contact", asides.UNNUMBERED),
        ("单号找不着了", "confirm", asides.UNNUMBERED),
        ("井盖没有编号", "place", None),
        ("修这个要钱不", "narrative", None),
    ],
)
def test_questions_beside_a_form(words: str, asked: str, kind: str | None) -> None:
    draft = Draft("report", "m0", asked=asked, values={"narrative": "下水堵了"})
    assert asides.aside(msg(words, "out_of_scope"), draft) == kind


def test_going_on_is_no_yes_to_a_summary() -> None:
    assert not is_yes(msg("接着说", "affirm"))
    assert not is_yes(msg("唔留", "affirm"))


@pytest.mark.parametrize("words", ["报吧", "是的，报吧", "先给我报上，别的回头说"])
def test_impatience_files_what_there_is(words: str) -> None:
    assert SUBMIT_NOW.search(words)


@pytest.mark.parametrize("words", ["报警吧", "昨天报的", "我要报个修"])
def test_other_words_of_reporting_do_not(words: str) -> None:
    assert not SUBMIT_NOW.search(words)


def test_what_hurts_to_be_asked_is_never_offered() -> None:
    assert not any(leaves.may_be_offered(leaf) for leaf in ("J3", "J4", "J5", "F4"))
    assert leaves.may_be_offered("I4")


def test_gibberish_is_a_misunderstanding_and_another_matter_is_none() -> None:
    assert misses.nonsense(msg("呜哩哇啦", "out_of_scope", confidence=0.2, uncertain=True))
    assert not misses.nonsense(msg("股票涨了没", "out_of_scope", confidence=0.9))


def test_a_reason_may_be_kept() -> None:
    assert withdrawing.untold("不想说为啥") and withdrawing.untold("没啥原因")
    assert not withdrawing.untold("不想等了")


def test_a_place_goes_on_with_a_form_left_elsewhere() -> None:
    place = Entity("address", {"building": "3"}, "3号楼", 0, 3)
    left = {"id": "d1", "fresh": True, "buttons": []}
    assert (
        drafts.which(replace(msg("3号楼", "supplement_ticket", left=left), entities=(place,)))
        == "d1"
    )
    assert drafts.which(replace(msg("3号楼灯坏了", left=left), entities=(place,))) is None


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("公证处要我写个跟我姑是亲戚的东西", "亲属关系证明"),
        ("存折上的名字和身份证对不上", "居民身份信息证明"),
        ("我儿子戒断两年了要个说明", "社区戒毒社区康复人员情况证明"),
        ("老爹离家一直没个消息", "人员失踪证明"),
        ("我没超生", "婚育状况证明"),
        ("娃是在家里头生的", "出生证明"),
        ("我妈走了，就剩我一个后人", "继承证明"),
        ("我没进去过，清清白白", "无犯罪记录证明"),
        ("想在家开个理发店", "市场主体住所证明"),
    ],
)
def test_kinds_told_in_a_sentence(words: str, name: str) -> None:
    assert certificate.described(words) == name


def test_the_unit_is_named_alone() -> None:
    assert certificate.demanded_by("学校要的，青禾县第一中学") == "青禾县第一中学"
    assert certificate.demanded_by("存折丢了银行让居委会证明是我的") == ""


@pytest.mark.parametrize(
    ("text", "numbers", "more"),
    [
        ("我自己的电话也记一个，13600004444", ["13600004444"], True),
        ("再留个我闺女的13600004444", ["13600004444"], True),
        ("打不通就打13600004444", ["13600004444"], True),
        ("备用的13600004444", ["13600004444"], True),
        ("我的号也写上，13600004444", ["13600004444"], True),
        ("不对，是13600004444", ["13600004444"], False),
        ("电话改成13600004444", ["13600004444"], False),
        ("打这个13600004444", ["13600004444"], False),
        ("也记一个，13600003333", ["13600003333"], False),
    ],
)  # fmt: skip
def test_a_further_number_takes_the_place_of_none(
    text: str, numbers: list[str], more: bool
) -> None:
    message = replace(msg(text), entities=numbered(text, *numbers))
    assert contact.adds_number(message, "13600003333") is more
    assert not contact.adds_number(message, ""), "the first number is no further one"


def test_ones_own_number_goes_before_that_of_whom_it_is_for() -> None:
    hers = {"phone": "13600003333", "phone_of": "这是妈的电话", "narrative": "她家暖气不热"}
    draft = Draft("report", "m1", seen="m1", asked="confirm", values=hers)
    text = "我自己的电话也记一个，13600004444"
    mine = replace(msg(text, id="m2"), entities=numbered(text, "13600004444"))
    read = shared.reach(mine, draft)
    both = replace(draft, values={**draft.values, **read})
    assert both.get("phone") == "13600004444" and not both.get("phone_of")
    assert shared.say_reach(both, mine) == "136****4444；另记136****3333（这是妈的电话）"
    assert "13600003333（这是妈的电话）" in shared.with_further("她家暖气不热", both)
    text = "再留个我闺女的电话，13600005555"
    hers = replace(msg(text, id="m3"), entities=numbered(text, "13600005555"))
    alone = replace(draft, values={"phone": "13600004444"})
    read = shared.reach(hers, alone)
    assert "phone" not in read, "the number that was left stays the first"
    assert read[shared.FURTHER]["phone"] == "13600005555"


@pytest.mark.parametrize(
    ("text", "home"),
    [
        ("晚上七点以后在屋", True), ("还有晚上八点以后家里才有人", True), ("周六周日全天在家", True),
        ("我妈一直在屋头", True), ("我下午五点下班，六点以后才回来", True), ("早上8点前能开门", True),
        ("孩子六点放学才有人开门", True), ("家里就我妈在，随时能开门", True), ("中午12点到2点家里有人", True),
        ("没人收", False), ("周末在家没事干", False), ("楼里没人管", False), ("老人没回家", False),
    ],
)  # fmt: skip
def test_the_whole_message_says_when_somebody_is_at_home(text: str, home: bool) -> None:
    assert contact.at_home(text) is home


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("我没订过吗？那可能是我闺女给订的", True), ("兴许是我老伴打电话报的", True),
        ("怕是我姑娘帮我弄的嘛", True), ("会不会是我妈自己订的", True), ("估计是儿媳妇给约的", True),
        ("是我儿子的电话", False), ("我闺女给订的饭不好吃", False), ("是我妈的", False),
    ],
)  # fmt: skip
def test_somebody_of_the_family_ordered_it(text: str, other: bool) -> None:
    assert own.by_other(msg(text, "chitchat")) is other


def test_a_number_behind_the_last_of_several_matters_is_for_the_first_too() -> None:
    number = {"phone": ("13800001234", "13800001234")}
    first = msg("楼道灯不亮", leaf="H6", id="m1#0")
    last = msg("电梯坏了，我电话13800001234", leaf="H5", id="m1#1", ents=number)
    reports = frozenset({"report_problem"})
    own, waiting = requests.own_part(replace(msg(), parts=(first, last)), reports)
    assert [e.value for e in own.all("phone")] == ["13800001234"]
    assert contact.phone_meant(own) is not None and len(waiting) == 1
    other = {"phone": ("13900001234", "13900001234")}
    told = msg("楼道灯不亮，打13900001234", leaf="H6", id="m1#0", ents=other)
    own, _ = requests.own_part(replace(msg(), parts=(told, last)), reports)
    assert [e.value for e in own.all("phone")] == ["13900001234"]


def test_what_is_out_of_doors_is_by_the_house_and_not_in_the_flat() -> None:
    flat = {"community": "幸福小区", "building": "2", "unit": "1", "room": "301"}
    lamp = {"id": "m1#1", "text": "路灯不亮", "intent": "report_problem", "leaf": "I3"}
    damp = {"id": "m1#2", "text": "墙也漏雨", "intent": "report_problem", "leaf": "H8"}
    street, wall = requests.with_place([lamp, damp], flat, "幸福小区2号楼1单元301")
    assert street["entities"][0]["value"] == {"community": "幸福小区", "building": "2", "unit": "1"}
    assert street["entities"][0]["text"] == "幸福小区2号楼1单元"
    assert wall["entities"][0]["value"] == flat
