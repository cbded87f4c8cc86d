"""Calling WeChat's interfaces: tokens, customer-service messages, photos.

Only the account's ``api_base`` is ever called, and no redirect followed: what WeChat sends names no
address that we would visit. Return codes: 公众号文档 “全局返回码”.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import aiohttp

from services.channels.wechat.accounts import Account

TIMEOUT = aiohttp.ClientTimeout(total=5, connect=2)
MEDIA_TIMEOUT = aiohttp.ClientTimeout(total=15, connect=2)
MAX_JSON = 256 * 1024

Verdict = Literal["token", "busy", "shut", "used_up", "too_long", "gone", "never"]
"""What a refusal means: get a new token; ask again later; the resident has to write first; no more
may be sent now; shorter; the file is not kept any more; this will never be taken."""

VERDICTS: Mapping[int, Verdict] = MappingProxyType(
    {
        40001: "token",
        40014: "token",
        41001: "token",
        42001: "token",
        45002: "too_long",
        45015: "shut",
        43004: "shut",  # the person does not follow the account any more
        48001: "shut",  # the account may not use the interface: passive replies remain
        45047: "used_up",
        40007: "gone",
        40003: "never",
        40008: "never",
        40035: "never",
        44002: "never",
        44004: "never",
        47001: "never",
    }
)
"""Codes that are not here (-1 system busy, 45009 and 45011 quotas, whatever is new) pass by."""


class NotDone(Exception):
    """Surely nothing has happened: no connection, or an error of a proxy (``status``)."""

    def __init__(self, words: str, status: int | None = None) -> None:
        super().__init__(words)
        self.status = status


class Unknown(Exception):
    """The request went out and no answer came: it may have happened."""


class ApiRefused(Exception):
    """WeChat answered with a code."""

    def __init__(self, code: int, words: str = "") -> None:
        super().__init__(f"{code} {words[:120]}")
        self.code = code

    @property
    def verdict(self) -> Verdict:
        """What to do about it."""
        return VERDICTS.get(self.code, "busy")


@dataclass(frozen=True)
class Token:
    """An access token; ``seconds`` until WeChat forgets it."""

    value: str
    seconds: int


class WeChatApi:
    """One connection pool for all accounts. Every call raises one of the exceptions above."""

    def __init__(self) -> None:
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def token(self, account: Account, force: bool = False) -> Token:
        """Fetch a token by the stable interface, which gives every process the same one.

        Args:
            force: Make the present one worthless (at most 20 times a day, 30 s apart).
        """
        body = {
            "grant_type": "client_credential",
            "appid": account.app_id,
            "secret": account.app_secret.get_secret_value(),
            "force_refresh": force,
        }
        try:
            answer = await self._json("POST", account, "/cgi-bin/stable_token", {}, body)
        except NotDone as error:
            if error.status not in (404, 405):
                raise
            # A county's own token server, as WeChat recommends one, knows the older call only.
            query = {k: str(v) for k, v in body.items() if k != "force_refresh"}
            answer = await self._json("GET", account, "/cgi-bin/token", query, None)
        try:
            return Token(str(answer["access_token"]), int(answer["expires_in"]))
        except (KeyError, TypeError, ValueError):
            raise NotDone("no token in the answer") from None

    async def send_text(self, account: Account, token: str, openid: str, text: str) -> None:
        """Send a customer-service message."""
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        await self._json(
            "POST", account, "/cgi-bin/message/custom/send", {"access_token": token}, body
        )

    async def alive(self, account: Account, token: str) -> None:
        """Ask something harmless, to see whether WeChat answers at all."""
        try:
            await self._json(
                "GET", account, "/cgi-bin/get_api_domain_ip", {"access_token": token}, None
            )
        except ApiRefused as refused:
            if refused.verdict in ("token", "busy"):
                raise
        except Unknown as error:
            raise NotDone(str(error)) from None
        except NotDone as error:
            if error.status is None or error.status >= 500:
                raise

    @asynccontextmanager
    async def media(
        self, account: Account, token: str, media_id: str
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a file that a resident sent; gives its bytes in pieces."""
        try:
            async with self._session().get(
                f"{account.api_base}/cgi-bin/media/get",
                params={"access_token": token, "media_id": media_id},
                allow_redirects=False,
                timeout=MEDIA_TIMEOUT,
            ) as response:
                if response.status != 200:
                    raise NotDone(f"HTTP {response.status}", response.status)
                if not response.content_type.startswith("image/"):
                    _checked(await response.content.read(MAX_JSON))
                    raise ApiRefused(40007, "no picture")
                yield response.content.iter_chunked(64 * 1024)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotDone(type(error).__name__) from error

    async def _json(
        self,
        method: str,
        account: Account,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
    ) -> Mapping[str, Any]:
        # Unescaped: WeChat shows \uXXXX to the reader as it stands there.
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        try:
            async with self._session().request(
                method,
                account.api_base + path,
                params=query,
                data=data,
                headers={"Content-Type": "application/json"},
                allow_redirects=False,
                timeout=TIMEOUT,
            ) as response:
                raw, status = await response.content.read(MAX_JSON), response.status
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotDone(type(error).__name__) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unknown(type(error).__name__) from error
        if status == 504:
            raise Unknown("HTTP 504")
        if status != 200:
            raise NotDone(f"HTTP {status}", status)
        return _checked(raw)

    def _session(self) -> aiohttp.ClientSession:
        # Made on first use: a client session needs the running event loop.
        if self._http is None:
            self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=50))
        return self._http


def _checked(raw: bytes) -> Mapping[str, Any]:
    """Return an answer without an error code; it comes as text/plain or JSON, as WeChat likes."""
    try:
        answer = json.loads(raw)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise Unknown("no JSON")
    code = answer.get("errcode", 0)
    if code != 0:
        raise ApiRefused(code if isinstance(code, int) else -1, str(answer.get("errmsg", "")))
    return answer
