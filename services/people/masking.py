"""Masked by default: how a phone, a name and a room are shown to who may not see them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

COMPOUND_SURNAMES = frozenset(
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 "
    "宗政 濮阳 公冶 太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 令狐".split()
)
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧肖程曹袁邓许傅沈曾彭吕苏卢蒋蔡"
    "贾丁魏薛叶阎闫余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷"
    "钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温季俞章鲁葛伍韦申尤毕聂丛焦柳邢岳齐梅莫"
    "庄辛祝左祁舒耿牟詹苗凌费纪靳盛童甄项裴卫屈鲍霍翁隋甘柏柯阮桂闵柴冉"
)

_NUMBER = re.compile(
    r"(?<!\d)(?:"
    r"(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d){8}"  # mobile, also in groups
    r"|0\d{2,3}[- ]?\d{7,8}"  # landline with area code
    r"|\d{17}[\dXx]"  # identity card
    r")(?!\d)"
    r"|[一幺][三四五六七八九][零〇一二三四五六七八九幺]{9}"
)
_GIVEN_NAME = re.compile(
    r"((?:我名?叫|我是|本人|名字叫|姓名[:： ]?|联系人[:： ]?)(?:做|是)?)"
    # What begins like a surname and is none.
    r"(?!高[血龄中层楼]|孙[女子辈]|常[住客]|白[天班]|文盲|任何|方便|万[达科]|安[全保]|马路|石油)"
    rf"((?:{'|'.join(sorted(COMPOUND_SURNAMES))}|[{SURNAMES}])[一-鿿](?:(?!住|家住|电话|手机)[一-鿿])?)"
    r"(?=$|[^一-鿿]|家?住|的?电话|的?手机|今年)"
)


def mask_phone(phone: str | None) -> str | None:
    """Return ``138****5678``; of a shorter number only the last two digits stay."""
    if not phone:
        return None
    known = digits(phone)
    if len(known) >= 11:
        return f"{known[:3]}****{known[-4:]}"
    return "*" * max(len(known) - 2, 1) + known[-2:] if len(known) > 4 else "****"


def mask_name(name: str | None) -> str | None:
    """Return the surname and stars: ``张**``, ``欧阳*``; one character becomes ``*``."""
    if not name:
        return None
    if len(name) == 1:
        return "*"
    keep = 2 if len(name) > 2 and name[:2] in COMPOUND_SURNAMES else 1
    return name[:keep] + "*" * (len(name) - keep)


def mask_room(room: str | None) -> str | None:
    """Return a placeholder that says a room is known without saying which."""
    return "***" if room else None


def digits(phone: str) -> str:
    """Return the digits of a number, however it is written."""
    return re.sub(r"\D", "", phone)


def mask_text(
    text: str, names: Iterable[str | None] = (), public: Collection[str] = frozenset()
) -> str:
    """Return what somebody said with numbers (phone, identity card) and names masked.

    A name counts when the speaker gave it as one (“我叫…”), or when it is one of ``names``, which
    are known from elsewhere. Numbers whose digits are ``public`` are no person's and stay.
    """
    for name in names:
        if name and len(name) > 1:
            text = text.replace(name, mask_name(name) or "")
    text = _GIVEN_NAME.sub(lambda m: m[1] + (mask_name(m[2]) or ""), text)
    return _NUMBER.sub(lambda m: m[0] if digits(m[0]) in public else _stars(m[0]), text)


def _stars(number: str) -> str:
    return (number[-1].isascii() and mask_phone(number)) or "*" * 11


def mask_all(
    value: Any, names: Iterable[str | None] = (), public: Collection[str] = frozenset()
) -> Any:
    """Return a JSON value with :func:`mask_text` applied to every text in it."""
    names = tuple(names)
    match value:
        case str():
            return mask_text(value, names, public)
        case list() | tuple():
            return [mask_all(v, names, public) for v in value]
        case dict():
            return {k: mask_all(v, names, public) for k, v in value.items()}
        case _:
            return value
