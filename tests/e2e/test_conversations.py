"""Every conversation of tests/conversations/*.yml with the whole running system.

The format stands in tests/conversation.py. One stack on SQLite serves all of them, one after the
other: a turn takes some 50 ms, and what one leaves open is withdrawn before the next.
``LINDA_SHARE`` (“1/2”: the first half) holds a part of them, so that two stacks may share the work.
``LINDA_STACK`` (address of a started stack) and ``LINDA_STACK_VAR`` (its folder) use that one
instead, while conversations are being written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conversation import ROOMY, Conversation, Malformed, Talk, read_all, share
from tests.stack import Stack

CONVERSATIONS = share(read_all(), os.environ.get("LINDA_SHARE", "1/1"))


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One started system for all conversations."""
    if running := os.environ.get("LINDA_STACK"):
        stack = Stack(Path(os.environ["LINDA_STACK_VAR"]))
        stack.url = running
        yield stack
        return
    stack = Stack(tmp_path_factory.mktemp("conversations"), **ROOMY)
    stack.start()
    yield stack
    stack.stop()


@pytest.mark.parametrize(
    "conversation",
    CONVERSATIONS,
    ids=[c.id if isinstance(c, Conversation) else str(c) for c in CONVERSATIONS],
)
def test_conversation(system: Stack, conversation: Conversation | Malformed) -> None:
    if isinstance(conversation, Malformed):
        pytest.fail(str(conversation))
    wrong = ""
    try:
        Talk(system, conversation).hold()
    except AssertionError as error:
        wrong = str(error)
    if wrong:
        pytest.fail(wrong, pytrace=False)
