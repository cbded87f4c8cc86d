"""Judging what the product answers to a pushed message (公众号文档 “被动回复用户消息”)."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

from tests.wechat_sim.account import Account
from tests.wechat_sim.crypto import EnvelopeError, signature
from tests.wechat_sim.xml import NotWellFormed, parse

MAX_BYTES = 2048
"""Of a text; more makes the user see that the account is out of order."""
MAX_SKEW_S = 600
"""A reply is made now; WeChat names no limit, but one that is far off shows a wrong clock."""


@dataclass
class Reply:
    """What the user gets: a text, articles, or nothing.

    Attributes:
        text: What appears on the screen; None: nothing.
        problems: Rules it breaks; with any of them the user sees a failure notice.
    """

    text: str | None = None
    problems: list[str] = field(default_factory=list)


def judge(raw: bytes, account: Account, openid: str, now: int) -> Reply:
    """Read an answer with status 200."""
    if raw in (b"", b"success"):
        return Reply()
    try:
        root = parse(raw)
        if root.find("Encrypt") is not None:
            if account.mode == "plain":
                return Reply(problems=["encrypted, although the account is in plain mode"])
            root = _open(root, account)
        elif account.mode == "safe":
            return Reply(problems=["not encrypted, although the account is in safe mode"])
    except (NotWellFormed, EnvelopeError) as error:
        return Reply(problems=[str(error)])
    return _judge_message(root, account, openid, now)


def _open(root: ET.Element, account: Account) -> ET.Element:
    parts = {n: root.findtext(n) or "" for n in ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")}
    missing = [n for n, value in parts.items() if not value]
    if missing:
        raise EnvelopeError(f"{missing} missing in the envelope")
    if not parts["TimeStamp"].isdigit():
        raise EnvelopeError(f"TimeStamp is no number: {parts['TimeStamp']!r}")
    expected = signature(account.token, parts["TimeStamp"], parts["Nonce"], parts["Encrypt"])
    if parts["MsgSignature"] != expected:
        raise EnvelopeError("MsgSignature is wrong")
    return parse(account.envelope.decrypt(parts["Encrypt"]))


def _judge_message(root: ET.Element, account: Account, openid: str, now: int) -> Reply:
    problems = []
    for name, value in (("ToUserName", openid), ("FromUserName", account.original_id)):
        if root.findtext(name) != value:
            problems.append(f"{name} is {root.findtext(name)!r}, not {value!r}")
    made = root.findtext("CreateTime") or ""
    if not made.isdigit():
        problems.append(f"CreateTime is no whole number: {made!r}")
    elif abs(int(made) - now) > MAX_SKEW_S:
        problems.append(f"CreateTime is {int(made) - now} s off")
    kind = root.findtext("MsgType")
    if kind == "text":
        text = root.findtext("Content") or ""
        if not text:
            problems.append("an empty text")
        if len(text.encode()) > MAX_BYTES:
            problems.append(f"{len(text.encode())} bytes of text, at most {MAX_BYTES}")
    elif kind == "news":
        items = root.findall("Articles/item")
        text = "\n".join(f"[图文] {i.findtext('Title')} {i.findtext('Url')}" for i in items)
        if len(items) != 1 or root.findtext("ArticleCount") != "1":
            problems.append("news holds exactly one article")
    else:
        text = ""
        problems.append(f"MsgType {kind!r} is not simulated")
    return Reply(None if problems else text, problems)
