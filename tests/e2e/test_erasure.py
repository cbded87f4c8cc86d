"""Who asks to be forgotten is forgotten by Rasa, too: looked up in the real store of the running system."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import asyncpg

from tests.stack import Chat, Stack

PHONE = "13698765432"
NAME = "欧阳桂芬"
LIMIT_S = 60


def remembered(stack: Stack) -> dict[str, str]:
    """All that Rasa keeps: conversation → its events as one text."""
    url = stack.environment["LINDA_DATABASE_URL"]
    query = "SELECT sender_id, events FROM rasa_conversations"
    if url:

        async def rows() -> list[tuple[str, bytes]]:
            connection = await asyncpg.connect(url)
            try:
                return [tuple(r) for r in await connection.fetch(query)]
            finally:
                await connection.close()

        # In a thread of its own: a browser test may have an event loop running in this one.
        with ThreadPoolExecutor(1) as thread:
            found = thread.submit(asyncio.run, rows()).result()
    else:
        with sqlite3.connect(stack.var_dir / "rasa.db") as db:
            found = db.execute(query).fetchall()
    return {
        sender: json.dumps(json.loads(zlib.decompress(events)), ensure_ascii=False)
        for sender, events in found
    }


def reported(stack: Stack) -> Chat:
    """A resident who has reported something with name and phone, and has taken it back."""
    chat = stack.chat()
    chat.say(
        f"我叫{NAME}，电话{PHONE}，幸福小区3号楼二单元楼道的灯坏了三天了，黑得很，老人不敢下楼"
    )
    chat.say("对，提交")
    number = chat.ticket_no
    chat.say(f"我叫{NAME}，电话就是{PHONE}")
    status, body = stack.call(
        "POST", f"/internal/v1/tickets/{number}/resident/withdraw",
        {"conversation_id": chat.session_id, "reason": "修好了"}, stack.internal_token(),
        **{"Idempotency-Key": "withdraw-1"},
    )  # fmt: skip
    assert status == 200, body
    return chat


def erase(stack: Stack) -> dict[str, object]:
    """As at the counter: a clerk registers, the auditor approves, the clerk carries it out."""
    path, clerk = "/api/v1/rights/requests", stack.token("clerk1")
    status, row = stack.call(
        "POST", path, {"kind": "delete", "phone": PHONE, "proof": "id_seen"}, clerk,
        **{"Idempotency-Key": "erase-1"},
    )  # fmt: skip
    assert status == 201, row
    approval = {"approve": True, "answer": "本人要求"}
    status, body = stack.call(
        "POST", f"{path}/{row['id']}/decision", approval, stack.token("auditor1")
    )
    assert status == 200, body
    status, done = stack.call("POST", f"{path}/{row['id']}/carry-out", {}, clerk)
    assert status == 200, done
    return dict(done["result"])


def test_rasa_forgets_who_asked_for_it_and_nobody_else(stack: Stack) -> None:
    chat, other = reported(stack), stack.chat()
    other.say("你们几点下班")
    kept = remembered(stack)
    assert NAME in kept[chat.session_id] and PHONE in kept[chat.session_id]
    result = erase(stack)
    assert result["stays"] == {}
    deadline = time.monotonic() + LIMIT_S
    while chat.session_id in remembered(stack) and time.monotonic() < deadline:
        time.sleep(0.3)  # the worker tells Rasa a moment after the commit
    kept = remembered(stack)
    assert chat.session_id not in kept
    assert other.session_id in kept
    everything = " ".join(kept.values())
    assert NAME not in everything and PHONE not in everything
    assert not [m["text"] for m in chat.history() if m["text"]]
