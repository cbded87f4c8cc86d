"""Reading and writing staff accounts."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any, cast

from sqlalchemy import Row, Table, bindparam, delete, select, update

from services.db import Session
from services.people.crypto import Vault
from services.people.model import Role, Staff, same_person
from services.people.tables import StaffGridRow, StaffRow

_STAFF, _GRIDS = cast(Table, StaffRow.__table__).c, cast(Table, StaffGridRow.__table__).c
_EVER = (
    select(
        _STAFF.id, _STAFF.name, _STAFF.role, _STAFF.org_id, _STAFF.community_id, _STAFF.phone_enc,
        _GRIDS.grid_id,
    )
    .outerjoin_from(StaffRow.__table__, StaffGridRow.__table__)
    .order_by(_STAFF.id, _GRIDS.grid_id)
)  # fmt: skip
_ACTIVE = _EVER.where(_STAFF.active)
_OF_GRID = select(_GRIDS.staff_id).where(_GRIDS.grid_id == bindparam("of"))
_WORKERS = _ACTIVE.where(_STAFF.role == "grid", _STAFF.id.in_(_OF_GRID))


async def select_staff(
    session: Session,
    vault: Vault,
    ids: Iterable[str] | None = None,
    role: Role | None = None,
    community_id: str | None = None,
) -> list[Staff]:
    """Return active staff by id, narrowed by what is given, with their grids: one statement."""
    query = _ACTIVE
    if ids is not None:
        query = query.where(_STAFF.id.in_(list(ids)))
    if role is not None:
        query = query.where(_STAFF.role == role)
    if community_id is not None:
        query = query.where(_STAFF.community_id == community_id)
    return _read(vault, await session.execute(query))


async def workers_of(session: Session, vault: Vault, grid_id: str) -> list[Staff]:
    """Return the active grid workers of a grid, in the order of their ids: one statement."""
    return _read(vault, await session.execute(_WORKERS, {"of": grid_id}))


def _read(vault: Vault, found_rows: Iterable[Row[Any]]) -> list[Staff]:
    """Return the people of rows of :data:`_EVER`: a row for each grid, or one without."""
    found = []
    for person, rows in groupby(found_rows, lambda row: row[:-1]):
        id, name, its_role, org_id, its_community, phone_enc = person
        grids = tuple(row.grid_id for row in rows if row.grid_id is not None)
        phone = vault.decrypt(phone_enc) if phone_enc else None
        found.append(Staff(id, name, cast(Role, its_role), org_id, its_community, grids, phone))
    return found


async def accounts_of(session: Session, vault: Vault, staff: Staff) -> list[Staff]:
    """Return all other accounts of the same person, also those that are no longer used.

    Rows from before phones were hashed are read one by one until :func:`hash_phones` has been there.
    """
    alike = (_STAFF.name == staff.name) & (_STAFF.org_id == staff.org_id)
    if staff.digits:
        alike |= _STAFF.phone_hash == vault.fingerprint(staff.digits)
    query = _EVER.where(alike | _STAFF.phone_hash.is_(None), _STAFF.id != staff.id)
    found = _read(vault, await session.execute(query))
    return [other for other in found if same_person(staff, other)]


async def hash_phones(session: Session, vault: Vault) -> None:
    """Hash the phones of accounts from before they were."""
    unhashed = _EVER.where(_STAFF.phone_hash.is_(None))
    for staff in _read(vault, await session.execute(unhashed)):
        hashed = phone_hash(vault, staff)
        await session.execute(
            update(StaffRow).where(StaffRow.id == staff.id).values(phone_hash=hashed)
        )


def phone_hash(vault: Vault, staff: Staff) -> str:
    """Return the keyed hash of an account's phone; empty without one."""
    return vault.fingerprint(staff.digits) if staff.digits else ""


async def save_staff(session: Session, vault: Vault, staff: Staff, row: StaffRow) -> None:
    """Write what is known of an account into its row and its work area."""
    row.name, row.role, row.org_id = staff.name, staff.role, staff.org_id
    row.community_id, row.active = staff.community_id, True
    row.phone_enc = vault.encrypt(staff.phone) if staff.phone else None
    row.phone_hash = phone_hash(vault, staff)
    session.add(row)
    await session.flush()
    await session.execute(delete(StaffGridRow).where(StaffGridRow.staff_id == staff.id))
    session.add_all(StaffGridRow(staff_id=staff.id, grid_id=g) for g in staff.grid_ids)
