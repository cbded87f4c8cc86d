"""Version and codes of the taxonomy on a ticket; mistakes in the file are found at the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from services.audit.chain import without_content
from services.tickets.core import fold
from services.tickets.core.leaves import load_codes
from services.tickets.core.states import State
from tests.services.tickets.world import CONTEXT, DATA, T0, led, must

FILE = DATA / "codes.yml"
NEXT = replace(CONTEXT, taxonomy="2027.01")


def test_every_leaf_has_its_line_and_no_code_is_invented() -> None:
    codes = load_codes(FILE, CONTEXT.leaves)
    assert codes.version
    # Nobody could be asked what the codes are: who fills some in says where from, and changes this.
    assert codes.leaves == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('version: "2026.11"', 'version: ""'),
        ("  H1: {", "  H99: {"),
        ('  H1: {gbt39666: "", local: ""}\n', ""),
        ('H1: {gbt39666: ""', 'H1: {gbt: "1"'),
        ('gbt39666: "", local: ""', 'gbt39666: "7", local: ""'),
    ],
)
def test_a_wrong_file_of_codes_is_refused(old: str, new: str, tmp_path: Path) -> None:
    text = FILE.read_text("utf-8")
    assert old in text
    wrong = tmp_path / "codes.yml"
    wrong.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ValueError, match=r"codes\.yml"):
        load_codes(wrong, CONTEXT.leaves)


def test_codes_lead_back_to_their_leaf(tmp_path: Path) -> None:
    file = tmp_path / "codes.yml"
    line = 'H1: {gbt39666: "", local: ""}'
    filled = FILE.read_text("utf-8").replace(line, 'H1: {gbt39666: "g-1", local: "l-1"}')
    file.write_text(filled, "utf-8")
    codes = load_codes(file, CONTEXT.leaves)
    assert codes.leaves == {"g-1": "H1", "l-1": "H1"}
    assert (codes.of("H1"), codes.of("H2")) == (("g-1", "l-1"), ())


def test_a_ticket_keeps_the_version_that_its_leaf_is_of() -> None:
    old = replace(CONTEXT, taxonomy="2026.11")
    ticket, events = led(State.SUBMITTED, within=old)
    assert ticket.taxonomy_version == "2026.11"
    # Accepted under the next version with the same leaf: it is still the former one's.
    same = must(ticket, "accept", "clerk", T0, None, NEXT)
    other = must(ticket, "accept", "clerk", T0, {"leaf": "H2"}, NEXT)
    assert (same.taxonomy_version, other.taxonomy_version) == ("2026.11", "2027.01")
    erased = [replace(e, data=without_content(e.data)) for e in events]
    assert fold.fold(erased).taxonomy_version == "2026.11"


def test_what_the_bot_understood_and_showed_goes_with_the_words() -> None:
    nlu: Mapping[str, object] = {
        "intent": "report_problem", "confidence": 0.9, "slots": ["address"], "model": "a" * 64,
    }  # fmt: skip
    shown = [{"type": "service", "leaf": "H1", "title": "停水", "version": 2}]
    ticket, events = led(State.SUBMITTED, nlu=nlu, knowledge_refs=shown)
    assert (ticket.nlu, ticket.knowledge_refs) == (nlu, shown)
    erased = fold.fold(replace(e, data=without_content(e.data)) for e in events)
    assert (erased.nlu, erased.knowledge_refs) == (None, [])
