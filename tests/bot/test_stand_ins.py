"""What is kept of residents' words has stand-ins (docs/adr/0009): they must be read as what they stand for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from bot.components.entity_extractor import SHANGHAI
from bot.understanding.extract import extract_all, load_knowledge

NOW = datetime(2026, 11, 24, 10, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "text, kind, words, value",
    [
        ("我电话13000000000", "phone", "13000000000", "13000000000"),
        ("座机000-0000000，白天都在", "phone", "000-0000000", "0000000000"),
        ("我叫王某某，想问个事", "person", "王某某", "王某某"),
        ("我姓王", "person", "王", "王"),
        ("王大爷家漏水", "person", "王大爷", "王大爷"),
        ("查一下SQ-260101-00000-9", "ticket_no", "SQ-260101-00000-9", "SQ-260101-00000-9"),
        ("查询码000000", "ticket_no", "000000", "000000"),
        ("3号楼2单元000漏水", "address", "3号楼2单元000", ["building", "room", "unit"]),
        ("3-2-000漏水", "address", "3-2-000", ["building", "room", "unit"]),
    ],
)  # fmt: skip
def test_a_stand_in_is_read_as_its_kind(text: str, kind: str, words: str, value: Any) -> None:
    found = [s for s in extract_all(text, NOW, load_knowledge("qinghe")) if s.type == kind]
    assert [s.text for s in found] == [words]
    read = found[0].value
    assert (sorted(read) if isinstance(read, dict) else read) == value
