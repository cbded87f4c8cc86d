"""Sheets of tickets: which there are, a preview, issuing one with a number, reading it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from services.catalogue.service import CatalogueService
from services.clock import ZONE, Clock
from services.config import Settings
from services.db import Database, Session
from services.errors import LindaError
from services.exchange.service import order_of
from services.once import Once, keep, made_before
from services.paper.facts import READY, certificate_facts, facts_of
from services.paper.kinds import LONGEST, PaperKind, SheetField, filled, load_papers
from services.paper.tables import SheetRow
from services.people.masking import mask_all
from services.people.model import Staff
from services.people.service import PeopleService
from services.tickets import store
from services.tickets.core.actor import Actor
from services.tickets.core.context import reads
from services.tickets.core.fold import fold
from services.tickets.core.ticket import Ticket
from services.tickets.service import TicketService
from services.tickets.views import NO_CONTENT

CERTIFICATE, DEPENDS = "certificate", "depends"
"""The conditions (``facts.READY``) of the application for a certificate that is issued here, and for one of
which the street decides."""
NAMED = "certificate"
"""The field in which the desk names the certificate, when nobody has yet."""
MISSING = LindaError("paper_not_found", "没有这张纸。", 404)


@dataclass(frozen=True)
class Offered:
    """A kind of sheet: whether it can be printed now, and those that were issued before."""

    id: str
    kind: PaperKind
    ready: bool
    issued: tuple[SheetRow, ...]


@dataclass(frozen=True)
class Sheet:
    """A sheet, ready to be laid out; all texts are final.

    Attributes:
        number: ``None`` for a preview.
        version: Version of the ticket that it is made from.
        lines: Rows that are there with an empty text, too, to be written by hand.
        materials: What is to be brought for the certificate, to be ticked off.
        earlier: One line for each earlier attempt.
        fields: What is filled in, by name, for the form of a preview.
    """

    id: str
    kind: PaperKind
    ticket_no: str
    display_no: str
    source_ref: str
    version: int
    number: str | None
    to: str
    paragraphs: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, str], ...]
    materials: tuple[str, ...]
    earlier: tuple[str, ...]
    issuer: str
    contact: str
    day: date
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Application:
    """The application for a certificate that nobody has numbered: see ``Sheet`` for its parts."""

    kind: PaperKind
    name: str
    paragraphs: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]
    materials: tuple[str, ...]


def lines_of(kind: PaperKind, facts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the rows for a pen; what is known already stands there."""
    return tuple((head, filled(said, facts)) for head, said in kind.lines)


class PaperService:
    """Sheets from a ticket's events.

    All methods raise ``LindaError``: 404 ``paper_not_found`` or ``ticket_not_found``, 403
    ``out_of_scope`` or ``role_not_allowed``, 422 ``paper_not_ready`` or ``invalid_fields``.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        clock: Clock,
        people: PeopleService,
        tickets: TicketService,
        catalogue: CatalogueService,
    ) -> None:
        self.papers = load_papers(settings.data_dir / "paper" / "papers.yml")
        self._db = db
        self._clock = clock
        self._people = people
        self._tickets = tickets
        self._catalogue = catalogue
        self._locality = catalogue.locality

    async def offered(self, ticket_no: str, actor: Actor) -> list[Offered]:
        """Return the sheets that this person may print of a ticket as it is now."""
        number = await self._seen(ticket_no, actor)
        async with self._db.read() as s:
            ticket = await self._ticket(s, number, actor)
            rows = await self._issued(s, number)
        found = []
        for id, kind in self.papers.kinds.items():
            issued = tuple(r for r in rows if r.kind == id)
            ready = self._ready(kind, ticket)
            if actor.role in kind.roles and (issued or ready):
                found.append(Offered(id, self._asking(kind, ticket), ready, issued))
        return found

    async def preview(
        self, ticket_no: str, id: str, actor: Actor, typed: Mapping[str, str] | None = None
    ) -> Sheet:
        """Return a sheet as it would be issued now.

        Args:
            typed: What was filled in; ``None`` for the beginning: then defaults stand there.
        """
        number = await self._seen(ticket_no, actor)
        async with self._db.read() as s:
            ticket = await self._ticket(s, number, actor)
            kind = self._kind(id, actor, ticket)
            earlier = [r for r in await self._issued(s, number) if r.kind == id]
            return await self._sheet(s, ticket, id, kind, None, typed, earlier, actor)

    async def issue(
        self, ticket_no: str, id: str, staff: Staff, actor: Actor, typed: Mapping[str, str],
        version: int, form: str, once: Once | None = None,
    ) -> int:  # fmt: skip
        """Give a sheet its number, and put on the ticket's record that it was printed.

        Args:
            version: The version that the preview was of; another one is 409 ``version_conflict``.
            form: Key of the page: sent twice it is one sheet.

        Returns:
            Its number within the ticket and kind.
        """
        number = await self._seen(ticket_no, actor)
        async with self._db.write() as s:
            ticket = await self._ticket(s, number, actor, lock=True)
            rows = [r for r in await self._issued(s, number) if r.kind == id]
            row = next((r for r in rows if r.form == form), None)
            kind = self._kind(id, actor, ticket)
            if (known := await made_before(once, s, self._clock.now())) is not None:
                row = next((r for r in rows if str(r.no) == known), row)
            if row is None:
                fields = _checked(kind, typed)
                if version != ticket.version:
                    raise LindaError(
                        "version_conflict", "工单刚刚有了新变化，请看过下面新的内容再打。", 409,
                        {"version": ticket.version},
                    )  # fmt: skip
                row = SheetRow(
                    ticket_no=number, kind=id, no=len(rows) + 1, version=version,
                    fields_enc=self._people.vault.encrypt(json.dumps(fields, ensure_ascii=False)),
                    form=form, issued_by=staff.id, issued_name=staff.name,
                    issued_at=self._clock.now(),
                )  # fmt: skip
                s.add(row)
                await s.flush()
                await keep(once, s, str(row.no))
            no, version = row.no, row.version
        note = f"打印《{kind.title}》第{no}号（按工单第{version}版）"
        await self._tickets.act(
            number, "note", {"text": note}, actor, once=f"paper:{number}:{id}:{no}", follow_up=False
        )
        return no

    async def issued(self, ticket_no: str, id: str, no: int, actor: Actor) -> Sheet:
        """Return a sheet that was issued, as it was."""
        number = await self._seen(ticket_no, actor)
        async with self._db.read() as s:
            now = await self._ticket(s, number, actor)
            kind = self.papers.kinds.get(id)
            rows = [r for r in await self._issued(s, now.ticket_no) if r.kind == id]
            row = next((r for r in rows if r.no == no), None)
            if kind is None or row is None:
                raise MISSING
            _allowed(kind, actor)
            earlier = [r for r in rows if r.no < no]
            return await self._sheet(s, now, id, kind, row, None, earlier, actor)

    # ── certificates ────────────────────────────────────────────────────────────────────────

    def policy(self, certificate: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the locality's policy for the certificate of a ticket."""
        asked = certificate or {}
        return self._catalogue.certificate(asked.get("no"), asked.get("name"))

    def application(self, certificate: Mapping[str, Any]) -> Application:
        """Return the application for a certificate without a number, for who writes it at home.

        Raises:
            LindaError: 404 ``no_application``: the community does not issue this kind.
        """
        policy = self.policy(certificate)
        when = _application_of(policy)
        if when is None:
            raise LindaError("no_application", self.papers.words["no_application"], 404)
        kind = next(k for k in self.papers.kinds.values() if k.when == when)
        facts = certificate_facts({**certificate, "name": policy["name"]}) | _policy_facts(policy)
        return Application(
            kind, policy["name"], tuple(t for p in kind.paragraphs if (t := filled(p, facts))),
            lines_of(kind, facts), tuple(policy["bring"]),
        )  # fmt: skip

    # ── inside ──────────────────────────────────────────────────────────────────────────────

    async def _seen(self, ticket_no: str, actor: Actor) -> str:
        """Return the number of a ticket that this person may see at all."""
        return str((await self._tickets.get(ticket_no, actor))["ticket_no"])

    async def _ticket(self, s: Session, number: str, actor: Actor, lock: bool = False) -> Ticket:
        """Return a ticket whose content this person may read."""
        ticket = await store.load(s, number, lock)
        if ticket is None:
            raise MISSING
        if not reads(ticket, actor) or actor.role in NO_CONTENT:
            raise LindaError("out_of_scope", "这件工单的内容不在您的工作范围内。", 403)
        return ticket

    def _ready(self, kind: PaperKind, ticket: Ticket) -> bool:
        """Whether a ticket has something to put on it; an application, by what the locality says of it."""
        if kind.when in (CERTIFICATE, DEPENDS) and not self._applies(kind, ticket):
            return False
        return READY[kind.when](ticket) and (not kind.leaves or ticket.leaf in kind.leaves)

    def _applies(self, kind: PaperKind, ticket: Ticket) -> bool:
        if (ticket.certificate or {}).get("name"):
            return _application_of(self.policy(ticket.certificate)) == kind.when
        return bool(self._certificates(kind, ticket))

    def _certificates(self, kind: PaperKind, ticket: Ticket) -> tuple[str, ...]:
        """Return the certificates of a ticket's leaf that this sheet is the application for."""
        wanted = True if kind.when == CERTIFICATE else None
        items = self._catalogue.certificates(ticket.leaf) if ticket.leaf else []
        return tuple(i.name for i in items if i.allowed is wanted)

    def _asking(self, kind: PaperKind, ticket: Ticket) -> PaperKind:
        """Return an application that asks which certificate, where the ticket does not name it."""
        if kind.when not in (CERTIFICATE, DEPENDS) or (ticket.certificate or {}).get("name"):
            return kind
        which = SheetField(
            name=NAMED, label=self.papers.words["which"], type="choice", required=True,
            options=self._certificates(kind, ticket),
        )  # fmt: skip
        return kind.model_copy(update={"fields": (which, *kind.fields)})

    def _kind(self, id: str, actor: Actor, ticket: Ticket) -> PaperKind:
        kind = self.papers.kinds.get(id)
        if kind is None:
            raise MISSING
        _allowed(kind, actor)
        if not self._ready(kind, ticket):
            raise LindaError("paper_not_ready", f"这件工单现在没有《{kind.title}》可打。", 422)
        return self._asking(kind, ticket)

    async def _issued(self, s: Session, ticket_no: str) -> list[SheetRow]:
        query = select(SheetRow).where(SheetRow.ticket_no == ticket_no).order_by(SheetRow.id)
        return list((await s.execute(query)).scalars())

    def _fields(self, row: SheetRow) -> dict[str, str]:
        if not row.fields_enc:
            return {}  # erased, as the words of the ticket
        opened: dict[str, str] = json.loads(self._people.vault.decrypt(row.fields_enc))
        return opened

    async def _sheet(
        self, s: Session, now: Ticket, id: str, kind: PaperKind, row: SheetRow | None,
        typed: Mapping[str, str] | None, earlier: list[SheetRow], actor: Actor,
    ) -> Sheet:  # fmt: skip
        history = await store.history(s, now.ticket_no)
        if row is not None:
            history = history[: row.version]
        ticket = fold(history)
        orgs = {o.id: o for o in self._people.orgs()}
        facts = facts_of(history, self._tickets.rules, {o.id: o.name for o in orgs.values()})
        if kind.to != "resident":
            names = await self._names(s, now.ticket_no)
            facts = {k: mask_all(v, names) for k, v in facts.items()}
        owner = orgs.get(ticket.owner_org or "")
        facts["owner_phone"] = (owner.phone if owner else None) or ""
        facts["duty_phone"] = f"{self._locality.duty.name} {self._locality.duty.phone}"
        facts["task_place"] = await self._task_place(now, ticket, actor)
        if ticket.restricted and kind.to != "unit":
            # Children, violence, mental crisis: nothing that somebody looking on could read.
            facts |= {"title": self.papers.words["hidden_matter"], "place": ""}
        if row is not None:
            fields = self._fields(row)
        elif typed is None:
            fields = {f.name: facts.get(f.default or "", "") for f in kind.fields}
        else:
            fields = {f.name: typed.get(f.name, "").strip() for f in kind.fields}
        policy = self.policy({"name": fields[NAMED]} if fields.get(NAMED) else ticket.certificate)
        facts |= {"certificate": policy["name"] or "", **_policy_facts(policy)}
        order = await order_of(s, now.ticket_no)
        no = row.no if row else len(earlier) + 1
        facts |= _shown(kind.fields, fields) | {"no": str(no)}
        rows = [(head, text) for head, said in kind.rows if (text := filled(said, facts))]
        before = [
            filled(kind.earlier, facts | _shown(kind.fields, self._fields(r)) | {"no": str(r.no)})
            for r in earlier
        ]
        return Sheet(
            id=id, kind=kind, ticket_no=now.ticket_no, display_no=ticket.display_no, source_ref=order.ref if order else "",
            version=ticket.version,
            number=f"{now.ticket_no}-{kind.mark}{no}" if row else None,
            to=filled(kind.to_unit, facts),
            paragraphs=tuple(t for p in kind.paragraphs if (t := filled(p, facts))),
            rows=tuple(rows), lines=lines_of(kind, facts),
            materials=tuple(policy["bring"]) if kind.when in (CERTIFICATE, DEPENDS) else (),
            earlier=tuple(t for t in before if t) if kind.repeats else (),
            issuer=self._locality.legal_entity, contact=self._locality.contact,
            day=(row.issued_at.astimezone(ZONE) if row else self._clock.now()).date(),
            fields=fields,
        )  # fmt: skip

    async def _names(self, s: Session, ticket_no: str) -> list[str]:
        """Return the names that must not stand on what goes to others."""
        row = await store.contact(s, ticket_no)
        sealed = (row.name_enc, row.subject_name_enc) if row else ()
        return [self._people.vault.decrypt(v) for v in sealed if v]

    async def _task_place(self, now: Ticket, then: Ticket, actor: Actor) -> str:
        """Where to go: with the room only for who may know it (as the ticket's own page says)."""
        if then.location == now.location:
            view = await self._tickets.get(now.ticket_no, actor)
            return str(view["location"]["text"] or "")
        return then.place.public_text or ""


def _application_of(policy: Mapping[str, Any]) -> str | None:
    """Return which application a kind has: of what is not issued, and of what no list has, there is none."""
    if policy["allowed"] is True:
        return CERTIFICATE
    return DEPENDS if policy["allowed"] is None and policy["why"] else None


def _policy_facts(policy: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"certificate_{w}": str(policy[k] or "") for w, k in (("where", "redirect"), ("why", "why"))
    }


def _allowed(kind: PaperKind, actor: Actor) -> None:
    if actor.role not in kind.roles:
        raise LindaError("role_not_allowed", f"您的岗位不打《{kind.title}》。", 403)


def _shown(fields: tuple[SheetField, ...], values: Mapping[str, str]) -> dict[str, str]:
    """Return the filled-in fields as facts: ``f_<name>``, times as people write them."""
    shown = {}
    for field in fields:
        value = values.get(field.name, "")
        if field.type == "time" and value:
            value = _time_text(value)
        shown[f"f_{field.name}"] = value
    return shown


def _time_text(value: str) -> str:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"


def _checked(kind: PaperKind, typed: Mapping[str, str]) -> dict[str, str]:
    """Return what was filled in.

    Raises:
        LindaError: 422 ``invalid_fields`` with a sentence for each field that is wrong.
    """
    fields, wrong = {}, {}
    for field in kind.fields:
        value = typed.get(field.name, "").strip()
        if not value:
            if field.required:
                wrong[field.name] = f"“{field.label}”还没有填。"
        elif len(value) > LONGEST[field.type]:
            wrong[field.name] = f"“{field.label}”太长了，最多{LONGEST[field.type]}个字。"
        elif field.type == "choice" and value not in field.options:
            wrong[field.name] = f"“{field.label}”请从给出的里面选。"
        elif field.type == "time" and _time_text(value) == value:
            wrong[field.name] = f"“{field.label}”不是时间。"
        fields[field.name] = value
    if wrong:
        raise LindaError("invalid_fields", "".join(wrong.values()), 422, wrong)
    return fields
