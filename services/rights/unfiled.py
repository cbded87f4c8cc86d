"""What somebody asked for and that is no ticket yet: lines of a platform's file, requests behind a token.

Nothing but the phone in what is encrypted says whose they are. There are few of them – a line waits for a
week at most, a request for seconds – so all are opened.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import or_, select

from services.db import Session
from services.exchange.tables import LineRow
from services.open311.tables import RequestRow
from services.people.crypto import Vault
from services.rights.person import plain_phone

REFUSED = "本人要求删除，不再建单"


async def erase(s: Session, vault: Vault, phone: str) -> int:
    """Erase what waits to be filed for the owner of a phone, in the caller's transaction.

    It will not be filed: who has asked to be forgotten has taken it back.

    Args:
        phone: Digits only; nothing is found by an empty one.

    Returns:
        How many requests are gone.
    """
    if not phone:
        return 0
    gone = 0
    lines = select(LineRow).where(
        or_(LineRow.request_enc.is_not(None), LineRow.summary.contains(phone))
    )
    for line in await s.scalars(lines.order_by(LineRow.batch, LineRow.line).with_for_update()):
        if phone in line.summary or _is_of(vault, line.request_enc, phone):
            waited = line.open
            line.summary, line.request_enc, line.open = "", None, False
            line.notes = []
            if waited:
                line.verdict, line.notes = "refuse", [REFUSED]
            gone += 1
    waiting = select(RequestRow).where(RequestRow.waiting_enc.is_not(None))
    for row in await s.scalars(waiting.order_by(RequestRow.token).with_for_update()):
        if _is_of(vault, row.waiting_enc, phone):
            row.waiting_enc = None
            gone += 1
    return gone


def _is_of(vault: Vault, sealed: str | None, phone: str) -> bool:
    if sealed is None:
        return False
    given: dict[str, Any] = json.loads(vault.decrypt(sealed))
    return plain_phone(str((given.get("contact") or {}).get("phone") or "")) == phone
