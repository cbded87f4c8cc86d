"""Certificates: what the locality's policy says, and refusing as a service (民发〔2020〕20号)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions.action import TurnAction
from actions.client import Client, Json
from actions.dialogue import load
from actions.forms import certificate, volunteer
from actions.forms.draft import Draft
from actions.knowledge import certificate_questions, follow_ups, powers
from actions.knowledge.notices import application_title, notice_card, spoken
from actions.message import Entity, Message, recalled
from actions.talk.offers import COMPLAINT, make_offer
from actions.talk.requests import HANDOVER, own_part, with_rest
from actions.texts import Gaps, say
from actions.turn import ASKS_WHICH, LISTEN, VOLUNTEER, Turn

PERMITTED, FORBIDDEN, UNKNOWN = "permitted", "forbidden", "unknown"
ROUTES = {True: PERMITTED, False: FORBIDDEN, None: UNKNOWN}


def kind(message: Message) -> tuple[int | None, str]:
    """Return number and name of the certificate meant; an empty name when none was named."""
    if certain := _certain(message):
        return None, certain
    entity = message.last("certificate")
    value = entity.value if entity else None
    if entity and isinstance(value, Mapping):
        no = value.get("no")
        return (int(no) if no is not None else None), str(value.get("name") or entity.text)
    if value:
        return None, str(value)
    leaf = message.leaf.id if message.leaf else ""
    named = load("certificates")["leaves"].get(leaf) or _told(message.text, "described")
    return None, named or certificate.told_name(message.text)


def _certain(message: Message) -> str:
    """Return the kind that was chosen of several, or that the words name whatever else they describe."""
    entity = message.last("certificate")
    chosen = entity.value if entity and isinstance(entity.value, str) else ""
    return chosen or _told(message.text, "first")


def _told(text: str, table: str) -> str:
    """Return the name of the kind that people describe (``data/dialogue/certificates.yml``)."""
    rows = load("certificates")[table]
    return next((str(row["name"]) for row in rows if re.search(row["says"], text)), "")


async def policy_of(message: Message, client: Client) -> dict[str, Any]:
    """Return what the locality says of the certificate that the message wishes for.

    A name that no list has may still describe a kind that is listed (“没工作证明”).
    """
    no, name = kind(message)
    if not name and no is None:
        return {"no": None, "name": "", "allowed": None}
    policy = await client.certificate(no, name)
    described = "" if _certain(message) else _told(message.text, "described")
    if not policy.get("why") and described and described != name:
        policy = await client.certificate(None, described)
    return {**policy, "name": policy.get("name") or name}


def one_of(message: Message) -> tuple[Message, list[Json]]:
    """Return the message as the wish for one certificate, and further ones of the same breath as what waits."""
    named = message.meant("certificate")
    if told := certificate.several(message):
        rest = tuple(e for e in message.entities if e.type != "certificate")
        first = replace(message, entities=(*rest, Entity("certificate", told[0], told[0])))
        return first, _waiting(message, told[1:])
    if any(isinstance(e.value, str) for e in named):
        return message, []  # one of them was chosen: the others wait already
    others = dict.fromkeys(str(e.text) for e in named[1:] if e.value != named[0].value)
    if not others:
        return message, []
    rest = tuple(e for e in message.entities if e.type != "certificate")
    return replace(message, entities=(*rest, named[0])), _waiting(message, list(others))


def _waiting(message: Message, names: list[str]) -> list[Json]:
    return [
        {"id": message.said_in or message.id, "text": say("told_certificate_short", name=text), "intent": message.intent,
         "leaf": None, "certificate": text}
        for text in names
    ]  # fmt: skip


def _changes_own(turn: Turn) -> bool:
    """Whether the words turn around what was told of a certificate before (“不是银行要的，是公证处要的”).

    Without such a request they come back here.
    """
    message = turn.message
    if (
        message.meant("certificate")
        or HANDOVER["supplement_ticket"] in turn.actions_since_message()
    ):
        return False
    return bool(certificate.unit_corrected(message) or certificate.purpose_corrected(message))


def _waiting_before(turn: Turn) -> list[Json]:
    """Return what waits behind the form in which another certificate was named."""
    draft = turn.draft
    names = (certificate.FORM.name, certificate.DEMAND.name)
    return list(draft.get("later") or []) if draft is not None and draft.form in names else []


class CheckCertificate(TurnAction):
    """Asks the policy which way the request goes and prepares the draft of that way."""

    NAME = "action_check_certificate"
    ENDS = False

    async def act(self, turn: Turn) -> list[EventType]:
        """Return the route; the away and refused cases go the honest way (unknown)."""
        if turn.loop is None and _changes_own(turn):
            return [FollowupAction(HANDOVER["supplement_ticket"])]
        if turn.loop is None and volunteer.joins(turn.message):
            return [FollowupAction(VOLUNTEER)]  # “志愿服务” is also the name of a certificate
        refused = turn.refused()
        to_and_fro = turn.loop is None and certificate.sent_to_and_fro(turn.message)
        if to_and_fro and (refused or kind(turn.message)[1]):
            return [*offer_loop(turn), FollowupAction(LISTEN)]
        if turn.loop is None and certificate.asks_which(turn.message):
            return [*await tell_kinds(turn), FollowupAction(LISTEN)]
        if turn.loop is None and (self._about_the_card(turn) or _of_a_matter(turn.message)):
            return [FollowupAction("action_answer_service")]
        turn.message, waiting = own_part(turn.message, frozenset({"request_certificate"}))
        turn.message, named = one_of(turn.message)
        if named:
            turn.say("several_first", n=len(named) + 1, first=kind(turn.message)[1])
        waiting = [*named, *waiting, *turn.rest, *_waiting_before(turn)]
        async with turn.client() as client:
            policy = await policy_of(turn.message, client)
        route = route_of(policy)
        facts = {
            "certificate": {"no": policy.get("no"), "name": policy["name"]},
            "leaf": policy.get("leaf"),
            "policy": policy,
            "later": waiting,
        }
        if route == FORBIDDEN:
            facts["narrative"] = turn.message.text
            facts["said_by"] = certificate.demanded_by(turn.message.text)
        elif unit := certificate.demanded_by(turn.message.text):
            facts["demanded"] = unit  # said before it was asked
        form = certificate.DEMAND if route == FORBIDDEN else certificate.FORM
        draft = Draft(form.name, turn.message.id, values=facts)
        events = [SlotSet("certificate_route", route), SlotSet("draft", draft.to_slot())]
        if route == PERMITTED:
            say_permitted(turn, policy)
            events.append(topic(turn, policy, certificate.FORM.name))
        return events

    @staticmethod
    def _about_the_card(turn: Turn) -> bool:
        """Whether the words go on with what was explained or refused before (“打印一份”)."""
        if turn.message.said_in or certificate.several(turn.message):
            return False  # “要开两张，一张单身的…” wishes for certificates, not for the notice
        if turn.refused() and certificate.wants_sheet(turn.message.text):
            return True
        named = turn.message.all("certificate")
        return bool(not named and turn.topic_leaf() and follow_ups.part_of(turn.message))


def _of_a_matter(message: Message) -> bool:
    """Whether the papers of a matter are asked for (“上学要开啥证明”), and not one of them is wished for."""
    return bool(certificate_questions.needing(message)) or powers.asked_elsewhere(message)


NAMED = 5
"""So many of the kinds that nobody here writes are named as examples; a list on a phone is read no further."""


async def tell_kinds(turn: Turn) -> list[EventType]:
    """Say which kinds the locality's policy lets the community write, and which not; ask which one is meant."""
    async with turn.client() as client:
        kinds = await client.certificate_kinds()
    refused = [str(name) for name in kinds["refused"]]
    for key in ("issued", "depends"):
        if kinds[key]:
            names = ("\n" if turn.elder else "、").join(kinds[key])
            turn.lead(f"certificates_{key}", line=True, names=names)
    if refused:
        named = "、".join(refused[:NAMED])
        turn.lead("certificates_refused", line=True, names=named, count=str(len(refused)))
    if since := kinds["valid_from"]:
        turn.lead("certificates_since", date=str(since))
    turn.say("certificates_ask")
    return [SlotSet("draft", None)]


def offer_loop(turn: Turn) -> list[EventType]:
    """Offer to let the street settle who writes it, where every office sends on to another."""
    name = (turn.refused() or {}).get("name") or ""
    told = "：".join(filter(None, (name, turn.message.verbatim)))
    return make_offer(turn, "offer_certificate_loop", COMPLAINT, "A4", told=told)


def route_of(policy: Mapping[str, Any]) -> str:
    """“It depends” is a way of its own: what for is asked, and the window finds out."""
    depends = policy.get("allowed") is None and policy.get("why")
    return PERMITTED if depends else ROUTES[policy.get("allowed")]


def say_permitted(turn: Turn, policy: Mapping[str, Any]) -> None:
    """Say that the community writes it, or what that depends on, what to bring and where the application is."""
    bring = "、".join(policy.get("bring") or [])
    depends = policy.get("allowed") is None
    address = str(policy.get("application") or "")
    told = "certificate_transfer" if depends else "certificate_application"
    sheet = say(told, turn.elder, address=spoken(address)) if address else ""
    card = notice_card(address, application_title(policy))
    words = {"name": policy["name"], "bring": bring, "sheet": sheet}
    if depends:
        turn.say("certificate_depends", custom=card, **words, **ways(policy, turn.elder))
        return
    key = "certificate_permitted" if bring else "certificate_permitted_plain"
    turn.say(key, custom=card, **words)


def ways(policy: Mapping[str, Any], elder: bool) -> Gaps:
    """Return why and where instead, in the locality's shorter words for large-type mode if it has them."""
    short = (policy.get("elder") or {}) if elder else {}
    return {key: str(short.get(key) or policy.get(key) or "") for key in ("why", "redirect")}


class RouteCertificate(TurnAction):
    """A certificate wanted in the middle of something else: the whole way in one action.

    The rules of domain and stories only begin with the message's intent; here another one led.
    """

    NAME = "action_route_certificate"

    async def act(self, turn: Turn) -> list[EventType]:
        """Ask the policy, say what it says and go on with the form of that way."""
        events = await CheckCertificate().act(turn)
        if not any(e.get("name") == "certificate_route" for e in events):
            return events
        route, draft = (e["value"] for e in events[:2])
        if route == PERMITTED:
            return [*events, FollowupAction("certificate_form")]
        if route == FORBIDDEN:
            topic = refuse(turn, draft["values"]["policy"])
            return [*events, *topic, FollowupAction("demand_form")]
        unknown = tell_unknown(turn, str(draft["values"]["certificate"].get("name") or ""))
        return with_rest(turn, [events[0], *unknown], draft["values"]["later"], LISTEN)


def refuse(turn: Turn, policy: Mapping[str, Any]) -> list[EventType]:
    """Refuse by the pattern: empathy, basis, where instead and what to bring, and what we offer.

    Returns the event that remembers what was refused: “打一张” afterwards is about its notice.
    """
    bring = "、".join(policy.get("bring") or [])
    turn.say(
        "certificate_refused",
        name=policy.get("name") or say("this_certificate"),
        basis=policy.get("basis") or say("certificate_basis"),
        **ways(policy, turn.elder),
        bring="\n" + say("bring_too", words=bring) if bring else "",
        dated=_dated(policy, turn.elder),
    )
    notice = str(policy.get("notice") or "")
    # What this counts as is the services' business: 证明引导成功率 (docs/metrics.md).
    shown = {"name": policy.get("name"), "leaf": policy.get("leaf")}
    redirected = {"redirected": shown} if policy.get("name") else {}
    turn.say("certificate_offers", custom={**(notice_card(notice) or {}), **redirected})
    return [topic(turn, policy, "refused")]


def topic(turn: Turn, policy: Mapping[str, Any], how: str) -> EventType:
    """Remember which certificate is talked about, for the short questions that follow (“带啥”).

    Args:
        turn: The turn.
        policy: What the locality says of it.
        how: ``refused``, with its notice, or ``certificate``.
    """
    named = {"name": policy.get("name"), "notice": str(policy.get("notice") or "")}
    leaf = "A4" if how == "refused" else policy.get("leaf") or "A2"
    return SlotSet("topic", {"leaf": leaf, "at": turn.message.now.isoformat(), how: named})


def _dated(policy: Mapping[str, Any], elder: bool) -> str:
    """Return since when the locality says so and that the other window decides; empty without a date."""
    since = policy.get("valid_from")
    return say("certificate_dated", elder, date=since) if since else ""


def tell_unknown(turn: Turn, name: str) -> list[EventType]:
    """Ask which certificate is meant, or offer to find out; no answer is invented.

    Who was asked which one and has told it without any name we know is not asked a second time.
    """
    if not name and turn.last_action() in ASKS_WHICH and not turn.message.tapped:
        before = recalled(turn.message, turn.tracker.events, str(turn.previous_user_message_id()))
        told = "；".join((before.verbatim, turn.message.verbatim))
        return [
            SlotSet("draft", None),
            *make_offer(turn, "certificate_unnamed", "consult", None, told=told),
        ]
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
        return refuse(turn, (turn.draft.get("policy") if turn.draft else None) or {})


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
