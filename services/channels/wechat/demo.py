"""The account of the simulated WeChat (``make wechat-sim``): made once, in demo mode only."""

from __future__ import annotations

import os
import secrets
import string
from pathlib import Path

import yaml

API_BASE = "http://127.0.0.1:8099"
"""Where the simulator listens; only this machine reaches it."""
NAME = "demo"

_ALNUM = string.ascii_letters + string.digits
_LAST = "AEIMQUYcgkosw048"
"""What the last of an EncodingAESKey's 43 characters may be: its low bits are nothing."""


def ensure_demo_account(path: Path) -> None:
    """Write an account with secrets of its own, for its owner only, unless the file is there."""
    account = {
        "app_id": "wx" + secrets.token_hex(8),
        "app_secret": secrets.token_hex(16),
        "token": _random(24),
        "aes_key": _random(42) + secrets.choice(_LAST),
        "mode": "safe",
        "original_id": "gh_" + secrets.token_hex(6),
        "api_base": API_BASE,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Exclusive creation: the simulator may make it at the same moment.
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(fd, "w") as f:
        yaml.safe_dump({NAME: account}, f)


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALNUM) for _ in range(length))
