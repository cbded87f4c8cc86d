"""All services on both databases, with the demo locality; a clock that the test moves."""

from __future__ import annotations

import pytest

from services.config import Settings
from services.context import Services, build
from services.db import Database
from tests.services.conftest import TestClock
from tests.services.seeded import plant


@pytest.fixture
async def services(
    db: Database, settings: Settings, clock: TestClock, cheap_passwords: None
) -> Services:
    """The services; Rasa is not there."""
    built = build(settings.model_copy(update={"rasa_url": "http://127.0.0.1:9"}), db, clock)
    await plant(built)
    return built
