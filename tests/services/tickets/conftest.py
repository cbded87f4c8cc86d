"""The ticket service on a real database, with the demo community and the demo staff."""

from __future__ import annotations

import pytest

from services.config import Settings
from services.db import Database
from services.people.model import Staff
from services.people.service import PeopleService
from services.places.service import PlaceService
from services.seed.places import seed_places
from services.tickets.core.actor import Actor
from services.tickets.service import TicketService
from tests.services.conftest import TestClock
from tests.services.tickets.world import ACTORS
