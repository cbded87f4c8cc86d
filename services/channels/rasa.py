"""The way to Rasa: one HTTP call a message."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import aiohttp
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

log = logging.getLogger(__name__)


class RasaAway(Exception):
    """Rasa could not be asked, or did not answer in time: ask again later."""


class RasaRefused(Exception):
    """Rasa answered with an error for this very message; asking again may not help."""


class Redirected(BaseModel):
    """The certificate instead of which somebody was shown where to go."""

    model_config = ConfigDict(extra="ignore")

    name: str = Field(min_length=1, max_length=100)
    leaf: str | None = Field(None, max_length=8)


class _Custom(BaseModel):
    model_config = ConfigDict(extra="ignore")

    card: dict[str, Any] | None = None
    ticket: dict[str, Any] | None = None
    redirected: Redirected | None = None

    @field_validator("redirected", mode="wrap")
    @classmethod
    def _or_nothing(cls, value: Any, check: ValidatorFunctionWrapHandler) -> Redirected | None:
        # The resident's answer must not be lost because of what is only counted.
        try:
            redirected: Redirected | None = check(value)
            return redirected
        except ValidationError as e:
            log.warning("redirected not readable: %s", [error["loc"] for error in e.errors()])
            return None


class _Button(BaseModel):
    model_config = ConfigDict(extra="ignore")

    title: str
    payload: str


class Reply(BaseModel):
    """One message of the bot."""

    model_config = ConfigDict(extra="ignore")

    text: str | None = None
    buttons: list[_Button] | None = None
    custom: _Custom | None = None


class Reading(BaseModel):
    """One way to understand a message; ``leaf`` may be ``none`` or ``-``, as in the training data."""

    model_config = ConfigDict(extra="ignore")

    intent: str | None = Field(None, max_length=40)
    leaf: str | None = Field(None, max_length=8)
    confidence: float = 0.0


class HeardEntity(BaseModel):
    """Words that the model found to mean something; offsets are code points, the end excluded."""

    model_config = ConfigDict(extra="ignore")

    type: str = Field(max_length=40)
    start: int = Field(ge=0)
    end: int
    value: Any = None


class Understood(BaseModel):
    """What the model understood of a message, and what was done (contract: Heard)."""

    model_config = ConfigDict(extra="ignore")

    text: str
    intent: str | None = Field(None, max_length=40)
    confidence: float | None = None
    uncertain: bool = False
    readings: list[Reading] = []
    leaf: str | None = Field(None, max_length=8)
    leaf_confidence: float | None = None
    entities: list[HeardEntity] = []
    actions: list[str] = []
    model: str | None = Field(None, max_length=64)

    @model_validator(mode="after")
    def _inside(self) -> Understood:
        if any(not e.start < e.end <= len(self.text) for e in self.entities):
            raise ValueError("an entity outside the text")
        return self


class OpenDraft(BaseModel):
    """The form that is open in the conversation, with everything said so far; see actions.forms.draft."""

    model_config = ConfigDict(extra="allow")

    form: str = Field(max_length=20)
    round: str = Field(max_length=80)
    values: dict[str, Any]


class Answer(BaseModel):
    """What Rasa says to a message."""

    model_config = ConfigDict(extra="ignore")

    messages: list[Reply]
    understood: Understood | None = None
    """None for anything but typed text, and from a Rasa that does not tell."""
    draft: OpenDraft | None = None
    """The form that is open after this answer."""

    @property
    def tells_draft(self) -> bool:
        """Whether Rasa said if a form is open; one that does not tell changes nothing."""
        return "draft" in self.model_fields_set

    @field_validator("understood", mode="wrap")
    @classmethod
    def _or_nothing(cls, value: Any, check: ValidatorFunctionWrapHandler) -> Understood | None:
        # The resident's answer must not be lost because of what is only kept for learning.
        try:
            understood: Understood | None = check(value)
            return understood
        except ValidationError as e:
            log.warning("understood not readable: %s", [error["loc"] for error in e.errors()])
            return None


@dataclass(frozen=True)
class RasaSettings:
    """Where Rasa is and how long to wait."""

    url: str
    token: str
    timeout_s: float


class RasaClient:
    """Calls ``POST /webhooks/linda/webhook`` of Rasa (docs/architecture.md, Gateway → Rasa)."""

    def __init__(self, settings: RasaSettings) -> None:
        self._settings = settings
        self._http: aiohttp.ClientSession | None = None

    async def send(self, body: dict[str, Any]) -> Answer:
        """Hand one message over and return the answer; RasaAway or RasaRefused otherwise."""
        url = f"{self._settings.url}/webhooks/linda/webhook"
        try:
            async with self._session().post(
                url, params={"token": self._settings.token}, json=body
            ) as response:
                raw = await response.read()
                status = response.status
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as e:
            raise RasaAway(type(e).__name__) from e
        if status in (401, 403, 404, 408, 429, 502, 503, 504):
            # Not about this message: a wrong token, a start that is not finished, an overload.
            raise RasaAway(f"HTTP {status}")
        if status != 200:
            raise RasaRefused(f"HTTP {status}")
        try:
            return Answer.model_validate_json(raw)
        except ValidationError as e:
            raise RasaRefused("unreadable answer") from e

    async def forget(self, sender: str) -> None:
        """Have a conversation forgotten; RasaAway or RasaRefused otherwise."""
        await self._tell("forget", {"sender": sender})

    async def put_away(self, sender: str, round_: str) -> None:
        """Have the form of this round closed, if it is open; RasaAway or RasaRefused otherwise."""
        await self._tell("put_away", {"sender": sender, "round": round_})

    async def _tell(self, what: str, body: dict[str, str]) -> None:
        url = f"{self._settings.url}/webhooks/linda/{what}"
        try:
            async with self._session().post(
                url, params={"token": self._settings.token}, json=body
            ) as response:
                status = response.status
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as e:
            raise RasaAway(type(e).__name__) from e
        if status != 200:
            raise RasaRefused(f"HTTP {status}")

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    def _session(self) -> aiohttp.ClientSession:
        # Made on first use: a client session needs the running event loop.
        if self._http is None:
            self._http = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._settings.timeout_s),
                connector=aiohttp.TCPConnector(limit=100),
            )
        return self._http
