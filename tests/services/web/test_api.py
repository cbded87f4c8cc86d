"""The staff API through real HTTP: login, tickets by role, masking, places, test mode."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.context import Services
from services.metrics.periods import around
from services.people.logins import MAX_FAILURES
from services.tickets.core.actor import Actor
from services.tickets.service import TicketService
from services.web.scenario import WAY
from tests.services.web.conftest import Client, Token

DESK = Actor("staff", "dispatcher1", "dispatcher")
PLACE = {"compound": "幸福小区", "building": "3", "unit": "2", "room": "401"}
HALL_LIGHT: dict[str, Any] = {
    "leaf": "H6",
    "narrative": "楼道灯坏了好几天了",
    "contact": {"name": "张桂兰", "phone": "13812345678"},
    "location": PLACE,
}


async def made(client: Client, as_staff: Token, **fields: Any) -> dict[str, Any]:
    """Make a ticket in test mode and return it."""
    answer = await client.post(
        "/api/v1/test/tickets", json=HALL_LIGHT | fields, headers=await as_staff("admin1")
    )
    assert answer.status == 201, await answer.text()
    return dict(await answer.json())


async def error_of(answer: Any) -> tuple[int, str]:
    return answer.status, (await answer.json())["error"]["code"]


# -- login ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "username",
    ["grid1", "grid2", "clerk1", "supervisor1", "dispatcher1", "handler1", "vendor1",
     "callback1", "mediator1", "trainer1", "auditor1", "admin1"],
)  # fmt: skip
async def test_every_demo_account_can_log_in(
    client: Client, as_staff: Token, username: str
) -> None:
    me = await (await client.get("/api/v1/auth/me", headers=await as_staff(username))).json()
    assert me["id"] == username
    assert me["role"] == username.rstrip("12")


async def test_wrong_passwords_lock_with_a_time_to_wait(client: Client) -> None:
    wrong = {"username": "grid1", "password": "wrong-password"}
    for _ in range(MAX_FAILURES):
        answer = await client.post("/api/v1/auth/token", json=wrong)
        assert await error_of(answer) == (401, "login_failed")
    answer = await client.post("/api/v1/auth/token", json=wrong)
    assert await error_of(answer) == (429, "login_locked")
    assert 0 < int(answer.headers["Retry-After"]) <= 900


async def test_a_token_that_was_logged_out_is_gone(client: Client, as_staff: Token) -> None:
    headers = await as_staff("clerk1")
    assert (await client.post("/api/v1/auth/logout", headers=headers)).status == 204
    answer = await client.get("/api/v1/auth/me", headers=headers)
    assert await error_of(answer) == (401, "not_authenticated")


# -- tickets --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state", ["DISPATCHED", "OBJECTED", "ACTIVE", "SUSPENDED", "RESOLVED", "CLOSED"]
)
async def test_a_state_past_dispatch_needs_no_place_from_a_test(
    client: Client, as_staff: Token, state: str
) -> None:
    one = await made(client, as_staff, location=None, state=state)
    assert (one["state"], one["location"]["community_id"]) == (state, "qinghe-c1")
    assert not one["location"].get("building_id")


@pytest.mark.parametrize("state", ["SUBMITTED", "ACCEPTED"])
@pytest.mark.parametrize(
    ("who", "action", "payload"),
    [
        ("clerk1", "note", {"text": "居民晚上在家"}),
        ("clerk1", "protect", {"level": "confidential", "reason": "怕邻居知道"}),
        ("dispatcher1", "supervise", {"level": "1", "text": "抓紧"}),
    ],
)
async def test_what_is_said_about_a_ticket_that_waits_for_a_person_does_not_move_it(
    client: Client, as_staff: Token, state: str, who: str, action: str, payload: dict[str, Any]
) -> None:
    one = await made(client, as_staff, state=state)
    answer = await client.post(
        f"/api/v1/tickets/{one['ticket_no']}/actions/{action}",
        json={"version": one["version"], **payload}, headers=await as_staff(who),
    )  # fmt: skip
    assert (answer.status, (await answer.json())["state"]) == (200, state)


async def test_whose_it_is_is_talked_about_before_it_is_dispatched(
    client: Client, as_staff: Token
) -> None:
    """A person decides after the consultation, also of what the directory has a line for."""
    one = await made(client, as_staff, state="ACCEPTED", leaf="I12", narrative="占道经营")
    path = f"/api/v1/tickets/{one['ticket_no']}/actions"
    for who, action, payload in (
        ("dispatcher1", "consult", {"orgs": ["water", "urban"], "question": "归谁"}),
        ("handler1", "opinion", {"stance": "none", "opinion": "不归供水"}),
    ):
        answer = await client.post(
            f"{path}/{action}", json={"version": one["version"], **payload},
            headers=await as_staff(who),
        )  # fmt: skip
        one |= await answer.json()
        assert (answer.status, one["state"]) == (200, "ACCEPTED"), one
    given = {"version": one["version"], "org": "urban"}
    answer = await client.post(
        f"{path}/dispatch", json=given, headers=await as_staff("dispatcher1")
    )
    assert (await answer.json())["owner_org"] == "urban"


async def test_before_dispatch_a_place_that_nobody_said_is_none(
    client: Client, as_staff: Token
) -> None:
    for state in ("SUBMITTED", "NEED_INFO", "ACCEPTED"):
        one = await made(client, as_staff, location=None, state=state)
        assert one["state"] == state and not one["location"].get("community_id")


async def test_a_ticket_goes_from_the_counter_to_the_grid_worker_who_resolves_it(
    client: Client, as_staff: Token, services: Services
) -> None:
    found = await services.places.resolve({}, "幸福小区3号楼2单元401室")
    body = {
        "leaf": "H6",
        "narrative": "楼道灯坏了好几天了",
        "contact": HALL_LIGHT["contact"],
        "place": found.as_dict()["candidates"][0],
    }
    clerk = await as_staff("clerk1") | {"Idempotency-Key": "counter-1"}
    first = await client.post("/api/v1/tickets", json=body, headers=clerk)
    again = await client.post("/api/v1/tickets", json=body, headers=clerk)
    assert (first.status, again.status) == (201, 201)
    number = (await first.json())["ticket_no"]
    assert (await again.json())["ticket_no"] == number
    other = await client.post("/api/v1/tickets", json=body | {"narrative": "x"}, headers=clerk)
    assert await error_of(other) == (409, "idempotency_conflict")

    grid = await as_staff("grid1")
    seen = await (await client.get(f"/api/v1/tickets/{number}", headers=grid)).json()
    assert (seen["state"], seen["channel"]) == ("DISPATCHED", "counter")
    assert seen["location"]["grid_id"] == "qinghe-g1"

    async def act(action: str, **payload: Any) -> Any:
        return await client.post(
            f"/api/v1/tickets/{number}/actions/{action}", json=payload, headers=grid
        )

    signed = await act("sign", version=seen["version"])
    assert (await signed.json())["state"] == "ACTIVE"
    stale = await act("contact", version=seen["version"], way="phone", result="reached")
    assert await error_of(stale) == (409, "version_conflict")
    assert (await stale.json())["error"]["fields"]["version"] > seen["version"]
    bare = await act("resolve")
    assert bare.status == 422
    version = (await signed.json())["version"]
    done = {"outcome": "solved", "reply": "换了灯泡", "evidence_note": "夜里换的"}
    spoken = await act("contact", version=version, way="phone", result="reached")
    version = (await spoken.json())["version"]
    resolved = await act("resolve", version=version, **done)
    assert (await resolved.json())["state"] == "RESOLVED"

    timeline = await (await client.get(f"/api/v1/tickets/{number}/events", headers=grid)).json()
    assert len(timeline["events"]) >= 5


FIELDS = (
    "ticket_no", "kind", "leaf", "state", "priority", "channel", "title", "narrative_original",
    "location", "reporter", "subject", "owner_org", "owner_person", "duty", "created_at",
    "sign_due_at", "contact_due_at", "due_at", "due_reason", "due_grace", "rework_round", "flags", "version",
)  # fmt: skip
ACTIONS = (
    "accept", "need_info", "not_accept", "merge", "dispatch", "sign", "object", "decide_objection",
    "contact", "whistle", "assist", "extend", "suspend", "resume", "resolve", "callback", "rework",
    "close", "supervise", "terminate", "withdraw", "note", "reveal",
)  # fmt: skip
"""What others build on: fields and steps that stay under these names."""


async def test_a_ticket_has_what_others_build_on(client: Client, as_staff: Token) -> None:
    number = (await made(client, as_staff, state="ACTIVE"))["ticket_no"]
    headers = await as_staff("grid1")
    ticket = await (await client.get(f"/api/v1/tickets/{number}", headers=headers)).json()
    assert set(FIELDS) <= ticket.keys()
    wanted = {"community", "grid", "building", "unit", "room", "text", "confidence"}
    assert wanted <= ticket["location"].keys()
    assert {"role", "name", "phone", "contact_pref"} <= ticket["reporter"].keys()
    assert isinstance(ticket["flags"], list) and isinstance(ticket["subject"], dict)
    listed = await (await client.get("/api/v1/tickets", headers=headers)).json()
    assert set(FIELDS) <= listed["tickets"][0].keys() | {"narrative_original"}


@pytest.mark.parametrize("action", ACTIONS)
async def test_every_step_answers_with_a_reason_when_it_may_not_be_taken(
    client: Client, as_staff: Token, action: str
) -> None:
    ticket = await made(client, as_staff, state="WITHDRAWN")
    path = f"/api/v1/tickets/{ticket['ticket_no']}/actions/{action}"
    body = {"version": ticket["version"]}
    answer = await client.post(path, json=body, headers=await as_staff("dispatcher1"))
    status, code = await error_of(answer)
    assert status in (403, 422) and code != "unknown_action", (action, status, code)
    assert re.search("[一-龥]", (await answer.json())["error"]["message"])


async def test_a_ticket_needs_an_idempotency_key_and_a_role(
    client: Client, as_staff: Token
) -> None:
    body = {"narrative": "灯坏了"}
    clerk = await as_staff("clerk1")
    answer = await client.post("/api/v1/tickets", json=body, headers=clerk)
    assert await error_of(answer) == (400, "idempotency_key_required")
    answer = await client.post(
        "/api/v1/tickets", json=body, headers=clerk | {"Idempotency-Key": "x" * 256}
    )
    assert await error_of(answer) == (400, "idempotency_key_required")
    vendor = await as_staff("vendor1") | {"Idempotency-Key": "1"}
    answer = await client.post("/api/v1/tickets", json=body, headers=vendor)
    assert await error_of(answer) == (403, "role_not_allowed")
    assert "服务商" in (await answer.json())["error"]["message"]


async def test_the_list_is_narrowed_and_its_questions_checked(
    client: Client, as_staff: Token
) -> None:
    number = (await made(client, as_staff, state="ACTIVE"))["ticket_no"]
    for username, query, expected in (
        ("grid1", "state=ACTIVE&leaf=H6&grid=qinghe-g1&priority=U3&q=&cursor=&limit=1", [number]),
        ("grid1", "state=active,resolved&leaf=h6&priority=u3", [number]),
        ("grid1", "state=CLOSED", []),
        ("grid2", "", []),
        ("dispatcher1", f"q={number}", [number]),
    ):
        headers = await as_staff(username)
        answer = await (await client.get(f"/api/v1/tickets?{query}", headers=headers)).json()
        assert [t["ticket_no"] for t in answer["tickets"]] == expected, (username, query)
    headers = await as_staff("grid1")
    for bad in ("limit=0", "limit=1000", "limit=x", "sort=age", "state=GONE", "priority=U9"):
        answer = await client.get(f"/api/v1/tickets?{bad}", headers=headers)
        assert await error_of(answer) == (422, "invalid_fields")


@pytest.mark.parametrize(
    ("username", "phone"),
    [
        ("grid1", "138****5678"),
        ("clerk1", "138****5678"),
        ("supervisor1", "138****5678"),
        ("dispatcher1", "138****5678"),
        ("callback1", "138****5678"),
    ],
)
async def test_phones_come_masked(
    client: Client, as_staff: Token, username: str, phone: str
) -> None:
    number = (await made(client, as_staff, state="RESOLVED"))["ticket_no"]
    answer = await client.get(f"/api/v1/tickets/{number}", headers=await as_staff(username))
    text = await answer.text()
    assert answer.status == 200, text
    assert "13812345678" not in text and "张桂兰" not in text
    assert (await answer.json())["reporter"]["phone"] == phone


async def test_a_vendor_never_meets_the_reporter_and_the_admin_no_content(
    client: Client, as_staff: Token
) -> None:
    meal = await made(client, as_staff, leaf="C1", narrative="给我妈订饭", state="ACTIVE")
    assert meal["owner_org"] == "meal"
    answer = await client.get(
        f"/api/v1/tickets/{meal['ticket_no']}", headers=await as_staff("vendor1")
    )
    assert answer.status == 200
    # Microseconds may look like anybody's number.
    text = re.sub(r"\.\d{6}\+08:00", "", await answer.text())
    for secret in ("138", "张", "5678"):
        assert secret not in text
    answer = await client.get(
        f"/api/v1/tickets/{meal['ticket_no']}", headers=await as_staff("admin1")
    )
    assert "给我妈订饭" not in await answer.text()


async def test_reveal_gives_the_phone_with_a_reason_and_is_on_record(
    client: Client, as_staff: Token
) -> None:
    ticket = await made(client, as_staff, state="ACTIVE")
    number, seen = ticket["ticket_no"], {"version": ticket["version"]}
    grid = await as_staff("grid1")
    path = f"/api/v1/tickets/{number}/actions/reveal"
    assert (await client.post(path, json=seen, headers=grid)).status == 422
    answer = await client.post(path, json=seen | {"reason": "约上门时间"}, headers=grid)
    assert (await answer.json())["reporter"]["phone"] == "13812345678"
    auditor = await as_staff("auditor1")
    timeline = await (await client.get(f"/api/v1/tickets/{number}/events", headers=auditor)).text()
    assert "约上门时间" in timeline and "13812345678" not in timeline


async def test_an_action_that_does_not_exist_and_a_ticket_that_does_not(
    client: Client, as_staff: Token
) -> None:
    number = (await made(client, as_staff, state="ACTIVE"))["ticket_no"]
    grid = await as_staff("grid1")
    answer = await client.post(f"/api/v1/tickets/{number}/actions/explode", json={}, headers=grid)
    assert answer.status in (404, 422)
    answer = await client.get("/api/v1/tickets/SQ-261124-99999-0", headers=grid)
    assert answer.status == 404


# -- places and catalogue -------------------------------------------------------------------


async def test_places_list_compounds_buildings_and_grids_without_names_of_workers(
    client: Client,
) -> None:
    answer = await client.get("/api/v1/places")
    places = await answer.json()
    assert len(places["compounds"]) >= 3
    assert sum(len(c["buildings"]) for c in places["compounds"]) == 40
    assert [b for c in places["compounds"] for b in c["buildings"]] == places["buildings"]
    assert len(places["grids"]) == 6
    assert all(g["building_ids"] for g in places["grids"])
    assert "王秀英" not in await answer.text()


async def test_a_card_is_served_with_its_validity(client: Client) -> None:
    listing = await (await client.get("/api/v1/catalogue")).json()
    assert len(listing["cards"]) >= 90
    card = await (await client.get("/api/v1/catalogue/A1")).json()
    assert card["valid"] is True and card["summary"]


# -- test mode ------------------------------------------------------------------------------


async def test_test_mode_is_for_an_admins_token_only(
    client: Client, as_staff: Token, services: Services
) -> None:
    path = "/api/v1/test/clock"
    answer = await client.post(path, json={"advance": "PT1H"}, headers=await as_staff("clerk1"))
    assert await error_of(answer) == (403, "role_not_allowed")
    login = await services.people.login("admin1", services.settings.demo_password, "::1")
    cookie = {"Cookie": f"linda_session={login.secret}"}
    answer = await client.post(path, json={"advance": "PT1H"}, headers=cookie)
    assert answer.status == 401


async def test_the_clock_is_set_and_advanced_and_tokens_stay(
    client: Client, as_staff: Token
) -> None:
    admin = await as_staff("admin1")
    path = "/api/v1/test/clock"
    now = "2026-11-24T10:05:00+08:00"
    answer = await client.post(path, json={"now": now}, headers=admin)
    assert (await answer.json())["now"][:16] == now[:16]
    answer = await client.post(path, json={"advance": "P5DT3H"}, headers=admin)
    later = datetime.fromisoformat((await answer.json())["now"])
    assert (later - datetime.fromisoformat(now)).total_seconds() // 60 == (5 * 24 + 3) * 60
    assert (await client.get("/api/v1/auth/me", headers=admin)).status == 200
    for bad in (
        {},
        {"now": "soon"},
        {"now": "2026-11-24T10:05:00"},
        {"now": now, "advance": "PT1H"},
    ):
        assert (await client.post(path, json=bad, headers=admin)).status == 422


@pytest.mark.parametrize("state", WAY)
async def test_a_ticket_of_every_state_with_a_history(
    client: Client, as_staff: Token, state: str
) -> None:
    ticket = await made(client, as_staff, state=state, created_at="2026-11-20T09:00:00+08:00")
    assert ticket["state"] == state
    assert ticket["created_at"].startswith("2026-11-20T09:00")


async def test_a_ticket_has_the_fields_that_were_given_by_their_names_on_the_ticket(
    client: Client, as_staff: Token
) -> None:
    admin = await as_staff("admin1")
    given = {
        "leaf": "H6", "narrative_original": "楼道灯坏了", "channel": "phone",
        "reporter": {"role": "neighbour", "name": "张桂兰", "phone": "13812345678",
                     "contact_pref": "下午"},
        "location": {"community": "幸福小区", "building": "3", "unit": "2"},
        "priority": "U1", "owner_org": "property", "state": "ACTIVE", "colour": "red",
    }  # fmt: skip
    answer = await client.post("/api/v1/test/tickets", json=given, headers=admin)
    ticket = await answer.json()
    assert answer.status == 201, ticket
    assert ticket["unused"] == ["colour"]
    for name in ("leaf", "narrative_original", "channel", "priority", "owner_org", "state"):
        assert ticket[name] == given[name], name
    assert ticket["reporter"]["role"] == "neighbour"
    assert ticket["reporter"]["contact_pref"] == "下午"
    assert ticket["location"]["building_id"] == "xingfu-3"
    for more, state, org in (
        ({"priority": "U1", "state": None, "owner_org": None}, "DISPATCHED", "grid"),
        ({"priority": "U2", "state": "ACCEPTED", "owner_org": None}, "ACCEPTED", None),
        ({"location": "幸福小区3号楼", "owner_org": None, "priority": None}, "ACTIVE", "grid"),
    ):
        answer = await client.post("/api/v1/test/tickets", json=given | more, headers=admin)
        ticket = await answer.json()
        assert answer.status == 201, ticket
        assert (ticket["state"], ticket["owner_org"]) == (state, org)
        assert ticket["priority"] == (more["priority"] or "U3")
    early = given | {"state": "SUBMITTED"}
    ticket = await (await client.post("/api/v1/test/tickets", json=early, headers=admin)).json()
    assert ticket["unused"] == ["colour", "priority", "owner_org"]


async def test_a_merged_ticket_has_another_one_that_goes_on(
    client: Client, as_staff: Token
) -> None:
    lead = (await made(client, as_staff, state="ACTIVE"))["ticket_no"]
    assert (await made(client, as_staff, state="MERGED", merged_into=lead))["merged_into"] == lead
    other = (await made(client, as_staff, state="MERGED"))["merged_into"]
    assert other not in (None, lead)


async def test_a_history_is_taken_step_by_step_at_its_times(
    client: Client, as_staff: Token
) -> None:
    steps = [
        {"action": "sign", "actor": "grid1", "at": "2026-11-20T10:00:00+08:00"},
        {
            "action": "contact",
            "way": "call",
            "payload": {"result": "reached"},
            "at": "2026-11-20T11:00:00+08:00",
        },
    ]
    ticket = await made(client, as_staff, history=steps, created_at="2026-11-20T09:00:00+08:00")
    assert (ticket["state"], ticket["owner_person"]) == ("ACTIVE", "grid1")
    assert str(ticket["first_contact_at"]).startswith("2026-11-20T11:00")


async def test_a_ticket_of_a_past_that_is_summed_counts_in_the_figures(
    client: Client, as_staff: Token, services: Services
) -> None:
    day = services.clock.now() - timedelta(days=5)

    async def filed() -> float:
        found = await services.metrics.dashboard(
            Actor("staff", "auditor1", "auditor", "street"), around("day", day.date())
        )
        return float(next(f["numerator"] for f in found["figures"] if f["key"] == "filed"))

    for n in (1, 2):
        await made(client, as_staff, created_at=day.isoformat())
        assert await filed() == n
        while await services.metrics.refresh():
            pass
        assert await filed() == n


async def test_a_worker_that_acts_in_between_does_not_stop_a_ticket_on_its_way(
    client: Client, as_staff: Token, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = TicketService.act
    taken: list[str] = []

    async def overtaken(
        self: TicketService, number: str, action: str, payload: Any, actor: Any, version: int,
        **more: Any,
    ) -> Any:  # fmt: skip
        if action not in taken:
            taken.append(action)
            await act(services.tickets, number, "note", {"text": "别人先动了"}, DESK, version)
        return await act(self, number, action, payload, actor, version, **more)

    monkeypatch.setattr(TicketService, "act", overtaken)
    ticket = await made(client, as_staff, state="RESOLVED")
    assert ticket["state"] == "RESOLVED" and {"sign", "contact", "resolve"} <= set(taken)


async def test_a_step_that_may_not_be_taken_is_refused_here_too(
    client: Client, as_staff: Token
) -> None:
    body = HALL_LIGHT | {"history": [{"action": "sign", "actor": "grid2"}]}
    answer = await client.post("/api/v1/test/tickets", json=body, headers=await as_staff("admin1"))
    assert answer.status in (403, 422)


async def test_a_resident_is_made_with_a_home_and_bound_to_a_session(
    client: Client, as_staff: Token, services: Services
) -> None:
    admin = await as_staff("admin1")
    session = await (await client.post("/api/v1/chat/sessions", json={})).json()
    for home in ("幸福小区3号楼2单元401室", PLACE):
        body = {"name": "张桂兰", "phone": "13812345678", "home": home,
                "session_id": session["session_id"]}  # fmt: skip
        answer = await client.post("/api/v1/test/residents", json=body, headers=admin)
        assert answer.status == 201, await answer.text()
        made_one = await answer.json()
        assert made_one["home"] == {
            "compound_id": "xingfu", "compound": "幸福小区", "building_id": "xingfu-3",
            "building": "3", "unit": "2", "room": "401",
        }  # fmt: skip
    async with services.db.read() as s:
        resident = await services.people.resident(s, made_one["resident_id"])
    assert resident is not None and resident.phone == "13812345678"
    for bad in ({"home": "阳光小区3号楼"}, {"session_id": "nobody"}):
        answer = await client.post("/api/v1/test/residents", json=bad, headers=admin)
        assert answer.status in (404, 422)


async def test_the_outbox_shows_what_is_to_be_done(client: Client, as_staff: Token) -> None:
    number = (await made(client, as_staff, state="ACTIVE"))["ticket_no"]
    admin = await as_staff("admin1")
    shown = await (await client.get("/api/v1/test/outbox", headers=admin)).json()
    assert shown["messages"] == []
    rows = [r for r in shown["outbox"] if r["payload"].get("ticket_no") == number]
    assert {r["topic"] for r in rows} == {"ticket.changed"}
    assert (await client.post("/api/v1/test/tick", headers=admin)).status == 200
    shown = await (await client.get("/api/v1/test/outbox", headers=admin)).json()
    assert {r["state"] for r in shown["outbox"]} == {"done"}
