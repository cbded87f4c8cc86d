"""Each of the State's twenty kinds that no community issues is refused in a conversation that checks all.

The conversations are held by test_conversations.py; here only which kinds they show is looked at.
"""

from __future__ import annotations

import pytest
import yaml

from tests.conversation import Conversation, read_all
from tests.stack import ROOT

POLICY = ROOT / "data" / "localities" / "qinghe" / "certificates.yml"
KINDS = {
    int(item["no"]): item["name"]
    for item in yaml.safe_load(POLICY.read_text("utf-8"))["items"]
    if item["allowed"] is False
}
REFUSED = "journeys/certificate/refused"
CONVERSATIONS = [c for c in read_all() if isinstance(c, Conversation) and REFUSED in c.covers]


def test_there_are_twenty() -> None:
    assert sorted(KINDS) == list(range(1, 21))


@pytest.mark.parametrize("no", KINDS)
def test_a_conversation_refuses_the_kind_and_checks_everything(no: int) -> None:
    """Words: the rule, the way, the sheet; nobody is called; nothing of a form is asked."""
    shown = [
        c
        for c in CONVERSATIONS
        if c.checks_all and c.handoff == "none" and any(_refuses(turn.has, no) for turn in c.turns)
    ]
    assert shown, KINDS[no]


def _refuses(said: tuple[str, ...], no: int) -> bool:
    rule = {"社区不能开", KINDS[no], "民发〔2020〕20号", "《不予出具告知单》"} <= set(said)
    return rule and len(said) > 4  # and where instead


def test_units_that_demanded_one_are_recorded() -> None:
    recorded = [c for c in CONVERSATIONS if "certificate.demanded_by" in (c.ticket or {})]
    assert len(recorded) >= 10
    assert all((c.ticket or {})["confidential"] is True for c in recorded)
