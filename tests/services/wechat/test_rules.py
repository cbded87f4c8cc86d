"""The pure parts: what may be sent, where a text is cut, which words choose, what a kind asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.channels.texts import Texts
from services.channels.wechat.choices import chosen, listed
from services.channels.wechat.kinds import HEEDED, Step, read_menu, step_of, with_choice
from services.channels.wechat.splitting import MAX_BYTES, Piece, cut, pack
from services.channels.wechat.window import Window
from services.channels.wechat.xml import clean, parse, render
from services.config import ROOT
from tests.services.conftest import NOW

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MENU = {"report": "/report_problem"}


# -- window ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "left"),
    [(timedelta(), 5), (47 * HOUR, 5), (48 * HOUR - MINUTE, 5), (48 * HOUR, 0), (49 * HOUR, 0)],
)
def test_a_message_opens_the_window_for_two_days(after: timedelta, left: int) -> None:
    assert Window().opened("message", NOW).left(NOW + after) == left


@pytest.mark.parametrize(("after", "left"), [(timedelta(), 3), (MINUTE, 0)])
def test_an_action_opens_it_for_a_minute(after: timedelta, left: int) -> None:
    assert Window().opened("action", NOW).left(NOW + after) == left


def test_grants_do_not_add_up() -> None:
    window = Window().opened("message", NOW).opened("action", NOW)
    for left in (4, 3, 2, 1, 0, 0):
        window = window.spent()
        assert window.left(NOW) == left


def test_an_action_helps_when_the_messages_are_used_up() -> None:
    window = Window().opened("message", NOW).used_up().opened("action", NOW + HOUR)
    assert window.left(NOW + HOUR) == 3
    assert window.left(NOW + HOUR + MINUTE) == 0


def test_another_message_fills_it_up_again() -> None:
    window = Window().opened("message", NOW).spent().spent()
    assert window.opened("message", NOW + HOUR).left(NOW + 49 * HOUR - MINUTE) == 5
    assert window.opened("message", NOW - HOUR) == window, "an older one heard of late"


def test_what_did_not_go_out_is_given_back() -> None:
    window = Window().opened("message", NOW)
    assert window.spent().refunded() == window
    assert window.refunded() == window, "never more than WeChat grants"
    assert Window().refunded() == Window()


# -- texts ----------------------------------------------------------------------------------


def test_what_fits_goes_into_one_text() -> None:
    parcel = pack([Piece("a", "一"), Piece("b", "二")])
    assert parcel is not None and parcel.text == "一\n\n二"
    assert [(t.key, t.length, t.ends) for t in parcel.taken] == [("a", 1, True), ("b", 1, True)]


def test_nothing_follows_choices() -> None:
    parcel = pack([Piece("a", "一", closes=True), Piece("b", "二")])
    assert parcel is not None and parcel.text == "一"


def test_only_the_first_is_cut() -> None:
    parcel = pack([Piece("a", "一"), Piece("b", "二" * 1000)])
    assert parcel is not None and [t.key for t in parcel.taken] == ["a"]


def test_lead_and_tail_count() -> None:
    parcel = pack([Piece("a", "字" * 2000)], lead="前", tail="后")
    assert parcel is not None
    assert parcel.text.startswith("前\n\n字") and parcel.text.endswith("字\n\n后")
    assert len(parcel.text.encode()) <= MAX_BYTES


def test_nothing_to_say() -> None:
    assert pack([], lead="前") is None


@pytest.mark.parametrize(
    ("text", "limit", "taken"),
    [
        ("好的。再见", 100, "好的。再见"),
        ("好的。再见了", 14, "好的。"),
        ("第一行\n第二行。第三", 20, "第一行\n"),
        ("一，二，三四五六七", 20, "一，二，"),
        ("没有标点的一句话", 10, "没有标"),
        ("短。很长很长很长很长很长", 33, "短。很长很长很长很长很"),
    ],
)
def test_where_a_text_is_cut(text: str, limit: int, taken: str) -> None:
    assert text[: cut(text, limit)] == taken


@given(st.text(min_size=1, max_size=400), st.integers(20, 300))
def test_parts_are_the_whole_and_none_is_too_long(text: str, limit: int) -> None:
    rest, parts = text, []
    while rest.strip():
        parcel = pack([Piece("a", rest)], limit)
        assert parcel is not None and len(parcel.text.encode()) <= limit
        (taken,) = parcel.taken
        assert taken.length > 0
        parts.append(rest[: taken.length])
        rest = rest[taken.length :]
        assert taken.ends == (not rest.strip())
    assert "".join(parts) + rest == text


# -- choices --------------------------------------------------------------------------------


def test_choices_are_numbered() -> None:
    assert listed(["解决了", "没解决"]) == "回复数字选择：\n1. 解决了\n2. 没解决"
    assert listed([]) == ""


@pytest.mark.parametrize(
    ("said", "index"),
    [
        ("2", 1), ("２", 1), ("二", 1), ("②", 1), ("选2", 1), ("选 2", 1), ("选择二", 1), ("第二个", 1),
        ("我选第二个", 1), ("点2", 1), ("回复2", 1), (" 2。", 1), ("2.", 1), ("第2项", 1), ("十", 9),
        ("十一", 10), ("10", 9), ("1", 0),
        ("2个", None), ("2号", None), ("二单元", None), ("两个", None), ("12", None), ("0", None),
        ("零", None), ("", None), ("2024", None), ("好", None), ("2号楼2单元", None), ("十二", None),
        ("1 2", None), ("订2份", None), ("。", None), ("第二天", None),
    ],
)  # fmt: skip
def test_which_words_choose(said: str, index: int | None) -> None:
    assert chosen(said, 11) == index


def test_a_choice_becomes_the_button() -> None:
    offered = [{"title": "解决了", "payload": "/affirm"}, {"title": "没解决", "payload": "/deny"}]
    step = step_of({"MsgType": "text", "Content": "2"}, MENU)
    tapped = with_choice(step, offered)
    assert (tapped.kind, tapped.payload, tapped.text) == ("payload", "/deny", "没解决")
    assert with_choice(step, []) == step
    place = Step("hear", "location", text="2")
    assert with_choice(place, offered) == place


# -- kinds ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "step"),
    [
        ({"MsgType": "text", "Content": " 灯坏了\x00 "}, Step("hear", text="灯坏了")),
        ({"MsgType": "text", "Content": " "}, Step("say", key="kind_other")),
        (
            {"MsgType": "text", "Content": "【收到不支持的消息类型，暂无法显示】"},
            Step("say", key="kind_other"),
        ),
        ({"MsgType": "text", "Content": "/restart"}, Step("hear", text="/restart")),
        ({"MsgType": "voice", "Recognition": "灯坏了。"}, Step("hear", text="灯坏了。")),
        ({"MsgType": "voice", "Recognition": ""}, Step("say", key="voice_unclear")),
        ({"MsgType": "image", "MediaId": "m"}, Step("fetch", media_id="m")),
        ({"MsgType": "image"}, Step("say", key="photo_gone")),
        (
            {"MsgType": "location", "Location_X": "x", "Location_Y": "1", "Label": "3号楼"},
            Step("hear", text="3号楼"),
        ),
        (
            {"MsgType": "location", "Location_X": "nan", "Location_Y": "999", "Label": ""},
            Step("say", key="kind_other"),
        ),
        ({"MsgType": "music"}, Step("say", key="kind_other")),
        ({"MsgType": "text", "Content": "长辈版"}, Step("say", key="elder_on", elder=True)),
        ({"MsgType": "voice", "Recognition": "标准版。"}, Step("say", key="elder_off", elder=False)),
        ({"MsgType": "text", "Content": "长辈版怎么用"}, Step("hear", text="长辈版怎么用")),
        ({"MsgType": "event", "Event": "unsubscribe"}, Step("nothing")),
        (
            {"MsgType": "event", "Event": "CLICK", "EventKey": "report"},
            Step("hear", "payload", payload="/report_problem", menu=True),
        ),
        ({"MsgType": "event", "Event": "CLICK", "EventKey": "x"}, Step("say", key="here")),
    ],
)  # fmt: skip
def test_what_a_kind_asks(fields: dict[str, str], step: Step) -> None:
    assert step_of(fields, MENU) == step
    assert Step(**step.as_dict()) == step, "as it is kept"


def test_a_text_is_no_longer_than_the_widgets() -> None:
    assert step_of({"MsgType": "text", "Content": "字" * 2000}, MENU).text == "字" * 2000
    assert step_of({"MsgType": "text", "Content": "字" * 2001}, MENU).key == "too_long"


def test_whereabouts_are_not_kept() -> None:
    assert not {"LOCATION", "VIEW"} & HEEDED


def test_the_menu_says_what_the_bot_knows() -> None:
    intents = (ROOT / "domain.yml").read_text("utf-8")
    for payload in read_menu(ROOT / "data" / "wechat" / "menu.yml").values():
        assert payload.removeprefix("/") in intents


def test_every_text_can_be_said() -> None:
    texts = Texts(ROOT / "data" / "texts" / "wechat.yml")
    facts: dict[str, Any] = {
        "entity": "街道办",
        "notice": "https://x",
        "duty_phone": "0431-1",
        "seconds": 9,
        "reason": "太大",
    }
    for key in texts.keys():
        for elder in (False, True):
            assert texts.say(key, elder, **facts).text


# -- XML ------------------------------------------------------------------------------------


@given(st.text())
def test_any_text_comes_back_through_xml(text: str) -> None:
    text = text.encode("utf-8", "replace").decode().replace("\r", "")
    assert parse(render({"Content": text}))["Content"] == clean(text)
