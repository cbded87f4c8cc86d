"""The open form: told with each answer, put away when the services ask for it."""

from __future__ import annotations

from typing import Any

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.drafts import open_draft, put_away

DRAFT = {"form": "report", "round": "m1", "values": {"narrative": "楼道灯坏了"}}


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain.load("domain.yml")


def tracker(domain: Domain, loop: str | None = "report_form", draft: Any = DRAFT) -> Any:
    events = [
        UserUttered("楼道灯坏了", message_id="m1"),
        SlotSet("draft", draft),
        SlotSet("requested_slot", "place"),
        ActiveLoop(loop),
        ActionExecuted("action_listen"),
    ]
    return DialogueStateTracker.from_events("c1", events, domain.slots, domain=domain)


def test_the_open_form_is_told(domain: Domain) -> None:
    assert open_draft(tracker(domain)) == DRAFT


@pytest.mark.parametrize(
    ("loop", "draft"), [(None, DRAFT), ("meal_form", DRAFT), ("report_form", None)]
)
def test_what_is_not_open_is_not_told(domain: Domain, loop: str | None, draft: Any) -> None:
    assert open_draft(tracker(domain, loop, draft)) is None


def test_a_form_that_is_put_away_is_closed(domain: Domain) -> None:
    kept = tracker(domain)
    kept.update_with_events(put_away(kept, "m1"), domain)
    assert kept.active_loop_name is None
    assert kept.get_slot("draft") is None and kept.get_slot("requested_slot") is None
    assert kept.latest_action_name == "action_listen"
    assert put_away(kept, "m1") == [], "twice is once"


def test_another_form_stays_open(domain: Domain) -> None:
    assert put_away(tracker(domain), "m0") == []
