"""Requests to addresses that others have given us: only where they may go, never further.

Against server-side request forgery the address that a socket is about to connect to is what is
judged, after all name resolution: no other spelling of an address and no name that changes its
mind gets around it. Redirects are not followed, time and size are limited, no proxy of the
environment is used, and nothing of an answer is repeated to anybody.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import aiohttp
from yarl import URL

from services.errors import LindaError

Networks = Sequence[IPv4Network | IPv6Network]
TRANSLATED = IPv6Network("64:ff9b::/96")
"""NAT64 (RFC 6052): the last 32 bits are an IPv4 address."""
MOST_URL = 1000


class Refused(OSError):
    """The address may not be connected to."""


class Unreached(Exception):
    """No usable answer; the words are Chinese and hold nothing of what was sent or answered."""


class Outbound:
    """A guarded HTTP client.

    Args:
        networks: Addresses inside that may be reached all the same, also without TLS
            (``LINDA_OUTBOUND_NETWORKS``). Everything else needs a public address and https.
    """

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    def check(self, url: str) -> None:
        """Refuse an address whose very form is not allowed, before anything is kept of it.

        Raises:
            LindaError: 422 ``url_refused``.
        """
        why = self._wrong(url)
        if why:
            raise LindaError("url_refused", why, 422, {"url": why})

    def _wrong(self, url: str) -> str | None:
        try:
            found = URL(url)
            host, scheme = found.host, found.scheme
        except ValueError:
            return "网址不对。"
        if len(url) > MOST_URL or scheme not in ("https", "http") or not host:
            return "网址要以 https:// 开头，写全。"
        if found.user or found.password or found.fragment:
            return "网址里不能带账号、密码和 #。"
        if scheme == "http" and not self._networks:
            return "网址要以 https:// 开头。"
        with suppress(ValueError):
            if not self._allowed(ip_address(host), scheme == "https"):
                return "不能访问这个地址：内网地址要先由管理员在设置里放行。"
        return None

    def _allowed(self, address: IPv4Address | IPv6Address, tls: bool) -> bool:
        inner = _inner(address)
        if any(inner in n for n in self._networks if n.version == inner.version):
            return True
        return tls and inner.is_global and not inner.is_multicast

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], limit_s: float) -> int:
        """Send a body; return the status of the answer, whose text nobody reads.

        Raises:
            Unreached: No answer in time, or the address may not be reached.
        """
        async with self._request("POST", url, limit_s, data=body, headers=headers) as answer:
            return answer.status

    async def fetch(self, url: str, most_bytes: int, limit_s: float) -> bytes:
        """Return what is at an address.

        Raises:
            Unreached: As for :meth:`post`; or it is not there, or larger than ``most_bytes``.
        """
        async with self._request("GET", url, limit_s) as answer:
            if answer.status != 200:
                raise Unreached(f"对方回了 {answer.status}")
            found = bytearray()
            async for chunk in answer.content.iter_chunked(64 * 1024):
                found += chunk
                if len(found) > most_bytes:
                    raise Unreached("内容太大")
            return bytes(found)

    def _request(self, method: str, url: str, limit_s: float, **more: Any) -> _Asking:
        if why := self._wrong(url):
            raise Unreached(why.rstrip("。"))
        session = self._session(URL(url).scheme)
        return _Asking(
            session.request(
                method, url, allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=limit_s), **more,
            )
        )  # fmt: skip

    def _session(self, scheme: str) -> aiohttp.ClientSession:
        if scheme not in self._sessions:
            tls = scheme == "https"
            connector = aiohttp.TCPConnector(
                limit=50, force_close=True, socket_factory=lambda info: self._socket(info, tls)
            )
            self._sessions[scheme] = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
        return self._sessions[scheme]

    def _socket(self, info: Any, tls: bool) -> socket.socket:
        family, kind, proto, _, address = info
        try:
            allowed = self._allowed(ip_address(str(address[0]).partition("%")[0]), tls)
        except ValueError:
            allowed = False
        if not allowed:
            raise Refused("address not allowed")
        return socket.socket(family, kind, proto)

    async def close(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()


class _Asking:
    """One request, with what can go wrong said in our words."""

    def __init__(self, asked: Any) -> None:
        self._asked = asked

    async def __aenter__(self) -> aiohttp.ClientResponse:
        try:
            answer: aiohttp.ClientResponse = await self._asked.__aenter__()
            return answer
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreached(_why(error)) from error

    async def __aexit__(self, *raised: Any) -> None:
        await self._asked.__aexit__(*raised)
        if isinstance(raised[1], aiohttp.ClientError | OSError):
            raise Unreached(_why(raised[1])) from raised[1]


def _why(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Refused):
            return "不能访问这个地址"
        cause = getattr(cause, "os_error", None) or cause.__cause__
    if isinstance(error, asyncio.TimeoutError):
        return "等不到回应"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "证书不对"
    return "没有连上" if isinstance(error, aiohttp.ClientConnectorError) else "连接断了"


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address inside an IPv6 one that only wraps it."""
    if isinstance(address, IPv4Address):
        return address
    if address in TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
