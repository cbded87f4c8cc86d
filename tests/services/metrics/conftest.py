"""The metrics service beside the ticket service of the ticket tests, on both databases."""

from __future__ import annotations

import pytest

from services.config import Settings
from services.db import Database
from services.metrics.service import MetricsService
from services.people.service import PeopleService
from services.places.service import PlaceService
from services.tickets.service import TicketService
from tests.services.conftest import TestClock
from tests.services.tickets.conftest import people, tickets

__all__ = ["people", "tickets"]


@pytest.fixture
def metrics(
    settings: Settings, db: Database, clock: TestClock, tickets: TicketService
) -> MetricsService:
    """The service that is tested."""
    people = PeopleService(settings, db, clock)
    return MetricsService(settings, db, clock, people, PlaceService(settings, db, clock), tickets)
