"""The meal form: who eats, when, what, how many, and how it gets there (C1 老年助餐)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from actions.echo import DIETS, MEALS, MODES, RELATIONS, mask_phone, say_date, say_time
from actions.forms import place
from actions.forms.draft import DROP, Draft, Field, Form, Values
from actions.forms.replies import choice, is_no, is_skip, is_yes
from actions.message import Entity, Message

LEAF = "C1"
TWO_PEOPLE = frozenset({"parents", "parents_in_law"})
MODE_ORDER = ("delivery", "pickup", "eat_in")
MEAL_ORDER = ("lunch", "dinner")

_MODES = (
    (
        "pickup",
        re.compile(
            r"自取|自己(来|去)?(取|拿|打)|来取|去取|来拿|去拿|打包|打回|拿回|我去打|来打|去打"
        ),
    ),
    (
        "eat_in",
        re.compile(r"堂食|(去|来|到|在)(食堂|那儿|那里|你们那).{0,4}吃|(去|过去|过来|来)吃"),
    ),
    ("delivery", re.compile(r"送|捎|上门|给.{0,6}(端|拿)(来|过来|上来)")),
)
_NOT_BROUGHT = re.compile(r"(不用|不要|不需要|甭|莫|别)(给)?(我|他|她|俺)?送")
_NAMES_DAY = re.compile(r"今|明|后|昨|周|星期|礼拜|号|日|月|天")
_CORRECTS = re.compile(r"不对|不是|错|改")
_MORE = re.compile(r"再(加|来|要|添|多)|多(加|来|要)|另外(加|要)|加(一|两|\d)份")
MEAL_OF_PART = {"noon": "lunch", "eve": "dinner", "night": "dinner"}
"""The meal that a time of the day means in an order."""
_PORTION = re.compile(r"^(\d+)$")


def _date(message: Message, draft: Draft) -> Values:
    """Take the first day that is not over; of a habit (“每天中午”) the next day, and keep the habit."""
    if message.about == "next_open" or (
        _offered(draft) and is_yes(message) and not message.all("time")
    ):
        offer = draft.get("next_open") or {}
        return {"date": offer.get("date"), "meal": offer.get("meal") or draft.get("meal")}
    entity = _day_said(message)
    if entity is None:
        return {}
    today = message.now.date()
    if not _NAMES_DAY.search(entity.text) and not entity.value.get("recur") and draft.get("date"):
        return {}  # “改成晚上” is another meal of the same day
    if entity.value.get("recur"):
        return {"date": _next(entity.value, today).isoformat(), "habit": entity.value}
    day = date.fromisoformat(str(entity.value["start"])[:10])
    return {"date": day.isoformat()} if day >= today else {}


def _day_said(message: Message) -> Entity | None:
    """Return the day that is meant: of several the first, unless the later one corrects it."""
    days = [e for e in message.meant("time") if isinstance(e.value, dict)]
    if not days:
        return None
    named = [e for e in days if _NAMES_DAY.search(e.text)] or days
    return named[-1] if _CORRECTS.search(message.text) else named[0]


def _more_days(message: Message, draft: Draft) -> Values:
    """Keep further days in words: one order is one meal, the kitchen arranges the others."""
    first = _day_said(message)
    if first is None or _CORRECTS.search(message.text):
        return {}
    others = [e.text for e in message.meant("time") if _NAMES_DAY.search(e.text)]
    others = [text for text in others if text != first.text]
    return {"more_days": "、".join(others)} if others else {}


def _offered(draft: Draft) -> bool:
    return draft.asked == "date" and bool(draft.get("next_open"))


def _next(habit: dict[str, Any], today: date) -> date:
    days = {int(d) for d in habit.get("weekdays") or range(1, 8)}
    tomorrow = today + timedelta(days=1)
    return next(
        d for d in (tomorrow + timedelta(days=n) for n in range(7)) if d.isoweekday() in days
    )


def _meal(message: Message, draft: Draft) -> Values:
    entity = message.last("meal")
    if entity is not None:
        return {"meal": str(entity.value)}
    parts = [e.value.get("part") for e in message.meant("time") if isinstance(e.value, dict)]
    meals = [MEAL_OF_PART[part] for part in parts if part in MEAL_OF_PART]
    return {"meal": meals[-1]} if meals else {}


def _meal_answer(message: Message, draft: Draft) -> Values:
    index = choice(message, [MEALS[m] for m in MEAL_ORDER])
    return {"meal": MEAL_ORDER[index]} if index is not None else {}


def _portions(message: Message, draft: Draft) -> Values:
    entity = message.last("count")
    if entity is not None:
        more = portions(draft) if draft.asked and _MORE.search(message.text) else 0
        return {"portions": more + int(entity.value)}
    said = _PORTION.match(message.text.strip()) if draft.asked == "portions" else None
    return {"portions": int(said.group(1))} if said and int(said.group(1)) > 0 else {}


def _diet(message: Message, draft: Draft) -> Values:
    said = [str(e.value) for e in message.meant("diet")]
    old = list(draft.get("diet") or [])
    return {"diet": [*old, *(d for d in said if d not in old)]} if said else {}


def _mode(message: Message, draft: Draft) -> Values:
    if (message.about or "").startswith("mode:"):
        return {"mode": str(message.about).removeprefix("mode:")}
    words = _NOT_BROUGHT.sub("", message.text)
    found = next((name for name, pattern in _MODES if pattern.search(words)), None)
    if found is None and words != message.text and draft.asked == "mode":
        found = "pickup"  # read back in the summary
    return {"mode": found} if found else {}


def _mode_answer(message: Message, draft: Draft) -> Values:
    index = choice(message, [MODES[m] for m in MODE_ORDER])
    return {"mode": MODE_ORDER[index]} if index is not None else {}


def _place(message: Message, draft: Draft) -> Values:
    """A place said with a meal is where to bring it, unless it is fetched."""
    said = place.read(message, draft)
    if said and not draft.get("mode") and not _mode(message, draft) and message.all("address"):
        return {**said, "mode": "delivery"}
    return said


def _who(message: Message, draft: Draft) -> Values:
    said: dict[str, Any] = {}
    relation = message.last("relation")
    if relation is not None and not (draft.get("subject") and _MORE.search(message.text)):
        said["subject"] = str(relation.value)
    person = message.last("person")
    if person is not None:
        said["subject_name" if relation or draft.get("subject") else "name"] = str(person.value)
    phone = message.last("phone")
    if phone is not None:
        said["phone"] = str(phone.value)
    return said


def _words(message: Message, draft: Draft) -> Values:
    """Keep everything typed, verbatim: what no field understands the kitchen still reads."""
    text = message.text.strip()
    if not text or is_yes(message) or is_no(message) or is_skip(message):
        return {}
    story = draft.get("narrative")
    if not story:
        return {"narrative": text}
    return {} if text in story else {"narrative": f"{story}\n{text}"}


def _closed(draft: Draft) -> bool:
    """Whether the kitchen said that the wanted meal can no longer be ordered."""
    window = draft.get("window") or {}
    same = (window.get("date"), window.get("meal")) == (draft.get("date"), draft.get("meal"))
    return same and window.get("open") is False


def _needs_date(draft: Draft, message: Message) -> bool:
    return not draft.get("date") or _closed(draft)


def _delivered(draft: Draft) -> bool:
    return draft.get("mode") == "delivery"


FORM = Form(
    name="meal",
    essential="date",
    fields=(
        Field("date", needed=_needs_date, read=_date),
        Field("more_days", needed=lambda d, m: False, read=_more_days),
        Field(
            "meal",
            needed=lambda d, m: not d.get("meal"),
            read=_meal,
            answer=_meal_answer,
            default={"meal": "lunch"},
        ),
        Field(
            "portions",
            needed=lambda d, m: d.get("subject") in TWO_PEOPLE and not d.get("portions"),
            read=_portions,
        ),
        Field(
            "mode",
            needed=lambda d, m: not d.get("mode"),
            read=_mode,
            answer=_mode_answer,
            default={"mode": "delivery"},
        ),
        replace(place.field(wanted=_delivered), read=_place),
        Field("diet", needed=lambda d, m: False, read=_diet),
        Field("who", needed=lambda d, m: False, read=_who),
        Field("narrative", needed=lambda d, m: False, read=_words),
    ),
)


def to_check(draft: Draft) -> tuple[str, str] | None:
    """Return (date, meal) when the kitchen still has to be asked whether it is open for them."""
    wanted = (draft.get("date"), draft.get("meal"))
    window = draft.get("window") or {}
    if not all(wanted) or wanted == (window.get("date"), window.get("meal")):
        return None
    return str(wanted[0]), str(wanted[1])


def checked(draft: Draft, answer: dict[str, Any]) -> Draft:
    """Take in the answer of ``GET /meals`` for the wanted meal."""
    window = {
        "date": draft.get("date"),
        "meal": draft.get("meal"),
        "open": bool(answer.get("open")),
        "reason": answer.get("reason") or "",
        "provider": answer.get("provider") or "",
    }
    values = {**draft.values, "window": window, "next_open": answer.get("next_open")}
    return replace(draft, values=values)


def declined(draft: Draft, message: Message) -> Draft:
    """“不订了” to the offered later meal ends the form; anything else leaves it."""
    if _offered(draft) and is_no(message):
        return replace(draft, outcome=DROP)
    return draft


def portions(draft: Draft) -> int:
    """Return how many portions; one when nothing else was said."""
    return int(draft.get("portions") or 1)


def say_meal(day: str, meal: str, message: Message) -> str:
    """Return ``明天（11月25日，星期三）午饭``."""
    return say_date(date.fromisoformat(day), message.now) + MEALS.get(meal, meal)


def summary(draft: Draft, message: Message) -> list[tuple[str, str]]:
    """Return the order as (heading, words), in the order it is read out."""
    lines = [("哪一顿", say_meal(str(draft.get("date")), str(draft.get("meal")), message))]
    if draft.get("habit"):
        lines.append(
            ("以后", say_time(draft.get("habit"), message.now) + "，单子上写明，食堂和您定")
        )
    if draft.get("more_days"):
        lines.append(("还有", f"{draft.get('more_days')}也要，单子上写明，食堂和您定"))
    lines.append(("几份", f"{portions(draft)}份"))
    subject = RELATIONS.get(str(draft.get("subject") or ""))
    if subject:
        name = draft.get("subject_name")
        lines.append(("给谁", f"{subject}（{name}）" if name else subject))
    diet = "、".join(DIETS.get(d, d) for d in draft.get("diet") or [])
    lines.append(("忌口", diet or "没说（有的话现在告诉我）"))
    lines.append(("怎么吃", MODES.get(str(draft.get("mode")), "")))
    if _delivered(draft):
        lines.append(("送到", place.say(draft) or "没说，送之前工作人员在这里问您"))
    if draft.get("phone"):
        lines.append(("电话", mask_phone(str(draft.get("phone")))))
    return lines


def to_ticket(draft: Draft, message: Message, conversation_id: str) -> dict[str, Any]:
    """Return the body of ``POST /tickets``."""
    appointment = {
        "date": draft.get("date"),
        "meal": draft.get("meal"),
        "portions": portions(draft),
        "diet": list(draft.get("diet") or []),
        "delivery": _delivered(draft),
        "mode": draft.get("mode"),
    }
    if draft.get("habit"):
        appointment["habit"] = draft.get("habit")
    body: dict[str, Any] = {
        "conversation_id": conversation_id,
        "kind": "booking",
        "leaf": LEAF,
        "narrative": draft.get("narrative") or "订饭",
        "appointment": appointment,
        "nlu": {"leaf": LEAF, "round": draft.round},
        **(place.to_ticket(draft) if _delivered(draft) else {}),
    }
    if draft.get("subject"):
        body["subject"] = {"relation": draft.get("subject"), "name": draft.get("subject_name")}
    if draft.get("phone") or draft.get("name"):
        body["contact"] = {"name": draft.get("name"), "phone": draft.get("phone")}
    return body
