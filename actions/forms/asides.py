"""Messages in an open form that neither answer it nor leave it: a pause, “啥意思”, “要钱不”."""

from __future__ import annotations

from actions.dialogue import pattern
from actions.forms import subsidy
from actions.forms.draft import CHANGE, CONFIRM, Draft
from actions.forms.replies import (
    asks_why,
    bare,
    hastens,
    is_pause,
    is_puzzled,
    is_question,
    leftover,
    summary_question,
)
from actions.knowledge import certificate_questions
from actions.message import Message
from actions.tickets import ordered

PAUSE = "pause"
"""The resident needs a moment: nothing is asked until they write again."""
PUZZLED = "puzzled"
"""The question was not understood: it comes again in other words."""
WHY = "why"
"""Why something is asked for: said, and the question comes again."""
RECAP = "recap"
"""What was noted: the summary comes again."""
UNFILED = "unfiled"
"""What is not filed yet is asked after or urged: said honestly, and the question comes again."""
CARES = "cares"
"""Whether anybody does something about it (“你们到底管不管”): it is passed on, no result is promised."""
UNNUMBERED = "unnumbered"
"""Who reported it elsewhere and kept no number: it is reported anew, with one."""
HASTENS = "hastens"
"""It is asked to come sooner, or that very day: noted, and no day is promised."""
GRUMBLE = "grumble"
"""The food or the people are complained of beside an order: it stands on the order, and is said so."""
QUESTION = "question"
"""A question beside a booking that nothing here answers: whoever arranges it does."""
SUBSIDY = "subsidy"
"""Whether a meal costs less for some: answered from the locality's list."""
CERTIFICATE = "certificate:"
"""Prefix of what is asked of the certificate beside its form (“带啥”, “凭什么不开”)."""
ORDER = "order:"
"""Prefix of what is asked of the order itself beside its form (“周末也送吗”, “几点来”)."""
OF_FORM = frozenset({"limit", "fee", "owner", "worker", "cares", RECAP})
"""Short questions about what is being arranged, which a classifier takes for questions about some service."""
ARRANGES = frozenset({"meal", "booking"})

LATER_SURE = 0.7
"""Confidence from which on a message in a form is another matter, told for later."""
LATER_LEAF = 0.5
"""Confidence from which on the service that is asked for beside a form is known."""
OWN = {
    "report": frozenset({"report_problem"}),
    "meal": frozenset({"book_meal"}),
    "certificate": frozenset({"request_certificate"}),
    "booking": frozenset({"book_service"}),
    "errand": frozenset({"ask_service"}),
    "volunteer": frozenset({"join_volunteer"}),
    "suggestion": frozenset({"make_suggestion"}),
}
"""Intents that are about the open form itself. The demand form hands over at once instead."""
LATER = frozenset(
    "report_problem book_meal request_certificate book_service make_suggestion give_praise "
    "join_volunteer".split()
)
"""Matters that wait until the open form is done."""
ARRANGED = frozenset({"report_problem", "book_meal", "request_certificate", "book_service"})
"""The same while a summary stands: an idea or praise said then belongs to the story."""
TELLS = 3
"""So many characters beyond facts and filler tell of something."""
FREE = frozenset(
    {
        "narrative",
        "leaf",
        "purpose",
        "demanded_by",
        "demanded",
        "occurred",
        "who",
        "extra",
        "repeat",
        "join",
        "health",
        "people",
        "kind",
        "can",
        "when",
    }
)
"""Questions answered in free words, which may sound like anything."""

OF_TALK = frozenset({PAUSE, PUZZLED, WHY, RECAP})
"""Asides about the talk itself, whatever a classifier takes them for."""
TELLS_IT = frozenset({"narrative", "leaf"})
"""Questions for the matter itself: what sounds like a wish to hear the notes may be it."""


def aside(message: Message, draft: Draft) -> str | None:
    """Return the kind of an aside, or None when the form reads the message.

    Kinds: ``PAUSE``, ``PUZZLED``, ``WHY``, ``UNFILED``, ``UNNUMBERED``, ``RECAP``, ``HASTENS``, ``limit``, ``fee``, ``power`` and ``owner`` – over
    the summary, and beside what is not answered in free words –, beside an order or a booking ``GRUMBLE`` and
    ``QUESTION``.
    """
    if not draft.asked:
        return None
    if kind := _in_any_form(message, draft):
        return kind
    if draft.form in ARRANGES and not message.tapped and not message.entities:
        if pattern("forms", "grumble").search(message.text):
            return GRUMBLE
    if draft.form in certificate_questions.FORMS and (what := certificate_questions.asked(message)):
        return f"{CERTIFICATE}{what}"
    if draft.form == "meal" and draft.get("window") and subsidy.asks(message):
        return SUBSIDY
    if draft.form in ARRANGES and (which := ordered.asked_beside(message, draft)):
        return f"{ORDER}{which}"
    over = draft.asked in (CONFIRM, CHANGE) or draft.form in ARRANGES
    asked = summary_question(message)
    if asked and (over or draft.asked not in (TELLS_IT if asked == RECAP else FREE)):
        return asked
    told = draft.asked == "health" and not is_question(message)
    plain = not (message.tapped or message.entities or told)
    if draft.form in ARRANGES and plain and pattern("forms", "aside").search(bare(message.text)):
        return QUESTION
    return None


def _in_any_form(message: Message, draft: Draft) -> str | None:
    """Return the kind of an aside that is none of what the form arranges, or None."""
    if is_pause(message):
        return PAUSE
    if is_puzzled(message):
        return PUZZLED
    if asks_why(message, about_us=draft.asked in (CONFIRM, CHANGE)):
        return WHY
    sooner = draft.form == "report" and draft.asked not in FREE and hastens(message)
    return HASTENS if sooner else None


def _sure_leaf(message: Message) -> bool:
    sure = message.leaf is not None and message.leaf.confidence >= LATER_LEAF
    return sure and message.confidence >= LATER_SURE


def another_matter(message: Message, draft: Draft) -> bool:
    """Whether the message is clearly a matter of its own, to be done after the open form."""
    own = OWN.get(draft.form)
    if own is None or draft.asked in FREE or message.tapped or message.uncertain:
        return False
    # Behind “还有” it is another wish; else a question beside the form, or more of the story.
    besides = bool(pattern("forms", "besides").search(message.text)) and _sure_leaf(message)
    if message.intent == "ask_service":
        return besides
    if message.intent == "report_problem" and besides and message.leaf and draft.get("leaf"):
        return message.leaf.id not in (draft.get("leaf"), "none")
    if pattern("forms", "elaborates").search(bare(message.text)):
        return False
    names_it = bool(message.all("meal") or message.all("certificate"))
    if not names_it and len(leftover(message)) < TELLS:
        return False  # a place, a day or a number alone answers the form
    matters = ARRANGED if draft.asked in (CONFIRM, CHANGE) else LATER
    return message.intent in matters - own and message.confidence >= LATER_SURE
