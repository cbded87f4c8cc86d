"""A channel service on a real database, with a Rasa that the test controls."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

import pytest

from services.channels.service import ChannelService
from services.channels.types import Incoming
from services.clock import ZONE, Clock
from services.config import Settings
from services.context import Services, build
from services.db import Database
from services.people.model import Staff
from services.people.service import PeopleService
from services.places.service import PlaceService
from services.tickets.service import TicketService
from tests.services.channels.fake_rasa import TOKEN, FakeRasa

PASSWORD = "password-of-the-tests"
WORKDAY = datetime(2026, 11, 24, 10, 5, tzinfo=ZONE)

STAFF = (
    Staff("clerk1", "赵敏", "clerk", "community", "qinghe-c1"),
    Staff("grid1", "王秀英", "grid", "grid", "qinghe-c1", ("qinghe-g1",)),
    Staff("dispatcher1", "周莉", "dispatcher", "street"),
)


@pytest.fixture
async def rasa() -> AsyncIterator[FakeRasa]:
    fake = FakeRasa()
    await fake.start()
    yield fake
    await fake.die()


@pytest.fixture
def rasa_settings(settings: Settings, rasa: FakeRasa) -> Settings:
    return settings.model_copy(
        update={"rasa_url": rasa.url, "internal_token": TOKEN, "rasa_timeout_s": 1.0}
    )


@pytest.fixture
async def staffed(
    rasa_settings: Settings, db: Database, clock: Clock, cheap_passwords: None
) -> None:
    """Accounts of those who talk with residents."""
    people = PeopleService(rasa_settings, db, clock)
    async with db.write() as s:
        for staff in STAFF:
            await people.add_staff(s, staff, PASSWORD)


@pytest.fixture
async def make_channels(
    rasa_settings: Settings, db: Database, clock: Clock, staffed: None
) -> AsyncIterator[Callable[..., ChannelService]]:
    """Each call is one more process, as far as the database can tell; settings may differ."""
    made: list[ChannelService] = []
    people = PeopleService(rasa_settings, db, clock)
    places = PlaceService(rasa_settings, db, clock)
    tickets = TicketService(rasa_settings, db, clock, places, people)

    def make(**changed: Any) -> ChannelService:
        given = rasa_settings.model_copy(update=changed)
        made.append(ChannelService(given, db, clock, tickets, people, places))
        return made[-1]

    yield make
    for channels in made:
        await channels.close()


@pytest.fixture
def channels(make_channels: Callable[..., ChannelService]) -> ChannelService:
    return make_channels()


@pytest.fixture
async def services(rasa_settings: Settings, db: Database, staffed: None) -> AsyncIterator[Services]:
    """All services on the test's database, in test mode, on a working day at ten."""
    url = db.url.render_as_string(hide_password=False)
    settings = Settings(**{**rasa_settings.model_dump(), "database_url": url, "test_mode": True})
    built = build(settings)
    await built.clock.set(built.db, WORKDAY)
    yield built
    await built.close()


def said(text: str, client_id: str | None = None) -> Incoming:
    """A typed message."""
    return Incoming(client_id or uuid.uuid4().hex, "text", text=text)
