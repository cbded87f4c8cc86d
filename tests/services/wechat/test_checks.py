"""What is turned away, why, and that nothing of it is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession
from pydantic import SecretStr
from sqlalchemy import func, select

from services.channels.wechat.accounts import Account
from services.channels.wechat.checks import MAX_BODY, STATUS, Received, Refused, check, check_echo
from services.channels.wechat.crypto import Envelope, read_key, signature
from services.channels.wechat.tables import WeChatInboundRow, WeChatNonceRow
from services.channels.wechat.xml import render
from tests.services.conftest import NOW
from tests.services.wechat.conftest import Product
from tests.wechat_sim.phone import Phone
from tests.wechat_sim.simulator import Simulator

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
STAMP = int(NOW.timestamp())
FIELDS: dict[str, str | int] = {
    "ToUserName": "gh_0123456789ab",
    "FromUserName": "oABCdef-_123",
    "CreateTime": STAMP,
    "MsgType": "text",
    "Content": "灯坏了",
    "MsgId": 24000000000000001,
}
Change = Callable[[dict[str, Any]], None]


def account(mode: str = "safe", **changed: Any) -> Account:
    values = {
        "name": "demo", "app_id": "wx0123456789abcdef", "app_secret": SecretStr("s" * 32),
        "token": SecretStr("token123"), "aes_key": SecretStr(KEY), "mode": mode,
        "original_id": "gh_0123456789ab",
    }  # fmt: skip
    return Account.model_validate({**values, **changed})


def request(
    mode: str = "safe",
    app_id: str = "wx0123456789abcdef",
    token: str = "token123",
    stamp: int = STAMP,
    nonce: str = "n1",
    plain: bytes | None = None,
    **fields: str | int,
) -> tuple[dict[str, str], bytes]:
    """Return query and body as WeChat sends them."""
    query = {"timestamp": str(stamp), "nonce": nonce, "openid": "oABCdef-_123"}
    query["signature"] = signature(token, str(stamp), nonce)
    body = render({**FIELDS, **fields}) if plain is None else plain
    if mode == "plain":
        return query, body
    sealed = Envelope(read_key(KEY), app_id).encrypt(body)
    query |= {
        "encrypt_type": "aes",
        "msg_signature": signature(token, str(stamp), nonce, sealed),
    }
    outer = {"ToUserName": FIELDS["ToUserName"]} if mode == "safe" else {**FIELDS, **fields}
    return query, render({**outer, "Encrypt": sealed})


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_what_wechat_sends_is_taken(mode: str) -> None:
    found = check(account(mode), *request(mode), NOW)
    assert found == Received(
        openid="oABCdef-_123",
        key="24000000000000001",
        is_event=False,
        fields={
            "CreateTime": str(STAMP), "MsgType": "text", "Content": "灯坏了",
            "MsgId": "24000000000000001",
        },
        nonce="n1",
        stamp=STAMP,
        encrypted=mode != "plain",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "sent"),
    [
        ("signature", lambda: request(token="another")),
        ("stale", lambda: request(stamp=STAMP - 301)),
        ("stale", lambda: request(stamp=STAMP + 301)),
        ("plaintext", lambda: request("plain")),
        ("app_id", lambda: request(app_id="wxffffffffffffffff")),
        ("addressee", lambda: request(ToUserName="gh_another")),
        ("fields", lambda: request(MsgId="abc")),
        ("fields", lambda: request(MsgId="")),
        ("fields", lambda: request(FromUserName="")),
        ("fields", lambda: request(FromUserName="o'; DROP TABLE")),
        ("fields", lambda: request(CreateTime="yesterday")),
        ("fields", lambda: request(MsgType="")),
        ("fields", lambda: request(MsgType="event")),
        ("fields", lambda: request(MsgType="event", Event="<b>")),
        ("xml", lambda: request(plain=b"<html></html>")),
        ("xml", lambda: request(plain=b"no xml")),
        ("xml", lambda: request(plain=b"<xml><a>1</a><a>2</a></xml>")),
        ("dtd", lambda: request(plain=b"<!DOCTYPE xml><xml><a>1</a></xml>")),
    ],
)
def test_what_is_refused(reason: str, sent: Callable[[], Any]) -> None:
    with pytest.raises(Refused) as refused:
        check(account(), *sent(), NOW)
    assert refused.value.reason == reason


@pytest.mark.parametrize("off", [-300, 300])
def test_five_minutes_are_still_fresh(off: int) -> None:
    assert check(account(), *request(stamp=STAMP + off), NOW)


def without(name: str) -> Change:
    return lambda query: query.pop(name)


def changed(name: str, value: str) -> Change:
    return lambda query: query.update({name: value})


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("query", without("timestamp")),
        ("query", without("nonce")),
        ("query", changed("timestamp", "soon")),
        ("query", changed("timestamp", "9" * 40)),
        ("query", changed("nonce", "x" * 65)),
        ("query", changed("nonce", "二 三")),
        ("signature", without("signature")),
        ("signature", without("msg_signature")),
        ("signature", changed("msg_signature", "0" * 40)),
        ("signature", changed("signature", "0" * 40)),
        ("signature", changed("nonce", "n2")),
        ("signature", changed("timestamp", str(STAMP + 1))),
    ],
)
def test_a_query_that_is_not_right(reason: str, change: Change) -> None:
    query, body = request()
    change(query)
    with pytest.raises(Refused) as refused:
        check(account(), query, body, NOW)
    assert refused.value.reason == reason


def test_the_signature_without_the_body_is_not_enough() -> None:
    """The plain signature does not cover the body: whoever saw one must not put another under it."""
    query, _ = request()
    _, other = request(Content="我是冒充的")
    with pytest.raises(Refused) as refused:
        check(account(), query, other, NOW)
    assert refused.value.reason == "signature"


def test_beside_an_envelope_nothing_else_is_believed() -> None:
    query, body = request("compatible")
    forged = body.replace("灯坏了".encode(), "转账给我".encode())
    assert check(account("compatible"), query, forged, NOW).fields["Content"] == "灯坏了"


def test_compatible_takes_plain_messages_too() -> None:
    assert not check(account("compatible"), *request("plain"), NOW).encrypted


def test_an_envelope_without_a_key_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        check(account("plain", aes_key=None), *request("safe"), NOW)
    assert refused.value.reason == "envelope"


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><xml><C>&b;</C></xml>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><xml><C>1</C></xml>',
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><C>&f;</C></xml>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x><xml><C>1</C></xml>'.encode("utf-16"),
    ],
)
def test_no_entity_and_no_document_type(body: bytes) -> None:
    query, _ = request("plain")
    with pytest.raises(Refused) as refused:
        check(account("plain"), query, body, NOW)
    assert refused.value.reason == "dtd"


@pytest.mark.parametrize(
    "body", [b"", b"\x00", b"<xml>", b"<xml><a>\x0b</a></xml>", b"<xml>&x;</xml>", b"\xff\xfe<"]
)
def test_what_is_no_xml(body: bytes) -> None:
    query, _ = request("plain")
    with pytest.raises(Refused) as refused:
        check(account("plain"), query, body, NOW)
    assert refused.value.reason == "xml"


def test_too_much_is_not_even_read() -> None:
    query, _ = request("plain")
    with pytest.raises(Refused) as refused:
        check(account("plain"), query, b" " * (MAX_BODY + 1), NOW)
    assert refused.value.reason == "too_large"


def test_the_echo_needs_the_signature_too() -> None:
    query, _ = request("plain")
    assert check_echo(account(), {**query, "echostr": "42"}, NOW) == "42"
    with pytest.raises(Refused):
        check_echo(account(), {**query, "nonce": "n2", "echostr": "42"}, NOW)
    with pytest.raises(Refused):
        check_echo(account(), {**query, "echostr": "42"}, NOW + timedelta(minutes=6))


def test_two_taps_in_one_second_are_two_events() -> None:
    keys = {
        check(account(), *request(MsgType="event", Event="CLICK", EventKey=k), NOW).key
        for k in ("report", "meal", "report")
    }
    assert len(keys) == 2


# -- over the wire --------------------------------------------------------------------------


async def test_refusals_are_counted_and_nothing_is_kept(
    simulator: Simulator, product: Product, phone: Phone
) -> None:
    demo, courier = phone.account, simulator.courier
    fields: Mapping[str, str | int] = {
        **FIELDS, "ToUserName": demo.original_id, "CreateTime": simulator.clock.epoch()
    }  # fmt: skip
    body, sealed = courier.packed(demo, fields)
    query = courier.query(demo, phone.openid, sealed)
    before = await metrics(product)
    for sent, asked, path, reason in (
        (body, {**query, "msg_signature": "0" * 40}, "", "signature"),
        (render(fields).decode(), courier.query(demo, phone.openid), "", "plaintext"),
        ("x" * (MAX_BODY + 1), query, "", "too_large"),
        ("<!DOCTYPE x>" + body, query, "", "dtd"),
        (body, query, "x", "account"),
    ):
        status, answer = await courier.post(demo, sent, asked, path)
        assert status == STATUS[reason] and "Traceback" not in answer  # type: ignore[index]
        name = "unknown" if path else demo.name
        series = f'linda_wechat_refused_total{{account="{name}",reason="{reason}"}}'
        after = await metrics(product)
        assert after.get(series, 0) == before.get(series, 0) + 1
    async with product.services.db.read() as s:
        assert await s.scalar(select(func.count()).select_from(WeChatInboundRow)) == 0
        assert await s.scalar(select(func.count()).select_from(WeChatNonceRow)) == 0


async def metrics(product: Product) -> dict[str, float]:
    async with ClientSession() as client, client.get(f"{product.url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return {
        name: float(value)
        for name, value in (line.rsplit(" ", 1) for line in lines if line.startswith("linda_w"))
    }
