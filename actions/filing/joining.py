"""What is already open about a report: asked for, said, and what the answer does (Rasa's side).

The questions and their readers are ``actions.forms.neighbours``.
"""

from __future__ import annotations

from actions.client import Client, Json, Refused, ServiceAway, TicketView
from actions.forms import neighbours
from actions.forms.draft import Draft
from actions.texts import say
from actions.turn import Turn, button

ACTS = {neighbours.URGE: "urge", neighbours.ADD: "supplement"}
"""What the same matter once more does to the ticket that there is."""
REPEAT_TITLES = (
    (say("button_urge"), neighbours.URGE),
    (say("button_add"), neighbours.ADD),
    (say("button_other"), neighbours.OTHER),
)
QUESTIONS = ("repeat", "join")


async def look_up(turn: Turn, draft: Draft, client: Client) -> Draft:
    """Find what is open about the matter; an answer that settles it ends the form.

    When the services are away the report is filed, and a person finds that two are one.
    """
    try:
        draft = await _told_before(turn, draft, client)
        wanted = neighbours.to_check(draft)
        if wanted is not None:
            found = await client.similar(turn.conversation_id, wanted)
            for leaf in () if found.get("own") else neighbours.kindred(draft, wanted):
                other = await client.similar(turn.conversation_id, {**wanted, "leaf": leaf})
                found = {**found, "own": found.get("own") or other.get("own")}
            draft = neighbours.checked(draft, wanted, found)
    except (ServiceAway, Refused):
        pass
    return neighbours.settled(draft)


async def _told_before(turn: Turn, draft: Draft, client: Client) -> Draft:
    """Take a story that may be several matters for the one of them that is open already (“楼上又闹了”)."""
    for leaf in neighbours.doubtful(draft):
        found = await client.similar(turn.conversation_id, {"leaf": leaf})
        if own := found.get("own"):
            return neighbours.known_before(draft, leaf, own)
    return draft


def ask(turn: Turn, draft: Draft, question: str) -> None:
    """Ask “您报过这件事” or “邻居也反映了，把您加上？”."""
    if question == "join":
        _ask_join(turn, draft.get("neighbours"))
        return
    ticket = TicketView.of(draft.get("own_open"))
    buttons = [
        button(title, f'/affirm{{"about":"{neighbours.SAME}{kind}"}}')
        for title, kind in REPEAT_TITLES
    ]
    turn.say(
        "ask_repeat",
        buttons,
        title=ticket.title or say("this_matter"),
        ticket_no=ticket.ticket_no,
        day=say_day(str(ticket.data.get("created_at") or "")),
        state=ticket.stands(turn.elder),
        due=say("due_known", due=ticket.due_text) if ticket.due_text else "",
    )


def _ask_join(turn: Turn, others: Json) -> None:
    due = others.get("due_text")
    turn.say(
        "ask_join",
        [
            button(say("button_join"), f'/affirm{{"about":"{neighbours.JOIN}yes"}}'),
            button(say("button_apart"), f'/affirm{{"about":"{neighbours.JOIN}no"}}'),
        ],
        n=others["households"],
        due=say("due_known", due=due) if due else "",
    )


async def repeat(turn: Turn, draft: Draft, client: Client, key: str) -> TicketView | None:
    """Hurry or add to the resident's own open ticket; None when this is no repeat of it."""
    act = ACTS.get(str(draft.get("repeat")))
    if act is None:
        return None
    body: Json = {"conversation_id": turn.conversation_id, "text": draft.get("narrative")}
    if act == "supplement":
        body["attachments"] = list(draft.get("attachments") or [])
    number = str(draft.get("own_open")["ticket_no"])
    return await client.resident_act(number, act, body, f"{key}:{act}")


def said_key(draft: Draft, ticket: TicketView) -> str:
    """Return the receipt's sentence: hurried, added, joined, or filed as a ticket of its own."""
    act = ACTS.get(str(draft.get("repeat")))
    if act is not None:
        return "urged" if act == "urge" else "supplemented"
    return "joined_filed" if ticket.state == "MERGED" else "report_filed"


def say_day(moment: str) -> str:
    """Return the day of a time (ISO 8601) in words, ``11月24日``; empty when it is none."""
    day = moment[:10].split("-")
    return f"{int(day[1])}月{int(day[2])}日" if len(day) == 3 else ""
