"""Which own request a message names, and when its words are about one whatever they were taken for.

The words are data (``data/dialogue/own.yml``). An action that finds no request to fit gives way to
the one that the classifier had chosen.
"""

from __future__ import annotations

import re

from actions import amending
from actions.amending import says
from actions.message import Message

QUERY = "action_query_progress"
URGE = "action_urge"
SUPPLEMENT = "action_supplement"
WITHDRAW = "action_withdraw"
REJECT = "action_reject"
CALLBACK = "action_callback_answer"
OWN = frozenset({QUERY, URGE, SUPPLEMENT, WITHDRAW, REJECT, CALLBACK, "action_rate"})
"""Actions that read a ticket number themselves."""
TELLS_OF_TROUBLE = frozenset(
    "report_problem reject_resolution supplement_ticket urge_ticket query_progress".split()
)
SHORT = 30
"""In a longer message “别修了” may be part of a story."""
_NUMBER = re.compile(r"[Ss][Qq]-?\d{6}-?\d{5}-?\d")
_CODE = re.compile(r"(?<![\d-])\d{6}(?![\d-])")


def ticket_no(message: Message) -> str | None:
    """Return the ticket number that was said or tapped, or None."""
    for entity in message.meant("ticket_no"):
        if str(entity.value).upper().startswith("SQ"):
            return str(entity.value)
    found = _NUMBER.search(message.text)
    return found.group(0).upper() if found else None


def query_code(message: Message) -> str:
    """Return the six-digit query code in the message, or an empty string."""
    for entity in message.all("ticket_no"):
        if re.fullmatch(r"\d{6}", str(entity.value)):
            return str(entity.value)
    found = _CODE.search(_NUMBER.sub("", message.text))
    return found.group(0) if found else ""


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
    if name not in OWN and ticket_no(message):
        if says("withdraw", message.text):
            return WITHDRAW
        return URGE if says("urge", message.text) else QUERY
    if broke_again(message):
        return REJECT
    if amending.asks(message):
        return SUPPLEMENT
    if name not in OWN and says("take_back", message.text) and len(message.text) <= SHORT:
        return WITHDRAW
    if name not in OWN and (says("progress", message.text) or says("owner", message.text)):
        return QUERY
    return None


def _answers_solved(message: Message, name: str) -> bool:
    """Whether the words answer “solved?”: it is, or one has not looked yet."""
    if says("solved", message.text):
        return True
    later = says("later", message.text) and not says("not_later", message.text)
    return later and name not in OWN


def broke_again(message: Message) -> bool:
    """Whether something is told to be out of order again that had been mended (“又坏了”)."""
    told = message.intent in TELLS_OF_TROUBLE or message.uncertain
    return told and says("again", message.text) and says("again_report", message.text)
