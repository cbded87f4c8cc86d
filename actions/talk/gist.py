"""A long story in one line, fit to be read back: where, what, since when, who suffers, what was tried.

Pure: clauses are scored by what is wrong and how (``matters``), by the words of the matter's service
card, by words of damage and by where they stand, because the point often comes last; greetings,
biography, hedges and what was tried before weigh against them. The words are data (``data/dialogue/gist.yml``). Nothing is lost by it: the whole story
stays on the ticket, the line stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from actions.dialogue import load, pattern
from actions.knowledge import leaves

DATA = "gist"
_LETTER = re.compile(r"[\u4e00-\u9fffA-Za-z0-9]")
_REPEATED = re.compile(r"([\u4e00-\u9fff]{1,4}?)\1{1,}")
_RUNS_ON = frozenset("了着住上下来去出起死到满")
"""Letters that belong to the word of damage before them."""
_REST = 4
"""So few characters behind the word of damage belong to its clause (“堆在电梯口”)."""
_SHORTEST = 3
_ENOUGH = 2.0
"""From this score on a clause tells the matter better than the leaf's name."""


@dataclass(frozen=True)
class Known:
    """What is known beside the words of the story.

    Attributes:
        leaf: The matter, a leaf of the catalogue or None.
        place: Where, in words.
        since: When it happened or since when, as said.
        subject: Whom it is for (``母亲``); empty: the speaker.
        said: Words of places, phones, names: they are said elsewhere and leave the clause.
    """

    leaf: str | None = None
    place: str = ""
    since: str = ""
    subject: str = ""
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """What stands behind the matter; the part with the smallest ``weight`` is left out first."""

    words: str
    weight: int


def is_long(story: str) -> bool:
    """Whether a story is read back as one line instead of as it was told."""
    return len(story) > int(load(DATA)["long"])


def line(story: str, known: Known, place: bool = True) -> str:
    """Return the story in one line of at most ``longest`` characters.

    Args:
        story: What was said, newest last.
        known: What was understood of it.
        place: Whether the place stands in it; where it is read back in a line of its own, it does not.
    """
    rules = load(DATA)
    matter = what(story, known)
    suffers = affected(story, matter)
    told = [
        Part(_since(story, known, matter), 5),
        Part(suffers, 3),
        Part(_danger(story, matter, bool(suffers)), 4),
        Part(tried(story, matter), 1),
        Part(_urgent(story, matter), 0),
        Part(rules["on_behalf"].format(who=known.subject) if known.subject else "", 2),
    ]
    where = known.place if place else ""
    return _fitted(where, matter, [p for p in told if p.words], rules["longest"], rules["joint"])


def what(story: str, known: Known) -> str:
    """Return the matter in the resident's own words, else the name of the leaf; of two, both."""
    first = _first(story, known)
    if not pattern(DATA, "several").search(story) or first in ("", _name(known.leaf)):
        return first
    second = _cut(another(story, known), load(DATA)["second"], None)
    second = second or _second(clauses(story, known.said), first, known)
    return f"{first}、{second}" if second else first


def _first(story: str, known: Known) -> str:
    rules = load(DATA)
    told = clauses(story, known.said)
    scored = [
        (score(c, known.leaf, index / max(len(told) - 1, 1)), -index, c)
        for index, c in enumerate(told)
    ]
    best = max(scored, default=(0.0, 0, ""))
    name = _name(known.leaf)
    short = _cut(best[2], rules["clause"], known.leaf)
    if best[0] < _ENOUGH:
        return name or short
    first = _with_thing(short, told, best[2], known.leaf)
    tells = _hits(first, known.leaf) or _trouble(known.leaf, first)
    if name and not tells and len(first) < _SHORTEST * 2:
        return f"{name}：{first}"
    return first


def ends_with_matter(story: str) -> bool:
    """Whether a long story, whatever it began with, comes to something that is wrong at its end."""
    return is_long(story) and _tells(clauses(story)[-2:])


def tells_wrong(text: str) -> bool:
    """Whether words, however few, name something that is wrong."""
    return _told(pattern(DATA, "damage"), text) is not None


def tells_matter(story: str) -> bool:
    """Whether a long story tells of something that is wrong."""
    return is_long(story) and _tells(clauses(story))


def public_thing_broken(text: str) -> bool:
    """Whether a thing that belongs to everybody is told to be broken (“广场的长凳断了腿”)."""
    return bool(_thing(None, text) and _trouble(None, text))


def _tells(told: Sequence[str]) -> bool:
    return any(pattern(DATA, "damage").search(c) and score(c, None, 1.0) >= _ENOUGH for c in told)


def one_story(parts: Sequence[str]) -> bool:
    """Whether parts of a long message tell one thing: of all of them at most one says what is wrong.

    “…天天拍皮球，我也不想跟他吵，你们出面给说说” is one report and no second one of a quarrel.
    """
    damage = pattern(DATA, "damage")
    wrong = [any(_told(damage, clause) for clause in clauses(part)) for part in parts]
    return is_long("，".join(parts)) and sum(wrong) <= 1


def clauses(story: str, said: Sequence[str] = ()) -> list[str]:
    """Return the clauses of a story without places, fillers, greetings and repetitions, in order."""
    rules = load(DATA)
    found: list[str] = []
    for piece in re.split(rules["marks"], story):
        for clause in _breaths(piece):
            clean = _cleaned(clause, said)
            if len(clean) >= _SHORTEST - 1 and clean not in found:
                found.append(clean)
    return found


def score(clause: str, leaf: str | None, position: float) -> float:
    """Return how well a clause tells the matter.

    Args:
        clause: A cleaned clause.
        leaf: The matter, if known.
        position: 0 for the first clause, 1 for the last.
    """
    points = min(_hits(clause, leaf), 3) * 1.0
    damage = _told(pattern(DATA, "damage"), clause)
    trouble = _trouble(leaf, clause)
    if trouble:
        points += 2.0 + (1.0 if _thing(leaf, clause) else 0.0)
    if damage:
        points += 2.0 if damage.start() else 1.5  # “堆了五天了” does not say what
    elif pattern(DATA, "harm").search(clause):
        points += 1.2
    points += 0.6 * position
    points += 1.0 if pattern(DATA, "point").search(clause) else 0.0
    if pattern(DATA, "fine").search(clause):
        points -= 4.0
    if pattern(DATA, "biography").search(clause):
        points -= 3.0
    if pattern(DATA, "beside").search(clause):
        points -= 2.5
    if pattern(DATA, "afraid").search(clause):
        points -= 1.5
    if pattern(DATA, "aside").search(clause):
        points -= 3.0
    if pattern(DATA, "affected").search(clause) and not _thing(leaf, clause):
        points -= 1.5
    if len(clause) < _SHORTEST + 1 and not trouble:
        points -= 1.0
    return points


def _told(words: re.Pattern[str], clause: str) -> re.Match[str] | None:
    """Return where the words stand and are not denied (“不想跟他吵”)."""
    denied = pattern(DATA, "denied")
    return next((m for m in words.finditer(clause) if not denied.search(clause[: m.start()])), None)


def _matter(leaf: str | None) -> Mapping[str, Any] | None:
    """Return what a leaf is told with, ``{thing, trouble}``; of what has no leaf, public things."""
    found: Mapping[str, Any] | None = load(DATA)["matters"].get(leaf or "none")
    return found


def _trouble(leaf: str | None, clause: str) -> re.Match[str] | None:
    """Return how it is wrong in a clause; None where nothing is said of it, or the data has no such leaf."""
    matter = _matter(leaf)
    return _told(re.compile(matter["trouble"]), clause) if matter else None


def _thing(leaf: str | None, clause: str) -> re.Match[str] | None:
    """Return what is wrong in a clause, the more telling word first."""
    words = (_matter(leaf) or {}).get("thing") or ()
    return next((m for m in (re.search(w, clause) for w in words) if m), None)


def _with_thing(first: str, told: Sequence[str], clause: str, leaf: str | None) -> str:
    """Return the matter with what is wrong before it, when only how it is wrong was said there.

    Args:
        first: The matter as far as known.
        told: All clauses.
        clause: The one that the matter is from: the thing is taken from the nearest before it.
        leaf: The matter's leaf.
    """
    if _thing(leaf, first) or not _trouble(leaf, first):
        return first
    at = told.index(clause)
    others = [c for c in (*reversed(told[:at]), *told[at:]) if not pattern(DATA, "fine").search(c)]
    for words in (_matter(leaf) or {}).get("thing") or ():
        found = next((m for m in (re.search(words, c) for c in others) if m), None)
        if found:
            return f"{found.group()}{first}"
    return first


def affected(story: str, matter: str) -> str:
    """Return who suffers from it, in a few words of the story (“孙子今年高三”), or ""."""
    clean = pattern(DATA, "filler").sub("", story)
    for found in pattern(DATA, "affected").finditer(clean):
        if pattern(DATA, "no_danger").search(clean[: found.start("how")]):
            continue
        between = clean[found.end("who") : found.start("how")]
        if pattern(DATA, "of_another").search(between):
            continue  # “老伴走得早，我一个人睡不好”
        words = found["who"] + (between if len(between) <= _REST else "") + found["how"]
        if not _pairs(words) <= _pairs(matter):
            return words
    return ""


def tried(story: str, matter: str) -> str:
    """Return whom one has turned to and how often (“找过物业三回”), or ""."""
    often = load(DATA)["how_often"]
    for rule in load(DATA)["tried"]:
        for found in re.finditer(rule["words"], story):
            if pattern(DATA, "not_tried").search(story[: found.start()]):
                continue
            named = {k: v for k, v in found.groupdict().items() if v}
            before = re.search(often["before"], story[: found.start()])
            behind = re.match(often["behind"], story[found.end() :])
            times = before or behind
            more = times["times"] if times and "times" not in named else ""
            said = rule["say"].format(**named) + more
            return said if said not in matter else ""
    return ""


def _second(told: Sequence[str], first: str, known: Known) -> str:
    """Return another matter of the same story, the earliest of those told as clearly, or ""."""
    rules = load(DATA)
    scored = [(score(c, known.leaf, 0.0), -index, c) for index, c in enumerate(told)]
    for points, _, clause in sorted(scored, reverse=True):
        if points < _ENOUGH or not pattern(DATA, "damage").search(clause):
            continue
        short = _cut(clause, rules["second"], known.leaf)
        if len(short) > _SHORTEST and not _pairs(short) & _pairs(first):
            return short
    return ""


def another(story: str, known: Known) -> str:
    """Return the words of a second matter that a letter comes to (“另外，台阶缺了一个角”), or "".

    Only what is said to be another one, is clearly wrong and is not the first matter once more.

    Args:
        story: What was said.
        known: What was understood of it; its leaf is the first matter's.
    """
    if not is_long(story):
        return ""
    first = _first(story, known)
    for marked in pattern(DATA, "another").finditer(story):
        rest = re.split(load(DATA)["sentence"], story[marked.end() :], maxsplit=1)[0]
        for clause in clauses(rest, known.said):
            own = _trouble(known.leaf, clause) and _thing(known.leaf, clause)
            wrong = _told(pattern(DATA, "damage"), clause)
            if wrong and not own and score(clause, None, 0.0) >= _ENOUGH:
                return "" if _pairs(clause) & _pairs(first) else clause
    return ""


def _breaths(piece: str) -> list[str]:
    """Cut what was told in one breath."""
    rules = load(DATA)
    if len(piece) <= rules["breath"]:
        return [piece]
    cuts = {m.start() for m in pattern(DATA, "before").finditer(piece)}
    cuts |= {m.end() for m in pattern(DATA, "behind").finditer(piece)}
    ends = pattern(DATA, "no_cut")
    inside = sorted(c for c in cuts if 0 < c < len(piece) and not ends.search(piece[:c]))
    borders = [0, *inside, len(piece)]
    return [piece[a:b] for a, b in pairwise(borders)]


def _cleaned(clause: str, said: Sequence[str]) -> str:
    for words in sorted((w for w in said if w), key=len, reverse=True):
        clause = re.sub(
            rf"(?:(?:都|已经)*有|自?从)?{re.escape(words)}(?:[多来]?了|开始|起)?", "", clause
        )
    clause = pattern(DATA, "filler").sub("", clause)
    clause = _REPEATED.sub(_once, clause)
    before = None
    while before != clause:
        before = clause
        clause = pattern(DATA, "hedge").sub("", clause)
        clause = pattern(DATA, "lead").sub("", clause)
        clause = pattern(DATA, "tail").sub("", clause)
    return clause


def _once(found: re.Match[str]) -> str:
    """Keep a doubled word once; two letters alike are often one word (“天天”, “慢慢”)."""
    word, times = found.group(1), len(found.group()) // len(found.group(1))
    return found.group() if len(word) == 1 and times == 2 else word


def _cut(clause: str, longest: int, leaf: str | None) -> str:
    """Return a clause in so many characters, around the words that carry it."""
    if len(clause) <= longest:
        return clause
    marks = [m.span() for m in pattern(DATA, "damage").finditer(clause)]
    if matter := _matter(leaf):
        marks = [m.span() for m in re.finditer(matter["trouble"], clause)] or marks
    marks = marks or [
        (i, i + 2) for i in range(len(clause) - 1) if clause[i : i + 2] in _words(leaf)
    ]
    if not marks:
        return clause[:longest]
    thing = _thing(leaf, clause)
    first = marks[0][0]
    if thing and thing.start() < first and marks[0][1] - thing.start() <= longest:
        first = thing.start()
    end = max(b for _, b in marks if b - first <= longest)
    while end < len(clause) and clause[end] in _RUNS_ON:
        end += 1
    if len(clause) - end <= _REST:
        end = len(clause)
    start = max(0, end - longest)
    if thing and thing.end() <= marks[0][0] and start > 0:
        start = thing.start()  # not in the middle of what stands before it
    return pattern(DATA, "tail").sub("", pattern(DATA, "lead").sub("", clause[start:end]))


def _fitted(where: str, matter: str, behind: Sequence[Part], longest: int, joint: str) -> str:
    """Join the parts; what does not fit is left out, the least first, and the place is cut last."""
    parts = list(behind)
    while True:
        tail = joint.join([matter, *(p.words for p in parts)])
        room = longest - len(tail) - (1 if where else 0)
        if room >= (len(where) if where else 0):
            return f"{where} {tail}" if where else tail
        if not parts:
            break
        parts.remove(min(parts, key=lambda p: p.weight))
    room = longest - len(matter) - 1
    return f"{where[: max(room, 0)]} {matter}".strip()[:longest]


def _since(story: str, known: Known, matter: str) -> str:
    told = "" if pattern(DATA, "no_since").match(known.since) else known.since
    if not told:
        beside = ("biography", "beside", "affected")
        pieces = [p for p in re.split(load(DATA)["marks"], story) for p in _breaths(p)]
        pieces = [p for p in pieces if not any(pattern(DATA, b).search(p) for b in beside)]
        found = (pattern(DATA, "lasted").search(p) for p in pieces)
        told = next((m.group() for m in found if m), "")
    since = f"{told}了" if told and f"{told}了" in story else told
    return "" if since in matter else since


def _danger(story: str, matter: str, suffers: bool = False) -> str:
    """Return a danger that was said to be there; one that is only feared is said to be feared.

    Args:
        story: What was said.
        matter: What is read back before it.
        suffers: Whether it is read back who suffers: who fell then need not be said twice.
    """
    for found in pattern(DATA, "danger").finditer(story):
        words = found.group()
        if words in matter:
            return ""
        hurt = suffers and pattern(DATA, "harm").search(words)
        if not hurt and not pattern(DATA, "no_danger").search(story[: found.start()]):
            return words
    return ""


def _urgent(story: str, matter: str) -> str:
    return load(DATA)["urgent_word"] if pattern(DATA, "urgent").search(story) else ""


def _name(leaf: str | None) -> str:
    return leaves.names().get(leaf or "", "")


def _pairs(text: str) -> set[str]:
    letters = "".join(_LETTER.findall(text))
    return {letters[i : i + 2] for i in range(len(letters) - 1)}


@lru_cache(maxsize=256)
def _words(leaf: str | None) -> frozenset[str]:
    """Return the letter pairs of what a leaf is called and of the examples on its card."""
    card: Mapping[str, Any] = leaves.card(leaf) or {}
    told = [card.get("name") or "", *(card.get("aliases") or []), *(card.get("examples") or [])]
    pairs = set().union(*(_pairs(str(words)) for words in told)) if told else set()
    return frozenset(pairs - set(load(DATA)["common"]))


def _hits(clause: str, leaf: str | None) -> int:
    return len(_pairs(clause) & _words(leaf))
