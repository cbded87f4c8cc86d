"""What the interfaces for staff share: answers read off objects, pages with a cursor, keys of creations."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services import cursors
from services.errors import LindaError
from services.once import Once
from services.tickets.core.commands import digest_of
from services.web.keys import SERVICES, STAFF
from services.web.routing import idempotency_key

M = TypeVar("M", bound=BaseModel)
LARGEST = 2**31 - 1


class Answer(BaseModel):
    """An answer; what is not named in it is not told, whatever else the object has."""

    model_config = ConfigDict(from_attributes=True)


class Page(Answer):
    """Part of a list."""

    next_cursor: str | None = Field(None, description="下一页的 cursor；null：没有了")


class PageQuery(BaseModel):
    """Where a page begins and how long it is."""

    model_config = ConfigDict(extra="forbid")

    cursor: str | None = Field(None, max_length=200, description="上一页的 next_cursor")
    limit: int = Field(50, ge=1, le=200)

    @property
    def number(self) -> int | None:
        """The cursor of a list by number.

        Raises:
            LindaError: 400 ``bad_cursor``.
        """
        if not self.cursor:
            return None
        if not (self.cursor.isascii() and self.cursor.isdigit() and int(self.cursor) <= LARGEST):
            raise cursors.refused()
        return int(self.cursor)

    @property
    def moment(self) -> tuple[datetime, str] | None:
        """The cursor of a list by time and id.

        Raises:
            LindaError: 400 ``bad_cursor``.
        """
        return cursors.unpack(self.cursor) if self.cursor else None


def paged(rows: list[Any], limit: int) -> tuple[list[Any], Any | None]:
    """Return a page of rows, of which one more was asked for, and the last row when there are more."""
    return rows[:limit], rows[limit - 1] if len(rows) > limit else None


def once_of(request: web.Request, asked: Mapping[str, Any]) -> Once:
    """Return the request's ``Idempotency-Key``, which belongs to its sender and its path.

    Args:
        asked: What is asked for, as JSON values.

    Raises:
        LindaError: 400 ``idempotency_key_required``.
    """
    key = f"api:{request[STAFF].id}:{request.path}:{idempotency_key(request)}"
    return Once(key, digest_of(asked))


def made_id(request: web.Request) -> str:
    """Return an id for what a request makes: the same for the same key of the same person."""
    key = f"{request[STAFF].id}:{request.path}:{idempotency_key(request)}"
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def whole_number(request: web.Request, code: str, words: str) -> int:
    """Return the path's ``id`` as a number; what is none is not there (404)."""
    text = request.match_info["id"]
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise LindaError(code, words, 404)
    return int(text)


async def names_of(request: web.Request) -> Mapping[str, str]:
    """Return the names of staff by account."""
    return {s.id: s.name for s in await request.app[SERVICES].people.roster()}
