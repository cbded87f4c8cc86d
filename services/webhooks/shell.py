"""Commands of webhooks.

``linda webhook list``          subscriptions, and how many messages are in which state
``linda webhook add``           subscribe an address; prints the secret, this one time
``linda webhook rotate``        replace the secret; the old one signs beside it for a while
``linda webhook on``, ``off``   switch a subscription
``linda webhook log``           its messages, the newest first
``linda webhook replay``        send one message or a span of time again
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.clock import ZONE
from services.errors import LindaError
from services.web.validation import validated
from services.webhooks.service import STATES, NewWebhook

if TYPE_CHECKING:
    from services.context import Services

WHO = ("cli", "命令行", "admin")
"""Who sits at the shell, for the record."""


async def add_webhook(services: Services, args: argparse.Namespace) -> int:
    """Subscribe."""
    places = await services.places.gazetteer()
    given = {"name": args.name, "url": args.url, "events": args.event}
    given |= {"org_id": args.org, "community_id": args.community}
    wanted = validated(NewWebhook, given)
    id, secret = await services.webhooks.add(wanted, WHO, places.community.keys())
    print(f"已加推送 {id}。密钥只显示这一次，请交给对方存好：\n{secret}")
    return 0


async def list_webhooks(services: Services, args: argparse.Namespace) -> int:
    """Print the subscriptions."""
    counts = await services.webhooks.counts()
    for row in await services.webhooks.list():
        state = "开着" if row.active else f"停了（{row.stopped_why}）"
        sums = "，".join(
            f"{name}{counts.get(row.id, {}).get(s, 0)}条" for s, name in STATES.items()
        )
        print(f"{row.id}  {row.name}  {state}  {sums}  {row.url}")
    return 0


async def rotate(services: Services, args: argparse.Namespace) -> int:
    """Replace the secret."""
    secret = await services.webhooks.rotate(args.id, WHO)
    hours = services.webhooks.rules.rotation_hours
    print(f"新密钥只显示这一次；旧的还能用{hours}小时：\n{secret}")
    return 0


async def switch_on(services: Services, args: argparse.Namespace) -> int:
    """Switch on."""
    await services.webhooks.switch(args.id, True, WHO)
    print("开了，欠着的接着送。")
    return 0


async def switch_off(services: Services, args: argparse.Namespace) -> int:
    """Switch off."""
    await services.webhooks.switch(args.id, False, WHO)
    print("停了，欠着的留着。")
    return 0


async def show_log(services: Services, args: argparse.Namespace) -> int:
    """Print the latest messages."""
    for m in await services.webhooks.messages(args.id, args.state):
        said = f"送过{m.attempts}次，{m.answer}" if m.answer else "还没送"
        print(
            f"{m.id}  {m.at:%Y-%m-%d %H:%M:%S}  {m.ticket_no}  {m.event}  {STATES[m.state]}  {said}"
        )
    return 0


async def replay(services: Services, args: argparse.Namespace) -> int:
    """Send again."""
    if args.message:
        done = await services.webhooks.replay(args.id, args.message, WHO)
    elif args.since and args.until:
        since, until = (_time(t) for t in (args.since, args.until))
        done = await services.webhooks.replay_range(args.id, since, until, WHO, not args.all)
    else:
        raise LindaError("nothing_named", "写明 --message，或者 --since 和 --until。")
    print(f"{done}条重新排上了。")
    return 0


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise LindaError("bad_time", f"“{text}”不是时间，写成 2026-11-24T10:00。") from None
    return found if found.tzinfo else found.replace(tzinfo=ZONE)


def add(group: Callable[[str, str], Any], add_command: Callable[..., Any]) -> None:
    """Add the commands to the shell.

    Args:
        group: ``(name, words)`` adds a group of commands.
        add_command: ``(group, name, function, words)`` adds one and returns its parser.
    """
    webhook = group("webhook", "推送：工单的变化告诉别的系统")
    add_command(webhook, "list", list_webhooks, "列出订阅")
    new = add_command(webhook, "add", add_webhook, "加一个订阅，显示密钥")
    new.add_argument("name", help="给谁的")
    new.add_argument("url", help="对方的地址")
    new.add_argument("--event", action="append", required=True, help="哪件事，可写多次")
    new.add_argument("--org", help="只要这个单位的")
    new.add_argument("--community", help="只要这个社区的")
    for name, function, words in (
        ("rotate", rotate, "换密钥"), ("on", switch_on, "开"), ("off", switch_off, "停"),
    ):  # fmt: skip
        add_command(webhook, name, function, words).add_argument("id")
    log = add_command(webhook, "log", show_log, "最近推送了什么")
    log.add_argument("id")
    log.add_argument("--state", choices=list(STATES))
    again = add_command(webhook, "replay", replay, "补送一条，或一段时间的")
    again.add_argument("id")
    again.add_argument("--message", help="推送的编号")
    again.add_argument("--since", help="从什么时候，如 2026-11-24T10:00")
    again.add_argument("--until", help="到什么时候")
    again.add_argument("--all", action="store_true", help="送到过的也再送")
