"""How long a message waits while Rasa takes another model: ``bot/.venv/bin/python -m benchmarks.release``.

A real ``bot.serve`` answers messages of new conversations at an even pace, first undisturbed and then
while models are released to it by a small services server in this script. An answer's time counts
from when the message was due, so waiting in line is not hidden. Needs ``models/linda.tar.gz`` and
nothing else; the second model is the same one packed again, so that loading it is the real work.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import aiohttp
from aiohttp import web

from benchmarks.measure import free_port, memory_mb, percentile

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "models" / "linda.tar.gz"
TOKEN = "benchmark"
PER_SECOND = 20
START_LIMIT_S = 120
SENTENCES = (
    "你好",
    "三号楼二单元的楼道灯坏了好几天了",
    "低保怎么申请",
    "我想问一下，我妈八十了，一个人住，能不能申请上门送饭",
    "楼上天天半夜唱歌，吵得一家人睡不着，跟他们说过也不听，你们能不能来管管",
)


@dataclass
class Services:
    """The services' side of a release: one model, and what the process says it serves."""

    archive: bytes
    sha256: str
    served: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def current(self, request: web.Request) -> web.Response:
        """The released model."""
        tag = f'"{self.sha256}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        return web.Response(body=self.archive, headers={"ETag": tag, "X-Linda-Sha256": self.sha256})

    async def serving(self, request: web.Request) -> web.Response:
        """Keep a report."""
        report = await request.json()
        assert report["state"] == "serving", report
        self.served.put_nowait(report["model"])
        return web.Response(status=204)

    async def action(self, _request: web.Request) -> web.Response:
        """The action server: does nothing, at once."""
        return web.json_response({"events": [], "responses": []})

    async def open(self) -> tuple[web.AppRunner, str]:
        """Listen; returns what to close, and the address."""
        app = web.Application()
        app.router.add_get("/internal/v1/models/current", self.current)
        app.router.add_post("/internal/v1/models/serving", self.serving)
        app.router.add_post("/webhook", self.action)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        return runner, f"http://127.0.0.1:{port}"

    async def release(self, archive: bytes, sha256: str) -> float:
        """Release a model; returns the seconds until it is served."""
        started = time.monotonic()
        self.archive, self.sha256 = archive, sha256
        while await self.served.get() != sha256:
            pass
        return time.monotonic() - started


def sha256(archive: bytes) -> str:
    """Checksum of a model."""
    return hashlib.sha256(archive).hexdigest()


@contextmanager
def rasa(url: str, port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A running ``bot.serve`` that asks the services at ``url``."""
    environment = {
        **os.environ,
        "LINDA_INTERNAL_TOKEN": TOKEN,
        "LINDA_URL": url,
        "LINDA_ACTIONS_URL": url,
        "LINDA_VAR_DIR": str(folder),
        "LINDA_TRACKER_URL": f"sqlite:///{folder / 'rasa.db'}",
        "LINDA_MODEL_POLL_S": "0.2",
        "RASA_TELEMETRY_ENABLED": "false",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "bot.serve", "--model", str(MODEL), "--port", str(port)]
    with (folder / "rasa.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


class Talk:
    """Messages at an even pace."""

    def __init__(self, session: aiohttp.ClientSession, port: int) -> None:
        """Nothing is said yet."""
        self._session = session
        self._url = f"http://127.0.0.1:{port}/webhooks/linda/webhook?token={TOKEN}"
        self._sentences = enumerate(cycle(SENTENCES))

    async def say(self, due: float) -> tuple[float, str]:
        """One message; returns the milliseconds since it was due, and the model that answered."""
        number, text = next(self._sentences)
        metadata = {"now": "2026-11-24T10:00:00+08:00", "mode": "bot", "locality": "qinghe"}
        body = {"sender": f"b{number}", "message_id": "m", "kind": "text", "text": text}
        async with self._session.post(self._url, json={**body, "metadata": metadata}) as answer:
            assert answer.status == 200, await answer.text()
            told = await answer.json()
        return (time.monotonic() - due) * 1000, told["understood"]["model"]

    async def until(self, over: asyncio.Event) -> list[tuple[float, str]]:
        """Talk until ``over``; the answers in the order of the messages."""
        said = []
        due = time.monotonic()
        while not over.is_set():
            said.append(asyncio.ensure_future(self.say(due)))
            due += 1 / PER_SECOND
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        return list(await asyncio.gather(*said))


async def ready(session: aiohttp.ClientSession, port: int) -> None:
    """Wait until Rasa answers."""
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        try:
            async with session.get(f"http://127.0.0.1:{port}/status?token={TOKEN}") as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.2)
    raise TimeoutError("Rasa did not start")


def show(title: str, answers: list[tuple[float, str]]) -> None:
    """Print one line of figures."""
    times = [milliseconds for milliseconds, _ in answers]
    print(
        f"{title:<10} messages {len(times):>4}  p50 {percentile(times, 0.5):6.1f} ms"
        f"  p95 {percentile(times, 0.95):6.1f} ms  p99 {percentile(times, 0.99):6.1f} ms"
        f"  slowest {max(times):6.1f} ms"
    )


async def measure(seconds: float, swaps: int) -> None:
    """Run both parts and print the figures."""
    plain = MODEL.read_bytes()
    # The same model as other bytes: gzip notes the time.
    content = gzip.decompress(plain)
    packed = (gzip.compress(content, 1, mtime=number + 1) for number in range(swaps))
    others = [(archive, sha256(archive)) for archive in packed]
    services = Services(plain, sha256(plain))
    runner, url = await services.open()
    port = free_port()
    with tempfile.TemporaryDirectory() as name, rasa(url, port, Path(name)) as process:
        async with aiohttp.ClientSession() as session:
            await ready(session, port)
            talk = Talk(session, port)
            for _ in range(3 * len(SENTENCES)):
                await talk.say(time.monotonic())
            memory = memory_mb(process.pid)
            over = asyncio.Event()
            talking = asyncio.ensure_future(talk.until(over))
            await asyncio.sleep(seconds)
            over.set()
            show("no release", await talking)
            over = asyncio.Event()
            talking = asyncio.ensure_future(talk.until(over))
            taken = []
            for other in others:
                await asyncio.sleep(seconds / swaps / 2)
                taken.append(await services.release(*other))
            await asyncio.sleep(seconds / swaps / 2)
            over.set()
            answers = await talking
            show("releases", answers)
            assert len({model for _, model in answers}) == swaps + 1, "not every model answered"
            print(
                f"{swaps} releases, {PER_SECOND} messages a second; from release to served"
                f" {percentile(taken, 0.5):.1f} s (longest {max(taken):.1f} s, asking every 0.2 s);"
                f" memory {memory:.0f} → {memory_mb(process.pid):.0f} MB"
            )
    await runner.cleanup()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.release", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="length of each of the two parts")
    parser.add_argument("--releases", type=int, default=5, help="how many in the second part")
    options = parser.parse_args()
    if not MODEL.is_file():
        sys.exit("没有模型：请先 make train。")
    asyncio.run(measure(options.seconds, options.releases))


if __name__ == "__main__":
    main()
