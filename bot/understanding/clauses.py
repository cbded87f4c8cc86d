"""Two or three requests in one message: where to cut, and which pieces are requests of their own.

Cutting is by words that join (``bot/data/joins.yml``); what the pieces mean is for the model to say.
A piece that is no request, or the same one once more, stays with the one before it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from bot.understanding.words import load

Parse = Mapping[str, Any]
_EDGE = " ，,。；;、！!：:\n\t"
MOST = 4
"""More pieces than this are a story, not a list of requests."""
MOST_LISTED = 7
"""The same where they are announced or counted up: six, and the place of all."""
BEGINS_LIST = 8
"""So many characters may stand before the first number of a list."""


def split(text: str) -> list[str]:
    """Return the pieces of a message that may be requests of their own; one piece when none."""
    data = load("joins")
    listing = re.match(data["listing"], text)
    if listing:
        return _kept(re.split(data["item"], text[listing.end() :]), text, MOST_LISTED)
    if numbers := _numbered(text):
        borders = [0, *numbers, len(text)]
        return _kept([text[a:b] for a, b in pairwise(borders)], text, MOST_LISTED)
    cuts = {m.start() for m in re.finditer(data["join"], text)}
    cuts |= {m.end() for m in re.finditer(data["also"], text)}
    cuts |= {m.end() for m in re.finditer(data["house"], text)}
    ends = {m.end() for m in re.finditer(data["sentence"], text.rstrip(_EDGE))}
    if len(ends) < data["sentences"]:
        cuts |= ends
    row = _row(text)
    borders = [0, *sorted(cuts | row), len(text)]
    return _kept([text[a:b] for a, b in pairwise(borders)], text, MOST_LISTED if row else MOST)


def is_listing(text: str) -> bool:
    """Whether the speaker announces several things (“我说三个事：…”) or counts them up (“1…2…”)."""
    return bool(re.match(load("joins")["listing"], text)) or bool(_numbered(text))


_SENTENCE_END = re.compile(r"[。；;！!\n]")


def _row(text: str) -> set[int]:
    """Return where another trouble begins in a row of them (“楼道灯不亮，水管漏了，电梯坏了”).

    A clause is one when it is short and says at once another thing and what is wrong with it. A story, and a
    complaint of one who does nothing about any of it, is one matter.
    """
    data = load("joins")["row"]
    if re.search(data["one_matter"], text):
        return set()
    found: set[int] = set()
    before: set[int] = set()
    told_until = 0
    for clause in re.finditer(data["clause"], text):
        if _SENTENCE_END.search(text[told_until : clause.start()]):
            before = set()  # another sentence: commas alone make a row
        told_until = clause.end()
        kind = _kind(clause[0].strip(), data, first=not before)
        if kind is None or kind in before:
            continue
        if before:
            found.add(clause.start())
        before.add(kind)
    return found


def _kind(clause: str, data: Mapping[str, Any], *, first: bool) -> int | None:
    """Return which thing of a row's table a clause tells the trouble of; None for no trouble of its own."""
    if not first and re.search(data["goes_on"], clause):
        return None
    lead = data["lead_first" if first else "lead"]
    for kind, row in enumerate(data["things"]):
        told = f".{{0,{lead}}}?(?:{row['thing']})[^，,。]{{0,4}}(?:{row['trouble']})"
        match = re.match(told, clause)
        if match and len(clause) - match.end() <= data["behind"]:
            return kind
    return None


def _numbered(text: str) -> list[int]:
    """Return where the things of a list begin that are counted up; empty for fewer than two."""
    data, at = load("joins"), 0
    found: list[int] = []
    for number in data["numbered"]:
        mark = re.compile(rf"(?:^|(?<=[\u4e00-\u9fff{_EDGE}]))[(（]?(?:{number}){data['behind']}")
        match = mark.search(text, at)
        if match is None or (not found and match.start() > BEGINS_LIST):
            break
        found.append(match.start())
        at = match.end()
    return found if len(found) > 1 else []


def _kept(pieces: Sequence[str], text: str, most: int = MOST) -> list[str]:
    lead = load("joins")["lead"]
    found = [re.sub(lead, "", piece.strip(_EDGE)).strip(_EDGE) for piece in pieces]
    found = [piece for piece in found if piece]
    return found if 1 < len(found) <= most else [text]


def distinct(parses: Sequence[Parse], listed: bool = False) -> list[dict[str, Any]]:
    """Return the pieces that are requests of their own, each with what belongs to it.

    Args:
        parses: What the model made of each piece, in the order said.
        listed: The speaker announced several things: then a piece of two words is one, too.

    Returns:
        At least two parses, or nothing when the message is one request.
    """
    found: list[dict[str, Any]] = []
    before: list[Parse] = []
    for parse in map(_as_asked, parses):
        if not _is_request(parse, listed):
            if found:
                found[-1] = _joined(found[-1], parse)
            else:
                before.append(parse)
        elif any(_same(parse, other) for other in found) or (found and _announces(found[-1])):
            found[-1] = _joined(found[-1], parse)
        else:
            found.append(dict(parse))
    if len(found) < 2:
        return []
    for parse in reversed(before):
        facts = [e for e in parse.get("entities") or [] if e.get("entity") != "service"]
        led = _joined({**parse, "entities": facts}, found[0])
        found[0] = {**led, **{k: found[0].get(k) for k in _MEANING}}
    return found


_MEANING = ("intent", "intent_ranking", "readings", "uncertain")


def may_be_several(parses: Sequence[Parse], listed: bool = False) -> bool:
    """Say whether pieces that were only looked at quickly may be two requests; when in doubt, yes.

    Args:
        parses: As in :func:`distinct`, made without the sentence vectors.
        listed: As there.
    """
    found: set[tuple[str, str | None, str]] = set()
    for parse in map(_as_asked, parses):
        intent = parse.get("intent") or {}
        told = (
            listed or _asks(parse) or float(intent.get("confidence") or 0) >= load("joins")["maybe"]
        )
        if told and _can_be_asked(parse):
            found.add((str(intent.get("name")), _leaf(parse)[0], _house(parse)))
    return len(found) > 1


def _asks(parse: Parse) -> bool:
    """Whether a piece says itself that it asks something else than what was told before it."""
    return bool(re.match(load("joins")["asks"], str(parse.get("text"))))


def _as_asked(parse: Parse) -> Parse:
    """Return a piece that asks, as a question of ours: when in doubt about what goes on in the community."""
    data, intent = load("joins"), parse.get("intent") or {}
    if not _asks(parse) or intent.get("name") in data["requests"]:
        return parse
    return {**parse, "intent": {**intent, "name": data["asks_as"]}}


def _can_be_asked(parse: Parse) -> bool:
    data = load("joins")
    told = (parse.get("intent") or {}).get("name") in data["requests"]
    return told and not re.match(data["story"], str(parse.get("text")))


def _is_request(parse: Parse, listed: bool) -> bool:
    intent = parse.get("intent") or {}
    sure = (
        not parse.get("uncertain") and float(intent.get("confidence") or 0) >= load("joins")["sure"]
    )
    return _can_be_asked(parse) and (listed or sure or _asks(parse))


def _announces(parse: Parse) -> bool:
    """Whether a piece only says what comes (“我想提个建议”): the next one is what it announces."""
    return bool(re.fullmatch(load("joins")["announces"], str(parse.get("text"))))


def _same(one: Parse, other: Parse) -> bool:
    """Whether two pieces ask for the same: the same intent, no clear other matter, no other house."""
    if (one.get("intent") or {}).get("name") != (other.get("intent") or {}).get("name"):
        return False
    houses = {_house(one), _house(other)} - {""}
    if len(houses) > 1:
        return False
    (leaf, sure), (known, _) = _leaf(one), _leaf(other)
    return leaf is None or leaf == known or sure < load("joins")["leaf_sure"]


def same_for_each(parses: Sequence[Parse]) -> bool:
    """Whether a sentence that was said of several places (``each_place``) asks for the same at each."""
    return all(_can_be_asked(p) for p in parses) and len({p["intent"]["name"] for p in parses}) == 1


def _house(parse: Parse) -> str:
    """Return compound and building of the one house a piece names; empty when none, or several."""
    said = [
        e.get("value") or {} for e in parse.get("entities") or [] if e.get("entity") == "address"
    ]
    houses = {f"{v.get('community') or ''}/{v['building']}" for v in said if v.get("building")}
    return houses.pop() if len(houses) == 1 else ""


def _leaf(parse: Parse) -> tuple[str | None, float]:
    found = next((e for e in parse.get("entities") or [] if e.get("entity") == "service"), None)
    if found is None:
        return None, 0.0
    return str(found.get("value")), float(found.get("confidence") or 0.0)


def _joined(one: Parse, more: Parse) -> dict[str, Any]:
    """Return ``one`` with the words and the facts of ``more`` behind its own."""
    text = f"{one.get('text')}，{more.get('text')}"
    move = len(str(one.get("text"))) + 1
    facts = [
        {**e, "start": int(e.get("start") or 0) + move, "end": int(e.get("end") or 0) + move}
        for e in more.get("entities") or []
        if e.get("entity") != "service" or not _leaf(one)[0]
    ]
    return {**one, "text": text, "entities": [*(one.get("entities") or []), *facts]}
