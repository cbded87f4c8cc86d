"""A bot that learns by heart, in a tenth of a second: ``fake_bot.py BEHAVIOUR.json bot.train …``.

Its model is an archive with what every sentence means; it keeps the contract “Runs”. BEHAVIOUR says
what goes wrong: ``{"train": "ok|hang|crash|error|silent|nothing|oom|flood|child"}``, ``evaluate``
likewise, and ``forget``: sentences that a trained model does not know.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))


def say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def misbehave(how: str, folder: Path) -> None:
    """Do what the test wants to see survived."""
    sys.stderr.write(f"working in {folder} as {how}\n")
    if how == "hang":
        (folder / "child.pid").write_text(str(os.getpid()))
        say(progress=0.5, stage="train", text="训练到一半")
        time.sleep(600)
    if how == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (folder / "child.pid").write_text(str(os.getpid()))
        time.sleep(600)
    if how == "child":
        # It starts something and waits for it.
        grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (folder / "child.pid").write_text(str(grandchild.pid))
        grandchild.wait()
    if how == "error":
        say(error=f"训练数据 {folder}/taught/a.yml 第 3 行附近不是有效的 YAML。")
        sys.exit(1)
    if how == "crash":
        raise RuntimeError("something broke")
    if how == "oom":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "full":
        sys.stderr.write("x" * 100 + "\n")
        say(error="磁盘空间不足或超出限额，没有写完。")
        sys.exit(1)
    if how == "nothing":
        sys.exit(0)
    if how == "flood":
        sys.stderr.write("y" * (3 << 20) + "\n")
        sys.stdout.write('no json at all\n{"progress": "much"}\n')
        for n in range(1000):
            sys.stderr.write(f"line {n}\n")


def read_nlu(folders: list[Path]) -> dict[str, list[str | None]]:
    known: dict[str, list[str | None]] = {}
    for folder in folders:
        for file in sorted(folder.rglob("*.yml")):
            for block in yaml.safe_load(file.read_text()).get("nlu", []):
                leaf = (block.get("metadata") or {}).get("leaf")
                for line in block["examples"].splitlines():
                    known[line.removeprefix("- ").strip()] = [block["intent"], leaf]
    return known


def train(arguments: list[str], behaviour: dict[str, Any]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--nlu", type=Path, action="append", required=True)
    parser.add_argument("--progress", action="store_true")
    options = parser.parse_args(arguments)
    misbehave(behaviour.get("train", "ok"), options.out.parent)
    known = read_nlu(options.nlu)
    for text in behaviour.get("forget", []):
        known.pop(text, None)
    say(progress=0.3, stage="train", text="正在训练")
    write_model(options.out, known)
    say(progress=1.0, stage="pack", text="打包")


def write_model(path: Path, known: dict[str, list[str | None]]) -> None:
    """An archive that looks like a model and is one."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (("metadata.json", {}), ("known.json", known)):
            data = json.dumps(content, ensure_ascii=False).encode()
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), time.time_ns() / 1e9
            archive.addfile(info, io.BytesIO(data))


def read_model(path: Path) -> dict[str, list[str | None]]:
    with tarfile.open(path) as archive:
        content = archive.extractfile("known.json")
        assert content is not None
        return dict(json.load(content))


def evaluate(arguments: list[str], behaviour: dict[str, Any]) -> None:
    from tests.services.training_runs.reports import report

    parser = argparse.ArgumentParser()
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--reference-time", required=True)
    parser.add_argument("--progress", action="store_true")
    options = parser.parse_args(arguments)
    misbehave(behaviour.get("evaluate", "ok"), options.output.parent)
    known = read_model(options.model)
    rows = [json.loads(line) for line in options.input.read_text().splitlines()]
    guesses = []
    for row in rows:
        intent, leaf = known.get(row["text"], ["chitchat", None])
        leaf = leaf or "none"
        guesses.append(
            {
                "intent": intent, "confidence": 0.9, "uncertain": False, "leaf": leaf,
                "leaves": [leaf], "entities": [], "ms": 5.0,
            }
        )  # fmt: skip
    say(progress=0.5, stage="evaluate", text="评测")
    options.output.write_text(json.dumps(report(rows, guesses), ensure_ascii=False))


if __name__ == "__main__":
    behaviour = json.loads(Path(sys.argv[1]).read_text())
    {"bot.train": train, "bot.evaluate": evaluate}[sys.argv[2]](sys.argv[3:], behaviour)
