"""How Rasa calls the action server: patiently, and never half.

Rasa's own endpoint opens a new connection for each call, and when the action server does not answer
Rasa goes on without the action: the resident's sentence is swallowed. Here a call is repeated while
the supervisor brings the server back (actions are idempotent: their writes carry a key), and when
it stays away the whole turn is given up before anything of it is stored, so that the gateway can
send the message again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import aiohttp
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from rasa.core.actions.action import RemoteAction
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

logger = logging.getLogger(__name__)

PATIENCE_S = 6.0
"""How long to keep trying; below the gateway's own deadline for a turn (8 s)."""
PAUSE_S = 0.2


class ActionServerAway(BaseException):
    """The action server does not answer: this turn did not happen.

    Not an ``Exception``: Rasa's processor takes any of those for a failed action, drops its events
    and goes on with the turn.
    """


class ActionServer(EndpointConfig):
    """The action server's address, with one kept connection pool and patience."""

    def __init__(self, url: str) -> None:
        """``url``: the address of the webhook."""
        super().__init__(url=url)
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str = "post",
        subpath: str | None = None,
        content_type: str | None = "application/json",
        compress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Run one action; return the action server's answer.

        Raises:
            ClientResponseError: 400, the action's own rejection, which Rasa handles.
            ActionServerAway: no answer, or an error of the server, for six seconds.
        """
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await self._once(method, kwargs["json"], deadline - time.monotonic())
            except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
                if time.monotonic() + PAUSE_S >= deadline:
                    logger.error("action_server.away: %r", error)
                    raise ActionServerAway from error
            await asyncio.sleep(PAUSE_S)

    async def _once(self, method: str, body: Any, timeout_s: float) -> Any:
        # Our actions never look at the domain, and it is most of what Rasa would send.
        body = {**body, "domain": {}}
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession()
        timeout = aiohttp.ClientTimeout(total=max(timeout_s, PAUSE_S))
        async with self._session.request(method, self.url, json=body, timeout=timeout) as answer:
            if answer.status == 400:
                raise ClientResponseError(400, answer.reason or "", await answer.text())
            answer.raise_for_status()
            return await answer.json()


def check_answers_once() -> None:
    """Make Rasa check an action's answer with a validator that is built once.

    Rasa 3.6 builds it anew at each call and checks the schema itself each time: about 70 % of
    the server's samples in a profile under load (docs/measurements.md). The check is the same.
    """
    validator = Draft202012Validator(RemoteAction.action_response_format_spec())

    def validate(_action: RemoteAction, result: Any) -> bool:
        error = best_match(validator.iter_errors(result))
        if error is not None:
            raise error
        return True

    RemoteAction._validate_action_result = validate
