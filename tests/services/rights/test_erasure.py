"""Erasure reaches every table, survives a crash, and comes back for what had to stay."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from services.channels import own_data
from services.channels import store as conversations
from services.channels.rasa import RasaAway
from services.channels.tables import AttachmentRow, ConversationRow, DraftRow, MessageRow
from services.config import ROOT, Settings
from services.context import Services, build
from services.db import Base
from services.outbox.tables import OutboxRow
from services.outbox.worker import run_due
from services.retention.tables import ErasureRow, TombstoneRow, put
from services.rights import person as persons
from services.rights.service import stays_text
from services.rights.tables import RequestRow
from services.tickets import store
from services.tickets.core.actor import resident
from services.tickets.core.event import Event
from services.tickets.core.neighbours import households
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.tickets.tables import TicketRow
from services.training.heard_tables import HeardRow
from services.visits.tables import CareTargetRow
from tests.services.conftest import DATA_KEY, TestClock
from tests.services.retention.steps import AUDITOR as ACTOR
from tests.services.retention.steps import NAME, PHONE, WORDS, filed, sealed, stored, withdrawn
from tests.services.rights.conftest import AUDITOR, CLERK
from tests.services.rights.marks import MINE, PERSONAL, mark, rows_of
from tests.services.tickets.conftest import HOME, request

OWN_RECORD = {"dsar_requests", "audit_entries", "glass_openings"}
"""What was asked and who looked: kept as the proof of it, for its own time (data/retention.yml)."""


async def approved(services: Services) -> RequestRow:
    """A request to erase, approved."""
    row = await services.rights.register(CLERK, "delete", PHONE, "id_seen")
    return await services.rights.decide(AUDITOR, row.id, True, "本人要求")


async def erased(services: Services) -> RequestRow:
    """Have it carried out."""
    return await services.rights.carry_out(CLERK, (await approved(services)).id)


async def a_while_later(services: Services, clock: TestClock) -> None:
    """What the worker does at its next looks."""
    await clock.set(services.db, clock.now() + timedelta(hours=2))
    await run_due(services)


async def everything(services: Services, but: set[str] = frozenset()) -> str:  # type: ignore[assignment]
    """All that stands in all tables, with what is encrypted opened."""
    found: list[str] = []
    async with services.db.read() as s:
        for table in Base.metadata.sorted_tables:
            if table.name in but:
                continue
            for row in (await s.execute(select(table))).mappings():
                for column, value in row.items():
                    opened = value and column.endswith("_enc") and str(value).startswith("v1.")
                    shown = services.people.vault.decrypt(value) if opened else value
                    found.append(f"{table.name}.{column}={shown}")
    return "\n".join(found)


@pytest.fixture
def forgotten(services: Services, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Conversations that Rasa was told to forget; it is there."""
    told: list[str] = []

    async def forget(conversation_id: str) -> None:
        told.append(conversation_id)

    monkeypatch.setattr(services.channels.eraser, "forget_dialogue", forget)
    return told


async def talk(services: Services, said: str = "我叫张桂兰") -> str:
    """A conversation of the resident in which something was said; return its id."""
    session = await services.channels.open_session()
    async with services.db.write() as s:
        known = await services.people.save_resident(s, name=NAME, phone=PHONE)
        await services.channels.bind_resident(s, session.session_id, known.id)
        await services.channels.say(s, session.session_id, said, key="said")
    return session.session_id


async def said_in(services: Services, conversation_id: str) -> list[str]:
    """Texts of a conversation."""
    async with services.db.read() as s:
        query = select(MessageRow.text).where(MessageRow.conversation_id == conversation_id)
        return [t for t in await s.scalars(query) if t]


async def waits(services: Services) -> list[tuple[str, str, str | None]]:
    """What is still to be erased."""
    async with services.db.read() as s:
        rows = await s.scalars(select(ErasureRow).order_by(ErasureRow.kind, ErasureRow.ref))
        return [(r.kind, r.ref, r.ground) for r in rows]


def photo(services: Services, conversation_id: str, clock: TestClock) -> tuple[AttachmentRow, Path]:
    """A photo of the conversation, with its file."""
    path = services.channels.uploads / "one.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"picture")
    row = AttachmentRow(
        id="a_1", conversation_id=conversation_id, sha256="0" * 64, path="one.jpg",
        mime="image/jpeg", width=9, height=9, size=7, created_at=clock.now(),
    )  # fmt: skip
    return row, path


async def test_nothing_of_the_person_is_left_in_any_table(
    services: Services, clock: TestClock, forgotten: list[str]
) -> None:
    async with services.db.write() as s:
        known = await services.people.save_resident(s, name=NAME, phone=PHONE)
    number = await withdrawn(services, MINE["conversation"], resident_id=known.id)
    await run_due(services)
    marks = await rows_of(services, number, known.id)
    async with services.db.write() as s:
        s.add(OutboxRow(
            key="k", topic="ticket.changed", state="done", attempts=1, not_before=clock.now(),
            created_at=clock.now(), done_at=clock.now(), last_error="mark-outbox-error",
            payload={"ticket_no": number, "data": {"title": "mark-outbox-payload"}},
        ))  # fmt: skip
        s.add(OutboxRow(
            key="w", topic="ticket.changed", state="pending", attempts=1, created_at=clock.now(),
            not_before=clock.now().replace(year=2030), last_error="mark-outbox-waiting",
            payload={
                "ticket_no": number, "event": "closed", "version": 9, "conversation_id": MINE["conversation"],
                "data": {"title": "mark-outbox-data", "leaf": "H6"},
            },
        ))  # fmt: skip
    clock.advance(minutes=11)
    before = await everything(services)
    assert all(m in before for m in marks)
    household = next(w for w in before.split("\n") if w.startswith("ticket_scores.household="))
    row = await erased(services)
    assert (row.result["erased"], row.result["stays"]) == ([number], {})
    while await services.retention.pending.work():
        pass
    assert forgotten == [MINE["conversation"]]
    left = await everything(services, OWN_RECORD)
    assert sorted(w for w in left.split("\n") if "mark-" in w) == []
    for word in (PHONE, NAME, "楼道灯坏了好几天", household.partition("=")[2]):
        assert word not in left
    assert "H6" in left, "what figures are counted by stays"
    assert await waits(services) == []
    await sealed(services)
    assert (await services.audit.verify()).count == 0


AT_ONCE = {
    "booking_waiters.content_enc=mark-", "drafts.content_enc=", "heard.text=mark-",
    "heard.entities=", "outbox.key=copied",
    f"resident.name_enc={NAME}", f"resident.phone_enc={PHONE}",
    "wechat_inbound.content=[{'text': 'mark-", "wechat_inbound.meaning=[{'text': 'mark-",
}  # fmt: skip
"""How lines of the tables begin of which nothing is left when the person says so in the dialogue."""


async def test_a_word_in_the_dialogue_erases_what_goes_at_once(
    services: Services, clock: TestClock
) -> None:
    async with services.db.write() as s:
        known = await services.people.save_resident(s, name=NAME, phone=PHONE)
        await services.people.give_consent(s, known.id, "remember", "2026-11")
    number = await filed(services)
    await run_due(services)
    await rows_of(services, number, known.id)
    form = services.people.vault.encrypt(json.dumps({"values": {"narrative": "mark-drafts"}}))
    async with services.db.write() as s:
        await s.execute(update(DraftRow).values(content_enc=form))
        s.add(OutboxRow(
            key="copied", topic="draft.left", state="done", attempts=1, not_before=clock.now(),
            created_at=clock.now(), done_at=clock.now(), last_error=None,
            payload={"conversation_id": MINE["conversation"], "round": "m1"},
        ))  # fmt: skip

    async def personal() -> set[str]:
        """What stands there of what goes at once."""
        lines = (await everything(services)).split("\n")
        return {begin for begin in AT_ONCE if any(line.startswith(begin) for line in lines)}

    assert await personal() == AT_ONCE
    me = await services.channels.conversation(MINE["conversation"])
    shown = await own_data.show(services, me)
    assert (shown["phone"], shown["heard"]) == ("138****5678", 1)
    gone = await own_data.change(services, me, "delete")
    assert (gone["phone"], gone["consents"], gone["drafts"]) == (None, [], [])
    assert (gone["waiting"], gone["heard"]) == ([], 0)
    assert await personal() == set()
    left = await everything(services)
    assert "楼道灯坏了好几天" in left, "what was filed stays with its matter"
    assert "mark-messages-text" in left, "the conversation goes on"
    async with services.db.read() as s:
        assert await s.get(TombstoneRow, ("profile", known.id)) is not None
    rows = [(r.kind, r.channel, r.state) for r in await services.rights.list()]
    assert ("delete", "chat", "done") in rows
    await sealed(services)
    assert (await services.audit.verify()).count == 0


async def test_who_has_no_profile_may_have_it_erased_too(services: Services) -> None:
    session = await services.channels.open_session()
    me = await services.channels.conversation(session.session_id)
    assert me.resident_id is None
    async with services.db.write() as s:
        s.add(HeardRow(
            message_id="m-1", conversation_id=me.id, channel="web", locality="qinghe", mode="bot",
            at=services.clock.now(), text="灯坏了", key="k", uncertainty=0.5,
        ))  # fmt: skip
    assert (await own_data.show(services, me))["heard"] == 1
    assert (await own_data.change(services, me, "delete"))["heard"] == 0
    assert [(r.kind, r.channel) for r in await services.rights.list()] == [("delete", "chat")]


def test_marks_stand_in_every_column_that_may_hold_a_person() -> None:
    marked = {*PERSONAL.copied, *(t for part in PERSONAL.written.values() for t in part)}
    held = {n for n, c in PERSONAL.tables.items() if c.personal}
    # Of these nothing leads to a person by itself, or the test above puts it there by hand.
    assert held - marked == {"annotations", "heard_groups", "outbox", "ticket_words"}
    assert mark("drafts", "content_enc").startswith("mark-")


CRASH = """
import asyncio, os, sys
from services.config import Settings
from services.context import build
from services.people.model import Staff
from services.retention.pending import Pending

async def die(self):
    os._exit(9)

Pending.work = die
clerk = Staff("clerk1", "赵敏", "clerk", "community", "qinghe-c1")
asyncio.run(build(Settings()).rights.carry_out(clerk, sys.argv[1]))
"""


async def test_a_process_killed_after_the_commit_loses_nothing(
    services: Services, settings: Settings, clock: TestClock, forgotten: list[str]
) -> None:
    here = await talk(services)
    row, file = photo(services, here, clock)
    async with services.db.write() as s:
        s.add(row)
    request = await approved(services)
    environment = os.environ | {
        "LINDA_ENV": "demo", "LINDA_VAR_DIR": str(settings.var_dir), "LINDA_DATA_KEY": DATA_KEY,
        "LINDA_DATABASE_URL": settings.database_url, "LINDA_LOCALITY": "qinghe",
    }  # fmt: skip
    died = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CRASH, request.id, cwd=ROOT, env=environment
    )
    assert await died.wait() == 9
    assert (await services.rights.get(request.id)).state == "done", "it was committed"
    assert file.exists() and "我叫张桂兰" in await said_in(services, here)
    clock.advance(minutes=1)  # the killed process's clock was the real one
    async with services.db.write() as s:
        for each in await s.scalars(select(ErasureRow)):
            each.due_at = clock.now()
    # As the worker does in its rounds: the conversation frees the file, the next round removes it.
    while await services.retention.pending.work():
        pass
    assert not file.exists() and await said_in(services, here) == []
    assert forgotten == [here]
    assert await waits(services) == []


async def test_a_file_that_cannot_be_removed_is_tried_until_it_can(
    services: Services, clock: TestClock, forgotten: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = await talk(services)
    row, file = photo(services, here, clock)
    async with services.db.write() as s:
        s.add(row)

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("read-only file system")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "unlink", refuse)
        await erased(services)
        await services.retention.pending.work()
        for _ in range(20):  # the outbox would have given up after seven
            clock.advance(minutes=6)
            await services.retention.pending.work()
    assert file.exists() and ("file", "one.jpg", None) in await waits(services)
    clock.advance(minutes=6)
    await services.retention.pending.work()
    assert not file.exists() and await waits(services) == []


async def test_while_rasa_is_away_its_side_waits_and_ours_is_gone(
    services: Services, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = await talk(services)
    told: list[str] = []

    async def away(_: str) -> None:
        raise RasaAway

    async def there(conversation_id: str) -> None:
        told.append(conversation_id)

    monkeypatch.setattr(services.channels.eraser, "forget_dialogue", away)
    await erased(services)
    await services.retention.pending.work()
    assert await said_in(services, here) == []
    assert await waits(services) == [("dialogue", here, None)]
    monkeypatch.setattr(services.channels.eraser, "forget_dialogue", there)
    await a_while_later(services, clock)
    assert told == [here] and await waits(services) == []


async def test_while_rasa_is_away_it_is_asked_once_and_the_rest_goes_on(
    services: Services, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def away(conversation_id: str) -> None:
        asked.append(conversation_id)
        raise RasaAway

    monkeypatch.setattr(services.channels.eraser, "forget_dialogue", away)
    async with services.db.write() as s:
        await put(s, "dialogue", ["c-1", "c-2", "c-3"], clock.now())
        await put(s, "file", ["no-such-file"], clock.now())
    assert await services.retention.pending.work() == 1
    assert len(asked) == 1
    assert [kind for kind, *_ in await waits(services)] == ["dialogue"] * 3
    clock.advance(minutes=6)
    await services.retention.pending.work()
    assert len(asked) == 2


async def test_what_stays_is_said_and_goes_by_itself_when_its_ground_ends(
    services: Services, clock: TestClock, forgotten: list[str]
) -> None:
    here = await talk(services)
    going = await filed(services, here)
    held = await withdrawn(services, "conversation-2")
    await services.tickets.act(held, "hold", {"reason": "案件调查"}, ACTOR)
    done = await erased(services)
    text = stays_text(done)
    assert f"{going}（还在办，办完就删）" in text and f"{held}（已冻结作证据" in text
    assert "对话（里面还有没办完的事" in text
    assert text in await said_in(services, here), "the resident reads it where they wrote"
    assert "楼道灯" in await everything(services)

    await services.tickets.resident_act(going, "withdraw", {"reason": "修好了"}, here)
    for _ in range(2):  # the ticket, then the conversation that it held
        await a_while_later(services, clock)
    now = await services.rights.get(done.id)
    assert now.result["stays"] == {held: "已冻结作证据，依法要保留，解冻就删"}
    assert going in now.result["erased"]
    assert await said_in(services, here) == [] and forgotten == [here]

    await services.tickets.act(held, "release", {"reason": "案件已结"}, ACTOR)
    await a_while_later(services, clock)
    now = await services.rights.get(done.id)
    assert now.result["stays"] == {} and sorted(now.result["erased"]) == sorted([going, held])
    assert stays_text(now) == ""
    async with services.db.read() as s:
        assert {t for t in await s.scalars(select(TicketRow.narrative)) if "楼道灯" in t} == set()
    await sealed(services)
    assert (await services.audit.verify()).count == 0


async def test_an_elder_who_is_visited_stays_until_they_leave_the_list(
    services: Services, clock: TestClock, forgotten: list[str]
) -> None:
    async with services.db.write() as s:
        s.add(CareTargetRow(
            id="elder-1", community_id="qinghe-c1", grid_id="qinghe-g1", building_id="xingfu-3",
            place="幸福小区3号楼", kinds=["alone"], risk="high", added_by="clerk1", added_at=clock.now(),
            name_enc=services.people.vault.encrypt(NAME), joined_on=clock.now().date(),
            phone_enc=services.people.vault.encrypt("138-1234-5678"),
        ))  # fmt: skip
    done = await erased(services)
    assert done.result["stays"] == {"探访名单": "还在探访名单上，退出名单就删"}
    async with services.db.write() as s:
        (await s.get_one(CareTargetRow, "elder-1")).left_on = clock.now().date()
    await a_while_later(services, clock)
    async with services.db.read() as s:
        elder = await s.get_one(CareTargetRow, "elder-1")
        assert (elder.name_enc, elder.phone_enc, elder.place) == ("", None, "")
    assert (await services.rights.get(done.id)).result["stays"] == {}


async def test_a_conversation_that_is_being_answered_is_erased_after_the_answer(
    services: Services, clock: TestClock, forgotten: list[str]
) -> None:
    here = await talk(services)
    async with services.db.write() as s:
        row = await conversations.conversation(s, here)
        row.lease_owner, row.lease_until = "web", clock.now().replace(hour=11)
    await erased(services)
    assert await said_in(services, here) != [] and forgotten == []
    await a_while_later(services, clock)
    assert await said_in(services, here) == [] and forgotten == [here]


async def test_who_writes_again_after_an_erasure_is_forgotten_again_in_time(
    services: Services, clock: TestClock, forgotten: list[str]
) -> None:
    here = await talk(services)
    await erased(services)
    clock.advance(days=1)
    async with services.db.write() as s:
        (await s.get_one(ConversationRow, here)).last_seen_at = clock.now()
        await services.channels.say(s, here, "我又来了", key="again")
    clock.advance(days=1096)
    await services.retention.purge()
    assert await said_in(services, here) == []
    async with services.db.read() as s:
        tomb = await s.get_one(TombstoneRow, ("conversation", here))
    assert clock.now().date() == tomb.at.astimezone(clock.now().tzinfo).date()


async def test_another_process_finds_what_one_left(
    services: Services, settings: Settings, clock: TestClock, forgotten: list[str]
) -> None:
    going = await filed(services)
    done = await erased(services)
    other = build(settings, services.db, clock)
    await other.tickets.resident_act(going, "withdraw", {"reason": "好了"}, "conversation-1")
    clock.advance(minutes=6)
    await other.retention.pending.work()
    assert (await other.rights.get(done.id)).result["stays"] == {}


@pytest.mark.parametrize("neighbours", ["goes on at first", "is over"])
async def test_what_was_said_on_a_neighbours_ticket_goes_too_and_the_neighbours_stays(
    services: Services, clock: TestClock, forgotten: list[str], neighbours: str
) -> None:
    building = {k: v for k, v in HOME.items() if k != "room"}

    async def file(who: str, said: str, **more: Any) -> str:
        asked = request(narrative=said, conversation_id=who, contact=None, place=building, **more)
        return str((await services.tickets.create(asked, resident(who)))["ticket_no"])

    async with services.db.write() as s:
        known = await services.people.save_resident(s, name=NAME, phone=PHONE)
    shared = await file("c-neighbour", "邻居的原话")
    mine = await file("c-me", WORDS, resident_id=known.id, join=shared)
    other = await file("c-third", "第三家的话", join=shared)
    await services.tickets.resident_act(mine, "urge", {"text": "我催一下"}, "c-me")
    await services.tickets.resident_act(mine, "supplement", {"text": "我补一句"}, "c-me")
    await services.tickets.resident_act(other, "urge", {"text": "第三家催"}, "c-third")
    async with services.db.read() as s:
        vault = services.people.vault
        found = await persons.find(s, vault, PHONE)
        copy = await persons.document(s, vault, PERSONAL, found, clock.now())
    (ticket,) = copy["tickets"]
    words = [w for step in ticket["said_on_shared"] for w in step["words"]]
    assert WORDS in words and {"我催一下", "我补一句"} <= set(words)
    assert "第三家催" not in words and "邻居的原话" not in words
    before, _, _ = await stored(services, shared)
    await sealed(services)

    async def ends() -> None:
        async with services.db.write() as s:
            parent = await s.get_one(TicketRow, shared)
            last = await store.history(s, shared)
            event = Event(
                shared, parent.version + 1, "closed", "close", ACTOR, clock.now(),
                last[-1].to_state, State.CLOSED, {},
            )  # fmt: skip
            await services.tickets._record(s, Ticket.from_doc(parent.doc), event)

    if neighbours == "is over":
        await ends()
        assert mine in (await erased(services)).result["erased"]
    else:
        assert mine in (await erased(services)).result["stays"]
        await ends()
        await a_while_later(services, clock)
    after, text, _ = await stored(services, shared)
    for gone in (NAME, PHONE, "c-me", "我催一下", "我补一句", str(before.joined[0]["household"])):
        assert gone not in text
    for kept in ("邻居的原话", "第三家的话", "第三家催", "c-neighbour", "c-third"):
        assert kept in text
    assert households(after) == households(before) == 3
    assert after.state is State.CLOSED and len(after.urges) == 2
    await sealed(services)
    assert (await services.audit.verify()).count == 0
