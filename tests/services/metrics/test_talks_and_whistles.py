"""Talks with the bot, and the whistles of a month, against numbers worked out by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from services.channels.tables import ConversationRow, HandoffRow, MessageRow
from services.clock import ZONE
from services.config import ROOT
from services.db import Database
from services.metrics import spoken
from services.metrics.dialogue import Bot, Heard, Said, Talk, figures, talks
from services.metrics.monthly import whistled
from services.metrics.params import load_params
from services.metrics.periods import around

PARAMS = load_params(ROOT / "data" / "metrics.yml").bot
T0 = datetime(2026, 11, 10, 9, 0, tzinfo=ZONE)


def _said(minute: int, *outcomes: str) -> Said:
    return Said(T0 + timedelta(minutes=minute), frozenset(outcomes))


def test_half_an_hour_of_silence_ends_a_talk() -> None:
    heard = Heard(False, [_said(0), _said(30), _said(61)])
    assert [t.turns for t in talks(heard)] == [2, 1]


def test_what_a_talk_came_to() -> None:
    def one(*said: Said, **more: Any) -> Talk:
        (found,) = talks(Heard(False, list(said), **more))
        return found

    assert one(_said(0, "answered")).done
    assert not one(_said(0, "answered", "off_topic")).done
    assert not one(_said(0)).done
    assert one(_said(0), tickets=[T0 + timedelta(minutes=9)]).done
    assert not one(_said(0), tickets=[T0 + timedelta(minutes=11)]).done
    lost = one(_said(0, "clarified"), _said(1, "clarified"), _said(2, "answered"))
    assert lost.lost and not lost.done
    # Not understood twice, but not in a row.
    assert not one(_said(0, "clarified"), _said(1, "answered"), _said(2, "clarified")).lost
    handed = one(_said(0, "answered"), handoffs=[T0 + timedelta(minutes=2)])
    assert handed.handed and not handed.done


def test_the_figures_of_talks() -> None:
    plain = Talk(turns=3, elder=False, lost=False, ticket=True, handed=False, done=True)
    found = [
        plain, plain, plain, Talk(5, False, True, False, False, False),  # ordinary: 3 of 4 done
        Talk(6, True, False, False, True, False), Talk(4, True, False, True, False, True),  # elder: 1 of 2
    ]  # fmt: skip
    bot = Bot(talks=found, waits=[1.0, 2.0, 3.0, 40.0], crises=1)
    by_key = {f.key: f for f in figures(bot, PARAMS)}
    assert by_key["done"].value == 4 / 6
    assert by_key["handed"].value == by_key["lost"].value == 1 / 6
    assert by_key["turns"].value == 4  # (3 + 3 + 3 + 5 + 6 + 4) ÷ 6
    assert by_key["elder"].value == 2 / 6
    assert by_key["elder_gap"].value == -0.25  # 1/2 − 3/4
    assert by_key["wait"].value == 40  # 0.9·4 = 3.6, the 4th
    assert by_key["crises"].value == 1


def test_without_talks_there_are_no_shares() -> None:
    shown = {f.key: f.text for f in figures(Bot(), PARAMS)}
    assert shown.pop("talks") == shown.pop("crises") == shown.pop("expired") == "0"
    assert set(shown.values()) == {"—"}


async def test_talks_are_read_from_what_is_stored(db: Database) -> None:
    async with db.write() as s:
        for id, elder in (("a", False), ("b", True)):
            await s.execute(
                insert(ConversationRow).values(
                    id=id, channel="web", token_hash=id, elder=elder, mode="bot", last_seq=3,
                    created_at=T0 - timedelta(days=90), last_seen_at=T0 + timedelta(days=1),
                )
            )  # fmt: skip
        at = {"a": (0, 5, 600), "b": (0,)}
        for id, minutes in at.items():
            for seq, minute in enumerate(minutes):
                s.add(
                    MessageRow(
                        id=f"{id}{seq}", conversation_id=id, seq=seq, sender="resident", kind="text",
                        state="answered", created_at=T0 + timedelta(minutes=minute),
                    )
                )  # fmt: skip
        # The bot's own words and last month's are no turns.
        s.add(MessageRow(id="a8", conversation_id="a", seq=8, sender="bot", kind="text",
                         state="sent", created_at=T0))  # fmt: skip
        s.add(MessageRow(id="a9", conversation_id="a", seq=9, sender="resident", kind="text",
                         state="answered", created_at=T0 - timedelta(days=30)))  # fmt: skip
        s.add(HandoffRow(id="h", conversation_id="b", reason="human", text="人工", state="active",
                         created_at=T0 + timedelta(minutes=1),
                         taken_at=T0 + timedelta(minutes=4)))  # fmt: skip
        s.add(HandoffRow(id="i", conversation_id="b", reason="emergency", text="煤气味",
                         state="waiting", created_at=T0 + timedelta(minutes=2)))  # fmt: skip
    async with db.read() as s:
        bot = await spoken.read(s, around("month", T0.date()))
    assert sorted((t.turns, t.elder, t.handed) for t in bot.talks) == [
        (1, False, False), (1, True, True), (2, False, False),
    ]  # fmt: skip
    assert (bot.waits, bot.crises) == ([3.0], 1)


def test_whistles_are_assessed_on_both_sides() -> None:
    def unit(org: str, sign: int, arrive: int | None) -> dict[str, Any]:
        """Sign within 60, arrive within 180 minutes; ``None`` never came."""
        due = {"sign_due_at": _iso(60), "arrive_due_at": _iso(180)}
        came = {} if arrive is None else {"arrive_at": _iso(arrive)}
        return {"org": org, "sign_at": _iso(sign), **due, **came}

    def _iso(minutes: int) -> str:
        return (T0 + timedelta(minutes=minutes)).isoformat()

    def rating(by: str, about: str, score: int) -> dict[str, Any]:
        return {"by_org": by, "about_org": about, "score": score}

    found = whistled([
        {"type": "problem", "units": [unit("water", 60, 180), unit("urban", 61, None)],
         "ended_at": _iso(300), "result": "solved",
         "ratings": [rating("street", "water", 5), rating("street", "urban", 2),
                     rating("water", "street", 4)]},
        {"type": "urgent", "units": [unit("water", 10, 200)], "ratings": []},
    ])  # fmt: skip
    body = found.body({"water": "自来水公司"})
    assert (body["count"], body["open"], body["street"]) == (2, 1, {"ratings": 1, "rating": 4.0})
    assert body["results"] == [{"label": "已解决", "count": 1}]
    water, urban = body["units"]
    assert (water["name"], water["called"], water["rating"]) == ("自来水公司", 2, 5.0)
    stages = {s["key"]: (s["done"], s["in_time"]) for s in water["stages"]}
    # signed at 60 of 60 and at 10: both; came at 180 of 180 and at 200: one of two in time
    assert (stages["sign"], stages["arrive"], stages["solve"]) == ((2, 2), (2, 1), (0, 0))
    assert {s["key"]: s["in_time"] for s in urban["stages"]}["sign"] == 0  # 61 minutes
    assert whistled([]).body({})["units"] == []
