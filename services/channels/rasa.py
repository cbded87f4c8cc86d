"""The way to Rasa: one HTTP call a message."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import aiohttp
from pydantic import BaseModel, ConfigDict, ValidationError

log = logging.getLogger(__name__)


class RasaAway(Exception):
    """Rasa could not be asked, or did not answer in time: ask again later."""


class RasaRefused(Exception):
    """Rasa answered with an error for this very message; asking again may not help."""


class _Custom(BaseModel):
    model_config = ConfigDict(extra="ignore")

    card: dict[str, Any] | None = None
    ticket: dict[str, Any] | None = None


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


class _Answer(BaseModel):
    messages: list[Reply]


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

    async def send(self, body: dict[str, Any]) -> list[Reply]:
        """Hand one message over and return the replies; RasaAway or RasaRefused otherwise."""
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
            return _Answer.model_validate_json(raw).messages
        except ValidationError as e:
            raise RasaRefused("unreadable answer") from e

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
