"""Ticket numbers ``SQ-YYMMDD-NNNNN-C`` and query codes, made to be read out over a phone.

The last digit is a Damm check digit: every single wrong digit and every swap of two neighbours is
noticed, so a misheard number never opens somebody else's ticket.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from datetime import date, datetime

from services.words import piece

PREFIX = "SQ"

# Damm's quasigroup of order 10 (H. M. Damm, 2004); row: interim digit, column: next digit.
_DAMM = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip
_SPOKEN = {c: str(i) for i, c in enumerate("零一二三四五六七八九")} | {
    "〇": "0", "洞": "0", "幺": "1", "两": "2", "拐": "7", "勾": "9",
}  # fmt: skip
_ROUND = re.compile(r"R\d{1,2}$")
_FILLER = re.compile(r"[\s\-—–_·.,,、。::#号]+")


class BadTicketNumber(ValueError):
    """The text is no ticket number; ``str()`` is a Chinese sentence that says what is wrong."""


def damm(digits: str) -> str:
    """Return the check digit; over a number with its check digit the result is ``0``."""
    interim = 0
    for d in digits:
        interim = int(_DAMM[interim][int(d)])
    return str(interim)


def ticket_number(day: date, sequence: int) -> str:
    """Return the number of the ``sequence``-th ticket of a day (1–99999)."""
    if not 1 <= sequence <= 99_999:
        raise ValueError(f"sequence out of range: {sequence}")
    stamp, serial = f"{day:%y%m%d}", f"{sequence:05d}"
    return f"{PREFIX}-{stamp}-{serial}-{damm(stamp + serial)}"


def parse_ticket_number(text: str) -> str:
    """Read a typed or spoken number in any grouping, also in Chinese digits; return it canonical.

    The round of a reworked ticket (``…-R2``) is part of what people see, not of the number.

    Raises:
        BadTicketNumber: Wrong length, impossible date or wrong check digit.
    """
    plain = unicodedata.normalize("NFKC", text).upper().strip()
    plain = _ROUND.sub("", _FILLER.sub("", plain.removeprefix("工单").lstrip("号")))
    plain = "".join(_SPOKEN.get(c, c) for c in plain.removeprefix(PREFIX))
    if not (plain.isascii() and plain.isdigit()):
        raise BadTicketNumber(piece("number.form"))
    if len(plain) != 12:
        raise BadTicketNumber(piece("number.length", n=len(plain)))
    if damm(plain) != "0":
        raise BadTicketNumber(piece("number.digit"))
    try:
        datetime.strptime(plain[:6], "%y%m%d")
    except ValueError:
        raise BadTicketNumber(piece("number.date")) from None
    return f"{PREFIX}-{plain[:6]}-{plain[6:11]}-{plain[11]}"


def spoken(ticket_no: str) -> str:
    """Group a number for reading out: ``26 11 22 / 00427 / 3``."""
    _, stamp, serial, check = ticket_no.split("-")
    return f"{stamp[:2]} {stamp[2:4]} {stamp[4:]} / {serial} / {check}"


def query_code() -> str:
    """Return a random six-digit code: with the number it shows the ticket without an account."""
    return f"{secrets.randbelow(1_000_000):06d}"
