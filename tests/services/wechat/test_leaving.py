"""Who unsubscribes is forgotten: at once, or when their last ticket has ended."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services.channels.tables import AttachmentRow, ConversationRow, HandoffRow, MessageRow
from services.channels.wechat.tables import WeChatDeliveryRow, WeChatInboundRow, WeChatUserRow
from services.context import Services
from services.db import Base
from services.tickets.core.actor import resident
from services.tickets.core.commands import CreateTicket
from tests.services.channels.fake_rasa import FakeRasa
from tests.services.channels.test_closing import place  # noqa: F401
from tests.services.wechat.conftest import Product, eventually, move, tell, the_user
from tests.wechat_sim.phone import Phone
from tests.wechat_sim.simulator import Simulator

LATER = timedelta(minutes=2)


@pytest.fixture
def services(product: Product) -> Services:
    return product.services


async def count(product: Product, table: type[Base]) -> int:
    async with product.services.db.read() as s:
        return await s.scalar(select(func.count()).select_from(table)) or 0


async def words(product: Product, conversation_id: str) -> set[str]:
    async with product.services.db.read() as s:
        query = select(MessageRow.text).where(MessageRow.conversation_id == conversation_id)
        return set(await s.scalars(query))


async def leave(product: Product, simulator: Simulator, phone: Phone) -> str:
    """Unsubscribe; return the conversation when WeChat asks for nothing of it any more."""
    conversation_id = (await the_user(product)).conversation_id
    await phone.unsubscribe()

    async def gone() -> bool:
        return not (await the_user(product)).subscribed

    await eventually(gone)
    await move(product, simulator, LATER)
    return conversation_id


async def file(product: Product, conversation_id: str, photos: list[str]) -> str:
    request = CreateTicket(
        conversation_id=conversation_id,
        leaf="H6",
        narrative="灯坏了",
        place={"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"},
        attachments=photos,
    )
    ticket = await product.services.tickets.create(request, resident(conversation_id), "k1")
    return str(ticket["ticket_no"])


async def test_without_a_ticket_nothing_is_kept(
    product: Product, simulator: Simulator, phone: Phone, rasa: FakeRasa
) -> None:
    await phone.say("我是张三，住3号楼")
    await phone.photo()
    people, channels = product.services.people, product.services.channels
    here = (await the_user(product)).conversation_id
    async with product.services.db.write() as s:
        known = await people.save_resident(s, name="张三", phone="13800001111")
        await channels.bind_resident(s, here, known.id)
    conversation_id = await leave(product, simulator, phone)
    assert any(channels.uploads.rglob("*.*"))
    assert await product.services.wechat.forget_who_left() == 1
    for table in (WeChatUserRow, WeChatInboundRow, WeChatDeliveryRow, AttachmentRow):
        assert await count(product, table) == 0, table
    assert await words(product, conversation_id) == {""}
    await product.services.retention.pending.work()  # the worker removes files
    assert not [p for p in channels.uploads.rglob("*") if p.is_file()]
    assert rasa.forgotten == [conversation_id]
    async with product.services.db.read() as s:
        left = await people.resident(s, known.id)
        row = await s.get_one(ConversationRow, conversation_id)
    assert left is not None and (left.name, left.phone) == (None, None)
    assert row.resident_id is None
    assert await product.services.wechat.forget_who_left() == 0, "once is enough"
    # Who comes back is somebody new, and is greeted.
    await phone.subscribe()
    await phone.wait_for("我是社区的邻答")
    assert (await the_user(product)).conversation_id != conversation_id


async def test_an_open_ticket_keeps_them_until_it_ends(
    product: Product,
    place: None,  # noqa: F811
    simulator: Simulator,
    phone: Phone,
) -> None:
    await phone.say("灯坏了")
    await phone.photo()
    await phone.photo(_other_photo())
    async with product.services.db.read() as s:
        photos = list(await s.scalars(select(AttachmentRow.id).order_by(AttachmentRow.created_at)))
    here = (await the_user(product)).conversation_id
    number = await file(product, here, photos[:1])
    await leave(product, simulator, phone)
    assert await product.services.wechat.forget_who_left() == 0
    assert "灯坏了" in await words(product, here)
    tickets = product.services.tickets
    await tickets.resident_act(number, "withdraw", {"reason": "自己修好了"}, here)
    assert await product.services.wechat.forget_who_left() == 1
    assert await count(product, WeChatUserRow) == 0 and await words(product, here) == {""}
    # What was filed stays: the matter, and the photo that shows it.
    async with product.services.db.read() as s:
        assert list(await s.scalars(select(AttachmentRow.id))) == photos[:1]
    await product.services.retention.pending.work()
    assert len([p for p in product.services.channels.uploads.rglob("*") if p.is_file()]) == 1
    assert (await tickets.resident_get(number, here))["state"] == "WITHDRAWN"


async def test_who_is_expected_to_be_answered_by_a_person_is_kept(
    product: Product, simulator: Simulator, phone: Phone
) -> None:
    await phone.say("找人工")
    here = (await the_user(product)).conversation_id
    await product.services.channels.raise_alert(here, "human", None, "找人工")
    await leave(product, simulator, phone)
    assert await product.services.wechat.forget_who_left() == 0
    async with product.services.db.write() as s:
        (await s.scalars(select(HandoffRow))).one().state = "released"
    assert await product.services.wechat.forget_who_left() == 1
    async with product.services.db.read() as s:
        assert (await s.scalars(select(HandoffRow.text))).all() == [""]


async def test_who_is_back_or_has_just_left_stays(
    product: Product, simulator: Simulator, phone: Phone
) -> None:
    await phone.say("在吗")
    await phone.unsubscribe()
    assert await product.services.wechat.forget_who_left() == 0, "WeChat may still ask for it"
    await phone.subscribe()
    await move(product, simulator, LATER)
    assert await product.services.wechat.forget_who_left() == 0
    assert await count(product, WeChatUserRow) == 1


async def test_while_rasa_is_away_it_is_tried_again(
    product: Product, simulator: Simulator, phone: Phone, rasa: FakeRasa
) -> None:
    await phone.say("在吗")
    conversation_id = await leave(product, simulator, phone)
    await rasa.die()
    assert await product.services.wechat.forget_who_left() == 0
    assert await count(product, WeChatUserRow) == 1
    await rasa.start()
    assert await product.services.wechat.forget_who_left() == 1
    assert rasa.forgotten == [conversation_id]


async def test_the_same_photo_of_somebody_else_stays(
    product: Product, simulator: Simulator, phone: Phone
) -> None:
    await phone.say("在吗")
    await phone.photo()
    async with product.services.db.write() as s:
        mine = (await s.scalars(select(AttachmentRow))).one()
        columns = {c.key: getattr(mine, c.key) for c in AttachmentRow.__table__.columns}
        s.add(AttachmentRow(**{**columns, "id": "a_other", "conversation_id": "c_other"}))
    await leave(product, simulator, phone)
    assert await product.services.wechat.forget_who_left() == 1
    await product.services.retention.pending.work()
    assert (product.services.channels.uploads / Path(mine.path)).is_file()


async def test_the_worker_forgets_too(
    product: Product, simulator: Simulator, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.channels.wechat import service

    monkeypatch.setattr(service, "SWEEP_S", 0.0)
    await phone.say("在吗")
    await tell(product, "师傅接单了")
    await leave(product, simulator, phone)
    await product.services.wechat.work()
    await eventually(lambda: _nobody(product))


async def _nobody(product: Product) -> bool:
    return await count(product, WeChatUserRow) == 0


def _other_photo() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (20, 10), "green").save(out, "JPEG")
    return out.getvalue()
