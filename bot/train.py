"""``python -m bot.train --out models/linda.tar.gz``: train the model from ``data/``, domain and config.

The same as ``rasa train --force --skip-validation`` (``make lint`` validates), without loading
TensorFlow when the configured pipeline needs none of it.
"""

from __future__ import annotations

import argparse
import logging
import sys
import warnings
from pathlib import Path

import yaml

from bot.light import LIGHT_COMPONENTS, without_tensorflow
from bot.settings import ROOT

LIGHT_NAMES = ("bot.components.", "JiebaTokenizer", "RulePolicy")
"""Names in ``config.yml`` that stand for one of :data:`bot.light.LIGHT_COMPONENTS`."""


def is_light(config: Path) -> bool:
    """Whether everything that this configuration names runs without TensorFlow."""
    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    parts = [*content["pipeline"], *content["policies"]]
    return all(str(part["name"]).startswith((*LIGHT_NAMES, *LIGHT_COMPONENTS)) for part in parts)


def main() -> None:
    """Train; the exit status is 0 only when the model file is there."""
    parser = argparse.ArgumentParser(description="训练对话模型")
    parser.add_argument("--config", type=Path, default=ROOT / "config.yml")
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "linda.tar.gz")
    arguments = parser.parse_args()
    if is_light(arguments.config):
        without_tensorflow()
    warnings.filterwarnings("ignore")

    import rasa.model_training
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.INFO)
    result = rasa.model_training.train(
        domain=str(ROOT / "domain.yml"),
        config=str(arguments.config),
        training_files=[str(ROOT / "data" / "nlu"), str(ROOT / "data" / "rules")],
        output=str(arguments.out.parent),
        force_training=True,
        fixed_model_name=arguments.out.name.removesuffix(".tar.gz"),
    )
    sys.exit(result.code or (0 if arguments.out.is_file() else 1))


if __name__ == "__main__":
    main()
