"""The community's notices and the canteen's menus: what residents who ask are told."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.errors import LindaError
from services.information.model import LONGEST_DISHES, MealName, NewNotice, Notice
from services.information.service import MEALS
from services.information.tables import NoticeRow
from services.web.api.common import Answer, made_id, once_of
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("社区消息")
setup = routes.setup

AUTH = "staff:information"
PATH = "/api/v1/information"
NOTICE = PATH + "/notices/{notice}"
DAYS = 7
"""A menu is written for so many days, from today."""
MOST_DAYS = 62

EXAMPLE: JsonDict = {
    "topic": "water", "text": "26日9点到17点，幸福小区3号楼检修水管，停水。",
    "starts": "2026-11-26", "until": "2026-11-26", "source": "清河社区",
}  # fmt: skip


class NoticeDraft(NewNotice):
    """A notice as it would be published."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})


class NoticeToPublish(NewNotice):
    """A notice, and the one that it replaces."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    replaces: str = Field("", max_length=40, description="同时撤下哪一条")

    def notice(self) -> NewNotice:
        """Return it as the service takes it."""
        return NewNotice.model_validate(self.model_dump(exclude={"replaces"}))


class NoticeLine(Answer):
    """A notice of the community."""

    id: str
    topic: str
    topic_name: str
    text: str
    elder: str = Field(description="长辈版的说法；空的就照原文说")
    starts: date
    until: date
    source: str
    published_by: str
    published_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    told: bool = Field(description="居民问起时会说")


class TopicName(Answer):
    """A kind of notice."""

    id: str
    name: str


class Notices(Answer):
    """What is told, and what ended or was withdrawn within 30 days; the newest first."""

    notices: list[NoticeLine]
    topics: list[TopicName]


class NoticeSaid(Answer):
    """The very text that the chat says."""

    text: str
    elder: str = Field(description="长辈版的说法")


class MenuQuery(BaseModel):
    """Which days; without them the week from today."""

    model_config = ConfigDict(extra="forbid")

    first: date | None = Field(None, alias="from")
    last: date | None = Field(None, alias="to")


class MenuEntry(BaseModel):
    """What is cooked for one meal; empty dishes take it back."""

    model_config = ConfigDict(extra="forbid")

    day: date
    meal: MealName
    dishes: str = Field(max_length=LONGEST_DISHES)


class NewMenus(BaseModel):
    """Some meals of the coming week."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"menus": [{"day": "2026-11-25", "meal": "lunch", "dishes": "土豆炖牛肉、米饭"}]}
            ]
        },
    )

    menus: list[MenuEntry] = Field(min_length=1, max_length=DAYS * len(MEALS))


class MenuLine(Answer):
    """A published menu."""

    day: date
    meal: str
    dishes: str
    published_by: str
    published_at: datetime


class Menus(Answer):
    """Menus in order, and the meals that the kitchen cooks."""

    menus: list[MenuLine]
    meals: list[str]


@routes.get(PATH + "/notices", auth=AUTH, response=Notices, summary="社区消息")
async def notices(request: web.Request) -> Notices:
    """Return the notices."""
    information = request.app[SERVICES].information
    return Notices(
        notices=[_line(request, row) for row in await information.kept()],
        topics=[TopicName.model_validate(t) for t in information.questions.topics],
    )


@routes.post(
    PATH + "/notices/preview", auth=AUTH, body=NoticeDraft, response=NoticeSaid, summary="看一条消息会怎么说，不发布"
)  # fmt: skip
async def preview(request: web.Request, body: NoticeDraft) -> NoticeSaid:
    """Return how a notice is said."""
    services = request.app[SERVICES]
    services.information.check(body)
    today = services.clock.now().date()
    notice = Notice("", published_on=today, **body.model_dump())
    say = services.information.say_notice
    return NoticeSaid(text=say(notice), elder=say(notice, elder=True))


@routes.post(
    PATH + "/notices", auth=AUTH, body=NoticeToPublish, response=NoticeLine, status=201,
    idempotency_key=True, summary="发布一条消息",
)  # fmt: skip
async def publish(request: web.Request, body: NoticeToPublish) -> NoticeLine:
    """Publish it: residents who ask are told it from now on."""
    notice = await request.app[SERVICES].information.publish(
        body.notice(), request[STAFF].id, made_id(request), body.replaces,
        once_of(request, body.model_dump(mode="json")),
    )  # fmt: skip
    return _line(request, await request.app[SERVICES].information.row(notice.id))


@routes.post(NOTICE + "/withdraw", auth=AUTH, response=NoticeLine, summary="撤下一条消息")
async def withdraw(request: web.Request) -> NoticeLine:
    """Take it back; twice is once."""
    information, id = request.app[SERVICES].information, request.match_info["notice"]
    await information.withdraw(id, request[STAFF].id)
    return _line(request, await information.row(id))


def _line(request: web.Request, row: NoticeRow) -> NoticeLine:
    services = request.app[SERVICES]
    topic = services.information.questions.topic(row.topic)
    today = services.clock.now().date()
    own = {n: getattr(row, n) for n in NoticeLine.model_fields if hasattr(row, n)}
    told = row.withdrawn_at is None and row.until >= today
    named = topic.name if topic else row.topic
    return NoticeLine.model_validate({**own, "told": told, "topic_name": named})


@routes.get(PATH + "/menus", auth=AUTH, query=MenuQuery, response=Menus, summary="食堂的菜单")
async def menus(request: web.Request, query: MenuQuery) -> Menus:
    """Return the menus of some days."""
    first = query.first or request.app[SERVICES].clock.now().date()
    last = query.last or first + timedelta(days=DAYS - 1)
    if not timedelta() <= last - first <= timedelta(days=MOST_DAYS):
        words = f"从 from 到 to，最多{MOST_DAYS}天。"
        raise LindaError("invalid_fields", words, 422, {"to": words})
    return await _menus(request, first, last)


@routes.post(
    PATH + "/menus", auth=AUTH, body=NewMenus, response=Menus, summary="发布菜单（今天起七天内）"
)
async def publish_menus(request: web.Request, body: NewMenus) -> Menus:
    """Publish them; the same meal again replaces it."""
    services = request.app[SERVICES]
    today = services.clock.now().date()
    last, cooked = today + timedelta(days=DAYS - 1), services.catalogue.meals_cooked()
    wrong = {}
    for at, entry in enumerate(body.menus):
        if not today <= entry.day <= last:
            wrong[f"menus.{at}.day"] = f"只能写{today}到{last}。"
        if entry.meal not in cooked:
            wrong[f"menus.{at}.meal"] = f"食堂做的有：{'、'.join(sorted(cooked))}。"
    if wrong:
        raise LindaError("invalid_fields", next(iter(wrong.values())), 422, wrong)
    wanted: dict[tuple[date, MealName], str] = {(e.day, e.meal): e.dishes for e in body.menus}
    await services.information.save_menus(wanted, request[STAFF].id)
    return await _menus(request, today, last)


async def _menus(request: web.Request, first: date, last: date) -> Menus:
    services = request.app[SERVICES]
    rows = await services.information.menus(first, last)
    cooked = [meal for meal in MEALS if meal in services.catalogue.meals_cooked()]
    return Menus(menus=[MenuLine.model_validate(r) for r in rows], meals=list(cooked))
