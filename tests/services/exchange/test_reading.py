"""What a line means: what will be filed, every doubt, every refusal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.clock import ZONE
from services.config import Settings
from services.exchange.mapping import Platform, load_mappings
from services.exchange.reading import Draft, Known, read_row
from services.exchange.sheet import Row
from services.places.model import Resolution
from services.tickets.core.leaves import load_leaves
from services.tickets.core.states import State
from tests.services.conftest import NOW
from tests.services.exchange.conftest import HEADS, changed

DATA = Settings.model_fields["data_dir"].default
DUE = datetime(2026, 11, 27, 18, 0, tzinfo=ZONE)
UNKNOWN = Resolution("unknown", ("compound",), ())


@pytest.fixture(scope="module")
def platform() -> Platform:
    return load_mappings(DATA / "exchange", load_leaves(DATA / "sla" / "leaves.yml"))["city"]


def read(platform: Platform, known: dict[str, Known] | None = None, **cells: Any) -> Draft:
    named = {h: v for h, v in zip(HEADS, changed(**cells), strict=True) if v}
    return read_row(Row(2, named), platform, lambda _: UNKNOWN, known or {}, {}, NOW)


def test_a_line_becomes_a_request(platform: Platform) -> None:
    request = read(platform).request
    assert request["channel"] == "import12345" and request["leaf"] == "H6"
    assert request["contact"] == {"name": "张建国", "phone": "13812345678"}
    assert request["occurred_text"] == "上级平台2026-11-24 09:00受理"


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"工单编号": ""}, "没有工单编号"),
        ({"工单编号": "2.02611E+15"}, "设成文本"),
        ({"工单编号": "工单一"}, "不像编号"),
        ({"诉求内容": ""}, "没有诉求内容"),
        ({"诉求内容": "灯" * 5001}, "超过5000字"),
    ],
)
def test_what_cannot_be_filed_says_why(
    platform: Platform, cells: dict[str, str], words: str
) -> None:
    draft = read(platform, **cells)
    assert draft.verdict == "refuse" and words in "；".join(draft.notes) and not draft.request


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"诉求分类": "外星事务"}, "“外星事务”不在对照表里"),
        ({"联系电话": "1.38E+10"}, "联系电话看着不对"),
        ({"联系电话": "电话没记"}, "联系电话看着不对"),
        ({"联系电话": "", "来电人": ""}, "没有来电人的联系方式"),
        ({"事发地址": ""}, "没有地址"),
        ({"受理时间": "前天"}, "“前天”认不出来"),
        ({"受理时间": "2027-01-01"}, "受理时间在以后"),
        ({"受理时间": "1900-01-05"}, "年份不对"),
        ({"办结时限": "2026-11-20"}, "已经过了"),
        ({"工单编号": "202611240010000000"}, "可能被表格软件改过"),
    ],
)
def test_a_doubt_is_said_and_the_line_still_filed(
    platform: Platform, cells: dict[str, str], words: str
) -> None:
    draft = read(platform, **cells)
    assert draft.verdict == "doubt" and words in "；".join(draft.notes) and draft.request


@pytest.mark.parametrize(
    "text", ["2026/11/24 09:00", "2026年11月24日 09:00", "20261124090000", "46350.375"]
)
def test_times_in_the_forms_that_platforms_write(platform: Platform, text: str) -> None:
    draft = read(platform, 受理时间=text)
    assert draft.request["occurred_text"] == "上级平台2026-11-24 09:00受理"


@pytest.mark.parametrize("text", ["13812345678.0", "138 1234 5678", "1.3812345678E10"])
def test_a_phone_that_a_program_has_bent_is_read(platform: Platform, text: str) -> None:
    assert read(platform, 联系电话=text).request["contact"]["phone"] == "13812345678"


@pytest.mark.parametrize(
    ("state", "status", "words"),
    [
        (State.ACTIVE, "办理中", ""),
        (State.ACTIVE, "已办结", "上级写“已办结”，我们这里是“办理中”"),
        (State.ACTIVE, "搁置", "没有这个状态"),
    ],
)
def test_an_order_that_is_known_is_left_alone_and_differences_are_said(
    platform: Platform, state: State, status: str, words: str
) -> None:
    draft = read(platform, {"BJ20261124001": Known("SQ1", state, DUE)}, 工单状态=status)
    said = "；".join(draft.notes)
    assert draft.verdict == "known" and not draft.request
    assert "不改动" in said and words in said
    assert words or "不一样" not in said


@pytest.mark.parametrize(
    ("state", "known", "verdict"),
    [
        (State.ACTIVE, DUE, "known"),
        (State.ACTIVE, None, "due"),
        (State.SUSPENDED, DUE - timedelta(days=1), "due"),
        (State.RESOLVED, None, "known"),
        (State.CLOSED, DUE - timedelta(days=1), "known"),
    ],
)
def test_another_date_of_a_known_order_that_runs_is_taken_over(
    platform: Platform, state: State, known: datetime | None, verdict: str
) -> None:
    draft = read(platform, {"BJ20261124001": Known("SQ1", state, known)})
    assert draft.verdict == verdict and draft.due == DUE and not draft.request
    assert ("2026-11-27 18:00" in "；".join(draft.notes)) is (verdict == "due")


def test_a_number_twice_in_a_file_counts_once(platform: Platform) -> None:
    seen: dict[str, int] = {}
    named = dict(zip(HEADS, changed(), strict=True))
    first, second = (
        read_row(Row(line, named), platform, lambda _: UNKNOWN, {}, seen, NOW) for line in (2, 3)
    )
    assert first.verdict == "doubt" and second.verdict == "refuse"
    assert "和第2行的编号一样" in second.notes[0]


def test_the_report_masks_who_called(platform: Platform) -> None:
    draft = read(platform, 诉求内容="我叫张建国，电话13812345678，楼道灯坏了")
    assert "张建国" not in draft.summary and "13812345678" not in draft.summary
