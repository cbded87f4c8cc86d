"""The receiver of docs/webhooks.md, as it stands there, takes what is signed and nothing else."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import aiohttp
import pytest

from services.clock import ZONE
from services.config import ROOT
from services.context import Services
from services.webhooks import signing
from services.webhooks.service import NewWebhook
from tests.patience import PATIENCE_S
from tests.services.conftest import TestClock
from tests.services.webhooks.conftest import ADMIN, filed, sent


@pytest.fixture
def port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@pytest.fixture
async def example(
    services: Services, port: int, tmp_path: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The documented program, listening, for a subscription of ours."""
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", page, re.S)
    assert code is not None
    (tmp_path / "receiver.py").write_text(code[1], encoding="utf-8")
    wanted = NewWebhook(name="例子", url=f"http://127.0.0.1:{port}/", events=["submitted"])
    _, secret = await services.webhooks.add(wanted, ADMIN, ())
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(tmp_path / "receiver.py"), secret, str(port),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                break
    yield process
    process.terminate()
    await process.wait()


async def test_the_documented_receiver_verifies_a_message(
    services: Services, clock: TestClock, example: asyncio.subprocess.Process, port: int
) -> None:
    clock.go(datetime.now(ZONE))
    await filed(services)
    assert await sent(services) == 1
    webhook = (await services.webhooks.list())[0]
    message = (await services.webhooks.messages(webhook.id))[0]
    assert (message.state, message.answer) == ("delivered", "对方回了 204")
    assert example.stdout is not None
    said = (await asyncio.wait_for(example.stdout.readline(), PATIENCE_S)).decode()
    assert said.startswith(f"{message.id} ") and message.ticket_no in said


async def test_the_documented_receiver_refuses_what_others_signed(
    example: asyncio.subprocess.Process, port: int
) -> None:
    marks = signing.headers([signing.new_secret()], "msg_x", datetime.now(ZONE), b"{}")
    async with aiohttp.ClientSession() as http:
        answer = await http.post(f"http://127.0.0.1:{port}/", data=b"{}", headers=marks)
        assert answer.status == 400
