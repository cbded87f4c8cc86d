"""Rasa's memory: it survives a restart and stays short."""

import asyncio
from pathlib import Path

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.tracker_store import COMPACT_AFTER, KEEP_TURNS, LindaTrackerStore, compact

DOMAIN = Domain.from_yaml(
    "version: '3.1'\nintents: [a]\nforms: {f: {required_slots: []}}\n"
    "slots:\n  name: {type: text, influence_conversation: false, mappings: [{type: custom}]}\n"
)


def talk(turns: int, *, loop_from: int | None = None) -> DialogueStateTracker:
    tracker = DialogueStateTracker("c1", DOMAIN.slots)
    tracker.update(ActionExecuted("action_listen"))
    for turn in range(turns):
        tracker.update(UserUttered(f"第{turn}句", {"name": "a"}, message_id=f"m{turn}"))
        if turn == 0:
            tracker.update(SlotSet("name", "王"))
        if turn == loop_from:
            tracker.update(ActiveLoop("f"))
        tracker.update(ActionExecuted("action_listen"))
    return tracker


def test_short_talk_is_kept_whole() -> None:
    tracker = talk(COMPACT_AFTER)
    assert compact(tracker, DOMAIN) == list(tracker.events)


def test_long_talk_keeps_slots_and_last_turns() -> None:
    folded = DialogueStateTracker.from_events("c1", compact(talk(30), DOMAIN), DOMAIN.slots)
    said = [e.message_id for e in folded.events if isinstance(e, UserUttered)]
    assert said == [f"m{n}" for n in range(30 - KEEP_TURNS, 30)]
    assert folded.get_slot("name") == "王"


def test_nothing_is_folded_while_a_form_is_open() -> None:
    tracker = talk(30, loop_from=3)
    assert len(compact(tracker, DOMAIN)) == len(tracker.events)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'rasa.db'}"
        return
    import os
    import uuid

    import sqlalchemy as sa

    base = os.environ.get(
        "LINDA_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres"
    )
    name = f"linda_bot_{uuid.uuid4().hex[:8]}"
    admin_url = sa.engine.make_url(base).set(drivername="postgresql+psycopg2")
    admin = sa.create_engine(admin_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield admin_url.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


def test_store_survives_a_restart(url: str) -> None:
    asyncio.run(LindaTrackerStore(DOMAIN, url=url).save(talk(3)))
    store = LindaTrackerStore(DOMAIN, url=url)
    found = asyncio.run(store.retrieve("c1"))
    assert found is not None and found.get_slot("name") == "王"
    assert found.latest_message.text == "第2句"
    asyncio.run(store.save(talk(4)))
    assert list(asyncio.run(store.keys())) == ["c1"]
    asyncio.run(store.delete("c1"))
    assert asyncio.run(store.retrieve("c1")) is None
