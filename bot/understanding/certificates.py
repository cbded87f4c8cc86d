"""Which certificate (证明) is meant. Licences (居住证, 老年证) are no certificates."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import yaml

from bot.understanding.gazetteer import LOCALITIES
from bot.understanding.span import Span, overlaps_any, without_overlaps
from bot.understanding.words import load


@dataclass(frozen=True)
class Certificate:
    """A kind of certificate: its number in the national list (``None`` outside) and its name."""

    no: int | None
    name: str


@lru_cache(maxsize=16)
def load_certificates(
    locality: str | None = None, folder: Path = LOCALITIES
) -> dict[str, Certificate]:
    """Words → certificate, from ``certificates.yml`` of one locality or of all.

    A kind of the national list has its official name, for that is what the policy speaks of. Any
    other keeps the name it was called by; the catalogue finds it by every alias.
    """
    words: dict[str, Certificate] = {}
    for path in sorted(folder.glob(f"{locality or '*'}/certificates.yml")):
        for item in yaml.safe_load(path.read_text(encoding="utf-8")).get("items") or []:
            # An unquoted `no` is read as False by YAML 1.1: a slip of an editor must not stop us.
            number = item.get("no", item.get(False))
            kind = Certificate(number, str(item["name"]))
            aliases = [str(word) for word in item.get("aliases") or []]
            for word in aliases:
                words.setdefault(word, kind if number else Certificate(None, word))
            for word in [_base(kind.name), *map(str, item.get("examples") or [])]:
                words.setdefault(word, kind)
    return words


def _base(name: str) -> str:
    """居住(租住)证明 → 居住证明: the brackets are for reading, not for saying."""
    return re.sub(r"[(（].*?[)）]", "", name)


_STOP = r"条补缺页换我你他她您的了个张份开出写办要给让说一这那有是盖到去,，。.!！?？;；、\s拿把啥什么哪种需下吗能帮弄整搞用和跟打"
# 居住证明天办: there 明 belongs to the day.
_SHORTEST = len("贫困证明")
_NEXT_DAY = r"(?!天|早|晚|儿个|年)"
_UNKNOWN = re.compile(
    rf"(?P<name>(?:{load('certificates')['whole']}|[^{_STOP}]){{2,10}}?证明)(?!我|他|她|一下|人|信息){_NEXT_DAY}"
)


_CLAUSE = r"[^，,。！!？?；;\n]"


@lru_cache(maxsize=1)
def _told() -> tuple[tuple[int | str, re.Pattern[str]], ...]:
    """What is to be certified, told as a sentence: 证明我妈是我妈."""
    told = load("certificates")["told"]
    return tuple((k, re.compile(v.replace(".{", f"{_CLAUSE}{{"))) for k, v in told.items())


def find_certificates(text: str, known: dict[str, Certificate]) -> list[Span]:
    """Certificates in ``text``; value ``{no, name}``, ``no`` null for a kind outside the list."""
    said, text = text, _as_meant(text)
    found = _find(text, known)
    return [replace(s, text=said[s.start : s.end]) for s in found]


def _as_meant(text: str) -> str:
    """正明 → 证明, of the same length so that offsets stay."""
    return re.sub(load("certificates")["heard"], "证明", text)


def _find(text: str, known: dict[str, Certificate]) -> list[Span]:
    """Kinds of the list first, then what is told as a sentence, then any other name."""
    listed = _listed(text, known)
    told = None if listed else _told_in(text, known)
    if told:
        return [told]
    others = [s for s in _others(text) if not overlaps_any(s.start, s.end, listed)]
    return sorted([*listed, *others], key=lambda s: s.start)


def _listed(text: str, known: dict[str, Certificate]) -> list[Span]:
    spans: list[Span] = []
    for word, kind in known.items():
        # Looked for as it is first: that spares a hundred patterns a sentence.
        match = re.search(re.escape(word) + _NEXT_DAY, text) if word in text else None
        # 出生证 is a licence; only the catalogue takes it for the certificate.
        if match and not word.endswith("证"):
            spans.append(_span(match.start(), match.end(), text, kind))
    return without_overlaps(spans)


def _told_in(text: str, known: dict[str, Certificate]) -> Span | None:
    by_number = {kind.no: kind for kind in known.values()}
    for key, pattern in _told():
        kind = known.get(key) if isinstance(key, str) else by_number.get(key)
        match = pattern.search(text) if kind else None
        if kind and match:
            return _span(match.start(), match.end(), text, kind)
    return None


def _others(text: str) -> list[Span]:
    """Names no list knows, without what only leads to them."""
    data, spans = load("certificates"), []
    for match in _UNKNOWN.finditer(text):
        start, end = match.span("name")
        lead = re.match(data["lead"], match.group("name"))
        name = text[start + (lead.end() if lead else 0) : end]
        if len(name) < _SHORTEST or re.search(data["no_kind"], name.removesuffix("证明")):
            continue
        spans.append(_span(end - len(name), end, text, Certificate(None, name), 0.8))
    return spans


def _span(start: int, end: int, text: str, kind: Certificate, confidence: float = 1.0) -> Span:
    value = {"no": kind.no, "name": kind.name}
    return Span("certificate", start, end, text[start:end], value, confidence)
