"""What is wrong with a label before it is saved, and what it contradicts. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from services.training.examples import Known, Mark
from services.training.labels import Labels
from services.training.spans import plain
from services.training.wording import Wording, pieces

Field = Literal["intent", "leaf", "entities", "text"]


@dataclass(frozen=True)
class Label:
    """What a person says that a sentence means; ``leaf`` is empty when the intent has none."""

    text: str
    intent: str
    leaf: str = ""
    marks: tuple[Mark, ...] = ()

    @property
    def topic(self) -> tuple[str, str]:
        """Intent and leaf."""
        return self.intent, self.leaf


@dataclass(frozen=True)
class Problem:
    """Something that speaks against a label.

    Attributes:
        code: For programs.
        message: One Chinese sentence.
        field: What to look at.
        refuses: It cannot be saved so; otherwise a person may say that it is meant.
    """

    code: str
    message: str
    field: Field
    refuses: bool = True

    def body(self) -> dict[str, Any]:
        """Return the JSON of the API."""
        return {
            "code": self.code, "message": self.message, "field": self.field,
            "refuses": self.refuses,
        }  # fmt: skip


def of_label(label: Label, labels: Labels) -> Iterator[Problem]:
    """Yield what is wrong with a label by itself."""
    intent = labels.intents.get(label.intent)
    if intent is None:
        yield Problem("unknown_intent", "请选居民想干什么。", "intent")
    elif label.leaf not in labels.leaves_of(label.intent):
        yield _wrong_leaf(label, labels)
    yield from of_marks(label.text, label.marks, labels.entities)


def _wrong_leaf(label: Label, labels: Labels) -> Problem:
    name = labels.intent_name(label.intent)
    if not label.leaf:
        return Problem("leaf_missing", f"“{name}”要选是哪一件事。", "leaf")
    leaf = labels.leaf_name(label.leaf)
    meant = labels.intent_of_card.get(label.leaf)
    if meant is not None and meant != label.intent:
        other = labels.intent_name(meant)
        return Problem("leaf_is_intent", f"“{leaf}”不用选事项，意图直接选“{other}”。", "leaf")
    if labels.intents[label.intent].leaf == "without":
        return Problem("leaf_not_wanted", f"“{name}”不带事项，请去掉“{leaf}”。", "leaf")
    return Problem("leaf_not_allowed", f"“{name}”不能配“{leaf}”，请换一个。", "leaf")


def of_marks(text: str, marks: Sequence[Mark], types: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what is wrong with marked words: they must be whole words, apart from each other."""
    for mark in marks:
        name = types.get(mark.type)
        if name is None:
            yield Problem("unknown_entity", "有一处标注的种类不认识，请重新标。", "entities")
            continue
        if mark.start >= mark.end:
            yield Problem("entity_empty", f"有一处“{name}”没有字，请重新标。", "entities")
            continue
        if mark.start < 0 or mark.end > len(text):
            yield Problem("entity_outside", f"有一处“{name}”标到句子外面了，请重新标。", "entities")
            continue
        fault = _border(text, mark)
        if fault is not None:
            code, why = fault
            yield Problem(code, f"{name}“{_words(text, mark)}”{why}", "entities")
    for one, other in pairwise(sorted(marks)):
        if other.start < one.end:
            both = f"“{_words(text, one)}”和“{_words(text, other)}”"
            yield Problem("entity_overlap", f"{both}叠在一起了，请去掉一个。", "entities")


def sound_marks(
    text: str, entities: Iterable[Mapping[str, Any]], types: Mapping[str, str]
) -> tuple[Mark, ...]:
    """Return what the model found as marks, without what a person could not mark so."""
    kept: list[Mark] = []
    for mark in sorted(Mark(e["start"], e["end"], e["type"]) for e in entities):
        if not list(of_marks(text, [*kept, mark], types)):
            kept.append(mark)
    return tuple(kept)


def _words(text: str, mark: Mark) -> str:
    return text[mark.start : mark.end]


def _border(text: str, mark: Mark) -> tuple[str, str] | None:
    first, last = text[mark.start], text[mark.end - 1]
    if first.isspace() or last.isspace():
        return "entity_blank", "前后多了空格。"
    if _is_punctuation(first) or _is_punctuation(last):
        return "entity_punctuation", "前后带了标点。"
    for at in (mark.start, mark.end):
        if 0 < at < len(text) and text[at - 1].isdigit() and text[at].isdigit():
            return "entity_in_number", "把一个号码切成了两半。"
    return None


def _is_punctuation(char: str) -> bool:
    # A dash or a number sign may begin or end what is meant (3#, -1层).
    return unicodedata.category(char)[0] == "P" and char not in "-－#＃"


def of_known(
    label: Label,
    known: Iterable[tuple[str, frozenset[str], Known]],
    wording: Wording,
    labels: Labels,
) -> Iterator[Problem]:
    """Yield sentences of the training data that are labelled otherwise.

    Args:
        known: Form, pieces and sentence each.
    """
    form, said = wording.form(label.text), _bare(label.text)
    mine = pieces(form)
    doubts: list[Problem] = []
    for other, theirs, sentence in known:
        example = sentence.example
        agrees = (example.intent, example.leaf) == label.topic
        if _bare(example.text) == said:
            if agrees:
                return  # it is there already, so what resembles it is known to differ
            name = topic_name(labels, example.intent, example.leaf)
            yield Problem(
                "contradicts_data",
                f"训练数据 {sentence.file} 里“{example.text}”标的是“{name}”，两样标会互相打架。"
                "要改，请技术人员先改那一句。",
                "text",
            )
        elif not agrees and 2 * len(mine & theirs) > len(mine | theirs):
            if wording.alike(form, other):
                name = topic_name(labels, example.intent, example.leaf)
                words = f"训练数据里差不多的“{example.text}”标的是“{name}”，请再看一眼。"
                doubts.append(Problem("near_data", words, "text", refuses=False))
    yield from doubts[:_DOUBTS]


_DOUBTS = 3
"""More sentences that say the same are no more help."""


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", plain(text)).casefold()


def topic_name(labels: Labels, intent: str | None, leaf: str | None) -> str:
    """Return ``报修投诉求助 · 楼道灯``."""
    return " · ".join(filter(None, (labels.intent_name(intent), labels.leaf_name(leaf))))
