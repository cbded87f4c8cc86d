"""The staff API for what the console does: each call with good and bad input, each answer against the document."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from typing import Any

import pytest
import yaml
from aiohttp import FormData
from aiohttp.client_reqrep import ClientResponse
from jsonschema import Draft202012Validator

from services.config import ROOT, Settings
from services.context import Services, build
from services.db import Database
from services.tickets.core import decide
from services.web import api_page, steps
from services.web.openapi import api_routes, document, example_of
from services.web.routing import DECLARATIONS, Declaration
from tests.services.conftest import NOW
from tests.services.seeded import plant
from tests.services.web.conftest import Client, Token

PLACE = {"compound": "幸福小区", "building": "3", "unit": "2", "room": "401"}
CLERK, DESK, ADMIN, AUDITOR = "clerk1", "dispatcher1", "admin1", "auditor1"


@pytest.fixture
async def services(db: Database, settings: Settings, cheap_passwords: None) -> Services:
    """As everywhere, but on a certain day: menus, seasons and visits hang on it."""
    built = build(settings.model_copy(update={"rasa_url": "http://127.0.0.1:9"}), db)
    await built.clock.set(db, NOW)
    await plant(built)
    return built


class Caller:
    """Calls as an account and holds every answer against the OpenAPI document."""

    def __init__(self, client: Client, as_staff: Token) -> None:
        app = client.server.app  # type: ignore[union-attr]
        self._client, self._as_staff = client, as_staff
        self._document = document(app)
        self._tokens: dict[str, dict[str, str]] = {}
        self._keys = 0
        self.declared: dict[tuple[str, str], Declaration] = {
            (method, path): d for method, path, d in api_routes(app)
        }
        self.called: set[tuple[str, str]] = set()

    async def __call__(
        self, who: str, call: str, body: Any = None, *, status: int = 200, key: str | None = None
    ) -> Any:
        """Do ``GET /lists`` as somebody; return the answer's JSON, its status as expected."""
        method, _, tail = call.partition(" ")
        headers = {**await self._token(who)}
        self._keys += 1
        headers["Idempotency-Key"] = key or f"key-{self._keys}"
        sent: dict[str, Any] = {"data": body} if isinstance(body, FormData) else {"json": body}
        if method == "GET":
            sent = {}
        answer = await self._client.request(method, f"/api/v1{tail}", headers=headers, **sent)
        assert answer.status == status, (call, answer.status, await answer.text())
        return await self._checked(method, f"/api/v1{tail}".partition("?")[0], answer)

    async def refused(self, who: str, call: str, body: Any, code: str, *fields: str) -> None:
        """Expect a 422 of this code that names these fields."""
        error = (await self(who, call, body, status=422))["error"]
        assert error["code"] == code, (call, error)
        assert set(fields) <= set(error["fields"]), (call, error)

    async def _token(self, who: str) -> dict[str, str]:
        if who not in self._tokens:
            self._tokens[who] = await self._as_staff(who)
        return self._tokens[who]

    async def _checked(self, method: str, path: str, answer: ClientResponse) -> Any:
        template = self._template(method, path)
        operation = self._document["paths"][template][method.lower()]
        described = operation["responses"].get(
            str(answer.status), operation["responses"]["default"]
        )
        if "$ref" in described:
            described = self._document["components"]["responses"][described["$ref"].split("/")[-1]]
        (media, content), *_ = described["content"].items()
        assert fnmatch(answer.content_type, media), (method, path)
        if answer.status < 400:
            self.called.add((method, template))
        if media != "application/json":
            return await answer.read()
        found = await answer.json()
        schema = {**content["schema"], "components": self._document["components"]}
        errors = [e.message for e in Draft202012Validator(schema).iter_errors(found)]
        assert errors == [], (method, path, errors[:3])
        return found

    def _template(self, method: str, path: str) -> str:
        for (m, template), _ in self.declared.items():
            pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
            if m == method and re.fullmatch(pattern, path):
                return template
        raise AssertionError(f"no route {method} {path}")


@pytest.fixture
async def call(client: Client, as_staff: Token) -> Caller:
    return Caller(client, as_staff)


async def ticket(call: Caller, **wanted: Any) -> dict[str, Any]:
    """Make a ticket in test mode."""
    body = {
        "leaf": "H6", "narrative": "楼道灯坏了好几天了", "location": PLACE,
        "contact": {"name": "张桂兰", "phone": "13812345678"}, **wanted,
    }  # fmt: skip
    return dict(await call(ADMIN, "POST /test/tickets", body, status=201))


# -- the document --------------------------------------------------------------------------------


def test_every_body_of_staff_has_an_example_that_fits(call: Caller) -> None:
    found = call._document
    Draft202012Validator.check_schema(found["components"]["schemas"]["Error"])
    missing = []
    for (method, path), d in call.declared.items():
        if not d.auth.startswith("staff") or d.body is None or d.variants is not None:
            continue
        example = example_of(d.body)
        if example is None and not path.startswith("/api/v1/training"):
            missing.append((method, path))
        elif example is not None:
            d.body.model_validate(example)
    assert missing == []


@pytest.mark.parametrize("action", steps.staff_steps())
def test_the_example_of_each_step_is_one_that_its_table_takes(action: str) -> None:
    example = steps.steps().examples[action]
    assert set(example) <= set(steps.fields_of(action))
    wrongs = [decide.read_fields(t, example)[1] for t in steps.staff_lines(action)]
    assert {} in wrongs, wrongs
    variant = steps.variants()[action]
    Draft202012Validator.check_schema(dict(variant.schema))
    assert not list(Draft202012Validator(dict(variant.schema)).iter_errors(dict(variant.example)))


def test_other_names_are_of_fields_that_exist_and_values_of_options() -> None:
    fields = {n: f for a in steps.staff_steps() for n, f in steps.fields_of(a).items()}
    assert set(steps.steps().names) - {"version"} <= set(fields)
    for name, meant in steps.steps().values.items():
        options = {
            o for a in steps.staff_steps() for f in steps.fields_of(a).values()
            if f.name == name for o in f.options or ()
        }  # fmt: skip
        assert {m for several in meant.values() for m in several} <= options, name
    named = {other: n for n, others in steps.steps().names.items() for other in others}
    for other, meant in steps.steps().said_as.items():
        options = {
            o for a in steps.staff_steps() for f in steps.fields_of(a).values()
            if f.name == named[other] for o in f.options or ()
        }  # fmt: skip
        assert {m for several in meant.values() for m in several} <= options, other


@pytest.mark.parametrize(
    ("said", "result"),
    [
        ({"reached": True, "solved": True}, "solved"),
        # Somebody answered the call, and says that nothing has been solved.
        ({"reached": True, "solved": False}, "unsolved"),
        ({"reached": False}, "no_answer"),
        ({"reached": False, "solved": None, "score": None}, "no_answer"),
        ({"reached": True, "solved": "partial"}, "partial"),
    ],
)
def test_a_call_that_was_answered_is_not_a_matter_that_is_solved(
    said: dict[str, Any], result: str
) -> None:
    assert steps.understood("callback", said)[0]["result"] == result


def test_a_contact_that_failed_is_none() -> None:
    assert steps.understood("contact", {"reached": False})[0]["result"] == "no_answer"
    assert steps.understood("contact", {"reached": True})[0]["result"] == "reached"


def test_what_the_console_does_is_done_by_a_call_with_the_same_roles(client: Client) -> None:
    told = yaml.safe_load((ROOT / "data" / "api" / "console.yml").read_text("utf-8"))
    declared = client.server.app[DECLARATIONS]  # type: ignore[union-attr]
    roles = {
        f"{route.method} {route.resource.canonical}": d.roles
        for route, d in declared.items()
        if route.resource and d.auth.startswith("staff")
    }
    shown = {k for k in roles if " /console" in k and not k.startswith("HEAD")}
    full = {
        page.replace(" ", " /console", 1): call.replace(" ", " /api/v1", 1)
        for page, call in told.items()
    }
    assert shown == set(full), shown ^ set(full)
    assert {(p, c) for p, c in full.items() if roles.get(c) != roles[p]} == set()


def test_the_page_of_the_documentation_is_that_of_the_calls(client: Client) -> None:
    made = api_page.page(document(client.server.app))  # type: ignore[union-attr]
    assert (ROOT / "docs" / "api.md").read_text("utf-8") == made, "run: linda api > docs/api.md"


# -- steps, as somebody who has not seen the code -------------------------------------------------


@pytest.mark.parametrize(
    ("action", "given", "meant"),
    [
        ("resolve", {"result": "fixed", "text": "好了", "photos": ["p"]}, {"outcome": "solved", "reply": "好了", "evidence": ["p"]}),
        ("callback", {"solved": False, "comment": "没好"}, {"result": "unsolved", "text": "没好"}),
        ("contact", {"method": "call", "reached": True}, {"way": "phone", "result": "reached"}),
        ("object", {"reason": "不归我", "suggested_unit": "power"}, {"basis": "不归我", "suggested_org": "power"}),
        ("decide_objection", {"uphold": True, "org_id": "power", "reason": "r"}, {"decision": "uphold", "org": "power", "basis": "r"}),
        ("dispatch", {"department": "water"}, {"org": "water"}),
        ("suspend", {"reason": "parts", "approve": False, "text": "不行"}, {"reason": "parts", "decision": "refuse", "text": "不行"}),
        ("merge", {"parent": "SQ-1"}, {"into": "SQ-1"}),
        ("note", {"content": "记一笔"}, {"text": "记一笔"}),
        ("accept", {"leaf": "H6"}, {"leaf": "H6"}),
        ("supervise", {"level": "written", "comment": "抓紧"}, {"level": "2", "text": "抓紧"}),
    ],
)  # fmt: skip
def test_a_step_is_understood_by_other_names(
    action: str, given: dict[str, Any], meant: dict[str, Any]
) -> None:
    assert steps.understood(action, given) == (meant, [])


def test_what_has_its_name_is_never_taken_for_another() -> None:
    given = {"reason": "改派", "basis": "目录", "org": "water", "zhuban": "x"}
    assert steps.understood("dispatch", given) == (
        {"reason": "改派", "basis": "目录", "org": "water"}, ["zhuban"],
    )  # fmt: skip
    assert steps.envelope({"ver": 3, "payload": {"text": "a", "version": 1}}) == {
        "text": "a", "version": 1, "ver": 3,
    }  # fmt: skip


async def test_a_wrong_step_is_told_what_is_right(call: Caller) -> None:
    one = await ticket(call, state="ACTIVE")
    path = f"POST /tickets/{one['ticket_no']}/actions"
    error = (await call("grid1", f"{path}/resolve", {"version": one["version"], "fix": "x"}, status=422))["error"]  # fmt: skip
    assert "solved 已解决" in error["fields"]["outcome"] and "reply" in error["fields"]
    assert "outcome（办理结果，必填）" in error["fields"]["fix"]
    await call.refused("grid1", f"{path}/contact", {}, "invalid_fields", "version")
    error = (await call("grid1", f"{path}/fly", {"version": 1}, status=404))["error"]
    assert "accept" in error["fields"]["actions"] and error["code"] == "unknown_action"
    await call(CLERK, f"{path}/withdraw", {"version": one["version"]}, status=403)
    stale = await call("grid1", f"{path}/contact", {"version": 0, "way": "phone", "result": "reached"}, status=409)  # fmt: skip
    body = {
        "version": stale["error"]["fields"]["version"],
        "via": "phone",
        "reached": True,
        "mood": "好",
    }
    done = await call("grid1", f"{path}/contact", body)
    assert done["unused"] == ["mood"] and done["contacts"][-1]["result"] == "reached"


async def test_each_role_sees_a_ticket_as_the_document_says(call: Caller) -> None:
    one = await ticket(call, state="ACTIVE")
    path = f"GET /tickets/{one['ticket_no']}"
    for who in (CLERK, "grid1", "supervisor1", DESK, "callback1", AUDITOR, ADMIN):
        await call(who, path)
        await call(who, f"{path}/events")
        await call(who, f"{path}/actions")
        await call(who, "GET /tickets?limit=1")
    for who in ("vendor1", "handler1", "trainer1"):
        await call(who, path, status=403)
        assert (await call(who, "GET /tickets"))["tickets"] == []


async def test_a_registration_is_understood_by_other_names(call: Caller) -> None:
    body = {
        "text": "楼道灯坏了", "leaf": "H6", "location": PLACE,
        "reporter": {"name": "张桂兰", "phone": "13812345678", "role": "neighbour"},
    }  # fmt: skip
    filed = await call(CLERK, "POST /tickets", body, status=201)
    assert filed["location"]["building_id"] == "xingfu-3" and filed["state"] == "DISPATCHED"
    assert filed["reporter"]["role"] == "neighbour" and "138****5678" in str(filed["reporter"])
    words = {"narrative": "灯坏了", "leaf": "H6", "address_text": "幸福小区3号楼2单元"}
    assert (await call(CLERK, "POST /tickets", words, status=201))["location"]["grid_id"]
    await call.refused(CLERK, "POST /tickets", {"leaf": "H6"}, "invalid_fields", "narrative")
    nowhere = {**words, "location": "火星基地"}
    await call.refused(CLERK, "POST /tickets", nowhere, "place_not_found", "place")


@pytest.mark.parametrize(
    ("said", "building", "community"),
    [
        # As GET /places names them, by id and by name.
        ({"compound": "xingfu", "building": "xingfu-3"}, "xingfu-3", "qinghe-c1"),
        ({"community": "qinghe-c1"}, None, "qinghe-c1"),
        ({"community": "清河社区"}, None, "qinghe-c1"),
        ({"grid": "qinghe-g1"}, None, "qinghe-c1"),
        ({"community": "清河社区", "grid": "清河社区第一网格"}, None, "qinghe-c1"),
        # As the API answers them.
        ({"community": "清河社区", "text": "幸福小区3号楼2单元"}, "xingfu-3", "qinghe-c1"),
        ({"building": "3", "text": "幸福小区3号楼2单元"}, "xingfu-3", "qinghe-c1"),
        ({"text": "幸福小区3号楼2单元"}, "xingfu-3", "qinghe-c1"),
    ],
)
async def test_a_place_is_understood_as_the_api_itself_says_it(
    call: Caller, said: dict[str, str], building: str | None, community: str
) -> None:
    body = {"narrative": "灯坏了", "leaf": "H6", "location": said}
    filed = await call(CLERK, "POST /tickets", body, status=201)
    place = filed["location"]
    assert (place.get("building_id"), place["community_id"]) == (building, community)
    again = await call(CLERK, "POST /tickets", {**body, "location": place}, status=201)
    assert again["location"] == {**place, "confidence": 1.0}, (
        "the place of a ticket is the place of another one"
    )


@pytest.mark.parametrize(
    "said", [{"community": "火星"}, {"community": "清河社区", "grid": "火星"}, {"building": "3"}]
)
async def test_a_place_that_may_be_several_or_none_is_asked_for(
    call: Caller, said: dict[str, str]
) -> None:
    body = {"narrative": "灯坏了", "leaf": "H6", "location": said}
    await call.refused(CLERK, "POST /tickets", body, "place_not_found", "place")


# -- what the console does -------------------------------------------------------------------------


async def test_records_of_a_ticket_and_its_sheets(call: Caller) -> None:
    one = await ticket(call, state="ACTIVE")
    path = f"/tickets/{one['ticket_no']}"
    moves = (await call("grid1", f"GET {path}/deadlines"))["deadlines"]
    assert "due" in {m["stage"] for m in moves}
    await call("grid1", f"POST {path}/photos", FormData({"a": "b"}), status=415)
    papers = (await call("grid1", f"GET {path}/papers"))["papers"]
    kind = next(
        p["id"] for p in papers if p["ready"] and not any(f["required"] for f in p["fields"])
    )
    draft = await call("grid1", f"POST {path}/papers/{kind}/preview", {})
    assert draft["number"] is None
    await call.refused("grid1", f"POST {path}/papers/{kind}", {}, "invalid_fields", "version")
    stale = await call("grid1", f"POST {path}/papers/{kind}", {"version": 0}, status=409)
    assert stale["error"]["fields"]["version"] == one["version"]
    made = [
        await call("grid1", f"POST {path}/papers/{kind}", {"version": one["version"]}, status=201, key="once")
        for _ in range(2)
    ]  # fmt: skip
    assert made[0] == made[1] and made[0]["number"]
    assert await call("grid1", f"GET {path}/papers/{kind}/1") == made[0]
    await call("grid1", f"GET {path}/papers/{kind}/9", status=404)
    await call("grid2", f"GET {path}/papers", status=403)


async def test_audit_retention_and_reminders(call: Caller, services: Services) -> None:
    one = await ticket(call)
    for who in ("supervisor1", DESK, CLERK):
        await call(who, f"GET /tickets/{one['ticket_no']}")
    first = await call(AUDITOR, "GET /audit/entries?limit=2")
    rest = await call(AUDITOR, f"GET /audit/entries?limit=2&cursor={first['next_cursor']}")
    ids = [e["id"] for e in [*first["entries"], *rest["entries"]]]
    assert ids == sorted(ids, reverse=True) and len(set(ids)) == 3 and rest["next_cursor"] is None
    own = await call(
        AUDITOR, f"GET /audit/entries?who={CLERK}&ticket={one['ticket_no']}&action=view"
    )
    assert [e["action_name"] for e in own["entries"]] == ["打开工单"]
    await call.refused(AUDITOR, "GET /audit/entries?ticket=12", None, "bad_ticket_number", "ticket")
    await call(AUDITOR, "GET /audit/entries?cursor=x", status=400)
    await services.audit.seal()
    report = await call(AUDITOR, "GET /audit/verify")
    assert report["ok"] and report["checked"] > 3
    await call.refused(AUDITOR, "GET /audit/verify?from=2026-11-02&to=2026-11-01", None, "invalid_fields", "to")  # fmt: skip
    await call.refused(AUDITOR, "GET /audit/verify?from=2020-01-01", None, "invalid_fields", "from")
    kept = await call(ADMIN, "GET /retention")
    assert {"contact", "narrative"} <= {c["kind"] for c in kept["classes"]}
    assert (await call("grid1", "GET /reminders"))["count"] == 0
    await call(ADMIN, "POST /test/clock", {"advance": "P30D"})
    await call(ADMIN, "POST /test/tick", {})
    waiting = (await call("supervisor1", "GET /reminders"))["reminders"]
    assert waiting and one["ticket_no"] in {r["ticket_no"] for r in waiting}
    assert (await call("supervisor1", f"POST /reminders/{waiting[0]['id']}/seen", {}))["seen"]
    await call("grid2", f"POST /reminders/{waiting[0]['id']}/seen", {}, status=404)
    await call("grid1", "POST /reminders/x/seen", {}, status=404)


async def test_rights_and_emergency_looks_take_two_people(call: Caller) -> None:
    one = await ticket(call)
    wanted = {"kind": "copy", "phone": "13812345678", "proof": "id_seen"}
    made = [await call(CLERK, "POST /rights/requests", wanted, status=201, key="a") for _ in "12"]
    id = made[0]["id"]
    assert made[0] == made[1] and made[0]["phone"] == "138****5678"
    await call(CLERK, "POST /rights/requests", {**wanted, "kind": "delete"}, status=409, key="a")
    await call.refused(CLERK, "POST /rights/requests", {"kind": "x", "phone": "1", "proof": ""}, "invalid_fields", "kind", "phone", "proof")  # fmt: skip
    await call(CLERK, f"POST /rights/requests/{id}/export", {}, status=409)
    decision = {"approve": True, "answer": "可以给本人"}
    await call(CLERK, f"POST /rights/requests/{id}/decision", decision, status=403)
    await call.refused(AUDITOR, f"POST /rights/requests/{id}/decision", {"approve": True, "answer": " "}, "reason_missing", "answer")  # fmt: skip
    assert (await call(AUDITOR, f"POST /rights/requests/{id}/decision", decision))[
        "state"
    ] == "approved"
    assert "13812345678" in str(await call(CLERK, f"POST /rights/requests/{id}/export", {}))
    correct = {**wanted, "kind": "correct", "wish": "姓名写错了"}
    other = (await call(CLERK, "POST /rights/requests", correct, status=201))["id"]
    await call.refused(
        CLERK, f"POST /rights/requests/{other}/carry-out", {}, "invalid_fields", "name"
    )
    done = await call(CLERK, f"POST /rights/requests/{other}/carry-out", {"name": "张桂芳"})
    assert done["state"] == "done" and done["result"]["tickets"] == [one["ticket_no"]]
    page = await call(CLERK, "GET /rights/requests?limit=1")
    rest = await call(CLERK, f"GET /rights/requests?limit=1&cursor={page['next_cursor']}")
    assert {page["requests"][0]["id"], rest["requests"][0]["id"]} == {id, other}
    assert (await call(CLERK, f"GET /rights/requests/{id}"))["state"] == "done"
    await call(CLERK, "GET /rights/requests/none", status=404)
    glass = {"ticket_no": one["ticket_no"], "reason": "页面打不开"}
    asked = await call(ADMIN, "POST /rights/glasses", glass, status=201)
    await call.refused(
        ADMIN, "POST /rights/glasses", {**glass, "reason": ""}, "reason_missing", "reason"
    )
    await call(ADMIN, f"POST /rights/glasses/{asked['id']}/opening", {}, status=403)
    await call(ADMIN, f"POST /rights/glasses/{asked['id']}/approval", {}, status=403)
    await call(AUDITOR, f"POST /rights/glasses/{asked['id']}/approval", {})
    await call(AUDITOR, f"POST /rights/glasses/{asked['id']}/approval", {}, status=409)
    seen = await call(ADMIN, f"POST /rights/glasses/{asked['id']}/opening", {})
    assert seen["narrative_original"] == "楼道灯坏了好几天了"
    assert [g["id"] for g in (await call(AUDITOR, "GET /rights/glasses"))["glasses"]] == [
        asked["id"]
    ]
    assert (await call(CLERK, "GET /rights/glasses"))["glasses"] == []


async def test_notices_and_menus(call: Caller) -> None:
    wanted = {
        "topic": "water", "text": "26日9点到17点停水。", "starts": "2026-11-26",
        "until": "2026-11-26", "source": "清河社区",
    }  # fmt: skip
    said = await call(CLERK, "POST /information/notices/preview", wanted)
    assert "26日9点到17点停水" in said["text"]
    wrong = {**wanted, "topic": "x", "until": "2026-11-25"}
    await call.refused(CLERK, "POST /information/notices/preview", wrong, "notice_invalid", "topic", "until")  # fmt: skip
    await call.refused(CLERK, "POST /information/notices", {**wanted, "starts": "x"}, "invalid_fields", "starts")  # fmt: skip
    made = [
        await call(CLERK, "POST /information/notices", wanted, status=201, key="n") for _ in "12"
    ]
    assert made[0] == made[1] and made[0]["told"] and made[0]["topic_name"] == "停水"
    await call(
        CLERK,
        "POST /information/notices",
        {**wanted, "text": "别的话，不一样"},
        status=409,
        key="n",
    )
    other = await call(CLERK, "POST /information/notices", {**wanted, "replaces": made[0]["id"]}, status=201)  # fmt: skip
    told = {n["id"]: n["told"] for n in (await call(CLERK, "GET /information/notices"))["notices"]}
    assert told[made[0]["id"]] is False and told[other["id"]] is True
    assert not (await call(CLERK, f"POST /information/notices/{other['id']}/withdraw", {}))["told"]
    await call(CLERK, "POST /information/notices/none/withdraw", {}, status=404)
    menu = {"day": "2026-11-25", "meal": "lunch", "dishes": "土豆炖牛肉"}
    kept = await call(CLERK, "POST /information/menus", {"menus": [menu]})
    assert "土豆炖牛肉" in {m["dishes"] for m in kept["menus"]}
    late = {"menus": [{**menu, "day": "2026-12-25"}]}
    await call.refused(CLERK, "POST /information/menus", late, "invalid_fields", "menus.0.day")
    assert (await call(CLERK, "GET /information/menus?from=2026-11-25&to=2026-11-25"))["menus"]
    await call.refused(CLERK, "GET /information/menus?from=2026-11-25&to=2026-11-24", None, "invalid_fields", "to")  # fmt: skip


async def test_webhooks_and_keys(call: Caller) -> None:
    wanted = {"name": "物业系统", "url": "https://example.com/hook", "events": ["resolved"]}
    first = await call(ADMIN, "POST /webhooks", wanted, status=201, key="w")
    again = await call(ADMIN, "POST /webhooks", wanted, status=201, key="w")
    id = first["id"]
    assert first["secret"] and again == {"id": id, "secret": ""}, "shown once"
    bad = [({"url": "ftp://x"}, "url_refused", "url"), ({"events": ["x"]}, "unknown_event", "events"), ({"events": []}, "invalid_fields", "events"), ({"org_id": "x"}, "unknown_org", "org_id"), ({"community_id": "x"}, "unknown_community", "community_id")]  # fmt: skip
    for change, code, field in bad:
        await call.refused(ADMIN, "POST /webhooks", wanted | change, code, field)
    assert [w["id"] for w in (await call(ADMIN, "GET /webhooks"))["webhooks"]] == [id]
    done = await ticket(call, state="RESOLVED")
    await call(ADMIN, "POST /test/tick", {})
    told = await call(ADMIN, f"GET /webhooks/{id}/messages?limit=1")
    assert [m["ticket_no"] for m in told["messages"]] == [done["ticket_no"]]
    assert (await call(ADMIN, f"GET /webhooks/{id}"))["counts"]
    assert (await call(ADMIN, f"POST /webhooks/{id}/rotate", {}))["secret"] != first["secret"]
    assert not (await call(ADMIN, f"POST /webhooks/{id}/switch", {"active": False}))["active"]
    await call.refused(ADMIN, f"POST /webhooks/{id}/switch", {}, "invalid_fields", "active")
    span = {"since": "2026-11-24T00:00:00+08:00", "until": "2026-11-25T00:00:00+08:00"}
    assert (await call(ADMIN, f"POST /webhooks/{id}/replay", span))["replayed"] == 0
    await call.refused(ADMIN, f"POST /webhooks/{id}/replay", {}, "invalid_fields", "body")
    await call(ADMIN, f"POST /webhooks/{id}/replay", {"message": "none"}, status=404)
    await call(ADMIN, "GET /webhooks/none/messages", status=404)
    key = await call(ADMIN, "POST /open311-keys", {"name": "市民应用"}, status=201, key="k")
    assert key["key"] and (await call(ADMIN, "POST /open311-keys", {"name": "市民应用"}, status=201, key="k"))["key"] == ""  # fmt: skip
    await call.refused(ADMIN, "POST /open311-keys", {}, "invalid_fields", "name")
    (kept,) = (await call(ADMIN, "GET /open311-keys"))["keys"]
    assert (await call(ADMIN, f"POST /open311-keys/{kept['id']}/revoke", {}))["keys"][0][
        "revoked_at"
    ]
    await call(ADMIN, f"POST /open311-keys/{kept['id']}/revoke", {}, status=404)


async def test_orders_of_a_platform_come_in_and_go_out(call: Caller) -> None:
    (platform,) = (await call(DESK, "GET /exchange/platforms"))["platforms"]

    def file(**parts: str) -> FormData:
        form = FormData(default_to_multipart=True)
        form.add_field("source", parts.get("source", platform["id"]))
        if "content" in parts:
            form.add_field("file", parts["content"].encode(), filename="orders.csv")
        return form

    await call.refused(DESK, "POST /exchange/imports", file(), "invalid_fields", "file")
    await call.refused(
        DESK, "POST /exchange/imports", file(content="a,b\n1,2"), "bad_table", "file"
    )
    await call(DESK, "POST /exchange/imports", file(source="x", content="a,b\n1,2"), status=404)
    content = (
        "工单编号,诉求内容,诉求地址\nGD1,楼道灯坏了,幸福小区3号楼2单元\nGD2,水管漏水,幸福小区3号楼"
    )
    made = [
        await call(DESK, "POST /exchange/imports", file(content=content), status=201, key="f")
        for _ in "12"
    ]
    batch = made[0]["batch"]["id"]
    assert made[0] == made[1] and made[0]["batch"]["lines"] == 2 and made[0]["left"] == 2
    page = await call(DESK, f"GET /exchange/imports/{batch}?limit=1")
    rest = await call(DESK, f"GET /exchange/imports/{batch}?limit=1&cursor={page['next_cursor']}")
    assert [r["lines"][0]["ref"] for r in (page, rest)] == ["GD1", "GD2"]
    await call.refused(DESK, f"GET /exchange/imports/{batch}?verdict=x", None, "invalid_fields", "verdict")  # fmt: skip
    await call(AUDITOR, f"POST /exchange/imports/{batch}/confirm", {}, status=403)
    await call(DESK, f"POST /exchange/imports/{batch}/confirm", {})
    await call(ADMIN, "POST /test/tick", {})
    assert (await call(AUDITOR, f"GET /exchange/imports/{batch}"))["left"] == 0
    await call(DESK, f"POST /exchange/imports/{batch}/drop", {}, status=409)
    assert [b["id"] for b in (await call(DESK, "GET /exchange/imports"))["imports"]] == [batch]
    wanted = {"source": platform["id"], "whole": True, "reason": "上级要回访"}
    await call.refused(DESK, "POST /exchange/exports", {**wanted, "reason": ""}, "reason_missing", "reason")  # fmt: skip
    made = [await call(DESK, "POST /exchange/exports", wanted, status=201, key="e") for _ in "12"]
    id = made[0]["id"]
    assert made[0] == made[1] and made[0]["state"] == "waiting"
    await call.refused(DESK, "POST /exchange/exports", {**wanted, "whole": False}, "nothing_new")
    await call(DESK, f"GET /exchange/exports/{id}/workbook", status=409)
    await call(DESK, f"POST /exchange/exports/{id}/decision", {"approve": True}, status=403)
    done = await call(AUDITOR, f"POST /exchange/exports/{id}/decision", {"approve": False})
    assert done["state"] == "refused"
    await call(AUDITOR, f"POST /exchange/exports/{id}/decision", {"approve": True}, status=409)
    assert (await call(DESK, f"GET /exchange/exports/{id}/workbook"))[:2] == b"PK"
    assert (await call(AUDITOR, "GET /exchange/exports"))["exports"][0]["id"] == id
    await call(DESK, "GET /exchange/exports/x", status=404)
    log = await call(AUDITOR, "GET /exchange/log?limit=3")
    assert len(log["log"]) == 3 and log["next_cursor"]
    again = await call(DESK, "POST /exchange/imports", file(content=content), status=201)
    assert again["repeated"] and again["counts"] == {"known": 2}
    dropped = await call(DESK, f"POST /exchange/imports/{again['batch']['id']}/drop", {})
    assert dropped["batch"]["state"] == "dropped"


async def test_the_calendar_is_shown_before_it_is_changed(call: Caller) -> None:
    assert (await call(ADMIN, "GET /calendar"))["years"]
    days = "\n".join(f"2027-01-0{n},元旦,是" for n in (1, 2, 3))
    notice = {"text": f"日期,名称,放假\n{days}", "source": "关于2027年节假日的通知"}
    seen = await call(ADMIN, "POST /calendar/notices", notice)
    assert seen["applied"] is False and seen["year"]["year"] == 2027
    assert 2027 not in {t["year"] for t in (await call(ADMIN, "GET /calendar"))["taken"]}
    await call(ADMIN, "POST /calendar/notices", {**notice, "seen": "other"}, status=409)
    await call.refused(ADMIN, "POST /calendar/notices", {"text": "胡写"}, "bad_notice", "text")
    assert (await call(ADMIN, "POST /calendar/notices", {**notice, "seen": seen["seen"]}))[
        "applied"
    ]
    assert 2027 in {t["year"] for t in (await call(ADMIN, "GET /calendar"))["taken"]}


async def test_elders_seasons_and_lists(call: Caller, services: Services) -> None:
    codes = await call("grid1", "GET /visits/choices")
    wanted = {
        "name": "王秀英", "building_id": "xingfu-3", "door": "2单元401", "phone": "0439-00000299",
        "kinds": [next(iter(codes["kinds"]))], "risk": "key",
    }  # fmt: skip
    made = [await call(CLERK, "POST /visits", wanted, status=201, key="v") for _ in "12"]
    one = f"/visits/{made[0]['id']}"
    assert made[0] == made[1]
    await call(CLERK, "POST /visits", {**wanted, "door": ""}, status=409, key="v")
    for change, code, field in [({"risk": "x"}, "choice_unknown", "risk"), ({"building_id": "x"}, "place_unknown", "building_id"), ({"name": ""}, "invalid_fields", "name")]:  # fmt: skip
        await call.refused(CLERK, "POST /visits", wanted | change, code, field)
    assert made[0]["id"] in {e["id"] for e in (await call("grid1", "GET /visits"))["elders"]}
    found = await call("grid1", f"GET {one}")
    assert found["elder"]["phone"] != wanted["phone"] and found["visits"] == []
    body = {"id": "visit-00001", "way": "door", "reached": True, "state": "well"}
    await call("grid1", f"POST {one}", body, status=201)
    await call.refused("grid1", f"POST {one}", {**body, "id": "visit-00002", "state": None}, "state_missing", "state")  # fmt: skip
    assert (await call("grid1", f"POST {one}/phone", {"reason": "上门前"}))["phone"] == wanted[
        "phone"
    ]
    await call.refused("grid1", f"POST {one}/phone", {"reason": " "}, "reason_missing", "reason")
    away = {"kind": "hospital", "starts": "2026-11-24"}
    assert (await call("grid1", f"POST {one}/away", away, status=201))["elder"]["away"]
    await call.refused("grid1", f"POST {one}/away", {**away, "until": "2026-11-01"}, "dates_wrong", "until")  # fmt: skip
    assert (await call("grid1", f"POST {one}/back", {}))["elder"]
    await call("grid1", f"POST {one}/alert", {"kind": "fall"}, status=201)
    await call.refused("grid1", f"POST {one}/alert", {"kind": "x"}, "choice_unknown", "kind")
    assert (await call(CLERK, f"POST {one}/risk", {"risk": "high"}))["elder"]["risk"] == "high"
    await call("grid2", f"GET {one}", status=404)
    await call.refused(CLERK, f"POST {one}/leave", {"why": " "}, "reason_missing", "why")
    await call(CLERK, f"POST {one}/leave", {"why": "搬走了"})
    await services.visits.work()
    due = (await call("grid1", "GET /visits/reminders"))["reminders"]
    assert due and "qinghe-g2" not in {d["grid_id"] for d in due}
    for who, visits in (("grid1", due), ("handler1", [])):
        assert (await call(who, "GET /reminders")) == {
            "reminders": [],
            "count": 0,
            "visits": visits,
            "rising": [],
            "themes": [],
        }
    assert (await call("grid1", "POST /visits/reminders/seen", {}))["reminders"] == []
    assert (await call("grid1", "GET /reminders"))["visits"] == []
    await call.refused(CLERK, "GET /visits/figures?month=x", None, "month_wrong", "month")
    seasons = await call("grid1", "GET /seasons")
    season = seasons["on"][0]
    check = {"check": season["points"][0]["id"], "grid": "qinghe-g1", "found": "好的"}
    done = await call("grid1", f"POST /seasons/{season['id']}/checks", check)
    assert done["on"][0]["checked"][0]["found"] == "好的"
    await call("grid1", f"POST /seasons/{season['id']}/checks", {**check, "grid": "x"}, status=404)
    await call(CLERK, f"POST /seasons/{season['id']}/publish", {})
    await call(CLERK, "POST /seasons/none/publish", {}, status=404)
    choices = await call("grid1", "GET /lists/choices")
    item = {"list": "need", "kind": next(iter(choices["kinds"]["need"])), "title": "装个扶手", "owner": CLERK}  # fmt: skip
    lines = [await call(CLERK, "POST /lists", item, status=201, key="l") for _ in "12"]
    assert lines[0] == lines[1]
    theirs = await call("supervisor1", "POST /lists", item, status=201, key="l")
    assert theirs != lines[0], "a key belongs to who sent it"
    await call(CLERK, "POST /lists", {**item, "title": "别的"}, status=409, key="l")
    for change, field in [({"list": "x"}, "list"), ({"kind": "x"}, "kind")]:
        await call.refused(CLERK, "POST /lists", item | change, "choice_unknown", field)
    move = {"state": "planned", "version": 1}
    await call(CLERK, f"POST /lists/{lines[0]['id']}", move)
    await call(CLERK, f"POST /lists/{lines[0]['id']}", move, status=409)
    await call.refused(CLERK, f"POST /lists/{lines[0]['id']}", {"state": "x", "version": 2}, "choice_unknown", "state")  # fmt: skip
    number = (await ticket(call))["ticket_no"]
    need = [
        await call(CLERK, "POST /lists/from-ticket", {"ticket_no": number}, status=201)
        for _ in "12"
    ]
    assert need[0] == need[1]
    board = await call(CLERK, "GET /lists")
    assert {need[0]["id"], lines[0]["id"]} <= {line["id"] for line in board["need"]}
    await call(CLERK, "GET /lists?over=true")
    assert set(await call(CLERK, "GET /foresight")) == {"waiting", "decided"}
    await call(CLERK, "POST /foresight/file", {"key": "none", "words": "看看"}, status=404)


async def test_units_directory_and_texts(call: Caller) -> None:
    assert {"property", "water"} <= {
        u["id"] for u in (await call("vendor1", "GET /units"))["units"]
    }
    grid = (await call(DESK, "GET /staff?org=grid"))["staff"]
    assert {"grid1", "grid2"} <= {w["id"] for w in grid} and {w["role"] for w in grid} == {"grid"}
    kept = await call(AUDITOR, "GET /dispatch-directory")
    assert kept["version"] and len(kept["digest"]) > 6 and kept["lines"]
    led = await call(DESK, "GET /dispatch-directory/route?leaf=H6&community=qinghe")
    assert led["known"] and led["lead"]
    await call.refused(DESK, "GET /dispatch-directory/route?leaf=ZZ", None, "leaf_unknown", "leaf")
    await call.refused(DESK, "GET /dispatch-directory/route", None, "invalid_fields", "leaf")
    assert (await call("trainer1", "GET /texts?q=停水"))["files"]
    assert (await call(CLERK, "GET /standing-orders"))["orders"] == []
