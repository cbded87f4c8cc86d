"""Messages that hold nothing but facts (后天上午, 两份, 3号楼2单元) or nothing at all (那个那个啥).

Facts alone, also behind “不对，是…”, are no request of their own: they add to something said before, so the reading is
``supplement_ticket``, and never an emergency. Meals and ticket numbers name their request by
themselves; a certificate is a request, not a fact.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.understanding.span import Span
from bot.understanding.words import load

SUPPLEMENT = "supplement_ticket"
#: A meal or diet alone orders a meal, a ticket number alone asks for its progress.
_NAMED_BY = (
    ("ticket_no", "query_progress"),
    ("meal", "book_meal"),
    ("diet", "book_meal"),
)
# Words that carry no request: particles, verbs of being and living, names of the fact itself.
_FILLERS = re.compile(
    r"[\s\W_]+|^\W*(?:不对|(?:说|记|弄|写|报|搞)?错了|更正一?下?)+|就是|那就|还是|我们|咱们|俺们|我家|咱家|俺家|家住|住在|住|地址|位置|电话|手机号?|号码|联系|"
    r"名字|编号|单号|工单号?|受理号|查询[码号]|时间|大概|差不多|前后|左右|那个|这个|[我咱俺姓是在的就那吧嘛啊呀呢哈了叫给要打嗯哦呃和跟到一]"
)
_NOTHING = re.compile(
    r"(?:[\s\W_]|那个|这个|那啥|啥|来着|怎么说|咋说|什么|就是|嗯|呃|额|哦|唉|哎|那|这|呢|啊|的|我想想|叫)*"
)
_HESITATES = re.compile(r"那个|这个|那啥|来着|怎么说|咋说|呃|我想想")


@lru_cache(maxsize=1)
def _answers() -> dict[str, str]:
    return {word: intent for intent, words in load("answers").items() for word in words}


def plain_intent(text: str, spans: Sequence[Span]) -> str | None:
    """The intent of a yes or no of a few letters, or of entities only; else ``None``."""
    answer = _answers().get(re.sub(r"[\s\W_]", "", text).lower())
    if answer is not None:
        return answer
    kinds = {span.type for span in spans}
    if not spans or "certificate" in kinds:
        return None
    rest = list(text)
    for span in spans:
        rest[span.start : span.end] = [" "] * (span.end - span.start)
    if _FILLERS.sub("", "".join(rest)):
        return None
    return next((intent for kind, intent in _NAMED_BY if kind in kinds), SUPPLEMENT)


def says_nothing(text: str) -> bool:
    """Whether the speaker only looks for words: 那个那个啥来着."""
    return bool(_HESITATES.search(text) and _NOTHING.fullmatch(text))
