"""The envelope, against the example that Tencent publishes with its sample code (WXBizMsgCrypt).

Published are token, AppID, key, timestamp, nonce, the message as it arrives and its msg_signature; what is
inside follows from decrypting it. For the other direction Tencent publishes only the plain reply,
because each encryption begins with random bytes: it is encrypted here and opened again.
"""

from __future__ import annotations

import base64

import pytest

from services.channels.wechat.crypto import (
    Envelope,
    EnvelopeError,
    WrongAppId,
    read_key,
    signature,
    signed,
)
from services.channels.wechat.xml import parse
from tests.services.wechat_sim.test_crypto import SEALED
from tests.wechat_sim.crypto import Envelope as PlatformsEnvelope

TOKEN, APP_ID = "spamtest", "wx2c2769f8efd9abc2"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
STAMP, NONCE = "1409735669", "1320562132"
MSG_SIGNATURE = "5d197aaffba7e9b25a30732f161a50dee96bd5fa"
REPLY = (
    "<xml><ToUserName><![CDATA[oia2TjjewbmiOUlr6X-1crbLOvLw]]></ToUserName>"
    "<FromUserName><![CDATA[gh_7f083739789a]]></FromUserName><CreateTime>1407743423</CreateTime>"
    "<MsgType><![CDATA[video]]></MsgType></xml>"
)


@pytest.fixture
def envelope() -> Envelope:
    return Envelope(read_key(KEY), APP_ID)


def test_the_published_example(envelope: Envelope) -> None:
    assert signature(TOKEN, STAMP, NONCE, SEALED) == MSG_SIGNATURE
    assert signed(MSG_SIGNATURE, TOKEN, STAMP, NONCE, SEALED)
    fields = parse(envelope.decrypt(SEALED))
    assert fields == {
        "ToUserName": "gh_10f6c3c3ac5a",
        "FromUserName": "oyORnuP8q7ou2gfYjqLzSIWZf0rs",
        "CreateTime": "1409735668",
        "MsgType": "text",
        "Content": "abcdteT",
        "MsgId": "6054768590064713728",
    }


def test_what_we_seal_the_platform_opens(envelope: Envelope) -> None:
    sealed = envelope.encrypt(REPLY.encode())
    assert PlatformsEnvelope(KEY, APP_ID).decrypt(sealed) == REPLY
    assert envelope.decrypt(sealed) == REPLY.encode()
    assert sealed != envelope.encrypt(REPLY.encode()), "never the same ciphertext twice"


@pytest.mark.parametrize("length", [0, 1, 11, 12, 13, 31, 32, 33, 5000])
def test_every_length_is_padded_to_whole_blocks(envelope: Envelope, length: int) -> None:
    message = b"x" * length
    sealed = envelope.encrypt(message)
    assert len(base64.b64decode(sealed)) % 32 == 0
    assert envelope.decrypt(sealed) == message


def test_anothers_envelope_is_told_apart(envelope: Envelope) -> None:
    with pytest.raises(WrongAppId):
        Envelope(read_key(KEY), "wx0000000000000000").decrypt(SEALED)
    # A longer id that begins alike is another id.
    with pytest.raises(WrongAppId):
        envelope.decrypt(Envelope(read_key(KEY), APP_ID + "0").encrypt(b"x"))


@pytest.mark.parametrize(
    "sealed",
    [
        "",
        "!!!!",
        SEALED[:-4] + "!!!!",
        base64.b64encode(base64.b64decode(SEALED)[:-16]).decode(),
        base64.b64encode(base64.b64decode(SEALED)[:-32]).decode(),
        base64.b64encode(bytes(64)).decode(),
    ],
)
def test_a_spoilt_envelope_is_refused(envelope: Envelope, sealed: str) -> None:
    with pytest.raises(EnvelopeError):
        envelope.decrypt(sealed)


def test_a_length_beyond_the_message_is_refused(envelope: Envelope) -> None:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    plain = bytes(16) + (10_000).to_bytes(4, "big") + b"<xml/>" + APP_ID.encode()
    pad = 32 - len(plain) % 32
    key = read_key(KEY)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    raw = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
    with pytest.raises(EnvelopeError):
        envelope.decrypt(base64.b64encode(raw).decode())


@pytest.mark.parametrize("key", ["", KEY[:-1], KEY + "A", KEY[:-1] + "!"])
def test_a_key_of_another_kind_is_no_key(key: str) -> None:
    with pytest.raises(ValueError):
        read_key(key)


def test_a_signature_of_other_parts_does_not_fit() -> None:
    assert not signed("", TOKEN, STAMP, NONCE)
    assert not signed(MSG_SIGNATURE, TOKEN, STAMP, NONCE)
    assert not signed("签名", TOKEN, STAMP, NONCE)
