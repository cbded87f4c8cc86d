"""Where a page of a list ends: packed into the ``next_cursor`` of an answer, and read again.

One position for every list in order of time: a time and, among lines of the same time, an id. Pure.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime

from services.errors import LindaError

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,120}")
"""Ids of ours; anything else could be what no database can look for."""


def pack(at: datetime, id: str) -> str:
    """Return the cursor behind a line."""
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), id]).encode()).decode()


def unpack(cursor: str) -> tuple[datetime, str]:
    """Return the time (in UTC) and the id of a cursor.

    Raises:
        LindaError: 400 ``bad_cursor`` when it is none that :func:`pack` gave.
    """
    try:
        at, id = json.loads(base64.urlsafe_b64decode(cursor))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or not _ID.fullmatch(id):
            raise ValueError("not a position of ours")
        # To UTC as the database will: a time beyond all years fails here.
        return moment.astimezone(UTC), id
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise refused() from None


def refused() -> LindaError:
    """Return the refusal of a cursor that leads nowhere."""
    return LindaError(
        "bad_cursor", "翻页位置无效，请从第一页重新看。", 400, {"cursor": "不是 next_cursor 给的。"}
    )
