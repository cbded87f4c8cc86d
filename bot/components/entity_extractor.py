"""Entities by rules (``bot.understanding``), with normalised values."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.understanding.extract import extract_all, load_knowledge
from bot.understanding.span import Span

SHANGHAI = timezone(timedelta(hours=8))
_SPANS = "entity_spans"


def reference_time(metadata: dict[str, Any] | None) -> datetime:
    """``now`` of the message's metadata (ISO 8601), else the real time in China."""
    said = (metadata or {}).get("now")
    if said:
        try:
            moment = datetime.fromisoformat(str(said).replace("Z", "+00:00"))
            return moment.astimezone(SHANGHAI) if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
        except ValueError:
            pass  # a wrong clock of a client must not cost the message
    return datetime.now(SHANGHAI)


def spans_of(message: Message) -> list[Span]:
    """The entities of ``message``: found once, also for training examples, and kept on it."""
    spans: list[Span] | None = message.get(_SPANS)
    if spans is None:
        metadata = message.get("metadata") or {}
        knowledge = load_knowledge(metadata.get("locality"))
        spans = extract_all(message.get(TEXT), reference_time(metadata), knowledge)
        message.set(_SPANS, spans)
    return spans


def as_entity(span: Span) -> dict[str, Any]:
    """A span in Rasa's form."""
    return {
        "entity": span.type,
        "start": span.start,
        "end": span.end,
        "value": span.value,
        "text": span.text,
        "confidence": span.confidence,
        "extractor": "EntityExtractor",
    }


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class EntityExtractor(GraphComponent):
    """All entity types but ``service``, which the catalogue matcher sets."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> EntityExtractor:
        """Nothing to configure: names come from ``data/localities``."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the entities of each message."""
        for message in messages:
            if message.get(TEXT):
                found = [as_entity(s) for s in spans_of(message)]
                message.set(ENTITIES, message.get(ENTITIES, []) + found, add_to_output=True)
        return messages
