"""The application on both databases, seeded."""

from tests.services.web.conftest import as_staff, client, services

__all__ = ["as_staff", "client", "services"]
