"""Tables from outside: every trap is named, nothing is guessed, nothing is calculated."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

import pytest

from services.errors import LindaError
from services.exchange import sheet
from services.exchange.sheet import read_table
from tests.services.exchange.conftest import HEADS, LIGHT, changed, csv, xlsx

MARKS = ("工单编号",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_csv_in_the_encodings_of_the_field(encoding: str) -> None:
    table = read_table(csv([LIGHT], encoding), 10, MARKS)
    assert table.heads == HEADS
    assert table.rows[0].cells["事发地址"] == "幸福小区3号楼2单元"
    assert table.rows[0].line == 2 and table.rows[0].faults == ()


def test_numbers_and_dates_of_a_workbook_are_read_as_people_write_them() -> None:
    row = changed(联系电话=13812345678.0, 受理时间=datetime(2026, 11, 24, 9, 0))
    cells = read_table(xlsx([row]), 10, MARKS).rows[0].cells
    assert cells["联系电话"] == "13812345678"
    assert cells["受理时间"] == "2026-11-24 09:00:00"


def test_a_title_above_the_heads_is_left_out_and_lines_are_counted_as_people_do() -> None:
    table = read_table(xlsx([HEADS, LIGHT], heads=["十一月工单汇总"]), 10, MARKS)
    assert [r.line for r in table.rows] == [3]


def test_a_formula_is_named_and_not_used() -> None:
    row = read_table(xlsx([changed(诉求内容='=HYPERLINK("http://x","看")')]), 10, MARKS).rows[0]
    assert "诉求内容" not in row.cells
    assert row.faults == ("第2列是公式，没有取它的值",)


@pytest.mark.parametrize(("merge", "words"), [("B2:B3", "竖着合并"), ("B2:C2", "横着合并")])
def test_merged_cells_are_named(merge: str, words: str) -> None:
    rows = read_table(xlsx([LIGHT, changed(工单编号="BJ2")], merge=merge), 10, MARKS).rows
    assert words in rows[0].faults[0]
    assert bool(rows[1].faults) == (merge == "B2:B3")


def test_a_row_with_too_many_cells_is_named() -> None:
    text = csv([LIGHT], "utf-8") + b",more,and more\r\n"
    assert "格子比表头多" in read_table(text, 10, MARKS).rows[0].faults[0]


def test_numbers_guarded_against_rounding_are_read() -> None:
    text = csv([changed(工单编号='="20261124000000123"')], "utf-8")
    assert read_table(text, 10, MARKS).rows[0].cells["工单编号"] == "20261124000000123"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "空的"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old", "旧版"),
        (b"PK\x03\x04broken", "打不开"),
        (b"\xff\xfe\x00\x81\x81", "认不出来"),
        (b"a\x00b", "不是表格"),
        (csv([], "utf-8", heads=("别的", "列")), "没有找到“工单编号”"),
        (csv([], "utf-8", heads=("工单编号", "标题", "标题")), "出现了两次"),
        ('工单编号,标题\n1,"没有配对\n'.encode(), "引号没有配对"),
    ],
)
def test_what_is_no_table_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(LindaError) as refused:
        read_table(content, 10, MARKS)
    assert words in refused.value.message and refused.value.status == 422


def test_more_lines_than_allowed_are_refused_as_a_whole() -> None:
    with pytest.raises(LindaError) as refused:
        read_table(csv([LIGHT] * 3, "utf-8"), 2, MARKS)
    assert refused.value.status == 413


def test_a_file_that_unpacks_to_a_disk_full_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sheet, "MOST_UNPACKED", 1_000_000)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/worksheets/sheet1.xml", b"0" * 2_000_000)
    with pytest.raises(LindaError) as refused:
        read_table(target.getvalue(), 10, MARKS)
    assert refused.value.status == 413
