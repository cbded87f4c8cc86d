"""The report form: a problem in the resident's own words becomes a ticket."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from actions.dialogue import load, pattern
from actions.forms import extra, lacking, meal, neighbours, occurred, place, shared
from actions.forms.draft import Draft, Field, Form, Values
from actions.forms.replies import (
    NONE_OF_THEM,
    bare,
    choice,
    is_no,
    is_question,
    is_restart,
    is_skip,
    is_stop,
    is_yes,
    leftover,
    names_place,
    only_predicate,
    opens_only,
    plain_yes,
    summary_question,
)
from actions.knowledge import leaves
from actions.message import Entity, Message
from actions.talk import conduct, contact, corrections, gist, going_on, manners, speaking
from actions.talk.echo import RELATIONS, mask_phone, say_address, say_since
from actions.texts import say
from actions.tickets import own, secrecy

SURE = 0.45
FAINT = 0.3
"""Below this confidence the matters of a long story are guesses: none of them is offered."""
"""From this confidence on the matter is taken as understood; below it one question with choices."""
CLEAR_LEAD = 0.15
"""The lead over the next best reading that also counts as understood."""
NO_LEAF = "none"
"""The label of a matter that no leaf of the catalogue covers."""
NEWS = 6
"""Words beyond entities and filler from which on an answer also belongs to the story."""
NEWS_OF_PROBLEM = 3
"""The same, when the answer by itself sounds like a problem (“…楼道灯坏了”)."""
THIN = 5
"""A story this short (“坏了”) does not say what it is about yet: the next words may."""
NAME_ALONE = 12
"""A name in so short a message is an answer: the caller's own."""
STORY_LONG = 40
"""In a story longer than this a relative is a person in it, unless it says “替我妈”."""
ORDER = "order"
"""The order that a meal complained of was: ``{ticket_no, words}``, looked up; ``{}`` when there is none."""
STORY = say("heading_story")
"""Heading of the story in the summary."""

EATEN = "J7"
"""The leaf of bad goods and food that somebody sold."""
SURE_PROBLEM = 0.6
"""Confidence of the intent from which on an answer is taken as told of the matter."""
_MISREAD = frozenset(
    {"supplement_ticket", "give_praise", "ask_human", "ask_accessibility", "urge_ticket"}
)
_STORY = frozenset(
    "report_problem reject_resolution urge_ticket supplement_ticket book_service emergency "
    "complain_assistant".split()
)
"""What goes on with a story is taken for, when it has no matter of its own."""
_NO_NEWS = frozenset(
    "ask_human ask_anonymity ask_capability thank greet goodbye chitchat complain_assistant "
    "cancel_dialog rate_service affirm deny".split()
)
"""Said over the summary, these are about us, not about the matter."""

_HOURS = re.compile(
    r"[一二三四五六七八九十\d]+点|半夜|夜里|晚上|晚黑|天天|每天|每晚|成天|整天|一直|早上|清早|清晨|白天|中午|凌晨|下午|"
    r"傍晚|天不亮|擦黑|昨|今|前天|这几天|这段时间|周末|饭点|一天到[晚黑头]|通宵|[成一]宿|白[天日]黑[夜了]|没日没夜|成夜|整夜"
)
_KEEP_SECRET = re.compile(
    r"(别|不要|莫|不能|千万别|可别)(说|讲|告诉|透露|让).{0,8}(我|俺|知道|晓得)|保密|匿名|别露我|^(就|我|俺|那|也|还是)*不(留|署|写|报|露|提)(姓)?名(字)?(了)?(吧|啊|嘛|哈)*$|"
    r"(别|不要|莫|甭|不能)(提|漏|露|点)(是|起|到|出)?(我|俺)(的)?(说|讲|报|反映|告|投诉|举报|名)"
)
_NOT_SECRET = re.compile(r"不(用|需要|要)(保密|匿名)|可以(说|公开)是我")
_OWN_NAME = re.compile(r"(我|俺)(叫|姓|是|名)|免贵|名字(写|改|填|用|叫|是)|(写|填)(上)?.{0,6}名")
_CLAUSE_BEFORE = re.compile(r"[^\uff0c,。；;！!\n]*$")
_NAMES_SELF = re.compile(r"(我|俺|本人)(就)?(叫|姓|是|名叫)$")
_NAME_WRITTEN = re.compile(
    r"名字?(?:写|改成|改为|填|用|留)(?:成|上)?(?:我|俺)?.{0,4}?的?[,\uff0c、 ]?"
    r"(?!爱人|老伴|儿子|女儿|闺女|媳妇|老公|妈|爸|错)([\u4e00-\u9fff]{2,3})$"
)
"""“名字写我爱人的，李强”."""
_TURNS_AROUND = re.compile(r"不是.+?[,\uff0c]?是|是.+不是|(写|说|记)错")
"""A correction of words that no field holds (“是2楼不是3楼”): it belongs to the story."""
_DOOR = re.compile(r"\d{2,4}(室|号)?")
_DOOR_OF = re.compile(r"(?:是|住|在)(?<!\d)\d{3,4}(?:室|号|的)?$")
"""Whose door it is (“他是702”), said where the hours were asked."""
_STOREY = re.compile(
    r"(?:我家?|俺家?)?(?:住|在|是)*(?:[一二三四五六七八九十]{1,3}|\d{1,2})(?:楼|层)(?:的|那家|那户)?"
)
_THEIR_HOME = re.compile(r"(家|屋)(里|头)?")
_ON_BEHALF = re.compile(r"(替|帮|给|代)(我|俺|咱)?(们)?$")
_FOR_SOMEONE = re.compile(r"替|帮|给|代|咱|我|俺")


def _only_answers(message: Message, draft: Draft) -> bool:
    """Whether the words answer what was asked and tell nothing of the matter."""
    if draft.asked == "who" and not conduct.tells_of(message.text):
        return True
    if neighbours.counts_me(message):
        return True
    if draft.asked in ("desk", extra.FIELD) or neighbours.stays_alone(message, draft):
        return True
    return draft.asked == "contact" and is_skip(message)


def _narrative(message: Message, draft: Draft) -> Values:
    """Add what was said to the story, verbatim; plain answers and corrections are no story."""
    text = message.verbatim.strip()
    if not text or message.pinned or (message.tapped and draft.get("narrative")):
        return {}
    story = draft.get("narrative")
    if not story:
        nothing = is_restart(message) or _tells_nothing(message, draft) or plain_yes(message)
        empty = opens_only(text) or (nothing and conduct.about(text) is None)
        return {} if empty else {"narrative": text}
    if draft.asked in ("confirm", "change") and summary_question(message):
        return {}
    if _other_matter(message, draft) or _who_corrected(message, draft):
        return {} if text in story else {"narrative": f"{story}\n{text}"}
    reach = _whose_home(message)
    plain = message.intent == "ask_anonymity" or is_yes(message) or is_no(message)
    if not reach and (plain or _only_answers(message, draft)):
        return {}
    if text in story or is_stop(message) or contact.only_reaching(message):
        return {}
    if only_predicate(message) or (draft.asked == "occurred" and _DOOR_OF.search(text)):
        return {"narrative": f"{story}\n{text}"}
    more = reach or going_on.tells_on(message)
    if more or (draft.asked == "place" and _tells_more(message)):
        return {"narrative": f"{story}\n{text}"}  # more of the same, whatever was asked
    if draft.asked == "place" and not (message.all("address") or names_matter(message, draft)):
        return {}
    if not is_news(message, draft):
        return {}
    return {"narrative": f"{story}\n{text}"}


def _at_our_canteen(message: Message, draft: Draft) -> str | None:
    """Return the leaf of our own meals when that is where something bad was eaten, told after the rest."""
    ate = draft.get("leaf") == EATEN and not message.tapped
    ours = ate and pattern("meals", "our_canteen").search(bare(message.text))
    return meal.LEAF if ours else None


def _whose_home(message: Message) -> bool:
    """Whether the words tell how far it reaches (“就我一家”, “整栋楼都停了”), whatever was asked."""
    told = (pattern("forms", key).search(bare(message.text)) for key in ("one_home", "others_too"))
    return not message.tapped and any(told)


def _tells_more(message: Message) -> bool:
    """Whether words at the question for the place tell more of the matter, and name no place."""
    if message.all("address") or names_place(message.text) or is_question(message):
        return False
    told = message.intent in _STORY and bool(pattern("forms", "tells").match(bare(message.text)))
    return told and not message.tapped


def _tells_nothing(message: Message, draft: Draft) -> bool:
    """Whether an answer to “什么事” is surely none (a greeting, a word into the blue)."""
    if draft.asked == "narrative" and message.uncertain:
        words = bare(message.text)
        return len(set(words)) == 1 or (len(words) <= THIN and not _understood(message))
    return (
        draft.asked == "narrative"
        and message.confidence >= SURE_PROBLEM
        and message.intent in (_NO_NEWS | {"out_of_scope"})
    )


def is_news(message: Message, draft: Draft) -> bool:
    """Whether the message tells more of the matter than the value that was asked for."""
    words = len(leftover(message))
    if names_matter(message, draft):
        return True
    if len(set(bare(message.text))) == 1:
        return False  # “嘎嘎嘎嘎”
    if _DOOR.fullmatch(bare(message.text)):
        return False  # the number of a door is the place's
    facts = any(e.type != "count" for e in message.entities)  # “说过三回了” counts and tells
    if draft.asked in ("confirm", "change") and not facts:  # else it is a correction
        if _TURNS_AROUND.search(message.text):
            return True
        return words >= 2 and not (is_skip(message) or message.intent in _NO_NEWS)
    sounds = message.intent == "report_problem" and message.confidence >= SURE_PROBLEM
    return words >= (NEWS_OF_PROBLEM if sounds else NEWS)


def names_matter(message: Message, draft: Draft) -> bool:
    """Whether the message names the thing that a story of two words left open (“坏了”, “路灯”)."""
    story = bare(str(draft.get("narrative") or ""))
    told = draft.get("leaf") and own.mended(story) and not own.mended(message.text)
    return (
        not message.tapped
        and not told  # “马桶堵了” left nothing open: “我自己家的” names no other matter
        and len(story) <= THIN
        and bool(draft.asked)
        and message.intent == "report_problem"
        and message.confidence >= SURE_PROBLEM
        and not only_predicate(message)
        and not message.all("address")
        and not _STOREY.fullmatch(bare(message.text))
        and _understood(message)
    )


def _understood(message: Message) -> bool:
    leaf = message.leaf
    if leaf is None:
        return False
    second = leaf.alternatives[0][1] if leaf.alternatives else 0.0
    return leaf.confidence >= SURE or leaf.confidence - second >= CLEAR_LEAD


def _leaf(message: Message, draft: Draft) -> Values:
    """Take the matter over; while the summary stands, a clear other matter corrects it."""
    empty = opens_only(message.text) or is_restart(message)
    if empty or _tells_nothing(message, draft):
        return {}  # “我要投诉” does not say what about
    if not draft.get("narrative") and (message.intent == "book_meal" or own.meal_wrong(message)):
        return {"leaf": meal.LEAF, "leaf_options": []}  # what was wrong with one, no order
    if other := _other_matter(message, draft) or _at_our_canteen(message, draft):
        return {"leaf": other, "leaf_options": []}
    if not draft.get("leaf") and (sure := _surely(message)):
        return {"leaf": sure, "leaf_options": []}
    if message.intent in _MISREAD and not draft.get("narrative"):
        # What opened a report is one, whatever else it was taken for; its matter is read back.
        found = (r.leaf for r in message.readings if r.intent == "report_problem" and r.leaf)
        leaf = next(found, None)
        return {"leaf": leaf, "leaf_options": []} if leaf else {}
    if message.leaf is None or message.intent not in (
        "report_problem",
        "affirm",
        "emergency",
        "ask_anonymity",
    ):
        return {}
    corrects = (
        message.tapped
        or names_matter(message, draft)
        or (draft.asked in ("change", "confirm") and len(leftover(message)) >= NEWS)
    )
    if draft.get("leaf") and not corrects:
        return {}
    if _understood(message):
        return {"leaf": message.leaf.id, "leaf_options": []}
    if draft.get("leaf_options") is not None:
        return {}
    options = [message.leaf.id, *(leaf for leaf, _ in message.leaf.alternatives)]
    told = [leaf for leaf in options if leaf in load("forms")["in_so_many_words"]]
    named = [x for x in told if pattern("forms", "in_so_many_words", x).search(message.text)]
    if len(named) == 1:
        return {"leaf": named[0], "leaf_options": []}
    if gist.is_long(message.text) and message.leaf.confidence < FAINT:
        return {"leaf_options": []}  # a story of which nothing was understood: a person reads it
    named = [leaf for leaf in options if leaf != NO_LEAF and leaves.may_be_offered(leaf)]
    return {"leaf_options": named[:3]}


def _surely(message: Message) -> str | None:
    """Return the matter that the words name whatever they are taken for, or None."""
    told = () if message.tapped else load("forms")["surely"]
    return next((x for x in told if pattern("forms", "surely", x).search(message.text)), None)


def _other_matter(message: Message, draft: Draft) -> str | None:
    """Return the matter that takes the place of the one told (“不是楼道灯，是电梯”), or None."""
    known = draft.get("leaf")
    if not (known or draft.get("leaf_options")) or draft.get("about"):
        return None
    other = corrections.matter(message)
    return other if other != known else None


def _indoors(message: Message, draft: Draft) -> Values:
    """Take a matter of the street for that of the house when a unit or a door was named."""
    leaf = _leaf(message, draft).get("leaf") or draft.get("leaf")
    rule = load("forms")["indoors"].get(leaf)
    if rule is None:
        return {}
    said = place.read(message, draft).get("address") or draft.get("address") or {}
    words = f"{draft.get('narrative') or ''}{message.text}"
    inside = (said.get("unit") or said.get("room")) and not re.search(rule["unless"], words)
    return {"leaf": rule["leaf"]} if inside else {}


def _needs_leaf(draft: Draft, message: Message) -> bool:
    return (
        not draft.get("leaf") and bool(draft.get("leaf_options")) and draft.asks.get("leaf", 0) < 2
    )


def _leaf_answer(message: Message, draft: Draft) -> Values:
    """Read the answer to “是哪一种”; other words go into the story and a person sorts them."""
    options = draft.get("leaf_options") or []
    index = choice(message, [leaves.name(leaf) for leaf in options])
    if index is not None:
        return {"leaf": options[index], "leaf_options": []}
    if is_yes(message) and not message.tapped:
        return {}  # “对” names none of several
    if message.tapped and message.leaf:
        return {"leaf": message.leaf.id, "leaf_options": []}
    if is_no(message) or NONE_OF_THEM.search(message.text):
        return {"leaf": NO_LEAF, "leaf_options": []}
    if not leftover(message):
        return {}
    known = _understood(message) and message.leaf is not None
    return {"leaf": message.leaf.id if known and message.leaf else NO_LEAF, "leaf_options": []}


def _occurred_answer(message: Message, draft: Draft) -> Values:
    """Take free words as the hours; a yes, a no and a question name none."""
    text = message.text.strip()
    if message.tapped or message.all("time") or not text or is_question(message):
        return {}
    if _other_matter(message, draft) or _who_corrected(message, draft):
        return {}
    if is_skip(message) or is_yes(message) or is_no(message) or _DOOR_OF.search(text):
        return {}
    if message.all("address") and not leftover(message):
        return {}  # a place alone tells no hour
    return {"occurred_text": text}


def _needs_hours(draft: Draft, message: Message) -> bool:
    return (
        (draft.get("leaf") in leaves.HOURS or bool(draft.get("about")))
        and not draft.get("occurred")
        and not draft.get("occurred_text")
        and not _HOURS.search(draft.get("narrative") or "")
    )


def read_contact(message: Message, draft: Draft) -> Values:
    """Read phone and name of who speaks, or the name of whom it is for."""
    said: dict[str, Any] = dict(shared.reach(message, draft))
    at_home = contact.visit(message)
    if at_home:
        said["visit"] = at_home
    return said if draft.asked in ("desk", "who") else {**said, **_names(message, draft)}


def _names(message: Message, draft: Draft) -> Values:
    """Tell the caller's own name from the name of whom it is for.

    “工作人员孙莉态度不好”: somebody named in a story is neither.
    """
    said: dict[str, Any] = {}
    written = _NAME_WRITTEN.search(message.text)
    if written:
        return {"name": written.group(1)}
    people = message.meant("person")
    theirs = [
        e for e in people if pattern(contact.DATA, "names_other").search(message.text[: e.start])
    ]
    people = [e for e in people if e not in theirs]
    own = [e for e in people if _NAMES_SELF.search(message.text[: e.start])]
    relation = message.last("relation")
    if relation and contact.whose_phone(message, relation):
        relation = None
    beside = contact.name_with(message.text, relation) if relation else ""
    if conduct.about(message.text) or _who_corrected(message, draft):
        people, beside = own, ""
    if own:
        said["name"] = str(own[-1].value)
    elif named := [e for e in people if _is_own(message.text, e)]:
        said["name"] = str(named[-1].value)
    elif people and relation:
        said["subject_name"] = str(people[-1].value)
    if beside and beside != said.get("name"):
        said["subject_name"] = beside
    elif theirs and draft.get("subject"):
        said["subject_name"] = str(theirs[-1].value)
    return said


def _is_own(text: str, person: Entity) -> bool:
    """Whether a name is the speaker's: alone in a short message, in a clause that names oneself, or
    right before the number to call (“…，姓张，137…”).
    """
    before, behind = text[: person.start], text[person.end :]
    signs = pattern(contact.DATA, "signs_before").search(before)
    if signs and pattern(contact.DATA, "signs_behind").search(behind):
        return True
    clause = _CLAUSE_BEFORE.search(before)
    within = text if len(text) <= STORY_LONG else clause.group() if clause else ""
    return len(text) <= NAME_ALONE or bool(_OWN_NAME.search(within))


def _needs_contact(draft: Draft, message: Message) -> bool:
    # Asked once, never pressed; only a promised number is asked for a second time.
    asks = 2 if draft.get("phone_promised") or draft.get(place.DOOR_SAID) else 1
    return (
        not draft.get("phone")
        and not draft.get(shared.NO_PHONE)
        and not message.resident.phone_known
        and not contact.by_message(shared.wish(draft, message))
        and draft.get("leaf") in leaves.VISIT
        and draft.asks.get("contact", 0) < asks
    )


def _subject(message: Message, draft: Draft) -> Values:
    """Take whom it is for. A neighbour who is complained of is not whom it is for."""
    entity = message.last("relation")
    said = speaking.concerned(message)
    if said and not draft.get("subject") and draft.get("leaf") not in leaves.CONFIDENTIAL:
        return shared.for_another(draft, said)
    if entity is None and draft.get("subject") and (other := corrections.relation(message)):
        return shared.for_another(draft, other)
    if entity is None or contact.whose_phone(message, entity):
        return {}
    if entity.value == "neighbor" and not re.search(r"替|帮|代", message.text):
        return {}
    asked = _FOR_SOMEONE.search(message.text) if len(message.text) <= STORY_LONG else None
    directly = _THEIR_HOME.match(message.text[entity.end :]) or _ON_BEHALF.search(
        message.text[: entity.start]
    )
    return shared.for_another(draft, str(entity.value)) if asked or directly else {}


def read_secret(message: Message, draft: Draft) -> Values:
    """Read whether the name is to be kept from the other side, or need not be."""
    wish = secrecy.wish(message)
    if wish is False or _NOT_SECRET.search(message.text):
        return {"confidential": False}
    # “不留” is no wish, nor is “名字写我爱人的”.
    wished = message.intent == "ask_anonymity" and not is_skip(message)
    wished = wished and not (_OWN_NAME.search(message.text) or opens_only(message.text))
    wished = wished and not _whose_home(message)
    if wish or wished or _KEEP_SECRET.search(message.text):
        return {"confidential": True}
    return {}


MEDIATION = "J1"
"""Both sides come to it in the end, so the name cannot stay hidden for good."""
DESK = "desk:"
"""Prefix of what a button about a desk is about."""
WHO_LONGEST = 40
PREF_LONGEST = 60
"""So many characters the ticket keeps of how and when to reach somebody."""


def _conduct(message: Message, draft: Draft) -> Values:
    """Take a complaint about a person: whose desk, and who, as far as it was said."""
    if message.tapped or (draft.get("narrative") and not draft.get("about")):
        return {}
    if corrected := _who_corrected(message, draft):
        return corrected
    where = conduct.about(message.text)
    if where is None:
        return {}
    said: dict[str, Any] = {"leaf": conduct.LEAF, "leaf_options": []}
    if draft.get("about") in (None, conduct.OTHER):
        said["about"] = where
    person = message.last("person")
    who = conduct.named(message.text, str(person.value) if person else None)
    return {**said, "who": who} if who and not draft.get("who") else said


def _who_corrected(message: Message, draft: Draft) -> Values:
    """Return who is complained of instead (“不是王秀英，是李国强”, “不对，是物业的小李”); empty for nobody.

    Another desk without a name keeps the name, unless it was said to be wrong.
    """
    turned = corrections.of(message) if draft.get("about") else None
    if turned is None or _NAMES_SELF.search(message.text[: turned.start]):
        return {}
    person = next((e for e in message.all("person") if turned.holds(e)), None)
    who = conduct.named(turned.new, str(person.value) if person else None)
    who = who or contact.named_beside(turned.new)
    desk, known = conduct.desk(turned.new), str(draft.get("who") or "")
    if desk in (None, draft.get("about")):
        return {"who": who} if who and who != known else {}
    denied = bool(known) and known in turned.old
    return {"about": desk, "desk_said": True, "who": who or (None if denied else draft.get("who"))}


def _needs_desk(draft: Draft, message: Message) -> bool:
    return draft.get("about") == conduct.OTHER and "desk" not in draft.asks


def _desk_answer(message: Message, draft: Draft) -> Values:
    if message.tapped:
        about = message.about or ""
        return {"about": about.removeprefix(DESK)} if about.startswith(DESK) else {}
    if _who_corrected(message, draft):
        return {}
    found = conduct.desk(message.text)
    return {"about": found, "desk_said": True} if found else {}


def _needs_who(draft: Draft, message: Message) -> bool:
    return bool(draft.get("about")) and not draft.get("who") and "who" not in draft.asks


def _who_answer(message: Message, draft: Draft) -> Values:
    words = message.text.strip()
    if message.tapped or is_skip(message) or is_yes(message) or not words:
        return {}
    if _who_corrected(message, draft):
        return {}
    if {e.type for e in message.entities} in ({"address"}, {"time"}) and not leftover(message):
        return {}  # where or when it was, not who
    if is_question(message):
        return {}
    if conduct.tells_of(words):  # what they did goes into the story, of this only who
        who = conduct.named(words)
        return {"who": who} if who else {}
    return {"who": words[:WHO_LONGEST]}


def _photos(message: Message, draft: Draft) -> Values:
    old = draft.get("attachments") or []
    new = [a for a in message.attachments if a not in old]
    return {"attachments": [*old, *new]} if new else {}


FORM = Form(
    name="report",
    early=True,
    ends_by_itself=True,
    essential="narrative",
    fields=(
        Field("narrative", needed=lambda d, m: not d.get("narrative"), read=_narrative),
        Field(
            "leaf",
            needed=_needs_leaf,
            read=_leaf,
            answer=_leaf_answer,
        ),
        extra.danger_field(),
        Field("indoors", needed=lambda d, m: False, read=_indoors),
        neighbours.repeat_field(),
        replace(
            place.field(wanted=lambda d: d.get("leaf") not in leaves.PLACELESS),
            answer=lambda m, d: {} if names_matter(m, d) else place.answer(m, d),
        ),
        neighbours.join_field(lambda d: confidential(d)),
        Field("desk", needed=_needs_desk, read=_conduct, answer=_desk_answer, optional=True),
        Field("who", needed=_needs_who, answer=_who_answer, optional=True),
        Field(
            "occurred",
            needed=_needs_hours,
            read=occurred.read,
            answer=_occurred_answer,
            optional=True,
        ),
        Field(
            "contact",
            needed=_needs_contact,
            read=read_contact,
            answer=shared.contact_answer,
            optional=True,
        ),
        extra.field(),
        Field("subject", needed=lambda d, m: False, read=_subject),
        Field("confidential", needed=lambda d, m: False, read=read_secret),
        Field("attachments", needed=lambda d, m: False, read=_photos),
    ),
)


def confidential(draft: Draft) -> bool:
    """Whether the reporter stays unknown to the other side: by wish, else by the kind of matter."""
    said = draft.get("confidential")
    return draft.get("leaf") in leaves.CONFIDENTIAL if said is None else bool(said)


def summary(draft: Draft, message: Message) -> list[tuple[str, str]]:
    """Return what will be filed as (heading, words), in the order it is read out."""
    about = str(draft.get("about") or "")
    lines = [(STORY, _what(draft)), *_complained(draft, about)]
    where = place.say(draft)
    if where or draft.get("leaf") not in leaves.PLACELESS:
        lines.append((say("heading_place"), where or say("report_place_open")))
    when = draft.get("occurred")
    if when and not when.get("recur"):
        lines.append((say("heading_date"), say_since(when, message.now)))
    elif draft.get("occurred_text"):
        lines.append((say("heading_date"), str(draft.get("occurred_text"))))
    subject = RELATIONS.get(str(draft.get("subject") or ""))
    if subject:
        lines.append((say("heading_told_for"), subject + _paren(draft.get("subject_name"))))
    lines.append((say("heading_reach"), _how_to_reach(draft, message)))
    if draft.get("visit"):
        lines.append((say("heading_visit"), str(draft.get("visit"))))
    if draft.get("attachments"):
        lines.append((say("heading_photos"), say("count_photos", n=len(draft.get("attachments")))))
    if confidential(draft):
        secret = "report_secret_mediation" if draft.get("leaf") == MEDIATION else "report_secret"
        lines.append((say("heading_secret"), say(secret)))
    elif draft.get("leaf") in leaves.FIRM_UNTOLD:
        lines.append((say("heading_secret"), say("report_firm_untold")))
    elif draft.get("leaf") in leaves.CONFIDENTIAL:
        lines.append((say("heading_secret"), say("report_not_secret")))
    if about:
        lines.append((say("heading_goes"), say("report_complaint", goes=conduct.goes(about))))
    return lines


def _complained(draft: Draft, about: str) -> list[tuple[str, str]]:
    """Return who is complained of, and which order: nothing when neither is known."""
    named = " ".join(filter(None, [conduct.desk_name(about), draft.get("who")])) if about else ""
    order = (draft.get(ORDER) or {}).get("words") or ""
    lines = [(say("heading_complained"), named), (say("heading_order"), str(order))]
    return [line for line in lines if line[1]]


def _what(draft: Draft) -> str:
    whole = str(draft.get("narrative") or "")
    story, words = (
        re.sub(r"[。；，,.;]*\n", "；", told) for told in (manners.without_abuse(whole), whole)
    )
    leaf = draft.get("leaf")
    named = leaf and leaf not in (NO_LEAF, conduct.LEAF)
    name = _called(str(leaf), story) if named else ""
    told = f"“{story}”"
    if gist.is_long(story):
        line = gist.line(story, _known(draft), place=False)  # which has a line of its own
        if name and re.match(f"{re.escape(name)}(?:[：，]|$)", line):  # its name is said once
            line = line.removeprefix(name).lstrip("：，")
        told = say("report_gist", line=line, n=len(words))
        if not line:
            return f"{name}{told}"
    return f"{name}——{told}" if named else told


def _called(leaf: str, story: str) -> str:
    """Return the name of a matter as it is read back: none that says something else than the story.

    A leaf is called by its commonest trouble (“路灯不亮”); a lamp post that leans is read back as “路灯”.
    """
    other = load("forms")["called"].get(leaf)
    told = other and re.search(other["words"], story)
    return str(other["name"]) if told else leaves.name(leaf)


def another(draft: Draft) -> str:
    """Return the words of a second matter that a long letter comes to, or ""."""
    told = manners.without_abuse(str(draft.get("narrative") or ""))
    return "" if draft.get("about") else gist.another(told, _known(draft))


def _known(draft: Draft) -> gist.Known:
    """Return what was understood beside the words of the story; said there, it leaves the line."""
    address = draft.get("address") or {}
    leaf, since = draft.get("leaf"), str(draft.get("occurred_text") or "")
    said = ("address_text", "name", "subject_name", "phone")
    return gist.Known(
        leaf=None if leaf in (NO_LEAF, conduct.LEAF) else leaf,
        place=say_address({**address, "floor": None, "room": None}),
        since=since,
        subject=RELATIONS.get(str(draft.get("subject") or ""), "").removeprefix("您"),
        said=(*(str(draft.get(k) or "") for k in said), since),
    )


def _how_to_reach(draft: Draft, message: Message) -> str:
    name = draft.get("name") or message.resident.name or ""
    phone, wish = draft.get("phone"), _paren(shared.wish(draft, message))
    if phone:
        other = shared.further(draft, "reach_beside", masked=True)
        return f"{name} {mask_phone(str(phone))}{wish}{other}".strip()
    if message.resident.phone_known:
        return f"{name} {say('reach_known')}{wish}".strip()
    return f"{name} {say('reach_here')}{wish}".strip()


def _paren(text: Any) -> str:
    return f"（{text}）" if text else ""


def to_ticket(draft: Draft, message: Message, conversation_id: str) -> dict[str, Any]:
    """Return the body of ``POST /tickets``."""
    leaf = draft.get("leaf")
    body: dict[str, Any] = {
        "conversation_id": conversation_id,
        "kind": "complaint" if leaf in (None, NO_LEAF, meal.LEAF) else None,
        "leaf": None if leaf == NO_LEAF else leaf,
        "narrative": shared.with_further(str(draft.get("narrative") or ""), draft),
        "confidential": confidential(draft),
        "incomplete": bool(draft.get("incomplete"))
        or not (leaf in leaves.PLACELESS or draft.get("address_text")),
        "attachments": list(draft.get("attachments") or []),
        "nlu": {"leaf": leaf, "round": draft.round},
        **place.to_ticket(draft),
    }
    if body["incomplete"] and body["leaf"]:
        somewhere = leaf not in leaves.PLACELESS
        body["missing"] = lacking.items(FORM, draft, message, somewhere=somewhere)
    story = str(draft.get("narrative") or "")
    if gist.is_long(story) or (story and body["leaf"] is None):  # else the title is what was said
        body["gist"] = gist.line(manners.without_abuse(story), _known(draft), place=False)
    for key in ("occurred", "occurred_text", "about"):
        if draft.get(key):
            body[key] = draft.get(key)
    if order := draft.get(ORDER):
        body["narrative"] += "\n" + say("told_order", **order)
    if draft.get("join") is True:
        body["join"] = str(draft.get("neighbours")["ticket_no"])
    if draft.get("about"):
        body["kind"] = "report" if conduct.graft(str(draft.get("narrative"))) else "complaint"
        who = str(draft.get("who") or "")
        if who and who not in body["narrative"]:
            body["narrative"] += f"\n{who}"
    if draft.get("subject"):
        body["subject"] = {"relation": draft.get("subject"), "name": draft.get("subject_name")}
    wishes = "；".join(filter(None, (shared.wish(draft, message), draft.get("visit"))))
    if draft.get("phone") or draft.get("name") or wishes:
        body["contact"] = {"name": draft.get("name"), "phone": draft.get("phone")}
        body["contact"] |= {"pref": wishes[:PREF_LONGEST]} if wishes else {}
    return body
