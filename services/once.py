"""A creation asked for once, however often the request comes: the caller's key, kept with what it made.

The keys are those of tickets (``ticket_keys``), kept as long; they are written in the transaction of the
creation, so neither is there without the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.db import Session
from services.tickets import store


@dataclass(frozen=True)
class Once:
    """An ``Idempotency-Key``.

    Attributes:
        key: With whose it is and what for: two people's first requests may both be number 1.
        digest: Of the whole request: the same key with another one is a mistake.
    """

    key: str
    digest: str

    async def made(self, s: Session, now: datetime) -> str | None:
        """Return the id that the same request made before, ``None`` when it is new.

        Raises:
            LindaError: 409 ``idempotency_conflict``.
        """
        return await store.claim_key(s, self.key, self.digest, now)

    async def keep(self, s: Session, id: str) -> None:
        """Remember what it made (an id of at most 24 characters), in the transaction of :meth:`made`."""
        await store.bind_key(s, self.key, id)


async def made_before(once: Once | None, s: Session, now: datetime) -> str | None:
    """Return what the same request made before; ``None`` when it is new or has no key."""
    return None if once is None else await once.made(s, now)


async def keep(once: Once | None, s: Session, id: str) -> None:
    """Remember what a request with a key made."""
    if once is not None:
        await once.keep(s, id)
