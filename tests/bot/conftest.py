"""A really trained small model and a really running Rasa, made once per test run."""

from __future__ import annotations

import json
import os
import shutil
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

from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = Path(__file__).parent / "fixtures"
TOKEN = "token-for-tests"
Ask = Callable[..., tuple[int, Any]]


def train_small(folder: Path, domain: Path = FIXTURES / "domain.yml") -> Path:
    """A model of the repository's pipeline, trained on the fixtures, in ``folder``."""
    for name in ("nlu", "rules"):
        (folder / name).mkdir(parents=True)
        shutil.copy(FIXTURES / f"{name}.yml", folder / name)
    model = folder / "model.tar.gz"
    command = [
        sys.executable, "-m", "bot.train", "--out", str(model), "--nlu", str(folder / "nlu"),
        "--rules", str(folder / "rules"), "--domain", str(domain),
    ]  # fmt: skip
    environment = {**os.environ, "LINDA_VECTOR_CACHE": str(folder.parent / "vectors")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return model


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the repository's pipeline, trained on the fixtures."""
    return train_small(tmp_path_factory.mktemp("models"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Rasa:
    """A running ``bot.serve`` with a folder of its own.

    Attributes:
        folder: ``LINDA_VAR_DIR`` of the process; ``rasa.log`` is in it.
        environment: what the process is started with.
    """

    def __init__(self, folder: Path, model: Path, **environment: str) -> None:
        """Nothing is started; ``environment`` goes on top of the usual."""
        self.folder, self.model, self.port = folder, model, free_port()
        self.environment = {
            **os.environ,
            "LINDA_INTERNAL_TOKEN": TOKEN,
            "LINDA_TRACKER_URL": f"sqlite:///{folder / 'rasa.db'}",
            "LINDA_VAR_DIR": str(folder),
            "LINDA_VECTOR_CACHE": str(folder),
            "LINDA_URL": f"http://127.0.0.1:{free_port()}",  # nobody is there
            "RASA_TELEMETRY_ENABLED": "false",
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """Everything that the process has printed."""
        return (self.folder / "rasa.log").read_text(errors="replace")

    def ask(self, path: str, body: Any = None, token: str | None = TOKEN) -> tuple[int, Any]:
        """Status and JSON of one request; a body makes it a POST."""
        url = f"http://127.0.0.1:{self.port}{path}" + (f"?token={token}" if token else "")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def start(self) -> Rasa:
        """Start and wait until it answers."""
        command = [sys.executable, "-m", "bot.serve", "--model", str(self.model)]
        with (self.folder / "rasa.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + 180
        while True:
            assert self._process.poll() is None, self.log[-3000:]
            assert time.monotonic() < deadline, "Rasa did not start"
            try:
                if self.ask("/status")[0] == 200:
                    return self
            except (OSError, ValueError):
                pass
            time.sleep(0.2)

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=PATIENCE_S)
            self._process = None


@pytest.fixture(scope="session")
def rasa_server(model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """A running Rasa; gives ``ask(path, body) -> (status, json)``."""
    rasa = Rasa(tmp_path_factory.mktemp("rasa"), model_path).start()
    yield rasa.ask
    rasa.stop()
