"""What can be booked: days, notice, venues and the courses of a term."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import yaml

from services.catalogue import bookings
from services.catalogue.files import read
from services.catalogue.model import Bookable, ServiceFile
from services.clock import ZONE
from services.config import ROOT
from services.tickets.core.leaves import load_leaves

NOW = datetime(2026, 11, 24, 10, 5, tzinfo=ZONE)  # a Tuesday
LOCALITIES = sorted((ROOT / "data" / "localities").iterdir())
DIALOGUE = yaml.safe_load((ROOT / "data" / "dialogue" / "bookings.yml").read_text("utf-8"))
FORMS = DIALOGUE["bookings"]


def rules(leaf: str) -> Bookable:
    return read(ROOT / "data/localities/qinghe/services.yml", ServiceFile).services[leaf]


@pytest.mark.parametrize("folder", LOCALITIES, ids=lambda f: f.name)
def test_every_locality_says_how_each_bookable_leaf_is_booked(folder) -> None:  # type: ignore[no-untyped-def]
    services = read(folder / "services.yml", ServiceFile).services
    assert set(services) == set(FORMS)
    assert set(services) <= set(load_leaves(ROOT / "data" / "sla" / "leaves.yml"))
    for leaf, each in services.items():
        form = FORMS[leaf]
        ways = DIALOGUE["choices"]["transport"] if "transport" in form["ask"] else ()
        assert set(each.notes) <= {k["id"] for k in (*form.get("kinds", ()), *ways)}


@pytest.mark.parametrize(
    ("leaf", "day", "said", "following"),
    [
        ("E7", date(2026, 11, 29), "星期日不开", "最近能改到11月30日（星期一）"),
        ("C5", date(2026, 11, 24), "提前1天", "最近能改到11月25日（星期三）"),
        ("K2", date(2026, 11, 29), None, None),
    ],
)
def test_a_booking_is_moved_only_to_a_day_that_is_open(
    leaf: str, day: date, said: str | None, following: str | None
) -> None:
    reason = bookings.change_refusal(rules(leaf), day, NOW)
    if said is None or following is None:
        assert reason is None
    else:
        assert reason is not None and said in reason and following in reason


@pytest.mark.parametrize("folder", LOCALITIES, ids=lambda f: f.name)
def test_day_care_takes_so_many_new_elders_a_day(folder) -> None:  # type: ignore[no-untyped-def]
    care = read(folder / "services.yml", ServiceFile).services["C5"]
    assert len(care.parts) == 1 and care.places[care.parts[0]] >= 1


def test_without_a_day_nothing_is_open_or_closed() -> None:
    answer = bookings.options(rules("K2"), None, NOW)
    assert answer["open"] is None and answer["reason"] is None and answer["next_open"] is None
    assert [v["id"] for v in answer["venues"]][:1] == ["meeting"]


@pytest.mark.parametrize(
    ("leaf", "day", "said", "following"),
    [
        ("C6", date(2026, 11, 29), "星期日不开", "2026-11-30"),
        ("C6", date(2026, 11, 24), "提前1天", "2026-11-25"),
        ("C6", date(2026, 11, 23), "过去", "2026-11-25"),
        ("C10", date(2026, 11, 25), "星期三不开", "2026-11-26"),
    ],
)
def test_a_day_that_is_not_open_comes_with_the_reason_and_the_next(
    leaf: str, day: date, said: str, following: str
) -> None:
    answer = bookings.options(rules(leaf), day, NOW)
    assert answer["open"] is False and said in answer["reason"]
    assert answer["next_open"] == following


def test_too_far_ahead_there_is_no_other_day() -> None:
    day = NOW.date() + timedelta(days=bookings.DAYS_AHEAD + 1)
    answer = bookings.options(rules("K2"), day, NOW)
    assert "最多提前" in answer["reason"] and answer["next_open"] is None


def test_an_open_day() -> None:
    answer = bookings.options(rules("C6"), date(2026, 11, 25), NOW)
    assert answer["open"] is True and answer["reason"] is None and answer["next_open"] is None


def test_courses_of_a_term_that_is_over_are_not_offered_and_later_ones_say_when() -> None:
    courses = {c["id"]: c["schedule"] for c in bookings.options(rules("K2"), None, NOW)["courses"]}
    assert courses["calligraphy"] == "每周三 14:00-15:30"
    assert courses["erhu"].endswith("2027年3月1日开班")
    later = NOW.replace(year=2027, month=2, day=1)
    assert [c["id"] for c in bookings.options(rules("K2"), None, later)["courses"]] == ["erhu"]
