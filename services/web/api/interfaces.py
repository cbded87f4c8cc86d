"""Subscriptions of other systems (webhooks), what they are owed, and keys of the public interface."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.web.api.common import Answer, Page, PageQuery, once_of, paged
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes
from services.webhooks.service import NewWebhook

routes = Routes("对外接口")
setup = routes.setup

AUTH = "staff:interfaces"
PATH = "/api/v1/webhooks"
ONE = PATH + "/{id}"
KEYS = "/api/v1/open311-keys"


class WebhookWanted(NewWebhook):
    """A subscription as it is asked for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "物业系统", "url": "https://example.com/hook",
                    "events": ["dispatched", "resolved"], "org_id": "property",
                }
            ]
        },
    )  # fmt: skip


class Webhook(Answer):
    """A subscription, without its secret."""

    id: str
    name: str
    url: str
    events: list[str]
    org_id: str | None
    community_id: str | None
    active: bool
    stopped_why: str | None
    created_by: str
    created_at: datetime
    former_until: datetime | None = Field(description="换下的密钥签到这时为止")
    counts: dict[str, int] = Field({}, description="各种状态的推送有几条")


class Webhooks(Answer):
    """All subscriptions, the oldest first, and what can be subscribed to."""

    webhooks: list[Webhook]
    events: list[str]


class NewSecret(Answer):
    """What was made; ``secret`` is shown this once, and empty when it was made before."""

    id: str
    secret: str


class MessagesQuery(PageQuery):
    """Which messages."""

    state: Literal["waiting", "delivered", "dead"] | None = None


class WebhookMessage(Answer):
    """What a subscription is told of one event."""

    seq: int
    id: str
    ticket_no: str
    event: str
    at: datetime
    body: str = Field(description="送出去的 JSON，一字不差")
    state: str
    attempts: int
    next_at: datetime
    answer: str | None
    done_at: datetime | None


class WebhookMessages(Page):
    """Messages, the newest first."""

    messages: list[WebhookMessage]


class Switch(BaseModel):
    """On or off."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"active": False}]})

    active: bool


class Replay(BaseModel):
    """One message, or those of a span of time."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"since": "2026-11-24T00:00:00+08:00", "until": "2026-11-24T12:00:00+08:00"}
            ]
        },
    )

    message: str | None = Field(None, max_length=60, description="一条推送的 id")
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    dead_only: bool = Field(True, description="只补送死信")

    @model_validator(mode="after")
    def _one(self) -> Replay:
        span = self.since is not None and self.until is not None
        if (self.message is None) != span:
            raise ValueError("写 message，或者写 since 和 until")
        return self


class Replayed(Answer):
    """How many messages are sent again."""

    replayed: int


class KeyWanted(BaseModel):
    """Whom a key is for."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "市民应用"}]}
    )

    name: str = Field(min_length=1, max_length=60)


class OpenKey(Answer):
    """A key of the public interface; only its hash is kept."""

    id: str
    name: str
    created_by: str
    created_at: datetime
    revoked_at: datetime | None


class OpenSecret(Answer):
    """A key; shown this once, and empty when it was made before."""

    key: str


class OpenKeys(Answer):
    """All keys, the oldest first."""

    keys: list[OpenKey]


@routes.get(PATH, auth=AUTH, response=Webhooks, summary="推送")
async def listing(request: web.Request) -> Webhooks:
    """Return all subscriptions."""
    service = request.app[SERVICES].webhooks
    counts = await service.counts()
    found = [Webhook.model_validate(w) for w in await service.list()]
    return Webhooks(
        webhooks=[w.model_copy(update={"counts": dict(counts.get(w.id, {}))}) for w in found],
        events=list(service.rules.events),
    )


@routes.post(
    PATH, auth=AUTH, body=WebhookWanted, response=NewSecret, status=201, idempotency_key=True,
    summary="加一个推送；密钥只给这一次",
)  # fmt: skip
async def add(request: web.Request, body: WebhookWanted) -> NewSecret:
    """Subscribe."""
    services = request.app[SERVICES]
    communities = (await services.places.gazetteer()).community
    id, secret = await services.webhooks.add(
        body, request[STAFF], communities.keys(), once_of(request, body.model_dump())
    )
    return NewSecret(id=id, secret=secret)


@routes.get(ONE, auth=AUTH, response=Webhook, summary="一个推送")
async def one(request: web.Request) -> Webhook:
    """Return one."""
    return await _one(request)


@routes.get(
    ONE + "/messages", auth=AUTH, query=MessagesQuery, response=WebhookMessages, summary="送了什么、送到没有"
)  # fmt: skip
async def messages(request: web.Request, query: MessagesQuery) -> WebhookMessages:
    """Return messages of one subscription."""
    found = await request.app[SERVICES].webhooks.messages(
        request.match_info["id"], query.state, query.number, query.limit + 1
    )
    rows, last = paged([*found], query.limit)
    return WebhookMessages(
        messages=[WebhookMessage.model_validate(m) for m in rows],
        next_cursor=str(last.seq) if last else None,
    )


@routes.post(ONE + "/rotate", auth=AUTH, response=NewSecret, summary="换密钥；新的只给这一次")
async def rotate(request: web.Request) -> NewSecret:
    """Replace the secret; the former signs beside it for a while."""
    id = request.match_info["id"]
    return NewSecret(id=id, secret=await request.app[SERVICES].webhooks.rotate(id, request[STAFF]))


@routes.post(ONE + "/switch", auth=AUTH, body=Switch, response=Webhook, summary="开、停")
async def switch(request: web.Request, body: Switch) -> Webhook:
    """Switch it on or off."""
    webhooks = request.app[SERVICES].webhooks
    await webhooks.switch(request.match_info["id"], body.active, request[STAFF])
    return await _one(request)


@routes.post(ONE + "/replay", auth=AUTH, body=Replay, response=Replayed, summary="补送")
async def replay(request: web.Request, body: Replay) -> Replayed:
    """Send again: same ids, same bodies."""
    webhooks, staff = request.app[SERVICES].webhooks, request[STAFF]
    id = request.match_info["id"]
    if body.since is None or body.until is None:
        return Replayed(replayed=await webhooks.replay(id, body.message or "", staff))
    done = await webhooks.replay_range(id, body.since, body.until, staff, body.dead_only)
    return Replayed(replayed=done)


async def _one(request: web.Request) -> Webhook:
    service, id = request.app[SERVICES].webhooks, request.match_info["id"]
    found = Webhook.model_validate(await service.get(id))
    return found.model_copy(update={"counts": dict((await service.counts()).get(id, {}))})


@routes.get(KEYS, auth=AUTH, response=OpenKeys, summary="开放接口（Open311）的密钥")
async def keys(request: web.Request) -> OpenKeys:
    """Return all keys."""
    return await _keys(request)


async def _keys(request: web.Request) -> OpenKeys:
    found = await request.app[SERVICES].open311.keys()
    return OpenKeys(keys=[OpenKey.model_validate(k) for k in found])


@routes.post(
    KEYS, auth=AUTH, body=KeyWanted, response=OpenSecret, status=201, idempotency_key=True,
    summary="发一个密钥；只给这一次",
)  # fmt: skip
async def add_key(request: web.Request, body: KeyWanted) -> OpenSecret:
    """Make a key."""
    once = once_of(request, body.model_dump())
    secret = await request.app[SERVICES].open311.add_key(body.name, request[STAFF], once)
    return OpenSecret(key=secret)


@routes.post(KEYS + "/{id}/revoke", auth=AUTH, response=OpenKeys, summary="收回密钥")
async def revoke_key(request: web.Request) -> OpenKeys:
    """Let it open nothing any more."""
    await request.app[SERVICES].open311.revoke_key(request.match_info["id"], request[STAFF])
    return await _keys(request)
