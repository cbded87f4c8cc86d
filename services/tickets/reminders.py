"""Sentences of the clock for staff: to whom each goes, who has seen it.

Written by the worker from the outbox, one for each addressee, once, however often the work is done
again. They wait on a page of the console until somebody of those they are for says 知道了.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true, update

from services.db import Session
from services.errors import LindaError
from services.tickets.core.actor import SYSTEM, Actor
from services.tickets.core.choices import LEVELS
from services.tickets.core.clocks import local_text
from services.tickets.tables import StaffReminderRow

if TYPE_CHECKING:
    from services.context import Services

REMINDED = "reminded"
LATE = {
    "accept": ("supervisor", "受理超时：还没有人受理，请马上看。"),
    "notice": (
        "supervisor",
        "一次告知的期限过了：不能再请居民补充，从收到那天起就算受理，请马上受理、按现有的办。",
    ),
    "dispatch": ("dispatcher", "派单超时：已经受理，还没有派给谁，请马上派。"),
    "sign": ("supervisor", "签收超时：承办单位还没有签收，请催一下。"),
    "contact": ("supervisor", "首次联系超时：还没有联系居民，请催一下。"),
    "platform": ("dispatcher", "上级平台要求的时限到了还没办结，请马上盯住，并向上级说明。"),
    "decide": ("dispatcher", "异议裁定超时：请马上裁定，居民的时限照常走。"),
    "second_look": ("dispatcher", "复核超时：还没有另一位同志复核，请安排。"),
    "group": ("dispatcher", "群诉答复超时：还没有答复是否受理，请马上答复。"),
}
"""Missed stage → who is told, and what. The end of the time itself is a step of the profile."""
CALL = "到期了还没办结，居民没有网上会话，请打电话问一声解决没有。"
"""For the callback desk (《北京市接诉即办工作条例》第二十三条)."""
AT_EXPIRY = ("deadline_missed", "reminders_planned")
"""Events that put who phoned onto the callback desk's list; the second on a ticket from before there was one."""
NOT_CALLED = {
    "failed": "自动通知值班领导没成功，请马上打电话。",
    "unconfigured": "没有配置自动通知值班领导，请马上打电话。",
}
"""Result of calling the duty leader → what is left to who sits at the desk."""
MOST = 200


@dataclass(frozen=True)
class Reminder:
    """One sentence as staff read it."""

    id: int
    ticket_no: str
    text: str
    at: datetime


async def on_changed(services: Services, payload: Mapping[str, Any]) -> None:
    """Tell staff what the clock says (topic ``ticket.changed``); other changes are not for them."""
    data, number = payload.get("data") or {}, str(payload["ticket_no"])
    said, told = _said(str(payload["event"]), data)
    if not told:
        return
    ticket = await services.tickets.get(number, SYSTEM)
    if ticket["case_of"]:
        # That a case is looked into is known to who looks into it alone, late or not.
        told = [one for one in told if one == "handler"]
    lead = (ticket["owner_org"], ticket["owner_person"])
    # By the end of the key: role in the row, unit, person. Of a unit that helps nobody is named.
    rows = {t: ("handler", *lead) if t == "handler" else (t, None, None) for t in told}
    if rows.pop("unit", None):
        rows |= {f"unit{n}": ("handler", org, None) for n, org in enumerate(data["orgs"])}
    text = f"{ticket['display_no']} {matter(ticket)}：{said}"
    if "duty" in told:
        leader = services.channels.duty.leader(datetime.fromisoformat(payload["at"]))
        text += f"值班电话：{leader.name}{leader.phone}。"
    async with services.db.write() as s:
        for end, (one, org, person) in rows.items():
            key = f"{number}:{payload['version']}:{end}"
            if await s.scalar(select(StaffReminderRow.id).where(StaffReminderRow.key == key)):
                continue
            s.add(
                StaffReminderRow(
                    key=key, ticket_no=number, told=one,
                    person=person, org_id=org,
                    community_id=ticket["location"].get("community_id"),
                    grid_id=ticket["location"].get("grid_id"),
                    text=text, at=datetime.fromisoformat(payload["at"]),
                )
            )  # fmt: skip


def matter(ticket: Mapping[str, Any]) -> str:
    """Return what a ticket is about; without a known matter its title is what was said, names and all."""
    if ticket["restricted"]:
        return "限阅事项"
    return str(ticket["title"]) if ticket["leaf"] else "还没归类的诉求"


def _said(event: str, data: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return the sentence and who is told; nobody for what is not for staff."""
    if event == REMINDED:
        return f"{data['say']}（{data['step']}）", [t for t in data["tell"] if t != "resident"]
    if event in AT_EXPIRY and data.get("to_call"):
        return CALL, ["callback"]
    if event == "supervised":
        return _ordered(data), ["handler" if data.get("org") else "supervisor"]
    if event == "escalated":
        return f"承办单位报请街道协调，请在{_by(data)}前答复。", ["dispatcher"]
    if event == "escalation_answered":
        return "街道答复了报请上级的事，请看工单。", ["handler"]
    if event == "duty_called":
        said = NOT_CALLED.get(str(data.get("result")), "")
        return said, ["duty"] if said else []
    if event != "deadline_missed":
        return "", []
    who, said = LATE.get(str(data.get("stage")), (None, ""))
    return said, [who] if who else []


def _ordered(data: Mapping[str, Any]) -> str:
    """Return that there is a 督办, without its words: they stand on the ticket, for who may read it."""
    level = LEVELS[str(data["level"])]
    if not data.get("org"):
        return f"街道发来{level}，还没有派给承办单位，请马上看。"
    return f"收到{level}，请在{_by(data)}前反馈整改和进展，意见写在工单里。"


def _by(data: Mapping[str, Any]) -> str:
    return local_text(datetime.fromisoformat(str(data["due_at"])))


async def waiting(s: Session, actor: Actor) -> list[Reminder]:
    """Return what nobody it is for has seen yet, the newest first (at most :data:`MOST`)."""
    query = (
        select(StaffReminderRow)
        .where(StaffReminderRow.seen_at.is_(None), _for(actor))
        .order_by(StaffReminderRow.at.desc(), StaffReminderRow.id.desc())
        .limit(MOST)
    )
    return [Reminder(r.id, r.ticket_no, r.text, r.at) for r in await s.scalars(query)]


async def count(s: Session, actor: Actor) -> int:
    """Return how many wait."""
    query = select(func.count()).where(StaffReminderRow.seen_at.is_(None), _for(actor))
    return int(await s.scalar(query) or 0)


async def seen(s: Session, id: int, actor: Actor, now: datetime) -> None:
    """Note that one of those it is for has seen it.

    Raises:
        LindaError: 404 ``reminder_not_found``: not there, or for somebody else.
    """
    found = await s.scalar(
        select(StaffReminderRow.id).where(StaffReminderRow.id == id, _for(actor))
    )
    if found is None:
        raise LindaError("reminder_not_found", "没有这条提醒。", 404)
    await s.execute(
        update(StaffReminderRow)
        .where(StaffReminderRow.id == id, StaffReminderRow.seen_at.is_(None))
        .values(seen_by=actor.id, seen_at=now)
    )


def _for(actor: Actor) -> ColumnElement[bool]:
    """Whom a sentence is for: the person in charge, else who works there, or a role of the place."""
    row, role = StaffReminderRow, actor.role
    here: ColumnElement[bool] = true()
    if actor.community_id is not None:
        here = or_(row.community_id.is_(None), row.community_id == actor.community_id)
    if role == "supervisor":
        return and_(row.told == "supervisor", here)
    if role == "callback":
        return row.told == "callback"
    if role == "dispatcher":
        return row.told.in_(("dispatcher", "duty"))
    if role == "grid":
        open_to = and_(row.org_id == "grid", row.grid_id.in_(actor.grid_ids))
    elif role == "clerk":
        open_to = and_(row.org_id == "community", here)
    elif role in ("handler", "vendor", "mediator") and actor.org_id:
        open_to = row.org_id == actor.org_id
    else:
        return false()
    mine = or_(row.person == actor.id, and_(row.person.is_(None), open_to))
    return and_(row.told == "handler", mine)
