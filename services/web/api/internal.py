"""Internal API for Rasa's action server: what the dialogue needs, nothing else.

Bearer ``LINDA_INTERNAL_TOKEN``. See docs/architecture.md, Actions → services.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import date
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, Field

from services.channels import closing, drafts, own_data
from services.channels.service import Conversation
from services.context import Services
from services.errors import LindaError
from services.people.model import Home
from services.tickets.core.actor import resident
from services.tickets.core.commands import Contact, CreateTicket
from services.tickets.core.location import Location
from services.tickets.core.workflow import RESIDENT_ACTIONS
from services.web.keys import SERVICES
from services.web.routing import Routes, idempotency_key
from services.words import piece, refusal

routes = Routes("内部接口")


class TicketQuery(BaseModel):
    """Who asks: the ticket's own conversation, or whoever has its query code."""

    conversation_id: str | None = Field(None, max_length=80)
    query_code: str | None = Field(None, max_length=20)


class CertificateChange(BaseModel):
    """What a resident corrects of a certificate that was asked for."""

    purpose: str | None = Field(None, max_length=200, description="what it is for")
    demanded_by: str | None = Field(None, max_length=200, description="the unit that wants it")


class ResidentAction(BaseModel):
    """What a resident adds to an action on their ticket."""

    conversation_id: str = Field(max_length=80)
    text: str | None = Field(None, max_length=5000)
    reason: str | None = Field(None, max_length=1000)
    persuaded: bool | None = Field(None, description="被人劝着撤回的，另行核查")
    score: int | None = Field(None, ge=1, le=5)
    attachments: list[str] | None = Field(None, max_length=20)
    place: dict[str, Any] | None = Field(None, description="a candidate of /places/resolve")
    address_text: str | None = Field(None, max_length=300)
    appointment: dict[str, Any] | None = Field(
        None, description="what changes of it; null takes a part away"
    )
    certificate: CertificateChange | None = None
    contact: Contact | None = None
    complete: Literal["yes", "no"] | None = Field(
        None, description="supplement: whether all that was asked for is there now"
    )
    rest: list[str] | None = Field(None, max_length=20, description="what is still missing")
    secret: Literal["yes", "no"] | None = Field(
        None, description="secrecy: whether it is kept from who handles it who reported"
    )


class OwnOrder(BaseModel):
    """Whose order it is."""

    conversation_id: str = Field(max_length=80)


class OwnDataChange(BaseModel):
    """What a resident has confirmed about their own data."""

    change: own_data.Change
    phone: str | None = Field(None, max_length=20)
    name: str | None = Field(None, min_length=1, max_length=40, description="correct: the name")
    ticket_no: str | None = Field(None, max_length=30)
    pref: str | None = Field(None, max_length=40, description="how and when to be reached")


class DraftChange(BaseModel):
    """What the resident wants with a form that they left in another channel."""

    draft_id: str = Field(max_length=40)
    change: drafts.Change


class StandingChange(BaseModel):
    """A pause of a standing order until further notice, or its end."""

    change: Literal["pause", "resume"]
    ticket_no: str = Field(max_length=30, description="a meal of the order")
    first: date | None = Field(None, description="resume: the day from which on it goes on")


class CallbackAnswer(BaseModel):
    """The answer to one callback question; ``stage`` says to which."""

    conversation_id: str = Field(max_length=80)
    stage: Literal["solved", "reason", "rating"]
    solved: bool | None = None
    partly: bool | None = Field(None, description="with solved false: a part of it is")
    score: int | None = Field(None, ge=1, le=5)
    text: str | None = Field(None, max_length=5000)
    pressured: bool | None = Field(None, description="说有人要求给好评，另行核查")


class AddressToResolve(BaseModel):
    """An address as said and as understood."""

    text: str = Field("", max_length=500)
    value: dict[str, Any] = Field(default_factory=dict)
    conversation_id: str | None = Field(None, max_length=80)


class CertificateQuery(BaseModel):
    """A certificate by the number of the national list or by name."""

    no: int | None = None
    name: str | None = Field(None, max_length=100)


class Asked(BaseModel):
    """A question as it was asked."""

    text: str = Field(max_length=5000)


class AskedOfCommunity(Asked):
    """A question about the community; ``first`` and ``last`` are the days that it names."""

    first: date | None = None
    last: date | None = None
    elder: bool = False


class LeafQuery(BaseModel):
    """A service, and in which words."""

    leaf: str = Field(max_length=10)
    elder: bool = False


NO_LEAF = "none"


class SimilarQuery(BaseModel):
    """A matter and its place, as far as the dialogue knows it; ``none`` is a matter without a leaf."""

    conversation_id: str = Field(max_length=80)
    leaf: str = Field(max_length=8)
    compound_id: str | None = Field(None, max_length=60)
    building_id: str | None = Field(None, max_length=60)
    building: str | None = Field(None, max_length=20)
    unit: str | None = Field(None, max_length=20)


class HotlineQuery(BaseModel):
    """Leaf of an emergency; ``-`` is the general card."""

    leaf: str = Field("-", max_length=8)


class MealQuery(BaseModel):
    """A day and a meal; for a conversation also what its resident lets us remember."""

    date: date
    meal: Literal["breakfast", "lunch", "dinner"] = "lunch"
    conversation_id: str | None = Field(None, max_length=80)


class BookingQuery(BaseModel):
    """A bookable service and, as far as said, a day, its part, a venue or a course."""

    leaf: str = Field(max_length=8)
    date: str | None = Field(None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    part: Literal["am", "noon", "pm", "eve", "night"] | None = None
    venue: str | None = Field(None, max_length=40)
    course: str | None = Field(None, max_length=40)


class Alert(BaseModel):
    """A call for a person."""

    conversation_id: str = Field(max_length=80)
    kind: Literal["emergency", "human"]
    leaf: str | None = Field(None, max_length=8)
    text: str = Field("", max_length=5000)
    ticket_no: str | None = Field(None, max_length=40)
    """Emergency that this belongs to: what is said after the first call for help."""


@routes.post(
    "/internal/v1/tickets",
    auth="internal",
    body=CreateTicket,
    status=201,
    idempotency_key=True,
    summary="登记居民的诉求",
)
async def file_ticket(request: web.Request, body: CreateTicket) -> dict[str, Any]:
    """File a ticket for a conversation and return the resident view."""
    services = request.app[SERVICES]
    conversation = await _conversation(services, body.conversation_id)
    ticket = await _of_resident(services, body, conversation)
    return await services.tickets.create(
        ticket,
        resident(conversation.id),
        idempotency_key(request),
        origin=conversation.opened_from,
    )


@routes.get("/internal/v1/conversations/{id}/tickets", auth="internal", summary="居民自己的诉求")
async def own_tickets(request: web.Request) -> dict[str, Any]:
    """Return the resident's own tickets, newest first."""
    services = request.app[SERVICES]
    conversation = await services.channels.conversation(request.match_info["id"])
    found = await services.tickets.resident_list(
        conversation.id, conversation.resident_id, conversation.siblings
    )
    return {"tickets": found}


@routes.get(
    "/internal/v1/conversations/{id}/bookings", auth="internal", summary="居民在排的、先停着的"
)
async def waiting_and_paused(request: web.Request) -> dict[str, Any]:
    """Return ``{waiting: [{id, what, position, answer_by}], paused: [resident view]}``."""
    services, ids = request.app[SERVICES], await _conversations(request)
    return {
        "waiting": await services.waiting.of(ids),
        "paused": await services.standing.paused(ids),
    }


@routes.post(
    "/internal/v1/conversations/{id}/standing",
    auth="internal",
    body=StandingChange,
    idempotency_key=True,
    summary="长期订的饭先停着、接着送",
)
async def change_standing(request: web.Request, body: StandingChange) -> dict[str, Any]:
    """Pause (``{cooking: date | null}``) or go on (``{ticket: resident view}``); twice is once."""
    services, ids = request.app[SERVICES], await _conversations(request)
    if body.change == "pause":
        return await services.standing.pause(body.ticket_no, ids)
    return await services.standing.resume(body.ticket_no, ids, body.first)


@routes.post(
    "/internal/v1/conversations/{id}/waiting",
    auth="internal",
    body=CreateTicket,
    idempotency_key=True,
    summary="约满了，排队等空位",
)
async def wait_for_place(request: web.Request, body: CreateTicket) -> dict[str, Any]:
    """Put a booking into the queue of its slot; ``{free: true}`` when it need not wait."""
    services = request.app[SERVICES]
    conversation = await services.channels.conversation(request.match_info["id"])
    here = body.model_copy(update={"conversation_id": conversation.id})
    wanted = await _of_resident(services, here, conversation)
    return await services.waiting.join(wanted)


@routes.post(
    "/internal/v1/conversations/{id}/waiting/{waiter}/{answer}",
    auth="internal",
    idempotency_key=True,
    summary="空位要还是不要",
)
async def answer_place(request: web.Request) -> dict[str, Any]:
    """Take the place that is held (``accept``: ``{ticket: resident view}``), or leave the queue."""
    services, facts = request.app[SERVICES], request.match_info
    if facts["answer"] not in ("accept", "leave") or not facts["waiter"].isdigit():
        raise refusal("unknown_action", 404)
    conversation = await services.channels.conversation(facts["id"])
    if facts["answer"] == "accept":
        return {"ticket": await services.waiting.accept(conversation, int(facts["waiter"]))}
    await services.waiting.leave(conversation, int(facts["waiter"]))
    return {"ticket": None}


@routes.get("/internal/v1/conversations/{id}/data", auth="internal", summary="存了居民本人的什么")
async def shown_data(request: web.Request) -> dict[str, Any]:
    """Return what is stored of the resident of a conversation, contact data masked."""
    services = request.app[SERVICES]
    conversation = await services.channels.conversation(request.match_info["id"])
    return await own_data.show(services, conversation)


@routes.post(
    "/internal/v1/conversations/{id}/data",
    auth="internal",
    body=OwnDataChange,
    idempotency_key=True,
    summary="居民更正、删除自己的信息，给出或收回同意",
)
async def change_data(request: web.Request, body: OwnDataChange) -> dict[str, Any]:
    """Do what the resident has confirmed; every change may be repeated without another effect."""
    services = request.app[SERVICES]
    conversation = await services.channels.conversation(request.match_info["id"])
    return await own_data.change(
        services,
        conversation,
        body.change,
        body.phone,
        body.ticket_no,
        name=body.name,
        pref=body.pref,
    )


@routes.post(
    "/internal/v1/conversations/{id}/draft",
    auth="internal",
    body=DraftChange,
    idempotency_key=True,
    summary="居民把别处没说完的事拿过来接着说，或者不说了",
)
async def change_draft(request: web.Request, body: DraftChange) -> dict[str, Any]:
    """Return ``{draft}``: the form to go on with, null when it was dropped or is gone; twice is once."""
    services, conversation_id = request.app[SERVICES], request.match_info["id"]
    changed = await services.channels.change_draft(conversation_id, body.draft_id, body.change)
    return {"draft": changed}


@routes.get(
    "/internal/v1/tickets/{ticket_no}", auth="internal", query=TicketQuery, summary="查一件诉求"
)
async def one_ticket(request: web.Request, query: TicketQuery) -> dict[str, Any]:
    """Return the resident view of one ticket.

    ``joinable``: its code was shown in another conversation than its own, and the resident may be
    asked whether the two shall be joined.
    """
    services, number = request.app[SERVICES], request.match_info["ticket_no"]
    if not query.conversation_id:
        return await services.tickets.resident_get(number, None, query.query_code)
    here = await services.channels.conversation(query.conversation_id)
    view = await services.tickets.resident_get(
        number, here.id, query.query_code, here.resident_id, here.opened_from, here.siblings
    )
    if query.query_code is None:
        return view
    number, filed_in, of_resident = await services.tickets.origin(number)
    if of_resident is not None and of_resident == here.resident_id:
        return view
    return {**view, "joinable": await services.channels.offer_join(here.id, filed_in, number)}


@routes.get(
    "/internal/v1/similar", auth="internal", query=SimilarQuery, summary="这件事有没有人报过"
)
async def similar(request: web.Request, query: SimilarQuery) -> dict[str, Any]:
    """Return the resident's own open ticket about it, and how many neighbours have reported it.

    ``{own: resident view | null, neighbours: {ticket_no, households, due_text} | null}``. Filing
    with ``join: ticket_no`` adds the resident to the neighbours' ticket.
    """
    services = request.app[SERVICES]
    conversation = await services.channels.conversation(query.conversation_id)
    place = Location.from_dict(query.model_dump(exclude={"conversation_id", "leaf"}))
    leaf = None if query.leaf == NO_LEAF else query.leaf
    return await services.tickets.similar(
        leaf, place, conversation.id, conversation.resident_id, conversation.siblings
    )


@routes.post(
    "/internal/v1/tickets/{ticket_no}/resident/{action}",
    auth="internal",
    body=ResidentAction,
    idempotency_key=True,
    summary="居民催办、补充、更正、撤回、评价、不认可",
)
async def resident_action(request: web.Request, body: ResidentAction) -> dict[str, Any]:
    """Do what a resident may do with an own ticket."""
    action, ticket_no = request.match_info["action"], request.match_info["ticket_no"]
    if action not in RESIDENT_ACTIONS:
        raise refusal("unknown_action", 404)
    services = request.app[SERVICES]
    payload = body.model_dump(exclude={"conversation_id", "appointment"}, exclude_none=True)
    conversation = await services.channels.conversation(body.conversation_id)
    if body.appointment:
        payload["appointment"] = body.appointment
    if action == "withdraw" or (action == "amend" and (body.appointment or body.place)):
        before = await services.tickets.resident_get(
            ticket_no,
            conversation.id,
            None,
            conversation.resident_id,
            also=conversation.siblings,
        )
        order = before["appointment"] or {}
        if action == "withdraw":
            services.catalogue.check_meal_withdrawal(order)
        else:
            moved = {"place": body.place} if body.place else {}
            services.catalogue.check_meal_change(order, {**(body.appointment or {}), **moved})
            if not order.get("meal"):
                services.catalogue.check_booking_change(before["leaf"], body.appointment or {})
    view = await services.tickets.resident_act(
        ticket_no,
        action,
        payload,
        conversation.id,
        conversation.resident_id,
        idempotency_key(request),
        conversation.siblings,
    )
    pending = conversation.pending_callback or {}
    # Rating answers only the question for a rating: “solved?” comes before “satisfied?”.
    if action in ("reject", "withdraw") or (action == "rate" and pending.get("stage") == "rating"):
        await services.channels.callback_stage(conversation.id, view["ticket_no"], None)
    return view


@routes.post(
    "/internal/v1/tickets/{ticket_no}/consents",
    auth="internal",
    body=OwnOrder,
    idempotency_key=True,
    summary="居民说：改过的单上说的病情、忌口也记下",
)
async def keep_told(request: web.Request, body: OwnOrder) -> dict[str, Any]:
    """Keep what an own order tells, with the resident's separate consent: ``{kept: purposes}``."""
    services = request.app[SERVICES]
    here = await services.channels.conversation(body.conversation_id)
    kept = await services.tickets.keep_told(
        request.match_info["ticket_no"], here.id, here.resident_id, here.siblings
    )
    return {"kept": kept}


@routes.post(
    "/internal/v1/tickets/{ticket_no}/callback",
    auth="internal",
    body=CallbackAnswer,
    idempotency_key=True,
    summary="居民回答回访",
)
async def callback(request: web.Request, body: CallbackAnswer) -> dict[str, Any]:
    """Take one answer and say what to ask next."""
    answer = body.model_dump(exclude={"conversation_id"}, exclude_none=True)
    if body.stage == "solved" and body.solved is None:
        raise refusal("answer_missing", 422, {"solved": None})
    return await closing.answer(
        request.app[SERVICES],
        request.match_info["ticket_no"],
        body.conversation_id,
        answer,
        idempotency_key(request),
    )


@routes.post(
    "/internal/v1/places/resolve",
    auth="internal",
    body=AddressToResolve,
    summary="地址落到楼栋和网格",
)
async def resolve_place(request: web.Request, body: AddressToResolve) -> dict[str, Any]:
    """Say which place an address means; the resident's home helps when it is known."""
    services = request.app[SERVICES]
    home = await _home(services, body.conversation_id) if body.conversation_id else None
    return (await services.places.resolve(body.value, body.text, home)).as_dict()


@routes.get("/internal/v1/catalogue/{leaf}", auth="internal", summary="一张服务卡")
async def card(request: web.Request) -> dict[str, Any]:
    """Return a card with ``valid`` at the present time."""
    found = request.app[SERVICES].catalogue.card(request.match_info["leaf"])
    if found is None:
        raise refusal("card_not_found", 404)
    return found


@routes.post(
    "/internal/v1/redirect", auth="internal", body=Asked, summary="没有卡片的常见问题该找谁"
)
async def redirect(request: web.Request, body: Asked) -> dict[str, Any]:
    """Return ``{redirect: {name, answer, office, phone, source, local, leaves} | null}`` for a question."""
    return {"redirect": request.app[SERVICES].catalogue.redirect(body.text)}


@routes.post(
    "/internal/v1/information",
    auth="internal",
    body=AskedOfCommunity,
    summary="社区通知、菜单、谁是谁、附近有什么",
)
async def information(request: web.Request, body: AskedOfCommunity) -> dict[str, Any]:
    """Return ``{kind, topic, texts, other_days, outage}``: what is valid today, ready to be said."""
    found = await request.app[SERVICES].information.answer(
        body.text, body.first, body.last, elder=body.elder
    )
    return asdict(found)


@routes.get(
    "/internal/v1/information/notices",
    auth="internal",
    query=LeafQuery,
    summary="一个事项还管用的通知",
)
async def notices_of_leaf(request: web.Request, query: LeafQuery) -> dict[str, Any]:
    """Return ``{texts}``: the valid notices that belong to a service."""
    information = request.app[SERVICES].information
    return {"texts": await information.about_leaf(query.leaf, elder=query.elder)}


@routes.get(
    "/internal/v1/certificates",
    auth="internal",
    query=CertificateQuery,
    summary="这种证明社区能不能开",
)
async def certificate(request: web.Request, query: CertificateQuery) -> dict[str, Any]:
    """Return the locality's policy for a certificate."""
    return request.app[SERVICES].catalogue.certificate(query.no, query.name)


@routes.get("/internal/v1/certificates/kinds", auth="internal", summary="社区能开哪些证明")
async def certificate_kinds(request: web.Request) -> dict[str, Any]:
    """Return ``{issued, depends, refused, valid_from}``: the names of the locality's policy by what it says."""
    return request.app[SERVICES].catalogue.certificate_kinds()


@routes.get("/internal/v1/community", auth="internal", summary="社区办公时间和电话")
async def community(request: web.Request) -> dict[str, Any]:
    """Return ``{offices, hours, open, next_open, duty}`` of the locality at the present time.

    ``offices`` are the communities' service windows (``name``, ``phone``); ``next_open`` is in
    words; ``duty`` is the phone that is answered day and night.
    """
    services = request.app[SERVICES]
    now, desk = services.clock.now(), services.channels.duty
    return {
        "offices": [
            {"name": o.name, "phone": o.phone}
            for o in services.people.orgs()
            if o.kind == "community"
        ],
        "hours": services.catalogue.locality.office_hours.text,
        "open": desk.is_open(now),
        "next_open": desk.next_open_text(now),
        "duty": services.catalogue.duty(),
    }


@routes.get(
    "/internal/v1/hotlines", auth="internal", query=HotlineQuery, summary="紧急电话和安全提示卡"
)
async def hotlines(request: web.Request, query: HotlineQuery) -> dict[str, Any]:
    """Return the reviewed safety card of a leaf."""
    return request.app[SERVICES].catalogue.hotlines(query.leaf)


@routes.get("/internal/v1/meals", auth="internal", query=MealQuery, summary="这顿饭还能不能订")
async def meals(request: web.Request, query: MealQuery) -> dict[str, Any]:
    """Return whether a meal can still be ordered, what it costs and who may pay less.

    For a conversation with ``remembered``: ``[{relation, kinds}]``, null without consent.
    """
    services = request.app[SERVICES]
    await services.tickets.refresh_calendar()
    found = services.catalogue.meal_status(query.date, query.meal)
    if query.conversation_id is None:
        return found
    conversation = await services.channels.conversation(query.conversation_id)
    return found | {"remembered": await own_data.subsidies(services, conversation)}


@routes.get(
    "/internal/v1/bookings/options", auth="internal", query=BookingQuery, summary="一项服务怎么约"
)
async def booking_options(request: web.Request, query: BookingQuery) -> dict[str, Any]:
    """Return who provides a service, when, which venues and courses, and whether a day is open."""
    try:
        day = date.fromisoformat(query.date) if query.date else None
    except ValueError:
        raise refusal("bad_date", 422, {"date": query.date}) from None
    services = request.app[SERVICES]
    found = services.catalogue.booking(query.leaf, day)
    wanted = query.model_dump(include={"date", "part", "venue", "course"})
    return found | await services.tickets.places_left(query.leaf, wanted)


@routes.post("/internal/v1/alerts", auth="internal", body=Alert, summary="叫人")
async def alert(request: web.Request, body: Alert) -> dict[str, Any]:
    """Bring a person in; an emergency is also logged as a ticket without a clock.

    With ``ticket_no`` the words are added to that emergency's ticket and to its hand-off.
    """
    services = request.app[SERVICES]
    conversation = await _conversation(services, body.conversation_id)
    if body.kind == "emergency" and body.ticket_no:
        raised = await services.channels.raise_alert(
            conversation.id, body.kind, body.leaf, body.text, body.ticket_no
        )
        await services.tickets.resident_act(
            body.ticket_no,
            "supplement",
            {"text": body.text},
            conversation.id,
            conversation.resident_id,
            request.headers.get("Idempotency-Key"),
            conversation.siblings,
        )
        return {"ticket_no": body.ticket_no, **raised}
    # People first: whatever happens to the ticket, the call is out.
    raised = await services.channels.raise_alert(conversation.id, body.kind, body.leaf, body.text)
    if body.kind == "human":
        return {"ticket_no": None, **raised}
    leaf = body.leaf if body.leaf not in (None, "-") else None
    said = body.text.strip() or "（紧急情况，没有文字）"
    ticket = await _of_resident(
        services,
        CreateTicket(
            conversation_id=conversation.id,
            kind="emergency",
            leaf=leaf,
            narrative=said,
            handed_off=True,
        ),
        conversation,
    )
    digest = hashlib.sha256(f"{leaf}|{said}".encode()).hexdigest()[:16]
    key = request.headers.get("Idempotency-Key") or f"alert:{conversation.id}:{digest}"
    filed = await services.tickets.create(ticket, resident(conversation.id), key)
    await services.channels.raise_alert(
        conversation.id, body.kind, body.leaf, body.text, filed["ticket_no"]
    )
    return {"ticket_no": filed["ticket_no"], **raised}


async def _conversations(request: web.Request) -> tuple[str, ...]:
    """Return the conversation of the address and the others of the same resident."""
    found = await request.app[SERVICES].channels.conversation(request.match_info["id"])
    return (found.id, *found.siblings)


async def _conversation(services: Services, conversation_id: str | None) -> Conversation:
    if conversation_id is None:
        raise LindaError("conversation_required", piece("refused.malformed"), 422)
    return await services.channels.conversation(conversation_id)


async def _home(services: Services, conversation_id: str) -> Home | None:
    conversation = await services.channels.conversation(conversation_id)
    if conversation.resident_id is None:
        return None
    async with services.db.read() as s:
        known = await services.people.resident(s, conversation.resident_id)
    return known.home if known else None


async def _of_resident(
    services: Services, body: CreateTicket, conversation: Conversation
) -> CreateTicket:
    """Complete a request with what we know: channel, resident, contact.

    What is told for this matter stays with it: it is kept for the next one only after the resident
    has agreed to that (``own_data``; 个人信息保护法 arts. 6, 13–14, 17).
    """
    contact, resident_id = body.contact or Contact(), conversation.resident_id
    if resident_id is not None:
        async with services.db.read() as s:
            known = await services.people.resident(s, resident_id)
        if known is not None:
            contact = Contact(
                name=contact.name or known.name,
                phone=contact.phone or known.phone,
                pref=contact.pref or known.contact_pref,
            )
    told = contact.name or contact.phone or contact.pref
    return body.model_copy(
        update={
            "channel": conversation.channel,
            "resident_id": resident_id,
            "contact": contact if told else None,
            "nlu": {**(body.nlu or {}), "model": await services.learning.models.serves()},
            "knowledge_refs": await services.channels.cards_shown(conversation.id),
        }
    )


setup = routes.setup
