"""Deciding: what is refused, what is asked about, who is first, what a model gets to learn."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select, update

from services.catalogue.service import CatalogueService
from services.clock import Clock
from services.config import ROOT, Settings
from services.context import Services
from services.errors import LindaError
from services.training import examples
from services.training.annotations import Decision, Person
from services.training.checks import Label, of_label
from services.training.examples import Example, Mark, read_nlu
from services.training.heard_tables import GroupRow
from services.training.inbox import Filters, Group
from services.training.knowledge import Knowledge
from services.training.labels import Labels
from tests.services.training.conftest import Say, digest

FENG: Person = ("trainer1", "冯雪")
HAN: Person = ("admin1", "韩工")
LAMP = "楼梯间那盏灯泡憋了黢黑的"
"""Not in the training data, nor anything like it."""


@pytest.fixture(scope="module")
def labels() -> Labels:
    settings = Settings()
    return Knowledge(settings.data_dir, CatalogueService(settings, Clock(False))).labels


async def groups(services: Services, **filters: Any) -> list[Group]:
    return list((await services.inbox.page(Filters(**filters))).groups)


async def one(services: Services, **filters: Any) -> Group:
    (found,) = await groups(services, **filters)
    return found


@pytest.fixture
async def lamp(services: Services, say: Say) -> Group:
    """A message that the model took for a notice."""
    text = f"3号楼2单元{LAMP}"
    await say(
        text, "ask_notice", None, doubt=True,
        entities=[{"type": "address", "start": 0, "end": 6, "value": {"building": "3"}, "text": "3号楼2单元"}],
    )  # fmt: skip
    await digest(services)
    return await one(services)


def lamp_is(group: Group, **changed: Any) -> Decision:
    """Label it rightly."""
    return replace(
        Decision("label", group.version, intent="report_problem", leaf="H6", marks=group_marks()),
        **changed,
    )


def group_marks() -> tuple[Mark, ...]:
    return (Mark(0, 6, "address"),)


# -- labels ----------------------------------------------------------------------------------


def test_labels_are_those_of_the_dialogue(labels: Labels) -> None:
    domain = yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))
    assert list(labels.intents) == domain["intents"]
    known = {next(iter(e)) if isinstance(e, dict) else e for e in domain["entities"]}
    assert set(labels.entities) == known - {"service", "about"}
    assert all(i.name and i.means for i in labels.intents.values())
    assert len({i.name for i in labels.intents.values()}) == len(labels.intents)


def test_every_label_of_the_training_data_may_be_given(labels: Labels) -> None:
    wrong = {
        (k.example.intent, k.example.leaf)
        for k in read_nlu(ROOT / "data" / "nlu")
        if k.example.leaf not in labels.leaves_of(k.example.intent)
    }
    assert wrong == set()


def codes(problems: Sequence[Any]) -> list[str]:
    return [p.code for p in problems]


TEXT = "打13000000000，3号楼 灯坏了"


@pytest.mark.parametrize(
    "intent, leaf, code",
    [
        ("report_problem", "H6", None),
        ("report_problem", "none", None),
        ("report_problem", "", "leaf_missing"),
        ("report_problem", "Z9", "leaf_not_allowed"),
        ("report_problem", "M2", "leaf_is_intent"),
        ("greet", "", None),
        ("greet", "H6", "leaf_not_wanted"),
        ("emergency", "-", None),
        ("emergency", "H6", "leaf_not_allowed"),
        ("book_service", "", None),
        ("dance", "", "unknown_intent"),
        ("", "", "unknown_intent"),
    ],
)
def test_intent_and_leaf_must_fit(labels: Labels, intent: str, leaf: str, code: str | None) -> None:
    found = codes(list(of_label(Label(TEXT, intent, leaf), labels)))
    assert found == ([code] if code else [])


@pytest.mark.parametrize(
    "marks, code",
    [
        ([(1, 12, "phone"), (13, 16, "address")], None),
        ([(1, 12, "phone"), (12, 16, "address")], "entity_punctuation"),
        ([(13, 17, "address")], "entity_blank"),
        ([(1, 11, "phone")], "entity_in_number"),
        ([(2, 12, "phone")], "entity_in_number"),
        ([(13, 16, "address"), (15, 16, "count")], "entity_overlap"),
        ([(13, 13, "address")], "entity_empty"),
        ([(14, 13, "address")], "entity_empty"),
        ([(13, 99, "address")], "entity_outside"),
        ([(-1, 3, "address")], "entity_outside"),
        ([(13, 16, "planet")], "unknown_entity"),
    ],
)
def test_marked_words_must_be_whole_and_apart(
    labels: Labels, marks: list[tuple[int, int, str]], code: str | None
) -> None:
    label = Label(TEXT, "report_problem", "H6", tuple(Mark(*m) for m in marks))
    assert codes(list(of_label(label, labels))) == ([code] if code else [])


# -- deciding --------------------------------------------------------------------------------


async def test_a_decision_settles_the_group_and_trains_nothing(
    services: Services, lamp: Group, say: Say, tmp_path: Path
) -> None:
    made = await services.annotations.decide(lamp.id, lamp_is(lamp), FENG)
    assert (made.version, made.kind, made.staff_name) == (1, "corrected", "冯雪")
    assert await groups(services) == []
    await say(f"5号楼1单元{LAMP}啊", "ask_notice", None, doubt=True)
    await digest(services)
    assert await groups(services) == [], "who says it again needs no second decision"
    decided = await one(services, state="decided")
    assert decided.decision == made and decided.heard == 2
    expected = Example("report_problem", "H6", f"3号楼2单元{LAMP}", group_marks())
    (approved,) = await services.annotations.approved()
    assert approved == expected and approved.residents == 2
    digested = await services.annotations.write_nlu(tmp_path)
    assert digested == await services.annotations.content_hash() != ""
    assert [k.example for k in read_nlu(tmp_path)] == [replace(expected, marks=())]
    assert await services.annotations.evaluation_rows() == [
        {"text": expected.text, "intent": "report_problem", "leaf": "H6",
         "entities": [{"type": "address", "start": 0, "end": 6}]}
    ]  # fmt: skip


async def test_confirming_takes_what_the_model_said(services: Services, say: Say) -> None:
    await say(LAMP, "report_problem", "H6", doubt=True)
    await digest(services)
    group = await one(services)
    made = await services.annotations.decide(group.id, Decision("confirm", 0), FENG)
    assert (made.kind, made.intent, made.leaf) == ("confirmed", "report_problem", "H6")
    again = await one(services, state="decided")
    label = Decision("label", again.version, intent="report_problem", leaf="H6")
    assert (await services.annotations.decide(group.id, label, FENG)).kind == "confirmed"


async def test_what_the_model_found_badly_does_not_stop_a_confirmation(
    services: Services, say: Say
) -> None:
    entities = [
        {"type": "relation", "start": 0, "end": 2, "text": "楼梯"},
        {"type": "time", "start": 1, "end": 3, "text": "梯间"},
    ]
    await say(LAMP, "report_problem", "H6", doubt=True, entities=entities)
    await digest(services)
    made = await services.annotations.decide((await one(services)).id, Decision("confirm", 0), FENG)
    assert [(m.start, m.end, m.type) for m in made.marks] == [(0, 2, "relation")]


async def test_nobody_s_business_skip_and_undo(services: Services, lamp: Group) -> None:
    annotations = services.annotations
    out = await annotations.decide(lamp.id, Decision("out_of_scope", 0), FENG)
    assert (out.intent, out.leaf) == ("out_of_scope", "")
    assert [e.intent for e in await annotations.approved()] == ["out_of_scope"]
    await annotations.decide(lamp.id, Decision("undo", 1), HAN)
    assert (await one(services)).id == lamp.id and await annotations.approved() == []
    await annotations.decide(lamp.id, Decision("skip", 2), FENG)
    assert await groups(services) == [] and await annotations.approved() == []
    assert (await one(services, state="skipped")).id == lamp.id
    await annotations.decide(lamp.id, lamp_is(lamp, version=3), HAN)
    history = (await services.inbox.detail(lamp.id)).history
    assert [(a.version, a.kind, a.staff_name) for a in history] == [
        (4, "corrected", "韩工"), (3, "skipped", "冯雪"), (2, "undone", "韩工"), (1, "out_of_scope", "冯雪"),
    ]  # fmt: skip


async def test_what_is_open_cannot_be_undone(services: Services, lamp: Group) -> None:
    with pytest.raises(LindaError, match="没有可撤销的"):
        await services.annotations.decide(lamp.id, Decision("undo", 0), FENG)


async def test_of_two_at_once_the_second_learns_what_the_first_decided(
    services: Services, lamp: Group
) -> None:
    annotations = services.annotations
    results = await asyncio.gather(
        annotations.decide(lamp.id, lamp_is(lamp), FENG),
        annotations.decide(lamp.id, Decision("out_of_scope", lamp.version), HAN),
        return_exceptions=True,
    )
    (error,) = [r for r in results if isinstance(r, LindaError)]
    (made,) = [r for r in results if not isinstance(r, BaseException)]
    assert (error.status, error.code) == (409, "annotation_conflict")
    assert error.fields["decision"] == made.body()
    assert made.staff_name in error.message
    assert len((await services.inbox.detail(lamp.id)).history) == 1


async def test_the_same_decision_sent_twice_is_one(services: Services, lamp: Group) -> None:
    first = await services.annotations.decide(lamp.id, lamp_is(lamp), FENG)
    assert await services.annotations.decide(lamp.id, lamp_is(lamp), FENG) == first
    with pytest.raises(LindaError, match="冯雪"):
        await services.annotations.decide(lamp.id, lamp_is(lamp), HAN)


async def test_a_wrong_label_is_refused_and_nothing_is_kept(
    services: Services, lamp: Group
) -> None:
    wrong = lamp_is(lamp, leaf="", marks=(Mark(0, 5, "address"), Mark(4, 6, "address")))
    with pytest.raises(LindaError) as refused:
        await services.annotations.decide(lamp.id, wrong, FENG)
    assert (refused.value.status, refused.value.code) == (422, "annotation_wrong")
    assert [p["code"] for p in refused.value.fields["problems"]] == [
        "leaf_missing", "entity_overlap",
    ]  # fmt: skip
    assert codes(await services.annotations.check(lamp.id, wrong)) == [
        "leaf_missing",
        "entity_overlap",
    ]
    assert (await one(services)).version == 0
    with pytest.raises(LindaError, match="没有这句话"):
        await services.annotations.decide(lamp.id, lamp_is(lamp, text="别的话"), FENG)
    with pytest.raises(LindaError, match="没有找到"):
        await services.annotations.decide(lamp.id + 1, lamp_is(lamp), FENG)


async def test_what_the_training_data_says_otherwise_is_refused(
    services: Services, say: Say
) -> None:
    known = next(
        k
        for k in read_nlu(ROOT / "data" / "nlu")
        if k.example.leaf == "H6" and len(k.example.text) > 8
    )
    await say(known.example.text + "！", "ask_notice", None, doubt=True)
    await digest(services)
    group = await one(services)
    contrary = Decision("label", 0, intent="report_problem", leaf="I3", despite=True)
    with pytest.raises(LindaError) as refused:
        await services.annotations.decide(group.id, contrary, FENG)
    assert known.file in refused.value.message and known.example.text in refused.value.message
    agreeing = Decision("label", 0, intent=known.example.intent, leaf=known.example.leaf)
    await services.annotations.decide(group.id, agreeing, FENG)


async def test_what_resembles_training_data_is_only_asked_about(
    services: Services, say: Say
) -> None:
    known = read_nlu(ROOT / "data" / "nlu")
    lamp = next(k.example for k in known if k.example.leaf == "H6" and len(k.example.text) > 8)
    await say(f"麻烦您{lamp.text}，谢谢", "ask_notice", None, doubt=True)
    await digest(services)
    group = await one(services)
    near = Decision("label", 0, intent="make_suggestion")
    found = await services.annotations.check(group.id, near)
    assert codes(found) and set(codes(found)) == {"near_data"} and len(found) <= 3
    await services.annotations.decide(group.id, replace(near, despite=True), FENG)


async def test_nearly_the_same_labelled_otherwise_is_asked_about(
    services: Services, say: Say
) -> None:
    await say(f"{LAMP}得很", "report_problem", "H6")
    await digest(services)
    first = await one(services)
    await services.annotations.decide(first.id, Decision("confirm", 0), FENG)
    await say(f"{LAMP}，吓人得很", "report_problem", "I3")
    await digest(services)
    second = await one(services)
    decision = Decision("confirm", 0)
    assert codes(await services.annotations.check(second.id, decision)) == ["near_annotation"]
    with pytest.raises(LindaError) as asked:
        await services.annotations.decide(second.id, decision, HAN)
    assert asked.value.code == "annotation_doubtful" and "冯雪" in asked.value.message
    await services.annotations.decide(second.id, replace(decision, despite=True), HAN)
    same = Decision("label", 1, intent="report_problem", leaf="H6")
    assert await services.annotations.check(second.id, same) == []


async def test_another_wording_of_the_group_can_be_labelled(
    services: Services, lamp: Group, say: Say
) -> None:
    other = f"{LAMP}哟"
    await say(other, "ask_notice", None, doubt=True)
    await digest(services)
    made = await services.annotations.decide(lamp.id, lamp_is(lamp, text=other, marks=()), FENG)
    assert made.text == other


# -- inbox -----------------------------------------------------------------------------------


async def test_the_inbox_begins_with_what_may_be_dangerous(services: Services, say: Say) -> None:
    await say("暖气片漏了一地水", "report_problem", "H4")
    for _ in range(3):
        await say("那个啥来着我想想", "chitchat", None, doubt=True)
    await say("灶台边上一股子煤气味", "ask_service", "H3")
    await digest(services)
    found = await groups(services)
    assert [g.text for g in found] == [
        "灶台边上一股子煤气味",
        "那个啥来着我想想",
        "暖气片漏了一地水",
    ]
    assert [(g.suspicious, g.residents) for g in found] == [(True, 1), (False, 3), (False, 1)]
    assert found[0].reading is not None and found[0].reading.leaf == "H3"


async def test_filters_and_pages(services: Services, say: Say, clock: Any) -> None:
    texts = ["暖气片漏水", "下水道返味", "路灯灭了", "井盖松了", "电梯异响", "门禁失灵"]
    for number, text in enumerate(texts):
        await say(text, "report_problem", f"H{number + 1}", doubt=number % 2 == 0)
        clock.advance(hours=12)
    await digest(services)
    seen: list[str] = []
    cursor = None
    while True:
        page = await services.inbox.page(Filters(), cursor, 2)
        assert page.total == 6
        seen += [g.text for g in page.groups]
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(texts) and len(set(seen[:3]) & set(texts[::2])) == 3
    assert [g.text for g in await groups(services, leaf="H2")] == ["下水道返味"]
    assert [g.text for g in await groups(services, q="井盖")] == ["井盖松了"]
    assert await groups(services, q="%") == [] == await groups(services, channel="wechat")
    assert len(await groups(services, channel="web", intent="report_problem")) == 6
    assert await groups(services, outcome="off_topic") == []
    assert len(await groups(services, outcome="answered")) == 6
    day = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    early = await groups(services, until=day - timedelta(days=2))
    assert {g.text for g in early} == {"暖气片漏水", "下水道返味"}
    with pytest.raises(LindaError, match="翻页"):
        await services.inbox.page(Filters(), "1:nan:3")


async def test_the_detail_shows_how_each_was_understood(services: Services, say: Say) -> None:
    await say("那个水的事", "report_problem", "H1", doubt=True)
    await say("那个水的事啊", "report_problem", "H7", doubt=True)
    await say("那个水的事啊", "report_problem", "H7", doubt=True)
    await digest(services)
    detail = await services.inbox.detail((await one(services)).id)
    assert [(w.text, w.times) for w in detail.wordings] == [("那个水的事", 1), ("那个水的事啊", 2)]
    assert [(r.leaf, r.times) for r in detail.readings] == [("H7", 2), ("H1", 1)]
    assert [r.intent for r in detail.wordings[0].readings] == ["report_problem", "ask_notice"]
    assert (detail.channels, detail.models) == (("web",), ("a" * 64,))


# -- export ----------------------------------------------------------------------------------


def test_the_export_is_reviewable_and_always_the_same() -> None:
    lessons = [
        Example("report_problem", "H6", "3号楼灯坏了", (Mark(0, 3, "address"),), 4),
        Example("greet", "", "在不在: 有人 #没"),
        Example("report_problem", "H1", "停水了"),
        Example("report_problem", "H6", "灯不亮"),
        Example("emergency", "-", "- 着火了"),
    ]
    assert examples.to_yaml(lessons) == examples.to_yaml(lessons[::-1]) == (
        '# 居民说过的话，由人标注。由 linda annotations export 写出。\n'
        'version: "3.1"\n'
        "nlu:\n"
        '  - intent: emergency\n    metadata: {leaf: "-"}\n    examples: |\n      - - 着火了\n'
        "  - intent: greet\n    examples: |\n      - 在不在: 有人 #没\n"
        '  - intent: report_problem\n    metadata: {leaf: "H1"}\n    examples: |\n      - 停水了\n'
        "  # [3号楼](address)灯坏了\n"
        '  - intent: report_problem\n    metadata: {leaf: "H6"}\n    examples: |\n'
        "      - 3号楼灯坏了\n      - 灯不亮\n"
    )  # fmt: skip


def test_the_export_can_be_read_back(tmp_path: Path) -> None:
    lessons = sorted(
        [Example("greet", "", "在不在: 有人 #没"), Example("emergency", "-", "- 着火了"), Example("greet", "", "“喂”")]
    )  # fmt: skip
    assert examples.write_nlu(tmp_path, lessons) == tmp_path / "annotations.yml"
    assert [k.example for k in read_nlu(tmp_path)] == lessons
    assert examples.write_nlu(tmp_path / "none", []) is None and not (tmp_path / "none").exists()
    assert yaml.safe_load(examples.to_yaml([]))["nlu"] == []


def test_the_hash_is_of_what_is_learnt() -> None:
    one = Example("greet", "", "在不在")
    assert examples.content_hash([]) == ""
    assert examples.content_hash([one]) != examples.content_hash([replace(one, text="在不")])
    assert examples.content_hash([one]) == examples.content_hash([replace(one, residents=9)])


async def test_control_characters_do_not_break_the_file(
    services: Services, say: Say, tmp_path: Path
) -> None:
    await say(f"{LAMP}\n第二行\u2028第三行\x07\ufffe", "report_problem", "H6", doubt=True)
    await digest(services)
    group = await one(services)
    await services.annotations.decide(group.id, Decision("confirm", 0), FENG)
    await services.annotations.write_nlu(tmp_path)
    assert [k.example.text for k in read_nlu(tmp_path)] == [f"{LAMP} 第二行 第三行"]


async def test_a_taught_group_is_not_forgotten_but_an_old_skip_is(
    services: Services, lamp: Group, say: Say, clock: Any
) -> None:
    await services.annotations.decide(lamp.id, lamp_is(lamp), FENG)
    await say("那个啥来着我想想", "chitchat", None, doubt=True)
    await digest(services)
    other = await one(services)
    await services.annotations.decide(other.id, Decision("skip", 0), FENG)
    clock.advance(days=services.settings.heard_days + 1)
    assert await services.heard.forget() == 1
    assert len(await services.annotations.approved()) == 1
    assert await groups(services, state="skipped") == []


async def test_an_undone_label_counts_for_nothing_in_the_checks(
    services: Services, lamp: Group, say: Say
) -> None:
    async with services.db.write() as s:
        await s.execute(update(GroupRow).values(certain=True))
        assert await s.scalar(select(GroupRow.version)) == 0
    await services.annotations.decide(lamp.id, Decision("out_of_scope", 0), FENG)
    await say(f"{LAMP}得很，吓人", "report_problem", "H6")
    await digest(services)
    second = await one(services)
    decision = Decision("confirm", 0)
    assert codes(await services.annotations.check(second.id, decision)) == ["near_annotation"]
    await services.annotations.decide(lamp.id, Decision("undo", 1), FENG)
    assert await services.annotations.check(second.id, decision) == []
