"""A text classifier in two stages: counts first, sentence vectors when the counts are not sure.

Everything is linear: one-against-rest support vectors (trained in seconds, and on short texts of
many classes better than logistic regression) with a temperature that makes confidences honest, and
beside them naive Bayes on the complement of each class. The two err on different messages, so their
geometric mean is better than either (docs/measurements.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

from bot.components.counting import Row, weighted
from bot.parallel import spread
from bot.progress import tell
from bot.understanding.signs import Seen
from bot.understanding.sounds import sounds

Vector = Callable[[], np.ndarray]

# Chosen by cross-validation and by the totals of the held-out sets. Centred E5 vectors have a length
# of about 0.35: scaled by 3 they weigh as much as the counts. Signs are few and would shout otherwise.
_VECTOR_SCALE = 3.0
# Main directions of the vectors that are kept: as many tell as much as all 384, in a third of the time.
_DIRECTIONS = 64
_SIGN_SCALE = 0.2
# The sound of the letters weighs nearly as much: homophones and voice input gain, the rest loses nothing.
_SOUND_SCALE = 0.8
# Messages in which syllables must stand together to count; among few messages one is enough.
_HEARD_OFTEN = 3
_FEW = 100
_C = 0.3
_TEMPERATURES = np.geomspace(0.05, 1.0, 25)
_FALLBACK_TEMPERATURE = 0.17
_ENOUGH_TO_CALIBRATE = 5
_NO_ZERO = 1e-4
_SMOOTHING = 0.1
# Shares of the opinions in the geometric mean, by the totals of the held-out sets. When the vector
# was asked for, the counts alone still have a say.
_SHARES_COUNTS = {"cheap": 0.7, "bayes": 0.3}
_SHARES_VECTOR = {"full": 0.5, "cheap": 0.2, "bayes": 0.3}
#: How much of the classifier's training is making samples; the rest is fitting.
SAMPLES_SHARE = 0.3


@dataclass(frozen=True)
class Sample:
    """One message: how it is seen, and its words."""

    seen: Seen
    words: Sequence[str]


def _split(words: str) -> list[str]:
    return words.split(" ")


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of each row."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def _gap(probabilities: np.ndarray) -> float:
    second, first = np.partition(probabilities, -2)[-2:]
    return float(first - second)


@dataclass
class _Counter:
    """Turns samples into counts of letters, of their sounds, of words and of signs."""

    letters: TfidfVectorizer
    sounds: TfidfVectorizer
    words: TfidfVectorizer
    signs: CountVectorizer

    @classmethod
    def fit(cls, samples: Sequence[Sample]) -> tuple[_Counter, csr_matrix]:
        counter = cls(
            TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2),
            TfidfVectorizer(
                analyzer="char",
                ngram_range=(2, 3),
                sublinear_tf=True,
                min_df=_HEARD_OFTEN if len(samples) > _FEW else 1,
            ),
            TfidfVectorizer(
                tokenizer=_split,
                token_pattern=None,
                ngram_range=(1, 2),
                min_df=2,
                sublinear_tf=True,
            ),
            CountVectorizer(tokenizer=_split, token_pattern=None, lowercase=False, binary=True),
        )
        letters = counter.letters.fit_transform([s.seen.masked for s in samples])
        heard = counter.sounds.fit_transform([sounds(s.seen.masked) for s in samples])
        words = counter.words.fit_transform([" ".join(s.words) for s in samples])
        signs = counter.signs.fit_transform([" ".join(s.seen.signs) for s in samples])
        return counter, hstack([letters, heard * _SOUND_SCALE, words, signs * _SIGN_SCALE]).tocsr()

    def row(self, sample: Sample) -> Row:
        """The counts of one message, the same as in the matrix of :meth:`fit`."""
        letters, words = len(self.letters.vocabulary_), len(self.words.vocabulary_)
        heard = len(self.sounds.vocabulary_)
        sound = weighted(self.sounds, sounds(sample.seen.masked))
        known = self.signs.vocabulary_
        signs = sorted({known[sign] for sign in sample.seen.signs if sign in known})
        return Row.joined(
            (
                (0, weighted(self.letters, sample.seen.masked)),
                (letters, Row(sound.indices, sound.values * _SOUND_SCALE)),
                (letters + heard, weighted(self.words, " ".join(sample.words))),
                (
                    letters + heard + words,
                    Row(np.array(signs, int), np.full(len(signs), _SIGN_SCALE)),
                ),
            )
        )


@dataclass
class _Stage:
    """A linear model over counts and, in the second stage, a sentence vector."""

    counts: np.ndarray
    dense: np.ndarray
    bias: np.ndarray
    temperature: float

    def probabilities(self, row: Row, vector: np.ndarray | None) -> np.ndarray:
        logits = _times(row, self.counts) + self.bias
        if vector is not None:
            logits = logits + (vector * _VECTOR_SCALE) @ self.dense
        return softmax(logits / self.temperature)


@dataclass
class _Bayes:
    """Naive Bayes on the complement of each class, over counts."""

    counts: np.ndarray

    @classmethod
    def fit(cls, features: csr_matrix, labels: np.ndarray) -> _Bayes:
        model = ComplementNB(alpha=_SMOOTHING).fit(features, labels)
        return cls(_half(model.feature_log_prob_.T))

    def probabilities(self, row: Row) -> np.ndarray:
        scores = _times(row, self.counts)
        # Its scores grow with the length of the message; only how they lie to each other counts.
        spread_out = float(scores.std()) or 1.0
        return softmax((scores - scores.max()) / spread_out)


def _half(weights: np.ndarray) -> np.ndarray:
    """Weights as they are kept: half precision, which halves the model and changes no decision."""
    return np.ascontiguousarray(weights, dtype=np.float16)


def _times(row: Row, weights: np.ndarray) -> np.ndarray:
    """``row @ weights`` by hand: scipy would copy the whole matrix for a row of thirty numbers."""
    return row.values.astype(np.float32) @ weights[row.indices].astype(np.float32)


def _fit_linear(
    features: csr_matrix, labels: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (features × classes) and bias."""
    model = LinearSVC(C=_C, class_weight="balanced", tol=1e-2, random_state=7)
    model.fit(features, labels)
    weights, bias = model.coef_.T, model.intercept_
    if classes == 2:  # scikit-learn keeps one row for two classes
        weights, bias = np.hstack([-weights, weights]), np.hstack([-bias, bias])
    return np.ascontiguousarray(weights, dtype=np.float32), bias.astype(np.float32)


def _fit_temperature(features: csr_matrix, labels: np.ndarray, classes: int) -> float:
    """The temperature that suits rows which a twin model has not seen."""
    if np.bincount(labels).min() < _ENOUGH_TO_CALIBRATE:
        return _FALLBACK_TEMPERATURE
    folds = StratifiedKFold(n_splits=_ENOUGH_TO_CALIBRATE, shuffle=True, random_state=7)
    train, held = next(iter(folds.split(features, labels)))
    weights, bias = _fit_linear(features[train], labels[train], classes)
    logits = np.asarray(features[held] @ weights + bias)
    losses = [
        -np.log(softmax(logits / t)[np.arange(len(held)), labels[held]] + 1e-12).mean()
        for t in _TEMPERATURES
    ]
    return float(_TEMPERATURES[int(np.argmin(losses))])


@dataclass
class _Head:
    """One question asked of the features: its labels and both stages."""

    classes: list[str]
    cheap: _Stage
    full: _Stage
    bayes: _Bayes

    def probabilities(self, row: Row, vector: np.ndarray | None) -> np.ndarray:
        """What all opinions together say; without a vector those that need none."""
        said = {
            "cheap": self.cheap.probabilities(row, None),
            "bayes": self.bayes.probabilities(row),
        }
        if vector is not None:
            said["full"] = self.full.probabilities(row, vector)
        shares = _SHARES_COUNTS if vector is None else _SHARES_VECTOR
        logs = sum(share * np.log(said[name] + 1e-9) for name, share in shares.items())
        return softmax(np.asarray(logs))


def _numbered(labels: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """The different labels in order, and the number of each row's."""
    classes = sorted(set(labels))
    if len(classes) < 2:
        raise ValueError("a classifier needs at least two labels")
    position = {label: i for i, label in enumerate(classes)}
    return classes, np.array([position[label] for label in labels])


def _fit_heads(
    counts: csr_matrix, vectors: np.ndarray, questions: Sequence[Sequence[str]]
) -> list[_Head]:
    """A head for each question: four fits each, all side by side."""
    both = hstack([counts, csr_matrix(vectors * _VECTOR_SCALE)]).tocsr()
    numbered = [_numbered(labels) for labels in questions]
    # The longest first: most classes, then most features, then all rows.
    order = sorted(range(len(questions)), key=lambda q: -len(numbered[q][0]))
    jobs = [
        (q, features, fit)
        for q in order
        for features in (both, counts)
        for fit in (_fit_linear, _fit_temperature)
    ]

    def work(number: int) -> Any:
        q, features, fit = jobs[number]
        classes, labels = numbered[q]
        return fit(features, labels, len(classes))

    fitted = spread(
        work, len(jobs), lambda share: tell("train", SAMPLES_SHARE + (1 - SAMPLES_SHARE) * share)
    )
    split = counts.shape[1]
    heads: dict[int, _Head] = {}
    for place, q in enumerate(order):
        (full, full_bias), full_heat, (cheap, cheap_bias), cheap_heat = fitted[4 * place :][:4]
        heads[q] = _Head(
            numbered[q][0],
            _Stage(_half(cheap), cheap[split:], cheap_bias, cheap_heat),
            _Stage(_half(full[:split]), full[split:], full_bias, full_heat),
            _Bayes.fit(counts, numbered[q][1]),
        )
    return [heads[q] for q in range(len(questions))]


def _main_directions(vectors: np.ndarray) -> np.ndarray:
    """The directions in which the vectors differ most, shape ``(dim, at most _DIRECTIONS)``.

    Rows of zeros are messages that were not encoded; they say nothing.
    """
    told = vectors[np.abs(vectors).sum(axis=1) > 0]
    _, found = np.linalg.eigh(told.T @ told)
    return np.ascontiguousarray(found[:, ::-1][:, :_DIRECTIONS], dtype=np.float32)


@dataclass(frozen=True)
class Opinion:
    """Probabilities of the labels and of the finer topics, in the order of the cascade's lists."""

    labels: np.ndarray
    topics: np.ndarray


@dataclass
class Cascade:
    """A trained classifier with two opinions about each message.

    One head learns the labels (intents), one the finer topics (leaves of the catalogue; a label
    without leaves is its own topic). A message that is clearly about the lamp in the stairwell is
    probably a complaint, whatever else it sounds like: the topics' view of the label is mixed in.

    Attributes:
        trust_margin: gap of the two best labels above which the first stage decides alone …
        topic_margin: … if the gap of the two best topics is above this one, too.
        topic_weight: 0–1, how much the topics' view counts (geometric mean).
    """

    trust_margin: float
    topic_margin: float
    topic_weight: float
    _counter: _Counter
    _directions: np.ndarray
    _labels: _Head
    _topics: _Head
    _share: np.ndarray

    @property
    def labels(self) -> list[str]:
        """The labels, in the order of ``Opinion.labels``."""
        return self._labels.classes

    @property
    def topics(self) -> list[str]:
        """The topics, in the order of ``Opinion.topics``."""
        return self._topics.classes

    @classmethod
    def fit(
        cls,
        samples: Sequence[Sample],
        vectors: np.ndarray,
        labels: Sequence[str],
        topics: Sequence[str],
        *,
        trust_margin: float,
        topic_margin: float,
        topic_weight: float,
    ) -> Cascade:
        """Train both stages of both heads.

        Args:
            samples: messages.
            vectors: their centred sentence vectors, one row each.
            labels: what each is; at least two different ones.
            topics: what each is about.
            trust_margin: see the class.
            topic_margin: see the class.
            topic_weight: see the class.

        Raises:
            ValueError: with fewer than two labels.
        """
        counter, counts = _Counter.fit(samples)
        directions = _main_directions(vectors)
        head, fine = _fit_heads(counts, vectors @ directions, [labels, topics])
        share = np.zeros((len(fine.classes), len(head.classes)), dtype=np.float32)
        for label, topic in zip(labels, topics, strict=True):
            share[fine.classes.index(topic), head.classes.index(label)] += 1
        share /= share.sum(axis=1, keepdims=True)
        return cls(trust_margin, topic_margin, topic_weight, counter, directions, head, fine, share)

    def predict(self, sample: Sample, vector: Vector | None) -> Opinion:
        """Both opinions; ``vector`` is called only when the counts are not sure."""
        row = self._counter.row(sample)
        cheap = self._opinion(row, None)
        sure = _gap(cheap.labels) >= self.trust_margin and _gap(cheap.topics) >= self.topic_margin
        if vector is None or sure:
            return cheap
        return self._opinion(row, vector() @ self._directions)

    def _opinion(self, row: Row, vector: np.ndarray | None) -> Opinion:
        labels = self._labels.probabilities(row, vector)
        topics = self._topics.probabilities(row, vector)
        told = topics @ self._share + _NO_ZERO
        mixed = labels ** (1 - self.topic_weight) * told**self.topic_weight
        return Opinion(mixed / mixed.sum(), topics)
