"""What goes before the rules: emergencies, silence, callbacks, interruptions, doubt.

The policy keeps no state: everything is read from the tracker and the message's metadata. It
predicts at most one action per message and then lets the open form go on, or listens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
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

ACTION_EMERGENCY = "action_emergency"
ACTION_CALLBACK = "action_callback_answer"
ACTION_CLARIFY = "action_clarify"

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
_ALWAYS_HEARD = frozenset({"ask_human", "cancel_dialog"})
_QUESTION = re.compile(
    r"[?？]|吗|么$|呢$|嘛[?？]?$|怎么|咋|啥|什么|哪|多少|几|谁|能不能|可不可以|可以.*不|有没有|是不是|要不要|用不用|"
    r"得行|为何|会不会|多久|好久|多暂|不啊?$|没有?$|啷个"
)
#: After these the form waits instead of asking its question again.
_THEN_LISTEN = frozenset({ACTION_EMERGENCY, "action_handoff", "action_cancel_form"})


@dataclass(frozen=True)
class Interrupt:
    """A row of the table in ``config.yml``."""

    intent: str
    action: str
    confidence: float
    question: bool = False


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


def decide(now: Situation, table: dict[str, Interrupt]) -> str | None:
    """The action that goes before the rules, or ``None``.

    Order: danger, silence while a person talks, callback, interruption of a form, doubt.
    """
    if now.intent == "emergency":
        return ACTION_EMERGENCY
    if now.human:
        return ACTION_LISTEN_NAME
    if now.callback_stage and now.is_payload and now.intent in _VERDICTS:
        return ACTION_CALLBACK  # its own button: also in the middle of a form
    if now.loop is None or now.callback_fresh:
        if now.callback_stage and _answers_callback(now):
            return ACTION_CALLBACK
    if now.loop is None:
        doubtful = now.uncertain and not now.is_payload and now.intent not in _SMALL_TALK
        return ACTION_CLARIFY if doubtful else None
    row = table.get(now.intent or "")
    if row is None or (now.uncertain and not now.is_payload):
        return None
    sure = now.is_payload or now.confidence >= row.confidence
    asks = now.is_payload or not row.question or bool(_QUESTION.search(now.text))
    return row.action if sure and asks else None


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
    )


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
