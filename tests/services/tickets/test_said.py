"""What the rules refuse to a resident is said in words of the data, whatever the resident does and wherever a ticket stands."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest

from services.tickets.core.context import Refusal
from services.tickets.core.guards import GUARDS
from services.tickets.core.states import STORED, State
from services.tickets.core.workflow import RESIDENT_ACTIONS, TRANSITIONS
from services.words import forms
from tests.services.test_sentences import sentences
from tests.services.tickets.test_variants import (
    LATER,
    Variant,
    of,
    payload_of,
    prepared,
    surroundings,
)
from tests.services.tickets.world import T0, do

STEPS = (*RESIDENT_ACTIONS, "callback")
STAFF_ONLY = {"not_handler", "other_unit"}
"""Guards on lines of residents that refuse nobody but staff."""
LATE = T0 + timedelta(days=40)
SITUATIONS: tuple[tuple[Mapping[str, Any], datetime], ...] = (
    ({}, LATER),
    ({"closed_at": T0, "refused_at": T0}, LATE),
    ({"review_due_at": LATE}, LATER),
    ({"refused_at": T0, "reviews": [{"asked_by": "resident", "at": LATER.isoformat()}]}, LATER),
    ({"need_items": [], "missed": []}, LATER),
)
MORE = [
    Variant({"text": "x" * 2001}), Variant({"text": "改", "appointment": {"portions": 5000}}),
    Variant({"score": 5}), Variant({"score": 9}), Variant({"appointment": {"portions": 0}}), Variant({"result": "solved"}),
]  # fmt: skip
"""What a resident could send beside the variants: too long, out of range, nothing."""
KNOWN = {
    "review_running", "reviewed_already", "review_too_late", "closed_too_long", "nothing_given", "not_in_notice",
    "bad_portions", "score_out_of_range", "no_call_due", "not_resolved_yet", "state_not_allowed", "invalid_fields",
}  # fmt: skip


def _one_of(part: str) -> str:
    words = (w[0] for name, w in forms("pieces").items() if name.startswith(f"{part}."))
    return f"(?:{'|'.join(map(re.escape, words))})"


def spoken() -> re.Pattern[str]:
    """Return what fits every sentence of a refusal: its gaps take words of the data or a number, nothing else."""
    asked = _one_of("asks")
    gaps = {"what": f"{asked}(?:、{asked})*", "stands": _one_of("stands"), "act": _one_of("act")}
    said = [w[0] for name, w in forms("pieces").items() if name.startswith("refused.")]
    return re.compile(
        "|".join(
            re.sub(r"\\\{(\w+)\\\}", lambda gap: gaps.get(gap[1], r"\d+"), re.escape(text))
            for text in said
        )
    )


@cache
def refusals(step: str) -> list[Refusal]:
    """Return how a resident is refused a step: every variant, in every state and situation, also with nothing shared."""
    found = []
    for state in sorted(STORED):
        for one in (*of(step), *MORE):
            for facts, at in SITUATIONS:
                ticket = replace(prepared(state, step, "resident", one), **facts)
                context = surroundings(step, ticket, one)
                for around in (context, replace(context, parent=None)):
                    made = do(ticket, step, "resident", at, payload_of(one), around)
                    found += [made] if isinstance(made, Refusal) else []
    return found


@pytest.mark.parametrize("step", STEPS)
def test_every_refusal_that_a_resident_meets_is_said_in_words_of_the_data(step: str) -> None:
    found, fits = refusals(step), spoken()
    assert found, "each step is refused somewhere"
    assert {r.code for r in found} <= KNOWN, "write its sentence into pieces.yml (refused)"
    assert {f"refused.{r.code}" for r in found} <= forms("pieces").keys()
    assert [m for m in {r.message for r in found} if not fits.fullmatch(m)] == []


def test_all_of_them_are_met() -> None:
    assert {r.code for step in STEPS for r in refusals(step)} == KNOWN


def test_no_guard_of_a_residents_step_has_a_sentence_of_its_own() -> None:
    names = {
        g for t in TRANSITIONS if t.action in STEPS and "resident" in t.roles for g in t.guards
    }
    assert len(names) > 10 and names > STAFF_ONLY
    found = {
        name: [text for _, text in sentences(inspect.getsource(GUARDS[name]))]
        for name in names - STAFF_ONLY
    }
    assert {name: texts for name, texts in found.items() if texts} == {}


@pytest.mark.parametrize(
    ("state", "step", "payload", "said"),
    [
        (State.ACTIVE, "rate", {"score": 5}, "这件事正在办，不能评价。"),
        (State.WITHDRAWN, "urge", {}, "这件事已经撤回，不能催。"),
        (State.RESOLVED, "rate", {}, "请再说一遍：打几分，1到5分。"),
        (State.ACTIVE, "withdraw", {}, "请再说一遍：为什么撤回。"),
        (State.ACTIVE, "urge", {"text": "快" * 2001}, "一次最多说2000个字，请分几次说。"),
        (State.NOT_ACCEPTED, "amend", {}, "这件事没有收下，不能改。"),
    ],
)
def test_what_a_resident_reads(state: State, step: str, payload: dict[str, Any], said: str) -> None:
    made = do(prepared(state, step, "resident", Variant({})), step, "resident", LATER, payload)
    assert isinstance(made, Refusal) and made.message == said


def test_each_fact_that_a_resident_gives_has_a_name_in_the_data() -> None:
    asked = {f"asks.{f.name}" for t in TRANSITIONS if "resident" in t.roles for f in t.fields}
    assert asked == {name for name in forms("pieces") if name.startswith("asks.")}


def test_staff_read_the_names_of_the_workflow() -> None:
    made = do(prepared(State.WITHDRAWN, "note", "clerk", Variant({})), "accept", "clerk", LATER, {})
    assert isinstance(made, Refusal) and "已撤诉" in made.message
