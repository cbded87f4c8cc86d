"""Where: 幸福小区3号楼2单元门口, 6-2-401, 三号楼二单元, 小卖部对面.

An address is an unbroken run of pieces (compound, building, unit, floor, room, landmark). A run
counts only when at least one piece identifies a place: 楼道, 楼上, 门口 alone are no address.
Value: ``{community?, building?, unit?, floor?, room?, place?}``, numbers as digits without suffix,
only what was said. Matching the words to real buildings is the services' work, not ours.

The words are data (``bot/data/places.yml``); where a name may begin is said in ``place_names``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from bot.understanding.gazetteer import Gazetteer
from bot.understanding.misheard import as_meant
from bot.understanding.numbers import NUMBER, narrow, simplify, to_int
from bot.understanding.place_names import NAME, WORDS, Sentence, alternatives, is_suffix, named
from bot.understanding.span import Span, either

_N = NUMBER
_COMPOUND = alternatives("compound")
_WEAK = alternatives("weak")
_ROAD = alternatives("road")
_LANDMARK = alternatives("landmark")
_RELATIVE = alternatives("relative", "that")
# Behind a thing that is found anywhere these tell no place: 学校之间, 变压器那边.
_VAGUE = r"之间|周边|一带|那边|那头|中间|一?楼?大厅"
_NOT_ROAD = re.compile(rf"(?:{alternatives('not_road')})大?(?:路|街|巷)$")
_SAYING = re.compile(r"[说讲喊问嫌骂扫挖炸锁趟]")
_NOT_IN_ROADS = re.compile(rf"{_SAYING.pattern}|得|小区|社区")
_NOT_VILLAGE = re.compile(rf"(?:{alternatives('not_village')})$")
_NOT_NAMED = re.compile(rf"(?:{alternatives('not_named')})$")
_THING = rf"(?:{alternatives('thing')})"
_PART = rf"(?:{alternatives('part')})"
_KIND = re.compile(rf"(?:{alternatives('kind')})+")
_NOT_CLEAN = re.compile(rf"[{WORDS['not_clean']}]")
# What may follow a place of one's own name: 县中医院|住院部, 第二小学|门口.
_MORE = rf"(?:{_LANDMARK}|{_RELATIVE})*"
_INSTITUTION = (
    r"(?!(?:职业|师范|附属|村)(?:学校|小学|中学|医院)|乡镇|(?<=乡)镇|(?<=社)区)"
    rf"(?:{alternatives('institution_of')})+(?:{alternatives('institution')})"
)
_GROUP = rf"{_N}(?:组|队|社)(?!长|织|会)"
_MIDDLE_SCHOOL = (
    r"[省市县区][一二三四五六七八九十]{1,3}[中院](?!子|落|坝)|[一二三四五六七八九十]{1,3}中"
    r"(?=对面|门口|旁|[东西南北][门墙侧]|后|前门|学校|那边|附近)"
)
_SQUARE = (
    rf"(?:{alternatives('square_of')})(?:{alternatives('square')})(?![\d一二三四五六七八九十])"
)
_TOWN = r"(?:县城|城)(?:[东西南北](?:头|边|关|郊|门外|侧))"


@dataclass
class _Run:
    """An address while it is being read."""

    start: int
    end: int
    value: dict[str, str] = field(default_factory=dict)
    identifies: bool = False
    last: str = ""

    def add(self, key: str, words: str) -> bool:
        """Take a piece; ``False`` when this piece was already said (a second address begins)."""
        if key == "place":
            self.value["place"] = self.value.get("place", "") + words
        elif key == "community" and key in self.value and set(self.value) <= {"community"}:
            self.value[key] += words
        elif key in self.value:
            return False
        else:
            self.value[key] = words
        self.last = key
        return True


@dataclass(frozen=True)
class _Piece:
    """A kind of piece: what it looks like and what it says.

    ``alone``: the piece identifies a place by itself. ``after``: it is read only when one of
    these was said just before (a bare ``401`` is a room only after a building or unit). A pattern
    with a group ``name`` begins with a name no list knows, which must begin where a name can.
    ``guess``: where no word before it is known, the last two characters are taken as the name.
    """

    pattern: re.Pattern[str]
    keys: tuple[str, ...]
    alone: bool
    after: frozenset[str] = frozenset()
    accept: Callable[[re.Match[str]], bool] = lambda _m: True
    guess: bool = False


def _digits(words: str) -> str:
    number = to_int(words)
    return words.upper() if number is None else str(number)


def _road(match: re.Match[str]) -> bool:
    said = match.group("name") + match.group("end")
    return not _NOT_ROAD.search(said) and not _NOT_IN_ROADS.search(match.group("name"))


def _clean(match: re.Match[str]) -> bool:
    return not _NOT_CLEAN.search(match.group("name"))


_COUNTED = re.compile(r"(?:共|[这那哪有建盖剩]|全部|所有|好|另外|其[他它余])$")
_UNIT_NEXT = re.compile(rf"\s*{_N}(?:单元|门|号)")


def _no_count(match: re.Match[str]) -> bool:
    """一栋楼, 两座桥 count buildings; 3栋, A座 name one."""
    said, word = match.group("building"), match.group()[len(match.group("building")) :].strip()
    counted = said in "一两俩" and word in ("栋楼", "栋", "幢")
    if word in ("栋楼", "栋", "幢") and _COUNTED.search(match.string[: match.start()]):
        return False
    counted = counted and not _UNIT_NEXT.match(match.string, match.end())
    return not counted and (word != "座" or said.isascii() or said in "甲乙丙丁")


def _village(match: re.Match[str]) -> bool:
    return _clean(match) and not _NOT_VILLAGE.search(match.group("name") + match.group("end"))


def _no_saying(match: re.Match[str]) -> bool:
    return not _SAYING.search(match.group("name"))


def _of_no_kind(match: re.Match[str]) -> bool:
    return not _KIND.fullmatch(match.group("name")) and _no_saying(match)


def _own_name(match: re.Match[str]) -> bool:
    return _clean(match) and _of_no_kind(match)


def _positioned(match: re.Match[str]) -> bool:
    return match.group("name")[-1] not in WORDS["not_named_at"] and _not_generic(match)


def _not_generic(match: re.Match[str]) -> bool:
    return not _NOT_NAMED.search(match.group("name")) and _no_saying(match)


_NOT_A_FLOOR_COUNT = r"(?!道|梯|盘|市|房|的人都|管|宇|长|下|上|顶|板)"


@lru_cache(maxsize=32)
def _pieces(gazetteer: Gazetteer) -> tuple[_Piece, ...]:
    def piece(pattern: str, *after: str, alone: bool = True, **more: object) -> _Piece:
        compiled = re.compile(pattern)
        keys = tuple(k for k in compiled.groupindex if k not in ("name", "end"))
        return _Piece(compiled, keys, alone, frozenset(after), **more)  # type: ignore[arg-type]

    building = rf"(?:{_N}|[A-Za-z甲乙丙丁])"
    building_word = r"(?:号楼|号栋|栋楼(?![顶上下道梯前后门里体内])|栋|幢|#楼(?!下|上)|#|座(?!位|谈|的)|号住宅楼)"
    return (
        piece(r"(?P<unit>\d{1,2})-(?P<room>\d{3,4})(?![\d-])", "building"),
        piece(r"(?P<floor>\d{1,2})-(?P<room>\d{1,2})(?![\d-])", "unit"),
        piece(rf"(?P<place>{named('2,4', _ROAD)}[和与跟]{NAME}{{2,4}}?(?:{_ROAD})"
              r"(?:交叉口|交叉处|交口|路口|交[汇会]处|交[汇会]口|交界处|之间|中间)?)", accept=_road),
        piece(rf"(?P<place>{_N}(?:栋|号楼|幢|单元)?[和与跟]{_N}(?:栋|号楼|幢|单元)(?:之间|中间))"),
        piece(rf"(?P<place>(?:地铁(?:{_N}号线)?)?{named('2,6', '站')}[A-Da-d][12]?出?口)"),
        piece(rf"(?P<place>(?:{_INSTITUTION}|{_MIDDLE_SCHOOL}|{_SQUARE}){_MORE})"),
        piece(rf"(?P<community>{gazetteer.pattern})(?!人|的人|{_COMPOUND}|{_WEAK}|{_ROAD}|大桥|公园"
              rf"|[里苑园居]{_N}(?:号楼|栋|幢))"),
        piece(rf"(?P<place>(?:{gazetteer.pattern})(?:大桥|公园){_MORE})"),
        piece(r"(?<![\d-])(?P<building>\d{1,3})-(?P<unit>\d{1,2})-(?P<room>\d{3,4})(?![\d-])"),
        piece(r"(?<![\d-])(?P<building>\d{1,3})-(?P<room>\d{3,4})(?![\d-])",
              accept=lambda m: m.group("room")[-2:] != "00"),
        piece(rf"(?P<building>{building})\s*{building_word}", accept=_no_count),
        piece(rf"(?P<building>{gazetteer.houses})"),
        piece(r"第(?P<building>[一二三四五六七八九十]+)栋"),
        piece(rf"(?P<building>{alternatives('building')})", "community", alone=False),
        piece(rf"(?P<unit>{building})\s*(?:号?单元(?:门(?!口|前|外|禁|锁|铃))?|门洞|号门洞|号门(?!口)|门(?=洞|栋|\d))"),
        piece(rf"(?P<unit>{_N})门(?!口|前|外|诊)", "building", alone=False),
        piece(rf"(?P<building>{_N})号(?!楼)(?=\s*{_N}单元)"),
        piece(rf"(?P<community>(?:[甲乙丙])?{_N}号大?院)"),
        piece(rf"(?P<community>[一二三四五1-5]期(?!间|限|房|刊)|(?:{_N}|[东南西北中A-Za-z])区(?=[的 ]?[\d一二三四五六七八九十]))",
              "community", alone=False),
        piece(r"(?P<community>[东西南北]区)(?!域|别)", "community", alone=False),
        piece(rf"(?P<community>(?:[东西南北]|[A-Za-z])区)(?=\s*{_N}\s*(?:栋|号楼|幢|#))"),
        piece(rf"(?P<room>{_N})(?:室|号房)(?!内|外|友)", accept=lambda m: len(m.group("room")) >= 2),
        piece(r"(?<![\d.\-])(?P<room>[1-9]\d{2,3})(?=那(?:一?家|户|对|屋)|(?:住户|业主|邻居|人?家)(?!政)|楼[上下])",
              accept=lambda m: m.group("room")[-2:] != "00" and m.group("room") not in _CALLS),
        piece(r"(?<![\d.\-])(?P<room>[1-9]\d{2,3})(?=(?:室|号)?(?:家)?门(?:口|前|外|边))",
              accept=lambda m: m.group("room")[-2:] != "00" and m.group("room") not in _CALLS),
        piece(r"(?<=[顶楼][楼上下]|对门|隔壁)(?P<room>[1-9]\d{2,3})(?![\d元块岁年斤多点:.号%-])",
              accept=lambda m: m.group("room")[-2:] != "00" and m.group("room") not in _CALLS),
        piece(rf"(?P<floor>{_N})(?:楼{_NOT_A_FLOOR_COUNT}|层(?!楼)|层楼)", alone=False,
              accept=lambda m: (to_int(m.group("floor")) or 0) in range(1, 60)),
        piece(r"(?P<place>[东西中左右]边?户)(?!口|主)", "unit", "floor", alone=False),
        piece(rf"(?P<room>{_N})号(?!楼|线|院|栋|就|前|之前|以前|左右)", "floor", alone=False),
        piece(r"(?P<room>\d{3,4}|[零一二三四五六七八九幺两]{3,4})(?:号|户|室)?(?![\d元块岁年斤多点:])",
              "building", "unit", "floor", alone=False),
        piece(rf"(?P<building>{_N})号(?!线|院|就|前|之前|以前|左右)", "community", alone=False),
        piece(rf"(?P<community>{named('2,6', _COMPOUND)})", guess=True, accept=_of_no_kind),
        piece(rf"(?P<community>{named('2,5', _WEAK)})"
              r"(?!服务|干部|工作|书记|主任|医院|民警|网格|人|志愿)", accept=_own_name),
        piece(rf"(?P<community>{named('2,3', '苑')})(?!区)", accept=_own_name),
        piece(rf"(?<=[在住给])(?P<community>{named('1,3', alternatives('loose'))})"
              r"(?=[一二三]期|购|买|的?业主|门口|附近|里)"),
        piece(rf"(?P<place>(?:{alternatives('highway')}){_MORE})"),
        piece(rf"(?P<place>{named('2,4', alternatives('named'))}{_MORE})", accept=_not_generic),
        piece(rf"(?P<place>{named('2,4', alternatives('named_at'))}{_MORE})", accept=_positioned),
        piece(rf"(?P<place>(?:{NAME}{{2}}[区县市])?{named('2,4', _ROAD)}(?:{_N}号(?!楼(?![下上道])|大?院)(?:附{_N}号?)?)?)"
              r"(?!灯|面|区|道(?!口)|上的人|口|公交|车(?!站))", accept=_road),
        piece(rf"(?P<place>{named('2,4', _ROAD)})(?=口)", accept=_road),
        piece(rf"(?P<place>[“\"「『][^”\"」』]{{1,8}}[”\"」』](?:{alternatives('named')}|{_LANDMARK}|{_COMPOUND}){_MORE})"),
        piece(rf"(?P<place>(?:{alternatives('old_street')})(?:{_N}号(?!楼|大?院))?)(?!灯|面|坊)"),
        piece(rf"(?P<place>(?:{NAME}{{2}}[县市区旗])?{named('2,4', alternatives('village'))}(?:第?{_GROUP}|村?(?:委会|部)(?=门|对面|旁|附近|后|前|院|[，,。]|$))?)"
              r"(?!民|子|支书|长|干部|政府|级|里|医|委会?主任)",
              accept=_village),
        piece(rf"(?P<place>(?P<name>{NAME}{{1,3}}[{WORDS['village_end']}])(?P<end>{_GROUP}))"),
        piece(rf"(?P<place>(?P<name>{NAME}{{2}})(?P<end>[坡岭沟坝湾垭](?:{_RELATIVE})))"),
        piece(rf"(?P<community>{named('2,6', alternatives('phase'))})", accept=_not_generic),
        piece(rf"(?P<place>{named('2,3', alternatives('bridge'))}{_MORE})", accept=_not_generic),
        piece(rf"(?P<place>(?:{alternatives('spot')})(?:{_LANDMARK})(?:{_RELATIVE})*)"),
        piece(rf"(?P<place>{_TOWN})"),
        piece(rf"(?P<place>(?:{alternatives('bank')})(?:自助厅|自助银行|营业厅|营业部|网点|储蓄所|{_RELATIVE}))"),
        piece(rf"(?P<place>(?:社区|政务|便民|街道)?服务(?:大厅|中心){_N}号窗口)"),
        piece(rf"(?P<place>(?:老|旧|原)(?:粮站|粮库|汽车站|火车站|客运站|车站|菜市场|县政府|县医院|政府|电影院|百货(?:大楼|商店|商场)?|供销社|邮局|法院|医院|厂区)(?!楼|小区|家属|宿舍|大院)(?:{_RELATIVE})*)"),
        piece(rf"(?P<place>(?P<name>{NAME}{{2,3}})(?P<end>站)(?=取消|下车|上车|等车|候车))", guess=True),
        piece(rf"(?P<place>(?:{alternatives('own')})(?:{_RELATIVE})*)"),
        piece(rf"(?P<place>(?!{_PART})(?:{_LANDMARK})(?!{_VAGUE})(?:{_RELATIVE}))"),
        piece(rf"(?P<place>(?:窗台|护栏|阳台)(?:{_RELATIVE}))", "floor"),
        piece(rf"(?P<place>(?!{_THING})(?:{_LANDMARK}))",
              "community", "building", "unit", "floor", "place", alone=False),
        piece(r"(?P<place>(?:小区|院|大院|社区|楼)(?:的)?大?[东西南北后侧]+大?门口?)"),
        piece(rf"(?P<place>(?:{_RELATIVE})(?!袋|罩|子|味|水|径))",
              "community", "building", "unit", "floor", "room", "place", alone=False),
    )  # fmt: skip


@lru_cache(maxsize=32)
def _beginnings(gazetteer: Gazetteer) -> re.Pattern[str]:
    """Where a run can begin at all: one search instead of trying every piece at every place."""
    return either(p.pattern.pattern for p in _pieces(gazetteer) if not p.after)


@lru_cache(maxsize=32)
def _known(gazetteer: Gazetteer) -> re.Pattern[str]:
    return re.compile(gazetteer.long)


#: Numbers everybody calls; 110那家 is no room.
_CALLS = frozenset({"110", "119", "120", "122", "114", "315", "12345"})


@dataclass(frozen=True)
class _Hit:
    start: int
    end: int
    said: dict[str, str]
    alone: bool


def _match(text: Sentence, at: int, run: _Run | None, gazetteer: Gazetteer) -> _Hit | None:
    for piece in _pieces(gazetteer):
        if piece.after and (run is None or not piece.after & set(run.value)):
            continue
        match = piece.pattern.match(text.plain, at)
        if match is None or not piece.accept(match):
            continue
        said = match.groupdict()
        if "name" in said:
            if run is not None and at > run.end:
                continue  # 杨树岭乡的一名乡村教师
            inside = run is not None and at == run.end
            if not text.may_be_name(at, match.end("name"), inside=inside, guess=piece.guess):
                continue
            if is_suffix(match.group("name") + match.group("end")):
                continue
        return _Hit(at, match.end(), {k: said[k] for k in piece.keys if said[k]}, piece.alone)
    return None


_GAP = re.compile(r"(?:的|\s)?(?:[那这]个)?")
"""Between two pieces of an address: 松江花园当间|那个|小广场."""
_HOME = re.compile(
    r"(?:我家|住|家住|咱家|俺家|(?:房号|门牌号?)(?:写错了|错了|不对)?[,，\s]?(?:应该)?是?)$"
)
_BARE_ROOM = re.compile(r"(\d{3,4})(?:号|户)?(?![\d元块年斤多:])")


def find_addresses(text: str, gazetteer: Gazetteer) -> list[Span]:
    """Addresses in ``text``, in order of speech."""
    plain = as_meant(simplify(narrow(text)))
    spans: list[Span] = []
    beginning = _beginnings(gazetteer).search(plain)
    sentence = Sentence.of(plain, _known(gazetteer)) if beginning else None
    while beginning and sentence:
        at = beginning.start()
        run = _read_run(sentence, at, spans[-1].end if spans else 0, gazetteer)
        if run and run.identifies:
            spans.append(_span(text, run))
        beginning = _beginnings(gazetteer).search(plain, max(run.end if run else 0, at + 1))
    return spans or _bare_room(plain, text)


def _read_run(text: Sentence, at: int, lowest: int, gazetteer: Gazetteer) -> _Run | None:
    plain = text.plain
    run: _Run | None = None
    while True:
        gap = _GAP.match(plain, run.end) if run else None
        position = gap.end() if gap else at
        hit = _match(text, position, run, gazetteer)
        if hit is not None and gap and "个" in gap.group() and "place" not in hit.said:
            hit = None  # only a spot is shown to
        if hit is None and run is not None and position > run.end:
            hit = _match(text, run.end, run, gazetteer)
        if hit is None:
            return run
        if run is None:
            run = _Run(hit.start, hit.end)
            if "building" in hit.said:
                run.start = text.compound_before(hit.start, lowest)
                if run.start < hit.start:
                    run.value["community"] = plain[run.start : hit.start]
        if any(k in run.value and k not in ("place", "community") for k in hit.said):
            return run
        for key, words in hit.said.items():
            if key == "place" and run.last == "place":
                words = plain[run.end : hit.start] + words  # 汽车站旁边的公园
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
