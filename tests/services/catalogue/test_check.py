"""``linda catalog check``: each mistake that a card can have is found, and said with its card."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from services.catalogue.check import Finding, check_cards, check_population, check_signed, hollow
from services.catalogue.model import (
    Card,
    CertificateFile,
    CertificateItem,
    Population,
    Redirect,
    Route,
)
from services.people.model import Org

ROOT = Path(__file__).resolve().parents[3]
TODAY = date(2026, 11, 24)
ORGS = {
    "civil": Org("civil", "民政局", "department", "0439-16"),
    "hr": Org("hr", "人社局", "department", "0439-17"),
}
NUMBERS = ("110", "12345")
GOOD: dict[str, Any] = {
    "id": "B1", "slug": "dibao", "name": "低保", "kind": "办事", "summary": "可以申请。",
    "materials": ["身份证"], "where": "街道。", "limit": "30日。", "fee": "不收钱。",
    "sources": [{"title": "社会救助暂行办法", "ref": "第十一条"}], "confirm_locally": True,
    "owner": "civil", "valid_from": date(2026, 1, 1), "valid_to": date(2027, 12, 31),
    "reviewed": {"by": "县民政局", "on": date(2026, 10, 1)},
    "link": {"title": "国家政务服务平台", "url": "https://www.gjzwfw.gov.cn"},
}  # fmt: skip


def found(
    *more: Card, redirects: tuple[Redirect, ...] = (),
    certificates: tuple[CertificateItem, ...] = (), routes: tuple[Route, ...] = (),
    owner: str | None = None, links: tuple[str, ...] = (), reviews: Mapping[str, str] = MappingProxyType({}),
    **change: Any,
) -> list[Finding]:  # fmt: skip
    cards = [Card.model_validate(GOOD | change), *more]
    policy = CertificateFile(basis="", owner=owner, items=certificates)
    return check_cards(
        cards, routes, ORGS, policy, redirects, ("C6",), links, NUMBERS, TODAY, reviews
    )


def test_a_good_card_has_nothing_to_mend() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("none", "还没有人复核：1张（B1）"),
        ("changed", "复核以后改过，要再看：1张（B1）"),
        ("expired", "复核到期了，要再看：1张（B1）"),
        ("wrong", "有人说有错，还没改：1张（B1）"),
    ],
)
def test_what_the_console_knows_of_a_review_counts_before_the_file(state: str, words: str) -> None:
    assert found(reviews={"B1": state}) == [Finding("warning", words)]
    assert found(reviews={"B1": "good"}, reviewed=None) == []
    assert check_signed("安全提示卡", {"H3 先保命": state, "快走": "good"}) == [
        Finding("warning", f"安全提示卡{words.partition('：')[0]}：1条（H3 先保命）")
    ]


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
        ({"confirm_locally": False, "limit": "30日，以当地窗口为准。"}, "error", "由本地定"),
        ({"confirm_locally": False, "fee": "补多少由本地定。"}, "error", "由本地定"),
        ({"offers": ["proxy"], "conditions": ["两个人一起到场"]}, "error", "能找人代办"),
        ({"where": "街道，电话12399。"}, "error", "号码 12399 没有核对过"),
        ({"where": "街道，电话0439-1234567。"}, "error", "号码 0439-1234567 没有核对过"),
        ({"summary": "家里难的都可以来问。" * 3}, "error", "summary 没有长辈版"),
        (
            {"where": "户籍地街道办事处，也可以到乡镇政府，自己去不了的社区帮着递。"},
            "error",
            "where 没有长辈版",
        ),
        ({"elder": {"summary": "可以来街道申请。"}}, "error", "summary 的长辈版比原来的还长"),
        ({"elder": {"where": "打12399。"}}, "error", "号码 12399 没有核对过"),
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


def test_what_is_done_at_a_window_and_has_no_page_is_named_for_the_locality() -> None:
    (due,) = found(link=None)
    assert (due.level, due.text) == (
        "warning", "没有网上办的地址，由本地填（services.yml 的 links）：1张（B1）",
    )  # fmt: skip
    assert found(link=None, links=("B1",)) == [], "the locality's own page is one"
    assert not [f for f in found(link=None, kind="报修") if "网上办" in f.text], "reported here"
    (unknown,) = found(links=("Z9",))
    assert (unknown.level, unknown.text) == ("error", "services.yml：links 里的 Z9 没有卡片")


def test_a_leaf_without_a_card_is_missing() -> None:
    route = Route(leaves=("B1", "B2"), lead="civil")
    assert [f.text for f in found(routes=(route,))] == ["B2：派单目录里有这一项，没有卡片"]


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


def test_a_certificate_belongs_to_a_unit_that_there_is_and_to_one_line() -> None:
    item = CertificateItem(no=None, name="居住证明", allowed=True, leaf="B1", why="…", redirect="…")
    assert found(certificates=(item,), owner="civil") == []
    nowhere = item.model_copy(update={"owner": "nobody"})
    texts = [f.text for f in found(certificates=(nowhere,), owner="nowhere")]
    assert texts == [f"certificates.yml：orgs.yml 里没有单位 {u}" for u in ("nobody", "nowhere")]
    with pytest.raises(ValueError, match="有两条一样的证明：居住证明"):
        CertificateFile(basis="", items=(item, item))


def test_a_redirect_to_nowhere_is_found() -> None:
    rows = (
        Redirect(
            id="x", name="水费", says=("水费",), answer="找供水公司。", phone_of="water", local=True
        ),
        Redirect(id="y", name="补贴", says=("补贴",), leaves=("C2",)),
    )
    assert ["water" in f.text or "C2" in f.text for f in found(redirects=rows)] == [True, True]


def test_numbers_that_are_checked_and_spans_of_time_are_no_mistake() -> None:
    words = "打110或者12345；到场120分钟以内，最多12个月，每年3600元。"
    assert found(conditions=[words]) == []


def test_a_redirect_names_its_source_or_says_that_the_place_decides() -> None:
    both = {"id": "x", "name": "水费", "says": ["水费"], "answer": "找供水公司。"}
    assert Redirect.model_validate({**both, "local": True}).source is None
    assert not Redirect.model_validate({**both, "source": "《城市供水条例》第二十四条"}).local
    for wrong in ({}, {"local": True, "source": "《城市供水条例》第二十四条"}, {"source": ""}):
        with pytest.raises(ValidationError):
            Redirect.model_validate({**both, **wrong})


def test_every_redirect_of_ours_has_a_law_or_is_marked_local() -> None:
    rows = yaml.safe_load((ROOT / "data/dialogue/redirects.yml").read_text())["redirects"]
    answered = [r for r in rows if r.get("answer")]
    assert [r["id"] for r in answered if bool(r.get("source")) == bool(r.get("local"))] == []
    named = re.compile(r"《.+》|通知（\d{4}年）")
    assert [r["id"] for r in answered if r.get("source") and not named.search(r["source"])] == []
    assert sum(bool(r.get("source")) for r in answered) >= 20


def test_a_redirect_with_an_unknown_number_is_found() -> None:
    row = Redirect(
        id="x", name="护照", says=("护照",), answer="找出入境。", phone="12300", local=True
    )
    assert [f.text for f in found(redirects=(row,))] == [
        "redirects.yml：x：号码 12300 没有核对过（numbers.yml 里没有）"
    ]


def test_a_card_that_sends_elsewhere_than_the_directory_is_found() -> None:
    route = Route(leaves=("B1",), lead="hr")
    assert [f.text for f in found(routes=(route,))] == [
        "B1 低保：告诉居民找民政局，派单目录却派给人社局"
    ]
    assert found(routes=(Route(leaves=("B1",), lead="hr", assists=("civil",)),)) == []
    assert found(routes=(route,), phone_of="hr") == []


def test_a_vague_word_on_power_must_not_hide_the_directory() -> None:
    route = Route(leaves=("B1",), lead="civil", power="民政局审批。")
    texts = [f.text for f in found(routes=(route,), power="归谁管各地不一样。")]
    assert len(texts) == 1 and "居民就听不到了" in texts[0]
    assert found(routes=(route,), power="民政局审批，社区不能定。") == []
    assert found(routes=(route.model_copy(update={"power": None}),), power="各地不一样。") == []


def test_words_of_a_card_that_a_redirect_answers_are_found() -> None:
    row = Redirect(
        id="fee", name="水费", says=("水费",), unless=("漏",), answer="找供水公司。", local=True
    )
    assert [f.text for f in found(redirects=(row,), examples=["水费咋交", "漏水水费高"])] == [
        "B1 低保：“水费咋交”会被 redirects.yml 的 fee 接走"
    ]


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


def test_who_lives_where_is_asked_for_and_grows_old() -> None:
    known = {"c1": Population(people=3260, source="统计公报", as_of=date(2025, 12, 31))}
    names = {"c1": "清河社区"}
    assert check_population(known, names, date(2026, 11, 24)) == []
    (old,) = check_population(known, names, date(2028, 6, 1))
    assert old.level == "warning" and "2025-12-31" in old.text
    (missing,) = check_population({}, names, date(2026, 11, 24))
    assert missing.level == "warning" and "清河社区" in missing.text
    (unknown,) = check_population(known, {}, date(2026, 11, 24))
    assert unknown.level == "error" and "c1" in unknown.text
    for finding in (old, missing, unknown):
        assert ".yml" in finding.text and ".yml" not in finding.plain, "staff see no files"
    assert Finding("warning", "到期了").plain == "到期了"
