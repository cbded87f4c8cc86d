"""Reading and writing staff accounts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from sqlalchemy import delete, select

from services.db import Session
from services.people.crypto import Vault
from services.people.model import Role, Staff
from services.people.tables import StaffGridRow, StaffRow


async def select_staff(
    session: Session,
    vault: Vault,
    ids: Iterable[str] | None = None,
    role: Role | None = None,
    community_id: str | None = None,
) -> list[Staff]:
    """Return active staff by id, narrowed by what is given."""
    query = select(StaffRow).where(StaffRow.active).order_by(StaffRow.id)
    if ids is not None:
        query = query.where(StaffRow.id.in_(list(ids)))
    if role is not None:
        query = query.where(StaffRow.role == role)
    if community_id is not None:
        query = query.where(StaffRow.community_id == community_id)
    rows = list(await session.scalars(query))
    grids: dict[str, list[str]] = {}
    areas = select(StaffGridRow).where(StaffGridRow.staff_id.in_([r.id for r in rows]))
    for area in await session.scalars(areas.order_by(StaffGridRow.grid_id)):
        grids.setdefault(area.staff_id, []).append(area.grid_id)
    return [
        Staff(
            row.id,
            row.name,
            cast(Role, row.role),
            row.org_id,
            row.community_id,
            tuple(grids.get(row.id, ())),
            vault.decrypt(row.phone_enc) if row.phone_enc else None,
        )
        for row in rows
    ]


async def save_staff(session: Session, vault: Vault, staff: Staff, row: StaffRow) -> None:
    """Write what is known of an account into its row and its work area."""
    row.name, row.role, row.org_id = staff.name, staff.role, staff.org_id
    row.community_id, row.active = staff.community_id, True
    row.phone_enc = vault.encrypt(staff.phone) if staff.phone else None
    session.add(row)
    await session.flush()
    await session.execute(delete(StaffGridRow).where(StaffGridRow.staff_id == staff.id))
    session.add_all(StaffGridRow(staff_id=staff.id, grid_id=g) for g in staff.grid_ids)
