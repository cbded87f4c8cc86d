"""Routes of the console. A view reads the request, asks a service, renders; rules live elsewhere."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from multidict import MultiDict
from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.channels import telling
from services.channels.types import AttachmentView, HandoffView, MessageView
from services.errors import LindaError
from services.tickets.core.actor import Actor
from services.tickets.core.kinds import Priority
from services.tickets.core.numbers import parse_ticket_number
from services.tickets.core.risks import DESK
from services.tickets.core.states import STORED, State
from services.tickets.lists import FLAGS
from services.tickets.views import NO_CONTENT
from services.training.suggestions import LONGEST, Wanted
from services.web.api import suggestions
from services.web.api.chat import last_event_id
from services.web.auth import COOKIE, client_address, set_session_cookie, still_allowed
from services.web.auth import actor_of as actor_of_staff
from services.web.console import (
    audit,
    data,
    exchange,
    foresight,
    forms,
    information,
    integrity,
    learning,
    lists,
    paper,
    present,
    register,
    reports,
    rights,
    texts,
    themes,
    training,
    visits,
)
from services.web.console.frame import REFUSALS, console_page, error_page
from services.web.console.menu import home_of
from services.web.console.words import span
from services.web.keys import SERVICES, STAFF
from services.web.pages import ERROR_PAGE
from services.web.routing import Routes
from services.web.templates import ENVIRONMENT, add_filter

HOME = "/console/tickets"
PAGE_SIZE = 50

HANDOFF_AUTH = "staff:handoffs"
BOT_CHANNELS = frozenset({"web", "wechat", "kiosk"})
"""Channels of tickets that the bot has written."""
TAUGHT = frozenset(
    {"nothing_said", "leaf_unknown", "personal_data", "not_heard", "already_decided"}
)
"""Why a suggestion is refused; the person can go on."""
SUGGESTED = "交给训练员看了，谢谢。"
SAID = 20
"""So many of a resident's last messages can be said to have been taken wrong."""

routes = Routes("工作台")
add_filter(forms.groups)


class WorklistQuery(BaseModel):
    """What the worklist shows; an empty filter is no filter."""

    model_config = ConfigDict(extra="ignore")

    state: str | None = None
    leaf: str | None = None
    priority: str | None = None
    q: str | None = Field(None, max_length=100)
    flag: str | None = None
    mine: bool = False
    cursor: str | None = None

    @field_validator("state", "leaf", "priority", "q", "flag", "cursor", mode="before")
    @classmethod
    def _blank(cls, value: Any) -> Any:
        return (value.strip() or None) if isinstance(value, str) else value

    def url(self, cursor: str | None) -> str:
        """Return the address of these filters at a page."""
        values = self.model_dump(exclude_none=True, exclude_defaults=True, exclude={"cursor"})
        if self.mine:
            values["mine"] = "true"
        if cursor:
            values["cursor"] = cursor
        return f"{HOME}?{urlencode(values)}" if values else HOME

    @property
    def filters(self) -> int:
        """How many filters are on."""
        shown = self.model_dump(exclude_none=True, exclude_defaults=True)
        return len(shown.keys() - {"cursor", "mine"})

    def beside(self, mine: bool) -> str:
        """Return the address of the same filters over what waits for the person, or over all."""
        return self.model_copy(update={"mine": mine}).url(None)


def actor_of(request: web.Request) -> Actor:
    """Return the logged-in person as who acts on tickets."""
    return actor_of_staff(request[STAFF])


def now_of(request: web.Request) -> datetime:
    """Return the present time of the one clock."""
    return request.app[SERVICES].clock.now()


# -- login ---------------------------------------------------------------------------------------


def own_path(target: str) -> str:
    """Return where to go after login: only a path of the console, never another site."""
    plain = target.isprintable() and "\\" not in target and "//" not in target
    inside = target.startswith("/console/") and plain
    return target if inside and not target.startswith("/console/log") else HOME


@routes.get("/console", auth="public", page=True, summary="工作台入口")
async def entry(request: web.Request) -> web.Response:
    """Send people to the worklist, which sends them to the login page if need be."""
    raise web.HTTPSeeOther(HOME)


@routes.get("/console/login", auth="public", page=True, summary="登录页")
async def login_page(request: web.Request) -> web.Response:
    """The login form; a live part of a page whose session has ended reloads as a whole."""
    target = own_path(request.query.get("next", ""))
    if "HX-Request" in request.headers:
        return web.Response(headers={"HX-Redirect": f"/console/login?{urlencode({'next': HOME})}"})
    return console_page(request, "login", next=target, username="", error="")


@routes.post("/console/login", auth="public", page=True, summary="登录")
async def login(request: web.Request) -> web.Response:
    """Check the password; a wrong one keeps the name that was typed."""
    form = await request.post()
    username, target = str(form.get("username", "")).strip(), own_path(str(form.get("next", "")))
    try:
        opened = await request.app[SERVICES].people.login(
            username, str(form.get("password", "")), client_address(request),
            replaces=request.cookies.get(COOKIE, ""),
        )  # fmt: skip
    except LindaError as error:
        return console_page(
            request, "login", status=error.status, next=target, username=username,
            error=error.message,
        )  # fmt: skip
    if target == HOME:
        target = home_of(opened.staff.role)
    response = web.Response(status=303, headers={"Location": target})
    set_session_cookie(request, response, opened)
    return response


@routes.post("/console/logout", auth="public", page=True, summary="退出")
async def logout(request: web.Request) -> web.Response:
    """End the session on the server, not only in the browser."""
    await request.app[SERVICES].people.logout(request.cookies.get(COOKIE, ""))
    response = web.Response(status=303, headers={"Location": "/console/login"})
    response.del_cookie(COOKIE, path="/")
    return response


# -- tickets -------------------------------------------------------------------------------------


@routes.get(HOME, auth="staff", page=True, query=WorklistQuery, summary="工单列表")
async def worklist(request: web.Request, query: WorklistQuery) -> web.Response:
    """Tickets in the person's scope, most urgent first; asks itself again every 10 s."""
    services = request.app[SERVICES]
    # A platform's number finds our ticket too.
    q = (await services.exchange.own_number(query.q) or query.q) if query.q else None
    found = await services.tickets.list(
        actor_of(request), state=query.state, leaf=query.leaf, priority=query.priority, q=q,
        flag=query.flag, mine=query.mine, cursor=query.cursor, limit=PAGE_SIZE,
    )  # fmt: skip
    cursor = found.get("next_cursor")
    return console_page(
        request, "worklist", "tickets",
        query=query,
        tickets=[present.row(t, now_of(request)) for t in found["tickets"]],
        filtered=query.filters,
        here_url=query.url(query.cursor),
        first_url=query.url(None),
        next_url=query.url(cursor) if cursor else None,
        outside=request[STAFF].role in NO_CONTENT,
        mine_url=query.beside(True), all_url=query.beside(False),
        states=[s.value for s in State if s in STORED],
        priorities=[p.value for p in Priority],
        flags=_flags(request[STAFF].role),
        leaves=_leaves(request),
    )  # fmt: skip


def _leaves(request: web.Request) -> list[tuple[str, str]]:
    return [(c.id, c.name) for c in request.app[SERVICES].catalogue.cards()]


def _flags(role: str) -> list[str]:
    """Return what a role may narrow the list to."""
    hidden = set() if role == "auditor" else {"case"}
    hidden |= set() if role in DESK else {"risk"}
    return [flag for flag in FLAGS if flag not in hidden]


@routes.get(HOME + "/{ticket_no}", auth="staff", page=True, summary="工单")
async def ticket(request: web.Request) -> web.Response:
    """One ticket with everything this person may see and do."""
    return await _ticket_page(request)


@routes.post(HOME + "/{ticket_no}/actions/{action}", auth="staff", page=True, summary="办理")
async def act(request: web.Request) -> web.Response:
    """Do an action; refused, the page comes back as it is now, with what was typed."""
    services, actor = request.app[SERVICES], actor_of(request)
    number, action = request.match_info["ticket_no"], request.match_info["action"]
    allowed = {a["action"]: a for a in await services.tickets.allowed_actions(number, actor)}

    async def keep(chunks: AsyncIterator[bytes]) -> str:
        # Filed under the ticket, not under the resident's conversation: evidence of the work.
        filed = f"ticket:{parse_ticket_number(number)}"
        return (await services.channels.add_attachment(filed, chunks)).id

    form: MultiDict[str] = MultiDict()
    try:
        form = await forms.read_form(request, keep)
        if action not in allowed:
            raise LindaError("action_not_allowed", "工单已经变了，这一步现在不能做。", 409)
        fields = allowed[action]["fields"]
        payload = forms.payload(fields, form)
        await forms.resolve_places(services, fields, payload)
        view = await services.tickets.act(number, action, payload, actor, _version(form))
    except LindaError as error:
        if error.status not in REFUSALS:
            raise
        words = error.message
        if error.code == "version_conflict":
            words += "下面是最新的情况，您刚才写的还在，看过再提交。"
        return await _ticket_page(
            request, status=error.status, refusal=words, open_action=action, typed=form
        )
    if action == "relay":
        return await _ticket_page(request, view=view)
    label = allowed[action]["label_zh"]
    return await _ticket_page(
        request, view=view, done=f"“{label}”办好了。", revealed=action == "reveal"
    )


def _version(form: MultiDict[str]) -> int:
    text = form.get("version", "")
    # No version is as stale as any: acting blindly on a ticket is refused like an old page.
    return int(text) if text.isdecimal() and len(text) < 10 else 0


async def _ticket_page(
    request: web.Request,
    *,
    view: Mapping[str, Any] | None = None,
    status: int = 200,
    refusal: str = "",
    done: str = "",
    open_action: str = "",
    typed: MultiDict[str] | None = None,
    revealed: bool = False,
) -> web.Response:
    services, actor = request.app[SERVICES], actor_of(request)
    number = request.match_info["ticket_no"]
    view = view or await services.tickets.get(number, actor)
    await services.audit.viewed(request[STAFF], f"ticket:{view['ticket_no']}")
    allowed = await services.tickets.allowed_actions(number, actor)
    actions = present.ordered([a for a in allowed if a["action"] not in present.RINGING], view)
    ringing = [a for a in present.ringing(allowed) if view.get("reporter")]
    card = services.catalogue.card(view["leaf"]) if view.get("leaf") else None
    return console_page(
        request, "ticket", "tickets", status,
        order=await services.exchange.order(view["ticket_no"]),
        **present.detail(view, now_of(request), card),
        events=[present.event(e) for e in await services.tickets.events(number, actor)],
        actions=actions,
        lead=present.lead(actions),
        ringing=ringing,
        proxy=present.proxy(
            view.get("proxy_auth"),
            "check_proxy" in {a["action"] for a in actions}
            and await services.tickets.proxy_unchecked(number, actor),
        ),
        news=await telling.words(services, view["ticket_no"], view.get("to_tell")),
        no_relay=services.tickets.relay is None,
        relay=view.get("relay"),
        choices=await forms.locality_choices(services, [f for a in actions for f in a["fields"]]),
        refused_here=open_action in {a["action"] for a in (*actions, *ringing)},
        leaves=_leaves(request) if view.get("channel") in BOT_CHANNELS else [],
        refusal=refusal, done=done, open_action=open_action, untyped=MultiDict(), typed=typed or MultiDict(), revealed=revealed,
    )  # fmt: skip


@routes.post(
    HOME + "/{ticket_no}/misunderstood", auth=suggestions.AUTH, page=True, summary="机器人理解错了"
)  # fmt: skip
async def misunderstood(request: web.Request) -> web.Response:
    """Tell who teaches the bot what the message of this ticket meant; refused, the page says why."""
    number, (leaf, note, _) = request.match_info["ticket_no"], await _meant(request)
    wanted = Wanted(leaf=leaf, note=note)
    try:
        await suggestions.of_ticket(request.app[SERVICES], request[STAFF], number, wanted)
    except LindaError as error:
        if error.code not in TAUGHT:
            raise
        return await _ticket_page(request, status=error.status, refusal=error.message)
    return await _ticket_page(request, done=SUGGESTED)


async def _meant(request: web.Request) -> tuple[str, str, str]:
    """Return matter, words and message that were filled in; more than fits is no field of ours."""
    form = {k: v for k, v in (await request.post()).items() if isinstance(v, str)}
    return form.get("leaf", "")[:8], form.get("note", "")[:LONGEST], form.get("message", "")[:40]


@routes.get(HOME + "/{ticket_no}/photos/{photo}", auth="staff", summary="工单照片")
async def ticket_photo(request: web.Request) -> web.StreamResponse:
    """A photo of a ticket, for whoever may see the ticket."""
    services, number = request.app[SERVICES], request.match_info["ticket_no"]
    photo = request.match_info["photo"]
    view = await services.tickets.get(number, actor_of(request))
    if photo not in present.photo_ids(view):
        raise _no_photo()
    origin = await services.tickets.origin(number)
    return _photo(request, await services.channels.ticket_photo(photo, *origin))


# -- conversations -------------------------------------------------------------------------------


@routes.get("/console/handoffs", auth=HANDOFF_AUTH, page=True, summary="转人工")
async def handoffs(request: web.Request) -> web.Response:
    """Conversations that wait for a person, emergencies first."""
    found = await request.app[SERVICES].channels.handoffs(actor_of(request))
    now = now_of(request)
    return console_page(
        request, "handoffs", "handoffs",
        handoffs=[{**h.body(), "waited": span(now - h.created_at)} for h in found],
    )  # fmt: skip


@routes.get("/console/handoffs/{id}", auth=HANDOFF_AUTH, page=True, summary="对话")
async def handoff(request: web.Request) -> web.Response:
    """One conversation with the form to answer."""
    view = await request.app[SERVICES].channels.handoff(actor_of(request), request.match_info["id"])
    return _talk_page(request, view)


@routes.post("/console/handoffs/{id}/reply", auth=HANDOFF_AUTH, page=True, summary="回居民")
async def reply(request: web.Request) -> web.Response:
    """Answer as a person; refused, the words stay in the field."""
    channels, actor = request.app[SERVICES].channels, actor_of(request)
    text = str((await request.post()).get("text", "")).strip()
    handoff_id = request.match_info["id"]
    try:
        if not text:
            raise LindaError("invalid_fields", "还没有写要说的话。", 422)
        return _talk_page(request, await channels.reply(actor, handoff_id, text))
    except LindaError as error:
        if error.status not in (409, 422):
            raise
        view = await channels.handoff(actor, handoff_id)
        return _talk_page(request, view, error.status, refusal=error.message, text=text)


@routes.post(
    "/console/handoffs/{id}/misunderstood", auth=suggestions.AUTH, page=True, summary="机器人理解错了"
)  # fmt: skip
async def misunderstood_there(request: web.Request) -> web.Response:
    """Tell who teaches the bot what a message of this conversation meant."""
    services, staff, id = request.app[SERVICES], request[STAFF], request.match_info["id"]
    leaf, note, message = await _meant(request)
    status, refusal = 200, ""
    try:
        await suggestions.of_message(services, staff, id, message, Wanted(leaf=leaf, note=note))
    except LindaError as error:
        if error.code not in (*TAUGHT, "message_not_found"):
            raise
        status, refusal = error.status, error.message
    view = await services.channels.handoff(actor_of(request), id)
    return _talk_page(request, view, status, refusal, done="" if refusal else SUGGESTED)


@routes.post("/console/handoffs/{id}/release", auth=HANDOFF_AUTH, page=True, summary="交还机器人")
async def release(request: web.Request) -> web.Response:
    """Give the conversation back to the bot."""
    await request.app[SERVICES].channels.release(actor_of(request), request.match_info["id"])
    return web.Response(status=303, headers={"Location": "/console/handoffs"})


@routes.get("/console/handoffs/{id}/events", auth=HANDOFF_AUTH, summary="对话的新消息")
async def talk_events(request: web.Request) -> web.StreamResponse:
    """New messages as rendered list items (server-sent events), for htmx."""
    channels, actor = request.app[SERVICES].channels, actor_of(request)
    view = await channels.handoff(actor, request.match_info["id"])
    if view.state == "released":
        return web.Response(status=204)  # tells the browser not to come back
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
    )
    await response.prepare(request)
    try:
        async with aclosing(
            channels.handoff_events(actor, view.id, last_event_id(request))
        ) as stream:
            async for exchange in stream:
                if not await still_allowed(request, heartbeat=exchange is None):
                    break
                if exchange is None:
                    await response.write(b": still here\n\n")
                    continue
                for message in exchange.messages:
                    await response.write(_sse_item(view.id, message))
    except LindaError:
        pass  # the hand-off is no longer this person's to see; asking again says so
    except (ConnectionResetError, asyncio.CancelledError):
        pass  # the page was closed
    return response


def _sse_item(handoff_id: str, message: MessageView) -> bytes:
    macro = ENVIRONMENT.get_template("console/_message.html").module.message  # type: ignore[attr-defined]
    html = str(macro(message.body(), _photo_base(handoff_id)))
    # Each of the three ends a line of a stream; what follows would be a field of its own.
    html = re.sub(r"\r\n|\r|\n", "&#10;", html)
    return f"id: {message.seq}\nevent: message\ndata: {html}\n\n".encode()


@routes.get("/console/handoffs/{id}/photos/{photo}", auth=HANDOFF_AUTH, summary="对话里的照片")
async def talk_photo(request: web.Request) -> web.StreamResponse:
    """A photo of a conversation, for whoever may see the hand-off."""
    view = await request.app[SERVICES].channels.handoff(actor_of(request), request.match_info["id"])
    photo = request.match_info["photo"]
    if photo not in {m.attachment for m in view.messages}:
        raise _no_photo()
    return _photo(request, await request.app[SERVICES].channels.attachment(photo))


def _photo_base(handoff_id: str) -> str:
    return f"/console/handoffs/{handoff_id}/photos"


def _talk_page(
    request: web.Request, view: HandoffView, status: int = 200, refusal: str = "", text: str = "",
    done: str = "",
) -> web.Response:  # fmt: skip
    return console_page(
        request, "handoff", "handoffs", status,
        h=view.body(), last_seq=max((m.seq for m in view.messages), default=0),
        photo_base=_photo_base(view.id), refusal=refusal, text=text, done=done,
        said=[m for m in view.messages if m.sender == "resident" and m.text][-SAID:],
        leaves=_leaves(request),
    )  # fmt: skip


def _no_photo() -> LindaError:
    return LindaError("attachment_not_found", "没有找到这张照片。", 404)


def _photo(request: web.Request, photo: AttachmentView) -> web.StreamResponse:
    return web.FileResponse(
        request.app[SERVICES].channels.uploads / photo.path,
        headers={"Content-Type": photo.mime, "Cache-Control": "private, max-age=3600"},
    )


def setup(app: web.Application) -> None:
    """Add the console's routes and its error page."""
    routes.setup(app)
    register.routes.setup(app)
    integrity.routes.setup(app)
    learning.routes.setup(app)
    training.routes.setup(app)
    texts.routes.setup(app)
    information.routes.setup(app)
    data.routes.setup(app)
    reports.routes.setup(app)
    themes.setup(app)
    rights.routes.setup(app)
    audit.routes.setup(app)
    paper.routes.setup(app)
    exchange.routes.setup(app)
    visits.setup(app)
    foresight.setup(app)
    lists.setup(app)
    app[ERROR_PAGE] = error_page
