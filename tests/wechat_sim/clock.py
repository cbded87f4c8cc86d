"""The platform's own time, which a test moves together with the product's."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

ZONE = timezone(timedelta(hours=8), "UTC+8")
"""WeChat's servers count days in Beijing time; it has no daylight saving."""


class SimClock:
    """Real time plus an offset."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def now(self) -> datetime:
        """Return the present time of the platform, aware."""
        return datetime.now(ZONE) + self._offset

    def epoch(self) -> int:
        """Return the present time in the whole seconds that messages carry."""
        return int(self.now().timestamp())

    def move(self, by: timedelta) -> None:
        """Let time pass at once."""
        self._offset += by

    def set(self, now: datetime) -> None:
        """Make ``now`` the present time."""
        self._offset = now - datetime.now(ZONE)
