"""The console's pages: who gets in, what is escaped, what a refusal leaves standing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from aiohttp import FormData

from services.channels.handoffs import ROLES
from services.errors import LindaError
from services.web.console.views import own_path
from tests.services.frontend.conftest import Enter
from tests.services.frontend.stand_in import NUMBER, STAFF, XSS

TICKET = f"/console/tickets/{NUMBER}"
PAGES = ["/console/tickets", TICKET, "/console/handoffs", "/console/handoffs/h1"]


class Page(HTMLParser):
    """Collects what a browser would run or load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""
        self._in_script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_script = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.inline += data.strip()


def assert_harmless(html: str) -> None:
    page = Page(html)
    assert page.inline == ""
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert "style" not in attributes, (tag, attributes)
        if tag in ("script", "img", "link"):
            address = attributes.get("src") or attributes.get("href") or ""
            assert address.startswith("/"), (tag, address)


@pytest.mark.parametrize("path", PAGES)
async def test_hostile_text_is_only_text(enter: Enter, path: str) -> None:
    client = await enter("grid1")
    answer = await client.get(path)
    html = await answer.text()
    assert answer.status == 200
    assert_harmless(html)
    assert "&lt;script&gt;alert(2)&lt;/script&gt;{{ 7*7 }}" in html
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


async def test_every_resident_field_is_shown_escaped(enter: Enter) -> None:
    html = await (await (await enter("grid1")).get(TICKET)).text()
    # title ×3, narrative, supplement, place, occurred, name, pref, subject, date, diet,
    # certificate ×3, need, reply, explanation, rework, timeline
    assert html.count("&lt;img src=x onerror=alert(1)&gt;") >= 18
    assert "<img src=x" not in html


@pytest.mark.parametrize("path", PAGES)
async def test_without_login_to_the_login_page_and_back(client: Any, path: str) -> None:
    answer = await client.get(path, allow_redirects=False)
    assert answer.status == 303
    assert answer.headers["Location"].startswith("/console/login?next=%2Fconsole%2F")


@pytest.mark.parametrize("username", sorted(STAFF))
async def test_pages_by_role(enter: Enter, username: str) -> None:
    client = await enter(username)
    role = STAFF[username].role
    worklist = await client.get("/console/tickets")
    html = await worklist.text()
    assert worklist.status == 200
    assert STAFF[username].role_name in html
    talks = await client.get("/console/handoffs")
    assert talks.status == (200 if role in ROLES else 403)
    assert ('href="/console/handoffs"' in html) == (role in ROLES)
    if talks.status == 403:
        assert "不能做这件事" in await talks.text()


async def test_wrong_password_keeps_the_name(client: Any) -> None:
    form = {"username": "grid1", "password": "wrong"}
    answer = await client.post("/console/login", data=form)
    html = await answer.text()
    assert answer.status == 401
    assert 'value="grid1"' in html and "账号或密码不对" in html and "wrong" not in html


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/console/\\evil", "/console//evil", "/x"]
)
def test_login_leads_to_no_other_site(target: str) -> None:
    assert own_path(target) == "/console/tickets"


def test_login_leads_back() -> None:
    assert own_path(TICKET) == TICKET


async def test_a_form_of_another_site_is_refused(enter: Enter, services: Any) -> None:
    client = await enter("grid1")
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = await client.post(f"{TICKET}/actions/note", data={"text": "x"}, headers=headers)
    assert answer.status == 403
    assert services.tickets.acted == []


async def test_logout_forgets_the_session(enter: Enter) -> None:
    client = await enter("grid1")
    await client.post("/console/logout", allow_redirects=False)
    assert (await client.get("/console/tickets", allow_redirects=False)).status == 303


async def test_live_part_of_an_ended_session_reloads_the_page(client: Any) -> None:
    answer = await client.get("/console/tickets", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"].startswith("/console/login")


async def test_filters_reach_the_service_and_stay_in_the_page(enter: Enter, services: Any) -> None:
    client = await enter("grid1")
    query = {"state": "ACTIVE", "priority": "", "q": " 灯 ", "leaf": "H6", "mine": "true"}
    html = await (await client.get("/console/tickets", params=query)).text()
    asked = services.tickets.asked
    assert (asked["state"], asked["priority"], asked["q"], asked["mine"]) == (
        "ACTIVE", None, "灯", True,
    )  # fmt: skip
    assert '<option value="ACTIVE" selected>办理中' in html
    assert "cursor=next%2Bpage" in html


async def test_exactly_the_allowed_actions_are_offered(enter: Enter, services: Any) -> None:
    client = await enter("grid1")
    html = await (await client.get(TICKET)).text()
    offered = re.findall(r'data-action="(\w+)"', html)
    allowed = [a["action"] for a in await services.tickets.allowed_actions(
        NUMBER, type("A", (), {"role": "grid"}))]  # fmt: skip
    assert sorted(offered) == sorted(allowed)
    assert offered.index("contact") < offered.index("resolve")


async def test_an_action_reaches_the_service_with_its_version(enter: Enter, services: Any) -> None:
    client = await enter("grid1")
    form = {"version": "4", "way": "phone", "result": "reached", "text": "约了三点"}
    answer = await client.post(f"{TICKET}/actions/contact", data=form)
    assert answer.status == 200
    assert "“联系居民”办好了" in await answer.text()
    assert services.tickets.acted == [
        ("contact", {"way": "phone", "result": "reached", "text": "约了三点"}, 4)
    ]


@pytest.mark.parametrize(
    "error",
    [
        LindaError("version_conflict", "这张工单刚被别人改过。", 409, {"version": 5}),
        LindaError("evidence_missing", "请上传照片,或填写没有照片的原因。", 422),
    ],
)
async def test_a_refusal_keeps_what_was_typed(
    enter: Enter, services: Any, error: LindaError
) -> None:
    client = await enter("grid1")
    services.tickets.refusal = error
    services.tickets.view = {**services.tickets.view, "version": 5}
    photo = b"\xff\xd8" + b"x" * 600_000  # larger than any other body may be
    form = FormData({"version": "4", "outcome": "solved", "reply": "换了三只灯泡" + XSS})
    form.add_field("evidence", photo, filename="a.jpg", content_type="image/jpeg")
    answer = await client.post(f"{TICKET}/actions/resolve", data=form)
    html = await answer.text()
    assert answer.status == error.status
    assert error.message in html and "换了三只灯泡" in html
    assert_harmless(html)
    assert re.search(r'data-action="resolve" open', html)
    assert 'name="version" value="5"' in html
    # The photo is stored under the ticket and goes along with the next attempt.
    assert services.channels.photos == [(f"ticket:{NUMBER}", photo)]
    assert 'name="evidence" value="e1"' in html


async def test_an_action_that_is_not_allowed_any_more(enter: Enter, services: Any) -> None:
    client = await enter("grid1")
    answer = await client.post(f"{TICKET}/actions/close", data={"version": "4"})
    assert answer.status == 409
    assert services.tickets.acted == []


async def test_the_phone_appears_only_after_a_reason(enter: Enter) -> None:
    client = await enter("grid1")
    assert "13812345678" not in await (await client.get(TICKET)).text()
    form = {"version": "4", "reason": "约上门"}
    html = await (await client.post(f"{TICKET}/actions/reveal", data=form)).text()
    assert 'href="tel:13812345678"' in html


async def test_a_photo_of_another_ticket_is_not_shown(enter: Enter) -> None:
    client = await enter("grid1")
    assert (await client.get(f"{TICKET}/photos/a2")).status == 404


async def test_unknown_ticket_is_a_page_in_chinese(enter: Enter) -> None:
    answer = await (await enter("grid1")).get("/console/tickets/SQ-0")
    assert answer.status == 404
    assert "没有找到这张工单" in await answer.text()


async def test_answering_a_resident(enter: Enter, services: Any) -> None:
    client = await enter("clerk1")
    html = await (await client.post("/console/handoffs/h1/reply", data={"text": "您好"})).text()
    assert "您好" in html and "交还给邻答" in html
    services.channels.taken = True
    answer = await client.post("/console/handoffs/h1/reply", data={"text": "我来说"})
    assert answer.status == 409
    assert "我来说</textarea>" in await answer.text()


async def test_the_stream_sends_escaped_items(enter: Enter) -> None:
    client = await enter("clerk1")
    answer = await client.get("/console/handoffs/h1/events?after=0")
    body = await answer.text()
    assert answer.content_type == "text/event-stream"
    assert body.count("event: message") == 2
    assert_harmless(body)
    assert 'id="m-x1"' in body
