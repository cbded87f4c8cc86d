"""The services' side of a release, as a small real HTTP server that tests can steer."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LIMIT_S = 20.0


class ModelServices:
    """Serves one model and collects the reports.

    Attributes:
        archive: bytes of the released model, ``None`` for none.
        announced: checksum told for it; by default the true one.
        token: the only one that is accepted.
        cut: send only so many bytes of it and hang up.
        sent: how often a body was sent.
        reports: what the processes have told, oldest first.
    """

    def __init__(self, token: str) -> None:
        """Start to listen."""
        self.archive: bytes | None = None
        self.announced: str | None = None
        self.cut: int | None = None
        self.sent = 0
        self.reports: list[dict[str, Any]] = []
        self.token = token
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self.open()

    @property
    def url(self) -> str:
        """Address without a path."""
        return f"http://127.0.0.1:{self._port}"

    def open(self) -> None:
        """Listen, on the same port as before."""
        handler = type("Handler", (_Handler,), {"services": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Be away."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def release(self, archive: bytes, announced: str | None = None) -> str:
        """Release a model; returns the checksum that is told for it."""
        self.announced = announced or hashlib.sha256(archive).hexdigest()
        self.archive = archive
        return self.announced

    def wait_for(self, what: Callable[[dict[str, Any]], bool], since: int = 0) -> dict[str, Any]:
        """The first report from number ``since`` on for which ``what`` holds."""
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            for report in self.reports[since:]:
                if what(report):
                    return report
            time.sleep(0.05)
        raise AssertionError(f"no such report: {self.reports[since:]}")


class _Handler(BaseHTTPRequestHandler):
    services: ModelServices

    def do_GET(self) -> None:
        if not self._allowed("/internal/v1/models/current"):
            return
        archive, sha256 = self.services.archive, self.services.announced
        if archive is None:
            self._answer(404)
        elif self.headers.get("If-None-Match") == f'"{sha256}"':
            self._answer(304)
        else:
            self.services.sent += 1
            self._answer(200, archive, {"ETag": f'"{sha256}"', "X-Linda-Sha256": str(sha256)})

    def do_POST(self) -> None:
        if self._allowed("/internal/v1/models/serving"):
            length = int(self.headers["Content-Length"])
            self.services.reports.append(json.loads(self.rfile.read(length)))
            self._answer(204)

    def _allowed(self, path: str) -> bool:
        known = self.headers.get("Authorization") == f"Bearer {self.services.token}"
        if not known or self.path != path:
            self._answer(404 if known else 401)
            return False
        return True

    def _answer(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.services.cut is None else body[: self.services.cut])

    def log_message(self, *_: Any) -> None: ...
