"""Passwords: argon2id with OWASP's parameters (19 MiB, 2 passes, 1 lane; about 28 ms a check)."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.errors import LindaError

MIN_LENGTH = 8
MAX_LENGTH = 200

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)

# Checked for unknown user names, so that the answer takes as long as for a known one.
_NOBODY = _hasher.hash("nobody has this password")


async def hash_password(password: str) -> str:
    """Return the hash to store.

    Raises:
        LindaError: ``password_too_short`` below 8 characters, ``password_too_long`` above 200.
    """
    if len(password) < MIN_LENGTH:
        raise LindaError("password_too_short", f"密码太短，至少 {MIN_LENGTH} 个字符。")
    if len(password) > MAX_LENGTH:
        raise LindaError("password_too_long", f"密码太长，最多 {MAX_LENGTH} 个字符。")
    return await asyncio.to_thread(_hasher.hash, password)


async def password_fits(stored: str | None, password: str) -> bool:
    """Check a password off the event loop; ``stored`` None (unknown user) costs the same time."""
    if len(password) > MAX_LENGTH:
        return False
    return await asyncio.to_thread(_fits, stored, password)


def _fits(stored: str | None, password: str) -> bool:
    try:
        return _hasher.verify(stored or _NOBODY, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
