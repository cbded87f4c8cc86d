"""ReviewService: who signs the words that residents are told, and what is said to be wrong in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from services.audit.journal import note
from services.catalogue.model import Card
from services.catalogue.service import CatalogueService
from services.clock import Clock
from services.config import Settings
from services.db import Database, Session
from services.errors import LindaError
from services.once import Once, keep, made_before
from services.people.model import Staff, same_person
from services.people.roles import holders
from services.people.service import PeopleService
from services.reviews.items import Items
from services.reviews.model import (
    KIND_NAMES,
    Content,
    Item,
    Kind,
    Review,
    Standing,
    State,
    changes,
    load_rules,
    standing,
)
from services.reviews.readings import Reading, ReadingState, load_readings
from services.reviews.tables import ChangeRow, ReviewRow

LONGEST = 500
"""Characters of a remark or an answer."""
MISSING = LindaError("review_not_found", "没有这一条。", 404)


@dataclass(frozen=True)
class Listed:
    """An item, how it stands, whether the one who looks may review it, and the project's own reading."""

    item: Item
    standing: Standing
    signs: bool
    read: ReadingState
    reading: Reading | None


@dataclass(frozen=True)
class Detail(Listed):
    """An item with everything that was ever said of it, the newest first."""

    reviews: tuple[Review, ...]

    @property
    def changes(self) -> Mapping[str, tuple[str, ...]]:
        """The parts that changed since somebody last read it, with their lines of then."""
        if self.standing.state != "changed":
            return {}
        return changes(self.reviews[0].content, self.item.content)

    @property
    def shown(self) -> Content:
        """The words, and after them the parts that are gone since, without lines."""
        here = {path for path, _ in self.item.content}
        return (*self.item.content, *((path, ()) for path in self.changes if path not in here))


class ReviewService:
    """Reviews of cards, safety cards, certificates and the further words of ``reviews.yml``.

    Who may look is asked by the routes; who may review which of them, here (``data/roles.yml``):
    ``reviews_all`` every one, ``reviews_sign`` those of the own unit. ``reviews_remark`` may say of
    every one that something is wrong. Whoever wrote the words, as far as that is known, does not
    review them.
    """

    def __init__(
        self, settings: Settings, db: Database, clock: Clock, people: PeopleService,
        catalogue: CatalogueService,
    ) -> None:  # fmt: skip
        self.rules = load_rules(settings.data_dir)
        self.readings = load_readings(settings.locality_dir)
        self._db, self._clock, self._people = db, clock, people
        self._items = Items(settings, self.rules, catalogue, self.unit)

    def items(self) -> list[Item]:
        """Return everything that is reviewed as it is told now, cards first."""
        return self._items.all()

    def problems(self) -> list[str]:
        """Return what is wrong in ``reviews.yml``, one Chinese line each."""
        return self._items.problems()

    def unit(self, org_id: str) -> str:
        """Return a unit's name."""
        return next((o.name for o in self._people.orgs() if o.id == org_id), org_id)

    async def listing(self, staff: Staff) -> list[Listed]:
        """Return all items with their standing, cards first."""
        kept = await self._kept()
        return [
            Listed(i, self._standing(i, kept.get(i.key, [])), signs(staff, i), *self._reading(i))
            for i in self.items()
        ]

    async def detail(self, key: str, staff: Staff) -> Detail:
        """Return one item.

        Raises:
            LindaError: 404 ``review_not_found``.
        """
        item = self._item(key)
        kept = (await self._kept(key)).get(key, [])
        standing, reading = self._standing(item, kept), self._reading(item)
        return Detail(item, standing, signs(staff, item), *reading, tuple(reversed(kept)))

    async def due(self, staff: Staff) -> list[Listed]:
        """Return what is said to be wrong and is this person's to have mended: the owner's to-do."""
        waits = select(ReviewRow.id).where(~ReviewRow.ok, ReviewRow.answered_at.is_(None))
        async with self._db.read() as s:
            if await s.scalar(waits.limit(1)) is None:
                return []  # as nearly always: nothing to read and to compare
        found = await self.listing(staff)
        return [one for one in found if one.signs and one.standing.remarks]

    async def following(self, key: str, staff: Staff) -> Item | None:
        """Return the next item after this one that still waits for this person, going round once."""
        found = await self.listing(staff)
        at = next((n for n, f in enumerate(found) if f.item.key == key), 0)
        waits = (
            f for f in (*found[at + 1 :], *found[:at]) if f.signs and f.standing.state != "good"
        )
        return next((f.item for f in waits), None)

    async def states(self) -> dict[str, State]:
        """Return the state of each item by its key.

        Without a database that is prepared, what the data files themselves say of reviews counts.
        """
        try:
            kept = await self._kept() if _there(self._db) else {}
        except (SQLAlchemyError, LindaError):
            kept = {}
        return {i.key: self._standing(i, kept.get(i.key, [])).state for i in self.items()}

    async def for_check(self) -> dict[Kind, dict[str, State]]:
        """Return the states of the cards by leaf and of everything else by name, by kind."""
        states = await self.states()
        found: dict[Kind, dict[str, State]] = {kind: {} for kind in KIND_NAMES}
        for item in self.items():
            name = item.key.removeprefix("card-") if item.kind == "card" else item.name
            found[item.kind][name] = states[item.key]
        return found

    async def review(
        self, key: str, staff: Staff, *, ok: bool, digest: str, form: str, remark: str = "",
        days: int | None = None, once: Once | None = None,
    ) -> int:  # fmt: skip
        """Record that somebody has read the words: they are right, or something is wrong in them.

        A remark waits for the owning unit, until the words change or somebody answers it.

        Args:
            digest: Of the words that were read.
            form: Key of the page: sent twice it is one review.
            days: How long it holds; one of the rules' choices, None for the usual.

        Returns:
            Its number.

        Raises:
            LindaError: 403 ``not_yours``, ``own_words``; 404 ``review_not_found``; 409
                ``words_changed`` (other words than those that were read), ``remark_open``; 422.
        """
        item, remark = self._item(key), remark.strip()
        if ok or staff.role not in holders("reviews_remark"):
            _may(staff, item)
        choices = self.rules.holds[item.kind]
        days = choices[0] if days is None else days
        if days not in choices:
            said = "、".join(f"{d}天" for d in choices)
            raise LindaError("choice_unknown", f"请选管多久：{said}。", 422, {"days": said})
        if len(remark) > LONGEST or (not ok and not remark):
            fields = {"remark": f"写清哪句不对，最多{LONGEST}个字。"}
            said = f"写得太长了，最多{LONGEST}个字。" if remark else "哪里不对？请写一句。"
            raise LindaError("invalid_fields", said, 422, fields)
        async with self._db.write() as s:
            if (known := await made_before(once, s, self._clock.now())) is not None:
                return int(known)
            mine = select(ReviewRow.id).where(ReviewRow.by == staff.id, ReviewRow.form == form)
            if (sent := await s.scalar(mine)) is not None:
                return int(sent)
            if digest != item.digest:
                raise LindaError("words_changed", "这一条刚刚改过，请看过下面新的再定。", 409)
            if ok:
                await self._another_wrote(s, item, staff)
            now = self._clock.now()
            kept = await self._rows(s, key)
            if ok and self._standing(item, kept.get(key, [])).remarks:
                raise LindaError(
                    "remark_open", "有人说这里有错，还没答复。先改，或者写明为什么不用改。", 409
                )
            row = ReviewRow(
                key=key, digest=digest, content=item.content, ok=ok, remark=remark, by=staff.id, by_name=staff.name,
                office=f"{self.unit(staff.org_id)} {staff.role_name}", at=now, form=form,
                until=now.date() + timedelta(days=days) if ok else None,
            )  # fmt: skip
            s.add(row)
            await s.flush()
            await keep(once, s, str(row.id))
            action = "review.ok" if ok else "review.wrong"
            await note(s, now, staff, action, f"review:{key}", remark, digest=digest, days=days)
            return row.id

    async def answer(self, key: str, number: int, staff: Staff, text: str) -> None:
        """Answer a remark without a change: why the words stay as they are.

        Raises:
            LindaError: 403 ``not_yours``; 404 ``review_not_found``; 409 ``remark_answered``; 422.
        """
        item, text = self._item(key), text.strip()
        _may(staff, item)
        if not 2 <= len(text) <= LONGEST:
            fields = {"text": f"2到{LONGEST}个字。"}
            said = (
                f"写得太长了，最多{LONGEST}个字。"
                if len(text) > LONGEST
                else "为什么不用改？请写一句。"
            )
            raise LindaError("invalid_fields", said, 422, fields)
        async with self._db.write() as s:
            query = select(ReviewRow).where(ReviewRow.id == number, ReviewRow.key == key)
            row = await s.scalar(query.with_for_update())
            if row is None or row.ok:
                raise MISSING
            if row.answered_at is not None or row.digest != item.digest:
                raise LindaError("remark_answered", "这一条错已经有人答复，或者话已经改过。", 409)
            row.answered_by, row.answered_name = staff.id, staff.name
            row.answered_at, row.answer = self._clock.now(), text
            subject = f"review:{key}"
            await note(s, row.answered_at, staff, "review.answer", subject, text, remark=number)

    async def wrote(self, cards: Iterable[Card], by: str) -> None:
        """Keep who wrote these cards, as they will be told from now on.

        Args:
            cards: As they are written to the files.
            by: Account of the author.

        Raises:
            LindaError: 404 ``staff_not_found``.
        """
        items = [self._items.card(card) for card in cards]
        async with self._db.write() as s:
            if await self._people.staff(s, by) is None:
                raise LindaError("staff_not_found", f"没有 {by} 这个账号。", 404)
            for item in items:
                at = self._clock.now()
                await s.merge(ChangeRow(key=item.key, digest=item.digest, by=by, at=at))

    # ── inside ──────────────────────────────────────────────────────────────────────────────

    def _item(self, key: str) -> Item:
        item = next((i for i in self.items() if i.key == key), None)
        if item is None:
            raise MISSING
        return item

    def _reading(self, item: Item) -> tuple[ReadingState, Reading | None]:
        return self.readings.state(item), self.readings.read.get(item.key)

    def _standing(self, item: Item, kept: list[Review]) -> Standing:
        return standing(item, kept, self._clock.now().date(), self.rules.holds[item.kind][0])

    async def _kept(self, key: str | None = None) -> dict[str, list[Review]]:
        async with self._db.read() as s:
            return await self._rows(s, key)

    @staticmethod
    async def _rows(s: Session, key: str | None) -> dict[str, list[Review]]:
        query = select(ReviewRow).order_by(ReviewRow.id)
        found: dict[str, list[Review]] = defaultdict(list)
        for r in await s.scalars(query if key is None else query.where(ReviewRow.key == key)):
            found[r.key].append(
                Review(r.id, r.digest, tuple((p, tuple(lines)) for p, lines in r.content), r.ok, r.remark, r.by, r.by_name, r.office, r.at, r.until,
                       r.answered_name or "", r.answered_at, r.answer or "")
            )  # fmt: skip
        return found

    async def _another_wrote(self, s: Session, item: Item, staff: Staff) -> None:
        row = await s.get(ChangeRow, (item.key, item.digest))
        if row is None:
            return
        author = await self._people.staff(s, row.by)
        if row.by == staff.id or (author is not None and same_person(author, staff)):
            raise LindaError("own_words", "这一稿是您写的，要换一位来看。", 403)


def signs(staff: Staff, item: Item) -> bool:
    """Say whether somebody may review an item: all of them, or those of the own unit."""
    own = staff.role in holders("reviews_sign") and staff.org_id == item.owner
    return own or staff.role in holders("reviews_all")


def _there(db: Database) -> bool:
    """Say whether there is a database to ask; a file must not be made by asking."""
    return not db.is_sqlite or Path(db.url.database or "").exists()


def _may(staff: Staff, item: Item) -> None:
    if not signs(staff, item):
        raise LindaError("not_yours", "这一条由责任单位、社区主管或街道看；有错可以写下来。", 403)
