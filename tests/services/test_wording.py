"""Every sentence that residents are told stands among the standard texts, long ones in a shorter form, too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.wording import (
    SENTENCE,
    SOURCES,
    Source,
    Standard,
    hard,
    measure,
    read,
    standard_texts,
)
from services.yaml_files import read_yaml

DATA = Path(__file__).resolve().parents[2] / "data"
LOCALITIES = sorted(p for p in (DATA / "localities").iterdir() if p.is_dir())

NOT_STANDARD = {
    # where sentences stand that are no standard texts, and why
    "nlu/": "training: what residents say",
    "rules/": "training",
    "api/": "the console's pages, described for staff",
    "calendar/": "holidays with their source",
    "catalogue/": "service cards: facts of one service, reviewed card by card; docs/cards.md lists them",
    "dialogue/gist.yml": "patterns",
    "exchange/": "columns of other platforms",
    "learning/": "what whoever trains the model reads",
    "metrics.yml": "definitions of figures, for staff",
    "paper/papers.yml:words": "the page on which staff print",
    "paper/papers.yml:kinds.dissuade.basis": "the law on a printed record",
    "workflow.yml:bad_rating": "what the clock tells units, for staff",
    "retention.yml": "why data is kept, for staff",
    "personal.yml": "what columns hold, for staff",
    "sla/": "reminders to staff",
    "workflow.yml:supervision": "reminders to staff",
    "workflow.yml:helping": "reminders to staff",
    "workflow.yml:platform": "reminders to staff",
    "workflow.yml:escalation": "reminders to staff",
    "workflow.yml:integrity": "what a case says to who looks into it",
    "visits.yml": "lists for visitors",
    "localities/*/certificates.yml:items.examples": "what residents say",
    "localities/*/information.yml:notices": "notices as their senders wrote them, said whole",
    "localities/*/seasons.yml:plans.checks": "what staff look at",
    "localities/*/seasons.yml:plans.source": "what a plan rests on, for staff",
    "localities/*/lists.yml": "needs and projects, for staff",
    "localities/*/locality.yml:relay.note": "when the office's number is answered, for staff",
}
SENTENCE_FILLED = 30
"""No sentence that large-type mode says has more characters than this when its gaps are filled (``typical.yml``)."""
GAP = re.compile(r"\{([a-z_]+)\}")
TYPICAL: dict[str, str] = read_yaml(
    (Path(__file__).parent / "typical.yml").read_text(encoding="utf-8")
)
_SENTENCE = re.compile(r"[\u4e00-\u9fff][^。？！]*[。？！]")
_PATTERN = re.compile(r"\.\{|\(\?|[|\\^$]|\]\+")


def leaves(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield every text of a file with the names on the way to it, numbers of list items aside."""
    if isinstance(node, str):
        yield ".".join(path), node.strip()
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, (*path, str(key)))
    elif isinstance(node, list):
        for value in node:
            yield from leaves(value, path)


def sentences(locality: Path) -> Iterator[tuple[str, str]]:
    """Yield every sentence of the data that a resident could be told: where it stands, and its words."""
    for path in sorted(DATA.rglob("*.yml")):
        if path.is_relative_to(DATA / "localities") and not path.is_relative_to(locality):
            continue
        name = str(path.relative_to(DATA)).replace(f"localities/{locality.name}/", "localities/*/")
        for key, text in leaves(read_yaml(path.read_text(encoding="utf-8"))):
            where = f"{name}:{key}"
            if any(where.startswith(prefix) for prefix in NOT_STANDARD):
                continue
            if _SENTENCE.search(text) and not _PATTERN.search(text):
                yield where, text


def told(locality: Path) -> set[str]:
    """Return what the preview shows, line by line."""
    found: set[str] = set()
    for _, texts in standard_texts(DATA, locality):
        for text in texts:
            for form in (text.plain, text.elder):
                found |= {form, *form.split("\n")}
    return found


@pytest.mark.parametrize("locality", LOCALITIES, ids=lambda p: p.name)
def test_every_sentence_of_the_data_is_previewed(locality: Path) -> None:
    shown = told(locality)
    found = list(sentences(locality))
    assert len(found) > 600, "the walk finds them"
    forgotten = {where: text for where, text in found if text not in shown}
    assert not forgotten, "a file or field is missing in services/wording.py, or no standard text"


@pytest.mark.parametrize("locality", LOCALITIES, ids=lambda p: p.name)
def test_large_type_mode_says_nothing_that_is_hard_there(locality: Path) -> None:
    texts = [(name, t) for name, found in standard_texts(DATA, locality) for t in found]
    assert len(texts) > 700
    found = [f"{name}：{t.key}（{'、'.join(t.hard)}）" for name, t in texts if t.hard]
    assert not found
    longer = [
        f"{name}：{t.key}" for name, t in texts if t.elder and measure(t.elder) > measure(t.plain)
    ]
    assert not longer, "the elder form is longer"


def filled(text: Standard) -> str:
    """Return what large-type mode says with each gap filled with what is typical for it, as long as that gets."""

    def typical(gap: re.Match[str]) -> str:
        found = TYPICAL.get(f"{text.key}:{gap[1]}") or TYPICAL.get(gap[1])
        assert found, (
            f"{text.key}: write into typical.yml what fills {{{gap[1]}}}, as long as it gets"
        )
        return found

    return GAP.sub(typical, text.elder or text.plain)


@pytest.mark.parametrize("locality", LOCALITIES, ids=lambda p: p.name)
def test_no_sentence_of_large_type_mode_is_long_when_its_gaps_are_filled(locality: Path) -> None:
    texts = [(n, t) for n, found in standard_texts(DATA, locality) for t in found if not t.one_form]
    with_gaps = [(name, t) for name, t in texts if GAP.search(t.elder or t.plain)]
    assert len(with_gaps) > 250
    long = [
        f"{name}：{t.key}：{sentence}（{measure(sentence)}个字）"
        for name, t in with_gaps
        for sentence in re.split(r"[。？！；\n]", filled(t))
        if measure(sentence) > SENTENCE_FILLED
    ]
    assert not long


def test_a_filled_sentence_is_measured_and_no_typical_value_is_left_over() -> None:
    text = Standard("urged", "催了“{title}”（{ticket_no}）。", "")
    assert filled(text) == "催了“幸福小区3号楼飞线充电、电动车上楼”（SQ-261124-00007-2）。"
    assert measure(filled(text)) > SENTENCE_FILLED > SENTENCE >= measure(text.plain)
    used = {
        name
        for locality in LOCALITIES
        for _, found in standard_texts(DATA, locality)
        for t in found
        if not t.one_form
        for gap in GAP.findall(t.elder or t.plain)
        for name in (gap, f"{t.key}:{gap}")
    }
    assert TYPICAL.keys() - used == set()


@pytest.mark.parametrize("prefix", sorted(NOT_STANDARD))
def test_what_is_left_out_is_there(prefix: str) -> None:
    path = prefix.partition(":")[0].replace("*", LOCALITIES[0].name)
    assert (DATA / path).exists()


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.path)
def test_every_source_has_texts(source: Source) -> None:
    for locality in LOCALITIES:
        assert read(source, (locality if source.local else DATA) / source.path)


def test_a_forgotten_or_long_text_is_found(tmp_path: Path) -> None:
    path = tmp_path / "some.yml"
    long = "这句话很长" * 6 + "。"
    path.write_text(
        f"things:\n  - id: one\n    answer: {long}\n  - id: two\n    answer: {long}\n    elder: 短。\n"
        f"  - id: three\n    elder: {{lead: 短。}}\n    lead: {long}\n    more: [{long}, 二。]\n",
        encoding="utf-8",
    )
    texts = read(Source("", "", frozenset({"answer", "lead", "more"})), path)
    assert {t.key: bool(t.hard) for t in texts} == {
        "things.one": True, "things.two": False, "things.three.lead": False, "things.three.more": True,
    }  # fmt: skip
    assert measure(long) == 31 > SENTENCE
    assert [t.key for t in read(Source("", "", frozenset({"lead"})), path)] == ["things.three.lead"]


@pytest.mark.parametrize(
    ("texts", "own", "found"),
    [
        (["好，先不订。"], False, []),
        (["一句。两句。三句。"], False, ["一行超过2句"]),
        (["一句。两句。三句。"], True, []),
        (["一句。两句。三句。四句。"], True, ["一行超过3句"]),
        (["一句。两句。", "又一句。又两句。"], False, []),
        (["您的事{due}前办结。"], False, ["公文词“办结”"]),
        (["您的事{due}前办结。"], True, ["公文词“办结”"]),
        (["说个名字，或者几号窗口。"], False, ["说了几样办法（或者）"]),
        (["说个名字，或者几号窗口。"], True, []),
        (["几号楼？几单元？"], True, ["一次问了两句"]),
        (["说“在哪儿？”就行，好吗？"], True, []),
        (["这一句从头到尾没有停下来的地方念着可很累人。"], True, ["一句21个字"]),
        (["打印《不予出具告知单》"], True, []),
    ],
)
def test_what_is_hard_to_read(texts: list[str], own: bool, found: list[str]) -> None:
    assert list(hard(texts, own=own)) == found


def test_a_long_button_and_one_of_offices_are_hard() -> None:
    assert hard(["好。"], ["请把这一件事退回去重新办"], own=True) == ()
    assert hard(["好。"], ["请把这一件事退回去重新办理", "请人复核"], own=True) == (
        "公文词“复核”", "按钮“请把这一件事退回去重新办理”太长",
    )  # fmt: skip
