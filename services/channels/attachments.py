"""Photos of residents: what kind they are is read from their bytes, and they are encoded anew.

Encoding anew drops everything a camera writes beside the picture – above all where and when it was
taken – and anything that only pretends to be a picture.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import secrets
import warnings
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from services.errors import LindaError
from services.words import refusal

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 25_000_000
"""What a phone's camera takes by default fits; a small file may unpack to far more (a bomb)."""
MAX_SIDE = 2560
"""Pixels of the longer side that are kept: enough to read a meter plate."""
FORMATS = {
    "JPEG": ("image/jpeg", "jpg"),
    "PNG": ("image/png", "png"),
    "WEBP": ("image/webp", "webp"),
}

_decoder = ThreadPoolExecutor(2, "photos")
"""Decodes two photos at a time: one of :data:`MAX_PIXELS` takes some 100 MB while it is."""


@dataclass(frozen=True)
class Photo:
    """An encoded photo."""

    data: bytes
    mime: str
    extension: str
    width: int
    height: int

    @property
    def sha256(self) -> str:
        """Hex digest of the bytes."""
        return hashlib.sha256(self.data).hexdigest()


async def receive(chunks: AsyncIterator[bytes]) -> Photo:
    """Read an upload and return it encoded anew; 413 ``too_large``, 422 ``not_an_image``."""
    data = bytearray()
    async for chunk in chunks:
        data += chunk
        if len(data) > MAX_BYTES:
            raise refusal("too_large", 413, {"max_bytes": MAX_BYTES})
    return await asyncio.get_running_loop().run_in_executor(_decoder, reencode, bytes(data))


def reencode(data: bytes) -> Photo:
    """Return a photo upright, without camera data, at most ``MAX_SIDE`` pixels long."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=list(FORMATS)) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise _refused()
                kind = str(image.format)
                # Smaller first: turning and converting copy the whole picture. (Of a JPEG this
                # does not even unpack the full size.)
                image.thumbnail((MAX_SIDE, MAX_SIDE))
                upright = ImageOps.exif_transpose(image)
    except (
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as e:
        raise _refused() from e
    upright = upright.convert("RGB" if kind == "JPEG" else "RGBA")
    # Only pixels go on: a new image has none of the old one's info dictionary.
    clean = Image.new(upright.mode, upright.size)
    clean.paste(upright)
    out = io.BytesIO()
    clean.save(out, kind, **({"quality": 85} if kind != "PNG" else {}))
    mime, extension = FORMATS[kind]
    return Photo(out.getvalue(), mime, extension, clean.width, clean.height)


def keep(root: Path, photo: Photo) -> str:
    """Write a photo under its digest; return the path relative to ``root``. Twice is once."""
    name = f"{photo.sha256[:2]}/{photo.sha256[2:]}.{photo.extension}"
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        # Written aside and renamed: a reader never finds half a file.
        part = path.with_suffix(f".{secrets.token_hex(4)}.part")
        part.write_bytes(photo.data)
        part.replace(path)
    return name


def _refused() -> LindaError:
    return refusal("not_an_image")
