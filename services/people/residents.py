"""Residents: contact data encrypted, consent on record."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select, update

from services.db import Session
from services.people.crypto import Vault
from services.people.model import Consent, Home, Resident
from services.people.tables import ConsentRow, ResidentRow
from services.words import refusal


async def load(session: Session, vault: Vault, resident_id: str) -> Resident | None:
    """Return a resident with decrypted contact data, None when unknown."""
    row = await session.get(ResidentRow, resident_id)
    if row is None:
        return None
    records = await session.scalars(
        select(ConsentRow).where(ConsentRow.resident_id == resident_id).order_by(ConsentRow.id)
    )
    return Resident(
        id=row.id,
        name=vault.decrypt(row.name_enc) if row.name_enc else None,
        phone=vault.decrypt(row.phone_enc) if row.phone_enc else None,
        home=_home(row, vault),
        contact_pref=row.contact_pref,
        consents=tuple(Consent(c.purpose, c.version, c.given_at, c.withdrawn_at) for c in records),
    )


def _home(row: ResidentRow, vault: Vault) -> Home | None:
    if row.home is None:
        return None
    return Home(**row.home, room=vault.decrypt(row.room_enc) if row.room_enc else None)


async def save(
    session: Session, vault: Vault, given: Resident, now: datetime, create: bool
) -> Resident:
    """Write what is given (not None; an empty phone or way of being reached is forgotten); return the whole resident.

    Raises:
        LindaError: 404 ``resident_not_found`` when not to be created and unknown.
    """
    row = await session.get(ResidentRow, given.id)
    if row is None:
        if not create:
            raise refusal("resident_not_found", 404)
        row = ResidentRow(id=given.id, created_at=now, updated_at=now)
        session.add(row)
    if given.name is not None:
        row.name_enc = vault.encrypt(given.name)
    if given.phone is not None:
        told = given.phone or None
        row.phone_enc = vault.encrypt(told) if told else None
        row.phone_hash = vault.fingerprint(told) if told else None
    if given.home is not None:
        home = asdict(given.home)
        room = home.pop("room")
        row.home, row.room_enc = home, vault.encrypt(room) if room else None
    if given.contact_pref is not None:
        row.contact_pref = given.contact_pref or None
    row.updated_at = now
    await session.flush()
    saved = await load(session, vault, given.id)
    assert saved is not None  # just flushed
    return saved


async def forget(session: Session, resident_id: str, now: datetime) -> None:
    """Erase contact data and end every consent; unknown residents are forgotten already."""
    row = await session.get(ResidentRow, resident_id)
    if row is None:
        return
    row.name_enc = row.phone_enc = row.phone_hash = row.room_enc = None
    row.home, row.contact_pref, row.updated_at = None, None, now
    await session.execute(
        update(ConsentRow)
        .where(ConsentRow.resident_id == resident_id, ConsentRow.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
    )
    await session.flush()


async def give_consent(
    session: Session, resident_id: str, purpose: str, version: str, now: datetime
) -> None:
    """Record consent unless the same consent stands already."""
    standing = await session.scalar(
        select(ConsentRow.id).where(
            ConsentRow.resident_id == resident_id,
            ConsentRow.purpose == purpose,
            ConsentRow.version == version,
            ConsentRow.withdrawn_at.is_(None),
        )
    )
    if standing is None:
        session.add(
            ConsentRow(resident_id=resident_id, purpose=purpose, version=version, given_at=now)
        )
        await session.flush()


async def withdraw_consent(session: Session, resident_id: str, purpose: str, now: datetime) -> None:
    """Put the time of withdrawal on every standing consent to the purpose."""
    await session.execute(
        update(ConsentRow)
        .where(
            ConsentRow.resident_id == resident_id,
            ConsentRow.purpose == purpose,
            ConsentRow.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=now)
    )
