"""The services of retention's tests, and people who register, decide and look."""

from __future__ import annotations

from services.people.model import Staff
from tests.services.retention.conftest import services

__all__ = ["services"]

CLERK = Staff("clerk1", "赵敏", "clerk", "community", "qinghe-c1")
AUDITOR = Staff("auditor1", "蒋正", "auditor", "street")
ADMIN = Staff("admin1", "韩工", "admin", "street")
