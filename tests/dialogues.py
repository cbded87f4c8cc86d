"""Writes docs/dialogues.md: a transcript of each journey, as the running system answers today.

``make dialogues``, or ``python -m tests.dialogues``. The conversations are those of
tests/conversations/*.yml that name a ``journey``, held and checked as in the tests; while one fails,
the file is left as it was. Numbers and codes that differ from run to run are
written alike.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.conversation import ROOMY, STAFF, Conversation, Malformed, Talk, read_all
from tests.stack import ROOT, Stack

DOCUMENT = ROOT / "docs" / "dialogues.md"
HEAD = """# Dialogues

What a resident gets today, journey by journey. Written by `make dialogues` from the conversation
tests in [`tests/conversations/`](../tests/conversations) against the whole running system; it is
Tuesday, 24 November 2026, 10:05, unless it says otherwise. `〔…〕` are buttons; they can be answered in
words.
"""
TURNS_HEAD = """## Turns to submission

Messages of the resident until the matter is filed, or answered when there is nothing to file, with
everything said in the first one.

| task | turns | a good clerk |
| --- | --- | --- |
"""
WAITED = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")
VARYING = (
    (re.compile(r"SQ-(\d{6})-\d{5}-\d"), r"SQ-\1-00001-2"),
    (re.compile(r"查询码 \d{6}"), "查询码 123456"),
)


def alike(text: str) -> str:
    """Replace what differs from run to run."""
    for pattern, instead in VARYING:
        text = pattern.sub(instead, text)
    return text


def waited(duration: str) -> str:
    """An ISO duration in words."""
    found = WAITED.fullmatch(duration)
    assert found, duration
    parts = zip(found.groups(), ("天", "小时", "分钟"), strict=True)
    return "".join(f"{number}{unit}" for number, unit in parts if number) + "以后"


def heading(conversation: Conversation) -> str:
    """The line above its transcript."""
    return f"### {conversation.name}" + (" (elder mode)" if conversation.elder else "")


def transcript(talk: Talk) -> str:
    """A conversation that was held, as Markdown."""
    conversation = talk.conversation
    title = heading(conversation)
    if conversation.now != Conversation.now:
        title += f"\n\nIt is {conversation.now[:16].replace('T', ' ')}."
    lines = []
    for who, text, titles in talk.lines:
        if who == "时间":
            lines.append(f"> *（{waited(text)}）*")
        elif who.startswith(STAFF):
            lines.append(f"> *（{who.removeprefix(STAFF).strip()} {text}）*")
        else:
            said = alike(text).replace("<", "&lt;").replace("\n", "  \n> ")
            buttons = "".join(f"〔{title}〕" for title in titles)
            lines.append(f"> **{who}** {said}" + (f"  \n> {buttons}" if buttons else ""))
    return title + "\n\n" + "\n>\n".join(lines) + "\n"


def document(held: Iterable[Talk]) -> str:
    """The whole file, in the order in which the journeys first appear."""
    journeys: dict[str, list[str]] = {}
    turns = []
    for talk in held:
        if talk.conversation.journey:
            journeys.setdefault(talk.conversation.journey, []).append(transcript(talk))
        if talk.conversation.clerk:
            needed = talk.filed_after or talk.turns
            turns.append(f"| {talk.conversation.task} | {needed} | {talk.conversation.clerk} |")
    sections = [f"## {name}\n\n" + "\n".join(texts) for name, texts in journeys.items()]
    return "\n".join([HEAD, TURNS_HEAD + "\n".join(turns) + "\n", *sections])


def hold_all(stack: Stack, conversations: Iterable[Conversation]) -> tuple[list[Talk], list[str]]:
    """Hold them one after the other; return those that were held and what went wrong."""
    held, wrong = [], []
    for conversation in conversations:
        talk = Talk(stack, conversation)
        try:
            talk.hold()
        except AssertionError as error:
            wrong.append(str(error))
        held.append(talk)
    return held, wrong


def main() -> int:
    """Start a system, hold the conversations, write the file."""
    read = read_all()
    errors = [str(each) for each in read if isinstance(each, Malformed)]
    if errors:
        sys.stderr.write("\n".join(errors) + "\n")
        return 1
    wanted = [c for c in read if isinstance(c, Conversation) and (c.journey or c.clerk)]
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder), **ROOMY)
        stack.start()
        try:
            held, wrong = hold_all(stack, wanted)
        finally:
            stack.stop()
    if wrong:
        sys.stderr.write("\n".join(wrong) + "\n")
        return 1
    DOCUMENT.write_text(document(held), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT.relative_to(ROOT)}: {len(wanted)} conversations\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
