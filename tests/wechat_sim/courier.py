"""Carrying what users send to the product's callback, with WeChat's patience and stubbornness.

Source: 公众号文档 “接收普通消息” and “被动回复用户消息”: after five seconds without an answer the
connection is closed and the same message is sent again, three times in all; an empty body or
``success`` is “no reply”; nothing at all, or something else, and the user reads that the account is
out of order. Retries carry the same MsgId (events: sender and CreateTime) and a new nonce.

What no page says, and is assumed here: a connection that breaks is tried again after a moment; of
several answers to one message the first with a text is shown, the others are not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode, urlsplit

import aiohttp

from tests.wechat_sim.account import Account
from tests.wechat_sim.clock import SimClock
from tests.wechat_sim.crypto import signature
from tests.wechat_sim.faults import Faults
from tests.wechat_sim.record import Exchange, Recorder
from tests.wechat_sim.reply import judge
from tests.wechat_sim.screen import FAILURE, Screen
from tests.wechat_sim.xml import render

HEADERS = {"Content-Type": "text/xml", "User-Agent": "Mozilla/4.0", "Pragma": "no-cache"}
Outcome = Literal["answered", "acknowledged", "broken", "failed"]
"""A text was shown; the product said “no reply”; a rule was broken; nobody answered."""


@dataclass(frozen=True)
class Timing:
    """How patient the platform is, in real seconds."""

    patience_s: float = 5.0
    attempts: int = 3
    pause_s: float = 2.0
    """After a connection that could not be made or broke."""


@dataclass
class Attempt:
    """One request: ``status`` is None when its answer was never read."""

    number: int
    began: float
    took_s: float = 0.0
    status: int | None = None
    text: str | None = None
    fault: str = ""


@dataclass
class Delivery:
    """One message or event on its way, until the platform is done with it.

    Attributes:
        key: MsgId, or sender and CreateTime of an event.
        shown: The text that the user saw as the passive reply.
        shown_after_s: Real seconds from the first attempt until then.
    """

    key: str
    openid: str
    fields: dict[str, str | int]
    began: float
    attempts: list[Attempt] = field(default_factory=list)
    outcome: Outcome = "failed"
    shown: str | None = None
    shown_after_s: float | None = None

    @property
    def reached(self) -> bool:
        """Whether the product has got the whole message at least once and said so."""
        return any(a.status == 200 for a in self.attempts)


REST_S = 5.0
"""Seconds beyond the platform's patience that a busy machine may take to end an attempt."""


class Courier:
    """Delivers for all accounts."""

    def __init__(self, clock: SimClock, faults: Faults, recorder: Recorder, timing: Timing) -> None:
        self.deliveries: list[Delivery] = []
        self._clock = clock
        self._faults = faults
        self._recorder = recorder
        self._timing = timing
        self._session: aiohttp.ClientSession | None = None
        self._halted = False
        self._under_way = 0

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Nothing is signed or under way meanwhile: for who moves the clocks, from another thread.

        Two clocks cannot be moved in one instant. A retry that was signed by the one time and read
        by the other would be days old, and refused with 403 as stale, rightly.

        Raises:
            TimeoutError: An attempt is under way for longer than the platform is patient.
        """
        self._halted = True
        try:
            deadline = time.monotonic() + self._timing.patience_s + REST_S
            while self._under_way:
                if time.monotonic() > deadline:
                    raise TimeoutError("an attempt does not end")
                time.sleep(0.01)
            yield
        finally:
            self._halted = False

    async def start(self) -> None:
        """Open the client; each message has a connection of its own."""
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))

    async def stop(self) -> None:
        """Close the client."""
        if self._session is not None:
            await self._session.close()

    async def configure(self, account: Account, token: str | None = None) -> bool:
        """Ask the callback for the echo, as the page “服务器配置” does when it is saved.

        Args:
            token: Another one than the account's: the product must refuse.
        """
        echo = str(self._faults.random.randrange(10**18, 10**19))
        answers = []
        for url in account.callbacks:
            query = {**self._signed(token or account.token), "echostr": echo}
            try:
                async with self._client.get(
                    url, params=query, timeout=aiohttp.ClientTimeout(self._timing.patience_s)
                ) as response:
                    answers.append(response.status == 200 and await response.text() == echo)
            except (aiohttp.ClientError, TimeoutError):
                answers.append(False)
        return bool(answers) and all(answers)

    async def deliver(
        self,
        account: Account,
        screen: Screen,
        fields: Mapping[str, str | int],
        notice: bool = True,
        answerable: bool = True,
    ) -> Delivery:
        """Deliver until it is answered or WeChat gives up.

        Args:
            notice: Whether the user is told when nobody answers.
            answerable: Whether a reply reaches the user at all; for some events it does not.
        """
        push = self._faults.push
        await asyncio.sleep(self._faults.between(push.delay_s))
        openid = str(fields["FromUserName"])
        key = str(fields.get("MsgId") or f"{openid}{fields['CreateTime']}")
        delivery = Delivery(key, openid, dict(fields), time.monotonic())
        self.deliveries.append(delivery)
        shown_on = screen if answerable else None
        copy = None
        if self._faults.chance(push.duplicate):
            copy = asyncio.create_task(self._attempt(account, delivery, shown_on, 0))
        for number in range(self._timing.attempts):
            last = number == self._timing.attempts - 1
            began = time.monotonic()
            if await self._attempt(account, delivery, shown_on, number, spare=last):
                break
            if time.monotonic() - began < self._timing.patience_s and not last:
                await asyncio.sleep(self._timing.pause_s)
        else:
            if copy is not None:
                await copy
            if delivery.outcome == "failed" and notice:
                screen.show("notice", FAILURE, delivery.key)
        if copy is not None:
            await copy
        if delivery.reached and self._faults.chance(push.needless_retry):
            await self._attempt(account, delivery, shown_on, len(delivery.attempts), spare=True)
        return delivery

    async def post(
        self, account: Account, body: str, query: Mapping[str, str], path: str = ""
    ) -> tuple[int, str]:
        """Send any body with any query: for what only an attacker sends."""
        url = account.callbacks[0] + path
        async with self._client.post(url, params=query, data=body.encode(), headers=HEADERS) as r:
            return r.status, await r.text(errors="replace")

    def query(self, account: Account, openid: str, sealed: str = "") -> dict[str, str]:
        """Return the signed query of a message; ``sealed``: its ciphertext in base64."""
        found = {**self._signed(account.token), "openid": openid}
        if sealed:
            found["encrypt_type"] = "aes"
            found["msg_signature"] = signature(
                account.token, found["timestamp"], found["nonce"], sealed
            )
        return found

    def packed(self, account: Account, fields: Mapping[str, str | int]) -> tuple[str, str]:
        """Return a message as the account's mode has it: body and ciphertext."""
        plain = render(fields)
        if account.mode == "plain":
            return plain, ""
        sealed = account.envelope.encrypt(plain)
        outer = {"ToUserName": fields["ToUserName"]} if account.mode == "safe" else dict(fields)
        return render({**outer, "Encrypt": sealed}), sealed

    @property
    def _client(self) -> aiohttp.ClientSession:
        assert self._session is not None, "start() comes first"
        return self._session

    def _signed(self, token: str) -> dict[str, str]:
        stamp = str(self._clock.epoch())
        nonce = str(self._faults.random.randrange(10**9, 10**10))
        return {"signature": signature(token, stamp, nonce), "timestamp": stamp, "nonce": nonce}

    async def _attempt(
        self,
        account: Account,
        delivery: Delivery,
        screen: Screen | None,
        number: int,
        spare: bool = False,
    ) -> bool:
        """Send it once; return whether that was an answer of any kind."""
        self._under_way += 1
        while self._halted:  # counted first, so that whoever waits for rest sees it
            self._under_way -= 1
            await asyncio.sleep(0.01)
            self._under_way += 1
        try:
            return await self._send(account, delivery, screen, number, spare)
        finally:
            self._under_way -= 1

    async def _send(
        self,
        account: Account,
        delivery: Delivery,
        screen: Screen | None,
        number: int,
        spare: bool,
    ) -> bool:
        body, sealed = self.packed(account, delivery.fields)
        query = self.query(account, delivery.openid, sealed)
        # Copies and retries go wherever the balancer sends them: to another process each time.
        url = account.callbacks[len(delivery.attempts) % len(account.callbacks)]
        attempt = Attempt(number, time.monotonic())
        delivery.attempts.append(attempt)
        exchange = Exchange("push", self._clock.now(), "POST", urlsplit(url).path, body)
        self._recorder.exchanges.append(exchange)
        if not spare:
            push = self._faults.push
            if self._faults.chance(push.drop_before):
                attempt.fault = "drop_before"
            elif self._faults.chance(push.drop_after):
                attempt.fault = "drop_after"
        try:
            if attempt.fault:
                await self._break_off(url, query, body, attempt.fault == "drop_after")
            else:
                timeout = aiohttp.ClientTimeout(self._timing.patience_s)
                async with self._client.post(
                    url, params=query, data=body.encode(), headers=HEADERS, timeout=timeout
                ) as response:
                    raw = await response.read()
                    attempt.status = response.status
                    exchange.answer = raw.decode(errors="replace")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            exchange.answer = f"({type(error).__name__})"
        attempt.took_s = exchange.took_s = time.monotonic() - attempt.began
        exchange.status, exchange.fault = attempt.status, attempt.fault
        if attempt.status is None:
            return False
        if attempt.status != 200:
            if attempt.status < 500:
                self._note(f"a genuine message is refused with {attempt.status}", exchange)
            return False
        self._take(account, delivery, attempt, raw, screen, exchange)
        return True

    def _take(
        self,
        account: Account,
        delivery: Delivery,
        attempt: Attempt,
        raw: bytes,
        screen: Screen | None,
        exchange: Exchange,
    ) -> None:
        reply = judge(raw, account, delivery.openid, self._clock.epoch())
        if reply.problems:
            for problem in reply.problems:
                self._note(f"passive reply: {problem}", exchange)
            if delivery.outcome == "failed":
                delivery.outcome = "broken"
                if screen is not None:
                    screen.show("notice", FAILURE, delivery.key)
            return
        attempt.text = reply.text
        if delivery.outcome == "failed":
            delivery.outcome = "acknowledged"
        if reply.text is None or delivery.shown is not None or screen is None:
            return
        delivery.outcome, delivery.shown = "answered", reply.text
        delivery.shown_after_s = time.monotonic() - delivery.began
        screen.show("passive", reply.text, delivery.key)

    def _note(self, what: str, exchange: Exchange) -> None:
        self._recorder.violation(self._clock.now(), what, exchange.answer)

    async def _break_off(
        self, url: str, query: Mapping[str, str], body: str, complete: bool
    ) -> None:
        """Send all of a request, or half of it, and close without reading."""
        parts = urlsplit(url)
        raw = body.encode()
        head = (
            f"POST {parts.path}?{urlencode(query)} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Content-Type: text/xml\r\nContent-Length: {len(raw)}\r\n\r\n"
        ).encode()
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write(head + (raw if complete else raw[: len(raw) // 2]))
            await writer.drain()
            # Long enough for the product to be at work on it, or even done.
            await asyncio.sleep(self._faults.random.uniform(0.01, 0.4))
        finally:
            writer.close()
