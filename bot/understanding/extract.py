"""All entities of a sentence, with overlaps settled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

import yaml

from bot.understanding.addresses import find_addresses
from bot.understanding.certificates import Certificate, find_certificates, load_certificates
from bot.understanding.contacts import find_persons, find_phones
from bot.understanding.gazetteer import LOCALITIES, Gazetteer, load_gazetteer
from bot.understanding.relations import find_relations
from bot.understanding.scripts import simplify
from bot.understanding.span import Span, overlaps_any
from bot.understanding.ticket_numbers import find_ticket_numbers
from bot.understanding.times import find_times
from bot.understanding.words import about_food, find_counts, find_diets, find_meals


@dataclass(frozen=True)
class Knowledge:
    """What a locality adds to the general rules."""

    gazetteer: Gazetteer
    certificates: dict[str, Certificate]
    sichuan: bool = False


def load_knowledge(locality: str | None = None) -> Knowledge:
    """Names and certificates of ``locality``, or of all localities when it is ``None``."""
    return Knowledge(
        load_gazetteer(locality), load_certificates(locality), _region(locality) == "sichuan"
    )


@lru_cache(maxsize=16)
def _region(locality: str | None) -> str | None:
    """The region whose words people use, from ``locality.yml``."""
    path = LOCALITIES / (locality or "") / "locality.yml"
    if not path.is_file():
        return None
    region: str | None = yaml.safe_load(path.read_text(encoding="utf-8")).get("region")
    return region


def extract_all(text: str, now: datetime, knowledge: Knowledge) -> list[Span]:
    """Every entity of ``text`` in order of speech.

    Where two finders claim the same words, the one whose words leave less doubt wins: numbers with
    a fixed form, then places, then times, then words from lists.
    """
    said, text = text, simplify(text)
    meals = find_meals(text)
    groups = (
        find_ticket_numbers(text),
        find_phones(text),
        find_certificates(text, knowledge.certificates),
        find_addresses(text, knowledge.gazetteer),
        find_times(text, now, meal=about_food(text) and bool(meals)),
        meals,
        find_diets(text),
        find_counts(text),
        find_relations(text, sichuan=knowledge.sichuan or None),
        # A name stays as it is written.
        [replace(s, value=said[s.start : s.end]) for s in find_persons(text)],
    )
    kept: list[Span] = []
    for spans in groups:
        kept.extend(s for s in spans if not overlaps_any(s.start, s.end, kept))
    as_said = (replace(s, text=said[s.start : s.end]) for s in kept)
    return sorted(as_said, key=lambda s: (s.start, s.end))
