"""Which service of the catalogue: the classifier's topics plus retrieval over the cards.

The classifier knows the leaves it was trained on; the intent says which of them can be meant. Retrieval reads ``data/catalogue`` as it is now,
so a card that was added a minute ago is found before the next training.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.components.counting import weighted
from bot.components.emergency_guard import EMERGENCY, verdict_of
from bot.components.intent_classifier import READINGS, leaf_of, topic_name, topics_of
from bot.understanding.cards import Card, catalogue_stamp, load_cards
from bot.understanding.scripts import simplify
from bot.understanding.structures import Structure, structure_of

#: A complaint that no leaf fits, and danger without one; never given out as a service.
NO_LEAF = frozenset(("none", "-"))
#: Message property: the likeliest leaves with their confidence, those of ``NO_LEAF`` among them.
LEAVES = "leaves"
#: Intents with one leaf of their own.
FIXED_LEAF = {"book_meal": "C1"}
#: Chapters in which a leaf without training examples may be meant.
_CHAPTERS = {
    "report_problem": "BCFGHIJ",
    "ask_service": "ABCDEFGJ",
    "request_certificate": "A",
    "book_service": "CEFJK",
}
OTHER_INTENT = 0.6
"""How much a leaf counts that the first intent cannot have."""
EITHER = 0.4
"""How much the first of several leaves counts that a sentence may be about alike: not enough to be understood."""
UNTOLD = 0.02
"""At most so much counts a leaf beside them; and so much less than the first count the others."""
_CHECK_EVERY_S = 5.0
_REPORTS = frozenset("HI")


@dataclass
class _Retrieval:
    """TF-IDF over the phrases of all cards.

    Attributes:
        cards: leaves in order.
        firsts: where each card's phrases begin.
        vectorizer: counts the pieces of phrases.
        postings: features × phrases.
        unheard: cards without examples.
        unheard_by: features that no training text has → the cards without examples that have them.
    """

    cards: list[str]
    firsts: np.ndarray
    vectorizer: TfidfVectorizer
    postings: csr_matrix
    unheard: list[str]
    unheard_by: dict[int, list[str]]

    @classmethod
    def build(cls, cards: list[Card], trained: frozenset[str], heard: str) -> _Retrieval | None:
        """``trained``: leaves with examples; ``heard``: all training texts."""
        spoken = [card for card in cards if card.phrases]
        if not spoken:
            return None
        vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
        matrix = vectorizer.fit_transform([phrase for card in spoken for phrase in card.phrases])
        firsts = np.cumsum([0, *(len(card.phrases) for card in spoken)])[:-1]
        analyze, known = vectorizer.build_analyzer(), vectorizer.vocabulary_
        unheard = [card for card in spoken if card.id not in trained]
        unheard_by: defaultdict[int, list[str]] = defaultdict(list)
        for card in unheard:
            pieces = {piece for phrase in card.phrases for piece in analyze(phrase)}
            for piece in pieces:
                if piece not in heard:
                    unheard_by[known[piece]].append(card.id)
        ids = [card.id for card in unheard]
        return cls(
            [card.id for card in spoken],
            firsts,
            vectorizer,
            matrix.T.tocsr(),
            ids,
            dict(unheard_by),
        )

    def scores(self, text: str) -> dict[str, float]:
        """How near the message is to each card.

        Of a card with examples the cosine of its best phrase; what a message is about the classifier
        knows better. Of a card without, more: words that it shares with the message and that no
        training text has are words on which the classifier's opinion is worth nothing.
        """
        row, postings = weighted(self.vectorizer, text), self.postings
        similarity = np.zeros(postings.shape[1])
        shared = dict.fromkeys(self.unheard, 0.0)
        for feature, value in zip(row.indices.tolist(), row.values.tolist(), strict=True):
            for leaf in self.unheard_by.get(feature, ()):
                shared[leaf] += value * value
            held = slice(postings.indptr[feature], postings.indptr[feature + 1])
            similarity[postings.indices[held]] += value * postings.data[held]
        best = np.maximum.reduceat(similarity, self.firsts)
        scores = dict(zip(self.cards, best.tolist(), strict=True))
        for leaf, squares in shared.items():
            scores[leaf] = scores[leaf] ** 1.5 + squares**0.5
        return scores


def _as_built(told: Structure, scores: dict[str, float]) -> dict[str, float]:
    """Scores of leaves when a sentence's build names one for sure, or a few of which it may be any."""
    if not told.or_leaves:
        return {**scores, told.leaf: 1.0}
    first, *others = (told.leaf, *told.or_leaves)
    fainter = {leaf: min(score, UNTOLD) for leaf, score in scores.items()}
    return {**fainter, first: EITHER, **dict.fromkeys(others, EITHER - UNTOLD)}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class CatalogueMatcher(GraphComponent):
    """Sets the ``service`` entity: best leaf, confidence, and the alternatives."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """``retrieval_weight``: share of the cards' words; ``minimum``: a leaf below this
        confidence is not named; ``alternatives``: how many."""
        return {"retrieval_weight": 0.2, "minimum": 0.05, "alternatives": 3}

    def __init__(
        self,
        config: dict[str, Any],
        storage: ModelStorage,
        resource: Resource,
        leaves: dict[str, list[str]] | None = None,
        heard: str = "",
    ) -> None:
        """``leaves``: those seen in training under each intent; ``heard``: the training texts."""
        self._config, self._storage, self._resource = config, storage, resource
        self._leaves = leaves or {}
        self._heard = heard
        self._all_leaves = frozenset(leaf for found in self._leaves.values() for leaf in found)
        self._cards: dict[str, Card] = {}
        self._retrieval: _Retrieval | None = None
        self._possible: dict[str | None, set[str]] = {}
        self._stamp = -1.0
        self._checked = -_CHECK_EVERY_S

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> CatalogueMatcher:
        """A new component for training."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> CatalogueMatcher:
        """The trained component."""
        with model_storage.read_from(resource) as folder:
            leaves = json.loads((folder / "leaves.json").read_text(encoding="utf-8"))
            heard = (folder / "heard.txt").read_text(encoding="utf-8")
        matcher = cls(config, model_storage, resource, leaves, heard)
        matcher._refresh()
        return matcher

    def train(self, training_data: TrainingData) -> Resource:
        """Remember which leaves each intent has in the examples, and the examples' words."""
        leaves: dict[str, set[str]] = defaultdict(set)
        for message in training_data.intent_examples:
            leaf = leaf_of(message)
            if leaf:
                leaves[message.get(INTENT)].add(leaf)
        self._leaves = {intent: sorted(found) for intent, found in leaves.items()}
        texts = (message.get(TEXT) for message in training_data.intent_examples)
        with self._storage.write_to(self._resource) as folder:
            (folder / "leaves.json").write_text(json.dumps(self._leaves), encoding="utf-8")
            (folder / "heard.txt").write_text("\n".join(filter(None, texts)), encoding="utf-8")
        return self._resource

    def _refresh(self) -> None:
        """Read the cards again when a file has changed; looked at every few seconds."""
        now = time.monotonic()
        if now - self._checked < _CHECK_EVERY_S:
            return
        self._checked = now
        stamp = catalogue_stamp()
        if stamp != self._stamp:
            cards = load_cards()
            self._cards = {c.id: c for c in cards}
            self._retrieval = _Retrieval.build(cards, self._all_leaves, self._heard)
            self._possible = {}
            self._stamp = stamp

    def process(self, messages: list[Message]) -> list[Message]:
        """Name the service of each message and of its other readings."""
        self._refresh()
        for message in messages:
            if message.get(TEXT):
                self._match(message)
        return messages

    def _match(self, message: Message) -> None:
        intent = (message.get(INTENT) or {}).get("name")
        intents = {intent, *(reading["intent"] for reading in message.get(READINGS) or ())}
        found = {}
        if self._retrieval and any(self._allowed(i) for i in intents - FIXED_LEAF.keys()):
            found = self._retrieval.scores(simplify(message.get(TEXT)))
        ranked = self._ranked(message, intent, found)
        limit = int(self._config["alternatives"])
        likeliest = [
            {"value": leaf, "confidence": round(score, 4)} for leaf, score in ranked[: limit + 1]
        ]
        message.set(LEAVES, likeliest, add_to_output=True)
        for reading in message.get(READINGS) or []:
            same = reading["intent"] == intent
            best = ranked if same else self._ranked(message, reading["intent"], found)
            reading["leaf"] = best[0][0] if best and best[0][0] not in NO_LEAF else None
        if not ranked or ranked[0][0] in NO_LEAF:
            return
        (leaf, confidence), others = ranked[0], ranked[1:]
        entity = {
            "entity": "service",
            "value": leaf,
            "confidence": round(confidence, 4),
            "alternatives": [
                {"value": other, "confidence": round(score, 4)}
                for other, score in others
                if other not in NO_LEAF
            ][:limit],
            "start": 0,
            "end": len(message.get(TEXT)),
            "text": message.get(TEXT),
            "extractor": "CatalogueMatcher",
        }
        message.set(ENTITIES, [*message.get(ENTITIES, []), entity], add_to_output=True)

    def _ranked(
        self, message: Message, intent: str | None, found: dict[str, float]
    ) -> list[tuple[str, float]]:
        """Leaves that ``intent`` can have, best first; empty when it has none.

        ``found``: how near the words of each card are.
        """
        if intent in FIXED_LEAF:
            return [(FIXED_LEAF[intent], 1.0)]
        allowed = self._allowed(intent)
        if not allowed:
            return []
        scores = self._combined(message, str(intent), allowed, found)
        verdict = verdict_of(message)
        if intent == EMERGENCY and verdict.alarm and verdict.leaf:
            scores[verdict.leaf] = 1.0
        told = structure_of(simplify(message.get(TEXT)))
        if told and told.intent == intent and told.leaf in allowed:
            scores = _as_built(told, scores)
        ranked = sorted(scores.items(), key=lambda item: -item[1])
        if not ranked or (ranked[0][1] < self._config["minimum"] and intent != EMERGENCY):
            return []
        return ranked

    def _allowed(self, intent: str | None) -> set[str]:
        if intent not in self._possible:
            self._possible[intent] = self._possible_with(intent)
        return self._possible[intent]

    def _possible_with(self, intent: str | None) -> set[str]:
        if intent is None:
            return set()
        trained = set(self._leaves.get(intent, ()))
        if intent not in _CHAPTERS:
            return trained
        new = {c for c in self._cards if c[:1] in _CHAPTERS[intent] and c not in self._all_leaves}
        if intent != "report_problem":
            new = {c for c in new if c[:1] not in _REPORTS}
        return trained | new

    def _combined(
        self, message: Message, intent: str, allowed: set[str], found: dict[str, float]
    ) -> dict[str, float]:
        weight = float(self._config["retrieval_weight"])
        learned = topics_of(message)
        topics = {leaf: topic_name(intent, leaf) for leaf in allowed}
        known = {leaf: learned[name] for leaf, name in topics.items() if name in learned}
        # The intent may be wrong: a leaf that only another one can have stays in the list, further
        # down, so that the dialogue can offer it.
        for name, probability in learned.items():
            leaf = name.removeprefix(f"{EMERGENCY}:")
            if leaf not in known and leaf in self._all_leaves:
                known[leaf] = probability * OTHER_INTENT
        # Restricted by the intent, but not blown up: if all allowed leaves are unlikely, say so.
        total = max(sum(known.values()), 0.5)
        scores = {}
        for leaf in {*allowed, *known}:
            similarity = found.get(leaf, 0.0)
            if leaf in known:
                scores[leaf] = (1 - weight) * known[leaf] / total + weight * similarity
            else:
                # A card without examples yet has only its words, so these count in full.
                scores[leaf] = similarity
        return scores
