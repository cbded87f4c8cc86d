"""An official account: what its owner has set on the platform's page and in the product's file."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from tests.wechat_sim.crypto import Envelope

Mode = Literal["plain", "compatible", "safe"]
_ALNUM = string.ascii_letters + string.digits


@dataclass
class Account:
    """One account.

    Attributes:
        name: Its name in the product's file, the last part of the callback's path.
        callbacks: Where its messages go; more than one is a balancer before several processes.
    """

    name: str
    app_id: str
    app_secret: str
    token: str
    original_id: str
    mode: Mode = "safe"
    aes_key: str = ""
    callbacks: list[str] = field(default_factory=list)

    @property
    def envelope(self) -> Envelope:
        """Its key at work."""
        return Envelope(self.aes_key, self.app_id)

    def settings(self, api_base: str) -> dict[str, str]:
        """Return the account as the product's file holds it (docs/architecture.md, WeChat)."""
        found = {
            "app_id": self.app_id,
            "app_secret": self.app_secret,
            "token": self.token,
            "mode": self.mode,
            "original_id": self.original_id,
            "api_base": api_base,
        }
        return {**found, "aes_key": self.aes_key} if self.aes_key else found


def new_account(name: str, mode: Mode = "safe") -> Account:
    """Make an account with secrets of its own."""
    return Account(
        name=name,
        app_id="wx" + secrets.token_hex(8),
        app_secret=secrets.token_hex(16),
        token=_random(24),
        original_id="gh_" + secrets.token_hex(6),
        mode=mode,
        aes_key="" if mode == "plain" else _random(42) + secrets.choice("AEIMQUYcgkosw048"),
    )


def write_accounts(path: Path, accounts: list[Account], api_base: str) -> None:
    """Write the product's file; only its owner may read it, as it holds secrets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(
        yaml.safe_dump({a.name: a.settings(api_base) for a in accounts}, allow_unicode=True)
    )


def read_accounts(path: Path) -> tuple[list[Account], str]:
    """Read the product's file; return its accounts and where the product looks for WeChat."""
    content: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())
    accounts, bases = [], set()
    for name, values in content.items():
        bases.add(values.pop("api_base", ""))
        known = {k: v for k, v in values.items() if k in Account.__dataclass_fields__}
        accounts.append(Account(name=name, **known))
    if len(bases) != 1:
        raise ValueError("all accounts must have the same api_base to be simulated together")
    return accounts, bases.pop()


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALNUM) for _ in range(length))
