"""Complaints about people: told from reports and praise by reviewed words (data/dialogue/people.yml).

A classifier hears a name and “反映” and takes it for praise; praise goes to the named person. So praise
needs a word of praise, and a person beside a word of their conduct makes it a complaint, which never
reaches that person or their desk (《济南市12345市民服务热线条例》第三十二条).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from actions.dialogue import load, pattern
from actions.talk.contact import named_beside

DATA = "people"
LEAF = "M11"
"""服务态度投诉 of the catalogue."""
OTHER = "other"
TELLS = 8
"""So many characters and a word of what was done are more than a name."""
_SPACE = re.compile(r"\s+")


def about(text: str) -> str | None:
    """Return at which desk a person works whose conduct is complained of, or None.

    Args:
        text: The message as said.

    Returns:
        ``window``, ``grid``, ``property`` or ``other`` (somebody who is not placed yet).
    """
    words = _SPACE.sub("", text)
    found = next((desk for desk in _desks() if _complaint(desk).search(words)), None)
    return found or (_named_desk(words) if paid_back(words) else None)


def paid_back(text: str) -> bool:
    """Whether somebody is said to be made to suffer for having complained."""
    return bool(pattern(DATA, "retaliation").search(_SPACE.sub("", text)))


def _named_desk(words: str) -> str:
    return next((desk for desk, person in _desks().items() if re.search(person, words)), OTHER)


@lru_cache(maxsize=1)
def _desks() -> dict[str, str]:
    """Return the patterns of whose people somebody is, with the surnames, which are written once."""
    data: dict[str, Any] = load(DATA)
    return {d: p.replace("{surnames}", data["surnames"]) for d, p in data["desks"].items()}


@lru_cache(maxsize=8)
def _complaint(desk: str) -> re.Pattern[str]:
    data: dict[str, Any] = load(DATA)
    person, near = _desks()[desk], rf"[^。！？!?；;\n]{{0,{data['near']}}}?"
    return re.compile(
        rf"{data['accuse']}(?:{person})"
        rf"|(?:{person}){near}(?:{data['grievance']})"
        rf"|(?:{person})[^。\n]{{0,40}}?{data['pronoun']}"
    )


def praises(text: str) -> bool:
    """Whether the message holds a word of praise that is not taken back."""
    words = pattern(DATA, "no_praise").sub("", _SPACE.sub("", text))
    return about(text) is None and bool(pattern(DATA, "praise").search(words))


def reports(text: str) -> bool:
    """Whether words of a report or of something out of order stand in the message."""
    return bool(pattern(DATA, "report").search(text))


def graft(text: str) -> bool:
    """Whether money or favours are said to have been taken."""
    return bool(pattern(DATA, "graft").search(_SPACE.sub("", text)))


def named(text: str, name: str | None = None) -> str:
    """Return how the person was named (“小李”, “姓王的”, ``name``); empty when they were not.

    Args:
        text: The message as said.
        name: A person's name that was recognised in it.
    """
    if name:
        return name
    words = _SPACE.sub("", text)
    for desk in _desks().values():
        for person in re.finditer(rf"(?:{desk})(?:那个|叫|的)?", words):
            if full := named_beside(words[person.end() :]):
                return full
        found = re.search(rf"(?:{desk})({load(DATA)['called']})", words)
        if found:
            return re.sub(r"^(?:那个|这个|那位|叫|的)+", "", found.group(1))
    found = re.search(rf"^(?:是|就是)?({load(DATA)['called']})", words)
    return found.group(1) if found else ""


def tells_of(text: str) -> bool:
    """Whether an answer to “是哪一位” also tells what somebody did or said (“他说话难听，我去问他说没空”)."""
    words = _SPACE.sub("", text)
    return len(words) >= TELLS and bool(pattern(DATA, "tells_of").search(words))


def desk(text: str) -> str | None:
    """Return the desk that an answer to “是哪儿的人” names, or None."""
    words = _SPACE.sub("", text)
    answers = load(DATA)["desk_answers"]
    return next((d for d in answers if re.search(answers[d], words)), None)


def desk_name(which: str) -> str:
    """Return what a desk is called in the summary."""
    return str(load(DATA)["desk_names"][which])


def goes(which: str) -> str:
    """Return in words where a complaint about people of this desk goes, and whom it never reaches."""
    return str(load(DATA)["goes"][which])
