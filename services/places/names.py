"""Which compound a name means – and when it means none of ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from services.places.gazetteer import Gazetteer
from services.places.model import Community, Compound
from services.places.numbers import normal

# Words that tell what a place is without telling which: 松江花园小区 is 松江花园, 幸福 is 幸福小区.
# 花园, 家园, 苑 are not among them: 幸福花园 and 幸福小区 are two places.
_GENERIC = re.compile(r"(?:小区|大院|院子|院里|家属院|家属楼|家属区|宿舍区|宿舍)$")

# A name with one of these behind it is a street or a shop of that name: 松江路 is not 松江花园.
_OTHER_THING = re.compile(
    r"(?:东|西|南|北|中)?(?:路|街|大道|大桥|桥|市场|医院|小学|中学|学校|幼儿园|超市|银行|宾馆|"
    r"饭店|酒店|公园|广场|车站|站|镇|乡|村|县)"
)

_KINDS = "小区|花园|家园|家属院|家属楼|公寓|新村|新城|花苑|雅苑|名苑|宿舍"

# What a compound we do not know looks like in a sentence: 阳光小区, 金色家园.
_COMPOUND_LIKE = re.compile(rf"([\u4e00-\u9fff]{{2,8}}?)({_KINDS})")
_KIND = re.compile(rf"(?:{_KINDS}|苑|大院)$")
_NO_NAME = re.compile(
    r"^.*(?:我们|咱们|咱|俺们|俺|我|本|这个|那个|这|那|整个|全|你们|他们|老|住在|住|在|是|的|一个|"
    r"哪个|啥|什么)"
)

# Our compound, without saying which: 我们小区, 院里.
_NAMELESS = re.compile(
    r"(?:我们|咱们|咱|俺们|俺|我|本|这个|这|同一个?|一个)?(?:小区|大院|院子?里?|家属院)"
)

SIMILAR = 0.5
"""How alike two names must be (0–1) for one to be suggested when the other is not known."""


@dataclass(frozen=True)
class Named:
    """What a name came to.

    Attributes:
        matches: Compounds it may mean, with confidence; one above 0.8 is what was said.
        unknown: The name of a compound that is not ours.
        community: Only a community was named.
    """

    matches: tuple[tuple[Compound, float], ...] = ()
    unknown: str | None = None
    community: Community | None = None


def find_compound(gazetteer: Gazetteer, said: str | None, text: str) -> Named:
    """Say which compound is meant by a name, or, without one, by the text it may stand in."""
    name = normal(said or "")
    if name and not _NAMELESS.fullmatch(name):
        return _by_name(gazetteer, name, normal(text))
    return _in_text(gazetteer, normal(text))


def _by_name(gazetteer: Gazetteer, said: str, text: str) -> Named:
    matches = {
        c.id: (c, 1.0 if name == normal(c.name) else 0.97)
        for name, c in gazetteer.compound_names()
        if name == said
    }
    if matches:
        return Named(tuple(matches.values()))
    for community in gazetteer.communities:
        if said in {normal(n) for n in (community.name, *community.aliases)}:
            # 清河社区幸福小区: the community narrows nothing that the text does not say better.
            inside = _in_text(gazetteer, text.replace(said, "", 1))
            return inside if inside.matches else Named(community=community, unknown=inside.unknown)
    by_stem = _by_stem(gazetteer, said)
    if by_stem:
        return Named(by_stem)
    inside = _in_text(gazetteer, said)
    return inside if inside.matches else Named(unknown=said)


def _by_stem(gazetteer: Gazetteer, said: str) -> tuple[tuple[Compound, float], ...]:
    """Match without the generic word; two different generic words need to be confirmed."""
    stem = _GENERIC.sub("", said)
    found: dict[str, tuple[Compound, float]] = {}
    for name, compound in gazetteer.compound_names():
        other = _GENERIC.sub("", name)
        if len(stem) < 2 or stem != other:
            continue
        confidence = 0.9 if stem == said or other == name else 0.6
        if confidence > found.get(compound.id, (compound, 0.0))[1]:
            found[compound.id] = (compound, confidence)
    return tuple(found.values())


def _in_text(gazetteer: Gazetteer, text: str) -> Named:
    """Find names in a text, the longest first; a name inside another one's letters is not it."""
    taken = [False] * len(text)
    found: dict[str, tuple[Compound, float]] = {}
    for name, compound in sorted(gazetteer.compound_names(), key=lambda n: -len(n[0])):
        for m in re.finditer(re.escape(name), text):
            if any(taken[m.start() : m.end()]) or _is_other_thing(text, m.end(), name):
                continue
            taken[m.start() : m.end()] = [True] * len(name)
            found.setdefault(compound.id, (compound, 0.95))
    if found:
        return Named(tuple(found.values()))
    return Named(unknown=_unknown_compound(text))


def _is_other_thing(text: str, end: int, name: str) -> bool:
    rest = text[end:]
    if _OTHER_THING.match(rest):
        return True
    # A short name running on into a longer one's letters: 松江 in 松江家园 is another compound.
    longer = re.match(
        r"[\u4e00-\u9fff]{0,2}(?:小区|花园|家园|公寓|新村|新城|苑|家属院|家属楼)", rest
    )
    return longer is not None and not _GENERIC.fullmatch(longer.group())


def _unknown_compound(text: str) -> str | None:
    for m in _COMPOUND_LIKE.finditer(text):
        name = _NO_NAME.sub("", m.group(1))
        if len(name) >= 2:
            return name + m.group(2)
    return None


def _own_parts(one: str, other: str) -> tuple[str, str]:
    """Return two names without the kind of place that both end with: 花园 alone makes no two alike."""
    kinds = [_KIND.search(name) for name in (one, other)]
    if not all(kinds) or len({k.group() for k in kinds if k}) > 1:
        return one, other
    return _KIND.sub("", one), _KIND.sub("", other)


def suggestions(
    gazetteer: Gazetteer, said: str, limit: int = 3
) -> Sequence[tuple[Compound, float]]:
    """Return our compounds with names like an unknown one's, most alike first."""
    best: dict[str, tuple[Compound, float]] = {}
    for name, compound in gazetteer.compound_names():
        alike = SequenceMatcher(None, *_own_parts(said, name)).ratio()
        if alike >= SIMILAR and alike > best.get(compound.id, (compound, 0.0))[1]:
            best[compound.id] = (compound, alike)
    return sorted(best.values(), key=lambda m: -m[1])[:limit]
