"""The envelope, against the sample that WeChat hands out with its example code."""

from __future__ import annotations

import base64

import pytest

from tests.wechat_sim.crypto import Envelope, EnvelopeError, signature
from tests.wechat_sim.xml import NotWellFormed, parse, render

TOKEN = "spamtest"
APP_ID = "wx2c2769f8efd9abc2"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
STAMP, NONCE = "1409735669", "1320562132"
SEALED = (
    "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHF"
    "VAFmOD2LdJF9FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVti"
    "cbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpA"
    "e+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCum"
    "EPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE="
)


def test_the_published_sample() -> None:
    assert signature(TOKEN, STAMP, NONCE, SEALED) == "5d197aaffba7e9b25a30732f161a50dee96bd5fa"
    root = parse(Envelope(KEY, APP_ID).decrypt(SEALED))
    assert root.findtext("ToUserName") == "gh_10f6c3c3ac5a"
    assert root.findtext("FromUserName") == "oyORnuP8q7ou2gfYjqLzSIWZf0rs"
    assert root.findtext("Content") == "abcdteT"
    assert root.findtext("MsgId") == "6054768590064713728"


@pytest.mark.parametrize("length", range(70))
def test_what_is_sealed_is_opened_again(length: int) -> None:
    envelope = Envelope(KEY, APP_ID)
    text = "灯" * length
    sealed = envelope.encrypt(text)
    assert envelope.decrypt(sealed) == text
    assert len(base64.b64decode(sealed)) % 32 == 0
    assert sealed != envelope.encrypt(text), "never the same ciphertext twice"


def test_a_spoilt_envelope_is_refused() -> None:
    envelope = Envelope(KEY, APP_ID)
    sealed = envelope.encrypt("你好")
    with pytest.raises(EnvelopeError, match="AppID"):
        Envelope(KEY, "wx0000000000000000").decrypt(sealed)
    with pytest.raises(EnvelopeError):
        Envelope("B" + KEY[1:], APP_ID).decrypt(sealed)
    with pytest.raises(EnvelopeError, match="base64"):
        envelope.decrypt(sealed[:-4] + "!!!!")
    with pytest.raises(EnvelopeError, match="padded"):
        envelope.decrypt(base64.b64encode(base64.b64decode(sealed)[:-16]).decode())


def test_a_key_of_another_length_is_no_key() -> None:
    with pytest.raises(ValueError, match="43"):
        Envelope(KEY + "A", APP_ID)


def test_xml_comes_back_as_it_was() -> None:
    text = "<b>3号楼</b> & ]]> ﾟ 😀\n第二行"
    root = parse(render({"Content": text, "MsgId": 1}))
    assert root.findtext("Content") == text and root.findtext("MsgId") == "1"


@pytest.mark.parametrize(
    "raw",
    [
        b"<xml><a>1</xml>",
        b"<html></html>",
        b'{"errcode":0}',
        b"<xml><a>1</a><a>2</a></xml>",
        b'<!DOCTYPE x [<!ENTITY e "1">]><xml><a>&e;</a></xml>',
        b"<xml><a>\x0b</a></xml>",
    ],
)
def test_what_is_not_wechats_xml_is_refused(raw: bytes) -> None:
    with pytest.raises(NotWellFormed):
        parse(raw)
