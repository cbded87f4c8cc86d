"""The two-stage classifier: learns, is honest, and asks for a vector only when it must."""

import numpy as np
import pytest

from bot.components.cascade import Cascade, Sample
from bot.understanding.signs import Seen

LAMP = ["楼道灯坏了", "路灯不亮", "灯又坏了", "走廊灯不亮了", "灯一闪一闪", "楼梯灯坏了"]
WATER = ["停水了", "水管爆了", "水龙头没水", "家里没水", "水压太小", "自来水浑"]
AXIS = np.eye(4, dtype=np.float32)


def sample(text: str) -> Sample:
    return Sample(Seen(text, ("<len1>",)), list(text))


def fit(trust_margin: float) -> Cascade:
    vectors = np.vstack([AXIS[[0] * len(LAMP)], AXIS[[1] * len(WATER)]])
    labels = ["lamp"] * len(LAMP) + ["water"] * len(WATER)
    return Cascade.fit(
        [sample(t) for t in LAMP + WATER],
        vectors,
        labels,
        labels,
        trust_margin=trust_margin,
        topic_margin=0.0,
        topic_weight=0.4,
    )


def test_counts_decide_alone_when_they_are_sure() -> None:
    def never() -> np.ndarray:
        raise AssertionError("the vector was computed")

    model = fit(trust_margin=0.0)
    assert model.labels[int(model.predict(sample("灯坏了"), never).labels.argmax())] == "lamp"


def test_the_vector_decides_what_counts_cannot_know() -> None:
    model = fit(trust_margin=1.1)
    asked = [model.predict(sample("呜呜呜"), lambda i=i: AXIS[i]).labels.argmax() for i in (0, 1)]
    assert [model.labels[int(i)] for i in asked] == ["lamp", "water"]


def test_probabilities_sum_to_one() -> None:
    assert fit(0.5).predict(sample("停水"), None).labels.sum() == pytest.approx(1.0, abs=1e-5)


def test_one_label_cannot_be_learned() -> None:
    with pytest.raises(ValueError, match="two labels"):
        Cascade.fit(
            [sample("灯亮"), sample("灯灭")], AXIS[:2], ["x", "x"], ["x", "x"],
            trust_margin=0.5, topic_margin=0.0, topic_weight=0.4,
        )  # fmt: skip


def test_the_topic_helps_to_find_the_label() -> None:
    """Heard alone, 灯 and 水 sound alike here; what they are about decides."""
    texts = LAMP + WATER
    vectors = np.vstack([AXIS[[0] * len(LAMP)], AXIS[[1] * len(WATER)]])
    labels = ["complain"] * len(LAMP) + ["ask"] * len(WATER)
    topics = ["lamp"] * len(LAMP) + ["water"] * len(WATER)
    model = Cascade.fit(
        [sample(t) for t in texts],
        vectors,
        labels,
        topics,
        trust_margin=0.0,
        topic_margin=0.0,
        topic_weight=1.0,
    )
    opinion = model.predict(sample("灯"), None)
    assert model.labels[int(opinion.labels.argmax())] == "complain"
    assert model.topics[int(opinion.topics.argmax())] == "lamp"
