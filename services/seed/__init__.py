"""First data: the locality's places, and in demo mode one account per role."""

from services.seed.seed import seed

__all__ = ["seed"]
