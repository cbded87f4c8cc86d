"""Tables that stand in a person's copy of their data by ``data/personal.yml`` alone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Table, or_, select

from services.channels.wechat.tables import WeChatUserRow
from services.db import Base, Session
from services.lists.tables import ListItemRow
from services.people.crypto import Vault
from services.retention.columns import Copied, Personal

PAGE = 1000


async def sections(
    s: Session, vault: Vault, personal: Personal, own: Mapping[str, Sequence[str]], phone: str,
    names: Mapping[str, str],
) -> list[dict[str, Any]]:  # fmt: skip
    """Return what each table of ``copied`` holds of a person; tables with nothing are left out.

    Args:
        s: A session.
        vault: The keys.
        personal: Which tables and columns.
        own: Ids of what is theirs: ``conversation``, ``ticket``, ``elder``.
        phone: Their number, digits only; empty when it is not known.
        names: Names of staff by id.

    Returns:
        ``[{title, rows: [{label: value}]}]``, JSON values only.
    """
    ids = {
        **own,
        "wechat": await _ids(s, WeChatUserRow.id, WeChatUserRow.conversation_id, own["conversation"]),
        "item": await _ids(s, ListItemRow.id, ListItemRow.ticket_no, own["ticket"]),
    }  # fmt: skip
    found = []
    for name, copied in personal.copied.items():
        rows = await _rows(s, vault, Base.metadata.tables[name], copied, ids, phone)
        staff = personal.tables[name].staff
        shown = [
            {
                label: names.get(row[c], row[c]) if c in staff else row[c]
                for c, label in copied.shows.items()
            }
            for row in rows
        ]
        if shown:
            found.append({"title": copied.title, "rows": shown})
    return found


async def _rows(
    s: Session, vault: Vault, table: Table, copied: Copied, ids: Mapping[str, Sequence[str]], phone: str
) -> list[dict[str, Any]]:  # fmt: skip
    pointed = [table.c[c].in_(ids[kind]) for c, kind in copied.by.items() if kind != "phone"]
    query = select(table).where(or_(*pointed)).order_by(*table.primary_key.columns)
    found = [dict(r) for r in (await s.execute(query)).mappings()]
    rows = {_key(table, r): _plain(vault, r) for r in found}
    for column in [c for c, kind in copied.by.items() if kind == "phone" and phone]:
        number = _number(phone)
        async for sealed in _pages(s, table, column):
            if number.search(vault.decrypt(sealed[column])):
                rows.setdefault(_key(table, sealed), _plain(vault, sealed))
    return [*rows.values()]


def _number(phone: str) -> re.Pattern[str]:
    """Return what finds a number as a whole: seven digits also stand inside numbers of others."""
    before = r"(?<!\d)(?:(?:86|0\d{2,3})[\s-]?)?"
    return re.compile(before + r"[\s-]?".join(phone) + r"(?!\d)")


async def _pages(s: Session, table: Table, column: str) -> AsyncIterator[Mapping[str, Any]]:
    """Yield rows whose encrypted column is not empty: nobody's number can be looked up in it."""
    known = table.c[column].is_not(None) & (table.c[column] != "")
    query = select(table).where(known).order_by(*table.primary_key.columns)
    at = 0
    while page := (await s.execute(query.limit(PAGE).offset(at))).mappings().all():
        for row in page:
            yield dict(row)
        at += PAGE


def _key(table: Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[c.name] for c in table.primary_key.columns)


def _plain(vault: Vault, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with what is encrypted opened, and times as text."""
    return {
        name: (vault.decrypt(value) if value else None) if name.endswith("_enc")
        else value.isoformat() if isinstance(value, date) else value
        for name, value in row.items()
    }  # fmt: skip


async def _ids(s: Session, id: Any, column: Any, values: Sequence[str]) -> list[str]:
    return sorted(await s.scalars(select(id).where(column.in_(values))))
