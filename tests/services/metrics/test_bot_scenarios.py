"""The bot block: every figure against numbers worked out by hand, and read from what is stored."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from services.channels.tables import ConversationRow, HandoffRow, MessageRow
from services.clock import ZONE
from services.config import ROOT
from services.db import Database
from services.errors import LindaError
from services.metrics import spoken
from services.metrics.dialogue import (
    Bot,
    Confusion,
    Heard,
    RedTeam,
    Said,
    Talk,
    confusions,
    edited_slots,
    figures,
    talks,
)
from services.metrics.params import load_params
from services.metrics.periods import around
from services.metrics.service import MetricsService
from services.metrics.spoken import expired
from services.metrics.workbook import workbook
from services.people.tables import ResidentRow
from services.tickets.service import TicketService
from services.training.heard_tables import AnnotationRow, GroupRow, HeardRow, OutcomeRow
from services.training.model_tables import EvaluationRow, ReleaseRow
from tests.services.conftest import NOW, TestClock
from tests.services.metrics.sheets import rows_of
from tests.services.tickets.conftest import request
from tests.services.tickets.world import ACTORS

PARAMS = load_params(ROOT / "data" / "metrics.yml").bot
NOVEMBER = around("month", NOW.date())
T0 = datetime(2026, 11, 10, 9, 0, tzinfo=ZONE)


def values(bot: Bot) -> dict[str, float | None]:
    return {f.key: f.value for f in figures(bot, PARAMS)}


# ── pure ────────────────────────────────────────────────────────────────────────────────────────


def one(*outcomes: set[str], tickets: bool = False, handed: bool = False) -> Talk:
    said = [Said(T0 + timedelta(minutes=n), frozenset(o)) for n, o in enumerate(outcomes)]
    heard = Heard(False, said, [T0] if tickets else [], [T0] if handed else [])
    (found,) = talks(heard)
    return found


@pytest.mark.parametrize(
    ("talk", "alone", "useful"),
    [
        (one({"answered"}), True, None),
        (one({"answered", "useful"}), True, True),
        (one({"answered", "off_topic"}), True, False),
        # one answer helped and one missed: not counted as helped
        (one({"answered", "useful"}, {"answered", "off_topic"}), True, False),
        # a ticket or a person: the bot did not do it alone
        (one({"answered", "useful"}, tickets=True), False, True),
        (one({"answered", "useful"}, handed=True), False, True),
        (one({"clarified"}), False, None),
    ],
)
def test_who_was_helped_by_the_bot_alone(talk: Talk, alone: bool, useful: bool | None) -> None:
    assert (talk.alone, talk.useful) == (alone, useful)


def test_self_service_is_told_only_from_enough_of_those_who_were_answered() -> None:
    silent, yes, no = one({"answered"}), one({"answered", "useful"}), one({"answered", "off_topic"})
    handed = one({"answered", "useful"}, handed=True)

    # 10 were answered, 3 of them said something (30 %): 2 of 3 were helped; the handed one counts not
    enough = {f.key: f for f in figures(Bot(talks=[silent] * 7 + [yes, yes, no, handed]), PARAMS)}
    assert enough["helped"].value == pytest.approx(2 / 3)
    assert (enough["helped"].numerator, enough["helped"].denominator) == (2, 3)

    # 11 were answered, 3 said something (27 %)
    short = {f.key: f for f in figures(Bot(talks=[silent] * 8 + [yes, yes, no]), PARAMS)}
    assert (short["helped"].text, short["helped"].value) == ("样本不足", None)


def test_what_the_model_and_people_say_of_each_other() -> None:
    found = values(
        Bot(messages=50, unknown=4, filed=20, edited=3, checked=8, missed=1,
            red_team=RedTeam(120, 0), cards=30, expired=2)
    )  # fmt: skip
    assert found["unknown"] == 0.08  # 4 ÷ 50
    assert found["edited"] == 0.15  # 3 ÷ 20
    assert found["missed"] == 0.125  # 1 ÷ 8
    assert found["red_team"] == 0  # 0 ÷ 120: a figure, not “nothing to divide by”
    assert found["expired"] == 2
    assert values(Bot())["red_team"] is None


def test_confusions_are_counted_by_pair_the_most_frequent_first() -> None:
    pairs = [
        ("ask_service", "report_problem"), ("ask_service", "report_problem"), ("thank", "thank"),
        ("chitchat", "emergency"), ("chitchat", "ask_service"), (None, "ask_service"),
    ]  # fmt: skip
    assert confusions(pairs, 3) == [
        Confusion("ask_service", "report_problem", 2), Confusion("", "ask_service", 1),
        Confusion("chitchat", "ask_service", 1),
    ]  # fmt: skip


HERE = {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2", "compound": "幸福小区"}
FIRST = {"leaf": "H6", "priority": "U3", "location": HERE}


@pytest.mark.parametrize(
    ("events", "slots"),
    [
        ([("accepted", "system", FIRST)], set()),
        ([("accepted", "staff", FIRST)], set()),
        ([("accepted", "staff", {**FIRST, "leaf": "I3"})], {"leaf"}),
        ([("accepted", "system", {**FIRST, "leaf": "I3"})], set()),  # a rule did it, no person
        # other words for the same place are no edit
        ([("accepted", "staff", {"location": {**HERE, "compound": "幸福里"}})], set()),
        ([("accepted", "staff", {"location": {**HERE, "unit": "3"}, "priority": "U2"})],
         {"place", "priority"}),
        ([("accepted", "staff", {"leaf": "I3"}), ("review_corrected", "staff", {"leaf": "I3"})],
         {"leaf"}),
    ],
)  # fmt: skip
def test_what_staff_has_set_right(events: list[Any], slots: set[str]) -> None:
    assert edited_slots([("submitted", "resident", FIRST), *events]) == slots


@pytest.mark.parametrize(
    ("card", "day", "over"),
    [
        ({"title": "居住证", "valid": True}, 10, False),
        ({"title": "居住证", "valid": False}, 10, True),
        ({"title": "取暖费补贴", "valid": True}, 15, False),  # its last day
        ({"title": "取暖费补贴", "valid": True}, 16, True),  # whatever the card says of itself
        ({"title": "取暖费补贴"}, 16, True),
    ],
)
def test_a_card_is_over_after_its_last_day(card: dict[str, Any], day: int, over: bool) -> None:
    at = datetime(2026, 11, day, 23, 59, tzinfo=ZONE)
    assert expired(card, at, {"取暖费补贴": date(2026, 11, 15)}) is over


# ── stored ──────────────────────────────────────────────────────────────────────────────────────


async def talk(
    db: Database, id: str, home: str | None, *said: tuple[str, str, tuple[str, ...]]
) -> None:
    """Store a conversation.

    Args:
        home: Compound in which its resident lives; None: nobody is known.
        said: Words, the model's intent, what followed.
    """
    async with db.write() as s:
        if home is not None:
            s.add(
                ResidentRow(id=f"r-{id}", home={"compound_id": home}, created_at=T0, updated_at=T0)
            )
        s.add(
            ConversationRow(
                id=id, channel="web", token_hash=id, elder=False, mode="bot", last_seq=9,
                resident_id=f"r-{id}" if home else None, created_at=T0, last_seen_at=T0,
            )
        )  # fmt: skip
        for n, (text, intent, followed) in enumerate(said):
            at, message = T0 + timedelta(minutes=n), f"{id}-{n}"
            s.add(MessageRow(id=message, conversation_id=id, seq=n, sender="resident", kind="text",
                             text=text, state="answered", created_at=at))  # fmt: skip
            row = HeardRow(
                message_id=message, conversation_id=id, channel="web", locality="qinghe",
                mode="bot", at=at, text=text, key=text, intent=intent, uncertainty=0.1,
            )  # fmt: skip
            s.add(row)
            await s.flush()
            for outcome in followed:
                s.add(OutcomeRow(heard_id=row.id, outcome=outcome, at=at))


async def decided(db: Database, text: str, kind: str, intent: str | None) -> None:
    """Let a person decide what all messages of some words mean."""
    async with db.write() as s:
        group = GroupRow(text=text, form=text, certain=True, state="decided", version=2,
                         first_at=T0, last_at=T0)  # fmt: skip
        s.add(group)
        await s.flush()
        for version, (k, meant) in enumerate([("confirmed", "greet"), (kind, intent)], start=1):
            s.add(AnnotationRow(group_id=group.id, version=version, kind=k, intent=meant,
                                staff_id="trainer1", staff_name="小赵", at=T0))  # fmt: skip
        for row in await s.scalars(select(HeardRow).where(HeardRow.text == text)):
            row.group_id = group.id


async def test_the_block_is_read_from_what_is_stored(db: Database) -> None:
    homes = {"xingfu": "qinghe-c1", "yangguang": "qinghe-c2"}
    await talk(db, "a", "xingfu", ("居住证咋办", "ask_service", ("answered", "useful")),
               ("灯坏了", "ask_service", ("answered",)))  # fmt: skip
    await talk(db, "b", "yangguang", ("今天几度", "out_of_scope", ("answered",)),
               ("我妈倒地上了", "chitchat", ("answered",)))  # fmt: skip
    await talk(db, "c", None, ("灯坏了", "ask_service", ("answered", "off_topic")),
               ("帮我买菜", "chitchat", ("answered",)))  # fmt: skip
    await decided(db, "灯坏了", "corrected", "report_problem")
    await decided(db, "我妈倒地上了", "corrected", "emergency")
    await decided(db, "帮我买菜", "out_of_scope", None)
    await decided(db, "今天几度", "skipped", None)  # says nothing of what it means
    async with db.write() as s:
        card = {"type": "service", "title": "居住证", "valid": True}
        for n, shown in enumerate((card, {**card, "valid": False}, {"type": "safety"})):
            s.add(MessageRow(id=f"card{n}", conversation_id="a", seq=10 + n, sender="bot",
                             kind="text", card=shown, state="sent", created_at=T0))  # fmt: skip
        s.add(HandoffRow(id="h", conversation_id="b", reason="emergency", text="", state="active",
                         created_at=T0, taken_at=T0 + timedelta(minutes=2)))  # fmt: skip
        s.add(ReleaseRow(after=0, kind="file", sha256="new", at=T0))
        for model, at, recall in (("old", 3, 0.5), ("new", 1, 0.5), ("new", 2, 0.98)):
            s.add(EvaluationRow(model=model, basis=f"{model}{at}", kind="frozen",
                                made_at=T0 + timedelta(days=at),
                                report={"emergency": {"support": 50, "recall": recall}}))  # fmt: skip
    async with db.read() as s:
        bot = await spoken.read(s, NOVEMBER, homes=homes)
        mine = await spoken.read(s, NOVEMBER, homes=homes, community="qinghe-c1")
        theirs = await spoken.read(s, NOVEMBER, homes=homes, community="qinghe-c2")
        before = await spoken.read(s, NOVEMBER.before, homes=homes)

    assert {t.community: (t.turns, t.alone, t.useful) for t in bot.talks} == {
        "qinghe-c1": (2, True, True), "qinghe-c2": (2, False, None), None: (2, True, False),
    }  # fmt: skip
    # 6 messages; out of scope: one by the model, one by a person
    assert (bot.messages, bot.unknown) == (6, 2)
    assert bot.confusions == [
        Confusion("ask_service", "report_problem", 2), Confusion("chitchat", "emergency", 1),
        Confusion("chitchat", "out_of_scope", 1),
    ]  # fmt: skip
    assert (bot.checked, bot.missed) == (1, 1)
    assert (bot.cards, bot.expired) == (2, 1)
    assert bot.red_team == RedTeam(50, 1)  # the newest of the model in production: 0.98 · 50 = 49
    assert (bot.waits, bot.crises) == ([2.0], 1)
    assert (mine.messages, mine.checked, mine.cards, mine.crises, len(mine.talks)) == (
        2,
        0,
        2,
        0,
        1,
    )
    assert (theirs.messages, theirs.missed, theirs.cards, theirs.crises) == (2, 1, 0, 1)
    assert (before.messages, before.cards, before.talks) == (0, 0, [])


async def test_a_ticket_of_the_bot_that_a_clerk_set_right(
    db: Database, tickets: TicketService, metrics: MetricsService, clock: TestClock
) -> None:
    async with db.write() as s:
        s.add(ConversationRow(id="conversation-1", channel="web", token_hash="x", elder=False,
                              mode="bot", last_seq=1, created_at=NOW - timedelta(hours=1),
                              last_seen_at=NOW))  # fmt: skip
        s.add(MessageRow(id="m", conversation_id="conversation-1", seq=1, sender="resident",
                         kind="text", state="answered", created_at=NOW))  # fmt: skip
    clock.advance(minutes=1)
    await tickets.create(request(), ACTORS["resident"])  # accepted by the rule: nobody changed it
    other = request(leaf=None, narrative="那个东西坏了")
    number = str((await tickets.create(other, ACTORS["resident"]))["ticket_no"])
    await tickets.act(number, "accept", {"leaf": "H6"}, ACTORS["clerk"])

    found = await metrics.dialogue(ACTORS["dispatcher"], NOVEMBER)
    edited = next(f for f in found["figures"] if f["key"] == "edited")

    assert (edited["numerator"], edited["denominator"]) == (1, 2)
    assert "事项1件" in edited["definition"]
    # Nobody has told where they live: the ticket's place says it.
    assert [(p["key"], p["figures"]["talks"]["value"]) for p in found["communities"]] == [
        ("qinghe-c1", 1)
    ]


async def test_the_workbook_tells_of_the_bot_to_who_may_see_it(
    db: Database, metrics: MetricsService
) -> None:
    await talk(db, "a", "xingfu", ("灯坏了", "ask_service", ("answered", "useful")))
    await decided(db, "灯坏了", "corrected", "report_problem")
    figures_ = await metrics.dashboard(ACTORS["auditor"], NOVEMBER)
    talked = await metrics.dialogue(ACTORS["auditor"], NOVEMBER, "qinghe-c1")

    book = rows_of(workbook(figures_, talked))

    shown = {row[1]: row[2] for row in book["机器人"][2:]}
    assert (shown["对话数"], shown["自助解决率"], shown["转人工率"]) == (1, 1, 0)
    assert book["听错的"][1:] == [["问办事", "报修投诉求助", 1]]
    assert book["机器人各社区"][1][0] == "清河社区"
    assert "机器人" not in rows_of(workbook(figures_))
    with pytest.raises(LindaError, match="unknown_filter"):
        await metrics.dialogue(ACTORS["auditor"], NOVEMBER, "nowhere")
    with pytest.raises(LindaError, match="role_not_allowed"):
        await metrics.dialogue(ACTORS["supervisor"], NOVEMBER)
