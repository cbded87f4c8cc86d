"""Writing entries: in the transaction of what they tell of, so that neither is there without the other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from services.audit.tables import AuditEntryRow
from services.db import Session
from services.people.model import Staff

ACTION_NAMES: Mapping[str, str] = {
    "view": "打开工单",
    "print": "打开单子打印",
    "reveal": "查看联系方式",
    "relay": "总机转接，没看号码",
    "dsar.register": "登记个人信息申请",
    "dsar.approve": "批准导出",
    "dsar.refuse": "不同意",
    "dsar.export": "导出个人信息",
    "dsar.erase": "按本人要求删除",
    "dsar.withdraw": "撤回同意",
    "limit.lift": "放开被限次的居民或网络",
    "consent.withdraw": "收回单独同意，依据它记下的删去",
    "dsar.unlearn": "不再拿本人的话教机器人",
    "dsar.relearn": "可以拿本人的话教机器人",
    "dsar.correct": "更正个人信息",
    "dsar.done": "申请办结",
    "glass.ask": "申请应急查看",
    "glass.approve": "批准应急查看",
    "glass.open": "应急查看内容",
    "incident": "登记个人信息事件",
    "review.ok": "复核答居民的话：没问题",
    "review.wrong": "说答居民的话有错",
    "review.answer": "答复说有错的：不用改",
    "integrity.raise": "反映作风、廉政问题",
    "theme.propose": "提每月一题",
    "theme.edit": "改每月一题",
    "theme.adopt": "定每月一题",
    "theme.drop": "每月一题不做了",
    "theme.measure": "每月一题的任务",
    "theme.close": "每月一题做完",
    "theme.review": "每月一题回头看",
    "purge": "到期清除",
    "webhook.add": "加推送",
    "webhook.rotate": "换推送密钥",
    "webhook.switch": "开停推送",
    "webhook.replay": "补送",
    "open311.key": "发开放接口密钥",
    "open311.revoke": "收回开放接口密钥",
}
OPENED: Mapping[str, str] = {"elder": "打开老人档案"}
"""What was opened that is no ticket, by the kind of the subject."""
SYSTEM = ("system", "系统", "system")
"""Who acts when a rule does: id, name, role."""
AGAIN = timedelta(minutes=10)
"""Opening the same ticket again within this time is the same look."""


def action_name(action: str, subject: str) -> str:
    """Return what was done in words: an elder's file that was opened is no ticket."""
    if action == "view" and (opened := OPENED.get(subject.partition(":")[0])):
        return opened
    return ACTION_NAMES.get(action, action)


async def note(
    s: Session,
    at: datetime,
    who: Staff | tuple[str, str, str],
    action: str,
    subject: str,
    reason: str = "",
    **data: Any,
) -> int:
    """Write an entry in the caller's transaction; return its number.

    Args:
        s: The transaction.
        at: When.
        who: The member of staff, or (id, name, role).
        action: A key of ``ACTION_NAMES``.
        subject: ``<kind>:<id>``.
        reason: Why, in the person's words.
        data: Further facts, without personal data: they can never be erased.
    """
    id, name, role = (who.id, who.name, who.role) if isinstance(who, Staff) else who
    row = AuditEntryRow(
        at=at, who=id, name=name, role=role, action=action, subject=subject, reason=reason, data=data
    )  # fmt: skip
    s.add(row)
    await s.flush()
    return row.id


async def seen(s: Session, at: datetime, who: Staff, subject: str, action: str = "view") -> bool:
    """Say whether somebody had it open a moment ago."""
    recent = select(AuditEntryRow.id).where(
        AuditEntryRow.subject == subject, AuditEntryRow.at > at - AGAIN, AuditEntryRow.at <= at,
        AuditEntryRow.who == who.id, AuditEntryRow.action == action,
    )  # fmt: skip
    return await s.scalar(recent.limit(1)) is not None
