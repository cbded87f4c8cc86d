"""The intent, with an honest confidence and the readings to offer when it is not sure."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.cascade import SAMPLES_SHARE, Cascade, Opinion, Sample
from bot.components.emergency_guard import EMERGENCY, VERDICT, verdict_of
from bot.components.entity_extractor import spans_of
from bot.components.sentence_vectors import SENTENCE_VECTOR
from bot.parallel import spread
from bot.progress import tell
from bot.understanding.emergency import judge
from bot.understanding.plain_answers import plain_intent, says_nothing
from bot.understanding.scripts import simplify
from bot.understanding.signs import see
from bot.understanding.structures import structure_of

UNCERTAIN = "uncertain"
READINGS = "readings"
#: Message property: probability of each topic (a leaf, or an intent that has none).
TOPICS = "topics"
#: Metadata key: answer from the counts alone, without the encoder. For a first look at a piece.
QUICK = "quick"
_SAMPLE = "classifier_sample"
#: Pieces into which the training examples are cut, to spread them over the cores.
_PIECES = 16
#: No probability reaches it: a figure of speech (头都炸了) raises no alarm, it stays a reading.
NEVER = 2.0
#: How sure we are of a message that is only facts: enough to go on, not enough to interrupt a form.
_PLAIN_CONFIDENCE = 0.5
#: How sure we are of a message whose build says what it is.
_BUILD_CONFIDENCE = 0.9


def leaf_of(message: Message) -> str | None:
    """The leaf in the metadata of a training example's intent block."""
    metadata = message.get("metadata") or {}
    intent = metadata.get("intent") if isinstance(metadata, dict) else None
    leaf = intent.get("leaf") if isinstance(intent, dict) else None
    return str(leaf) if leaf is not None else None


def topic_name(intent: str, leaf: str | None) -> str:
    """Topic of an intent and its leaf. Danger has topics of its own: 燃气泄漏 now is not 停气."""
    if leaf is None:
        return intent
    return f"{EMERGENCY}:{leaf}" if intent == EMERGENCY else leaf


def topics_of(message: Message) -> dict[str, float]:
    """What the classifier thought the message is about; empty when it was not asked."""
    return message.get(TOPICS) or {}


def sample_of(message: Message) -> Sample:
    """A message as the classifiers see it; made once and kept on the message."""
    sample: Sample | None = message.get(_SAMPLE)
    if sample is None:
        text = simplify(message.get(TEXT))
        verdict = message.get(VERDICT) or judge(text)
        words = [t.text for t in message.get("text_tokens") or [] if t.text.strip()]
        sample = Sample(see(text, spans_of(message), verdict), words)
        message.set(_SAMPLE, sample)
    return sample


def samples_of(messages: Sequence[Message]) -> list[Sample]:
    """The samples of many messages, made on all cores: the entity rules take a millisecond each."""
    size = -(-len(messages) // _PIECES) or 1
    pieces = [messages[i : i + size] for i in range(0, len(messages), size)]
    made = spread(
        lambda number: [sample_of(m) for m in pieces[number]],
        len(pieces),
        lambda share: tell("train", SAMPLES_SHARE * share),
    )
    return [sample for piece in made for sample in piece]


def vector_of(message: Message) -> Any:
    """The call that computes the message's vector, or ``None`` without a featurizer."""
    lazy = message.get(SENTENCE_VECTOR)
    return lazy.get if lazy is not None else None


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentClassifier(GraphComponent):
    """Counts and, when these are not sure, sentence vectors.

    Sets ``intent``, ``intent_ranking``, ``uncertain`` and ``readings`` of each message. Order: what
    the emergency guard decided stays; a message of facts only (后天上午) is no request of its own;
    then the learned model, with a lower bar for danger than for anything else.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Thresholds, tuned by cross-validation and held-out totals (docs/measurements.md).

        ``trust_margin``, ``topic_margin``: gap of the two best intents, and of the two best
        topics, above which counts decide alone;
        ``topic_weight``: how much the leaf that is talked about says about the intent;
        ``weights``: factors on intents that training shows too few faces of;
        ``uncertain_below``, ``uncertain_margin``: when to ask instead of guessing;
        ``emergency_above``: learned probability that raises the alarm without a reviewed pattern;
        ``emergency_excluded_above``: the same when the patterns took the danger back (a drill), and
        for a message of fewer than ``short`` characters (“黄色的”), in which little is to be learned;
        ``emergency_calm_above``: the same when reviewed words only sound like danger (走不动道);
        ``emergency_grief_above``: the same when they tell of grief (老伴走了) or boredom, and of no wish to die;
        ``pattern_floor``: a pattern's alarm falls when the learned probability is below it: the
        words are there, but all of the message speaks of something else (“按键没反应”). On the
        held-out sets true alarms lie above 0.3. Below it danger is no likely reading either.
        """
        return {
            "trust_margin": 0.6,
            "topic_margin": 0.4,
            "topic_weight": 0.5,
            "weights": {"out_of_scope": 3.0},
            "uncertain_below": 0.4,
            "uncertain_margin": 0.12,
            "emergency_above": 0.2,
            "emergency_excluded_above": 0.5,
            "emergency_calm_above": 0.85,
            "emergency_grief_above": 0.97,
            "short": 8,
            "pattern_floor": 0.05,
            "ranking_length": 5,
        }

    def __init__(
        self,
        config: dict[str, Any],
        storage: ModelStorage,
        resource: Resource,
        model: Cascade | None = None,
    ) -> None:
        """``model`` is ``None`` before training."""
        self._config, self._storage, self._resource = config, storage, resource
        self._model = model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> IntentClassifier:
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
    ) -> IntentClassifier:
        """The trained component."""
        with model_storage.read_from(resource) as folder:
            model = pickle.loads((folder / "intents.pkl").read_bytes())
        return cls(config, model_storage, resource, model)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the intent examples.

        Raises:
            RasaException: with fewer than two intents.
        """
        messages = [m for m in training_data.intent_examples if m.get(TEXT)]
        try:
            self._model = Cascade.fit(
                samples_of(messages),
                np.stack([vector_of(m)() for m in messages]),
                [m.get(INTENT) for m in messages],
                [topic_name(m.get(INTENT), leaf_of(m)) for m in messages],
                trust_margin=float(self._config["trust_margin"]),
                topic_margin=float(self._config["topic_margin"]),
                topic_weight=float(self._config["topic_weight"]),
            )
        except ValueError as error:
            raise RasaException(f"Cannot train intents: {error}.") from error
        with self._storage.write_to(self._resource) as folder:
            (folder / "intents.pkl").write_bytes(pickle.dumps(self._model))
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Classify each message."""
        for message in messages:
            self._classify(message)
        return messages

    def _classify(self, message: Message) -> None:
        verdict = verdict_of(message)
        text = (message.get(TEXT) or "").strip()
        plain = plain_intent(text, spans_of(message)) if text else None
        sure = False
        if verdict.alarm and (verdict.sure or not self._speaks_of_something_else(message)):
            ranking, sure = [{"name": EMERGENCY, "confidence": 1.0}], True
        elif not text:
            ranking = [{"name": None, "confidence": 0.0}]
        elif plain is not None:
            ranking, sure = [{"name": plain, "confidence": _PLAIN_CONFIDENCE}], True
        else:
            bar = "emergency_excluded_above" if verdict.excluded else "emergency_above"
            if len(text) < int(self._config["short"]):
                bar = "emergency_excluded_above"
            if verdict.calm:
                bar = "emergency_calm_above"
            if verdict.grief:
                bar = "emergency_grief_above"
            above = NEVER if verdict.figure or verdict.lasting else float(self._config[bar])
            ranking = self._rank(message, above)
            sure = ranking[0]["name"] == EMERGENCY
            if not sure and (told := structure_of(simplify(text))):
                others = [r for r in ranking if r["name"] != told.intent]
                ranking = [{"name": told.intent, "confidence": _BUILD_CONFIDENCE}, *others]
                sure = True
        uncertain = not sure and (says_nothing(text) or self._is_uncertain(ranking))
        message.set(INTENT, ranking[0], add_to_output=True)
        message.set("intent_ranking", ranking, add_to_output=True)
        message.set(UNCERTAIN, uncertain, add_to_output=True)
        likely = [r for r in ranking if not self._faint_danger(r)]
        readings = [
            {"intent": r["name"], "leaf": None, "confidence": r["confidence"]}
            for r in likely[:3]
            if r["name"]
        ]
        message.set(READINGS, readings, add_to_output=True)

    def _faint_danger(self, ranked: dict[str, Any]) -> bool:
        """Whether danger is named that is no likely reading: nobody is asked about it."""
        faint = float(ranked["confidence"]) < float(self._config["pattern_floor"])
        return ranked["name"] == EMERGENCY and faint

    def _speaks_of_something_else(self, message: Message) -> bool:
        """Whether danger is all but impossible by everything learned; asked of a pattern's alarm."""
        assert self._model is not None
        if EMERGENCY not in self._model.labels:
            return False
        opinion = self._opinion_on(message)
        danger = float(opinion.labels[self._model.labels.index(EMERGENCY)])
        return danger < float(self._config["pattern_floor"])

    def _opinion_on(self, message: Message) -> Opinion:
        """What was learned says; the topics are kept on the message for the catalogue matcher."""
        assert self._model is not None
        quick = (message.get("metadata") or {}).get(QUICK)
        vector = None if quick else vector_of(message)
        opinion = self._model.predict(sample_of(message), vector)
        message.set(TOPICS, dict(zip(self._model.topics, map(float, opinion.topics), strict=True)))
        return opinion

    def _rank(self, message: Message, bar: float) -> list[dict[str, Any]]:
        """Intents with their confidence, best first; danger goes first from ``bar`` on."""
        assert self._model is not None
        opinion = self._opinion_on(message)
        classes = self._model.labels
        weights = self._config["weights"]
        scores = opinion.labels * np.array([float(weights.get(c, 1.0)) for c in classes])
        scores = scores / scores.sum()
        order = [int(i) for i in np.argsort(-scores)]
        if EMERGENCY in classes:
            index = classes.index(EMERGENCY)
            if scores[index] >= self._config["pattern_floor"]:
                order.remove(index)
                # Below the bar danger is asked about, not alarmed: it stays a reading, never the first.
                order.insert(0 if scores[index] >= bar else 1, index)
        order = order[: int(self._config["ranking_length"])]
        return [{"name": classes[i], "confidence": round(float(scores[i]), 4)} for i in order]

    def _is_uncertain(self, ranking: list[dict[str, Any]]) -> bool:
        best = ranking[0]["confidence"]
        second = ranking[1]["confidence"] if len(ranking) > 1 else 0.0
        return bool(
            best < self._config["uncertain_below"]
            or best - second < self._config["uncertain_margin"]
        )
