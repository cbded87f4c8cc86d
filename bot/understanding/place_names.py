"""Where the name of a place may begin: 来电人反映|松江花园, 我家在|锦绣|2栋.

Chinese has no gap before a name, and most names of compounds, roads and shops are in no list. So a
name may begin only where a sentence or a piece of an address ends, or a word that is never part of
a name (``before`` and ``edge`` in ``bot/data/places.yml``), and it may hold no such word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

_DATA = Path(__file__).resolve().parents[1] / "data"
WORDS: dict[str, list[str]] = yaml.safe_load((_DATA / "places.yml").read_text(encoding="utf-8"))
_SHORT = 4
#: Pairs of characters that no name holds.
_NO_NAMES = frozenset(
    word
    for line in (_DATA / "no_names.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
    for word in line.split()
)


def alternatives(*keys: str) -> str:
    """Alternation of the words of some lists, the longest first."""
    words = [w for key in keys for w in WORDS[key]]
    return "|".join(sorted(words, key=lambda w: -len(w.split("(?")[0])))


# Characters that end a name on its left: pronouns, particles, verbs of being and going.
_NOT_NAME = (
    r"我你他她它们在住搁是的了从到去就这那有跟把被给让咱俺您啊呢吧嘛哈某啥至,。!?、;:，。！？；：“”\"'"
    r"（）()《》\-\s\d"
)
#: One character of a name.
NAME = rf"[^{_NOT_NAME}]"
_NO_NAME = re.compile(rf"[{_NOT_NAME}]")
_BEFORE = re.compile(
    rf"{alternatives('before')}"
    r"|(?<=[我你他她咱俺自您老爷奶妈爸姐哥弟妹舅姨姑叔婶公婆娘爹儿])家"
)
_EDGE = re.compile(alternatives("edge"))
_NOT_EDGE = re.compile(alternatives("not_edge"))
_NOT_LAST = re.compile(rf"(?:{'|'.join(WORDS['not_last'])})\Z")
_JOINS_NAMES = re.compile(r"..[和与跟](?![谐平睦顺园])(?=..)")
_NAME_END = re.compile(rf"(?:[{WORDS['name_end']}]|广场|新天地)$")
_NOT_COMPOUND = re.compile(alternatives("not_compound"))
_SUFFIX_ONLY = re.compile(
    r"(?:老|新|旧|大|小|人家|入户|空中|屋顶|单位|集体|公司|职工|员工|学生|拆迁)*"
    rf"(?:{alternatives('compound', 'weak', 'road')})$"
)
#: Words after which the name of a compound may stand without its end: 在|锦绣2栋.
_CLEAR_START = frozenset("在住搁到是给,，。！!？?；;：:、 ")


def named(lengths: str, ends: str) -> str:
    """Pattern of a name no list knows, ``lengths`` long, and its end: 松江|花园."""
    return rf"(?P<name>{NAME}{{{lengths}}}?)(?P<end>{ends})"


def is_suffix(words: str) -> bool:
    """Whether ``words`` are only the end of a name: 小区, 老大院."""
    return _SUFFIX_ONLY.fullmatch(words) is not None


def _holds_words(name: str) -> bool:
    """Whether ``name`` is talk: a short one where it begins or ends (恒|大名|都), others anywhere."""
    last = len(name) - 2
    places = {0, last} if len(name) <= _SHORT else range(last + 1)
    return any(name[i : i + 2] in _NO_NAMES for i in places)


@dataclass(frozen=True)
class Sentence:
    """A sentence with the places where names may begin and where they cannot go on."""

    plain: str
    starts: frozenset[int]
    cuts: frozenset[int]

    @classmethod
    def of(cls, plain: str, known: re.Pattern[str]) -> Sentence:
        """Look for the words around names once for the whole sentence.

        Args:
            plain: the sentence.
            known: names that are known: no other name runs over their beginning.
        """
        cuts = {m.end() for m in _BEFORE.finditer(plain)}
        cuts |= {m.start() for m in known.finditer(plain)}
        after = {
            i + 1 for i, char in enumerate(plain) if char in "和与跟及" or _NO_NAME.match(char)
        }
        starts = {0} | cuts | after
        for at in range(len(plain)):
            if at in starts and (edge := _EDGE.match(plain, at)):
                starts.add(edge.end())
        return cls(plain, frozenset(starts), frozenset(cuts))

    def may_be_name(
        self, start: int, end: int, *, inside: bool = False, guess: bool = False
    ) -> bool:
        """Whether ``[start, end)`` may be a name.

        Args:
            start: first character.
            end: where its end (小区, 路) begins.
            inside: a piece of the address ends at ``start``.
            guess: where no beginning is known nearby, the usual length is good enough.
        """
        name = self.plain[start:end]
        if any(start < cut <= end for cut in self.cuts) or _JOINS_NAMES.search(name):
            return False
        if _holds_words(name):
            return False
        if _NOT_LAST.search(name):
            return False
        if start in self.starts or inside:
            return self._keeps_its_beginning(start, end)
        usual = 3 if name[-1] in WORDS["name_end"] else 2
        return guess and len(name) == usual and not any(end - 7 < s < end for s in self.starts)

    def _keeps_its_beginning(self, start: int, end: int) -> bool:
        """来福 begins with 来, but in 来电厂 the name would be the rest."""
        if _NOT_EDGE.match(self.plain, start, end):
            return True
        rest = start
        while rest < end and (edge := _EDGE.match(self.plain, rest)):
            rest = edge.end()
        return rest == start or end - rest == 1

    def compound_before(self, at: int, lowest: int) -> int:
        """Where the compound begins that stands right before a building; ``at``: there is none.

        星河湾|1号楼 by its last character, 锦绣|2栋 after a clear beginning.
        """
        for start in range(max(lowest, at - 6), at - 1):
            name = self.plain[start:at]
            if _NO_NAME.search(name) or not self.may_be_name(start, at):
                continue
            if is_suffix(name) or _NOT_COMPOUND.search(name):
                continue
            clear = start == 0 or self.plain[start - 1] in _CLEAR_START
            if _NAME_END.search(name) or (clear and len(name) <= 4):
                return start
        return at
