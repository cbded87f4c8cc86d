"""The widget in a real browser: sizes for elders as numbers, and nothing said is lost."""

from __future__ import annotations

import asyncio
import io
import itertools
import re
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import BodyPartReader, web
from aiohttp.test_utils import TestServer
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright, expect

from services.web.keys import SERVICES
from services.web.middlewares import MIDDLEWARES, add_headers
from services.web.routing import DECLARATIONS, Routes
from services.web.vendor import setup as files
from services.web.widget import pages as widget
from services.web.widget.bundle import widget_words
from tests.services.frontend import stand_in
from tests.services.frontend.stand_in import XSS

TICKET = {
    "type": "ticket", "ticket_no": "SQ-261124-00007-2", "query_code": "408217",
    "state": "DISPATCHED", "state_text": "已派给清河二网格 王芳,等待接单。", "state_elder": "派给王芳了。", "title": XSS,
    "due_text": "11月27日17:30", "due_reason": "普通报修，5 个工作日。",
    "owner": {"org": "清河二网格", "person": "王芳", "text": "清河二网格 王芳",
              "power": "楼道灯归物业管。"},
    "location_text": "幸福小区3号楼2单元",
}  # fmt: skip
SERVICE = {
    "type": "service",
    "title": "办居住证",
    "lines": ["来本地住满半年"],
    "materials": ["身份证"],
    "power": f"居住证由公安机关发。{XSS}",
    "links": [
        {"title": "打印一次告知单", "url": "/s/A1/notice"},
        {"title": "坏地址", "url": "javascript:alert(1)"},
    ],
    "valid": True,
}
SAFETY = {
    "type": "safety", "title": "燃气泄漏", "lines": ["不要开关灯"],
    "numbers": [{"name": "燃气抢修", "phone": "0430-5550119"}],
}  # fmt: skip


class Chat:
    """The chat API with canned answers; keeps what arrived."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.kept: list[dict[str, Any]] = []
        self.photos: list[bytes] = []
        self.missed: list[str] = []
        self.helped: list[str] = []
        self.away = False
        self.sessions = 0
        self._seq = itertools.count(1)
        self.routes = Routes("对话")
        for method, path, view in (
            ("POST", "sessions", self.open), ("PATCH", "sessions", self.ok),
            ("POST", "messages", self.post), ("GET", "history", self.history),
            ("POST", "messages/{id}/feedback", self.feedback),
            ("GET", "events", self.events), ("POST", "attachments", self.upload),
        ):  # fmt: skip
            self.routes.route(method, f"/api/v1/chat/{path}", auth="public")(view)

    def said(self, sender: str, text: str, **more: Any) -> dict[str, Any]:
        seq = next(self._seq)
        made = {"id": f"m{seq}", "seq": seq, "from": sender, "text": text, "buttons": [],
                "card": None, "ticket": None, **more}  # fmt: skip
        self.kept.append(made)
        return made

    async def open(self, request: web.Request) -> dict[str, Any]:
        self.sessions += 1
        buttons = [{"title": "报修求助", "payload": "/report"}]
        greeting = self.said("bot", "您好，我是邻答。", buttons=buttons)
        return {"session_id": "c1", "token": "secret", "messages": [greeting], "mode": "bot"}

    async def ok(self, request: web.Request) -> dict[str, Any]:
        return {}

    async def post(self, request: web.Request) -> dict[str, Any]:
        body = await request.json()
        self.posted.append(body)
        text = body.get("text") or body.get("payload") or body["type"]
        self.said("resident", text, client_message_id=body["client_message_id"])
        more = {
            "煤气": {"card": SAFETY},
            "居住证": {"card": SERVICE},
            "灯": {"card": TICKET, "ticket": TICKET},
        }
        card = next((c for word, c in more.items() if word in text), {})
        answer = self.said("bot", f"记下了：{text}", reply_to="m0", **card)
        return {"messages": [answer], "mode": "bot", "agent": None, "last_event_id": "9"}

    async def feedback(self, request: web.Request) -> Any:
        body = await request.json()
        if self.away:
            return web.json_response(
                {"error": {"code": "database_away", "message": "x"}}, status=503
            )
        if body["kind"] == "useful":
            self.helped.append(request.match_info["id"])
            return {"messages": [], "mode": "bot"}
        assert body == {"kind": "off_topic"}
        self.missed.append(request.match_info["id"])
        person = [{"title": "找工作人员", "payload": "/ask_human"}]
        return {"messages": [self.said("system", "谢谢您告诉我", buttons=person)], "mode": "bot"}

    async def upload(self, request: web.Request) -> dict[str, Any]:
        part = await (await request.multipart()).next()
        assert isinstance(part, BodyPartReader)
        photo = bytearray()
        while chunk := await part.read_chunk():
            photo += chunk
        self.photos.append(bytes(photo))
        return {"attachment_id": "a1"}

    async def history(self, request: web.Request) -> dict[str, Any]:
        return {"messages": self.kept, "mode": "bot", "agent": None, "last_event_id": "9"}

    async def events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await asyncio.sleep(60)
        return response


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
async def address(chat: Chat) -> AsyncIterator[str]:
    app = web.Application(middlewares=MIDDLEWARES)
    app[SERVICES], app[DECLARATIONS] = stand_in.services(), {}
    app.on_response_prepare.append(add_headers)
    for setup in (widget.setup, files, chat.routes.setup):
        setup(app)
    server = TestServer(app, shutdown_timeout=0)
    await server.start_server()
    yield str(server.make_url("/"))
    await server.close()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    async with async_playwright() as engine:
        opened = await engine.chromium.launch(executable_path=path, args=arguments)
        yield opened
        await opened.close()


@pytest.fixture
async def page(browser: Browser, address: str) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN")
    opened = await context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("dialog", lambda dialog: problems.append(f"dialog {dialog.message}"))
    await opened.goto(address)
    await expect(opened.get_by_text("您好，我是邻答。")).to_be_visible()
    yield opened
    assert problems == []
    await context.close()


async def say(page: Page, text: str) -> None:
    await page.get_by_label("要说的话").fill(text)
    await page.keyboard.press("Enter")


MEASURE = """() => {
  const root = document.getElementById('linda').shadowRoot;
  const seen = (e) => e.checkVisibility() && e.getBoundingClientRect().width > 2;
  const rgb = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => { v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; })
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] === 1) return c; }
    return [255, 255, 255]; };
  const texts = [...root.querySelectorAll('*')].filter((e) => seen(e) && !e.closest('.seal') &&
    [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()));
  const targets = [...root.querySelectorAll('button, textarea, a, summary')].filter(seen);
  return {
    texts: texts.map((e) => {
      const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
      return { text: e.textContent.slice(0, 20), size: parseFloat(getComputedStyle(e).fontSize),
               contrast: (a + 0.05) / (b + 0.05) }; }),
    targets: targets.map((e) => ({ text: e.textContent.slice(0, 20) || e.ariaLabel,
      height: e.getBoundingClientRect().height, width: e.getBoundingClientRect().width })),
    width: document.documentElement.scrollWidth,
    said: parseFloat(getComputedStyle(root.querySelector('.resident .bubble')).fontSize),
  };
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("words", ["楼道灯坏了", "屋里有煤气味"])
async def test_elder_mode_by_numbers(page: Page, scheme: Any, words: str) -> None:
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await page.get_by_role("button", name="大字").click()
    await say(page, words)
    await expect(page.locator(".card")).to_be_visible()
    for at_least in (22, 26, 30):
        found = await page.evaluate(MEASURE)
        assert len(found["texts"]) > 8 and len(found["targets"]) >= 6
        assert [t for t in found["texts"] if t["size"] < 22] == []
        assert found["said"] == at_least
        assert [t for t in found["texts"] if t["contrast"] < 4.5] == []
        assert [t for t in found["targets"] if min(t["height"], t["width"]) < 60] == []
        assert found["width"] == 360
        await page.get_by_role("button", name="字再大" if at_least < 30 else "字小些").click()
    # One question at a time: the greeting is folded away and one tap brings it back.
    await expect(page.get_by_text("您好，我是邻答。")).to_be_hidden()
    await page.get_by_role("button", name="看前面说的话").click()
    await expect(page.get_by_text("您好，我是邻答。")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_usual_mode_is_readable_too(page: Page, scheme: Any) -> None:
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await say(page, "楼道灯坏了")
    await expect(page.locator(".card")).to_be_visible()
    found = await page.evaluate(MEASURE)
    assert [t for t in found["texts"] if t["contrast"] < 4.5 or t["size"] < 14] == []
    assert found["width"] == 360
    await expect(page.get_by_role("button", name="人工")).to_be_visible()


async def test_hostile_text_stays_text(page: Page) -> None:
    await say(page, "灯" + XSS)
    await expect(page.locator(".ticket .title")).to_have_text(XSS)
    assert await page.locator("#linda img, #linda script").count() == 0


async def test_numbers_of_a_safety_card_dial(page: Page) -> None:
    await say(page, "煤气")
    await expect(page.get_by_role("link", name="燃气抢修")).to_have_attribute(
        "href", "tel:04305550119"
    )


async def test_the_receipt_says_who_handles_it_and_who_has_the_power(page: Page) -> None:
    await say(page, "楼道灯坏了")
    receipt = page.locator(".card.ticket")
    await expect(receipt.get_by_text("清河二网格 王芳", exact=True)).to_be_visible()
    await expect(receipt.get_by_text("楼道灯归物业管。")).to_be_visible()


async def test_a_service_card_says_who_has_the_power_and_links_to_its_notice(page: Page) -> None:
    await say(page, "居住证怎么办")
    card = page.locator(".card.service")
    await expect(card.get_by_text("居住证由公安机关发。")).to_be_visible()
    link = card.get_by_role("link", name="打印一次告知单")
    await expect(link).to_have_attribute("href", re.compile(r"^http.*/s/A1/notice$"))
    await expect(card.get_by_text("坏地址")).to_have_count(0)


async def test_who_said_it_stays_with_the_message(page: Page, chat: Chat) -> None:
    chat.said("human", "我在，您说", name="赵敏")
    chat.said("human", "接着我来", name="李敏")
    await page.reload()
    await expect(page.locator(".item.human .name")).to_have_text(["赵敏", "李敏"])


async def test_offline_words_are_kept_and_sent_once(page: Page, chat: Chat) -> None:
    await page.context.set_offline(True)
    await say(page, "垃圾没人收")
    await expect(page.get_by_text("网断了，连上就发出去")).to_be_visible()
    assert chat.posted == []
    await page.context.set_offline(False)
    await expect(page.get_by_text("记下了：垃圾没人收")).to_be_visible()
    await expect(page.get_by_text("网断了，连上就发出去")).to_be_hidden()
    assert [p["text"] for p in chat.posted] == ["垃圾没人收"]


async def test_unsent_words_survive_closing_the_page(page: Page, chat: Chat) -> None:
    await page.route("**/api/v1/chat/messages", lambda route: route.abort())
    await say(page, "电梯坏了")
    await expect(page.get_by_text("网断了，连上就发出去")).to_be_visible()
    await page.unroute("**/api/v1/chat/messages")
    await page.reload()
    await expect(page.get_by_text("记下了：电梯坏了")).to_be_visible()
    assert len({p["client_message_id"] for p in chat.posted}) == 1
    assert chat.sessions == 1


async def test_a_reload_shows_the_same_conversation(page: Page, chat: Chat) -> None:
    await say(page, "楼道灯坏了")
    await expect(page.locator(".ticket .number")).to_have_text("SQ-261124-00007-2")
    await page.reload()
    await expect(page.locator(".ticket .number")).to_have_text("SQ-261124-00007-2")
    assert await page.get_by_text("楼道灯坏了", exact=True).count() == 1
    assert chat.sessions == 1


async def test_a_tapped_button_sends_its_payload(page: Page, chat: Chat) -> None:
    await page.get_by_role("button", name="报修求助").click()
    await expect(page.get_by_text("记下了：/report")).to_be_visible()
    assert (chat.posted[0]["type"], chat.posted[0]["payload"]) == ("payload", "/report")
    assert await page.locator(".choices").count() == 0


async def test_an_answer_beside_the_point_is_told_with_one_tap(page: Page, chat: Chat) -> None:
    missed = page.get_by_role("button", name="答非所问？")
    assert await missed.count() == 0, "a greeting answers nothing"
    await say(page, "停水了")
    await say(page, "还没来水")
    await expect(page.get_by_text("记下了：还没来水")).to_be_visible()
    await expect(missed).to_have_count(1)
    await missed.click()
    await expect(page.get_by_text("谢谢您告诉我")).to_be_visible()
    await expect(missed).to_have_count(0)
    assert chat.missed == [chat.kept[-2]["id"]]
    await page.get_by_role("button", name="找工作人员").click()
    await expect(page.get_by_text("记下了：/ask_human")).to_be_visible()


async def test_an_answer_that_helped_is_told_with_one_tap(page: Page, chat: Chat) -> None:
    await say(page, "停水了")
    await page.get_by_role("button", name="有用").click()
    told = page.get_by_role("button", name="记下了，谢谢")
    await expect(told).to_be_disabled()
    assert (chat.helped, chat.missed) == ([chat.kept[-1]["id"]], [])
    await say(page, "还没来水")
    await expect(told).to_have_count(0)


async def test_it_is_told_by_keyboard_and_in_elder_mode_too(page: Page, chat: Chat) -> None:
    await page.get_by_role("button", name="大字").click()
    await say(page, "停水了")
    missed = page.get_by_role("button", name="没答对？")
    await expect(missed).to_be_visible()
    chat.away = True
    await missed.focus()
    await page.keyboard.press("Enter")
    again = page.get_by_role("button", name="没记上，再点一次")
    await expect(again).to_be_enabled()
    chat.away = False
    await again.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("谢谢您告诉我")).to_be_visible()
    # Who came by keyboard is where it goes on.
    await expect(page.get_by_role("button", name="找工作人员")).to_be_focused()
    assert len(chat.missed) == 1


async def test_a_photo_is_made_small_and_forgets_its_camera(page: Page, chat: Chat) -> None:
    big = io.BytesIO()
    noise = Image.effect_noise((2400, 2400), 90).convert("RGB")
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    noise.save(big, "JPEG", quality=97, exif=exif)
    assert len(big.getvalue()) > 2 * 1024 * 1024
    photo = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": big.getvalue()}
    await page.locator("input[type=file]").set_input_files([photo])
    await expect(page.get_by_text("记下了：attachment")).to_be_visible()
    [sent] = chat.photos
    assert len(sent) <= 2 * 1024 * 1024 and b"SecretCamera" not in sent
    assert max(Image.open(io.BytesIO(sent)).size) <= 1920
    assert chat.posted[0]["attachment_id"] == "a1"


async def test_a_file_that_is_no_photo_is_said_plainly(page: Page, chat: Chat) -> None:
    file = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"not a photo"}
    await page.locator("input[type=file]").set_input_files([file])
    await expect(page.get_by_text("这个文件打不开")).to_be_visible()
    assert chat.photos == []


async def test_large_letters_say_the_shorter_form_and_say_it_back(page: Page) -> None:
    await say(page, "楼道灯坏了")
    stamp, field = page.locator(".ticket .stamp"), page.get_by_label("要说的话")
    await expect(stamp).to_have_text("已派单")
    await page.get_by_role("button", name="大字").click()
    await expect(stamp).to_have_text("派人了")
    await expect(field).to_have_attribute("placeholder", "请说…")
    await page.context.clear_permissions()
    await page.get_by_role("button", name="位置").click()
    await expect(page.get_by_text("把您的位置发给社区，只用来找地方。发吗？")).to_be_visible()
    await page.get_by_role("button", name="发位置").click()
    await expect(page.get_by_text("没有取到位置。请说小区和楼号。")).to_be_in_viewport()
    await page.get_by_role("button", name="普通字").click()
    await expect(stamp).to_have_text("已派单")
    await expect(field).to_have_attribute("placeholder", "哪里坏了、要办什么，直接说")


NAMES = """() => [...document.getElementById('linda').shadowRoot.querySelectorAll('*')]
  .flatMap((e) => ['aria-label', 'alt', 'placeholder', 'title'].map((name) => e.getAttribute(name)))
  .filter((words) => words && !/[a-z]/.test(words))"""


async def test_what_only_a_screen_reader_says_follows_the_letters(page: Page, chat: Chat) -> None:
    await say(page, "楼道灯坏了")
    await expect(page.locator(".card")).to_be_visible()
    forms = [words for words in widget_words().values() if len(words) > 1]
    plain = await page.evaluate(NAMES)
    assert len(plain) >= 7
    two = [words for words in forms if words[0] in plain]
    assert len(two) >= 4, "most of them have words of their own for large letters"
    await page.get_by_role("button", name="大字").click()
    large = await page.evaluate(NAMES)
    assert [w for w in large if w in {p for p, _ in two}] == []
    assert {e for _, e in two} <= set(large)
    await expect(page.locator(".unseen[role=status]")).to_have_text("大字打开了")
    await page.get_by_role("button", name="普通字").click()
    assert await page.evaluate(NAMES) == plain


async def test_a_receipt_in_large_letters_says_how_it_stands_in_their_words(page: Page) -> None:
    await page.get_by_role("button", name="大字").click()
    await say(page, "楼道灯坏了")
    await expect(page.locator(".ticket .step")).to_have_text("派给王芳了。")
    await page.get_by_role("button", name="普通字").click()
    await expect(page.locator(".ticket .step")).to_have_text(TICKET["state_text"])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"appointment": {"date": "2026-11-30"}}, "等您补材料"),
        ({"certificate": {"name": "居住证明"}}, "等您补材料"),
        ({}, "等您补充"),
        ({"state": "DISPATCHED", "certificate": {"name": "居住证明"}}, "已派单"),
    ],
)
async def test_what_was_booked_or_applied_for_waits_for_materials_on_its_stamp(
    page: Page, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], words: str
) -> None:
    for name, value in {"state": "NEED_INFO", **more}.items():
        monkeypatch.setitem(TICKET, name, value)
    await say(page, "楼道灯坏了")
    await expect(page.locator(".ticket .stamp")).to_have_text(words)


async def test_too_long_is_said_with_both_numbers(page: Page, chat: Chat) -> None:
    await say(page, "长" * 2001)
    await expect(page.get_by_text("一次最多发2000个字，您写了2001个，都还在框里。")).to_be_visible()
    assert chat.posted == []
