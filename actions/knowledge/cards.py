"""A service card in words, for every channel: whole, and the part that a follow-up asks for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from actions.client import Json
from actions.dialogue import pattern
from actions.forms import bookable
from actions.knowledge.follow_ups import APPOINTMENT, FILE, PART, PROXY
from actions.texts import say
from actions.turn import Button, button

TITLES = {APPOINTMENT: say("button_appointment"), PROXY: say("button_proxy")}
"""What the offers of a card are called on their buttons."""
PRINT = say("button_print")
AGAIN = say("button_card")
BOOK = say("button_book")
ROWS = (
    (say("heading_where"), "where"),
    (say("heading_limit"), "limit"),
    (say("heading_fee"), "fee"),
    (say("heading_phone"), "phone"),
)


def card_text(card: Json, elder: bool = False) -> str:
    """Return the card in words: what, who, bring, where, how long, source (一次告知).

    In large-type mode what to bring and where come first, and the rest is asked for.
    """
    card = {**card, **in_short(card)} if elder else card
    lines = [f"【{card['name']}】{card.get('summary') or ''}"]
    if card.get("who") and not elder:
        lines.append(say("card_for", words=str(card["who"]).rstrip("。")))
    if card.get("conditions") and not elder:
        lines.append(say("card_conditions", words="；".join(card["conditions"])))
    if card.get("materials"):
        lines.append(say("card_bring", words="、".join(card["materials"])))
    for heading, key in ROWS[:1] if elder else ROWS:
        if card.get(key):
            lines.append(f"{heading}：{card[key]}")
    if elder:
        return "\n".join([*lines, say("card_more", elder)])
    if card.get("power"):
        lines.append(str(card["power"]))
    lines.append(source(card, elder))
    lines.append(say("card_more", elder))
    return "\n".join(line for line in lines if line)


def in_short(card: Json) -> Json:
    """Return the card's own words for large-type mode, by the field they stand for; empty without any."""
    return {key: words for key, words in (card.get("elder") or {}).items() if words}


LOCAL_GUIDE = say("card_local_guide")
"""Title of a source that the county has still to fill in (docs/cards.md): no such paper exists."""


def titles(card: Json) -> str:
    """Return the card's sources in words, with articles; empty when it names none."""
    return "；".join(
        say("card_local_rule", words=s.get("ref") or "")
        if s["title"] == LOCAL_GUIDE
        else f"《{s['title'].strip('《》')}》{s.get('ref') or ''}"
        for s in card.get("sources") or []
    )


def source(card: Json, elder: bool) -> str:
    """Return the basis, from when to when the statement counts, and that the window decides."""
    named = titles(card)
    dates = {
        "date": card.get("valid_from") or "",
        "until": card.get("valid_to") or say("until_told"),
    }
    words = say("card_source", elder, sources=named, **dates) if named else ""
    return words + say("card_local")


def local(card: Json) -> str:
    """Return “以当地窗口为准” where the locality decides, else nothing."""
    return say("card_local") if card.get("confirm_locally") else ""


def card_data(card: Json, elder: bool = False) -> Json:
    """Return the card for the widget: materials as a checklist, the rest as rows, pages as links."""
    card = {**card, **in_short(card)} if elder else card
    keys = ("where",) if elder else ("who", "where", "limit", "fee", "phone", "power")
    summary = [x for x in (card.get("summary"),) if x]
    return {
        "type": "service",
        "title": card["name"],
        **known(card),
        "lines": summary if elder else [*summary, *(card.get("conditions") or [])],
        "materials": card.get("materials") or [],
        **{k: card.get(k) for k in (*keys, "valid")},
        "links": links(card),
        "source": source(card, elder),
    }


def known(card: Json) -> Json:
    """Return which card of the catalogue it is, for the ticket that may follow (``knowledge_refs``)."""
    return {"leaf": card.get("id"), "version": card.get("version")}


def links(card: Json) -> list[Json]:
    """Return the pages of a card: the printable notice and, when there is one, where it is done."""
    pages = [{"title": PRINT, "url": card["notice"]}] if card.get("notice") else []
    return [*pages, card["link"]] if card.get("link") else pages


def buttons(card: Json) -> list[Button]:
    """Return what the card offers to do now, each a tap that leads somewhere."""
    kinds = [kind for kind in TITLES if kind in (card.get("offers") or [])]
    if bookable.spec(str(card["id"])) and APPOINTMENT in kinds:
        payload = f'/ask_service{{"service":"{card["id"]}","about":"{PART}{APPOINTMENT}"}}'
        return [button(BOOK, payload)]
    if card.get("kind") != "办事":
        return []
    wanted = [(TITLES[kind], kind) for kind in kinds]
    if card.get("materials"):
        wanted.append((say("button_materials"), "print"))
    return [
        button(title, f'/ask_service{{"service":"{card["id"]}","about":"{PART}{part}"}}')
        for title, part in wanted
    ]


def again(card: Json) -> Button:
    """Return the button that shows the whole card, also while its errand is being arranged."""
    return button(AGAIN, f'/ask_service{{"service":"{card["id"]}","about":"{PART}again"}}')


def part_text(card: Json, part: str, lacked: str = "", *, elder: bool = False) -> str:
    """Return the answer to a follow-up; a card that does not say it says so.

    Args:
        card: The card, valid at present.
        part: A part of ``data/dialogue/follow_ups.yml``.
        lacked: What the resident does not have, for ``lacking``.
        elder: In the words of large-type mode.
    """
    phone = card.get("phone") or ""
    values: dict[str, Any] = {
        "name": card["name"],
        "phone": phone,
        "thing": lacked,
        "ask": say("card_ask_phone", phone=phone) if phone else "",
        **PARTS[part](card),
    }
    key = values.pop("key", f"card_{part}")
    said = say(key if values["words"] else "card_part_missing", elder, **values)
    return said + local(card)


def _field(name: str) -> Callable[[Json], Json]:
    def words(card: Json) -> Json:
        value = card.get(name)
        return {"words": "、".join(value) if isinstance(value, list) else value}

    return words


def _office(card: Json) -> Json:
    words = " ".join(filter(None, (card.get("office"), card.get("phone"))))
    return {"words": words, "power": card.get("power") or ""}


def _who(card: Json) -> Json:
    told = card.get("conditions") or [card.get("who")]  # both would say the same twice
    return {"words": "；".join(str(t).rstrip("。") for t in told if t)}


def _amount(card: Json) -> Json:
    """What is paid out; most amounts are local, so a card seldom names one and says so."""
    told = [card.get("summary"), *(card.get("conditions") or []), card.get("limit")]
    sentences = [s.strip() for t in told if t for s in re.findall(r"[^。；]+", str(t))]
    words = "；".join(s for s in sentences if pattern(FILE, "amount_said").search(s))
    return {"words": f"{words}。"} if words else {"words": True, "key": "card_amount_unknown"}


def _deputy(card: Json) -> Json:
    if PROXY in (card.get("offers") or []):
        return {"words": True}
    told = [*(card.get("conditions") or ()), card.get("where") or ""]
    said = [
        s
        for t in told
        for s in re.split("[。；]", str(t))
        if pattern(FILE, "deputy_said").search(s)
    ]
    key = "card_deputy_said" if said else "card_deputy_unknown"
    return {"words": "；".join(said) or True, "key": key}


def _visit(card: Json) -> Json:
    """“能上门吗”: somebody does it, it is booked, or the card itself says where; else nobody knows."""
    offered = PROXY in (card.get("offers") or [])
    if any(b["title"] == TITLES[PROXY] for b in buttons(card)):
        return {"words": True}
    if offered and bookable.spec(str(card["id"])):
        return {"words": True, "key": "card_visit_booked"}
    if offered:
        return {"words": card.get("where"), "key": "card_where"}
    return {"words": True, "key": "card_visit_unknown"}


def _online(card: Json) -> Json:
    page = card.get("link")
    return {"words": f"{page['title']}（{page['url']}）" if page else None}


def _validity(card: Json) -> Json:
    return {"words": card.get("valid_from"), "until": card.get("valid_to") or say("until_told")}


def _how(card: Json) -> Json:
    bring = "、".join(card.get("materials") or [])
    said = say("card_how_bring", words=bring) if bring else ""
    return {"words": card.get("where"), "bring": said}


def _print(card: Json) -> Json:
    return {"words": "\n".join(f"□ {item}" for item in card.get("materials") or [])}


PARTS: dict[str, Callable[[Json], Json]] = {
    "materials": _field("materials"),
    "where": _field("where"),
    "hours": _field("where"),
    "limit": _field("limit"),
    "fee": _field("fee"),
    "amount": _amount,
    "phone": lambda card: {"words": card.get("phone"), "office": card.get("office") or ""},
    "office": _office,
    "who": _who,
    "deputy": _deputy,
    "visit": _visit,
    "online": _online,
    "source": lambda card: {"words": titles(card), "key": "card_basis"},
    "why": lambda card: {"words": titles(card), "key": "card_basis"},
    "validity": _validity,
    "promise": _field("limit"),
    "how": _how,
    "print": _print,
    "lacking": _field("materials"),
}
"""What each part of ``data/dialogue/follow_ups.yml`` says: the values of its sentence, and ``key``
when it is another sentence than ``card_<part>``. ``words`` without a value: the card does not say."""
