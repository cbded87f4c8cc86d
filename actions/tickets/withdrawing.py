"""Why a request is taken back, in the resident's own words (data/dialogue/withdraw.yml)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from actions.dialogue import load
from actions.forms.replies import agrees as agreed
from actions.forms.replies import bare
from actions.message import Message

PRESSED = "pressed"
"""Somebody talked the resident into it: looked into (被劝撤)."""
KEEP = "keep"
"""Code of the button that leaves the request as it is."""
GO = "go"
"""Code of the button that takes it back for the reason that was said."""

TELLS = 3
"""A shorter part of a sentence gives no reason."""
_PAUSE = re.compile(r"[，。！？、；,.!?;\s]+")


@dataclass(frozen=True)
class Withdrawing:
    """The file: reasons by code in the order they are read, buttons by kind of request."""

    reasons: dict[str, re.Pattern[str]]
    titles: dict[str, str]
    buttons: dict[str, list[str]]
    kind_titles: dict[str, dict[str, str]]
    wish: re.Pattern[str]
    keep: re.Pattern[str]
    untold: re.Pattern[str]
    agree: re.Pattern[str]
    loose: frozenset[str]
    longest: int


@lru_cache(maxsize=1)
def data() -> Withdrawing:
    """Read the file.

    Raises:
        KeyError: Something is missing in the file.
        re.error: A pattern is none.
    """
    raw: dict[str, Any] = load("withdraw")
    return Withdrawing(
        reasons={code: re.compile(str(row["words"])) for code, row in raw["reasons"].items()},
        titles={code: str(row["title"]) for code, row in raw["reasons"].items()},
        buttons=raw["buttons"],
        kind_titles=raw["titles"],
        wish=re.compile(raw["wish"]),
        keep=re.compile(raw["keep"]),
        untold=re.compile(raw["untold"]),
        agree=re.compile(raw["agree"]),
        loose=frozenset(raw["loose"]),
        longest=int(raw["longest"]),
    )


def buttons(kind: str) -> list[tuple[str, str]]:
    """Return (title, code) of the reasons offered for a kind: ``meal``, ``appointment``, ``other``."""
    known = data()
    special = known.kind_titles.get(kind, {})
    return [(special.get(code, known.titles[code]), code) for code in known.buttons[kind]]


def title(code: str) -> str | None:
    """Return the words of a reason, or None for what is no reason."""
    return data().titles.get(code)


def reason_in(text: str) -> str | None:
    """Return the code of the reason that the words give, or None."""
    words = bare(text)
    return next((code for code, p in data().reasons.items() if p.search(words)), None)


def only_wishes(text: str) -> bool:
    """Whether the words do nothing but wish to take it back (“会议室我不去了”): they give no reason."""
    parts = [bare(part) for part in _PAUSE.split(text)]
    return all(data().wish.search(part) for part in parts if len(part) >= TELLS)


def keeps(text: str) -> bool:
    """Whether the words leave the request as it is (“先不撤”, “还是修吧”)."""
    return bool(data().keep.search(bare(text)))


def agrees(text: str) -> bool:
    """Whether the words only agree to taking it back (“对”, “撤吧”)."""
    words = bare(text)
    return agreed(words) or bool(data().agree.search(words))


def untold(text: str) -> bool:
    """Whether the words take it back and keep the reason to themselves (“不想说为啥”)."""
    return bool(data().untold.search(bare(text)))


def answers(message: Message) -> bool:
    """Whether a typed message answers “why”: a reason, a yes or no, or short words of no other kind."""
    text = message.text
    if keeps(text) or agrees(text) or untold(text) or reason_in(text):
        return True
    short = 0 < len(bare(text)) <= data().longest
    return short and (message.uncertain or message.intent in data().loose)
