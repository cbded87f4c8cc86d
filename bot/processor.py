"""Rasa's agent and processor, knowing which model archive they run."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.core.nlg import NaturalLanguageGenerator, TemplatedNaturalLanguageGenerator
from rasa.core.processor import MessageProcessor
from rasa.engine.exceptions import GraphComponentException
from rasa.shared.core.trackers import DialogueStateTracker

from bot.components.entity_extractor import as_entity, reference_time
from bot.components.intent_classifier import QUICK
from bot.drafts import put_away
from bot.encoder.memory import VectorWanted, computed_elsewhere
from bot.graph_runner import DirectRunner
from bot.heard import MODEL
from bot.linda_channel import LindaOutput
from bot.model_archive import sha256_of
from bot.tracker_store import LindaTrackerStore
from bot.understanding import clauses, each_place
from bot.understanding.addresses import find_addresses
from bot.understanding.extract import extract_all, load_knowledge
from bot.understanding.foreign import as_chinese
from bot.understanding.repeats import said_once
from bot.understanding.scripts import simplify


class LindaProcessor(MessageProcessor):
    """One loaded model.

    Attributes:
        sha256: hex digest of the archive; each parse carries it as ``model``.
    """

    graph_runner: Any  # Rasa's own at first, then ours, which does the same for prediction
    nlg: NaturalLanguageGenerator

    def __init__(self, model_path: str | Path, **parts: Any) -> None:
        """Load the archive: about a second of processor time.

        Raises:
            Exception: whatever the archive's content makes Rasa raise.
        """
        super().__init__(model_path=model_path, **parts)
        self.sha256 = sha256_of(Path(model_path))
        self.graph_runner = DirectRunner(self.graph_runner)
        if isinstance(self.nlg, TemplatedNaturalLanguageGenerator):
            # Its own texts: a message under way ends with those of the model it began with.
            self.nlg = NaturalLanguageGenerator.create(None, self.domain)

    def moved(self, archive: Path) -> None:
        """The archive lies elsewhere now; Rasa's ``/status`` shows its name."""
        self.model_path, self.model_filename = archive, archive.name

    async def parse_message(
        self,
        message: UserMessage,
        tracker: DialogueStateTracker | None = None,
        only_output_properties: bool = True,
    ) -> dict[str, Any]:
        """Rasa's parse, which model it comes from, and the requests of a message that tells several.

        ``parts``: the parses of its pieces that are requests of their own; absent for one request.
        """
        parsed = await self._one(message, tracker, only_output_properties)
        parts = await self._parts(message, tracker)
        return {**parsed, MODEL: self.sha256, **({"parts": parts} if parts else {})}

    async def _parts(
        self, message: UserMessage, tracker: DialogueStateTracker | None
    ) -> list[dict[str, Any]]:
        """Most messages that could be cut tell one thing: the cheap model sees that at once."""
        text = message.text or ""
        if parts := await self._each_place(message, tracker):
            return parts
        pieces = clauses.split(text) if not text.startswith("/") else []
        if len(pieces) < 2:
            return []
        listed = clauses.is_listing(text)
        said = message.metadata or {}
        quick = [await self._piece(piece, {**said, QUICK: True}, tracker) for piece in pieces]
        if not clauses.may_be_several(quick, listed):
            return []
        parses = await asyncio.gather(*(self._piece(p, said, tracker) for p in pieces))
        return clauses.distinct(parses, listed)

    async def _each_place(
        self, message: UserMessage, tracker: DialogueStateTracker | None
    ) -> list[dict[str, Any]]:
        """A sentence for several places, as one request for each of them."""
        text, said = message.text or "", message.metadata or {}
        if text.startswith("/") or not each_place.may_list(text):
            return []
        names = load_knowledge(said.get("locality")).gazetteer
        sentences = each_place.apart(text, find_addresses(simplify(text), names))
        parses = [await self._piece(each, said, tracker) for each in sentences]
        return parses if len(parses) > 1 and clauses.same_for_each(parses) else []

    async def _piece(
        self, piece: str, metadata: dict[str, Any], tracker: DialogueStateTracker | None
    ) -> dict[str, Any]:
        return await self._one(UserMessage(piece, metadata=metadata), tracker)

    async def _one(
        self,
        message: UserMessage,
        tracker: DialogueStateTracker | None,
        only_output_properties: bool = True,
    ) -> dict[str, Any]:
        """Rasa's parse, of English and pinyin by what they mean (:mod:`bot.understanding.foreign`),
        of filler once (:mod:`bot.understanding.repeats`).
        """
        text = message.text or ""
        read = said_once(as_chinese(text)) if not text.startswith("/") else text
        if read == text:
            return await self._parse(message, tracker, only_output_properties)
        meant = UserMessage(read, metadata=message.metadata)
        parsed = await self._parse(meant, tracker, only_output_properties)
        return {**parsed, "text": text, "entities": _as_written(parsed, message)}

    async def _parse(
        self,
        message: UserMessage,
        tracker: DialogueStateTracker | None = None,
        only_output_properties: bool = True,
    ) -> dict[str, Any]:
        """Rasa's parse. When it needs a sentence vector, that is computed aside, and it begins anew:
        the rest of a parse costs a tenth of it.
        """
        while True:
            try:
                with computed_elsewhere():
                    parsed: dict[str, Any] = await super().parse_message(
                        message, tracker, only_output_properties
                    )
                    return parsed
            except GraphComponentException as error:
                if not isinstance(error.__cause__, VectorWanted):
                    raise
                wanted = error.__cause__
            await wanted.computed()

    def _check_for_unseen_features(self, parse_data: dict[str, Any]) -> None:
        """Rasa warns of labels that the domain lacks, and builds an empty domain to compare each time.

        ``tests/bot/test_training_data.py`` compares the labels with the domain once.
        """

    async def log_message(
        self, message: UserMessage, should_save_tracker: bool = True
    ) -> DialogueStateTracker:
        """As Rasa; our channel gets the tracker, which would else be read from the store again."""
        tracker = await super().log_message(message, should_save_tracker)
        if isinstance(message.output_channel, LindaOutput):
            message.output_channel.tracker = tracker
        return tracker


def _as_written(parsed: dict[str, Any], message: UserMessage) -> list[dict[str, Any]]:
    """The entities of a message that was read in other words, where they stand in its own.

    Of a type that its own words do not have, those of the other words count, without a place.
    """
    metadata = message.metadata or {}
    knowledge = load_knowledge(metadata.get("locality"))
    own = extract_all(message.text or "", reference_time(metadata), knowledge)
    types = {span.type for span in own}
    read = [e for e in parsed.get("entities") or [] if e.get("entity") not in types]
    moved = [e if e.get("entity") == "service" else {**e, "start": 0, "end": 0} for e in read]
    return [*map(as_entity, own), *moved]


class LindaAgent(Agent):
    """Rasa's agent with :class:`LindaProcessor`, whose model can be exchanged while it works."""

    def __init__(self, *, tracker_store: LindaTrackerStore, **parts: Any) -> None:
        """As Rasa, which hides the store behind one that cannot forget."""
        super().__init__(tracker_store=tracker_store, **parts)
        self._memory = tracker_store

    async def forget(self, sender_id: str) -> None:
        """Erase a conversation, between two messages: a turn that is under way would save it again."""
        async with self.lock_store.lock(sender_id):
            await self._memory.delete(sender_id)

    async def put_away(self, sender_id: str, round_: str) -> None:
        """Close the form that the message ``round_`` opened, between two messages; else nothing."""
        async with self.lock_store.lock(sender_id):
            tracker = await self._memory.retrieve(sender_id)
            events = put_away(tracker, round_) if tracker is not None else []
            if tracker is not None and events:
                tracker.update_with_events(events, self.domain)
                await self._memory.save(tracker)

    def prepare(self, model_path: str | Path) -> LindaProcessor:
        """Load a model beside the present one; for a thread, touches nothing that is in use."""
        return LindaProcessor(
            model_path,
            tracker_store=self.tracker_store,
            lock_store=self.lock_store,
            action_endpoint=self.action_endpoint,
            generator=self.nlg,
            http_interpreter=self.http_interpreter,
        )

    def take(self, processor: LindaProcessor) -> None:
        """Answer with ``processor`` from the next message on; the present ones end with theirs."""
        self.processor = processor
        self.domain = processor.domain
        self.tracker_store.domain = processor.domain
        self._set_fingerprint(processor.sha256)

    def load_model(self, model_path: str | Path, fingerprint: str | None = None) -> None:
        """Load and take in one step (start of the server)."""
        self.take(self.prepare(model_path))
