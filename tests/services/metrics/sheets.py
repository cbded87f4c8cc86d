"""Reading workbooks back, to see what people get."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from openpyxl import load_workbook  # type: ignore[import-untyped]


def rows_of(book: bytes) -> dict[str, list[list[Any]]]:
    """Return the rows of each sheet, without empty cells at their ends."""
    found = {}
    for sheet in load_workbook(BytesIO(book), read_only=True).worksheets:
        rows = [list(row) for row in sheet.iter_rows(values_only=True)]
        for row in rows:
            while row and row[-1] is None:
                row.pop()
        found[sheet.title] = rows
    return found
