"""Numbers and accounts that belong to one person: phones, cards, plates, tickets, accounts.

Each finder reads a :func:`services.training.spans.plain` text and yields changes whose stand-in is of
the same kind, so that whoever reads for phones or ticket numbers still finds one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from services.tickets.core.numbers import damm
from services.training.spans import Change

_WORDS = {
    "零〇洞": 0, "一幺壹": 1, "二两贰": 2, "三叁": 3, "四肆": 4, "五伍": 5, "六陆": 6,
    "七拐柒": 7, "八捌": 8, "九勾玖": 9,
}  # fmt: skip
VALUES = {char: str(value) for words, value in _WORDS.items() for char in words}
"""Digits in words, as said one by one; 洞, 拐, 勾 are the 0, 7, 9 of soldiers and railwaymen."""
DIGIT = rf"[\d{''.join(VALUES)}]"

PHONE = "13000000000"
LANDLINE = "000-0000000"
EMAIL = "user@example.com"
ACCOUNT = "wxid_000000"
TICKET_NO = f"SQ-260101-00000-{damm('26010100000')}"
"""Well-formed, so that it is read as one; the day's numbers begin with 1, so it is nobody's."""

_SEP = r"[\s\-.·,、。_()~]"
"""What people, keyboards and speech recognition put between the digits of one number."""
_UNIT = r"(?:元|块|万|亿|吨|公里|千米|平方|年|号线|号文)"
"""A number before it is an amount, not somebody's."""

_MOBILE = re.compile(
    rf"(?<!{DIGIT})(?:\+?86{_SEP}*)?[1一幺壹]{_SEP}{{0,2}}[3-9三四五六七八九拐勾叁肆伍陆柒捌玖]"
    rf"(?:{_SEP}{{0,2}}{DIGIT}){{9}}(?!{DIGIT})"
)
_LANDLINE = re.compile(rf"(?<!\d)\(?0\d{{2,3}}{_SEP}{{0,2}}\d{{7,8}}(?!\d)")
_IDENTITY = re.compile(rf"(?<!{DIGIT})(?:{DIGIT}\s?){{17}}[\dXx{''.join(VALUES)}](?!{DIGIT})")
_CARD = re.compile(rf"(?<!{DIGIT})(?:{DIGIT}[\s-]{{0,2}}){{15,18}}{DIGIT}(?![\s-]?{DIGIT})")
_TICKET = re.compile(rf"[sS][qQ][\s:-]*(?:{DIGIT}[\s\-杠横]*){{6,12}}(?<![\s\-杠横])")
_TWELVE = re.compile(rf"(?<!{DIGIT})(?:{DIGIT}[\s\-杠横]*){{11}}{DIGIT}(?!{DIGIT})")
_CODE = re.compile(
    rf"(?:查询码|查询号|查单码|验证码|校验码|取件码|口令|密码|卡号|户号|表号|编号|单号|证号|号码)"
    rf"[^\d{''.join(VALUES)}。;]{{0,8}}?(?P<n>{DIGIT}(?:[\s-]?{DIGIT}){{3,}})"
)
_TAIL = re.compile(
    rf"(?:尾号|末尾|末[二三四五]位|后[二三四五]位|最后[二三四五]位|尾数)(?:数|号码)?[是为:\s]{{0,3}}"
    rf"(?P<n>{DIGIT}(?:[\s-]?{DIGIT}){{1,5}})(?!{DIGIT}|号楼|栋|单元)"
)
_SIX = re.compile(rf"(?<!{DIGIT})(?<![\d.:A-Za-z])\d{{6}}(?!\d|[.:]\d|{_UNIT})")
_LONG = re.compile(rf"(?<!{DIGIT}){DIGIT}(?:[\s-]?{DIGIT}){{6,}}(?!{_UNIT})")
_DATE = re.compile(r"20[2-3]\d[\s-]?(?:0?[1-9]|1[0-2])[\s-]?(?:0?[1-9]|[12]\d|3[01])")
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = re.compile(
    rf"(?P<province>[{_PROVINCES}])[·.\s-]?(?P<city>[A-Za-z])[·.\s-]{{0,2}}"
    rf"(?P<tail>(?:[A-Za-z]|{DIGIT})(?:[·.\s-]?(?:[A-Za-z]|{DIGIT})){{3}}"
    rf"(?:[学警港澳挂使领]|(?:[·.\s-]?(?:[A-Za-z]|{DIGIT})){{1,2}}))(?![A-Za-z\d])"
)
_BARE_PLATE = re.compile(
    rf"(?:车牌号码?|车牌|牌照|车号|(?<!门)牌号)[^A-Za-z{''.join(VALUES)}\d,。]{{0,4}}"
    rf"(?P<tail>(?:[A-Za-z]|{DIGIT}){{3,8}})"
)
_LETTER_PLATE = re.compile(r"(?<![A-Za-z\d])[A-Za-z][·.\s-]?[A-HJ-NP-Za-hj-np-z]?\d{5}(?![\d年元])")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+\s?@\s?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_ACCOUNT = re.compile(
    r"(?:微信|威信|薇信|[vV][xX信]|[wW][xX]|[wW]e[cC]hat|[qQ]{2}|扣扣|企鹅|抖音|快手|支付宝|陌陌|钉钉|"
    r"加[我他她][vV]?|加[vV])(?:群|号码|账号|帐号|号|ID|id)?(?:是|为|叫|就是|[:\s])*"
    r"(?P<id>[A-Za-z0-9][\w-]{4,29})",
    re.ASCII,
)
_HANDLE = re.compile(
    r"(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]*\d[A-Za-z0-9_-]*\d)(?=[A-Za-z0-9_-]*[A-Za-z]{2})"
    r"[A-Za-z0-9_-]{6,}(?![A-Za-z0-9_-])"
)


def digits_of(words: str) -> str:
    """Return the digits of a number, typed or said: ``一三八 0013`` → ``1380013``."""
    return "".join(VALUES.get(c, c) for c in words if c in VALUES or c.isdecimal())


def _tickets(text: str) -> Iterator[Change]:
    for match in _TICKET.finditer(text):
        yield Change(*match.span(), TICKET_NO, "ticket_no")
    for match in _TWELVE.finditer(text):
        digits = digits_of(match.group())
        if damm(digits) == "0" and 1 <= int(digits[2:4]) <= 12:
            yield Change(*match.span(), TICKET_NO, "ticket_no")


def _identities(text: str) -> Iterator[Change]:
    for match in _IDENTITY.finditer(text):
        yield Change(*match.span(), "0" * 18, "identity")


def _cards(text: str) -> Iterator[Change]:
    for match in _CARD.finditer(text):
        yield Change(*match.span(), "0" * len(digits_of(match.group())), "card")


def _phones(text: str) -> Iterator[Change]:
    for match in _MOBILE.finditer(text):
        yield Change(*match.span(), PHONE, "phone")
    for match in _LANDLINE.finditer(text):
        yield Change(*match.span(), LANDLINE, "phone")


def _emails(text: str) -> Iterator[Change]:
    for match in _EMAIL.finditer(text):
        yield Change(*match.span(), EMAIL, "email")


def _accounts(text: str) -> Iterator[Change]:
    for match in _ACCOUNT.finditer(text):
        name = match["id"]
        yield Change(*match.span("id"), "0" * len(name) if name.isdecimal() else ACCOUNT, "account")
    for match in _HANDLE.finditer(text):
        yield Change(*match.span(), ACCOUNT, "account")


def _plates(text: str) -> Iterator[Change]:
    for match in _PLATE.finditer(text):
        if len(digits_of(match["tail"])) >= 2:
            electric = len(re.sub(r"[·.\s-]", "", match["tail"])) > 5
            tail = "D00000" if electric else "00000"
            yield Change(*match.span(), f"{match['province']}A{tail}", "plate")
    for match in _BARE_PLATE.finditer(text):
        if digits_of(match["tail"]):
            yield Change(*match.span("tail"), "A00000", "plate")
    for match in _LETTER_PLATE.finditer(text):
        yield Change(*match.span(), "A00000", "plate")


def _codes(text: str) -> Iterator[Change]:
    for pattern in (_CODE, _TAIL):
        for match in pattern.finditer(text):
            yield Change(*match.span("n"), "0" * len(digits_of(match["n"])), "code")
    for match in _SIX.finditer(text):
        yield Change(*match.span(), "0" * 6, "code")


def _others(text: str) -> Iterator[Change]:
    """Whatever is so long is a number of somebody or something; amounts and dates are not."""
    for match in _LONG.finditer(text):
        if not _DATE.fullmatch(match.group()):
            yield Change(*match.span(), "0" * len(digits_of(match.group())), "number")


FINDERS: tuple[Callable[[str], Iterator[Change]], ...] = (
    _emails, _tickets, _plates, _accounts, _identities, _cards, _phones, _codes, _others,
)  # fmt: skip
"""The narrower kind first: of two that overlap the earlier one counts."""


def find(text: str) -> Iterator[Change]:
    """Yield every number and account, stand-ins too; they may overlap."""
    for finder in FINDERS:
        yield from finder(text)


_STAND_INS = re.compile("|".join(map(re.escape, (PHONE, LANDLINE, EMAIL, TICKET_NO, ACCOUNT))))
_STRICT = {
    "number": re.compile(r"\d(?:[\s-]?\d){6,}"),
    "spoken": re.compile(rf"(?:[{''.join(VALUES)}]\s?){{7,}}"),
    "code": re.compile(rf"(?<!\d)\d{{6}}(?!\d|{_UNIT})"),
    "plate": re.compile(rf"[{_PROVINCES}][·.\s-]?[A-Za-z][·.\s-]?[A-Za-z\d]{{5}}"),
    "email": re.compile(r"[A-Za-z0-9]\s?@\s?[A-Za-z0-9-]+\.[A-Za-z0-9]"),
    "ticket_no": re.compile(r"[sS][qQ](?:[\s-]?\d){6,}"),
}


def leaks(text: str) -> list[str]:
    """Return the kinds of numbers that still stand in a redacted text; empty: it may be kept.

    Blunt on purpose, and independent of the finders: it knows the stand-ins and nothing else.
    """
    text = _STAND_INS.sub("", text)
    found = []
    for kind, pattern in _STRICT.items():
        for match in pattern.finditer(text):
            words = match.group()
            zeros = kind != "email" and set(digits_of(words)) <= {"0"}
            amount = re.match(_UNIT, text[match.end() :])
            if not zeros and not amount and not _DATE.fullmatch(words):
                found.append(kind)
                break
    return found
