"""One row of a person in every table of ``data/personal.yml``; each column of it carries its own mark."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Date, Float, Integer, String, Table, insert

from services.config import ROOT
from services.context import Services
from services.db import Base, UTCDateTime
from services.retention.columns import load_columns
from tests.services.conftest import NOW
from tests.services.retention.steps import PHONE

PERSONAL = load_columns(ROOT / "data" / "personal.yml")
BY_SERVICES = frozenset({"resident", "consent", "tickets", "ticket_events", "ticket_contacts"})
"""Written by the subjects themselves; looked for by what they were told, not by marks."""
WRITTEN = {t for part in PERSONAL.written.values() for t in part if t not in BY_SERVICES}
MINE = {"conversation": "c-mine", "elder": "elder-1", "wechat": "w-1", "item": "need-1"}
LINKS: dict[str, dict[str, str]] = {
    "wechat_users": {"id": "wechat"}, "list_items": {"id": "item"},
    "messages": {"conversation_id": "conversation"}, "handoffs": {"conversation_id": "conversation"},
    "attachments": {"conversation_id": "conversation"}, "conversations": {"id": "conversation"},
    "conversation_joins": {"conversation_id": "conversation"},
}  # fmt: skip
"""Columns by which a row is the person's, beyond those that the file names."""
CODES: dict[str, dict[str, str]] = {
    "handoffs": {"state": "released"}, "erasures": {"kind": "file"}, "list_items": {"state": "met"},
    "wechat_inbound": {"state": "taken"},
}  # fmt: skip
"""Codes that the services look at."""


def mark(table: str, column: str) -> str:
    """What stands in one column of one row, nowhere else."""
    return f"mark-{table}-{column}"


def value(table: Table, column: Column[Any], services: Services) -> Any:
    """A value that the column takes: its mark when a person may stand in it."""
    said = column.name in PERSONAL.tables[table.name].personal
    match column.type:
        case Boolean():
            return False
        case Integer() | Float():
            return None if column.nullable else 1
        case Date():
            return date(2026, 11, 24)
        case UTCDateTime():
            return NOW
        case JSON():
            return [{"text": mark(table.name, column.name)}] if said else {}
        case String(length=length):
            text = mark(table.name, column.name) if said else f"x-{column.name}"
            if column.name == "phone_enc":
                text = PHONE
            elif column.name in ("request_enc", "waiting_enc"):
                text = json.dumps({"contact": {"phone": PHONE}, "text": text})
            if column.name.endswith("_enc"):
                return services.people.vault.encrypt(text)
            return text[:length] if length else text
    raise AssertionError(f"{table.name}.{column.name}: what would stand there?")


async def rows_of(services: Services, number: str, resident_id: str) -> set[str]:
    """Put one row of the person into every table of their copy; return all marks."""
    ids = {**MINE, "ticket": number}
    marks: set[str] = set()
    async with services.db.write() as s:
        for table in Base.metadata.sorted_tables:
            copied = PERSONAL.copied.get(table.name)
            if copied is None and table.name not in WRITTEN:
                continue
            links = {**(copied.by if copied else {}), **LINKS.get(table.name, {})}
            columns = [c for c in table.columns if c is not table.autoincrement_column]
            row = {c.name: value(table, c, services) for c in columns}
            for column, kind in links.items():
                if kind != "phone":
                    row[column] = ids[kind]
            row |= CODES.get(table.name, {})
            if "resident_id" in row:
                row["resident_id"] = resident_id
            if "phone_hash" in row:
                row["phone_hash"] = services.people.vault.fingerprint(PHONE)
            await s.execute(insert(table).values(row))
            marks |= {
                mark(table.name, c)
                for c in PERSONAL.tables[table.name].personal if c != "phone_enc"
            }  # fmt: skip
    return marks
