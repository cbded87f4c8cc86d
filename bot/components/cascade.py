"""A text classifier in two stages: counts first, sentence vectors when the counts are not sure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

Vector = Callable[[], np.ndarray]

# Centred E5 vectors have a length of about 0.35; scaled they weigh as much as the counts.
_VECTOR_SCALE = 4.0
_TEMPERATURES = np.geomspace(0.15, 3.0, 30)


def _split(words: str) -> list[str]:
    return words.split(" ")


@dataclass
class _Stage:
    """One linear model with the temperature that makes its confidence honest."""

    weights: np.ndarray
    bias: np.ndarray
    temperature: float

    def probabilities(self, features: csr_matrix) -> np.ndarray:
        logits = (features @ self.weights.T + self.bias) / self.temperature
        return _softmax(np.asarray(logits))


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def _fit_linear(
    features: csr_matrix, labels: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    model = LogisticRegression(
        C=8.0, solver="liblinear", class_weight="balanced", tol=1e-3, max_iter=200, random_state=7
    )
    model.fit(features, labels)
    if classes == 2:  # scikit-learn keeps one row for two classes
        return np.vstack([-model.coef_, model.coef_]), np.hstack(
            [-model.intercept_, model.intercept_]
        )
    return model.coef_, model.intercept_


def _fit_stage(features: csr_matrix, labels: np.ndarray, classes: int) -> _Stage:
    """Fit on all rows; the temperature comes from rows that a twin model has not seen."""
    temperature = 0.5
    smallest = np.bincount(labels).min()
    if smallest >= 5:
        folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=7)
        train, held = next(iter(folds.split(features, labels)))
        weights, bias = _fit_linear(features[train], labels[train], classes)
        logits = np.asarray(features[held] @ weights.T + bias)
        losses = [
            -np.log(_softmax(logits / t)[np.arange(len(held)), labels[held]] + 1e-12).mean()
            for t in _TEMPERATURES
        ]
        temperature = float(_TEMPERATURES[int(np.argmin(losses))])
    weights, bias = _fit_linear(features, labels, classes)
    return _Stage(weights.astype(np.float32), bias.astype(np.float32), temperature)


@dataclass
class Cascade:
    """A trained classifier.

    Attributes:
        classes: labels in the order of the probabilities.
        trust_margin: with a larger gap between the two best, the first stage decides alone.
    """

    classes: list[str]
    trust_margin: float
    _chars: TfidfVectorizer
    _words: TfidfVectorizer
    _cheap: _Stage
    _full: _Stage

    @classmethod
    def fit(
        cls,
        texts: list[str],
        words: list[list[str]],
        vectors: np.ndarray,
        labels: list[str],
        trust_margin: float,
    ) -> Cascade:
        """Train both stages.

        Args:
            texts: messages.
            words: their words.
            vectors: their centred sentence vectors, one row each.
            labels: what each is; at least two different ones.
            trust_margin: see the class.

        Raises:
            ValueError: with fewer than two labels.
        """
        classes = sorted(set(labels))
        if len(classes) < 2:
            raise ValueError("a classifier needs at least two labels")
        numbers = np.array([classes.index(label) for label in labels])
        chars = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2)
        bag = TfidfVectorizer(
            tokenizer=_split, token_pattern=None, lowercase=True, sublinear_tf=True
        )
        counts = hstack(
            [chars.fit_transform(texts), bag.fit_transform([" ".join(w) for w in words])]
        ).tocsr()
        cheap = _fit_stage(counts, numbers, len(classes))
        both = hstack([counts, csr_matrix(vectors * _VECTOR_SCALE)]).tocsr()
        full = _fit_stage(both, numbers, len(classes))
        return cls(classes, trust_margin, chars, bag, cheap, full)

    def predict(self, text: str, words: list[str], vector: Vector | None) -> np.ndarray:
        """Probabilities of ``classes``; ``vector`` is called only when the counts are not sure."""
        counts = hstack(
            [self._chars.transform([text]), self._words.transform([" ".join(words)])]
        ).tocsr()
        cheap = self._cheap.probabilities(counts)[0]
        best = np.partition(cheap, -2)[-2:]
        if vector is None or best[1] - best[0] >= self.trust_margin:
            return cheap
        row = csr_matrix(vector()[None, :] * _VECTOR_SCALE)
        return self._full.probabilities(hstack([counts, row]).tocsr())[0]
