"""Figures and monthly reports as workbooks (XLSX): what the pages show, with what it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from services.clock import ZONE
from services.metrics.figures import DEFINITIONS, NONE

FORMATS = {"percent": "0.0%", "number": "0", "ratio": "0.00", "score": "0.0"}


def workbook(found: Mapping[str, Any], talked: Mapping[str, Any] | None = None) -> bytes:
    """Return the workbook of what :meth:`MetricsService.dashboard` gave.

    Args:
        talked: What :meth:`MetricsService.dialogue` gave; None for who does not see it.

    Text is written as text, never as a formula: names come from data files.
    """
    target, book = _book()
    formats = {form: book.add_format({"num_format": f}) for form, f in FORMATS.items()}
    title = f"{found['period']['label']}{'（样本不足）' if found['note'] else ''}"
    _figures(book, formats, "总表", title, found["figures"])
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
    kept = [(a["label"], a["count"]) for a in found["appointments"]]
    _table(book, "预约", ("守没守时", "件数"), kept)
    asked = [(e["label"], e["count"]) for e in found["exclusions_asked"]]
    _table(book, "申请剔除", ("审到哪一步", "件数"), asked)
    if found["signals"] is not None:
        _table(
            book, "线索", ("单位", "线索", "件数", "总数", "该看看", "说明"),
            [
                (u["name"], s["label"], s["count"], s["out_of"], "是" if s["flagged"] else "",
                 s["sentence"])
                for u in found["signals"] for s in u["signals"]
            ],
        )  # fmt: skip
    if talked is not None:
        _talks(book, formats, talked)
    book.close()
    return target.getvalue()


def reports(
    whistles: Mapping[str, Any], assignments: Mapping[str, Any], staff: Mapping[str, str]
) -> bytes:
    """Return the workbook of both monthly reports.

    Args:
        whistles, assignments: What the methods of these names of :class:`MetricsService` gave.
        staff: Names by account.
    """
    target, book = _book()
    label, street = whistles["period"]["label"], whistles["street"]
    _table(
        book, "吹哨报到", (label, "次数"),
        [
            ("吹哨", whistles["count"]), ("还在办", whistles["open"]),
            *((f"哨型：{k['label']}", k["count"]) for k in whistles["kinds"]),
            *((f"结果：{r['label']}", r["count"]) for r in whistles["results"]),
            ("部门评街道（次）", street["ratings"]), ("部门评街道（平均分）", _mean(street)),
        ],
    )  # fmt: skip
    stages = [s["label"] for s in whistles["units"][0]["stages"]] if whistles["units"] else []
    heads = (f"{how}{stage}" for stage in stages for how in ("完成", "按时"))
    _table(
        book, "各单位报到", ("单位", "被吹哨", *heads, "街道评分（次）", "街道评分（平均）"),
        [
            (u["name"], u["called"], *(n for s in u["stages"] for n in (s["done"], s["in_time"])),
             u["ratings"], _mean(u))
            for u in whistles["units"]
        ],
    )  # fmt: skip
    _table(
        book, "吹哨率", ("主办单位", "吹哨（次）", "派单（件）", "吹哨率"),
        [(u["name"], u["whistles"], u["dispatched"], u["rate"]) for u in whistles["owners"]],
    )  # fmt: skip
    blocked, against = assignments["blocked"], assignments["against"]
    _table(
        book, "越权派单", (assignments["period"]["label"], "次数"),
        [("派单", assignments["assigned"]), ("拦下越权派单", len(blocked)),
         ("没有按派单目录派", len(against))],
    )  # fmt: skip
    _table(
        book, "拦下的", ("工单号", "时间", "事项", "要派给", "责任", "谁派的"),
        [
            (b["ticket_no"], _moment(b["at"]), b["leaf_name"] or "未归类", b["org_name"],
             b["duty"] or "", staff.get(b["staff_id"], b["staff_id"] or ""))
            for b in blocked
        ],
    )  # fmt: skip
    _table(
        book, "没有按目录派的", ("工单号", "时间", "事项", "目录是", "派给了", "责任", "谁派的"),
        [
            (a["ticket_no"], _moment(a["at"]), a["leaf_name"] or "未归类", a["listed_name"],
             a["org_name"], a["duty"] or "", staff.get(a["staff_id"], a["staff_id"] or ""))
            for a in against
        ],
    )  # fmt: skip
    book.close()
    return target.getvalue()


def _book() -> tuple[BytesIO, Any]:
    target = BytesIO()
    given = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    return target, xlsxwriter.Workbook(target, given)


def _mean(ratings: Mapping[str, Any]) -> float | str:
    return NONE if ratings["rating"] is None else round(ratings["rating"], 2)


def _moment(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(ZONE):%Y-%m-%d %H:%M}"


def _talks(book: Any, formats: Mapping[str, Any], talked: Mapping[str, Any]) -> None:
    _figures(book, formats, "机器人", talked["period"]["label"], talked["figures"])
    labels = {
        k: (f["label"], f["form"]) for p in talked["communities"] for k, f in p["figures"].items()
    }
    parts = [{**p, "enough": True} for p in talked["communities"]]
    _parts(book, formats, "机器人各社区", parts, labels, "社区")
    _table(
        book, "听错的", ("听成", "其实是", "次数"),
        [(c["said_name"], c["meant_name"], c["count"]) for c in talked["confusions"]],
    )  # fmt: skip


def _figures(
    book: Any, formats: Mapping[str, Any], name: str, title: str, found: Sequence[Mapping[str, Any]]
) -> None:
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True})
    sheet.write_string(0, 0, title, bold)
    sheet.write_row(1, 0, ("类别", "指标", "数值", "分子", "分母", "口径"), bold)
    for at, f in enumerate(found, start=2):
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
    head: str | None = None,
) -> None:
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True})
    keys = [k for k in labels if any(k in p["figures"] for p in parts)]
    sheet.write_row(0, 0, (head or name, "样本", *(labels[k][0] for k in keys)), bold)
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
