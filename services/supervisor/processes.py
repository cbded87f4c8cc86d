"""Which processes there are: command, environment and how to see that each is well."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

from services.config import ROOT, Settings

BOT_PYTHON = ROOT / "bot" / ".venv" / "bin" / "python"
PROBE_TIMEOUT_S = 3.0


@dataclass(frozen=True)
class Process:
    """One process of the system.

    Attributes:
        name: Short name, the prefix of its log lines.
        command: What is executed, in the repository's root.
        healthy: Returns whether the process answers; called in a thread, may take three seconds.
        port: The port it listens on, or None.
        environment: Variables on top of the supervisor's own.
        grace_s: How long it may fail its health check before it is restarted.
    """

    name: str
    command: Sequence[str]
    healthy: Callable[[], bool]
    port: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    grace_s: float = 60.0


def processes(settings: Settings) -> list[Process]:
    """Return the processes of one machine, in the order in which they are started and shown."""
    rasa, actions = _port(settings.rasa_url), _port(settings.actions_url)
    web_url = f"http://127.0.0.1:{settings.port}"
    token = settings.secret("internal_token")
    shared = {
        "LINDA_INTERNAL_TOKEN": token,
        "LINDA_URL": web_url,
        "LINDA_ACTIONS_URL": settings.actions_url,
        "LINDA_VAR_DIR": str(settings.var_dir),
        "LINDA_LOCALITY": settings.locality,
        "LINDA_MODEL_POLL_S": str(settings.model_poll_s),
        # One thread each: two cores are shared by all processes, and spinning BLAS threads cost more
        # than they give for one sentence.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "RASA_TELEMETRY_ENABLED": "false",
        "PYTHONUNBUFFERED": "1",
        # The action server's default is every address, and it asks nobody who they are.
        "SANIC_HOST": "127.0.0.1",
    }
    bot = str(BOT_PYTHON)
    python = sys.executable
    alive = settings.var_dir / "run" / "worker.alive"
    return [
        Process(
            "actions",
            [bot, "-m", "rasa_sdk", "--actions", "actions", "--port", str(actions)],
            _answers(f"{settings.actions_url}/health"),
            actions,
            shared,
        ),
        Process(
            "rasa",
            [bot, "-m", "bot.serve", "--model", str(settings.model), "--port", str(rasa)],
            _answers(f"{settings.rasa_url}/status?token={quote(token)}"),
            rasa,
            shared,
        ),
        Process(
            "web",
            [python, "-m", "services.web"],
            _answers(f"{web_url}/healthz"),
            settings.port,
            shared,
        ),
        Process("worker", [python, "-m", "services.outbox"], _fresh(alive), None, shared),
    ]


def _port(url: str) -> int:
    port = urlsplit(url).port
    if port is None:
        raise ValueError(f"地址里缺少端口：{url}")
    return port


def _answers(url: str) -> Callable[[], bool]:
    def probe() -> bool:
        try:
            with urlopen(url, timeout=PROBE_TIMEOUT_S) as answer:
                return int(answer.status) == 200
        except (URLError, OSError, ValueError):
            return False

    return probe


def _fresh(path: Path, seconds: float = 30.0) -> Callable[[], bool]:
    """A process without a port touches a file on each round."""

    def probe() -> bool:
        import time

        try:
            return time.time() - os.stat(path).st_mtime < seconds
        except FileNotFoundError:
            return False

    return probe
