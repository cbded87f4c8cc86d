"""What holds in every conversation, whatever it is about: pure checks of what the bot said.

The rules are data (conversation_rules.yml). Which question an answer puts is seen by its words: the
texts of data/texts, plain and for elder mode, are read as patterns. A conversation that
has a reason to differ says so (``besides`` in tests/conversation.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
LOCALITIES = HERE.parent / "data" / "localities"
TEXTS = tuple(HERE.parent / "data" / "texts" / name for name in ("dialogue.yml", "words.yml"))
PLACEHOLDER = re.compile(r"\\\{\w+\\\}")


@dataclass(frozen=True)
class Bubble:
    """One message of the bot or of the system.

    Attributes:
        text: Its words.
        buttons: Titles of its buttons.
        notice: It tells what has happened elsewhere: its question is not one of this turn.
    """

    text: str
    buttons: tuple[str, ...] = ()
    notice: bool = False


@dataclass(frozen=True)
class Exchange:
    """A message of a resident and everything that came back at once."""

    said: str
    bubbles: tuple[Bubble, ...] = ()

    @property
    def text(self) -> str:
        """The bot's own words."""
        return "\n".join(b.text for b in self.bubbles if not b.notice)


@lru_cache(maxsize=1)
def rules() -> dict[str, Any]:
    """The data."""
    return dict(yaml.safe_load((HERE / "conversation_rules.yml").read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def catalogue() -> dict[str, list[str]]:
    """Return key → the plain form of a standard text and the one for elder mode."""
    raw: dict[str, Any] = {}
    for path in TEXTS:
        raw |= yaml.safe_load(path.read_text(encoding="utf-8"))
    return {k: [v] if isinstance(v, str) else list(v.values()) for k, v in raw.items()}


@lru_cache(maxsize=64)
def _pattern(keys: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern of all texts whose key fits one of ``keys``; what is filled in may be anything."""
    found = []
    for key, forms in catalogue().items():
        if any(fnmatch(key, each) for each in keys):
            found += [PLACEHOLDER.sub(".*?", re.escape(form.strip())) for form in forms]
    if not found:
        raise KeyError(f"no text is called {', '.join(keys)}")
    return re.compile("|".join(found), re.DOTALL)


@lru_cache(maxsize=1)
def words_in_need() -> frozenset[str]:
    """Every sentence of the cards of ``need``, of all localities, plain and for elder mode."""
    found: set[str] = set()
    for path in LOCALITIES.glob("*/hotlines.yml"):
        for card in yaml.safe_load(path.read_text(encoding="utf-8"))["cards"]:
            if card["leaf"] in rules()["need"]:
                found.update(_parts(card, rules()["need_parts"]))
    return frozenset(found)


def _parts(card: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    """Yield the texts that stand under one of these names, at any depth."""
    for name, found in card.items():
        if isinstance(found, Mapping):
            yield from _parts(found, names)
        elif name in names:
            yield from [found] if isinstance(found, str) else found


def unsorted() -> list[str]:
    """Return the questions (``ask_…``) of which the data does not say what they ask for."""
    known = [*rules()["closes"], *rules()["others"]]
    known += [key for slot in rules()["slots"].values() for key in slot["asks"]]
    asks = [key for key in catalogue() if key.startswith("ask_")]
    return [key for key in asks if not any(fnmatch(key, each) for each in known)]


def is_said(keys: Sequence[str], text: str) -> bool:
    """Say whether one of these texts is among the words."""
    return bool(_pattern(tuple(keys)).search(text))


def asked(text: str) -> list[str]:
    """Return what is asked for in these words, as names of ``slots``."""
    return [name for name, slot in rules()["slots"].items() if is_said(slot["asks"], text)]


# ── The rules; each yields what is wrong in words ────────────────────────────────────────────────


def questions(text: str) -> int:
    """Count the questions in these words, without the resident's own in quotes."""
    return len(re.findall(rules()["question"], re.sub(rules()["quoted"], "", text)))


def one_question(exchange: Exchange) -> Iterator[str]:
    """At most one question in an answer."""
    if (count := questions(exchange.text)) > 1:
        yield f"{count} questions at once"
    elif len(slots := asked(exchange.text)) > 1:
        yield f"asks for {' and '.join(slots)} at once"


def few_choices(exchange: Exchange) -> Iterator[str]:
    """At most three choices where several readings are possible."""
    for bubble in exchange.bubbles:
        if bubble.notice or not is_said(rules()["clarifies"], bubble.text):
            continue
        choices = [title for title in bubble.buttons if not re.search(rules()["ways_out"], title)]
        if len(choices) > rules()["choices"]:
            yield f"{len(choices)} choices: {', '.join(choices)}"


def no_way_out(exchange: Exchange) -> Iterator[str]:
    """No button leads away where a life is talked about."""
    titles = [title for bubble in exchange.bubbles for title in bubble.buttons]
    if titles and any(words in exchange.text for words in words_in_need()):
        yield f"buttons in need: {', '.join(titles)}"


def plain_words(exchange: Exchange) -> Iterator[str]:
    """Nothing of the machine; English only to who wrote no Chinese."""
    allowed = set(rules()["latin_allowed"])
    foreign = not re.search(rules()["chinese"], exchange.said)
    for bubble in exchange.bubbles:
        words = re.sub(rules()["quoted"], "", "\n".join((bubble.text, *bubble.buttons)))
        words = re.sub(rules()["address"], "", words)
        if found := re.search(rules()["technical"], words):
            yield f"technical text: {found[0]}"
        elif not foreign and (latin := set(re.findall(rules()["latin"], words)) - allowed):
            yield f"English: {', '.join(sorted(latin))}"


def fits_the_screen(exchange: Exchange, elder: bool) -> Iterator[str]:
    """No more than a phone shows."""
    most = rules()["screen"]["elder" if elder else "plain"]
    sizes = []
    for bubble in exchange.bubbles:
        words = re.sub(rules()["quoted"], "", bubble.text)
        fits = most["card" if words.startswith(rules()["card"]) else "bubble"]
        sizes.append(len(words))
        if len(words) > fits:
            yield f"a bubble of {len(words)} characters, {fits} fit"
    if sum(sizes) > most["turn"]:
        yield f"{sum(sizes)} characters at once, {most['turn']} fit"
    buttons = max((len(b.buttons) for b in exchange.bubbles), default=0)
    if buttons > most["buttons"]:
        yield f"{buttons} buttons, {most['buttons']} fit"


@dataclass
class Form:
    """What one resident was asked and has told since their last form ended.

    Attributes:
        open: What was asked last, and in which words.
        closed: What was asked and then followed by something else: it is answered.
        said: The resident's messages.
    """

    open: str = ""
    words: str = ""
    closed: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)


def asked_again(exchanges: Sequence[Exchange]) -> Iterator[tuple[str, str]]:
    """Yield what was asked for though it had been told, and in what words it was asked.

    A question that follows itself is the same one, still open: it comes again behind an aside, or
    in other words. The very same words alone, with nothing to say why, are a fault.
    """
    slots = rules()["slots"]
    form = Form()
    for exchange in exchanges:
        form.said.append(exchange.said)
        text = exchange.text
        if is_said(rules()["ends"], text):
            form = Form()
        now = asked(text)
        for name in now:
            slot = slots[name]
            told = slot.get("given") and is_said(slot.get("open", slot["asks"]), text)
            if name in form.closed and name != form.open:
                yield name, text
            elif told and re.search(slot["given"], "\n".join(form.said)):
                yield name, text
            elif name == form.open and text == form.words:
                yield name, text
        closes = is_said(rules()["closes"], text)
        if form.open and (closes or (now and form.open not in now)):
            form.closed.add(form.open)
        if now or closes:
            form.open, form.words = (now[0] if now else ""), text


RULES = {
    "questions": one_question,
    "choices": few_choices,
    "need": no_way_out,
    "words": plain_words,
}


def is_rule(name: str) -> bool:
    """Say whether a conversation may declare an exception under this name."""
    slot = name.removeprefix("again ")
    return name in (*RULES, "screen") or (slot != name and slot in rules()["slots"])


def broken(
    exchanges: Sequence[Exchange], elder: bool = False, besides: Mapping[str, str] | None = None
) -> list[str]:
    """Return every rule that an exchange of one resident breaks, with the words it concerns.

    Args:
        exchanges: In their order.
        elder: The conversation is in large type.
        besides: Exceptions: name of a rule (``questions``, ``choices``, ``need``, ``words``, ``screen``,
            ``again place``) → reason.
    """
    besides = besides or {}
    found = []
    for exchange in exchanges:
        checks = {name: rule(exchange) for name, rule in RULES.items()}
        checks["screen"] = fits_the_screen(exchange, elder)
        for name, wrong in checks.items():
            if name not in besides:
                found += [f"{each} – after “{exchange.said}”: {exchange.text}" for each in wrong]
    for name, text in asked_again(exchanges):
        if f"again {name}" not in besides:
            found.append(f"asks again for {name}: {text}")
    return found
