"""Where new models come from: the services' internal API, and what is told back to them.

The protocol is “Release” in docs/architecture.md. A model is code (it is unpickled), so it is taken
only from the configured address, with the internal token, without following redirects, and only
when its checksum is the announced one.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from bot.model_archive import BrokenArchive

_BLOCK = 1 << 16
#: A slow line is fine, a silent one is not: seconds to connect, and between two blocks.
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=30)


class SourceAway(Exception):
    """The services did not answer, or not as agreed; the text says it in Chinese."""


@dataclass(frozen=True)
class Offer:
    """A model that the services have released.

    Attributes:
        sha256: its announced checksum.
        answer: the open HTTP answer with its bytes.
    """

    sha256: str
    answer: aiohttp.ClientResponse

    def decline(self) -> None:
        """Read nothing of it."""
        self.answer.close()

    async def save(self, target: Path) -> None:
        """Write the archive to ``target``; after an error a part of it may be left there.

        Raises:
            BrokenArchive: the content does not have the announced checksum.
            SourceAway: the connection broke.
            OSError: the file cannot be written.
        """
        digest = hashlib.sha256()
        try:
            with target.open("wb") as file:
                async for block in self.answer.content.iter_chunked(_BLOCK):
                    digest.update(block)
                    file.write(block)
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:
            raise SourceAway("下载模型时连接中断") from error
        finally:
            self.answer.close()
        if digest.hexdigest() != self.sha256:
            raise BrokenArchive("下载的模型与公布的校验和不符")


class ModelSource:
    """The services' side of a release."""

    def __init__(self, url: str, token: str) -> None:
        """``url``: address of the services without a path; ``token``: the internal token."""
        self._url = url.rstrip("/") + "/internal/v1/models"
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, known: str | None) -> Offer | None:
        """The released model; ``None`` when it is ``known`` (a checksum) or there is none.

        Raises:
            SourceAway: no answer, or none as agreed.
        """
        headers = {"If-None-Match": f'"{known}"'} if known else {}
        answer = await self._request("GET", "/current", headers=headers)
        if answer.status in (HTTPStatus.NOT_MODIFIED, HTTPStatus.NOT_FOUND):
            answer.release()
            return None
        if answer.status != HTTPStatus.OK:
            answer.close()
            refused = answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
            raise SourceAway("口令不被接受" if refused else f"服务端回答 {answer.status}")
        sha256 = answer.headers.get("X-Linda-Sha256", "")
        if not sha256 or sha256 != answer.headers.get("ETag", "").strip('"'):
            answer.close()
            raise SourceAway("服务端没有给出一致的校验和")
        return Offer(sha256, answer)

    async def tell(self, report: dict[str, Any]) -> None:
        """Send what this process serves.

        Raises:
            SourceAway: it did not arrive.
        """
        answer = await self._request("POST", "/serving", json=report)
        answer.close()
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise SourceAway(f"服务端回答 {answer.status}")

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _request(self, method: str, path: str, **more: Any) -> aiohttp.ClientResponse:
        if self._session is None:
            # Plain bytes: what is hashed is what was sent.
            self._session = aiohttp.ClientSession(auto_decompress=False, timeout=_TIMEOUT)
        headers = {**self._headers, **more.pop("headers", {})}
        try:
            return await self._session.request(
                method, self._url + path, headers=headers, allow_redirects=False, **more
            )
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
            raise SourceAway("连接不上服务端") from error


def disk_error(error: OSError) -> str:
    """Why a model file could not be written or read, in Chinese."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "磁盘空间不足"
    return f"读写模型文件失败（{error.strerror or error}）"
