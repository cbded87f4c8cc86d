"""The ticket service on a real database, with the demo community and one person per role."""

from __future__ import annotations

from typing import Any

import pytest

from services.catalogue.files import read
from services.config import Settings
from services.db import Database
from services.people.model import Staff
from services.people.service import PeopleService
from services.people.staff import save_staff
from services.people.tables import StaffRow
from services.places.service import PlaceService
from services.seed.files import PlacesFile
from services.seed.seed import _seed_places
from services.tickets.core.commands import CreateTicket
from services.tickets.service import TicketService
from tests.services.conftest import TestClock
from tests.services.tickets.world import ACTORS

NAMES = {"grid1": "王秀英", "handler1": "陈师傅", "clerk1": "赵敏"}
HOME = {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2", "room": "502"}


@pytest.fixture
async def people(settings: Settings, db: Database, clock: TestClock) -> PeopleService:
    """The staff, units and residents of :func:`tickets`."""
    return PeopleService(settings, db, clock)


@pytest.fixture
async def tickets(
    settings: Settings, db: Database, clock: TestClock, people: PeopleService
) -> TicketService:
    """The service, with staff who cannot log in (hashing passwords is slow and tested elsewhere)."""
    async with db.write() as s:
        await _seed_places(s, read(settings.locality_dir / "places.yml", PlacesFile))
        for a in ACTORS.values():
            if a.kind != "staff":
                continue
            staff = Staff(a.id, NAMES.get(a.id, a.id), a.role, a.org_id or "", a.community_id,
                          a.grid_ids)  # type: ignore[arg-type]  # fmt: skip
            await save_staff(
                s, people.vault, staff, StaffRow(id=a.id, password_hash="!", created_at=clock.now())
            )
    return TicketService(settings, db, clock, PlaceService(settings, db, clock), people)


def request(
    leaf: str | None = "H6", narrative: str = "楼道灯坏了好几天了", **more: Any
) -> CreateTicket:
    """What the dialogue files for a resident of 幸福小区3号楼2单元502."""
    body: dict[str, Any] = {
        "conversation_id": "conversation-1", "leaf": leaf, "narrative": narrative,
        "address_text": "幸福小区3号楼2单元502", "place": HOME,
        "contact": {"name": "张桂兰", "phone": "13812345678"},
    }  # fmt: skip
    return CreateTicket.model_validate({**body, **more})
