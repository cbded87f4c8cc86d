"""Commands of the exchange with higher platforms.

``linda import FILE``   what a platform's table would become, line by line; ``--commit`` files it
``linda export``        what changed since the last export, as a workbook
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import LindaError
from services.exchange.reading import VERDICTS
from services.tickets.core.actor import Actor

if TYPE_CHECKING:
    from services.context import Services

DESK = Actor("staff", "cli", "dispatcher")
"""The shell imports and exports as the street's dispatch desk does."""


async def import_orders(services: Services, args: argparse.Namespace) -> int:
    """Print the report of a file; with ``--commit`` file what can be. Status 1: lines were refused."""
    work = services.exchange.importing
    try:
        content = args.file.read_bytes()
    except OSError as error:
        raise LindaError("file_unreadable", f"读不到文件 {args.file}：{error.strerror}") from None
    batch = await work.check(args.platform, args.file.name, content, DESK)
    refused = await _print(services, batch)
    if not args.commit:
        await work.drop(batch, DESK)
        print("只看了看，什么都没建。加上 --commit 才建单。")
    else:
        await work.confirm(batch, DESK)
        while await work.go_on(batch):
            pass
        print("导入完了：")
        refused = await _print(services, batch, "refuse")
    return 1 if refused else 0


async def _print(services: Services, batch: str, verdict: str | None = None) -> int:
    """Print lines that have something to say, and the sums; return how many are refused."""
    after, said = 0, {str(v): name for v, name in VERDICTS.items()}
    while True:
        report = await services.exchange.importing.report(batch, verdict, after)
        for line in report.lines:
            if line.notes or verdict:
                words = "；".join(line.notes)
                print(f"第{line.line}行  {line.ref or '—'}  {said[line.verdict]}  {words}")
        if report.after is None:
            break
        after = report.after
    counts = "，".join(f"{name}{report.counts.get(v, 0)}行" for v, name in VERDICTS.items())
    print(f"一共{report.batch.lines}行：{counts}。")
    return report.counts.get("refuse", 0)


async def export_results(services: Services, args: argparse.Namespace) -> int:
    """Make an export, or fetch one that was made, and write its workbook."""
    out, id = services.exchange.exporting, args.id
    if id is None:
        whole = bool(args.personal)
        id = await out.make(args.platform, DESK, whole=whole, reason=args.personal or "")
        if whole:
            print(
                f"第{id}次导出带个人信息，等审计批准。批准以后：linda export --id {id} --out 文件"
            )
            return 0
    name, content = await out.fetch(id, DESK)
    target = args.out or Path(name)
    target.write_bytes(content)
    print(f"第{id}次导出已写到 {target}。")
    return 0


def add(add_command: Callable[..., Any], commands: Any) -> None:
    """Add the commands to the shell.

    Args:
        add_command: ``(commands, name, function, words)`` adds one and returns its parser.
        commands: Where they go.
    """
    bring = add_command(commands, "import", import_orders, "导入上级平台的工单表：先看报告")
    bring.add_argument("file", type=Path, help="xlsx 或 csv")
    bring.add_argument("--commit", action="store_true", help="看完报告就建单")
    give = add_command(commands, "export", export_results, "导出上次以后的办理结果（XLSX）")
    give.add_argument("--personal", metavar="用途", help="申请带个人信息，要审计批准")
    give.add_argument("--id", type=int, help="取已经做好的一次导出")
    give.add_argument("--out", type=Path, help="写到这个文件")
    for command in (bring, give):
        command.add_argument("--platform", default="city", help="data/exchange 里的文件名")
