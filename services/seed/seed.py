"""Seeding: as often as you like, with the same result."""

from __future__ import annotations

from sqlalchemy import delete

from services.catalogue.files import read
from services.config import Settings
from services.context import Services
from services.db import Base, Session
from services.people.model import Staff
from services.people.passwords import password_fits
from services.people.service import PeopleService
from services.people.tables import StaffRow
from services.places.tables import BuildingRow, CommunityRow, CompoundRow, GridRow
from services.seed.files import AccountEntry, AccountsFile, PlacesFile

PLACE_TABLES: tuple[type[Base], ...] = (BuildingRow, CompoundRow, GridRow, CommunityRow)
"""Those that refer to others first."""


async def seed(services: Services) -> None:
    """Bring places, and in demo mode accounts and community information, to what the locality's files say.

    Raises:
        DataFileError: A file is missing or wrong; nothing is changed then.
    """
    settings = services.settings
    places = read(settings.locality_dir / "places.yml", PlacesFile)
    accounts: list[AccountEntry] = []
    if settings.env == "demo":
        accounts = read(settings.locality_dir / "accounts.yml", AccountsFile).accounts
    async with services.db.write() as s:
        await _seed_places(s, places)
        if settings.env == "demo":
            await services.information.seed(s)
            await services.visits.seed(s)
            await services.lists.seed(s)
        for entry in accounts:
            await _seed_account(s, services.people, entry, settings)


async def _seed_places(s: Session, file: PlacesFile) -> None:
    """Replace all places: the file is the source, and tickets keep ids and names of their own."""
    for table in PLACE_TABLES:
        await s.execute(delete(table))
    s.add_all(
        CommunityRow(id=c.id, name=c.name, aliases=c.aliases, position=i)
        for i, c in enumerate(file.communities)
    )
    await s.flush()
    s.add_all(
        GridRow(id=g.id, name=g.name, community_id=g.community, position=i)
        for i, g in enumerate(file.grids)
    )
    s.add_all(
        CompoundRow(id=c.id, name=c.name, community_id=c.community, aliases=c.aliases, position=i)
        for i, c in enumerate(file.compounds)
    )
    await s.flush()
    buildings = (
        (c.id, number, b) for c in file.compounds for b in c.buildings for number in b.each()
    )
    s.add_all(
        BuildingRow(
            id=f"{compound}-{number}",
            compound_id=compound,
            number=number,
            units=b.units,
            grid_id=b.grid,
            aliases=b.aliases,
            position=i,
        )
        for i, (compound, number, b) in enumerate(buildings)
    )
    await s.flush()


async def _seed_account(
    s: Session, people: PeopleService, entry: AccountEntry, settings: Settings
) -> None:
    password = settings.secret("demo_password")
    staff = Staff(
        entry.id, entry.name, entry.role, entry.org, entry.community, tuple(entry.grids),
        entry.phone,
    )  # fmt: skip
    row = await s.get(StaffRow, entry.id)
    if row is None:
        await people.add_staff(s, staff, password)
        return
    await people.update_staff(s, staff)
    if not await password_fits(row.password_hash, password):
        await people.set_password(s, staff.id, password)
