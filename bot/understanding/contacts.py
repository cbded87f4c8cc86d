"""Phone numbers and names of persons."""

from __future__ import annotations

import re
from functools import lru_cache

from bot.understanding.numbers import DIGITS, narrow
from bot.understanding.span import Span, without_overlaps
from bot.understanding.words import any_of, load

_SPOKEN = "零〇一幺二三四五六七八九"
_D = rf"[\d{_SPOKEN}]"
_MOBILE = re.compile(
    rf"(?<!{_D})(?:\+?86[\s-]?)?(?P<n>[1一幺][\s-]?[3-9三四五六七八九](?:[\s-]?{_D}){{9}})(?!{_D})"
)
# The area code may stand in brackets, a local number in two groups; an extension is not part of it.
_LANDLINE = re.compile(
    r"(?<![\dA-Za-z.-])(?P<n>[(（]0\d{2,3}[)）]\s?\d{7,8}|0\d{2,3}[\s-]?\d{7,8}|\d{7,8}|[2-9]\d{2,3}[\s-]\d{4})"
    r"(?:[-转]\d{1,5})?(?![\dA-Za-z-])"
)
_LANDLINE_CUE = re.compile(r"(?:电话|座机|打|号码|联系)[^\d]{0,6}$")


def _digits(words: str) -> str:
    return "".join(
        str(DIGITS[c]) if c in DIGITS else c for c in words if c in DIGITS or c.isdigit()
    )


def find_phones(text: str) -> list[Span]:
    """Phone numbers in digits or words; value: the digits. 幺三八… is a number, too."""
    plain = narrow(text)
    spans = []
    for match in _MOBILE.finditer(plain):
        start, end = match.span("n")
        spans.append(Span("phone", start, end, text[start:end], _digits(plain[start:end])))
    for match in _LANDLINE.finditer(plain):
        start, end = match.span("n")
        area = plain[start] in "0(（"
        if not area and not _LANDLINE_CUE.search(plain[:start]):
            continue
        spans.append(Span("phone", start, end, text[start:end], _digits(plain[start:end]), 0.9))
    return without_overlaps(spans)


@lru_cache(maxsize=1)
def _person_patterns() -> tuple[re.Pattern[str], ...]:
    """Where a name stands; in each the group ``name``. Its end must be told, too."""
    data = load("persons")
    surname = rf"(?:{any_of(data['double_surnames'])}|[{data['surnames']}])"
    titles, after_name = any_of(data["titles"]), data["after_name"]
    name = rf"(?P<name>{surname}[一-龥]{{1,2}}?)"
    stop = r"(?=$|[,，。.!！?？;；、\s的]|在|住|家|是|电话|手机|今年|想|要|说|来|报)"
    # Behind a role the sentence goes on with what the person did or how to reach her.
    end = rf"(?=$|[,，。.!！?？;；、\s（(]|电话|手机|1[3-9]\d|态度|服务|{after_name})"
    called = r"(?:名?叫|是|为|写|:|：|\s)*"
    return (
        re.compile(
            rf"(?:叫|姓|[调网]\w{{1,2}}员|护士|医生)(?P<name>{surname}[一-龥]{{2}})(?=[，,。!！的]|$)"
        ),
        re.compile(rf"(?:我|俺|咱|本人|他|她|老人)?(?:免贵)?姓(?P<name>{surname})(?![名氏甚啥什])"),
        re.compile(
            rf"(?:我|俺|他|她|老人|妈|爸|老伴|儿子)(?:的)?(?:名字)?(?:就)?(?:叫|是|名叫){name}{stop}"
        ),
        re.compile(rf"(?:姓名|名字)(?:是|叫|就是|写|:|：|\s)*{name}{stop}"),
        # 申请人马志刚 · 工作人员孙莉态度冷漠.
        re.compile(rf"(?:{data['roles']}){called}{name}{end}"),
        # A name that was written wrong: 名字写错了，…，是邓光明 · 写成孙贵真了.
        re.compile(rf"(?:名字|姓名)[^。]{{0,16}}[，,\s](?:是|叫|应该是|改成){name}(?=$|[,，。！!])"),
        re.compile(rf"(?:写|打|登记|录|改)成(?:了|的)?{name}(?=$|[,，。！!了])"),
        # Beside the phone number: 梁素英，13689540721.
        re.compile(rf"(?:^|[,，。;；、\s]){name}[,，、:：\s]*(?=1[3-9]\d{{9}}(?!\d))"),
        re.compile(rf"(?:^|[,，。！!\s]|表扬|感谢|夸夸?|找|投诉){name}(?=\s?(?:{after_name}))"),
        # 我爱人孙立新 · 4号楼的孙德福，残疾 · 调解员老杨.
        re.compile(
            rf"(?:{data['kin']}|{data['house']})(?P<name>[{data['common']}][一-龥]{{1,2}}?)"
            r"(?=$|[,，。!！?？;；、\s（(]|电话|手机|1[3-9]\d)"
        ),
        re.compile(rf"(?:{data['roles']})(?P<name>[小老][{data['common']}])"),
        # 网格员赵敏昨天晚上还来过 · 给我办事的孙丽让我跑了四趟: the sentence goes on with what she did.
        re.compile(
            rf"(?:{data['roles']}|{data['at_work']})(?P<name>[{data['common']}][一-龥]{{1,2}}?)"
            rf"(?={data['goes_on']})"
        ),
        # 张建国家门口: whose home it is, where a clause begins.
        re.compile(
            rf"(?:^|[,，。！!？?\s])(?P<name>[{data['common']}][一-龥](?![大老公自娘婆])[一-龥])(?={data['home']})"
        ),
        re.compile(rf"(?P<name>{surname}(?:{titles}))"),
        re.compile(rf"(?<![大最古苍年衰])(?P<name>[小老]{surname})(?=同志|师傅|大夫|给我|帮我|打给|回电话|回个?电话|这(?:保安|人|孩子|师傅|同志)|就(?:行|可以|成|中|得了?|好)|[在呢吗来啊吧,，。?？!！\s]|$)"),
    )  # fmt: skip


@lru_cache(maxsize=1)
def _no_name() -> re.Pattern[str]:
    return re.compile(load("persons")["no_name"])


def name_alone(text: str) -> str:
    """Return the name that a whole text is (王秀英), or an empty text; three characters under a common surname.

    Only where a name may be told: 黄梅戏 looks like one, too.
    """
    words = text.strip(" ,，。.!！")
    named = re.fullmatch(rf"[{load('persons')['common']}][一-龥]{{2}}", words)
    other = _no_name().match(words) or re.match(load("persons")["not_alone"], words)
    return words if named and not other else ""


def find_persons(text: str) -> list[Span]:
    """Names: 我姓王 → 王, 我叫张桂兰 → 张桂兰, 李大爷 → 李大爷, 家属许文静 → 许文静."""
    spans, inside = [], load("persons")["inside"]
    for pattern in _person_patterns():
        for match in pattern.finditer(text):
            name, start = match.group("name"), match.start("name")
            if not _no_name().match(name) and text[start - 1 : start + 1] not in inside:
                spans.append(Span("person", *match.span("name"), name, name, 0.9))
    return without_overlaps(spans)
