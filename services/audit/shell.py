"""Commands of the audit, of retention and of people's rights.

``linda audit verify``  whether any record was changed, deleted, inserted or put in another order
``linda audit head``    the last link, to be written down where nobody of the machine can change it
``linda audit seal``    seal what waits, as the worker does
``linda incident``      register a leak, loss or change of personal data (个人信息保护法 57), and list them
``linda purge``         erase what is due; ``--dry-run`` counts it
``linda dsar list``     requests of residents about their own data
``linda roles``         who may do what, as in docs/roles.md
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from services.audit import journal
from services.audit.tables import AuditEntryRow
from services.clock import ZONE
from services.people import roles
from services.rights.service import KINDS, STATES
from services.tickets.core.workflow import ACTIONS

if TYPE_CHECKING:
    from services.context import Services

INCIDENTS = {"leak": "泄露", "change": "篡改", "loss": "丢失"}
"""《个人信息保护法》第五十七条."""
TOLD = {"told_authority": "通知主管部门", "told_people": "通知本人"}
_HEAD = re.compile(r"(\d{1,15}):([0-9a-fA-F]{64})")


async def audit_verify(services: Services, args: argparse.Namespace) -> int:
    """Check the chain of the audit; status 1 and what was found when a record was altered."""
    report = await services.audit.verify(args.first, args.last, args.written)
    for finding in report.findings:
        print(
            f"{'第' + str(finding.position) + '条' if finding.position else '链外'}  {finding.text}"
        )
    if report.count > len(report.findings):
        print(f"……一共{report.count}处")
    waiting = f"，{report.waiting}条还没有封存" if report.waiting else ""
    print(f"核对了{report.checked}条，{report.count}处不对{waiting}。")
    if args.written:
        print(f"和记下来的{len(args.written)}处对过了。")
    print(f"链头：第{report.position}条 {report.head}")
    return 1 if report.count else 0


async def audit_head(services: Services, args: argparse.Namespace) -> int:
    """Print the head of the chain in the form that ``verify --written`` takes."""
    position, hash = await services.audit.head()
    print(f"{position}:{hash}")
    return 0


def written(text: str) -> tuple[int, str]:
    """Read a head that was written down.

    Raises:
        argparse.ArgumentTypeError: It is not ``POSITION:HASH``.
    """
    found = _HEAD.fullmatch(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(
            "要照 linda audit head 打出来的整行抄：位置、英文冒号、64位的哈希。"
        )
    return int(found[1]), found[2].lower()


async def audit_seal(services: Services, args: argparse.Namespace) -> int:
    """Seal what waits, as the worker does by itself."""
    total = 0
    while done := await services.audit.seal():
        total += done
    print(f"封存了{total}条。")
    return 0


async def incident_add(services: Services, args: argparse.Namespace) -> int:
    """Register an incident, or what has been done about one since, as an entry of the audit."""
    user = os.environ.get("USER") or os.getuid()
    who = ("cli", f"命令行（{user}）"[:60], "admin")
    told = {"authority": args.told_authority, "people": args.told_people}
    now = services.clock.now()
    async with services.db.write() as s:
        id = args.about or f"{now.astimezone(ZONE):%Y%m%d-%H%M%S}"
        known = await s.scalar(
            select(AuditEntryRow.id).where(AuditEntryRow.subject == f"incident:{id}").limit(1)
        )
        if args.about and known is None:
            print(f"没有登记过{id}。")
            return 1
        await journal.note(
            s, now, who, "incident", f"incident:{id}", args.what, kind=args.kind, people=args.people,
            **{f"told_{name}": day.isoformat() for name, day in told.items() if day},
        )  # fmt: skip
    print(f"登记了，编号{id}。")
    return 0


async def incident_list(services: Services, args: argparse.Namespace) -> int:
    """Print what was registered, the oldest first."""
    query = (
        select(AuditEntryRow).where(AuditEntryRow.action == "incident").order_by(AuditEntryRow.id)
    )
    async with services.db.read() as s:
        for row in await s.scalars(query):
            told = [f"{words}{day}" for name, words in TOLD.items() if (day := row.data.get(name))]
            facts = [INCIDENTS[row.data["kind"]], f"{row.data['people']}人", *told]
            print(
                f"{row.subject.partition(':')[2]}  {row.at.astimezone(ZONE):%Y-%m-%d %H:%M}  "
                f"{'，'.join(facts)}  {row.reason}"
            )
    return 0


async def purge(services: Services, args: argparse.Namespace) -> int:
    """Erase what is due, or only count it."""
    user = os.environ.get("USER") or os.getuid()
    shell = ("cli", f"命令行（{user}）"[:60], "admin")
    due = await (services.retention.due() if args.dry_run else services.retention.purge(shell))
    for one in due:
        examples = f"，例如 {'、'.join(one.examples)}" if one.examples else ""
        print(f"{one.kind:<12} {one.count:>7}  {one.name}（{one.days}天）{examples}")
    print("只数了数，什么都没清。" if args.dry_run else f"清除了{sum(d.count for d in due)}项。")
    return 0


async def dsar_list(services: Services, args: argparse.Namespace) -> int:
    """Print requests of residents about their own data, the next due first."""
    for row in await services.rights.list():
        state = STATES[row.state]
        print(
            f"{row.id}  {KINDS[row.kind]}  {state}  {row.filed_at:%Y-%m-%d}登记  {row.due_on}前答复"
        )
    return 0


async def roles_page(services: Services, args: argparse.Namespace) -> int:
    """Print who may do what as a page."""
    print(roles.table(ACTIONS), end="")
    return 0


def add(group: Callable[[str, str], Any], command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the groups ``audit`` and ``dsar`` to the command line."""
    audit = group("audit", "审计")
    verify = command(audit, "verify", audit_verify, "核对审计链：有没有被改、删、插、换次序的记录")
    for name, to, words in (("--from", "first", "从哪天起"), ("--to", "last", "到哪天止")):
        verify.add_argument(name, dest=to, type=date.fromisoformat, help=f"{words}（年-月-日）")
    verify.add_argument(
        "--written", type=written, action="append", default=[], metavar="链头",
        help="和以前记下来的链头比（可以写几次）",
    )  # fmt: skip
    command(audit, "head", audit_head, "打出链头，记到别处去")
    command(audit, "seal", audit_seal, "把还没封存的记录封存（后台平时自己做）")
    incidents = group("incident", "个人信息泄露、篡改、丢失")
    new = command(incidents, "add", incident_add, "登记一件，或者接着记后来做了什么")
    new.add_argument("what", help="出了什么事、做了什么；不写居民的姓名电话")
    new.add_argument("--kind", choices=sorted(INCIDENTS), default="leak", help="泄露、篡改、丢失")
    new.add_argument("--people", type=int, required=True, help="涉及多少人；不清楚写0")
    new.add_argument("--about", default="", metavar="编号", help="接着哪一件记")
    for name, words in (
        ("--told-authority", "哪天通知了主管部门"),
        ("--told-people", "哪天通知了本人"),
    ):
        new.add_argument(name, type=date.fromisoformat, help=f"{words}（年-月-日）")
    command(incidents, "list", incident_list, "列出登记过的")
    dsar = group("dsar", "居民的个人信息申请")
    command(dsar, "list", dsar_list, "列出申请，最急的在前")


PLAIN = (roles_page,)
"""Commands that need no database."""
