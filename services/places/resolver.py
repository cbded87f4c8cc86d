"""From what was said to a place of the locality – or to the question that is missing. Pure.

The rule above all others: never a wrong place. A compound that is not ours stays unknown, also when
the resident's home is known; a building that the compound does not have stays unknown; what was
only guessed (from the home, from the building's number) comes back to be confirmed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.people.model import Home
from services.places.gazetteer import Gazetteer
from services.places.model import AddressValue, Building, Candidate, Compound, Resolution
from services.places.names import Named, find_compound, suggestions
from services.places.numbers import normal
from services.places.parse import completed

SURE = 0.8
"""From this confidence on a place counts as said; below it somebody has to confirm."""

FROM_HOME = 0.8
"""A building number without a compound, and the resident lives where there is such a building."""
ONLY_HOME = 0.6
"""Nothing was said but the home is known."""
BY_NICKNAME = 0.6
"""Only a building's nickname (筒子楼) was said."""
BY_NUMBER = 0.3
"""Only a building's number, and nothing is known of the resident."""
SIMILAR_NAME = 0.4
"""Ceiling of a suggestion by similar name."""

_MY_HOME = re.compile(r"(?:我|俺|咱|自己|自个儿?)们?(?:家|屋)(?!属)")


@dataclass(frozen=True)
class _Said:
    building: str | None
    unit: str | None
    room: str | None
    place: str | None
    text: str


def resolve(
    gazetteer: Gazetteer, value: AddressValue, text: str = "", home: Home | None = None
) -> Resolution:
    """Say which place an address means.

    Args:
        gazetteer: The locality's places.
        value: Normalised address of the NLU; may be empty, then only the text counts.
        text: The address or the whole message, verbatim.
        home: Where the resident lives, when known: it is proposed when no compound was named.
    """
    parts = completed(value, text)
    context = normal(f"{text} {parts.get('place', '')}")
    said = _Said(
        parts.get("building"), parts.get("unit"), parts.get("room"), parts.get("place"), context
    )
    named = find_compound(gazetteer, parts.get("community"), context)
    if named.matches:
        return _in_compounds(gazetteer, named, said)
    if named.unknown is not None:
        return _unknown(gazetteer, named.unknown)
    if nicknamed := _nicknamed(gazetteer, said.text):
        found = [_at(gazetteer, b, said, BY_NICKNAME) for b in nicknamed]
        return Resolution("ambiguous", () if len(found) == 1 else ("compound",), tuple(found))
    if home is not None and home.compound_id in gazetteer.compound and named.community is None:
        return _near_home(gazetteer, home, said)
    return _anywhere(gazetteer, named, said)


def _in_compounds(gazetteer: Gazetteer, named: Named, said: _Said) -> Resolution:
    """One compound was named, or a few that the name may mean."""
    if len(named.matches) == 1:
        compound, confidence = named.matches[0]
        return _in_compound(gazetteer, compound, said, confidence)
    found = []
    for compound, confidence in named.matches:
        building = _building(gazetteer, compound, said)
        if building is not None or said.building is None:
            found.append(_in(gazetteer, compound, building, said, min(confidence, 0.5)))
    if not found:
        return Resolution("unknown", ("building",), ())
    return Resolution("ambiguous", ("compound",), tuple(found))


def _in_compound(
    gazetteer: Gazetteer, compound: Compound, said: _Said, confidence: float
) -> Resolution:
    building = _building(gazetteer, compound, said)
    found = _in(gazetteer, compound, building, said, confidence)
    if building is None and said.building is not None:
        # 幸福小区 has no 99号楼: the compound stands, the building has to be asked again.
        return Resolution("unknown", ("building",), (found,))
    if building is None and said.place is None:
        return Resolution("ambiguous", ("building",), (found,))
    sure = found.confidence >= SURE
    return Resolution("resolved" if sure else "ambiguous", (), (found,))


def _near_home(gazetteer: Gazetteer, home: Home, said: _Said) -> Resolution:
    """No compound was named and the resident's home is known."""
    compound = gazetteer.compound[home.compound_id]
    if said.building is not None:
        building = _building(gazetteer, compound, said)
        if building is None:
            return _anywhere(gazetteer, Named(), said)
        found = _in(gazetteer, compound, building, said, FROM_HOME)
        return Resolution("resolved" if found.confidence >= SURE else "ambiguous", (), (found,))
    if said.place is not None:
        found = gazetteer.candidate(compound, None, None, None, ONLY_HOME)
        return Resolution("ambiguous", (), (found,))
    building = gazetteer.building.get(home.building_id or "")
    mine = _MY_HOME.search(said.text) is not None
    unit = said.unit or home.unit
    same_unit = said.unit is None or said.unit == home.unit
    room = said.room or (home.room if same_unit else None)
    found = gazetteer.candidate(compound, building, unit, room, FROM_HOME if mine else ONLY_HOME)
    if building is not None and not _has_unit(building, unit):
        return Resolution("unknown", ("building",), ())
    missing = () if building is not None else ("building",)
    return Resolution("resolved" if mine and building else "ambiguous", missing, (found,))


def _anywhere(gazetteer: Gazetteer, named: Named, said: _Said) -> Resolution:
    """No compound is known: those that have such a building, or the question which one."""
    compounds = [
        c
        for c in gazetteer.compounds
        if named.community is None or c.community_id == named.community.id
    ]
    if said.building is None:
        return Resolution("unknown", ("compound",) if said.place else ("compound", "building"), ())
    found = [
        _at(gazetteer, building, said, BY_NUMBER)
        for compound in compounds
        if (building := _building(gazetteer, compound, said)) is not None
        and _has_unit(building, said.unit)
    ]
    if not found:
        return Resolution("unknown", ("compound", "building"), ())
    return Resolution("ambiguous", ("compound",), tuple(found))


def _unknown(gazetteer: Gazetteer, name: str) -> Resolution:
    found = [
        gazetteer.candidate(compound, None, None, None, round(alike * SIMILAR_NAME, 2))
        for compound, alike in suggestions(gazetteer, name)
    ]
    return Resolution("unknown", ("compound",), tuple(found))


def _building(gazetteer: Gazetteer, compound: Compound, said: _Said) -> Building | None:
    if said.building is not None:
        return gazetteer.find_building(compound.id, said.building)
    return next((b for b in _nicknamed(gazetteer, said.text) if b.compound_id == compound.id), None)


def _nicknamed(gazetteer: Gazetteer, text: str) -> list[Building]:
    return [b for b in gazetteer.buildings if any(normal(a) in text for a in b.aliases)]


def _at(gazetteer: Gazetteer, building: Building, said: _Said, confidence: float) -> Candidate:
    return _in(gazetteer, gazetteer.compound[building.compound_id], building, said, confidence)


def _in(
    gazetteer: Gazetteer,
    compound: Compound,
    building: Building | None,
    said: _Said,
    confidence: float,
) -> Candidate:
    """Return the place; a unit that the building does not have is left out and to be confirmed."""
    unit, room = said.unit, said.room
    if building is not None and not _has_unit(building, unit):
        unit, room, confidence = None, None, min(confidence, 0.5)
    return gazetteer.candidate(compound, building, unit, room, confidence)


def _has_unit(building: Building, unit: str | None) -> bool:
    return unit is None or not unit.isdigit() or 1 <= int(unit) <= building.units
