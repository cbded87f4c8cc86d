"""项目校读: what the project has read in which words, and that the shipped words are all of them read."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from services.config import Settings
from services.context import build
from services.reviews.model import Item
from services.reviews.readings import (
    Reading,
    Readings,
    chosen,
    load_readings,
    record,
    unknown,
    words_of,
)

DAY, LATER = date(2026, 11, 27), date(2026, 12, 1)


def item(key: str, words: str = "打110。") -> Item:
    kind = "safety" if key.startswith("safety") else "card"
    return Item(key, kind, key, "street", (("lines", (words,)),))  # type: ignore[arg-type]


A, B, CRISIS = item("card-A1"), item("card-A2"), item("safety-J5")
ALL = [A, B, CRISIS]


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
async def test_the_shipped_words_were_read_as_they_are(locality: str, tmp_path: Path) -> None:
    """After an edit: read the words (``--words KEY``), then ``linda catalog reviews --read KEY``."""
    services = build(Settings(locality=locality, var_dir=tmp_path))
    try:
        due = services.reviews.readings.due(services.reviews.items())
    finally:
        await services.close()
    left = sorted({i.key for items in due.values() for i in items})
    names = " ".join(left)
    assert not left, (
        f"read again: python -m services.cli catalog reviews --words {names}; then --read {names}"
    )


def test_other_words_are_changed_and_the_old_ones_are_read_again() -> None:
    known = Readings(by="项目校读", read={A.key: Reading(words=words_of(A), day=DAY)})
    assert known.state(A) == "read" and known.state(B) == "unread"
    assert known.state(item(A.key, "打119。")) == "changed"
    assert known.due([item(A.key, "打119。"), B]) == {
        "changed": [item(A.key, "打119。")], "unread": [B],
    }  # fmt: skip
    assert known.due([A]) == {}


def test_a_locality_without_the_file_has_been_read_by_nobody(tmp_path: Path) -> None:
    assert load_readings(tmp_path).due(ALL) == {"unread": ALL}


def test_only_what_is_named_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "readings.yml"
    path.write_text("# 校读\nby: 项目校读\nread: {}\n", encoding="utf-8")
    assert record(tmp_path, ALL, ["card-A2"], DAY) == [B]
    assert load_readings(tmp_path).due(ALL) == {"unread": [A, CRISIS]}
    assert record(tmp_path, ALL, ["card"], LATER) == [A, B]
    known = load_readings(tmp_path)
    assert known.by == "项目校读" and known.due(ALL) == {"unread": [CRISIS]}
    assert {r.day for r in known.read.values()} == {LATER}
    assert path.read_text("utf-8").startswith("# 校读\n")
    record(tmp_path, [B, CRISIS], ["safety-J5"], LATER)
    assert list(load_readings(tmp_path).read) == ["card-A2", "safety-J5"], "what is gone is dropped"


def test_texts_are_named_by_key_or_kind() -> None:
    assert chosen(ALL, ["safety", "card-A1"]) == [A, CRISIS]
    assert unknown(ALL, ["safety", "card-A1", "card-Z9"]) == ["card-Z9"]


def test_digits_alone_stay_words(tmp_path: Path) -> None:
    """A digest that looks like a number is still read as one written."""
    (tmp_path / "readings.yml").write_text(
        'by: 项目校读\nread:\n  card-A1: {words: "1234567890123456", day: 2026-11-27}\n', "utf-8"
    )
    assert load_readings(tmp_path).state(A) == "changed"
