"""What a client asks for, read from its parameters; what is wrong is said as GeoReport v2 says it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.errors import LindaError
from services.open311.offer import Attribute, Offer

MOST_WORDS = 4000
"""Characters of a description (GeoReport v2)."""
MOST_VALUE = 300
MOST_IDS = 200
STATUSES = frozenset({"open", "closed"})
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]+)\](?:\[\])?")
_PHONE = re.compile(r"\+?[\d -]{5,20}")

Params = Mapping[str, Sequence[str]]
"""Parameters with all their values; what is empty counts as not given."""


def wrong(description: str, status: int = 400) -> LindaError:
    """Return the error of a request that cannot be answered."""
    return LindaError("open311", description, status)


@dataclass(frozen=True)
class Filter:
    """Which requests are asked for; ``ids`` overrides everything else."""

    ids: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    statuses: frozenset[str] = STATUSES
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Filing:
    """A request as it is to be filed.

    ``answers`` are the attributes in words: (question, answer).
    """

    code: str
    lat: float | None = None
    long: float | None = None
    address: str | None = None
    address_id: str | None = None
    name: str | None = None
    phone: str | None = None
    account_id: str | None = None
    description: str = ""
    media_url: str | None = None
    answers: tuple[tuple[str, str], ...] = ()


def one(params: Params, name: str) -> str | None:
    """Return a parameter, ``None`` when it is missing or empty."""
    given = [v.strip() for v in params.get(name, ()) if v.strip()]
    return given[0] if given else None


def _several(params: Params, name: str) -> tuple[str, ...]:
    found = (part.strip() for value in params.get(name, ()) for part in value.split(","))
    return tuple(dict.fromkeys(part for part in found if part))


def filter_of(params: Params, offer: Offer, now: datetime) -> Filter:
    """Read the parameters of ``GET requests``.

    Raises:
        LindaError: 400.
    """
    ids = _several(params, "service_request_id")
    if len(ids) > MOST_IDS:
        raise wrong(f"service_request_id 一次最多 {MOST_IDS} 个。")
    if ids:
        return Filter(ids=ids)
    statuses = frozenset(_several(params, "status"))
    if unknown := statuses - STATUSES:
        raise wrong(f"status 只能是 open 或 closed，没有 {'、'.join(sorted(unknown))}。")
    span = timedelta(days=offer.span_days)
    since, until = (_time(params, name) for name in ("start_date", "end_date"))
    try:
        if since is None:
            since = (until or now) - span
        if until is None:
            until = since + span
    except OverflowError:
        raise wrong("start_date、end_date 太远了。") from None
    if until < since:
        raise wrong("end_date 比 start_date 早。")
    if until - since > span:
        raise wrong(f"start_date 到 end_date 最多 {offer.span_days} 天。")
    codes = _several(params, "service_code")
    return Filter((), codes, statuses or STATUSES, since, until)


def _time(params: Params, name: str) -> datetime | None:
    given = one(params, name)
    if given is None:
        return None
    try:
        # A plus that was not escaped arrives as a blank.
        found = datetime.fromisoformat(re.sub(r" (?=\d\d:?\d\d$)", "+", given))
        if found.tzinfo is None:
            raise ValueError("no zone")
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise wrong(
            f"{name} 要写成带时区的时间，如 2026-11-24T00:00:00+08:00 或 2026-11-24T00:00:00Z。"
        ) from None


def filing_of(params: Params, offer: Offer) -> Filing:
    """Read the form of ``POST requests``.

    Raises:
        LindaError: 400; 404 for a service that is not offered.
    """
    code = one(params, "service_code")
    if code is None:
        raise wrong("没有写 service_code。")
    service = offer.services.get(code)
    if service is None:
        raise wrong(f"没有 {code} 这项服务（service_code）。", 404)
    lat, long = _coordinates(params)
    address, address_id = one(params, "address_string"), one(params, "address_id")
    if lat is None and address is None and address_id is None:
        raise wrong("没有写地点：lat 和 long，或者 address_string，或者 address_id。")
    words = one(params, "description") or ""
    if len(words) > MOST_WORDS:
        raise wrong(f"description 最多 {MOST_WORDS} 个字。")
    phone = one(params, "phone")
    if phone is not None and not _PHONE.fullmatch(phone):
        raise wrong("phone 不像电话号码。")
    long_ones = ("address_string", "first_name", "last_name", "account_id", "address_id")
    for name in long_ones:
        if len(one(params, name) or "") > (200 if name == "address_string" else 60):
            raise wrong(f"{name} 太长了。")
    media = one(params, "media_url")
    if media is not None and not re.fullmatch(r"https?://\S{1,500}", media):
        raise wrong("media_url 不是网址。")
    called = "".join(one(params, part) or "" for part in ("last_name", "first_name"))
    return Filing(
        code, lat, long, address, address_id, called or None, phone, one(params, "account_id"), words, media,
        _answers(params, service.attributes),
    )  # fmt: skip


def _coordinates(params: Params) -> tuple[float | None, float | None]:
    given = one(params, "lat"), one(params, "long")
    if given == (None, None):
        return None, None
    try:
        lat, long = (float(g or "") for g in given)
        if not (-90 <= lat <= 90 and -180 <= long <= 180):
            raise ValueError("nowhere on earth")
    except ValueError:
        raise wrong("lat 和 long 要一起写，是十进制的度（WGS84）。") from None
    return lat, long


def _answers(params: Params, asked: Sequence[Attribute]) -> tuple[tuple[str, str], ...]:
    given: dict[str, list[str]] = {}
    for name, values in params.items():
        if found := _ATTRIBUTE.fullmatch(name):
            given.setdefault(found[1], []).extend(v.strip() for v in values if v.strip())
    if unknown := sorted(set(given) - {a.code for a in asked}):
        raise wrong(f"这项服务没有 attribute[{unknown[0]}]。")
    answers = []
    for attribute in asked:
        values = given.get(attribute.code) or []
        if values:
            answers.append((attribute.description, _answer(attribute, values)))
        elif attribute.required:
            raise wrong(f"没有写 attribute[{attribute.code}]（{attribute.description}）。")
    return tuple(answers)


def _answer(attribute: Attribute, values: Sequence[str]) -> str:
    """Return one answer in words."""
    where = f"attribute[{attribute.code}]"
    if attribute.values:
        if unknown := [v for v in values if v not in attribute.values]:
            raise wrong(f"{where} 没有 {unknown[0][:40]} 这个选项。")
        if len(values) > 1 and attribute.datatype == "singlevaluelist":
            raise wrong(f"{where} 只能选一个。")
        return "、".join(attribute.values[v] for v in dict.fromkeys(values))
    text = values[0]
    if len(text) > MOST_VALUE:
        raise wrong(f"{where} 最多 {MOST_VALUE} 个字。")
    if attribute.datatype == "number" and not re.fullmatch(r"-?\d{1,12}(\.\d{1,6})?", text):
        raise wrong(f"{where} 要是数字。")
    if attribute.datatype == "string" and "\n" in text:
        raise wrong(f"{where} 只能写一行。")
    if attribute.datatype == "datetime":
        try:
            datetime.fromisoformat(text)
        except ValueError:
            raise wrong(f"{where} 要写成时间，如 2026-11-24T08:00:00+08:00。") from None
    return text
