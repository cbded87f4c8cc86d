"""A card in large-type mode: its own short sentences where it has them, else its words."""

from __future__ import annotations

from typing import Any

from actions.knowledge import cards

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


def test_whom_it_is_for_and_from_when_to_when_it_counts_is_said() -> None:
    card = {
        **CARD, "who": "八十岁以上的老人。", "valid_from": "2026-01-01", "valid_to": "2027-12-31",
        "sources": [{"title": "老年人权益保障法", "ref": "第三十三条"},
                    {"title": "本地办事指南", "ref": "本地高龄津贴办法"}],
    }  # fmt: skip
    words = cards.card_text(card)
    assert "谁能办：八十岁以上的老人\n" in words
    assert "《老年人权益保障法》第三十三条；本地高龄津贴办法（本地规定，还要问准）" in words
    assert "2026-01-01到2027-12-31" in words and "《本地办事指南》" not in words
    assert "以当地窗口为准" in words, "also of a card that nothing says to confirm locally"
    assert "到另有通知" in cards.card_text({**card, "valid_to": None})
