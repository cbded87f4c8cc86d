"""Open311Service: GeoReport v2 over the catalogue, the places and the tickets.

What the public sees: matters of public places only (``data/open311.yml``), where they are down to
the building, how they stand. Never: who reported and in which words, a door, confidential or
restricted matters, complaints about persons. Who filed a request with a key reads its own words
back, numbers and names masked.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select

from services.audit import journal
from services.catalogue.service import CatalogueService
from services.clock import Clock
from services.config import Settings
from services.db import Database, Session
from services.errors import LindaError
from services.limits import Limit
from services.once import Once, keep, made_before
from services.open311.asked import Filing, Filter, Params, filing_of, filter_of, one, wrong
from services.open311.offer import Attribute, load_offer, load_points
from services.open311.tables import KeyRow, RequestRow
from services.outbound import Outbound
from services.outbox.queue import enqueue
from services.people.masking import mask_text
from services.people.model import Staff
from services.people.service import PeopleService
from services.places.gazetteer import Gazetteer
from services.places.numbers import building_name
from services.places.service import PlaceService
from services.tickets.core.actor import SYSTEM, resident
from services.tickets.core.commands import Contact, CreateTicket
from services.tickets.core.numbers import BadTicketNumber, parse_ticket_number
from services.tickets.core.states import OPEN
from services.tickets.core.ticket import Ticket
from services.tickets.service import TicketService
from services.tickets.tables import TicketRow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.channels.service import ChannelService
    from services.context import Services

FILE = "open311.file"
MEDIA = "open311.media"
MEDIA_BYTES = 10 * 1024 * 1024
MEDIA_S = 10.0
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
PATH = "/open311/v2"
CHANGED = "2026-11-26T00:00:00+08:00"
"""When the interface last changed, for service discovery."""
_DOC = TicketRow.doc

Doc = dict[str, Any]


class Open311Service:
    """All methods raise ``LindaError`` with the status that GeoReport v2 gives: 400 what is missing
    or wrong, 403 the key, 404 what is not there; and 429 when a key files too much.
    """

    def __init__(
        self, settings: Settings, db: Database, clock: Clock, people: PeopleService,
        places: PlaceService, catalogue: CatalogueService, tickets: TicketService,
        channels: ChannelService, outbound: Outbound,
    ) -> None:  # fmt: skip
        self.offer = load_offer(settings.data_dir / "open311.yml", tickets.leaves)
        self.points = load_points(settings.locality_dir / "points.yml")
        self._limit = Limit(
            "open311", self.offer.requests_per_hour, timedelta(hours=1), "too_many_requests",
            "这个密钥一小时里报得太多了，请过一会儿再报。",
        )  # fmt: skip
        self._settings = settings
        self._db = db
        self._clock = clock
        self._people = people
        self._places = places
        self._catalogue = catalogue
        self._tickets = tickets
        self._channels = channels
        self._outbound = outbound

    # ── services ────────────────────────────────────────────────────────────────────────────

    def check_jurisdiction(self, params: Params) -> None:
        """Refuse another jurisdiction than ours; there is one, so it need not be named."""
        given = one(params, "jurisdiction_id")
        if given is not None and given != self._catalogue.locality.id:
            raise wrong(
                f"没有 {given[:60]} 这个 jurisdiction_id，这里是 {self._catalogue.locality.id}。",
                404,
            )

    def discovery(self, base_url: str) -> Doc:
        """Return the service discovery document."""
        endpoint = {
            "specification": SPECIFICATION,
            "url": f"{base_url}{PATH}",
            "changeset": CHANGED,
            "type": "test" if self._settings.env == "demo" else "production",
            "formats": ["text/xml", "application/json"],
        }
        return {
            "changeset": CHANGED,
            "contact": self._catalogue.locality.contact,
            "key_service": f"密钥由{self._catalogue.locality.legal_entity}发给",
            "endpoints": [endpoint],
        }

    def services(self) -> list[Doc]:
        """Return what is offered, in the order of the file."""
        return [self._service(code) for code in self.offer.services]

    def _service(self, code: str) -> Doc:
        card = self._catalogue.card(code) or {}
        offered = self.offer.services[code]
        return {
            "service_code": code,
            "service_name": self._tickets.leaves[code].title,
            "description": card.get("summary"),
            "metadata": bool(offered.attributes),
            "type": offered.type,
            "keywords": ", ".join((*(card.get("aliases") or ()), *self._tickets.codes.of(code))),
            "group": self.offer.groups[code[0]],
        }

    def definition(self, code: str) -> Doc:
        """Return what is asked about a service."""
        offered = self.offer.services.get(code)
        if offered is None:
            raise wrong(f"没有 {code[:20]} 这项服务（service_code）。", 404)
        asked = enumerate(offered.attributes, 1)
        return {"service_code": code, "attributes": [_attribute(a, n) for n, a in asked]}

    # ── reading requests ────────────────────────────────────────────────────────────────────

    async def requests(self, params: Params) -> list[Doc]:
        """Return requests that the public may see, the newest first."""
        found = filter_of(params, self.offer, self._clock.now())
        key = await self._key(one(params, "api_key"))
        return await self._found(_where(found), key)

    async def request(self, number: str, params: Params) -> list[Doc]:
        """Return one request."""
        key = await self._key(one(params, "api_key"))
        found = await self._found(_where(Filter(ids=(number,))), key)
        if not found:
            raise wrong("没有这个编号（service_request_id），或者它不对外公开。", 404)
        return found

    async def token(self, token: str) -> list[Doc]:
        """Return the number that belongs to a token."""
        async with self._db.read() as s:
            row = await s.get(RequestRow, token)
        if row is None:
            raise wrong("没有这个取号码（token）。", 404)
        if row.ticket_no is None:
            raise wrong("这个取号码（token）还没有编号，请过几秒再来取。", 404)
        return [{"service_request_id": row.ticket_no, "token": token}]

    async def _found(self, where: Sequence[ColumnElement[bool]], key: KeyRow | None) -> list[Doc]:
        open_to_all = and_(
            TicketRow.leaf.in_(list(self.offer.services)),
            func.coalesce(_DOC["restricted"].as_boolean(), false()) == false(),
            func.coalesce(_DOC["confidential"].as_boolean(), false()) == false(),
            func.coalesce(_DOC["case_of"].as_string(), "") == "",
            func.coalesce(_DOC["about"].as_string(), "") == "",
        )
        query = (
            select(TicketRow.doc, RequestRow.key_id)
            .outerjoin(RequestRow, RequestRow.ticket_no == TicketRow.ticket_no)
            .where(open_to_all, *where)
            .order_by(TicketRow.created_at.desc(), TicketRow.ticket_no.desc())
            .limit(self.offer.most)
        )
        async with self._db.read() as s:
            rows = (await s.execute(query)).all()
        places = await self._places.gazetteer()
        mine = key.id if key else None
        return [
            self._request(Ticket.from_doc(doc), places, mine is not None and mine == filed_by)
            for doc, filed_by in rows
        ]

    def _request(self, ticket: Ticket, places: Gazetteer, own: bool) -> Doc:
        place, leaf = ticket.place, str(ticket.leaf)
        point = self.points.compounds.get(place.compound_id or "")
        changed = ticket.updated_at if ticket.is_open else ticket.closed_at or ticket.updated_at
        return {
            "service_request_id": ticket.ticket_no,
            "status": "open" if ticket.is_open else "closed",
            "status_notes": self.offer.notes[ticket.state],
            "service_name": self._tickets.leaves[leaf].title,
            "service_code": leaf,
            "description": mask_text(ticket.narrative_original)[:4000] if own else None,
            "agency_responsible": ticket.owner_org_name,
            "service_notice": None,
            "requested_datetime": _iso(ticket.created_at),
            "updated_datetime": _iso(changed),
            "expected_datetime": _iso(ticket.due_at),
            "address": self._address(ticket, places),
            "address_id": place.building_id or place.compound_id,
            "zipcode": None,
            "lat": point[0] if point else None,
            "long": point[1] if point else None,
            "media_url": None,
        }

    def _address(self, ticket: Ticket, places: Gazetteer) -> str | None:
        """Return where it is, from the building to the county; never a unit or a door."""
        place, here = ticket.place, self._catalogue.locality
        compound = places.compound.get(place.compound_id or "")
        if compound is None:
            return None
        spot = compound.name + (building_name(place.building) if place.building else "")
        community = places.community[compound.community_id].name
        return "，".join((spot, community, here.street, here.name))

    # ── filing ──────────────────────────────────────────────────────────────────────────────

    async def file(self, params: Params, once: str | None = None) -> list[Doc]:
        """File a request.

        Args:
            params: The form.
            once: Idempotency key of the client: sent again, it is the same request.
        """
        key = await self._key(one(params, "api_key"))
        if key is None:
            raise wrong("没有写 api_key。", 403)
        self.check_jurisdiction(params)
        filing = filing_of(params, self.offer)
        wanted = await self._wanted(filing, key, once)
        token, now = secrets.token_hex(12), self._clock.now()
        if once:
            token = hashlib.sha256(f"{key.id}:{once}".encode()).hexdigest()[:24]
        batch = self.offer.services[filing.code].type == "batch"
        async with self._db.write() as s:
            known = await s.get(RequestRow, token)
            if known is None:
                await self._limit.check(s, key.id, now)
                await self._limit.hit(s, key.id, now)
            row = known or RequestRow(token=token, key_id=key.id, created_at=now)
            if batch:
                if known is None:
                    row.waiting_enc = self._people.vault.encrypt(wanted.model_dump_json())
                    s.add(row)
                    await enqueue(s, FILE, {"token": token}, f"{FILE}:{token}", now)
                return [_answer({"token": token}, self._notice(None), filing)]
            view = await self._create(s, wanted, token)
            if known is None:
                row.ticket_no = str(view["ticket_no"])
                s.add(row)
                await self._want_photo(s, row.ticket_no, filing.media_url)
        return [
            _answer(
                {"service_request_id": view["ticket_no"]}, self._notice(view["due_text"]), filing
            )
        ]

    async def file_waiting(self, token: str) -> None:
        """File what came in for a token; again, it changes nothing."""
        async with self._db.write() as s:
            row = await s.get(RequestRow, token, with_for_update=True)
            if row is None or row.waiting_enc is None:
                return
            wanted = CreateTicket.model_validate_json(self._people.vault.decrypt(row.waiting_enc))
            view = await self._create(s, wanted, token)
            row.ticket_no, row.waiting_enc = str(view["ticket_no"]), None
            media = re.search(r"^照片：(\S+)$", wanted.narrative, re.M)
            await self._want_photo(s, row.ticket_no, media[1] if media else None)

    async def _create(self, s: Session, wanted: CreateTicket, token: str) -> Doc:
        who = resident(str(wanted.resident_id))
        return await self._tickets.create_in(s, wanted, who, f"open311:{token}")

    def _notice(self, due: str | None) -> str:
        return self.offer.notice.format(due=f"预计{due}前办完。" if due else "")

    async def _wanted(self, filing: Filing, key: KeyRow, once: str | None) -> CreateTicket:
        place, address = await self._place(filing)
        who = filing.phone or filing.account_id or once or secrets.token_hex(8)
        mark = self._people.vault.fingerprint(f"open311:{key.id}:{who}")[:24]
        title = self._tickets.leaves[filing.code].title
        said = [filing.description or f"{title}（没有写经过）"]
        said += [f"{question}：{answer}" for question, answer in filing.answers]
        said += [f"照片：{filing.media_url}"] if filing.media_url else []
        return CreateTicket(
            resident_id=f"open311:{mark}", channel="open311", leaf=filing.code,
            narrative="\n".join(said)[:5000], address_text=address, place=place,
            contact=Contact(name=filing.name, phone=filing.phone),
        )  # fmt: skip

    async def _place(self, filing: Filing) -> tuple[Doc | None, str | None]:
        """Return the place, when it is one of ours, and the words; what is unknown waits for a clerk."""
        found = None
        if filing.address_id:
            id = filing.address_id
            found = await self._places.locate(building_id=id) or await self._places.locate(
                compound_id=id
            )
            if found is None:
                raise wrong(f"没有 {id} 这个地点（address_id）。")
        elif filing.address:
            resolved = await self._places.resolve({}, filing.address)
            found = resolved.candidates[0] if resolved.status == "resolved" else None
        words = [filing.address] if filing.address else []
        if filing.lat is not None and filing.long is not None:
            words.append(f"经纬度 {filing.lat:.6f},{filing.long:.6f}")
            near = self.points.nearest(filing.lat, filing.long, self.offer.near_m)
            if found is None and near:
                found = await self._places.locate(compound_id=near)
        return asdict(found) if found else None, "；".join(words) or None

    # ── photos ──────────────────────────────────────────────────────────────────────────────

    async def _want_photo(self, s: Session, number: str, url: str | None) -> None:
        if url and self._settings.open311_media:
            wanted = {"ticket_no": number, "url": url}
            await enqueue(s, MEDIA, wanted, f"{MEDIA}:{number}", self._clock.now())

    async def fetch_photo(self, number: str, url: str) -> None:
        """Fetch a photo and add it to its ticket; once there is one, nothing."""
        ticket = await self._tickets.get(number, SYSTEM)
        if ticket["attachments"]:
            return
        content = await self._outbound.fetch(url, MEDIA_BYTES, MEDIA_S)

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        photo = await self._channels.add_attachment(f"ticket:{number}", chunks())
        who = resident((await self._tickets.origin(number))[2] or "")
        await self._tickets.act(number, "supplement", {"attachments": [photo.id]}, who)

    # ── keys ────────────────────────────────────────────────────────────────────────────────

    async def add_key(
        self, name: str, who: Staff | tuple[str, str, str], once: Once | None = None
    ) -> str:
        """Return a new key, which is shown this one time: empty when it was made before.

        Raises:
            LindaError: 422 ``name_missing``.
        """
        if not 1 <= len(name.strip()) <= 60:
            raise LindaError(
                "name_missing", "写明密钥给谁用，最多60个字。", 422, {"name": "请填写。"}
            )
        secret, id, now = secrets.token_urlsafe(32), f"k_{secrets.token_hex(6)}", self._clock.now()
        by = who.id if isinstance(who, Staff) else who[0]
        async with self._db.write() as s:
            if await made_before(once, s, now) is not None:
                return ""
            s.add(
                KeyRow(
                    id=id, name=name.strip(), digest=_digest(secret), created_by=by, created_at=now
                )
            )
            await journal.note(s, now, who, "open311.key", f"open311:{id}", name.strip())
            await keep(once, s, id)
        return secret

    async def keys(self) -> Sequence[KeyRow]:
        """Return all keys, the oldest first."""
        async with self._db.read() as s:
            return (await s.scalars(select(KeyRow).order_by(KeyRow.created_at, KeyRow.id))).all()

    async def revoke_key(self, id: str, who: Staff | tuple[str, str, str]) -> None:
        """Let a key open nothing any more.

        Raises:
            LindaError: 404 ``key_not_found``.
        """
        now = self._clock.now()
        async with self._db.write() as s:
            row = await s.get(KeyRow, id, with_for_update=True)
            if row is None or row.revoked_at is not None:
                raise LindaError("key_not_found", "没有这个密钥，或者已经收回了。", 404)
            row.revoked_at = now
            await journal.note(s, now, who, "open311.revoke", f"open311:{id}", row.name)

    async def _key(self, given: str | None) -> KeyRow | None:
        """Return the key that was given, ``None`` when none was; a wrong one is refused."""
        if given is None:
            return None
        async with self._db.read() as s:
            query = select(KeyRow).where(
                KeyRow.digest == _digest(given), KeyRow.revoked_at.is_(None)
            )
            row = await s.scalar(query)
        if row is None:
            raise wrong("api_key 不对，或者已经收回。", 403)
        return row


async def on_file(services: Services, payload: Mapping[str, Any]) -> None:
    """File a request that has a token (topic ``open311.file``)."""
    await services.open311.file_waiting(str(payload["token"]))


async def on_media(services: Services, payload: Mapping[str, Any]) -> None:
    """Fetch the photo of a request (topic ``open311.media``)."""
    await services.open311.fetch_photo(str(payload["ticket_no"]), str(payload["url"]))


def _where(found: Filter) -> list[ColumnElement[bool]]:
    if found.ids:
        return [TicketRow.ticket_no.in_([_number(id) for id in found.ids])]
    assert found.since is not None and found.until is not None  # set when there are no ids
    where: list[ColumnElement[bool]] = [
        TicketRow.created_at >= found.since, TicketRow.created_at <= found.until,
    ]  # fmt: skip
    if found.codes:
        where.append(TicketRow.leaf.in_(found.codes))
    still = TicketRow.state.in_([st.value for st in OPEN])
    chosen = {"open": still, "closed": ~still}
    where.append(or_(*(chosen[status] for status in found.statuses)))
    return where


def _number(id: str) -> str:
    try:
        return parse_ticket_number(id)
    except BadTicketNumber:
        return id[:24]


def _attribute(attribute: Attribute, order: int) -> Doc:
    doc: Doc = {
        "variable": True,
        "code": attribute.code,
        "datatype": attribute.datatype,
        "required": attribute.required,
        "datatype_description": None,
        "order": order,
        "description": attribute.description,
    }
    if attribute.values:
        doc["values"] = [{"key": k, "name": n} for k, n in attribute.values.items()]
    return doc


def _answer(filed: Doc, notice: str, filing: Filing) -> Doc:
    return {**filed, "service_notice": notice, "account_id": filing.account_id}


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _iso(value: Any) -> str | None:
    return value.isoformat(timespec="seconds") if value else None
