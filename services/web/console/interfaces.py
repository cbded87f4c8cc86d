"""对外接口: subscriptions of other systems, what they are owed, keys of the public interface."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode

from aiohttp import web
from multidict import MultiDict
from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.clock import ZONE
from services.errors import LindaError
from services.tickets.views import EVENT_TEXTS
from services.web.console.frame import REFUSALS, console_page
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes, storable
from services.web.validation import validated
from services.webhooks.service import MOST, STATES, NewWebhook

routes = Routes("工作台")
setup = routes.setup

AUTH = "staff:interfaces"
PATH = "/console/interfaces"
HERE = "interfaces"


class LogQuery(BaseModel):
    """Which messages of a subscription."""

    model_config = ConfigDict(extra="ignore")

    state: Literal["waiting", "delivered", "dead"] | None = None
    after: int = Field(0, ge=0, le=2**53)

    @field_validator("state", mode="before")
    @classmethod
    def _blank(cls, value: object) -> object:
        return value or None


@routes.get(PATH, auth=AUTH, page=True, summary="对外接口")
async def overview(request: web.Request) -> web.Response:
    """Subscriptions and keys, and the forms for new ones."""
    return await _overview(request)


@routes.post(PATH, auth=AUTH, page=True, summary="加一个推送")
async def add_webhook(request: web.Request) -> web.Response:
    """Subscribe; the secret is on the page that comes back, and nowhere else."""
    services, typed = request.app[SERVICES], await _typed(request)
    given = {name: typed.get(name, "").strip() for name in ("name", "url")}
    filters = {name: typed.get(name) or None for name in ("org_id", "community_id")}
    try:
        wanted = validated(NewWebhook, {**given, **filters, "events": typed.getall("events", [])})
        places = await services.places.gazetteer()
        _, secret = await services.webhooks.add(wanted, request[STAFF], places.community.keys())
    except LindaError as error:
        return await _overview(request, typed, error=_refusal(error))
    return await _overview(request, secret=secret, secret_of=f"推送“{wanted.name}”的密钥")


@routes.post(f"{PATH}/keys", auth=AUTH, page=True, summary="发一个开放接口密钥")
async def add_key(request: web.Request) -> web.Response:
    """Make a key; it is on the page that comes back, and nowhere else."""
    typed = await _typed(request)
    name = typed.get("key_name", "").strip()
    try:
        secret = await request.app[SERVICES].open311.add_key(name, request[STAFF])
    except LindaError as error:
        return await _overview(request, typed, error=_refusal(error))
    return await _overview(request, secret=secret, secret_of=f"开放接口“{name}”的密钥")


@routes.post(f"{PATH}/keys/{{id}}/revoke", auth=AUTH, page=True, summary="收回开放接口密钥")
async def revoke_key(request: web.Request) -> web.Response:
    """Take a key back."""
    await request.app[SERVICES].open311.revoke_key(request.match_info["id"], request[STAFF])
    raise web.HTTPSeeOther(f"{PATH}#keys")


@routes.get(f"{PATH}/{{id}}", auth=AUTH, query=LogQuery, page=True, summary="一个推送")
async def webhook(request: web.Request, query: LogQuery) -> web.Response:
    """One subscription and its messages."""
    return await _webhook(request, query)


@routes.post(f"{PATH}/{{id}}/rotate", auth=AUTH, page=True, summary="换推送密钥")
async def rotate(request: web.Request) -> web.Response:
    """Replace the secret; the new one is on the page that comes back."""
    secret = await request.app[SERVICES].webhooks.rotate(request.match_info["id"], request[STAFF])
    return await _webhook(request, LogQuery(), secret=secret)


@routes.post(f"{PATH}/{{id}}/switch", auth=AUTH, page=True, summary="开停推送")
async def switch(request: web.Request) -> web.Response:
    """Switch a subscription on or off."""
    id, on = request.match_info["id"], (await _typed(request)).get("to") == "on"
    await request.app[SERVICES].webhooks.switch(id, on, request[STAFF])
    raise web.HTTPSeeOther(f"{PATH}/{id}")


@routes.post(f"{PATH}/{{id}}/replay", auth=AUTH, page=True, summary="补送")
async def replay(request: web.Request) -> web.Response:
    """Send one message, or those of a span of time, again."""
    webhooks, typed = request.app[SERVICES].webhooks, await _typed(request)
    id, staff = request.match_info["id"], request[STAFF]
    try:
        if message := typed.get("message"):
            done = await webhooks.replay(id, message, staff)
        else:
            since, until = _time(typed.get("since", "")), _time(typed.get("until", ""))
            done = await webhooks.replay_range(id, since, until, staff, typed.get("all") != "on")
    except LindaError as error:
        return await _webhook(request, LogQuery(), typed=typed, error=_refusal(error))
    return await _webhook(request, LogQuery(), said=f"{done}条重新排上了。")


async def _overview(
    request: web.Request, typed: MultiDict[str] | None = None, *,
    error: LindaError | None = None, secret: str = "", secret_of: str = "",
) -> web.Response:  # fmt: skip
    services = request.app[SERVICES]
    places = await services.places.gazetteer()
    orgs = services.people.orgs()
    return console_page(
        request, "interfaces", HERE, error.status if error else 200, url=PATH,
        refusal=error.message if error else "", typed=typed or MultiDict(), secret=secret,
        secret_of=secret_of, webhooks=await services.webhooks.list(),
        counts=await services.webhooks.counts(), states=STATES, keys=await services.open311.keys(),
        events={e: EVENT_TEXTS[e] for e in services.webhooks.rules.events}, orgs=orgs,
        communities=places.communities, names=_names(orgs, places.communities),
    )  # fmt: skip


async def _webhook(
    request: web.Request, query: LogQuery, *, typed: MultiDict[str] | None = None,
    error: LindaError | None = None, secret: str = "", said: str = "",
) -> web.Response:  # fmt: skip
    services, id = request.app[SERVICES], request.match_info["id"]
    row = await services.webhooks.get(id)
    messages = await services.webhooks.messages(id, query.state, query.after or None)
    here, more = f"{PATH}/{id}", {"state": query.state} if query.state else {}
    older = urlencode({**more, "after": messages[-1].seq}) if len(messages) == MOST else ""
    places = await services.places.gazetteer()
    return console_page(
        request, "interface", HERE, error.status if error else 200, url=PATH, here_url=here,
        refusal=error.message if error else "", typed=typed or MultiDict(), secret=secret,
        said=said, w=row, messages=messages, states=STATES, chosen=query.state,
        counts=(await services.webhooks.counts()).get(id, {}), texts=EVENT_TEXTS,
        older=f"{here}?{older}" if older else "", hours=services.webhooks.rules.rotation_hours,
        names=_names(services.people.orgs(), places.communities), now=services.clock.now(),
    )  # fmt: skip


def _names(*named: Any) -> dict[str, str]:
    return {thing.id: thing.name for things in named for thing in things}


def _refusal(error: LindaError) -> LindaError:
    """Return what the person can mend; anything else is no matter of this form."""
    if error.status not in REFUSALS and error.code != "message_not_found":
        raise error
    return error


def _time(text: str) -> datetime:
    """Return the time of a ``datetime-local`` field, which is ours."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise LindaError("bad_time", "写明从什么时候到什么时候。", 422) from None
    return found if found.tzinfo else found.replace(tzinfo=ZONE)


async def _typed(request: web.Request) -> MultiDict[str]:
    sent = (await request.post()).items()
    return MultiDict((k, storable(v)) for k, v in sent if isinstance(v, str))
