"""A copy with other values is what ``dataclasses.replace`` makes; documents go there and back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.tickets.core.frozen import changed
from services.tickets.core.states import State
from services.tickets.core.ticket import FIELD_NAMES, Ticket

AT = datetime(2026, 11, 26, 9, tzinfo=UTC)
TICKET = Ticket(ticket_no="SQ-261126-00001-0", state=State.ACTIVE, created_at=AT, paused_since=AT)


def test_other_values_and_nothing_else() -> None:
    values = {"state": State.CLOSED, "created_at": None}
    assert changed(TICKET, values) == replace(TICKET, state=State.CLOSED, created_at=None)
    assert TICKET.state is State.ACTIVE and changed(TICKET, {}) == TICKET


def test_an_unknown_field_is_an_error() -> None:
    with pytest.raises(TypeError, match="no fields \\['colour'\\]"):
        changed(TICKET, {"colour": "red"})


def test_a_document_there_and_back() -> None:
    doc = TICKET.to_doc()
    assert doc.keys() == FIELD_NAMES and doc["created_at"] == AT.isoformat()
    assert Ticket.from_doc(doc) == TICKET


def test_a_document_from_before_a_field_and_from_after() -> None:
    doc = TICKET.to_doc()
    del doc["whistles"]
    read = Ticket.from_doc({**doc, "of_tomorrow": 1})
    assert read == TICKET
    read.whistles.append({})
    assert Ticket().whistles == [] and Ticket.from_doc(doc).whistles == []
