"""A user's phone: everything that can be done with an official account."""

from __future__ import annotations

import itertools
import random
import re
import string
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tests.patience import PATIENCE_S
from tests.wechat_sim import media
from tests.wechat_sim.account import Account
from tests.wechat_sim.clock import SimClock
from tests.wechat_sim.courier import Courier, Delivery
from tests.wechat_sim.screen import Line, Screen
from tests.wechat_sim.window import Window

if TYPE_CHECKING:
    from tests.wechat_sim.platform import Platform

_LINK = re.compile(r'<a href="(weixin://bizmsgmenu\?[^"]+)">([^<]*)</a>')


def message_ids(rng: random.Random) -> Iterator[int]:
    """MsgIds: 64-bit numbers that only grow."""
    return itertools.count(24_000_000_000_000_000 + rng.randrange(10**12), 7)


def new_openid(rng: random.Random) -> str:
    """An OpenID: 28 characters that begin with ``o``."""
    return "o" + "".join(rng.choices(string.ascii_letters + string.digits + "-_", k=27))


class Phone:
    """One user with one account.

    Each action returns when the platform is done with it; several may be under way at once, as
    WeChat does not wait for an answer before it takes the user's next message.
    """

    def __init__(
        self,
        account: Account,
        openid: str,
        platform: Platform,
        courier: Courier,
        clock: SimClock,
        ids: Iterator[int],
    ) -> None:
        self.account = account
        self.openid = openid
        self.screen = Screen(clock)
        self.window = Window()
        self.subscribed = True
        self._platform = platform
        self._courier = courier
        self._clock = clock
        self._ids = ids
        self._event_at = 0

    @property
    def left(self) -> int:
        """Customer-service messages that may be sent now."""
        return self.window.left(self._clock.now())

    async def say(self, text: str) -> Delivery:
        """Type a message."""
        return await self._message(text, "text", {"Content": text})

    async def tap(self, title: str) -> Delivery:
        """Tap a link ``weixin://bizmsgmenu`` or an entry of a menu message, newest first."""
        for line in reversed(self.screen.lines):
            for href, shown in _LINK.findall(line.text) if line.who != "me" else ():
                if title in shown:
                    query = parse_qs(urlsplit(href).query)
                    said = query["msgmenucontent"][0]
                    fields: dict[str, str | int] = {
                        "Content": said,
                        "bizmsgmenuid": query["msgmenuid"][0],
                    }
                    return await self._message(said, "text", fields)
        raise AssertionError(f"nothing to tap with {title!r} on {self.screen.told()}")

    async def photo(self, data: bytes | None = None, mime: str = "image/jpeg") -> Delivery:
        """Send a picture."""
        data = media.photo("PNG" if mime == "image/png" else "JPEG") if data is None else data
        kept = self._platform.media.add(data, mime, self._clock.now())
        fields: dict[str, str | int] = {
            "PicUrl": f"{self._platform.url}/mmbiz_pic/{kept.media_id}",
            "MediaId": kept.media_id,
        }
        return await self._message("[图片]", "image", fields)

    async def voice(self, recognition: str | None = None, seconds: float = 2.0) -> Delivery:
        """Speak.

        Args:
            recognition: What WeChat understood; None: the account has no speech recognition
                (switched off, or withdrawn as WeChat did for new accounts).
        """
        kept = self._platform.media.add(media.voice(seconds), "audio/amr", self._clock.now())
        fields: dict[str, str | int] = {"MediaId": kept.media_id, "Format": "amr"}
        if recognition is not None:
            fields["Recognition"] = recognition
        return await self._message(f"[语音] {recognition or ''}".strip(), "voice", fields)

    async def location(self, label: str, lat: float = 43.5012, lng: float = 124.8203) -> Delivery:
        """Send a place."""
        fields: dict[str, str | int] = {
            "Location_X": f"{lat:.6f}",
            "Location_Y": f"{lng:.6f}",
            "Scale": 16,
            "Label": label,
        }
        return await self._message(f"[位置] {label}", "location", fields)

    async def video(self, short: bool = False) -> Delivery:
        """Send a video."""
        now = self._clock.now()
        kept = self._platform.media.add(b"\0" * 64, "video/mp4", now)
        thumb = self._platform.media.add(media.photo(), "image/jpeg", now)
        fields: dict[str, str | int] = {
            "MediaId": kept.media_id,
            "ThumbMediaId": thumb.media_id,
        }
        return await self._message("[视频]", "shortvideo" if short else "video", fields)

    async def link(self, title: str, url: str = "https://example.com/") -> Delivery:
        """Forward a page."""
        fields: dict[str, str | int] = {"Title": title, "Description": title, "Url": url}
        return await self._message(f"[链接] {title}", "link", fields)

    async def menu(self, key: str) -> Delivery:
        """Tap an entry of the account's menu."""
        self.window.opened_by("action", self._clock.now())
        return await self._event(f"[菜单] {key}", "CLICK", {"EventKey": key})

    async def view(self, url: str) -> Delivery:
        """Tap an entry of the menu that opens a page; nothing can be answered to that."""
        return await self._event(f"[菜单] {url}", "VIEW", {"EventKey": url}, silent=True)

    async def subscribe(self, scene: str = "") -> Delivery:
        """Follow the account, or scan its code as one who does not follow it yet."""
        self.subscribed = True
        self.window.opened_by("action", self._clock.now())
        fields = {"EventKey": f"qrscene_{scene}", "Ticket": "gQH47joAAAA"} if scene else {}
        return await self._event("[关注]", "subscribe", {"EventKey": "", **fields})

    async def scan(self, scene: str) -> Delivery:
        """Scan the account's code as a follower."""
        self.window.opened_by("action", self._clock.now())
        fields = {"EventKey": scene, "Ticket": "gQH47joAAAA"}
        return await self._event(f"[扫码] {scene}", "SCAN", fields)

    async def unsubscribe(self) -> Delivery:
        """Leave; nothing can reach this user any more."""
        self.subscribed = False
        self.window.close()
        return await self._event("[取消关注]", "unsubscribe", {"EventKey": ""}, silent=True)

    async def enter(self, lat: float = 43.5012, lng: float = 124.8203) -> Delivery:
        """Open the account, which reports where one is if the user has allowed it."""
        fields = {"Latitude": f"{lat}", "Longitude": f"{lng}", "Precision": "30.000000"}
        return await self._event("[进入会话]", "LOCATION", fields, silent=True)

    async def wait_for(self, words: str, limit_s: float = PATIENCE_S, after: int = 0) -> Line:
        """Wait for words of the account on the screen."""
        return await self.screen.wait_for(words, limit_s, after)

    async def _message(self, shown: str, kind: str, content: dict[str, str | int]) -> Delivery:
        assert self.subscribed, "who does not follow the account cannot write to it"
        self.window.opened_by("message", self._clock.now())
        msg_id = next(self._ids)
        fields = {**self._head(kind), **content, "MsgId": msg_id}
        self.screen.show("me", shown, str(msg_id))
        return await self._courier.deliver(self.account, self.screen, fields)

    async def _event(
        self, shown: str, event: str, content: dict[str, str], silent: bool = False
    ) -> Delivery:
        fields = {**self._head("event"), "Event": event, **content}
        # Sender and CreateTime are all that tells events apart: never two in one second.
        self._event_at = max(int(fields["CreateTime"]), self._event_at + 1)
        fields["CreateTime"] = self._event_at
        self.screen.show("me", shown, f"{self.openid}{self._event_at}")
        return await self._courier.deliver(
            self.account, self.screen, fields, notice=not silent, answerable=not silent
        )

    def _head(self, kind: str) -> dict[str, str | int]:
        return {
            "ToUserName": self.account.original_id,
            "FromUserName": self.openid,
            "CreateTime": self._clock.epoch(),
            "MsgType": kind,
        }
