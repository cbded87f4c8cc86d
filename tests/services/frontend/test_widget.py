"""``/`` and ``/widget.js`` as files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.tickets.core.states import STORED
from services.web.widget.bundle import LENT, PARTS, SOURCE, widget_script, widget_words
from services.words import forms
from tests.services.frontend.test_console import assert_harmless


async def test_resident_page_has_no_inline_code(client: Any) -> None:
    answer = await client.get("/")
    html = await answer.text()
    assert answer.status == 200
    assert_harmless(html)
    assert 'lang="zh-CN"' in html and 'href="tel:119"' in html


async def test_script_is_sent_once(client: Any) -> None:
    first = await client.get("/widget.js")
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    again = await client.get("/widget.js", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304


def test_all_parts_are_in_the_script() -> None:
    assert {f"{part}.js" for part in PARTS} == {file.name for file in SOURCE.glob("*.js")}


SAYING = re.compile(r"(?<![\w.#])(?:say|put|label|tool)\(")
"""Calls whose quoted arguments are names of words; elements that ``put`` and ``label`` fill are made by ``el``."""
ATTRIBUTES = frozenset({"alt", "placeholder", "title"})
"""What ``label`` fills, beside aria-label."""
ROWS = re.compile(r'\["(row_\w+)",')


def named(source: str) -> Iterator[str]:
    """Yield the names of words that a part of the script says."""
    for call in SAYING.finditer(source):
        depth, end = 1, call.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(source[end], 0)
            end += 1
        said = source[call.end() : end - 1]
        if call.group() == "tool(":
            # tool(icon, words, what a click does): what it does says for itself
            said = said.split(",")[1] if '"' in said else ""
        found = re.findall(r'"(\w+)"', re.sub(r'el\("\w+".*?\)|\{.*?\}', "", said))
        yield from (name for name in found if name not in ATTRIBUTES)
    yield from ROWS.findall(source)


SAID = {name for file in SOURCE.glob("*.js") for name in named(file.read_text(encoding="utf-8"))}
STATES = {f"state_{state}" for state in STORED} | {"state_waits_materials"}
"""Said by a name that is put together: ``stamp`` of cards.js."""


def test_every_name_in_the_script_has_words_and_all_words_are_said() -> None:
    assert len(SAID) > 60, "the walk finds them"
    assert SAID - widget_words().keys() == set(), "a name without words"
    assert widget_words().keys() - SAID - STATES == set(), "words that nobody says"
    assert widget_words().keys() >= STATES, "a state without a stamp"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ('say("failed")', ["failed"]),
        ('say(on ? "elder_is_on" : "elder_is_off")', ["elder_is_on", "elder_is_off"]),
        ('put(el("span", { class: "x" }), "launcher")', ["launcher"]),
        ('say("with_person", { name: this.humanName ?? "x" })', ["with_person"]),
        ('tool("camera", "tool_photo", () => this.file.click())', ["tool_photo"]),
        ('label(el("img", { class: "x" }), "alt", "own_photo")', ["own_photo"]),
        ('label(this.log, "aria-label", "log");', ["log"]),
        ('rows([["row_due", card.due_text]])', ["row_due"]),
        ('this.#say("x"); item.say("y"); stamp(node, "z");', []),
    ],
)
def test_how_names_are_found(source: str, names: list[str]) -> None:
    assert list(named(source)) == names


SAID_ONCE = re.compile(r'(?:"aria-label"|\b(?:alt|title|placeholder))\s*[:=]\s*say\(')
"""An attribute that is said when it is made, and not again when the letters change."""


@pytest.mark.parametrize("file", sorted(SOURCE.glob("*.js")), ids=lambda f: f.name)
def test_attributes_follow_the_letters(file: Path) -> None:
    assert SAID_ONCE.findall(file.read_text(encoding="utf-8")) == [], "use label()"


@pytest.mark.parametrize(
    "line", ['{ "aria-label": say("log") }', 'alt: say("x")', 'input.placeholder = say("x")']
)
def test_the_check_of_attributes(line: str) -> None:
    assert SAID_ONCE.search(line) and not SAID_ONCE.search('label(node, "alt", "x")')


def test_both_forms_travel_in_the_script() -> None:
    text = widget_script().text
    for name, words in widget_words().items():
        assert all(form in text for form in words), name
    assert any(len(words) == 2 for words in widget_words().values())
    assert not LENT.keys() & forms("widget").keys(), "words of our own beside lent ones"


async def test_the_page_beside_it_says_its_words(client: Any) -> None:
    html = await (await client.get("/")).text()
    assert "<title>邻答 · 社区里的事，说一声就行</title>" in html
    assert "“居住证明找谁开？”" in html and "有人受伤、着火、燃气泄漏，请先打" in html


def test_script_depends_on_nothing_and_parses_no_html() -> None:
    text = widget_script().text
    assert not re.search(r"\bimport\b|\brequire\(|\beval\(|new Function", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", text)
    # The only address in it is the name of SVG's namespace.
    assert set(re.findall(r"https?://[^\s\"']+", text)) == {"http://www.w3.org/2000/svg"}
