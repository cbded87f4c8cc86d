"""What each kind of message and event asks of us.

Pure tables: kind → :class:`Step`. Sources: 公众号文档 “接收普通消息”, “接收语音识别结果”, “接收事件推送”.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from services.channels.types import Incoming, Kind
from services.channels.wechat.choices import chosen
from services.channels.wechat.window import Cause
from services.yaml_files import read_yaml

MAX_TEXT = 2000
"""Characters of a message, as in the widget. Of a longer one nothing is taken, and that is said: half
of what somebody wrote would look like all of it."""
UNSUPPORTED = "【收到不支持的消息类型，暂无法显示】"
"""What WeChat writes as the text of a sticker it does not pass on."""

ELDER: Mapping[str, bool] = {
    **dict.fromkeys(
        "大字 大字版 大字模式 长辈版 长辈模式 老人版 老年版 关怀版 关怀模式".split(), True
    ),
    **dict.fromkeys(
        "普通版 标准版 标准模式 正常版 小字版 退出长辈版 退出大字版 关闭长辈版 关掉长辈版 退出长辈模式".split(),
        False,
    ),
}
"""What switches shorter, slower words on and off, said alone: the 大字 button of the web page."""
_MARKS = re.compile(r"[\W_]+")

Fields = Mapping[str, str]


@dataclass(frozen=True)
class Step:
    """What is to be done; kept as JSON, so that carrying on after a crash does the same.

    Attributes:
        do: ``hear``: put it into the conversation; ``say``: only answer with the text ``key``;
            ``fetch``: get the photo ``media_id`` first; ``nothing``.
        menu: The payload is one of the account's menu, so no button had to offer it.
        typed: What the resident wrote to choose a button, whose title is ``text`` then.
        elder: Switch elder mode on or off before anything is said.
    """

    do: Literal["hear", "say", "fetch", "nothing"]
    kind: Kind = "text"
    text: str = ""
    payload: str = ""
    location: dict[str, Any] | None = None
    attachment_id: str | None = None
    media_id: str = ""
    key: str = ""
    facts: Mapping[str, str] | None = None
    menu: bool = False
    typed: str = ""
    elder: bool | None = None

    @property
    def words(self) -> str:
        """The resident's own words; empty when it holds none."""
        return self.typed or self.text

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON."""
        return asdict(self)

    def incoming(self, client_message_id: str) -> Incoming:
        """Return the message for the conversation."""
        return Incoming(
            client_message_id,
            self.kind,
            text=self.text,
            payload=self.payload,
            location=self.location,
            attachment_id=self.attachment_id,
        )


NOTHING = Step("nothing")

OPENS: Mapping[str, Cause] = {"subscribe": "action", "SCAN": "action", "CLICK": "action"}
"""Events after which WeChat lets us write for a while; every message does."""
UNSUBSCRIBED = "unsubscribe"
HEEDED = frozenset({*OPENS, UNSUBSCRIBED})
"""Events that are kept. Of the others – a page opened from the menu, where the person is each time
they enter – nothing is: nobody asked us to know."""


def read_menu(path: Path) -> Mapping[str, str]:
    """Read ``data/wechat/menu.yml``: key of a menu entry → payload."""
    return {str(k): str(v) for k, v in read_yaml(path.read_text("utf-8")).items()}


def step_of(fields: Fields, menu: Mapping[str, str]) -> Step:
    """Return what a message or event asks."""
    if fields["MsgType"] == "event":
        return _event(fields, menu)
    read = _KINDS.get(fields["MsgType"])
    return read(fields) if read else _say("kind_other")


def with_choice(step: Step, offered: Sequence[Mapping[str, str]]) -> Step:
    """Return the button that typed words choose, or the step as it is.

    Args:
        offered: The buttons that the resident was shown last and has not reacted to.
    """
    if step.do != "hear" or step.kind != "text":
        return step
    index = chosen(step.text, len(offered))
    if index is None:
        return step
    button = offered[index]
    return replace(
        step, kind="payload", text=button["title"], payload=button["payload"], typed=step.text
    )


def _event(fields: Fields, menu: Mapping[str, str]) -> Step:
    match fields.get("Event"):
        case "subscribe":
            return _say("greeting")
        case "SCAN":
            return _say("here")
        case "CLICK":
            payload = menu.get(fields.get("EventKey", ""))
            if payload is None:
                return _say("here")
            return Step("hear", "payload", payload=payload, menu=True)
    return NOTHING


def _say(key: str) -> Step:
    return Step("say", key=key)


def _text(fields: Fields) -> Step:
    words = _words(fields.get("Content", ""))
    if not words or words == UNSUPPORTED:
        return _say("kind_other")
    return _say("too_long") if len(words) > MAX_TEXT else _heard(words)


def _voice(fields: Fields) -> Step:
    words = _words(fields.get("Recognition", ""))
    return _heard(words[:MAX_TEXT]) if words else _say("voice_unclear")


def _heard(words: str) -> Step:
    elder = ELDER.get(_MARKS.sub("", words))
    if elder is None:
        return Step("hear", text=words)
    return Step("say", key="elder_on" if elder else "elder_off", elder=elder)


def _image(fields: Fields) -> Step:
    media_id = fields.get("MediaId", "")
    return Step("fetch", media_id=media_id) if media_id else _say("photo_gone")


def _location(fields: Fields) -> Step:
    label = _words(fields.get("Label", ""))[:200]
    lat, lng = _degrees(fields.get("Location_X"), 90), _degrees(fields.get("Location_Y"), 180)
    if lat is None or lng is None:
        return Step("hear", text=label) if label else _say("kind_other")
    # WeChat's map has the datum that maps of China must have, some hundred metres off GPS.
    place = {"lat": lat, "lng": lng, "label": label, "datum": "gcj02"}
    return Step("hear", "location", text=label, location=place)


_KINDS: Mapping[str, Callable[[Fields], Step]] = {
    "text": _text,
    "voice": _voice,
    "image": _image,
    "location": _location,
    "video": lambda _: _say("kind_video"),
    "shortvideo": lambda _: _say("kind_video"),
    "link": lambda _: _say("kind_link"),
}


def _words(text: str) -> str:
    """Return what every database can hold, as the widget's door does."""
    kept = text.replace("\x00", "").encode("utf-8", "replace").decode()
    return kept.strip()


def _degrees(text: str | None, most: int) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if -most <= value <= most else None
