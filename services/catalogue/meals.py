"""Whether a meal can still be ordered. Pure; service is daily, holidays are the provider's word."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from services.catalogue.model import Meal, MealFile
from services.words import piece

MEAL_ORDER = ("breakfast", "lunch", "dinner")
MEAL_NAMES = {meal: piece(f"meal_name_{meal}") for meal in MEAL_ORDER}
DAYS_AHEAD = 30
"""How far ahead a meal can be ordered."""


def cutoff_of(meal: Meal, day: date, now: datetime) -> datetime:
    """Return the last moment to order the meal of a day, in the zone of ``now``."""
    last_day = day - timedelta(days=meal.cutoff.days_before)
    return datetime.combine(last_day, meal.cutoff.time, tzinfo=now.tzinfo)


def meal_status(rules: MealFile, day: date, name: str, now: datetime) -> dict[str, Any]:
    """Return whether a meal is open for ordering and, if not, why and which is the next one.

    Args:
        rules: The provider's rules.
        day: Day of the meal.
        name: breakfast, lunch or dinner.
        now: Present time.

    Returns:
        ``{"open", "cutoff", "reason", "provider", "serve", "next_open", "price", "price_note",
        "subsidies", "subsidy_note", "elder"}``; ``cutoff`` is null for a meal that is not offered,
        ``price`` where the county has settled none; ``subsidies`` are the groups who may pay less;
        ``elder`` the notes in large-type mode.
    """
    meal = rules.meals.get(name)
    cutoff = cutoff_of(meal, day, now) if meal else None
    reason = _refusal(rules, day, name, now)
    return {
        "open": reason is None,
        "cutoff": cutoff.isoformat() if cutoff else None,
        "reason": reason,
        "provider": rules.provider,
        "serve": meal.serve if meal else None,
        "price": meal.price if meal else None,
        "price_note": rules.price_note,
        "subsidies": [s.model_dump() for s in rules.subsidies],
        "subsidy_note": rules.subsidy_note,
        "elder": dict(rules.elder),
        "next_open": None if reason is None else next_open(rules, max(day, now.date()), now, name),
    }


def _refusal(
    rules: MealFile, day: date, name: str, now: datetime, late: str = "late_order"
) -> str | None:
    """Return why a meal is not to be had, one sentence, or None; ``late``: what it is too late for."""
    meal = rules.meals.get(name)
    label = meal.name if meal else MEAL_NAMES.get(name) or piece("meal.this")
    if meal is None:
        return piece("meal.not_cooked", provider=rules.provider, meal=label) + "。"
    if day < now.date():
        return piece("meal.past")
    if (day - now.date()).days > DAYS_AHEAD:
        return piece("meal.too_far", days=DAYS_AHEAD)
    if not _in_force(rules, day):
        return piece("meal.not_served_then")
    if closed := closed_on(rules, day):
        return piece("meal.closed", why=closed, provider=rules.provider)
    if now > cutoff_of(meal, day, now):
        return piece(f"meal.{late}", meal=label, by=_by(meal))
    return None


def _by(meal: Meal) -> str:
    days, time = meal.cutoff.days_before, f"{meal.cutoff.time:%H:%M}"
    if days > 1:
        return piece("meal.by_days_before", days=days, time=time)
    return piece("meal.by_day_before" if days else "meal.by_same_day", time=time)


def closed_on(rules: MealFile, day: date) -> str | None:
    """Return why the kitchen does not cook on a day, in words; None when it does."""
    found = next((c for c in rules.closed if c.first <= day <= c.last), None)
    if found is not None:
        return found.why
    return None if _in_force(rules, day) else piece("meal.not_served")


def withdrawal_refusal(rules: MealFile, order: Mapping[str, Any], now: datetime) -> str | None:
    """Return why an ordered meal can no longer be taken back, one sentence, or None.

    What the kitchen does not offer any more can be taken back at any time; so can a habit whose
    meal is over, for only the coming ones are meant.

    Args:
        rules: The provider's rules.
        order: ``{date, meal, habit? …}`` as ordered.
        now: Present time.
    """
    day, meal = date.fromisoformat(str(order["date"])[:10]), rules.meals.get(str(order["meal"]))
    if meal is None or (order.get("habit") and day < now.date()):
        return None
    if day < now.date():
        return piece("meal.over", meal=meal.name)
    if now <= cutoff_of(meal, day, now):
        return None
    return piece("meal.late_withdraw", meal=meal.name, by=_by(meal))


def change_refusal(
    rules: MealFile, order: Mapping[str, Any], patch: Mapping[str, Any], now: datetime
) -> str | None:
    """Return why an ordered meal cannot be changed so any more, one sentence, or None.

    Args:
        rules: The provider's rules.
        order: ``{date, meal, portions …}`` as ordered.
        patch: What changes of it. A day of ``skip`` counts as a change of that day's meal.
        now: Present time.
    """
    name = str(order["meal"])
    days = {str(order["date"])}
    if set(patch) <= HABIT_ONLY:
        days = set(patch.get("skip") or []) - set(order.get("skip") or [])
    for day in sorted(days):
        reason = _refusal(rules, date.fromisoformat(day[:10]), name, now, "late_change")
        if reason is not None:
            return reason
    new_day, new_name = str(patch.get("date") or order["date"]), str(patch.get("meal") or name)
    if (new_day, new_name) != (str(order["date"]), name):
        reason = _refusal(rules, date.fromisoformat(new_day[:10]), new_name, now)
        if reason is not None:
            return reason
    if rules.max_portions and int(patch.get("portions") or 0) > rules.max_portions:
        return piece("meal.most", most=rules.max_portions)
    return None


HABIT_ONLY = frozenset({"skip", "until", "habit"})
"""Changes of a habit (“周末不要”) that leave the next meal as it is."""


def _in_force(rules: MealFile, day: date) -> bool:
    after = rules.valid_from is None or rules.valid_from <= day
    return after and (rules.valid_to is None or day <= rules.valid_to)


def next_open(
    rules: MealFile, start: date, now: datetime, wanted: str | None = None
) -> dict[str, str] | None:
    """Return the next meal that can be ordered from a day on: the wanted kind when it is offered."""
    names = [wanted] if wanted and rules.meals.get(wanted) else list(MEAL_ORDER)
    for offset in range(DAYS_AHEAD + 1):
        day = start + timedelta(days=offset)
        for name in names:
            if _refusal(rules, day, name, now) is None:
                return {"date": day.isoformat(), "meal": name}
    return None
