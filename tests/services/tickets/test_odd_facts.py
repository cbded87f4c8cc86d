"""Whatever somebody puts into a field of a step: a refusal in words, or a ticket that can still be read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.tickets import views
from services.tickets.core import fold
from services.tickets.core.context import Refusal
from services.tickets.core.event import Event
from tests.services.tickets.staged import Scene
from tests.services.tickets.test_situations import possible
from tests.services.tickets.world import ACTORS

ODD: dict[str, Any] = {
    "a number": 5, "below nothing": -1, "beyond all numbers": 1e308, "yes": True, "a list": [5], "an object": {"a": 1},
    "an object in a list": [{"a": 1}], "a list of pairs": [["a", 1]], "a page": "<script>alert(1)</script>",
    "before all time": "0001-01-01T00:00:00+14:00", "after all time": "9999-12-31T23:59:59-14:00",
    "no time": "2026-13-45", "very long": "长" * 100_000, "a very long item": ["长" * 100_000],
}  # fmt: skip


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return possible()


@pytest.mark.parametrize("kind", ODD)
def test_a_field_with_anything_in_it(kind: str, scenes: list[Scene]) -> None:
    tried = 0
    for staged in scenes:
        for field in staged.line.fields:
            odd = replace(staged, payload={**staged.payload, field.name: ODD[kind]})
            made = odd.play()
            where = (staged.line.action, staged.role, field.name)
            tried += 1
            if isinstance(made, Refusal):
                assert made.message, where
                continue
            assert isinstance(made, Event)
            after = fold.apply(odd.ticket, made)
            for role in ("dispatcher", "clerk"):
                assert views.staff_view(after, ACTORS[role]), where
            assert views.resident_view(after), where
            # Nothing is kept that no screen and no clock of another zone could show.
            assert kind not in ("before all time", "after all time") or field.type != "time", where
            kept = max((len(str(v)) for v in made.data.values()), default=0)
            assert kept < 20_000, where
    assert tried > 500
