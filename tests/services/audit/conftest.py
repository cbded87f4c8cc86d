"""The chain over real tickets on both databases."""

from __future__ import annotations

import pytest

from services.audit.service import AuditService
from services.config import Settings
from services.db import Database
from services.people.service import PeopleService
from tests.services.conftest import TestClock
from tests.services.tickets.conftest import people, tickets

__all__ = ["people", "tickets"]


@pytest.fixture
def audit(settings: Settings, db: Database, clock: TestClock) -> AuditService:
    """The audit of the test's database."""
    return AuditService(db, clock, PeopleService(settings, db, clock))
