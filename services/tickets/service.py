"""TicketService: the one door to tickets. Reading is open, writing is command → guard → event."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, cast

from services.audit import journal
from services.bookings.places import BookingPlaces
from services.clock import Clock
from services.config import Settings
from services.consents import records as consents
from services.consents.rules import load_rules as consent_rules
from services.db import Database, DatabaseAway, Session, Write
from services.errors import LindaError
from services.limits import Limit, Stopped, hits
from services.outbox import Work, adding
from services.people.masking import mask_name, mask_phone
from services.people.model import Staff
from services.people.public_numbers import public_numbers
from services.people.service import PeopleService
from services.places.service import PlaceService
from services.privacy.notice import PrivacyNotice
from services.stops import networks
from services.stops import records as stops
from services.tickets import lists, store, views
from services.tickets.calendars import Calendars
from services.tickets.core import (
    callbacks,
    calls,
    decide,
    fold,
    history,
    integrity,
    moving,
    notices,
    photos,
    planning,
    proxies,
    ratings,
    telling,
    timing,
)
from services.tickets.core.actor import SYSTEM, Actor, resident
from services.tickets.core.calendar import WorkCalendar, Year, calendar_of
from services.tickets.core.choices import NOT_DONE
from services.tickets.core.commands import (
    Channel,
    Command,
    Contact,
    CreateTicket,
    Subject,
    digest_of,
)
from services.tickets.core.context import Context, Person, Refusal, Unit
from services.tickets.core.dispatch import Route, load_directory
from services.tickets.core.doors import door as door_of
from services.tickets.core.doors import is_home
from services.tickets.core.event import Event
from services.tickets.core.guards import GUARDS
from services.tickets.core.kinds import Priority
from services.tickets.core.leaves import load_codes, load_leaves, load_urgency
from services.tickets.core.location import Location
from services.tickets.core.neighbours import JOINABLE, load_neighbours, others
from services.tickets.core.numbers import (
    BadTicketNumber,
    parse_ticket_number,
    query_code,
    ticket_number,
)
from services.tickets.core.relay import load_leaders, load_relay
from services.tickets.core.rules import load_rules
from services.tickets.core.sla import load_profile
from services.tickets.core.states import ASSIGNED, WORKING, State
from services.tickets.core.ticket import Ticket
from services.tickets.core.workflow import (
    ACTIONS,
    RESIDENT_ACTIONS,
    SHARED_ACTIONS,
    Field,
    Transition,
    lines,
)
from services.words import piece, refusal

View = dict[str, Any]
# Inside the class the name ``list`` is the method.
Views = list[View]
Lines = list[Transition]
Followers = list[tuple[str, str]]
Moves = list[tuple[Ticket, list[moving.Move]]]
Changes = list[history.Change]
Writes = list[Write]
Steps = list[tuple[Event, Ticket]]

log = logging.getLogger(__name__)

CHANGED = "ticket.changed"

# What waits for a role: "mine" of the list. Doers: what is given to their unit.
WORKLISTS: Mapping[str, frozenset[State]] = {
    "grid": ASSIGNED,
    "handler": ASSIGNED,
    "vendor": ASSIGNED,
    "mediator": ASSIGNED,
    "clerk": frozenset({State.SUBMITTED, State.NEED_INFO}),
    "supervisor": WORKING | {State.OBJECTED, State.SUSPENDED, State.ACCEPTED},
    "dispatcher": frozenset({State.ACCEPTED, State.OBJECTED}),
    "callback": frozenset({State.RESOLVED}),
    "auditor": frozenset({State.RESOLVED, State.CLOSED}),
}
OWN_ONLY = frozenset({"grid", "handler", "vendor", "mediator"})

LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")

# Guards that look at the ticket and the actor only: an action they refuse is not offered at all.
BEFORE_ASKING = frozenset({
    "is_owner", "needed_to_act", "relay_there", "phone_left", "is_for_another", "some_photo", "news_to_tell", "no_chat", "not_handler", "other_unit", "one_notice", "not_designated", "objects_once", "objects_in_time",
    "not_objector", "before_expiry", "extensions_left", "extension_pending", "not_requester",
    "suspension_pending", "not_suspension_requester", "termination_pending", "not_termination_requester", "within_reopen_days", "callbacks_exhausted",
    "not_confidential", "may_read", "street_decides", "something_to_tell", "rectification_due", "rectified_now", "review_once", "within_review_days", "review_pending",
    "not_refuser", "group_unanswered", "supervised_now", "escalated_now", "assisting", "whistle_open",
    "not_scored_unit", "period_open", "excluded_now", "exclusion_asked_once", "exclusion_refused_here",
    "exclusion_pending", "not_who_refused", "has_appointment", "arrived_once", "some_risk", "not_held", "held_now", "is_case",
    "consulted_here", "invited", "whistle_over",
})  # fmt: skip

# More rules than this in a row would be a circle in the table.
MOST_FOLLOW_UPS = 10

_MANY = piece("refused.too_many_tickets")
OF_CONVERSATION = Limit("ticket", 30, timedelta(hours=1), "too_many_tickets", _MANY)
OF_ADDRESS = Limit("ticket_address", 600, timedelta(hours=1), "too_many_tickets", _MANY)
"""Tickets a resident may file; ``Settings`` have the numbers. Emergencies are not counted."""
ALONGSIDE = 16
"""So many may be filing for the same resident at one moment."""
WRONG_CODE = Limit(
    "query_code",
    5,
    timedelta(minutes=15),
    "too_many_codes",
    piece("refused.too_many_codes"),
)
"""Wrong codes for one ticket from one address: a code has only six digits."""

MISSING = refusal("ticket_not_found", 404)


class TicketService:
    """File tickets, act on them, read them.

    All methods raise ``LindaError``: 404 ``ticket_not_found``; 403 ``role_not_allowed`` or
    ``out_of_scope``; 409 ``version_conflict`` (``fields.version`` is the present one) or
    ``idempotency_conflict``; 422 with the guard's own code and a Chinese sentence.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        clock: Clock,
        places: PlaceService,
        people: PeopleService,
    ) -> None:
        self._db = db
        self._clock = clock
        self._limits = (
            replace(OF_CONVERSATION, most=settings.tickets_per_conversation),
            replace(OF_ADDRESS, most=settings.tickets_per_address),
        )
        self._join_neighbours = settings.join_neighbours
        self._older_planned = False
        self._places = places
        self._people = people
        self._booked = BookingPlaces(settings)
        sla = settings.data_dir / "sla"
        self.calendars = Calendars(settings.data_dir / "calendar")
        self.profile = load_profile(sla, settings.sla_profile)
        self.leaves = load_leaves(sla / "leaves.yml")
        self.codes = load_codes(settings.data_dir / "codes.yml", self.leaves)
        self.urgency = load_urgency(sla / "priorities.yml")
        self.neighbours = load_neighbours(settings.data_dir / "dialogue" / "neighbours.yml")
        self.rules = load_rules(settings.data_dir / "workflow.yml")
        self.directory = load_directory(settings.locality_dir / "dispatch.yml")
        self.notice = PrivacyNotice(settings)
        self.consents = consent_rules(settings.data_dir)
        self._networks = networks.load(settings.locality_dir)
        self._public = public_numbers(settings.locality_dir)
        self.leaders = load_leaders(settings.locality_dir / "locality.yml")
        self.relay = load_relay(settings.locality_dir / "locality.yml")

    @property
    def calendar(self) -> WorkCalendar:
        """The working calendar as far as this process knows it."""
        return self.calendars.current

    # ── filing ──────────────────────────────────────────────────────────────────────────────

    async def create(
        self,
        request: CreateTicket,
        actor: Actor,
        idempotency_key: str | None = None,
        *,
        origin: str | None = None,
        follow_up: bool = True,
    ) -> View:
        """File a ticket; return the resident view (for staff together with the staff view).

        The same key and body give the same ticket again, however often and at the same moment.

        Args:
            origin: Where a resident's conversation was opened, for the limit by address: 429
                ``too_many_tickets``.
            follow_up: Whether the rules then do what is theirs (accept, dispatch). Without, the
                ticket stays SUBMITTED until somebody acts on it: for scenarios of tests.
        """
        try:
            async with self._db.write() as s:
                place, door = await self._place_of(s, request, actor)
                return await self._create(
                    s, request, actor, idempotency_key, place, door, follow_up, origin
                )
        except Stopped as stopped:
            await self._note_stop(stopped, request.conversation_id)
            raise

    async def _note_stop(self, stopped: Stopped, conversation: str | None) -> None:
        """Tell staff who was stopped: of a shared network by its name."""
        fingerprint = self._people.vault.fingerprint
        hashed = stopped.who.rpartition(":")[2]
        named = (n for n in self._networks if fingerprint(f"network:{n.id}")[:40] == hashed)
        await stops.note(
            self._db, stopped, self._clock.now(), conversation=conversation, network=next(named, None)
        )  # fmt: skip

    async def create_in(
        self,
        session: Session,
        request: CreateTicket,
        actor: Actor,
        idempotency_key: str | None = None,
    ) -> View:
        """Like :meth:`create`, inside the caller's transaction."""
        place, door = await self._place_of(session, request, actor)
        return await self._create(session, request, actor, idempotency_key, place, door, True)

    async def filed_with(self, session: Session, key: str) -> View | None:
        """Return the resident view of the ticket that :meth:`create_in` made with a key, or None."""
        number = await store.filed_with(session, key)
        return await self.resident_get_in(session, number) if number else None

    async def take_back(self, session: Session, ticket_no: str, reason: str) -> None:
        """Take a ticket back for its resident, in the caller's transaction."""
        ticket = await self._load(session, ticket_no, lock=True)
        await self._act(
            session,
            ticket_no,
            "withdraw",
            {"reason": reason, "text": reason},
            resident(_who(ticket)),
        )

    async def take_up(self, session: Session, ticket_no: str, who: str) -> None:
        """Note who has taken over the conversation of a call for help, in the caller's transaction.

        Nobody is reminded of it any more; done again it changes nothing.
        """
        ticket = await self._load(session, ticket_no, lock=True)
        if ticket.priority is Priority.U0 and ticket.planned:
            await self._act(session, ticket_no, "take_up", {"who": who}, SYSTEM)

    async def platform_due(
        self, session: Session, ticket_no: str, due: datetime, reason: str
    ) -> bool:
        """Note by when a higher platform wants a ticket done, in the caller's transaction.

        Returns:
            Whether it is another date than the one that was known, of a ticket that still runs.
        """
        ticket = await self._load(session, ticket_no, lock=True)
        command = Command(
            "platform_due", SYSTEM, self._clock.now(), {"due": due.isoformat(), "reason": reason}
        )
        if isinstance(decide.decide(ticket, command, self._context()), Refusal):
            return False
        await self._apply(session, ticket, command)
        return True

    async def order_again(
        self, session: Session, ticket_no: str, appointment: Mapping[str, Any], key: str
    ) -> View:
        """File an order again for another day, in the caller's transaction; return its resident view.

        Words, place, contact and whom it is for are those of the given ticket.

        Args:
            appointment: The new one.
            key: Makes it happen once.
        """
        last = await self._load(session, ticket_no)
        clear = await self._clear(session, ticket_no)
        request = CreateTicket(
            conversation_id=last.conversation_id,
            resident_id=last.resident_id,
            channel=cast(Channel, last.channel),
            kind=last.kind,
            leaf=last.leaf,
            narrative=last.narrative_original,
            address_text=clear.address_text,
            subject=Subject(relation=last.subject.get("relation"), name=clear.subject_name),
            contact=Contact(
                name=clear.name, phone=clear.phone, pref=last.reporter.get("contact_pref")
            ),
            confidential=last.confidential,
            appointment=dict(appointment),
        )
        who = resident(str(last.conversation_id or last.resident_id or ticket_no))
        return await self._create(session, request, who, key, last.place, clear.room, True)

    async def _standing(self, s: Session, request: CreateTicket) -> list[str]:
        """Return the separate consents that stand, where the request holds something that needs one."""
        here = request.conversation_id
        if here is None or not self.consents.wanted(request.leaf, request.appointment):
            return []
        return consents.standing(await consents.given(s, [here]))

    async def _create(
        self,
        s: Session,
        request: CreateTicket,
        actor: Actor,
        key: str | None,
        place: Location | None,
        door: str | None,
        follow_up: bool,
        origin: str | None = None,
    ) -> View:
        now = self._clock.now()
        door = door_of(request.address or {}) or door
        self._check_filing(request, actor)
        counts = actor.kind == "resident" and not request.handed_off
        whose, where = (actor.id, origin) if counts else (None, None)
        limits = (self._limits[0], whose), (self._limits[1], where)
        digest = request.digest()
        older = request.older_digests
        known = await store.before(s, key, digest, older, limits, now)
        if known.made is not None:
            return await self._filed(s, await self._load(s, known.made), actor)
        used = [(limit, who) for limit, who in limits if who is not None]
        for (limit, who), times in zip(limits, known.used, strict=True):
            if who is not None and times >= limit.most:
                await limit.check(s, who, now)
        await self.calendars.reach(s, known.newest)
        if request.join:
            # Before the day's counter: who withdraws that ticket may want the counter next.
            await self._lock_both(s, request.join)
        day = now.date()
        number = ticket_number(day, await store.next_sequence(s, day))
        if key is not None and not await store.keep_key(s, key, digest, number, now):
            # The same request at the same moment was faster; it has committed by now.
            await store.reserve(s, day, -1)
            made_there = await store.made_with(s, key, digest, older)
            return await self._filed(s, await self._load(s, str(made_there)), actor)
        await self._count_again(s, limits, known.used, now)
        first = self._contact(number, request, door)
        first += consents.written(
            number, request, actor, self.consents, now, await self._standing(s, request)
        )
        if used:
            first.append(hits(used, now))
        event = decide.submit(
            number, query_code(), request, actor, now,
            place or Location(), _reporter(request, actor), self._context(),
            self._household(request, place, door), self._told(request, actor),
            await self._before(s, request),
        )  # fmt: skip
        # What follows at once is written together, each table once.
        made: Steps = []
        later: Steps | None = made
        ticket = await self._record(s, Ticket(), event, later)
        if request.join:
            # The neighbour's is told of a ticket that is there.
            await self._write(s, made, first)
            later = None
            ticket = await self._join(s, ticket, request.join)
        if request.handed_off:
            facts = {
                "reason": request.legal_channel or "紧急渠道",
                "disposition": "legal_channel" if request.legal_channel else "emergency",
            }
            ticket = await self._apply(s, ticket, Command("hand_off", SYSTEM, now, facts), later)
        if request.missing and decide.asks_by_itself(ticket, self.rules):
            asks = Command("need_info", SYSTEM, now, {"items": request.missing})
            ticket = await self._apply(s, ticket, asks, later)
        if follow_up:
            ticket = await self._follow_up(s, ticket, later)
        if later:
            await self._write(s, later, first)
        return await self._filed(s, ticket, actor)

    async def _before(self, s: Session, request: CreateTicket) -> list[Ticket]:
        """Return what the person asked for before, where it matters who worked on that."""
        if integrity.said(request, self.rules) is None:
            return []
        return await store.of_person(s, request.conversation_id, request.resident_id)

    def _told(self, request: CreateTicket, actor: Actor) -> dict[str, str] | None:
        """Return which privacy notice the resident could read, and how; None: nobody was asked."""
        if actor.kind == "resident" and request.channel in ("web", "wechat", "kiosk"):
            return self.notice.given("chat")
        return self.notice.given(request.told) if request.told else None

    def _check_filing(self, request: CreateTicket, actor: Actor) -> None:
        if refusal := decide.may_submit(actor, request.channel, request.leaf):
            raise _refused(refusal)
        if request.leaf is not None and request.leaf not in self.leaves:
            said = actor.kind == "resident"
            words = piece("refused.leaf_unknown") if said else "没有这个事项，请重选。"
            raise LindaError("leaf_unknown", words, 422, {"leaf": words})

    async def _count_again(
        self,
        s: Session,
        limits: Sequence[tuple[Limit, str | None]],
        used: Sequence[int],
        now: datetime,
    ) -> None:
        """Count near a limit once more, with the day's counter in hand: nobody else files now.

        What others filed since the first count is there to be counted, on PostgreSQL as well.
        """
        for (limit, who), times in zip(limits, used, strict=True):
            if who is not None and times + ALONGSIDE >= limit.most and not self._db.is_sqlite:
                await limit.check(s, who, now)

    async def _join(self, s: Session, ticket: Ticket, number: str) -> Ticket:
        """Let a new ticket go on in a neighbour's; what can no longer be joined stays its own."""
        now = self._clock.now()
        parent = await self._parent(s, number)
        if parent is None or not self.neighbours.same(parent, ticket.leaf, ticket.place, now):
            return ticket
        command = Command("merge", SYSTEM, now, {"into": number})
        if isinstance(decide.decide(ticket, command, self._context(parent=parent)), Refusal):
            return ticket
        return await self._apply(s, ticket, command)

    def _household(
        self, request: CreateTicket, place: Location | None, door: str | None
    ) -> str | None:
        """Return whose household asks, as a keyed hash: the door when it is known, else the person."""
        building, unit = (place.building_id, place.unit) if place else (None, None)
        person = request.resident_id or request.conversation_id
        if person is None and not (building and door and is_home(door)):
            return None
        return self.household(building, unit, door, person or "")

    def household(
        self, building_id: str | None, unit: str | None, door: str | None, person: str
    ) -> str:
        """Return whose household it is, as a keyed hash: the door when it is known, else the person."""
        if building_id and door and is_home(door):
            return self.household_of(f"home:{building_id}:{unit or ''}:{door}")
        return self.household_of(person)

    def household_of(self, who: str) -> str:
        """Return the keyed hash of a door or a person, for :meth:`create` and for seeding."""
        # In letters alone: no part of it reads like a room or a phone number.
        return self._people.vault.fingerprint(who)[:32].translate(LETTERS)

    def rules_now(self) -> Context:
        """Return what decisions look at now: calendar, limits, directory, units."""
        return self._context()

    async def _filed(self, s: Session, ticket: Ticket, actor: Actor) -> View:
        view = await self._shown(s, ticket)
        if actor.kind == "resident":
            return view
        return view | views.staff_view(ticket, actor, await self._clear(s, ticket.ticket_no))

    async def _place_of(
        self, s: Session, request: CreateTicket, actor: Actor
    ) -> tuple[Location | None, str | None]:
        """A place that is not ours is an error for staff; a resident's request is kept without it.

        Then the ticket waits for a clerk, who reads the address in the resident's own words.
        """
        try:
            return await self._locate(s, request.place)
        except LindaError:
            if actor.kind == "staff":
                raise
            return None, None

    async def _locate(
        self, s: Session, given: Mapping[str, Any] | None
    ) -> tuple[Location | None, str | None]:
        """Look ids from outside up again; return the place without the door, and the door."""
        if not given:
            return None, None
        checked = _checked_place(given)
        wanted = Location.from_dict(checked)
        if wanted.community_id and not (wanted.compound_id or wanted.building_id):
            area = await self._places.area(wanted.community_id, wanted.grid_id, s)
            if area is None:
                raise refusal("place_unknown", fields={"place": piece("refused.place_unknown")})
            return Location.from_dict(area), None
        found = await self._places.locate(
            compound_id=wanted.compound_id, building_id=wanted.building_id, unit=wanted.unit,
            room=wanted.room, session=s,
        )  # fmt: skip
        if found is None:
            raise refusal("place_unknown", fields={"place": piece("refused.place_unknown")})
        place = Location.from_dict({**asdict(found), "confidence": wanted.confidence or 1.0})
        place = replace(place, room=None)
        return replace(place, text=place.public_text), door_of(checked)

    # ── acting ──────────────────────────────────────────────────────────────────────────────

    async def act(
        self,
        ticket_no: str,
        action: str,
        payload: Mapping[str, Any],
        actor: Actor,
        version: int | None = None,
        *,
        once: str | None = None,
        follow_up: bool = True,
    ) -> View:
        """Do one of ``workflow.ACTIONS``; return the actor's staff view after it.

        Args:
            version: The version the actor has seen. ``None`` skips the check (rules, residents).
            once: Key of a step of the worker: repeated after a crash it is not done again.
            follow_up: As in :meth:`create`.
        """
        try:
            async with self._db.write() as s:
                return await self._acted(
                    s, ticket_no, action, payload, actor, version, once, follow_up
                )
        except LindaError as error:
            if error.code == "over_assignment":
                await self._note_blocked(
                    ticket_no, Command(action, actor, self._clock.now(), payload)
                )
            raise

    async def _acted(
        self,
        s: Session,
        ticket_no: str,
        action: str,
        payload: Mapping[str, Any],
        actor: Actor,
        version: int | None,
        once: str | None,
        follow_up: bool,
    ) -> View:
        if action == "merge":
            await self._lock_both(s, ticket_no, payload.get("into"))
        ticket = await self._load(s, ticket_no, lock=True)
        asked = {"action": action, **payload}
        if await self._is_new(s, once, ticket, actor.id, asked):
            ticket = await self._act(s, ticket_no, action, payload, actor, version, follow_up)
        clear = await self._clear(s, ticket.ticket_no)
        if action in ("reveal", "relay"):
            person = await self._people.staff(s, actor.id)
            who = person or (actor.id, actor.id, actor.role)
            subject, why = f"ticket:{ticket.ticket_no}", str(payload.get("reason") or "")
            await journal.note(s, self._clock.now(), who, action, subject, why)
        if action == "reveal":
            return views.revealed_view(ticket, actor, clear)
        if action == "relay" and self.relay is not None:
            ring = {"relay": self.relay.answer(ticket.ticket_no)}
            return views.staff_view(ticket, actor, clear) | ring
        return views.staff_view(ticket, actor, clear)

    async def _note_blocked(self, ticket_no: str, command: Command) -> None:
        """Keep a refused assignment for the monthly report; the refusal itself undid everything."""
        async with self._db.write() as s:
            await store.note_blocked(s, await self._load(s, ticket_no), command)

    async def _act(
        self,
        s: Session,
        ticket_no: str,
        action: str,
        payload: Mapping[str, Any],
        actor: Actor,
        version: int | None = None,
        follow_up: bool = True,
    ) -> Ticket:
        ticket = await self._load(s, ticket_no, lock=True)
        command = Command(action, actor, self._clock.now(), dict(payload))
        line = decide.choose(ticket, command)
        if isinstance(line, Refusal) and line.code in (*decide.FORBIDDEN, "unknown_action"):
            raise _refused(line)
        if version is not None and version != ticket.version:
            raise LindaError(
                "version_conflict", "工单刚刚有了新变化，请看过最新情况再操作。", 409,
                {"version": ticket.version, "state": ticket.state.value},
            )  # fmt: skip
        before = ticket
        ticket = await self._apply(s, ticket, command)
        if ticket.state is State.MERGED and ratings.badly(before, ticket, self._context()):
            # The work was done under the shared ticket: there it is put right.
            await self._act(s, str(ticket.merged_into), "share_rating", {"from": ticket_no}, SYSTEM)
        if ticket.state is State.MERGED and command.payload.get("result") in NOT_DONE:
            # Whoever asked, in the chat or by phone: the household's no reopens what is shared.
            said = {"text": "一起反映的邻居说没有解决"}
            await self._act(s, str(ticket.merged_into), "reject", said, resident(_who(ticket)))
        spoken = command.payload.get("what") if action == telling.ON_BEHALF else None
        if ticket.state is State.MERGED and spoken in ("supplement", "urge"):
            # As from a chat: what is said of the shared matter is said there.
            words = {"text": command.payload.get("text")}
            await self._act(s, str(ticket.merged_into), str(spoken), words, resident(_who(ticket)))
        if ticket.state is State.WITHDRAWN and ticket.joined:
            await self._part(s, ticket)
        if not follow_up:
            return ticket
        return await self._follow_up(s, ticket, intake=decide.concerns_intake(before, ticket))

    async def _part(self, s: Session, gone: Ticket) -> None:
        """Let the matter go on for who had joined it: the first of them leads, the others join."""
        now, lead = self._clock.now(), None
        why = {"reason": "先反映的邻居撤回了"}
        for number in dict.fromkeys(str(j["from"]) for j in gone.joined):
            ticket = await store.load(s, number, lock=True)
            if ticket is None or ticket.merged_into != gone.ticket_no:
                continue
            if ticket.state is not State.MERGED:
                continue
            ticket = await self._apply(s, ticket, Command("part", SYSTEM, now, why))
            lead = lead or ticket
            if ticket is not lead:
                into = {"into": lead.ticket_no}
                await self._apply(s, ticket, Command("merge", SYSTEM, now, into))
        if lead is not None:
            await self._follow_up(s, await self._load(s, lead.ticket_no))

    async def resident_act(
        self,
        ticket_no: str,
        action: str,
        payload: Mapping[str, Any],
        conversation_id: str,
        resident_id: str | None = None,
        idempotency_key: str | None = None,
        also: Collection[str] = (),
    ) -> View:
        """One of ``workflow.RESIDENT_ACTIONS``; returns the resident view.

        Args:
            resident_id: Who the conversation belongs to, when known: a resident may act on an own
                ticket from another conversation than the one that filed it.
            also: Further conversations of the same resident (docs/adr/0011).
            idempotency_key: Sent again with the same key and payload, it happens once; the answer
                is the ticket as it is now.
        """
        if action not in RESIDENT_ACTIONS:
            raise refusal("unknown_action", 404)
        said = payload.get("text") or payload.get("reason")
        facts = {**payload, "text": said, "reason": said}
        async with self._db.write() as s:
            ticket = await self._load(s, ticket_no, lock=True)
            actor = _own(ticket, conversation_id, resident_id, also)
            asked = {"action": action, **payload}
            if await self._is_new(s, idempotency_key, ticket, conversation_id, asked):
                if ticket.state is State.MERGED and action in SHARED_ACTIONS:
                    there = resident(_who(ticket))
                    await self._act(s, str(ticket.merged_into), action, facts, there)
                else:
                    ticket = await self._act(s, ticket_no, action, facts, actor)
            return await self._shown(s, ticket)

    async def keep_told(
        self,
        ticket_no: str,
        conversation_id: str,
        resident_id: str | None = None,
        also: Collection[str] = (),
    ) -> list[str]:
        """Keep, with the resident's separate consent, what an own order tells (“也记下”); twice is once.

        Args:
            resident_id: As in :meth:`resident_act`.
            also: As in :meth:`resident_act`.

        Returns:
            The purposes that are agreed to; empty: the order tells nothing (any more) that needs it.
        """
        async with self._db.write() as s:
            ticket = await self._load(s, ticket_no, lock=True)
            actor = _own(ticket, conversation_id, resident_id, also)
            return await consents.keep(s, ticket, actor, self.consents, self._clock.now())

    async def callback_answer(
        self,
        ticket_no: str,
        conversation_id: str,
        answer: Mapping[str, Any],
        resident_id: str | None = None,
        idempotency_key: str | None = None,
        also: Collection[str] = (),
    ) -> dict[str, Any]:
        """Take the resident's answer to one callback question.

        A question that came at expiry is about work not yet reported finished: its answer is kept
        as a callback and cannot close the ticket.

        Args:
            answer: ``{"stage": "solved", "solved": bool, "partly": bool?}``, ``{"stage": "reason", "text"}`` or
                ``{"stage": "rating", "score", "text"?}``. Giving the same answer twice is one.
            idempotency_key: As in :meth:`resident_act`.

        Returns:
            ``{"next": "rating" | "reason" | None, "ticket": resident view}``.
        """
        async with self._db.write() as s:
            ticket = await self._load(s, ticket_no, lock=True)
            actor = _own(ticket, conversation_id, resident_id, also)
            asked = {"action": "callback", **answer}
            if await self._is_new(s, idempotency_key, ticket, conversation_id, asked):
                if ticket.state is State.MERGED:
                    ticket = await self._joined_answer(s, ticket, answer, actor)
                elif not callbacks.taken(ticket, answer):
                    step = callbacks.step(ticket, answer)
                    ticket = await self._act(s, ticket_no, step.action, step.facts, actor)
            return {
                "next": callbacks.next_question(ticket, answer),
                "ticket": views.resident_view(ticket),
            }

    async def _joined_answer(
        self, s: Session, ticket: Ticket, answer: Mapping[str, Any], actor: Actor
    ) -> Ticket:
        """Take the answer of one who joined: kept on the own ticket; “not solved” reopens the shared.

        The shared ticket is closed only by who filed it: one household's yes is not another's.
        """
        parent = await self._load(s, str(ticket.merged_into), lock=True)
        if callbacks.taken_joined(ticket, parent, answer):
            return ticket
        step = callbacks.step(ticket, answer)
        there = resident(_who(ticket))
        if step.action in SHARED_ACTIONS:
            await self._act(s, parent.ticket_no, step.action, step.facts, there)
            return ticket
        return await self._act(s, ticket.ticket_no, step.action, step.facts, actor)

    async def _is_new(
        self, s: Session, key: str | None, ticket: Ticket, conversation_id: str, asked: View
    ) -> bool:
        """Say whether a resident's request has not been done before, and remember it as done."""
        if key is None:
            return True
        number = ticket.ticket_no
        scoped = f"resident:{conversation_id}:{key}"
        known = await store.claim_key(
            s, scoped, digest_of({"ticket_no": number, **asked}), self._clock.now()
        )
        if known is None:
            await store.bind_key(s, scoped, number)
        return known is None

    async def tick(self) -> int:
        """Do what is due now; return how many events that made.

        Reminders of a ticket's plan and deadlines that have passed are put on record once and in
        their order, however late (never do they close a ticket: the resident is asked); a notice
        nobody answered in three working days ends in acceptance. A ticket that fails is logged and
        waits for the next time; the others go on.
        """
        await self._people.tidy_accounts()
        done = await self._plan_older()
        now = self._clock.now()
        async with self._db.read() as s:
            numbers = await store.timed_out(s, now)
        for number in numbers:
            done += await _without_stopping(number, self._act_by_clock(number, now))
        return done

    async def _act_by_clock(self, number: str, now: datetime) -> int:
        async with self._db.write() as s:
            ticket = await self._load(s, number, lock=True)
            before = ticket.version
            while (command := timing.next_command(ticket, now)) is not None:
                ticket = await self._apply(s, ticket, command)
            ticket = await self._follow_up(s, ticket)
            if ticket.version == before:
                await store.sleep(s, ticket, now)
            return ticket.version - before

    async def _plan_older(self) -> int:
        """Plan the reminders of open tickets from before there were reminders; once in a process.

        Returns:
            How many tickets had none. Done again, by any process, it finds nothing more.
        """
        if self._older_planned:
            return 0
        done, after = 0, ""
        while True:
            async with self._db.read() as s:
                await self.calendars.refresh(s)
                some = await store.open_after(s, after)
            for ticket in some:
                done += await _without_stopping(ticket.ticket_no, self._plan_if_lacking(ticket))
            if not some:
                self._older_planned = True
                return done
            after = some[-1].ticket_no

    async def _plan_if_lacking(self, found: Ticket) -> int:
        if not planning.lacking(found, self._clock.now(), self._context()):
            return 0
        async with self._db.write() as s:
            ticket = await self._load(s, found.ticket_no, lock=True)
            now = self._clock.now()
            if not planning.lacking(ticket, now, self._context()):
                return 0
            await self._apply(s, ticket, Command("plan", SYSTEM, now))
        return 1

    # ── the calendar ────────────────────────────────────────────────────────────────────────

    async def refresh_calendar(self) -> None:
        """Take over notices that another process has brought in."""
        async with self._db.read() as s:
            await self.calendars.refresh(s)

    async def moved_by(self, year: Year) -> Moves:
        """Return which deadlines a notice would move if it came in now, by ticket; nothing changes."""
        async with self._db.read() as s:
            await self.calendars.refresh(s)
            return await self._moved_by(s, year)

    async def take_notice(self, year: Year, by: str) -> Moves:
        """Bring in a notice: it counts from now on, and every deadline that moves says so.

        All of it or nothing: each ticket gets an event with before, after and reason, and who
        waits for it is told.

        Args:
            by: Who brings it in, for the record.
        """
        now = self._clock.now()
        async with self._db.write() as s:
            await self.calendars.refresh(s)
            moved = await self._moved_by(s, year)
            former = self.calendar
            await self.calendars.keep(s, year, by, now, len(moved))
            facts = {"reason": year.source, "ordered_by": by}
            for found, _ in moved:
                ticket = await store.load(s, found.ticket_no, lock=True)
                assert ticket is not None  # read above, in this transaction
                command = Command("reschedule", SYSTEM, now, facts)
                known = replace(self._context(former=former), calendar=self._with(year))
                if not moving.moves(ticket, now, known):
                    continue
                made = decide.decide(ticket, command, known)
                if isinstance(made, Refusal):
                    raise _refused(made)
                await self._record(s, ticket, made)
        async with self._db.read() as s:
            await self.calendars.refresh(s)
        return moved

    async def _moved_by(self, s: Session, year: Year) -> Moves:
        now = self._clock.now()
        context = replace(self._context(former=self.calendar), calendar=self._with(year))
        found = [(t, moving.moves(t, now, context)) for t in await store.with_deadlines(s)]
        return [(ticket, moved) for ticket, moved in found if moved]

    def _with(self, year: Year) -> WorkCalendar:
        return calendar_of(notices.merged(self.calendars.years, year))

    # ── reading ─────────────────────────────────────────────────────────────────────────────

    async def get(self, ticket_no: str, actor: Actor) -> View:
        """Return the staff view of one ticket."""
        async with self._db.read() as s:
            ticket = await self._visible(s, ticket_no, actor)
            return views.staff_view(ticket, actor, await self._clear(s, ticket.ticket_no))

    async def origin(self, ticket_no: str) -> tuple[str, str | None, str | None]:
        """Return the number, conversation and resident that photos of a ticket must belong to."""
        async with self._db.read() as s:
            ticket = await self._load(s, ticket_no)
        return ticket.ticket_no, ticket.conversation_id, ticket.resident_id

    async def proxy_unchecked(self, ticket_no: str, actor: Actor) -> bool:
        """Say whether the desk still has to check by what right somebody acts for another."""
        async with self._db.read() as s:
            return proxies.unchecked(await self._visible(s, ticket_no, actor), self.rules)

    async def events(self, ticket_no: str, actor: Actor) -> Views:
        """Return the timeline, as far as the actor may see it."""
        async with self._db.read() as s:
            ticket = await self._visible(s, ticket_no, actor)
            happened = await store.history(s, ticket.ticket_no)
            names = {}
            wrote = {e.data["on_behalf"]["by"] for e in happened if e.data.get("on_behalf")}
            for id in {e.actor.id for e in happened if e.actor.kind == "staff"} | wrote:
                person = await self._people.staff(s, id)
                names[id] = person.name if person else id
            clear = await self._clear(s, ticket.ticket_no)
            return views.events_view(ticket, happened, actor, names, clear)

    async def deadline_history(self, ticket_no: str, actor: Actor) -> Changes:
        """Return what became of each deadline of a ticket: set, moved, and why."""
        async with self._db.read() as s:
            ticket = await self._visible(s, ticket_no, actor)
            return history.changes(await store.history(s, ticket.ticket_no))

    async def list(
        self,
        actor: Actor,
        *,
        state: str | None = None,
        leaf: str | None = None,
        grid: str | None = None,
        priority: str | None = None,
        q: str | None = None,
        flag: str | None = None,
        mine: bool = False,
        cursor: str | None = None,
        limit: int = 50,
    ) -> dict[str, Any]:
        """Return tickets in the actor's scope, next due first: ``{"tickets", "next_cursor"}``.

        Args:
            state: One state or several separated by commas; so are ``leaf``, ``grid``,
                ``priority``.
            q: Part of the number, the title or (for who may read it) of what was said.
            flag: One of ``lists.FLAGS``: group demands, problem tickets, waiting for a second look …
            mine: Only what waits for the actor.
            limit: 1–200.
        """
        wanted = lists.Asked(
            actor,
            states=lists.values_of(state), leaves=lists.values_of(leaf),
            grids=lists.values_of(grid), priorities=lists.values_of(priority),
            q=(q or "").strip(), flag=flag or None,
            narrative=actor.role not in ("vendor", *views.NO_CONTENT),
            waiting=tuple(sorted(WORKLISTS.get(actor.role, ()))) if mine else None,
            own=mine and actor.role in OWN_ONLY,
        )  # fmt: skip
        async with self._db.read() as s:
            tickets, after = await lists.page(s, wanted, cursor, min(max(limit, 1), 200))
        return {
            "tickets": [views.list_view(t, actor, self._public) for t in tickets],
            "next_cursor": after,
        }

    async def allowed_actions(self, ticket_no: str, actor: Actor) -> Views:
        """Return what the actor may do now, from the same table that decides it.

        ``[{action, label_zh, fields: [{name, label, type, required, options, default}]}]``;
        ``options`` is a list of ``{value, label}`` or ``None``.
        """
        async with self._db.read() as s:
            ticket = await self._visible(s, ticket_no, actor)
            also = await self._also(s, actor)
        context, now = self._context(also=also), self._clock.now()
        offered = []
        for action, label in ACTIONS.items():
            found = [
                line
                for line in lines(action, ticket.state, actor.role)
                if _offered(line, ticket, Command(action, actor, now), context)
            ]
            if found:
                fields = {f.name: f for line in found for f in line.fields}
                offered.append(
                    {
                        "action": action,
                        "label_zh": label,
                        "fields": [self._field(f, found, ticket, actor) for f in fields.values()],
                    }
                )
        return offered

    def _field(self, f: Field, found: Lines, ticket: Ticket, actor: Actor) -> dict[str, Any]:
        options = photos.names(ticket, actor) if f.type == "photo" else f.options
        if f.type == "leader":
            options = {name: name for name in self.leaders}
        if options and any(line.when and line.when[0] == f.name for line in found):
            # Of a field that chooses between lines, offer only what some line here accepts.
            options = {
                value: label
                for value, label in options.items()
                if any(line.when == (f.name, value) for line in found)
            }
        default = f.default
        if f.name == "org" and ticket.state is State.ACCEPTED:
            route = self._route(ticket)
            default = route.lead if route.known else None
        return {
            "name": f.name,
            "label": f.label,
            "type": f.type,
            # What only one of several answers needs (why not) must not hold up the others.
            "required": all(f.name in _needed(line) for line in found),
            "options": [{"value": v, "label": t} for v, t in options.items()] if options else None,
            "default": default,
        }

    async def resident_get(
        self,
        ticket_no: str,
        conversation_id: str | None = None,
        query_code: str | None = None,
        resident_id: str | None = None,
        origin: str | None = None,
        also: Collection[str] = (),
    ) -> View:
        """Return the resident view, for the ticket's own conversation or who has its query code.

        With the code a confidential one is not named: a slip of paper may be read by somebody else.

        Args:
            also: As in :meth:`resident_act`.
            origin: Where the conversation was opened: wrong codes count by it. The sixth within
                a quarter of an hour is 429 ``too_many_codes``.
        """
        async with self._db.read() as s:
            ticket = await self._load(s, ticket_no)
            view = await self._shown(s, ticket)
        if conversation_id is not None and _is_own(ticket, conversation_id, resident_id, also):
            return view
        if query_code is not None and await self._code_fits(
            ticket, query_code, origin or conversation_id or "internal"
        ):
            return views.unnamed(view) if ticket.confidential else view
        raise MISSING

    async def places_left(self, leaf: str, appointment: Mapping[str, Any]) -> View:
        """Return how many places are left of what is wanted, and what else (``BookingPlaces.state``)."""
        async with self._db.read() as s:
            return await self._booked.state(s, leaf, appointment, self._clock.now())

    async def leave_queues(self, session: Session, conversation_ids: Sequence[str]) -> None:
        """Take everybody of these conversations out of the queues of full slots; the next are asked."""
        await self._booked.forget(session, conversation_ids, self._clock.now())

    async def resident_get_in(self, session: Session, ticket_no: str) -> View:
        """Return the resident view in the caller's transaction, for what the services do by themselves."""
        return await self._shown(session, await self._load(session, ticket_no, lock=True))

    async def as_told(self, ticket_no: str) -> View:
        """Return the resident view, for the words that somebody of staff tells on the phone."""
        async with self._db.read() as s:
            return await self._shown(s, await self._load(s, ticket_no))

    async def _code_fits(self, ticket: Ticket, query_code: str, origin: str) -> bool:
        now, who = self._clock.now(), f"{ticket.ticket_no}:{origin}"
        async with self._db.write() as s:
            reached: Stopped | None = None
            try:
                await WRONG_CODE.check(s, who, now)
            except Stopped as stopped:
                reached = stopped
            if reached is None and secrets.compare_digest(
                re.sub(r"[^0-9]", "", query_code), ticket.query_code
            ):
                return True
            if reached is None:
                await WRONG_CODE.hit(s, who, now)
        if reached is not None:
            await self._note_stop(reached, ticket.conversation_id)
            raise reached
        return False

    async def resident_list(
        self, conversation_id: str, resident_id: str | None = None, also: Collection[str] = ()
    ) -> Views:
        """Return the resident's own tickets, newest first (at most 100).

        A confidential one is named only where it was reported: the phone of a joined channel may lie
        where others see it.
        """
        async with self._db.read() as s:
            own = await store.of_resident(s, (conversation_id, *also), resident_id)
            shown = [(t, await self._shown(s, t)) for t in own]
        return [
            views.unnamed(view) if t.confidential and t.conversation_id != conversation_id else view
            for t, view in shown
        ]

    async def needed(
        self,
        session: Session,
        conversation_id: str,
        resident_id: str | None = None,
        also: Collection[str] = (),
    ) -> View | None:
        """Return what a resident was asked for and has not said yet, of the newest such ticket.

        Returns:
            ``{"ticket_no", "title", "leaf", "items"}`` (请补充, docs/workflow.md), or None.
        """
        ticket = await store.waits_for_info(session, (conversation_id, *also), resident_id)
        if ticket is None:
            return None
        about = {"ticket_no": ticket.ticket_no, "title": ticket.title, "leaf": ticket.leaf}
        return {**about, "items": list(ticket.need_items)}

    async def similar(
        self,
        leaf: str | None,
        place: Location,
        conversation_id: str,
        resident_id: str | None = None,
        also: Collection[str] = (),
    ) -> dict[str, Any]:
        """Return what is already open about a matter: the resident's own, and the neighbours'.

        Args:
            place: As far as it is known. An own ticket fits unless a part of it says otherwise; a
                neighbour's only when it is the same spot.

        Returns:
            ``{"own": resident view | None, "neighbours": {"ticket_no", "households", "due_text"} |
            None}``. ``households`` is a number and all that is told of them; a leaf that is not
            shared (``data/dialogue/neighbours.yml``) has no neighbours.
        """
        now = self._clock.now()
        async with self._db.read() as s:
            mine = await store.of_resident(s, (conversation_id, *also), resident_id)
            own = None
            for ticket in mine:
                going_on = ticket.state in JOINABLE or await self._joined_open(s, ticket)
                told = ticket.leaf == leaf and not ticket.appointment  # an order is no complaint
                if told and going_on and _may_be(ticket.place, place):
                    own = await self._shown(s, ticket)
                    break
            about = await store.open_about(s, leaf, JOINABLE) if leaf else []
            found = [
                t
                for t in about
                if self.neighbours.same(t, leaf, place, now)
                and not _is_own(t, conversation_id, resident_id, also)
            ]
        if not (found and self._join_neighbours):
            return {"own": own, "neighbours": None}
        first = min(found, key=lambda t: str(t.created_at))
        known = {
            "ticket_no": first.ticket_no,
            "households": others(found, None),
            "due_text": views.due_text(first),
        }
        return {"own": own, "neighbours": known}

    async def followers(self, ticket_no: str) -> Followers:
        """Return (ticket number, conversation) of everybody whose ticket goes on in this one."""
        async with self._db.read() as s:
            ticket = await self._load(s, ticket_no)
            joined = [await store.load(s, str(j["from"])) for j in ticket.joined]
        return [
            (t.ticket_no, t.conversation_id)
            for t in joined
            if t and t.conversation_id and t.merged_into == ticket.ticket_no
            and t.state is State.MERGED
        ]  # fmt: skip

    async def own_contact(
        self,
        ticket_no: str,
        conversation_id: str,
        resident_id: str | None = None,
        also: Collection[str] = (),
    ) -> tuple[str | None, str | None]:
        """Return name and phone that the resident left with an own ticket, in the clear."""
        async with self._db.read() as s:
            ticket = await self._load(s, ticket_no)
            _own(ticket, conversation_id, resident_id, also)
            clear = await self._clear(s, ticket.ticket_no)
        return clear.name, clear.phone

    async def binds(
        self, conversation_id: str, resident_id: str | None = None, also: Collection[str] = ()
    ) -> bool:
        """Say whether a ticket of the resident has not ended, or is kept as evidence."""
        async with self._db.read() as s:
            return await store.binds(s, (conversation_id, *also), resident_id)

    async def photos(
        self, conversation_id: str, resident_id: str | None = None, also: Collection[str] = ()
    ) -> frozenset[str]:
        """Return the ids of photos that belong to tickets of the resident."""
        async with self._db.read() as s:
            return await store.photos(s, (conversation_id, *also), resident_id)

    # ── inside ──────────────────────────────────────────────────────────────────────────────

    async def _load(self, s: Session, ticket_no: str, lock: bool = False) -> Ticket:
        try:
            number = parse_ticket_number(ticket_no)
        except BadTicketNumber as error:
            raise LindaError("bad_ticket_number", str(error), 404) from None
        if lock:
            await self.calendars.refresh(s)
            await self._lock_shared(s, number)
        ticket = await store.load(s, number, lock)
        if ticket is None:
            raise MISSING
        return ticket

    async def _lock_shared(self, s: Session, number: str) -> None:
        """Keep other writers out of the ticket that a merged one goes on in, before the merged one.

        Always in this order: whoever has the shared ticket may then lock those who joined it, and
        nobody waits for it with one of them in hand. SQLite has one writer at a time anyway.
        """
        if not self._db.is_sqlite and (shared := await store.goes_on_in(s, number)):
            await store.load(s, shared, lock=True)

    async def _lock_both(self, s: Session, *numbers: object) -> None:
        """Keep other writers out of tickets that become one, in the order of their numbers."""
        for number in sorted({n for n in map(_number, numbers) if n}):
            await store.load(s, number, lock=True)

    async def _shown(self, s: Session, ticket: Ticket) -> View:
        """Return the resident view; of a joined ticket with how the neighbour's stands."""
        parent = None
        if ticket.state is State.MERGED and ticket.merged_into:
            parent = await store.load(s, ticket.merged_into)
        view = views.joined_view(ticket, parent) if parent else views.resident_view(ticket)
        if view["owner"]:
            id = (parent or ticket).owner_org
            phone = next((o.phone for o in self._people.orgs() if o.id == id), None)
            view["owner"] = {**view["owner"], "phone": phone}
        return view

    async def _joined_open(self, s: Session, ticket: Ticket) -> bool:
        """Say whether a ticket goes on in a neighbour's that is still being worked on."""
        if ticket.state is not State.MERGED or not ticket.merged_into:
            return False
        parent = await store.load(s, ticket.merged_into)
        return parent is not None and parent.state in JOINABLE

    async def _visible(self, s: Session, ticket_no: str, actor: Actor) -> Ticket:
        ticket = await self._load(s, ticket_no)
        # Administrators see that a ticket exists and how it runs, nothing of its content.
        if actor.role != "admin" and not decide.in_scope(ticket, actor):
            raise LindaError("out_of_scope", "这件工单不在您的工作范围内。", 403)
        return ticket

    def _context(self, **known: Any) -> Context:
        return Context(
            calendar=self.calendar,
            profile=self.profile,
            leaves=self.leaves,
            directory=self.directory,
            units={o.id: Unit(o.id, o.name, o.kind) for o in self._people.orgs()},
            urgency=self.urgency,
            rules=self.rules,
            neighbours=self.neighbours,
            relay=self.relay,
            leaders=self.leaders,
            taxonomy=self.codes.version,
            **known,
        )

    async def _apply(
        self, s: Session, ticket: Ticket, command: Command, later: Steps | None = None
    ) -> Ticket:
        """Decide a command with the facts it needs, and record what it makes (:meth:`_record`)."""
        command, person = await self._completed(s, ticket, command)
        payload = command.payload
        known: dict[str, Any] = {"also": await self._also(s, command.actor)}
        if person is not None:
            known["person"] = person
        elif command.action in ("sign", "whistle", "check_proxy"):
            known["person"] = await self._person(s, command.actor.id)
        elif payload.get("person"):
            known["person"] = await self._person(s, str(payload["person"]))
        if other := _other(ticket, command):
            known["parent"] = await self._parent(s, other)
        door = None
        if payload.get("place"):
            known["place"], door = await self._locate(s, payload["place"])
        command = _changing(ticket, command, known.get("place"))
        made = decide.decide(ticket, command, self._context(**known))
        if isinstance(made, Refusal):
            raise _refused(made)
        if place := known.get("place"):
            await self._keep_door(s, ticket, place, door)
        if command.action in ("amend", "supplement"):
            await self._keep_amended(s, ticket.ticket_no, payload)
        if why := integrity.cause(made):
            # Before the event: filing takes the day's counter first, then the place of a booking.
            await self._open_case(s, fold.apply(ticket, made), why)
        if command.action == "amend" and made.data.get("appointment"):
            after, now = made.data["appointment"], command.at
            await consents.changed(s, ticket, after, command.actor, self.consents, now)
        ticket = await self._record(s, ticket, made, later)
        await self._elsewhere(s, ticket, made)
        return ticket

    async def _elsewhere(self, s: Session, ticket: Ticket, made: Event) -> None:
        """Do what an event of one ticket means for others."""
        if made.action == "merge":
            await self._tell_parent(s, ticket)
        if ticket.joined and made.to_state is not made.from_state:
            await self._ask_joined(s, ticket)
        if ticket.joined and telling.is_shared(made, self._context()):
            await self._share_news(s, ticket, made)

    async def _share_news(self, s: Session, shared: Ticket, made: Event) -> None:
        """Put news of a shared ticket on the list of who joined it by phone (要打电话告诉的)."""
        facts = {"event": made.type, "seq": made.seq, "of": shared.ticket_no}
        for number in sorted({str(j["from"]) for j in shared.joined}):
            ticket = await store.load(s, number, lock=True)
            gone_on = ticket is not None and ticket.merged_into == shared.ticket_no
            if ticket is None or not gone_on or not calls.by_phone(ticket):
                continue
            if ticket.state is State.MERGED:
                command = Command("share_news", SYSTEM, self._clock.now(), facts)
                await self._apply(s, ticket, command)

    async def _open_case(self, s: Session, ticket: Ticket, why: str) -> None:
        """Have it looked into that a resident was pressed; once for a ticket and a cause."""
        now = self._clock.now()
        key = f"case:{ticket.ticket_no}:{why}"
        if await store.claim_key(s, key, digest_of({"case": why}), now) is not None:
            return
        number = ticket_number(now.date(), await store.next_sequence(s, now.date()))
        await store.bind_key(s, key, number)
        event = integrity.open_case(ticket, why, number, query_code(), now, self._context())
        await self._follow_up(s, await self._record(s, Ticket(), event))

    async def raise_matter(
        self, staff: Staff, actor: Actor, kind: str, text: str, key: str,
        ticket_no: str | None = None, unit: str | None = None,
    ) -> str:  # fmt: skip
        """Open a case of integrity that somebody of staff raises; return its number.

        Who raised it stands in the audit record, not on the case: the unit that looks into it need
        not know, and nobody else sees the case.

        Args:
            kind: A key of ``rules.integrity`` that staff can raise.
            text: What was seen or heard.
            key: The same again is the same case.
            ticket_no: The ticket it is about; one that the caller may see.
            unit: The unit it is about.

        Raises:
            LindaError: 422 with ``fields``; 404 ``ticket_not_found`` also for what the caller may not see.
        """
        matters = {k for k, m in self.rules.integrity.items() if m.staff}
        wrong = {"kind": "请选择是哪种情形。"} if kind not in matters else {}
        if not 4 <= len(text.strip()) <= 1000:
            wrong["text"] = "请写清看到、听到了什么（4到1000个字）。"
        if unit and self._people.org(unit) is None:
            wrong["unit"] = "没有这个单位。"
        if wrong:
            raise LindaError("invalid_fields", "".join(wrong.values()), 422, wrong)
        now = self._clock.now()
        same = digest_of({"kind": kind, "text": text, "ticket_no": ticket_no, "unit": unit})
        async with self._db.write() as s:
            if (known := await store.claim_key(s, f"integrity:{key}", same, now)) is not None:
                return known
            about = await self._load(s, ticket_no, lock=True) if ticket_no else None
            if about is not None and not decide.in_scope(about, actor):
                raise MISSING
            number = ticket_number(now.date(), await store.next_sequence(s, now.date()))
            await store.bind_key(s, f"integrity:{key}", number)
            event = integrity.open_case(
                about, kind, number, query_code(), now, self._context(), text.strip(), unit
            )
            await self._follow_up(s, await self._record(s, Ticket(), event))
            name = self.rules.integrity[kind].name
            await journal.note(s, now, staff, "integrity.raise", f"ticket:{number}", name)
        return number

    async def _tell_parent(self, s: Session, ticket: Ticket) -> None:
        """Note on the ticket that goes on that one more household asks for it, with its words."""
        parent = await self._load(s, str(ticket.merged_into), lock=True)
        facts = {
            "from": ticket.ticket_no,
            "household": ticket.household or ticket.ticket_no,
            "who": _who(ticket),
            "text": ticket.narrative_original[:2000],
        }
        parent = await self._apply(s, parent, Command("join", SYSTEM, self._clock.now(), facts))
        await self._follow_up(s, parent)

    async def _ask_joined(self, s: Session, shared: Ticket) -> None:
        """Have those called who joined by phone once it is reported done, and not while it goes on."""
        ask = {State.RESOLVED: True, State.REWORK: False}.get(shared.state)
        for number in sorted({str(j["from"]) for j in shared.joined}) if ask is not None else ():
            ticket = await store.load(s, number, lock=True)
            if ticket is None or ticket.state is not State.MERGED or not calls.by_phone(ticket):
                continue
            if ask or ticket.to_call is not None:
                facts = {"ask": "yes" if ask else "no"}
                await self._apply(
                    s, ticket, Command("ask_joined", SYSTEM, self._clock.now(), facts)
                )

    def _route(self, ticket: Ticket) -> Route:
        """Return what the dispatch directory says of a ticket today."""
        today = self._clock.now().date()
        return self.directory.route(ticket.leaf, ticket.place, ticket.about, today, ticket.recused)

    async def _completed(
        self, s: Session, ticket: Ticket, command: Command
    ) -> tuple[Command, Person | None]:
        """Fill in what the directory knows: the unit, and the worker of the grid, who is returned."""
        if command.action not in ("dispatch", "decide_objection"):
            return command, None
        payload, person = dict(command.payload), None
        if command.action == "dispatch":
            payload = _with_lead(payload, self._route(ticket))
        grid = ticket.place.grid_id
        if payload.get("org") == "grid" and not payload.get("person") and grid:
            workers = await self._people.workers_of_grid(s, grid)
            if workers:
                person = _person(workers[0])
                payload["person"] = person.id
        return replace(command, payload=payload), person

    async def _person(self, s: Session, id: str) -> Person | None:
        staff = await self._people.staff(s, id)
        return _person(staff) if staff else None

    async def _also(self, s: Session, actor: Actor) -> tuple[Person, ...]:
        """Return the other accounts of a member of staff: what one did the other does not judge."""
        if actor.kind != "staff":
            return ()
        return tuple(_person(a) for a in await self._people.accounts_of(s, actor.id))

    async def _parent(self, s: Session, ticket_no: str) -> Ticket | None:
        try:
            return await self._load(s, ticket_no)
        except LindaError:
            return None

    async def _follow_up(
        self, s: Session, ticket: Ticket, later: Steps | None = None, *, intake: bool = True
    ) -> Ticket:
        """Do what the rules do by themselves (:func:`decide.follow_up`)."""
        context = self._context()
        for _ in range(MOST_FOLLOW_UPS):
            command = decide.follow_up(ticket, context, self._clock.now(), intake)
            if command is None:
                break
            ticket = await self._apply(s, ticket, command, later)
        return ticket

    async def _record(
        self, s: Session, ticket: Ticket, event: Event, later: Steps | None = None
    ) -> Ticket:
        """Write event, row and outbox row: all of them or none, in the caller's transaction.

        Args:
            later: Gets what was made instead, for :meth:`_write` before the transaction ends.
        """
        before, ticket = ticket, fold.apply(ticket, event)
        if later is None:
            await self._write(s, [(event, ticket)])
        else:
            later.append((event, ticket))
        held, wanted = _booked(before), _booked(ticket)
        if held != wanted:
            who = ticket.conversation_id
            await self._booked.move(s, event.ticket_no, ticket.leaf, held, wanted, event.at, who)
        return ticket

    async def _write(self, s: Session, made: Steps, also: Writes | None = None) -> None:
        """Write events of one ticket, its row, what the outbox does about each, and what is given."""
        work = adding(s, [_changed(event, ticket) for event, ticket in made])
        await store.append(s, made, [*(also or ()), work])

    def _contact(self, number: str, request: CreateTicket, door: str | None) -> Writes:
        """Return what keeps the contact data of a request, encrypted."""
        contact, subject = request.contact, request.subject
        clear = {
            "name_enc": contact.name if contact else None,
            "phone_enc": contact.phone if contact else None,
            "room_enc": door,
            "address_enc": request.address_text,
            "subject_name_enc": subject.name if subject else None,
        }
        seal = self._people.vault.encrypt
        sealed = {k: seal(v) for k, v in clear.items() if v}
        return [store.new_contact(number, sealed)] if sealed else []

    async def _keep_door(
        self, s: Session, ticket: Ticket, place: Location, door: str | None
    ) -> None:
        """Keep the door of a place; another house is not gone to with the old one."""
        if door:
            sealed = self._people.vault.encrypt(door)
            await store.save_contact(s, ticket.ticket_no, room_enc=sealed)
        elif ticket.place.elsewhere(place):
            await store.forget_door(s, ticket.ticket_no)

    async def _keep_amended(self, s: Session, number: str, payload: Mapping[str, Any]) -> None:
        """Keep what the resident corrected of name, phone and address, encrypted."""
        contact = payload.get("contact") or {}
        clear = {
            "name_enc": contact.get("name"),
            "phone_enc": contact.get("phone"),
            "address_enc": payload.get("address_text"),
        }
        sealed = {k: self._people.vault.encrypt(str(v)) for k, v in clear.items() if v}
        if sealed:
            await store.save_contact(s, number, **sealed)

    async def _clear(self, s: Session, ticket_no: str) -> views.Clear:
        row = await store.contact(s, ticket_no)
        if row is None:
            return views.Clear(public=self._public)

        def opened(stored: str | None) -> str | None:
            return self._people.vault.decrypt(stored) if stored else None

        return views.Clear(
            name=opened(row.name_enc),
            phone=opened(row.phone_enc),
            room=opened(row.room_enc),
            address_text=opened(row.address_enc),
            subject_name=opened(row.subject_name_enc),
            public=self._public,
        )


async def _without_stopping(ticket_no: str, step: Awaitable[int]) -> int:
    """Do a step of the clock; one ticket that fails does not hold up the deadlines of all others."""
    try:
        return await step
    except DatabaseAway:
        raise
    except Exception:
        log.exception("clock of ticket %s failed", ticket_no)
        return 0


def _changed(event: Event, ticket: Ticket) -> Work:
    """Return what others do about an event once it is kept."""
    told = {
        "ticket_no": event.ticket_no,
        "event": event.type,
        "action": event.action,
        "from_state": event.from_state.value,
        "to_state": event.to_state.value,
        "conversation_id": ticket.conversation_id,
        "version": event.seq,
        "at": event.at.isoformat(),
        "data": {**event.data, "actor_kind": event.actor.kind},
    }
    return Work(CHANGED, told, f"{event.ticket_no}:{event.seq}", event.at)


def _person(staff: Staff) -> Person:
    return Person(staff.id, staff.name, staff.org_id)


def _with_lead(payload: Mapping[str, Any], route: Route) -> View:
    """Return a dispatch with the directory's lead where none is named, or only who assists."""
    org = payload.get("org")
    helps = org is not None and payload.get("duty") == "协助"
    if not route.known or route.lead == org or not (helps or org is None):
        return dict(payload)
    named = {**payload, "org": route.lead}
    if not helps:
        return named
    assists = dict.fromkeys((*(payload.get("assists") or route.assists), org))
    return {**named, "duty": "主责", "assists": [a for a in assists if a != route.lead]}


GIVEN_BACK = frozenset({State.WITHDRAWN, State.TERMINATED, State.NOT_ACCEPTED, State.MERGED})
"""States in which a booking holds no place."""


def _booked(ticket: Ticket) -> Mapping[str, Any]:
    """Return the appointment that a ticket holds a place for; empty: none."""
    return {} if ticket.state in GIVEN_BACK else ticket.appointment or {}


SAID_OF_PLACE = (
    "community_id", "grid_id", "compound_id", "building_id", "unit", "floor", "room",
)  # fmt: skip


def _checked_place(given: object) -> Mapping[str, Any]:
    """Return what says which place is meant, as texts.

    Raises:
        LindaError: 422 ``place_invalid``.
    """
    known: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {"room": given}
    sure = known.get("confidence")
    known = {n: known.get(n) for n in SAID_OF_PLACE}
    texts = {n: str(v) if type(v) is int else v for n, v in known.items() if v is not None}
    if not all(isinstance(v, str) and len(v) <= 60 for v in texts.values()) or not (
        sure is None or (type(sure) in (int, float) and 0 <= sure <= 1)
    ):
        raise refusal("place_invalid", fields={"place": piece("refused.place_invalid")})
    return {**texts, "confidence": sure}


def _changing(ticket: Ticket, command: Command, place: Location | None) -> Command:
    """Return what a resident changes with the contact masked, and whether it moves to another grid.

    Any other command comes back as it is.
    """
    if command.action == "supplement" and command.payload.get("contact"):
        return _with_contact(command)
    if command.action != "amend":
        return command
    command = _with_contact(command)
    payload = dict(command.payload)
    moved = place is not None and ticket.place.grid_id not in (None, place.grid_id)
    payload["moves"] = "yes" if moved else "no"
    return replace(command, payload=payload)


def _with_contact(command: Command) -> Command:
    """Return the change with what it tells of contact masked."""
    payload = dict(command.payload)
    contact = payload.pop("contact", None) or {}
    masked = {
        "name": mask_name(contact.get("name")),
        "phone": mask_phone(contact.get("phone")),
        "contact_pref": contact.get("pref"),
    }
    payload["reporter"] = {k: v for k, v in masked.items() if v}
    return replace(command, payload=payload)


def _reporter(request: CreateTicket, actor: Actor) -> dict[str, Any]:
    contact = request.contact
    role = request.reporter_role
    if role is None:
        role = "proxy" if request.subject and request.subject.relation else "self"
        if actor.role == "grid":
            role = "patrol"
    return {
        "role": role,
        "name": mask_name(contact.name) if contact else None,
        "phone": mask_phone(contact.phone) if contact else None,
        "contact_pref": contact.pref if contact else None,
    }


def _other(ticket: Ticket, command: Command) -> str | None:
    """Return the number of the other ticket that a decision has to look at."""
    named = {"merge": "into", "not_accept": "earlier"}.get(command.action)
    if named is not None:
        given = command.payload.get(named)
        return str(given) if given else None
    if ticket.state is State.MERGED and command.action in (
        "callback",
        "rate",
        "part",
        "on_behalf",
    ):
        return ticket.merged_into
    return None


def _number(given: object) -> str | None:
    try:
        return parse_ticket_number(str(given))
    except BadTicketNumber:
        return None


def _who(ticket: Ticket) -> str:
    """Return as whom a resident who joined acts on the neighbour's ticket."""
    return str(ticket.conversation_id or ticket.resident_id or ticket.ticket_no)


def _may_be(there: Location, here: Location) -> bool:
    """Say whether two places, as far as they are known, can be the same."""
    pairs = (
        (there.compound_id, here.compound_id),
        (there.building, here.building),
        (there.unit, here.unit),
    )
    return all(a is None or b is None or a == b for a, b in pairs)


def _own(
    ticket: Ticket, conversation_id: str, resident_id: str | None, also: Collection[str]
) -> Actor:
    """Return the resident as the actor, if the ticket is theirs; else it does not exist for them."""
    if not _is_own(ticket, conversation_id, resident_id, also):
        raise MISSING
    filed_here = conversation_id == ticket.conversation_id or ticket.conversation_id in also
    return resident(str(ticket.conversation_id if filed_here else resident_id))


def _is_own(
    ticket: Ticket, conversation_id: str, resident_id: str | None, also: Collection[str]
) -> bool:
    """Say whether a ticket was filed in a conversation of this resident, or by this known resident."""
    same_person = resident_id is not None and resident_id == ticket.resident_id
    return same_person or ticket.conversation_id in (conversation_id, *also)


def _offered(line: Transition, ticket: Ticket, command: Command, context: Context) -> bool:
    return not any(
        GUARDS[name](ticket, command, context) for name in line.guards if name in BEFORE_ASKING
    )


def _needed(line: Transition) -> frozenset[str]:
    """Return the names of what a line cannot do without."""
    return frozenset(f.name for f in line.fields if f.required)


def _refused(refusal: Refusal) -> LindaError:
    status = {"unknown_action": 404}.get(refusal.code, 422)
    if refusal.code in decide.FORBIDDEN:
        status = 403
    return LindaError(refusal.code, refusal.message, status, refusal.fields)
