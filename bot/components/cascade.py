"""A text classifier in two stages: counts first, sentence vectors when the counts are not sure.

Both stages are linear (one-against-rest support vectors: trained in seconds, and on short texts of
many classes better than logistic regression) with a temperature that makes confidences honest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from bot.understanding.signs import Seen

Vector = Callable[[], np.ndarray]

# Chosen by cross-validation over the training texts. Centred E5 vectors have a length of about
# 0.35: scaled by 3 they weigh as much as the counts. Signs are few and would shout otherwise.
_VECTOR_SCALE = 3.0
_SIGN_SCALE = 0.2
_C = 0.3
_TEMPERATURES = np.geomspace(0.05, 1.0, 25)
_FALLBACK_TEMPERATURE = 0.17
_ENOUGH_TO_CALIBRATE = 5


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


@dataclass
class _Counter:
    """Turns samples into counts of letters, words and signs."""

    letters: TfidfVectorizer
    words: TfidfVectorizer
    signs: CountVectorizer

    @classmethod
    def fit(cls, samples: Sequence[Sample]) -> tuple[_Counter, csr_matrix]:
        counter = cls(
            TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2),
            TfidfVectorizer(tokenizer=_split, token_pattern=None, sublinear_tf=True),
            CountVectorizer(tokenizer=_split, token_pattern=None, lowercase=False, binary=True),
        )
        letters = counter.letters.fit_transform([s.seen.masked for s in samples])
        words = counter.words.fit_transform([" ".join(s.words) for s in samples])
        signs = counter.signs.fit_transform([" ".join(s.seen.signs) for s in samples])
        return counter, hstack([letters, words, signs * _SIGN_SCALE]).tocsr()

    def transform(self, sample: Sample) -> csr_matrix:
        letters = self.letters.transform([sample.seen.masked])
        words = self.words.transform([" ".join(sample.words)])
        signs = self.signs.transform([" ".join(sample.seen.signs)])
        return hstack([letters, words, signs * _SIGN_SCALE]).tocsr()


@dataclass
class _Stage:
    """A linear model over counts and, in the second stage, a sentence vector."""

    counts: np.ndarray
    dense: np.ndarray
    bias: np.ndarray
    temperature: float

    def probabilities(self, row: csr_matrix, vector: np.ndarray | None) -> np.ndarray:
        # By hand: scipy would copy the whole weight matrix for a row of thirty numbers.
        logits = row.data.astype(np.float32) @ self.counts[row.indices] + self.bias
        if vector is not None:
            logits = logits + (vector * _VECTOR_SCALE) @ self.dense
        return softmax(logits / self.temperature)


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


def _fit_stage(features: csr_matrix, labels: np.ndarray, classes: int, split: int) -> _Stage:
    """Fit on all rows; the temperature comes from rows that a twin model has not seen."""
    temperature = _FALLBACK_TEMPERATURE
    if np.bincount(labels).min() >= _ENOUGH_TO_CALIBRATE:
        folds = StratifiedKFold(n_splits=_ENOUGH_TO_CALIBRATE, shuffle=True, random_state=7)
        train, held = next(iter(folds.split(features, labels)))
        weights, bias = _fit_linear(features[train], labels[train], classes)
        logits = np.asarray(features[held] @ weights + bias)
        losses = [
            -np.log(softmax(logits / t)[np.arange(len(held)), labels[held]] + 1e-12).mean()
            for t in _TEMPERATURES
        ]
        temperature = float(_TEMPERATURES[int(np.argmin(losses))])
    weights, bias = _fit_linear(features, labels, classes)
    return _Stage(weights[:split], weights[split:], bias, temperature)


@dataclass
class Cascade:
    """A trained classifier.

    Attributes:
        classes: labels in the order of the probabilities.
        trust_margin: with a larger gap between the two best, the first stage decides alone.
    """

    classes: list[str]
    trust_margin: float
    _counter: _Counter
    _cheap: _Stage
    _full: _Stage

    @classmethod
    def fit(
        cls,
        samples: Sequence[Sample],
        vectors: np.ndarray,
        labels: Sequence[str],
        trust_margin: float,
    ) -> Cascade:
        """Train both stages.

        Args:
            samples: messages.
            vectors: their centred sentence vectors, one row each.
            labels: what each is; at least two different ones.
            trust_margin: see the class.

        Raises:
            ValueError: with fewer than two labels.
        """
        classes = sorted(set(labels))
        if len(classes) < 2:
            raise ValueError("a classifier needs at least two labels")
        position = {label: i for i, label in enumerate(classes)}
        numbers = np.array([position[label] for label in labels])
        counter, counts = _Counter.fit(samples)
        both = hstack([counts, csr_matrix(vectors * _VECTOR_SCALE)]).tocsr()
        split = counts.shape[1]
        cheap = _fit_stage(counts, numbers, len(classes), split)
        full = _fit_stage(both, numbers, len(classes), split)
        return cls(classes, trust_margin, counter, cheap, full)

    def predict(self, sample: Sample, vector: Vector | None) -> np.ndarray:
        """Probabilities of ``classes``; ``vector`` is called only when the counts are not sure."""
        row = self._counter.transform(sample)
        cheap = self._cheap.probabilities(row, None)
        best = np.partition(cheap, -2)[-2:]
        if vector is None or best[1] - best[0] >= self.trust_margin:
            return cheap
        return self._full.probabilities(row, vector())
