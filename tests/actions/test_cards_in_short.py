"""A card in large-type mode: its own short sentences where it has them, else its words."""

from __future__ import annotations

from typing import Any

from actions import cards

CARD: dict[str, Any] = {
    "id": "C2", "name": "高龄津贴", "kind": "办事", "materials": ["身份证"], "valid": True,
    "summary": "年纪到了本地规定的岁数，多半是八十岁，可以领高龄津贴。", "where": "户籍地社区登记，街道审核。",
    "elder": {"summary": "多半八十岁可以领。", "where": None},
}  # fmt: skip


def test_the_short_sentences_are_said_and_shown_in_large_type_only() -> None:
    short = cards.card_text(CARD, elder=True)
    assert short.startswith("【高龄津贴】多半八十岁可以领。") and "要带：身份证" in short
    assert "户籍地社区登记，街道审核。" in short, "a part without a short form is said as it is"
    assert cards.card_data(CARD, elder=True)["lines"] == ["多半八十岁可以领。"]
    assert "本地规定的岁数" in cards.card_text(CARD)
    assert cards.card_data(CARD)["lines"] == [CARD["summary"]]


def test_a_card_without_them_is_read_in_its_own_words() -> None:
    plain = {**CARD, "elder": None}
    assert CARD["summary"] in cards.card_text(plain, elder=True)
    assert cards.card_data(plain, elder=True)["lines"] == [CARD["summary"]]
