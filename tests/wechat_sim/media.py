"""Files users send: kept three days under a media id (公众号文档 “获取临时素材”)."""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from PIL import Image, ImageDraw

KEPT = timedelta(days=3)
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "audio/amr": "amr", "video/mp4": "mp4"}


@dataclass(frozen=True)
class Media:
    """One file."""

    media_id: str
    data: bytes
    mime: str
    ends: datetime

    @property
    def filename(self) -> str:
        """The name under which the platform hands it out."""
        return f"{self.media_id}.{EXTENSIONS.get(self.mime, 'bin')}"


class MediaStore:
    """All files; an id that is too old is as unknown as one that never was.

    Attributes:
        forget: Behave as if all of them were too old.
    """

    def __init__(self) -> None:
        self.forget = False
        self._kept: dict[str, Media] = {}

    def add(self, data: bytes, mime: str, now: datetime) -> Media:
        """Keep a file."""
        media = Media(secrets.token_urlsafe(48), data, mime, now + KEPT)
        self._kept[media.media_id] = media
        return media

    def get(self, media_id: str, now: datetime) -> Media | None:
        """Return a file that is still kept."""
        media = self._kept.get(media_id)
        return media if media is not None and now < media.ends and not self.forget else None


def photo(kind: str = "JPEG", words: str = "LINDA") -> bytes:
    """Return a photo as a phone takes it; a JPEG says where and when, which must not be kept."""
    image = Image.new("RGB", (640, 480), (70, 80, 90))
    ImageDraw.Draw(image).text((40, 40), words, fill=(240, 230, 120))
    exif = Image.Exif()
    exif[0x0132] = "2026:11:24 10:00:00"
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    image.save(out, kind, **({"exif": exif} if kind == "JPEG" else {}))
    return out.getvalue()


def voice(seconds: float = 2.0) -> bytes:
    """Return silence as AMR at 12.2 kbit/s: a header and a frame of 32 bytes every 20 ms."""
    return b"#!AMR\n" + (b"\x3c" + bytes(31)) * int(seconds * 50)
