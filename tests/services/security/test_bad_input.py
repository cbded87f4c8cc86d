"""Whatever is sent, the answer is a clear refusal: never a 500, never a broken connection."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

import pytest

from tests.services.security.conftest import LAMP, Client, FileTicket, Token, open_chat


def nested(depth: int) -> dict[str, Any]:
    """An object that many levels deep."""
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def cursor(value: Any) -> str:
    """A cursor as the list makes them, with any content."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000, b'{"lat":' + b"1" * 5000 + b"}"],
    ids=["empty", "list", "null", "half", "not-utf8", "nested", "number-of-5000-digits"],
)
async def test_a_body_that_is_no_message_is_refused(client: Client, body: bytes) -> None:
    _, resident = await open_chat(client)
    headers = {**resident, "Content-Type": "application/json"}
    answer = await client.post("/api/v1/chat/messages", data=body, headers=headers)
    assert answer.status in (400, 422)
    assert (await answer.json())["error"]["message"]


@pytest.mark.parametrize("after", [2**31, 2**63 - 1, 2**63, 10**20, -(10**20)])
async def test_a_history_position_beyond_all_messages_is_no_failure(
    client: Client, after: int
) -> None:
    _, resident = await open_chat(client)
    answer = await client.get(f"/api/v1/chat/history?after={after}", headers=resident)
    assert answer.status in (200, 422)


@pytest.mark.parametrize(
    "value",
    [
        5, {"a": 1}, [1, 2], [1, 2, 3],
        ["2026-11-22T10:00:00", "SQ"],
        ["2026-11-22T10:00:00+08:00", "SQ\x00"],
        ["2026-11-22T10:00:00+08:00", "\ud800"],
        ["0001-01-01T00:00:00+14:00", "SQ"],
        ["9999-12-31T23:59:59-14:00", "SQ"],
    ],
    ids=["number", "object", "numbers", "three", "no-zone", "nul", "surrogate", "year1", "year9999"],
)  # fmt: skip
async def test_a_forged_cursor_is_a_bad_cursor(client: Client, as_staff: Token, value: Any) -> None:
    headers = await as_staff("clerk1")
    answer = await client.get(f"/api/v1/tickets?cursor={cursor(value)}", headers=headers)
    assert answer.status == 400
    assert (await answer.json())["error"]["code"] == "bad_cursor"


@pytest.mark.parametrize(
    "changed",
    [
        {"appointment": nested(300)},
        {"appointment": {"portions": float("nan")}},
        {"place": {"compound_id": {"a": 1}}},
        {"place": {"building_id": [1]}},
        {"place": {**LAMP["place"], "room": {"a": 1}}},  # type: ignore[dict-item]
    ],
    ids=["deep", "nan", "compound-object", "building-list", "room-object"],
)
async def test_a_ticket_with_wrong_types_is_refused(
    client: Client, as_staff: Token, changed: dict[str, Any]
) -> None:
    headers = {**await as_staff("clerk1"), "Idempotency-Key": uuid.uuid4().hex}
    answer = await client.post("/api/v1/tickets", json={**LAMP, **changed}, headers=headers)
    assert answer.status == 422
    listing = await client.get("/api/v1/tickets", headers=headers)
    assert (await listing.json())["tickets"] == []


async def test_an_endless_number_of_days_is_refused(
    client: Client, as_staff: Token, file_ticket: FileTicket
) -> None:
    number = (await file_ticket())["ticket_no"]
    grid = await as_staff("grid1")
    path = f"/api/v1/tickets/{number}"
    version = (await (await client.get(path, headers=grid)).json())["version"]
    signed = await client.post(f"{path}/actions/sign", json={"version": version}, headers=grid)
    body = b'{"version": %d, "days": 1e999, "reason": "x"}' % (await signed.json())["version"]
    headers = {**grid, "Content-Type": "application/json"}
    answer = await client.post(f"{path}/actions/extend", data=body, headers=headers)
    assert answer.status == 422


async def test_a_line_break_in_the_login_target_leads_home(client: Client) -> None:
    form = {
        "username": "grid1",
        "password": "password-of-the-tests",
        "next": "/console/tickets\r\nX-Evil: 1",
    }
    answer = await client.post("/console/login", data=form, allow_redirects=False)
    assert answer.status == 303
    assert answer.headers["Location"] == "/console/tickets?mine=true"
    assert "X-Evil" not in answer.headers


async def test_a_version_of_5000_digits_is_a_stale_version(
    client: Client, file_ticket: FileTicket
) -> None:
    number = (await file_ticket())["ticket_no"]
    form = {"username": "clerk1", "password": "password-of-the-tests"}
    await client.post("/console/login", data=form, allow_redirects=False)
    fields = {"version": "1" * 5000, "text": "好"}
    answer = await client.post(f"/console/tickets/{number}/actions/note", data=fields)
    assert answer.status == 409


ODD: list[Any] = [5, -1, 10**30, 1.5, True, "", "x" * 3000, [], [1], {}, {"a": [1]}]


async def test_no_odd_value_of_a_fact_is_a_failure(client: Client, as_staff: Token) -> None:
    place: dict[str, Any] = dict(LAMP["place"])  # type: ignore[call-overload]
    clerk = await as_staff("clerk1")
    for odd in ODD:
        for changed in (
            {"appointment": dict.fromkeys(("date", "meal", "portions", "part", "diet"), odd)},
            {"certificate": {"no": odd, "name": odd}},
            {"occurred": {"start": odd, "end": odd, "part": odd}},
            {"address": {"building": odd, "room": odd}},
            *({"place": place | {name: odd}} for name in (*place, "confidence")),
        ):
            headers = {**clerk, "Idempotency-Key": uuid.uuid4().hex}
            body = {**LAMP, "leaf": "C1", **changed}
            answer = await client.post("/api/v1/tickets", json=body, headers=headers)
            assert answer.status in (201, 422), (changed, await answer.text())
            if answer.status == 201:
                number = (await answer.json())["ticket_no"]
                seen = await client.get(f"/api/v1/tickets/{number}", headers=clerk)
                assert seen.status == 200


async def test_no_odd_value_of_an_action_is_a_failure(
    client: Client, as_staff: Token, file_ticket: FileTicket
) -> None:
    good: dict[str, dict[str, Any]] = {
        "contact": {"way": "phone", "result": "reached", "text": "好"},
        "extend": {"days": 1, "reason": "等配件"},
        "suspend": {"reason": "parts", "explanation": "等配件", "plan": "到货就修",
                    "review_date": "2026-12-01"},
        "assist": {"orgs": ["water"], "task": "开门"},
        "resolve": {"outcome": "solved", "reply": "修好了", "evidence": ["x"],
                    "done_at": "2026-11-24T10:00:00+08:00", "evidence_note": "天黑"},
    }  # fmt: skip
    grid = await as_staff("grid1")

    async def signed() -> str:
        path = f"/api/v1/tickets/{(await file_ticket())['ticket_no']}"
        seen = await (await client.get(path, headers=grid)).json()
        await client.post(f"{path}/actions/sign", json={"version": seen["version"]}, headers=grid)
        return path

    path = await signed()
    for action, fields in good.items():
        for name in fields:
            for odd in ODD:
                seen = await (await client.get(path, headers=grid)).json()
                body = fields | {name: odd, "version": seen["version"]}
                answer = await client.post(f"{path}/actions/{action}", json=body, headers=grid)
                assert answer.status in (200, 422), (action, name, odd, await answer.text())
                if answer.status == 200 and action != "contact":
                    path = await signed()


async def test_no_odd_value_at_the_intake_desk_is_a_failure(
    client: Client, as_staff: Token
) -> None:
    clerk = await as_staff("clerk1")

    async def filed() -> str:
        headers = {**clerk, "Idempotency-Key": uuid.uuid4().hex}
        answer = await client.post("/api/v1/tickets", json={"narrative": "有事"}, headers=headers)
        return f"/api/v1/tickets/{(await answer.json())['ticket_no']}"

    path = await filed()
    asked = (("accept", "place"), ("accept", "leaf"), ("need_info", "items"), ("merge", "into"))
    for action, name in asked:
        for odd in ODD:
            version = (await (await client.get(path, headers=clerk)).json())["version"]
            body = {"version": version, name: odd}
            answer = await client.post(f"{path}/actions/{action}", json=body, headers=clerk)
            assert answer.status in (200, 422), (action, name, odd, await answer.text())
            if answer.status == 200:
                path = await filed()
