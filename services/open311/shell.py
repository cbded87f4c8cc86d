"""Commands of Open311.

``linda open311 keys``     the keys for writing
``linda open311 add-key``  a new key; prints it, this one time
``linda open311 revoke``   takes one back
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.context import Services

WHO = ("cli", "命令行", "admin")
"""Who sits at the shell, for the record."""


async def keys(services: Services, args: argparse.Namespace) -> int:
    """Print the keys."""
    for row in await services.open311.keys():
        state = f"{row.revoked_at:%Y-%m-%d}收回" if row.revoked_at else "在用"
        print(f"{row.id}  {row.name}  {row.created_at:%Y-%m-%d}发  {state}")
    return 0


async def add_key(services: Services, args: argparse.Namespace) -> int:
    """Make a key."""
    secret = await services.open311.add_key(args.name, WHO)
    print(f"密钥只显示这一次，请交给对方存好：\n{secret}")
    return 0


async def revoke(services: Services, args: argparse.Namespace) -> int:
    """Take a key back."""
    await services.open311.revoke_key(args.id, WHO)
    print("收回了。")
    return 0


def add(group: Callable[[str, str], Any], add_command: Callable[..., Any]) -> None:
    """Add the commands to the shell; the arguments are those of the webhooks' ``add``."""
    open311 = group("open311", "开放接口的密钥")
    add_command(open311, "keys", keys, "列出密钥")
    add_command(open311, "add-key", add_key, "发一个密钥").add_argument("name", help="给谁用")
    add_command(open311, "revoke", revoke, "收回一个密钥").add_argument("id")
