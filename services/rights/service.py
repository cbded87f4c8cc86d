"""Requests about own data (查阅、复制、更正、删除、撤回同意), and emergency looks by two persons."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select

from services.audit import journal
from services.consents import records as consents
from services.errors import LindaError
from services.once import Once, keep, made_before
from services.people.masking import mask_phone
from services.people.model import Staff
from services.people.roles import permissions_of
from services.people.service import PeopleService
from services.retention import consents as erasing_consents
from services.retention import copies, pending
from services.retention import tickets as erasing
from services.retention.columns import load_columns
from services.retention.rules import answer_by
from services.retention.service import RetentionService
from services.retention.tables import put
from services.rights import person as persons
from services.rights import unfiled
from services.rights.tables import GlassRow, RequestRow
from services.tickets import store
from services.tickets.core.actor import Actor
from services.tickets.service import TicketService

if TYPE_CHECKING:
    from services.channels.service import ChannelService
    from services.clock import Clock
    from services.db import Database, Session

KINDS: Mapping[str, str] = {
    "access": "查阅", "copy": "复制", "correct": "更正", "delete": "删除", "withdraw": "撤回同意",
    "unlearn": "不拿我的话教机器人", "relearn": "可以拿我的话教机器人",
}  # fmt: skip
PROOFS: Mapping[str, str] = {
    "id_seen": "当面核对了身份证件",
    "called_back": "回拨这个号码核实过",
    "chat": "本人在对话里提出",
}
STATES: Mapping[str, str] = {
    "open": "待办", "approved": "已批准", "refused": "不同意", "done": "办结",
}  # fmt: skip
LEARNING_VERSION = "2026-11"
"""Of the words with which is confirmed that somebody's words do not teach the bot."""
NEEDS_APPROVAL = frozenset({"access", "copy", "delete"})
"""What leaves the house or is gone for good is looked at by the auditor first."""
GLASS_SHOWN = timedelta(days=30)
GLASS_OPEN = timedelta(minutes=30)
"""How long an approved emergency look lasts."""


def stays_text(row: RequestRow) -> str:
    """Return what the person is told of what is not erased yet; empty when nothing stays."""
    stays: Mapping[str, str] = row.result.get("stays", {})
    listed = "；".join(f"{what}（{why}）" for what, why in stays.items())
    return f"您要删的已经删了。还留着：{listed}。到时候自动删，不用再来说。" if listed else ""


class RightsService:
    """Register, decide, carry out; every step leaves an audit entry in the same transaction.

    All methods raise ``LindaError`` with a Chinese sentence: 404 for what is not there, 409 for a step
    that is not its turn, 403 when the same person would do what takes two, 422 for bad input.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        people: PeopleService,
        tickets: TicketService,
        channels: ChannelService,
        retention: RetentionService,
        data_dir: Path,
    ) -> None:
        self._db = db
        self._clock = clock
        self._people = people
        self._tickets = tickets
        self._channels = channels
        self._retention = retention
        self._personal = load_columns(data_dir / "personal.yml")

    # ── requests ────────────────────────────────────────────────────────────────────────────

    async def register(
        self, staff: Staff, kind: str, phone: str, proof: str, wish: str = "",
        once: Once | None = None,
    ) -> RequestRow:  # fmt: skip
        """Take a request at the counter: whose phone, how it was verified, what is wished."""
        number = persons.plain_phone(phone)
        faults = {}
        if kind not in KINDS:
            faults["kind"] = "请选择要办什么。"
        if not number:
            faults["phone"] = "请填完整的电话号码。"
        if proof not in ("id_seen", "called_back"):
            faults["proof"] = "要先核实是本人，请选择怎么核实的。"
        if kind == "correct" and not wish.strip():
            faults["wish"] = "请写明要改成什么。"
        if len(wish) > 500:
            faults["wish"] = "太长了，请写在500字以内。"
        if faults:
            raise LindaError("invalid_fields", "".join(faults.values()), 422, faults)
        async with self._db.write() as s:
            if (known := await made_before(once, s, self._clock.now())) is not None:
                return await self._request(s, known)
            found = await persons.find(s, self._people.vault, number)
            row = await self._file(s, staff, kind, proof, number, found, wish.strip())
            await keep(once, s, row.id)
            return row

    async def _file(
        self, s: Session, staff: Staff, kind: str, proof: str, phone: str, found: persons.Person,
        wish: str,
    ) -> RequestRow:  # fmt: skip
        now, vault = self._clock.now(), self._people.vault
        days = self._retention.rules.dsar_working_days
        row = RequestRow(
            id=f"d-{secrets.token_hex(6)}", kind=kind, channel="counter", proof=proof, state="open",
            phone_enc=vault.encrypt(phone), phone_hash=vault.fingerprint(phone),
            resident_id=found.resident_ids[0] if found.resident_ids else None,
            wish_enc=vault.encrypt(wish) if wish else None, filed_at=now, filed_by=staff.id,
            due_on=answer_by(now.date(), days, self._tickets.calendar), answer="", result={},
        )  # fmt: skip
        s.add(row)
        await self._note(s, staff, "dsar.register", row, found, KINDS[kind])
        return row

    async def record_chat(self, session: Session, resident_id: str | None, kind: str) -> int:
        """Keep that a resident had something done in the dialogue: asked, done, no deadline open.

        Args:
            resident_id: Whose profile it is about; None: there is none.

        Returns:
            The id of the audit entry.
        """
        now = self._clock.now()
        row = RequestRow(
            id=f"d-{secrets.token_hex(6)}", kind=kind, channel="chat", proof="chat", state="done",
            resident_id=resident_id, filed_at=now, filed_by="resident", due_on=now.date(),
            done_at=now, answer="已在对话里办好", result={},
        )  # fmt: skip
        session.add(row)
        who = ("resident", "本人", "resident")
        subject = f"resident:{resident_id}" if resident_id else f"request:{row.id}"
        return await journal.note(session, now, who, "dsar.done", subject, KINDS[kind])

    async def erase_at_once(
        self, session: Session, resident_ids: Sequence[str], talks: Sequence[str], entry: int
    ) -> None:
        """Erase what nothing is needed for: at the counter, and by a word in the dialogue.

        The profile, unfinished forms, places waited for (the next is asked), standing orders (the
        next meal is not filed any more), what was heard, copies in the outbox and of WeChat. Tickets and conversations are not touched.

        Args:
            session: The transaction.
            resident_ids: The profiles.
            talks: The conversations.
            entry: The audit entry that tells of it.
        """
        now = self._clock.now()
        for resident_id in resident_ids:
            await self._people.forget_resident(session, resident_id)
        await erasing.bury(session, "profile", resident_ids, now, entry)
        await self._channels.drafts.forget(session, talks, now)
        await self._tickets.leave_queues(session, talks)
        await self.withdraw_consents(session, journal.SYSTEM, f"entry:{entry}", talks)
        await copies.end_orders_of(session, talks)
        await self._channels.heard.erase(session, talks)
        await copies.erase_of_conversations(session, talks, ended=False)

    async def withdraw_consents(
        self, session: Session, who: tuple[str, str, str] | Staff, subject: str,
        talks: Sequence[str], ticket_nos: Sequence[str] = (),
    ) -> list[str]:  # fmt: skip
        """End every separate consent of a person and erase what was kept by it.

        Args:
            session: The transaction.
            who: Who has it done.
            subject: What the audit entry is about.
            talks: The person's conversations.
            ticket_nos: Tickets that are theirs beside those.

        Returns:
            Tickets of which it stays while they are kept as evidence.
        """
        rows = await consents.given(session, talks, ticket_nos)
        if not rows:
            return []
        now = self._clock.now()
        numbers = await erasing_consents.depending(session, rows, self._tickets.consents)
        entry = await journal.note(
            session, now, who, "consent.withdraw", subject, "收回单独同意", tickets=numbers
        )
        return await erasing_consents.withdrawn(session, rows, self._tickets.consents, now, entry)

    async def learn(self, session: Session, talks: Sequence[str], may: bool) -> None:
        """Let what is said in conversations teach the bot, or let it not, and erase what was kept.

        Args:
            session: The transaction.
            talks: All conversations of the person.
            may: Whether it may.
        """
        heard = self._channels.heard
        await (
            heard.allow(session, talks) if may else heard.refuse(session, talks, LEARNING_VERSION)
        )

    async def list(self) -> Sequence[RequestRow]:
        """Return requests, those that wait first, the next due first (at most 200)."""
        query = select(RequestRow).order_by(RequestRow.due_on, RequestRow.filed_at).limit(1000)
        async with self._db.read() as s:
            rows = [*await s.scalars(query)]
        waits = [r for r in rows if r.state in ("open", "approved")]
        over = sorted((r for r in rows if r not in waits), key=lambda r: r.filed_at, reverse=True)
        return [*waits, *over][:200]

    async def page(
        self, state: str | None = None, after: tuple[datetime, str] | None = None, limit: int = 50
    ) -> Sequence[RequestRow]:
        """Return requests, the newest first.

        Args:
            state: Only those in this state.
            after: Only those filed before this time; at this time, those with a smaller id.
        """
        query = select(RequestRow)
        if state:
            query = query.where(RequestRow.state == state)
        if after:
            at, id = after
            same = and_(RequestRow.filed_at == at, RequestRow.id < id)
            query = query.where(or_(RequestRow.filed_at < at, same))
        query = query.order_by(RequestRow.filed_at.desc(), RequestRow.id.desc()).limit(limit)
        async with self._db.read() as s:
            return [*await s.scalars(query)]

    async def get(self, id: str) -> RequestRow:
        """Return one request."""
        async with self._db.read() as s:
            return await self._request(s, id)

    def told(self, row: RequestRow) -> dict[str, str]:
        """Return phone (masked) and wish of a request, opened."""
        vault = self._people.vault
        return {
            "phone": mask_phone(vault.decrypt(row.phone_enc) if row.phone_enc else None) or "",
            "wish": vault.decrypt(row.wish_enc) if row.wish_enc else "",
        }

    async def decide(self, staff: Staff, id: str, approve: bool, answer: str) -> RequestRow:
        """Approve or refuse, by another person than who registered it; a refusal says why (第五十条)."""
        if not answer.strip():
            raise LindaError("reason_missing", "请写明理由。", 422, {"answer": "请填写。"})
        async with self._db.write() as s:
            row = await self._request(s, id, "open")
            if row.filed_by == staff.id:
                raise LindaError("own_request", "自己登记的，要请另一位审计人员来定。", 403)
            row.state = "approved" if approve else "refused"
            row.decided_by, row.decided_at = staff.id, self._clock.now()
            row.answer = answer.strip()
            action = "dsar.approve" if approve else "dsar.refuse"
            await self._note(s, staff, action, row, await self._person(s, row), row.answer)
            return row

    async def export(self, staff: Staff, id: str) -> dict[str, Any]:
        """Return everything stored of the person, once the auditor has approved it."""
        async with self._db.write() as s:
            row = await self._request(s, id, "approved", "done")
            if row.kind not in ("access", "copy"):
                raise LindaError("not_an_export", "这件申请不是查阅或复制。", 409)
            if row.decided_by == staff.id:
                raise LindaError("own_approval", "自己批准的，要由登记的人导出，交给本人。", 403)
            found = await self._person(s, row)
            await self._note(s, staff, "dsar.export", row, found, KINDS[row.kind])
            self._finish(row)
            return await persons.document(
                s, self._people.vault, self._personal, found, self._clock.now()
            )

    async def carry_out(self, staff: Staff, id: str, name: str = "", phone: str = "") -> RequestRow:
        """Do what was asked: correct, withdraw consents, learn or not, or (approved) erase.

        Args:
            staff: Who does it.
            id: The request.
            name: For a correction: the right name, empty when it is right.
            phone: For a correction: the right phone, empty when it is right.
        """
        row = await self.get(id)
        if row.kind == "delete":
            return await self._erase(staff, id)
        async with self._db.write() as s:
            row = await self._request(s, id, "open")
            found = await self._person(s, row)
            if row.kind == "withdraw":
                for resident_id in found.resident_ids:
                    await self._people.forget_resident(s, resident_id)
                await self.withdraw_consents(
                    s, staff, f"request:{row.id}", found.conversation_ids, found.ticket_nos
                )
                await self._note(s, staff, "dsar.withdraw", row, found)
            elif row.kind in ("unlearn", "relearn"):
                await self.learn(s, found.conversation_ids, row.kind == "relearn")
                await self._note(s, staff, f"dsar.{row.kind}", row, found)
            elif row.kind == "correct":
                await self._correct(s, row, found, name.strip(), phone)
                await self._note(s, staff, "dsar.correct", row, found)
            else:
                raise LindaError("not_its_turn", "查阅、复制的申请，批准后导出。", 409)
            self._finish(row)
            return row

    async def _correct(
        self, s: Session, row: RequestRow, found: persons.Person, name: str, phone: str
    ) -> None:
        number = persons.plain_phone(phone) if phone.strip() else ""
        if phone.strip() and not number:
            raise LindaError("invalid_fields", "新电话不完整。", 422, {"phone": "请填完整。"})
        if not name and not number:
            raise LindaError(
                "invalid_fields", "请填要改成的姓名或电话。", 422, {"name": "请填写。"}
            )
        for id in found.resident_ids:
            await self._people.save_resident(s, id, name=name or None, phone=number or None)
        sealed = {
            f"{n}_enc": self._people.vault.encrypt(v)
            for n, v in (("name", name), ("phone", number)) if v
        }  # fmt: skip
        changed = [t.ticket_no for t in await persons.tickets_of(s, found) if t.is_open]
        for ticket_no in changed:
            await store.save_contact(s, ticket_no, **sealed)
        row.result = {"tickets": changed, "profiles": len(found.resident_ids)}

    async def _erase(self, staff: Staff, id: str) -> RequestRow:
        """Erase what the rules allow at once; what must stay goes by itself when its ground ends.

        The profile, copies that are no record of anything, and tickets that are over go in this
        transaction. Conversations, files and what is still needed are the worker's, which does not
        give up (:mod:`services.retention.pending`).
        """
        now = self._clock.now()
        async with self._db.write() as s:
            row = await self._request(s, id, "approved")
            if row.decided_by == staff.id:
                raise LindaError("own_approval", "自己批准的，要由另一个人来删。", 403)
            found = await self._person(s, row)
            gone: list[str] = []
            stay: list[str] = []
            for ticket in await persons.tickets_of(s, found):
                (stay if await erasing.ground(s, ticket) else gone).append(ticket.ticket_no)
            named = await erasing.touched(s, gone)
            entry = await self._note(s, staff, "dsar.erase", row, found, tickets=named)
            await erasing.erase_all(s, gone, now, entry)
            talks = found.conversation_ids
            await self.erase_at_once(s, found.resident_ids, talks, entry)
            for kind, refs in (("ticket", stay), ("talk", talks), ("elder", found.elder_ids)):
                await put(s, kind, refs, now, row.id)
            waiting = await unfiled.erase(s, self._people.vault, found.phone)
            row.result = {
                "erased": gone, "stays": {}, "profiles": len(found.resident_ids), "waiting": waiting,
            }  # fmt: skip
            self._finish(row)
        await self._retention.pending.work()
        return await self._say_what_stays(id)

    async def _say_what_stays(self, id: str) -> RequestRow:
        """Tell the person, in the conversations that stay, what does and until when."""
        async with self._db.write() as s:
            row = await self._request(s, id, "done")
            row.result = {**row.result, "stays": await pending.stays(s, id)}
            if row.result["stays"]:
                for talk in await pending.talks(s, id):
                    await self._channels.say(s, talk, stays_text(row), key=f"erase:{id}")
        return row

    def _finish(self, row: RequestRow) -> None:
        row.state, row.done_at = "done", row.done_at or self._clock.now()

    async def _request(self, s: Session, id: str, *states: str) -> RequestRow:
        row = await s.get(RequestRow, id, with_for_update=bool(states))
        if row is None:
            raise LindaError("request_not_found", "没有这件申请。", 404)
        if states and row.state not in states:
            raise LindaError(
                "not_its_turn", f"这件申请现在是“{STATES[row.state]}”，不能这样办。", 409
            )
        return row

    async def _person(self, s: Session, row: RequestRow) -> persons.Person:
        vault = self._people.vault
        phone = vault.decrypt(row.phone_enc) if row.phone_enc else ""
        return await persons.find(s, vault, phone, [row.resident_id] if row.resident_id else [])

    async def _note(
        self, s: Session, staff: Staff, action: str, row: RequestRow, found: persons.Person,
        reason: str = "", **data: Any,
    ) -> int:  # fmt: skip
        """Write the step on the request, and on each profile, so that the person sees it."""
        now = self._clock.now()
        for resident_id in found.resident_ids:
            await journal.note(
                s, now, staff, action, f"resident:{resident_id}", reason, request=row.id
            )
        return await journal.note(s, now, staff, action, f"request:{row.id}", reason, **data)

    # ── emergency looks ─────────────────────────────────────────────────────────────────────

    async def glass_ask(
        self, staff: Staff, ticket_no: str, reason: str, once: Once | None = None
    ) -> GlassRow:
        """Ask to look into one ticket, with a reason."""
        if not reason.strip():
            raise LindaError(
                "reason_missing", "请写明为什么非看不可。", 422, {"reason": "请填写。"}
            )
        number = (await self._tickets.origin(ticket_no))[0]
        now = self._clock.now()
        async with self._db.write() as s:
            if (known := await made_before(once, s, now)) is not None:
                return await self._glass(s, known)
            row = GlassRow(
                id=f"g-{secrets.token_hex(6)}", ticket_no=number, asked_by=staff.id, asked_at=now,
                reason=reason.strip(),
            )  # fmt: skip
            s.add(row)
            await journal.note(s, now, staff, "glass.ask", f"ticket:{number}", row.reason)
            await keep(once, s, row.id)
            return row

    async def glass_approve(self, staff: Staff, id: str) -> GlassRow:
        """Allow it for half an hour, as a second person."""
        now = self._clock.now()
        async with self._db.write() as s:
            row = await self._glass(s, id)
            if row.asked_by == staff.id:
                raise LindaError("own_request", "要由另一个人批准。", 403)
            if row.approved_at is not None:
                raise LindaError("not_its_turn", "已经批准过了。", 409)
            row.approved_by, row.approved_at, row.until = staff.id, now, now + GLASS_OPEN
            subject = f"ticket:{row.ticket_no}"
            await journal.note(
                s, now, staff, "glass.approve", subject, row.reason, asked_by=row.asked_by
            )
            return row

    async def glass_open(self, staff: Staff, id: str) -> dict[str, Any]:
        """Return the ticket as an auditor sees it, to who asked, while the approval lasts."""
        now = self._clock.now()
        async with self._db.write() as s:
            row = await self._glass(s, id)
            if row.asked_by != staff.id:
                raise LindaError("not_yours", "只有申请的人能看。", 403)
            if row.until is None or now >= row.until:
                raise LindaError("glass_closed", "还没有批准，或者半小时已经过了。", 403)
            subject = f"ticket:{row.ticket_no}"
            await journal.note(
                s, now, staff, "glass.open", subject, row.reason, approved_by=row.approved_by
            )
        return await self._tickets.get(row.ticket_no, Actor("staff", staff.id, "auditor"))

    async def glasses(self, since: datetime) -> Sequence[GlassRow]:
        """Return emergency looks asked for since a time, newest first."""
        query = (
            select(GlassRow).where(GlassRow.asked_at >= since).order_by(GlassRow.asked_at.desc())
        )
        async with self._db.read() as s:
            return list(await s.scalars(query.limit(100)))

    async def glasses_for(self, staff: Staff) -> Sequence[GlassRow]:
        """Return the emergency looks of the last 30 days: who approves sees all, who asks the own."""
        may = permissions_of(staff.role)
        found = await self.glasses(self._clock.now() - GLASS_SHOWN)
        if "glass_approve" in may:
            return found
        return [g for g in found if "glass_ask" in may and g.asked_by == staff.id]

    async def _glass(self, s: Session, id: str) -> GlassRow:
        row = await s.get(GlassRow, id, with_for_update=True)
        if row is None:
            raise LindaError("glass_not_found", "没有这个申请。", 404)
        return row
