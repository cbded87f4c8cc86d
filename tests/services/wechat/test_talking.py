"""What a resident sees who writes to the account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from services.channels.tables import AttachmentRow, ConversationRow, MessageRow
from services.channels.wechat import inbox
from services.channels.wechat.tables import WeChatInboundRow
from tests.services.channels.fake_rasa import FakeRasa
from tests.services.wechat.conftest import Product, eventually, move, tell, the_user
from tests.wechat_sim import media
from tests.wechat_sim.faults import ApiFaults
from tests.wechat_sim.phone import Phone
from tests.wechat_sim.simulator import Simulator

BY_ALL_MODES = pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
YES_NO = [{"title": "解决了", "payload": "/affirm"}, {"title": "没解决", "payload": "/deny"}]


@pytest.fixture(autouse=True)
def rules(simulator: Simulator) -> Iterator[None]:
    """No test ends with a broken rule of WeChat."""
    yield
    assert [str(v) for v in simulator.recorder.violations] == []


async def own(product: Product) -> list[MessageRow]:
    """Return what residents have said."""
    async with product.services.db.read() as s:
        query = select(MessageRow).where(MessageRow.sender == "resident").order_by(MessageRow.seq)
        return list(await s.scalars(query))


@BY_ALL_MODES
async def test_what_is_said_is_answered_at_once(product: Product, phone: Phone) -> None:
    delivery = await phone.say("楼道灯坏了")
    assert delivery.outcome == "answered"
    assert phone.screen.told() == ["答:楼道灯坏了\n\n回复数字选择：\n1. 好"]
    assert product.services.settings.secret("data_key") not in delivery.fields


@BY_ALL_MODES
async def test_the_platform_accepts_the_address(simulator: Simulator, product: Product) -> None:
    (account,) = simulator.accounts
    assert await simulator.courier.configure(account)
    assert not await simulator.courier.configure(account, token="another")


async def test_a_slow_answer_comes_as_customer_service_message(
    product: Product, phone: Phone, rasa: FakeRasa, impatient: float
) -> None:
    rasa.delay_s = impatient + 0.5
    delivery = await phone.say("楼道灯坏了")
    assert delivery.outcome == "acknowledged"
    assert impatient <= delivery.attempts[0].took_s < impatient + 0.5
    assert (await phone.wait_for("楼道灯坏了")).who == "service"
    assert len(phone.screen.told()) == 1
    rasa.delay_s = 0
    assert (await phone.say("在吗")).outcome == "answered"


async def test_while_rasa_is_away_the_resident_hears_that_it_is_kept(
    simulator: Simulator, product: Product, phone: Phone, rasa: FakeRasa
) -> None:
    await rasa.die()
    await phone.say("楼道灯坏了")
    assert "不用重发" in phone.screen.told()[0]
    await rasa.start()
    await move(product, simulator, timedelta(seconds=30))
    await product.services.channels.answer_waiting()
    assert (await phone.wait_for("答:楼道灯坏了")).who == "service"


async def test_who_subscribes_is_greeted_once(product: Product, phone: Phone) -> None:
    delivery = await phone.subscribe()
    assert delivery.outcome == "answered"
    (told,) = phone.screen.told()
    assert "邻答" in told and "4. 找工作人员" in told and "查询码" in told
    await phone.say("4")
    (said,) = await own(product)
    assert (said.kind, said.payload, said.text) == ("payload", "/ask_human", "找工作人员")


async def test_events(product: Product, phone: Phone) -> None:
    for event in (phone.view("https://example.com/"), phone.enter(), phone.unsubscribe()):
        assert (await event).outcome == "acknowledged"
    async with product.services.db.read() as s:
        kept = (await s.scalars(select(WeChatInboundRow))).all()
    assert len(kept) == 1, "where somebody is each time they enter is nobody's business"
    assert not (await the_user(product)).subscribed
    await phone.subscribe()
    assert (await the_user(product)).subscribed
    await phone.menu("progress")
    (said,) = await own(product)
    assert (said.kind, said.payload) == ("payload", "/query_progress")
    await phone.menu("unknown_key")
    assert "我在呢" in phone.screen.told()[-1]
    await phone.scan("42")
    assert "我在呢" in phone.screen.told()[-1]


async def test_a_word_switches_elder_mode_on_and_off(
    product: Product, phone: Phone, rasa: FakeRasa
) -> None:
    await phone.say("在吗")
    await phone.say("大字版。")
    assert "说短一点、慢一点" in phone.screen.told()[-1]
    await phone.say("灯坏了")
    assert rasa.calls[-1]["metadata"]["elder"] is True
    assert "大字版。" not in [call["text"] for call in rasa.calls], "not the dialogue's business"
    await phone.voice("普通版。")
    assert "已换回普通版" in phone.screen.told()[-1]
    await phone.say("灯坏了")
    assert rasa.calls[-1]["metadata"]["elder"] is False
    # Who says more than the word talks about something.
    await phone.say("你们有长辈版没有")
    assert rasa.calls[-1]["text"] == "你们有长辈版没有"


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda p: p.voice(), "没听清"),
        (lambda p: p.video(), "视频"),
        (lambda p: p.video(short=True), "视频"),
        (lambda p: p.link("通知"), "链接"),
    ],
    ids=["voice", "video", "shortvideo", "link"],
)
async def test_what_cannot_be_understood_gets_kind_words(
    product: Product, phone: Phone, rasa: FakeRasa, act: Any, words: str
) -> None:
    assert (await act(phone)).outcome == "answered"
    assert words in phone.screen.told()[0]
    assert rasa.calls == []


async def test_a_voice_is_what_wechat_heard(product: Product, phone: Phone, rasa: FakeRasa) -> None:
    await phone.voice("低保怎么办")
    assert rasa.handled == ["低保怎么办"]


async def test_a_place_has_its_datum(product: Product, phone: Phone, rasa: FakeRasa) -> None:
    await phone.location("幸福小区3号楼", 43.5, 124.8)
    (call,) = rasa.calls
    assert call["kind"] == "location" and call["text"] == "幸福小区3号楼"
    assert call["metadata"]["location"] == {
        "lat": 43.5, "lng": 124.8, "label": "幸福小区3号楼", "datum": "gcj02",
    }  # fmt: skip


# -- photos ---------------------------------------------------------------------------------


async def test_a_photo_goes_the_way_of_the_widgets(
    product: Product, phone: Phone, rasa: FakeRasa
) -> None:
    assert (await phone.photo()).outcome == "answered"
    (call,) = rasa.calls
    async with product.services.db.read() as s:
        (photo,) = (await s.scalars(select(AttachmentRow))).all()
    assert call["kind"] == "attachment" and call["metadata"]["attachments"] == [photo.id]
    assert photo.conversation_id == (await the_user(product)).conversation_id
    with Image.open(product.services.channels.uploads / photo.path) as image:
        assert image.size == (640, 480) and not dict(image.getexif())


async def test_what_is_no_photo_is_said(product: Product, phone: Phone) -> None:
    await phone.photo(b"GIF89a" + bytes(50), "image/gif")
    assert "不是能看的照片" in phone.screen.told()[0]


async def test_a_photo_too_large_is_said(product: Product, phone: Phone) -> None:
    await phone.photo(media.photo() + bytes(10 * 1024 * 1024), "image/jpeg")
    assert "太大" in phone.screen.told()[0]


async def test_a_photo_wechat_no_longer_has(
    simulator: Simulator, product: Product, phone: Phone
) -> None:
    simulator.platform.media.forget = True
    await phone.photo()
    assert "再发一次" in phone.screen.told()[0]


async def test_a_photo_comes_before_what_was_said_after_it(
    simulator: Simulator,
    product: Product,
    phone: Phone,
    impatient: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbox, "AGAIN", (timedelta(seconds=1),) * 3)
    simulator.faults.api = ApiFaults(error=1.0, paths=frozenset({"/cgi-bin/media/get"}))
    assert (await phone.photo()).outcome == "acknowledged"
    assert (await phone.say("就是这儿")).outcome == "acknowledged"
    assert await own(product) == []
    simulator.faults.clear()
    await phone.wait_for("就是这儿")
    assert [m.kind for m in await own(product)] == ["attachment", "text"]


async def test_a_photo_that_never_comes_does_not_keep_back_what_follows(
    simulator: Simulator,
    product: Product,
    phone: Phone,
    impatient: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbox, "AGAIN", (timedelta(seconds=0.2),) * 2)
    simulator.faults.api = ApiFaults(error=1.0, paths=frozenset({"/cgi-bin/media/get"}))
    await phone.photo()
    await phone.say("就是这儿")
    await phone.wait_for("照片没取下来")
    await phone.wait_for("就是这儿")


async def test_no_redirect_is_followed(
    simulator: Simulator, product: Product, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aiohttp import web

    async def elsewhere(request: web.Request) -> web.Response:
        raise web.HTTPFound(f"{simulator.url}/elsewhere")

    monkeypatch.setattr(simulator.platform, "_media", elsewhere)
    monkeypatch.setattr(inbox, "AGAIN", ())
    (route,) = [
        r for r in simulator.platform._runner.app.router.routes()  # type: ignore[union-attr]
        if r.resource and r.resource.canonical == "/cgi-bin/media/get" and r.method == "GET"
    ]  # fmt: skip
    monkeypatch.setattr(route, "_handler", elsewhere)
    await phone.photo()
    assert "照片没取下来" in phone.screen.told()[0]
    assert simulator.recorder.calls("/elsewhere") == []


# -- choices --------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["2", "２", "二", "选2", "第二个", "2。"])
async def test_a_number_chooses_what_was_offered_last(
    product: Product, phone: Phone, rasa: FakeRasa, typed: str
) -> None:
    await phone.say("在吗")
    await tell(product, "修好了，解决了吗？", YES_NO)
    await phone.wait_for("2. 没解决")
    await phone.say(typed)
    assert rasa.calls[-1]["kind"] == "payload" and rasa.calls[-1]["text"] == "/deny"


async def test_a_number_is_a_number_when_nothing_is_to_be_chosen(
    product: Product, phone: Phone, rasa: FakeRasa
) -> None:
    await phone.say("在吗")
    await tell(product, "修好了，解决了吗？", YES_NO)
    await phone.wait_for("2. 没解决")
    rasa.replies = [{"text": "订几份？"}]
    await phone.say("订午饭")
    await phone.say("2")
    assert (rasa.calls[-1]["kind"], rasa.calls[-1]["text"]) == ("text", "2")


async def test_only_what_has_arrived_can_be_chosen(
    simulator: Simulator, product: Product, phone: Phone, rasa: FakeRasa
) -> None:
    rasa.replies = [{"text": "要几份？"}]
    await phone.say("订午饭")
    simulator.faults.api = ApiFaults(busy=1.0)
    await tell(product, "修好了，解决了吗？", YES_NO)
    await phone.say("2")
    assert (rasa.calls[-1]["kind"], rasa.calls[-1]["text"]) == ("text", "2")


async def test_a_number_beyond_the_list_stays_what_was_said(
    product: Product, phone: Phone, rasa: FakeRasa
) -> None:
    await phone.say("在吗")
    await phone.say("3")
    assert (rasa.calls[-1]["kind"], rasa.calls[-1]["text"]) == ("text", "3")


# -- long answers ---------------------------------------------------------------------------


async def test_a_long_answer_comes_in_parts(product: Product, phone: Phone, rasa: FakeRasa) -> None:
    sentences = "".join(f"第{n}条规定是这样写的，请您看仔细。" for n in range(150))
    rasa.replies = [{"text": sentences}]
    await phone.say("低保怎么办")
    await phone.wait_for("第149条")
    told = phone.screen.told()
    assert "".join(told) == sentences
    assert [line.who for line in phone.screen.lines if line.who != "me"] == [
        "passive", *["service"] * (len(told) - 1)
    ]  # fmt: skip
    assert all(t.endswith("。") for t in told)


# -- too many -------------------------------------------------------------------------------


async def test_who_writes_too_fast_is_told_and_heard_later(
    product: Product, phone: Phone, rasa: FakeRasa, impatient: float
) -> None:
    rasa.replies = []
    for n in range(20):
        await phone.say(f"第{n}句")
    await phone.say("第20句")
    assert "不用重发" in phone.screen.told()[-1]
    assert (await phone.say("第21句")).outcome == "acknowledged"
    assert len(await own(product)) == 20
    services = product.services
    await services.clock.set(services.db, services.clock.now() + timedelta(seconds=61))

    async def heard() -> bool:
        return rasa.handled[-2:] == ["第20句", "第21句"]

    await eventually(heard)
    async with services.db.read() as s:
        conversation = (await s.scalars(select(ConversationRow))).one()
    assert conversation.channel == "wechat" and conversation.token_hash == ""
