"""How webhooks are sent, as data (``data/webhooks.yml``)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.tickets.views import EVENT_TEXTS
from services.yaml_files import read_yaml


class Rules(BaseModel):
    """The whole file.

    Attributes:
        pauses_s: Seconds before each further attempt; after the last one a message is dead.
        holding_attempts: So many failures of a message hold back those behind it.
        limit_s: Seconds that a receiver has for its answer.
        rotation_hours: How long a replaced secret still signs beside the new one.
        kept_days: Days that a delivered message stays; a dead one three times as long.
        events: Events of a ticket that can be subscribed to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pauses_s: tuple[float, ...] = Field(min_length=1)
    holding_attempts: int = Field(ge=1)
    limit_s: float = Field(gt=0, le=30)
    rotation_hours: int = Field(ge=1)
    kept_days: int = Field(ge=1)
    events: tuple[str, ...] = Field(min_length=1)

    @field_validator("pauses_s")
    @classmethod
    def _growing(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if list(value) != sorted(value) or value[0] <= 0:
            raise ValueError("webhooks.yml 的 pauses_s 要大于0，一次比一次长")
        return value

    @field_validator("events")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := set(value) - set(EVENT_TEXTS):
            raise ValueError(f"webhooks.yml 里没有这些事件：{'、'.join(sorted(unknown))}")
        return value

    def pause(self, attempts: int) -> timedelta | None:
        """Return how long to wait after so many failed attempts; ``None``: no more attempts."""
        if attempts > len(self.pauses_s):
            return None
        return timedelta(seconds=self.pauses_s[attempts - 1])


def load_rules(path: Path) -> Rules:
    """Read the rules.

    Raises:
        ValueError: The file is malformed; the message says where.
    """
    return Rules.model_validate(read_yaml(path.read_text(encoding="utf-8")))
