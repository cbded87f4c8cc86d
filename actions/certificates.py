"""Certificates: what the locality's policy says, and refusing as a service (民发〔2020〕20号)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions.forms import certificate
from actions.forms.draft import Draft
from actions.message import Message
from actions.offers import make_offer
from actions.requests import own_part, with_rest
from actions.turn import LISTEN, Turn, TurnAction

PERMITTED, FORBIDDEN, UNKNOWN = "permitted", "forbidden", "unknown"
ROUTES = {True: PERMITTED, False: FORBIDDEN, None: UNKNOWN}
NAMES = {"A2": "居住证明", "A5": "志愿服务记录证明", "A9": "困难证明"}
"""Leaves that are one kind of certificate, for sentences that do not name it."""
SAID = (
    (
        r"证明.{0,8}(我|俺|咱)?.{0,4}(是|和|跟).{0,8}(妈|爸|爹|娘|儿|女|父|母|兄|弟|姐|妹|爷|奶|一家|亲)",
        "亲属关系证明",
    ),
    (r"(还)?活着|健在|没死", "健在证明"),
    (r"单身|未婚|没结过?婚|没对象", "婚姻状况证明"),
    (r"没(有)?犯(过)?(罪|法|事)|没(有)?案底", "无犯罪记录证明"),
    (r"没(有)?工作|没(有)?上班|失业|无业", "居民就业状况证明"),
    (r"(丢|遗失|弄没|找不(着|到)).{0,8}证明|证明.{0,10}(丢|遗失)", "证件遗失证明"),
    (r"(自己)?摔(的|伤|倒)|意外", "疾病状况证明"),
    (r"养(狗|犬)", "居民养犬证明"),
    (r"收入|存款|房产|财产|工资", "居民财产证明"),
)
"""Kinds of the national list that people describe instead of naming (first match)."""


def kind(message: Message) -> tuple[int | None, str]:
    """Return number and name of the certificate meant; an empty name when none was named."""
    entity = message.last("certificate")
    value = entity.value if entity else None
    if isinstance(value, Mapping):
        no = value.get("no")
        return (int(no) if no is not None else None), str(value.get("name") or entity.text)
    if value:
        return None, str(value)
    leaf = message.leaf.id if message.leaf else ""
    described = next((name for said, name in SAID if re.search(said, message.text)), "")
    return None, NAMES.get(leaf) or described


class CheckCertificate(TurnAction):
    """Asks the policy which way the request goes and prepares the draft of that way."""

    NAME = "action_check_certificate"
    ENDS = False

    async def act(self, turn: Turn) -> list[EventType]:
        """Return the route; the away and refused cases go the honest way (unknown)."""
        turn.message, others = own_part(turn.message, frozenset({"request_certificate"}))
        others = [*others, *turn.rest]
        no, name = kind(turn.message)
        policy: dict[str, Any] = {"no": no, "name": name, "allowed": None}
        if name or no is not None:
            async with turn.client() as client:
                policy = await client.certificate(no, name)
        route = ROUTES[policy.get("allowed")]
        facts = {
            "certificate": {"no": policy.get("no"), "name": policy.get("name") or name},
            "leaf": policy.get("leaf"),
            "policy": policy,
            "later": others,
        }
        form = certificate.DEMAND if route == FORBIDDEN else certificate.FORM
        draft = Draft(form.name, turn.message.id, values=facts)
        if route == FORBIDDEN:
            draft = Draft(
                form.name, turn.message.id, values={**facts, "narrative": turn.message.text}
            )
        if route == PERMITTED:
            self._say_permitted(turn, policy, name)
        return [SlotSet("certificate_route", route), SlotSet("draft", draft.to_slot())]

    @staticmethod
    def _say_permitted(turn: Turn, policy: Mapping[str, Any], name: str) -> None:
        bring = "、".join(policy.get("bring") or [])
        key = "certificate_permitted" if bring else "certificate_permitted_plain"
        turn.say(key, name=policy.get("name") or name, bring=bring)


class RouteCertificate(TurnAction):
    """A certificate wanted in the middle of something else: the whole way in one action.

    The rules of domain and stories only begin with the message's intent; here another one led.
    """

    NAME = "action_route_certificate"

    async def act(self, turn: Turn) -> list[EventType]:
        """Ask the policy, say what it says and go on with the form of that way."""
        events = await CheckCertificate().act(turn)
        route, draft = (e["value"] for e in events)
        if route == PERMITTED:
            return [*events, FollowupAction("certificate_form")]
        if route == FORBIDDEN:
            refuse(turn, draft["values"]["policy"])
            return [*events, FollowupAction("demand_form")]
        unknown = tell_unknown(turn, str(draft["values"]["certificate"].get("name") or ""))
        return with_rest(turn, [events[0], *unknown], draft["values"]["later"], LISTEN)


def refuse(turn: Turn, policy: Mapping[str, Any]) -> None:
    """Refuse by the pattern: empathy, basis, where instead and what to bring, and what we offer."""
    bring = "、".join(policy.get("bring") or [])
    turn.say(
        "certificate_refused",
        name=policy.get("name") or "这个证明",
        basis=policy.get("basis") or "民发〔2020〕20号",
        why=policy.get("why") or "",
        redirect=policy.get("redirect") or "",
        bring=f"\n要带：{bring}。" if bring else "",
    )
    turn.say("certificate_offers")


def tell_unknown(turn: Turn, name: str) -> list[EventType]:
    """Ask which certificate is meant, or offer to find out; no answer is invented."""
    if not name:
        turn.say("certificate_which")
        return [SlotSet("draft", None)]
    events = make_offer(turn, "certificate_unknown", "consult", None, name=name)
    return [SlotSet("draft", None), *events]


class RefuseCertificate(TurnAction):
    """Refuses by the pattern: empathy, basis, where instead and what to bring, and what we offer."""

    NAME = "action_refuse_certificate"
    ENDS = False

    async def act(self, turn: Turn) -> list[EventType]:
        """Say it; the question who demanded it follows from the form."""
        refuse(turn, (turn.draft.get("policy") if turn.draft else None) or {})
        return []


class UnknownCertificate(TurnAction):
    """A kind outside the lists: ask which, or say so and offer to find out."""

    NAME = "action_unknown_certificate"

    async def act(self, turn: Turn) -> list[EventType]:
        """Say so; no answer is invented."""
        draft = turn.draft
        name = str((draft.get("certificate") or {}).get("name") or "") if draft else ""
        return with_rest(
            turn, tell_unknown(turn, name), (draft.get("later") if draft else []), LISTEN
        )
