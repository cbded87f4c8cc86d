"""Takes a released model while the conversations go on.

The new model is fetched, checked, loaded beside the old one in a thread and tried out; only then the
next message is answered by it, and those under way end with the old one. Whatever goes wrong on the
way is told once, and the old model goes on.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.data import TrainingType

from bot.light import needs_tensorflow
from bot.model_archive import BrokenArchive, check
from bot.model_source import ModelSource, SourceAway, disk_error
from bot.processor import LindaAgent, LindaProcessor

logger = logging.getLogger(__name__)

REPORT_EVERY_S = 30.0
RETRY_AFTER_S = 60.0
"""How long a model that could not be taken is left alone, unless another one is released."""
RETRY_BROKEN_S = 10.0
"""The same after a broken download: the services were only restarted, most likely."""
_SWITCH_S = 0.0005
"""Python's switch interval while a model loads: with the default of 5 ms a message beside it waits
several times for its turn (measured: slowest parse 62 → 26 ms)."""

_TRIALS = (
    "你好",
    "三号楼二单元的楼道灯坏了好几天了",
    "低保怎么申请",
    "我住幸福小区，隔壁天天半夜唱歌，吵得一家人睡不着，跟他们说过也不听。" * 12,
)
"""Said to a new model before it is trusted: they prove that it works, and warm its caches."""


class UnfitModel(Exception):
    """The model must not be served; the text says why, in Chinese."""


@contextmanager
def polite_thread() -> Iterator[None]:
    """Hand over between threads more often, so that a message is not kept waiting."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


async def try_out(processor: LindaProcessor) -> None:
    """Parse some sentences and ask the policies what to do about each.

    Raises:
        UnfitModel: it cannot understand or not lead a conversation.
    """
    if processor.model_metadata.training_type != TrainingType.BOTH:
        raise UnfitModel("模型里只有理解或只有对话，不能单独使用")
    for text in _TRIALS:
        message = UserMessage(text, sender_id="trial", metadata={"kind": "text", "mode": "bot"})
        try:
            parsed = await processor.parse_message(message)
            said = UserUttered(
                text, parsed["intent"], parsed["entities"], parsed, metadata=message.metadata
            )
            events = [ActionExecuted("action_listen"), said]
            tracker = DialogueStateTracker.from_events("trial", events, processor.domain.slots)
            processor.predict_next_with_tracker(tracker)
        except Exception as error:
            raise UnfitModel(f"试运行没有通过（{type(error).__name__}）") from error
        if not parsed["intent"].get("name"):
            raise UnfitModel("试运行没有通过（听不懂任何话）")


class ModelWatch:
    """Asks for the released model again and again, and takes it.

    Attributes:
        agent: the agent whose model is exchanged.
        wanted: checksum of a released model that could not be taken, else ``None``.
        error: why, in Chinese.
    """

    def __init__(
        self,
        agent: LindaAgent,
        source: ModelSource,
        copy: Path,
        process: str,
        poll_s: float,
        *,
        light: bool,
    ) -> None:
        """Nothing is asked yet.

        Args:
            agent: has a model.
            source: where models come from.
            copy: file for the model that is served, used at the next start.
            process: name of this process, ``host:port``.
            poll_s: seconds between two questions.
            light: TensorFlow is switched off in this process (:mod:`bot.light`).
        """
        self.agent = agent
        self.wanted: str | None = None
        self.error: str | None = None
        self._source, self._copy, self._process = source, copy, process
        self._poll_s, self._light = poll_s, light
        self._retry_at = 0.0
        self._report_at = 0.0
        self._away: str | None = None

    @property
    def serving(self) -> str:
        """Checksum of the model that answers."""
        assert isinstance(self.agent.processor, LindaProcessor)
        return self.agent.processor.sha256

    async def run(self) -> None:
        """Go on until cancelled; no error ends it."""
        try:
            while True:
                try:
                    await self.look()
                    self._say_away(None)
                except SourceAway as error:
                    self._say_away(str(error))
                except Exception:  # the watch must outlive what nobody thought of
                    logger.exception("linda.model.watch_failed")
                await asyncio.sleep(self._poll_s)
        finally:
            await self._source.close()

    async def look(self) -> None:
        """Ask once; take what is new; report what is due.

        Raises:
            SourceAway: the services did not answer.
        """
        await self._ask()
        if time.monotonic() >= self._report_at:
            await self._source.tell(self.report())
            self._report_at = time.monotonic() + REPORT_EVERY_S

    def report(self) -> dict[str, Any]:
        """What the services are told."""
        return {
            "process": self._process,
            "model": self.serving,
            "state": "failed" if self.wanted else "serving",
            "wanted": self.wanted,
            "error": self.error,
        }

    async def _ask(self) -> None:
        resting = self.wanted if time.monotonic() < self._retry_at else None
        offer = await self._source.ask(resting or self.serving)
        if offer is None:
            if self.wanted and not resting:  # what is served is what is released
                self._settle(None, None)
            return
        if offer.sha256 in (self.serving, resting):
            offer.decline()
            if offer.sha256 == self.serving and self.wanted:
                self._settle(None, None)
            return
        fresh = self._copy.with_name(self._copy.name + ".part")
        try:
            fresh.parent.mkdir(parents=True, exist_ok=True)
            await offer.save(fresh)
            processor = await asyncio.to_thread(self._prepare, fresh)
            fresh.replace(self._copy)
            processor.moved(self._copy)
            self.agent.take(processor)
        except (BrokenArchive, UnfitModel) as error:
            self._settle(offer.sha256, str(error))
        except OSError as error:
            self._settle(offer.sha256, disk_error(error))
        except SourceAway as error:
            self._settle(offer.sha256, str(error), RETRY_BROKEN_S)
        else:
            self._settle(None, None)
            logger.info("linda.model.serving %s", self.serving)
        finally:
            fresh.unlink(missing_ok=True)

    def _prepare(self, archive: Path) -> LindaProcessor:
        """Check, load and try a model; runs in a thread."""
        check(archive)
        if self._light and needs_tensorflow(archive):
            raise UnfitModel("这个模型要用 TensorFlow，本进程没有加载它，重启后才能使用")
        with polite_thread():
            try:
                processor = self.agent.prepare(archive)
            except OSError:
                raise
            except (Exception, SystemExit) as error:  # Rasa exits on some of its own errors
                raise UnfitModel(f"模型加载失败（{type(error).__name__}）") from error
            asyncio.run(try_out(processor))
        return processor

    def _settle(self, wanted: str | None, error: str | None, rest_s: float = RETRY_AFTER_S) -> None:
        """Remember how the last attempt ended, say it if that is new, and report it soon."""
        if wanted and (wanted, error) != (self.wanted, self.error):
            logger.error("新模型 %s 没有启用：%s。继续使用原来的模型。", wanted[:12], error)
        self.wanted, self.error = wanted, error
        self._retry_at = time.monotonic() + rest_s
        self._report_at = 0.0

    def _say_away(self, reason: str | None) -> None:
        """Say once that the services are away, and once that they are back."""
        if reason and reason != self._away:
            logger.warning("暂时得不到新模型：%s。继续使用原来的模型。", reason)
        elif self._away and not reason:
            logger.info("又能得到新模型了。")
        self._away = reason
