"""What was not understood twice in a row: a person is called, and what was begun is kept.

How often is data (``data/dialogue/misses.yml``). In office hours the bot then leaves the talk to that
person; at other times the services say when somebody will answer, and the bot goes on.
"""

from __future__ import annotations

from typing import Any

from actions.client import Refused, ServiceAway
from actions.dialogue import load, pattern
from actions.forms.draft import Draft
from actions.forms.replies import bare, is_question
from actions.message import Message, from_events
from actions.texts import say
from actions.turn import RASAS_OWN, Turn, button

DATA = "misses"
SHORT_QUESTION = 12
"""So many characters at most ask something of what was just explained."""
LONGEST = 900
"""So many characters go with the call; all of them are in the conversation."""


def person_due(misses: int) -> bool:
    """Whether this misunderstanding calls a person.

    Args:
        misses: How many there are in a row, this one included. Who was called and has not come (out
            of office hours) is not called at every one that follows.
    """
    return misses > 0 and misses % int(load(DATA)["person_after"]) == 0


def before(turn: Turn) -> int:
    """Return in how many turns just before this one the bot did not understand.

    Such a turn ran one of the actions of ``data/dialogue/misses.yml`` and did nothing else.
    """
    count = 0
    names: list[str] = []
    for event in reversed(turn.tracker.events):
        if event.get("event") == "action" and event.get("name") not in RASAS_OWN:
            names.append(str(event.get("name")))
        elif event.get("event") == "user":
            if event.get("message_id") != turn.message.id:
                if not names or names[0] not in load(DATA)["missed_by"]:
                    if names and names[0] in load(DATA)["passed_over"]:
                        names = []
                        continue
                    break
                count += 1
            names = []
    return count


def could_ask(message: Message) -> bool:
    """Whether a question that no card answers is one that somebody in the hall could find out (“村里的地能不能卖”)."""
    if asks_price(message):
        return True
    if message.tapped or not is_question(message) or pattern(DATA, "beyond").search(message.text):
        return False
    return bool(pattern(DATA, "could_ask").search(message.text))


def asks_price(message: Message) -> bool:
    """Whether it is only asked if something costs more by now (“水费涨了没”), whatever trouble it sounds like."""
    said = None if message.tapped else pattern(DATA, "asks_price").match(bare(message.text))
    return said is not None and message.intent == "report_problem"


def short_question(message: Message) -> bool:
    """Whether the words are a question too short to name its own matter (“要空腹不”)."""
    words = bare(message.text)
    asks = is_question(message) or pattern(DATA, "asks_short").search(words)
    return bool(asks) and len(words) <= SHORT_QUESTION


def nonsense(message: Message) -> bool:
    """Whether a message that is answered as not ours, or with a chat, was only not understood."""
    doubtful = message.uncertain and not message.tapped
    return doubtful and message.confidence < float(load(DATA)["nonsense_below"])


async def call_person(turn: Turn, draft: Draft | None = None) -> None:
    """Call a person with the words that were not understood, and say who comes or when.

    Args:
        turn: The present turn.
        draft: What is being filled in: its story goes with the call, and it stays as it is.
    """
    turn.say("clarify_human")
    try:
        async with turn.client() as client:
            words, key = _words(turn, draft), turn.key("human")
            alert = await client.alert(turn.conversation_id, "human", words, key)
    except (ServiceAway, Refused):
        turn.say("handoff_away", [button(say("button_human"), "/ask_human")])
        return
    if alert.text:
        turn.tell(alert.text)
    if draft is not None:
        turn.say("person_keeps_form")


def _words(turn: Turn, draft: Draft | None) -> str:
    """Return the story that was begun and the last messages, oldest first, each once."""
    told = [str(draft.get("narrative") or "")] if draft else []
    events: list[Any] = list(turn.tracker.events)
    users = [i for i, e in enumerate(events) if e.get("event") == "user"]
    for index in users[-int(load(DATA)["person_after"]) :]:
        event = events[index]
        said = from_events("", event.get("parse_data") or {}, events[: index + 1])
        told.append(said.verbatim)
    words = "；".join(dict.fromkeys(w.strip() for w in told if w.strip()))
    return words[:LONGEST] or turn.message.verbatim
