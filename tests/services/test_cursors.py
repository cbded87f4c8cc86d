"""Positions in lists: what was packed comes back, and nothing else is read."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from services import cursors
from services.errors import LindaError


def test_a_position_comes_back_in_utc() -> None:
    at = datetime(2026, 11, 24, 10, 5, 0, 123456, timezone(timedelta(hours=8)))
    assert cursors.unpack(cursors.pack(at, "SQ-261124-00001-2")) == (
        at.astimezone(UTC),
        "SQ-261124-00001-2",
    )


@pytest.mark.parametrize(
    "value",
    [
        "nonsense",
        ["2026-11-24T10:05:00", "no-zone"],
        ["2026-11-24T10:05:00+08:00", "a\x00b"],
        ["2026-11-24T10:05:00+08:00", ""],
        ["2026-11-24T10:05:00+08:00", 7],
        ["0001-01-01T00:00:00+08:00", "before-all-years"],
        {"at": "2026"},
        [1, 2, 3],
    ],
)
def test_what_was_not_packed_is_refused(value: object) -> None:
    text = value if isinstance(value, str) else base64.urlsafe_b64encode(json.dumps(value).encode())
    with pytest.raises(LindaError) as refusal:
        cursors.unpack(text if isinstance(text, str) else text.decode())
    assert (refusal.value.code, refusal.value.status) == ("bad_cursor", 400)
