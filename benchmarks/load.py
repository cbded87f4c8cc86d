"""Load run through the whole stack, ours and the stock Rasa configuration in turns.

``make bench`` trains the stock model once (minutes), then starts each stack in turn, A B A B, lets
ten residents talk at the same time and prints, for each, messages a second, p50/p95/p99 by kind of
turn, time to ready and the memory of each process; the ratios are what to quote.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from benchmarks.conversations import CONVERSATIONS
from benchmarks.measure import memory_mb, percentile
from tests.stack import ROOT, Stack

STOCK_MODEL = ROOT / "models" / "stock.tar.gz"
STOCK_CONFIG = ROOT / "benchmarks" / "stock_config.yml"
BOT_PYTHON = ROOT / "bot" / ".venv" / "bin" / "python"
RASA = ROOT / "bot" / ".venv" / "bin" / "rasa"
PAUSE_S = 1.0
"""How long a resident of the paced load reads and thinks, on average: still faster than people."""
PROCESSES = ("web", "worker", "rasa", "actions")


@dataclass
class Run:
    """What one run of one stack gave."""

    ready_s: float = 0.0
    seconds: float = 0.0
    latencies_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: int = 0
    memory_mb: dict[str, float] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)

    @property
    def all_ms(self) -> list[float]:
        """Latencies of all turns, in milliseconds."""
        return [ms for values in self.latencies_ms.values() for ms in values]

    @property
    def rate(self) -> float:
        """Messages answered a second."""
        return len(self.all_ms) / self.seconds


def cpu_s(pid: int) -> float:
    """Processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def resident(
    http: aiohttp.ClientSession, stack: Stack, number: int, rounds: int, pause_s: float, run: Run
) -> None:
    """One resident: a new session for each conversation, one message after the other.

    ``pause_s``: how long they read and think before each message.
    """
    for n in range(rounds):
        turns = CONVERSATIONS[(number + n) % len(CONVERSATIONS)]
        async with http.post(
            f"{stack.url}/api/v1/chat/sessions", json={"channel": "web", "elder": False}
        ) as answer:
            token = (await answer.json())["token"]
        for kind, text in turns:
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))
            body = {"client_message_id": uuid.uuid4().hex, "type": "text", "text": text}
            start = time.perf_counter()
            async with http.post(
                f"{stack.url}/api/v1/chat/messages",
                json=body,
                headers={"Authorization": f"Bearer {token}"},
            ) as answer:
                good = answer.status == 200 and bool((await answer.json())["messages"])
            run.errors += not good
            run.latencies_ms[kind].append((time.perf_counter() - start) * 1000)


async def load(stack: Stack, residents: int, rounds: int, pause_s: float, run: Run) -> None:
    """Let all residents talk at the same time."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        warm_up = Run()
        await resident(http, stack, 0, len(CONVERSATIONS), 0, warm_up)
        before = {name: cpu_s(stack.pid(name)) for name in PROCESSES}
        start = time.perf_counter()
        await asyncio.gather(
            *(resident(http, stack, n, rounds, pause_s, run) for n in range(residents))
        )
        run.seconds = time.perf_counter() - start
        run.cpu_s = {name: cpu_s(stack.pid(name)) - before[name] for name in PROCESSES}


@dataclass
class Measured:
    """One stack under both loads: people who think, and no pause at all."""

    paced: Run
    saturated: Run


def measure(model: Path | None, residents: int, rounds: int) -> Measured:
    """Start a stack with this model (None: ours), load it, stop it."""
    # All residents of the load run come from one address.
    environment = {"LINDA_TEST_MODE": "0", "LINDA_SESSIONS_PER_ADDRESS": "100000"}
    supervisor = "services.supervisor"
    if model is not None:
        environment["LINDA_MODEL"] = str(model)
        supervisor = "benchmarks.stock_supervisor"
    paced, saturated = Run(), Run()
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder), supervisor=supervisor, **environment)
        start = time.perf_counter()
        stack.start()
        paced.ready_s = saturated.ready_s = time.perf_counter() - start
        try:
            asyncio.run(load(stack, residents, rounds, PAUSE_S, paced))
            asyncio.run(load(stack, residents, rounds, 0, saturated))
            for run in (paced, saturated):
                run.memory_mb = {name: memory_mb(stack.pid(name)) for name in PROCESSES}
        finally:
            stack.stop()
    return Measured(paced, saturated)


def train_stock(epochs: int) -> float | None:
    """Train the stock model if there is none; return the seconds it took.

    ``epochs``: DIET is slow on two cores (three took two minutes, features included). What the model costs when it
    serves does not depend on their number; how well it understands does.
    """
    if STOCK_MODEL.exists():
        return None
    config = STOCK_CONFIG.read_text().replace("epochs: 100", f"epochs: {epochs}")
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        file.write(config)
        file.flush()
        start = time.perf_counter()
        subprocess.run(
            [
                *(RASA, "train", "--config", file.name, "--data", "data/nlu", "data/rules"),
                *("--out", "models", "--fixed-model-name", "stock", "--skip-validation"),
            ],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return time.perf_counter() - start


def train_ours() -> float:
    """Train our model into a throw-away folder; return the seconds it took."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run(
            [BOT_PYTHON, "-m", "bot.train", "--out", f"{folder}/ours.tar.gz"],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return time.perf_counter() - start


def report(name: str, runs: list[Run]) -> dict[str, object]:
    """Print the figures of one stack over its runs, and return them."""
    everything = [ms for r in runs for ms in r.all_ms]
    rate = statistics.median(r.rate for r in runs)
    print(f"\n{name}: {rate:.1f} messages/s, {sum(r.errors for r in runs)} without an answer")
    print(f"  ready in {min(r.ready_s for r in runs):.1f} s (seeding included)")
    print(f"  {'kind of turn':<18}{'n':>6}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}")
    kinds: dict[str, list[float]] = defaultdict(list)
    for r in runs:
        for kind, values in r.latencies_ms.items():
            kinds[kind] += values
    rows = {}
    for kind, values in [*sorted(kinds.items()), ("all", everything)]:
        rows[kind] = {f"p{p}": round(percentile(values, p / 100), 1) for p in (50, 95, 99)}
        cells = "".join(f"{v:>9.0f}" for v in rows[kind].values())
        print(f"  {kind:<18}{len(values):>6}{cells}")
    turns = sum(len(r.all_ms) for r in runs)
    cpu = {n: round(1000 * sum(r.cpu_s[n] for r in runs) / turns, 1) for n in PROCESSES}
    print("  processor time per message (ms):", ", ".join(f"{n} {ms}" for n, ms in cpu.items()))
    memory = {n: round(max(r.memory_mb[n] for r in runs), 1) for n in PROCESSES}
    print("  memory (PSS, MB):", ", ".join(f"{n} {mb:.0f}" for n, mb in memory.items()))
    return {
        "messages_per_s": round(rate, 1),
        "turns": rows,
        "cpu_ms_per_message": cpu,
        "memory_mb": memory,
        "ready_s": round(min(r.ready_s for r in runs), 1),
    }


def main() -> int:
    """Measure, print, and write ``var/bench.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=6, help="conversations of each resident")
    parser.add_argument("--pairs", type=int, default=2, help="how often ours and stock take turns")
    parser.add_argument("--ours-only", action="store_true", help="no stock stack beside it")
    parser.add_argument("--stock-epochs", type=int, default=3, help="of 100, see train_stock")
    arguments = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} cores; load generator on the same machine")
    result: dict[str, object] = {"residents": arguments.residents}
    if not arguments.ours_only:
        result["train_ours_s"] = round(train_ours(), 1)
        took = train_stock(arguments.stock_epochs)
        result["train_stock_s"] = None if took is None else round(took, 1)
        result["stock_epochs"] = arguments.stock_epochs
        print(
            f"training: ours {result['train_ours_s']} s (sentence vectors of known texts kept), "
            f"stock {result['train_stock_s']} s ({arguments.stock_epochs} of 100 epochs)"
        )
    ours, stock = [], []
    for _ in range(arguments.pairs):
        ours.append(measure(None, arguments.residents, arguments.rounds))
        if not arguments.ours_only:
            stock.append(measure(STOCK_MODEL, arguments.residents, arguments.rounds))
    for name, runs in (("Linda", ours), ("stock Rasa configuration", stock)):
        if runs:
            result[name] = {
                "paced": report(
                    f"{name}, residents who think {PAUSE_S:g} s", [m.paced for m in runs]
                ),
                "saturated": report(f"{name}, no pause", [m.saturated for m in runs]),
            }
    if stock:
        ratios = [a.saturated.rate / b.saturated.rate for a, b in zip(ours, stock, strict=True)]
        print(f"\nthroughput, ours / stock, pair by pair: {', '.join(f'{r:.2f}' for r in ratios)}")
        result["throughput_ratios"] = [round(r, 2) for r in ratios]
    (ROOT / "var").mkdir(exist_ok=True)
    (ROOT / "var" / "bench.json").write_text(json.dumps(result, ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
