"""The whole system for a test: real processes, own ports, own database, own folder."""

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
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parent.parent
START_LIMIT_S = 180
PASSWORD = "linda-test-password"


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Stack:
    """Web, worker, Rasa and action server under the real supervisor.

    Args:
        var_dir: Folder for database, uploads, secrets and logs of this stack.
        database_url: As ``LINDA_DATABASE_URL``; empty for SQLite in ``var_dir``.
        supervisor: The module that is run; another one than ours only for comparisons.
    """

    def __init__(
        self,
        var_dir: Path,
        database_url: str = "",
        supervisor: str = "services.supervisor",
        **environment: str,
    ) -> None:
        self.var_dir = var_dir
        self.supervisor = supervisor
        web, rasa, actions = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{web}"
        self.environment = {
            **os.environ,
            "LINDA_ENV": "demo",
            "LINDA_TEST_MODE": "1",
            "LINDA_VAR_DIR": str(var_dir),
            "LINDA_DATABASE_URL": database_url,
            "LINDA_PORT": str(web),
            "LINDA_RASA_URL": f"http://127.0.0.1:{rasa}",
            "LINDA_ACTIONS_URL": f"http://127.0.0.1:{actions}",
            "LINDA_DEMO_PASSWORD": PASSWORD,
            # Many residents of one test live in one house; conversations about it turn it on.
            "LINDA_JOIN_NEIGHBOURS": "0",
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._tokens: dict[str, str] = {}

    def start(self) -> None:
        """Migrate, seed and start; return when every process is well."""
        self.var_dir.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [sys.executable, "-m", "services.cli", "init"],
            cwd=ROOT,
            env=self.environment,
            check=True,
        )
        self.output = self.var_dir / "supervisor.out"
        with self.output.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.supervisor],
                cwd=ROOT,
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_LIMIT_S
        while "已启动" not in self.log():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the stack did not start:\n{self.log()[-4000:]}")
            time.sleep(0.2)

    def log(self) -> str:
        """Everything that the supervisor printed."""
        return self.output.read_text(errors="replace")

    def stop(self) -> None:
        """End the supervisor, which ends its processes."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise

    def pid(self, name: str) -> int:
        """Process id of ``web``, ``worker``, ``rasa`` or ``actions``."""
        return int((self.var_dir / "run" / f"{name}.pid").read_text())

    def kill(self, name: str) -> None:
        """``kill -9`` one process; the supervisor starts it again."""
        os.kill(self.pid(name), signal.SIGKILL)

    def wait_ready(self, limit_s: float = PATIENCE_S) -> None:
        """Return when the whole system says it is ready."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            try:
                if self.call("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.2)
        raise RuntimeError(f"not ready after {limit_s} s:\n{self.log()[-4000:]}")

    def call(
        self, method: str, path: str, body: Any = None, token: str | None = None, **headers: str
    ) -> tuple[int, Any]:
        """One HTTP request; return (status, JSON body).

        A clock that was set days ahead may have ended the accounts' sessions for good (the night's
        clearing away): then the account logs in once more.
        """
        status, answer = self._call(method, path, body, token, headers)
        name = next((n for n, t in self._tokens.items() if t == token), None)
        if status != 401 or name is None:
            return status, answer
        del self._tokens[name]
        return self._call(method, path, body, self.token(name), headers)

    def _call(
        self, method: str, path: str, body: Any, token: str | None, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **headers},
        )
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raw = error.read()
            return error.code, json.loads(raw) if raw else None

    def token(self, username: str) -> str:
        """API token of a demo account."""
        if username not in self._tokens:
            status, body = self.call(
                "POST", "/api/v1/auth/token", {"username": username, "password": PASSWORD}
            )
            assert status == 200, body
            self._tokens[username] = body["token"]
        return self._tokens[username]

    def ticket(self, ticket_no: str, username: str = "admin1") -> dict[str, Any]:
        """A ticket as this account sees it."""
        status, body = self.call("GET", f"/api/v1/tickets/{ticket_no}", token=self.token(username))
        assert status == 200, body
        return dict(body)

    def events(self, ticket_no: str, username: str = "dispatcher1") -> list[dict[str, Any]]:
        """The timeline of a ticket."""
        path = f"/api/v1/tickets/{ticket_no}/events"
        status, body = self.call("GET", path, token=self.token(username))
        assert status == 200, body
        return list(body["events"])

    def act(self, username: str, ticket_no: str, action: str, **payload: Any) -> dict[str, Any]:
        """One workflow action with the present version."""
        version = self.ticket(ticket_no, username)["version"]
        status, body = self.call(
            "POST",
            f"/api/v1/tickets/{ticket_no}/actions/{action}",
            {"version": version, **payload},
            token=self.token(username),
        )
        assert status == 200, body
        return dict(body)

    def internal_token(self) -> str:
        """The secret between the processes of this stack."""
        return (self.var_dir / "secrets" / "internal_token").read_text().strip()

    def chat(self) -> Chat:
        """A new resident's conversation."""
        return Chat(self)


class Chat:
    """A resident's side of the chat API."""

    def __init__(self, stack: Stack, elder: bool = False) -> None:
        self.stack = stack
        status, body = stack.call(
            "POST", "/api/v1/chat/sessions", {"channel": "web", "elder": elder}
        )
        assert status == 201, body
        self.token: str = body["token"]
        self.session_id: str = body["session_id"]
        self.said: list[str] = []
        self.last: list[dict[str, Any]] = body["messages"]

    def say(self, text: str, client_message_id: str | None = None) -> str:
        """Say something; return all that came back as one text."""
        return self._post({"type": "text", "text": text}, client_message_id)

    def tap(self, title: str) -> str:
        """Tap the newest button with this title, else the newest whose title contains it."""
        offered = [b for m in self.history() for b in m.get("buttons") or []][::-1]
        exact = [b["payload"] for b in offered if title == b["title"]]
        payload = next(iter(exact or [b["payload"] for b in offered if title in b["title"]]))
        return self._post({"type": "payload", "payload": payload})

    def share(self, label: str) -> str:
        """Share a location that the map calls by this label."""
        return self._post({"type": "location", "lat": 43.17, "lng": 124.35, "label": label})

    def _post(self, body: dict[str, Any], client_message_id: str | None = None) -> str:
        status, answer = self.stack.call(
            "POST",
            "/api/v1/chat/messages",
            {"client_message_id": client_message_id or uuid.uuid4().hex, **body},
            token=self.token,
        )
        assert status == 200, answer
        self.last = answer["messages"]
        self.said += [m["text"] or "" for m in self.last]
        return "\n".join(m["text"] or "" for m in self.last)

    def history(self) -> list[dict[str, Any]]:
        """All messages of the conversation."""
        status, body = self.stack.call("GET", "/api/v1/chat/history", token=self.token)
        assert status == 200, body
        return list(body["messages"])

    def wait_for(self, words: str, limit_s: float = PATIENCE_S, after: int = 0) -> dict[str, Any]:
        """Wait until a message with these words is in the history, and return it.

        ``after``: how many messages of the history to pass over.
        """
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            for message in reversed(self.history()[after:]):
                if message["from"] != "resident" and words in (message["text"] or ""):
                    return message
            time.sleep(0.2)
        texts = [m["text"] for m in self.history()]
        raise AssertionError(f"{words!r} never came; the conversation: {texts}")

    @property
    def ticket_no(self) -> str:
        """Number of the newest ticket that the bot showed here."""
        for message in reversed(self.history()):
            if message.get("ticket"):
                return str(message["ticket"]["ticket_no"])
        raise AssertionError("no ticket in this conversation")
