"""Forms of actions: what is typed becomes the payload, and nothing typed is lost."""

from __future__ import annotations

import pytest
from multidict import MultiDict

from services.errors import LindaError
from services.tickets.core.workflow import TRANSITIONS
from services.web.console import forms

FIELDS = [
    {"name": "days", "type": "number"},
    {"name": "items", "type": "items"},
    {"name": "orgs", "type": "orgs"},
    {"name": "done_at", "type": "time"},
    {"name": "persuaded", "type": "flag"},
    {"name": "reason", "type": "text"},
]


def test_payload_has_the_types_of_the_workflow() -> None:
    form = MultiDict(
        [("days", "3"), ("items", "身份证\n\n 户口簿 "), ("orgs", "water"), ("orgs", "property"),
         ("done_at", "2026-11-24T09:30"), ("persuaded", "on"), ("reason", "  等配件 "),
         ("version", "4"), ("other", "x")]
    )  # fmt: skip
    assert forms.payload(FIELDS, form) == {
        "days": 3, "items": ["身份证", "户口簿"], "orgs": ["water", "property"],
        "done_at": "2026-11-24T09:30:00+08:00", "persuaded": True, "reason": "等配件",
    }  # fmt: skip


def test_empty_fields_are_left_to_the_guard() -> None:
    assert forms.payload(FIELDS, MultiDict([("reason", " "), ("days", "")])) == {}


@pytest.mark.parametrize("bad", [("days", "三"), ("done_at", "明天")])
def test_unreadable_values_are_named(bad: tuple[str, str]) -> None:
    with pytest.raises(LindaError) as refused:
        forms.payload(FIELDS, MultiDict([bad]))
    assert bad[1] in refused.value.message


def test_options_of_the_workflow_table_have_chinese_labels() -> None:
    fields = [vars(f) for t in TRANSITIONS for f in t.fields if f.options]
    assert fields
    for field in fields:
        [(_, pairs)] = forms.groups(field, {})
        assert all(any("一" <= c <= "鿿" for c in label) for _, label in pairs), field["name"]
