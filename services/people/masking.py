"""Masked by default: how a phone, a name and a room are shown to who may not see them."""

from __future__ import annotations

import re

_COMPOUND_SURNAMES = frozenset(
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 "
    "宗政 濮阳 公冶 太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 令狐".split()
)


def mask_phone(phone: str | None) -> str | None:
    """Return ``138****5678``; of a shorter number only the last two digits stay."""
    if not phone:
        return None
    digits = re.sub(r"\D", "", phone)
    if len(digits) >= 11:
        return f"{digits[:3]}****{digits[-4:]}"
    return "*" * max(len(digits) - 2, 1) + digits[-2:] if len(digits) > 4 else "****"


def mask_name(name: str | None) -> str | None:
    """Return the surname and stars: ``张**``, ``欧阳*``; one character becomes ``*``."""
    if not name:
        return None
    if len(name) == 1:
        return "*"
    keep = 2 if len(name) > 2 and name[:2] in _COMPOUND_SURNAMES else 1
    return name[:keep] + "*" * (len(name) - keep)


def mask_room(room: str | None) -> str | None:
    """Return a placeholder that says a room is known without saying which."""
    return "***" if room else None
