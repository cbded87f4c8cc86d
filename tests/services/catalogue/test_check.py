"""``linda catalog check``: each mistake that a card can have is found, and said with its card."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.catalogue.check import Finding, check_cards, hollow
from services.catalogue.model import Card, CertificateItem, Redirect
from services.people.model import Org

TODAY = date(2026, 11, 24)
ORGS = {"civil": Org("civil", "民政局", "department", "0439-16")}
GOOD: dict[str, Any] = {
    "id": "B1", "slug": "dibao", "name": "低保", "kind": "办事", "summary": "可以申请。",
    "materials": ["身份证"], "where": "街道。", "limit": "30日。", "fee": "不收钱。",
    "sources": [{"title": "社会救助暂行办法", "ref": "第十一条"}], "confirm_locally": True,
    "owner": "civil", "valid_from": date(2026, 1, 1), "valid_to": date(2027, 12, 31),
    "reviewed": {"by": "县民政局", "on": date(2026, 10, 1)},
}  # fmt: skip


def found(
    *more: Card, redirects: tuple[Redirect, ...] = (),
    certificates: tuple[CertificateItem, ...] = (), leaves: tuple[str, ...] = (), **change: Any,
) -> list[Finding]:  # fmt: skip
    cards = [Card.model_validate(GOOD | change), *more]
    return check_cards(cards, leaves, ORGS, certificates, redirects, ("C6",), TODAY)


def test_a_good_card_has_nothing_to_mend() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("change", "level", "words"),
    [
        ({"valid_to": date(2026, 11, 23)}, "error", "今天不能引用"),
        ({"valid_from": date(2027, 1, 1)}, "error", "今天不能引用"),
        ({"valid_to": date(2026, 12, 20)}, "warning", "该复核了"),
        ({"valid_to": None}, "warning", "永远不会提醒"),
        ({"sources": [], "confirm_locally": False}, "error", "没有来源"),
        (
            {"sources": [{"title": "本地办事指南"}], "confirm_locally": False},
            "error",
            "来源是本地的",
        ),
        ({"owner": "nobody"}, "error", "没有单位 nobody"),
        ({"phone_of": "nobody"}, "error", "没有单位 nobody"),
        ({"not_this": ["低保"]}, "error", "又是别名又是排除"),
        ({"limit": "30日内保证能批。"}, "error", "承诺了结果"),
        ({"reviewed": None}, "warning", "还没有人复核"),
        ({"materials": ["身份证。以当地窗口为准"]}, "warning", "列不成清单"),
        ({"materials": []}, "warning", "没有要带的材料"),
        ({"limit": "以当地窗口为准。"}, "warning", "时限没写"),
        ({"fee": None}, "warning", "收费没写"),
        ({"kind": "预约服务", "offers": ["appointment"]}, "warning", "没有它的时间"),
        ({"sources": [{"title": "本地办事指南"}]}, "warning", "来源只有本地指南"),
        ({"sources": [{"title": "社会救助暂行办法"}]}, "warning", "没有写第几条"),
    ],
)
def test_each_mistake_is_found(change: dict[str, Any], level: str, words: str) -> None:
    assert [f.level for f in found(**change) if words in f.text] == [level]


def test_a_leaf_without_a_card_is_missing() -> None:
    assert "B2" in found(leaves=("B1", "B2"))[0].text


def test_two_cards_of_one_name_are_told() -> None:
    other = Card.model_validate(GOOD | {"id": "B2", "name": "特困", "aliases": ["低保"]})
    assert [f.text for f in found(other)] == ["B1、B2：都叫“低保”，会问不准是哪一张"]


def test_a_refused_certificate_belongs_to_a_card_that_says_so() -> None:
    item = CertificateItem(
        no=1, name="亲属关系证明", allowed=False, leaf="B1", why="…", redirect="…"
    )
    assert "社区不能开，却记在" in found(certificates=(item,))[0].text
    elsewhere = item.model_copy(update={"leaf": "A4"})
    assert "卡片 A4 没有" in found(certificates=(elsewhere,))[0].text


def test_a_redirect_to_nowhere_is_found() -> None:
    rows = (
        Redirect(id="x", name="水费", says=("水费",), answer="找供水公司。", phone_of="water"),
        Redirect(id="y", name="补贴", says=("补贴",), leaves=("C2",)),
    )
    assert ["water" in f.text or "C2" in f.text for f in found(redirects=rows)] == [True, True]


def test_errors_come_first() -> None:
    levels = [f.level for f in found(valid_to=date(2026, 1, 2), reviewed=None, fee=None)]
    assert levels == sorted(levels) and levels[0] == "error"


@pytest.mark.parametrize(
    ("words", "empty"),
    [
        (None, True),
        ("以当地窗口为准。", True),
        ("按本地规定。", True),
        ("一般当场办，以窗口为准", False),
    ],
)
def test_words_that_only_defer_are_hollow(words: str | None, empty: bool) -> None:
    assert hollow(words) is empty
