"""The forms of actions: from what ``allowed_actions`` asks for to inputs, and back to a payload."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from aiohttp import BodyPartReader, web
from multidict import MultiDict, MultiMapping

from services.clock import ZONE
from services.context import Services
from services.errors import LindaError
from services.people.model import Staff
from services.places.numbers import building_name
from services.tickets.core.workflow import DOERS

FieldSpec = Mapping[str, Any]
"""``{name, label, type, required, options}`` of :meth:`TicketService.allowed_actions`."""

Keep = Callable[[AsyncIterator[bytes]], Awaitable[str]]
"""Stores an uploaded photo and returns its id."""

MAX_PHOTOS = 6
"""Photos one form takes; each has its own limit of size."""

MAX_TEXT = 64 * 1024
"""Bytes of all text parts of a form together."""

MAX_FIELDS = 100
"""Fields and photos of one form; none of ours has half as many."""

CHUNK = 64 * 1024


async def read_form(request: web.Request, keep: Keep) -> MultiDict[str]:
    """Return the fields of a form; photos are stored at once and appear as their ids.

    A multipart body is read part by part: photos may be larger than any body that aiohttp would
    collect in memory for us.

    Raises:
        LindaError: 413 ``too_large``, 400 ``bad_multipart``, and what ``keep`` refuses.
    """
    if not request.content_type.startswith("multipart/"):
        return MultiDict((k, v) for k, v in (await request.post()).items() if isinstance(v, str))
    form: MultiDict[str] = MultiDict()
    photos, left = 0, MAX_TEXT
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or not part.name:
                continue
            if len(form) >= MAX_FIELDS:
                raise LindaError("too_large", "这张表的内容太多了。", 413)
            if part.filename is None:
                left -= len(text := await _text(part, left))
                form.add(part.name, text.decode("utf-8", "replace"))
            elif part.filename and (photos := photos + 1) <= MAX_PHOTOS:
                form.add(part.name, await keep(_chunks(part)))
    except ValueError as error:
        raise LindaError("bad_multipart", "上传的内容不完整，请再试一次。", 400) from error
    return form


async def _text(part: BodyPartReader, most: int) -> bytes:
    """Read a part of text; it is given up as soon as it is too long, not collected first."""
    text = bytearray()
    async for chunk in _chunks(part):
        text += chunk
        if len(text) > most:
            raise LindaError("too_large", "写得太长了，请精简一些。", 413)
    return bytes(text)


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(CHUNK):
        yield chunk


def whole_number(text: str) -> int:
    """Return a number of an address or a hidden field; 0, which nothing has, for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise LindaError("invalid_fields", f"“{text}”不是整数。", 422) from None


def _time(text: str) -> str:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise LindaError("invalid_fields", f"“{text}”不是时间。", 422) from None
    # A browser's datetime-local has no zone: people here mean Beijing time.
    return (time if time.tzinfo else time.replace(tzinfo=ZONE)).isoformat()


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


READERS: Mapping[str, Callable[[str], Any]] = {
    "number": _int,
    "time": _time,
    "items": _lines,
    "flag": lambda text: text == "on",
}
"""Type of a field → how its text is read; any other type stays text."""

MANY = frozenset({"orgs", "attachments"})
"""Types whose input may be there several times."""


def payload(fields: Sequence[FieldSpec], form: MultiMapping[str]) -> dict[str, Any]:
    """Return the action's payload; what was left empty is left out, so that the guard names it.

    Raises:
        LindaError: 422 ``invalid_fields`` when a number or time cannot be read.
    """
    values: dict[str, Any] = {}
    for field in fields:
        name, kind = field["name"], field.get("type", "text")
        given = [text for v in form.getall(name, []) if (text := v.strip())]
        if not given:
            continue
        values[name] = given if kind in MANY else READERS.get(kind, str)(given[0])
    return values


async def resolve_places(
    services: Services, fields: Sequence[FieldSpec], values: dict[str, Any]
) -> None:
    """Put the place that a chosen building means into the payload (a candidate of the resolver).

    Raises:
        LindaError: 422 ``place_unknown`` when the building is not one of the locality.
    """
    for field in fields:
        if field.get("type") != "place" or field["name"] not in values:
            continue
        compound_id, _, building_id = values[field["name"]].partition("/")
        found = await services.places.locate(compound_id, building_id or None)
        if found is None:
            raise LindaError("place_unknown", "没有这个地点，请重新选择。", 422)
        values[field["name"]] = asdict(found)


Choice = tuple[str, str]
Choices = Mapping[str, Sequence[tuple[str, Sequence[Choice]]]]
"""Type of a field → groups of choices: ``(group name or "", [(value, label)])``."""


async def locality_choices(services: Services, fields: Sequence[FieldSpec]) -> Choices:
    """Return the choices that the locality's own data give to fields of these types."""
    wanted = {field.get("type", "text") for field in fields if not field.get("options")}
    made: dict[str, Sequence[tuple[str, Sequence[Choice]]]] = {}
    if wanted & {"org", "orgs"}:
        made["org"] = made["orgs"] = [("", [(o.id, o.name) for o in services.people.orgs()])]
    if "risk" in wanted:
        kinds = services.tickets.rules.risks
        made["risk"] = [("", [(code, kind.name) for code, kind in kinds.items()])]
    if "leader" in wanted and services.tickets.leaders:
        made["leader"] = [("", [(name, name) for name in services.tickets.leaders])]
    if "leaf" in wanted:
        made["leaf"] = [("", [(c.id, f"{c.id} {c.name}") for c in services.catalogue.cards()])]
    if "certificate" in wanted:
        kinds_here = services.catalogue.certificates()
        made["certificate"] = [("", [(i.name, i.name) for i in kinds_here])]
    if "person" in wanted:
        made["person"] = _by_unit(services, await services.people.roster())
    if "place" in wanted:
        made["place"] = [
            (c["name"], [
                (c["id"], f"{c['name']}（不知道几号楼）"),
                *((f"{c['id']}/{b['id']}", f"{c['name']}{building_name(b['number'])}") for b in c["buildings"]),
            ])
            for c in (await services.places.listing())["compounds"]
        ]  # fmt: skip
    return made


def _by_unit(services: Services, staff: Sequence[Staff]) -> Sequence[tuple[str, Sequence[Choice]]]:
    """Return those who do work (办理), under the unit they belong to, in the units' order."""
    units: dict[str, list[Choice]] = {}
    for person in staff:
        if person.role in DOERS:
            label = f"{person.name}（{person.role_name}）"
            units.setdefault(person.org_id, []).append((person.id, label))
    return [(o.name, units[o.id]) for o in services.people.orgs() if o.id in units]


def groups(field: FieldSpec, locality: Choices) -> Sequence[tuple[str, Sequence[Choice]]]:
    """Return the choices of a field, its own before those of the locality."""
    options = field.get("options")
    if not options:
        return locality.get(field.get("type", "text"), [])
    pairs = options.items() if isinstance(options, Mapping) else [_pair(o) for o in options]
    return [("", [(str(value), str(label)) for value, label in pairs])]


def _pair(option: Any) -> Choice:
    if isinstance(option, Mapping):
        return str(option["value"]), str(option["label"])
    return str(option), str(option)
