"""What a classifier should notice beside the letters: which entities, danger words, a question.

The names of one county's places, dates and numbers say nothing about the kind of a request. They
are masked for counting, and their presence is told by a word such as ``<address>`` instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.understanding.emergency import Verdict
from bot.understanding.span import Span

#: One full-width letter stands for the whole entity.
_MASKS = {
    "address": "Ａ",
    "time": "Ｔ",
    "phone": "Ｐ",
    "person": "Ｎ",
    "ticket_no": "Ｓ",
    "count": "Ｃ",
}
_QUESTION = re.compile(
    r"[?？]|吗|么$|呢$|怎么|咋|啥|什么|哪|多少|几|谁|能不能|可不可以|有没有|是不是|要不要|用不用|得行|为何|"
    r"会不会|多久|好久|啷个|如何|能.{0,8}不$|行不"
)
_LENGTHS = (4, 8, 16, 32)


@dataclass(frozen=True)
class Seen:
    """A message as the counting model sees it.

    Attributes:
        masked: the text with places, times, numbers and names replaced by one letter each.
        signs: ``<address>``, ``<alarm-H3>``, ``<question>``, ``<len2>`` …
    """

    masked: str
    signs: tuple[str, ...]


def see(text: str, spans: Sequence[Span], verdict: Verdict) -> Seen:
    """Mask ``text`` and list its signs.

    Args:
        text: what was said.
        spans: its entities.
        verdict: what the emergency patterns say about it.
    """
    signs = [f"<{kind}>" for kind in sorted({span.type for span in spans})]
    if verdict.alarm:
        signs += ["<alarm>", f"<alarm-{verdict.leaf}>"]
    if verdict.excluded:
        signs.append("<excluded>")
    if _QUESTION.search(text):
        signs.append("<question>")
    signs.append(f"<len{sum(len(text) >= limit for limit in _LENGTHS)}>")
    return Seen(_masked(text, spans), tuple(signs))


def _masked(text: str, spans: Sequence[Span]) -> str:
    pieces: list[str] = []
    at = 0
    for span in sorted(spans, key=lambda s: s.start):
        if span.type in _MASKS and span.start >= at:
            pieces += [text[at : span.start], _MASKS[span.type]]
            at = span.end
    return "".join([*pieces, text[at:]])
