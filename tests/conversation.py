"""Conversations as data: read from tests/conversations/*.yml and held with a running system.

A file is a list of conversations::

    - name: a short English sentence, unlike every other name of the file
      now: "2026-11-24T10:05:00+08:00"   # optional: when it begins; a Tuesday morning by default
      elder: false                       # optional: 大字版
      turns:
        - say: "text"
          has: [words that the answer holds]
          not: [words that are not there]
      not_asked: [words that no answer of the whole conversation holds]
      ticket: {leaf: H6, state: DISPATCHED, "location.building": "3"}
      events: [submitted, accepted, dispatched]
      covers: [journeys/report/repair]

A turn is one of

* ``say: text`` – the resident writes; ``times: 60`` says the same text so often in one message, ``{no}`` in it
  is the number of the newest ticket;
* ``tap: title`` – the resident taps the newest button with this title, else the newest that has it
  in its title;
* ``share: label`` – the resident shares a location, which the map calls by this label;
* ``wait: PT3H`` – the clock goes on (``P20D``), and what has become due is done;
* ``staff: {as: grid1, action: sign, …}`` – an action of the workflow on the newest ticket of this
  conversation, the rest of the mapping is its payload;
* ``staff: {as: grid1, do: resolve_all}`` – signs, contacts and resolves every ticket that is open
  here; ``do: answer`` with ``text`` writes to the resident as a person, ``do: release`` gives the
  conversation back to the bot;
* ``resident: {name: …, phone: …, home: …}`` – who writes is registered under these data.
* ``join: code`` – who writes shows number and query code of the newest ticket, and says yes: ``by: 微信``
  then is the same resident in another conversation.

``buttons: none`` on a turn: nothing of its answer may have a button. ``by: name``: another resident with a session of their own (neighbours). After ``say`` and
``tap`` an answer must come, unless the turn says ``silent: true``; ``has`` and ``not`` look at its
text and at the titles of its buttons. After ``wait`` and ``staff`` they look at what has reached
the resident since, and ``has`` waits for it.

``ticket`` is the newest ticket of the conversation as the staff API shows it: dotted names, equal
values, or ``{has: [words]}`` / ``{not: [words]}`` for a text; ``ticket: none`` when there may be none.
``tickets: 2`` counts them, all residents' together: without it there must be exactly one with
``ticket`` or ``events``, and none without. ``seen_by: mediator1`` reads it as this account (default
dispatcher1).
``events`` are types of its timeline that come in this order, others may be between.
``also: [{of: 一户, ticket: {…}, events: […]}]`` looks at other tickets in the same way: the newest of this
resident (without ``of``, of the one without a name), or with ``nth: 1`` their first, ``nth: 2`` their second.
``handoff: emergency`` (or ``human``, or ``none``): why a person has been called here and not yet given
back.
``clerk: 2``: a good clerk needs so many messages of the resident until the matter is filed (or told,
when nothing is to be filed), the yes included; more are an error. ``task: Report a lamp`` is what it is
called in the table of docs/dialogues.md; it checks all four, like what ``covers``.
``journey: name`` puts the conversation into docs/dialogues.md under this heading.
``covers: [points]``: what of the things to show it shows (tests/conversation_points.yml); such a
conversation checks all four: words, ticket, events – of a conversation without a ticket: that nobody
was called, or who – and what was not asked.
``besides: {rule: why}``: a rule of tests/conversation_rules.py that does not hold here, with the reason.

Whatever a conversation leaves open is withdrawn after it: the next one begins in an empty town.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import yaml

from services.tickets.core.workflow import ACTIONS
from tests.conversation_rules import Bubble, Exchange, broken, is_rule
from tests.patience import PATIENCE_S
from tests.stack import Chat, Stack

T = TypeVar("T")

FOLDER = Path(__file__).parent / "conversations"
POINTS = Path(__file__).parent / "conversation_points.yml"
NOW = "2026-11-24T10:05:00+08:00"  # a Tuesday, in office hours
ARRIVES_S = PATIENCE_S
"""Seconds within which a message of the system must reach the resident."""

FINAL = {"CLOSED", "WITHDRAWN", "TERMINATED", "NOT_ACCEPTED", "MERGED", "HANDED_OFF"}
RESOLVED = {"outcome": "solved", "reply": "办好了", "evidence_note": "现场已查看"}
ROOMY = {
    "LINDA_SESSIONS_PER_ADDRESS": "100000",
    "LINDA_TICKETS_PER_ADDRESS": "100000",
    "LINDA_TICKETS_PER_CONVERSATION": "1000",
    "LINDA_JOIN_NEIGHBOURS": "1",
}
"""All residents of these tests live at one address, and their clock often stands still."""

STAFF = "办事人"
DEED_NAMES = {"resolve_all": "签收、联系、办结", "answer": "接过来回话", "release": "交还给邻答"}
SPOKEN = ("say", "tap", "share")
"""Turns of the resident, which are answered at once."""
NUMBER = "{no}"
KINDS = (*SPOKEN, "wait", "staff", "resident", "join")


class Malformed(Exception):
    """A file or a conversation that is not in the format; the message names it."""


@dataclass(frozen=True)
class Turn:
    """One step: what is done, and what its answer must and must not hold."""

    kind: str
    value: Any
    has: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    by: str = ""
    silent: bool = False
    buttonless: bool = False


@dataclass(frozen=True)
class OtherTicket:
    """What is expected of a ticket that is not the newest of the conversation.

    Attributes:
        of: The resident whose it is; empty is the one without a name.
        nth: Which of theirs, counted from the first, 1; 0 is the newest.
    """

    of: str = ""
    nth: int = 0
    ticket: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conversation:
    """A conversation and what it must leave behind."""

    name: str
    file: str
    turns: tuple[Turn, ...]
    now: str = NOW
    elder: bool = False
    not_asked: tuple[str, ...] = ()
    ticket: Mapping[str, Any] | None = None
    tickets: int | None = None
    events: tuple[str, ...] = ()
    also: tuple[OtherTicket, ...] = ()
    seen_by: str = "dispatcher1"
    handoff: str = ""
    clerk: int | None = None
    task: str = ""
    journey: str = ""
    covers: tuple[str, ...] = ()
    besides: Mapping[str, str] = field(default_factory=dict)

    @property
    def expected_tickets(self) -> int:
        """How many tickets there must be: what is not said is not left open."""
        if self.tickets is not None:
            return self.tickets
        return 1 if self.ticket is not None or self.events else 0

    @property
    def checks_all(self) -> bool:
        """Whether words, ticket, events and what was not asked are all looked at.

        Without a ticket there are no events; who was called, or that nobody was, stands for them.
        """
        words = any(turn.has for turn in self.turns)
        filed = self.ticket is not None and bool(self.events)
        nothing = self.expected_tickets == 0 and bool(self.handoff)
        return words and bool(self.not_asked) and (filed or nothing)

    @property
    def id(self) -> str:
        """Name of its test case."""
        return f"{self.file}: {self.name}"


# ── Reading ─────────────────────────────────────────────────────────────────────────────────────


def read_all(folder: Path = FOLDER) -> list[Conversation | Malformed]:
    """Read every file; what cannot be read stands in the list as the error that says where."""
    found: list[Conversation | Malformed] = []
    for path in sorted(folder.glob("*.yml")):
        found += read_file(path)
    return found


def share(everything: Sequence[T], which: str) -> list[T]:
    """Return a part of it: “2/3” is the second of three shares, taken in turn so that all are alike.

    Raises:
        ValueError: There is no such share.
    """
    found = re.fullmatch(r"([0-9]+)/([0-9]+)", which)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ValueError(f"no share: {which}")
    return list(everything[int(found[1]) - 1 :: int(found[2])])


def read_file(path: Path) -> Iterator[Conversation | Malformed]:
    """Read the conversations of one file."""
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except yaml.YAMLError as error:
        yield Malformed(f"{path.name}: {error}")
        return
    if not isinstance(entries, list):
        yield Malformed(f"{path.name}: a list of conversations is expected")
        return
    names: set[str] = set()
    for number, entry in enumerate(entries, 1):
        where = f"{path.name}, conversation {number}"
        if isinstance(entry, dict) and entry.get("name"):
            where = f"{path.name}, “{entry['name']}”"
        try:
            conversation = _conversation(entry, path.stem)
            if conversation.name in names:
                raise ValueError("the name is there twice")
            names.add(conversation.name)
            yield conversation
        except (ValueError, TypeError) as error:
            yield Malformed(f"{where}: {error}")


def _conversation(entry: Any, file: str) -> Conversation:
    if not isinstance(entry, dict):
        raise ValueError("a mapping with name and turns is expected")
    known = {f.name for f in fields(Conversation)} - {"file"}
    _no_other(entry, known)
    if not entry.get("name") or not entry.get("turns"):
        raise ValueError("name and turns are needed")
    given = {k: v for k, v in entry.items() if k not in ("turns", "ticket", "now")}
    for key in ("not_asked", "events", "covers"):
        given[key] = _words(entry, key)
    given["also"] = tuple(_other(each) for each in entry.get("also") or ())
    given["besides"] = _besides(entry)
    if isinstance(entry.get("now"), datetime):
        given["now"] = entry["now"].isoformat()
    elif "now" in entry:
        given["now"] = datetime.fromisoformat(entry["now"]).isoformat()
    ticket = entry.get("ticket")
    if ticket == "none":
        if entry.get("tickets"):
            raise ValueError("ticket: none, and yet tickets are counted")
        given["tickets"] = 0
    elif isinstance(ticket, dict):
        given["ticket"] = ticket
    elif ticket is not None:
        raise ValueError("ticket is a mapping or none")
    turns = tuple(_turn(each) for each in entry["turns"])
    conversation = Conversation(file=file, turns=turns, **given)
    _check_whole(conversation)
    return conversation


def _check_whole(conversation: Conversation) -> None:
    """Look at what only the whole tells: counts that contradict, points that are not shown."""
    if conversation.tickets == 0 and (conversation.ticket is not None or conversation.events):
        raise ValueError("there is no ticket, and yet it is looked at")
    unknown = sorted(set(conversation.covers) - set(points()["points"]))
    if unknown:
        raise ValueError(f"covers what is no point: {', '.join(unknown)}")
    if conversation.covers and not conversation.checks_all:
        raise ValueError("covers a point and does not check words, ticket, events, not_asked")
    if bool(conversation.clerk) != bool(conversation.task):
        raise ValueError("clerk and task belong together")
    if conversation.clerk and not conversation.checks_all:
        raise ValueError("counts a task and does not check words, ticket, events, not_asked")
    residents = {turn.by for turn in conversation.turns}
    if strangers := sorted(each.of for each in conversation.also if each.of not in residents):
        raise ValueError(f"also looks at tickets of nobody here: {', '.join(strangers)}")


@lru_cache(maxsize=1)
def points() -> dict[str, Any]:
    """What conversations must show, and how many of them (conversation_points.yml)."""
    return dict(yaml.safe_load(POINTS.read_text(encoding="utf-8")))


def _turn(entry: Any) -> Turn:
    if not isinstance(entry, dict):
        raise ValueError(f"a turn is a mapping, not {entry!r}")
    _no_other(entry, {*KINDS, "has", "not", "by", "silent", "times", "buttons"})
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) != 1:
        raise ValueError(f"a turn is one of {', '.join(KINDS)}: {entry!r}")
    kind = kinds[0]
    value = entry[kind]
    if not isinstance(value, dict if kind in ("staff", "resident") else str):
        raise ValueError(f"{kind}: {value!r} – put texts in quotes")
    if kind == "staff" and ("as" not in value or ("action" in value) == ("do" in value)):
        raise ValueError("staff needs as, and action or do")
    if kind == "staff" and value.get("do", "answer") not in DEEDS:
        raise ValueError(f"do is one of {', '.join(DEEDS)}")
    if "times" in entry:
        value *= int(entry["times"])
    if entry.get("buttons", "none") != "none":
        raise ValueError("buttons is none, or is left out")
    return Turn(
        kind, value, _words(entry, "has"), _words(entry, "not"), entry.get("by", ""),
        bool(entry.get("silent", False)), "buttons" in entry,
    )  # fmt: skip


def _other(entry: Any) -> OtherTicket:
    if not isinstance(entry, dict):
        raise ValueError("also is a list of mappings")
    _no_other(entry, {f.name for f in fields(OtherTicket)})
    if not isinstance(entry.get("ticket", {}), dict) or not (
        entry.get("ticket") or "events" in entry
    ):
        raise ValueError("also needs a ticket (a mapping) or events")
    return OtherTicket(**{**entry, "events": _words(entry, "events")})


def _besides(entry: Mapping[str, Any]) -> dict[str, str]:
    found = entry.get("besides") or {}
    if not isinstance(found, dict):
        raise ValueError("besides is a mapping of rules to reasons")
    for rule, why in found.items():
        if not is_rule(rule) or not why:
            raise ValueError(f"besides: {rule!r} is no rule, or there is no reason")
    return dict(found)


def _no_other(entry: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(str(key) for key in entry if key not in known)
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}")


def _words(entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
    words = entry.get(key) or ()
    if isinstance(words, str):
        return (words,)
    if not isinstance(words, (list, tuple)) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"{key} is a list of texts, in quotes when they look like numbers")
    return tuple(words)


# ── Holding ─────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Talk:
    """A conversation while it is held.

    Attributes:
        lines: What was said so far: ``(who, text, button titles)``; who is ``居民`` (or the
            neighbour's name), ``邻答``, ``工作人员``, ``系统``, or ``时间`` and ``办事人 grid1`` for
            what is done meanwhile.
        exchanges: By resident, what they said and what came back.
        turns: Messages and taps of the residents.
        filed_after: How many of them it took until the first ticket.
    """

    stack: Stack
    conversation: Conversation
    lines: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    chats: dict[str, Chat] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    exchanges: dict[str, list[Exchange]] = field(default_factory=dict)
    turns: int = 0
    filed_after: int | None = None

    def hold(self) -> None:
        """Hold it and check it.

        Raises:
            AssertionError: with the conversation up to there.
        """
        _begin(self.stack, self.conversation.now)
        try:
            turns = self.conversation.turns
            for turn, looked in zip(turns, looks_back(turns), strict=True):
                self._take(turn)
                if looked:
                    self.seen[turn.by] = len(self.chat(turn.by).history())
            self._check_rules()
            self._check_not_asked()
            self._check_tickets()
            self._check_handoff()
            self._check_clerk()
        finally:
            self.clear()

    def chat(self, by: str) -> Chat:
        """The session of a resident; opened when they first do something."""
        if by not in self.chats:
            self.chats[by] = Chat(self.stack, self.conversation.elder)
            self.seen[by] = len(self.chats[by].history())
        return self.chats[by]

    def _take(self, turn: Turn) -> None:
        chat = self.chat(turn.by)
        if turn.kind in SPOKEN:
            words = (
                turn.value.replace(NUMBER, self.newest()) if NUMBER in turn.value else turn.value
            )
            self.lines.append((turn.by or "居民", words, ()))
            try:
                answer = getattr(chat, turn.kind)(words)
            except StopIteration:
                raise AssertionError(self.story(f"no button {turn.value!r} was shown")) from None
            self._write(chat.last, turn)
            self._count()
            if not turn.silent and not answer.strip():
                raise AssertionError(self.story("no answer"))
            wrong = unlike(turn, answer, titles_of(chat.last))
        else:
            DOERS[turn.kind](self, turn, chat)
            wrong = self._arrived(turn, chat)
        if wrong:
            raise AssertionError(self.story(wrong))

    def _count(self) -> None:
        """Count a message, and notice the first ticket."""
        self.turns += 1
        if self.conversation.clerk and self.filed_after is None and self.own_tickets():
            self.filed_after = self.turns

    def _arrived(self, turn: Turn, chat: Chat) -> str:
        """What is wrong with what reached the resident since the last turn; empty: nothing."""
        deadline = time.monotonic() + ARRIVES_S
        while True:
            new = [m for m in chat.history()[self.seen[turn.by] :] if m["from"] != "resident"]
            text, titles = "\n".join(m["text"] or "" for m in new), titles_of(new)
            if not (wrong := unlike(turn, text, titles)) or time.monotonic() > deadline:
                self._write(new, turn)
                return wrong
            time.sleep(0.1)

    def _write(self, messages: list[dict[str, Any]], turn: Turn) -> None:
        bubbles = []
        for message in messages:
            who = {"human": "工作人员", "system": "系统"}.get(message["from"], "邻答")
            titles = tuple(b["title"] for b in message.get("buttons") or [])
            self.lines.append((who, message["text"] or "", titles))
            if who != "工作人员":
                bubbles.append(Bubble(message["text"] or "", titles, who == "系统"))
        said = turn.value if isinstance(turn.value, str) else turn.kind
        self.exchanges.setdefault(turn.by, []).append(Exchange(said, tuple(bubbles)))

    # What is left behind.

    def own_tickets(self, by: str | None = None) -> list[dict[str, Any]]:
        """The tickets of the conversation as residents see them, newest first.

        Args:
            by: Only this resident's; None: everybody's.
        """
        found: dict[str, dict[str, Any]] = {}
        for name, chat in self.chats.items():
            if by is not None and name != by:
                continue
            path = f"/internal/v1/conversations/{chat.session_id}/tickets"
            status, body = self.stack.call("GET", path, token=self.stack.internal_token())
            assert status == 200, body
            found |= {each["ticket_no"]: each for each in body["tickets"]}
        return [found[number] for number in sorted(found, reverse=True)]

    def newest(self) -> str:
        """Number of the newest ticket."""
        tickets = self.own_tickets()
        if not tickets:
            raise AssertionError(self.story("there is no ticket"))
        return str(tickets[0]["ticket_no"])

    def _check_not_asked(self) -> None:
        answers = "\n".join(text for who, text, _ in self.lines if who == "邻答")
        asked = [words for words in self.conversation.not_asked if words in answers]
        if asked:
            raise AssertionError(self.story(f"asked or said: {', '.join(asked)}"))

    def _check_rules(self) -> None:
        wanted = self.conversation
        wrong = [
            each
            for exchanges in self.exchanges.values()
            for each in broken(exchanges, wanted.elder, wanted.besides)
        ]
        if wrong:
            raise AssertionError(self.story("; ".join(wrong)))

    def _check_tickets(self) -> None:
        wanted = self.conversation
        tickets = self.own_tickets()
        if len(tickets) != wanted.expected_tickets:
            count = f"{len(tickets)} tickets, not {wanted.expected_tickets}"
            raise AssertionError(self.story(count))
        if wanted.ticket is not None or wanted.events:
            self._check_ticket(tickets[0]["ticket_no"], wanted.ticket or {}, wanted.events)
        for other in wanted.also:
            theirs = self.own_tickets(other.of)
            if len(theirs) < max(other.nth, 1):
                raise AssertionError(self.story(f"{len(theirs)} tickets of “{other.of}”"))
            self._check_ticket(theirs[-other.nth]["ticket_no"], other.ticket, other.events)

    def _check_ticket(self, number: str, wanted: Mapping[str, Any], events: Sequence[str]) -> None:
        """Compare one ticket and its timeline with what is expected."""
        ticket = self.stack.ticket(number, self.conversation.seen_by)
        wrong = [
            f"{name}: {value(ticket, name)!r}, not {expected!r}"
            for name, expected in wanted.items()
            if not fits(value(ticket, name), expected)
        ]
        if wrong:
            raise AssertionError(self.story(f"ticket {number} " + "; ".join(wrong)))
        types = [e["type"] for e in self.stack.events(number, self.conversation.seen_by)]
        rest = iter(types)
        if not all(each in rest for each in events):
            raise AssertionError(self.story(f"{number} has events {types}, not {list(events)}"))

    def open_handoffs(self, account: str = "clerk1") -> list[dict[str, Any]]:
        """Calls for a person in this conversation that are not given back."""
        status, body = self.stack.call("GET", "/api/v1/handoffs", token=self.stack.token(account))
        assert status == 200, body
        here = {chat.session_id for chat in self.chats.values()}
        return [each for each in body["handoffs"] if each["conversation_id"] in here]

    def _check_handoff(self) -> None:
        wanted = self.conversation.handoff
        if not wanted:
            return
        reasons = [each["reason"] for each in self.open_handoffs()]
        if wanted not in reasons and (wanted != "none" or reasons):
            raise AssertionError(self.story(f"hand-offs {reasons}, not {wanted}"))

    def _check_clerk(self) -> None:
        most, needed = self.conversation.clerk, self.filed_after or self.turns
        if most and needed > most:
            raise AssertionError(self.story(f"{needed} turns, a good clerk needs {most}"))

    def clear(self) -> None:
        """Withdraw what is open, as the residents themselves; nobody goes on waiting."""
        for chat in self.chats.values():
            path = f"/internal/v1/conversations/{chat.session_id}"
            token = self.stack.internal_token()
            for waits in self.stack.call("GET", f"{path}/bookings", token=token)[1]["waiting"]:
                there, key = f"{path}/waiting/{waits['id']}/leave", uuid.uuid4().hex
                self.stack.call("POST", there, {}, token=token, **{"Idempotency-Key": key})
        for chat in self.chats.values():
            path = f"/internal/v1/conversations/{chat.session_id}/tickets"
            for ticket in self.stack.call("GET", path, token=self.stack.internal_token())[1][
                "tickets"
            ]:
                if ticket["state"] not in FINAL:
                    self.stack.call(
                        "POST",
                        f"/internal/v1/tickets/{ticket['ticket_no']}/resident/withdraw",
                        {"conversation_id": chat.session_id, "reason": "测试结束"},
                        token=self.stack.internal_token(),
                        **{"Idempotency-Key": uuid.uuid4().hex},
                    )

    def story(self, wrong: str) -> str:
        """What was wrong, with the conversation up to here."""
        told = "\n".join(
            f"  {who}: {text}" + (f"  [{' | '.join(titles)}]" if titles else "")
            for who, text, titles in self.lines
        )
        return f"{self.conversation.id}: {wrong}\n{told}"


def titles_of(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Titles of the buttons of these messages."""
    return [button["title"] for message in messages for button in message.get("buttons") or []]


def unlike(turn: Turn, text: str, titles: Sequence[str]) -> str:
    """Say what an answer lacks or holds against its turn; empty: it is as it must be."""
    shown = "\n".join((text, *titles))
    if missing := [words for words in turn.has if words not in shown]:
        return f"not said: {', '.join(missing)}"
    if wrong := [words for words in turn.without if words in shown]:
        return f"said: {', '.join(wrong)}"
    return f"has buttons: {', '.join(titles)}" if turn.buttonless and titles else ""


def looks_back(turns: Sequence[Turn]) -> list[bool]:
    """Say of each turn whether the same resident's next one looks at what has arrived since."""
    found, arrives = [False] * len(turns), dict[str, bool]()
    for index in range(len(turns) - 1, -1, -1):
        turn = turns[index]
        found[index] = arrives.get(turn.by, False)
        arrives[turn.by] = turn.kind not in SPOKEN
    return found


def value(ticket: Mapping[str, Any], name: str) -> Any:
    """Return what stands under a dotted name; None where there is nothing."""
    found: Any = ticket
    for part in name.split("."):
        if isinstance(found, list) and part.isdigit():
            found = found[int(part)] if int(part) < len(found) else None
        else:
            found = found.get(part) if isinstance(found, Mapping) else None
    return found


def fits(found: Any, expected: Any) -> bool:
    """Say whether a value is what was expected (see the format for ``has`` and ``not``)."""
    if isinstance(expected, Mapping):
        has, without = _words(expected, "has"), _words(expected, "not")
        text = str(found)
        return all(w in text for w in has) and not any(w in text for w in without)
    return bool(found == expected)


# ── What staff and time do ──────────────────────────────────────────────────────────────────────


_SET: WeakKeyDictionary[Stack, tuple[str, float]] = WeakKeyDictionary()
"""To what time a stack's clock was set last, and when: no longer true once it is advanced."""
_SAME_MINUTE_S = 50.0


def _begin(stack: Stack, now: str) -> None:
    """Set the clock to when a conversation begins, if it does not stand in that minute already.

    A clock that is set anew makes every worker look at all its work at once: with two stacks on two cores a seventh of
    the time that conversations take.
    """
    before, at = _SET.get(stack, ("", 0.0))
    if before == now and time.monotonic() - at < _SAME_MINUTE_S:
        return
    _clock(stack, now=now)
    _SET[stack] = now, time.monotonic()


def _clock(stack: Stack, **change: str) -> None:
    _SET.pop(stack, None)
    status, body = stack.call("POST", "/api/v1/test/clock", change, stack.token("admin1"))
    assert status == 200, body


def _tick(stack: Stack) -> None:
    status, body = stack.call("POST", "/api/v1/test/tick", {}, stack.token("admin1"))
    assert status == 200, body


def _wait(talk: Talk, turn: Turn, chat: Chat) -> None:
    talk.lines.append(("时间", turn.value, ()))
    _clock(talk.stack, advance=turn.value)
    _tick(talk.stack)


def _resident(talk: Talk, turn: Turn, chat: Chat) -> None:
    body = {**turn.value, "session_id": chat.session_id}
    status, answer = talk.stack.call(
        "POST", "/api/v1/test/residents", body, talk.stack.token("admin1")
    )
    assert status == 201, answer


def _join(talk: Talk, turn: Turn, chat: Chat) -> None:
    ticket = talk.own_tickets()[0]
    talk.lines.append((turn.by or "居民", "（编号和查询码）", ()))
    chat.say(f"{ticket['ticket_no']} {ticket['query_code']}")
    chat.tap("连起来")
    talk.lines.append((turn.by or "居民", "连起来", ()))


def _staff(talk: Talk, turn: Turn, chat: Chat) -> None:
    given = dict(turn.value)
    account = given.pop("as")
    talk.lines.append((f"{STAFF} {account}", _told(given), ()))
    try:
        if "do" in given:
            DEEDS[given.pop("do")](talk, account, chat, given)
        else:
            talk.stack.act(account, talk.newest(), given.pop("action"), **given)
    except AssertionError as refused:  # what the system answers names no conversation
        raise AssertionError(talk.story(str(refused).partition("\n")[0])) from None
    _tick(talk.stack)


def _told(given: Mapping[str, Any]) -> str:
    """What a member of staff does, in a few words for the transcript."""
    name = DEED_NAMES.get(given.get("do", "")) or ACTIONS[given["action"]]
    words = given.get("reply") or "、".join(given.get("items", ()))
    return f"{name}：{words}" if words else name


def _resolve_all(talk: Talk, account: str, chat: Chat, given: dict[str, Any]) -> None:
    for ticket in talk.own_tickets():
        number, state = ticket["ticket_no"], ticket["state"]
        if state == "DISPATCHED":
            talk.stack.act(account, number, "sign")
        if state in ("DISPATCHED", "ACTIVE", "REWORK"):
            talk.stack.act(account, number, "contact", way="phone", result="reached")
            talk.stack.act(account, number, "resolve", **{**RESOLVED, **given})


def _answer(talk: Talk, account: str, chat: Chat, given: dict[str, Any]) -> None:
    _handoff(talk, account, chat, "messages", given)


def _release(talk: Talk, account: str, chat: Chat, given: dict[str, Any]) -> None:
    _handoff(talk, account, chat, "release", given)


def _handoff(talk: Talk, account: str, chat: Chat, what: str, body: dict[str, Any]) -> None:
    handoffs = talk.open_handoffs(account)
    if not handoffs:
        raise AssertionError(talk.story("nobody has been called"))
    path = f"/api/v1/handoffs/{handoffs[0]['id']}/{what}"
    status, answer = talk.stack.call("POST", path, body, talk.stack.token(account))
    assert status in (200, 201), answer


DEEDS: dict[str, Callable[[Talk, str, Chat, dict[str, Any]], None]] = {
    "resolve_all": _resolve_all,
    "answer": _answer,
    "release": _release,
}
DOERS: dict[str, Callable[[Talk, Turn, Chat], None]] = {
    "wait": _wait,
    "staff": _staff,
    "resident": _resident,
    "join": _join,
}
