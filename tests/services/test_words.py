"""Words that services say by name: both forms, and each of them said somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.channels import appointed, closing, joining, own_data
from services.tickets.core.states import State
from services.tickets.core.workflow import TRANSITIONS
from services.web.middlewares import HTTP_ERRORS
from services.words import PIECES, forms, piece, refusal, texts

SERVICES = Path(__file__).resolve().parents[2] / "services"
TICKET = {"title": "楼道灯", "ticket_no": "SQ-1", "due_text": "11月28日17:30"}
MOVED = {"due_before": "2026-11-27T17:30:00+08:00", "due_at": "2026-11-30T17:30:00+08:00"}


def test_each_form_is_said_and_gaps_are_filled() -> None:
    assert (piece("owner_open"), piece("owner_open", elder=True)) == ("承办单位", "办的人")
    assert piece("before_you", elder=True, before=3) == "前面还有3位，"
    assert piece("consent_given", name="忌口", who="本人") == "记忌口，本人同意"
    assert piece("near_day_today") == "今天", "what stands in words.yml is not written twice"
    with pytest.raises(KeyError):
        piece("nobody_wrote_this")
    with pytest.raises(KeyError):
        piece("before_you")


def test_a_refusal_has_its_code_and_its_sentence() -> None:
    error = refusal("too_large", 413, {"max_bytes": 1})
    assert (error.code, error.status, error.fields) == ("too_large", 413, {"max_bytes": 1})
    assert error.message == "照片太大了，最多10MB。请缩小一点或重拍一张。"
    with pytest.raises(KeyError):
        refusal("nobody_wrote_this")


def test_no_name_stands_in_both_files() -> None:
    names = [name for file in PIECES for name in forms(file)]
    assert len(names) == len(set(names))


def test_every_piece_is_said() -> None:
    code = "\n".join(p.read_text(encoding="utf-8") for p in SERVICES.rglob("*.py"))
    said = set(re.findall(r"""(?<!\w)(?:piece|refusal)\(\s*f?["']([\w.]+)""", code))
    said |= set(re.findall(r'Refusal\.said\(\s*"(\w+)"', code))
    said |= set(re.findall(r'Refusal\.said\([^)]*words="(\w+)"', code))
    everything = {name for file in PIECES for name in forms(file)}
    whole = {name for name in said if not name.endswith((".", "_"))}
    assert {n for n in whole if not {n, f"refused.{n}"} & everything} == set(), "said, not there"
    said |= {f"refused.{name}" for name in said}
    said |= set(re.findall(r'"(meal\.\w+)"', code))
    said |= {f"meal.{late}" for late in re.findall(r'"(late_\w+)"', code)}
    # Names that are put together: of what is known, none is missing.
    said |= {"due_meal", *(f"due_meal_{mode}" for mode in appointed.MODES)}
    said |= {f"purpose_{purpose}" for purpose in own_data.PURPOSES}
    said |= {f"channel_{channel}" for channel in (*joining.CHANNELS, "other")}
    states = {f"state.{name}" for name in (*State, "materials")}
    states |= {f"stands.{name}" for name in State}
    states |= {f"act.{line.action}" for line in TRANSITIONS if "resident" in line.roles}
    assert states <= forms("pieces").keys()
    states |= {name for name in forms("pieces") if name.startswith("asks.")}  # test_said.py
    states |= {f"http.{status}" for status in (*HTTP_ERRORS, "other")}
    states |= {f"length.{kind}{unit}" for kind in ("", "w") for unit in "mhd"}
    own = forms("pieces").keys() | forms("deadlines").keys()
    assert own - said - states == set()
    missing = [f"due_meal_{m}" for m in appointed.MODES] + [
        f"purpose_{p}" for p in own_data.PURPOSES
    ]
    assert [name for name in missing if name not in forms("pieces")] == []


@pytest.mark.parametrize(
    ("elder", "owner", "moved"),
    [
        (False, "承办单位", "原来说11月27日17:30前，现在改到11月30日17:30前。"),
        (True, "办的人", "原来11月27日17:30，现在改到11月30日17:30。"),
    ],
)
def test_what_fills_messages_is_said_in_the_form_of_the_letters(
    elder: bool, owner: str, moved: str
) -> None:
    facts = closing.facts_of(TICKET, MOVED, elder)
    assert (facts["owner"], facts["moved_line"]) == (owner, moved)
    assert facts["due_line"] == "11月28日17:30前给您答复。"


def test_parts_of_a_deadlines_reason_can_be_taken_apart() -> None:
    assert [
        n for n, words in forms("deadlines").items() if "；" in words[0] or len(words) > 1
    ] == []


def test_a_page_is_read_as_it_stands() -> None:
    assert texts("page")["resident"]["examples"][2] == "“居住证明找谁开？”"
    assert "resident.examples" not in forms("page") and "resident.promise" in forms("page")
