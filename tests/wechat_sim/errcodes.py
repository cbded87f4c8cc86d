"""Return codes of the platform's API: those this simulator gives, with WeChat's words.

Source: 公众号文档 “全局返回码” and the tables at the end of each API's page.
"""

from __future__ import annotations

import secrets
from typing import Any

BUSY = -1
WORDS = {
    -1: "system error",
    0: "ok",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40066: "invalid url",
    40125: "invalid appsecret",
    41001: "access_token missing",
    41004: "appsecret missing",
    42001: "access_token expired",
    43002: "require POST method",
    44002: "empty post data",
    44004: "empty content",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, mustslower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    45072: "invalid command",
    45080: "need sending message to user",
    45081: "already in typing status",
    47001: "data format error",
}


def answer(code: int) -> dict[str, Any]:
    """Return the API's JSON for a code."""
    if code == 0:
        return {"errcode": 0, "errmsg": "ok"}
    rid = "-".join(secrets.token_hex(4) for _ in range(3))
    return {"errcode": code, "errmsg": f"{WORDS[code]} rid: {rid}"}
