"""Training and held-out messages: no contradictions, no leaks, only labels of the contract."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from sklearn.feature_extraction.text import CountVectorizer

ROOT = Path(__file__).resolve().parents[2]
MIN_EXAMPLES = 15
MAX_OVERLAP = 0.6
"""Largest allowed Jaccard overlap of character 5-grams between a held-out and a training text."""


def bare(text: str) -> str:
    """The text without punctuation and spaces."""
    return re.sub(r"[\W_]", "", text)


def grams(text: str) -> set[str]:
    text = bare(text)
    return {text[i : i + 5] for i in range(max(1, len(text) - 4))}


@cache
def training() -> list[tuple[str, str, str | None]]:
    """(text, intent, leaf) of everything under data/nlu."""
    found = []
    for file in sorted((ROOT / "data" / "nlu").glob("*.yml")):
        for block in yaml.safe_load(file.read_text())["nlu"]:
            leaf = (block.get("metadata") or {}).get("leaf")
            for line in block["examples"].splitlines():
                if line.strip():
                    found.append((line.strip().removeprefix("- "), block["intent"], leaf))
    return found


@cache
def held_out() -> list[dict[str, Any]]:
    """Rows of all held-out files."""
    files = sorted((ROOT / "tests" / "heldout").glob("*.jsonl"))
    return [json.loads(line) for f in files for line in f.read_text().splitlines() if line]


def known() -> tuple[set[str], set[str], set[str]]:
    """Intents, leaves and entity types that exist."""
    domain = yaml.safe_load((ROOT / "domain.yml").read_text())
    leaves = {
        card["id"]
        for file in (ROOT / "data" / "catalogue").glob("*.yml")
        for card in yaml.safe_load(file.read_text())["cards"]
    }
    entities = {next(iter(e)) if isinstance(e, dict) else e for e in domain["entities"]}
    return set(domain["intents"]), leaves | {"none", "-"}, entities


def test_the_contract_has_31_intents_and_95_leaves() -> None:
    intents, leaves, _ = known()
    assert len(intents) == 31
    assert len(leaves - {"none", "-"}) == 95


def test_every_intent_has_enough_examples() -> None:
    intents, _, _ = known()
    counts = Counter(intent for _, intent, _ in training())
    assert {i: counts[i] for i in intents if counts[i] < MIN_EXAMPLES} == {}


def test_labels_exist() -> None:
    intents, leaves, entities = known()
    for text, intent, leaf in training():
        assert intent in intents and (leaf is None or leaf in leaves), text
    for row in held_out():
        assert row["intent"] in intents and row.get("intent2", row["intent"]) in intents, row
        for leaf in (row.get("leaf"), row.get("leaf2")):
            assert leaf is None or leaf in leaves, row
        for entity in row.get("entities", []):
            assert entity["type"] in entities
            assert 0 <= entity["start"] < entity["end"] <= len(row["text"]), row


def test_no_text_is_there_twice_or_under_two_intents() -> None:
    counts = Counter(bare(text) for text, _, _ in training())
    assert [text for text, n in counts.items() if n > 1] == []


def test_no_held_out_text_is_near_a_training_text() -> None:
    learnt, held = [text for text, _, _ in training()], [row["text"] for row in held_out()]
    # Every pair at once: tens of millions of them, of which few share a gram.
    vectors = CountVectorizer(analyzer=grams, binary=True)
    shared = (vectors.fit(learnt + held).transform(held) @ vectors.transform(learnt).T).tocoo()
    own, other = (np.array([len(grams(text)) for text in texts]) for texts in (held, learnt))
    overlap = shared.data / (own[shared.row] + other[shared.col] - shared.data)
    near = overlap > MAX_OVERLAP
    assert [
        (held[h], learnt[t]) for h, t in zip(shared.row[near], shared.col[near], strict=True)
    ] == []


@pytest.mark.parametrize(
    "file", sorted((ROOT / "tests" / "heldout").glob("*.jsonl")), ids=lambda f: f.name
)
def test_held_out_texts_are_different_from_each_other(file: Path) -> None:
    texts = [bare(json.loads(line)["text"]) for line in file.read_text().splitlines()]
    assert len(texts) == len(set(texts))
