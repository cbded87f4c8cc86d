"""For whom the request is: 给我妈订饭 → mother.

Words for relatives are everywhere in a request – who helps, who is away, who is to blame, who is
spoken to. Only the one the matter is for counts. Which words tell it is data:
``relations.yml`` (the words) and ``relation_roles.yml`` (the part a person plays).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from bot.understanding.span import Span, overlaps_any
from bot.understanding.words import any_of, load

# Words by which a speaker from Sichuan is known; there 婆婆 is the grandmother.
_SICHUAN = re.compile(
    r"咋个|啥子|嘛|噻|莫得|没得|晓得|要得|得行|得很|恼火|屋头|塌塌|巴适|安逸|老汉儿|孃孃|嬢嬢|咯|哦豁|啷个|"
    r"好久.{0,4}(?:能|来|修)|娃儿|院坝|海椒|一哈|搞快|撇脱|归一|哈(?=[灰窗龙衣地])|咋子|硬是|幺儿|夜饭|少午|"
    r"脑壳|晚黑|嘞个|勒个|窗子|凳凳|黢黑|黢黢|遭不住|龙门阵|莫(?=[放来要整])"
)
_OWN = r"(?:我们|我|咱们|咱|俺们|俺|自家|自个儿家)(?:家里?|屋头|屋里)?的?[那这]?个?"
#: 我大闺女, 我三姐. Lazy, so that 我大爷 stays an uncle.
_RANK = r"[亲大小老二三四五六幺]??"
#: 我大姨|夫 is not the aunt.
_WHOLE = r"(?:(?<![姨姑舅姐妹弟婶])|(?![夫父妈母媳]))"
_FOR = r"(?:给|替|帮|为|代|送到|送去|送给|看看|瞧瞧|瞅瞅)我?"
#: Between two that belong together: 俺爹俺娘, 我爸和我妈.
_JOINED = re.compile(r"[和跟与、]?|还有|以及")
#: What is said of a person right after.
_SOON = re.compile(r"[^。！!？?\n]{0,40}")
_CLAUSE = r"[^，,。！!？?；;\n]"

FOR, ABOUT, NONE = "for", "about", "none"


@dataclass(frozen=True)
class _Person:
    """Someone in a sentence: the words, who it is and the part that the words around tell."""

    start: int
    end: int
    word: str
    value: str
    own: bool
    part: str = ABOUT


@dataclass(frozen=True)
class _Rule:
    """One line of ``relation_roles.yml``; what is ``None`` fits anything."""

    part: str
    said: re.Pattern[str] | None
    word: re.Pattern[str] | None
    own: bool | None
    who: frozenset[str] | None
    before: re.Pattern[str] | None
    after: re.Pattern[str] | None
    beyond: int

    def fits(self, text: str, person: _Person) -> bool:
        """Whether the rule speaks of ``person``."""
        return (
            (self.own is None or self.own == person.own)
            and person.start >= self.beyond
            and (self.who is None or person.value in self.who)
            and (self.word is None or bool(self.word.fullmatch(person.word)))
            and (self.said is None or bool(self.said.fullmatch(text[person.start : person.end])))
            and (self.before is None or bool(self.before.search(text[: person.start])))
            and (self.after is None or bool(self.after.match(text[person.end :])))
        )


def find_relations(text: str, *, sichuan: bool | None = None) -> list[Span]:
    """For whom: 我妈 → mother, 老汉儿 → father, 对门大爷好几天没出来 → neighbor.

    Args:
        text: what was said.
        sichuan: whether the locality speaks Sichuanese; ``None`` judges by the words.
    """
    if sichuan is None:
        sichuan = bool(_SICHUAN.search(text))
    neighbors = _neighbors(text)
    found = [p for p in _relatives(text) if not overlaps_any(p.start, p.end, neighbors)]
    persons = _with_parts(text, sorted([*neighbors, *found], key=lambda p: p.start))
    certain = [p for p in persons if p.part == FOR]
    chosen = certain or _first(text, [p for p in persons if p.part == ABOUT])
    return [_span(text, p, sichuan) for p in _both(text, chosen)]


@lru_cache(maxsize=1)
def _pattern() -> tuple[re.Pattern[str], dict[str, str]]:
    alone: dict[str, str] = {}
    own: dict[str, str] = {}
    for value, words in load("relations").items():
        alone |= dict.fromkeys(words["self"], value)
        own |= dict.fromkeys(words["own"], value)
    whole = any_of([*alone, *own])
    pattern = re.compile(
        rf"{_OWN}{_RANK}(?P<own>{whole}){_WHOLE}"
        # 给爸买, but 给爸妈买 is both and 给妈妈 is said in full.
        rf"|(?<=[给替帮为代受])(?P<bare>{whole})|(?P<alone>{any_of(list(alone))})"
    )
    return pattern, {**own, **alone}


def _relatives(text: str) -> list[_Person]:
    pattern, values = _pattern()
    persons = []
    for match in pattern.finditer(text):
        word = match.group("own") or match.group("bare") or match.group("alone")
        own = match.group("own") is not None
        persons.append(_Person(match.start(), match.end(), word, values[word], own))
    return persons


@lru_cache(maxsize=1)
def _neighbor_patterns() -> tuple[re.Pattern[str], ...]:
    data = load("relation_roles")["neighbor"]
    surname = rf"[{load('persons')['surnames']}]?"
    who = rf"{data['between']}{surname}{data['person']}(?!们)"
    return (
        re.compile(rf"(?P<said>(?:{data['near']}){who})"),
        re.compile(rf"(?:{data['place']}){data['between']}(?P<said>{data['person']})(?!们)"),
        re.compile(data["worry"]),
        re.compile(data["blamed"]),
    )


def _neighbors(text: str) -> list[_Person]:
    """隔壁老太太, 6号楼的老大爷: for them when someone asks after them, else they are blamed."""
    near, placed, worry, blamed = _neighbor_patterns()
    persons: list[_Person] = []
    for pattern in (near, placed):
        for match in pattern.finditer(text):
            start, end = match.span("said")
            if overlaps_any(start, end, persons):
                continue
            soon = _SOON.match(text, end)
            after = soon.group() if soon else ""
            asked = re.search(rf"{_FOR}$", text[:start]) or (
                worry.search(text[start:end] + after) and not blamed.match(after)
            )
            part = FOR if asked else NONE
            persons.append(_Person(start, end, match.group("said"), "neighbor", True, part))
    return persons


def _matcher(pattern: str | None, form: str = "{}") -> re.Pattern[str] | None:
    return re.compile(form.format(pattern.replace("~", _CLAUSE))) if pattern else None


@lru_cache(maxsize=1)
def _rules() -> tuple[_Rule, ...]:
    data = load("relation_roles")
    return tuple(_rule(line, data["groups"]) for line in data["rules"])


def _rule(line: Mapping[str, Any], groups: Mapping[str, list[str]]) -> _Rule:
    who = line.get("who")
    return _Rule(
        part=line["part"],
        said=_matcher(line.get("said")),
        word=_matcher(line.get("word")),
        own=line.get("own"),
        who=frozenset(groups.get(who, [who])) if who else None,
        before=_matcher(line.get("before"), r"(?:{})\Z"),
        after=_matcher(line.get("after")),
        beyond=line.get("beyond", 0),
    )


@lru_cache(maxsize=1)
def _begins() -> re.Pattern[str]:
    """Where a word alone may be what a sentence is about."""
    return re.compile(rf"(?:^|[，,。！!？?；;：:、\s]|{load('relation_roles')['led_by']})\Z")


def _with_parts(text: str, persons: list[_Person]) -> list[_Person]:
    """The same persons with their parts; one that is joined to another has the other's part."""
    decided: list[_Person] = []
    for person in persons:
        last = decided[-1] if decided else None
        between = text[last.end : person.start] if last else ""
        if last and last.part != NONE and _JOINED.fullmatch(between):
            decided.append(replace(person, part=last.part))
        else:
            decided.append(replace(person, part=_part(text, person)))
    return decided


def _part(text: str, person: _Person) -> str:
    if person.word.endswith(("邻居", "街坊")) or person.value != "neighbor":
        rule = next((r for r in _rules() if r.fits(text, person)), None)
        if rule:
            return rule.part
        return ABOUT if person.own or _begins().search(text[: person.start]) else NONE
    return person.part


def _first(text: str, persons: list[_Person]) -> list[_Person]:
    """The first that the sentence is about, with those joined to it."""
    chosen = persons[:1]
    for person in persons[1:]:
        if not _JOINED.fullmatch(text[chosen[-1].end : person.start]):
            break
        chosen.append(person)
    return chosen


def _both(text: str, persons: list[_Person]) -> list[_Person]:
    """俺爹俺娘 → the parents, in one expression."""
    pairs = {frozenset(two): value for value, two in load("relation_roles")["pairs"].items()}
    merged: list[_Person] = []
    for person in persons:
        last = merged[-1] if merged else None
        value = pairs.get(frozenset((last.value, person.value))) if last else None
        if last and value and _JOINED.fullmatch(text[last.end : person.start]):
            merged[-1] = replace(last, end=person.end, value=value)
        else:
            merged.append(person)
    return merged


def _span(text: str, person: _Person, sichuan: bool) -> Span:
    grandma = sichuan and person.word == "婆婆" and person.value == "mother_in_law"
    value = "grandma" if grandma else person.value
    confidence = 0.95 if person.part == FOR or person.own else 0.85
    words = text[person.start : person.end]
    return Span("relation", person.start, person.end, words, value, confidence)
