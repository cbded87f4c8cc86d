"""One message of a resident as the dialogue reads it: words, understanding and what is known.

Everything the actions decide on comes from here, so that forms can be tested without Rasa.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from actions.dialogue import pattern
from actions.knowledge import leaves
from actions.talk import accessible
from actions.talk.echo import say_address
from bot.understanding.scripts import simplify

ZONE = ZoneInfo("Asia/Shanghai")

WORDLESS = frozenset({"[图片]", "[位置]"})
"""What the channel writes for a photo or a location without words."""

REFERS_TO_MESSAGE = "m:"
"""Prefix of an ``about`` value that names an earlier message of this conversation."""


@dataclass(frozen=True)
class Entity:
    """Words that mean something: ``value`` is normalised, ``text`` as said.

    ``start`` and ``end`` are code points of the message, end exclusive.
    """

    type: str
    value: Any
    text: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class Reading:
    """One way to understand a message: an intent, maybe with a leaf of the catalogue."""

    intent: str
    leaf: str | None
    confidence: float


@dataclass(frozen=True)
class Leaf:
    """The matter of the catalogue a message is about; ``alternatives`` are the next best ids."""

    id: str
    confidence: float
    alternatives: tuple[tuple[str, float], ...] = ()


_COMMAS = " ,\N{FULLWIDTH COMMA}"


@dataclass(frozen=True)
class Resident:
    """What the gateway already knows about who writes. Known things are never asked."""

    name: str | None = None
    phone_known: bool = False
    pref: str = ""
    """How and when they want to be reached, kept with consent."""
    home: Mapping[str, Any] | None = None
    consents: tuple[str, ...] = ()
    """Separate consents that stand: purpose and whom it is about (``care_health:mother``)."""


@dataclass(frozen=True)
class Message:
    """A resident's message.

    Attributes:
        id: Chat message id, the key of everything this message starts.
        text: As said, in simplified characters; empty for a tapped button that refers to no message.
        tapped: True when a button was tapped instead of something typed.
        about: What the tapped button refers to (``home``, ``place:xingfu-3`` …).
        now: The present time of the whole system (message metadata), Asia/Shanghai.
        uncertain: The understanding is not sure of the intent.
    """

    id: str
    text: str
    intent: str
    now: datetime
    confidence: float = 1.0
    entities: tuple[Entity, ...] = ()
    leaf: Leaf | None = None
    readings: tuple[Reading, ...] = ()
    uncertain: bool = False
    tapped: bool = False
    about: str | None = None
    elder: bool = False
    """Large type and short sentences; also when this very message asks for them."""
    elder_before: bool = False
    channel: str = "web"
    mode: str = "bot"
    attachments: tuple[str, ...] = ()
    location: Mapping[str, Any] | None = None
    resident: Resident = field(default_factory=Resident)
    pending_callback: Mapping[str, Any] | None = None
    left: Mapping[str, Any] | None = None
    """``{id, fresh, buttons}`` of a form left in another channel that was asked about here."""
    held: Mapping[str, Any] | None = None
    """``{id, fresh}`` of a place in a full slot that is held for the resident (``actions.tickets.waiting``)."""
    needed: Mapping[str, Any] | None = None
    """``{ticket_no, title, leaf, items, fresh}`` of a ticket that waits for its resident (``actions.tickets.needed``)."""
    said_in: str = ""
    """Id of the message whose words these are: an earlier one when a button refers to it, with
    ``#n`` when they are its n-th part."""
    written: str = ""
    """The words as they were written; ``text`` is the same in simplified characters, letter by letter."""
    parts: tuple[Message, ...] = ()
    """The requests of a message that tells of several things, each with its own words; else none."""

    @property
    def verbatim(self) -> str:
        """The words as they were written: what is kept and read back."""
        return self.written or self.text

    @property
    def pinned(self) -> bool:
        """Whether a place was shared and nothing said: the words are only its label."""
        label = str((self.location or {}).get("label") or "").strip()
        return bool(self.location) and not self.tapped and self.verbatim.strip() in ("", label)

    def all(self, kind: str) -> list[Entity]:
        """Return the entities of one type in the order said."""
        return [e for e in self.entities if e.type == kind]

    def meant(self, kind: str) -> list[Entity]:
        """Return the entities of one type, without those said to be wrong (“不是3号楼,是5号楼”)."""
        return [e for e in self.all(kind) if not self._denied(e)]

    def last(self, kind: str) -> Entity | None:
        """Return the last entity of a type that is meant, or None."""
        found = self.meant(kind)
        return found[-1] if found else None

    def _denied(self, entity: Entity) -> bool:
        before = self.text[: entity.start].rstrip(" ")
        if before != before.rstrip(_COMMAS) and entity == self.all(entity.type)[-1]:
            return False  # “三号楼，不是，四号楼”: the last one behind a comma is right
        return before.rstrip(_COMMAS).endswith(("不是", "不在", "不要", "别是"))


def read_time(text: str | None) -> datetime:
    """Read the gateway's ``now``; without one (console, tests) the machine's own time."""
    if not text:
        return datetime.now(ZONE)
    value = datetime.fromisoformat(text)
    return value.astimezone(ZONE) if value.tzinfo else value.replace(tzinfo=ZONE)


def from_events(
    sender: str, latest: Mapping[str, Any], events: Sequence[Mapping[str, Any]]
) -> Message:
    """Build the message from Rasa's latest message and the conversation's events.

    A button that refers to an earlier message (``about: m:<id>``) brings that message's words and
    entities back, with the intent and the leaf that were chosen.
    """
    user_events = [e for e in events if e.get("event") == "user"]
    current = user_events[-1] if user_events else {}
    metadata = {**(current.get("metadata") or {}), **(latest.get("metadata") or {})}
    message = _parse(latest, current, metadata)
    if message.about and message.about.startswith(REFERS_TO_MESSAGE):
        return recalled(message, events, message.about.removeprefix(REFERS_TO_MESSAGE))
    return message


def pressed(
    message: Message,
    intent: str,
    facts: Mapping[str, Any],
    events: Sequence[Mapping[str, Any]],
) -> Message:
    """Return a typed message as the tap of the button that it names.

    Args:
        message: What was typed.
        intent: Intent of the button's payload.
        facts: What its payload carries; ``about: m:<id>`` brings earlier words back.
        events: The conversation's events.
    """
    about = str(facts["about"]) if facts.get("about") else None
    tapped = replace(
        message,
        text="",
        written="",
        intent=intent,
        confidence=1.0,
        entities=tuple(
            Entity(kind, value, str(value))
            for kind, value in facts.items()
            if kind not in ("about", "service")
        ),
        leaf=Leaf(str(facts["service"]), 1.0) if facts.get("service") else None,
        readings=(),
        uncertain=False,
        tapped=True,
        about=about,
    )
    if about and about.startswith(REFERS_TO_MESSAGE):
        return recalled(tapped, events, about.removeprefix(REFERS_TO_MESSAGE))
    return tapped


def recalled(message: Message, events: Sequence[Mapping[str, Any]], message_id: str) -> Message:
    """Return the message with the words and entities of an earlier one; itself when that is gone.

    Args:
        message: The present message: its intent and, when it has one, its leaf stay.
        events: The conversation's events.
        message_id: The earlier message; ``<id>#n`` is its n-th part.
    """
    user_events = [e for e in events if e.get("event") == "user"]
    whole_id, _, part = message_id.partition("#")
    said = _find(user_events, whole_id)
    if said is None:
        return message
    metadata = said.get("metadata") or {}
    old = _parse(said.get("parse_data") or {}, said, metadata)
    if part.isdigit() and int(part) < len(old.parts):
        old = old.parts[int(part)]
    return replace(
        message,
        text=old.text,
        written=old.written,
        entities=(*old.entities, *message.entities),
        leaf=message.leaf or old.leaf,
        readings=old.readings,
        about=None,
        said_in=message_id,
        attachments=old.attachments or message.attachments,
        parts=old.parts,
    )


def _find(user_events: Sequence[Mapping[str, Any]], message_id: str) -> Mapping[str, Any] | None:
    return next((e for e in user_events if e.get("message_id") == message_id), None)


def _parse(
    parsed: Mapping[str, Any], event: Mapping[str, Any], metadata: Mapping[str, Any]
) -> Message:
    raw = parsed.get("text") or event.get("text") or ""
    intent = (parsed.get("intent") or {}).get("name") or ""
    # Typed text never becomes a command (the channel sees to it), so "/intent" is a tapped button.
    tapped = raw.startswith("/") and bool(intent) and raw[1:].startswith(intent)
    entities = [e for e in parsed.get("entities") or [] if e.get("entity")]
    about = next((str(e["value"]) for e in entities if e["entity"] == "about"), None)
    home = (metadata.get("resident") or {}).get("home")
    wished = None if tapped else accessible.wish(simplify(raw))
    message = Message(
        id=str(event.get("message_id") or ""),
        text="" if tapped or raw in WORDLESS else simplify(raw),
        written="" if tapped or raw in WORDLESS else raw,
        intent=intent,
        confidence=float((parsed.get("intent") or {}).get("confidence") or 0.0),
        now=read_time(metadata.get("now")),
        entities=tuple(
            _entity(e, raw, tapped) for e in entities if e["entity"] not in ("about", "service")
        ),
        leaf=_leaf(entities),
        readings=_readings(parsed),
        uncertain=bool(parsed.get("uncertain")),
        tapped=tapped,
        about=about,
        elder=bool(metadata.get("elder")) if wished is None else wished,
        elder_before=bool(metadata.get("elder")),
        channel=str(metadata.get("channel") or "web"),
        mode=str(metadata.get("mode") or "bot"),
        attachments=tuple(metadata.get("attachments") or ()),
        location=metadata.get("location") or None,
        resident=Resident(
            name=(metadata.get("resident") or {}).get("name"),
            phone_known=bool((metadata.get("resident") or {}).get("phone_known")),
            pref=str((metadata.get("resident") or {}).get("pref") or ""),
            home=home if home and home.get("compound_id") else None,
            consents=tuple(metadata.get("consents") or ()),
        ),
        pending_callback=metadata.get("pending_callback") or None,
        left=metadata.get("draft") or None,
        held=metadata.get("place") or None,
        needed=metadata.get("needed") or None,
    )
    parts = _parts(message, parsed.get("parts") or []) or one_each(message)
    return replace(message, parts=parts)


def _parts(whole: Message, parsed: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """Return the requests that one message tells of; a place said with one is the place of all.

    So is its compound, and of orders the day and the meal.
    """
    parts = [_part(whole, number, each) for number, each in enumerate(parsed)]
    if len([p for p in parts if not _only_on_behalf(p)]) < 2:
        return ()
    place = next((e for p in parts for e in p.entities if e.type == "address"), None)
    if place is not None:
        parts = [
            _in_compound(p, place) if p.all("address") else _with(p, _shared(p, place))
            for p in parts
        ]
    ordered = [p for p in parts if p.intent == _ORDER]
    for kind in ("time", "meal"):
        said = next((e for p in ordered for e in p.entities if e.type == kind), None)
        if said is not None:
            shared = replace(said, start=0, end=0)
            parts = [p if p.intent != _ORDER or p.all(kind) else _with(p, shared) for p in parts]
    return tuple(parts)


def _shared(part: Message, place: Entity) -> Entity:
    """Return the place that was told with another part; the lamp in the street is not in the flat."""
    if not isinstance(place.value, Mapping):
        return replace(place, start=0, end=0)
    value = leaves.whereabouts(part.leaf.id if part.leaf else None, place.value)
    text = place.text if value == place.value else say_address(value)
    return replace(place, value=value, text=text, start=0, end=0)


def _only_on_behalf(part: Message) -> bool:
    """Whether a part only says for whom the other is told (“替我妈报一下，…”)."""
    rest = part.text
    for person in part.all("relation"):
        rest = rest.replace(person.text, "")
    return rest != part.text and bool(pattern("each", "on_behalf").fullmatch(rest.strip(" ，,。")))


def one_each(whole: Message, told: str | None = None) -> tuple[Message, ...]:
    """Return one request for each house of “…灯坏了，一个3号楼一个5号楼”; empty when they are not counted up.

    The compound may stand before the houses or behind them (“…，幸福小区的”).

    Args:
        whole: The message.
        told: What it is about, when that was said before and this only answers where.
    """
    if whole.tapped or (told is None and whole.intent != "report_problem"):
        return ()
    places = [e for e in whole.all("address") if isinstance(e.value, Mapping)]
    houses = [e for e in places if e.value.get("building")]
    first = [pattern("each", "one").search(whole.text[: e.start]) for e in houses]
    if len(houses) < 2 or not all(first):
        return ()
    last = next(
        (e for e in places if e.start >= houses[-1].end and "building" not in e.value), None
    )
    end = last.start if last else len(whole.text)
    gaps = [*zip(houses, (*(m.start() for m in first[1:] if m), end), strict=True)]
    if last is not None:
        gaps.append((last, len(whole.text)))
    if not all(pattern("each", "behind").match(whole.text[e.end : end]) for e, end in gaps):
        return ()
    head = first[0].start() if first[0] else 0
    story = whole.text[:head].rstrip(" ，,、。；;：:") if told is None else told
    said = [e for e in whole.entities if e.end <= head]
    named = [e.value.get("community") for e in (*said, last) if e and e.type == "address"]
    compound = next(filter(None, named), None)
    beside = tuple(e for e in said if e.type not in ("address", "count"))
    return tuple(
        replace(
            whole,
            text=f"{story}，{house.text}",
            written=f"{story}，{house.text}",
            entities=(*beside, _house(house, compound)),
            said_in=f"{whole.id}#{number}",
        )
        for number, house in enumerate(houses)
    )


def _house(entity: Entity, compound: Any) -> Entity:
    value = (
        entity.value if entity.value.get("community") else {"community": compound, **entity.value}
    )
    return replace(entity, value={k: v for k, v in value.items() if v}, start=0, end=0)


_ORDER = "book_meal"


def _with(part: Message, entity: Entity) -> Message:
    return replace(part, entities=(*part.entities, entity))


def _in_compound(part: Message, place: Entity) -> Message:
    """Return the part with the compound of another part's place, when it names only a house."""
    compound = place.value.get("community") if isinstance(place.value, Mapping) else None

    def whole(entity: Entity) -> Entity:
        value = entity.value
        if entity.type != "address" or not isinstance(value, Mapping):
            return entity
        if value.get("community") or not value.get("building"):
            return entity
        return replace(entity, value={"community": compound, **value})

    return replace(part, entities=tuple(map(whole, part.entities))) if compound else part


def _part(whole: Message, number: int, parsed: Mapping[str, Any]) -> Message:
    text = str(parsed.get("text") or "")
    entities = [e for e in parsed.get("entities") or [] if e.get("entity")]
    return replace(
        whole,
        text=simplify(text),
        written=text,
        intent=str((parsed.get("intent") or {}).get("name") or ""),
        confidence=float((parsed.get("intent") or {}).get("confidence") or 0.0),
        entities=tuple(_entity(e, text, False) for e in entities if e["entity"] != "service"),
        leaf=_leaf(entities),
        readings=_readings(parsed),
        uncertain=bool(parsed.get("uncertain")),
        said_in=f"{whole.id}#{number}",
    )


def _readings(parsed: Mapping[str, Any]) -> tuple[Reading, ...]:
    return tuple(
        Reading(r["intent"], r.get("leaf"), float(r.get("confidence") or 0.0))
        for r in parsed.get("readings") or []
    )


def _entity(e: Mapping[str, Any], raw: str, tapped: bool) -> Entity:
    if tapped:  # its offsets are those of the payload, not of anything said
        return Entity(e["entity"], e.get("value"), str(e.get("value")))
    start, end = int(e.get("start") or 0), int(e.get("end") or 0)
    return Entity(e["entity"], e.get("value"), str(e.get("text") or raw[start:end]), start, end)


def _leaf(entities: Sequence[Mapping[str, Any]]) -> Leaf | None:
    found = next((e for e in entities if e["entity"] == "service" and e.get("value")), None)
    if found is None:
        return None
    confidence = found.get("confidence")
    return Leaf(
        str(found["value"]),
        1.0 if confidence is None else float(confidence),  # a tapped choice is certain
        tuple(
            (str(a["value"]), float(a.get("confidence") or 0.0))
            for a in found.get("alternatives") or []
        ),
    )
