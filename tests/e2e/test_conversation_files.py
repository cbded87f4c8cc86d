"""What the conversations show together, and how one is read and held against what was said."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.conversation import (
    Conversation,
    Malformed,
    Turn,
    fits,
    looks_back,
    points,
    read_all,
    read_file,
    share,
    unlike,
    value,
)
from tests.dialogues import DOCUMENT, heading
from tests.stack import ROOT

HELD = [c for c in read_all() if isinstance(c, Conversation)]
TEXTS = ROOT / "data" / "texts"
BOOKED = {
    "journeys/visit/home": {"appointment.kind", "leaf"},
    "journeys/visit/daycare": {"appointment.date", "leaf"},
    "journeys/visit/doctor": {"appointment.kind", "leaf"},
    "journeys/visit/venue": {"appointment.venue", "leaf"},
    "journeys/visit/course": {"appointment.course", "leaf"},
    "journeys/meal/order": {"appointment.portions", "leaf"},
}
"""Points of which conversations must look at what was booked, and at which fields of the ticket."""


def test_ten_common_tasks_need_no_more_turns_than_a_good_clerk() -> None:
    """The turns are counted by each conversation (``clerk``), which checks everything as well.

    Two where everything was said at once; who begins with the matter alone is asked one thing more. A
    meal or day care begun with a single word is asked each thing that is needed: five for a meal
    (day, which, how, where, yes) and seven for day care.
    """
    counted = {c.task: c.clerk for c in HELD if c.clerk}
    words = {task: turns for task, turns in counted.items() if task.endswith("begun with one word")}
    others = [turns for task, turns in counted.items() if task not in words]
    assert sum(turns <= 2 for turns in others) >= 20 and max(others) <= 3
    assert {task.split(",")[0] for task in words} >= {"Order a meal", "Book day care"}
    assert max(words.values()) <= 1 + 7 and words["Order a meal, begun with one word"] <= 1 + 5
    assert len(counted) == sum(bool(c.clerk) for c in HELD), "two tasks have the same name"
    assert all(re.fullmatch(r"[A-Z][\w ,]{5,60}", task, re.ASCII) for task in counted)


def test_every_conversation_checks_everything() -> None:
    """Words, ticket, events, and what was not asked; without a ticket that none came, and who was called."""
    assert [c.id for c in HELD if not c.checks_all] == []


def test_every_point_is_shown() -> None:
    covering = [c for c in HELD if c.covers]
    shown = Counter(point for c in covering for point in c.covers)
    wanted = points()
    few = {point: shown[point] for point in wanted["points"] if shown[point] < wanted["least"]}
    assert few == {}
    assert len(covering) >= wanted["together"]


def test_what_must_not_be_asked_could_be_asked() -> None:
    """A word that stands in no text of the bot is never said: it alone checks nothing."""
    texts = "\n".join(path.read_text(encoding="utf-8") for path in TEXTS.glob("*.yml"))
    empty = [c.id for c in HELD if not any(words in texts for words in c.not_asked)]
    assert empty == []


def test_every_journey_has_a_transcript() -> None:
    """Each point of a journey is shown by a conversation that can be read in docs/."""
    headings = set(DOCUMENT.read_text(encoding="utf-8").splitlines())
    missing = sorted({c.journey for c in HELD if c.journey and f"## {c.journey}" not in headings})
    assert missing == [], "run make dialogues"
    read = {point for c in HELD if c.journey and heading(c) in headings for point in c.covers}
    unread = [p for p in points()["points"] if p.startswith("journeys/") and p not in read]
    assert unread == []


def test_every_counted_task_is_in_the_table() -> None:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    missing = [c.task for c in HELD if c.task and not any(f"| {c.task} |" in s for s in lines)]
    assert missing == [], "run make dialogues"


def test_what_is_booked_is_shown_by_a_booking() -> None:
    """A price or a phone number that is asked for shows no booking: the ticket has its data."""
    for point, wanted in BOOKED.items():
        booked = [c for c in HELD if point in c.covers and wanted <= set(c.ticket or {})]
        assert len(booked) >= 2, point


def test_a_malformed_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yml"
    for text, said in (
        ("- name: a\n  turns: [{say: 1}]", "“a”"),
        ("- name: a\n  turns: [{say: 好, hass: [x]}]", "hass"),
        ("- name: a\n  turns: [{staff: {as: grid1}}]", "action or do"),
        ("- name: a\n  turns: [{say: 好}]\n- name: a\n  turns: [{say: 好}]", "twice"),
        ("- turns: [{say: 好}]", "conversation 1"),
        ("- {name: a, turns: [{say: 好}], tickets: 0, events: [submitted]}", "yet it is looked"),
        ("- {name: a, turns: [{say: 好}], covers: [journeys/nothing]}", "no point"),
        ("- {name: a, turns: [{say: 好, has: 好}], covers: [journeys/rate]}", "does not check"),
        ("- {name: a, turns: [{say: 好}], besides: {again: so}}", "no rule"),
        ("- {name: a, turns: [{say: 好, buttons: 好}]}", "buttons is none"),
        ("- {name: a, turns: [{say: 好}], clerk: 1}", "belong together"),
        ("- {name: a, turns: [{say: 好}], clerk: 1, task: Say}", "counts a task"),
        ("- {name: a, turns: [{say: 好}], tickets: 1, also: [{of: 一户}]}", "also needs"),
        ("- {name: a, turns: [{say: 好}], also: [{of: 一户, events: [merged]}]}", "nobody here"),
        ("- {name: a, turns: [{say: 好}], also: [{number: 1, events: [merged]}]}", "number"),
        ("- name: [", "wrong.yml"),
    ):
        path.write_text(text, encoding="utf-8")
        errors = [str(e) for e in read_file(path) if isinstance(e, Malformed)]
        assert len(errors) == 1 and "wrong.yml" in errors[0] and said in errors[0], errors


def test_what_is_not_said_of_tickets_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "counted.yml"
    for rest, count in (
        ("", 0),
        (", ticket: none", 0),
        (", ticket: {leaf: H6}", 1),
        (", events: [submitted]", 1),
        (", ticket: {leaf: H6}, tickets: 2", 2),
    ):
        path.write_text(f"- {{name: a, turns: [{{say: 好}}]{rest}}}", encoding="utf-8")
        (read,) = read_file(path)
        assert isinstance(read, Conversation) and read.expected_tickets == count


def test_only_what_is_looked_back_at_is_remembered() -> None:
    turns = [
        Turn("say", "好"),
        Turn("say", "好", by="王婶"),
        Turn("tap", "好"),
        Turn("wait", "P1D"),
        Turn("staff", {}, by="王婶"),
        Turn("say", "好"),
    ]
    assert looks_back(turns) == [False, True, True, False, False, False]


def test_an_answer_is_held_against_its_turn() -> None:
    turn = Turn("say", "好", has=("好的",), without=("不",), buttonless=True)
    assert unlike(turn, "好的", []) == ""
    assert "not said: 好的" in unlike(turn, "行", [])
    assert "said: 不" in unlike(turn, "好的", ["不用"])
    assert "has buttons: 先走" in unlike(turn, "好的", ["先走"])
    assert unlike(Turn("say", "好", has=("先走",)), "好的", ["先走"]) == ""


def test_values_of_a_ticket() -> None:
    ticket = {"location": {"building": "3"}, "urges": [{"text": "快点"}], "title": "灯坏了"}
    assert fits(value(ticket, "location.building"), "3")
    assert fits(value(ticket, "urges.0.text"), {"has": ["快"], "not": ["慢"]})
    assert not fits(value(ticket, "title"), {"has": ["水"]})
    assert value(ticket, "location.unit.name") is None


def test_shares_are_everything_together_and_nothing_twice() -> None:
    everything = list(range(7))
    assert share(everything, "1/1") == everything
    shares = [share(everything, f"{n}/3") for n in (1, 2, 3)]
    assert sorted(n for each in shares for n in each) == everything
    for wrong in ("0/2", "3/2", "2", "a/b"):
        with pytest.raises(ValueError, match="no share"):
            share(everything, wrong)
