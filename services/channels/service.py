"""The one door to conversations: for the chat API, staff, the internal API, the worker and tests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, select, update

from services.bookings import queue
from services.catalogue.service import GENERAL, CatalogueService
from services.channels import attachments, duty, handoffs, joining, masking, store
from services.channels.drafts import Change, Drafts, rules
from services.channels.erasing import Eraser
from services.channels.gateway import Drained, Gateway
from services.channels.hub import Hub
from services.channels.rasa import RasaClient, RasaSettings, Redirected
from services.channels.tables import (
    AttachmentRow,
    ConversationRow,
    HandoffOpeningRow,
    HandoffRow,
    MessageRow,
    RedirectRow,
)
from services.channels.texts import Texts
from services.channels.tokens import TokenSigner, token_hash
from services.channels.types import (
    AttachmentView,
    Conversation,
    Exchange,
    HandoffView,
    Incoming,
    MessageView,
    SessionView,
)
from services.clock import Clock
from services.config import Settings
from services.consents import records as consents
from services.db import Database, DatabaseAway, Session
from services.errors import LindaError
from services.limits import Limit, Stopped
from services.people.public_numbers import public_numbers
from services.stops import networks
from services.stops import records as stops
from services.tickets.core.actor import Actor
from services.training.heard import HeardService
from services.training.knowledge import Knowledge
from services.words import piece, refusal

if TYPE_CHECKING:
    from services.people.service import PeopleService
    from services.places.service import PlaceService
    from services.privacy.notice import PrivacyNotice
    from services.tickets.service import TicketService

__all__ = ["ChannelService", "Conversation"]

log = logging.getLogger(__name__)

RATE_LIMIT = 20
"""Messages a minute and conversation."""
RATE_WINDOW = timedelta(minutes=1)
HEARTBEAT_S = 15.0
"""Seconds after which a silent event stream shows that it lives."""
AWAY_S = 1.0
"""Seconds until an event stream looks again for a database that is away."""
MESSAGE, PHOTO = "message", "photo"
"""What these two limits count, as stops name it."""
MAX_ATTACHMENTS = 60
"""Photos a conversation may keep a day; a disk is not endless."""
UNANSWERED_AFTER = timedelta(minutes=10)
"""A message without an answer for so long goes to a person as well."""
SESSIONS = Limit(
    "session",
    120,
    timedelta(minutes=10),
    "too_many_sessions",
    piece("refused.too_many_sessions"),
)
"""By address; a whole community may share one, so ``Settings`` can raise it."""
OPENING_STEP = timedelta(minutes=1)
"""Opening the same hand-off again within it is one opening on record."""
REASSURED = timedelta(minutes=3)
"""While nobody has come, who writes is told at most once in so long that it is seen."""
PERSON_LATE_AFTER = timedelta(minutes=15)
"""So long the bot stays silent for a person who does not come."""


SAME_TALK = timedelta(hours=1)
"""What was shown so long before a ticket is filed belongs to it."""
MOST_CARDS = 20


class ChannelService:
    """Conversations with residents.

    Every message is stored before anything else happens to it. Errors are
    :class:`services.errors.LindaError`.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        clock: Clock,
        tickets: TicketService,
        people: PeopleService,
        places: PlaceService,
    ) -> None:
        self._settings = settings
        self._networks = networks.load(settings.locality_dir)
        self._public = public_numbers(settings.locality_dir)
        self._db = db
        self._clock = clock
        self._tickets = tickets
        self._people = people
        self._places = places
        self._texts = Texts(settings.data_dir / "texts" / "channel.yml")
        self._hub = Hub(db)
        self._answering: dict[str, asyncio.Task[None]] = {}

    @cached_property
    def duty(self) -> duty.DutyDesk:
        """The locality's desk: office hours and the phone that is answered day and night."""
        return duty.load(
            self._settings.locality_dir / "locality.yml",
            lambda day: self._tickets.calendar.is_workday(day),
        )

    @property
    def notice(self) -> PrivacyNotice:
        """What residents are told of their data."""
        return self._tickets.notice

    @cached_property
    def _signer(self) -> TokenSigner:
        return TokenSigner(self._settings.secret("data_key"))

    @cached_property
    def _rasa(self) -> RasaClient:
        s = self._settings
        return RasaClient(RasaSettings(s.rasa_url, s.secret("internal_token"), s.rasa_timeout_s))

    @cached_property
    def _gateway(self) -> Gateway:
        return Gateway(
            self._db,
            self._clock,
            self._rasa,
            self._hub,
            self._texts,
            self._settings.rasa_timeout_s,
            self._metadata,
            self._give_up,
            self._waits_for_person,
            self.heard.keep,
            self._keep_redirect,
            self.drafts,
        )

    @cached_property
    def drafts(self) -> Drafts:
        """The forms that residents have begun and not finished."""
        return Drafts(self._people.vault, rules(self._settings.data_dir), self._texts)

    @cached_property
    def _catalogue(self) -> CatalogueService:
        return CatalogueService(self._settings, self._clock)

    @cached_property
    def heard(self) -> HeardService:
        """What residents said, for learning from it."""
        knowledge = Knowledge(self._settings.data_dir, self._catalogue)
        return HeardService(self._settings, self._db, self._clock, knowledge)

    @cached_property
    def eraser(self) -> Eraser:
        """What forgets a conversation."""
        return Eraser(self._db, self._tickets, self._people, self._rasa, self.uploads)

    @property
    def uploads(self) -> Path:
        """Folder of stored photos."""
        return self._settings.var_dir / "uploads"

    async def stop_streams(self) -> None:
        """End all event streams, so that the process can stop; clients come back by themselves."""
        await self._hub.close()

    async def close(self) -> None:
        """Finish calls of Rasa that are under way, close the connection, stop the poller."""
        await self._hub.close()
        if "_gateway" in self.__dict__:
            await self._gateway.close()
            for task in self._answering.values():
                task.cancel()
        if "_rasa" in self.__dict__:
            await self._rasa.close()

    # -- residents ---------------------------------------------------------------------------

    async def open_session(
        self, channel: str = "web", elder: bool = False, address: str | None = None
    ) -> SessionView:
        """Open a conversation and greet.

        Args:
            address: Where the request comes from; 429 ``too_many_sessions`` when that many have
                been opened from there (``LINDA_SESSIONS_PER_ADDRESS``).
        """
        network = networks.of(self._networks, address)
        try:
            return await self._open_session(channel, elder, address, network)
        except Stopped as stopped:
            await stops.note(self._db, stopped, self._clock.now(), network=network)
            raise

    async def _open_session(
        self, channel: str, elder: bool, address: str | None, network: networks.Network | None
    ) -> SessionView:
        conversation_id = store.new_conversation_id()
        token = self._signer.issue(conversation_id)
        # Kept as a keyed hash: limits need to know the same address again, nobody needs to read it.
        # A shared network counts as one, whatever its addresses.
        from_ = f"network:{network.id}" if network else address
        opened_from = self._people.vault.fingerprint(from_)[:40] if from_ else None
        most = network.sessions if network else self._settings.sessions_per_address
        async with self._db.write() as s:
            now = self._clock.now()
            if opened_from is not None:
                limit = replace(SESSIONS, most=most)
                await limit.check(s, opened_from, now)
                await limit.hit(s, opened_from, now)
            await store.open_one(
                s, conversation_id, channel, elder, now, token_hash(token), opened_from
            )
            said = self._texts.say("welcome", elder, **self.notice.greeting)
            row = await store.append(
                s, conversation_id, sender="bot", now=now, text=said.text, buttons=said.buttons
            )
        return SessionView(conversation_id, token, [store.view(row)])

    async def authenticate(self, token: str) -> str:
        """Return the conversation id of a session token; 401 ``invalid_session`` otherwise."""
        conversation_id = self._signer.conversation_of(token)
        if conversation_id is not None:
            async with self._db.read() as s:
                row = await s.get(ConversationRow, conversation_id)
            if row is not None and row.token_hash == token_hash(token):
                return conversation_id
        raise refusal("invalid_session", 401)

    async def conversation(self, conversation_id: str) -> Conversation:
        """Return a conversation; 404 ``conversation_not_found``."""
        async with self._db.read() as s:
            row = await store.conversation(s, conversation_id)
            return store.conversation_view(row, await joining.siblings(s, row))

    async def set_elder(self, conversation_id: str, elder: bool) -> None:
        """Switch the elder mode: shorter words in texts too, not only larger type."""
        async with self._db.write() as s:
            (await store.conversation(s, conversation_id)).elder = elder

    async def post(self, conversation_id: str, message: Incoming) -> Exchange:
        """Keep a message, have it answered, return the answers.

        Waits for Rasa at most ``rasa_timeout_s``; after that the resident is told that the message
        is kept, and the worker has it answered (the answer comes over the event stream).
        Errors: 429 ``rate_limited`` (fields ``retry_after`` in seconds), 422
        ``payload_not_offered``, 404 ``attachment_not_found``, 409 ``message_id_conflict``.
        """
        message_id = await self.accept(conversation_id, message)
        await self._answer(conversation_id, message_id)
        async with self._db.read() as s:
            return await self._exchange(s, conversation_id, await store.replies(s, message_id))

    async def accept(self, conversation_id: str, message: Incoming, *, menu: bool = False) -> str:
        """Store a message unless it is here already; return its id.

        Args:
            menu: A payload is one of the channel's own menu, which no button had to offer.

        Errors as :meth:`post`.
        """
        try:
            return await self._accept(conversation_id, message, menu)
        except Stopped as stopped:
            await stops.note(self._db, stopped, self._clock.now(), conversation=conversation_id)
            raise

    async def _accept(self, conversation_id: str, message: Incoming, menu: bool) -> str:
        async with self._db.write() as s:
            # The same message three times at once comes one by one.
            now = await self._lock(s, conversation_id)
            known = await s.scalar(
                select(MessageRow).where(
                    MessageRow.conversation_id == conversation_id,
                    MessageRow.client_message_id == message.client_message_id,
                )
            )
            if known is not None:
                _check_same(known, message)
                return known.id
            await self._check_rate(s, conversation_id, now)
            tapped = message.kind == "payload" and not menu
            if tapped and not await store.was_offered(s, conversation_id, message.payload):
                raise refusal("payload_not_offered")
            if message.attachment_id is not None:
                attachment = await s.get(AttachmentRow, message.attachment_id)
                if attachment is None or attachment.conversation_id != conversation_id:
                    raise _no_attachment()
            joins = await joining.meant(
                s, conversation_id, message.kind, message.text, message.payload
            )
            parts = await joining.wants_apart(s, conversation_id, message.kind, message.text)
            row = await store.append(
                s,
                conversation_id,
                sender="resident",
                now=now,
                kind=message.kind,
                text=message.text,
                payload=message.payload or None,
                location=message.location,
                attachment_id=message.attachment_id,
                client_message_id=message.client_message_id,
                state="received" if joins is None and not parts else "answered",
                next_attempt_at=self._gateway.first_retry_at(now),
            )
            told: list[str] = []
            if joins is not None:
                told = await self._join(s, row, joins, now)
            elif parts:
                told = await self._part(s, row, now)
        for each in (conversation_id, *told):
            self._hub.wake(each)
        return row.id

    async def _join(
        self, s: Session, message: MessageRow, ticket_no: str, now: datetime
    ) -> list[str]:
        """Answer a yes to the question whether two conversations are one person's.

        Returns:
            The other conversation, which is told, too: nobody is joined behind their back.
        """
        here = await store.conversation(s, message.conversation_id)
        other = await joining.join(s, self._people, here.id, ticket_no, now)
        said = self._texts.say("joined" if other else "join_expired", here.elder)
        await store.append(
            s, here.id, sender="system", now=now, text=said.text, reply_to=message.id
        )
        if other is None:
            return []
        await self.heard.spread(s, [here.id, other.id])
        facts = {"channel": joining.channel_name(here.channel), "phone": self.duty.phone}
        notice = self._texts.say("joined_there", other.elder, **facts)
        await store.say_once(s, other.id, f"joined:{message.id}", now, text=notice.text)
        return [other.id]

    async def _part(self, s: Session, message: MessageRow, now: datetime) -> list[str]:
        """Take a joining back; return the other conversations, which are told, too."""
        rows = {
            r.id: r
            for r in await joining.part(
                s, self._people, message.conversation_id, self._tickets.consents, now
            )
        }
        for row in rows.values():
            await self._question_goes_home(row, rows)
        here = rows.pop(message.conversation_id)
        said = self._texts.say("parted" if rows else "not_joined", here.elder)
        await store.append(
            s, here.id, sender="system", now=now, text=said.text, reply_to=message.id
        )
        facts = {"channel": joining.channel_name(here.channel)}
        for other in rows.values():
            notice = self._texts.say("parted_there", other.elder, **facts)
            await store.say_once(s, other.id, f"parted:{message.id}", now, text=notice.text)
        return list(rows)

    async def _question_goes_home(
        self, row: ConversationRow, rows: Mapping[str, ConversationRow]
    ) -> None:
        """An open question about a ticket goes to the conversation in which that was filed."""
        if row.pending_callback is None:
            return
        pending = dict(row.pending_callback)
        _, filed_in, _ = await self._tickets.origin(pending["ticket_no"])
        if filed_in == row.id:
            return
        pending.pop("asked_seq", None)
        row.pending_callback = None
        home = rows.get(filed_in or "")
        if home is not None and home.pending_callback is None:
            home.pending_callback = pending

    async def offer_join(self, conversation_id: str, other_id: str | None, ticket_no: str) -> bool:
        """Note that a ticket's query code was shown here; say whether to ask about joining."""
        async with self._db.write() as s:
            return await joining.offer(s, conversation_id, other_id, ticket_no, self._clock.now())

    async def elder(self, session: Session, conversation_id: str) -> bool:
        """Say whether a conversation is in elder mode, in the caller's transaction."""
        return (await store.conversation(session, conversation_id)).elder

    async def where_to_tell(self, session: Session, conversation_id: str) -> str:
        """Return the conversation in which this one's resident wrote last.

        Who told here of violence at home is told here alone: somebody else may read the other channel.
        """
        row = await store.conversation(session, conversation_id)
        if await masking.talks(session, conversation_id):
            return row.id
        return (await joining.last_written(session, row)).id

    async def answer_within(self, conversation_id: str, message_id: str, seconds: float) -> bool:
        """Wait at most so long until a message is answered, or its resident knows that it is kept.

        What takes longer goes on by itself. False when it does.
        """
        task = self._answering.get(message_id)
        if task is None:
            task = asyncio.create_task(self._answer(conversation_id, message_id))
            self._answering[message_id] = task
            task.add_done_callback(lambda t: self._answered(message_id, t))
        await asyncio.wait([task], timeout=max(seconds, 0))
        if not task.done():
            return False
        task.result()
        return True

    async def add_attachment(
        self, conversation_id: str, chunks: AsyncIterator[bytes]
    ) -> AttachmentView:
        """Store a photo, at most 10 MB; 413 ``too_large``, 422 ``not_an_image``, 429."""
        now = self._clock.now()
        async with self._db.read() as s:
            day = timedelta(days=1)
            since = await stops.counts_from(s, PHOTO, conversation_id, now - day)
            query = select(func.count(), func.min(AttachmentRow.created_at)).where(
                AttachmentRow.conversation_id == conversation_id, AttachmentRow.created_at > since
            )
            count, first = (await s.execute(query)).one()
        if count >= MAX_ATTACHMENTS:
            said = refusal("too_many_attachments", 429)
            wait = max(1, int(((first or now) + day - now).total_seconds()))
            stopped = Stopped(PHOTO, conversation_id, said.code, said.message, wait)
            await stops.note(self._db, stopped, now, conversation=conversation_id)
            raise stopped
        photo = await attachments.receive(chunks)
        path = await asyncio.to_thread(attachments.keep, self.uploads, photo)
        row = AttachmentRow(
            id=store.new_id("a"),
            conversation_id=conversation_id,
            sha256=photo.sha256,
            path=path,
            mime=photo.mime,
            width=photo.width,
            height=photo.height,
            size=len(photo.data),
            created_at=now,
        )
        async with self._db.write() as s:
            s.add(row)
        return _attachment_view(row)

    async def attachment(self, attachment_id: str) -> AttachmentView:
        """Find a photo; 404 ``attachment_not_found``."""
        async with self._db.read() as s:
            row = await s.get(AttachmentRow, attachment_id)
        if row is None:
            raise _no_attachment()
        return _attachment_view(row)

    async def ticket_photo(
        self,
        attachment_id: str,
        ticket_no: str,
        conversation_id: str | None,
        resident_id: str | None,
    ) -> AttachmentView:
        """Find a photo that belongs to a ticket; 404 ``attachment_not_found`` otherwise.

        It was filed under the ticket (evidence of the work), sent in the ticket's conversation, or
        in another one of the same resident. Only naming its id in a ticket opens no photo.
        """
        found = await self.attachment(attachment_id)
        if found.conversation_id in (conversation_id, f"ticket:{ticket_no}"):
            return found
        async with self._db.read() as s:
            row = await s.get(ConversationRow, found.conversation_id)
            filed_in = await s.get(ConversationRow, conversation_id) if conversation_id else None
        residents = {resident_id, filed_in.resident_id if filed_in else None} - {None}
        if row is None or row.resident_id not in residents:
            raise _no_attachment()
        return found

    async def history(self, conversation_id: str, after: int = -1, limit: int = 200) -> Exchange:
        """Return messages with ``seq`` greater than ``after``, oldest first, residents' own too.

        Without ``after`` (negative): the newest ``limit``. A talk about violence at home that is over
        is one line (``masking``).
        """
        async with self._db.read() as s:
            messages = await self._shown(
                s, conversation_id, await store.history(s, conversation_id, after, limit)
            )
            return await self._exchange(s, conversation_id, messages)

    async def events(
        self, conversation_id: str, after: int | None
    ) -> AsyncGenerator[Exchange | None]:
        """Yield new messages as they appear, and every change of mode; None is a heartbeat.

        The first part comes at once and tells the mode; with ``after`` it has what was missed,
        without it the stream begins with what comes next.
        """
        async with self._hub.listen(conversation_id) as event:
            known: tuple[str, str | None] | None = None
            while not self._hub.closed:
                event.clear()
                try:
                    async with self._db.read() as s:
                        exchange = await self._exchange(s, conversation_id, [])
                        start = exchange.last_seq if after is None else after
                        messages = await store.history(s, conversation_id, max(start, 0), 200)
                        newest = messages[-1].seq if messages else start
                        messages = await self._shown(s, conversation_id, messages)
                except DatabaseAway:
                    # The stream outlives that, and goes on from where it was.
                    yield None
                    await asyncio.sleep(AWAY_S)
                    continue
                after = newest
                mode = (exchange.mode, exchange.agent)
                if messages or mode != known:
                    known = mode
                    yield Exchange(messages, exchange.mode, exchange.agent, after)
                    continue
                try:
                    await asyncio.wait_for(event.wait(), HEARTBEAT_S)
                except TimeoutError:
                    yield None

    async def off_topic(self, conversation_id: str, message_id: str) -> Exchange:
        """The resident says that an answer has nothing to do with what was said; as often as they like.

        Returns:
            Thanks, and the offer of a person; said once about a message.

        Errors: 404 ``message_not_found`` when it is no answer of the bot in this conversation.
        """
        async with self._db.write() as s:
            message = await _answer(s, conversation_id, message_id)
            conversation = await store.conversation(s, conversation_id)
            said = self._texts.say("off_topic", conversation.elder)
            if conversation.mode == "human":
                said = self._texts.say("off_topic_with_person", conversation.elder)
            key = f"off_topic:{message.reply_to}"
            now = self._clock.now()
            row = await store.say_once(
                s, conversation_id, key, now, text=said.text, buttons=said.buttons
            )
            if row is None:
                row = await store.said(s, conversation_id, key)
            await self.heard.off_topic(s, str(message.reply_to))
            await s.flush()
            exchange = await self._exchange(s, conversation_id, [store.view(row)])
        self._hub.wake(conversation_id)
        return exchange

    async def useful(self, conversation_id: str, message_id: str) -> Exchange:
        """The resident says that an answer helped; nothing is said to that.

        Errors: 404 ``message_not_found`` as in :meth:`off_topic`.
        """
        async with self._db.write() as s:
            message = await _answer(s, conversation_id, message_id)
            await self.heard.useful(s, str(message.reply_to))
            return await self._exchange(s, conversation_id, [])

    # -- other subjects ----------------------------------------------------------------------

    async def say(
        self,
        session: Session,
        conversation_id: str,
        text: str,
        *,
        key: str,
        buttons: list[dict[str, str]] | None = None,
        card: dict[str, Any] | None = None,
        ticket: dict[str, Any] | None = None,
        quiet: bool = False,
    ) -> MessageView | None:
        """Put a system message into a conversation, in the caller's transaction.

        ``key`` makes it happen once; None when it has been said before. ``quiet``: the resident is
        told elsewhere, and can read it here.
        """
        row = await store.say_once(
            session,
            conversation_id,
            key,
            self._clock.now(),
            text=text,
            buttons=buttons or [],
            card=card,
            ticket=ticket,
            quiet=quiet,
        )
        return store.view(row) if row is not None else None

    async def bind_resident(self, session: Session, conversation_id: str, resident_id: str) -> None:
        """Connect a conversation with a known resident."""
        (await store.conversation(session, conversation_id)).resident_id = resident_id

    async def change_draft(
        self, conversation_id: str, draft_id: str, wanted: Change
    ) -> dict[str, Any] | None:
        """Bring an unfinished form of the resident here, or drop it (:meth:`Drafts.change`)."""
        async with self._db.write() as s:
            now = await self._lock(s, conversation_id)
            return await self.drafts.change(s, conversation_id, draft_id, wanted, now)

    async def put_away(self, conversation_id: str, round_: str) -> None:
        """Have the dialogue close a form that is gone on with elsewhere, or not at all."""
        await self._rasa.put_away(conversation_id, round_)

    async def raise_alert(
        self,
        conversation_id: str,
        kind: str,
        leaf: str | None,
        text: str,
        ticket_no: str | None = None,
    ) -> dict[str, Any]:
        """Bring a person in: kind ``human`` or ``emergency`` (internal API ``POST /alerts``).

        ``human`` silences the bot while a person is expected; out of office hours nobody would
        come, so the bot goes on and the resident is told when someone will. An ``emergency`` is
        told then that nobody may come at once, and which numbers are answered day and night.

        Returns:
            ``{"mode", "on_duty": {"name", "phone"}, "text"}``; ``text`` is for the resident.
        """
        now = self._clock.now()
        async with self._db.write() as s:
            conversation = await store.conversation(s, conversation_id)
            community_id = await self._community(s, conversation)
            reason: handoffs.Reason = "emergency" if kind == "emergency" else "human"
            if reason == "human":
                await self.heard.handed_off(s, conversation_id)
            _, fresh = await handoffs.open_one(
                s, conversation, reason, text, now, community_id, leaf, ticket_no
            )
            on_duty = self.duty.is_open(now)
            name = await self._name_on_duty(s, community_id) if on_duty else self.duty.name
            numbers = "、".join(self._catalogue.always_answered(leaf or GENERAL))
            facts = {
                "name": name, "phone": self.duty.phone, "numbers": numbers,
                "when": self.duty.next_open_text(now),
            }  # fmt: skip
            key = "emergency_alerted"
            if reason == "emergency" and not on_duty:
                own = f"emergency_off_duty_{leaf}"
                key = own if own in self._texts else "emergency_off_duty"
            if reason == "human":
                key = "handoff_on_duty" if on_duty else "handoff_off_duty"
                if not fresh:
                    # Who was called and has not come is not waited for in silence a second time.
                    key = "handoff_already"
                elif key == "handoff_on_duty":
                    conversation.mode = "human"
            said = self._texts.say(key, conversation.elder, **facts)
            mode = conversation.mode
        self._hub.wake(conversation_id)
        return {
            "mode": mode,
            "on_duty": {"name": name, "phone": self.duty.phone},
            "text": said.text,
        }

    async def ask_callback(
        self, session: Session, conversation_id: str, ticket_no: str, title: str, stage: str
    ) -> None:
        """Remember which question about a ticket is open, in the caller's transaction."""
        row = await store.conversation(session, conversation_id)
        await self._forget_elsewhere(session, row, ticket_no)
        row.pending_callback = {
            "ticket_no": ticket_no,
            "title": title,
            "stage": stage,
            "asked_seq": row.last_seq,
        }

    async def callback_stage(self, conversation_id: str, ticket_no: str, stage: str | None) -> None:
        """Move the open question about this ticket on, or clear it (None)."""
        async with self._db.write() as s:
            row = await store.conversation(s, conversation_id)
            await self._forget_elsewhere(s, row, ticket_no)
            pending = row.pending_callback or {}
            if pending.get("ticket_no") == ticket_no:
                row.pending_callback = {**pending, "stage": stage} if stage else None
            elif stage and not pending:
                row.pending_callback = {"ticket_no": ticket_no, "title": "", "stage": stage}

    async def _forget_elsewhere(self, s: Session, row: ConversationRow, ticket_no: str) -> None:
        """A question about a ticket is open in one of a resident's conversations at most."""
        for sibling_id in await joining.siblings(s, row):
            sibling = await store.conversation(s, sibling_id)
            if (sibling.pending_callback or {}).get("ticket_no") == ticket_no:
                sibling.pending_callback = None

    # -- staff -------------------------------------------------------------------------------

    async def handoffs(self, actor: Actor, state: str | None = None) -> list[HandoffView]:
        """List hand-offs this person may see, emergencies first; without their messages."""
        async with self._db.read() as s:
            return await handoffs.listing(s, actor, state, self._public)

    async def handoff(self, actor: Actor, handoff_id: str) -> HandoffView:
        """Return one with its messages, and put on record who read it; 404 ``handoff_not_found``.

        Phone numbers are masked for everybody but who has taken it over; what was said after it
        was released is not part of it.
        """
        async with self._db.write() as s:
            row = await handoffs.find(s, actor, handoff_id)
            now = self._clock.now()
            lately = (
                HandoffOpeningRow.handoff_id == row.id,
                HandoffOpeningRow.staff_id == actor.id,
                HandoffOpeningRow.at > now - OPENING_STEP,
                HandoffOpeningRow.at <= now,
            )
            if not await s.scalar(select(exists().where(*lately))):
                s.add(HandoffOpeningRow(handoff_id=row.id, staff_id=actor.id, at=now))
            return await self._with_messages(s, row, actor)

    async def handoff_of(self, actor: Actor, conversation_id: str) -> None:
        """Check that this conversation came to a person who may be this one; 404 otherwise."""
        async with self._db.read() as s:
            query = handoffs.in_scope(actor).where(HandoffRow.conversation_id == conversation_id)
            if (await s.scalars(query.limit(1))).first() is None:
                raise handoffs.not_found()

    async def handoff_events(
        self, actor: Actor, handoff_id: str, after: int | None
    ) -> AsyncGenerator[Exchange | None]:
        """Like :meth:`events`, for staff: masked as :meth:`handoff`; it ends with the hand-off.

        Whether the person may still see it is asked again before each part.
        """
        conversation_id = (await self.handoff(actor, handoff_id)).conversation_id
        async with aclosing(self.events(conversation_id, after)) as stream:
            async for part in stream:
                while True:
                    try:
                        async with self._db.read() as s:
                            row = await handoffs.find(s, actor, handoff_id)
                        break
                    except DatabaseAway:
                        yield None
                        await asyncio.sleep(AWAY_S)
                if part is not None:
                    kept = handoffs.readable(row, part.messages, actor, self._public)
                    yield replace(part, messages=kept)
                if row.state == "released":
                    return
                if part is None:
                    yield None

    async def reply(
        self, actor: Actor, handoff_id: str, text: str, key: str | None = None
    ) -> HandoffView:
        """Answer as a person; the first answer takes the conversation over.

        Errors: 409 ``handoff_taken`` (``fields.staff_name``), 409 ``handoff_released``.
        ``key`` makes sending the same answer twice one message.
        """
        async with self._db.write() as s:
            found = await handoffs.find(s, actor, handoff_id)
            # Of two people who answer first, one takes it.
            now = await self._lock(s, found.conversation_id)
            row = await s.get_one(HandoffRow, handoff_id, populate_existing=True)
            conversation = await store.conversation(s, row.conversation_id)
            if row.state == "released":
                raise LindaError("handoff_released", "这次对话已经交还给机器人了。", 409)
            if row.state == "active" and row.staff_id != actor.id:
                raise LindaError(
                    "handoff_taken",
                    f"{row.staff_name}正在跟这位居民说话。",
                    409,
                    {"staff_name": row.staff_name},
                )
            if row.state == "waiting":
                await self._take_over(s, row, conversation, actor, now)
            if row.reason == "emergency" and row.ticket_no:
                await self._tickets.take_up(s, row.ticket_no, row.staff_name or actor.id)
            columns: dict[str, Any] = {"sender": "human", "text": text, "staff_id": actor.id}
            if key is None:
                await store.append(s, conversation.id, now=now, **columns)
            else:
                await store.say_once(s, conversation.id, f"staff:{key}", now, **columns)
            view = await self._with_messages(s, row, actor)
        self._hub.wake(view.conversation_id)
        return view

    async def release(self, actor: Actor, handoff_id: str) -> HandoffView:
        """Give the conversation back to the bot; doing it twice changes nothing."""
        async with self._db.write() as s:
            found = await handoffs.find(s, actor, handoff_id)
            now = await self._lock(s, found.conversation_id)
            row = await s.get_one(HandoffRow, handoff_id, populate_existing=True)
            conversation = await store.conversation(s, row.conversation_id)
            if row.state != "released":
                row.state, row.released_at = "released", now
                if conversation.mode == "human":
                    conversation.mode = "bot"
                    name = row.staff_name or self.duty.name
                    said = self._texts.say("person_left", conversation.elder, name=name)
                    await store.say_once(
                        s, conversation.id, f"released:{row.id}", now, text=said.text
                    )
            view = await self._with_messages(s, row, actor)
        self._hub.wake(view.conversation_id)
        return view

    # -- worker ------------------------------------------------------------------------------

    async def answer_waiting(self, limit: int = 20) -> int:
        """Have messages answered that wait for Rasa; return in how many conversations it worked."""
        done = 0
        for conversation_id in await self._gateway.waiting(limit):
            done += await self._gateway.drain(conversation_id) is Drained.DONE
        return done

    async def sweep(self) -> int:
        """Bring in a person where the bot cannot answer, and the bot where no person comes.

        Forms that nobody came back to are forgotten.

        Returns:
            How many conversations were helped, and forms forgotten.
        """
        async with self._db.write() as s:
            forgotten = await self.drafts.expire(s, self._clock.now())
        return forgotten + await self._escalate_unanswered() + await self._resume_late()

    # -- inside ------------------------------------------------------------------------------

    def _answered(self, message_id: str, task: asyncio.Task[None]) -> None:
        self._answering.pop(message_id, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("message %s waits, the worker will have it answered: %r", message_id, error)

    async def _answer(self, conversation_id: str, message_id: str) -> None:
        if not await self._gateway.answer(conversation_id, message_id):
            await self._tell_kept(conversation_id, message_id)

    async def _lock(self, session: Session, conversation_id: str) -> datetime:
        """Keep other writers of this conversation out; return the time, taken when they are."""
        await session.execute(
            update(ConversationRow)
            .where(ConversationRow.id == conversation_id)
            .values(last_seen_at=self._clock.now())
            .execution_options(synchronize_session=False)
        )
        return self._clock.now()

    async def _check_rate(self, session: Session, conversation_id: str, now: datetime) -> None:
        query = (
            select(MessageRow.created_at)
            .where(
                MessageRow.conversation_id == conversation_id,
                MessageRow.sender == "resident",
                MessageRow.created_at > now - RATE_WINDOW,
                MessageRow.created_at <= now,
            )
            .order_by(MessageRow.created_at.desc())
            .limit(RATE_LIMIT)
        )
        recent = (await session.scalars(query)).all()
        if len(recent) < RATE_LIMIT:
            return
        since = await stops.counts_from(session, MESSAGE, conversation_id, now - RATE_WINDOW)
        if recent[-1] <= since:
            return
        seconds = max(1, round((recent[-1] + RATE_WINDOW - now).total_seconds() + 0.5))
        said = self._texts.say("rate_limited", seconds=seconds)
        raise Stopped(MESSAGE, conversation_id, "rate_limited", said.text, seconds)

    async def _tell_kept(self, conversation_id: str, message_id: str) -> None:
        """Say once that a message is kept; a person in the conversation reads it anyway."""
        async with self._db.write() as s:
            await store.lock(s, conversation_id)
            told = await s.execute(
                update(MessageRow)
                .where(
                    MessageRow.id == message_id,
                    MessageRow.state == "received",
                    MessageRow.told_kept.is_(False),
                )
                .values(told_kept=True)
            )
            conversation = await store.conversation(s, conversation_id)
            if told.rowcount == 0 or conversation.mode == "human":  # type: ignore[attr-defined]
                return
            again = await s.scalar(
                select(
                    exists().where(
                        MessageRow.conversation_id == conversation_id,
                        MessageRow.id != message_id,
                        MessageRow.state == "received",
                        MessageRow.told_kept,
                    )
                )
            )
            said = self._texts.say(
                "kept_again" if again else "kept", conversation.elder, duty_phone=self.duty.phone
            )
            await store.append(
                s,
                conversation_id,
                sender="system",
                now=self._clock.now(),
                text=said.text,
                reply_to=message_id,
            )
        self._hub.wake(conversation_id)

    async def _shown(
        self, s: Session, conversation_id: str, messages: list[MessageView]
    ) -> list[MessageView]:
        """Return messages as the resident's window shows them."""
        if not messages:
            return messages
        row = await store.conversation(s, conversation_id)
        words = self._texts.say("not_shown_again", row.elder).text
        return await masking.masked(s, conversation_id, messages, self._clock.now(), words)

    async def _exchange(
        self, session: Session, conversation_id: str, messages: list[MessageView]
    ) -> Exchange:
        row = await store.conversation(session, conversation_id)
        agent = None
        if row.mode == "human":
            agent = await session.scalar(
                select(HandoffRow.staff_name).where(
                    HandoffRow.conversation_id == conversation_id, HandoffRow.state == "active"
                )
            )
        mode = store.conversation_view(row).mode
        return Exchange(messages, mode, agent, row.last_seq)

    async def _metadata(self, session: Session, row: ConversationRow) -> dict[str, Any]:
        """Return the metadata of a message (docs/architecture.md, Gateway → Rasa)."""
        resident = (
            await self._people.resident(session, row.resident_id) if row.resident_id else None
        )
        return {
            "now": self._clock.now().isoformat(timespec="seconds"),
            "channel": row.channel,
            "elder": row.elder,
            "mode": row.mode,
            "locality": self._settings.locality,
            "attachments": [],
            "location": None,
            "resident": {
                "name": resident.name if resident else None,
                "phone_known": bool(resident and resident.phone),
                "pref": resident.contact_pref if resident else None,
                "home": resident.home.as_dict() if resident and resident.home else None,
            },
            "consents": consents.standing(await consents.given(session, [row.id])),
            "pending_callback": await self._open_question(session, row),
            "draft": await self.drafts.offered(session, row, self._clock.now()),
            "needed": await self._needed(session, row),
            "place": await queue.asked(
                session, row.id, await store.last_said_seq(session, row.id), self._clock.now()
            ),
        }

    async def _needed(self, session: Session, row: ConversationRow) -> dict[str, Any] | None:
        """What a ticket of this resident waits for; ``fresh``: it is what was said to them last."""
        also = await joining.siblings(session, row)
        asked = await self._tickets.needed(session, row.id, row.resident_id, also)
        if asked is None:
            return None
        mark = {"ticket_no": asked["ticket_no"], "state": "NEED_INFO"}
        return {**asked, "fresh": await store.last_said_about(session, row.id) == mark}

    async def _open_question(self, session: Session, row: ConversationRow) -> dict[str, Any] | None:
        """The open callback question; ``fresh``: nothing else has been said to the resident since."""
        if row.pending_callback is None:
            return None
        pending = dict(row.pending_callback)
        said = await store.last_said_seq(session, row.id)
        pending["fresh"] = said is not None and said == pending.pop("asked_seq", None)
        return pending

    async def _give_up(
        self, session: Session, conversation: ConversationRow, message: MessageRow
    ) -> None:
        """Rasa fails on this very message: a person gets it, and the resident is told."""
        now = self._clock.now()
        community_id = await self._community(session, conversation)
        await handoffs.open_one(
            session, conversation, "unanswered", _words(message), now, community_id
        )
        said = self._texts.say("given_to_person", conversation.elder)
        await store.append(
            session,
            conversation.id,
            sender="system",
            now=now,
            text=said.text,
            reply_to=message.id,
        )

    async def _waits_for_person(
        self, session: Session, conversation: ConversationRow, message: MessageRow
    ) -> None:
        """Nobody has come yet: say that what was written is seen, and later who else waits.

        At once, then at most once in ``REASSURED`` – and nothing once a person is there.
        """
        waiting = HandoffRow.state == "waiting"
        own = HandoffRow.conversation_id == conversation.id
        row = await session.scalar(select(HandoffRow).where(own, waiting))
        if row is None:
            return
        now = self._clock.now()
        step = max(int((now - row.created_at) / REASSURED), 0)
        before = await session.scalar(
            select(func.count())
            .select_from(HandoffRow)
            .where(waiting, HandoffRow.created_at < row.created_at)
        )
        said = self._texts.say(
            "person_waiting" if step else "person_reads",
            conversation.elder,
            phone=self.duty.phone,
            before=piece("before_you", conversation.elder, before=before) if before else "",
        )
        key = f"waits:{row.id}:{step}"
        await store.say_once(
            session, conversation.id, key, now, text=said.text, reply_to=message.id
        )

    async def cards_shown(self, conversation_id: str) -> list[dict[str, Any]]:
        """Return which cards the bot has shown in this talk: ``{type, leaf, title, version}`` each once."""
        async with self._db.read() as s:
            cards = await store.cards_shown(s, conversation_id, self._clock.now() - SAME_TALK)
        found = [
            {key: card[key] for key in ("type", "leaf", "title", "version") if card.get(key)}
            for card in cards
        ]
        return [ref for n, ref in enumerate(found) if ref not in found[:n]][:MOST_CARDS]

    async def _keep_redirect(
        self, session: Session, row: ConversationRow, message: MessageRow, shown: Redirected
    ) -> None:
        """Keep that the bot showed somebody where to go instead of a certificate."""
        resident = (
            await self._people.resident(session, row.resident_id) if row.resident_id else None
        )
        home = resident.home if resident else None
        household = self._tickets.household(
            home.building_id if home else None,
            home.unit if home else None,
            home.room if home else None,
            row.resident_id or row.id,
        )
        session.add(
            RedirectRow(
                message_id=message.id,
                conversation_id=row.id,
                certificate=shown.name,
                household=household,
                community_id=await self._community(session, row),
                leaf=shown.leaf,
                at=self._clock.now(),
            )
        )

    async def _community(self, session: Session, row: ConversationRow) -> str | None:
        if row.resident_id is None:
            return None
        resident = await self._people.resident(session, row.resident_id)
        if resident is None or resident.home is None:
            return None
        place = await self._places.locate(resident.home.compound_id)
        return place.community_id if place else None

    async def _name_on_duty(self, session: Session, community_id: str | None) -> str:
        """Return who will answer: a clerk of the community, by name; else the duty desk."""
        if community_id is not None:
            clerks = await self._people.staff_with_role(session, "clerk", community_id)
            if clerks:
                return clerks[0].name
        return self.duty.name

    async def _take_over(
        self,
        session: Session,
        row: HandoffRow,
        conversation: ConversationRow,
        actor: Actor,
        now: datetime,
    ) -> None:
        staff = await self._people.staff(session, actor.id)
        name = staff.name if staff else actor.id
        row.state, row.staff_id, row.staff_name, row.taken_at = "active", actor.id, name, now
        conversation.mode = "human"
        said = self._texts.say(
            "person_joined", conversation.elder, name=name, role=staff.role_name if staff else ""
        )
        await store.say_once(session, conversation.id, f"joined:{row.id}", now, text=said.text)

    async def _with_messages(self, session: Session, row: HandoffRow, actor: Actor) -> HandoffView:
        await session.flush()
        messages = await store.history(
            session, row.conversation_id, -1, handoffs.MESSAGES_SHOWN, until=row.released_at
        )
        shown = await store.with_delivery(session, messages)
        return handoffs.view(row, actor, self._public, shown)

    async def _escalate_unanswered(self) -> int:
        now = self._clock.now()
        query = (
            select(MessageRow.id, MessageRow.conversation_id)
            .where(
                MessageRow.state == "received",
                MessageRow.escalated.is_(False),
                MessageRow.created_at < now - UNANSWERED_AFTER,
            )
            .order_by(MessageRow.created_at, MessageRow.seq)
            .limit(50)
        )
        async with self._db.read() as s:
            late = (await s.execute(query)).all()
        for message_id, conversation_id in late:
            async with self._db.write() as s:
                await store.lock(s, conversation_id)
                message = await s.get_one(MessageRow, message_id)
                message.escalated = True
                conversation = await store.conversation(s, conversation_id)
                community_id = await self._community(s, conversation)
                row, fresh = await handoffs.open_one(
                    s, conversation, "unanswered", _words(message), now, community_id
                )
                if fresh:
                    said = self._texts.say("waiting_for_person", conversation.elder)
                    await store.say_once(
                        s, conversation.id, f"unanswered:{row.id}", now, text=said.text
                    )
        return len(late)

    async def _resume_late(self) -> int:
        now = self._clock.now()
        query = (
            select(HandoffRow.id, HandoffRow.conversation_id)
            .join(ConversationRow, ConversationRow.id == HandoffRow.conversation_id)
            .where(
                HandoffRow.state == "waiting",
                HandoffRow.created_at < now - PERSON_LATE_AFTER,
                ConversationRow.mode == "human",
            )
        )
        async with self._db.read() as s:
            late = (await s.execute(query)).all()
        for handoff_id, conversation_id in late:
            async with self._db.write() as s:
                conversation = await store.conversation(s, conversation_id)
                conversation.mode = "bot"
                said = self._texts.say("person_late", conversation.elder, phone=self.duty.phone)
                await store.say_once(s, conversation_id, f"late:{handoff_id}", now, text=said.text)
        return len(late)


def _check_same(known: MessageRow, message: Incoming) -> None:
    same = (
        known.kind == message.kind
        and known.text == message.text
        and (known.payload or "") == message.payload
        and known.location == message.location
        and known.attachment_id == message.attachment_id
    )
    if not same:
        raise refusal("message_id_conflict", 409)


def _words(message: MessageRow) -> str:
    return message.text or message.payload or "（照片或位置）"


def _no_attachment() -> LindaError:
    return refusal("attachment_not_found", 404)


def _attachment_view(row: AttachmentRow) -> AttachmentView:
    return AttachmentView(
        id=row.id,
        conversation_id=row.conversation_id,
        mime=row.mime,
        width=row.width,
        height=row.height,
        size=row.size,
        path=row.path,
    )


async def _answer(s: Session, conversation_id: str, message_id: str) -> MessageRow:
    """Return an answer of the bot in a conversation, or raise 404 ``message_not_found``."""
    message = await s.get(MessageRow, message_id)
    here = message is not None and message.conversation_id == conversation_id
    if message is None or not here or message.sender != "bot" or message.reply_to is None:
        raise refusal("message_not_found", 404)
    return message
