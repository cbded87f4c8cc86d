"""Ticket numbers ``SQ-YYMMDD-NNNNN-C`` and six-digit query codes, typed or spoken.

The last digit is a Damm check digit over the eleven digits before it, so that one wrong digit or
two swapped ones are noticed.
"""

from __future__ import annotations

import re

from bot.understanding.numbers import DIGITS, narrow
from bot.understanding.span import Span, overlaps_any

# The Damm quasigroup of order 10 (H. M. Damm, 2004).
_DAMM = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip


def check_digit(digits: str) -> str:
    """Damm check digit of ``digits``."""
    state = 0
    for digit in digits:
        state = int(_DAMM[state][int(digit)])
    return str(state)


_SPOKEN_DIGIT = rf"[\d{''.join(c for c in DIGITS if c not in '两俩仨')}]"
# Between the digits of one number: spaces, dashes, and the stops that a speech recogniser sets.
_GAP = r"[\s\-—–_.,，、杠横]*"
_NUMBER = re.compile(
    rf"(?<!{_SPOKEN_DIGIT})(?:[sS]\s?[qQ]|受理号|工单号|编号|单号|是|号)?[\s:：,，-]*"
    rf"(?<!{_SPOKEN_DIGIT})"
    rf"(?P<digits>(?:{_SPOKEN_DIGIT}{_GAP}){{11}}{_SPOKEN_DIGIT})(?!{_SPOKEN_DIGIT})"
)
#: A number of another form that calls itself one; the services will say that it is not known.
_OTHER = re.compile(r"[sS][qQ][\d-]{6,}\d")
#: The numbers of hotlines and other offices begin with the whole date: 20261118000237.
_DATED = re.compile(
    r"(?<![\d-])(?P<n>20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[\s-]?\d{4,8})(?![\d-])"
)
_PREFIXED = re.compile(r"[sS]\s?[qQ]")
_QUERY_CODE = re.compile(
    rf"(?:查询码|查询号|验证码|查单码|口令)(?:是|为|:|：|\s)*(?P<code>(?:{_SPOKEN_DIGIT}\s*){{6}})(?!\d)"
)
# What people send when they are asked for “the number and the code”: both, and nothing else.
_BETWEEN = r"[\s,，、。;；/和]*"
_CODE_AFTER = re.compile(rf"{_BETWEEN}(?P<code>\d{{6}})(?!\d)")
_CODE_BEFORE = re.compile(rf"(?<!\d)(?P<code>\d{{6}}){_BETWEEN}\Z")


def _to_digits(words: str) -> str:
    return "".join(
        c if c.isdigit() and c.isascii() else str(DIGITS[c])
        for c in words
        if c in DIGITS or (c.isascii() and c.isdigit())
    )


def canonical(digits: str) -> str:
    """``261124000123`` → ``SQ-261124-00012-3``."""
    return f"SQ-{digits[:6]}-{digits[6:11]}-{digits[11]}"


def find_ticket_numbers(text: str) -> list[Span]:
    """Ticket numbers and query codes; a wrong check digit lowers the confidence to 0.3."""
    plain = narrow(text)
    spans: list[Span] = []
    for match in _NUMBER.finditer(plain):
        digits = _to_digits(match.group("digits"))
        month, day = int(digits[2:4]), int(digits[4:6])
        right = check_digit(digits[:11]) == digits[11]
        prefix = _PREFIXED.search(match.group())
        if not (1 <= month <= 12 and 1 <= day <= 31) or not (right or prefix):
            continue
        start = match.start() + prefix.start() if prefix else match.start("digits")
        end = match.start("digits") + len(match.group("digits").rstrip(" -"))
        spans.append(
            Span("ticket_no", start, end, text[start:end], canonical(digits), 1.0 if right else 0.3)
        )
    for match in _OTHER.finditer(plain):
        if not overlaps_any(match.start(), match.end(), spans):
            words = text[match.start() : match.end()]
            spans.append(Span("ticket_no", match.start(), match.end(), words, words.upper(), 0.3))
    for match in _DATED.finditer(plain):
        if not overlaps_any(*match.span("n"), spans):
            spans.append(_foreign(text, match))
    for match in _QUERY_CODE.finditer(plain):
        start, end = match.span("code")
        words = text[start:end].rstrip()
        spans.append(Span("ticket_no", start, start + len(words), words, _to_digits(words), 0.95))
    return [*spans, *_codes_beside(plain, text, spans)]


def _foreign(text: str, match: re.Match[str]) -> Span:
    """A number of another office; the services will say that they do not know it."""
    start, end = match.span("n")
    return Span("ticket_no", start, end, text[start:end], _to_digits(match.group("n")), 0.3)


def _codes_beside(plain: str, text: str, numbers: list[Span]) -> list[Span]:
    """Six digits right beside a ticket number are its query code, also without the word."""
    found: list[Span] = []
    for number in (n for n in numbers if str(n.value).startswith("SQ")):
        after = _CODE_AFTER.match(plain, number.end)
        before = _CODE_BEFORE.search(plain[: number.start])
        for match in (after, before):
            if match is None:
                continue
            start, end = match.span("code")
            if not overlaps_any(start, end, [*numbers, *found]):
                code = match.group("code")
                found.append(Span("ticket_no", start, end, text[start:end], code, 0.95))
    return found
