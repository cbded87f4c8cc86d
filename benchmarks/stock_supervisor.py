"""The same stack with Rasa as it comes: ``rasa run``, its own server, in-memory tracker store."""

from __future__ import annotations

import sys
from dataclasses import replace
from urllib.parse import urlsplit

from services.config import ROOT, Settings
from services.supervisor.__main__ import main
from services.supervisor.processes import Process, processes

RASA = ROOT / "bot" / ".venv" / "bin" / "rasa"


def stock(settings: Settings) -> list[Process]:
    """Our processes, with the stock Rasa server in the place of ours."""
    endpoints = settings.var_dir / "stock-endpoints.yml"
    endpoints.write_text(f"action_endpoint:\n  url: {settings.actions_url}/webhook\n")
    command = [
        *(str(RASA), "run", "--model", str(settings.model), "--interface", "127.0.0.1"),
        *("--port", str(urlsplit(settings.rasa_url).port), "--endpoints", str(endpoints)),
        *("--credentials", str(ROOT / "credentials.yml"), "--enable-api"),
        *("--auth-token", settings.secret("internal_token")),
    ]
    return [replace(p, command=command) if p.name == "rasa" else p for p in processes(settings)]


if __name__ == "__main__":
    sys.exit(main(stock))
