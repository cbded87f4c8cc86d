"""Fixtures of the people tests."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from services.people import passwords


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash in a tenth of a millisecond where the cost itself is not the subject."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", cheap)
