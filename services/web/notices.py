"""Printable sheets for everybody: the privacy notice (个人信息告知书); the one-time notice of a service (一次告知单), the notice that a
certificate is not to be issued by a community (不予出具告知单, 民发〔2020〕20号), the application for one that is; and the page that the
QR code of a ticket's sheets leads to. What staff open to print is on the audit's record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import BaseModel, Field

from services.catalogue.overview import LOCAL
from services.errors import LindaError
from services.web.auth import client_address, recognise
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes
from services.web.templates import page
from services.words import texts
from services.yaml_files import read_yaml

routes = Routes("告知单")
setup = routes.setup

WORDS = ("who", "conditions", "where", "limit", "fee", "phone", "power", "link")
"""Rows of the one-time notice, in this order; their headings are data."""


class RefusalQuery(BaseModel):
    """A kind of certificate, by the name residents or the list give it."""

    kind: str = Field(min_length=1, max_length=100)


class VersionQuery(BaseModel):
    """Which version of the privacy notice; none: the one that holds now."""

    version: str | None = Field(None, max_length=20)


class CodeQuery(BaseModel):
    """The query code of the ticket that recorded who demanded the certificate."""

    code: str = Field(min_length=1, max_length=20)


@lru_cache(maxsize=4)
def _texts(data_dir: Path) -> dict[str, Any]:
    return dict(read_yaml((data_dir / "texts" / "notice.yml").read_text("utf-8")))


@routes.get("/s/{leaf}/notice", auth="public", page=True, summary="一次告知单（打印）")
async def service_notice(request: web.Request) -> web.Response:
    """The card of a service on one sheet; a card that is out of date is not printed."""
    services = request.app[SERVICES]
    card = services.catalogue.card(request.match_info["leaf"])
    if card is None:
        raise LindaError("card_not_found", _texts(services.settings.data_dir)["missing"], 404)
    words = _texts(services.settings.data_dir)
    text = words["service"]
    if not card["valid"]:
        raise LindaError("card_expired", text["expired"], 410)
    version = text["version"].format(
        version=card["version"],
        valid_from=_iso_day(card["valid_from"], words),
        valid_to=_iso_day(card["valid_to"], words) if card["valid_to"] else text["open_end"],
    )
    await _recorded(request, f"service:{card['id']}")
    return page(
        "notice_service.html",
        title=text["title"],
        subtitle=card["name"],
        words=words,
        text=text,
        card=card,
        rows=_rows(card, text["rows"]),
        source=_source(card, text),
        foot=text["foot"].format(office=card["office"] or "", phone=card["phone"] or ""),
        version=version,
        date=_day(services.clock.now().date(), words),
    )


def _rows(card: dict[str, Any], headings: dict[str, str]) -> list[tuple[str, str]]:
    found = []
    for key in WORDS:
        value = card[key]
        if key == "conditions":
            value = "；".join(value)
        elif key == "link" and value:
            value = f"{value['title']} {value['url']}"
        if value:
            found.append((headings[key], value))
    return found


def _source(card: dict[str, Any], text: dict[str, Any]) -> str:
    titles = [
        text["local_rule"].format(words=s["ref"] or "")
        if s["title"] == LOCAL
        else f"《{s['title'].strip('《》')}》{s['ref'] or ''}"
        for s in card["sources"]
    ]
    named = text["source"].format(sources="；".join(titles)) + "。" if titles else ""
    return named + (text["local"] if card["confirm_locally"] else "")


@routes.get(
    "/notice/refusal", auth="public", query=RefusalQuery, page=True,
    summary="不予出具告知单（打印，不指名单位）",
)  # fmt: skip
async def refusal_notice(request: web.Request, query: RefusalQuery) -> web.Response:
    """The notice for a kind of certificate; the unit and the number are written by hand."""
    day = request.app[SERVICES].clock.now().date()
    return await _refusal(request, {"name": query.kind}, day, number=None)


@routes.get(
    "/notice/application", auth="public", query=RefusalQuery, page=True,
    summary="证明申请表（打印，空白的）",
)  # fmt: skip
async def application(request: web.Request, query: RefusalQuery) -> web.Response:
    """The application for a certificate that the community issues, to be written by hand."""
    return await _application(request, {"name": query.kind}, number=None)


@routes.get(
    "/notice/{ticket_no}/application", auth="public", query=CodeQuery, page=True,
    summary="证明申请表（打印，填上说过的）",
)  # fmt: skip
async def application_of_ticket(request: web.Request, query: CodeQuery) -> web.Response:
    """The same with what the ticket knows of purpose and unit, for who has its code; without a name."""
    services, number = request.app[SERVICES], request.match_info["ticket_no"]
    view = await services.tickets.resident_get(number, None, query.code, origin=str(request.remote))
    return await _application(request, view["certificate"] or {}, number=view["ticket_no"])


@routes.get(
    "/notice/{ticket_no}", auth="public", query=CodeQuery, page=True,
    summary="不予出具告知单（打印，写明要证明的单位）",
)  # fmt: skip
async def refusal_notice_of_ticket(request: web.Request, query: CodeQuery) -> web.Response:
    """The notice to the unit that demanded the certificate, for who has the ticket's code.

    The resident's name is not on it: whoever demanded the paper learns the rule, not who complained.
    """
    services, number = request.app[SERVICES], request.match_info["ticket_no"]
    view = await services.tickets.resident_get(number, None, query.code, origin=str(request.remote))
    certificate = view["certificate"] or {}
    filed = date.fromisoformat(str(view["created_at"])[:10])
    return await _refusal(request, certificate, filed, number=view["ticket_no"])


@routes.get(
    "/privacy", auth="public", query=VersionQuery, page=True,
    summary="个人信息告知书：谁在用、用什么、留多久、能要求什么",
)  # fmt: skip
async def privacy(request: web.Request, query: VersionQuery) -> web.Response:
    """The privacy notice, now or as an earlier version said it."""
    services = request.app[SERVICES]
    notice, words = services.tickets.notice, _texts(services.settings.data_dir)
    sheet = notice.sheet(query.version)
    if sheet is None:
        raise LindaError("version_not_found", notice.words["missing"], 404)
    since = _day(sheet.since, words)
    return page(
        "notice_privacy.html", title=notice.words["title"], subtitle=notice.words["subtitle"],
        words=words, words_of=notice.words, sheet=sheet,
        version=notice.words["version"].format(version=sheet.version, since=since),
        newest=sheet.version != notice.current,
        older=[v for v in notice.versions if v not in (sheet.version, notice.current)],
    )  # fmt: skip


@routes.get("/progress/{ticket_no}", auth="public", page=True, summary="凭查询码看进展")
async def progress_form(request: web.Request) -> web.Response:
    """The page of the QR code: the number is known, the code is asked for."""
    return _progress(request)


@routes.post("/progress/{ticket_no}", auth="public", page=True, summary="看进展")
async def progress(request: web.Request) -> web.Response:
    """How a ticket stands, for who has its code: nothing of what was said or where."""
    services, number = request.app[SERVICES], request.match_info["ticket_no"]
    code = str((await request.post()).get("code", ""))[:20]
    try:
        view = await services.tickets.resident_get(
            number, None, code, origin=client_address(request)
        )
    except LindaError as error:
        known = error.message if error.status == 429 else texts("page")["progress"]["wrong"]
        return _progress(request, error.status, refusal=known)
    return _progress(request, view=view)


def _progress(
    request: web.Request,
    status: int = 200,
    view: dict[str, Any] | None = None,
    refusal: str | Mapping[str, str] = "",
) -> web.Response:
    words, text = _texts(request.app[SERVICES].settings.data_dir), texts("page")["progress"]
    return page(
        "notice_progress.html", status, title=text["title"], subtitle="", words=words, text=text,
        number=request.match_info["ticket_no"], view=view, refusal=refusal,
    )  # fmt: skip


async def _refusal(
    request: web.Request, certificate: dict[str, Any], day: date, number: str | None
) -> web.Response:
    services = request.app[SERVICES]
    words = _texts(services.settings.data_dir)
    text = words["refusal"]
    policy = services.catalogue.certificate(certificate.get("no"), certificate.get("name"))
    if policy["allowed"] is not False:
        raise LindaError("no_notice", text["allowed" if policy["allowed"] else "unknown"], 404)
    unit = re.sub(text["unit_end"], "", str(certificate.get("demanded_by") or ""))
    bring = "、".join(policy["bring"])
    paragraphs = [
        text["body"].format(name=policy["name"], basis=policy["basis"], why=policy["why"]),
        text["redirect"].format(redirect=policy["redirect"]),
        text["bring"].format(bring=bring) if bring else "",
        text["ask"],
        text["privacy"],
    ]
    locality = services.catalogue.locality
    await _recorded(request, f"refusal:{number or policy['name']}")
    return page(
        "notice_refusal.html",
        title=text["title"],
        subtitle=policy["name"],
        words=words,
        text=text,
        number=text["number"].format(number=number) if number else text["no_number"],
        unit=text["to"].format(unit=unit) if unit else text["no_unit"],
        paragraphs=[p for p in paragraphs if p],
        issuer=locality.legal_entity,
        contact=locality.contact,
        date=_day(day, words),
    )


async def _application(
    request: web.Request, certificate: dict[str, Any], number: str | None
) -> web.Response:
    services = request.app[SERVICES]
    words = _texts(services.settings.data_dir)
    sheet = services.paper.application(certificate)
    await _recorded(request, f"application:{number or sheet.name}")
    locality = services.catalogue.locality
    return page(
        "notice_application.html", title=sheet.kind.title, subtitle=sheet.name,
        words=words, sheet=sheet, heading=services.paper.papers.words["materials"],
        number=words["refusal"]["number"].format(number=number) if number else "",
        issuer=locality.legal_entity, contact=locality.contact,
    )  # fmt: skip


async def _recorded(request: web.Request, subject: str) -> None:
    """Keep which member of staff opened a sheet; a resident's own printing is nobody's business."""
    await recognise(request)
    if (staff := request.get(STAFF)) is not None:
        await request.app[SERVICES].audit.printed(staff, f"sheet:{subject}")


def _iso_day(day: str | date, words: dict[str, Any]) -> str:
    return _day(date.fromisoformat(str(day)), words)


def _day(day: date, words: dict[str, Any]) -> str:
    return str(words["refusal"]["date"]).format(year=day.year, month=day.month, day=day.day)
