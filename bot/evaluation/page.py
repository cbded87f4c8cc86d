"""An evaluation as one HTML page, plots included: it opens without a server and without a network.

``bot/.venv/bin/python -m bot.evaluation.page --input OUT.json --output FILE.html``. A process of its
own, because the evaluation runs Rasa without matplotlib (``bot/light.py``).
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot

# Text stays text in the picture: the browser brings the Chinese font.
pyplot.rcParams["svg.fonttype"] = "none"
pyplot.rcParams["font.size"] = 9

_GOOD, _PLAIN, _BAD = "#1f7a5c", "#8aa39b", "#b4452f"
#: Below this F1 a bar is drawn in the colour of trouble.
_WEAK = 0.9
_STYLE = """
body{font:15px/1.6 "Noto Sans CJK SC","Microsoft YaHei",sans-serif;max-width:1100px;margin:2rem auto;
padding:0 1rem;color:#1d2b27}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}
table{border-collapse:collapse;width:100%}td,th{padding:.25rem .6rem;border-bottom:1px solid #dfe7e4;
text-align:left;vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.tiles{display:flex;flex-wrap:wrap;gap:.8rem}.tile{border:1px solid #dfe7e4;border-radius:.6rem;
padding:.6rem 1rem;min-width:9rem}.tile b{display:block;font-size:1.4rem}.wrap{overflow-x:auto}
svg{max-width:100%;height:auto}.note{color:#5a6b66}
"""


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as a table; numbers stand right and so do their heads, ``None`` is a dash."""

    def cell(value: Any, tag: str, number: bool) -> str:
        text = f"{value:.3f}" if isinstance(value, float) else "–" if value is None else str(value)
        return f"<{tag}{' class=n' if number else ''}>{escape(text)}</{tag}>"

    # The first column names, all others count, unless they hold words.
    rows = [tuple(row) for row in rows]
    words = {column for row in rows for column, value in enumerate(row) if isinstance(value, str)}
    right = [column not in words for column in range(len(head))]
    top = "".join(cell(h, "th", n) for h, n in zip(head, right, strict=True))
    body = "".join(
        f"<tr>{''.join(cell(v, 'td', n) for v, n in zip(row, right, strict=True))}</tr>"
        for row in rows
    )
    return f"<div class=wrap><table><tr>{top}</tr>{body}</table></div>"


def _svg(figure: Any) -> str:
    """The figure as an ``<svg>`` element; the figure is closed."""
    target = io.StringIO()
    figure.savefig(target, format="svg", bbox_inches="tight")
    pyplot.close(figure)
    return target.getvalue()[target.getvalue().index("<svg") :]


def _bars(values: dict[str, float], title: str) -> str:
    """Horizontal bars, the smallest on top; a share of 0–1 each."""
    ordered = sorted(values.items(), key=lambda item: -item[1])
    figure, axes = pyplot.subplots(figsize=(8, 0.22 * len(ordered) + 0.8))
    colours = [_GOOD if value >= _WEAK else _BAD for _, value in ordered]
    axes.barh([name for name, _ in ordered], [value for _, value in ordered], color=colours)
    axes.set_xlim(0, 1)
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    return _svg(figure)


def _curve(bins: Sequence[dict[str, Any]]) -> str:
    """Accuracy against confidence; the size of a point is the number of its messages."""
    figure, axes = pyplot.subplots(figsize=(5, 4.2))
    axes.plot([0, 1], [0, 1], color=_PLAIN, linestyle="--", linewidth=1)
    axes.plot([b["confidence"] for b in bins], [b["accuracy"] for b in bins], color=_GOOD)
    sizes = [12 + b["support"] ** 0.5 * 6 for b in bins]
    axes.scatter(
        [b["confidence"] for b in bins], [b["accuracy"] for b in bins], s=sizes, color=_GOOD
    )
    axes.set_xlabel("模型自己的把握")
    axes.set_ylabel("实际说对的比例")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.spines[["top", "right"]].set_visible(False)
    return _svg(figure)


def _tiles(figures: dict[str, Any]) -> str:
    entities = figures["entities"]
    tiles = (
        ("意图准确率", _share(figures["intent"]["accuracy"])),
        ("意图宏 F1", _share(figures["intent"]["macro_f1"])),
        ("事项第一", _share(figures["leaf"]["top1"])),
        ("事项前三", _share(figures["leaf"]["top3"])),
        ("紧急召回", _share(figures["emergency"]["recall"])),
        ("紧急误报", _share(figures["emergency"]["false_alarm_rate"])),
        ("范围外召回", _share(figures["out_of_scope"]["recall"])),
        ("范围内误拒", _share(figures["rejection"]["rejected"])),
        ("实体位置 F1", _share(entities["span"]["all"]["f1"])),
        ("实体取值 F1", _share(entities["value"]["all"]["f1"])),
        ("校准误差", _share(figures["calibration"]["expected_error"])),
    )
    return "".join(f"<div class=tile>{escape(k)}<b>{v}</b></div>" for k, v in tiles)


def page(figures: dict[str, Any]) -> str:
    """The whole page for the output of :func:`bot.evaluation.figures.figures_of`."""
    intents = figures["intent"]["per_intent"]
    leaves = figures["leaf"]["per_leaf"]
    wrong = figures["confusions"]
    parts = [
        f"<h1>评测报告 · {figures['count']} 条消息</h1><div class=tiles>{_tiles(figures)}</div>",
        "<h2>各意图</h2>",
        _bars({name: f["f1"] or 0.0 for name, f in intents.items()}, "F1"),
        _table(
            ("意图", "条数", "查准", "查全", "F1"),
            ((n, f["support"], f["precision"], f["recall"], f["f1"]) for n, f in intents.items()),
        ),
        "<h2>说话方式</h2>",
        _table(
            ("方式", "条数", "意图准确率", "事项第一", "与普通话相差（百分点）"),
            (
                (n, f["support"], f["accuracy"], f["leaf_top1"], f["gap"])
                for n, f in figures["registers"].items()
            ),
        ),
        "<h2>把握是否可信</h2>",
        "<p class=note>点在虚线上最好：说九成把握，就该十回对九回。点越大，消息越多。</p>",
        _curve(figures["calibration"]["bins"]),
        "<h2>最常混淆</h2>",
        _table(
            ("意图", "听成了", "次数"),
            ((c["label"], c["taken_for"], c["count"]) for c in wrong["intents"]),
        ),
        _table(
            ("事项", "听成了", "次数"),
            ((c["label"], c["taken_for"], c["count"]) for c in wrong["leaves"]),
        ),
        "<h2>各事项</h2>",
        _table(
            ("事项", "条数", "第一", "前三"),
            ((n, f["support"], f["top1"], f["top3"]) for n, f in leaves.items()),
        ),
        "<h2>实体</h2>",
        _table(
            ("实体", "条数", "位置 F1", "取值 F1"),
            (
                (
                    kind, f["support"], f["f1"],
                    figures["entities"]["value"]["per_type"].get(kind, {}).get("f1"),
                )
                for kind, f in figures["entities"]["span"]["per_type"].items()
            ),
        ),
    ]  # fmt: skip
    return (
        "<!doctype html><html lang=zh-CN><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width,initial-scale=1'>"
        f"<title>邻答评测报告</title><style>{_STYLE}</style>{''.join(parts)}</html>"
    )


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="bot.evaluation.page", description=__doc__)
    parser.add_argument("--input", type=Path, required=True, help="output of bot.evaluate")
    parser.add_argument("--output", type=Path, required=True, help="the page")
    options = parser.parse_args(arguments)
    figures = json.loads(options.input.read_text(encoding="utf-8"))
    options.output.write_text(page(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
