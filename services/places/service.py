"""Places of the locality: the gazetteer from the database and the resolver on it."""

from __future__ import annotations

from typing import Any

from services.clock import Clock
from services.config import Settings
from services.db import Database, Session
from services.people.model import Home
from services.places.model import AddressValue, Candidate, Resolution


class PlaceService:
    """Finds places. The gazetteer is small and read once; :meth:`reload` after it was changed."""

    def __init__(self, settings: Settings, db: Database, clock: Clock) -> None: ...

    async def resolve(
        self, value: AddressValue, text: str = "", home: Home | None = None
    ) -> Resolution:
        """Say which place an address means (see :func:`services.places.resolver.resolve`)."""
        ...

    async def locate(
        self,
        compound_id: str | None = None,
        building_id: str | None = None,
        unit: str | None = None,
        room: str | None = None,
    ) -> Candidate | None:
        """Return the place of these ids with names, community, grid and worker filled in.

        None when an id is unknown or the building is not in the compound: ids that come back from
        outside are looked up again and never trusted to fit together.
        """
        ...

    async def listing(self) -> dict[str, Any]:
        """Return communities, compounds with buildings, and grids for ``GET /api/v1/places``."""
        ...

    async def reload(self) -> None:
        """Read the gazetteer again at the next use."""
        ...
