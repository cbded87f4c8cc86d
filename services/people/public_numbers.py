"""Numbers that a locality has published: offices, hotlines, the duty phone. Nobody's own, so never masked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.people.masking import digits
from services.yaml_files import read_yaml


def public_numbers(locality: Path) -> frozenset[str]:
    """Return the digits of every number that residents are told to call.

    Accounts, leaders on duty and elders are people: theirs are not among them.

    Raises:
        OSError: A file is missing.
        yaml.YAMLError: It is broken.
    """
    return frozenset(digits(str(phone)) for phone in _phones(locality) if phone)


def _phones(locality: Path) -> Iterator[Any]:
    def data(name: str) -> Any:
        return read_yaml((locality / name).read_text(encoding="utf-8"))

    yield from (office.get("phone") for office in data("orgs.yml")["orgs"])
    yield from (hotline["phone"] for hotline in data("hotlines.yml")["numbers"].values())
    yield from (entry.get("phone") for entry in data("information.yml")["entries"])
    place = data("locality.yml")
    yield place["duty"]["phone"]
    yield (place.get("relay") or {}).get("number")
