"""What the Rasa side takes from the environment, by the same names as the services."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def var_dir() -> Path:
    """Folder of what changes at run time (``LINDA_VAR_DIR``, default ``var``)."""
    return Path(os.environ.get("LINDA_VAR_DIR") or ROOT / "var")


def internal_token() -> str:
    """Secret between gateway and Rasa: ``LINDA_INTERNAL_TOKEN``, or the file the services made.

    Raises:
        RuntimeError: when there is neither; an open door is no default.
    """
    token = os.environ.get("LINDA_INTERNAL_TOKEN")
    if token:
        return token
    file = var_dir() / "secrets" / "internal_token"
    if file.exists():
        return file.read_text(encoding="utf-8").strip()
    raise RuntimeError("缺少 LINDA_INTERNAL_TOKEN：请设置它，或先启动一次服务端生成 var/secrets。")


def tracker_url() -> str:
    """SQLAlchemy URL of the conversations' memory.

    ``LINDA_TRACKER_URL``; else the PostgreSQL of ``LINDA_DATABASE_URL``; else ``var/rasa.db``.
    """
    url = os.environ.get("LINDA_TRACKER_URL") or os.environ.get("LINDA_DATABASE_URL") or ""
    for prefix in (
        "postgresql+asyncpg://",
        "postgresql+psycopg2://",
        "postgresql://",
        "postgres://",
    ):
        if url.startswith(prefix):
            return "postgresql+psycopg2://" + url.removeprefix(prefix)
    if os.environ.get("LINDA_TRACKER_URL"):
        return url
    return f"sqlite:///{var_dir() / 'rasa.db'}"


def services_url() -> str:
    """Where the services answer (``LINDA_URL``, default the port of a single machine)."""
    return os.environ.get("LINDA_URL") or "http://127.0.0.1:8080"


def model_poll_s() -> float:
    """Seconds between two questions for a new model (``LINDA_MODEL_POLL_S``, default 2)."""
    return float(os.environ.get("LINDA_MODEL_POLL_S") or 2)
