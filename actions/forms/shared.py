"""What several forms read and write alike: who it is for, how to be reached, words, days."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from actions.dialogue import pattern
from actions.forms import place
from actions.forms.draft import CHANGE, CONFIRM, Draft, Reader, Values
from actions.forms.replies import bare, is_no, is_skip, is_yes, leftover
from actions.message import Entity, Message
from actions.talk import contact, corrections, speaking
from actions.talk.echo import mask_phone, say_relation
from actions.texts import say

CORRECTS = re.compile(r"不对|不是|错|改|换(?:成|到|为)")
"""Of several days or names the last one is meant."""
NAMES_DAY = re.compile(r"今|明|后|昨|周|星期|礼拜|号|日|月|天")
Lines = list[tuple[str, str]]


def words(shortest: int = 1) -> Reader:
    """Return the reader that keeps what is typed, verbatim: what no field understands is still read.

    Args:
        shortest: Fewer characters tell nothing that anybody would need (“好”, “代办”).
    """

    def read(message: Message, draft: Draft) -> Values:
        text = message.verbatim.strip()
        if (
            message.pinned
            or len(text) < shortest
            or is_yes(message)
            or is_no(message)
            or is_skip(message)
        ):
            return {}
        story = str(draft.get("narrative") or "")
        return {} if text in story else {"narrative": f"{story}\n{text}".strip()}

    return read


def for_another(draft: Draft, relation: str) -> dict[str, Any]:
    """Return whom it is for; the name of somebody else who was named before goes."""
    gone = draft.get("subject_name") and draft.get("subject") not in (None, relation)
    return {"subject": relation, **({"subject_name": None} if gone else {})}


def nobody(message: Message, draft: Draft, person: Entity) -> bool:
    """A name is the speaker's own."""
    return False


def who(names_subject: Callable[[Message, Draft, Entity], bool] = nobody) -> Reader:
    """Return the reader of whom it is for, a name and a phone number.

    Args:
        names_subject: Whether a name is that of whom it is for, not the speaker's own.
    """

    def read(message: Message, draft: Draft) -> Values:
        said: dict[str, Any] = {}
        relation, person = (message.last(k) for k in ("relation", "person"))
        oneself = pattern(contact.DATA, "for_oneself").search(message.text)
        if oneself and (relation is None or relation.start < oneself.start()):
            said |= {"subject": None, "subject_name": None} if draft.get("subject") else {}
        elif relation is not None and not contact.whose_phone(message, relation):
            said |= for_another(draft, str(relation.value))
        elif not draft.get("subject") and (other := speaking.concerned(message)):
            said |= for_another(draft, other)
        elif relation is None and draft.get("subject"):
            other = corrections.relation(message)
            said |= for_another(draft, other) if other else {}
        if person is not None:
            before = message.text[: person.start]
            own = pattern(contact.DATA, "names_self").search(before)
            of_other = pattern(contact.DATA, "names_other").search(before)
            of_subject = not own and (of_other or names_subject(message, draft, person))
            if of_other and not (said.get("subject") or draft.get("subject")):
                said |= for_another(draft, "other")
            said["subject_name" if of_subject else "name"] = str(person.value)
        elif draft.asked and draft.asked not in WORDS and (alone := contact.name_alone(message)):
            of_subject = draft.get("subject") and not draft.get("subject_name")
            said["subject_name" if of_subject else "name"] = alone
        return {**said, **reach(message, draft)}

    return read


WORDS = frozenset({"narrative", "leaf", "purpose", "demanded", "demanded_by", "extra", "can"})
"""Asked for these, a name alone may be the answer itself."""
FREE = frozenset({"contact", CONFIRM, CHANGE})
"""Asked for these, “晚上别打” says how to be reached; elsewhere a word of calling stands beside it."""


def reach(message: Message, draft: Draft) -> Values:
    """Read a phone number, that there is to be none, and how and when to be reached.

    Who wishes for messages is not asked for a number.
    """
    said: dict[str, Any] = {}
    phone, known = contact.phone_meant(message), str(draft.get("pref") or message.resident.pref)
    pref = contact.preference(message, asked=draft.asked in FREE)
    if pref:
        said["pref"] = contact.merged(known, pref)
    if phone is not None and contact.adds_number(message, str(draft.get("phone") or "")):
        said |= _further(message, draft, phone)
    elif phone is not None:
        said["phone"] = str(phone.value)
        whose = contact.whose_number(message, phone)
        told = say("reach_of_other", whose=whose) if whose and whose not in pref else None
        said |= {"phone_of": told} if told or draft.get("phone_of") else {}
    elif ended := contact.with_end(str(draft.get("phone") or ""), message):
        said["phone"] = ended
    elif keeps_phone(message) or contact.by_message(pref):
        said[NO_PHONE] = True
    return said


FURTHER = "further_phone"
"""Value: one more number ``{phone, whose}`` to try, beside the one that is called first."""


def _further(message: Message, draft: Draft, phone: Entity) -> Values:
    """Take one more number beside the one that was left; the speaker's own goes before another's."""
    number, whose = str(phone.value), contact.whose_number(message, phone)
    told = say("reach_of_other", whose=whose) if whose else ""
    if draft.get("phone_of") and not whose:
        before = {"phone": draft.get("phone"), "whose": draft.get("phone_of")}
        return {"phone": number, "phone_of": None, FURTHER: before}
    return {FURTHER: {"phone": number, "whose": told}}


def further(draft: Draft, key: str, *, masked: bool) -> str:
    """Return the further number in the words of a text; empty without one.

    Args:
        draft: The draft.
        key: The text: ``reach_beside`` of the summary, ``told_phone`` of the ticket.
        masked: Not to be read in full.
    """
    other = draft.get(FURTHER)
    if not other:
        return ""
    whose = f"（{other['whose']}）" if other["whose"] else ""
    number = str(other["phone"])
    return say(key, phone=mask_phone(number) if masked else number, whose=whose)


def with_further(narrative: str, draft: Draft) -> str:
    """Return the words of a ticket with the further number, which its contact has no room for."""
    line = further(draft, "told_phone", masked=False)
    told = not line or str(draft.get(FURTHER)["phone"]) in narrative
    return narrative if told else f"{narrative}\n{line}"


def wish(draft: Draft, message: Message) -> str:
    """Return how and when the resident wants to be reached: said now, else kept with consent."""
    pref = str(draft.get("pref") or message.resident.pref)
    return "；".join(filter(None, (draft.get("phone_of"), pref)))


def for_the_next(draft: Draft) -> Values:
    """Return what a matter told in the same breath need not ask again: the number left for this one, or that none is.

    Another person's number was left for that matter alone.
    """
    if draft.get("phone") and not draft.get("phone_of"):
        return {"phone": draft.get("phone")}
    refused = draft.get(NO_PHONE) or draft.asks.get("contact")
    return {NO_PHONE: True} if refused and not draft.get("phone") else {}


NO_PHONE = "no_phone"
"""Value that is set when no number is to be left, said before it was asked for."""


def keeps_phone(message: Message) -> bool:
    """Whether no number is left (“…，不留电话”)."""
    return bool(pattern("forms", "keeps_phone").search(bare(message.text)))


def contact_answer(message: Message, draft: Draft) -> Values:
    """A yes to “留个电话吗”, “下午打” or a name alone promises the number, which is then asked for once."""
    pref = contact.preference(message, asked=True)
    calls = bool(contact.kinds(pref) & {"time", "whose"}) and not contact.by_message(pref)
    named = message.last("person") is not None and not leftover(message)
    agrees = (is_yes(message) or calls or named) and not message.all("phone")
    return {"phone_promised": True} if agrees and not draft.get("phone_promised") else {}


def needs_contact(draft: Draft, message: Message) -> bool:
    """Whether a phone number is still asked for: once, and again when it was promised."""
    asks = 2 if draft.get("phone_promised") or draft.get(place.DOOR_SAID) else 1
    known = draft.get("phone") or message.resident.phone_known
    known = known or contact.by_message(wish(draft, message))
    return not known and not draft.get(NO_PHONE) and draft.asks.get("contact", 0) < asks


def coming(message: Message, draft: Draft) -> Values:
    """Read a day to come, with its time; a habit is none."""
    entity = message.last("time")
    value = entity.value if entity else None
    if not isinstance(value, Mapping) or value.get("recur"):
        return {}
    ahead = str(value.get("start", ""))[:10] >= message.now.date().isoformat()
    return {"when": dict(value)} if ahead else {}


def not_refused(days: Sequence[Entity], message: Message) -> list[Entity]:
    """Return the days without those that will not do (“后天不得行，大后天”); all of them when none other is named."""
    refused = pattern("forms", "day_refused")
    left = [e for e in days if not refused.search(message.text[e.end :])]
    return left or list(days)


def day_over(draft: Draft, now: datetime) -> str:
    """Return the day of a draft that is over by now, as ISO date; empty when it is to come, or none is told.

    A form may be left for days; of a habit the next day comes by itself (``renewed``).
    """
    told = draft.get("when")  # of who wants to help it is a word (“周末”), no day
    when = told if isinstance(told, Mapping) else {}
    last = str(draft.get("date") or when.get("end") or when.get("start") or "")[:10]
    return last if last and not when.get("recur") and last < now.date().isoformat() else ""


def renewed(draft: Draft, now: datetime) -> Draft:
    """Return the draft without a day that is over, which is asked for again; nothing is filed for it by a yes."""
    if not day_over(draft, now):
        return draft
    habit = draft.get("habit") or {}
    day = next_day(habit, now.date()).isoformat() if habit.get("recur") else None
    again = {"date": day} if draft.get("date") else {"when": None}
    skipped = tuple(name for name in draft.skipped if name not in again)
    return replace(draft, values={**draft.values, **again}, skipped=skipped, asked=None)


def any_day(message: Message) -> bool:
    """Whether any day will do (“随便哪天”, “你看着办”)."""
    return not message.tapped and bool(pattern("bookings", "any_day").search(bare(message.text)))


def tomorrow(message: Message) -> str:
    """Return tomorrow as ISO date."""
    return (message.now.date() + timedelta(days=1)).isoformat()


_BARE_WEEKDAY = re.compile(r"(?:周|星期|礼拜)[一二三四五六日天]")


def in_same_week(entity: Entity, known: Any, message: Message) -> date:
    """Return the day that is said; “周三” after another day of next week is next week's, “下周” one known of it.

    Args:
        entity: The time that names the day.
        known: The day known before, as ISO date, or None.
        message: For the present day.
    """
    day = date.fromisoformat(str(entity.value["start"])[:10])
    if known and day.isoformat() <= str(known) <= str(entity.value.get("end") or "")[:10]:
        return date.fromisoformat(str(known))
    if not known or not _BARE_WEEKDAY.match(entity.text):
        return day
    before = date.fromisoformat(str(known))
    same = before + timedelta(days=day.isoweekday() - before.isoweekday())
    return same if same > message.now.date() else day


def next_day(habit: Mapping[str, Any], today: date) -> date:
    """Return the next day of a habit (“每周三”) after today."""
    days = {int(d) for d in habit.get("weekdays") or range(1, 8)}
    tomorrow = today + timedelta(days=1)
    return next(
        d for d in (tomorrow + timedelta(days=n) for n in range(7)) if d.isoweekday() in days
    )


def say_subject(draft: Draft, heading: str) -> Lines:
    """Return whom it is for as a line of the summary; nothing when that was not said."""
    relation = say_relation(str(draft.get("subject") or ""), str(draft.get("narrative") or ""))
    name = draft.get("subject_name")
    return [(heading, f"{relation}（{name}）" if name else relation)] if relation else []


def say_reach(draft: Draft, message: Message) -> str:
    """Return how the resident is reached, in words."""
    said = wish(draft, message)
    how = f"（{said}）" if said else ""
    if draft.get("phone"):
        number = f"{mask_phone(str(draft.get('phone')))}{how}"
        other = further(draft, "reach_beside", masked=True)
        return f"{draft.get('name') or ''} {number}{other}".strip()
    words = say("reach_known" if message.resident.phone_known else "reach_here") + how
    name = say_name(str(draft.get("name") or ""))
    return f"{name}，{words}" if name else words


def say_name(name: str) -> str:
    """Return a name as it is read back; a surname alone (“我姓李”) is called one."""
    return say("surname", name=name) if len(name) == 1 else name


def appointment(draft: Draft) -> dict[str, str]:
    """Return day, part and time of ``when`` (:func:`coming`), as far as known."""
    when = draft.get("when") or {}
    start = str(when.get("start") or "")
    parts = {"date": start[:10], "part": when.get("part"), "time": start[11:16]}
    return {k: str(v) for k, v in parts.items() if v}


def booking(draft: Draft, conversation_id: str, leaf: str, narrative: str) -> dict[str, Any]:
    """Return what the bodies of ``POST /tickets`` for anything booked have in common.

    Args:
        draft: Whom it is for and how to be reached are read from it.
        conversation_id: Where it was said.
        leaf: The matter.
        narrative: What was said.
    """
    body: dict[str, Any] = {
        "conversation_id": conversation_id,
        "kind": "booking",
        "leaf": leaf,
        "narrative": with_further(narrative, draft),
        "nlu": {"leaf": leaf, "round": draft.round},
    }
    if draft.get("subject"):
        body["subject"] = {"relation": draft.get("subject"), "name": draft.get("subject_name")}
    if draft.get("phone") or draft.get("name") or draft.get("pref"):
        body["contact"] = {"name": draft.get("name"), "phone": draft.get("phone")}
        body["contact"] |= {"pref": draft.get("pref")} if draft.get("pref") else {}
    return body
