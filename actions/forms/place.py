"""The place of a request: what was said, what the services made of it, what is still missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from actions.dialogue import load, pattern
from actions.forms.draft import CONFIRM, Draft, Field, Values
from actions.forms.replies import (
    HOME,
    SKIP,
    UNKNOWN_PLACE,
    bare,
    choice,
    is_no,
    is_question,
    is_yes,
    leaves_open,
    leftover,
    names_place,
)
from actions.knowledge import leaves
from actions.message import Entity, Message
from actions.talk import corrections
from actions.talk.echo import LIES, say_address
from bot.understanding.numbers import to_int

PARTS = ("community", "building", "unit", "floor", "room", "place")
MAX_ASKS = 3
"""How often the place is asked at most; then the words stand as they are and a person looks."""
BUILDING_DIGITS = 3
"""A bare number this long can be a building; a longer one is a phone."""
SAME = 3
"""So many characters at the end of one place and the beginning of another name the same (“3号楼”)."""
MAX_ASKS_UNKNOWN = 2
"""The same, when the locality does not know the place by the words said."""

NAME_LONGEST = 6
"""So many characters between a compound and a spot can be the spot's name."""
_NAME = re.compile(r"[\u4e00-\u9fff]*")
_CLAUSE = re.compile(r"[，,。；;！!？?\n]+")
DOOR_SAID = "door_said"
"""Value that is set when a door was told instead of a phone, which is then asked for again."""
PINNED = "pinned"
"""Label of the last location that was shared: it was heard also when it says nothing new."""
_FLOOR = re.compile(r"(?:(?P<floor>[一二三四五六七八九十]{1,3}|\d{1,2})(?:楼|层))?").pattern
_ONLY_FLOOR = re.compile(
    r"(?P<own>(?:我|俺|咱)们?(?:家|屋|们)?(?:就)?(?:住)?(?:在|是)?)?(?:就)?(?:是|在)?"
    r"(?P<floor>[一二三四五六七八九十]{1,3}|\d{1,2})(?:楼|层)(?:的|那家|那户)?"
)
_DOOR = re.compile(rf"(?:在|是)?{_FLOOR}(?P<room>\d{{3,4}})?(?:室|号|房)?(?:的|啊|哈|嘛)?")
_DOOR_BEHIND = re.compile(
    rf"[，,、 ]+(?:在|住)?{_FLOOR}[，,、 ]*(?P<room>\d{{3,4}}(?![\d.]|号?楼|[元块份人个天点年月]))?(?:室|号|房)?"
)

_NO_PLACE = frozenset(
    "rate_service thank urge_ticket withdraw_ticket reject_resolution complain_assistant "
    "ask_human cancel_dialog".split()
)
"""Intents that are no answer to “在哪儿”, however short."""

_MAY_BE_PLACE = frozenset({"report_problem", "supplement_ticket", "chitchat", "out_of_scope"})
"""What the classifier makes of a nickname (“老邮电”)."""

# Outcomes of looking at a place.
RESOLVED = "resolved"
AMBIGUOUS = "ambiguous"
UNKNOWN = "unknown"
AS_SAID = "as_said"
"""Taken in the resident's words: they do not know more, or the look-up is away."""


def read(message: Message, draft: Draft) -> Values:
    """Read the place from any message: entities, a shared location, “我家”, a tapped candidate.

    A later message corrects the parts it names (“不对,是5号楼”) and keeps the rest.
    """
    picked = _picked(message, draft) or _door(message, draft) or _whereabouts(message, draft)
    if picked:
        return picked
    said = _put_right(
        [e for e in message.meant("address") if isinstance(e.value, Mapping)], message
    )
    if message.location and message.location.get("label"):
        label = str(message.location["label"])
        return {**_pinned(label, said, draft), PINNED: label}
    named = named_parts(message)
    if said:
        entity = max(
            reversed(_harmed(message, said)), key=lambda e: (len(e.value), "building" in e.value)
        )  # “三号楼…，幸福小区的”: the house, the compound is said beside it
        parts = {k: v for k, v in entity.value.items() if k in PARTS}
        door = {**_side(message, entity), **_behind(message, entity)}
        if (own := _own_door(message)) and own != entity.value.get("room"):
            parts = {k: v for k, v in parts.items() if k not in ("floor", "room")}
            door = {"room": own}  # what is above it or beside it is where the harm comes from
        parts = {**_nearer(message, draft, parts), **door, **named}
        where = _compound_said(said, parts) or _compound_before(message, said, parts)
        if draft.get(PINNED) and {"community", "building"} <= set(where | parts):
            draft = _without_label(draft)
        whole = {**where, **parts}
        words = say_address(whole) if door or named else f"{''.join(where.values())}{entity.text}"
        return _fresh(draft, whole, words)
    if named:
        return _fresh(draft, named, say_address(named))
    if HOME.search(message.text) and message.resident.home and not draft.get("address"):
        return home(message)
    return {}


def _unlisted(draft: Draft) -> bool:
    """Whether a compound was named that the locality's list does not have."""
    named = (draft.get("address") or {}).get("community")
    unknown = draft.get("place_status") == UNKNOWN and not draft.get("place_options")
    return bool(named) and unknown and "compound" in (draft.get("place_missing") or [])


def _whereabouts(message: Message, draft: Draft) -> Values:
    """Read where a compound lies that is not listed (“在建设街，挨着粮库”): a person finds it by that.

    Another house or compound is read as a place of its own.
    """
    if draft.asked != "place" or not _unlisted(draft) or message.tapped or is_question(message):
        return {}
    said = [e for e in message.meant("address") if isinstance(e.value, Mapping)]
    text = corrections.behind(message.text).strip(" ，,。！!")
    if any(set(e.value) != {"place"} for e in said) or not (said or names_place(text)):
        return {}
    told = [e.text for e in said] if message.all("phone") else [text]
    spot = "，".join(pattern("forms", "lies").sub("", t, count=1) for t in told)
    address = {**(draft.get("address") or {}), "place": spot, LIES: True}
    return {
        "address": address,
        "address_text": say_address(address),
        "place": None,
        "place_status": AS_SAID,
    }


def named_parts(message: Message) -> dict[str, str]:
    """Return the parts of a place that are said by their names (“楼是8号，单元是1，门是302”)."""
    if message.tapped:
        return {}
    found = {part: _part_named(part, message.text) for part in load("forms")["part_is"]}
    return {
        part: str(to_int(each["n"])) for part, each in found.items() if each and to_int(each["n"])
    }


def in_named_part(message: Message, entity: Entity) -> bool:
    """Whether what looks like a day (“8号”) is the number of a house that is said by its name (“楼是8号”)."""
    found = (_part_named(part, message.text) for part in load("forms")["part_is"])
    return any(each and each.start() <= entity.start < each.end() for each in found)


def _part_named(part: str, text: str) -> re.Match[str] | None:
    return pattern("forms", "part_is", part).search(text)


def _put_right(said: Sequence[Entity], message: Message) -> list[Entity]:
    """Return the places, each one that takes back the one before it (“6号楼二单元，哦不对，是7号楼”) joined with that.

    The parts that are named again count; those that are not stay, unless it is another compound.
    """
    wrong = pattern(corrections.DATA, "wrong")
    found: list[Entity] = []
    for entity in said:
        if found and wrong.search(message.text[found[-1].end : entity.start]):
            before = found.pop()
            moved = entity.value.get("community") not in (None, before.value.get("community"))
            value = {**({} if moved else before.value), **entity.value}
            entity = replace(entity, value=value, text=say_address(value) or entity.text)
        found.append(entity)
    return found


def _harmed(message: Message, said: Sequence[Entity]) -> Sequence[Entity]:
    """Return the places without those that the harm comes from (“楼上3号楼602”), unless nothing is left."""
    source = pattern("forms", "harm_from")
    left = [e for e in said if not (e.value.get("room") and source.search(message.text[: e.start]))]
    return left or said


def _own_door(message: Message) -> str:
    """Return the door that the speaker calls their own beside another one (“我住502，楼上602漏水”)."""
    found = pattern("forms", "own_door").search(message.text)
    return found["room"] if found else ""


def _pinned(label: str, said: Sequence[Entity], draft: Draft) -> Values:
    """Read the label of a shared location, by its parts where they were understood.

    What names the place again that is known is said once, the finer of the two.
    """
    houses = [e.value for e in said if e.value.get("community")]
    if houses:
        parts = max(reversed(houses), key=len)
        return _fresh(draft, {k: v for k, v in parts.items() if k in PARTS}, label)
    known = dict(draft.get("address") or {})
    words = say_address(known)
    if words and label in words:
        return {}
    for at in range(len(label) if words else 0):
        rest = label[at:]
        if words.startswith(rest) and len(rest) >= SAME:
            return {}
        if rest.startswith(words):
            finer = rest.removeprefix(words).strip()
            return _fresh(draft, {"place": f"{known.get('place') or ''}{finer}"}, label)
    return _fresh(draft, {"place": label}, label)


def _nearer(message: Message, draft: Draft, parts: Mapping[str, Any]) -> dict[str, Any]:
    """Join a second place to the first: “人民路”, then “小卖部对面那根” – the road goes first."""
    before, now = (
        str((draft.get("address") or {}).get("place") or ""),
        str(parts.get("place") or ""),
    )
    public = pattern("forms", "public_place")
    corrects = pattern("forms", "corrects").search(message.text)
    if set(parts) == {"place"} and before and not corrects and (one := joined(before, now)):
        return {"place": one}
    road_first, road_now = public.search(before), public.search(now)
    adds = bool(road_first) != bool(road_now) and (road_first or draft.asked == "place")
    if not adds or set(parts) != {"place"} or not before or corrects:
        return dict(parts)
    return {"place": f"{now}{before}" if road_now else f"{before}{now}"}


def _compound_said(said: Sequence[Entity], parts: Mapping[str, Any]) -> dict[str, str]:
    """Return the compound named apart from the building (“住在幸福小区…就是3号楼那个灯”)."""
    named = {str(e.value["community"]) for e in said if e.value.get("community")}
    if "community" in parts or "building" not in parts or len(named) != 1:
        return {}
    return {"community": named.pop()}


def _compound_before(
    message: Message, said: Sequence[Entity], parts: dict[str, Any]
) -> dict[str, str]:
    """Return the compound right before a spot in it (“幸福小区便民超市旁边”); the spot gains its name."""
    spot = next((e for e in said if set(e.value) == {"place"} and e.value == parts), None)
    named = next((e for e in said if set(e.value) == {"community"}), None)
    if spot is None or named is None:
        return {}
    between = message.text[named.end : spot.start]
    if len(between) > NAME_LONGEST or not _NAME.fullmatch(between):
        return {}
    parts["place"] = f"{between}{parts['place']}"
    return {"community": str(named.value["community"])}


def _without_label(draft: Draft) -> Draft:
    """Return the draft without the label of a shared location: the house said by name is the place."""
    address = {k: v for k, v in (draft.get("address") or {}).items() if k != "place"}
    return replace(draft, values={**draft.values, "address": address})


def joined(before: str, now: str) -> str:
    """Return two names of one spot as one: “青年街老邮电局”, “老邮电局对面”; empty when they share no name."""
    if now in before or before in now:
        return max(before, now, key=len)
    shared = (n for n in range(min(len(before), len(now)) - 1, SAME - 1, -1))
    return next((before + now[n:] for n in shared if before.endswith(now[:n])), "")


def answer(message: Message, draft: Draft) -> Values:
    """Read free text said in answer to “在哪儿”."""
    sure = not message.uncertain and not message.tapped
    if message.intent in _NO_PLACE and sure and not leaves_open(message):
        return {}
    if message.tapped:
        return home(message) if message.about == "home" else _declined(message, draft)
    if message.all("address"):
        return {}
    options = draft.get("place_options") or []
    index = choice(message, [str(o["label"]) for o in options])
    if index is not None and options:
        return _chosen(options[index], draft)
    words = bare(message.text)
    if UNKNOWN_PLACE.search(words):
        return {"place_status": AS_SAID, "incomplete": True}
    if message.resident.home and (HOME.search(message.text) or is_yes(message)):
        return home(message)
    asked_home = bool(message.resident.home) and not draft.get("home_declined")
    if is_no(message) and (options or asked_home or not SKIP.search(words)):
        return _declined(message, draft)
    if is_yes(message):
        return _chosen(options[0], draft) if len(options) == 1 else {}
    if SKIP.search(words):
        return {"place_status": AS_SAID, "incomplete": True}
    if (
        words.isdigit()
        and len(words) <= BUILDING_DIGITS
        and draft.get("place_missing") == ["building"]
    ):
        return _fresh(draft, {"building": words}, words)
    return _in_own_words(message, draft)


def _in_own_words(message: Message, draft: Draft) -> Values:
    """Take words that no rule reads as a place: with a word of position, or so short that they may
    be the nickname of one. A nickname is a guess that falls when the locality does not know it."""
    text = corrections.behind(message.text).strip(" ，,。")
    if not leftover(message) or is_question(message) or corrections.matter(message):
        return {}
    pieces = [p.strip() for p in _CLAUSE.split(text) if p.strip()]
    if floor := _floor_alone(pieces):
        return _fresh(draft, {"floor": floor}, text)
    spots = [p for p in pieces if names_place(p)]
    if len(pieces) > 1 and len(spots) == 1:  # “路灯坏了，老邮电局对面”
        text = spots[0]
    if names_place(text):
        return _fresh(draft, _nearer(message, draft, {"place": text}), text)
    short = len(bare(text)) <= load("forms")["place_short"]
    if short and (message.uncertain or message.intent in _MAY_BE_PLACE):
        return {**_fresh(draft, {"place": text}, text), "place_guess": True}
    return {}


def _floor_alone(pieces: Sequence[str]) -> str:
    """Return the floor when nothing else was said; of two (“是四楼，我家在三楼”) one's own; empty otherwise."""
    said = [_ONLY_FLOOR.fullmatch(bare(p)) for p in pieces]
    floors = [s for s in said if s is not None]
    if not floors or len(floors) < len(said):
        return ""
    return str(to_int(next((s for s in floors if s["own"]), floors[-1])["floor"]))


def home(message: Message) -> Values:
    """Return the resident's own home as the place."""
    known = message.resident.home or {}
    parts = {
        "community": known.get("compound"),
        **{k: known.get(k) for k in ("building", "unit", "room")},
    }
    address = {k: str(v) for k, v in parts.items() if v}
    return {
        "address": address,
        "address_text": say_address(address),
        "place": None,
        "place_status": None,
    }


def _declined(message: Message, draft: Draft) -> Values:
    """“不是家里” opens the question; “都不是” drops the candidates."""
    if not is_no(message):
        return {}
    return {"home_declined": True, "place_options": []}


def _fresh(draft: Draft, parts: Mapping[str, Any], text: str) -> Values:
    old = dict(draft.get("address") or {})
    if parts.get("community") and old.get("community") not in (None, parts["community"]):
        old = {}  # another compound: its old building says nothing
    if parts.get("place"):
        old.pop(LIES, None)  # a spot of its own takes the place of where the compound lies
    address = {**old, **{k: v for k, v in parts.items() if v}}
    return {
        "address": address,
        "address_text": text if not old else say_address(address),
        "place": None,
        "place_status": None,
        "place_options": [],
        "place_guess": False,
    }


def _door(message: Message, draft: Draft) -> Values:
    """Take “501” after the question for a phone as the door that was still open."""
    known = draft.get("address") or {}
    if known.get("building") and (other := _other_door(message)):
        return _fresh(draft, {"room": other}, other)
    words, side = _without_side(bare(corrections.behind(message.text)))
    said = _DOOR.fullmatch(words)
    asked = draft.asked in ("contact", CONFIRM) and known.get("building") and not known.get("room")
    if not asked or said is None or not (said["floor"] or said["room"]):
        return {}
    again = {DOOR_SAID: True} if draft.asked == "contact" else {}
    return {**_fresh(draft, {**_door_parts(said), **side}, message.text), **again}


def _other_door(message: Message) -> str:
    """Return the door that a correction names (“房号也错了，是502”); empty without one."""
    turned = corrections.of(message)
    if turned is None or message.all("address") or message.all("time") or message.all("count"):
        return ""
    said = _DOOR.fullmatch(bare(turned.new))
    return str(said["room"]) if said and said["room"] and not said["floor"] else ""


def _door_parts(said: re.Match[str]) -> dict[str, str]:
    floor = to_int(said["floor"]) if said["floor"] else None
    return {"floor": str(floor)} if floor and not said["room"] else {"room": str(said["room"])}


def _behind(message: Message, entity: Entity) -> dict[str, str]:
    """Return the door told behind a house or its unit, apart from it (“2单元，五楼，501”, “1单元三楼，301”)."""
    said = _DOOR_BEHIND.match(message.text, entity.end)
    known = entity.value.get("building") or entity.value.get("unit")
    house = known and not entity.value.get("room")
    return _door_parts(said) if house and said and (said["floor"] or said["room"]) else {}


def _side(message: Message, entity: Entity) -> dict[str, str]:
    """Return which side of the floor is told right behind it, as a spot of the place (“三楼右手边”)."""
    side = pattern("forms", "side").match(message.text, entity.end)
    known = entity.value.get("floor") and not entity.value.get("place")
    return {"place": side["side"]} if side and known else {}


def _without_side(words: str) -> tuple[str, dict[str, str]]:
    """Return a door's words without the side that ends them, and the side as a spot of the place."""
    side = pattern("forms", "side").search(words)
    if side is None or side.end() < len(words):
        return words, {}
    return words[: side.start()], {"place": side["side"]}


def _picked(message: Message, draft: Draft) -> Values:
    if not (message.about or "").startswith("place:"):
        return {}
    index = int(str(message.about).removeprefix("place:") or 0)
    options = draft.get("place_options") or []
    return _chosen(options[index], draft) if index < len(options) else {}


def _chosen(candidate: Mapping[str, Any], draft: Draft) -> Values:
    """Take the candidate; a building said with the name that was not found is looked up in it."""
    said = dict(draft.get("address") or {})
    if said.get("building") and not candidate.get("building"):
        address = {**said, "community": str(candidate.get("compound") or "")}
        return {**_fresh(draft, address, ""), "address_text": say_address(address)}
    parts = {"community": candidate.get("compound") or candidate.get("community")}
    parts |= {k: candidate.get(k) for k in ("building", "unit", "room")}
    missing = [] if candidate.get("building") else ["building"]
    return {
        "place": dict(candidate),
        "address": {k: str(v) for k, v in parts.items() if v},
        "address_text": str(candidate.get("label") or ""),
        "place_status": RESOLVED,
        "place_missing": missing,
        "place_options": [],
    }


def to_resolve(draft: Draft) -> bool:
    """Whether the place was said or changed since it was last looked up."""
    return bool(draft.get("address")) and draft.get("place_status") is None


def resolved(draft: Draft, found: Mapping[str, Any]) -> Draft:
    """Take in the answer of ``/places/resolve`` (``status``, ``missing``, ``candidates``)."""
    candidates = list(found.get("candidates") or [])
    status = str(found.get("status") or UNKNOWN)
    missing = list(found.get("missing") or [])
    if status == AMBIGUOUS and len(candidates) == 1 and missing == ["building"]:
        status = RESOLVED  # the compound is clear, only the building is open
    if status == UNKNOWN and draft.get("place_guess"):
        before = {k: draft.before.get(k) for k in _WORDS_OF_PLACE}
        return replace(draft, values={**draft.values, **before, "place_guess": False})
    # For an unknown place the candidates are places with a similar name: still worth a tap.
    options = [] if status == RESOLVED else candidates[:3]
    place = dict(candidates[0]) if status == RESOLVED and candidates else None
    return replace(
        draft,
        values={
            **draft.values,
            "place": place,
            "place_status": status,
            "place_missing": missing,
            "place_options": options,
        },
    )


_WORDS_OF_PLACE = ("address", "address_text", "place", "place_status", "place_options")


def unresolved(draft: Draft) -> Draft:
    """The look-up is away: keep the words, do not hold the resident up."""
    return replace(draft, values={**draft.values, "place_status": AS_SAID})


def complete(draft: Draft, building: bool) -> bool:
    """Whether the place is good enough to send somebody there.

    Args:
        draft: The draft.
        building: The matter is inside a building, so its number is needed.
    """
    status = draft.get("place_status")
    if status == AS_SAID or (not building and status != RESOLVED and _public(draft)):
        return True
    if draft.asks.get("place", 0) >= (MAX_ASKS_UNKNOWN if status == UNKNOWN else MAX_ASKS):
        return True  # asked enough: the words go on the ticket and a person looks
    if status != RESOLVED:
        return False
    missing = set(draft.get("place_missing") or [])
    if not building or (draft.get("address") or {}).get("place"):
        missing.discard("building")
    return not missing


def _public(draft: Draft) -> bool:
    """Whether a road or a house everybody knows was said: there is one, in no compound."""
    address = draft.get("address") or {}
    said = str(address.get("place") or "")
    return not address.get("community") and bool(pattern("forms", "public_place").search(said))


def field(wanted: Callable[[Draft], bool] = lambda draft: True) -> Field:
    """Return the field “where”, asked when ``wanted`` says so."""

    def needed(draft: Draft, message: Message) -> bool:
        if not wanted(draft):
            return False
        leaf = draft.get("leaf")
        inside = draft.form != "report" or leaf is None or leaf in leaves.BUILDING
        return not complete(draft, inside)

    return Field("place", needed, read=read, answer=answer)


def gap(draft: Draft, message: Message) -> str:
    """Return which question fits: ``home``, ``options``, ``building``, ``compound``, ``unlisted``, ``again``, ``open``."""
    missing = draft.get("place_missing") or []
    if "compound" in missing and draft.get("place_status") == AMBIGUOUS:
        return "compound"  # candidates, if any, are offered with the question
    if draft.get("place_options"):
        return "options"
    if draft.get("place_status") == RESOLVED and missing:
        return str(missing[0])
    if draft.get("place_status") in (UNKNOWN, AMBIGUOUS):
        if _unlisted(draft):
            return "unlisted"  # what was named is not asked for again
        return "compound" if "compound" in missing else "again"
    if message.resident.home and not draft.get("home_declined"):
        return "home"
    return "open"


def to_ticket(draft: Draft) -> dict[str, Any]:
    """Return the place as ``POST /tickets`` takes it."""
    body: dict[str, Any] = {}
    if draft.get("address_text"):
        body["address_text"] = draft.get("address_text")
    if draft.get("address"):
        body["address"] = draft.get("address")
    if draft.get("place"):
        body["place"] = draft.get("place")
    return body


def say(draft: Draft) -> str:
    """Return the place in words, with the community when it is known; empty when nothing is."""
    place = draft.get("place") or {}
    address = dict(draft.get("address") or {})
    if place.get("compound"):
        address["community"] = place["compound"]  # its proper name, also when a nickname was said
    words = say_address(address) or str(draft.get("address_text") or "")
    community = place.get("community")
    return f"{words}（{community}）" if community and community not in words else words
