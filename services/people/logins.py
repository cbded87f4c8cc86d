"""Passwords in, sessions and tokens out; the back-off after wrong passwords."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, delete, func, select, update

from services.clock import Clock
from services.db import Database, Session
from services.errors import LindaError
from services.people.passwords import password_fits
from services.people.tables import LoginFailureRow, LoginRow, StaffRow

Kind = Literal["session", "token"]

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
SEEN_STEP = timedelta(minutes=1)
"""A session's last use is written at most this often: most requests then only read."""

WINDOW = timedelta(minutes=15)
MAX_FAILURES = 5
"""Wrong passwords for one user name from one address within the window (等保: lock-out after
failures). Others' guesses do not lock the person out."""
SLOWEST_S = 8.0
"""Seconds that a check of a user name waits at most while it is being guessed from elsewhere."""
MAX_FAILURES_OF_ADDRESS = 50
"""From one address; higher, because a whole office may share one."""


class Logins:
    """Sessions of the console (cookie) and API tokens (bearer); the secret is stored hashed."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def open(
        self, username: str, password: str, address: str, kind: Kind
    ) -> tuple[str, datetime]:
        """Check the password and make a fresh secret; return it and when it ends.

        Raises:
            LindaError: 401 ``login_failed``; 429 ``login_locked`` with ``retry_after`` in seconds.
        """
        username, address = username.strip()[:60], address[:60]
        now = self._clock.now()
        async with self._db.write() as s:
            # The account's row is locked and the attempt counted before the password is checked,
            # so that many guesses at the same moment do not slip through.
            row = await s.get(StaffRow, username, with_for_update=True)
            await self._refuse_if_locked(s, username, address, now)
            await s.execute(delete(LoginFailureRow).where(LoginFailureRow.at <= now - WINDOW))
            guesses = await _count(s, now, LoginFailureRow.username == username)
            s.add(LoginFailureRow(username=username, address=address, at=now))
            stored = row.password_hash if row is not None and row.active else None
        await asyncio.sleep(pause(guesses))
        if not await password_fits(stored, password):
            raise LindaError("login_failed", "用户名或密码不对。", 401)
        secret = secrets.token_urlsafe(32)
        expires = now + ABSOLUTE
        async with self._db.write() as s:
            own = (LoginFailureRow.username == username, LoginFailureRow.address == address)
            await s.execute(delete(LoginFailureRow).where(*own))
            await s.execute(delete(LoginRow).where(LoginRow.expires_at <= now))
            s.add(
                LoginRow(
                    secret_hash=_digest(secret),
                    kind=kind,
                    staff_id=username,
                    created_at=now,
                    last_seen=now,
                    expires_at=expires,
                )
            )
        return secret, expires

    async def find(self, secret: str, kind: Kind, renew: bool = True) -> str | None:
        """Return the account of a secret; None when unknown, too old, or idle (sessions).

        ``renew``: a session counts as used now.
        """
        if not secret:
            return None
        now = self._clock.now()
        async with self._db.read() as s:
            row = await s.get(LoginRow, _digest(secret))
        if row is None or row.kind != kind or row.expires_at <= now:
            return None
        if kind == "session":
            if now - row.last_seen > IDLE:
                return None
            if renew and now - row.last_seen >= SEEN_STEP:
                await self._touch(row.secret_hash, now)
        return row.staff_id

    async def close(self, secret: str) -> None:
        """Forget a session or token."""
        async with self._db.write() as s:
            await s.execute(delete(LoginRow).where(LoginRow.secret_hash == _digest(secret)))

    async def close_all(self, session: Session, staff_id: str) -> None:
        """Forget every login of an account, as after a changed password."""
        await session.execute(delete(LoginRow).where(LoginRow.staff_id == staff_id))

    async def shift_tokens(self, session: Session, by: timedelta) -> None:
        """Test mode: a moved clock makes no API token older, or a test would log itself out."""
        rows = await session.scalars(select(LoginRow).where(LoginRow.kind == "token"))
        for row in rows:
            row.expires_at += by

    async def _touch(self, secret_hash: str, now: datetime) -> None:
        async with self._db.write() as s:
            await s.execute(
                update(LoginRow).where(LoginRow.secret_hash == secret_hash).values(last_seen=now)
            )

    async def _refuse_if_locked(
        self, s: Session, username: str, address: str, now: datetime
    ) -> None:
        from_here = LoginFailureRow.address == address
        for whose, limit in (
            ((from_here, LoginFailureRow.username == username), MAX_FAILURES),
            ((from_here,), MAX_FAILURES_OF_ADDRESS),
        ):
            if await _count(s, now, *whose) >= limit:
                recent = (*whose, *_recent(now))
                first = await s.scalar(select(func.min(LoginFailureRow.at)).where(*recent))
                wait = max(1, int((first + WINDOW - now).total_seconds())) if first else 1
                minutes = -(-wait // 60)
                raise LindaError(
                    "login_locked",
                    f"密码错误次数太多，请 {minutes} 分钟后再试。",
                    429,
                    {"retry_after": wait},
                )


def pause(guesses: int) -> float:
    """Return how many seconds to wait with a user name that was guessed wrong so often lately."""
    return min(2.0 ** (guesses - MAX_FAILURES), SLOWEST_S) if guesses >= MAX_FAILURES else 0.0


def _recent(now: datetime) -> tuple[ColumnElement[bool], ...]:
    # An attempt from a clock that was set back (test mode) does not count for ever.
    return LoginFailureRow.at > now - WINDOW, LoginFailureRow.at <= now


async def _count(s: Session, now: datetime, *whose: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(LoginFailureRow).where(*whose, *_recent(now))
    return await s.scalar(query) or 0


def _digest(secret: str) -> str:
    # A random 256-bit secret needs no slow hash.
    return hashlib.sha256(secret.encode()).hexdigest()
