"""Is this from WeChat, for us, and new? Everything that is checked before anything is stored.

Pure: the clock's time comes in, a :class:`Refused` with a reason goes out. Whether a nonce has been
used is asked of the database, in the transaction that stores the message
(:func:`services.channels.wechat.store.keep`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.channels.wechat.accounts import Account
from services.channels.wechat.crypto import EnvelopeError, WrongAppId, signed
from services.channels.wechat.xml import BadXml, HostileXml, parse

MAX_BODY = 64 * 1024
"""Bytes; WeChat's largest message has a few thousand."""
FRESH = timedelta(minutes=5)
"""How far a timestamp may be from our clock, either way."""

Reason = Literal[
    "account", "query", "signature", "stale", "replay", "too_large", "xml", "dtd", "plaintext",
    "envelope", "app_id", "addressee", "fields", "cut_off",
]  # fmt: skip

STATUS: Mapping[Reason, int] = {
    "account": 404, "query": 400, "signature": 403, "stale": 403, "replay": 403, "too_large": 413,
    "xml": 400, "dtd": 400, "plaintext": 403, "envelope": 403, "app_id": 403, "addressee": 403,
    "fields": 400, "cut_off": 400,
}  # fmt: skip

_STAMP = re.compile(r"[0-9]{1,12}")
_NONCE = re.compile(r"[\x21-\x7e]{1,64}")
_OPENID = re.compile(r"[0-9A-Za-z_-]{1,128}")
_MSG_ID = re.compile(r"[0-9]{1,24}")


class Refused(Exception):
    """Not taken; ``reason`` is what is counted."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True)
class Received:
    """A genuine message or event, sender and the rest of its fields apart.

    Attributes:
        key: MsgId, or time, name and EventKey of an event, which names it once and for all together
            with the sender (公众号文档 “接收事件推送”: FromUserName + CreateTime).
        is_event: Something was done, nothing said.
        encrypted: It came in an envelope, so the answer goes back in one.
    """

    openid: str
    key: str
    is_event: bool
    fields: Mapping[str, str]
    nonce: str
    stamp: int
    encrypted: bool


def check_echo(account: Account, query: Mapping[str, str], now: datetime) -> str:
    """Return what WeChat wants to read back when the address is configured; or Refused."""
    _check_query(account, query, now)
    return query.get("echostr", "")


def check(account: Account, query: Mapping[str, str], body: bytes, now: datetime) -> Received:
    """Return the message of a request, or raise Refused."""
    nonce, stamp = _check_query(account, query, now)
    if len(body) > MAX_BODY:
        raise Refused("too_large")
    fields, encrypted = _open(account, query, _parsed(body))
    if fields.get("ToUserName") != account.original_id:
        raise Refused("addressee")
    openid, made = fields.get("FromUserName", ""), fields.get("CreateTime", "")
    if not (_OPENID.fullmatch(openid) and _STAMP.fullmatch(made) and fields.get("MsgType")):
        raise Refused("fields")
    rest = {k: v for k, v in fields.items() if k not in ("ToUserName", "FromUserName", "Encrypt")}
    is_event = rest["MsgType"] == "event"
    return Received(openid, _key(rest), is_event, rest, nonce, stamp, encrypted)


def _check_query(account: Account, query: Mapping[str, str], now: datetime) -> tuple[str, int]:
    stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    if not (_STAMP.fullmatch(stamp) and _NONCE.fullmatch(nonce)):
        raise Refused("query")
    if not signed(query.get("signature", ""), account.token.get_secret_value(), stamp, nonce):
        raise Refused("signature")
    if abs(int(stamp) - now.timestamp()) > FRESH.total_seconds():
        raise Refused("stale")
    return nonce, int(stamp)


def _parsed(body: bytes) -> dict[str, str]:
    try:
        return parse(body)
    except HostileXml:
        raise Refused("dtd") from None
    except BadXml:
        raise Refused("xml") from None


def _open(
    account: Account, query: Mapping[str, str], fields: dict[str, str]
) -> tuple[dict[str, str], bool]:
    """Return the fields to believe. With an envelope only what is inside, whatever stands beside it."""
    sealed = fields.get("Encrypt")
    if sealed is None:
        if account.mode == "safe":
            raise Refused("plaintext")
        return fields, False
    if account.envelope is None:
        raise Refused("envelope")
    token, given = account.token.get_secret_value(), query.get("msg_signature", "")
    if not signed(given, token, query["timestamp"], query["nonce"], sealed):
        raise Refused("signature")
    try:
        inner = account.envelope.decrypt(sealed)
    except WrongAppId:
        raise Refused("app_id") from None
    except EnvelopeError:
        raise Refused("envelope") from None
    return _parsed(inner), True


def _key(fields: Mapping[str, str]) -> str:
    if fields["MsgType"] != "event":
        if not _MSG_ID.fullmatch(fields.get("MsgId", "")):
            raise Refused("fields")
        return fields["MsgId"]
    event = fields.get("Event", "")
    if not re.fullmatch(r"[0-9A-Za-z_]{1,40}", event):
        raise Refused("fields")
    # Two entries of the menu tapped in one second are two events.
    about = hashlib.sha256(fields.get("EventKey", "").encode()).hexdigest()[:8]
    return f"{fields['CreateTime']}.{event}.{about}"
