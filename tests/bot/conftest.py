"""A really trained small model and a really running Rasa, made once per test run."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = Path(__file__).parent / "fixtures"
TOKEN = "token-for-tests"
Ask = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the repository's pipeline, trained on the fixtures."""
    from rasa.model_training import train

    folder = tmp_path_factory.mktemp("models")
    before = Path.cwd()
    os.chdir(ROOT)
    os.environ["LINDA_VECTOR_CACHE"] = str(tmp_path_factory.mktemp("vectors"))
    try:
        result = train(
            domain=str(FIXTURES / "domain.yml"),
            config=str(ROOT / "config.yml"),
            training_files=[str(FIXTURES / "nlu.yml"), str(FIXTURES / "rules.yml")],
            output=str(folder),
            force_training=True,
        )
    finally:
        os.chdir(before)
        del os.environ["LINDA_VECTOR_CACHE"]
    return Path(result.model)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def rasa_server(model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """A running Rasa; gives ``ask(path, body) -> (status, json)``."""
    folder = tmp_path_factory.mktemp("rasa")
    port = _free_port()
    environment = {
        **os.environ,
        "LINDA_INTERNAL_TOKEN": TOKEN,
        "LINDA_TRACKER_URL": f"sqlite:///{folder / 'rasa.db'}",
        "LINDA_VECTOR_CACHE": str(folder),
        "RASA_TELEMETRY_ENABLED": "false",
    }
    command = [
        sys.executable, "-m", "rasa", "run", "-i", "127.0.0.1", "-p", str(port),
        "--model", str(model_path), "--endpoints", "endpoints.yml", "--credentials",
        "credentials.yml", "--enable-api", "--auth-token", TOKEN,
    ]  # fmt: skip
    log = (folder / "rasa.log").open("wb")
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def ask(path: str, body: Any = None, token: str | None = TOKEN) -> tuple[int, Any]:
        url = f"http://127.0.0.1:{port}{path}" + (f"?token={token}" if token else "")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    deadline = time.monotonic() + 180
    while True:
        assert process.poll() is None, (folder / "rasa.log").read_text(errors="replace")[-3000:]
        assert time.monotonic() < deadline, "Rasa did not start"
        try:
            if ask("/status")[0] == 200:
                break
        except (OSError, ValueError):
            pass
        time.sleep(0.5)
    yield ask
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    log.close()
