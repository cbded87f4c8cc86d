"""The callback (回访): first whether it is solved, then the verdict (domain rule: never the other way)."""

from __future__ import annotations

import re

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions.action import TurnAction
from actions.client import Client
from actions.dialogue import load, pattern
from actions.forms.replies import bare, is_no, is_yes
from actions.message import Message
from actions.talk import choices
from actions.texts import group, say
from actions.tickets import own
from actions.turn import AFFIRM, Button, Turn, button

SCORES = {int(score): words for score, words in group("score").items()}

SOLVED = "solved"
"""What the button “解决了” under the callback question is about."""
PARTLY = "partly"
"""What “解决了一部分” is about; what is left over is not solved, so the work goes on."""

_NO_VERDICT = re.compile(r"^(不评|不想评|不打分|算了|不用评|以后再|回头再|懒得)")
_SOLVED = re.compile(
    r"^(已经)?(修|弄|办|搞|整|解决|处理)?(好|妥|归一|利索)(了|咯|啦)|解决了|好了|亮了|通了|来水了|有电了|"
    r"(?<!没)(?<!没有)(?:送|取|吃|收|领)(?:到|着|上)了|送来了|来过了|办了"
)
_UNSOLVED = re.compile(
    r"没(有)?(修|弄|办|搞|整|解决|处理|好|亮|通|来|人来|送|取|吃|收|领)|还(是)?(不|没|漏|坏|堵|吵|那样|老样)|又(坏|漏|堵|黑|停|不)|"
    r"不(亮|通|热|行|好使)|糊弄|根本|白(来|修|弄)|莫得|没得人"
)
_POINTS = re.compile(
    r"[1-5一二两三四五]个?(?:颗)?(?:星|分(?!钟))|打(?:个)?(?:满)?分|满分|好评|评价"
)
"""Points and stars: a verdict, which is asked for only when it is known that it is solved."""
_PLAIN_NO = re.compile(
    r"没(有)?(修|弄|办|搞|整|解决|处理)?好?(呢|啊|呀|嘛|的|完)?|没解决|又坏了|还没有?|不行|没(有)?|不对|不是|没归一"
)
_JUDGES = frozenset({"rate_service", "thank", "give_praise"})
LUKEWARM = 3
"""“一般吧” says neither that it is solved nor that it is not: that is asked first."""
REASON_WORDS = 4
"""Words beyond “没修好” from which on the no already carries its reason."""


def read_score(message: Message) -> int | None:
    """Return 5 (非常满意) … 1 (非常不满意), or None when no verdict was given."""
    if message.tapped:
        count = message.last("count")
        value = int(count.value) if count and str(count.value).isdigit() else 0
        return value if value in SCORES else None
    words = bare(own.without_number(message.text))
    if re.fullmatch(r"[1-5]", words):
        return int(words)
    scores: dict[int, str] = load("own")["scores"]  # in the order in which they are read
    return next((score for score, said in scores.items() if re.search(said, words)), None)


def read_solved(message: Message) -> bool | None:
    """Return whether the resident says it is solved; None when that is not said."""
    if message.tapped and message.about == SOLVED:
        return True
    if partly(message):
        return False
    if message.tapped and message.intent != "rate_service":
        return {"affirm": True, "deny": False, "reject_resolution": False}.get(message.intent)
    words = bare(message.text)
    if _UNSOLVED.search(words) or pattern("own", "unsolved").search(words) or is_no(message):
        return False
    if _SOLVED.search(words) or is_yes(message):
        return True
    if message.intent == "reject_resolution":
        return False  # after the plain words: three of them are little for a classifier
    if _POINTS.search(words):
        return (
            None  # points say nothing of whether it is solved, and somebody may have asked for them
        )
    score = read_score(message) if message.intent in _JUDGES else None
    if message.intent == "thank" and score is None:
        return True
    if score is None or score == LUKEWARM:
        return None
    return score > LUKEWARM


def partly(message: Message) -> bool:
    """Whether the resident says that a part of it is solved (“解决了一部分”, “只修好了一盏”)."""
    if message.tapped:
        return message.about == PARTLY
    return bool(pattern("own", "partly").search(bare(message.text)))


def reason_in(message: Message) -> str:
    """Return the message when its “no” already says what is wrong, else an empty string."""
    rest = bare(_PLAIN_NO.sub("", message.text))
    return message.text.strip() if len(rest) >= REASON_WORDS else ""


def says_unsolved(message: Message) -> bool:
    """Whether the words say that something is still, or again, not in order (“没整好”)."""
    return not message.tapped and bool(_UNSOLVED.search(bare(message.text)))


def names_thing(message: Message) -> bool:
    """Whether a “no” also says what it is about (“灯又坏了”), so that a new report can begin."""
    return bool(re.sub(r"[还又都也就是根本啊呢嘛呀吧]", "", bare(_PLAIN_NO.sub("", message.text))))


def no_verdict(message: Message) -> bool:
    """Whether the resident would rather not judge."""
    return is_no(message) or bool(_NO_VERDICT.search(bare(message.text)))


IN_SHORT = (4, 3, 2)
"""Verdicts that large-type mode shows; the others can be said."""


def rating_buttons(ticket_no: str = "", *, elder: bool) -> list[Button]:
    """Return the verdicts as buttons, the best first; “不满意” is as near as “满意”."""
    number = f',"ticket_no":"{ticket_no}"' if ticket_no else ""
    return [
        button(words, f'/rate_service{{"count":"{score}"{number}}}')
        for score, words in SCORES.items()
        if not elder or score in IN_SHORT
    ]


def looks_later(text: str) -> bool:
    """Whether the resident has not looked yet (“等我晚上看看”); trouble told beside it counts first."""
    words = bare(text)
    later = bool(pattern("own", "later").search(words))
    return later and not pattern("own", "not_later").search(words)


def asked(message: Message) -> tuple[str, str]:
    """Return the stage and the ticket that a message answers: its button's, else the open one."""
    pending = message.pending_callback or {}
    stage, ticket_no = str(pending["stage"]), str(pending["ticket_no"])
    number = message.last("ticket_no") if message.tapped else None
    if number and str(number.value) != ticket_no:
        return ("rating" if message.last("count") else "solved"), str(number.value)
    return stage, ticket_no


def _kept_score(turn: Turn) -> int | None:
    """Return the verdict given before it was known whether it is solved; the button keeps it."""
    if turn.message.tapped:
        return read_score(turn.message)
    if turn.last_action() != CallbackAnswer.NAME:
        return None
    named = (choices.parse(b["payload"]) for b in turn.offered)
    return next(
        (int(c.facts["count"]) for c in named if c.intent == "affirm" and "count" in c.facts), None
    )


class CallbackAnswer(TurnAction):
    """Takes the answer of the stage that is open and asks for the next one."""

    NAME = "action_callback_answer"

    async def act(self, turn: Turn) -> list[EventType]:
        """Dispatch on the stage of metadata.pending_callback."""
        if (turn.message.about or "").startswith("offer:"):
            return [FollowupAction(AFFIRM)]  # a yes to something else than the callback
        if turn.message.about == own.ABOUT_REVIEW:
            return [FollowupAction(own.REVIEW)]  # another matter than the one that was finished
        stage, ticket_no = asked(turn.message)
        answer = {"solved": self._solved, "reason": self._reason, "rating": self._rating}[stage]
        async with turn.client() as client:
            reworked = await answer(turn, client, ticket_no)
        # What is said next of it (“劝了也没用”) belongs to the ticket that goes back.
        return [SlotSet("offer", {"id": turn.message.id, own.MORE: ticket_no})] if reworked else []

    async def _solved(self, turn: Turn, client: Client, ticket_no: str) -> bool:
        """Take the verdict; return whether the ticket goes back with what is wrong."""
        if not turn.message.tapped and looks_later(turn.message.text):
            turn.say("callback_later")
            return False
        solved = read_solved(turn.message)
        if solved is None:
            title = (turn.message.pending_callback or {}).get("title") or say("your_matter")
            score = None if turn.message.tapped else read_score(turn.message)
            # The verdict is kept with the button: said once, it is not asked for again.
            yes = f'/affirm{{"count":"{score}"}}' if score else "/affirm"
            buttons = [button(say("button_solved"), yes), button(say("button_unsolved"), "/deny")]
            turn.say(
                "callback_solved_first" if score else "callback_solved_again", buttons, title=title
            )
            return False
        some = {"partly": True} if not solved and partly(turn.message) else {}
        following = await self._send(turn, client, ticket_no, "solved", solved=solved, **some)
        kept = _kept_score(turn)
        score, reason = kept or read_score(turn.message), reason_in(turn.message)
        judged = kept is not None or turn.message.intent == "rate_service"
        if following == "rating" and judged and score:
            await self._rate(turn, client, ticket_no, score)
        elif following == "rating":
            turn.say("callback_rating", rating_buttons(elder=turn.elder))
        elif following == "reason" and reason and not turn.message.tapped:
            return await self._reworked(turn, client, ticket_no, reason)
        elif following == "reason":
            turn.say("callback_reason")
        else:
            turn.say("callback_thanks")
        return False

    async def _reason(self, turn: Turn, client: Client, ticket_no: str) -> bool:
        text = turn.message.text.strip()
        if not text:
            turn.say("callback_reason_again")
            return False
        return await self._reworked(turn, client, ticket_no, text)

    async def _reworked(self, turn: Turn, client: Client, ticket_no: str, reason: str) -> bool:
        await self._send(turn, client, ticket_no, "reason", text=reason)
        turn.say("callback_rework")
        return True

    async def _rating(self, turn: Turn, client: Client, ticket_no: str) -> bool:
        score = read_score(turn.message)
        if not turn.message.tapped and no_verdict(turn.message) and score is None:
            turn.say("callback_thanks")
        elif score is None:
            turn.say("callback_rating_again", rating_buttons(elder=turn.elder))
        else:
            await self._rate(turn, client, ticket_no, score)
        return False

    async def _rate(self, turn: Turn, client: Client, ticket_no: str, score: int) -> None:
        await self._send(turn, client, ticket_no, "rating", score=score, text=turn.message.text)
        turn.say("rated", score=SCORES[score])

    @staticmethod
    async def _send(
        turn: Turn, client: Client, ticket_no: str, stage: str, **answer: object
    ) -> str | None:
        body = {"conversation_id": turn.conversation_id, "stage": stage, **answer}
        if stage != "reason" and pattern("own", "pressure").search(bare(turn.message.text)):
            body["pressured"] = True
        return await client.answer_callback(ticket_no, body, turn.key(stage))
