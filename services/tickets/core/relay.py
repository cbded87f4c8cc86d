"""The office's own number, by which a resident is rung up without anybody seeing theirs. Pure but for loading.

Who has the call to make dials the office's number and gives the code of the ticket; the switchboard
knows whose it is. Which number that is and how long a code it takes is the place's (``relay`` of
``locality.yml``); a place without one has none, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from services.yaml_files import read_yaml

LONGEST = 12
"""Digits of a ticket number: no code has more."""


@dataclass(frozen=True)
class Relay:
    """The switchboard of a place.

    Attributes:
        number: What is dialled.
        digits: So many of the ticket number's last digits are the code; fewer are told apart less well.
        extension: What is pressed first, if anything.
        note: When somebody answers and what else to know.
    """

    number: str
    digits: int = LONGEST
    extension: str = ""
    note: str = ""

    def code(self, ticket_no: str) -> str:
        """Return the code of a ticket.

        >>> Relay("0439-1", 6).code("SQ-261124-00427-3")
        '004273'
        """
        return "".join(c for c in ticket_no if c.isdigit())[-self.digits :]

    def answer(self, ticket_no: str) -> dict[str, str]:
        """Return all that who rings has to know."""
        return {
            "number": self.number,
            "extension": self.extension,
            "code": self.code(ticket_no),
            "note": self.note,
        }


def load_leaders(path: Path) -> tuple[str, ...]:
    """Read who leads the street (``duty.leaders`` of a ``locality.yml``); empty: nobody is written down."""
    data: Mapping[str, Any] = read_yaml(path.read_text(encoding="utf-8"))
    return tuple(str(one["name"]) for one in (data.get("duty") or {}).get("leaders") or ())


def load_relay(path: Path) -> Relay | None:
    """Read ``relay`` of a ``locality.yml``; ``None``: the place has no such number.

    Raises:
        ValueError: Without a number, or with a code of no or too many digits.
    """
    try:
        data: Mapping[str, Any] = read_yaml(path.read_text(encoding="utf-8"))
        given = data.get("relay")
        if not given:
            return None
        given = dict(given)
        digits = int(given.pop("digits", LONGEST))
        found = Relay(digits=digits, **{k: str(v).strip() for k, v in given.items()})
        if not found.number or not 1 <= digits <= LONGEST:
            raise ValueError(f"要写号码（number），工单号取几位（digits）是1到{LONGEST}")
        return found
    except (OSError, TypeError, AttributeError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"总机转接（relay）有误：{path.name}：{error}") from error
