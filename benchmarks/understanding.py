"""What is understood and what it costs, beside the stock Rasa pipeline: ``make bench-understanding``.

Both are trained on the same messages (a sample of each label's, because DIET needs about a minute for
an epoch of all of them; ``--intents-only`` spares it the entities, four fifths of that) and scored on the same held-out messages; then each serves ``POST
/model/parse`` to one client and to ten, in turns, over a mix of what residents send.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from benchmarks.measure import free_port, memory_mb, percentile

ROOT = Path(__file__).resolve().parents[1]
BOT = ROOT / "bot" / ".venv" / "bin"
HELD_OUT = ROOT / "tests" / "heldout"
REFERENCE_TIME = "2026-11-24T10:00:00+08:00"
TOKEN = "benchmark"
LONG = 48
"""From this many characters on a request counts as long."""
MIX = {"tap": 0.2, "slot answer": 0.35, "short request": 0.3, "long request": 0.15}
"""Shares of what residents send: an assumption, near the conversations of the load run."""
TAPS = ("/affirm", "/deny", "/cancel_dialog")
START_LIMIT_S = 180
MARKED = re.compile(r"\[([^\]]*)\](?:\{[^}]*\}|\([^)]*\))")
"""A marked entity of Rasa's training data: ``[三号楼]{"entity": "address"}``."""

Block = dict[str, Any]


def sampled(limit: int | None, seed: int) -> list[Block]:
    """Training blocks with about ``limit`` messages in all, shares of labels kept; ``None``: all."""
    blocks = [
        block
        for file in sorted((ROOT / "data" / "nlu").glob("*.yml"))
        for block in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]
    ]
    total = sum(len(block["examples"].splitlines()) for block in blocks)
    if limit is None or limit >= total:
        return blocks
    chance = random.Random(seed)
    kept = []
    for block in blocks:
        lines = block["examples"].splitlines()
        count = max(1, round(len(lines) * limit / total))
        kept.append({**block, "examples": "\n".join(chance.sample(lines, count)) + "\n"})
    return kept


def without_entities(blocks: list[Block]) -> list[Block]:
    """The blocks with plain text where an entity was marked."""
    return [{**b, "examples": MARKED.sub(r"\1", b["examples"])} for b in blocks]


def write_nlu(blocks: list[Block], folder: Path) -> Path:
    """The blocks as one file of training data; returns its folder."""
    folder.mkdir()
    content = yaml.safe_dump({"version": "3.1", "nlu": blocks}, allow_unicode=True, width=10_000)
    (folder / "nlu.yml").write_text(content, encoding="utf-8")
    return folder


def timed(command: list[str | Path], log: Path) -> float:
    """Run a command to its end; returns the seconds it took.

    Raises:
        RuntimeError: it failed; the end of its output is in the message.
    """
    start = time.perf_counter()
    with log.open("wb") as output:
        code = subprocess.run(command, cwd=ROOT, stdout=output, stderr=output).returncode
    if code:
        raise RuntimeError(log.read_text(errors="replace")[-2000:])
    return time.perf_counter() - start


def train_ours(nlu: Path, out: Path, log: Path) -> float:
    """Our pipeline; seconds."""
    return timed([BOT / "python", "-m", "bot.train", "--nlu", nlu, "--out", out], log)


def train_stock(nlu: Path, out: Path, log: Path, epochs: int) -> float:
    """The stock pipeline without policies; seconds."""
    config = out.with_suffix(".yml")
    text = (ROOT / "benchmarks" / "stock_config.yml").read_text(encoding="utf-8")
    config.write_text(text.replace("epochs: 100", f"epochs: {epochs}"), encoding="utf-8")
    name = out.name.removesuffix(".tar.gz")
    return timed(
        [
            *(BOT / "rasa", "train", "nlu", "--config", config, "--nlu", nlu),
            *("--domain", ROOT / "domain.yml", "--out", out.parent, "--fixed-model-name", name),
        ],
        log,
    )


def evaluate(model: Path, rows: Path, out: Path, log: Path) -> dict[str, Any]:
    """The figures of a model on the rows."""
    timed(
        [
            *(BOT / "python", "-m", "bot.evaluate", "--input", rows, "--output", out),
            *("--model", model, "--reference-time", REFERENCE_TIME),
        ],
        log,
    )
    figures: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return figures


def slot_answer(chance: random.Random) -> str:
    """What people answer when they are asked where, when, how many or for whom."""
    building, unit, room = chance.randint(1, 30), chance.randint(1, 4), chance.randint(101, 1804)
    return chance.choice(
        (
            f"{building}号楼{unit}单元",
            f"幸福小区{building}栋{unit}单元{room}",
            f"{building}-{unit}-{room}",
            f"就在{building}号楼后身那个道口",
            f"{chance.choice('一二两三四')}份",
            f"{chance.choice(('明天', '后天', '下礼拜二'))}{chance.choice(('上午', '晌午', '下晌'))}",
            f"坏了{chance.randint(2, 20)}天了",
            f"给我{chance.choice(('妈', '爸', '老伴', '隔壁大娘'))}",
            f"我姓{chance.choice('王李张刘陈杨赵黄')}",
            f"1{chance.choice('3578')}{chance.randint(10**8, 10**9 - 1)}",
            chance.choice(("对", "行，就这样", "不用了", "送到家", "没有忌口", "晚上家里有人")),
        )
    )


def mixed(texts: list[str], count: int, seed: int) -> list[str]:
    """``count`` messages in the shares of :data:`MIX`; requests are held-out texts, none twice.

    Raises:
        ValueError: not enough texts for so many.
    """
    chance = random.Random(seed)
    requests: dict[str, list[str]] = {"long request": [], "short request": []}
    for text in chance.sample(texts, len(texts)):
        requests["long request" if len(text) >= LONG else "short request"].append(text)
    said = []
    for kind in chance.choices(list(MIX), weights=list(MIX.values()), k=count):
        if kind in requests:
            if not requests[kind]:
                raise ValueError(f"fewer held-out texts than wanted: {kind}")
            said.append(requests[kind].pop())
        else:
            said.append(slot_answer(chance) if kind == "slot answer" else chance.choice(TAPS))
    return said


@contextmanager
def serving(model: Path, ours: bool, folder: Path) -> Iterator[tuple[str, int]]:
    """A server with this model; its address for parsing and its process id."""
    port = free_port()
    environment = {
        **os.environ,
        "LINDA_INTERNAL_TOKEN": TOKEN,
        "LINDA_URL": "http://127.0.0.1:9",  # no services: the model stays the one it starts with
        "LINDA_VAR_DIR": str(folder),
        "LINDA_TRACKER_URL": f"sqlite:///{folder / 'rasa.db'}",
        "RASA_TELEMETRY_ENABLED": "false",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [BOT / "python", "-m", "bot.serve", "--model", model, "--port", str(port)]
    if not ours:
        command = [
            *(BOT / "rasa", "run", "--enable-api", "--auth-token", TOKEN, "--model", model),
            *("--interface", "127.0.0.1", "--port", str(port)),
        ]
    log = folder / ("ours.log" if ours else "stock.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder if not ours else ROOT, env=environment, stdout=output, stderr=output
        )
    try:
        yield f"http://127.0.0.1:{port}/model/parse?token={TOKEN}", process.pid
    finally:
        process.terminate()
        process.wait(timeout=60)


async def ready(session: aiohttp.ClientSession, url: str) -> None:
    """Wait until a message is parsed.

    Raises:
        TimeoutError: nobody answers.
    """
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        try:
            async with session.post(url, json={"text": "你好"}) as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.5)
    raise TimeoutError("the server does not answer")


async def client(
    session: aiohttp.ClientSession, url: str, texts: Iterator[str], taken: list[float]
) -> None:
    """Parse messages one after the other until there are none left."""
    for text in texts:
        start = time.perf_counter()
        async with session.post(url, json={"text": text}) as answer:
            assert answer.status == 200, await answer.text()
            await answer.read()
        taken.append((time.perf_counter() - start) * 1000)


async def drive(url: str, pid: int, texts: list[str]) -> dict[str, Any]:
    """Figures of one server: a client alone, then ten."""
    figures: dict[str, Any] = {}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await ready(session, url)
        half = len(texts) // 2
        for clients, share in ((1, texts[:half]), (10, texts[half:])):
            taken: list[float] = []
            queue = iter(share)
            start = time.perf_counter()
            await asyncio.gather(*(client(session, url, queue, taken) for _ in range(clients)))
            seconds = time.perf_counter() - start
            figures[f"clients_{clients}"] = {
                "parses_per_s": round(len(taken) / seconds, 1),
                **{f"p{p}_ms": round(percentile(taken, p / 100), 1) for p in (50, 95, 99)},
            }
    figures["memory_mb"] = round(memory_mb(pid), 1)
    return figures


def quality(figures: dict[str, Any]) -> dict[str, Any]:
    """What is compared of an evaluation."""
    accuracy = figures["intent"]["accuracy"]
    return {
        "rows": figures["count"],
        "intent_accuracy": accuracy,
        "intent_macro_f1": figures["intent"]["macro_f1"],
        "intent_errors": round((1 - accuracy) * figures["count"]),
        "out_of_scope_recall": figures["out_of_scope"]["recall"],
        "emergency_recall": figures["emergency"]["recall"],
    }


def main() -> int:
    """Measure, print, and write ``var/bench_understanding.json``."""
    parser = argparse.ArgumentParser(prog="benchmarks.understanding", description=__doc__)
    parser.add_argument("--messages", type=int, default=3000, help="training messages; 0: all")
    parser.add_argument("--epochs", type=int, default=100, help="of DIET, as Rasa suggests")
    parser.add_argument("--parses", type=int, default=800, help="messages sent to each server")
    parser.add_argument("--pairs", type=int, default=2, help="how often the servers take turns")
    parser.add_argument("--intents-only", action="store_true", help="stock learns no entities")
    parser.add_argument("--models", type=Path, help="folder of models to keep, or to use again")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    result: dict[str, Any] = {"epochs": options.epochs}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        blocks = sampled(options.messages or None, options.seed)
        nlu = write_nlu(blocks, folder / "nlu")
        result["training_messages"] = sum(len(b["examples"].splitlines()) for b in blocks)
        rows = folder / "heldout.jsonl"
        rows.write_text("".join(f.read_text("utf-8") for f in sorted(HELD_OUT.glob("*.jsonl"))))
        texts = [json.loads(line)["text"] for line in rows.read_text().splitlines()]
        plain = write_nlu(without_entities(blocks), folder / "plain")
        kept = options.models or folder
        kept.mkdir(exist_ok=True)
        models = {"ours": kept / "ours.tar.gz", "stock": kept / "stock.tar.gz"}
        log = folder / "train.log"
        print(f"{result['training_messages']} training messages, DIET {options.epochs} epochs")
        for kind, model in models.items():
            if model.exists():
                took = float("nan")
            elif kind == "ours":
                took = train_ours(nlu, model, log)
            else:
                learnt = plain if options.intents_only else nlu
                took = train_stock(learnt, model, log, options.epochs)
            found = quality(evaluate(model, rows, folder / f"{kind}.json", folder / "evaluate.log"))
            result[kind] = {"train_s": round(took, 1), **found, "serving": []}
            print(f"{kind}: trained in {took:.0f} s; {found}", flush=True)
        for pair in range(options.pairs):
            sent = mixed(texts, options.parses, options.seed + pair)
            for kind, model in models.items():
                with serving(model, kind == "ours", folder) as (url, pid):
                    figures = asyncio.run(drive(url, pid, sent))
                result[kind]["serving"].append(figures)
                print(f"{kind}: {figures}", flush=True)
    fewer = 1 - result["ours"]["intent_errors"] / max(1, result["stock"]["intent_errors"])
    rates = [
        ours["clients_10"]["parses_per_s"] / stock["clients_10"]["parses_per_s"]
        for ours, stock in zip(result["ours"]["serving"], result["stock"]["serving"], strict=True)
    ]
    result["fewer_intent_errors"] = round(fewer, 3)
    result["rate_ratios"] = [round(r, 2) for r in rates]
    print(f"intent errors: {fewer:.0%} fewer than stock")
    print(f"parses a second at ten clients, ours / stock: {result['rate_ratios']}")
    (ROOT / "var").mkdir(exist_ok=True)
    target = ROOT / "var" / "bench_understanding.json"
    target.write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
