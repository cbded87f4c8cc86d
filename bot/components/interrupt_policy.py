"""What goes before the rules: emergencies, silence, callbacks, interruptions, doubt.

The policy keeps no state: everything is read from the tracker and the message's metadata. It
predicts at most one action per message and then lets the open form go on, or listens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rasa.core.policies.policy import Policy, PolicyPrediction, SupportedData
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted
from rasa.shared.core.generator import TrackerWithCachedStates
from rasa.shared.core.trackers import DialogueStateTracker

from bot.understanding.emergency import heavy_heart, hints_at_death
from bot.understanding.scripts import simplify

ACTION_EMERGENCY = "action_emergency"
ACTION_EMERGENCY_FOLLOW = "action_emergency_follow"
ACTION_COMFORT = "action_comfort"
ACTION_CALLBACK = "action_callback_answer"
ACTION_CLARIFY = "action_clarify"

#: Requests that may be made while a danger is remembered, when they are clear.
_REQUESTS = frozenset(
    "report_problem ask_service request_certificate book_meal book_service query_progress "
    "withdraw_ticket ask_community_info ask_notice ask_capability make_suggestion give_praise "
    "join_volunteer ask_my_data".split()
)
#: A person is asked for in so many words: “我转了” after a fraud is about money.
_PERSON = re.compile(r"人工|真人|活人|客服|工作人员|值班|(?:找|叫|喊|换|来|转|接)(?:一?个)?人|人来")
#: From this confidence on a request is clear, in a crisis and for somebody who sounds sad.
_CLEAR_IN_CRISIS = 0.8
_CLEAR_IN_SORROW = 0.6
#: Sorrow itself (心理援助), visits to who is alone, nothing: no request beside a heavy heart.
_SORROW_LEAVES = frozenset({"J5", "C7", "none", None})
_LEAF_SURE = 0.5
#: “我要投诉” while something is being taken down calls nobody.
_ONLY_OPENS = re.compile(r"\W*(?:我|俺)?(?:就?要|想)?(?:投诉|举报|报修|反映)(?:一下|他们)?\W*$")
#: A message this long is told once and not put in other words.
_STORY_LONG = 40
#: Help for the mind is asked for by name: that is a question, and has a card.
_ASKS_FOR_HELP = re.compile(
    r"心理(?:医生|咨询|室|科|门诊|辅导|援助)|精神科|有没有|在哪|收费|多少钱|预约"
)
#: Intents that answer the callback question (solved? how many points?).
_CALLBACK_INTENTS = frozenset({"affirm", "deny", "rate_service", "reject_resolution", "thank"})
#: What the buttons under a callback question carry.
_VERDICTS = frozenset({"rate_service", "reject_resolution"})
#: Short answers to the rating question that a classifier cannot be trusted with.
_RATING = re.compile(
    r"^\s*(?:[1-5１-５一二三四五两]\s*(?:分|星|颗星)?|.{0,4}(?:满意|一般|还行|凑合|挺好|很好).{0,4})[。!！,，]?\s*$"
)
#: Never a matter of doubt: a wrong guess costs nothing.
_SMALL_TALK = frozenset(
    {"greet", "goodbye", "thank", "affirm", "deny", "chitchat", "out_of_scope", "cancel_dialog"}
)
#: Answered with thanks, a chat, “not ours” or a list: never when words of dying stand in the message.
_ONLY_ANSWERED = _SMALL_TALK | {
    "join_volunteer", "give_praise", "make_suggestion", "ask_anonymity", "ask_capability",
    "ask_accessibility", "supplement_ticket", "withdraw_ticket", None,
}  # fmt: skip
_ALWAYS_HEARD = frozenset({"ask_human", "cancel_dialog"})
#: Words that ask, and those that tell somebody to look something up.
_QUESTION = re.compile(
    r"[?？]|吗|么$|呢$|嘛[?？]?$|怎么|咋|啥|什么|哪|多少|几|谁|能不能|可不可以|可以.*不|有没有|是不是|要不要|用不用|"
    r"得行|是[^，,。；;]{1,6}还是|为何|会不会|多久|好久|多暂|不啊?$|没有?$|啷个|查(?:一?下|查|看|一查)|进度"
)
#: After these the form waits instead of asking its question again.
_THEN_LISTEN = frozenset(
    {ACTION_EMERGENCY, ACTION_EMERGENCY_FOLLOW, "action_handoff", "action_cancel_form"}
)


@dataclass(frozen=True)
class Interrupt:
    """A row of the table in ``config.yml``."""

    intent: str
    action: str
    confidence: float
    question: bool = False


@dataclass(frozen=True)
class Crisis:
    """What the policy needs to know of the slot ``crisis`` (actions/safety/crisis.py)."""

    leaf: str
    holds: bool
    """Nothing else is begun meanwhile: somebody wants to die, is beaten, was robbed."""
    young: bool
    """So fresh that a new report still belongs to it."""


@dataclass(frozen=True)
class Situation:
    """All that the decision depends on."""

    intent: str | None
    confidence: float
    uncertain: bool
    text: str
    human: bool
    callback_stage: str | None
    loop: str | None
    is_payload: bool = False
    callback_fresh: bool = False
    """The callback question is the last thing that was said to the resident."""
    leaf: str | None = None
    leaf_confidence: float = 0.0
    crisis: Crisis | None = None
    """A danger that was told and is not over yet."""
    heavy: bool = False
    """Words of sorrow or loneliness (bot/data/emergency.yml)."""
    hint: bool = False
    """Words of dying or farewell that may be nothing (``hints`` there)."""


def decide(now: Situation, table: dict[str, Interrupt]) -> str | None:
    """The action that goes before the rules, or ``None``.

    Order: danger, silence while a person talks, what follows a danger, callback, words of dying,
    sorrow, interruption of a form, doubt.
    """
    if now.intent == "emergency":
        return ACTION_EMERGENCY
    if now.human:
        return str(ACTION_LISTEN_NAME)
    if now.callback_stage and now.is_payload and now.intent in _VERDICTS:
        return ACTION_CALLBACK  # its own button: also in the middle of a form
    if now.crisis and _belongs_to(now, now.crisis):
        return ACTION_EMERGENCY_FOLLOW
    if now.loop is None or now.callback_fresh:
        if now.callback_stage and _answers_callback(now):
            return ACTION_CALLBACK
    if _asks_about_death(now):
        return ACTION_EMERGENCY  # which asks, as nothing is certain
    if now.loop is None:
        if _wants_comfort(now):
            return ACTION_COMFORT
        doubtful = now.uncertain and not now.is_payload and now.intent not in _SMALL_TALK
        return ACTION_CLARIFY if doubtful and not _tells_a_story(now) else None
    row = table.get(now.intent or "")
    if _ONLY_OPENS.match(now.text):
        return None  # the form that is open is what was wished for
    if row is None or (now.uncertain and not now.is_payload):
        return None
    sure = now.is_payload or now.confidence >= row.confidence
    asks = now.is_payload or not row.question or bool(_QUESTION.search(now.text))
    return row.action if sure and asks else None


def _tells_a_story(now: Situation) -> bool:
    """Whether a long message tells of trouble: it is taken down, what is open is asked for."""
    return now.intent == "report_problem" and len(now.text) >= _STORY_LONG


def _asks_about_death(now: Situation) -> bool:
    """Whether words of dying would only be thanked, chatted with or turned away."""
    if now.is_payload or not now.hint:
        return False
    return now.intent in _ONLY_ANSWERED or now.uncertain or _wants_comfort(now)


def _belongs_to(now: Situation, crisis: Crisis) -> bool:
    """Whether a message is about the danger that was told before, which is the rule."""
    if now.is_payload or (now.intent == "ask_human" and _PERSON.search(now.text)):
        return False
    clear = (
        now.intent in _REQUESTS
        and not now.uncertain
        and now.confidence >= _CLEAR_IN_CRISIS
        and now.leaf != crisis.leaf
    )
    if crisis.holds or not clear:
        return True
    return crisis.young and now.intent == "report_problem"


def _wants_comfort(now: Situation) -> bool:
    """Whether somebody is sad or alone and asks for nothing else."""
    sad = now.leaf == "J5" and now.leaf_confidence >= _LEAF_SURE
    if now.intent == "report_problem" and sad:
        return True
    if now.is_payload or not now.heavy:
        return False
    if now.intent in ("ask_service", "book_service") and _ASKS_FOR_HELP.search(now.text):
        return False
    asks = (
        now.intent in _REQUESTS
        and now.confidence >= _CLEAR_IN_SORROW
        and now.leaf not in _SORROW_LEAVES
        and now.leaf_confidence >= _LEAF_SURE
    )
    return not asks


def _answers_callback(now: Situation) -> bool:
    if now.intent in _ALWAYS_HEARD and not now.uncertain:
        return False
    if now.callback_stage == "reason" and not now.is_payload:
        return True
    if now.callback_stage == "rating" and _RATING.match(now.text):
        return True
    return now.intent in _CALLBACK_INTENTS


def situation_of(tracker: DialogueStateTracker) -> Situation:
    """Read the tracker."""
    message = tracker.latest_message
    parse: dict[str, Any] = (message.parse_data if message else None) or {}
    metadata: dict[str, Any] = (message.metadata if message else None) or {}
    intent = parse.get("intent") or {}
    text = (message.text if message else "") or ""
    callback = metadata.get("pending_callback") or {}
    leaf, leaf_confidence = _leaf(parse.get("entities") or [])
    return Situation(
        intent=intent.get("name"),
        confidence=float(intent.get("confidence") or 0.0),
        uncertain=bool(parse.get("uncertain")),
        text=text,
        human=metadata.get("mode") == "human",
        callback_stage=callback.get("stage"),
        loop=tracker.active_loop_name,
        is_payload=text.startswith("/"),
        callback_fresh=bool(callback.get("fresh")) or _last_action(tracker) == ACTION_CALLBACK,
        leaf=leaf,
        leaf_confidence=leaf_confidence,
        crisis=_crisis(tracker.get_slot("crisis"), metadata.get("now")),
        heavy=heavy_heart(simplify(text)),
        hint=hints_at_death(simplify(text)),
    )


def _leaf(entities: list[dict[str, Any]]) -> tuple[str | None, float]:
    """The leaf that was understood, and how sure; a tapped one is certain."""
    found = next((e for e in entities if e.get("entity") == "service"), None)
    if found is None:
        return None, 0.0
    confidence = found.get("confidence")
    return found.get("value"), 1.0 if confidence is None else float(confidence)


def _crisis(slot: dict[str, Any] | None, now: str | None) -> Crisis | None:
    """The danger in the slot while it lasts; without a clock (console) it lasts."""
    if not slot or slot["over"]:
        return None
    at = datetime.fromisoformat(now) if now else datetime.fromisoformat(slot["since"])
    if at >= datetime.fromisoformat(slot["until"]):
        return None
    young = at < datetime.fromisoformat(slot["young"])
    return Crisis(slot["leaf"], bool(slot["holds"]), young)


def _last_action(tracker: DialogueStateTracker) -> str | None:
    """The last action before the present message, listening aside."""
    names = (
        event.action_name
        for event in reversed(tracker.events)
        if isinstance(event, ActionExecuted) and event.action_name != ACTION_LISTEN_NAME
    )
    return next(names, None)


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=False
)
class InterruptPolicy(Policy):
    """Goes before ``RulePolicy``: same kind of prediction as its running form, higher priority."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """``priority`` above RulePolicy's 6; ``interrupts``: rows of ``Interrupt``."""
        return {"priority": 10, "interrupts": []}

    @staticmethod
    def supported_data() -> SupportedData:
        """Nothing is learned."""
        return SupportedData.ML_AND_RULE_DATA

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> None:
        """Read the table."""
        super().__init__(config, model_storage, resource, execution_context)
        rows = [Interrupt(**row) for row in config["interrupts"]]
        self._table = {row.intent: row for row in rows}
        self._own = {row.action for row in rows} | {
            ACTION_EMERGENCY,
            ACTION_EMERGENCY_FOLLOW,
            ACTION_COMFORT,
            ACTION_CALLBACK,
            ACTION_CLARIFY,
        }

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> InterruptPolicy:
        """Nothing is stored."""
        return cls(config, model_storage, resource, execution_context)

    def train(
        self, training_trackers: list[TrackerWithCachedStates], domain: Domain, **kwargs: Any
    ) -> Resource:
        """Nothing to learn."""
        return self._resource

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        """Decide once per message; afterwards listen, or leave the open form to the rules."""
        latest = tracker.latest_action_name
        if latest == ACTION_LISTEN_NAME:
            action = decide(situation_of(tracker), self._table)
            return self._predict(domain, action, 1.0)
        if latest in self._own:
            if latest in _THEN_LISTEN:
                return self._predict(domain, ACTION_LISTEN_NAME, 1.0)
            if tracker.active_loop_name is None:
                # Below 1.0: a rule that goes on after the action still wins over listening.
                return self._predict(domain, ACTION_LISTEN_NAME, 0.9, alone=False)
        return self._predict(domain, None, 0.0)

    def _predict(
        self, domain: Domain, action: str | None, confidence: float, *, alone: bool = True
    ) -> PolicyPrediction:
        """``alone``: overrule every prediction that depends on the user's words, also the form."""
        scores = [0.0] * domain.num_actions
        known = action is not None and action in domain.action_names_or_texts
        if known:
            scores[domain.index_for_action(str(action))] = confidence
        return self._prediction(scores, is_no_user_prediction=known and alone)
