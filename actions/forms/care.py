"""What only some bookings ask for: who goes, on which days of the week or for a day on trial, how they get
there. What can be chosen and how people say it is data (``data/dialogue/bookings.yml``, ``choices``). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from actions.dialogue import load, pattern
from actions.forms import habits, shared
from actions.forms.draft import Draft, Values
from actions.forms.replies import bare
from actions.message import Message
from actions.talk.echo import say_time
from actions.texts import say

FILE = "bookings"
WHOM, DAYS, TRANSPORT = "whom", "days", "transport"
SELF, TRIAL, WORKDAYS = "self", "trial", "workdays"
WEEK = 7


def choices(field: str) -> Sequence[tuple[str, str]]:
    """Return (id, title) of what can be chosen for a field; empty when it has no such choices."""
    rows = load(FILE)["choices"].get(field) or ()
    return [(str(r["id"]), str(r["name"])) for r in rows]


def title(field: str, key: str) -> str:
    """Return what a choice is called."""
    return dict(choices(field)).get(key, key)


def _said(field: str, words: str) -> str | None:
    """Return the first choice of a field whose words are there."""
    for row in load(FILE)["choices"][field]:
        if row.get("words") and re.search(row["words"], words):
            return str(row["id"])
    return None


def read_whom(message: Message, draft: Draft) -> Values:
    """Read “是我自己去”; a relative is read as whom it is for (``shared.who``)."""
    if message.tapped or message.all("relation"):
        return {}
    own = pattern(FILE, "own").search(bare(message.text))
    return {WHOM: SELF} if own else {}


def whom(key: str) -> Values:
    """Return what a choice of who goes sets."""
    return {WHOM: SELF, "subject": None} if key == SELF else {"subject": key, WHOM: None}


def read_days(message: Message, draft: Draft) -> Values:
    """Read days of the week and “先试一天”; the one takes the place of the other."""
    if message.tapped:
        return {}
    if looks_first(message):
        return days(TRIAL)
    found = habits.weekly(message.text, apart=True)
    if found:
        return {"habit": found.habit, TRIAL: None}
    daily = [e.value for e in message.meant("time") if (e.value or {}).get("recur")]
    if daily:
        return {"habit": dict(daily[0]), TRIAL: None}
    every = pattern(FILE, "daily").search(bare(message.text))
    return {"habit": {"recur": "daily"}, TRIAL: None} if every else {}


def looks_first(message: Message) -> bool:
    """Whether somebody wants to look first, or to come for a day on trial (“先去看看”, “先试一天”)."""
    return not message.tapped and bool(pattern(FILE, "trial").search(bare(message.text)))


def may_look(rules: Mapping[str, Any]) -> bool:
    """Whether a service has a day on trial: it is asked on which days one goes.

    Args:
        rules: What is asked for its leaf (``bookings.yml``).
    """
    return DAYS in (rules.get("ask") or ())


def days(key: str) -> Values:
    """Return what a choice of days sets."""
    if key == TRIAL:
        return {TRIAL: True, "habit": None}
    return {"habit": {"recur": "weekly", "weekdays": [1, 2, 3, 4, 5]}, TRIAL: None}


def read_transport(message: Message, draft: Draft) -> Values:
    """Read how the elder gets there (“我开车送”, “要中心来接”)."""
    if message.tapped:
        return {}
    found = _said(TRANSPORT, bare(message.text))
    return {TRANSPORT: found} if found else {}


def needed(name: str, draft: Draft) -> bool | None:
    """Whether one of these fields has to be asked; None for any other field."""
    if name == WHOM:
        return not (draft.get("subject") or draft.get(WHOM))
    if name == DAYS:
        return not (draft.get("habit") or draft.get(TRIAL))
    if name == TRANSPORT:
        return not draft.get(TRANSPORT)
    return None


def of_days(message: Message) -> tuple[int, int]:
    """Return where the words name days of every week: a day inside them is no day of its own."""
    found = habits.weekly(message.text, apart=True)
    return (found.start, found.end) if found else (0, 0)


def on_open_days(draft: Draft, open_days: Sequence[int]) -> Draft:
    """Keep of the wished days those on which it is open, and begin on the first of them.

    Args:
        draft: With a ``habit`` and, as far as said, the ``date`` it begins.
        open_days: Weekdays on which the service is open, 1 is Monday.
    """
    habit = draft.get("habit")
    if not habit or not open_days:
        return draft
    wished = [int(d) for d in habit.get("weekdays") or range(1, WEEK + 1)]
    kept = [d for d in wished if d in open_days]
    if not kept:
        return replace(draft, values={**draft.values, "habit": None, "shut": wished})
    values: dict[str, Any] = {**draft.values, "habit": {"recur": "weekly", "weekdays": kept}}
    if len(kept) < len(wished):
        values["shut"] = [d for d in wished if d not in kept]
    first = draft.get("date")
    if first and date.fromisoformat(str(first)).isoweekday() not in kept:
        before = date.fromisoformat(str(first)) - timedelta(days=1)
        values["date"] = shared.next_day(values["habit"], before).isoformat()
    return replace(draft, values=values)


def lines(draft: Draft, asked: Sequence[str], message: Message) -> list[tuple[str, str]]:
    """Return these fields as lines of the summary."""
    found: list[tuple[str, str]] = []
    if DAYS in asked:
        found.append((say("heading_days"), _days_words(draft, message)))
    if WHOM in asked and draft.get(WHOM) == SELF and not draft.get("subject"):
        found.append((say("heading_whom"), say("whom_self")))
    if TRANSPORT in asked:
        how = str(draft.get(TRANSPORT) or "")
        found.append((say("heading_transport"), title(TRANSPORT, how) if how else say("agree_it")))
    return found


def _days_words(draft: Draft, message: Message) -> str:
    if draft.get(TRIAL):
        return say("days_trial")
    if not draft.get("habit"):
        return say("agree_it")
    words = say_time({**draft.get("habit"), "part": None}, message.now)
    shut = "、".join(habits.WEEKDAYS[d - 1] for d in draft.get("shut") or ())
    return say("days_shut", days=words, shut=shut) if shut else words


def to_appointment(draft: Draft) -> Mapping[str, Any]:
    """Return what of these fields stands on the ticket."""
    return {k: draft.get(k) for k in (TRIAL, TRANSPORT) if draft.get(k)}
