"""Public test cases for Chinese times, numbers and phones, run against our rules.

The cases are in ``tests/bot/public_cases/`` (its README says where they are from). This module
reads and judges them; ``python -m tests.bot.public_cases`` prints the share per source and the
misses.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.understanding.contacts import find_phones
from bot.understanding.numbers import NUMBER, narrow, to_int
from bot.understanding.times import find_times

FOLDER = Path(__file__).resolve().parent / "public_cases"
#: What a case asks of a value; ``approx`` and a part of the day beside an hour are our own.
_ASKED = ("start", "end", "recur", "weekdays")


#: What was changed in a case, where the sources' conventions and ours differ.
RULES = {
    "either": "the source gives a past and a coming reading; each of them is right",
    "half": "a bare hour may be of either half of the day",
    "inclusive": "an end the source excludes is the day before",
    "whole": "“A to B” covers all of B, as contracts say of ranges",
    "named": "before, since and after: our value is the stretch that is named",
    "edge": "an open end: the day the source names is the value",
    "till": "until now or from now: today is the other end",
    "today": "the next days may begin today or tomorrow",
    "point": "a clock time is a point, not its minute or hour",
    "part": "a part of the day is the day and its name, not hours",
    "day": "what is counted in hours or minutes is the day it falls on",
    "habit": "the hour of a habit is not part of our value",
    "since": "since when: the source gives the length, we the days",
    "duration": "a length of time without since when is no time for us",
    "base": "the source's reference is a year (and month) only; a day of it was chosen",
    "coming": "a bare day of the month is the next to come",
    "list": "days of a list are times of their own",
    "extension": "the extension is not part of a number",
}
#: Why a case is left out.
REASONS = {
    "ambiguous": "the words alone mean something else as often (十一, 新年)",
    "bare": "a number without a word that says what it is",
    "base": "the reference time is none",
    "contract": "our contract has no value for it, or says otherwise (最近, 每月, 后1年)",
    "dup": "the same text with the same value is in another file",
    "era": "decades, centuries, reign years, years before 1900",
    "foreign": "day-month-year order, p.m., foreign telephone formats",
    "formal": "figures of cheques (壹佰)",
    "grain": "the source widens to the unit (三年后 is a whole year), we count to the day",
    "inside": "our pattern for numbers stands inside larger patterns and does not decide alone",
    "large": "ten thousand and more, of which no entity has need",
    "range": "lunar years before 2019, where our table begins",
    "seconds": "our values have no seconds",
    "sign": "signs and formulas",
    "source": "the source is wrong (lunar dates read as solar ones, 下旬 from the 11th) or contradicts itself",
    "terms": "solar terms hardly anybody makes a date with",
    "unit": "pairs and dozens",
    "vague": "how wide 年底, 月初 or a season is, is a convention",
    "written": "a way of writing that residents do not use",
    "year": "a day without a year: the source takes the calendar year, we the nearest",
}


@dataclass(frozen=True)
class Outcome:
    """How one case went: what was wanted, what our rules said."""

    case: dict[str, Any]
    right: bool
    got: str


def read(source: str) -> list[dict[str, Any]]:
    """All cases of ``source``, those that are left out as well."""
    lines = (FOLDER / f"{source}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _time(case: dict[str, Any]) -> tuple[bool, str]:
    spans = find_times(case["text"], datetime.fromisoformat(case["ref"]))
    got = " ".join(f"{s.text}={json.dumps(s.value)}" for s in spans)
    if "words" in case:
        return [s.text for s in spans] == case["words"], got
    if len(spans) != len(case["want"]):
        return False, got
    pairs = zip(spans, case["want"], strict=True)
    return all(any(_same(s.value, one) for one in options) for s, options in pairs), got


def _same(value: dict[str, Any], want: dict[str, Any]) -> bool:
    """Whether ``value`` says the days (and the part of the day, where asked) of ``want``."""
    keys = [k for k in _ASKED if k in value or k in want] + (["part"] if "part" in want else [])
    return all(value.get(k) == want.get(k) for k in keys)


def _phone(case: dict[str, Any]) -> tuple[bool, str]:
    got = [s.value for s in find_phones(case["text"])]
    return got == case["want"], str(got)


def _number(case: dict[str, Any]) -> tuple[bool, str]:
    got = [to_int(m.group()) for m in re.finditer(NUMBER, narrow(case["text"]))]
    return got == case["want"], str(got)


_JUDGES: dict[str, Callable[[dict[str, Any]], tuple[bool, str]]] = {
    "recognizers_time": _time,
    "jionlp_time": _time,
    "recognizers_phone": _phone,
    "jionlp_phone": _phone,
    "recognizers_number": _number,
}
SOURCES = tuple(_JUDGES)


def run(source: str) -> list[Outcome]:
    """Judge every case of ``source`` that is not left out."""
    judge = _JUDGES[source]
    taken = [case for case in read(source) if "left_out" not in case]
    return [Outcome(case, *judge(case)) for case in taken]


def report(source: str) -> str:
    """Share, what was left out by reason, and each miss on a line."""
    outcomes = run(source)
    right = sum(o.right for o in outcomes)
    left_out = Counter(case["left_out"] for case in read(source) if "left_out" in case)
    reasons = ", ".join(f"{reason} {n}" for reason, n in sorted(left_out.items()))
    lines = [
        f"{source}: {right} of {len(outcomes)} right ({right / len(outcomes):.1%}); "
        f"left out {sum(left_out.values())} ({reasons or '-'})"
    ]
    for outcome in (o for o in outcomes if not o.right):
        case = outcome.case
        want = case.get("words", case.get("want"))
        where = f"{Path(case['file']).stem} {case['case']}"
        lines.append(
            f"  {where} 「{case['text']}」 want {json.dumps(want, ensure_ascii=False)}"
            f" got {outcome.got or '-'}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    for name in sys.argv[1:] or SOURCES:
        sys.stdout.write(report(name) + "\n")
