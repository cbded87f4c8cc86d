"""A staff view of a ticket → what the pages show of it. Pure; a masked value stays as it came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from services.config import ROOT
from services.privacy.notice import WAYS
from services.tickets.core.choices import PROXIES
from services.tickets.core.workflow import TRANSITIONS, Field
from services.web.console.standing import threads
from services.web.console.words import clock_words, next_step, whole_due
from services.yaml_files import read_yaml

JSON = Mapping[str, Any]

RELATIONS = {
    "mother": "母亲", "father": "父亲", "parents": "父母", "grandma": "奶奶或姥姥",
    "grandpa": "爷爷或姥爷", "son": "儿子", "daughter": "女儿", "grandson": "孙辈",
    "spouse": "爱人", "brother": "兄弟", "sister": "姐妹", "uncle": "叔伯舅", "aunt": "姑姨婶",
    "mother_in_law": "婆婆或岳母", "father_in_law": "公公或岳父", "parents_in_law": "公婆或岳父母",
    "neighbor": "邻居", "other": "别人",
}  # fmt: skip

MEALS = {"breakfast": "早饭", "lunch": "午饭", "dinner": "晚饭"}


def place(location: JSON | None) -> str:
    """Return where to go in one line; what was revealed of the address stands beside it."""
    parts = [(location or {}).get(key) for key in ("text", "address_text")]
    return "，".join(dict.fromkeys(str(p) for p in parts if p))


def owner(ticket: JSON) -> str:
    """Return who has it: unit and person, as far as there is one."""
    names = (ticket.get("owner_org_name"), ticket.get("owner_person_name"))
    return " ".join(str(n) for n in names if n)


def row(ticket: JSON, now: datetime) -> dict[str, Any]:
    """Return what one line of the worklist shows."""
    return {
        "ticket_no": ticket["ticket_no"],
        "title": ticket.get("title") or ticket["ticket_no"],
        "state": ticket["state"],
        "priority": ticket.get("priority", ""),
        "flags": ticket.get("flags") or [],
        "place": place(ticket.get("location")),
        "owner": owner(ticket),
        "due": whole_due(ticket, now),
        "step": next_step(ticket, now),
    }


RINGING = ("relay", "reveal")
"""Ways to ring the resident, beside their name: without seeing the number comes first."""


def ringing(actions: Sequence[JSON]) -> list[JSON]:
    """Return those of the actions that are ways to ring the resident, in their order."""
    given = {a["action"]: a for a in actions}
    return [given[name] for name in RINGING if name in given]


LEADING = (
    "accept", "dispatch", "decide_objection", "sign", "resolve", "callback", "resume",
)  # fmt: skip
"""Actions that move a ticket on its usual way, first in the list of what one can do."""


def ordered(actions: Sequence[JSON], ticket: JSON) -> list[JSON]:
    """Return actions as they are needed: the usual next step first, the note last.

    Contact comes before all else until it has been made: that is the step with a deadline.
    """
    ranks = {action: rank for rank, action in enumerate(LEADING)}
    ranks["contact"] = len(LEADING) if ticket.get("first_contact_at") else -1
    ranks["note"] = len(LEADING) + 2
    return sorted(actions, key=lambda a: ranks.get(a["action"], len(LEADING) + 1))


def lead(actions: Sequence[JSON]) -> str:
    """Return the action that stands out, empty when only side steps are left."""
    first = actions[0]["action"] if actions else ""
    return first if first in (*LEADING, "contact") else ""


def photo_ids(ticket: JSON) -> set[str]:
    """Return the ids of all photos of a ticket: the resident's and the evidence of the work."""
    return {str(p) for p in (*(ticket.get("attachments") or ()), *(ticket.get("evidence") or ()))}


def detail(ticket: JSON, now: datetime, card: JSON | None) -> dict[str, Any]:
    """Return what the ticket page shows, apart from actions and events."""
    number = ticket["ticket_no"]
    shown = {
        "title": number, "narrative_original": "", "gist": None, "supplements": [], "flags": [], "leaf": None,
        "occurred_text": None, "due_at": None, "due_reason": None, "platform_due_at": None,
        "platform_due_reason": None, "duty": None, "channel": "",
        "reporter": None, "priority": "",
        **ticket,
        "place": place(ticket.get("location")),
        "owner": owner(ticket),
        "leaf_name": card.get("name") if card else None,
    }  # fmt: skip
    if shown["reporter"] is not None:
        shown["reporter"] = {"name": None, "phone": None, "contact_pref": None} | shown["reporter"]
    return {
        "t": shown,
        "due": whole_due(ticket, now),
        "step": next_step(ticket, now),
        "subject": subject(ticket.get("subject")),
        "extras": extras(ticket),
        "photos": _photo_urls(number, ticket.get("attachments")),
        "evidence": _photo_urls(number, ticket.get("evidence")),
    }


def _photo_urls(number: str, ids: Sequence[str] | None) -> list[str]:
    return [f"/console/tickets/{number}/photos/{photo}" for photo in ids or ()]


def subject(value: JSON | None) -> str:
    """Return whom a request is for, empty when it is the reporter."""
    if not value:
        return ""
    relation = RELATIONS.get(str(value.get("relation")), "")
    return " ".join(part for part in (relation, str(value.get("name") or "")) if part)


def proxy(auth: JSON | None, unchecked: bool) -> str:
    """Return by what right somebody acts for another; empty where nobody needs to know."""
    if not auth:
        return "还没核对凭什么代办，不影响先受理" if unchecked else ""
    since = date.fromisoformat(str(auth["since"]))
    who = auth.get("checked_by_name") or "工作人员"
    return f"{PROXIES[auth['kind']]}，{since.month}月{since.day}日起，{who}核对"


SUBSIDY = {"yes": "自己说有", "none": "自己说没有", "unsure": "自己说不清，请核对"}


def subsidy(said: JSON | None) -> str:
    """Return what a resident said of a meal's subsidy: the canteen checks it, nothing is promised."""
    if not said:
        return ""
    words = SUBSIDY.get(str(said.get("says")), "")
    if said.get("says") != "yes":
        return words
    return f"{said.get('words') or words}（居民自己说的，核对后再按补贴价）"


TRANSPORT = {"pickup": "要来接", "family": "家里人送", "walk": "自己走着去"}
WEEKDAYS = "一二三四五六日"


def days_of(appointment: JSON) -> str:
    """Return on which days of every week something is wanted; empty when it comes once."""
    if appointment.get("trial"):
        return "先试一天"
    habit = appointment.get("habit") or {}
    named = [WEEKDAYS[int(d) - 1] for d in habit.get("weekdays") or ()]
    return f"每周{'、'.join(named)}" if named else "每天" if habit else ""


def diets(appointment: JSON) -> str:
    """Return what is not eaten, of each portion where they differ: ``1份清真；1份少盐``."""
    each, names = appointment.get("diets") or [], _diet_names()
    told = [(e["portions"], e["diet"]) for e in each]
    if told and sum(n for n, _ in told) == appointment.get("portions"):
        return "；".join(
            f"{n}份{'、'.join(names.get(d, d) for d in diet) or '照常'}" for n, diet in told
        )
    return "、".join(names.get(str(d), str(d)) for d in appointment.get("diet") or [])


@lru_cache(maxsize=1)
def _diet_names() -> dict[str, str]:
    return dict(read_yaml((ROOT / "data" / "diets.yml").read_text(encoding="utf-8")))


def extras(ticket: JSON) -> list[tuple[str, str]]:
    """Return further facts that some kinds of ticket have, by Chinese name."""
    appointment, certificate = ticket.get("appointment") or {}, ticket.get("certificate") or {}
    meal = MEALS.get(str(appointment.get("meal")), "")
    portions = appointment.get("portions")
    facts = {
        "预约": " ".join(
            str(part)
            for part in (
                appointment.get("date"),
                meal,
                appointment.get("time"),
                f"{portions} 份" if portions else "",
            )
            if part
        ),
        "约什么": str(appointment.get("what") or ""),
        "哪几天": days_of(appointment),
        "怎么去": TRANSPORT.get(str(appointment.get("transport")), ""),
        "要注意": str(appointment.get("needs") or ""),
        "忌口": diets(appointment),
        "补贴": subsidy(appointment.get("subsidy")),
        "证明": str(certificate.get("name") or ""),
        "要去做什么": str(certificate.get("purpose") or ""),
        "谁要的": str(certificate.get("demanded_by") or ""),
        "告知书": told(ticket.get("privacy")),
        "请居民补充": _notice(ticket),
        "等居民补充": "；".join(map(str, ticket.get("need_items") or [])),
        "办理结果": str(ticket.get("reply") or ""),
        "没解决的原因": str(ticket.get("explanation") or ""),
        "重办原因": str(ticket.get("rework_reason") or ""),
    }
    return [*((name, value) for name, value in facts.items() if value), *threads(ticket)]


def _notice(ticket: JSON) -> str:
    """Return until when a resident can still be asked for what is missing, and what holds after that."""
    until = clock_words(ticket.get("notice_due_at"))
    if not until:
        return ""
    if "notice" in (ticket.get("missed") or ()):
        return f"{until}为止，已经过了：自收到之日起算受理，请按现有的办"
    return f"要请的话一次说全，最晚 {until}"


def told(privacy: JSON | None) -> str:
    """Return in words which privacy notice the resident was given, and how."""
    return f"{WAYS[privacy['how']]}（{privacy['version']}版）" if privacy else ""


FIELDS: dict[tuple[str, str], Field] = {
    (line.event, field.name): field for line in TRANSITIONS for field in line.fields
}
"""Event and name of a fact → the field of the workflow that asked for it."""

UNSAID = frozenset({"attachments", "orgs", "org", "person", "place", "leaf", "risk", "photo"})
"""Types of facts that are ids: the page shows what they mean elsewhere."""


def event(view: JSON) -> dict[str, Any]:
    """Return one line of the timeline: when, who, what, and the facts given with it, in words."""
    facts = [
        words
        for name, value in (view.get("data") or {}).items()
        if (words := fact(FIELDS.get((view["type"], name)), value))
    ]
    # By the clock, so nobody typed it; who may not read the ticket is not told.
    if view["type"] == "reminded" and (said := (view.get("data") or {}).get("say")):
        facts.append(said)
    if named := (view.get("data") or {}).get("risk_name"):
        facts.insert(0, str(named))
    return {
        "at": view["at"],
        "who": view["actor"]["name"],
        "what": view["text"],
        "detail": "\n".join(facts),
    }


def fact(field: Field | None, value: Any) -> str:
    """Return ``结果：联系上了``; empty for what nobody typed or what is an id."""
    if field is None or field.type in UNSAID or value in (None, "", [], False):
        return ""
    if field.options:
        value = field.options.get(str(value), value)
    if isinstance(value, Mapping):
        words = _together(field.name, value)
    else:
        words = "；".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{field.label}：{words}" if words else ""


def _together(name: str, value: JSON) -> str:
    """Return several facts that belong together in words: who can be reached how, what is ordered."""
    if name == "reporter":
        return "，".join(str(value[k]) for k in ("name", "phone", "contact_pref") if value.get(k))
    return "；".join(words for _, words in extras({name: value}))
