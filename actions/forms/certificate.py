"""Certificates: the appointment for a permitted one, and who demanded a forbidden one.

Which is which is the locality's policy (民发〔2020〕20号 and its local lists), asked from the services.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from actions.dialogue import load, pattern
from actions.forms import place, shared
from actions.forms.draft import CHANGE, CONFIRM, SUBMIT, Draft, Field, Form, Values
from actions.forms.replies import bare, is_question, is_skip, is_yes, leftover
from actions.message import Entity, Message
from actions.talk import corrections
from actions.talk.echo import mask_phone, say_time
from actions.texts import say

DATA = "certificates"
_ASIDE = frozenset({"ask_human", "cancel_dialog", "thank", "greet", "goodbye"})
OPENERS = frozenset(
    "report_problem ask_service request_certificate book_meal book_service query_progress urge_ticket "
    "supplement_ticket withdraw_ticket ask_community_info ask_notice make_suggestion".split()
)
"""Intents that are a new matter, not an answer to “谁让您开的”."""
NEW_MATTER = 0.6
_CLAUSE = re.compile(r"[\uff0c,。;\uff1b!\uff01?？\s]+")
_FACTS = frozenset({"address", "time", "phone", "certificate"})


def purpose_corrected(message: Message) -> str:
    """Return what a certificate is for instead (“不对，是给孩子上学用的”); empty when that is not corrected."""
    turned = corrections.of(message)
    if turned is None or any(e.type in _FACTS and turned.holds(e) for e in message.entities):
        return ""
    found = pattern(DATA, "purpose").search(turned.new)
    if found is not None:
        return found["what"]
    told = pattern(DATA, "purpose_end").search(turned.new)
    return pattern(DATA, "purpose_lead").sub("", turned.new[: told.start()]) if told else ""


def _purpose(message: Message, draft: Draft) -> Values:
    """Read what it is for; what was told is changed by a correction, or by its word over the summary."""
    if message.tapped:
        return {}
    if corrected := purpose_corrected(message):
        return {"purpose": corrected}
    found = pattern(DATA, "purpose").search(message.text)
    anew = draft.asked in (CONFIRM, CHANGE) and pattern(DATA, "purpose_end").search(message.text)
    return {"purpose": found["what"]} if found and (anew or not draft.get("purpose")) else {}


def _purpose_answer(message: Message, draft: Draft) -> Values:
    if message.tapped or is_skip(message) or not message.text.strip() or is_question(message):
        return {}
    rest = _of_offices(message)
    told = [e for e in message.entities if e.type in _FACTS and e not in rest]
    alone = pattern(DATA, "comes").fullmatch(leftover(message))
    if told and (corrections.of(message) or alone):
        return {}  # “不对，是5号楼”; “幸福小区3号楼” says where somebody lives, “礼拜四来” when they come
    return {"purpose": purpose_corrected(message) or message.text.strip()}


def other_kind(message: Message) -> bool:
    """Whether another certificate is meant than the one told (“不是居住证明，是困难证明”)."""
    turned = corrections.of(message)
    return turned is not None and any(turned.holds(e) for e in message.meant("certificate"))


def _kind(message: Message, draft: Draft) -> Values:
    return {"kind_said": message.id} if draft.asked and other_kind(message) else {}


def of_kind(draft: Draft, policy: Mapping[str, Any], permitted: bool) -> Draft:
    """Return the draft for the other certificate; one that is not written here ends the form.

    Args:
        draft: What is known so far: place, day and purpose stay.
        policy: What the locality says of the other certificate.
        permitted: Whether an appointment is made for it.
    """
    if not permitted:
        return replace(draft, outcome=SUBMIT, values={**draft.values, "handover": True})
    facts = {
        "certificate": {"no": policy.get("no"), "name": policy["name"]},
        "leaf": policy.get("leaf"),
        "policy": dict(policy),
    }
    return replace(draft, values={**draft.values, **facts})


PLACE = "place"
DEMANDED = "demanded"
DETAILS = ("volunteer_no", DEMANDED, "lived", "tenure")
"""What some units need to know beside place and day; which of them, the locality's policy says (``asks``)."""


def asked_for(draft: Draft) -> tuple[str, ...]:
    """Return what is asked for this certificate; a policy that says nothing asks for the place."""
    return tuple((draft.get("policy") or {}).get("asks") or (PLACE,))


def _detail(name: str) -> Field:
    """Return a question of the policy, in the resident's own words; it may be skipped."""

    def answer(message: Message, draft: Draft) -> Values:
        text = message.text.strip()
        if message.tapped or not text or is_skip(message) or is_question(message):
            return {}
        if is_yes(message) and not names_office(text):
            return {}  # “嗯” tells nothing yet
        return {name: demanded_by(text) or text if name == DEMANDED else text}

    def read(message: Message, draft: Draft) -> Values:
        unit = "" if name != DEMANDED or message.tapped else demanded_by(message.text)
        return {name: unit} if unit and not draft.get(name) else {}

    def needed(draft: Draft, message: Message) -> bool:
        return name in asked_for(draft) and not draft.get(name)

    return Field(name, needed, read=read, answer=answer, optional=True)


def _of_offices(message: Message) -> list[Entity]:
    """Return the places that are a school or an office in which nobody is said to live (“第三小学”)."""
    return [
        e
        for e in message.all("address")
        if pattern(DATA, "institution").search(str(e.text))
        and not pattern(DATA, "lives_there").search(message.text[: e.start])
        and not pattern(DATA, "beside_it").match(message.text[e.end :])
    ]


def _lives(message: Message, draft: Draft) -> Values:
    """Read where somebody lives; the school or office that wants the certificate is no such place.

    Asked where one lives, a school may be the answer; at any other question it is who wants the certificate.
    """
    unit = demanded_by(message.text) or (draft.asked == DEMANDED and message.text.strip()) or ""
    named = message.meant("address")
    if unit and named and all(str(e.text) in unit for e in named):
        return {}
    offices = [] if draft.asked == PLACE else _of_offices(message)
    homes = tuple(e for e in message.entities if e not in offices)
    return place.read(replace(message, entities=homes), draft)


FORM = Form(
    name="certificate",
    keeps=("certificate", "leaf", "policy", "later"),
    essential="narrative",
    early=True,
    fields=(
        Field("kind", needed=lambda d, m: False, read=_kind),
        Field(
            "purpose",
            needed=lambda d, m: not d.get("purpose"),
            read=_purpose,
            answer=_purpose_answer,
            optional=True,
        ),
        replace(place.field(wanted=lambda draft: PLACE in asked_for(draft)), read=_lives),
        *(_detail(name) for name in DETAILS),
        Field("when", needed=lambda d, m: not d.get("when"), read=shared.coming, optional=True),
        Field("who", needed=lambda d, m: False, read=shared.who()),
        Field("narrative", needed=lambda d, m: False, read=shared.words()),
    ),
)


def summary(draft: Draft, message: Message) -> list[tuple[str, str]]:
    """Return the appointment as (heading, words)."""
    lines = [
        (
            say("heading_certificate"),
            str((draft.get("certificate") or {}).get("name") or say("a_certificate")),
        )
    ]
    if draft.get("purpose"):
        lines.append((say("heading_purpose"), str(draft.get("purpose"))))
    if PLACE in asked_for(draft) or place.say(draft):
        lines.append((say("heading_lives"), place.say(draft) or say("told_there")))
    lines += details(draft)
    when = draft.get("when")
    lines.append(
        (say("heading_day_comes"), say_time(when, message.now) if when else say("agreed_later"))
    )
    lines += shared.say_subject(draft, say("heading_errand_for"))
    if draft.get("phone"):
        lines.append((say("heading_phone"), mask_phone(str(draft.get("phone")))))
    return lines


def details(draft: Draft) -> list[tuple[str, str]]:
    """Return what the policy asked for and was told, as (heading, words)."""
    return [(say(f"heading_{d}"), str(draft.get(d))) for d in DETAILS if draft.get(d)]


def to_ticket(draft: Draft, conversation_id: str) -> dict[str, Any]:
    """Return the body of ``POST /tickets`` for the appointment."""
    certificate = draft.get("certificate") or {}
    told = draft.get("narrative") or say(
        "told_certificate", name=certificate.get("name") or say("a_certificate")
    )
    told = "\n".join([told, *(f"{heading}：{words}" for heading, words in details(draft))])
    return {
        **shared.booking(draft, conversation_id, str(draft.get("leaf")), told),
        "appointment": shared.appointment(draft),
        "certificate": {
            "no": certificate.get("no"),
            "name": certificate.get("name"),
            "purpose": draft.get("purpose"),
            **({"demanded_by": draft.get("demanded")} if draft.get("demanded") else {}),
        },
        "incomplete": bool(draft.get("incomplete")),
        **place.to_ticket(draft),
    }


def wants_sheet(text: str) -> bool:
    """Whether somebody asks for a paper to show to whoever demands the certificate."""
    refused = pattern(DATA, "demand", "no_sheet").search(text)
    return bool(pattern(DATA, "demand", "sheet").search(text)) and not refused


LOOP = "loop"
"""Handover of the question who demanded it: nobody writes the certificate."""


def sent_to_and_fro(message: Message) -> bool:
    """Whether the office that should write it refuses, too (“派出所也不给开”): 证明循环."""
    return not message.tapped and bool(pattern(DATA, "loop").search(message.text))


def demanded_by(text: str) -> str:
    """Return the unit that wants the certificate, when the message names one; “银行” alone is none."""
    found = pattern(DATA, "demand", "unit").search(text)
    unit = pattern(DATA, "demand", "lead").sub("", found["unit"]) if found else ""
    if named := pattern(DATA, "demand", "named").match(bare(text)):  # “学校是县一中”
        unit = named["unit"] or named["which"]
    return unit if unit and not _vague(unit) else _in_full(text)


def _vague(unit: str) -> bool:
    return unit in load(DATA)["demand"]["vague"]


def _in_full(text: str) -> str:
    """Return the unit of which a clause says that it wants it (“学校要的，青禾一中”), or an empty text."""
    offices = [bare(c) for c in _CLAUSE.split(text) if names_office(c)]
    units = [_unit(office) for office in offices]
    wanted = units != offices and len(offices) > 1
    return next((u for u in units if not _vague(u)), "") if wanted else ""


def _unit(office: str) -> str:
    """Return the name alone of what ``names_office`` (“青禾二小让我开的” → 青禾二小)."""
    return pattern(DATA, "demand", "unit_end").sub("", bare(office))


def described(text: str) -> str:
    """Return the kind of certificate that words describe without its name (“我还活着那个”), or an empty text."""
    rows = load(DATA)["described"]
    return next((str(row["name"]) for row in rows if re.search(row["says"], text)), "")


def told_name(text: str) -> str:
    """Return the name of a paper of which only the words before it say what it certifies (“孤儿的条子”), or empty."""
    found = pattern(DATA, "nameless").search(text)
    what = found["what"].removesuffix("的") if found else ""
    named = what and not pattern(DATA, "not_name").search(what)
    return say("certificate_of", what=what) if named else ""


def several(message: Message) -> list[str]:
    """Return the kinds of which a message wants one each, in the order told; empty for one alone.

    They are counted (“两样，一样住这儿的，一样没工作的”) or strung together (“…，再开个没工作的”). A long story
    of one certificate may describe two kinds: without the counting, each piece has to wish for one.
    """
    named = message.meant("certificate")
    if any(isinstance(e.value, str) for e in named):
        return []  # one of them was chosen: the others wait already
    names = [_kind_of(piece, message) for piece in _pieces(message.text)]
    told = list(dict.fromkeys(filter(None, names)))
    return told if len(told) > 1 else []


def _pieces(text: str) -> list[str]:
    if counted := pattern(DATA, "several", "counted").search(text):
        rest = text[counted.end() :]
        _, *each = pattern(DATA, "several", "each").split(rest)
        return each if len(each) > 1 else pattern(DATA, "several", "apart").split(rest)
    pieces = pattern(DATA, "several", "joined").split(text)
    wished = all(pattern(DATA, "several", "wishes").search(piece) for piece in pieces)
    return pieces if wished else []


def _kind_of(piece: str, message: Message) -> str:
    """Return the kind that a piece of the message names, or describes."""
    names = (e for e in message.meant("certificate") if e.text and e.text in piece)
    return next((str(e.text) for e in names), "") or described(piece)


def asks_which(message: Message) -> bool:
    """Whether somebody asks what the community writes at all (“你们都能开哪些证明”), and no kind is meant."""
    text = message.text
    if message.tapped or message.intent == "emergency":
        return False
    asks = pattern(DATA, "which", "asks").search(text)
    return bool(asks) and not pattern(DATA, "which", "not_asks").search(text)


def asks_needed(message: Message) -> bool:
    """Whether somebody asks which certificate a matter takes (“办低保要开啥证明”), and names none."""
    if message.tapped or message.intent == "emergency" or message.meant("certificate"):
        return False
    return bool(pattern(DATA, "needed").search(message.text))


def opens(message: Message) -> bool:
    """Whether a message asks for a paper with a seal, whatever else it was taken for (“给我开张介绍信”)."""
    return not message.tapped and bool(pattern(DATA, "opens").search(message.text))


def names_office(text: str) -> bool:
    """Whether the words only name an office, and so answer “谁让您开的”, whatever they sound like."""
    return bool(pattern(DATA, "demand", "office").match(bare(text)))


def _office(text: str) -> str:
    """Return the words that name an office and nothing else (“哪个会要这个嘛，银行撒”), or an empty text."""
    if names_office(text):
        return text.strip()
    pieces = [p.strip() for p in re.split(r"[，,。！!？?；;\s]+", text) if p.strip()]
    wonders = len(pieces) == 2 and pattern(DATA, "demand", "wonders").search(pieces[0])
    return pieces[1] if wonders and names_office(pieces[1]) else ""


def unit_corrected(message: Message) -> str:
    """Return which unit wants it instead (“不是银行要的，是公证处要的”); empty when that is not corrected."""
    turned = corrections.of(message)
    if turned is None or not names_office(turned.new):
        return ""
    return _unit(turned.new)


def refuses_sheet(text: str) -> bool:
    """Whether somebody says that the paper to show is not needed (“不用告知单”)."""
    return bool(pattern(DATA, "demand", "no_sheet").search(text))


def of_sheet(text: str) -> bool:
    """Whether the words are about the paper to show, wanted or not."""
    return wants_sheet(text) or refuses_sheet(text)


def _how_demanded(message: Message, draft: Draft) -> Values:
    """Read how it was demanded (“没给我看文件，就口头说的”): it goes along, and names no unit by itself."""
    if message.tapped or not pattern(DATA, "demand", "how").search(message.text):
        return {}
    told = f"{draft.get('narrative') or ''}，{message.text.strip()}".lstrip("，")
    offices = (_unit(c) for c in _CLAUSE.split(message.text) if names_office(c))
    unit = demanded_by(message.text) or next(offices, "")
    return {"narrative": told, "how": message.id, **({"demanded_by": unit} if unit else {})}


def _demand_answer(message: Message, draft: Draft) -> Values:
    if sent_to_and_fro(message):
        return {"handover": LOOP}
    if not message.tapped and wants_sheet(message.text):
        return {"sheet": message.id}
    if not message.tapped and refuses_sheet(message.text):
        return {"no_sheet": message.id}
    if how := _how_demanded(message, draft):
        return how
    if draft.get("said_by") and is_yes(message):
        return {"demanded_by": draft.get("said_by")}
    if other_kind(message):
        return {"handover": "request_certificate"}
    if unit := unit_corrected(message):
        return {"demanded_by": unit, "corrected": True}
    if new_matter(message):
        return {"handover": message.intent}
    if office := _office(message.text):  # “派出所要的”, though 要的 also says yes
        return {"demanded_by": demanded_by(message.text) or _unit(office)}
    return _no_office(message, draft)


def _no_office(message: Message, draft: Draft) -> Values:
    """Read an answer to “谁让您开的” that is no bare name: a question names nobody, pressure often does."""
    if is_question(message):
        return {"handover": message.intent} if message.intent in OPENERS else {}
    if not message.tapped and pattern(DATA, "purpose_end").search(bare(message.text)):
        return {"narrative": f"{draft.get('narrative') or ''}，{message.text.strip()}".lstrip("，")}
    if pattern("certificates", "demand", "pressed").search(message.text):
        unit = demanded_by(message.text)
        if unit or not draft.get("pressed"):
            return {"demanded_by": unit} if unit else {"pressed": message.id}
    if is_yes(message) and not message.tapped and draft.asks.get("demanded_by", 0) < 2:
        return {}  # “嗯” names nobody yet
    if is_yes(message) or is_skip(message) or message.intent in _ASIDE or not message.text.strip():
        return {"unknown": True}
    return {"demanded_by": message.text.strip()}


def new_matter(message: Message) -> bool:
    """Whether the message is another matter instead of an answer to “谁让您开的”."""
    if _office(message.text):
        return False
    return message.intent in OPENERS and message.confidence >= NEW_MATTER and not message.uncertain


DEMAND = Form(
    name="demand",
    confirm=False,
    fields=(
        Field(
            "demanded_by",
            needed=lambda d, m: not (d.get("demanded_by") or d.get("unknown") or d.get("handover")),
            answer=_demand_answer,
            optional=True,
        ),
    ),
)


def to_clue(draft: Draft, conversation_id: str) -> dict[str, Any]:
    """Return the body of the low-priority clue: who demands a certificate that none may demand."""
    certificate = draft.get("certificate") or {}
    demanded_by = str(draft.get("demanded_by"))
    name, told = certificate.get("name") or say("a_certificate"), draft.get("narrative") or ""
    return {
        "conversation_id": conversation_id,
        "kind": "consult",
        "leaf": "A4",
        "narrative": say("clue_narrative", unit=demanded_by, name=name, told=told),
        "confidential": True,
        "certificate": {
            "no": certificate.get("no"),
            "name": certificate.get("name"),
            "demanded_by": demanded_by,
        },
        "nlu": {"leaf": "A4", "round": draft.round},
    }
