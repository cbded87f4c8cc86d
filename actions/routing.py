"""For which action or form a message is, when it is another than the one Rasa ran.

Words that name a button go where its tap would have gone; what answers an offer, or means something only
by what was said before, goes there. Reads the turn, says and writes nothing.
"""

from __future__ import annotations

import re

from actions.client import Json
from actions.dialogue import load, pattern
from actions.forms import (
    asides,
    bookable,
    certificate,
    extra,
    neighbours,
    subsidy,
    volunteer,
)
from actions.forms.replies import (
    DECLINES,
    NO,
    SUBMIT_NOW,
    agrees,
    bare,
    hastens,
    leftover,
    opens_only,
    summary_question,
    switched,
    tells_name,
)
from actions.knowledge import (
    asked_about,
    certificate_questions,
    follow_ups,
    information,
    leaves,
    powers,
    which_card,
)
from actions.message import Message
from actions.privacy import own_data
from actions.safety import crisis
from actions.talk import (
    accessible,
    choices,
    conduct,
    contact,
    corrections,
    drafts,
    gist,
    going_on,
    manners,
    misses,
    repairs,
    speaking,
    taking,
)
from actions.talk.heard import number_before
from actions.talk.requests import HANDOVER
from actions.tickets import (
    amending,
    left_days,
    needed,
    ordered,
    orders,
    own,
    pausing,
    secrecy,
    waiting,
    withdrawing,
)
from actions.turn import (
    AFFIRM,
    ANSWER,
    ASKS_WHICH,
    CALLBACK,
    CLARIFY,
    DECLINED,
    MANNERS,
    RASAS_OWN,
    REPORTED,
    SUBMITS,
    VOLUNTEER,
    Turn,
)

DENY = "action_deny"
CANCEL = "action_cancel_form"
EMERGENCY = "action_emergency"
EMERGENCY_FOLLOW = "action_emergency_follow"
BOOK = "action_book_service"
WITHDRAW = "action_withdraw"
SUBMIT_MEAL = f"{SUBMITS}meal"
ARRANGED = frozenset(f"{SUBMITS}{form}" for form in ("booking", "errand", "volunteer"))
"""Actions that file what somebody arranges with the resident."""
COMFORT = "action_comfort"
SUGGEST = "action_suggest"
ERRAND_SURE = 0.5
"""From this confidence on a wish to have something done is about the service that was understood."""
PEOPLE_FIRST = frozenset({EMERGENCY, "action_handoff"})
"""Danger and the wish for a person are never read as something else."""
OUT_OF_SCOPE = "action_out_of_scope"
NOT_OURS = frozenset({OUT_OF_SCOPE, "action_chitchat"})
"""What is said to words of nothing that the community does."""
VAGUE = NOT_OURS | {CLARIFY, "action_capability"}
"""What is said when a message fits nothing."""
NO_POLICY = information.ANSWERS | {BOOK}
"""What a question for a policy without a card is taken for (“退耕还林补贴今年发不发”)."""
BESIDE_BOOKING = RASAS_OWN | {AFFIRM, DENY, own.QUERY, own.SUPPLEMENT, "action_my_data", *VAGUE}
"""Actions after which one still talks of the booking that was filed before them."""
SHORT_QUESTION = 8
"""So many characters at most ask something of the form that is open (“要不要钱嘛”); a longer question may name its own matter."""
SHORT_TELLING = 12
"""So many characters say who speaks and nothing else (“我是他邻居”)."""
COMPLAINT_SHORTEST = 10
"""So many characters tell what is complained of, beside that it is (“我要投诉” alone opens the form empty)."""
_NO_COMPLAINT = frozenset(
    "chitchat out_of_scope greet thank goodbye ask_community_info ask_notice ask_capability make_suggestion "
    "affirm deny cancel_dialog".split()
)
_CLAUSE = re.compile(r"[，,。；;！!？?\s]")


def first_told(turn: Turn) -> str | None:
    """Return the form or action of the first of several things that one message tells; None for one thing.

    What may harm somebody goes before everything, else what is told first, whatever the whole was taken for.
    """
    parts = () if turn.message.tapped or turn.message.said_in else turn.message.parts
    urgent = [p for p in parts if p.intent == "report_problem" and crisis.may_harm(p)]
    first = HANDOVER.get((urgent or parts)[0].intent) if parts else None
    done = turn.actions_since_message()
    checked = first == HANDOVER["request_certificate"] and "action_check_certificate" in done
    return None if checked or first in done else first


def answer_to_offer(turn: Turn) -> str | None:
    """Return the action for a plain yes or no to an offer just made.

    Words like “好” and “要” mean what was asked before them, whatever they are taken for alone.
    """
    offer = turn.standing_offer()
    if turn.message.tapped or not offer:
        return None
    if turn.last_action() == COMFORT and pattern("manners", "sighs").match(turn.message.text):
        return COMFORT  # no yes to a visit
    if offer.get(own.MORE) and not turn.message.pending_callback:
        return own.SUPPLEMENT if own.adds(turn.message) else None
    if offer.get("follow") == WITHDRAW:
        return WITHDRAW if withdrawing.answers(turn.message) else None
    if offer.get("pause"):
        return own.SUPPLEMENT if pausing.answers(turn.message) else None
    if offer.get("order") and ordered.asked(turn.message):
        return own.QUERY
    if offer.get("days") and turn.message.all("time") and amending.asks(turn.message):
        return own.SUPPLEMENT  # “那就不要送了” leaves out the day that was asked about
    if offer.get("order"):
        return orders.action(turn.message)
    if offer.get("dropped"):  # “好” behind “那不报了” opens nothing again
        taken = drafts.after_all(turn.message, offer) or drafts.goes_on(turn.message, offer)
        return AFFIRM if taken else None
    if said := _asked_behind(turn, offer):
        return said
    words = bare(turn.message.text)
    ahead = agrees(words) or taking.quiet(turn.message, str(offer.get("kind")))
    ahead = ahead or bool(offer.get(DECLINED))  # “还是记上吧”
    ahead = ahead or reaches(turn, offer)
    ahead = ahead or taking.finds_out(turn.message, str(offer.get("kind")))
    if ahead or goes_on(turn, offer) or places(turn, offer) or taking.adds(turn.message, offer):
        return AFFIRM
    return DENY if words in NO or DECLINES.match(words) else None


def _asked_behind(turn: Turn, offer: Json) -> str | None:
    """Return the action for a worry about one's data, or a question to the card (“照片要几寸的”), behind an offer."""
    if offer.get("data"):
        return _about_data(turn, offer)
    asks = turn.topic_leaf() and offer.get("kind") == "consult" and _asks_of_card(turn.message)
    return ANSWER if asks else None


def _asks_of_card(message: Message) -> bool:
    """Whether short words ask what a card says; who has it done or found out answers the offer."""
    part = follow_ups.part_of(message)
    return part in follow_ups.READ_OUT and not agrees(bare(message.text))


def places(turn: Turn, offer: Json) -> bool:
    """Whether a place alone answers the offer to report what was told (“要现在报吗”)."""
    return offer.get("follow") == "report_form" and own.place_alone(turn.typed)


def reaches(turn: Turn, offer: Json) -> bool:
    """Whether a phone alone, or that there is none, answers the offer to report what was told: it is for the report."""
    if offer.get("follow") != "report_form":
        return False
    none = pattern("forms", "no_phone").search(bare(turn.typed.text))
    return bool(none) or (bool(turn.typed.all("phone")) and not leftover(turn.typed))


def goes_on(turn: Turn, offer: Json) -> bool:
    """Whether the words ask for the matter that waits (“下一个”), which is offered."""
    said = not turn.message.tapped and pattern("forms", "next_one").match(bare(turn.message.text))
    return bool(offer.get("kept")) and bool(said)


def _about_data(turn: Turn, offer: Json) -> str | None:
    """Return the action for a worry about what is kept, or for a yes in its own word; None for neither."""
    if pattern("my_data", "worries").search(bare(turn.message.text)):
        return "action_anonymity"
    agreed = offer.get(DECLINED) or _agrees_to(turn, offer)
    return str(offer["follow"]) if agreed else None


def _agrees_to(turn: Turn, offer: Json) -> bool:
    """Whether a change of own data is agreed to by its own word (“删吧”), or by the new number."""
    if offer["data"] == "correct":
        named = contact.own_name(turn.message) if "name" in offer else ""
        if named or ("name" not in offer and turn.message.all("phone")):
            return True
    return bool(pattern("my_data", "agrees").match(bare(turn.message.text)))


def meant_action(turn: Turn, name: str) -> str | None:
    """Return the action for words that mean something only by what was said before them.

    “要带啥” after a service was explained is about that service; “我要投诉” asks to be heard;
    “改成三份” is about an order that was made.
    """
    if turn.message.tapped:
        return None
    if said := _whatever_it_was_taken_for(turn, name):
        return said
    if turn.message.pinned:  # a label is a place, whatever its words sound like
        return None if name in own.OWN else own.SUPPLEMENT
    if repairs.wished(turn.message):
        return None if name in own.OWN else "report_form"
    if said := _about_oneself(turn, name):
        return said
    if (
        said := _about_notice(turn)
        or _about_asked(turn)
        or _of_others(turn)
        or _in_so_many_words(turn)
        or _by_others(turn)
    ):
        return said
    if turn.message.intent != "emergency" and conduct.about(turn.message.text):
        return "report_form"
    if about_topic := _about_topic(turn):
        return about_topic
    if manners.about_us(turn.message):
        return "action_complain_assistant"
    if manners.concerns(turn.message):
        return MANNERS
    if turn.message.intent == "give_praise" and gist.ends_with_matter(turn.message.text):
        return "report_form"  # thanks come first, the point last
    return _without_card(turn, name) or _arranged(turn, name) or _gone_on_with(turn, name)


def _without_card(turn: Turn, name: str) -> str | None:
    """Return the action for a question about a policy of which there is no card, or None."""
    taken = name in VAGUE | NO_POLICY
    return ANSWER if taken and follow_ups.without_card(turn.message.text) else None


def _whatever_it_was_taken_for(turn: Turn, name: str) -> str | None:
    """Return the action for words that another reading would swallow, or None.

    How many told the same (who, is told nobody), a word for whoever comes, half a thought, a question about one's
    own in English.
    """
    english = manners.in_english(turn.message)
    return _swallowed(turn.message) or (own.meant(turn.message, name) if english else None)


def _swallowed(message: Message) -> str | None:
    """Return the action for words that a classifier takes for anything, danger too, or None."""
    if own.asks_how_many(message):
        return own.QUERY
    if own.relays(message):
        return own.SUPPLEMENT
    return MANNERS if manners.unfinished(message) else None


def _about_oneself(turn: Turn, name: str) -> str | None:
    """Return the action for a wish about what is kept of the speaker, or about their name; None: neither."""
    shown = turn.last_action() == own_data.ACTION
    if own_data.surely(turn.message, shown) or _no_plain_answer(turn, name):
        return own_data.ACTION
    secret = turn.message.intent != "emergency" and secrecy.wish(turn.message) is not None
    return own.SUPPLEMENT if secret else None


def _asks_of_order(turn: Turn) -> bool:
    """Whether something is asked of what was ordered, and of no service that was explained since."""
    if turn.message.intent == "emergency" or turn.topic_leaf():
        return False
    return bool(turn.last_filed() and ordered.asked(turn.message))


def asked_of_order(turn: Turn, name: str | None) -> str | None:
    """Return what is asked of an order (``ordered``); right behind a booking also what nothing else answers.

    Args:
        name: The action that the classifier's reading chose.
    """
    return ordered.asked(turn.message) or (ordered.BEYOND if _asks_vaguely(turn, name) else None)


def _asks_vaguely(turn: Turn, name: str | None) -> bool:
    """Whether words that fit nothing ask something right behind a booking."""
    vague = name in VAGUE or (turn.message.uncertain and turn.message.intent != "emergency")
    return vague and _at_booking(turn) and ordered.may_ask(turn.message)


def _at_booking(turn: Turn) -> bool:
    """Whether a booking, an errand or help offered was filed last, and nothing but it was talked of since."""
    present = len(turn.actions_since_message())
    names = [str(e.get("name")) for e in turn.tracker.events if e.get("event") == "action"]
    before = names[: len(names) - present]
    named = (n for n in reversed(before) if n not in BESIDE_BOOKING)
    return next(named, None) in ARRANGED


def _about_notice(turn: Turn) -> str | None:
    """Return the action for short words about the notice that was asked for right before."""
    notice = turn.notice()
    goes_on = notice and information.goes_on(turn.message, notice)
    return information.NOTICE if goes_on else None


def _about_asked(turn: Turn) -> str | None:
    """Return the action for short words about the place, the person or the menu asked about right before."""
    how = asked_about.goes_on(turn.message, turn.asked_about())
    if how is None:
        return None
    return "meal_form" if how == asked_about.MENU else information.INFO


def _of_others(turn: Turn) -> str | None:
    """Return the action for a question that is always another office's matter, whatever it was taken for."""
    needed_for = certificate_questions.needing(turn.message)
    return ANSWER if needed_for or powers.asked_elsewhere(turn.message) else None


def _about_topic(turn: Turn) -> str | None:
    """Return the action for words that go on with what was explained: a danger, a short question, more of it."""
    topic = turn.topic()
    if told := going_on.threat(turn.danger_topic(), turn.message):
        return EMERGENCY if told[1] else ANSWER
    about = turn.topic_leaf() or which_card.offered(turn)
    asks = (about and follow_ups.part_of(turn.message)) or going_on.part_of(topic, turn.message)
    return ANSWER if asks or going_on.adds(topic, turn.message) else None


def _no_danger(turn: Turn) -> str | None:
    """Return the action for what only sounds of danger to the classifier, outside of any crisis.

    When what was filed is done (“得多暂来人啊”), a word for whoever comes (“跟上门的说一声我在五楼”), a bag
    left on a bus. What a reviewed pattern takes for danger stays one.
    """
    message = turn.message
    if message.tapped or message.confidence >= 1.0 or turn.tracker.get_slot("crisis"):
        return None
    if turn.last_filed() and _about_filed(turn):
        return own.QUERY
    if _at_booking(turn) and ordered.adds_task(message):
        return own.SUPPLEMENT  # “顺便把窗户也擦了”
    return _swallowed(message) or (ANSWER if powers.told_of_loss(message) else None)


def _about_filed(turn: Turn) -> bool:
    """Whether the words ask when what was filed is done, or something of a booking just made."""
    asks = bool(_at_booking(turn) and ordered.asked(turn.message))
    return asks or amending.says("done_when", turn.message.text)


def _in_so_many_words(turn: Turn) -> str | None:
    """Return what the words ask for themselves: a report, an answer about an order, a certificate asked about."""
    if (
        opens_only(turn.message.text)
        or _asks_to_report(turn)
        or _complains(turn)
        or _files_first(turn)
    ):
        return "report_form"
    if turn.last_filed() == REPORTED and (hastens(turn.message) or own.presses(turn.message)):
        return own.URGE
    if turn.last_filed() == REPORTED and turn.loop is None and follow_ups.asks_fee(turn.message):
        return ANSWER
    if _asks_of_order(turn):
        return own.QUERY
    if certificate.asks_which(turn.message):
        return "action_route_certificate"
    if taking.proposes(turn.message):
        return SUGGEST
    text = turn.message.text
    told = certificate.described(text) or certificate.names_office(text)
    return "action_route_certificate" if told and turn.last_action() in ASKS_WHICH else None


def _asks_to_report(turn: Turn) -> bool:
    """Whether a clause wishes for a report, of words that are no request by themselves (“那给我报，幸福小区1号楼”)."""
    if turn.message.intent == "emergency" or len(turn.message.text) > SHORT_TELLING * 2:
        return False
    if bookable.spec(turn.topic_leaf()):
        return False  # “那帮我报一个” behind a course is to be enrolled
    said = pattern("forms", "report_wished")
    return any(said.match(bare(part)) for part in _CLAUSE.split(turn.message.text))


def _files_first(turn: Turn) -> bool:
    """Whether a problem is told with the wish to have it noted at once (“…先给我报上，别的回头再说”)."""
    return turn.message.intent == "report_problem" and bool(SUBMIT_NOW.search(turn.message.text))


def _complains(turn: Turn) -> bool:
    """Whether the message says itself that it is a complaint, and was taken for a chat or a question."""
    taken = turn.message.intent in _NO_COMPLAINT or turn.message.uncertain
    said = pattern("forms", "complains").search(turn.message.text)
    return taken and bool(said) and len(bare(turn.message.text)) >= COMPLAINT_SHORTEST


def _by_others(turn: Turn) -> str | None:
    """Return the action for what no report takes down: another's power, a neighbour's hand, one's own."""
    if powers.asked(turn.message) or powers.told_elsewhere(turn.message):
        return ANSWER
    if powers.at_a_loss(turn.message):
        return ANSWER
    if turn.message.intent == "emergency":
        return None
    if misses.asks_price(turn.message):
        return OUT_OF_SCOPE
    hand = repairs.hand_wanted(turn.message.text) or repairs.fetch_wanted(turn.message.text)
    volunteers = hand or volunteer.joins(turn.message)
    return VOLUNTEER if volunteers else None


def _reads_badly(turn: Turn) -> bool:
    """Whether the message is about letters, hearing, typing, doors, and no matter of a place."""
    message = turn.message
    if message.tapped or message.all("address") or len(message.parts) > 1:
        return False
    if turn.loop and summary_question(message) == asides.RECAP:
        return False  # “念给我听哈” beside a form: what was noted
    if turn.topic_leaf() and follow_ups.part_of(message):
        return False  # “我手机不会弄” behind a card asks for somebody who does it
    return accessible.wish(message.text) is not None or accessible.need(message.text) is not None


def _no_plain_answer(turn: Turn, name: str) -> bool:
    """Whether a wish about own data was taken for a yes or a no (“号码写错了”)."""
    return name in (AFFIRM, DENY) and own_data.wished(turn.message) is not None


def _arranged(turn: Turn, name: str) -> str | None:
    """Return the action for words about meals, bookings and waiting, or about what goes on here."""
    if name == "meal_form" and own.grumbles(turn.message):
        return "report_form"
    if name != CALLBACK and own.meal_wrong(turn.message):
        return "report_form"
    if subsidy.asks_money_first(turn.message) or ordered.asks_deadline_first(turn.message):
        return ANSWER
    filed = turn.last_filed()
    says_who = speaking.concerned(turn.message) and len(bare(turn.message.text)) <= SHORT_TELLING
    if filed and (ordered.adds(turn.message) or says_who or own.forgot(turn.message)):
        return own.SUPPLEMENT
    if filed == REPORTED and own.brings_evidence(turn.message) and name not in own.OWN:
        return own.SUPPLEMENT
    if orders.again(turn.message) and filed == SUBMIT_MEAL:
        # “下周三再送” pauses a standing order; without one it is the same once more.
        return own.SUPPLEMENT if left_days.again_from(turn.message) else "meal_form"
    if orders.asks(turn.message) or waiting.asks(turn.message):
        return own.QUERY
    if orders.numbered(turn):
        return orders.action(turn.message) or name
    if waiting.leaves(turn.message):
        return DENY
    if _asks_vaguely(turn, name):
        return own.QUERY
    return information.asks(turn.message)


def _gone_on_with(turn: Turn, name: str) -> str | None:
    """Return the action for words that go on with what was explained or asked for before.

    “猫把我抓破了” goes on with nothing and sounds like nothing of ours; what helps is known.
    """
    if name in NOT_OURS | {CLARIFY} and crisis.lead_card(None, turn.message.text):
        return "report_form"
    if name in NOT_OURS and certificate.opens(turn.message):
        return "action_route_certificate"
    doubtful = name == CLARIFY or turn.message.uncertain
    if bookable.meant(turn.message, turn.topic_leaf(), doubtful):
        return BOOK
    if turn.refused() and certificate.of_sheet(turn.message.text):
        return ANSWER
    if own_request := own.meant(turn.message, name):
        return own_request
    if turn.last_filed() and contact.at_home(turn.message.text):
        return own.SUPPLEMENT
    if own.code_alone(turn.message) and number_before(turn.tracker.events, turn.message):
        return own.QUERY
    if turn.last_action() == own.QUERY and own.phoned(turn.message):
        return own.QUERY
    return ANSWER if _wants_errand(turn) else None


def _wants_errand(turn: Turn) -> bool:
    """Whether a card's own offer is wished for in one sentence (“找人帮我妈办老年证”)."""
    leaf = turn.message.leaf
    known = leaf is not None and leaf.confidence >= ERRAND_SURE and leaf.id in leaves.errands()
    # With place and number behind it, a wish is often taken for a report.
    taken = ("ask_service", "book_service", "report_problem")
    wished = known and turn.message.intent in taken
    return wished and follow_ups.wish(turn.message.text) is not None


def elsewhere(turn: Turn, name: str, opening: bool = False) -> str | None:
    """Return the action or form that this message is for, when it is another than the one run.

    Words that name a button go where its tap would have gone; what answers an offer, or means
    something only by what was said before, goes there. Only the first action of a turn asks.

    Args:
        name: The action that runs.
        opening: It is a form that this very message opened, so no form is in the way.
    """
    if set(turn.actions_since_message()) - {name, *RASAS_OWN}:
        return None
    if turn.loop and not opening and extra.endangered(turn.draft, turn.message):
        meant: str | None = EMERGENCY
    elif drafts.which(turn.message) is not None:  # about a form of another channel, not this one
        meant = DENY if drafts.answer(turn.message) is False else AFFIRM
    elif waiting.which(turn.message) is not None:
        meant = AFFIRM if waiting.answer(turn.message) else DENY
    elif turn.choice is not None:
        # A named button of a certificate goes the whole way: the first step of its rule asks nothing.
        intent = turn.choice.intent
        meant = HANDOVER.get(intent) or choices.actions()[intent]
        if turn.loop and not opening and turn.choice.intent in choices.REPLIES:
            meant = turn.loop
    elif turn.loop and not opening:
        return _beside_the_form(turn, name)
    elif name not in PEOPLE_FIRST and completes(turn):
        meant = own.SUPPLEMENT
    else:
        meant = answer_to_offer(turn)
        if meant is None and name not in PEOPLE_FIRST:
            meant = _first_of_all(turn) or meant_action(turn, name)
        elif meant is None and name == "action_handoff":
            meant = _before_a_person(turn)
        elif meant is None and name == EMERGENCY:
            meant = _no_danger(turn)
    return meant if meant != name else None


def _first_of_all(turn: Turn) -> str | None:
    """Return the action for what no other reading may take: how a danger ends, letters, others' matters."""
    before = crisis.standing(turn.tracker.get_slot("crisis"), turn.message.now)
    if before and not before.over and crisis.ends(turn.message):
        return EMERGENCY_FOLLOW
    if _reads_badly(turn):
        return accessible.ACTION
    return MANNERS if manners.others_asked(turn.message) else None


def _beside_the_form(turn: Turn, name: str) -> str | None:
    """Return the action for a question beside an open form that a classifier has no name for."""
    if other := _not_of_form(turn):
        return other if name != other else None
    if name == "action_handoff" and _asks_no_person(turn):
        return turn.loop
    if name in PEOPLE_FIRST:
        return None
    if own_data.about_learning(turn.message):
        return own_data.ACTION if name != own_data.ACTION else None
    foreign = manners.answers_in_its_language(turn.message)
    if foreign or corrects(turn) or tells_reach(turn) or agrees_quietly(turn):
        return turn.loop if name != turn.loop else None
    if _reads_badly(turn):
        return accessible.ACTION if name != accessible.ACTION else None
    if waiting.asks_position(turn.message) or orders.asks(turn.message):
        return own.QUERY if name != own.QUERY else None
    if powers.told_elsewhere(turn.message):
        return ANSWER if name != ANSWER else None
    if turn.loop == "demand_form" and follow_ups.part_of(turn.message) == follow_ups.PROXY:
        return "action_handoff"  # who had the certificate refused was told that somebody does it
    if turn.draft and (asks_of_form(turn) or subsidy.denied(turn.message, turn.draft)):
        return turn.loop if name != turn.loop else None
    if turn.loop == "errand_form" and _asks_of_errand(turn):
        return ANSWER if name != ANSWER else None
    other = _asks_of_hall(turn)
    return other if other != name else None


def _asks_of_hall(turn: Turn) -> str | None:
    """Return the action for a question beside a form about what goes on here; None without one."""
    if turn.loop == "booking_form" and bookable.asks_others(turn.message):
        return turn.loop
    return None if turn.loop == "meal_form" else information.asks_beside(turn.message)


def _asks_no_person(turn: Turn) -> bool:
    """Whether words beside a form only sound like the wish for a person (“不跟他们一块，我单报”)."""
    alone = neighbours.stays_alone(turn.message, turn.draft) or tells_name(turn.message)
    return alone or _gives_phone(turn) or repairs.wished(turn.message)


def _gives_phone(turn: Turn) -> bool:
    """Whether the phone that the form asked for is told (“接着说，139…”), and no person is wished for."""
    asked = turn.draft is not None and turn.draft.asked == "contact"
    told = asked and bool(turn.message.all("phone"))
    return told and not pattern("forms", "person").search(turn.message.text)


def _not_of_form(turn: Turn) -> str | None:
    """Return the action for a swindle, others' matters or a wish for what was filed, told beside a form."""
    if turn.message.intent == "emergency":
        return None
    if wants_another_form(turn) or goes_first(turn):
        return CANCEL
    if told := going_on.threat(turn.danger_topic(), turn.message):
        return EMERGENCY if told[1] else ANSWER
    if manners.others_asked(turn.message):
        return MANNERS
    return own.SUPPLEMENT if _of_filed(turn) else None


def wants_another_form(turn: Turn) -> str | None:
    """Return the form or action that was wanted instead of the open form, or None."""
    meant = None if turn.message.tapped else switched(turn.message.text) or _instead(turn)
    other = HANDOVER[meant] if meant else None
    return other if turn.loop and other != turn.loop else None


def _instead(turn: Turn) -> str | None:
    """Return the intent of another wish (“我想订饭”) where a report was opened and nothing is told yet."""
    draft = turn.draft
    if turn.loop != "report_form" or draft is None or not draft.seen or draft.get("narrative"):
        return None
    words = bare(turn.message.text)
    wish = pattern("forms", "switch", "wish").match(words)
    rows = load("forms")["switch"]["to"]
    return next((k for k in rows if wish and re.fullmatch(rows[k], words[wish.end() :])), None)


def goes_first(turn: Turn) -> bool:
    """Whether another matter is to be done before the open form (“等等，先给我报个漏水”)."""
    if turn.draft is None or not turn.loop or not turn.draft.seen:
        return False
    first = pattern("forms", "this_first").search(turn.message.text)
    return bool(first) and asides.another_matter(turn.message, turn.draft)


def _of_filed(turn: Turn) -> bool:
    """Whether a wish for secrecy beside a form is about what was filed before, not about the form's own."""
    if not turn.last_filed() or secrecy.wish(turn.message) is None:
        return False
    return turn.loop != "report_form" or secrecy.of_before(turn.message)


def keeps_secret(turn: Turn) -> bool:
    """Whether it is the report being filled in of which nobody is to learn who told it, or may learn it after all."""
    wished = turn.loop == "report_form" and secrecy.wish(turn.message) is not None
    return wished and not (turn.last_filed() and secrecy.of_before(turn.message))


def asks_of_form(turn: Turn) -> bool:
    """Whether a question beside a form is about what it arranges, whatever it was taken for."""
    kind = asides.aside(turn.message, turn.draft) if turn.draft else None
    if kind is None or powers.told_elsewhere(turn.message):
        return False
    short = len(bare(turn.message.text)) <= SHORT_QUESTION
    own_words = kind in asides.OF_TALK | {asides.HASTENS}
    own_words |= kind.startswith((asides.CERTIFICATE, asides.ORDER))
    own_words |= bool(pattern("forms", "filed_yet").search(bare(turn.message.text)))
    # With nothing filed, nothing else can be meant.
    unfiled = kind in (asides.UNFILED, asides.UNNUMBERED) and not turn.last_filed()
    of_form = short and kind in asides.OF_FORM and not _names_other(turn)
    return own_words or unfiled or of_form


def _names_other(turn: Turn) -> bool:
    """Whether a short question names a service other than the form's (“高龄津贴多少钱” while hair is to be cut)."""
    leaf = turn.message.leaf
    if leaf is None or leaf.confidence < ERRAND_SURE or turn.draft is None:
        return False
    other = leaf.id != turn.draft.get("leaf") and turn.message.intent == "ask_service"
    return other and leaves.named_in(leaf.id, turn.message.text)


def _asks_of_errand(turn: Turn) -> bool:
    """Whether words beside an errand ask something of its card (“先看看要带什么”)."""
    part = None if turn.message.tapped else follow_ups.part_of(turn.message)
    return part is not None and part not in follow_ups.OFFERED and turn.topic_leaf() is not None


def takes_up(turn: Turn) -> bool:
    """Whether the message only goes back to the form that a danger came into (“接着报灯吧”)."""
    between = turn.last_action() in (EMERGENCY, EMERGENCY_FOLLOW)
    return turn.loop is not None and between and crisis.takes_up(turn.message)


def corrects(turn: Turn) -> bool:
    """Whether the message turns around what an open form was told (“不对，是公证处要的”)."""
    return turn.loop is not None and corrections.of(turn.message) is not None


def completes(turn: Turn) -> bool:
    """Whether the message answers what the resident was asked to add to a ticket."""
    fresh = bool((turn.message.needed or {}).get("fresh"))
    asked = fresh or turn.last_action() in needed.ASKED_BY
    return needed.answers(turn.message, just_asked=asked)


def agrees_quietly(turn: Turn) -> bool:
    """Whether what is given is to be filed and no answer is wished for (“应该的，不用谢”), over its summary."""
    draft = turn.draft
    return draft is not None and taking.quiet(turn.message, draft.form)


def tells_reach(turn: Turn) -> bool:
    """Whether the message answers an open form's question for a phone (“耳朵背，打电话大点声”)."""
    asked = turn.draft.asked if turn.draft else None
    return asked == "contact" and bool(contact.preference(turn.message, asked=True))


def _before_a_person(turn: Turn) -> str | None:
    """Return what comes before a person is called: what “我要投诉” is about, a second look, others' matters."""
    if turn.message.tapped:
        return None
    if manners.others_asked(turn.message):
        return MANNERS
    if opens_only(turn.message.text) or repairs.wished(turn.message):
        return "report_form"
    if _at_booking(turn) and ordered.asked(turn.message):
        return own.QUERY  # “能不能换人” is about whoever comes
    if amending.says("rebook", turn.message.text):
        return own.SUPPLEMENT  # “改成让中心来接” is about the visit, and no person is asked for
    return own.REVIEW if own.wants_review(turn.message) else None
