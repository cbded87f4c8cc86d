"""What somebody said together – how to reach them, an order, a paper – stands in the timeline in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from services.tickets.core.workflow import TRANSITIONS
from services.web.console import present

EXAMPLES: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "reporter": (
        {"role": "self", "name": None, "phone": "139****1234", "contact_pref": "下午打"},
        "联系方式：139****1234，下午打",
    ),
    "appointment": (
        {
            "what": "老年餐",
            "date": "2026-11-30",
            "meal": "lunch",
            "portions": 2,
            "mode": "delivery",
        },
        "约定：2026-11-30 午饭 2 份；老年餐",
    ),
    "certificate": (
        {"code": "residence", "name": "居住证明", "purpose": "孩子上学"},
        "证明：居住证明；孩子上学",
    ),
}
TOGETHER = {
    (line.event, field.name)
    for line in TRANSITIONS
    for field in line.fields
    if field.type == "facts"
}


@pytest.mark.parametrize(("event", "name"), sorted(TOGETHER))
def test_facts_that_belong_together_are_said_in_words(event: str, name: str) -> None:
    """Each field of the workflow that holds several facts has an example here, so none is forgotten."""
    value, words = EXAMPLES[name]
    view = {
        "type": event,
        "at": "11:00",
        "actor": {"name": "居民"},
        "text": "",
        "data": {name: value},
    }
    assert present.event(view)["detail"] == words


def test_of_a_contact_that_was_only_kept_nothing_is_said() -> None:
    view = {
        "type": "amended", "at": "11:00", "actor": {"name": "居民"}, "text": "居民更正",
        "data": {"text": "是5号楼", "reporter": {"role": "self", "name": None, "phone": None}},
    }  # fmt: skip
    assert present.event(view)["detail"] == "说明：是5号楼"
