"""Reading a table that somebody uploads: XLSX or CSV, as texts, with what is wrong with a cell.

A workbook comes from outside, so nothing in it is calculated and nothing is guessed: a formula or a
merged cell is named, never used.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from openpyxl import load_workbook  # type: ignore[import-untyped]
from openpyxl.utils import range_boundaries  # type: ignore[import-untyped]

from services.errors import LindaError

MOST_BYTES = 20 * 1024 * 1024
"""Largest upload, in bytes."""
MOST_UNPACKED = 400 * 1024 * 1024
"""Largest content of a workbook, in bytes: a small file can unpack to a disk full."""
MOST_COLUMNS = 100
LONGEST_CELL = 32767
"""Characters of one cell: what a workbook can hold."""
LAST_HEAD_LINE = 10
"""The heads are in one of the first lines; above them there may be a title."""
MOST_MERGED = 10_000
MOST_LINES = 120_000
"""Lines whose merged cells are looked at; more than any import takes."""
MERGED_WORDS = (
    "", "有横着合并的格子，看不出内容属于哪一列", "有竖着合并的格子，看不出内容属于哪一行",
)  # fmt: skip
ENCODINGS = ("utf-8-sig", "gb18030")
MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+\d+:[A-Z]+\d+)"')

Line = tuple[int, list[str], tuple[str, ...]]
"""Number, cells, faults."""


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        line: Number of the line as a person counts it; the heads are in line 1.
        cells: Head → text, empty cells left out.
        faults: What is wrong with the line as a whole or with a cell, in Chinese.
    """

    line: int
    cells: Mapping[str, str]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table: its heads, and its lines."""

    heads: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(content: bytes, most_rows: int, marks: Collection[str]) -> Table:
    """Return the first visible sheet of a workbook, or a CSV file; empty lines are left out.

    Args:
        most_rows: More lines are refused as a whole.
        marks: Heads that are looked for: the first line (of the first ten) with one of them has
            the heads; a title above it is left out.

    Raises:
        LindaError: 413 ``too_large`` or ``too_many_rows``, 422 ``bad_table`` with a sentence.
    """
    if len(content) > MOST_BYTES:
        raise LindaError("too_large", "文件太大，最多20兆。请分成几个文件。", 413)
    if not content:
        raise _bad("文件是空的。")
    if content[:4] == b"PK\x03\x04":
        lines = _workbook(content)
    elif content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise _bad("这是旧版的 xls，或者加了密码。请用表格软件另存为 xlsx 再传。")
    else:
        lines = _csv(content)
    return _table(lines, most_rows, marks)


def _bad(words: str) -> LindaError:
    return LindaError("bad_table", words, 422, {"file": words})


def _table(lines: Iterator[Line], most_rows: int, marks: Collection[str]) -> Table:
    heads: list[str] = []
    rows: list[Row] = []
    for line, cells, faults in lines:
        if not any(cells) and not faults:
            continue
        if not heads:
            named = [re.sub(r"\s+", "", c) for c in cells]
            if set(named) & set(marks):
                heads = named
                _check_heads(heads)
            elif line >= LAST_HEAD_LINE:
                break
            continue
        if len(rows) >= most_rows:
            raise LindaError(
                "too_many_rows", f"一次最多导入{most_rows}行，这个文件超过了。请分成几个文件。", 413
            )
        extra = [c for c in cells[len(heads) :] if c]
        if extra:
            faults = (*faults, "格子比表头多，可能是内容里的逗号或引号没写对")
        by_head = {h: c for h, c in zip(heads, cells, strict=False) if h and c}
        rows.append(Row(line, by_head, faults))
    if not heads:
        raise _bad(
            f"前{LAST_HEAD_LINE}行里没有找到“{'”或“'.join(marks)}”这一列，请核对是不是传错了文件、选错了平台。"
        )
    return Table(tuple(heads), tuple(rows))


def _check_heads(heads: list[str]) -> None:
    if len(heads) > MOST_COLUMNS:
        raise _bad(f"表头超过{MOST_COLUMNS}列，请核对是不是传错了文件。")
    named = [h for h in heads if h]
    if twice := sorted({h for h in named if named.count(h) > 1}):
        raise _bad(f"表头里“{twice[0]}”出现了两次，不知道该用哪一列。")


def _csv(content: bytes) -> Iterator[Line]:
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise _bad("文件的文字编码认不出来。请用表格软件另存为 xlsx，或者 UTF-8 的 csv。")
    if "\x00" in text:
        raise _bad("这不是表格文件。请传 xlsx 或 csv。")
    first = text.split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield reader.line_num, [_plain(c) for c in cells], ()
    except csv.Error as error:
        raise _bad(f"第{reader.line_num}行附近的引号没有配对，请核对后再传。") from error


def _plain(text: str) -> str:
    # Exports of other systems guard long numbers like this against being rounded.
    if guarded := re.fullmatch(r'="?([0-9A-Za-z-]*)"?', text.strip()):
        return guarded[1]
    return text.strip().strip("\t")


def _workbook(content: bytes) -> Iterator[Line]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            if sum(i.file_size for i in package.infolist()) > MOST_UNPACKED:
                raise LindaError("too_large", "文件解开后太大，请分成几个文件。", 413)
            book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
            sheet = next((s for s in book.worksheets if s.sheet_state == "visible"), None)
            if sheet is None:
                raise _bad("表格里没有工作表。")
            merged = _merged(package, sheet)
            # What a program writes here is often wrong, and then lines would be missed.
            sheet.reset_dimensions()
            for line, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1), start=1):
                yield line, *_cells(line, cells, merged)
    except LindaError:
        raise
    except Exception as error:
        # openpyxl has no error of its own: whatever a broken or hostile file makes it raise.
        raise _bad("表格打不开，文件可能损坏或加了密码。请用表格软件打开另存一次再传。") from error


def _merged(package: zipfile.ZipFile, sheet: Any) -> bytearray:
    """Return by line what merged cells do there: 0 nothing, 1 across columns, 2 across lines."""
    found = MERGED.findall(package.read(sheet._worksheet_path.lstrip("/")))
    if len(found) > MOST_MERGED:
        raise _bad("表格里合并的格子太多，请取消合并再传。")
    lines = bytearray(MOST_LINES)
    for ref in sorted(found, key=len):
        _, first, _, last = range_boundaries(ref.decode())
        last = min(last, MOST_LINES - 1)
        if first < last:
            lines[first : last + 1] = b"\x02" * (last + 1 - first)
        elif first < MOST_LINES:
            lines[first] = max(lines[first], 1)
    return lines


def _cells(line: int, cells: Any, merged: bytearray) -> tuple[list[str], tuple[str, ...]]:
    texts, faults = [], []
    for at, cell in enumerate(cells, start=1):
        value = cell.value
        if value is not None and cell.data_type == "f":
            faults.append(f"第{at}列是公式，没有取它的值")
            value = None
        elif value is not None and cell.data_type == "e":
            faults.append(f"第{at}列是错误值{value}")
            value = None
        texts.append(_text(value))
    if fault := MERGED_WORDS[merged[line] if line < MOST_LINES else 0]:
        faults.append(fault)
    while texts and not texts[-1]:
        texts.pop()
    return texts, tuple(faults)


def _text(value: object) -> str:
    """Return a cell as text: whole numbers without ``.0``, times in one form."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case date():
            return f"{value:%Y-%m-%d}"
        case time():
            return f"{value:%H:%M:%S}"
    return str(value).strip()[:LONGEST_CELL]
