"""Answers from what is valid, and the one door for writing notices and menus."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import delete, or_, select

from services.catalogue.files import DataFileError, read
from services.catalogue.model import ServiceFile
from services.channels.texts import Texts
from services.clock import Clock
from services.config import Settings
from services.db import Database, Session
from services.errors import LindaError
from services.information.model import (
    LONGEST_DISHES,
    Entry,
    InformationFile,
    MealName,
    NewNotice,
    Notice,
    Questions,
    Topic,
)
from services.information.tables import MenuRow, NoticeRow
from services.once import Once, keep, made_before
from services.people.model import Org
from services.people.orgs import load_orgs
from services.words import piece

MEALS: Mapping[MealName, str] = {"breakfast": "早饭", "lunch": "午饭", "dinner": "晚饭"}
MOST = 3
"""So many answers at once; a list on a phone is read no further."""
LONGEST_DAYS = 180
"""A notice is about at most so many days: one without an end is a service card."""
WEEKDAYS = "一二三四五六日"
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Answer:
    """What is known about a question.

    Attributes:
        kind: ``notice``, ``menu``, ``entry``; empty when the words ask for none of these.
        topic: Name of what was asked for (停水, 菜单 …); empty when no kind was named.
        texts: What may be said, the nearest first; empty: nothing valid is known.
        other_days: Whether ``texts`` are about other days than those that were asked for.
        outage: When that is something cut off: ``leaf`` of a report of it, ``unit`` and ``phone`` of who knows.
    """

    kind: str
    topic: str = ""
    texts: tuple[str, ...] = ()
    other_days: bool = False
    outage: Mapping[str, str] | None = None


class InformationService:
    """Community information of one locality."""

    def __init__(self, settings: Settings, db: Database, clock: Clock) -> None:
        self._settings = settings
        self._db = db
        self._clock = clock

    @cached_property
    def file(self) -> InformationFile:
        """The locality's entries, and the notices and menus a demo begins with."""
        return read(self._settings.locality_dir / "information.yml", InformationFile)

    @cached_property
    def questions(self) -> Questions:
        """How residents ask."""
        path = self._settings.data_dir / "dialogue" / "information.yml"
        return read(path, Questions)

    @cached_property
    def _texts(self) -> Texts:
        return Texts(self._settings.data_dir / "texts" / "information.yml")

    @cached_property
    def _orgs(self) -> Mapping[str, Org]:
        return load_orgs(self._settings.locality_dir / "orgs.yml")

    @cached_property
    def _hours(self) -> Mapping[str, str]:
        rules = read(self._settings.locality_dir / "services.yml", ServiceFile).services
        return {leaf: each.hours for leaf, each in rules.items()}

    def problems(self) -> list[str]:
        """Return what is wrong in the locality's file, one Chinese line each."""
        try:
            file, topics = self.file, {t.id for t in self.questions.topics}
        except DataFileError as error:
            return [str(error)]
        wrong = [
            f"information.yml：{e.id} 的 {field}（{value}）没有登记"
            for e in file.entries
            for field, value, known in (
                ("owner", e.owner, self._orgs),
                ("phone_of", e.phone_of, self._orgs),
                ("hours_of", e.hours_of, self._hours),
            )
            if value and value not in known
        ]
        wrong += [
            f"information.yml：通知 {n.id} 的种类（{n.topic}）没有登记"
            for n in file.notices
            if n.topic not in topics
        ]
        return wrong

    # -- answers ------------------------------------------------------------------------------

    async def answer(
        self, text: str, first: date | None = None, last: date | None = None, *, elder: bool = False
    ) -> Answer:
        """Answer a question of a resident from what is valid today.

        Args:
            text: What was said.
            first, last: The days that were named, if any.
            elder: In the words of large-type mode, and only the nearest.
        """
        words = _SPACE.sub("", text)
        if re.search(self.questions.menu, words):
            return await self._menu(first, last, elder)
        entries = [self.say_entry(e, elder) for e in self._entries(words)]
        if entries:
            return Answer("entry", texts=_some(entries, elder))
        topics = self.questions.asked(words)
        named = [t for t in topics if t.id != "other"]
        if named:
            kinds = {t.id for t in named}
            found = [n for n in await self.told() if n.topic in kinds]
            found = [n for n in found if self.questions.concerns(words, n.text)]
            answer = self._notices(named[0].name, found, first, last, elder)
            return replace(answer, outage=self._outage(named[0]))
        if topics or re.search(self.questions.any_notice, words):
            return self._notices("", await self.told(), first, last, elder)
        return Answer("")

    def _outage(self, topic: Topic) -> Mapping[str, str] | None:
        if topic.outage is None:
            return None
        unit = self._orgs.get(topic.outage.owner)
        known = {"unit": unit.name, "phone": unit.phone or ""} if unit else {}
        return {"leaf": topic.outage.leaf, **known}

    async def about_leaf(self, leaf: str, *, elder: bool = False) -> tuple[str, ...]:
        """Return the valid notices that belong to a service, as they are said."""
        topics = {t.id for t in self.questions.topics if leaf in t.leaves}
        found = [n for n in await self.told() if n.topic in topics] if topics else []
        return _some([self.say_notice(n, elder) for n in found], elder)

    def _notices(
        self, topic: str, found: list[Notice], first: date | None, last: date | None, elder: bool
    ) -> Answer:
        that_day = found if first is None else [n for n in found if n.about(first, last or first)]
        shown = that_day or found
        texts = _some([self.say_notice(n, elder) for n in shown], elder)
        return Answer("notice", topic, texts, other_days=bool(texts) and not that_day)

    async def _menu(self, first: date | None, last: date | None, elder: bool) -> Answer:
        start = first or self._clock.now().date()
        end = max(last or start, start)
        rows = await self.menus(max(start, self._clock.now().date()), end)
        days = sorted({r.day for r in rows})
        texts = [self._say_menu(d, [r for r in rows if r.day == d], elder) for d in days]
        return Answer("menu", piece("menu_topic"), tuple(texts[:MOST]))

    def _entries(self, words: str) -> list[Entry]:
        today = self._clock.now().date()
        valid = (e for e in self.file.entries if e.valid_on(today))
        return [e for e in valid if re.search(e.words, words)]

    def say_entry(self, entry: Entry, elder: bool = False) -> str:
        """Return a person or place in words, with source and date."""
        office = self._orgs.get(entry.phone_of or "")
        phone = entry.phone or (office.phone if office else None)
        hours = entry.hours or self._hours.get(entry.hours_of or "")
        facts = [
            f"{entry.name}：{entry.where}" if entry.where else entry.name,
            piece("entry_hours", hours=hours) if hours else "",
            piece("entry_phone", phone=phone) if phone else "",
            "" if elder else entry.note or "",
        ]
        return self._say(
            "entry", elder, entry.source, entry.valid_from, facts="\n".join(filter(None, facts))
        )

    def say_notice(self, notice: Notice, elder: bool = False) -> str:
        """Return a notice in words, exactly as the chat says it."""
        topic = self.questions.topic(notice.topic)
        days = _day(notice.starts)
        if notice.until != notice.starts:
            days += f"到{_day(notice.until)}"
        return self._say(
            "notice", elder, notice.source, notice.published_on,
            topic=topic.name if topic else piece("notice_topic"), days=days, text=(notice.elder if elder else "") or notice.text,
        )  # fmt: skip

    def _say_menu(self, day: date, rows: Iterable[MenuRow], elder: bool) -> str:
        kept = {r.meal: r for r in rows}
        dishes = [f"{name}：{kept[m].dishes}" for m, name in MEALS.items() if m in kept]
        newest = max(r.published_at for r in kept.values()).date()
        return self._say(
            "menu", elder, self._kitchen(), newest, day=_day(day), dishes="\n".join(dishes)
        )

    def _kitchen(self) -> str:
        kitchen = self._orgs.get("meal")
        return kitchen.name if kitchen else piece("kitchen_unnamed")

    def _say(self, key: str, elder: bool, source: str, published: date, **facts: Any) -> str:
        when = f"{published.month}月{published.day}日"
        return self._texts.say(key, elder, source=source, published=when, **facts).text

    # -- notices ------------------------------------------------------------------------------

    async def told(self) -> list[Notice]:
        """Return the notices that residents are told today, the nearest days first."""
        today = self._clock.now().date()
        async with self._db.read() as s:
            rows = await s.scalars(
                select(NoticeRow)
                .where(NoticeRow.until >= today, NoticeRow.withdrawn_at.is_(None))
                .order_by(NoticeRow.starts, NoticeRow.id)
            )
            return [n for n in map(_notice, rows) if n.told_on(today)]

    async def kept(self, days: int = 30) -> list[NoticeRow]:
        """Return the notices of the console's list: what is told, and what ended or was withdrawn
        within so many days; the newest first."""
        since = self._clock.now() - timedelta(days=days)
        async with self._db.read() as s:
            rows = await s.scalars(
                select(NoticeRow)
                .where(or_(NoticeRow.until >= since.date(), NoticeRow.withdrawn_at >= since))
                .order_by(NoticeRow.published_at.desc(), NoticeRow.id)
            )
            return list(rows)

    async def notice(self, notice_id: str) -> Notice:
        """Return one notice.

        Raises:
            LindaError: 404 ``notice_not_found``.
        """
        async with self._db.read() as s:
            return _notice(await self._row(s, notice_id))

    async def row(self, notice_id: str) -> NoticeRow:
        """Return one notice with who published and who withdrew it.

        Raises:
            LindaError: 404 ``notice_not_found``.
        """
        async with self._db.read() as s:
            return await self._row(s, notice_id)

    def check(self, wanted: NewNotice) -> None:
        """Refuse a notice that residents could not be told.

        Raises:
            LindaError: 422 ``notice_invalid`` with the fields.
        """
        today, wrong = self._clock.now().date(), {}
        if self.questions.topic(wanted.topic) is None:
            wrong["topic"] = "没有这一种，请重选。"
        if wanted.until < wanted.starts:
            wrong["until"] = "“到哪天”比“从哪天”早了。"
        elif wanted.until < today:
            wrong["until"] = "已经过去了，发了居民也看不到。"
        elif (wanted.until - wanted.starts).days > LONGEST_DAYS:
            wrong["until"] = "太长了，最多半年；长年有效的写进服务卡。"
        if wrong:
            raise LindaError("notice_invalid", "".join(wrong.values()), 422, wrong)

    async def publish(
        self, wanted: NewNotice, staff_id: str, notice_id: str, replaces: str = "",
        once: Once | None = None,
    ) -> Notice:  # fmt: skip
        """Publish a notice; residents who ask are told it from now on.

        Args:
            wanted: The notice.
            staff_id: Who publishes.
            notice_id: Made by the page; a second press of its button publishes nothing.
            replaces: A notice that is withdrawn with this.

        Raises:
            LindaError: 422 of :meth:`check`; 404 when ``replaces`` is unknown.
        """
        self.check(wanted)
        now = self._clock.now()
        async with self._db.write() as s:
            notice_id = await made_before(once, s, now) or notice_id
            row = await s.get(NoticeRow, notice_id)
            if row is None:
                row = NoticeRow(
                    id=notice_id, published_by=staff_id, published_at=now, **wanted.model_dump()
                )
                s.add(row)
                await keep(once, s, notice_id)
                if replaces:
                    await self._withdraw(s, replaces, staff_id)
            return _notice(row)

    async def withdraw(self, notice_id: str, staff_id: str) -> Notice:
        """Take a notice back; it stays in the list with who and when. Twice is once.

        Raises:
            LindaError: 404 ``notice_not_found``.
        """
        async with self._db.write() as s:
            return _notice(await self._withdraw(s, notice_id, staff_id))

    async def _withdraw(self, s: Session, notice_id: str, staff_id: str) -> NoticeRow:
        row = await self._row(s, notice_id)
        if row.withdrawn_at is None:
            row.withdrawn_by, row.withdrawn_at = staff_id, self._clock.now()
        return row

    @staticmethod
    async def _row(s: Session, notice_id: str) -> NoticeRow:
        row = await s.get(NoticeRow, notice_id)
        if row is None:
            raise LindaError("notice_not_found", "没有这条通知。", 404)
        return row

    # -- menus --------------------------------------------------------------------------------

    async def menus(self, first: date, last: date) -> list[MenuRow]:
        """Return the menus of these days, in order."""
        async with self._db.read() as s:
            rows = await s.scalars(
                select(MenuRow)
                .where(MenuRow.day >= first, MenuRow.day <= last)
                .order_by(MenuRow.day)
            )
            return list(rows)

    async def save_menus(self, wanted: Mapping[tuple[date, MealName], str], staff_id: str) -> None:
        """Publish menus by day and meal; an empty one takes that meal's menu back.

        Raises:
            LindaError: 422 ``menu_invalid``: too long; nothing is saved then.
        """
        if any(len(dishes.strip()) > LONGEST_DISHES for dishes in wanted.values()):
            raise LindaError("menu_invalid", f"一顿的菜最多写{LONGEST_DISHES}个字。", 422)
        now = self._clock.now()
        async with self._db.write() as s:
            for (day, meal), dishes in wanted.items():
                row = await s.get(MenuRow, (day, meal))
                dishes = dishes.strip()
                if row is not None and row.dishes == dishes:
                    continue
                if not dishes:
                    await s.execute(delete(MenuRow).where(MenuRow.day == day, MenuRow.meal == meal))
                    continue
                row = row or MenuRow(day=day, meal=meal)
                row.dishes, row.published_by, row.published_at = dishes, staff_id, now
                s.add(row)

    # -- beginning ----------------------------------------------------------------------------

    async def seed(self, s: Session) -> None:
        """Put in the notices and menus of the locality's file that were never there."""
        for each in self.file.notices:
            if await s.get(NoticeRow, each.id) is None:
                s.add(
                    NoticeRow(
                        id=each.id, topic=each.topic, text=each.text, elder=each.elder,
                        starts=each.starts,
                        until=each.valid_to, source=each.source, published_by=each.owner,
                        published_at=_midnight(each.valid_from, self._clock),
                    )
                )  # fmt: skip
        for menu in self.file.menus:
            if await s.get(MenuRow, (menu.day, menu.meal)) is None:
                s.add(
                    MenuRow(
                        day=menu.day, meal=menu.meal, dishes=menu.dishes, published_by="meal",
                        published_at=_midnight(menu.day - timedelta(days=1), self._clock),
                    )
                )  # fmt: skip


def _midnight(day: date, clock: Clock) -> datetime:
    return datetime.combine(day, time.min, tzinfo=clock.now().tzinfo)


def _notice(row: NoticeRow) -> Notice:
    return Notice(
        row.id, row.topic, row.text, row.starts, row.until, row.source,
        row.published_at.date(), row.withdrawn_at is not None, row.elder,
    )  # fmt: skip


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日（星期{WEEKDAYS[day.weekday()]}）"


def _some(texts: list[str], elder: bool) -> tuple[str, ...]:
    return tuple(texts[: 1 if elder else MOST])
