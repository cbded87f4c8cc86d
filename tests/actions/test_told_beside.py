"""What is told beside an offer, a summary or a number: whose it is, and what it is about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actions.forms import asides, certificate
from actions.forms.draft import Draft
from actions.forms.replies import SUBMIT_NOW, is_yes
from actions.knowledge import leaves
from actions.message import Entity
from actions.talk import contact, drafts, misses
from actions.tickets import withdrawing
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
