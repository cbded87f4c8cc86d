"""``docs/cards.md`` says what the cards rest on, and does not fall behind them."""

from __future__ import annotations

import re

from services.catalogue.files import read
from services.catalogue.model import Card, CardFile
from services.catalogue.overview import LOCAL, table
from services.config import ROOT

DOCUMENT = (ROOT / "docs" / "cards.md").read_text("utf-8")


def cards() -> list[Card]:
    files = sorted((ROOT / "data" / "catalogue").glob("*.yml"))
    return sorted(
        (card for file in files for card in read(file, CardFile).cards),
        key=lambda card: (card.id[0], int(card.id[1:])),
    )


def test_the_table_in_the_document_is_the_one_of_the_cards() -> None:
    assert table(cards()) in DOCUMENT


def test_every_national_document_says_how_it_was_checked() -> None:
    stated = re.findall(
        r"^\| (.+?) \| (?:text read|read for the field study|reports only|not read) \|",
        DOCUMENT,
        re.M,
    )
    cited = {s.title for card in cards() for s in card.sources if s.title != LOCAL}
    assert set(stated) == cited and len(stated) == len(cited)


def test_a_row_keeps_national_and_local_apart() -> None:
    rows = table(cards()).splitlines()
    row = next(line for line in rows if line.startswith("| C2 "))
    assert row == (
        "| C2 高龄津贴 | 中华人民共和国老年人权益保障法 第三十三条 | 本地高龄津贴办法 | yes |"
    )
