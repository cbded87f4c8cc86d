"""社区消息: the community's notices and the canteen's week, written, looked at, published, taken back.

The preview is the very text that the chat will say. Nothing is pushed: who asks is told.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date, timedelta

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.context import Services
from services.errors import LindaError
from services.information.model import (
    LONGEST_DISHES,
    LONGEST_ELDER,
    LONGEST_SOURCE,
    LONGEST_TEXT,
    MealName,
    NewNotice,
    Notice,
)
from services.information.service import MEALS, WEEKDAYS
from services.web.console.frame import REFUSALS, console_page
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes
from services.web.validation import validated

routes = Routes("工作台")

AUTH = "staff:information"
PATH = "/console/information"
HERE = "information"
DAYS = 7
"""A menu is written for so many days, from today."""


class NewQuery(BaseModel):
    """``from``: a notice whose words are taken over; publishing withdraws it."""

    model_config = ConfigDict(extra="ignore")

    source_id: str = Field("", alias="from", max_length=40)


@routes.get(PATH, auth=AUTH, page=True, summary="社区消息")
async def overview(request: web.Request) -> web.Response:
    """What residents are told today, and what is over."""
    services = request.app[SERVICES]
    today = services.clock.now().date()
    rows = await services.information.kept()
    names = {s.id: s.name for s in await services.people.roster()}
    topics = {t.id: t.name for t in services.information.questions.topics}
    told = [r for r in rows if r.withdrawn_at is None and r.until >= today]
    return console_page(
        request, "information", HERE, told=told, over=[r for r in rows if r not in told],
        topics=topics, names=names, url=PATH,
    )  # fmt: skip


@routes.get(f"{PATH}/new", auth=AUTH, page=True, query=NewQuery, summary="写一条通知")
async def write(request: web.Request, query: NewQuery) -> web.Response:
    """The form: today, and the writer's own unit as the source."""
    services, staff = request.app[SERVICES], request[STAFF]
    today = services.clock.now().date().isoformat()
    unit = next((o.name for o in services.people.orgs() if o.id == staff.org_id), "")
    typed = {"topic": "", "text": "", "elder": "", "starts": today, "until": today, "source": unit}
    if query.source_id:
        old = await services.information.notice(query.source_id)
        typed = {
            "topic": old.topic, "text": old.text, "elder": old.elder,
            "starts": old.starts.isoformat(), "until": old.until.isoformat(), "source": old.source, "replaces": old.id,
        }  # fmt: skip
    return _form(request, {**typed, "form": secrets.token_urlsafe(12)})


@routes.post(f"{PATH}/new", auth=AUTH, page=True, summary="预览、发布一条通知")
async def publish(request: web.Request) -> web.Response:
    """Show how it will be said, or publish it; refused, what was typed stays."""
    services, staff = request.app[SERVICES], request[STAFF]
    typed = {k: v for k, v in (await request.post()).items() if isinstance(v, str)}
    given = {k: typed.get(k, "") for k in ("topic", "text", "elder", "starts", "until", "source")}
    try:
        if not typed.get("form") or len(typed["form"]) > 40:
            raise LindaError("invalid_fields", "这一页太旧了，请重新打开再写。", 422)
        wanted = validated(NewNotice, given)
        services.information.check(wanted)
        if typed.get("do") != "publish":
            today = services.clock.now().date()
            notice = Notice("", published_on=today, **wanted.model_dump())
            say = services.information.say_notice
            return _form(request, typed, preview=say(notice), elder=say(notice, elder=True))
        await services.information.publish(
            wanted, staff.id, typed["form"], typed.get("replaces", "")
        )
    except LindaError as error:
        if error.status not in REFUSALS:
            raise
        return _form(request, typed, error.status, _sentence(error))
    raise web.HTTPSeeOther(PATH)


@routes.post(f"{PATH}/{{notice}}/withdraw", auth=AUTH, page=True, summary="撤下一条通知")
async def withdraw(request: web.Request) -> web.Response:
    """Take it back: nobody is told it any more."""
    services = request.app[SERVICES]
    await services.information.withdraw(request.match_info["notice"], request[STAFF].id)
    raise web.HTTPSeeOther(PATH)


@routes.get(f"{PATH}/menu", auth=AUTH, page=True, summary="一周菜单")
async def menu(request: web.Request) -> web.Response:
    """The days from today, with what is published."""
    services = request.app[SERVICES]
    days = _days(services)
    rows = await services.information.menus(days[0], days[-1])
    typed = {f"{r.day}/{r.meal}": r.dishes for r in rows}
    return _menu(request, days, typed)


@routes.post(f"{PATH}/menu", auth=AUTH, page=True, summary="发布一周菜单")
async def publish_menu(request: web.Request) -> web.Response:
    """Publish the week; an emptied field takes that meal back."""
    services = request.app[SERVICES]
    typed = {k: v for k, v in (await request.post()).items() if isinstance(v, str)}
    # A day of yesterday's page is gone by; it is not written any more.
    days = _days(services)
    wanted: dict[tuple[date, MealName], str] = {
        (day, meal): typed[f"{day}/{meal}"]
        for day in days
        for meal in _meals(services)
        if f"{day}/{meal}" in typed
    }
    try:
        await services.information.save_menus(wanted, request[STAFF].id)
    except LindaError as error:
        if error.status not in REFUSALS:
            raise
        return _menu(request, days, typed, error.status, error.message)
    raise web.HTTPSeeOther(PATH)


def _days(services: Services) -> list[date]:
    today = services.clock.now().date()
    return [today + timedelta(days=n) for n in range(DAYS)]


def _meals(services: Services) -> list[MealName]:
    """The meals that the kitchen offers."""
    cooked = services.catalogue.meals_cooked()
    return [meal for meal in MEALS if meal in cooked]


def _menu(
    request: web.Request, days: list[date], typed: Mapping[str, str], status: int = 200,
    refusal: str = "",
) -> web.Response:  # fmt: skip
    meals = [(meal, MEALS[meal]) for meal in _meals(request.app[SERVICES])]
    named = [(d, f"{d.month}月{d.day}日（星期{WEEKDAYS[d.weekday()]}）") for d in days]
    return console_page(
        request, "information_menu", HERE, status, days=named, meals=meals, typed=typed,
        refusal=refusal, longest=LONGEST_DISHES, url=PATH,
    )  # fmt: skip


def _form(
    request: web.Request, typed: Mapping[str, str], status: int = 200, refusal: str = "",
    preview: str = "", elder: str = "",
) -> web.Response:  # fmt: skip
    return console_page(
        request, "information_new", HERE, status, typed={**EMPTY, **typed}, refusal=refusal, preview=preview,
        elder=elder, longest_elder=LONGEST_ELDER,
        topics=request.app[SERVICES].information.questions.topics,
        longest=LONGEST_TEXT, longest_source=LONGEST_SOURCE, url=PATH,
    )  # fmt: skip


EMPTY = dict.fromkeys(
    ("form", "replaces", "topic", "text", "elder", "starts", "until", "source"), ""
)
LABELS = {
    "topic": "哪一种",
    "text": "怎么说",
    "elder": "长辈版怎么说",
    "starts": "从哪天",
    "until": "到哪天",
    "source": "谁发的",
}


def _sentence(error: LindaError) -> str:
    """Return the refusal by the names that stand on the form."""
    wrong = [f"{LABELS[k]}：{v}" for k, v in error.fields.items() if k in LABELS]
    return "；".join(wrong) or error.message
