"""Where people can go in the console: one list, filtered by what a role may do.

A phone shows the first few entries under the thumb and the rest under 更多; a desk shows all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.people.model import Role
from services.people.roles import permissions_of, roles
from services.tickets.service import OWN_ONLY

START = "/console/start"
"""Home of who has no worklist: every page with a sentence about it, and what is still to be filled in."""

IN_REACH = 4
"""Entries beside 更多 on a phone: five places of 72 px on the smallest one."""


@dataclass(frozen=True)
class Entry:
    """A part of the console.

    Attributes:
        here: Its name in the frame; of two entries with one name the first that a role may see counts.
        needs: The permission, or one of the three names with a star.
        hint: What one does there, for the start page.
    """

    here: str
    name: str
    path: str
    needs: str
    hint: str


OWN_TICKETS, TICKETS, NO_TICKETS = "*own tickets", "*tickets", "*no tickets"
OWN = OWN_ONLY | {"callback"}
"""Roles that begin with what waits for them; the others need to see their whole area."""

MENU: tuple[Entry, ...] = (
    Entry("start", "开始", START, NO_TICKETS, ""),
    Entry("tickets", "工单", "/console/tickets?mine=true", OWN_TICKETS, "等您办的工单。"),
    Entry("tickets", "工单", "/console/tickets", TICKETS, "看工单、办工单。"),
    Entry("reminders", "提醒", "/console/reminders", "reminders", "快到时限、超了时限的。"),
    Entry("register", "登记", "/console/register", "register", "替居民登记一件事。"),
    Entry("handoffs", "转人工", "/console/handoffs", "handoffs", "接居民等人回的对话。"),
    Entry("data", "数据", "/console/data", "data", "响应、办结、满意这些数。"),
    Entry("audit", "审计", "/console/audit", "audit", "谁看过什么、为什么看。"),
    Entry("information", "消息", "/console/information", "information",
          "写停水停电、义诊这些通知和食堂菜单，居民问起来邻答照着说。"),
    Entry("calendar", "日历", "/console/calendar", "calendar",
          "录入国务院办公厅的放假安排，时限照它算。"),
    Entry("visits", "探访", "/console/visits", "visits", "该去看哪位老人，去过了记一笔。"),
    Entry("visits", "探访", "/console/visits/figures", "visits_figures", "月探访率。"),
    Entry("foresight", "先办", "/console/foresight", "foresight", "突然多起来的事，和时节预案。"),
    Entry("foresight", "时节", "/console/seasons", "seasons", "这个时节要查的。"),
    Entry("themes", "一题", "/console/themes", "themes", "每月一题：最多的事一月办一样，办之前、办之后各多少件。"),
    Entry("lists", "清单", "/console/lists", "lists", "居民需求、服务资源、民生项目。"),
    Entry("reviews", "复核", "/console/reviews", "reviews",
          "看邻答答居民的话对不对，能复核的看过点一下，有错的写下来。"),
    Entry("limits", "限次", "/console/limits", "limits", "谁发得太多被拦住了，该放开的放开。"),
    Entry("integrity", "廉政", "/console/integrity", "integrity",
          "看到有人报复居民、推诿、造假、泄露隐私，交审计和纪检去查。"),
    Entry("learning", "学习", "/console/training", "training",
          "看居民说了什么、邻答听懂没有，训练新模型。"),
    Entry("learning", "模型", "/console/training/models", "models", "看模型比得怎么样，决定上不上线。"),
    Entry("exchange", "上级平台", "/console/exchange", "exchange", "导入12345等平台的工单，导出结果。"),
    Entry("interfaces", "对外接口", "/console/interfaces", "interfaces",
          "把工单的变化推给别的系统，发报事接口的密钥。"),
    Entry("rights", "数据权利", "/console/rights", "rights", "居民要看、要改、要删自己的信息。"),
)  # fmt: skip


def menu_of(role: Role) -> tuple[Entry, ...]:
    """Return what a role sees, in order."""
    may = permissions_of(role) | {TICKETS if roles().roles[role].acts else NO_TICKETS}
    may |= {OWN_TICKETS} if role in OWN else set()
    seen: dict[str, Entry] = {}
    for entry in MENU:
        if entry.needs in may:
            seen.setdefault(entry.here, entry)
    # One who only teaches the robot needs no page of links to it.
    return tuple(e for e in seen.values() if e.needs != NO_TICKETS or len(seen) > 2)


def split(entries: tuple[Entry, ...]) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """Return what is in reach of a thumb, and what stands under 更多."""
    if len(entries) <= IN_REACH + 1:
        return entries, ()
    return entries[:IN_REACH], entries[IN_REACH:]


def home_of(role: Role) -> str:
    """Return where a role begins."""
    return menu_of(role)[0].path
