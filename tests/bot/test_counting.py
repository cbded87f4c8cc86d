"""Counting one message by hand gives what scikit-learn gives."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.components.counting import Row, weighted

TEXTS = ["楼道灯坏了，灯坏了三天", "低保怎么申请", "灯 又 坏 了"]


@pytest.fixture(scope="module")
def vectorizer() -> TfidfVectorizer:
    made = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    made.fit(TEXTS)
    return made


@pytest.mark.parametrize("text", [*TEXTS, "灯灯灯灯", "没有一个字认得", ""])
def test_a_row_is_what_the_vectorizer_makes_of_the_text(
    vectorizer: TfidfVectorizer, text: str
) -> None:
    row = weighted(vectorizer, text)
    dense = np.zeros(len(vectorizer.vocabulary_))
    dense[row.indices] = row.values
    assert np.allclose(dense, vectorizer.transform([text]).toarray()[0])


def test_rows_side_by_side_keep_their_columns() -> None:
    left, right = Row(np.array([1]), np.array([0.5])), Row(np.array([0, 2]), np.array([1.0, 2.0]))
    joined = Row.joined(((0, left), (10, right)))
    assert joined.indices.tolist() == [1, 10, 12]
    assert joined.values.tolist() == [0.5, 1.0, 2.0]
