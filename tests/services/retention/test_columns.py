"""Every column of every table is classified, and whatever is personal has somebody who clears it."""

from __future__ import annotations

import importlib
import pkgutil
from functools import reduce

import pytest

import services
from services.config import ROOT
from services.db import Base
from services.retention.columns import load_columns
from services.retention.rules import load_rules

PERSONAL = load_columns(ROOT / "data" / "personal.yml")
RULES = load_rules(ROOT / "data" / "retention.yml")


def tables() -> dict[str, list[str]]:
    """The columns of every table that any module of the services defines."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return {t.name: [c.name for c in t.columns] for t in Base.metadata.sorted_tables}


def test_every_column_of_every_table_is_classified_once() -> None:
    known = {name: sorted(columns) for name, columns in tables().items()}
    assert {name: sorted(columns.all) for name, columns in PERSONAL.tables.items()} == known


def test_whatever_belongs_to_a_person_has_a_time_at_which_it_goes() -> None:
    classes = {*RULES.classes, *PERSONAL.keepers}
    for name, columns in PERSONAL.tables.items():
        if columns.personal or columns.points:
            assert columns.kept in classes, name


def test_each_class_and_keeper_is_of_use() -> None:
    used = {c.kept for c in PERSONAL.tables.values()}
    # Dead and done rows of the outbox, and visits' notes, are one table in two classes.
    assert {*RULES.classes, *PERSONAL.keepers} - used == {"dead"}


def test_what_is_encrypted_is_named_so() -> None:
    for name, columns in PERSONAL.tables.items():
        assert all(c.endswith("_enc") for c in columns.sealed), name
        others = (*columns.said, *columns.points)
        assert not [c for c in others if c.endswith("_enc")], name


def test_every_keeper_names_who_clears_it() -> None:
    assert all(keeper.by for keeper in PERSONAL.keepers.values())


@pytest.mark.parametrize("name", sorted(PERSONAL.keepers))
def test_whoever_is_named_as_clearing_something_is_there(name: str) -> None:
    parts = PERSONAL.keepers[name].by.split(".")
    for length in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        assert callable(reduce(getattr, parts[length:], module))
        return
    pytest.fail(f"{name}: {PERSONAL.keepers[name].by} is not there")


def test_every_table_that_leads_to_a_person_is_in_their_copy_or_says_why_not() -> None:
    parts = [
        *PERSONAL.copied,
        *(t for part in PERSONAL.written.values() for t in part),
        *PERSONAL.not_copied,
    ]
    leads = {n for n, c in PERSONAL.tables.items() if c.personal or c.points}
    assert sorted(parts) == sorted(leads | {"audit_entries", "glass_openings", "consent"})
    assert all(PERSONAL.not_copied.values())


@pytest.mark.parametrize("name", sorted(PERSONAL.copied))
def test_what_is_copied_shows_every_column_in_which_a_person_may_stand(name: str) -> None:
    copied, columns = PERSONAL.copied[name], PERSONAL.tables[name]
    assert set(columns.personal) <= set(copied.shows)
    assert {*copied.shows, *copied.by} <= set(columns.all)
    phones = {column for column, kind in copied.by.items() if kind == "phone"}
    assert phones <= set(columns.sealed), "a number that is not encrypted would be looked up"
