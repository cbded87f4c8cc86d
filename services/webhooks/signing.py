"""Signatures of webhooks, as the public specification Standard Webhooks 1.0 has them. Pure.

``webhook-signature`` holds ``v1,<base64>`` for each valid secret, separated by blanks: HMAC-SHA256
over ``<webhook-id>.<webhook-timestamp>.<body>``. ``v1`` names the scheme, so that another one can
stand beside it. A secret is ``whsec_`` and 32 random bytes in base64.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """Return a fresh secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """Return ``v1,<base64>`` of a message under one secret."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(secrets_: Sequence[str], id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """Return the headers of one attempt.

    Args:
        secrets_: The secrets that are valid now, the newest first.
        id: The message's stable id: the same in each attempt and each replay.
        at: When the attempt is made.
        body: Exactly the bytes that are sent.
    """
    timestamp = int(at.timestamp())
    return {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "Linda-Webhooks/1",
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(s, id, timestamp, body) for s in secrets_),
    }
