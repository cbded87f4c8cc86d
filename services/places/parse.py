"""Building, unit and room in plain text: a safety net beside the bot's own address reading."""

from __future__ import annotations

import re

from services.places.model import AddressValue
from services.places.numbers import NUMERAL, building_number, normal, room_number, unit_number

_DASHED = re.compile(r"(?<!\d)(\d{1,3})[-—–－](?:(\d{1,2})[-—–－])?(\d{3,4})(?!\d)")
_BUILDING = re.compile(rf"({NUMERAL}|[A-Za-z])(?:号楼|#楼|栋|幢|座|#)")
_UNIT = re.compile(rf"({NUMERAL})(?:单元|门洞)")
_ROOM = re.compile(r"(?:单元|栋|幢|楼|#)(?:\d{1,2}层|\d{1,2}楼)?(\d{3,4})(?:室|号房|号)?")

PARTS = ("community", "building", "unit", "floor", "room", "place")


def completed(value: AddressValue, text: str) -> dict[str, str]:
    """Return the address with numbers normalised, and what it lacks read from the text."""
    parts = {k: str(value[k]).strip() for k in PARTS if value.get(k)}
    read = _read(normal(text))
    merged = {**read, **parts}
    for key, clean in (
        ("building", building_number),
        ("unit", unit_number),
        ("room", room_number),
    ):
        if key in merged:
            merged[key] = clean(merged[key])
    return merged


def _read(text: str) -> dict[str, str]:
    if dashed := _DASHED.search(text):
        building, unit, room = dashed.groups()
        found = {"building": building, "unit": unit, "room": room}
        return {k: v for k, v in found.items() if v}
    patterns = (("building", _BUILDING), ("unit", _UNIT), ("room", _ROOM))
    return {key: m.group(1) for key, pattern in patterns if (m := pattern.search(text))}
