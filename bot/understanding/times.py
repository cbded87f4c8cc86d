"""When: 明天, 后儿个晌午, 下礼拜二, 擦黑儿, 昨儿夜里, 坏了三天了, 月底前, 每天中午, 早上八点半.

Value: ``{start, end, part?, approx?}`` with inclusive dates ``2026-11-24``, or date-times
``2026-11-24T08:30`` when a clock time was said; habits ``{recur, weekdays?, part?}``. Weeks start
on Monday. All is relative to a reference time: nothing here reads the clock.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bot.understanding import lunar, periods
from bot.understanding.numbers import NUMBER, narrow, simplify, to_int
from bot.understanding.span import Span, either, without_overlaps

_N = NUMBER

_DAY_OFFSETS = {
    "大前": -3, "前": -2, "昨": -1, "今": 0, "明": 1, "赶明": 1, "后": 2, "大后": 3, "外后": 3,
}  # fmt: skip
# 啥前儿 is “when”, 跟前儿 “beside”.
_DAY = r"(?P<day>大前|大后|(?<!另)外后|赶明|前(?<![啥多跟眼面当目以之提]前)|昨|今|明|后)(?:天(?!天)|添|儿个|个儿|个(?![月年星礼人小])|儿|日(?!期|子))"
_DAY_SHORT = (
    r"(?P<dayshort>(?:今|(?<![说证声照透文光])明|昨)(?=[早晚晨]|[上中下]午|晌午|[头下后]晌|夜里|半夜)"
    r"|当(?=[早晚晨])|(?<![以之天年月周时目生点日])[前后](?=晚(?![会期年餐饭辈生报])))"
)

_PARTS = {
    "dawn": "凌晨|五更|天没亮|天不亮|蒙蒙亮|天刚亮|麻麻亮|天亮前",
    "am": "大清早|清早上|清早|一大早|一早|早上|早晨|早起|清晨|上午|头晌午|头晌|上半天|前半晌|早间|晨|早",
    "noon": "大中午|中午头|中午|晌午头|大晌午|晌午|正午|午间",
    "pm": "下午|下晌午|下晌|后晌|过晌|下半天|后半晌|午后",
    "eve": "擦黑儿|擦黑|傍黑儿|傍黑|傍晚|晚黑|晚上|晚间|夜晚|黑天|天黑|下黑|下晚儿|下晚|晚",
    "night": "大半夜|后半夜|前半夜|下半夜|上半夜|半夜三更|三更半夜|半夜|深夜|夜里头|夜里|夜间|黑夜|大晚上",
}
_PART_OF = {word: part for part, words in _PARTS.items() for word in words.split("|")}
# 早些 and 晚点 are “sooner” and “later”, 早点 before a number is an hour.
_SOONER = r"|些|一?点儿?(?![\d半一二三四五六七八九十钟])"
# 今早起 is “since this morning”, 下晚自习 “after the evening lesson”.
# 一早一晚 and 早晚 mean both.
_PART_LOOKS = {
    "早起": "(?<![今明昨])早起",
    "下晚": "下晚(?!自习|班|课|辈)",
    "一早": "一早(?!一晚|上)",
    "早": rf"早(?!晚|日|就|已{_SOONER})",
    "晚": rf"晚(?!{_SOONER[1:]})",
}


def _parts(shortest: int) -> str:
    """Alternation of the words for parts of the day, the longest first."""
    words = sorted(_PART_OF, key=lambda w: -len(w))
    return "|".join(_part(w) for w in words if len(w) >= shortest)


def _part(word: str) -> str:
    """Pattern of one word: “楼上半夜” and “楼下晚上” are a place and a time, not 上半夜 and 下晚."""
    looks = _PART_LOOKS.get(word, word)
    return f"(?<!楼){looks}" if word[0] in "上下" else looks


_PART = _parts(1)
#: Parts that mean a time of day without a day word (晚 and 早 alone are too short to be sure).
_PART_ALONE = _parts(2)

_WEEKDAYS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 7, "天": 7} | {
    str(n): n for n in range(1, 8)
}
_TIMES_A_WEEK = r"[次趟遍]|回(?![来复家访去老电话信])"
_WEEK = (
    r"(?P<weekrel>上上个?|下下个?|上个?|下个?|这个?|本)?(?:周|星期|礼拜)(?:的?(?:周|星期|礼拜))?"
    rf"(?P<weekday>六[、和]?(?:周|星期|礼拜)?[日天]|[一二三四五六日天1-7](?![天个年月期位名]|\d|{_TIMES_A_WEEK})|末)"
    r"|(?P<daysoff>双休日|大礼拜天?)"
)
_WHOLE_WEEK = (
    r"(?P<wholeweek>上上个?|下下个?|上个?|下个?|这个?|本)(?:周|星期|礼拜)(?![一二三四五六日天末\d])"
)

# What follows a number and 号 when it is a house and not a date.
_NOT_A_DATE = r"(?!\s*(?:楼|线|院|门|栋|电池|病|包[间厢]|会议|展|幢|井|单元|房|店|厅|馆|车|床|台|机|桥|路|地|桩|梯|库|段|坑|商|铺|柜|桌|窗|岗|棚|大院|住|这栋|那栋|居|家))"
# 15年3月, 零八年, 98年的房子: two figures are a year before a month, with a 0, or when something was
# made or began then (十五年, 70年产权 are durations).
_SHORT_YEAR = (
    r"(?<![\d零一二三四五六七八九])(?:(?:\d\d|[零〇五六七八九][零〇一二三四五六七八九])"
    r"(?=年\s?(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月)"
    r"|(?:0\d|[零〇][一二三四五六七八九]|(?<![了满过近快住干])(?:[5-9][1-9]|九[零一二三四五六七])"
    r"(?=年(?:的房|的楼|[建盖买搬分生参入下退])))(?=年))"
)
_YEAR = (
    r"(?:20|19)\d\d|[一二][零〇九][零〇一二三四五六七八九]{2}|[两二]千零[一二三四五六七八九]"
    rf"|[两二]千(?=年(?!前|来|历史|古))|{_SHORT_YEAR}"
)
_MONTH = r"(?:1[0-2]|0?[1-9](?!\d)|十[一二]?|[一二三四五六七八九])"
_DAY_OF_MONTH = (
    r"(?:3[01]|[12]\d|0?[1-9](?!\d)|三十一?|[一二]?十[一二三四五六七八九]?|廿[一二三四五六七八九]?"
    r"|[一二三四五六七八九])"
)
# 3.5 and 1/2 are as often a price or a share as a day.
_NO_MEASURE = (
    r"(?![\d.]|\s*(?:元|块|万|亿|米|斤|倍|%|公|平|度|折|亩|吨|千|个|毫|点|级|岁|天|年|月|的|层|楼))"
)
_MONTH_DAY = (
    rf"(?:(?P<year>{_YEAR}|明|今|去)年)?(?P<month>{_N})月份?(?P<mday>{_DAY_OF_MONTH})"
    rf"(?:日|号{_NOT_A_DATE}|(?![次趟回遍块元度百千万个]))"
    rf"|(?<![\d.])(?P<month2>\d{{1,2}})[./](?P<mday2>\d{{1,2}})(?:日|号{_NOT_A_DATE}|{_NO_MEASURE})"
)
_ISO = r"(?P<iso_y>(?:19|20)\d\d)[-./](?P<iso_m>\d{1,2})[-./](?P<iso_d>\d{1,2})(?!\d)"
_DAY_ONLY = (
    rf"(?<![\d\-~.:第大小加路街巷弄零一二三四五六七八九十百千])(?<!每月)(?<!每个月)(?<!每月的)(?:(?!两号)(?P<onlyday>{_N})号{_NOT_A_DATE}(?!码)"
    r"|(?<![水电气连续了停断近过每有满足共])(?P<onlyday2>\d{1,2})日(?![内之以后前游元均报用常期子间租薪结没不]))"
)
_MONTH_YEAR = rf"(?:(?P<myear>{_YEAR}|前|明|今|去)年的?)?"
_WHOLE_MONTH = (
    rf"{_MONTH_YEAR}(?P<wholemonth>{_MONTH})月份?(?![\d一二三四五六七八九十]|底|初|中|末)"
)
_MONTH_PART = (
    rf"(?<!每)(?<!每个){_MONTH_YEAR}(?P<mprel>这个|本|下个|上个|下|上|{_MONTH})?(?P<mpword>月(?:份?月)?)"
    r"(?P<mpart>底前|底之前|底以前|底|末|初|中旬|上旬|下旬)"
)
_REL_MONTH = r"(?P<relmonth>上上个|下下个|上个|下个|这个|本)月(?!底|末|初|中|上旬|下旬)"
_REL_MONTH_DAY = rf"(?P<rmonth>上上个|下下个|上个|下个|这个|上|下|本)月(?:份)?的?(?P<rmday>{_N})(?:日|号{_NOT_A_DATE})"
# 今年七十八了 tells an age.
_AGE = r"(?:都|已经?|整|刚|快|满|虚岁|周岁)*(?:[一二三四五六七八九十]{2,3}|[1-9]\d|1[01]\d)(?:多|来)?(?:岁|整|周岁|(?![\d年月日号个元块万千百斤米度次户人家层栋天点分]))"
_REL_YEAR = rf"(?P<relyear>(?<!大)前|去|今(?!年{_AGE})|明|后)年(?:度)?(?!级|轻|龄)"
_NUMBER_YEAR = rf"(?<!\d)(?P<numyear>{_YEAR})年(?:度)?(?!级|龄|代)"
_SEASON = (
    rf"(?P<syear>{_YEAR}|前|去|今|明)年?的?(?P<season>年初|年底|年末|年中(?![稻考秋风毒暑])|上半年|下半年"
    r"|春天|夏天|秋天|冬天|开春|入冬|入夏|入秋|春季|夏季|秋季|冬季|暑假|底(?!下))"
)
_YEAR_END = (
    r"(?P<yearend>(?:年底|年末)(?:之前|以前|前)?|(?<![\d一二两三四五六七八九十百千万])年前|年跟前)"
)
_LUNAR_YEAR = rf"(?:(?P<lyear>{_YEAR}|前|明|今|去)年的?)?"
_LUNAR_MARK = "农历|阴历|旧历"
_LUNAR_DAY = r"(?:初?[一二三四五六七八九十廿]+|初?\d{1,2}(?!\d))"
# 五月初五, 九月廿二 and 闰六月 are lunar without a word for it.
_LUNAR = (
    rf"{_LUNAR_YEAR}(?:(?:{_LUNAR_MARK})?(?P<lmonth>正月|冬月|腊月)(?P<lday>{_LUNAR_DAY})(?:日|号)?"
    rf"|(?:(?:{_LUNAR_MARK})|(?=闰?{_MONTH}月(?:初[一二三四五六七八九十\d]|廿)))"
    rf"(?P<leap>闰)?(?P<lmonth2>{_MONTH})月(?P<lday2>{_LUNAR_DAY})(?:日|号)?"
    r"|(?P<eve>大年三十儿?|(?<![今明去前])年三十儿?|除夕)|(?P<festival>大年初一|春节|元宵节?|端午节?|七夕|中秋节?|八月节"
    r"|重阳节?|腊八节?|小年(?![轻青伙纪级]))(?!粥|蒜|饭|面|糕|晚会)|大年(?P<nyday>初[一二三四五六七八九十]))"
)
_LUNAR_MONTH = (
    rf"{_LUNAR_YEAR}(?:(?:{_LUNAR_MARK})?(?P<lwhole>正月|冬月|腊月)"
    rf"|(?:(?:{_LUNAR_MARK})|(?=闰))(?P<wleap>闰)?(?P<lwhole2>{_MONTH})月)"
    r"(?![初一二三四五六七八九十廿底]|\d{1,2}(?!\d))(?:里头?|间)?"
)
_SOLAR_FESTIVALS = {
    "元旦": (1, 1), "三八节": (3, 8), "五一": (5, 1), "劳动节": (5, 1), "六一": (6, 1), "七一": (7, 1),
    "八一": (8, 1), "十一": (10, 1), "国庆节": (10, 1), "国庆": (10, 1),
}  # fmt: skip
_SOLAR = (
    rf"{_LUNAR_YEAR}(?P<solar>元旦|三八节|(?<![块毛元角])五一(?![零幺\d楼栋号单室路街广大])|劳动节|六一(?=节|儿童|前|那天)"
    r"|七一(?=前|那天)|国庆节?(?!路|街|小|里)|十一(?=那天|前|期间|放假|长假|假期))"
)
_UNIT_DAYS = {
    "天": 1,
    "日": 1,
    "周": 7,
    "星期": 7,
    "个星期": 7,
    "礼拜": 7,
    "个礼拜": 7,
    "宿": 1,
    "晚上": 1,
}
_UNIT = (
    rf"年零{_N}个月|个半月|个来月|年半|天(?!窗|线|然|花|桥)|个多?月|(?<=[俩两仨半])月|个?礼拜|个?星期"
    r"|周(?![一二三四五六日末岁围边转年])|年(?!级|龄|代)|个?小时|个?钟头|宿"
)
# Behind a door number a numeral in characters begins anew: “1单元101三天了”.
_COUNT = rf"(?:(?<!\d)|(?<=\d\d\d)(?=[一二两三四五六七八九十半]))(?P<few>大半|半|小半|好几|几|两三|三四|四五|五六|七八|{_N})(?P<more>多|来)?"
_AGO = rf"{_COUNT}(?P<agounit>{_UNIT}|分钟|刻钟)(?:以前|之前|前)(?!后)"
_LATER = rf"(?P<pre>过|再过)?{_COUNT}(?P<laterunit>{_UNIT}|分钟|刻钟)(?P<later>以后|之后|后|(?:以|之)?内)"
# Since when: what goes on is said before (连续三天, 停了四天) or what is missing after (三天没水).
_SINCE_BEFORE = re.compile(r"(?:都|快|整整|足足|已经|连着|连续|断断续续|将近)$")
_LASTING = (
    r"坏|停|断|漏|堵|没|等|供|趴|告|灭|黑|泡|淹|积|臭|响|闹|吵|冻|封|锁|扔|堆|放|摆|拖|欠|报|反映|投诉|丢|塌|裂|歪|倒|瘫|病|饿|"
    r"炸|满出来|溢|咳|疼|失踪|走丢|离家|熄|哭|敲|冒|晾|空|渗|滴|返|飘|锈|敞|晒|捂|憋|挤|占|挡|碎|闭|卡|逾期|超期|超时|瞎"
)
_LASTS_BEFORE = re.compile(
    rf"(?:{_LASTING})(?:水|电|气|暖|着)?(?:了|起)[^\w，。,]{{0,4}}$|(?<![要将会划])(?:停|断|没|漏)(?:水|电|气|暖)$"
    r"|已经?(?:逾期|超期|超时|延期|停工|停产|停业|烂尾|拖欠|拖延|闲置|荒废|失联|失踪)(?:近|将近|长达|达)?$"
)
_SINCE_AFTER = re.compile(r"\s*(?:了|啦|咯|喽|[都还]?(?:没|莫得|冇)|多了)")
_WITHOUT_AFTER = re.compile(r"\s*不(?![到止够要用算行能得多是超])")
# What was promised or is the rule is no date: 承诺三个工作日内处理.
_PROMISED = re.compile(
    r"(?:承诺|约定|说好|规定|答应|答复|回复|告知|写着|写的|写明|保证|三包|应当?)[^,，。；;!！?？]{0,8}$"
)
_SINCE = rf"(?<![大小好几第])(?<!一[天年月])(?<!最后){_COUNT}(?P<sinceunit>{_UNIT})(?P<sincemore>多)?(?!前|后|以|之|一|内|两头|打鱼|\d)"
_WORKDAYS = rf"(?<!\d)(?P<workdays>{_N})个?工作日(?P<wlater>(?:以|之)?内|以后|之后|后)"
_THESE = (
    r"(?P<these>(?:今明|明后|昨今)[两二]?[天日]|这(?:两|几|些)天|(?:这|近|最近)(?P<thesen>[三四五六七八九十]|\d+)天(?!内|之内|一)"
    r"|这(?:两|几)日|头两天|前(?:两|几)天|前(?:两|几)日|头几天|上(?:两|几)天|过(?:两|几)天)"
)
#: 每天, 每晚; then a wish or stress follows where it is a time all the same.
_OFTEN = 2
_EVERY_DAY = re.compile(r"都|来|上门|给|送|帮|派|的")
# 每天清运一次 says how often, as 每周三次 does.
_HOW_OFTEN = r"(?![^，,。；;的]{0,4}?[一两三四五六七八九十\d]+(?:[次趟班遍顿元块]|回(?![来家])))"
_RECUR_DAILY = rf"(?P<daily>每天{_HOW_OFTEN}|每日{_HOW_OFTEN}|每晚|每早|每个?(?={_PART_ALONE}))"
_RECUR_WEEKLY = (
    r"(?P<weekly>每个?|逢)(?:周|星期|礼拜)"
    rf"(?P<weekdays>[一二三四五六日天1-7](?:[、,和到至]?(?:周|星期|礼拜)?[一二三四五六日天1-7])*|末)(?!{_TIMES_A_WEEK})"
)
# 三点建议, 一点不热, 零点二: what follows 点 when it is no hour.
_NOT_HOUR = (
    r"(?![儿都也不没用水办法小点子东建意要想诉希请原]|就(?![要开来起吵放响干装敲施停没关睡去走出唱跳闹])|(?<=[^十]一点)就|[:：](?!\d)|问题|\s*也|心|头|数|事|名|钱|毛病|啥|什么|脏|动静|声|[零〇一二三四五六七八九十\d]*[块度]"
    r"|(?:[二三四五六七八九]|一(?![刻个起样定直家到]))(?![十分刻个人位号楼栋]))"
)
_CLOCK = (
    rf"(?P<hour>{_N})(?:[:：](?P<minute>[0-5]\d)(?!\d)时?|(?:点钟|点整|点|(?:(?<!一)|(?<=十一))时(?!候|间|常|不|尚|代)){_NOT_HOUR}"
    r"(?P<sub>半(?!课堂|的?那?个?班|学校)|[1一]刻|[3三]刻|[零〇]?[一二三四五六七八九十\d]+分"
    r"|(?:[零〇][一二三四五六七八九]|[一二三四五]?十[一二三四五六七八九]?|[0-5]\d)(?![\d块个元]))?(?!半))"
)
# 五到六点, 9-11点: the first hour without its 点.
_SHORT_HOUR = rf"(?!一到)(?P<firsthour>{_N})(?=\s*(?:到|至|-+|~|～)\s*(?:{re.sub(r'[?]P<[a-z]+>', '?:', _CLOCK)}))"
_APPROX = r"(?:前后|左右|上下|来钟|多钟)"
_APPROX_HOUR = r"(?:多(?![少大久个亏])|过(?=[,，。]|$))"
_TO = r"\s*(?:到|至|-+|~|～|–|―+)\s*"


@dataclass(frozen=True)
class _Days:
    """A stretch of days, both ends included."""

    start: date
    end: date
    approx: bool = False


def _one(day: date | None) -> _Days | None:
    return _Days(day, day) if day else None


def _safe_date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _add_months(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _month(year: int, month: int) -> _Days | None:
    if not 1 <= month <= 12:
        return None
    return _Days(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))


def _monday(day: date) -> date:
    return day - timedelta(days=day.isoweekday() - 1)


_WEEK_SHIFT = {"上上": -2, "上": -1, "这": 0, "本": 0, "下": 1, "下下": 2}


def _weekday(m: re.Match[str], today: date) -> _Days | None:
    relation, word = m.group("weekrel"), m.group("weekday") or "末"
    if relation:
        monday = _monday(today) + timedelta(weeks=_WEEK_SHIFT[relation.rstrip("个")])
    else:
        monday = _monday(today)
    if word[0] in "末六" and word != "六":
        if relation is None and today > monday + timedelta(days=6):
            monday += timedelta(weeks=1)
        return _Days(monday + timedelta(days=5), monday + timedelta(days=6))
    day = monday + timedelta(days=_WEEKDAYS[word] - 1)
    if relation is None and day <= today:
        day += timedelta(weeks=1)
    return _one(day)


def _whole_week(m: re.Match[str], today: date) -> _Days:
    monday = _monday(today) + timedelta(weeks=_WEEK_SHIFT[m.group("wholeweek").rstrip("个")])
    return _Days(monday, monday + timedelta(days=6))


def _relative_day(m: re.Match[str], today: date) -> _Days | None:
    return _one(today + timedelta(days=_DAY_OFFSETS[m.group("day")]))


def _short_day(m: re.Match[str], today: date) -> _Days | None:
    return _one(
        today
        + timedelta(
            days={"今": 0, "明": 1, "昨": -1, "当": 0, "前": -2, "后": 2}[m.group("dayshort")]
        )
    )


def _year_of(words: str | None, today: date) -> int | None:
    if words is None:
        return None
    shifts = {"前": -2, "去": -1, "今": 0, "明": 1, "后": 2}
    if words in shifts:
        return today.year + shifts[words]
    year = to_int(words)
    return periods.full_year(year, today) if year is not None else None


def _month_day(m: re.Match[str], today: date) -> _Days | None:
    month = to_int(m.group("month") or m.group("month2"))
    day = to_int(m.group("mday") or m.group("mday2"))
    if not month or not day:
        return None
    year = _year_of(m.group("year"), today)
    if year is None:
        # The nearest such day: 11月20日 said on 24 November is four days ago, 1月3日 is ahead.
        options = [_safe_date(today.year + shift, month, day) for shift in (-1, 0, 1)]
        known = [d for d in options if d]
        return _one(min(known, key=lambda d: abs((d - today).days + 45))) if known else None
    return _one(_safe_date(year, month, day))


def _iso(m: re.Match[str], _today: date) -> _Days | None:
    return _one(_safe_date(*(int(m.group(g)) for g in ("iso_y", "iso_m", "iso_d"))))


_LISTED = re.compile(rf"(?P<month>{_MONTH})月(?:{_DAY_OF_MONTH}[日号]?[\s,，、和或跟与]+)+$")


def _day_only(m: re.Match[str], today: date) -> _Days | None:
    """A bare day of the month is the next such day, today included; 从20号开始 the last one."""
    day = to_int(m.group("onlyday") or m.group("onlyday2"))
    if not day or day > 31:
        return None
    listed = _LISTED.search(m.string[: m.start()])
    if listed:
        # 9月10号、11号: the month that was said for the day before it.
        month = to_int(listed.group("month")) or 0
        options = [_safe_date(today.year + shift, month, day) for shift in (-1, 0, 1)]
        known = [d for d in options if d]
        return _one(min(known, key=lambda d: abs((d - today).days + 45))) if known else None
    if re.search(r"(?:从|打|自从|自|上月|上个月)$", m.string[: m.start()]):
        for shift in range(0, -3, -1):
            first = _add_months(today.replace(day=1), shift)
            found = _safe_date(first.year, first.month, day)
            if found and found <= today:
                return _one(found)
    for shift in range(3):
        first = _add_months(today.replace(day=1), shift)
        found = _safe_date(first.year, first.month, day)
        if found and found >= today:
            return _one(found)
    return None


_FROM = re.compile(r"(?:从|打|自从|自)$")


def _year_of_month(m: re.Match[str], month: int, today: date) -> int:
    """The year said, the last such month after 自, else the nearest: 三月 in November is ahead."""
    year = _year_of(m.group("myear"), today)
    if year is not None:
        return year
    if _FROM.search(m.string[: m.start()]):
        return today.year - (month > today.month)
    return today.year + (1 if month < today.month - 5 else 0)


def _whole_month(m: re.Match[str], today: date) -> _Days | None:
    month = to_int(m.group("wholemonth"))
    return _month(_year_of_month(m, month, today), month) if month else None


def _relative_month_day(m: re.Match[str], today: date) -> _Days | None:
    words = m.group("rmonth").rstrip("个")
    shift = {"上上": -2, "上": -1, "下": 1, "下下": 2}.get(words, 0)
    first = _add_months(today.replace(day=1), shift)
    return _one(_safe_date(first.year, first.month, to_int(m.group("rmday")) or 0))


def _month_part(m: re.Match[str], today: date) -> _Days | None:
    words, part = m.group("mprel"), m.group("mpart")
    shifts = {None: 0, "这个": 0, "本": 0, "下个": 1, "下": 1, "上个": -1, "上": -1}
    if words in shifts:
        first = _add_months(today.replace(day=1), shifts[words])
    else:
        month = to_int(words or "")
        if not month:
            return None
        first = date(_year_of_month(m, month, today), month, 1)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    if part.endswith("前"):
        return _Days(today, last)
    days = {"初": (1, 10), "上旬": (1, 10), "中旬": (11, 20), "下旬": (21, last.day)}
    low, high = days.get(part, (last.day - 4, last.day))
    return _Days(first.replace(day=low), first.replace(day=high), part in ("初", "底", "末"))


def _relative_month(m: re.Match[str], today: date) -> _Days | None:
    shift = {"上上个": -2, "上个": -1, "下个": 1, "下下个": 2}.get(m.group("relmonth"), 0)
    first = _add_months(today.replace(day=1), shift)
    return _month(first.year, first.month)


def _relative_year(m: re.Match[str], today: date) -> _Days | None:
    return _year(_year_of(m.group("relyear"), today))


def _number_year(m: re.Match[str], today: date) -> _Days | None:
    return _year(_year_of(m.group("numyear"), today))


def _year(year: int | None) -> _Days | None:
    return _Days(date(year, 1, 1), date(year, 12, 31)) if year else None


#: First and last month of the parts of a year; the winter ends in the next year.
_SEASONS = {
    "春": (3, 5), "夏": (6, 8), "秋": (9, 11), "冬": (12, 14), "年初": (1, 1), "年中": (6, 7),
    "暑假": (7, 8), "年底": (12, 12), "年末": (12, 12), "底": (12, 12), "上半年": (1, 6), "下半年": (7, 12),
}  # fmt: skip


def _season(m: re.Match[str], today: date) -> _Days | None:
    """去年冬天, 今年年初, 明年下半年: a part of a year as one expression."""
    year, words = _year_of(m.group("syear"), today), m.group("season")
    key = next(k for k in _SEASONS if k == words or (len(k) == 1 and k in words))
    if year is None:
        return None
    first, last = (_add_months(date(year, 1, 1), month - 1) for month in _SEASONS[key])
    month = _month(last.year, last.month)
    return _Days(first, month.end, not key.endswith("半年")) if month else None


def _year_end(m: re.Match[str], today: date) -> _Days | None:
    words = m.group("yearend")
    if words in ("年前", "年跟前"):
        following = lunar.eve(today.year - 1)
        if following is None or following < today:
            following = lunar.eve(today.year)
        return _Days(today, following) if following else None
    last = date(today.year, 12, 31)
    return _Days(today, last) if words.endswith("前") else _Days(last.replace(day=21), last, True)


def _lunar_day(words: str) -> int | None:
    return to_int(words.removeprefix("初"))


def _lunar_date(m: re.Match[str], month: int, day: int, today: date) -> date | None:
    """The day in the year said, else the next such day; 年三十 is the last of its year."""
    year = _year_of(m.group("lyear"), today)
    if year is None:
        return lunar.next_occurrence(month, day, today)
    return lunar.eve(year) if (month, day) == (12, 30) else lunar.to_date(year, month, day)


def _lunar(m: re.Match[str], today: date) -> _Days | None:
    if m.group("eve"):
        return _one(_lunar_date(m, 12, 30, today))
    if m.group("festival"):
        return _one(_lunar_date(m, *lunar.FESTIVALS[m.group("festival")], today))
    if m.group("nyday"):
        return _one(_lunar_date(m, 1, _lunar_day(m.group("nyday")) or 1, today))
    month = lunar.MONTHS.get(m.group("lmonth") or "") or to_int(m.group("lmonth2") or "")
    day = _lunar_day(m.group("lday") or m.group("lday2"))
    if m.group("leap") and month and day:
        year = _year_of(m.group("lyear"), today) or today.year
        return _one(lunar.to_date(year, month, day, leap=True))
    return _one(_lunar_date(m, month, day, today)) if month and day else None


def _lunar_month(m: re.Match[str], today: date) -> _Days | None:
    """腊月里: the lunar month that goes on or comes next."""
    month = lunar.MONTHS.get(m.group("lwhole") or "") or to_int(m.group("lwhole2") or "") or 0
    said, leap = _year_of(m.group("lyear"), today), bool(m.group("wleap"))
    for year in [said] if said else [today.year - 1, today.year, today.year + 1]:
        first = lunar.to_date(year, month, 1, leap=leap)
        last = lunar.to_date(year, month, 29, leap=leap)
        if first and last and (said or last >= today):
            return _Days(first, lunar.to_date(year, month, 30, leap=leap) or last)
    return None


def _solar_festival(m: re.Match[str], today: date) -> _Days | None:
    month, day = _SOLAR_FESTIVALS[m.group("solar")]
    said = _year_of(m.group("lyear"), today)
    if said:
        return _one(date(said, month, day))
    found = date(today.year, month, day)
    return _one(found if found >= today else date(today.year + 1, month, day))


_VAGUE = frozenset({"好几", "几", "大半", "小半"})
_FEW = {
    "半": (0.5, True), "大半": (0.5, True), "小半": (0.5, True), "好几": (5, True), "几": (3, True),
    "两三": (3, True), "三四": (4, True), "四五": (5, True), "五六": (6, True), "七八": (8, True),
}  # fmt: skip


def _amount(m: re.Match[str]) -> tuple[float, bool] | None:
    words = m.group("few")
    if words in _FEW:
        return _FEW[words]
    number = to_int(words)
    return None if number is None else (float(number), bool(m.group("more")))


#: 一年零两个月; the years are the amount.
_YEARS_AND_MONTHS = re.compile(rf"年零({_N})个月")


def _back(today: date, amount: float, unit: str) -> date:
    """The day ``amount`` units before ``today`` (negative: after it)."""
    if both := _YEARS_AND_MONTHS.fullmatch(unit):
        return _add_months(today, -round(amount * 12) - (to_int(both.group(1)) or 0))
    if "月" in unit:
        whole = int(amount)
        return _add_months(today, -whole) - timedelta(days=round((amount - whole) * 30))
    if unit.startswith("年"):
        return _add_months(today, -round(amount * 12))
    if "小时" in unit or "钟头" in unit:
        return today - timedelta(days=int(amount / 24))
    if "分钟" in unit or "刻钟" in unit:
        return today
    days = 7 if ("星期" in unit or "礼拜" in unit or "周" in unit) else 1
    return today - timedelta(days=round(amount * days))


def _ago(m: re.Match[str], today: date) -> _Days | None:
    amount = _amount(m)
    if amount is None:
        return None
    unit = m.group("agounit")
    day = _back(today, amount[0] + 0.5 * ("半" in unit), unit)
    return _Days(day, day, amount[1])


def _later(m: re.Match[str], today: date) -> _Days | None:
    amount = _amount(m)
    if amount is None:
        return None
    within = m.group("later").endswith("内")
    if within and (m.group("few") == "几" or _PROMISED.search(m.string[: m.start()])):
        return None
    unit = m.group("laterunit")
    day = _back(today, -amount[0] - 0.5 * ("半" in unit), unit)
    return _Days(today if within else day, day, amount[1])


def _workdays(m: re.Match[str], today: date) -> _Days | None:
    """三个工作日内: Saturdays and Sundays do not count."""
    left = to_int(m.group("workdays"))
    if not left or left > 1000 or _PROMISED.search(m.string[: m.start()]):
        return None
    day = today
    while left:
        day += timedelta(days=1)
        left -= day.isoweekday() <= 5
    return _Days(today if m.group("wlater").endswith("内") else day, day)


def _since(m: re.Match[str], today: date) -> _Days | None:
    """坏了三天了: from three days ago until now – only when the words say since when.

    Vague counts (好几天, 大半年, 三十来年) say how long it feels, not since when; and what was
    done for a while (干了五个月, 站了一个小时) need not last till now.
    """
    unit, few = m.group("sinceunit"), m.group("few")
    amount = _amount(m)
    if amount and "半" in unit:
        amount = (amount[0] + 0.5, amount[1])
    hours = "小时" in unit or "钟头" in unit
    if amount is None or few in _VAGUE or (few == "半" and (hours or unit == "天")):
        return None
    approx = amount[1] or bool(m.group("sincemore")) or bool(re.search("[多来]", unit))
    if unit == "年" and approx and amount[0] >= 10:
        return None
    one = amount[0] == 1 and unit in ("天", "宿", "晚上")
    if not _goes_on(m, hours=hours, one=one):
        return None
    return _Days(_back(today, amount[0], unit), today, approx)


#: 一宿没合眼, 一天也没去过: nothing that lasts.
_NOT_FOR_A_WHILE = re.compile(r"[都也]?没(?:睡|合|眯|闭|[^,，。]{1,3}过)|[都也]没")


#: 欠起两个月工资 says how much, not since when.
_OWED = re.compile(r"的?(?:工资|薪水|工钱|房租|租金|生活费|养老金|退休金|低保金?|物业费|水费|电费)")


def _goes_on(m: re.Match[str], *, hours: bool, one: bool) -> bool:
    """Whether the words around the duration say that it lasts till now."""
    before, after = m.string[: m.start()], m.string[m.end() :]
    if (
        before.endswith(("不到", "生下来", "出生"))
        or _OWED.match(after)
        or (one and _NOT_FOR_A_WHILE.match(after))
    ):
        return False
    if (one or hours) and re.search("[等躺守排熬坐站闹]了(?:[近快]|将近|整整|足足)?$", before):
        return False
    if _SINCE_AFTER.match(after):
        return True
    if hours:
        return False
    lasts = _SINCE_BEFORE.search(before) or _LASTS_BEFORE.search(before)
    return bool(lasts or (_WITHOUT_AFTER.match(after) and not one))


#: The first of the two days.
_TWO_DAYS = {"今明": 0, "明后": 1, "昨今": -1}


def _these(m: re.Match[str], today: date) -> _Days:
    words = m.group("these")
    if m.group("thesen"):
        return _Days(today - timedelta(days=to_int(m.group("thesen")) or 0), today)
    if words[:2] in _TWO_DAYS:
        first = _TWO_DAYS[words[:2]]
        return _Days(today + timedelta(days=first), today + timedelta(days=first + 1))
    if words.startswith("过"):
        return _Days(today + timedelta(days=2), today + timedelta(days=3), True)
    if words.startswith("这"):
        return _Days(today - timedelta(days=2), today, True)
    return _Days(today - timedelta(days=3), today - timedelta(days=1), True)


_Reader = Callable[["re.Match[str]", date], "_Days | None"]


def _period(read: periods.Reader) -> _Reader:
    """A reader of ``periods`` as one of this module."""

    def days(m: re.Match[str], today: date) -> _Days | None:
        found = read(m, today)
        return _Days(*found) if found else None

    return days


#: Day expressions in order of trial; the first that reads wins at its place.
_DAY_READERS: tuple[tuple[re.Pattern[str], _Reader], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        (_ISO, _iso),
        *((pattern, _period(read)) for pattern, read in periods.READERS),
        (_THESE, _these),
        (_LUNAR, _lunar),
        (_LUNAR_MONTH, _lunar_month),
        (_SOLAR, _solar_festival),
        (_DAY, _relative_day),
        (_DAY_SHORT, _short_day),
        (_WEEK, _weekday),
        (_WHOLE_WEEK, _whole_week),
        (_MONTH_PART, _month_part),
        (_MONTH_DAY, _month_day),
        (_REL_MONTH_DAY, _relative_month_day),
        (_REL_MONTH, _relative_month),
        (_WHOLE_MONTH, _whole_month),
        (_SEASON, _season),
        (_NUMBER_YEAR, _number_year),
        (_YEAR_END, _year_end),
        (_REL_YEAR, _relative_year),
        (_DAY_ONLY, _day_only),
        (_AGO, _ago),
        (_WORKDAYS, _workdays),
        (_LATER, _later),
        (_SINCE, _since),
    )
)
_PART_RE = re.compile(rf"(?:的)?(?P<part>{_PART})(?!餐|饭|市|教|熟|产|恋)")
# 一上午, 好几晚上, 一个晚上 say how long.
_HOW_LONG = r"(?<![零〇一二三四五六七八九十百\d号周拜期])[一两俩三几半整](?:个|整)?|[几整]个?"
_PART_ALONE_RE = re.compile(rf"(?P<part>{_PART_ALONE})(?!餐|饭|茶|觉)")
_CLOCK_RE = re.compile(_CLOCK)
_SHORT_HOUR_RE = re.compile(_SHORT_HOUR)
_APPROX_RE = re.compile(_APPROX)
_APPROX_HOUR_RE = re.compile(_APPROX_HOUR)
_TO_RE = re.compile(_TO)
_END_DAY_RE = re.compile(rf"({_N})(?:日|号{_NOT_A_DATE})(?!码)")
_SHORT_MONTHS_RE = re.compile(
    rf"(?:(?P<smyear>{_YEAR}|前|去|今|明)年)?(?P<first>{_MONTH})\s*(?:-+|[~～到至])\s*(?P<last>{_MONTH})月份?"
)
_DAILY_RE = re.compile(_RECUR_DAILY)
_WEEKLY_RE = re.compile(_RECUR_WEEKLY)
#: Where a time can begin at all: one search instead of trying every reader at every place.
_BEGINNINGS = either(
    [
        *(p.pattern for p, _ in _DAY_READERS),
        *(p.pattern for p in (_SHORT_MONTHS_RE, _DAILY_RE, _WEEKLY_RE, _PART_ALONE_RE, _CLOCK_RE)),
        _SHORT_HOUR,
    ]
)
# A part of the day by itself is no time where it greets, is a habit or the name of a kind of thing:
# 早上好, 一早就打鸣, 一到天黑, 夜间施工.
_NOT_ALONE = re.compile(r"早起|夜间|晚间|早间|午间|天黑|黑天|黑夜|天亮前")
_GREETS = re.compile(r"好(?![几多像不])|安(?![装排])")
_HABIT_BEFORE = re.compile(
    r"(?:一到|每到|到了|天天|见天儿?|老是|总是|总|成天|整天|[写开干吵闹打跳唱放喝]到)$"
)
_HOW_LONG_BEFORE = re.compile(rf"(?:{_HOW_LONG})$")
_HABIT_AFTER = re.compile(rf"(?:{_N}点(?:钟|半|多)?)?[就才都]")
# The evening alone is when somebody is to come or can be met (晚上来送, 晚上有空); else it tells what
# happens at night (晚上偷着烧, 半夜还叫). A short message (“晚上”) answers when.
_AT_NIGHT = ("eve", "night", "dawn")
_MEET_THEN = re.compile(
    r"(?:我|俺|家里|人|都|再|就|也|才|你们?|给我|给俺|能|可以|得|要|想)*"
    r"(?:来|过来|送|上门|有空|得空|没空|没事|方便|在家|有人|联系|打(?:给|电话)|约|用|行|成|中|得行|要得|吧|好点|比较好|最好)"
)
_ANSWER_LONGEST = 8
# Told of another day: 那天下午.
_THAT_DAY = re.compile(r"(?:那|当|有一?|头一|第[一二三四五]|次)[天日]$")
_CLOCK_HABIT = re.compile(r"(?:到|平时|天天|见天儿?|老是|总是|经常|每次|每到)$")
# 一点 is an hour only where it cannot be “a little”.
_A_LITTLE = re.compile(r"(?<!十)一点$")
_ONE_OCLOCK = re.compile(r"[钟整半多来过]|左右|前后|之?前(?!面)|以前|\s*[到至~-]|开始|见面")
_NEXT_DAY = re.compile(r"(?:第二天|次日|转天)")
_BEFORE_DEADLINE = re.compile(r"(?:之前|以前|前)(?![面头后边门院楼])")


@dataclass
class _Reading:
    """A time while it is being read from left to right."""

    start: int
    end: int
    days: _Days | None = None
    part: str | None = None
    clock: tuple[int, int] | None = None
    until: tuple[int, int] | None = None
    recur: dict[str, Any] | None = None
    approx: bool = False
    next_day: bool = False
    or_hour: int | None = None


#: 11 月 25 日 8 时: the spaces that pages and notices set around figures.
_GAP = re.compile(
    r"(?<=\d)\s(?=[年月日号时点分])|(?<=[年月日])\s(?=[\d一二三四五六七八九十]{1,4}\s?[年月日号时点:：])"
)


def find_times(text: str, now: datetime, *, meal: bool = False) -> list[Span]:
    """Times in ``text``, relative to ``now``.

    Args:
        text: what was said.
        now: the reference time.
        meal: the sentence orders a meal: parts of the day are then meals and not times.
    """
    spaced = simplify(narrow(text))
    gaps = {match.start() for match in _GAP.finditer(spaced)}
    places = [i for i in range(len(spaced)) if i not in gaps]
    plain = "".join(spaced[i] for i in places) if gaps else spaced
    spans: list[Span] = []
    beginning = _BEGINNINGS.search(plain)
    while beginning:
        at = beginning.start()
        reading = _read(plain, at, now.date(), meal)
        value = _value(reading, now) if reading else None
        if reading and value:
            start, end = places[reading.start], places[reading.end - 1] + 1
            spans.append(Span("time", start, end, text[start:end], value, 0.95))
        beginning = _BEGINNINGS.search(plain, reading.end if reading and value else at + 1)
    return without_overlaps(spans)


def _read(plain: str, at: int, today: date, meal: bool) -> _Reading | None:
    reading = _read_recur(plain, at) or _read_day(plain, at, today)
    if reading is None:
        if meal:
            clock = _read_clock(plain, at)
            return clock
        reading = _read_part_alone(plain, at) or _read_clock_alone(plain, at)
        if reading is None:
            return None
    _read_weekday_beside(plain, reading)
    if not meal:
        _read_part(plain, reading)
    _read_last_day(plain, reading, today)
    if not meal:
        _read_part(plain, reading)  # 周一到周五|上午
    if reading.clock is None:
        clock = _read_clock(
            plain, reading.end + (plain[reading.end : reading.end + 1] in ("的", " "))
        )
        if clock and not (reading.part is None and _is_a_little(plain, clock, at_end=True)):
            reading.clock, reading.end = clock.clock, clock.end
            reading.or_hour, reading.approx = clock.or_hour, reading.approx or clock.approx
    _read_until(plain, reading, today)
    match = _APPROX_RE.match(plain, reading.end)
    if match is None and reading.clock and reading.until is None:
        match = _APPROX_HOUR_RE.match(plain, reading.end)
    if match:
        reading.approx, reading.end = True, match.end()
    if not meal and (_is_only_often(plain, reading) or _is_habit_hour(plain, reading)):
        return None
    return reading


def _is_only_often(plain: str, reading: _Reading) -> bool:
    """每天堵车, 每晚充电 say how often, not when; 每天早上, 每晚十点 and 每天来量血压 do."""
    daily = reading.recur == {"recur": "daily"} and reading.clock is None
    bare = daily and reading.end - reading.start == _OFTEN
    return bare and not _EVERY_DAY.match(plain, reading.end)


def _is_habit_hour(plain: str, reading: _Reading) -> bool:
    """四点就放学 tells a habit; 早上四点就来敲, 每天六点就吵 and 今天四点就停了 say more."""
    alone = reading.days is None and reading.recur is None and reading.part is None
    return alone and plain.startswith("点就", reading.end - 1)


_WEEKDAY_BESIDE = re.compile(
    r"[\s,，]?(?:周|星期|礼拜)(?P<day>[一二三四五六日天])|[(（](?:周|星期|礼拜)(?P<inside>[一二三四五六日天])[)）]"
)


def _read_weekday_beside(plain: str, reading: _Reading) -> None:
    """28号（周六）, 12月1日星期二: the weekday of the same day is part of the words."""
    days = reading.days
    match = _WEEKDAY_BESIDE.match(plain, reading.end)
    said = re.search(r"周|星期|礼拜", plain[reading.start : reading.end])
    if match and days and days.start == days.end and reading.clock is None and not said:
        if _WEEKDAYS[match.group("day") or match.group("inside")] == days.start.isoweekday():
            reading.end = match.end()


def _read_part(plain: str, reading: _Reading) -> None:
    """The part of the day right behind what was read, unless one was said."""
    if reading.part is not None or reading.clock is not None:
        return
    match = _PART_RE.match(plain, reading.end + (plain[reading.end : reading.end + 1] == " "))
    if match:
        reading.part, reading.end = _PART_OF[match.group("part")], match.end()


def _read_recur(plain: str, at: int) -> _Reading | None:
    match = _WEEKLY_RE.match(plain, at)
    if match:
        words = match.group("weekdays")
        days = [6, 7] if words == "末" else _weekday_list(words)
        return _Reading(at, match.end(), recur={"recur": "weekly", "weekdays": days})
    match = _DAILY_RE.match(plain, at)
    if match:
        part = {"每晚": "eve", "每早": "am"}.get(match.group("daily"))
        return _Reading(at, match.end(), recur={"recur": "daily"}, part=part)
    return None


def _weekday_list(words: str) -> list[int]:
    numbers = [_WEEKDAYS[c] for c in words if c in _WEEKDAYS]
    if re.search("[到至]", words) and len(numbers) == 2:
        return list(range(numbers[0], numbers[1] + 1))
    return sorted(set(numbers))


def _read_day(plain: str, at: int, today: date) -> _Reading | None:
    months = _SHORT_MONTHS_RE.match(plain, at)
    if months and not (at and plain[at - 1] in "0123456789-.月"):
        return _read_months(months, today)
    for pattern, reader in _DAY_READERS:
        match = pattern.match(plain, at)
        if match is None:
            continue
        try:
            days = reader(match, today)
        except (ValueError, OverflowError):
            continue  # 三千年前: no date of our calendar
        if days is None:
            continue
        end = match.end()
        deadline = _BEFORE_DEADLINE.match(plain, end)
        if deadline and days.start >= today and days.start == days.end:
            return _Reading(at, deadline.end(), _Days(today, days.end))
        return _Reading(at, end, days, approx=days.approx)
    return None


def _read_months(m: re.Match[str], today: date) -> _Reading | None:
    """7-8月: both months of the nearest year."""
    first, last = to_int(m.group("first")) or 1, to_int(m.group("last")) or 1
    said = _year_of(m.group("smyear"), today)
    year = said or today.year + (1 if last < today.month - 5 and first <= last else 0)
    start, end = _month(year, first), _month(year + (last < first), last)
    return _Reading(m.start(), m.end(), _Days(start.start, end.end)) if start and end else None


def _read_part_alone(plain: str, at: int) -> _Reading | None:
    match = _PART_ALONE_RE.match(plain, at)
    if match is None:
        return None
    word, before, after = match.group("part"), plain[:at], plain[match.end() :]
    if _read_clock(plain, match.end()):
        return _Reading(at, match.end(), part=_PART_OF[word])
    if _NOT_ALONE.fullmatch(word) or _GREETS.match(after) or _HABIT_BEFORE.search(before):
        return None
    if _HOW_LONG_BEFORE.search(before) or _THAT_DAY.search(before):
        return None
    if "大" in (word[0], before[-1:]) and after.startswith("的"):
        return None  # 大半夜的: of all times
    if _PART_OF[word] in ("am", "dawn") and _HABIT_AFTER.match(after):
        return None
    if _PART_OF[word] in _AT_NIGHT and len(plain) > _ANSWER_LONGEST and not _MEET_THEN.match(after):
        return None
    return _Reading(at, match.end(), part=_PART_OF[word])


def _is_a_little(plain: str, clock: _Reading, *, at_end: bool) -> bool:
    """一点 in 报一点, 一点一点蹭, 今天一点没好; ``at_end``: the sentence may end with the hour."""
    if not _A_LITTLE.search(plain, clock.start, clock.end):
        return False
    after = plain[clock.end :]
    if after.startswith("一点") or plain[: clock.start].endswith("一点"):
        return True
    return not (_ONE_OCLOCK.match(after) or (at_end and re.match(r"[,，。!！?？、\s]|$", after)))


def _read_clock_alone(plain: str, at: int) -> _Reading | None:
    """A clock time without a day: today's, unless it is a habit (平时六点, 吵到十一点)."""
    clock = _read_clock(plain, at)
    if clock is None or _CLOCK_HABIT.search(plain[:at]):
        return None
    return None if _is_a_little(plain, clock, at_end=False) else clock


#: 一两点, 两三点, 十一二点: an hour or the next.
_TWO_HOURS = re.compile(r"(?P<hour>十?[一二两三四五六七八])(?P<or>[二两三四五六七八九])")


def _read_clock(plain: str, at: int) -> _Reading | None:
    if at and plain[at - 1] in "0123456789零一二三四五六七八九十第差-:几有早晚快":
        if plain[at - 1] not in "早晚":
            return None
    short = _SHORT_HOUR_RE.match(plain, at)
    if short and 0 < (to_int(short.group("firsthour")) or 0) <= 24:
        return _Reading(at, short.end(), clock=(to_int(short.group("firsthour")) or 0, 0))
    match = _CLOCK_RE.match(plain, at)
    if match is None:
        return None
    two = _TWO_HOURS.fullmatch(match.group("hour"))
    if two and to_int(two.group("or")) == (to_int(two.group("hour")[-1]) or 0) + 1:
        ten = 10 if two.group("hour")[0] == "十" else 0
        hours = to_int(two.group("hour")) or 0, (to_int(two.group("or")) or 0) + ten
        return _Reading(at, match.end(), clock=(hours[0], 0), approx=True, or_hour=hours[1])
    hour = to_int(match.group("hour"))
    if hour is None or hour > 24:
        return None
    minute = int(match.group("minute") or 0)
    sub = match.group("sub")
    if sub:
        minute = (
            {"半": 30, "一刻": 15, "1刻": 15, "三刻": 45, "3刻": 45}.get(sub)
            or to_int(sub.rstrip("分"))
            or 0
        )
    if minute > 59:
        return None
    return _Reading(at, match.end(), clock=(hour, minute))


def _read_last_day(plain: str, reading: _Reading, today: date) -> None:
    """周一到周五, 11月25号到27号, 9月到11月: the last day of the stretch."""
    days = reading.days
    match = _TO_RE.match(plain, reading.end) if days else None
    if days is None or match is None or reading.clock is not None:
        return
    same_month = _END_DAY_RE.match(plain, match.end())
    if same_month and days.start == days.end:
        end = _safe_date(days.start.year, days.start.month, to_int(same_month.group(1)) or 0)
        if end and end >= days.start:
            reading.days, reading.end = _Days(days.start, end), same_month.end()
            return
    last = _read_end(plain, match.end(), days.start, today)
    if last is None or last.days is None:
        return
    single = days.start == days.end and last.days.start == last.days.end
    months = days.start.day == 1 and days.start != days.end and last.days.start.day == 1
    if not (single or months or _FROM.search(plain[: reading.start])):
        return
    end = last.days.end
    if single and end < days.start and (days.start - end).days < 7:
        end += timedelta(weeks=1)
    if months and end < days.start:
        end = _add_months(end.replace(day=1), 12)
        end = end.replace(day=calendar.monthrange(end.year, end.month)[1])
    if end >= days.start:
        reading.days, reading.end = _Days(days.start, end), last.end


#: A day whose date depends on today; the others are read from the first day of a stretch.
_FROM_TODAY = re.compile(r"[今明昨后前去上下这本]")


def _read_end(plain: str, at: int, first: date, today: date) -> _Reading | None:
    """The day that ends a stretch: 2017年8月11日至8月22日 stays in the year of its first day."""
    last = _read_day(plain, at, today)
    if last is None or last.days is None or _FROM_TODAY.match(plain, at):
        return last
    if first <= last.days.end < first + timedelta(days=366):
        return last
    again = _read_day(plain, at, first)
    return again if again and again.days and again.days.end >= first else last


def _read_day_until(plain: str, at: int, reading: _Reading, today: date) -> bool:
    """昨天两点到明天四点: the end of the stretch has its own day and hour."""
    first = reading.days.start if reading.days else today
    last = _read_end(plain, at, first, today)
    if last is None or last.days is None or last.days.start != last.days.end:
        return False
    position = last.end + (plain[last.end : last.end + 1] == " ")
    part = _PART_RE.match(plain, position)
    clock = _read_clock_after_to(plain, part.end() if part else position)
    if clock is None or clock.clock is None or last.days.end < first:
        return False
    reading.until = _hour_24(clock.clock, _PART_OF[part.group("part")] if part else None)
    reading.days = _Days(first, last.days.end)
    reading.next_day = clock.clock[0] == 24
    reading.end = clock.end
    return True


def _read_until(plain: str, reading: _Reading, today: date) -> None:
    """到下午五点, -10点: the end of the stretch; the part of day may be said again."""
    if reading.clock is None:
        return
    match = _TO_RE.match(plain, reading.end)
    if match is None or _read_day_until(plain, match.end(), reading, today):
        return
    tomorrow = _NEXT_DAY.match(plain, match.end())
    position = tomorrow.end() if tomorrow else match.end()
    part = _PART_RE.match(plain, position)
    clock = _read_clock_after_to(plain, part.end() if part else position)
    if clock is None or clock.clock is None:
        return
    said_part = _PART_OF[part.group("part")] if part else reading.part
    reading.until = _hour_24(
        clock.clock, "am" if tomorrow and not part else said_part, not_before=reading.clock
    )
    first = _hour_24(reading.clock, reading.part)
    if tomorrow is None and reading.until < first:
        # 晚上十点到六点, 下午五点到凌晨三点: into the next morning.
        reading.until = _hour_24(clock.clock, _PART_OF[part.group("part")] if part else "am")
        reading.next_day = reading.until < first
    else:
        reading.next_day = tomorrow is not None
    reading.end = clock.end


def _read_clock_after_to(plain: str, at: int) -> _Reading | None:
    match = _CLOCK_RE.match(plain, at)
    if match is None:
        return None
    reading = _read_clock(" " * match.start() + plain[match.start() :], at)
    return reading


def _hour_24(
    clock: tuple[int, int], part: str | None, not_before: tuple[int, int] | None = None
) -> tuple[int, int]:
    """The hour on a 24-hour dial: 下午三点 → 15; a bare 两点 is the afternoon, 八点 the morning."""
    hour, minute = clock
    afternoon = (
        part == "pm"
        or (part == "eve" and hour >= 4)
        or (part == "night" and 6 <= hour)
        or (part == "noon" and hour < 4)
        or (part is None and (1 <= hour <= 6 or (not_before is not None and clock < not_before)))
    )
    if hour == 12 and part in ("night", "dawn"):
        return 0, minute
    if hour == 12 and part == "eve":
        return 23, 59  # 晚上十二点 ends the day
    if hour < 12 and afternoon:
        hour += 12
    return (0 if hour == 24 else hour), minute


def _value(reading: _Reading, now: datetime) -> dict[str, Any] | None:
    if reading.recur is not None:
        value: dict[str, Any] = dict(reading.recur)
    else:
        days = reading.days or _Days(now.date(), now.date())
        value = {"start": days.start.isoformat(), "end": days.end.isoformat()}
        if reading.clock is not None:
            first = _hour_24(reading.clock, reading.part)
            last = reading.until or first
            if reading.or_hour:
                last = _hour_24((reading.or_hour, 0), reading.part)
            last_day = days.end + timedelta(days=reading.next_day)
            value = {
                "start": f"{days.start.isoformat()}T{first[0]:02d}:{first[1]:02d}",
                "end": f"{last_day.isoformat()}T{last[0]:02d}:{last[1]:02d}",
            }
    if reading.part:
        value["part"] = reading.part
    if reading.approx:
        value["approx"] = True
    return value
