"""Where: 幸福小区3号楼2单元门口, 6-2-401, 三号楼二单元, 小卖部对面.

An address is an unbroken run of pieces (compound, building, unit, floor, room, landmark). A run
counts only when at least one piece identifies a place: 楼道, 楼上, 门口 alone are no address.
Value: ``{community?, building?, unit?, floor?, room?, place?}``, numbers as digits without suffix,
only what was said. Matching the words to real buildings is the services' work, not ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from bot.understanding.gazetteer import Gazetteer
from bot.understanding.numbers import NUMBER, narrow, to_int
from bot.understanding.span import Span

_N = NUMBER
# Characters that end a name on its left: pronouns, particles, verbs of being and going.
_NOT_NAME = (
    r"我你他她它们在住是的了从到去就这那有跟把被给让咱俺您啊呢吧嘛哈,。!?、;:，。！？；：\s\d"
)
_NAME = rf"[^{_NOT_NAME}]"
_COMPOUND_SUFFIX = (
    r"小区|花园|家园|佳园|嘉园|公寓|家属院|家属楼|家属区|新村|新城|新居|佳苑|嘉苑|名苑|雅苑|丽苑|"
    r"大院|宿舍楼|宿舍|社区|街道|大厦|豪庭|华府|山庄|公馆|城中村|家苑|怡园|安置房|安置小区|院子"
)
_ROAD_SUFFIX = r"大街|大道|胡同|路|街|巷"
_ROAD_WORDS = re.compile(
    r"(?:马|公|小|铁|电|线|走|修|挡|过|水|网|道|出|半|堵|拦|管|回|问|带|认|迷|让|短|油|土|条|段|"
    r"一|老|近|绕|思|门|占|断|没|扫|下|上|逛|整|满|当)(?:路|街|巷)$"
)
# Words that may stand before a name without a break and are not part of it.
_BEFORE_NAME = re.compile(
    r"昨天|今天|明天|后天|前天|晚上|早上|上午|下午|中午|夜里|半夜|最近|天天|每天|每晚|麻烦|你好|请问|反映|"
    r"投诉|举报|报修|住户|业主|居民|这边|那边|地址|位置|位于|靠近|挨着|整个|全|本|老旧|隔壁|附近|别的|"
    r"期间|停水|停电|和(?!谐|平|睦|美|顺|园)|应为|楼里|地址是|哪个|哪|个|各|每|新来|就是|还有|因为|所以|但是|不过|原来|以前|现在|家|搁|走|来|说|帮|查|问|看|进|出|"
    r"送|发生|对|往|离|过|我|要|想|能|可以|怎么|咋|为什么|为啥|啥|上|下|管|归|属于|叫|报"
)
_LANDMARK = (
    r"小卖部|小卖店|小超市|超市|便利店|菜市场|农贸市场|早市|夜市|菜场|菜店|水果店|药店|药房|诊所|"
    r"卫生院|卫生所|卫生站|卫生室|医院|学校|小学|中学|幼儿园|广场|公园|小花园|小游园|凉亭|亭子|"
    r"车棚|自行车棚|车库|地库|停车场|停车位|垃圾站|垃圾点|垃圾房|垃圾桶|垃圾箱|健身器材|健身角|"
    r"活动室|活动中心|服务中心|服务站|党群中心|居委会|物业办公室|物业|派出所|银行|邮局|饭店|饭馆|"
    r"烧烤店|烧烤摊|麻将馆|棋牌室|理发店|浴池|澡堂|快递站|快递柜|驿站|公交站|车站|站台|锅炉房|换热站|"
    r"配电室|配电房|变电箱|水泵房|泵房|水塔|大门|正门|侧门|后门|东门|西门|南门|北门|东大门|西大门|"
    r"南大门|北大门|大院门|十字路口|丁字路口|路口|道口|巷口|巷子口|胡同口|桥头|桥洞|桥下|河边|江边|"
    r"河堤|沟边|院坝|坝坝|坝子|操场|客运站|火车站|汽车站|商场|候车室|电影院|老年大学|养老院|敬老院|食堂|助餐点|井边|花坛|水池|喷泉|"
    r"单元门口|楼门口|地下室|天台|楼顶|屋顶|连廊|门卫室|门卫|保安亭|传达室|岗亭|茶馆|大槐树|大柳树|大榕树"
)
# Landmarks with a name of their own: 第二小学, 市医院, 人民广场, 金桥商场.
_NAMED = (
    r"(?:第[一二三四五六七八九十]|市|县|区|镇|实验)(?:医院|小学|中学|幼儿园)|[一二三四五六七八九]中(?=对面|门口|旁)|"
    r"(?:人民|文体|文化|市民|中心|世纪|胜利|和平|解放|休闲|站前|金桥|新世纪)(?:广场|公园|商场|市场)(?![\d一二三四五六七八九十])|"
    r"客运站|火车站|汽车站"
)
_RELATIVE = (
    r"架空层|顶层|负[一二]层|入户大厅|中段|北坡|南坡|坡道|候车室|后身儿|门口|门前|门外|附近|对面|对过|旁边|旁|边上|跟前|前面|前头|后面|后头|后身|后边|前边|左边|右边|东边|"
    r"西边|南边|北边|东侧|西侧|南侧|北侧|东头|西头|南头|北头|东面|西面|南面|北面|楼下|底下|里头|里面|里边|"
    r"外面|外头|中间|拐角|拐弯处|把角|口|处|一带|楼前|楼后|楼顶|"
    r"楼道里|楼道口|楼道(?!灯|声控|感应|门|窗|卫生|墙)|一楼大厅|大厅|地下室|地下车库|车库|天台|院里|院内|院子里"
)


@dataclass
class _Run:
    """An address while it is being read."""

    start: int
    end: int
    value: dict[str, str] = field(default_factory=dict)
    identifies: bool = False

    def add(self, key: str, words: str) -> bool:
        """Take a piece; ``False`` when this piece was already said (a second address begins)."""
        if key == "place":
            self.value["place"] = self.value.get("place", "") + words
            return True
        if key == "community" and key in self.value and set(self.value) <= {"community"}:
            self.value[key] += words
            return True
        if key in self.value:
            return False
        self.value[key] = words
        return True


@dataclass(frozen=True)
class _Piece:
    """A kind of piece: what it looks like and what it says.

    ``alone``: the piece identifies a place by itself. ``after``: it is read only when one of
    these was said just before (a bare ``401`` is a room only after a building or unit).
    """

    pattern: re.Pattern[str]
    keys: tuple[str, ...]
    alone: bool
    after: frozenset[str] = frozenset()
    accept: Callable[[re.Match[str]], bool] = lambda _m: True


def _digits(words: str) -> str:
    number = to_int(words)
    return words.upper() if number is None else str(number)


def _plausible_name(match: re.Match[str]) -> bool:
    return not _ROAD_WORDS.search(match.group())


_NOT_A_FLOOR_COUNT = r"(?!道|梯|盘|市|房|的人都|管|宇|长|下|上|顶|板)"


@lru_cache(maxsize=32)
def _pieces(gazetteer: Gazetteer) -> tuple[_Piece, ...]:
    c = re.compile
    inside = frozenset({"community", "building", "unit", "floor"})
    return (
        _Piece(
            c(
                rf"(?P<place>{_NAME}{{2,3}}?(?:{_ROAD_SUFFIX})[和与跟]{_NAME}{{2,3}}?"
                rf"(?:{_ROAD_SUFFIX})(?:交叉口|交口|路口|交汇处)?)"
            ),
            ("place",),
            True,
        ),
        _Piece(c(rf"(?P<place>(?:{_NAMED})(?:{_RELATIVE})*)"), ("place",), True),
        _Piece(c(rf"(?P<community>{gazetteer.pattern})(?!人|的人|{_COMPOUND_SUFFIX})"), ("community",), True),
        _Piece(
            c(r"(?<![\d-])(?P<building>\d{1,3})-(?P<unit>\d{1,2})-(?P<room>\d{3,4})(?![\d-])"),
            ("building", "unit", "room"),
            True,
        ),
        _Piece(
            c(r"(?<![\d-])(?P<building>\d{1,3})-(?P<room>\d{3,4})(?![\d-])"),
            ("building", "room"),
            True,
        ),
        _Piece(
            c(
                rf"(?P<building>{_N}|[A-Za-z甲乙丙丁])\s*(?:号楼|号栋|栋楼|栋|幢|#楼(?!下|上)|#|座(?!位|谈)|号住宅楼)"
                r"|(?:第)(?P<building2>[一二三四五六七八九十]+)栋"
            ),
            ("building",),
            True,
        ),
        _Piece(
            c(
                rf"(?P<unit>{_N}|[A-Za-z甲乙丙丁])\s*"
                r"(?:号?单元(?:门(?!口|前|外))?|门洞|号门洞|号门(?!口)|门(?=洞|栋|\d))"
            ),
            ("unit",),
            True,
        ),
        _Piece(c(rf"(?P<unit>{_N})门(?!口|前|外|诊)"), ("unit",), False, frozenset({"building"})),
        _Piece(c(rf"(?P<building>{_N})号(?!楼)(?=\s*{_N}单元)"), ("building",), True),
        _Piece(c(rf"(?P<community>(?:[甲乙丙])?{_N}号大?院)"), ("community",), True),
        _Piece(
            c(rf"(?P<community>[一二三四五1-5]期|[东南西北中A-Za-z]区)(?={_N}|[的 ]?{_N})"),
            ("community",),
            False,
            frozenset({"community"}),
        ),
        _Piece(
            c(rf"(?P<room>{_N})(?:室|号房)(?!内|外|友)"),
            ("room",),
            True,
            accept=lambda m: len(m.group("room")) >= 2,
        ),
        _Piece(
            c(rf"(?P<floor>{_N})(?:楼{_NOT_A_FLOOR_COUNT}|层(?!楼)|层楼)"),
            ("floor",),
            False,
            accept=lambda m: (to_int(m.group("floor")) or 0) in range(1, 60),
        ),
        _Piece(
            c(r"(?P<room>\d{3,4}|[零一二三四五六七八九幺两]{3,4})(?:号|户|室)?(?![\d元块岁年斤多点:])"),
            ("room",),
            False,
            inside - {"community"},
        ),
        _Piece(c(rf"(?P<building>{_N})号(?!线|院|就|前|之前|以前|左右)"), ("building",), False,
               frozenset({"community"})),
        _Piece(
            c(rf"(?P<community>{_NAME}{{2,6}}?(?:{_COMPOUND_SUFFIX}))(?!服务|干部|工作|书记|主任|医院|民警|网格|人)"),
            ("community",),
            True,
        ),
        _Piece(c(rf"(?P<place>{_NAME}{{2,3}}?(?:{_ROAD_SUFFIX})(?:{_N}号(?!楼))?)(?!灯|面|上的人|口)"),
               ("place",), True, accept=_plausible_name),
        _Piece(c(rf"(?P<place>{_NAME}{{2,3}}?(?:{_ROAD_SUFFIX}))(?=口)"), ("place",), True,
               accept=_plausible_name),
        _Piece(c(rf"(?P<place>(?:{_LANDMARK})(?:{_RELATIVE}))"), ("place",), True),
        _Piece(c(rf"(?P<place>(?:{_LANDMARK}))"), ("place",), False,
               frozenset({"community", "building", "unit", "place"})),
        _Piece(c(r"(?P<place>(?:小区|院|大院|社区|楼)(?:的)?(?:东|西|南|北|正|后|侧|大)+门口?)"),
               ("place",), True),
        _Piece(
            c(rf"(?P<place>(?:{_RELATIVE}))(?!袋|罩|子|味|水|径)"),
            ("place",),
            False,
            frozenset({"community", "building", "unit", "floor", "room", "place"}),
        ),
    )  # fmt: skip


_SUFFIX = re.compile(rf"(?:{_COMPOUND_SUFFIX}|{_ROAD_SUFFIX})(?:\d+号)?$")
# How the names of compounds end that have none of the suffixes above: 清泉里, 御景湾, 老邮局楼.
_LOOSE_NAME = re.compile(
    rf"{_NAME}{{1,6}}(?:[苑园里城湾台都居庭府轩阁坊庄村寓厂局港岛郡邸墅汇源景楼院第区]|广场|新天地)$"
)


def _name_before(plain: str, start: int) -> int:
    """Where the compound's name begins that stands right before a building: 星河湾|1号楼."""
    match = _LOOSE_NAME.search(plain, max(0, start - 8), start)
    if match is None:
        return start
    name, begin = match.group(), match.start()
    for before in _BEFORE_NAME.finditer(name, 0, len(name) - 1):
        begin = match.start() + before.end()
    return begin if start - begin >= 2 else start


def _trim_name(words: str, start: int) -> tuple[str, int]:
    """Cut what stands before a name by chance: 昨天晚上阳光花园 → 阳光花园."""
    cut = 0
    suffix = _SUFFIX.search(words)
    for match in _BEFORE_NAME.finditer(words, 0, suffix.start() if suffix else len(words)):
        cut = match.end()
    return words[cut:], start + cut


def _match(text: str, at: int, run: _Run | None, gazetteer: Gazetteer) -> _Hit | None:
    for piece in _pieces(gazetteer):
        if piece.after and (run is None or not piece.after & set(run.value)):
            continue
        match = piece.pattern.match(text, at)
        if match is None or not piece.accept(match):
            continue
        said = {k.rstrip("2"): v for k, v in match.groupdict().items() if v}
        start = match.start()
        unknown_name = piece.pattern.pattern.startswith(("(?P<community>[^", "(?P<place>[^"))
        if unknown_name:
            key = piece.keys[0]
            said[key], start = _trim_name(said[key], start)
            if not _is_name(said[key]):
                continue
            if start > at:
                return None  # the scan gets there
        return _Hit(start, match.end(), said, piece.alone)
    return None


@dataclass(frozen=True)
class _Hit:
    start: int
    end: int
    said: dict[str, str]
    alone: bool


_SUFFIX_ONLY = re.compile(rf"^(?:.?(?:{_COMPOUND_SUFFIX})|.?(?:{_ROAD_SUFFIX}))$")


def _is_name(words: str) -> bool:
    """A suffix needs a real name of two characters before it: 幸福小区, but not 老小区."""
    return not _SUFFIX_ONLY.match(words)


_GAP = re.compile(r"(?:的|\s)?")
_HOME = re.compile(r"(?:我家|住|家住|咱家|俺家|房号是?|门牌号?是?)$")
_BARE_ROOM = re.compile(r"(\d{3,4})(?:号|户)?(?![\d元块年斤多:])")


def find_addresses(text: str, gazetteer: Gazetteer) -> list[Span]:
    """Addresses in ``text``, in order of speech."""
    plain = narrow(text)
    spans: list[Span] = []
    at = 0
    while at < len(plain):
        run = _read_run(plain, at, gazetteer)
        if run is None:
            at += 1
            continue
        at = max(run.end, at + 1)
        if run.identifies:
            spans.append(_span(text, run))
    if not spans:
        spans = _bare_room(plain, text)
    return spans


def _read_run(plain: str, at: int, gazetteer: Gazetteer) -> _Run | None:
    run: _Run | None = None
    while True:
        position = at if run is None else _GAP.match(plain, run.end).end()  # type: ignore[union-attr]
        hit = _match(plain, position, run, gazetteer)
        if hit is None and run is not None and position > run.end:
            hit = _match(plain, run.end, run, gazetteer)
        if hit is None:
            return run
        if run is None:
            run = _Run(hit.start, hit.end)
            if hit.said.keys() & {"building", "unit"}:
                run.start = _name_before(plain, hit.start)
                if run.start < hit.start:
                    run.value["community"] = plain[run.start : hit.start]
        if any(k in run.value and k not in ("place", "community") for k in hit.said):
            return run
        for key, words in hit.said.items():
            if not run.add(key, words if key in ("community", "place") else _digits(words)):
                return run
        run.end = hit.end
        run.identifies = run.identifies or hit.alone


def _bare_room(plain: str, text: str) -> list[Span]:
    """我家401: a room by itself, only where the speaker says it is the home."""
    for match in _BARE_ROOM.finditer(plain):
        if _HOME.search(plain[: match.start()]):
            return [
                Span("address", match.start(), match.end(), text[match.start() : match.end()],
                     {"room": match.group(1)}, 0.8)
            ]  # fmt: skip
    return []


def _span(text: str, run: _Run) -> Span:
    words = text[run.start : run.end]
    return Span("address", run.start, run.end, words, dict(run.value), 0.95)
