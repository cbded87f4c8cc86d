"""The service catalogue and what a locality decides about certificates, hotlines and meals."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from services.catalogue import bookings, meals
from services.catalogue.check import Finding, check_cards, check_population, check_signed
from services.catalogue.files import DataFileError, read
from services.catalogue.model import (
    AfterCard,
    Card,
    CardFile,
    CertificateFile,
    CertificateItem,
    ClosedDays,
    CommunityFile,
    HotlineFile,
    LocalityFile,
    MealFile,
    NumberFile,
    Redirect,
    RedirectFile,
    Route,
    RouteFile,
    SafetyCard,
    ServiceFile,
    ThirdParty,
)
from services.clock import Clock
from services.config import Settings
from services.errors import LindaError
from services.people.model import Org
from services.people.orgs import load_orgs
from services.tickets.core.calendar import WorkCalendar, load_calendar
from services.words import piece, refusal

GENERAL = "-"
"""Leaf of the general safety card."""


class CatalogueService:
    """Answers from the data files, each read once at first use."""

    def __init__(
        self, settings: Settings, clock: Clock, calendar: Callable[[], WorkCalendar] | None = None
    ) -> None:
        """``calendar``: gives the working calendar that counts now; without it the files count."""
        self._settings = settings
        self._clock = clock
        self._calendar = calendar or self._calendar_of_files

    @cached_property
    def locality(self) -> LocalityFile:
        """Names, office hours and the duty desk."""
        return read(self._settings.locality_dir / "locality.yml", LocalityFile)

    @cached_property
    def _cards(self) -> dict[str, Card]:
        found: dict[str, Card] = {}
        for path in sorted((self._settings.data_dir / "catalogue").glob("*.yml")):
            for card in read(path, CardFile).cards:
                if card.id in found:
                    raise DataFileError(f"{path.name}：{card.id} 有两张卡片")
                found[card.id] = card
        return dict(sorted(found.items(), key=lambda item: _leaf_order(item[0])))

    @cached_property
    def _certificates(self) -> CertificateFile:
        return read(self._settings.locality_dir / "certificates.yml", CertificateFile)

    @cached_property
    def _hotlines(self) -> HotlineFile:
        return read(self._settings.locality_dir / "hotlines.yml", HotlineFile)

    @cached_property
    def _files_calendar(self) -> WorkCalendar:
        return load_calendar(self._settings.data_dir / "calendar")

    def _calendar_of_files(self) -> WorkCalendar:
        return self._files_calendar

    @cached_property
    def _meal_rules(self) -> MealFile:
        return read(self._settings.locality_dir / "meals.yml", MealFile)

    @property
    def _meals(self) -> MealFile:
        """The kitchen's rules; the holidays of the calendar that counts now are closed days."""
        rules = self._meal_rules
        if rules.holidays == "open":
            return rules
        off = self._calendar().holidays
        days = (ClosedDays(first=h.start, last=h.end, why=f"{h.name}放假") for h in off)
        return rules.model_copy(update={"closed": (*rules.closed, *days)})

    @cached_property
    def _orgs(self) -> dict[str, Org]:
        try:
            return load_orgs(self._settings.locality_dir / "orgs.yml")
        except ValueError as error:
            raise DataFileError(str(error)) from None

    @cached_property
    def _directory(self) -> tuple[Route, ...]:
        return read(self._settings.locality_dir / "dispatch.yml", RouteFile).routes

    def _route(self, leaf: str, on: date) -> Route | None:
        """The first line of the dispatch directory for a leaf on a day that counts for the whole locality."""
        there = (r for r in self._directory if leaf in r.leaves and r.holds(on))
        return next((r for r in there if r.everywhere), None)

    @cached_property
    def _numbers(self) -> dict[str, str]:
        return read(self._settings.data_dir / "numbers.yml", NumberFile).numbers

    @cached_property
    def _redirects(self) -> tuple[Redirect, ...]:
        path = self._settings.data_dir / "dialogue" / "redirects.yml"
        return read(path, RedirectFile).redirects

    def card(self, leaf: str) -> dict[str, Any] | None:
        """Return the card of a leaf as residents are told it; None when there is none.

        Beside the card's own fields: ``valid`` at the present time; ``phone`` of the unit that
        answers and ``office``, its name; ``power`` from the dispatch directory when the card has no
        sentence of its own; ``link``, the locality's own page before the card's; ``notice``, the
        address of the printable one-time notice.
        """
        card = self._cards.get(leaf)
        return None if card is None else self.told(card)

    def told(self, card: Card) -> dict[str, Any]:
        """Return a card, of the files or not, as :meth:`card` does."""
        leaf = card.id
        office = self._orgs.get(card.phone_of or card.owner)
        today = self._clock.now().date()
        route = self._route(leaf, today)
        link = self._bookable.links.get(leaf) or card.link
        return card.model_dump(mode="json") | {
            "valid": card.valid_on(today),
            "link": link and link.model_dump(),
            "phone": card.phone or (office.phone if office else None),
            "office": office.name if office else None,
            "power": card.power or (route.power if route else None),
            "notice": f"{self._settings.public_url}/s/{leaf}/notice",
        }

    def redirect(self, text: str) -> dict[str, Any] | None:
        """Return where a question belongs that no card answers; None when it is not known.

        ``{id, name, answer, elder, office, phone, source, local, leaves, card}``; ``elder`` is the answer in
        large-type mode, ``leaves`` (with an empty answer) are the cards that may be meant.
        """
        row = next((r for r in self._redirects if r.fits(text)), None)
        return None if row is None else self.told_redirect(row)

    def redirects(self) -> tuple[Redirect, ...]:
        """Return all questions that lead elsewhere."""
        return self._redirects

    def told_redirect(self, row: Redirect) -> dict[str, Any]:
        """Return where such a question belongs, as :meth:`redirect` does."""
        office = self._orgs.get(row.phone_of or "")
        return {
            "id": row.id,
            "name": row.name,
            "answer": row.answer,
            "elder": row.elder,
            "office": office.name if office else None,
            "phone": row.phone or (office.phone if office else None),
            "source": row.source,
            "local": row.local,
            "leaves": list(row.leaves),
            "card": row.card,
            "asked_next": [p.answer for p in row.parts.values()],
            "asked_next_elder": [p.elder for p in row.parts.values()],
            "more": [m.answer for m in row.more],
            "more_elder": [m.elder for m in row.more],
            "ask": row.offer.answer if row.offer else None,
            "ask_elder": row.offer.elder if row.offer else None,
        }

    def cards(self) -> list[Card]:
        """Return all cards by leaf."""
        return list(self._cards.values())

    def certificate(self, no: int | None = None, name: str | None = None) -> dict[str, Any]:
        """Return ``{no, name, allowed, basis, valid_from, why, redirect, bring, leaf, elder, notice}``.

        ``asks`` are the questions of the appointment (``model.CertificateItem``). ``elder`` holds ``why`` and ``redirect`` for large-type mode where they are shorter. ``allowed`` is null for a kind that the locality's list does not have, and for one that it
        leaves to the case. A number of the list comes before a name. ``notice`` is the address of
        the printable notice of a kind that is not issued, ``application`` that of the sheet for any other.
        """
        policy = self._certificates
        item = next((i for i in policy.items if no is not None and i.no == no), None)
        item = item or self._certificate_by_name(name or "")
        if item is None:
            return {
                "no": None, "name": name, "allowed": None, "basis": None, "valid_from": None, "why": None,
                "redirect": None, "bring": [], "leaf": None, "notice": None, "elder": {},
                "application": None,
            }  # fmt: skip
        return {
            "no": item.no, "name": item.name, "allowed": item.allowed,
            "basis": policy.basis if item.no is not None else None,
            "valid_from": policy.valid_from.isoformat() if policy.valid_from else None,
            "why": item.why, "redirect": item.redirect, "bring": list(item.bring),
            "asks": list(item.asks), "leaf": item.leaf, "elder": _said(item.elder.model_dump()),
            "application": None if item.allowed is False
            else f"{self._settings.public_url}/notice/application?{urlencode({'kind': item.name})}",
            "notice": None if item.allowed is not False
            else f"{self._settings.public_url}/notice/refusal?{urlencode({'kind': item.name})}",
        }  # fmt: skip

    def certificate_kinds(self) -> dict[str, Any]:
        """Return ``{issued, depends, refused, valid_from}``: names of kinds, in the order of the policy."""
        policy = self._certificates
        told = {True: "issued", None: "depends", False: "refused"}
        kinds: dict[str, Any] = {key: [] for key in told.values()}
        for item in policy.items:
            kinds[told[item.allowed]].append(item.name)
        since = policy.valid_from
        return {**kinds, "valid_from": since.isoformat() if since else None}

    def certificate_policy(self) -> CertificateFile:
        """Return the locality's policy on certificates, those that are refused included."""
        return self._certificates

    def certificates(self, leaf: str | None = None) -> list[CertificateItem]:
        """Return the kinds that can be applied for, all or those of a leaf."""
        items = (i for i in self._certificates.items if i.allowed is not False)
        return [i for i in items if leaf in (None, i.leaf)]

    def _certificate_by_name(self, name: str) -> CertificateItem | None:
        wanted = _plain(name)
        if not wanted:
            return None
        for item in self._certificates.items:
            if wanted in {_plain(n) for n in (item.name, *item.aliases)}:
                return item
        return None

    def hotlines(self, leaf: str = GENERAL) -> dict[str, Any]:
        """Return ``{"numbers": [{name, phone}], "card": …}`` for a leaf.

        ``card`` is ``{title, lead, lines, version, after, elder, third_party}``: ``after`` holds the
        words for what is said next (``model.AfterCard``), ``elder`` ``{title, lead, lines, after}``
        or None the words of large-type mode, ``third_party`` ``{title, lines, after, elder}`` or None the
        words to somebody who asks for another person. A leaf without a card of its own gets
        the general one: in an emergency there is always an answer.
        """
        lines = self._hotlines
        general = self._safety_card(GENERAL)
        if general is None:
            raise DataFileError('hotlines.yml：缺少通用的提示卡（leaf: "-"）')
        card = self._safety_card(leaf) or general
        numbers = [lines.numbers[key] for key in card.numbers]
        after = card.after.over_general(general.after)
        short = general.elder.after.over_general(general.after) if general.elder else general.after
        short = card.after.over_general(short)
        other = card.third_party
        return {
            "numbers": [{"name": n.name, "phone": n.phone} for n in numbers],
            "card": {
                "title": card.title,
                "lead": card.lead,
                "lines": list(card.lines),
                "version": lines.version,
                "after": after.model_dump(),
                "elder": _elder_words(card, short),
                "third_party": other
                and {
                    "title": other.title,
                    "lines": list(other.lines),
                    "after": other.after.over_general(after).model_dump(),
                    "elder": _elder_words(
                        other,
                        other.after.over_general(
                            card.elder.after.over_general(short) if card.elder else short
                        ),
                    ),
                },
            },
        }

    def always_answered(self, leaf: str = GENERAL) -> list[str]:
        """Return the numbers of a leaf's safety card that are answered day and night.

        Without the duty desk's own, which is said with its name.
        """
        card = self._safety_card(leaf) or self._safety_card(GENERAL)
        numbers = [self._hotlines.numbers[key] for key in card.numbers] if card else []
        return [n.phone for n in numbers if n.always and n.phone != self.locality.duty.phone]

    def safety_cards(self) -> tuple[SafetyCard, ...]:
        """Return all safety cards as they stand in the locality's file."""
        return self._hotlines.cards

    def safety_numbers(self) -> dict[str, str]:
        """Return the numbers of the locality's safety cards by their keys, each with its name."""
        return {key: f"{n.name} {n.phone}" for key, n in self._hotlines.numbers.items()}

    def safety_signed(self) -> tuple[str, date] | None:
        """Return who settled the words of all safety cards, and when; None: a draft for demos."""
        lines = self._hotlines
        return (lines.reviewed_by or "", lines.reviewed_on) if lines.reviewed_on else None

    def _safety_card(self, leaf: str) -> SafetyCard | None:
        return next((c for c in self._hotlines.cards if c.leaf == leaf), None)

    def meal_status(self, day: date, meal: str) -> dict[str, Any]:
        """Return ``{open, cutoff, reason, provider, serve, next_open}`` for ordering a meal now.

        With ``withdraw_reason``: why one that has been ordered can no longer be taken back, and whom
        to call; null when it can. ``closed``: why the kitchen does not cook it that day, however early it
        is ordered; null when it does.

        Raises:
            LindaError: 422 ``unknown_meal``.
        """
        if meal not in meals.MEAL_ORDER:
            raise refusal("unknown_meal", fields={"meal": meal})
        now, order = self._clock.now(), {"date": day.isoformat(), "meal": meal}
        too_late = meals.withdrawal_refusal(self._meals, order, now)
        return meals.meal_status(self._meals, day, meal, now) | {
            "withdraw_reason": too_late and too_late + self._call_the_kitchen(),
            "closed": self.meal_closed(day, meal),
        }

    def meal_cutoff(self, day: date, meal: str, now: datetime) -> datetime | None:
        """Return the last moment to order or change a meal; None when it is not offered."""
        rules = self._meals.meals.get(meal)
        return meals.cutoff_of(rules, day, now) if rules else None

    def meal_closed(self, day: date, meal: str) -> str | None:
        """Return why the kitchen does not cook a meal on a day, in words; None when it does."""
        if self._meals.meals.get(meal) is None:
            return piece(
                "meal.not_cooked", provider=self._meals.provider, meal=self.meal_name(meal)
            )
        return meals.closed_on(self._meals, day)

    @staticmethod
    def meal_name(meal: str) -> str:
        """Return 早饭, 午饭 or 晚饭."""
        return meals.MEAL_NAMES.get(meal) or piece("meal.any")

    def kitchen(self) -> dict[str, str]:
        """Return ``{"name", "phone"}`` of who cooks; of the duty desk when the kitchen has no phone."""
        org = self._orgs.get(self._meals.org)
        return {"name": org.name, "phone": org.phone} if org and org.phone else self.duty()

    def check_meal_withdrawal(self, order: Mapping[str, Any]) -> None:
        """Refuse to take back a meal that the kitchen is already cooking.

        Raises:
            LindaError: 422 ``meal_closed`` with the reason and whom to call. An appointment that is
                no meal passes.
        """
        if not order.get("meal") or not order.get("date"):
            return
        reason = meals.withdrawal_refusal(self._meals, order, self._clock.now())
        if reason is not None:
            raise LindaError("meal_closed", reason + self._call_the_kitchen(), 422)

    def _call_the_kitchen(self) -> str:
        kitchen = self.kitchen()
        return piece("meal.call", name=kitchen["name"], phone=kitchen["phone"])

    def meals_cooked(self) -> list[str]:
        """Return the meals that the kitchen offers, in the order of the day."""
        return [meal for meal in meals.MEAL_ORDER if self._meals.meals.get(meal)]

    def check_meal_change(self, order: Mapping[str, Any], patch: Mapping[str, Any]) -> None:
        """Refuse a change of an ordered meal that the kitchen can no longer make.

        Raises:
            LindaError: 422 ``meal_closed`` with the reason and whom to call. An appointment that is
                no meal passes.
        """
        if not order.get("meal") or not order.get("date"):
            return
        try:
            reason = meals.change_refusal(self._meals, order, patch, self._clock.now())
        except (TypeError, ValueError):
            raise refusal("meal_invalid") from None
        if reason is None:
            return
        raise LindaError("meal_closed", reason + self._call_the_kitchen(), 422)

    @cached_property
    def _bookable(self) -> ServiceFile:
        return read(self._settings.locality_dir / "services.yml", ServiceFile)

    def booking(self, leaf: str, day: date | None = None) -> dict[str, Any]:
        """Return how a service is booked and whether it can be on a day (``bookings.options``).

        Raises:
            LindaError: 404 ``not_bookable``: the locality has no rules for this leaf.
        """
        rules = self._bookable.services.get(leaf)
        if rules is None:
            raise refusal("not_bookable", 404)
        return bookings.options(rules, day, self._clock.now())

    def check_booking_change(self, leaf: str | None, patch: Mapping[str, Any]) -> None:
        """Refuse to move a booking to a day on which the service is not to be had.

        Raises:
            LindaError: 422 ``booking_closed`` with the reason and the next day on which it is.
        """
        rules, day = self._bookable.services.get(leaf or ""), str(patch.get("date") or "")[:10]
        if rules is None or not day:
            return
        try:
            reason = bookings.change_refusal(rules, date.fromisoformat(day), self._clock.now())
        except ValueError:
            raise refusal("booking_invalid") from None
        if reason is not None:
            raise LindaError("booking_closed", reason, 422)

    def duty(self) -> dict[str, str]:
        """Return ``{"name", "phone"}`` of the locality's duty desk."""
        return {"name": self.locality.duty.name, "phone": self.locality.duty.phone}

    def check(
        self,
        cards: Collection[Card] | None = None,
        reviews: Mapping[str, str] | None = None,
        safety: Mapping[str, str] | None = None,
        others: Mapping[str, Mapping[str, str]] | None = None,
    ) -> list[Finding]:
        """Return what is wrong or due in the data files, errors first; empty: all well.

        Args:
            cards: Looked at in the place of those in the files.
            reviews: State of each card's review by leaf; None: what the files say of it.
            safety: State of each safety card's review by its name; as ``reviews``.
            others: The same of what else is reviewed, by the name of its kind.
        """
        problems: list[Finding] = []
        for part in (
            "locality", "_cards", "_certificates", "_hotlines", "_meals", "_bookable", "_orgs",
            "_directory", "_redirects", "_numbers",
        ):  # fmt: skip
            try:
                getattr(self, part)
            except DataFileError as error:
                problems.append(Finding("error", str(error)))
        if problems:
            return problems
        signed = safety is not None and set(safety.values()) == {"good"}
        demo = self._settings.env == "demo"
        hotlines = hotline_problems(self._hotlines, demo=demo, signed=signed)
        found = check_cards(
            self.cards() if cards is None else cards,
            self._directory,
            self._orgs,
            self._certificates,
            self._redirects,
            self._bookable.services,
            self._bookable.links,
            {*self._numbers, *(n.phone for n in self._hotlines.numbers.values())},
            self._clock.now().date(),
            reviews or {},
        )
        wrong = [Finding("error", text) for text in hotlines]
        kinds = {"安全提示卡": safety or {}, **(others or {})}
        due = (f for kind, states in kinds.items() for f in check_signed(kind, states))
        return [*wrong, *found, *due, *self.population_due()]

    def population_due(self) -> list[Finding]:
        """Return what is wrong or due in the figures of who lives where."""
        places = read(self._settings.locality_dir / "places.yml", CommunityFile)
        names = {c.id: c.name for c in places.communities}
        return check_population(self.locality.residents, names, self._clock.now().date())


def _elder_words(card: SafetyCard | ThirdParty, after: AfterCard) -> dict[str, Any] | None:
    """Return a card's words for large-type mode; None: it has no such form.

    Args:
        card: The card, or its words to who asks for another person.
        after: What is said after it where the card's own large-type words say nothing.
    """
    elder = card.elder
    if elder is None:
        return None
    lead = card.lead if isinstance(card, SafetyCard) else None
    return {
        "title": elder.title or card.title,
        "lead": elder.lead or lead,
        "lines": list(elder.lines),
        "after": elder.after.over_general(after).model_dump(),
    }


def _said(words: Mapping[str, str]) -> dict[str, str]:
    """Return what is not empty."""
    return {key: text for key, text in words.items() if text}


def hotline_problems(lines: HotlineFile, *, demo: bool, signed: bool = False) -> list[str]:
    """Return what is wrong with numbers and safety cards, one Chinese line each.

    Args:
        lines: The file.
        demo: In a demo the words may be a draft and the numbers fictitious; nowhere else.
        signed: Every card has a review that holds (``services.reviews``), whatever the file says.
    """
    problems = [
        f"hotlines.yml：提示卡 {c.leaf} 用了没有登记的号码 {n}"
        for c in lines.cards
        for n in c.numbers
        if n not in lines.numbers
    ]
    general = next((c for c in lines.cards if c.leaf == GENERAL), None)
    if general is None:
        problems.append('hotlines.yml：缺少通用的提示卡（leaf: "-"）')
    elif not (general.after.follow and general.after.place and general.after.over):
        problems.append("hotlines.yml：通用的提示卡缺少之后接着说的话（after）")
    if demo:
        return problems
    if lines.reviewed_on is None and not signed:
        problems.append("hotlines.yml：安全提示卡还没有审定（reviewed_by、reviewed_on）")
    used = {n for c in lines.cards for n in c.numbers}
    problems += [
        f"hotlines.yml：{lines.numbers[n].name} 还是演示号码"
        for n in lines.numbers
        if n in used and lines.numbers[n].demo
    ]
    return problems


def _leaf_order(leaf: str) -> tuple[str, int]:
    return leaf[0], int(leaf[1:])


def _plain(name: str) -> str:
    """Return a certificate's name without what people put around it: 那个“居住证明”原件."""
    return re.sub(r"[\s“”\"'《》()（）·、]|^(?:一张|一份|个|开)|(?:原件|材料)$", "", name)
