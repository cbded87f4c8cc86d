"""Filed first: what is still open is asked for with the receipt, all at once and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.dialogue import load
from actions.forms import lacking, report
from actions.forms.draft import Draft
from actions.tickets import needed
from tests.actions.helpers import msg

WHERE, BUILDING = "在哪儿（小区、几号楼、几单元）", "几号楼、几单元"
HOURS, PHONE, PHOTO = "一般是几点到几点", "您的电话（上门前先打）", "方便的话拍张照片"
KNOWN: dict[str, Any] = {
    "address": {"community": "幸福小区", "building": "3"}, "address_text": "幸福小区3号楼",
    "place_status": "resolved", "place_missing": [],
}  # fmt: skip
COMPOUND: dict[str, Any] = {
    **KNOWN, "address": {"community": "幸福小区"}, "address_text": "幸福小区", "place_missing": ["building"],
}  # fmt: skip


def filed(leaf: str, skipped: tuple[str, ...] = (), **values: Any) -> list[str]:
    draft = Draft("report", "m0", skipped=skipped, outcome="submit", asked="place")
    draft = replace(
        draft, values={"leaf": leaf, "narrative": "有个事", "incomplete": True, **values}
    )
    body = report.to_ticket(draft, msg("先报上，后补"), "c1")
    return list(body.get("missing") or [])


@pytest.mark.parametrize(
    ("leaf", "values", "missing"),
    [
        ("H6", {}, [WHERE]),
        ("H7", {}, [WHERE, PHONE]),
        ("H7", {"phone": "13812345678"}, [WHERE]),
        ("H7", KNOWN, [PHONE]),
        ("H7", COMPOUND, [BUILDING, PHONE]),
        ("I2", {}, [WHERE, HOURS]),
        ("I2", {"narrative": "天天半夜放音乐"}, [WHERE]),
        ("I2", {**KNOWN, "occurred_text": "半夜"}, []),
        ("I12", {}, [WHERE, HOURS, PHOTO]),
        ("I12", {"attachments": ["p1"]}, [WHERE, HOURS]),
        ("I8", KNOWN, []),
        ("J7", {}, []),
    ],
)
def test_what_a_form_has_not_been_told_is_asked_for_at_once(
    leaf: str, values: dict[str, Any], missing: list[str]
) -> None:
    assert filed(leaf, **values) == missing


def test_what_the_resident_left_open_is_not_asked_for_again() -> None:
    assert filed("H7", ("contact",)) == [WHERE]
    assert filed("I2", ("occurred",), **KNOWN) == []


def test_a_whole_report_lacks_nothing() -> None:
    draft = Draft("report", "m0", values={"leaf": "H7", "narrative": "堵了", **KNOWN})
    assert "missing" not in report.to_ticket(draft, msg("对"), "c1")


def test_each_thing_is_of_the_kind_that_its_answer_is_read_as() -> None:
    kinds = {WHERE: "place", BUILDING: "place", HOURS: "time", PHONE: "phone", PHOTO: "photo"}
    assert {item: needed.kind_of(item) for item in kinds} == kinds
    rules = load("needed")["at_filing"]
    assert {*rules["fields"].values(), rules["photo"]["item"]} >= set(kinds)
    assert set(rules["fields"]) - {"building"} <= {f.name for f in report.FORM.fields}


def test_a_form_without_a_place_is_not_asked_where() -> None:
    draft = Draft("report", "m0", values={"leaf": "J7", "narrative": "x", "about": "x"})
    assert lacking.items(report.FORM, draft, msg("先报上"), somewhere=False)[:1] != [WHERE]
