"""Numbers as people say and write them: 三, 十二, 一百零五, 两, 幺, １２."""

from __future__ import annotations

import re

DIGITS = {
    "零": 0, "〇": 0, "一": 1, "幺": 1, "二": 2, "两": 2, "俩": 2, "三": 3, "仨": 3,
    "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9,
}  # fmt: skip
_UNITS = {"十": 10, "百": 100, "千": 1000}
_TENS = {"廿": 20, "卅": 30}
# The signs that make a key of a digit (3️⃣) are as good as spaces.
_WIDE = str.maketrans("０１２３４５６７８９＃－—\ufe0f\u20e3", "0123456789#--  ")

#: A whole number in digits or words, for use inside larger patterns.
NUMBER = (
    r"(?:[0-9０-９]+|[一二两三四五六七八九]千[零〇一二两三四五六七八九十百]*"
    r"|[零〇一幺二两俩三仨四五六七八九十百廿卅]+)"
)
#: 一百五, 两千四: the last digit counts the next smaller unit, 一百零五 has a 零 for the gap.
_SHORT_END = re.compile(r"[百千][一二三四五六七八九]$")


def to_int(words: str) -> int | None:
    """Return the number that ``words`` say, or ``None`` when they are no number.

    Digits said one by one are read one by one: 三零二 → 302, 幺二 → 12. A unit may be left off at
    the end: 四百五 → 450.
    """
    words = words.translate(_WIDE)
    if words.isascii() and words.isdigit():
        return int(words)
    if not words:
        return None
    if len(words) > 1 and all(c in DIGITS for c in words):
        return int("".join(str(DIGITS[c]) for c in words))
    total, current = 0, 0
    for char in words:
        if char in DIGITS:
            current = DIGITS[char]
        elif char in _UNITS:
            total += (current or 1) * _UNITS[char]
            current = 0
        elif char in _TENS:
            total += _TENS[char]
        else:
            return None
    if _SHORT_END.search(words):
        current *= _UNITS[words[-2]] // 10
    return total + current


#: Characters of times and places whose traditional form is another one, code point by code point.
_TRADITIONAL = str.maketrans(
    "樓號單園區門對面東邊後裡裏頭車場橋廣學醫銀廠縣鎮鄉組層陽濱錦繡華麗華龍鐵機電興業莊灣島達國際豐榮"
    "請問反應週禮點鐘時間個兒幾兩這當誰號節農曆陰閏歲從內過",
    "楼号单园区门对面东边后里里头车场桥广学医银厂县镇乡组层阳滨锦绣华丽华龙铁机电兴业庄湾岛达国际丰荣"
    "请问反应周礼点钟时间个儿几两这当谁号节农历阴闰岁从内过",
)


def simplify(text: str) -> str:
    """Traditional characters of times and places as simplified ones (offsets stay)."""
    return text.translate(_TRADITIONAL)


def narrow(text: str) -> str:
    """Full-width digits and signs as plain ones, code point by code point (offsets stay)."""
    return text.translate(_WIDE)
