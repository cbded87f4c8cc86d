"""Which own request a message names, and when its words are about one whatever they were taken for.

The words are data (``data/dialogue/own.yml``). An action that finds no request to fit gives way to
the one that the classifier had chosen.
"""

from __future__ import annotations

import re

from actions.dialogue import load, pattern
from actions.forms.replies import bare, is_question, leftover
from actions.message import Message
from actions.tickets import amending, ordered, pausing
from actions.tickets.amending import says

QUERY = "action_query_progress"
URGE = "action_urge"
SUPPLEMENT = "action_supplement"
WITHDRAW = "action_withdraw"
REJECT = "action_reject"
REVIEW = "action_review"
CALLBACK = "action_callback_answer"
RATE = "action_rate"
OWN = frozenset({QUERY, URGE, SUPPLEMENT, WITHDRAW, REJECT, REVIEW, CALLBACK, RATE})
"""Actions that read a ticket number themselves."""
JUDGES = frozenset({REJECT, RATE})
"""Actions that a classifier takes “多久处理完” for."""
TELLS_OF_TROUBLE = frozenset(
    "report_problem reject_resolution supplement_ticket urge_ticket query_progress".split()
)
MORE = "more"
"""Key of an offer: what is said next belongs to this ticket, unless it names a place or another matter."""
ABOUT_REVIEW = "review"
"""``about`` of the button that asks for a second look (data/texts/resident.yml)."""
SHORT = 30
"""In a longer message “别修了” may be part of a story."""
MEALS = "meals"
_SPACE = re.compile(r"\s+")
FEW_WORDS = 12
_NUMBER = re.compile(r"[Ss][Qq]-?\d{6}-?\d{5}-?\d")
_CODE = re.compile(r"(?<![\d-])\d{6}(?![\d-])")
_PIECE = re.compile(r"[\uff0c,。？?！!]")
_CODE_ALONE = re.compile(
    r"(?:那个|这个|我的|它的)*(?:查询)?(?:码|号码)?(?:就?是|：|:)?(?P<code>\d{6})(?:这个|吧|啊|呢)?"
)


def ticket_no(message: Message) -> str | None:
    """Return the ticket number that was said or tapped, or None."""
    for entity in message.meant("ticket_no"):
        if str(entity.value).upper().startswith("SQ"):
            return str(entity.value)
    found = _NUMBER.search(message.text)
    return found.group(0).upper() if found else None


def without_number(text: str) -> str:
    """Return the text without a ticket number, whose digits are no points."""
    return _NUMBER.sub("", text)


def query_code(message: Message) -> str:
    """Return the six-digit query code in the message, or an empty string."""
    for entity in message.all("ticket_no"):
        if re.fullmatch(r"\d{6}", str(entity.value)):
            return str(entity.value)
    found = _CODE.search(_NUMBER.sub("", message.text))
    return found.group(0) if found else ""


def code_alone(message: Message) -> bool:
    """Whether the whole message is a query code (“查询码841555”), told after the number it belongs to."""
    words = re.sub(r"[\s,，。]", "", message.text)
    return not message.tapped and _CODE_ALONE.fullmatch(words) is not None


def mended(text: str) -> str | None:
    """Return the leaf of what is to be mended (“咋还不来修灯”), or None when that is no single one."""
    named = (r["leaf"] for r in load("own")["mended"] if re.search(r["words"], text))
    return next((str(leaf) for leaf in named), None)


def meant(message: Message, name: str) -> str | None:
    """Return the action for words about an own request, or None.

    Args:
        message: What was typed.
        name: The action that the classifier's reading chose.
    """
    if name == CALLBACK:
        return None
    stage = (message.pending_callback or {}).get("stage")
    if stage == "solved" and _answers_solved(message, name):
        return CALLBACK
    if wants_review(message):
        return REVIEW
    if ticket_no(message) and says("points", message.text):
        return RATE
    if ordered.is_slow(message) and not name.endswith("_form"):
        return URGE
    if name not in OWN and ticket_no(message):
        if says("withdraw", message.text):
            return WITHDRAW
        return URGE if says("urge", message.text) else QUERY
    if says("picture", message.text):
        return SUPPLEMENT
    if broke_again(message):
        return REJECT
    if amending.asks(message) or pausing.concerns(message):
        return SUPPLEMENT
    if name not in OWN and says("take_back", message.text) and len(message.text) <= SHORT:
        return WITHDRAW
    return QUERY if by_other(message) or _asks_how_it_stands(message, name) else None


def _asks_how_it_stands(message: Message, name: str) -> bool:
    """Whether the words ask for progress, for who handles it, when it is done or what if not, also as one clause of several."""
    if name in OWN - JUDGES:
        return False
    if says("done_when", message.text) or asks_what_if(message):
        return True
    if name in JUDGES:
        return False
    if any(says(asked, message.text) for asked in ("progress", "owner")):
        return True
    short = len(message.text) <= SHORT and not message.all("address")
    return short and any(says("done_when", p) for p in _PIECE.split(message.text) if p)


def _answers_solved(message: Message, name: str) -> bool:
    """Whether the words answer “solved?”: it is, it is not, or one has not looked yet."""
    if says("solved", message.text):
        return True
    fresh = bool((message.pending_callback or {}).get("fresh"))
    # What is done and what is left over in one breath answers it, also when another message came between.
    told = says("partly", message.text) or (fresh and says("unsolved", message.text))
    if told and not _of_a_house(message):
        return True
    later = says("later", message.text) and not says("not_later", message.text)
    return later and name not in OWN


def _of_a_house(message: Message) -> bool:
    """Whether a house is named, which may be another one; floors and doors (“三楼照样黑”) are of the same."""
    values = [e.value for e in message.all("address")]
    return any(not isinstance(v, dict) or {"building", "community"} & set(v) for v in values)


def asks_how_many(message: Message) -> bool:
    """Whether the words ask how many households told the same (“就我一家报吗”), and not who they are."""
    if message.tapped or len(message.text) > SHORT:
        return False
    return says("how_many", message.text) and not says("how_many_unless", message.text)


def asks_what_if(message: Message) -> bool:
    """Whether the words ask what comes if it is not done, or not done well (“那要是他们还摆呢”)."""
    short = len(message.text) <= SHORT and not message.all("address")
    return short and not message.tapped and says("what_if", message.text)


def brings_evidence(message: Message) -> bool:
    """Whether somebody or something is named that proves what was reported (“我闺女也能给我作证”)."""
    short = not message.tapped and len(message.text) <= SHORT and not is_question(message)
    return short and says("evidence", message.text)


def relays(message: Message) -> bool:
    """Whether whoever comes is to be told something (“跟师傅说一声，狗拴着呢”)."""
    return not message.tapped and says("relay", message.text)


def presses(message: Message) -> bool:
    """Whether it is asked if anybody comes at all (“到底来不来”, “你们管不管”), behind what was filed."""
    return not message.tapped and says("presses", bare(message.text))


def forgot(message: Message) -> bool:
    """Whether the words begin with what was forgotten to say (“忘了说了，四楼那个也不亮”)."""
    return not message.tapped and says("forgot", message.text)


def by_other(message: Message) -> bool:
    """Whether somebody of the family is said to have ordered or told it (“那可能是我闺女给订的”)."""
    short = not message.tapped and len(message.text) <= SHORT
    return short and says("by_other", bare(message.text))


def wants_review(message: Message) -> bool:
    """Whether a refusal is not agreed to (“我不服，要复核”, “凭啥不管”); which one is known later."""
    text = message.text
    if says("review", text) and not says("review_of_others", text):
        return True
    return len(text) <= SHORT and says("refusal_disputed", text)


def adds(message: Message) -> bool:
    """Whether words behind “退回重办” tell more of it (“劝了也没用”): trouble, and no place of its own."""
    told = message.intent in TELLS_OF_TROUBLE | {"complain_assistant"} or message.uncertain
    return told and not message.tapped and not message.all("address") and len(message.text) <= SHORT


def place_alone(message: Message) -> bool:
    """Whether the message is nothing but a place."""
    return bool(message.all("address")) and not leftover(message)


def same_number(a: str, b: str) -> bool:
    """Whether two ticket numbers are the same, however they are written."""
    return a.replace("-", "").upper() == b.replace("-", "").upper()


def phoned(message: Message) -> bool:
    """Whether it was reported by phone or at the counter (“我在电话里报的”)."""
    return not message.tapped and says("phoned", message.text)


def meal_wrong(message: Message) -> bool:
    """Whether a meal that came was no good (“送来都凉了”), and nothing else is ordered or wished for."""
    words = _SPACE.sub("", message.text)
    if (
        message.tapped
        or message.intent == "emergency"
        or pattern(MEALS, "wrong_unless").search(words)
    ):
        return False
    return bool(pattern(MEALS, "wrong").search(words))


def grumbles(message: Message) -> bool:
    """Whether food, or a meal that did not come, is complained of and none is ordered (“上次那菜都馊了”)."""
    if says("undelivered", message.text) or meal_wrong(message):
        return True
    complains = pattern("forms", "grumble").search(message.text)
    orders = message.meant("meal") or message.all("count") or pausing.MEAL_WISH.search(message.text)
    return bool(complains) and not orders


def _plainly(message: Message) -> bool:
    """Whether a few words tell something, whatever they were taken for (“家里还是冷”)."""
    taken = message.intent in ("ask_service", "chitchat", "out_of_scope") and not message.tapped
    return taken and len(_SPACE.sub("", message.text)) <= FEW_WORDS and not is_question(message)


def broke_again(message: Message) -> bool:
    """Whether something is told to be out of order again that had been mended (“又坏了”)."""
    told = message.intent in TELLS_OF_TROUBLE or message.uncertain or _plainly(message)
    return told and says("again", message.text) and says("again_report", message.text)
