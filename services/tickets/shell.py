"""``linda calendar …``, ``linda sla …`` and ``linda ticket deadlines``: clocks and calendar from a shell."""

from __future__ import annotations

import argparse
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from services.config import Settings
from services.errors import LindaError
from services.tickets import profiles
from services.tickets.core.actor import Actor
from services.tickets.core.calendar import Year
from services.tickets.core.clocks import local_text
from services.tickets.core.notices import coverage, oddities, read_notice
from services.tickets.core.sla import load_profile

if TYPE_CHECKING:
    from services.context import Services

Command = Callable[["Services", argparse.Namespace], Awaitable[int]]
AUDITOR = Actor("staff", "cli", "auditor")


async def calendar_show(services: Services, args: argparse.Namespace) -> int:
    """Print the years that count now, or one of them."""
    await _fresh(services)
    years = sorted(services.tickets.calendars.years, key=lambda y: y.year)
    wanted = [y for y in years if args.year in (None, y.year)]
    if not wanted:
        raise LindaError(
            "year_unknown",
            f"{args.year}年的放假安排还没有录入，按周一至周五、除去固定的法定假日计算。",
            404,
        )
    for year in wanted:
        _print(year)
    return 0


async def calendar_check(services: Services, args: argparse.Namespace) -> int:
    """Print what is missing or odd; status 1 when this year is not there."""
    await _fresh(services)
    calendars, today = services.tickets.calendars, services.clock.now().date()
    gaps = coverage(calendars.current, today)
    for gap in gaps:
        print(f"提醒  {gap}")
    for year in calendars.years:
        for odd in oddities(year):
            print(f"提醒  {year.year}年：{odd}")
    known = "、".join(str(y) for y in sorted(calendars.current.years)) or "没有"
    print(f"已录入的年份：{known}。")
    return 1 if today.year not in calendars.current.years else 0


async def calendar_import(services: Services, args: argparse.Namespace) -> int:
    """Show what a notice would move; with ``--apply`` bring it in."""
    try:
        year = read_notice(args.file.read_text(encoding="utf-8"), args.source)
    except UnicodeDecodeError:
        raise LindaError("bad_notice", "文件要存成 UTF-8。", 422) from None
    except ValueError as error:
        raise LindaError("bad_notice", str(error), 422) from error
    _print(year)
    for odd in oddities(year):
        print(f"请核对  {odd}")
    if args.apply:
        by = f"命令行（{os.environ.get('USER') or os.getuid()}）"
        moved = await services.tickets.take_notice(year, by)
    else:
        moved = await services.tickets.moved_by(year)
    for ticket, moves in moved:
        for move in moves:
            name, was, now = (
                move.label,
                local_text(move.before),
                local_text(move.after),
            )
            print(f"{ticket.ticket_no}  {name} {was} → {now}")
    done = "已录入，从现在起照它算" if args.apply else "只看了看，没有录入；录入加 --apply"
    print(
        f"{len(moved)}件工单的时限会动。" if not args.apply else f"{len(moved)}件工单的时限动了。",
        done,
    )
    return 0


async def ticket_deadlines(services: Services, args: argparse.Namespace) -> int:
    """Print what became of each deadline of a ticket."""
    for change in await services.tickets.deadline_history(args.ticket_no, AUDITOR):
        print(f"{change.at:%Y-%m-%d %H:%M}  {change.text}")
    return 0


async def sla_table(services: Services, args: argparse.Namespace) -> int:
    """Print all profiles as a page."""
    print(profiles.table(_folder(services.settings)), end="")
    return 0


async def sla_check(services: Services, args: argparse.Namespace) -> int:
    """Print what profiles lack; status 1 when something is missing."""
    folder, wrong = _folder(services.settings), 0
    for name in profiles.names(folder):
        found = profiles.missing(load_profile(folder, name), services.tickets.leaves)
        wrong += len(found)
        for gap in found:
            print(f"错误  {name}：{gap}")
    if not wrong:
        print(f"{len(profiles.names(folder))}套时限，没有缺的。")
    return 1 if wrong else 0


PLAIN: tuple[Command, ...] = (sla_table, sla_check)
"""Commands that need no database."""


def add(
    group: Callable[[str, str], argparse._SubParsersAction[argparse.ArgumentParser]],
    command: Callable[..., argparse.ArgumentParser],
) -> None:
    """Add the groups ``calendar`` and ``sla`` to the command line.

    Args:
        group: Makes a group of commands from its name and words.
        command: Adds a command to a group: group, name, function, words.
    """
    calendar = group("calendar", "工作日历")
    show = command(calendar, "show", calendar_show, "看录入的放假安排")
    show.add_argument("year", type=int, nargs="?", help="哪一年；不写就全部")
    command(calendar, "check", calendar_check, "缺哪一年，哪里要核对")
    brought = command(calendar, "import", calendar_import, "录入一年的放假安排")
    brought.add_argument("file", type=Path, help="YAML、JSON、CSV 或 ICS")
    brought.add_argument("--source", default="", help="通知的名称和文号；文件里写了就不用")
    brought.add_argument("--apply", action="store_true", help="真的录入；不写只看会动哪些时限")
    sla = group("sla", "办理时限")
    command(sla, "table", sla_table, "各套时限的表，docs/sla.md 的内容")
    command(sla, "check", sla_check, "各套时限缺什么")


def _folder(settings: Settings) -> Path:
    return settings.data_dir / "sla"


async def _fresh(services: Services) -> None:
    async with services.db.read() as s:
        await services.tickets.calendars.refresh(s)


def _print(year: Year) -> None:
    print(f"{year.year}年  {year.source}")
    for run in year.holidays:
        print(f"  {run.name}  {run.start} 至 {run.end}")
    for day, why in year.workdays:
        print(f"  补班  {day}  {why}")
