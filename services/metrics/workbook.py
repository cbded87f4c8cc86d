"""Figures as a workbook (XLSX): what the page shows, with numerators and denominators to check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from services.metrics.figures import DEFINITIONS

FORMATS = {"percent": "0.0%", "number": "0", "ratio": "0.00", "score": "0.0"}


def workbook(found: Mapping[str, Any]) -> bytes:
    """Return the workbook of what :meth:`MetricsService.dashboard` gave.

    Text is written as text, never as a formula: names come from data files.
    """
    target = BytesIO()
    book = xlsxwriter.Workbook(
        target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    formats = {form: book.add_format({"num_format": f}) for form, f in FORMATS.items()}
    _figures(book, formats, found)
    labels = {d.key: (d.label, d.form) for d in DEFINITIONS}
    _parts(
        book,
        formats,
        "单位",
        found["units"],
        labels | {"lateness": ("超时倍数（95分位）", "ratio")},
    )
    _parts(book, formats, "社区", found["communities"], labels)
    _parts(book, formats, "事项", found["leaves"], labels)
    _table(
        book, "剔除", ("原因", "件数"), [(e["label"], e["count"]) for e in found["excluded"]]
    )  # fmt: skip
    if found["signals"] is not None:
        _table(
            book, "线索", ("单位", "线索", "件数", "总数", "该看看", "说明"),
            [
                (u["name"], s["label"], s["count"], s["out_of"], "是" if s["flagged"] else "",
                 s["sentence"])
                for u in found["signals"] for s in u["signals"]
            ],
        )  # fmt: skip
    book.close()
    return target.getvalue()


def _figures(book: Any, formats: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    sheet = book.add_worksheet("总表")
    bold = book.add_format({"bold": True})
    sheet.write_string(
        0, 0, f"{found['period']['label']}{'（样本不足）' if found['note'] else ''}", bold
    )
    sheet.write_row(1, 0, ("类别", "指标", "数值", "分子", "分母", "口径"), bold)
    for at, f in enumerate(found["figures"], start=2):
        sheet.write_string(at, 0, f["group"])
        sheet.write_string(at, 1, f["label"])
        _value(formats, sheet, at, 2, f)
        for column, key in ((3, "numerator"), (4, "denominator")):
            if f[key] is not None:
                sheet.write_number(at, column, f[key])
        sheet.write_string(at, 5, f["definition"])
    sheet.set_column(0, 1, 22)
    sheet.set_column(2, 4, 12)
    sheet.set_column(5, 5, 90)
    sheet.freeze_panes(2, 2)


def _parts(
    book: Any,
    formats: Mapping[str, Any],
    name: str,
    parts: Sequence[Mapping[str, Any]],
    labels: Mapping[str, tuple[str, str]],
) -> None:
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True})
    keys = [k for k in labels if any(k in p["figures"] for p in parts)]
    sheet.write_row(0, 0, (name, "样本", *(labels[k][0] for k in keys)), bold)
    for at, part in enumerate(parts, start=1):
        sheet.write_string(at, 0, part["name"])
        sheet.write_string(at, 1, "够" if part["enough"] else "样本不足")
        for column, key in enumerate(keys, start=2):
            if key in part["figures"]:
                _value(formats, sheet, at, column, part["figures"][key])
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, len(keys) + 1, 12)
    sheet.freeze_panes(1, 1)


def _value(
    formats: Mapping[str, Any], sheet: Any, row: int, column: int, f: Mapping[str, Any]
) -> None:
    """A number as a number; what is no number (—, 样本不足) as its words."""
    if f["value"] is None:
        sheet.write_string(row, column, f["text"])
    else:
        sheet.write_number(row, column, f["value"], formats[f["form"]])


def _table(book: Any, name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    sheet = book.add_worksheet(name)
    sheet.write_row(0, 0, heads, book.add_format({"bold": True}))
    for at, row in enumerate(rows, start=1):
        sheet.write_row(at, 0, row)
    sheet.set_column(0, len(heads) - 1, 20)
