"""The supervisor with real child processes: small Python programs instead of ours."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from services.config import Settings
from services.supervisor.preflight import problems
from services.supervisor.processes import Process, processes
from services.supervisor.supervisor import StartFailed, Supervisor
from tests.patience import PATIENCE_S


def alive(file: Path) -> Process:
    """A process that says it is well by writing a file, and then sleeps."""
    code = f"import pathlib,time; pathlib.Path({str(file)!r}).write_text('x'); time.sleep(60)"
    return Process("good", [sys.executable, "-c", code], file.exists)


async def run_until(supervisor: Supervisor, ready: asyncio.Event) -> asyncio.Task[None]:
    task = asyncio.create_task(supervisor.run(ready.set))
    await asyncio.wait_for(ready.wait(), PATIENCE_S)
    return task


async def end(task: asyncio.Task[None]) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.wait_for(task, PATIENCE_S)


async def test_says_ready_once_all_are_well_and_stops_all(tmp_path: Path) -> None:
    supervisor = Supervisor([alive(tmp_path / "a")], tmp_path)
    task = await run_until(supervisor, asyncio.Event())
    pid = int((tmp_path / "run" / "good.pid").read_text())
    os.kill(pid, 0)
    await end(task)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_closed_terminal_leaves_no_process_behind(tmp_path: Path) -> None:
    supervisor = Supervisor([alive(tmp_path / "a")], tmp_path)
    task = await run_until(supervisor, asyncio.Event())
    pid = int((tmp_path / "run" / "good.pid").read_text())
    os.kill(os.getpid(), signal.SIGHUP)
    await asyncio.wait_for(task, PATIENCE_S)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_killed_process_comes_back(tmp_path: Path) -> None:
    supervisor = Supervisor([alive(tmp_path / "a")], tmp_path)
    task = await run_until(supervisor, asyncio.Event())
    first = int((tmp_path / "run" / "good.pid").read_text())
    os.kill(first, signal.SIGKILL)
    while int((tmp_path / "run" / "good.pid").read_text() or first) == first:
        await asyncio.sleep(0.05)
    assert supervisor.managed[0].restarts == 1
    await end(task)


async def test_gives_up_with_the_last_lines_of_a_process_that_cannot_start(tmp_path: Path) -> None:
    broken = Process(
        "bad", [sys.executable, "-c", "print('没有数据库'); raise SystemExit(3)"], bool
    )
    supervisor = Supervisor([alive(tmp_path / "a"), broken], tmp_path)
    with pytest.raises(StartFailed, match="没有数据库"):
        await asyncio.wait_for(supervisor.run(lambda: None), PATIENCE_S)
    assert supervisor.managed[1].restarts == 4


async def test_a_deaf_process_is_started_again(tmp_path: Path) -> None:
    file = tmp_path / "a"
    spec = alive(file)
    deaf = Process(spec.name, spec.command, spec.healthy, grace_s=0.5)
    supervisor = Supervisor([deaf], tmp_path)
    task = await run_until(supervisor, asyncio.Event())
    first = int((tmp_path / "run" / "good.pid").read_text())
    file.unlink()
    while int((tmp_path / "run" / "good.pid").read_text() or first) == first:
        await asyncio.sleep(0.05)
    await end(task)


def test_a_port_in_use_is_one_clear_sentence(tmp_path: Path) -> None:
    model = tmp_path / "m.tar.gz"
    model.touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = Settings(var_dir=tmp_path, port=port, model=model)
        found = problems(settings, [Process("web", [], bool, port)])
    assert found == [
        f"端口 {port}（web）已被占用：请先停掉占用它的程序，或用 LINDA_PORT 换一个端口。"
    ]


def test_a_missing_model_is_one_clear_sentence(tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path, model=tmp_path / "none.tar.gz")
    assert "还没有对话模型：请执行 make train。" in problems(settings, [])


def test_the_disk_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    monkeypatch.setattr(shutil, "disk_usage", lambda _p: shutil._ntuple_diskusage(10, 9, 1024**2))
    found = problems(Settings(var_dir=tmp_path, model=tmp_path), [])
    assert any("磁盘快满了" in line for line in found)


def test_the_table_names_what_is_started(tmp_path: Path) -> None:
    table = processes(Settings(var_dir=tmp_path))
    assert [p.name for p in table] == ["actions", "rasa", "web", "worker"]
    assert [p.port for p in table] == [5055, 5005, 8080, None]
