"""The meal form: who eats, when, what, how many, and how it gets there (C1 老年助餐)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from actions.dialogue import load, pattern
from actions.forms import consent, diets, habits, place, shared, subsidy
from actions.forms.draft import DROP, Draft, Field, Form, Values
from actions.forms.replies import bare, choice, is_no, is_yes
from actions.message import Entity, Message
from actions.talk import corrections
from actions.talk.echo import MEALS, MODES, RELATIONS, mask_phone, say_date, say_time
from actions.texts import say
from bot.understanding.numbers import to_int

LEAF = "C1"
TWO_PEOPLE = frozenset({"parents", "parents_in_law"})
MODE_ORDER = ("delivery", "pickup", "eat_in")
MEAL_ORDER = ("lunch", "dinner")

DATA = "meals"
MEAL_OF_PART = {"noon": "lunch", "eve": "dinner", "night": "dinner"}
"""The meal that a time of the day means in an order."""


WEEK = 7
LEFT_OUT = "left_out"
"""Value of an order whose only day was taken out (“那下周三不要送”): another one is asked for."""


def _pattern(*keys: str) -> re.Pattern[str]:
    return pattern(DATA, *keys)


def _date(message: Message, draft: Draft) -> Values:
    """Take the first day that is not over; of a habit (“每天中午”) the next day, and keep the habit."""
    words = bare(message.text)
    takes = is_yes(message) or any(
        _pattern(key).match(words) for key in ("that_one", "all_the_same")
    )
    if message.about == "next_open" or (_offered(draft) and takes and not _names_day(message)):
        offer = draft.get("next_open") or {}
        return {"date": offer.get("date"), "meal": offer.get("meal") or draft.get("meal")}
    entity = _day_said(message)
    today = message.now.date()
    weekly = habits.weekly(message.text)
    habit = weekly.habit if weekly else _recurring(message)
    if habit:
        first = _begins(message) or today
        last = _last_day(message)
        if count := _for_days(message):
            first = _first_said(message) or first
            last = first + timedelta(days=count)
        until = {"until": last.isoformat()} if last else {}
        habit = _but(habit, message)
        said = {"date": shared.next_day(habit, first).isoformat(), "habit": habit, **until}
        away = _days_of([e for e in _away(message) if not _every_week(message, e)], message)
        return {**said, **_without(replace(draft, values=said), away)} if away else said
    if entity is None:
        wants_any = draft.asked == "date" and not _offered(draft) and shared.any_day(message)
        return {"date": shared.tomorrow(message)} if wants_any else {}
    if _pattern("these_days").match(entity.text) and not draft.get("date"):
        return {"date": shared.tomorrow(message)}
    if (
        not shared.NAMES_DAY.search(entity.text)
        and not entity.value.get("recur")
        and draft.get("date")
    ):
        return {}  # “改成晚上” is another meal of the same day
    if draft.get("habit") and (last := _last_day(message)):
        return {"until": last.isoformat()}
    day = shared.in_same_week(entity, draft.get("date"), message)
    if day < today:
        return {}
    if draft.get("habit") and _left_out(message):
        return _without(draft, _days_said(message) or [day])
    if draft.get("habit"):
        day = shared.next_day(draft.get("habit"), day - timedelta(days=1))
    if draft.get("date") == day.isoformat() and _left_out(message):
        return {"date": None, LEFT_OUT: day.isoformat()}
    back = {LEFT_OUT: None} if draft.get(LEFT_OUT) else {}
    return {"date": day.isoformat(), **back}


def _left_out(message: Message) -> bool:
    """Whether a day is named on which none is wanted (“这个礼拜五不消送”)."""
    changes = pattern("own", "change").search(bare(message.text))
    return bool(pattern("own", "skip").search(bare(message.text))) and not changes


def _away(message: Message) -> list[Entity]:
    """Return the days beside a habit on which none is wanted (“每天中午送，礼拜天不要”)."""
    named = [e for e in message.meant("time") if isinstance(e.value, dict) and e.value.get("start")]
    return [e for e in named if shared.NAMES_DAY.search(e.text) and _taken_out(message, e)]


def _taken_out(message: Message, entity: Entity) -> bool:
    """Whether the clause of a day takes it out, and speaks of no food (“明天开始，不要辣”)."""
    text = message.text
    before, behind = _CLAUSE.split(text[: entity.start])[-1], _CLAUSE.split(text[entity.end :])[0]
    if _pattern("but").search(before) or _pattern("not_then").match(text[entity.end :]):
        return True
    food = any(entity.end <= d.start <= entity.end + len(behind) for d in message.all("diet"))
    return not food and bool(pattern("own", "skip").search(behind))


def _every_week(message: Message, entity: Entity) -> bool:
    """Whether a day that is taken out of a habit is one of every week: without its week, and without a reason."""
    behind = message.text[entity.end :]
    named = bool(_pattern("weekdays").fullmatch(entity.text))
    plain = _pattern("not_then").match(behind) or _pattern("but").search(
        message.text[: entity.start]
    )
    return named and bool(plain)


def _but(habit: dict[str, Any], message: Message) -> dict[str, Any]:
    """Return a habit without the days of every week that are taken out of it."""
    away = _days_of([e for e in _away(message) if _every_week(message, e)], message)
    kept = set(habit.get("weekdays") or range(1, 8)) - {d.isoweekday() for d in away}
    if not away or not kept:
        return habit
    part = {"part": habit["part"]} if habit.get("part") else {}
    return {"recur": "weekly", "weekdays": sorted(kept), **part}


def _days_said(message: Message) -> list[date]:
    """Return the days that are named, each of a span (“那个周末”), from today on."""
    return _days_of(message.meant("time"), message)


def _days_of(entities: Sequence[Entity], message: Message) -> list[date]:
    found = []
    for entity in entities:
        if not isinstance(entity.value, dict) or not entity.value.get("start"):
            continue
        first = date.fromisoformat(str(entity.value["start"])[:10])
        last = date.fromisoformat(str(entity.value.get("end") or entity.value["start"])[:10])
        span = (first + timedelta(days=n) for n in range(min((last - first).days, SPAN) + 1))
        found += [d for d in span if d >= message.now.date()]
    return sorted(set(found))


_CLAUSE = re.compile(r"[，,。；;！!？?]")
SPAN = 14
"""So many days of a span are left out one by one."""


def _without(draft: Draft, days: Sequence[date]) -> Values:
    """Return the habit without some of its days; the first meal moves on when it was one of them."""
    skip = sorted({*(draft.get("skip") or ()), *(d.isoformat() for d in days)})
    first = date.fromisoformat(str(draft.get("date")))
    while first.isoformat() in skip:
        first = shared.next_day(draft.get("habit"), first)
    return {"skip": skip, "date": first.isoformat()}


def _recurring(message: Message) -> dict[str, Any] | None:
    """Return “每天中午” when it is the day that is said, or its begin or end is said beside it."""
    if _for_days(message):
        return {"recur": "daily"}
    away = _away(message)
    entity = next((e for e in [_day_said(message)] if e not in away), None)
    if entity is not None and entity.value.get("recur"):
        return dict(entity.value)
    said = [e.value for e in message.meant("time") if _recurs(e)]
    if said and (away or _last_day(message) or _pattern("begins").search(message.text)):
        return dict(said[0])
    if not said and _pattern("workdays").search(message.text):
        return {"recur": "weekly", "weekdays": list(range(1, 6))}
    return {"recur": "daily"} if not said and _pattern("daily").search(message.text) else None


def _for_days(message: Message) -> int:
    """Return for how many days a meal is wished for (“明天开始送三天”); 0 when that is not said."""
    said = _pattern("for_days").search(message.text)
    if said is None:
        return 0
    if said["weeks"]:
        return (to_int(said["weeks"]) or 0) * WEEK
    return to_int(said["days"]) or 0


def _first_said(message: Message) -> date | None:
    """Return the day before the first one to come that is named; “这两天” names none."""
    named = [e for e in message.meant("time") if shared.NAMES_DAY.search(e.text)]
    clear = [e for e in named if not _pattern("these_days").match(e.text)]
    days = [d for d in _days_of(clear, message) if d > message.now.date()]
    return days[0] - timedelta(days=1) if days else None


def _begins(message: Message) -> date | None:
    """Return the day before the one from which on a habit is wished for (“从明天开始每天”)."""
    if not _pattern("begins").search(message.text):
        return None
    away = _away(message)
    begin = [e for e in message.meant("time") if _begin_of(message, e) and e not in away]
    starts = [str(e.value["start"])[:10] for e in begin]
    ahead = [d for d in starts if d > message.now.date().isoformat()]
    return date.fromisoformat(ahead[0]) - timedelta(days=1) if ahead else None


def _begin_of(message: Message, entity: Entity) -> bool:
    value = entity.value
    return isinstance(value, dict) and bool(value.get("start")) and not _is_end(message, entity)


def _recurs(entity: Entity) -> bool:
    return isinstance(entity.value, dict) and bool(entity.value.get("recur"))


def _last_day(message: Message) -> date | None:
    """Return the last day of “到月底”, “到下周五”, “到12月15号”; None when no end is said."""
    today = message.now.date()
    said = _pattern("until_end").search(message.text)
    if said is not None:
        months = 12 - today.month if said["year"] else 1 if said["next"] else 0
        return _end_of_month(today, months)
    for entity in message.meant("time"):
        ends = isinstance(entity.value, dict) and not entity.value.get("recur")
        if ends and _is_end(message, entity) and entity.value.get("start"):
            last = str(entity.value.get("end") or entity.value["start"])[:10]
            return date.fromisoformat(last) if last > today.isoformat() else None
    return None


def _is_end(message: Message, entity: Entity) -> bool:
    """Whether “到” stands before a day or opens it: it ends a habit and is no day of its own."""
    until = _pattern("until")
    before = message.text[: entity.start]
    return bool(until.fullmatch(before[-1:]) or until.match(entity.text))


def _end_of_month(today: date, months: int) -> date:
    count = today.year * 12 + today.month + months
    return date(count // 12, count % 12 + 1, 1) - timedelta(days=1)


def _day_said(message: Message) -> Entity | None:
    """Return the day that is meant: of several the first, unless the later one corrects it."""
    days = [e for e in message.meant("time") if isinstance(e.value, dict)]
    if not days:
        return None
    named = [e for e in days if shared.NAMES_DAY.search(e.text)] or days
    named = shared.not_refused(named, message)
    return named[-1] if shared.CORRECTS.search(message.text) else named[0]


def _more_days(message: Message, draft: Draft) -> Values:
    """Keep further days and meals in words: one order is one meal, the kitchen arranges the others."""
    if shared.CORRECTS.search(message.text):
        return {}
    others = [*_others_fed(message), *(MEALS.get(name, name) for name in _meals(message)[1:])]
    first = _day_said(message)
    if first is not None and not (habits.weekly(message.text) or _recurring(message)):
        named = [e for e in message.meant("time") if shared.NAMES_DAY.search(e.text)]
        days = [e.text for e in named if not _pattern("not_then").match(message.text[e.end :])]
        again = [t for t in days if t != first.text or _pattern("these_days").match(t)]
        others = [*again, *_rest_of(first, message), *others]
        week = _pattern("one_week").search(message.text)
        if week and not (week["first"] == "六" and week["more"] in ("日", "天")):
            others += [f"{week['week']}{day}" for day in week["more"]]
    if apart := _pattern("every_other").search(message.text):
        others = [apart[0], *others]
    return {"more_days": "、".join(others)} if others else {}


def _rest_of(entity: Entity, message: Message) -> list[str]:
    """Return the further days of a span of single days (“礼拜六礼拜天”), in words."""
    if not _pattern("weekdays").fullmatch(entity.text):
        return []
    return [say_date(d, message.now) for d in _days_of([entity], message)[1:]]


def _others_fed(message: Message) -> list[str]:
    """Return whom else a meal is for: “给我妈订一份…，给我婆婆订一份…” is two orders."""
    fed = [
        e for e in message.meant("relation") if _pattern("for_whom").search(message.text[: e.start])
    ]
    values = list(dict.fromkeys(str(e.value) for e in fed))
    return [say("meal_of", whom=RELATIONS.get(v, RELATIONS["other"])) for v in values[:-1]]


def _names_day(message: Message) -> bool:
    """Whether a day is named; “中午” alone is none."""
    return any(shared.NAMES_DAY.search(e.text) for e in message.all("time"))


def _offered(draft: Draft) -> bool:
    return draft.asked == "date" and bool(draft.get("next_open") or draft.get(LEFT_OUT))


def _meals(message: Message) -> list[str]:
    """Return the meals that a message names, each once; only the last of a correction."""
    named = list(dict.fromkeys(str(e.value) for e in message.meant("meal")))
    return named[-1:] if shared.CORRECTS.search(message.text) else named


def _meal(message: Message, draft: Draft) -> Values:
    named = _meals(message)
    if named:
        return {"meal": named[0]}
    parts = [e.value.get("part") for e in message.meant("time") if isinstance(e.value, dict)]
    meals = [MEAL_OF_PART[part] for part in parts if part in MEAL_OF_PART]
    return {"meal": meals[-1]} if meals else {}


def _meal_answer(message: Message, draft: Draft) -> Values:
    index = choice(message, [MEALS[m] for m in MEAL_ORDER])
    return {"meal": MEAL_ORDER[index]} if index is not None else {}


def _portions(message: Message, draft: Draft) -> Values:
    entity = message.last("count")
    if (dishes := _told_apart(message)) and not _pattern("each").search(message.text):
        return {"portions": dishes}
    if entity is not None:
        more = portions(draft) if draft.asked and _pattern("more").search(message.text) else 0
        eaters = _eaters(message, draft) if _pattern("each").search(message.text) else 1
        return {"portions": more + int(entity.value) * eaters}
    eating = _pattern("eating").search(message.text) if draft.asked else None
    if eating and (people := to_int(eating["n"])):
        return {"portions": people}
    if not draft.get("portions") and _pattern("two_eat").search(message.text):
        return {"portions": 2}  # read back
    said = _pattern("number").match(message.text.strip()) if draft.asked == "portions" else None
    return {"portions": int(said.group(1))} if said and int(said.group(1)) > 0 else {}


def _told_apart(message: Message) -> int:
    """Return how many portions are told one by one, once; 0 for one number.

    “两份，一份不要辣，一份软点” are two, and “三份饭，一份不要肉的” three: some of those told before.
    """
    alone = _pattern("more").search(message.text) or _pattern("instead").search(message.text)
    if alone or shared.CORRECTS.search(message.text):
        return 0
    if each := diets.apart(message):
        return sum(int(e["portions"]) for e in each)
    told = [e for e in message.meant("count") if _pattern("portions").search(e.text)]
    if len(told) < 2:
        return 0
    first, *rest = (int(e.value) for e in told)
    return first if first == sum(rest) else first + sum(rest)


def _eaters(message: Message, draft: Draft) -> int:
    """Return for how many “各一份” counts: a couple is two, everybody else one."""
    said = message.last("relation")
    whom = str(said.value) if said else draft.get("subject")
    return 2 if whom in TWO_PEOPLE or _pattern("pair").search(message.text) else 1


def _mode(message: Message, draft: Draft) -> Values:
    if (message.about or "").startswith("mode:"):
        return {"mode": str(message.about).removeprefix("mode:")}
    text = corrections.behind(message.text)
    words = _pattern("not_brought").sub("", text)
    found = next(
        (name for name in load(DATA)["modes"] if _pattern("modes", name).search(words)), None
    )
    if found is None and words != text and draft.asked == "mode":
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


def _eats(message: Message, draft: Draft, person: Entity) -> bool:
    """A name beside whom the meal is for is theirs."""
    return bool(message.last("relation") or draft.get("subject"))


def _who(message: Message, draft: Draft) -> Values:
    """Read who eats; “再给我爸加一份” leaves the meal with whom it was for."""
    said = shared.who(_eats)(message, draft)
    more = draft.get("subject") and _pattern("more").search(message.text)
    return {k: v for k, v in said.items() if not (more and k == "subject")}


def _closed(draft: Draft) -> bool:
    """Whether the kitchen said that the wanted meal can no longer be ordered."""
    window = draft.get("window") or {}
    same = (window.get("date"), window.get("meal")) == (draft.get("date"), draft.get("meal"))
    return same and window.get("open") is False


def _needs_date(draft: Draft, message: Message) -> bool:
    return not draft.get("date") or _closed(draft)


def _delivered(draft: Draft) -> bool:
    return bool(draft.get("mode") == "delivery")


FORM = Form(
    name="meal",
    gate=consent.gate,
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
        Field("diet", needed=lambda d, m: False, read=diets.read),
        Field(
            subsidy.FIELD,
            needed=lambda d, m: subsidy.needed(d),
            read=subsidy.read,
            answer=subsidy.answer,
            optional=True,
        ),
        Field("who", needed=lambda d, m: False, read=_who),
        consent.FIELD_OF_FORM,
        Field("narrative", needed=lambda d, m: False, read=shared.words()),
    ),
)


def to_check(draft: Draft, now: datetime) -> tuple[str, str] | None:
    """Return (date, meal) when the kitchen still has to be asked whether it is open for them.

    It is asked again when the cut-off has passed since: a form may be left for days.
    """
    wanted = (draft.get("date"), draft.get("meal"))
    window = draft.get("window") or {}
    same = wanted == (window.get("date"), window.get("meal"))
    cutoff = window.get("cutoff") if window.get("open") else None
    over = bool(cutoff) and datetime.fromisoformat(str(cutoff)) < now
    if not all(wanted) or (same and not over):
        return None
    return str(wanted[0]), str(wanted[1])


PRICES = ("price", "price_note", "subsidies", "subsidy_note", "elder", "remembered")
"""What ``GET /meals`` says of prices: the normal one, who may pay less, what we may remember."""


def checked(draft: Draft, answer: dict[str, Any]) -> Draft:
    """Take in the answer of ``GET /meals`` for the wanted meal."""
    window = {
        "date": draft.get("date"),
        "meal": draft.get("meal"),
        "open": bool(answer.get("open")),
        "reason": answer.get("reason") or "",
        "provider": answer.get("provider") or "",
        "cutoff": answer.get("cutoff"),
        "serve": answer.get("serve"),
        **{k: answer.get(k) for k in PRICES},
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


def say_cutoff(draft: Draft) -> str:
    """Return until when the order can be changed or taken back (``11月24日16:00前``); empty: not known."""
    found = (draft.get("window") or {}).get("cutoff")
    if not found:
        return ""
    at = datetime.fromisoformat(str(found))
    return say("meal_until_cutoff", moment=f"{at.month}月{at.day}日{at:%H:%M}")


def say_meal(day: str, meal: str, message: Message) -> str:
    """Return ``明天（11月25日，星期三）午饭``."""
    return say_date(date.fromisoformat(day), message.now) + MEALS.get(meal, meal)


def summary(draft: Draft, message: Message) -> list[tuple[str, str]]:
    """Return the order as (heading, words), in the order it is read out."""
    sensitive, draft = consent.lines(draft, message), consent.kept(draft, reading=True)
    day, which = draft.get("date"), str(draft.get("meal") or "")
    lines = [
        (
            say("heading_which_meal"),
            say_meal(str(day), which, message) if day else MEALS.get(which, ""),
        )
    ]
    if draft.get("habit"):
        lines.append(
            (
                say("heading_habit"),
                say_time(draft.get("habit"), message.now) + _ends(draft, message),
            )
        )
    if draft.get("skip"):
        days = (say_date(date.fromisoformat(d), message.now) for d in draft.get("skip"))
        lines.append((say("heading_days_out"), "、".join(days)))
    if draft.get("more_days"):
        lines.append(
            (say("heading_more"), say("meal_more_days", message.elder, days=draft.get("more_days")))
        )
    lines.append((say("heading_portions"), say("count_portions", n=portions(draft))))
    lines += shared.say_subject(draft, say("heading_whom"))
    diet = diets.words(draft.values, portions(draft))
    if diet or not message.elder:  # one thing at a time: what was not said is not read out
        unsaid = "meal_no_diet" if draft.get("diet") is None else "meal_diet_none"
        lines.append((say("heading_diet"), diet or say(unsaid)))
    if not (message.elder and _delivered(draft)):
        lines.append((say("heading_mode"), MODES.get(str(draft.get("mode")), "")))
    if _delivered(draft):
        lines.append((say("heading_delivered"), _where(draft, message)))
    if draft.get("name"):
        lines.append((say("heading_name"), shared.say_name(str(draft.get("name")))))
    if draft.get("phone"):
        lines.append((say("heading_phone"), mask_phone(str(draft.get("phone")))))
    elif _delivered(draft) and not (message.resident.phone_known or draft.get(shared.NO_PHONE)):
        lines.append((say("heading_no_phone"), say("meal_no_phone", message.elder)))
    return [*lines, *subsidy.lines(draft, message), *sensitive]


def _where(draft: Draft, message: Message) -> str:
    """Return where the meal goes; without a door it is asked for beside it."""
    known, words = draft.get("address") or {}, place.say(draft)
    if not words:
        return say("meal_no_place", message.elder)
    no_door = known.get("building") and not (known.get("room") or known.get("floor"))
    return say("meal_no_door", place=words) if no_door else words


def _ends(draft: Draft, message: Message) -> str:
    if not draft.get("until"):
        return say("meal_habit_open")
    last = say_date(date.fromisoformat(str(draft.get("until"))), message.now)
    return say("meal_habit_until", day=last)


def to_ticket(draft: Draft, conversation_id: str) -> dict[str, Any]:
    """Return the body of ``POST /tickets``."""
    consents, draft = consent.to_ticket(draft), consent.kept(draft)
    appointment = {
        "date": draft.get("date"),
        "meal": draft.get("meal"),
        "portions": portions(draft),
        "diet": list(draft.get("diet") or []),
        "delivery": _delivered(draft),
        "mode": draft.get("mode"),
    }
    if draft.get(diets.APART):
        appointment[diets.APART] = draft.get(diets.APART)
    if said := subsidy.to_order(draft):
        appointment["subsidy"] = said
    if draft.get("habit"):
        appointment["habit"] = draft.get("habit")
        if draft.get("skip"):
            appointment["skip"] = draft.get("skip")
        if draft.get("until"):
            appointment["until"] = draft.get("until")
    where = place.to_ticket(draft) if _delivered(draft) else {}
    body = shared.booking(
        draft, conversation_id, LEAF, draft.get("narrative") or say("button_order_meal")
    )
    return {**body, "appointment": appointment, **consents, **where}
