"""Which modules add routes: each has ``setup(app)``. The order is the order in the OpenAPI document."""

from __future__ import annotations

from types import ModuleType

ROUTE_MODULES: list[ModuleType] = []
