"""All entities of a sentence, with overlaps settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.understanding.addresses import find_addresses
from bot.understanding.certificates import Certificate, find_certificates, load_certificates
from bot.understanding.contacts import find_persons, find_phones
from bot.understanding.gazetteer import Gazetteer, load_gazetteer
from bot.understanding.span import Span, overlaps_any
from bot.understanding.ticket_numbers import find_ticket_numbers
from bot.understanding.times import find_times
from bot.understanding.words import (
    about_food,
    find_counts,
    find_diets,
    find_meals,
    find_relations,
)


@dataclass(frozen=True)
class Knowledge:
    """What a locality adds to the general rules."""

    gazetteer: Gazetteer
    certificates: dict[str, Certificate]


def load_knowledge(locality: str | None = None) -> Knowledge:
    """Names and certificates of ``locality``, or of all localities when it is ``None``."""
    return Knowledge(load_gazetteer(locality), load_certificates(locality))


def extract_all(text: str, now: datetime, knowledge: Knowledge) -> list[Span]:
    """Every entity of ``text`` in order of speech.

    Where two finders claim the same words, the one whose words leave less doubt wins: numbers with
    a fixed form, then places, then times, then words from lists.
    """
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
        find_relations(text),
        find_persons(text),
    )
    kept: list[Span] = []
    for spans in groups:
        kept.extend(s for s in spans if not overlaps_any(s.start, s.end, kept))
    return sorted(kept, key=lambda s: (s.start, s.end))
