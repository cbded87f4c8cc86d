"""Reading the short answers people give in a form, whatever the classifier made of them."""

from __future__ import annotations

import re

from actions.dialogue import load, pattern
from actions.message import Message

_CLAUSE = re.compile(r"[\uff0c,。；;！!？?\s]")
_EDGE = re.compile(r"[\s,\uff0c。.!\uff01?\uff1f;\uff1b、~…]+")


def _foreign(kind: str) -> frozenset[str]:
    """Return the yes or no of other languages (``data/dialogue/forms.yml``), however it is capitalised."""
    words = str(load("forms")["foreign"][kind]).split()
    started = [f"OK{word[2:]}" for word in words if word.startswith("ok")]
    return frozenset([*words, *started, *(w.capitalize() for w in words), *map(str.upper, words)])


YES = _foreign("agrees") | frozenset(
    "对 对的 对呀 对对 对对对 对提交 对就这样 是 是的 是啊 是呢 嗯 嗯嗯 嗯呐 嗯对 恩 好 好的 好嘞 好吧 行 行啊 中 "
    "要得 得行 可以 没错 没问题 没毛病 提交 提交吧 确认 就这样 就这么办 就这个 报吧 订吧 办吧 ok OK Ok 成 妥 妥了 "
    "再试一次 再试试 重试 要 要的 要啊 记 记上 记吧 好记上 转吧 好的谢谢 好谢谢 行谢谢".split()
)
LONGEST_YES = 8
"""A yes in other words than these is at most so long."""
_NO_YES = re.compile(
    r"\d|不|没|莫|别|吗|么$|准|几|啥|什么|咋|怎|哪|谁|多少|好久|凭|星|分$|评|投诉|人工|电话|接着|继续|唔|再想|等等|回头|以后|可是|但是"
)
"""Words that ask, judge, doubt or put off: with one of them nothing was agreed to."""
NO = _foreign("denies") | frozenset(
    "不 不对 不是 不是的 错了 不行 不要 不用 不 没对 改 改一下 改改 要改 有错 搞错了 弄错了 记错了 要不得 "
    "不中 别 先别".split()
)
DECLINES = re.compile(
    r"^(?:先|就|暂时)?(?:不用|不要|不消|别|莫|不需要|用不着)(?:再|给我|帮我|替我)*(?:来|叫|找|派|请|记|报|办)"
    r"(?:人|谁)?(?:了|来|过来|吧)*$"
)
"""An offer is declined in its own word (“不用来人”)."""
SKIP = re.compile(
    r"^(不留|不用留|不想留|不给|不方便|不告诉|没有|没得|没手机|没电话|不用|不需要|不要|没啥|没什么|无|算了|跳过|"
    r"(?:我|俺|咱)?(?:也|都|真|实在|可|是)*(?:不知道|不清楚|说不清楚?|说不好|说不上来?|记不清楚?|记不得|不晓得|不记得|晓不得|忘了)|"
    r"随便|都行|不登记|不说)"
)
UNKNOWN_PLACE = re.compile(
    r"(不知道|不清楚|说不清|说不好|不晓得|不记得|记不清|晓不得).{0,6}(地址|地方|哪|楼|号|位置|门牌)?|没地址|先不说地址"
)
OPENING = re.compile(
    r"^((不用了|算了)(?=你|您|帮|给|还是))?(还是)?(那|就|先|你|您)*"
    r"(我|俺)?(要|想|来)?(找你们?|跟你们?)?(帮我|给我|替我)?(投诉|举报|报修|反映|报个修|报个事|报事|说个事)(个|一下|一个|点)?"
    r"(问题|情况|事|事情|事儿)?(吧|嘛|呗|噻)?$|"
    r"^(那|对了|哎|哦)?(我|俺)?(还|另外|再)+(想|要)?(有|跟你们?说|报|说|反映)(一|个|件|桩|点)*(别的|其他的?)?(事|问题|情况)(情|儿)?(要|想)?(报|说|反映)?(一下)?$|"
    r"^(我|俺)?(想|要)?(预?约|找|喊|派|请|叫)?(个|一个|一下)?(人|师傅)?(来|上门)*(维修|修理|检修|修东西)(师傅|服务|一下|的|嘛|吧|呢|不|吗)*$"
)
"""A wish to report that does not say what yet."""
SUBMIT_NOW = re.compile(
    r"^(是的?|对|行|好的?|嗯|中|那|就|你们?|给我|帮我|直接|[，, ])*(报|交|提交)(了|上|上去)?(吧|嘛|呗|得了)[。!！]?$|"
    r"先(给我|帮我|替我)?(报|提交|记|交)(上|了|上去)?(再说|吧|，|,|$|后面|回头|别的|其他|其它|剩下|细节|之后|下头)|先报上|先交上|后补|(回头|之后|以后|后面|过后|晚点|等会儿?|过会儿?)(再|慢慢|另外)?补|"
    r"(就|先)这样(报|交|提交)|^(那|那就|就)*(你|您)(就|给|帮|替|我|先)*(报|交|提交|递)(上|了|上去)?[嘛吧呗噻撒了]*$"
)
HOME = re.compile(r"(我|俺|咱|自己|自个儿?|自)(们)?(家|屋)(里|头)?|^(就)?(家里|屋里|屋头|在家)")
ORDINAL = {"1": 0, "一": 0, "2": 1, "二": 1, "两": 1, "3": 2, "三": 2}
_ORDINAL = re.compile(r"^(?:第|选|要|是)*([123一二两三])(?:个|项|号|条)?(?:吧|的|嘛|呗)?$")
NONE_OF_THEM = re.compile(r"^(都不是|都不对|没有一个|没得对的|不是这(些|几个))")

# Words that carry no news of their own beside an entity: “不对,是…”, “就在…那里”.
_FILLER = re.compile(
    r"不对|不是|错了|搞错|弄错|说错|写错|改成|改为|改到|应该是|应该|是的|对了|就是|就在|住在|我住|我家|俺家|咱家|"
    r"地址|电话|手机|号码|打这个|联系|大概|可能|从|到|在|是|的|了|哦|啊|呢|吧|嘛|哈|噻|那个|这个|那里|那儿|这里|这儿|"
    r"我|俺|您|你|给|替|帮"
)
_WORDS = re.compile(r"[^\u4e00-\u9fffA-Za-z0-9]")


def bare(text: str) -> str:
    """Return the words of a short answer without punctuation and spaces."""
    return _EDGE.sub("", text)


def opens_only(text: str) -> bool:
    """Whether the words wish to report, at once or later, and do not say what (“我要反映个事，先报上，细节回头补”)."""
    if OPENING.match(bare(text)) or switched(text) == "report_problem":
        return True
    parts = [bare(part) for part in _CLAUSE.split(text) if bare(part)]
    return bool(parts) and bool(OPENING.match(parts[0])) and all(map(SUBMIT_NOW.search, parts[1:]))


def agrees(words: str) -> bool:
    """Whether bare words say yes, whatever a classifier makes of them (“没错儿，就这么报”)."""
    said = (pattern("forms", key).match(words) for key in ("goes_ahead", "agrees"))
    return words in YES or any(said)


def switched(text: str) -> str | None:
    """Return the intent of what was wanted instead of the form that is open (“错了错了，我是要报修”), or None."""
    found = pattern("forms", "switch", "wrong").search(text)
    if found is None or len(text) > load("forms")["switch_longest"]:
        return None
    rows = load("forms")["switch"]["to"]
    return next((k for k in rows if re.match(rows[k], text[found.end() :])), None)


def is_yes(message: Message) -> bool:
    """Whether the message agrees and says nothing else.

    A classifier alone does not make a yes: “你说的准不准” asks, “给五星” judges.
    """
    if message.tapped:
        return message.intent == "affirm"
    words = bare(message.text)
    if agrees(words):
        return True
    taken = message.intent == "affirm" and len(words) <= LONGEST_YES
    return taken and not _NO_YES.search(words) and not is_question(message)


def is_no(message: Message) -> bool:
    """Whether the message disagrees and says nothing else."""
    if message.tapped:
        return message.intent == "deny"
    words = bare(message.text)
    denies = message.intent == "deny" and len(words) <= 6
    tells = pattern("contact", "at_home").match(words) or pattern("meals", "no_diet").match(words)
    return words in NO or (denies and not tells)


def is_skip(message: Message) -> bool:
    """Whether the message leaves the question open (“不留”, “没有”, “不清楚”)."""
    if message.tapped:
        return message.intent == "deny"
    words = bare(message.text)
    other = pattern("forms", "rather").search(words)  # “不要会议室了，换成舞蹈室吧”
    return is_no(message) or (bool(SKIP.search(words)) and not other)


def leaves_open(message: Message) -> bool:
    """Whether the whole message only leaves a question open (“说不清”), whatever it is taken for."""
    words = bare(message.text)
    found = None if message.tapped else SKIP.match(words)
    return found is not None and len(words) - found.end() <= 1


def is_stop(message: Message) -> bool:
    """Whether the message says that the matter itself is off (“不订了”, “取消报修”)."""
    return _says(message, "stop")


def is_solved(message: Message) -> bool:
    """Whether the whole message says that what was being reported has ended (“来水了”)."""
    return _says(message, "solved")


def is_restart(message: Message) -> bool:
    """Whether the message begins the same thing anew (“都不对，重新说”)."""
    return _says(message, "restart")


def is_pause(message: Message) -> bool:
    """Whether the resident needs a moment (“等我再想想”)."""
    return _says(message, "pause")


def is_puzzled(message: Message) -> bool:
    """Whether our question was not understood (“啥意思”)."""
    return _says(message, "puzzled")


def asks_why(message: Message, about_us: bool = False) -> bool:
    """Whether the message wants to know why something is asked (“为啥要我电话”).

    Args:
        message: What was said.
        about_us: It must name what we ask for; “为啥要我们交钱” can be the matter itself.
    """
    if message.tapped or not pattern("forms", "why").search(message.text):
        return False
    return not about_us or bool(pattern("forms", "asked_for").search(message.text))


def only_predicate(message: Message) -> bool:
    """Whether the message only says what is wrong with a thing that is named elsewhere (“坏了”)."""
    return not message.tapped and bool(pattern("forms", "predicate").match(bare(message.text)))


def plain_yes(message: Message) -> bool:
    """Whether the words themselves, not the classifier, say yes (“好的呀”)."""
    words = bare(message.text)
    return words in YES or bool(pattern("forms", "plain_yes").match(words))


def is_question(message: Message) -> bool:
    """Whether the message asks something instead of telling."""
    return not message.tapped and bool(pattern("forms", "question").search(message.text))


def names_place(text: str) -> bool:
    """Whether free text holds a word of a place, of a building or of position."""
    return bool(pattern("forms", "place").search(text))


def summary_question(message: Message) -> str | None:
    """Return what a question about the summary is after: ``recap``, ``limit``, ``fee`` …, or None.

    Facts in the message are a correction, not a question; “多少钱一份” counts nothing, and the day of
    “你保证明天能修好不” corrects none.
    """
    asks = {"count", "time"} if is_question(message) else {"count"}
    if message.tapped or any(e.type not in asks for e in message.entities):
        return None
    words = bare(message.text)
    kinds = load("forms")["summary_questions"]
    return next((k for k in kinds if pattern("forms", "summary_questions", k).search(words)), None)


def hastens(message: Message) -> bool:
    """Whether it is asked to come sooner, or that very day (“能早点来不”, “今儿能来不”)."""
    return not message.tapped and bool(pattern("forms", "hastens").match(bare(message.text)))


def _says(message: Message, key: str) -> bool:
    return not message.tapped and bool(pattern("forms", key).match(bare(message.text)))


def choice(message: Message, titles: list[str]) -> int | None:
    """Return the index of the offered title that was named or numbered (“第二个”), or None."""
    words = bare(message.text)
    found = _ORDINAL.match(words)
    if found and ORDINAL[found.group(1)] < len(titles):
        return ORDINAL[found.group(1)]
    same = [i for i, title in enumerate(titles) if words and bare(title) == words]
    part = [i for i, title in enumerate(titles) if len(words) > 1 and words in bare(title)]
    named = same or part
    return named[0] if len(named) == 1 else None


def leftover(message: Message) -> str:
    """Return what was said beyond entities and filler words: news, if it is more than a word."""
    text = list(message.text)
    for entity in message.entities:
        text[entity.start : entity.end] = " " * (entity.end - entity.start)
    return _WORDS.sub("", _FILLER.sub("", "".join(text)))


def tells_name(message: Message) -> bool:
    """Whether the message says what somebody is called, and calls for nobody (“她叫王桂芬”)."""
    before = (message.text[: e.start] for e in message.all("person"))
    told = any(pattern("forms", "tells_name").search(words) for words in before)
    return told and not pattern("forms", "calls_somebody").search(message.text)
