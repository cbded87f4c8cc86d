"""Room numbers: building and unit may stay, the door may not.

Read from :func:`services.training.spans.plain` text. The stand-in is zeros: still a room to whoever
looks for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.training.identifiers import VALUES, digits_of
from services.training.spans import Change

_SAID = "零〇一幺二两三四五六七八九"
_COUNTED = _SAID + "十百"
_ROOM = rf"(?:\d{{3,4}}|[{_SAID}]{{3,4}})"
_ANY = rf"(?:\d{{1,4}}|[{_COUNTED}]{{1,5}})"
_BEFORE = rf"(?<![\d{_COUNTED}])"
_AFTER = rf"(?![\d{_COUNTED}])"
_AMOUNT = (
    r"(?!\s?(?:多|余|来[个户块]|几|个|人|元|块|度|平|米|斤|克|毫|千|公|小时|分|秒|年|月|天|日|岁|次|条|"
    r"期|班|路|国道|省道|医院|中学|小学|厂|线|集|页|瓦|伏|升|块钱|[:：.]\d|点|%))"
)
_DASH = r"\s?(?:[-—–/#杠横]|号楼?[-—–])\s?"
_INSIDE = (
    r"(?:单元|门洞|号楼|[\d一二三四五六七八九十][栋幢座门层楼#]|号门|楼上|楼下|隔壁|对门|对面|小区|花园|家园|公寓|"
    r"家属院|家属楼|新村|大院|苑|宿舍)"
)
_HOME = r"(?:我家|俺家|咱家|他家|她家|我们家|家住|住在|住的?是?|房号|门牌号?|房间号?|室号|楼房|户是|那户|这户)"

_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # 3-2-401, 3/2/401, 三杠二杠四零一, 3#2-401
        rf"{_BEFORE}(?:\d{{1,3}}|[{_COUNTED}]{{1,3}}){_DASH}(?:\d{{1,2}}|[{_COUNTED}]{{1,3}})(?:单元)?{_DASH}(?P<n>{_ANY}){_AFTER}(?!-)",
        # 7-501
        rf"{_BEFORE}(?:\d{{1,3}}|[{_COUNTED}]{{1,3}})(?:单元)?{_DASH}(?P<n>{_ROOM}){_AFTER}(?!-){_AMOUNT}",
        # 401室, 1203房, B1201室
        rf"{_BEFORE}(?P<n>[A-Za-z]?\d{{2,5}}|[{_COUNTED}]{{2,5}})(?:室|号房|房间|房)(?![内外友屋子厅]|[一二两三]厅)",
        # 3号楼2单元401, 楼上502, 幸福小区的四零一
        rf"{_INSIDE}(?:[的那,、\s]|那家|住户){{0,3}}(?P<n>{_ROOM}){_AFTER}{_AMOUNT}",
        # 我家401, 房号是幺二零三
        rf"{_HOME}[是在为:\s]{{0,2}}(?P<n>{_ROOM}){_AFTER}{_AMOUNT}",
        # 7楼2号, 3栋5号, 二单元三号
        rf"(?:楼|层|栋|幢|单元|门)(?P<n>{_ANY})号(?!楼|线|院|栋|门|单元|公交|电梯|井|桩|充|梯|杆|车|库|床|文)",
        # 5组12号, 李家屯18号
        rf"(?:组|屯|社|村|队)(?P<n>{_ANY})号(?!楼|线|院|栋|单元|公交|井|桩|杆|文)",
        # 门牌号 17
        rf"(?:门牌号?码?|房号|房间号|室号)[是为:\s]{{0,3}}(?P<n>[A-Za-z]?{_ANY})",
        # 402的、1203那家: what looks like floor and door, and is no amount
        rf"(?<![\d.:年第￥¥{_COUNTED}A-Za-z])(?P<n>[1-9]\d?0[1-9]|[一幺二两三四五六七八九][一幺二两三四五六七八九]?零[一幺二两三四五六七八九]){_AFTER}{_AMOUNT}(?!栋|号楼|单元|[-/])",
    )
)


def find(text: str) -> Iterator[Change]:
    """Yield every room number; they may overlap."""
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield _change(*match.span("n"), match["n"])


def of_address(text: str, start: int, end: int, room: str) -> Iterator[Change]:
    """Yield the room of an address that is known to have one: ``text[start:end]`` says ``room``."""
    for match in re.finditer(rf"[A-Za-z]?(?:\d+|[{_COUNTED}]+)", text[start:end]):
        if room in (match.group(), str(_number(match.group()))):
            yield _change(start + match.start(), start + match.end(), match.group())


def _change(start: int, end: int, words: str) -> Change:
    """Return zeros for a room, as many as it has digits, at most three."""
    return Change(start, end, "0" * min(len(words), 3), "room")


def _number(words: str) -> int | None:
    """Return 401 for 四零一 and 四百零一, 12 for 十二."""
    if "十" not in words and "百" not in words:
        digits = digits_of(words)
        return int(digits) if digits else None
    total, current = 0, 0
    for char in words:
        if char in VALUES:
            current = int(VALUES[char])
        else:
            total += (current or 1) * {"十": 10, "百": 100}.get(char, 0)
            current = 0
    return total + current


_STRICT = re.compile(rf"{_BEFORE}\d{{1,3}}-\d{{1,2}}-(?P<n>\d{{3,4}})(?!\d)")


def leaks(text: str) -> list[str]:
    """Return ``["room"]`` when a room still stands in a redacted text."""
    return ["room" for m in [_STRICT.search(text)] if m and m["n"].strip("0")]
