"""How a booking is read out and put on its ticket."""

from __future__ import annotations

from datetime import date
from typing import Any

from actions.forms import bookable, booking_times, care, consent, place, shared
from actions.forms.draft import Draft
from actions.message import Message
from actions.talk.echo import PARTS, say_date, say_time
from actions.texts import say


def what(draft: Draft) -> str:
    """Return what is booked in words: ``助浴（上门洗澡）``, ``活动场地：会议室``."""
    kind = bookable.kind_of(draft)
    words = str(
        kind["name"] if kind else bookable.spec(draft.get("leaf")).get("name") or say("a_booking")
    )
    row = _row(draft)
    return f"{words}：{row}" if row else words


def _row(draft: Draft) -> str:
    for field in ("course", "venue"):
        title = dict(bookable.choices_of(draft, field)).get(str(draft.get(field) or ""))
        if title:
            return title
    return ""


def when(draft: Draft, message: Message) -> str:
    """Return the day and time in words; empty when none was said."""
    if not draft.get("date"):
        return ""
    day = say_date(date.fromisoformat(str(draft.get("date"))), message.now)
    part = PARTS.get(str(draft.get("part") or ""), "")
    clock = str(draft.get("time") or "")
    return f"{day}{part}{clock.lstrip('0')}"


def summary(draft: Draft, message: Message) -> list[tuple[str, str]]:
    """Return the booking as (heading, words), in the order it is read out."""
    sensitive, draft = consent.lines(draft, message), consent.kept(draft, reading=True)
    wanted, lines = bookable.asked_fields(draft), [(say("heading_what_booking"), what(draft))]
    if "date" in wanted or draft.get("date"):
        lines.append(
            (bookable.heading(draft, "date"), when(draft, message) or say("booking_day_open"))
        )
    if booking_times.queued(draft):
        lines.append((say("heading_queue"), say("booking_queued")))
    lines += care.lines(draft, wanted, message)
    if draft.get("habit") and care.DAYS not in wanted:
        lines.append(
            (
                say("heading_habit"),
                say("booking_habit", habit=say_time(draft.get("habit"), message.now)),
            )
        )
    if "place" in wanted:
        lines.append((say("heading_goes_where"), place.say(draft) or say("booking_no_place")))
    elif _lives(draft):
        lines.append((say("heading_lives"), place.say(draft)))
    if draft.get("people"):
        lines.append((say("heading_people"), _people_words(draft)))
    lines += shared.say_subject(draft, say("heading_whom"))
    if draft.get(bookable.ALSO):
        lines.append((say("heading_also"), str(draft.get(bookable.ALSO))))
    if draft.get("health"):
        lines.append((say("heading_health"), str(draft.get("health"))))
    if fee := str((draft.get("options") or {}).get("fee_note") or ""):
        lines.append((say("heading_fee"), fee.rstrip("。")))
    lines.append((say("heading_reach"), shared.say_reach(draft, message)))
    return [*lines, *sensitive]


def note(draft: Draft) -> str:
    """Return what to mind: of the kind or of how one gets there, else what holds for all."""
    return own_note(draft) or str((draft.get("options") or {}).get("note") or "")


def own_note(draft: Draft) -> str:
    """Return what to mind of the kind or of how one gets there alone; empty: nothing of its own."""
    notes = (draft.get("options") or {}).get("notes") or {}
    keys = (draft.get("kind"), draft.get(care.TRANSPORT))
    return "".join(str(notes[k]) for k in keys if k in notes)


def _people_words(draft: Draft) -> str:
    """Return how many people come, and whether the room is too small for them."""
    people, rows = draft.get("people"), (draft.get("options") or {}).get("venues") or []
    seats = next((r.get("seats") for r in rows if r["id"] == draft.get("venue")), None)
    small = seats and people > seats
    said = draft.get(bookable.PEOPLE_SAID) or people
    return (
        say("booking_too_many", people=said, seats=seats) if small else say("count_people", n=said)
    )


def to_ticket(draft: Draft, conversation_id: str) -> dict[str, Any]:
    """Return the body of ``POST /tickets``: what, when, where, for whom and what to mind."""
    consents, draft = consent.to_ticket(draft), consent.kept(draft)
    appointment = {k: draft.get(k) for k in ("date", "time", "part", "kind", "people", "habit")}
    appointment |= {"what": what(draft), "needs": draft.get("health")}
    appointment |= {k: draft.get(k) for k in ("venue", "course")}
    appointment |= care.to_appointment(draft)
    told = draft.get("narrative") or say("told_booking", what=what(draft))
    return {
        **shared.booking(draft, conversation_id, str(draft.get("leaf")), told),
        "appointment": {k: v for k, v in appointment.items() if v},
        "incomplete": bool(draft.get("incomplete")),
        **consents,
        **(
            place.to_ticket(draft)
            if "place" in bookable.asked_fields(draft) or _lives(draft)
            else {}
        ),
    }


def _lives(draft: Draft) -> bool:
    """Whether a home was told though nobody comes there (“我姓李，住3号楼2单元501”)."""
    return bool(set(draft.get("address") or {}) & {"building", "room"})
