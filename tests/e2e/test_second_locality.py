"""Another town is another folder of data: the same program answers with its names and numbers only.

Conversations with a system of its own for ``rongxi``; no answer, ticket or sheet of it may hold a
name or a number that only the first locality has.
"""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conversation import FOLDER, ROOMY, Malformed, Talk, read_all
from tests.stack import ROOT, Stack

LOCALITIES = ROOT / "data" / "localities"
HERE, OTHER = "rongxi", "qinghe"
CONVERSATIONS = read_all(FOLDER / HERE)
_NAMES = re.compile(r"[\u4e00-\u9fff]{3,}")
_PHONES = re.compile(r"\d{3,4}-\d{8}")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One started system for the second locality, on SQLite."""
    stack = Stack(tmp_path_factory.mktemp(HERE), LINDA_LOCALITY=HERE, **ROOMY)
    stack.start()
    yield stack
    stack.stop()


def names(locality: str) -> set[str]:
    """What is called something in a locality: places, units, staff, the county; and all its phones."""
    folder, found = LOCALITIES / locality, set[str]()
    read = {
        name: yaml.safe_load((folder / f"{name}.yml").read_text("utf-8"))
        for name in ("locality", "places", "orgs", "accounts")
    }
    rows = [row for part in read.values() for row in _rows(part)]
    found |= {str(row["name"]) for row in rows if row.get("name")}
    found |= {str(read["locality"]["street"]), str(read["locality"]["name"])}
    for path in folder.glob("*.yml"):
        found |= set(_PHONES.findall(path.read_text("utf-8")))
    return {name for name in found if _PHONES.fullmatch(name) or _NAMES.search(name)}


def _rows(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        for value in part.values():
            yield from _rows(value)
    elif isinstance(part, list):
        for value in part:
            yield from _rows(value)


OWN = sorted(names(HERE), key=len, reverse=True)
FOREIGN = names(OTHER) - names(HERE)


def foreign(text: str) -> list[str]:
    """Return the names and numbers of the first locality in these words.

    Its own may hold one of the other's (蓉城安居物业, 安居物业).
    """
    for name in OWN:
        text = text.replace(name, "")
    return sorted(name for name in FOREIGN if name in text)


def test_the_two_localities_have_names_and_numbers_of_their_own() -> None:
    assert {
        "青禾县",
        "向阳街道",
        "清河社区",
        "幸福小区",
        "青禾县燃气公司",
        "0439-00000001",
    } <= FOREIGN
    assert foreign("请到清河社区，电话0439-00000005") == ["0439-00000005", "清河社区"]
    assert foreign("请到锦苑社区，电话028-00000005，找蓉城安居物业") == []


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda c: getattr(c, "name", str(c)))
def test_conversation_of_the_second_locality(system: Stack, conversation: Any) -> None:
    assert not isinstance(conversation, Malformed), conversation
    talk = Talk(system, conversation)
    wrong, tickets = "", ""
    try:
        talk.hold()
        tickets = json.dumps(
            [system.ticket(each["ticket_no"]) for each in talk.own_tickets()], ensure_ascii=False
        )
    except AssertionError as error:
        wrong = str(error)
    if wrong:
        pytest.fail(wrong, pytrace=False)
    said = "\n".join(text for who, text, _ in talk.lines if who == "邻答")
    assert foreign(said) == [] and foreign(tickets) == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/notice/refusal?kind=健在证明", ["锦屏街道办事处", "028-00000010", "资格认证"]),
        ("/s/B1/notice", ["蓉溪县民政局", "028-00000016"]),
    ],
)
def test_what_is_printed_and_shown_is_of_this_town(
    system: Stack, path: str, words: list[str]
) -> None:
    with urllib.request.urlopen(system.url + urllib.parse.quote(path, safe="/?=")) as answer:
        html = answer.read().decode()
    assert [w for w in words if w not in html] == []
    assert foreign(html) == []


def test_these_conversations_are_not_held_with_the_first_locality() -> None:
    others = [path for path in Path(FOLDER).glob("*.yml") if path.stem == "town"]
    assert len(CONVERSATIONS) >= 8 and others == []
