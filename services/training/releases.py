"""Which model is in production, and how that came to be: an append-only list read by a fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from services.db import Database, Session
from services.errors import LindaError
from services.training.model_tables import ReleaseRow

Kind = Literal["file", "promote", "rollback"]

KIND_LABELS: Mapping[str, str] = {
    "file": "随程序更新",
    "promote": "上线",
    "rollback": "退回",
}


@dataclass(frozen=True)
class Release:
    """One change of the production model.

    Attributes:
        id: Number; the newest one holds.
        kind: ``file``: taken in from LINDA_MODEL, nobody decided.
        model: The model in production from here on.
        before: The one until then.
        reason: Why, as the person wrote; may be empty.
        staff_id: Who; None for ``file``.
        staff_name: Their name, as shown.
        at: When.
        figures: The comparison in short, as they saw it.
    """

    id: int
    kind: Kind
    model: str
    before: str | None
    reason: str
    staff_id: str | None
    staff_name: str
    at: datetime
    figures: Mapping[str, Any] | None

    def body(self) -> dict[str, Any]:
        """Return the API's view."""
        return {
            "id": self.id, "kind": self.kind, "kind_text": KIND_LABELS[self.kind],
            "model": self.model, "from": self.before, "reason": self.reason,
            "by": {"id": self.staff_id, "name": self.staff_name}, "at": self.at.isoformat(),
            "figures": self.figures,
        }  # fmt: skip


def productions(history: Sequence[Release]) -> list[str]:
    """Return the models that stood behind each other, the present one last. Pure.

    A roll-back takes the top one away, so rolling back twice goes back two steps, not to and fro.

    Args:
        history: All releases, oldest first.
    """
    stack: list[str] = []
    for release in history:
        if release.kind == "rollback" and len(stack) > 1 and stack[-2] == release.model:
            stack.pop()
        elif not stack or stack[-1] != release.model:
            stack.append(release.model)
    return stack


def release_of(row: ReleaseRow) -> Release:
    """Return a row as a value."""
    return Release(
        row.id, row.kind, row.sha256, row.from_sha256, row.reason,  # type: ignore[arg-type]
        row.staff_id, row.staff_name, row.at, row.figures,
    )  # fmt: skip


async def newest(s: Session) -> Release | None:
    """Return the release that holds; None before the first."""
    row = await s.scalar(select(ReleaseRow).order_by(ReleaseRow.id.desc()).limit(1))
    return release_of(row) if row else None


async def history(s: Session) -> list[Release]:
    """Return all releases, oldest first."""
    return [release_of(row) for row in await s.scalars(select(ReleaseRow).order_by(ReleaseRow.id))]


async def append(
    db: Database,
    expected: int,
    *,
    kind: Kind,
    model: str,
    now: datetime,
    staff: tuple[str, str] | None = None,
    reason: str = "",
    figures: Mapping[str, Any] | None = None,
) -> Release:
    """Add a release on top of the one that its maker saw.

    Args:
        db: The database.
        expected: Id of the newest release as they saw it, 0 when there was none.
        kind: Which kind.
        model: The new production model.
        now: Present time.
        staff: Id and name of who decided.
        reason: Why.
        figures: The comparison in short.

    Raises:
        LindaError: 409 ``release_conflict``: somebody was faster; the message says who did what.
    """
    try:
        async with db.write() as s:
            last = await newest(s)
            if (last.id if last else 0) == expected:
                row = ReleaseRow(
                    after=expected, kind=kind, sha256=model,
                    from_sha256=last.model if last else None, reason=reason,
                    staff_id=staff[0] if staff else None, staff_name=staff[1] if staff else "",
                    at=now, figures=dict(figures) if figures is not None else None,
                )  # fmt: skip
                s.add(row)
                await s.flush()
                return release_of(row)
    except IntegrityError:
        pass  # both saw the same release; the other one's commit came first
    async with db.read() as s:
        raise conflict(await newest(s))


def conflict(last: Release | None) -> LindaError:
    """Return the refusal for who decided on an old page."""
    if last is None:
        return LindaError("release_conflict", "页面太旧了，请刷新后再试。", 409, {"release": 0})
    who = last.staff_name or "系统"
    return LindaError(
        "release_conflict",
        f"刚才{who}在 {last.at:%H:%M} 已经{_DID[last.kind]}模型 {last.model[:8]}。请看过最新情况再决定。",
        409,
        {"release": last.id, "model": last.model, "by": who},
    )


_DID: Mapping[str, str] = {"file": "换上了", "promote": "上线了", "rollback": "退回到了"}
