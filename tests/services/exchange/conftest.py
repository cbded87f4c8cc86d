"""The whole application with a time that stands where the tests say, and tables as a platform writes them."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook

from services.config import Settings
from services.context import Services, build
from services.db import Database
from tests.services.conftest import TestClock
from tests.services.seeded import plant
from tests.services.web.conftest import as_staff, client

__all__ = ["as_staff", "client"]

HEADS = (
    "工单编号", "诉求内容", "诉求分类", "事发地址", "来电人", "联系电话", "受理时间", "办结时限", "工单状态",
)  # fmt: skip


@pytest.fixture
async def services(
    db: Database, settings: Settings, clock: TestClock, cheap_passwords: None
) -> Services:
    """The services on the test's database and clock, with the demo locality in it."""
    built = build(settings.model_copy(update={"rasa_url": "http://127.0.0.1:9"}), db, clock)
    await plant(built)
    return built


def xlsx(rows: Sequence[Sequence[Any]], heads: Sequence[str] = HEADS, merge: str = "") -> bytes:
    """Return a workbook with these lines under the heads."""
    book = Workbook()
    sheet = book.active
    sheet.append(list(heads))
    for row in rows:
        sheet.append(list(row))
    if merge:
        sheet.merge_cells(merge)
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def csv(rows: Sequence[Sequence[str]], encoding: str, heads: Sequence[str] = HEADS) -> bytes:
    """Return a CSV file with these lines under the heads."""
    lines = [",".join(row) for row in (heads, *rows)]
    return "\r\n".join(lines).encode(encoding)


LIGHT = (
    "BJ20261124001", "楼道灯坏了三天，老人下楼看不见", "楼道照明", "幸福小区3号楼2单元",
    "张建国", "13812345678", "2026-11-24 09:00:00", "2026-11-27 18:00:00", "办理中",
)  # fmt: skip
"""A line without any doubt."""


def changed(**cells: Any) -> tuple[Any, ...]:
    """Return that line with some cells changed, by head."""
    return tuple(cells.get(head, value) for head, value in zip(HEADS, LIGHT, strict=True))
