"""From a line of the platform's table to what will be filed, with every doubt said. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from services.clock import ZONE
from services.exchange.mapping import Platform
from services.exchange.sheet import Row
from services.people.masking import mask_all
from services.places.model import Resolution
from services.places.numbers import building_name
from services.tickets.core.states import OPEN, State

Verdict = Literal["create", "doubt", "refuse", "known", "due"]
VERDICTS: Mapping[Verdict, str] = {
    "create": "可以建单",
    "doubt": "可以建单，有疑问",
    "refuse": "不能建单",
    "known": "已经有了，不改",
    "due": "已经有了，改上级期限",
}

LONGEST_NARRATIVE = 5000
LONGEST_REF = 60
LONGEST_ADDRESS = 300
SHOWN = 40
"""Characters of what was said that the report shows."""

_REF = re.compile(r"[0-9A-Za-z][0-9A-Za-z_./-]*")
_PHONE = re.compile(r"\+?\d{5,15}")
_EXCEL_EPOCH = datetime(1899, 12, 30)


@dataclass(frozen=True)
class Known:
    """An order that was imported before."""

    ticket_no: str
    state: State
    due: datetime | None = None


@dataclass
class Draft:
    """A line as it was understood.

    Attributes:
        ref: The platform's number, ``""`` when it has none.
        verdict: What will happen to it.
        notes: Why, in Chinese, for the report.
        summary: The beginning of what was said, masked: for the report.
        request: Body of ``CreateTicket``; only for what will be filed.
        status: The platform's own word for its state.
        due: The platform's own time limit, as it wrote it; of an order that is known only read to
            see whether it has moved.
        ticket_no: Of ours, for what is known.
    """

    line: int
    ref: str
    verdict: Verdict = "create"
    notes: list[str] = field(default_factory=list)
    summary: str = ""
    request: dict[str, Any] = field(default_factory=dict)
    status: str = ""
    due: datetime | None = None
    ticket_no: str | None = None

    def doubt(self, words: str) -> None:
        """Say a doubt; the line will still be filed."""
        self.notes.append(words)
        if self.verdict == "create":
            self.verdict = "doubt"

    def refuse(self, words: str) -> None:
        """Say why the line is not filed."""
        self.notes.append(words)
        self.verdict = "refuse"


Resolve = Callable[[str], Resolution]
"""Says which place an address means."""


def missing_columns(platform: Platform, heads: tuple[str, ...]) -> list[str]:
    """Return the columns that the table must have and has not, by all their possible names."""
    wanted = {"number": platform.number} | {f: platform.columns[f] for f in platform.required}
    return ["或".join(names) for names in wanted.values() if not set(names) & set(heads)]


def read_row(
    row: Row, platform: Platform, resolve: Resolve, known: Mapping[str, Known],
    seen: dict[str, int], now: datetime,
) -> Draft:  # fmt: skip
    """Return what a line means.

    Args:
        known: Orders of this platform that we have, by its number.
        seen: Numbers of earlier lines of this file → their line; this line's is added.
    """
    ref = _first(row.cells, platform.number)
    draft = Draft(row.line, ref[:LONGEST_REF])
    text = _first(row.cells, platform.columns.get("narrative", ()))
    draft.summary = str(mask_all(text[:SHOWN], (_of(row, platform, "name") or None,)))
    draft.status = _of(row, platform, "status")[:LONGEST_REF]
    if not ref:
        draft.refuse(f"没有{platform.number[0]}")
    elif re.fullmatch(r"\d(\.\d+)?[Ee]\+?\d+", ref):
        draft.refuse(f"编号被表格软件改成了“{ref}”，请把这一列设成文本再导出")
    elif not _REF.fullmatch(ref) or len(ref) > LONGEST_REF:
        draft.refuse(f"“{ref[:20]}”不像编号")
    elif re.fullmatch(r"\d{18,}", ref) and ref[15:].strip("0") == "":
        draft.doubt("编号后几位全是0，可能被表格软件改过，请核对")
    if draft.verdict != "refuse" and ref in seen:
        draft.refuse(f"和第{seen[ref]}行的编号一样，只收前一行")
    elif draft.verdict != "refuse":
        seen[ref] = row.line
    if draft.verdict != "refuse" and ref in known:
        draft.due = _when(draft, platform, _of(row, platform, "due"), "办结时限", now)
        return _compare(draft, known[ref], platform)
    for fault in row.faults:
        draft.refuse(fault)
    if not text:
        draft.refuse("没有诉求内容")
    elif len(text) > LONGEST_NARRATIVE:
        draft.refuse(f"诉求内容超过{LONGEST_NARRATIVE}字")
    if draft.verdict != "refuse":
        _fill(draft, row, platform, resolve, text, now)
    return draft


def _compare(draft: Draft, known: Known, platform: Platform) -> Draft:
    draft.verdict, draft.ticket_no = "known", known.ticket_no
    if draft.due and draft.due != known.due and known.state in OPEN - {State.RESOLVED}:
        draft.verdict = "due"
        was = f"原来是{known.due:%Y-%m-%d %H:%M}" if known.due else "原来没有"
        draft.notes.append(
            f"已经导入过，是我们的{known.ticket_no}；上级的办结时限改成{draft.due:%Y-%m-%d %H:%M}，{was}"
        )
    else:
        draft.notes.append(f"已经导入过，是我们的{known.ticket_no}，不改动")
    agrees = platform.status.get(draft.status)
    if draft.status and agrees is None:
        draft.notes.append(f"上级写“{draft.status}”，对照表里没有这个状态")
    elif agrees is not None and known.state not in agrees:
        draft.notes.append(f"状态不一样：上级写“{draft.status}”，我们这里是“{known.state.label}”")
    return draft


def _fill(
    draft: Draft, row: Row, platform: Platform, resolve: Resolve, text: str, now: datetime
) -> None:
    title = _of(row, platform, "title")
    request: dict[str, Any] = {
        "channel": "import12345",
        "narrative": text if not title or title in text else f"{title}。{text}"[:LONGEST_NARRATIVE],
        "leaf": _coded(draft, platform.leaf, _of(row, platform, "leaf"), "分类", "由窗口归类"),
        "kind": _coded(draft, platform.kind, _of(row, platform, "kind"), "诉求类型", "按事项定"),
        "reporter_role": "self",
        "confidential": _of(row, platform, "confidential") in platform.affirmative,
    }
    contact = {
        "name": _of(row, platform, "name")[:60] or None,
        "phone": _phone(draft, _of(row, platform, "phone")),
    }
    if any(contact.values()):
        request["contact"] = contact
    else:
        draft.doubt("没有来电人的联系方式，回访时找不到人")
    _place(draft, request, _of(row, platform, "address"), resolve)
    received = _when(draft, platform, _of(row, platform, "received"), "受理时间", now)
    if received:
        request["occurred_text"] = f"上级平台{received:%Y-%m-%d %H:%M}受理"
    if received and received > now + timedelta(minutes=10):
        draft.doubt("受理时间在以后，请核对")
    draft.due = _when(draft, platform, _of(row, platform, "due"), "办结时限", now)
    if draft.due and draft.due < now:
        draft.doubt(f"上级的办结时限{draft.due:%Y-%m-%d %H:%M}已经过了")
    draft.request = request


def _coded(
    draft: Draft, codes: Mapping[str, Any], word: str, what: str, otherwise: str
) -> str | None:
    if not word:
        return None
    if word not in codes:
        draft.doubt(f"{what}“{word[:20]}”不在对照表里，{otherwise}")
        return None
    return str(codes[word])


def _phone(draft: Draft, text: str) -> str | None:
    digits = re.sub(r"[\s()（）-]", "", text)
    if not digits:
        return None
    if re.fullmatch(r"\d+\.0+", digits):
        digits = digits.split(".")[0]
    if re.fullmatch(r"\d(\.\d+)?[Ee]\+?\d+", digits):
        number = float(digits)
        exact = len(digits.split(".")[-1].split("E")[0].split("e")[0]) >= 10
        digits = str(int(number)) if exact else ""
    if not _PHONE.fullmatch(digits):
        draft.doubt("联系电话看着不对，没有记下，请向上级要")
        return None
    return digits


def _place(draft: Draft, request: dict[str, Any], text: str, resolve: Resolve) -> None:
    request["incomplete"] = True
    if not text:
        draft.doubt("没有地址，要联系来电人问清")
        return
    request["address_text"] = text[:LONGEST_ADDRESS]
    found = resolve(text)
    if found.status == "resolved" and len(found.candidates) == 1:
        request["place"] = asdict(found.candidates[0])
        request["incomplete"] = False
    elif found.candidates:
        # Without unit and room: the report is read by more people than the ticket.
        spots = (
            c.compound + (building_name(c.building) if c.building else "")
            for c in found.candidates[:3]
        )
        names = "、".join(dict.fromkeys(spots))
        draft.doubt(f"地址对不准，可能是{names}，由窗口核对")
    else:
        draft.doubt("地址不在我们的地名库里，由窗口核对")


def _when(draft: Draft, platform: Platform, text: str, what: str, now: datetime) -> datetime | None:
    """Read a time in one of the platform's forms, or a workbook's own number of days."""
    if not text:
        return None
    for form in platform.dates:
        try:
            at = datetime.strptime(text, form)
        except ValueError:
            continue
        break
    else:
        if not re.fullmatch(r"[3-6]\d{4}(\.\d+)?", text):
            draft.doubt(f"{what}“{text[:20]}”认不出来，没有记下")
            return None
        at = _EXCEL_EPOCH + timedelta(days=float(text))
    if not 2000 <= at.year <= now.year + 5:
        draft.doubt(f"{what}“{text[:20]}”的年份不对，没有记下")
        return None
    return at.replace(tzinfo=ZONE)


def _of(row: Row, platform: Platform, name: Any) -> str:
    return _first(row.cells, platform.columns.get(name, ()))


def _first(cells: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((cells[n] for n in names if cells.get(n)), "")
