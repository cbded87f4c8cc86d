"""A process that dies in the middle of a conversation.

The conversations that stood here are in tests/conversations/dialogues.yml; this one stays, because
killing a process is nothing that a resident or a member of staff does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.patience import PATIENCE_S
from tests.stack import Chat, Stack

NOW = "2026-11-24T10:05:00+08:00"  # a Tuesday, in office hours
LAMP = "幸福小区3号楼2单元楼道灯坏了"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One started system on SQLite."""
    stack = Stack(tmp_path_factory.mktemp("dialogues"))
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture
def chat(system: Stack) -> Chat:
    """A new resident on a Tuesday morning."""
    status, body = system.call("POST", "/api/v1/test/clock", {"now": NOW}, system.token("admin1"))
    assert status == 200, body
    return system.chat()


def test_the_action_server_dies_in_the_middle(system: Stack, chat: Chat) -> None:
    chat.say(LAMP)
    system.kill("actions")
    first = chat.say("对")
    assert "报上了" in first or "记" in first, "nothing is lost, and that is said"
    deadline = time.monotonic() + PATIENCE_S
    while "报上了" not in "".join(m["text"] or "" for m in chat.history()):
        assert time.monotonic() < deadline, [m["text"] for m in chat.history()]
        time.sleep(0.5)
