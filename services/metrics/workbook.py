"""Figures and monthly reports as workbooks (XLSX): what the pages show, with what it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.utility import xl_rowcol_to_cell  # type: ignore[import-untyped]

from services.clock import ZONE
from services.metrics.figures import DEFINITIONS, NONE

LATENESS = {"lateness": ("超时倍数（95分位）", "ratio")}
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
    _parts(book, formats, "单位", found["units"], labels | LATENESS)
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


def report_book(found: Mapping[str, Any], themes: Sequence[Mapping[str, Any]] = ()) -> bytes:
    """Return the workbook of what :meth:`MetricsService.report` gave.

    Args:
        themes: 每月一题 of its months: month, title, who leads, state and outcome in words.
    """
    target, book = _book()
    formats = {form: book.add_format({"num_format": f}) for form, f in FORMATS.items()}
    note = "（样本不足）" if found["note"] else ""
    _figures(
        book, formats, "总表", f"{found['period']['label']}{found['title']}{note}", found["figures"]
    )
    why_not = found["before"]["why_not"]
    _table(
        book, "和去年比", ("指标", "今年", found["before"]["period"]["label"], "变化"),
        [(why_not,)] if why_not else
        [(c["label"], c["text"], c["before"], c["change"]) for c in found["compared"]],
    )  # fmt: skip
    labels = {d.key: (d.label, d.form) for d in DEFINITIONS}
    if found["rows"]:
        _parts(book, formats, "分段", found["rows"], labels, "时间", sample=False)
    _table(
        book, "最多的事项", ("名次", "事项", "件数", "占比", "去年同期", "变化", "说明"),
        [
            (t["place"], t["name"], t["filed"], round(t["share"], 4),
             NONE if t["before"] is None else t["before"], t["change"], t["said"])
            for t in found["top"]
        ],
    )  # fmt: skip
    _courses(book, found["trends"])
    _parts(book, formats, "单位", found["units"], labels | LATENESS)
    _parts(book, formats, "社区", found["communities"], labels)
    _parts(book, formats, "事项", found["leaves"], labels)
    _table(
        book, "答应的和补救的", ("类别", "指标", "数值", "分子", "分母"),
        [
            (name, f["label"], f["text"], *(NONE if f[k] is None else f[k] for k in ("numerator", "denominator")))
            for name, key in (("答应的做到没有", "promised"), ("没办好的补救了没有", "put_right"))
            for f in found[key]
        ] + [("预约守没守时", a["label"], a["count"]) for a in found["appointments"]],
    )  # fmt: skip
    _table(
        book, "没有计入的", ("原因", "件数"),
        [
            *((e["label"], e["count"]) for e in found["excluded"]),
            *((f"单位申请剔除，{e['label']}", e["count"]) for e in found["exclusions_asked"]),
            ("正在挂账", found["suspended"]),
        ],
    )  # fmt: skip
    if themes:
        _table(
            book, "每月一题", ("月份", "题目", "牵头单位", "状态", "结果"),
            [
                (t["month"], t["title"], t["lead_name"], t["state_name"], t["outcome"])
                for t in themes
            ],
        )  # fmt: skip
    w, a = found["whistles"], found["assignments"]
    _table(
        book, "吹哨和派单", ("项目", "次数"),
        [("吹哨", w["count"]), ("吹哨还在办", w["open"]), ("派单", a["assigned"]),
         ("拦下越权派单", a["blocked"]), ("没有按派单目录派", a["against"])],
    )  # fmt: skip
    book.close()
    return target.getvalue()


def courses(found: Mapping[str, Any]) -> bytes:
    """Return the workbook of what :meth:`MetricsService.trends` gave."""
    target, book = _book()
    _courses(book, found)
    book.close()
    return target.getvalue()


def _courses(book: Any, found: Mapping[str, Any]) -> None:
    """Two sheets, each line with its months, a small chart in the row and what they say."""
    months = [f"{m.year}-{m.month:02d}" for m in found["months"]]
    bold = book.add_format({"bold": True})
    for name, key in (("事项走势", "matters"), ("社区走势", "places")):
        sheet = book.add_worksheet(name)
        sheet.write_string(0, 0, found["rule"])
        sheet.write_row(1, 0, (name[:2], *months, "图", "走势", "去年同月", "和去年同月比"), bold)
        last = len(months)
        for at, line in enumerate(found[key], start=2):
            sheet.write_string(at, 0, line["name"])
            for column, n in enumerate(line["months"], start=1):
                if n is not None:
                    sheet.write_number(at, column, n)
            cells = f"'{name}'!{xl_rowcol_to_cell(at, 1)}:{xl_rowcol_to_cell(at, last)}"
            sheet.add_sparkline(at, last + 1, {"range": cells, "type": "column", "min": 0})
            sheet.write_string(at, last + 2, line["said"])
            if line["year_ago"] is not None:
                sheet.write_number(at, last + 3, line["year_ago"])
            sheet.write_string(at, last + 4, line["season"])
        sheet.set_column(0, 0, 24)
        sheet.set_column(last + 1, last + 1, 16)
        sheet.set_column(last + 2, last + 2, 44)
        sheet.set_column(last + 3, last + 4, 16)
        sheet.freeze_panes(2, 1)


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
    *,
    sample: bool = True,
) -> None:
    """One row a part.

    Args:
        sample: With a column that says whether residents' answers are enough.
    """
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True})
    keys = [k for k in labels if any(k in p["figures"] for p in parts)]
    heads = (head or name, *(("样本",) if sample else ()), *(labels[k][0] for k in keys))
    sheet.write_row(0, 0, heads, bold)
    for at, part in enumerate(parts, start=1):
        sheet.write_string(at, 0, part["name"])
        if sample:
            sheet.write_string(at, 1, "够" if part["enough"] else "样本不足")
        for column, key in enumerate(keys, start=1 + sample):
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
