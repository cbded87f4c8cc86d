"""``bot.train`` and ``bot.evaluate`` as programs see them: progress, errors, nothing half done."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rasa.shared.nlu.training_data.loading import load_data

from bot.model_archive import check
from bot.training_files import examples_of
from tests.bot.conftest import FIXTURES, ROOT
from tests.patience import PATIENCE_S

NLU = """\
version: "3.1"
nlu:
- intent: report_problem
  metadata: {leaf: H6}
  examples: |
    - 楼道灯坏了
    - 楼道里的灯不亮
    - 单元门口灯不亮了
    - 走廊声控灯坏了好几天
- intent: greet
  examples: |
    - 你好
    - 您好
    - 早上好
"""
MORE = """\
version: "3.1"
nlu:
- intent: affirm
  examples: |
    - 对
    - 是的
    - 要得
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with two NLU folders and one of rules."""
    for name, content in (("nlu", NLU), ("more", MORE), ("rules", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.yml").write_text(content, encoding="utf-8")
    rules = (FIXTURES / "rules.yml").read_text(encoding="utf-8")
    (tmp_path / "rules" / "rules.yml").write_text(rules, encoding="utf-8")
    return tmp_path


def start(
    module: str, *arguments: str | Path, data: Path, before: Callable[[], None] | None = None
) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "LINDA_VECTOR_CACHE": str(data / "vectors"),
        "RASA_TELEMETRY_ENABLED": "false",
    }
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments), "--progress"],
        cwd=ROOT, env=environment, text=True, preexec_fn=before,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def train(data: Path, *nlu: str, before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    folders = [part for name in nlu for part in ("--nlu", data / name)]
    return start(
        "bot.train", "--out", data / "out" / "model.tar.gz", *folders,
        "--rules", data / "rules", "--domain", FIXTURES / "domain.yml", data=data, before=before,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> tuple[int, list[dict[str, Any]], str]:
    """Exit status, the lines of standard output, standard error."""
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


def check_progress(lines: list[dict[str, Any]], stages: list[str]) -> None:
    assert {frozenset(line) for line in lines} == {frozenset({"progress", "stage", "text"})}
    shares = [line["progress"] for line in lines]
    assert shares == sorted(shares) and shares[0] == 0.0 and shares[-1] == 1.0
    assert list(dict.fromkeys(line["stage"] for line in lines)) == stages


def test_a_model_of_two_folders_is_trained_and_scored(data: Path) -> None:
    status, lines, err = finish(train(data, "nlu", "more"))
    assert status == 0, err
    check_progress(lines, ["read", "vectors", "train", "pack"])
    model = data / "out" / "model.tar.gz"
    assert [p.name for p in model.parent.iterdir()] == ["model.tar.gz"]
    check(model)

    rows = [{"text": t, "intent": i} for t, i in (("是的", "affirm"), ("楼道灯坏了", "report_problem"))]  # fmt: skip
    (data / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    report = data / "out" / "report.json"
    scored = start(
        "bot.evaluate", "--input", data / "rows.jsonl", "--output", report, "--model", model,
        data=data,
    )  # fmt: skip
    status, lines, err = finish(scored)
    assert status == 0, err
    check_progress(lines, ["read", "evaluate"])
    assert json.loads(report.read_text(encoding="utf-8"))["intent"]["accuracy"] == 1.0
    assert sorted(p.name for p in model.parent.iterdir()) == ["model.tar.gz", "report.json"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("nlu:\n- intent: greet\n  examples: |\n - x\n: [", "broken.yml 第"),
        ("nlu:\n- intent: greet\n  examples: |\n    ohne Strich\n", "greet"),
        ("nlu:\n- examples: |\n    - 你好\n", "缺少 intent"),
    ],
)
def test_a_fault_in_the_data_is_told_in_one_sentence(data: Path, content: str, told: str) -> None:
    (data / "more" / "broken.yml").write_text(content, encoding="utf-8")
    old = data / "out" / "model.tar.gz"
    old.parent.mkdir()
    old.write_bytes(b"old")
    status, lines, _ = finish(train(data, "nlu", "more"))
    assert status == 1
    assert told in lines[-1]["error"] and lines[-1]["error"].endswith("。")
    assert all("error" not in line for line in lines[:-1])
    assert old.read_bytes() == b"old"


def test_data_that_makes_no_model_is_told(data: Path) -> None:
    """One intent only: nothing to tell apart."""
    (data / "more" / "more.yml").write_text(
        "nlu:\n- intent: affirm\n  examples: |\n    - 对的对的\n    - 对的呀\n", encoding="utf-8"
    )
    status, lines, err = finish(train(data, "more"))
    assert status == 1
    assert "训练没有完成" in lines[-1]["error"]
    assert "two labels" in err  # the log has the reason in full
    assert list((data / "out").iterdir()) == []


def test_examples_are_read_as_rasa_reads_them() -> None:
    files = sorted((ROOT / "data" / "nlu").glob("*.yml"))[:3]
    expected = [
        (m.get("text"), m.get("intent"), (m.get("metadata") or {}).get("intent"))
        for file in files
        for m in load_data(str(file)).training_examples
    ]
    got = [(e.text, e.intent, e.metadata or None) for e in examples_of(files)]
    assert len(got) > 300 and got == expected


def test_a_missing_folder_is_told(data: Path) -> None:
    status, lines, _ = finish(train(data, "nowhere"))
    assert status == 1 and "找不到训练数据目录" in lines[-1]["error"]


def test_a_full_disk_is_told_and_the_old_model_stays(data: Path) -> None:
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))

    old = data / "out" / "model.tar.gz"
    old.parent.mkdir()
    old.write_bytes(b"old")
    status, lines, err = finish(train(data, "nlu", "more", before=little_room))
    assert (status, lines[-1]) == (1, {"error": "磁盘空间不足或超出限额，没有写完。"}), err
    assert [p.name for p in old.parent.iterdir()] == ["model.tar.gz"]
    assert old.read_bytes() == b"old"


@pytest.mark.parametrize("stage", ["read", "vectors", "train"])
def test_a_stopped_training_leaves_nothing(data: Path, stage: str) -> None:
    examples = "\n".join(f"    - 第{n}栋楼道里的灯又坏了没有人来修" for n in range(240))
    (data / "more" / "many.yml").write_text(
        f"nlu:\n- intent: report_problem\n  examples: |\n{examples}\n", encoding="utf-8"
    )
    process = train(data, "nlu", "more")
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["stage"] == stage:
            break
    process.send_signal(signal.SIGTERM)
    stopped = time.monotonic()
    assert process.wait(timeout=PATIENCE_S) in (143, -signal.SIGTERM)
    assert time.monotonic() - stopped < 5
    out = data / "out"
    assert not out.exists() or list(out.iterdir()) == []
    left = subprocess.run(["pgrep", "-f", str(out)], capture_output=True, text=True)
    assert left.stdout == "", "worker processes are left"
