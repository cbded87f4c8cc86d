"""Which certificate (证明) is meant. Licences (居住证, 老年证) are no certificates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from bot.understanding.gazetteer import LOCALITIES
from bot.understanding.span import Span, without_overlaps


@dataclass(frozen=True)
class Certificate:
    """A kind of certificate: its number in the national list (``None`` outside) and its name."""

    no: int | None
    name: str


@lru_cache(maxsize=16)
def load_certificates(
    locality: str | None = None, folder: Path = LOCALITIES
) -> dict[str, Certificate]:
    """Words → certificate, from ``certificates.yml`` of one locality or of all."""
    words: dict[str, Certificate] = {}
    for path in sorted(folder.glob(f"{locality or '*'}/certificates.yml")):
        for item in yaml.safe_load(path.read_text(encoding="utf-8")).get("items") or []:
            # An unquoted `no` is read as False by YAML 1.1: a slip of an editor must not stop us.
            number = item.get("no", item.get(False))
            kind = Certificate(number, str(item["name"]))
            for word in [
                _base(kind.name),
                *(item.get("aliases") or []),
                *(item.get("examples") or []),
            ]:
                words.setdefault(str(word), kind)
    return words


def _base(name: str) -> str:
    """居住(租住)证明 → 居住证明: the brackets are for reading, not for saying."""
    return re.sub(r"[(（].*?[)）]", "", name)


_STOP = r"我你他她您的了个张份开出写办要给让说一这那有是盖到去,，。.!！?？;；、\s拿把啥什么哪种需下吗能帮弄整搞用和跟打"
_UNKNOWN = re.compile(rf"(?P<name>[^{_STOP}]{{2,8}}?证明)(?!我|他|她|一下|人|信息)")


def find_certificates(text: str, known: dict[str, Certificate]) -> list[Span]:
    """Certificates in ``text``; value ``{no, name}``, ``no`` null for a kind outside the list."""
    spans: list[Span] = []
    for word, kind in known.items():
        start = text.find(word)
        if start >= 0:
            value = {"no": kind.no, "name": kind.name}
            spans.append(Span("certificate", start, start + len(word), word, value))
    spans = without_overlaps(spans)
    if not spans:
        for match in _UNKNOWN.finditer(text):
            value = {"no": None, "name": match.group("name")}
            spans.append(Span("certificate", *match.span("name"), match.group("name"), value, 0.8))
    return spans
