"""The product as a person at the terminal needs it: is it there, what time is it there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

ADMIN = "admin1"


class ClockRefused(Exception):
    """The product's clock cannot be moved; the message says in Chinese what to do."""


@dataclass
class Product:
    """A running product.

    Attributes:
        url: Where it listens.
        var_dir: Its folder; in demo mode the password of all demo accounts is in there.
    """

    url: str
    var_dir: Path

    async def now(self) -> datetime | None:
        """Return its time; None when it is not in test mode, and so has the real time."""
        try:
            return await self.move(timedelta())
        except ClockRefused:
            return None

    async def move(self, by: timedelta) -> datetime:
        """Let time pass for the product; return its time then."""
        async with aiohttp.ClientSession() as client:
            credentials = {"username": ADMIN, "password": self._password()}
            status, body = await self._post(client, "/api/v1/auth/token", credentials)
            if status != 200:
                raise ClockRefused("登录不了 admin1，产品那边的时钟拨不动。")
            status, body = await self._post(
                client, "/api/v1/test/clock", {"advance": by.total_seconds()}, body["token"]
            )
        if status != 200:
            raise ClockRefused(
                "产品不在测试方式，时钟拨不动。请加上 LINDA_TEST_MODE=1 重新启动它。"
            )
        return datetime.fromisoformat(body["now"])

    async def _post(
        self, client: aiohttp.ClientSession, path: str, body: Any, token: str = ""
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            async with client.post(self.url + path, json=body, headers=headers) as answer:
                return answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, ValueError) as error:
            raise ClockRefused("产品没有开着。") from error

    def _password(self) -> str:
        given = os.environ.get("LINDA_DEMO_PASSWORD")
        path = self.var_dir / "secrets" / "demo_password"
        return given or (path.read_text().strip() if path.exists() else "")
