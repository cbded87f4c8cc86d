"""How a message went, by rules that are data. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from math import log2
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.catalogue.files import read

Outcome = Literal[
    "answered", "clarified", "handed_off", "corrected", "redispatched", "off_topic", "useful",
    "suggested",
]  # fmt: skip

OUTCOME_NAMES: Mapping[str, str] = {  # the worst first
    "off_topic": "答非所问",
    "suggested": "同事说听错了",
    "redispatched": "工单改派",
    "corrected": "居民改口",
    "handed_off": "转了人工",
    "clarified": "反问了",
    "answered": "答了",
    "useful": "说有用",
}
ANY = "*"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _SaidSo(_Entry):
    intents: tuple[str, ...]
    words: str


class _TookBack(_Entry):
    denials: tuple[str, ...]
    words: str


class _Helped(_Entry):
    words: str


class _Danger(_Entry):
    words: str
    excepted: str


class OutcomeFile(_Entry):
    """``data/learning/outcomes.yml``."""

    version: int
    by_action: Mapping[Outcome, tuple[str, ...]]
    off_topic: _SaidSo
    corrected: _TookBack
    useful: _Helped
    redispatched: Mapping[str, Literal["always", "leaf"]]
    ticket_within_minutes: int
    within_minutes: int
    weights: Mapping[str, float]
    danger: _Danger


class Outcomes:
    """The rules, read once.

    Args:
        data_dir: The folder ``data``.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "learning" / "outcomes.yml"

    @cached_property
    def _rules(self) -> OutcomeFile:
        return read(self._path, OutcomeFile)

    @cached_property
    def within(self) -> timedelta:
        """How long after a message what follows is still about it."""
        return timedelta(minutes=self._rules.within_minutes)

    @cached_property
    def ticket_within(self) -> timedelta:
        """How long before a ticket was filed its matter was said."""
        return timedelta(minutes=self._rules.ticket_within_minutes)

    @property
    def watched(self) -> Collection[str]:
        """Events of tickets that may say something about what was understood."""
        return self._rules.redispatched.keys()

    def of_actions(self, actions: Sequence[str]) -> Outcome | None:
        """Return what the bot did about a message; None when it kept silent."""
        if not actions:
            return None
        for outcome, names in self._rules.by_action.items():
            if ANY in names or set(names) & set(actions):
                return outcome
        return None

    def of_next(self, text: str, intent: str | None, before: Collection[str]) -> Outcome | None:
        """Return what a message says about the one before it; None: nothing.

        Args:
            text: The later message.
            intent: Its intent.
            before: Outcomes of the earlier one so far.
        """
        said_so, took_back = self._rules.off_topic, self._rules.corrected
        if intent in said_so.intents or re.search(said_so.words, text):
            return "off_topic"
        asked = "clarified" in before
        if re.search(took_back.words, text.strip()) or (asked and intent in took_back.denials):
            return "corrected"
        helped = "answered" in before and re.search(self._rules.useful.words, text.strip())
        return "useful" if helped else None

    def redispatches(self, event: str, leaf: str | None, understood: str | None) -> bool:
        """Whether an event of a ticket says that the model had the wrong leaf.

        Args:
            event: Type of the event.
            leaf: Leaf that staff gave it, if they did.
            understood: Leaf that the model had heard.
        """
        rule = self._rules.redispatched.get(event)
        return rule == "always" or (rule == "leaf" and leaf is not None and leaf != understood)

    def suspicious(self, text: str, intent: str | None, readings: Collection[str]) -> bool:
        """Whether the model may have missed an emergency.

        Args:
            text: What was said.
            intent: What the model made of it.
            readings: All intents that it thought of.
        """
        if intent == "emergency":
            return False
        return "emergency" in readings or self._sounds_dangerous(text)

    def _sounds_dangerous(self, text: str) -> bool:
        danger = self._rules.danger
        for match in re.finditer(danger.words, text):
            # Looked for before and after the word: 没有|煤气味, 煤气中毒|怎么预防.
            if not re.search(danger.excepted, text[: match.start()]) and not re.search(
                danger.excepted, text[match.end() :]
            ):
                return True
        return False

    def score(self, uncertainty: float, residents: int, followed: Collection[str]) -> float:
        """Return how much a group is worth a look: doubt × number, more when it went wrong.

        A model that was sure and wrong is worth as much as one that was in doubt.
        """
        weights = [self._rules.weights.get(outcome, 0.0) for outcome in followed]
        wrong = max(weights, default=0.0) >= 1
        doubt = max(uncertainty, 0.5) if wrong else uncertainty
        return doubt * log2(1 + residents) * (1 + sum(weights))
