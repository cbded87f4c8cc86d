"""Trains a model with Rasa's graph and writes the archive.

Rasa's own ``rasa.model_training.train`` compares all examples with each other for every file it
reads and for every importer that wraps another, and fingerprints the output of every node for a
cache that a forced training never looks at: half of the time (docs/measurements.md). Here the same
graph runs without either.
"""

from __future__ import annotations

import copy
import logging
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rasa.engine.constants import PLACEHOLDER_IMPORTER
from rasa.engine.graph import ExecutionContext, GraphModelConfiguration
from rasa.engine.recipes.recipe import Recipe
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.storage.local_model_storage import (
    MODEL_ARCHIVE_COMPONENTS_DIR,
    MODEL_ARCHIVE_METADATA_FILE,
    LocalModelStorage,
)
from rasa.engine.storage.storage import ModelMetadata
from rasa.engine.validation import validate
from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.structures import StoryGraph
from rasa.shared.data import TrainingType
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.training_data.entities_parser import replace_entities
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.common import cached_method

from bot.command import Failure
from bot.model_archive import BrokenArchive, check
from bot.progress import tell
from bot.training_files import Example

logger = logging.getLogger(__name__)

#: Weights hardly shrink: level 9 takes four times as long as this for three per cent.
_COMPRESSION = 3


class _Importer(RasaFileImporter):
    """Rasa's importer with examples that have been read already, and everything read once.

    Without the wrappers for retrieval intents and end-to-end stories: we have neither.
    """

    def __init__(
        self, config: Path, domain: Path, rules: Sequence[Path], examples: Sequence[Example]
    ) -> None:
        super().__init__(str(config), str(domain), [str(folder) for folder in rules])
        self._examples = examples

    @cached_method
    def get_nlu_data(self, language: str | None = "zh") -> TrainingData:
        # Entities are found by rules: what an example marks as one is only text here.
        return TrainingData(
            [
                Message.build(replace_entities(e.text), e.intent, [], e.metadata or None)
                for e in self._examples
            ]
        )

    @cached_method
    def get_domain(self) -> Domain:
        return Domain.load(self._domain_path)

    @cached_method
    def get_stories(self, exclusion_percentage: int | None = None) -> StoryGraph:
        return super().get_stories(exclusion_percentage)


class _Storage(LocalModelStorage):
    """Rasa's storage, packing faster."""

    def create_model_package(
        self,
        model_archive_path: str | Path,
        model_configuration: GraphModelConfiguration,
        domain: Domain,
    ) -> ModelMetadata:
        metadata = self._create_model_metadata(domain, model_configuration)
        self._persist_metadata(metadata, self._storage_path)
        described = self._storage_path / MODEL_ARCHIVE_METADATA_FILE
        with tarfile.open(model_archive_path, "w:gz", compresslevel=_COMPRESSION) as archive:
            archive.add(described, MODEL_ARCHIVE_METADATA_FILE)
            for part in sorted(self._storage_path.iterdir()):
                if part != described:
                    archive.add(part, f"{MODEL_ARCHIVE_COMPONENTS_DIR}/{part.name}")
        return metadata


def train(
    config: Path,
    domain: Path,
    rules: Sequence[Path],
    examples: Sequence[Example],
    archive: Path,
    scratch: Path,
) -> None:
    """Train on ``examples`` and write ``archive``; it has been read back when this returns.

    Args:
        config: pipeline and policies.
        domain: what the dialogue knows.
        rules: folders with rules and stories.
        examples: what the understanding learns from.
        archive: the file to write; whoever calls moves it to its place.
        scratch: an empty folder for the components' files.

    Raises:
        Failure: the data or the settings do not make a model.
        OSError: a file cannot be written.
    """
    importer = _Importer(config, domain, rules, examples)
    try:
        settings = importer.get_config()
        recipe = Recipe.recipe_for_name(settings.get("recipe"))
        configuration = recipe.graph_config_for_recipe(
            settings, {}, training_type=TrainingType.BOTH, is_finetuning=False
        )
        validate(configuration)
        storage = _Storage(scratch)
        # A copy, taken first: nodes may change the importer's own.
        known = copy.deepcopy(importer.get_domain())
        if known.retrieval_intents:
            raise Failure("这里的训练不支持 retrieval intent，请用 rasa train。")
        _run(configuration, storage, importer)
    except Failure:
        raise
    except Exception as error:  # Rasa and the components raise of everything
        *_, cause = _causes(error)
        if isinstance(cause, OSError):
            raise cause from None
        logger.exception("linda.train.failed")
        raise Failure(f"训练没有完成（{type(cause).__name__}），详情见日志。") from error
    tell("pack", 0.0)
    storage.create_model_package(archive, configuration, known)
    tell("pack", 0.7)
    try:
        check(archive)
    except BrokenArchive as error:
        raise Failure(f"写好的模型读不回来：{error}。") from error
    tell("pack", 1.0)


def _run(configuration: GraphModelConfiguration, storage: _Storage, importer: Any) -> None:
    schema = configuration.train_schema
    runner = DaskGraphRunner.create(schema, storage, ExecutionContext(graph_schema=schema))
    runner.run(inputs={PLACEHOLDER_IMPORTER: importer})


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
