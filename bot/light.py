"""Rasa without TensorFlow and other heavy imports, for a model that does not use them.

Rasa 3.6 imports TensorFlow (and what hangs on it) when its server starts, whatever the pipeline is:
about ten seconds and 400 MB that a model without DIET, TED or a response selector never uses; the
packages of other channels and stores cost some seconds more. For such a model this module answers
those imports with inert modules: classes can be derived from them
and decorators applied, which is all that Rasa's own modules do when they are imported. Nothing of
the model runs on them: :func:`needs_tensorflow` looks into the model first. Why: docs/adr/0008.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import sys
import tarfile
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HEAVY = (
    # TensorFlow components
    *("tensorflow", "keras", "tensorflow_addons", "tensorflow_hub", "tensorflow_text"),
    # plots of ``rasa test``
    "matplotlib",
    # tracker stores and model storage in somebody's cloud
    *("boto3", "botocore", "pymongo"),
    # other channels: only ours is in credentials.yml
    *("socketio", "slack_sdk", "twilio", "aiogram", "fbmessenger", "webexteamssdk"),
)
"""Packages that Rasa's server imports and our configuration never uses."""

LIGHT_COMPONENTS = (
    "bot.components.",
    "rasa.graph_components.",
    "rasa.nlu.tokenizers.jieba_tokenizer.",
    "rasa.nlu.classifiers.regex_message_handler.",
    "rasa.core.policies.rule_policy.",
    "rasa.core.policies.ensemble.",
)
"""Components known to run without TensorFlow; anything else gets the real one."""


def needs_tensorflow(model: Path) -> bool:
    """Whether any component of this model archive is outside :data:`LIGHT_COMPONENTS`."""
    with tarfile.open(model) as archive:
        member = next(m for m in archive if m.name.removeprefix("./") == "metadata.json")
        content = archive.extractfile(member)
        assert content is not None, "metadata.json is a file"
        metadata = json.load(content)
    uses = [node["uses"] for node in metadata["predict_schema"]["nodes"].values()]
    return not all(name.startswith(LIGHT_COMPONENTS) for name in uses)


class _InertType(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Inert


class _Inert(metaclass=_InertType):
    """Stands for any class, function or constant of an inert module."""

    def __new__(cls, *args: Any, **_kwargs: Any) -> Any:
        # A decorator without effect: @tf.function, @keras.register(...)
        if cls is _Inert and len(args) == 1 and callable(args[0]):
            return args[0]
        return super().__new__(cls)

    def __init__(self, *_args: Any, **_kwargs: Any) -> None: ...

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _Inert(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Inert

    def __class_getitem__(cls, _item: Any) -> Any:
        return cls


class _InertModule(types.ModuleType):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []  # a package to whoever imports from it

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Inert


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name.split(".")[0] not in HEAVY:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _InertModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None: ...


def without_tensorflow() -> None:
    """Answer imports of :data:`HEAVY` packages with inert modules, in this process only.

    Raises:
        RuntimeError: TensorFlow has been imported already.
    """
    if "tensorflow" in sys.modules:
        raise RuntimeError("TensorFlow is imported already")
    sys.meta_path.insert(0, _Finder())
