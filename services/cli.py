"""``linda``: operating the installation from a shell.

============================  ====================================================================
``linda init``                migrate the database and bring in the locality's places (and accounts
                              in demo mode); as often as you like
``linda user add``            add an account; asks for the password, or reads it from standard input
``linda user password``       change a password and end the account's logins
``linda ticket show NO``      one ticket with its timeline
``linda ticket deadlines N``  what became of each deadline, and why
``linda calendar show``       the notices of holidays that count
``linda calendar check``      which year is missing, what is odd
``linda calendar import``     what a notice would move; ``--apply`` brings it in
``linda sla table``           all time limits, as in docs/sla.md
``linda sla check``           what a profile lacks
``linda catalog check``       what is wrong or due in the data files
``linda catalog reviews``      what was reviewed (cards, certificates, further words), by the unit that signs it;
                              ``--readings`` what the project has not read in its present words,
                              ``--words KEY`` the words, ``--read KEY`` records that they were read
``linda catalog table``       the source of each card, as in docs/cards.md
``linda catalog export``      all cards in one file, to be edited elsewhere
``linda catalog import``      what a file of cards would change; ``--apply`` writes it to the data files
``linda metrics rebuild``     what counts of each ticket, made anew from its events
``linda metrics check``       tickets whose stored facts differ from their events
``linda import``              a higher platform's table of orders: its report, then its tickets
``linda export``              what came of them since the last export
``linda open311``             keys of the public interface
``linda webhook``             subscriptions of other systems, what they are owed, replay
``linda api``                 every call of the API, as in docs/api.md
``linda workflow``            the workflow's table and diagram, as in docs/workflow.md
``linda backup``              database and uploads into one file, while everything runs
``linda restore``             brings a backup back, on SQLite or PostgreSQL
``linda purge``               erase what is due; ``--dry-run`` counts it
``linda model list``          models, newest first; which one is in production
``linda model import``        take in an archive as a candidate
``linda model compare``       a model beside the one in production: better, worse, emergencies
``linda model promote``       put a candidate into production; the same rules as on the page
``linda model rollback``      go back to the production model before this one
``linda annotations export``  what people taught, in the format of ``data/nlu``
``linda web``                 the web process
``linda worker``              the worker process
============================  ====================================================================
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import os
import re
import runpy
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from services.audit import shell as audit_shell
from services.backup import shell as backup_shell
from services.catalogue import exchanging, overview
from services.catalogue.check import Finding
from services.catalogue.files import DataFileError
from services.channels.wechat.demo import ensure_demo_account
from services.config import Settings
from services.context import Services, build
from services.db.migrate import upgrade_async
from services.errors import LindaError
from services.exchange import shell as exchange_shell
from services.open311 import shell as open311_shell
from services.people.model import Role, Staff
from services.reviews import readings
from services.reviews.model import KIND_NAMES, STATE_NAMES, Item
from services.reviews.readings import DUE
from services.seed import seed
from services.tickets import document, shell
from services.tickets.core.actor import Actor
from services.training import examples
from services.training.models import SOURCE_LABELS, TakenIn
from services.training.runner import Runner
from services.web import api_page, openapi
from services.web.app import create_app
from services.web.console import comparison
from services.webhooks import shell as webhooks_shell

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

LOOK_AHEAD = timedelta(days=365)
"""How far a check of the dispatch directory looks for days without a leading unit."""
WORKER_S = 5.0
"""Seconds that a comparison waits for the worker before the shell does it."""

Command = Callable[[Services, argparse.Namespace], Awaitable[int]]


async def init(services: Services, args: argparse.Namespace) -> int:
    """Migrate and seed."""
    await upgrade_async(services.settings.database)
    await seed(services)
    await services.metrics.rebuild(missing_only=True)
    if services.settings.env == "demo" and services.settings.wechat_accounts is None:
        ensure_demo_account(services.settings.wechat_demo_file)
    print("数据库已就绪。")
    taken = await services.learning.models.take_in_file()
    if taken is not None:
        print(_taken_in(taken))
    return 0


async def user_add(services: Services, args: argparse.Namespace) -> int:
    """Add an account."""
    staff = Staff(
        args.id, args.name, args.role, args.org, args.community, tuple(args.grid), args.phone
    )
    async with services.db.write() as s:
        await services.people.add_staff(s, staff, _password())
    print(f"已建立账号 {staff.id}（{staff.role_name}）。")
    return 0


async def user_password(services: Services, args: argparse.Namespace) -> int:
    """Change a password."""
    async with services.db.write() as s:
        await services.people.set_password(s, args.id, _password())
    print(f"{args.id} 的密码已改，原来的登录已全部退出。")
    return 0


async def ticket_show(services: Services, args: argparse.Namespace) -> int:
    """Print a ticket and its timeline as JSON, masked as for an auditor."""
    ticket = await services.tickets.get(args.ticket_no, AUDITOR)
    events = await services.tickets.events(args.ticket_no, AUDITOR)
    print(json.dumps({**ticket, "events": events}, ensure_ascii=False, indent=2, default=str))
    return 0


async def catalog_check(services: Services, args: argparse.Namespace) -> int:
    """Print what is wrong or due in the data files; status 1 when something is wrong."""
    own = [Finding("error", text) for text in services.information.problems()]
    try:
        own += [Finding("error", text) for text in services.reviews.problems()]
        states = await services.reviews.for_check()
        own += _unread(services)
    except DataFileError as error:
        states = {}  # what cannot be read of the catalogue is said below, too
        own.append(Finding("error", str(error)))
    others = {n: states.get(k, {}) for k, n in KIND_NAMES.items() if k not in ("card", "safety")}
    wrong_or_due = services.catalogue.check(
        reviews=states.get("card", {}), safety=states.get("safety", {}), others=others
    )
    found = list(dict.fromkeys([*own, *wrong_or_due]))
    wrong = [f for f in found if f.level == "error"]
    for finding in found:
        print(f"{'错误' if finding.level == 'error' else '提醒'}  {finding.text}")
    if not wrong:
        due = len(found)
        print(f"{len(services.catalogue.cards())} 张卡片，没有错误，{due} 条提醒。")
    today = services.clock.now().date()
    tickets = services.tickets
    for leaf, day in tickets.directory.gaps(list(tickets.leaves), today, today + LOOK_AHEAD):
        print(f"提醒  派单目录从{day}起没有单位主办{leaf}{tickets.leaves[leaf].title}，要人工派单")
    return 1 if wrong else 0


async def catalog_table(services: Services, args: argparse.Namespace) -> int:
    """Print which source each card rests on."""
    print(overview.table(services.catalogue.cards()))
    return 0


def _unread(services: Services) -> list[Finding]:
    """What the project has not read in its present words, one line for each state."""
    due = services.reviews.readings.due(services.reviews.items())
    return [
        Finding("warning", f"{DUE[state]}：{len(items)}条（{' '.join(i.key for i in items)}）")
        for state, items in due.items()
    ]


async def catalog_reviews(services: Services, args: argparse.Namespace) -> int:
    """Print how everything that is reviewed stands, by the unit that has to sign it; or the project's readings."""
    if args.readings:
        return _readings(services)
    if args.words:
        return _told(services, args.words)
    if args.read:
        return await _record(services, args.read)
    states = await services.reviews.states()
    by_unit: dict[str, list[Item]] = defaultdict(list)
    for item in services.reviews.items():
        by_unit[item.owner].append(item)
    for owner, items in by_unit.items():
        due = sum(states[i.key] != "good" for i in items)
        print(f"{services.reviews.unit(owner)}：{len(items)} 条，{due} 条要看")
        for item in items:
            print(f"  {STATE_NAMES[states[item.key]]}  {KIND_NAMES[item.kind]}  {item.name}")
    good = sum(state == "good" for state in states.values())
    print(f"一共 {len(states)} 条，{good} 条看过没问题，{len(states) - good} 条要看。")
    return 0


def _readings(services: Services) -> int:
    """Print what is to be read; status 1 when there is something."""
    items = services.reviews.items()
    due = services.reviews.readings.due(items)
    for state, there in due.items():
        for item in there:
            print(f"{DUE[state]}  {item.key}  {item.name}")
    left = sum(map(len, due.values()))
    print(f"一共 {len(items)} 条，{len(items) - left} 条按现在的话读过，{left} 条要读。")
    return 1 if due else 0


def _told(services: Services, names: Sequence[str]) -> int:
    """Print the words of the named texts as they are told here; status 1: one of them is not there."""
    items, rules = services.reviews.items(), services.reviews.rules
    for item in readings.chosen(items, names):
        print(f"{item.key}  {item.name}")
        for path, lines in item.content:
            print(f"  {rules.label(path)}：{' '.join(lines)}")
    return _named_wrongly(items, names)


async def _record(services: Services, names: Sequence[str]) -> int:
    """Record a reading in each locality that keeps readings, and in this one: a card is told in all of them.

    Status 1, and nothing is written: a name that no locality has.
    """
    settings, today = services.settings, services.clock.now().date()
    kept = {path.parent.name for path in settings.locality_dir.parent.glob(f"*/{readings.FILE}")}
    there: dict[Path, list[Item]] = {}
    for locality in sorted({settings.locality, *kept}):
        other = build(settings.model_copy(update={"locality": locality}))
        try:
            there[other.settings.locality_dir] = other.reviews.items()
        finally:
            await other.close()
    if wrong := _named_wrongly([i for items in there.values() for i in items], names):
        return wrong
    for folder, items in there.items():
        read = readings.record(folder, items, names, today)
        print(f"{folder.name}：{len(read)} 条记下了，{today}：{' '.join(i.key for i in read)}")
    return 0


def _named_wrongly(items: Sequence[Item], names: Sequence[str]) -> int:
    wrong = readings.unknown(items, names)
    if wrong:
        print(f"没有这一条，也没有这一种：{'、'.join(wrong)}", file=sys.stderr)
    return 1 if wrong else 0


async def catalog_export(services: Services, args: argparse.Namespace) -> int:
    """Write all cards, to a file or to standard output."""
    text = exchanging.to_yaml(services.catalogue.cards())
    if args.out is None:
        print(text, end="")
    else:
        args.out.write_text(text, encoding="utf-8")
        print(f"已写出 {len(services.catalogue.cards())} 张卡片。")
    return 0


async def catalog_import(services: Services, args: argparse.Namespace) -> int:
    """Print what a file of cards would change; with ``--apply`` write it. Status 1: it must not be."""
    folder = services.settings.data_dir / "catalogue"
    given = exchanging.read_cards(args.file)
    changes = exchanging.changes(services.catalogue.cards(), given)
    for change in changes:
        print(change.text)
    before = {f for f in services.catalogue.check() if f.level == "error"}
    wrong = [f for f in services.catalogue.check(changes.result) if f.level == "error"]
    for finding in wrong:
        print(f"错误  {finding.text}")
    if set(wrong) - before:
        print("有错误，没有写入。")
        return 1
    if not changes:
        print("和现在的卡片一样。")
    elif not args.apply:
        print("只看了看，什么都没写。加上 --apply 才写入。")
    else:
        if args.by:
            await services.reviews.wrote([c.card for c in changes], args.by)
        exchanging.write(folder, changes)
        print(f"已写入 {len(changes)} 处，重启后生效；新的卡片马上能认出来，训练后更准。")
    return 0


async def metrics_rebuild(services: Services, args: argparse.Namespace) -> int:
    """Make the facts of all tickets anew."""
    print(f"{await services.metrics.rebuild()} 件工单重新算过。")
    return 0


async def metrics_check(services: Services, args: argparse.Namespace) -> int:
    """Print tickets whose facts are not what their events make; status 1 when there are any."""
    wrong = await services.metrics.check()
    for number in wrong:
        print(number)
    print(f"{len(wrong)} 件和事件不符。" if wrong else "全部和事件相符。")
    return 1 if wrong else 0


async def workflow(services: Services, args: argparse.Namespace) -> int:
    """Print the workflow as a page."""
    print(document.document(), end="")
    return 0


async def api(services: Services, args: argparse.Namespace) -> int:
    """Print the API as a page."""
    settings = services.settings.model_copy(update={"test_mode": True})
    print(api_page.page(openapi.document(create_app(settings, build(settings)))), end="")
    return 0


def _taken_in(taken: TakenIn) -> str:
    short = taken.sha256[:8]
    if taken.released:
        return f"对话模型 {short} 已登记，正在用它。"
    return (
        f"对话模型 {short} 已登记为候选：现在用的模型是人定的，没有自动换。"
        f"到工作台“模型”里比一比再上线，或执行 linda model promote {short}。"
    )


async def model_list(services: Services, args: argparse.Namespace) -> int:
    """Print the models."""
    current = await services.learning.models.current()
    for model in await services.learning.models.list():
        here = current is not None and current.model == model.sha256
        state = "在用" if here else "候选" if model.kept else "文件已清理"
        print(
            f"{model.short}  {model.made_at:%Y-%m-%d %H:%M}  {model.size / 1e6:5.1f} MB  {state}  "
            f"{SOURCE_LABELS[model.source]} {model.made_by}".rstrip()
        )
    return 0


async def model_import(services: Services, args: argparse.Namespace) -> int:
    """Take in an archive."""
    model = await services.learning.models.import_file(args.file, _operator()[1])
    print(f"已登记为候选：{model.short}。比一比再上线：linda model compare {model.short}")
    return 0


async def model_compare(services: Services, args: argparse.Namespace) -> int:
    """Print a model beside production, evaluating it first when need be; status 1: not to be released."""
    model = await services.learning.models.get(args.model)
    current = await services.learning.models.current()
    if current is not None and current.model == model.sha256:
        raise LindaError("already_released", "现在用的就是这个模型。")
    judged = None if args.again else await services.learning.judge(model.sha256)
    if judged is None:
        await _evaluate(services, model.sha256)
        judged = await services.learning.judge(model.sha256)
    if judged is None:
        raise LindaError("not_compared", "没有在用的模型，没法比。")
    found = comparison.shown(judged, services.heard.knowledge.labels)
    print(f"{found['advice_text']}：{found['verdict']}")
    for words in (*found["blocks"], *found["doubts"]):
        print(f"  {words}")
    for figure in found["figures"]:
        print(
            f"  {figure['name']}  {figure['before']} → {figure['after']}  {figure['change']}".rstrip()
        )
    for example in found["worse"]:
        print(f"  坏了：{example['text']}（应当是{example['right']}，听成{example['after']}）")
    return 1 if judged.gate.blocks else 0


async def _evaluate(services: Services, model: str) -> None:
    """Have a model evaluated by the worker; without one that is at work, do it here."""
    learning = services.learning
    run = await learning.compare(_operator(), model)
    here = asyncio.get_running_loop().time() + WORKER_S
    said = ""
    while run.active:
        if run.state == "queued" and asyncio.get_running_loop().time() > here:
            print("后台进程没有接手，就在这里比。", file=sys.stderr)
            await Runner(services.settings, services.db, services.clock, learning).once()
        elif (now := f"{run.state_text}：{run.text}") != said:
            print(now, file=sys.stderr)
            said = now
        await asyncio.sleep(0.5)
        await services.clock.refresh(services.db)
        run = await learning.runs.get(run.id)
    if run.state != "done":
        raise LindaError("not_compared", run.error or f"这次比较{run.state_text}。")


async def model_promote(services: Services, args: argparse.Namespace) -> int:
    """Put a model into production."""
    learning = services.learning
    current = await learning.models.current()
    seen = current.id if current else 0
    release = await learning.promote(_operator(), args.model, seen, args.reason)
    print(f"模型 {release.model[:8]} 已上线，机器人几秒内换上。")
    return 0


async def model_rollback(services: Services, args: argparse.Namespace) -> int:
    """Go back one production model."""
    learning = services.learning
    current = await learning.models.current()
    release = await learning.rollback(_operator(), current.id if current else 0, args.reason)
    print(f"已退回模型 {release.model[:8]}，机器人几秒内换上。")
    return 0


async def annotations_export(services: Services, args: argparse.Namespace) -> int:
    """Write what is approved, to a file or to standard output."""
    approved = await services.annotations.approved()
    if args.out is None:
        print(examples.to_yaml(approved), end="")
    else:
        args.out.write_text(examples.to_yaml(approved), encoding="utf-8")
        print(f"已写出 {len(approved)} 句。")
    return 0


def _operator() -> tuple[str, str]:
    """Return who sits at the shell, for the history."""
    return "cli", f"命令行（{os.environ.get('USER') or os.getuid()}）"


AUDITOR = Actor("staff", "cli", "auditor")
"""The shell reads as an auditor does: the trail, without anyone's phone."""


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("密码：")
    if first != getpass.getpass("再输一遍："):
        raise LindaError("passwords_differ", "两次输入的不一样。")
    return first


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    top = argparse.ArgumentParser(prog="linda", description="邻答：运维命令")
    commands = top.add_subparsers(required=True, metavar="命令")
    _add(commands, "init", init, "迁移数据库，装入本地的地点（演示方式下还有账号）")
    user = _group(commands, "user", "账号")
    add = _add(user, "add", user_add, "建立账号")
    add.add_argument("id")
    add.add_argument("--name", required=True, help="姓名")
    add.add_argument("--role", required=True, choices=get_args(Role), help="角色")
    add.add_argument("--org", required=True, help="单位编号，见 orgs.yml")
    add.add_argument("--community", help="社区编号")
    add.add_argument("--grid", action="append", default=[], help="网格编号，可写多次")
    add.add_argument("--phone", help="工作电话")
    change = _add(user, "password", user_password, "改密码")
    change.add_argument("id")
    ticket = _group(commands, "ticket", "工单")
    _add(ticket, "show", ticket_show, "看一件工单").add_argument("ticket_no")
    moved = _add(ticket, "deadlines", shell.ticket_deadlines, "时限怎么定的、改过几次、为什么")
    moved.add_argument("ticket_no")
    shell.add(lambda name, words: _group(commands, name, words), _add)
    catalog = _group(commands, "catalog", "办事目录")
    _add(catalog, "check", catalog_check, "检查数据文件")
    _add(catalog, "table", catalog_table, "每张卡片的来源，docs/cards.md 里的表")
    seen = _add(catalog, "reviews", catalog_reviews, "卡片、证明和别的话复核到哪一步，按责任单位")
    project = seen.add_mutually_exclusive_group()
    project.add_argument("--readings", action="store_true", help="哪些话项目还没有校读，或者改过")
    project.add_argument(
        "--words", nargs="+", metavar="编号", help="照居民听到的打印出来，读的人看"
    )
    project.add_argument(
        "--read", nargs="+", metavar="编号", help="记下这几条（或一种：card、safety……）今天校读过"
    )
    out = _add(catalog, "export", catalog_export, "写出全部卡片（YAML）")
    out.add_argument("--out", type=Path, help="写到这个文件；不写就打印出来")
    taken = _add(catalog, "import", catalog_import, "看一个卡片文件会改什么")
    taken.add_argument("file", type=Path, help="YAML 或 JSON，和写出的一样")
    taken.add_argument("--apply", action="store_true", help="真的写入数据文件")
    taken.add_argument("--by", help="是谁改的（账号）：这一稿不能由本人复核")
    metrics = _group(commands, "metrics", "数据")
    _add(metrics, "rebuild", metrics_rebuild, "从事件重新算每件工单的数")
    _add(metrics, "check", metrics_check, "看存着的数和事件是不是相符")
    _add(commands, "workflow", workflow, "办理流程的表和图，docs/workflow.md 的内容")
    _add(commands, "api", api, "全部接口、谁能用、怎么调，docs/api.md 的内容")
    audit_shell.add(lambda name, words: _group(commands, name, words), _add)
    exchange_shell.add(_add, commands)
    open311_shell.add(lambda name, words: _group(commands, name, words), _add)
    webhooks_shell.add(lambda name, words: _group(commands, name, words), _add)
    _add(commands, "roles", audit_shell.roles_page, "岗位和权限的表，docs/roles.md 的内容")
    backup_shell.add(_add, commands)
    clear = _add(commands, "purge", audit_shell.purge, "清除到期的个人信息（后台每晚自己做）")
    clear.add_argument("--dry-run", action="store_true", help="只数，不清")
    model = _group(commands, "model", "对话模型")
    _add(model, "list", model_list, "列出模型")
    _add(model, "import", model_import, "登记一个模型文件").add_argument("file", type=Path)
    compare = _add(model, "compare", model_compare, "和现在的模型比一比")
    compare.add_argument("model", help="编号，前几位就够")
    compare.add_argument("--again", action="store_true", help="比过也重新比")
    promote = _add(model, "promote", model_promote, "上线一个模型")
    promote.add_argument("model", help="编号，前几位就够")
    rollback = _add(model, "rollback", model_rollback, "退回上一个模型")
    for command in (promote, rollback):
        command.add_argument("--reason", default="", help="理由")
    annotations = _group(commands, "annotations", "居民说过的话，由人标注")
    export = _add(annotations, "export", annotations_export, "写出标注（训练数据的格式）")
    export.add_argument("--out", type=Path, help="写到这个文件；不写就打印出来")
    for name, module, words in (
        ("web", "services.web", "启动网页进程"),
        ("worker", "services.outbox", "启动后台进程"),
    ):
        commands.add_parser(name, help=words).set_defaults(module=module)
    return top


def _group(commands: Subparsers, name: str, words: str) -> Subparsers:
    group = commands.add_parser(name, help=words)
    return group.add_subparsers(required=True, metavar="命令")


def _add(commands: Subparsers, name: str, command: Command, words: str) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=words)
    made.set_defaults(command=command)
    return made


async def _run(settings: Settings, args: argparse.Namespace) -> int:
    services = build(settings)
    try:
        # Only what has a database already has a clock to read.
        if args.command not in (
            init, catalog_check, catalog_reviews, catalog_table, catalog_export, catalog_import, workflow, api,
            *shell.PLAIN, *audit_shell.PLAIN, *backup_shell.UNMIGRATED,
        ):  # fmt: skip
            await services.clock.refresh(services.db)
        status: int = await args.command(services, args)
        return status
    finally:
        await services.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a refusal is one Chinese line on standard error and status 1."""
    os.umask(0o077)  # the database and the secrets are for this account only
    args = parser().parse_args(argv)
    if hasattr(args, "module"):
        runpy.run_module(args.module, run_name="__main__")
        return 0
    try:
        return asyncio.run(_run(Settings(), args))
    except LindaError as error:
        print(error.message, file=sys.stderr)
    except ValueError as error:  # settings and data files say themselves what is wrong
        print(f"配置或数据文件有问题：{error}", file=sys.stderr)
    except (SQLAlchemyError, OSError) as error:
        print(_unusable(error), file=sys.stderr)
    return 1


def _unusable(error: SQLAlchemyError | OSError) -> str:
    """Say what is wrong with database or file, without the statement that found it out."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if re.search(r"no such table|relation .* does not exist", str(cause)):
        return "数据库还没有建好，请先运行 linda init。"
    return f"数据库或文件用不了：{cause}"


if __name__ == "__main__":
    raise SystemExit(main())
