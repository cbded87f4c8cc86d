"""The whole system with WeChat before it: real processes, and the simulated platform beside them."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests.patience import PATIENCE_S
from tests.stack import ROOT, Stack, free_port
from tests.wechat_sim.account import Account, Mode, new_account, write_accounts
from tests.wechat_sim.phone import Phone
from tests.wechat_sim.simulator import Simulator
from tests.wechat_sim.thread import SimulatorThread

ABOUT = timedelta(minutes=30)
LEAP = timedelta(minutes=5)
WORKERS_ROUND_S = 3.0
"""Longer than a round of the worker and the pause before it."""
MODES: tuple[Mode, ...] = ("safe", "compatible", "plain")


@dataclass(frozen=True)
class Kept:
    """A message of a conversation as the database has it."""

    id: str
    sender: str
    kind: str
    text: str
    state: str
    reply_to: str | None
    attachment_id: str | None


class WeChatStack:
    """A started system; its accounts are called like their modes.

    Args:
        seed: Of what is random in the simulator.
    """

    def __init__(self, var_dir: Path, database_url: str = "", seed: int | None = None) -> None:
        self.accounts: dict[Mode, Account] = {mode: new_account(mode, mode) for mode in MODES}
        self.simulator = Simulator(list(self.accounts.values()), seed)
        self.thread = SimulatorThread(self.simulator)
        self.stack = Stack(var_dir, database_url, LINDA_WECHAT_ACCOUNTS=str(var_dir / "wechat.yml"))
        self._before: dict[str, set[str]] = {}
        self._second: subprocess.Popen[bytes] | None = None
        self._second_log: Any = None

    def __enter__(self) -> WeChatStack:
        self.thread.__enter__()
        path = Path(self.stack.environment["LINDA_WECHAT_ACCOUNTS"])
        write_accounts(path, list(self.accounts.values()), self.simulator.url)
        self.stack.start()
        self.simulator.connect(self.stack.url)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop_second()
        self.stack.stop()
        self.thread.__exit__(kind, error, trace)

    run = property(lambda self: self.thread.run)
    """Hands the simulator something to do and waits for the result."""

    def phone(self, mode: Mode = "safe") -> Phone:
        """Return a new user of an account."""
        phone = self.simulator.phone(self.accounts[mode])
        self._before[phone.openid] = self._conversations()
        return phone

    # -- time ----------------------------------------------------------------------------------

    def set_clock(self, now: datetime) -> None:
        """Set the product's clock and the platform's, unless they are there already, about."""
        if abs(self.simulator.clock.now() - now) < ABOUT:
            return
        self._clock({"now": now.isoformat()})

    def move(self, by: timedelta) -> None:
        """Let time pass for both."""
        self._clock({"advance": by.total_seconds()})

    def _clock(self, body: dict[str, Any]) -> None:
        token = self.stack.token("admin1")
        with self.simulator.courier.at_rest():  # a retry signed in between would be days old: 403
            status, answer = self.stack.call("POST", "/api/v1/test/clock", body, token)
            assert status == 200, answer
            then, now = self.simulator.clock.now(), datetime.fromisoformat(answer["now"])
            self.simulator.clock.set(now)
        if abs(now - then) > LEAP:
            # The worker looks at the clock when it begins a round; until then it lives in another
            # time, and takes what is under way for something long over.
            time.sleep(WORKERS_ROUND_S)

    # -- what the product has kept ---------------------------------------------------------------

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Read the product's database."""

        async def read() -> list[dict[str, Any]]:
            engine = create_async_engine(self._database, poolclass=NullPool)
            try:
                async with engine.connect() as connection:
                    found = await connection.execute(text(sql), values)
                    return [dict(row) for row in found.mappings()]
            finally:
                await engine.dispose()

        return self.thread.run(read())

    def conversation(self, phone: Phone) -> str:
        """Return a user's conversation: the one that has come since the phone was made.

        The product keeps the OpenID encrypted; from outside there is no other way to tell. For
        one user at a time.
        """
        (found,) = self._conversations() - self._before[phone.openid]
        return found

    def conversation_with(self, said: str) -> str:
        """Return the one conversation in which a resident has said this."""
        found = self.rows(
            "SELECT DISTINCT conversation_id AS id FROM messages"
            " WHERE sender = 'resident' AND text = :said",
            said=said,
        )
        assert len(found) == 1, f"{said!r} is in {len(found)} conversations"
        return str(found[0]["id"])

    def kept(self, conversation_id: str) -> list[Kept]:
        """Return the messages of a conversation, oldest first."""
        found = self.rows(
            "SELECT id, sender, kind, text, state, reply_to, attachment_id FROM messages"
            " WHERE conversation_id = :id ORDER BY seq",
            id=conversation_id,
        )
        return [Kept(**row) for row in found]

    def tickets(self, conversation_id: str) -> list[str]:
        """Return the numbers of the tickets filed in a conversation."""
        found = self.rows(
            "SELECT ticket_no FROM tickets WHERE conversation_id = :id", id=conversation_id
        )
        return [str(row["ticket_no"]) for row in found]

    def unseen(self, phone: Phone, conversation_id: str) -> list[str]:
        """Return what the conversation says to the resident and the screen does not show whole."""
        shown = squeezed(" ".join(phone.screen.told()))
        said = (m.text for m in self.kept(conversation_id) if m.sender != "resident")
        return [text for text in said if squeezed(text) not in shown]

    def seen_twice(self, phone: Phone, conversation_id: str) -> list[str]:
        """Return what is on the screen more often than the conversation says it."""
        kept = [m.text for m in self.kept(conversation_id) if m.sender != "resident" and m.text]
        said = Counter(squeezed(text) for text in kept)
        shown = squeezed(" ".join(phone.screen.told()))
        # What is part of something else that was said would be counted with it.
        alone = [a for a in said if not any(a in b for b in said if b != a)]
        return [words for words in alone if shown.count(words) > said[words]]

    # -- processes -------------------------------------------------------------------------------

    def start_second(self) -> None:
        """Start one more web process on the same database; the balancer uses both."""
        port = free_port()
        environment = {
            **self.stack.environment,
            "LINDA_PORT": str(port),
            "LINDA_URL": f"http://127.0.0.1:{port}",
        }
        self._second_log = (self.stack.var_dir / "second.out").open("wb")
        self._second = subprocess.Popen(
            [sys.executable, "-m", "services.web"],
            cwd=ROOT,
            env=environment,
            stdout=self._second_log,
            stderr=subprocess.STDOUT,
        )
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{url}/healthz", timeout=PATIENCE_S) as answer:
                    if answer.status == 200:
                        break
            except OSError:
                time.sleep(0.1)
        self.simulator.connect(self.stack.url, url)

    def stop_second(self) -> None:
        """End the second web process."""
        if self._second is not None:
            self._second.terminate()
            self._second.wait(20)
            self._second_log.close()
            self._second = None
            self.simulator.connect(self.stack.url)

    def _conversations(self) -> set[str]:
        found = self.rows("SELECT id FROM conversations WHERE channel = 'wechat'")
        return {str(row["id"]) for row in found}

    @property
    def _database(self) -> str:
        url = self.stack.environment["LINDA_DATABASE_URL"]
        if not url:
            return f"sqlite+aiosqlite:///{self.stack.var_dir / 'linda.db'}"
        return url.replace("postgresql://", "postgresql+asyncpg://", 1)


def squeezed(said: str) -> str:
    """Return a text without spaces and line ends: long ones come in parts, cut anywhere."""
    return "".join(said.split())
