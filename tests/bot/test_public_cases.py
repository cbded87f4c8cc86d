"""The share of public cases that our rules read right must not fall.

The floors lie one case below what was measured on 25 November 2026; a list of what is wrong:
``python -m tests.bot.public_cases``.
"""

import pytest

from tests.bot import public_cases

#: Cases that must be right, of how many.
FLOORS = {
    "recognizers_time": (178, 186),
    "jionlp_time": (212, 233),
    "recognizers_phone": (33, 36),
    "jionlp_phone": (1, 1),
    "recognizers_number": (26, 27),
}


@pytest.mark.parametrize("source", public_cases.SOURCES)
def test_share_of_public_cases(source: str) -> None:
    right, taken = FLOORS[source]
    outcomes = public_cases.run(source)
    assert len(outcomes) == taken, "cases were added or taken out: measure again"
    assert sum(o.right for o in outcomes) >= right, "\n" + public_cases.report(source)


def test_every_case_says_where_it_is_from_and_what_was_changed() -> None:
    for source in public_cases.SOURCES:
        for case in public_cases.read(source):
            assert case["file"] and case["case"] and case["text"]
            assert ("left_out" in case) != ("want" in case or "words" in case), case
            reasons = {case.get("left_out", "era"), *case.get("rules", [])}
            assert reasons <= public_cases.REASONS.keys() | public_cases.RULES.keys(), case
