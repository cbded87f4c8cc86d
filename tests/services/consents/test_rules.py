"""What needs a separate consent, and what is left of an appointment without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.config import ROOT
from services.consents.rules import load_rules
from services.yaml_files import read_yaml

RULES = load_rules(ROOT / "data")


@pytest.mark.parametrize(("leaf", "order", "wanted"), [
    ("H6", None, []),
    ("C6", {"kind": "hair", "needs": ""}, []),
    ("C6", {"needs": "没电梯、要个男的"}, []),
    ("C6", {"needs": "没电梯、糖尿病"}, ["care_health"]),
    ("C1", {"diet": ["low_salt", "soft", "vegetarian"]}, []),
    ("C1", {"diet": ["low_salt", "diabetic"]}, ["meal_diet"]),
    ("C1", {"diet": ["halal"]}, ["meal_diet"]),
    ("F3", {"date": "2026-11-30"}, ["child"]),
])  # fmt: skip
def test_what_is_asked_for(leaf: str, order: dict[str, Any] | None, wanted: list[str]) -> None:
    assert RULES.wanted(leaf, order) == wanted


def test_only_what_is_sensitive_goes() -> None:
    order = {
        "date": "2026-11-25", "diet": ["diabetic", "low_salt"],
        "diets": [{"portions": 1, "diet": ["diabetic"]}, {"portions": 1, "diet": ["low_salt"]}],
    }  # fmt: skip
    assert RULES.without(order, "meal_diet") == {
        "date": "2026-11-25", "diet": ["low_salt"], "diets": [{"portions": 1, "diet": ["low_salt"]}],
    }  # fmt: skip
    assert RULES.without({"needs": "糖尿病", "part": "am"}, "care_health") == {"part": "am"}


def test_every_purpose_has_words_that_promise_how_long() -> None:
    read = {
        n: read_yaml((ROOT / f"data/texts/{n}.yml").read_text("utf-8"))
        for n in ("dialogue", "words")
    }
    said = [k for k, p in RULES.purposes.items() if not p.desk]
    texts = [read["words"][f"may_keep_{k}"] for k in said if not RULES.purposes[k].children]
    texts += [read["dialogue"][f"ask_consent_{k}"] for k in said if RULES.purposes[k].children]
    for text in (*texts, read["dialogue"]["ask_booking_health"]):
        assert "三年" in text["plain"] and "清除" in text["plain"], text
        assert "清除" in text["elder"], text


def test_a_promise_that_retention_does_not_keep_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "dialogue").mkdir()
    for name in ("dialogue/consents.yml", "retention.yml"):
        (tmp_path / name).write_text((ROOT / "data" / name).read_text(encoding="utf-8"), "utf-8")
    kept = tmp_path / "retention.yml"
    kept.write_text(kept.read_text("utf-8").replace("days: 1095", "days: 1825"), "utf-8")
    with pytest.raises(ValueError, match="narrative"):
        load_rules(tmp_path)
