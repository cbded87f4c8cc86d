"""教一教 in a real browser: on a small phone, on a desk with single keys, words marked by selecting."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, Route, async_playwright, expect
from sqlalchemy import update

from services.context import Services
from services.training.heard_tables import GroupRow
from services.web.app import create_app
from tests.services.training.conftest import Say, digest

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

LAMP = "楼梯间那盏灯泡憋了𠮷黢黑的"
"""With a character outside the BMP: browsers count it twice, we count it once."""
SENTENCE = f"3号楼2单元{LAMP}"

MEASURE = """() => ({
  width: document.documentElement.scrollWidth,
  targets: [...document.querySelectorAll('button, input:not([type=hidden]), select, summary, nav a, .inbox a')]
    .filter((e) => e.checkVisibility())
    .map((e) => [e.name || e.textContent.trim(), (e.closest('label') ?? e).getBoundingClientRect()])
    .map(([name, box]) => ({ name, height: box.height, right: box.right })),
  small: [...document.querySelectorAll('main *')]
    .filter((e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) &&
      parseFloat(getComputedStyle(e).fontSize) < 14)
    .map((e) => e.textContent.trim()),
})"""

SELECT = """(words) => {
  const sentence = document.getElementById('sentence');
  const walker = document.createTreeWalker(sentence, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const at = node.data.indexOf(words);
    if (at < 0) continue;
    document.getSelection().setBaseAndExtent(node, at, node, at + words.length);
    return true;
  }
  return false;
}"""

SHOTS = Path("var/test/shots")

Open = Callable[..., Awaitable[Page]]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    async with async_playwright() as engine:
        opened = await engine.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        yield opened
        await opened.close()


@pytest.fixture
async def open_page(services: Services, browser: Browser) -> AsyncIterator[Open]:
    """Log in as the trainer, in a browser of this size."""
    server = TestServer(create_app(services.settings, services))
    await server.start_server()
    problems: list[str] = []

    async def go(width: int = 1280, phone: bool = False) -> Page:
        context = await browser.new_context(
            base_url=str(server.make_url("/")), viewport={"width": width, "height": 800},
            locale="zh-CN", has_touch=phone, is_mobile=phone,
        )  # fmt: skip
        page = await context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.goto("/console/login?next=/console/training")
        await page.get_by_label("账号").fill("trainer1")
        await page.get_by_label("密码").fill(services.settings.demo_password)
        await page.get_by_role("button", name="登录").click()
        await expect(page.locator("#teach")).to_be_visible()
        # What is visible listens to keys only when its scripts have run.
        await page.wait_for_load_state("load")
        return page

    yield go
    assert problems == []
    await server.close()


@pytest.fixture
async def heard(services: Services, say: Say) -> None:
    """Three groups; the lamp first, for it went wrong."""
    address = [{"type": "address", "start": 0, "end": 6, "text": "3号楼2单元"}]
    readings = [
        {"intent": "ask_notice", "leaf": None, "confidence": 0.4},
        {"intent": "report_problem", "leaf": "H6", "confidence": 0.35},
    ]
    for _ in range(3):
        conversation = await say(
            SENTENCE, "ask_notice", None, doubt=True, entities=address, readings=readings
        )
    await say("答非所问", "complain_assistant", None, to=conversation)
    await say("那个啥来着我想想", "chitchat", None, doubt=True)
    await digest(services)


async def shot(page: Page, name: str) -> None:
    """Keep a picture, to be looked at."""
    await page.screenshot(path=SHOTS / f"{name}.png")


async def marks(services: Services) -> list[tuple[str, str]]:
    approved = await services.annotations.approved()
    return [(m.type, e.text[m.start : m.end]) for e in approved for m in e.marks]


async def test_on_a_phone_everything_fits(open_page: Open, heard: None, services: Services) -> None:
    page = await open_page(360, phone=True)
    await expect(page.locator(".lesson")).to_be_hidden()
    await page.get_by_role("link", name="灯泡").tap()
    await expect(page.locator(".inbox")).to_be_hidden()
    await page.locator(".fix summary").tap()
    await page.evaluate(SELECT, "灯泡")
    await expect(page.get_by_role("toolbar")).to_be_visible()
    found = await page.evaluate(MEASURE)
    assert found["width"] == 360
    assert not [t for t in found["targets"] if t["height"] < 43.5 or t["right"] > 360.5], found
    assert found["small"] == []
    await page.get_by_role("button", name="跳过").tap()
    await expect(page.get_by_role("status").first).to_contain_text("跳过")
    await page.get_by_role("link", name="‹ 回列表").tap()
    await expect(page.locator(".inbox")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1280])
async def test_a_very_long_wording_is_folded_until_it_is_asked_for(
    open_page: Open, services: Services, say: Say, width: int
) -> None:
    long = LAMP + "哎呀真是的" * 390 + "abcdefgh" * 20
    await say(long, "thank", None, doubt=True)
    await digest(services)
    page = await open_page(width, phone=width < 500)
    if width < 500:
        await page.get_by_role("link", name="灯泡").tap()
    sentence = page.locator("#sentence")
    shown = "e => e.getBoundingClientRect().height"
    await expect(sentence).to_be_visible()
    folded = await sentence.evaluate(shown)
    assert folded < 300, "what is to be decided stands below it on the same screen"
    await shot(page, f"console-long-folded-{width}")
    more = page.locator("label", has_text="展开，一共")
    assert await more.evaluate(shown) >= 43.5
    await more.click()
    await expect(page.get_by_text("收起")).to_be_visible()
    assert await sentence.evaluate(shown) > 2 * folded
    assert await sentence.text_content() == long
    assert (await page.evaluate(MEASURE))["width"] == width
    await page.get_by_text("收起").click()
    assert await sentence.evaluate(shown) == folded


@pytest.mark.parametrize("width", [360, 1280])
async def test_the_standard_texts_fit(open_page: Open, heard: None, width: int) -> None:
    page = await open_page(width, phone=width < 500)
    await page.goto("/console/texts")
    await shot(page, f"console-texts-{width}")
    assert await page.evaluate("document.documentElement.scrollWidth") == width
    await page.get_by_role("navigation", name="话术分哪几处").get_by_text("安全提示卡").click()
    await expect(page.get_by_role("heading", name="安全提示卡")).to_be_in_viewport()
    await shot(page, f"console-texts-cards-{width}")
    sizes = await page.evaluate(
        "[...document.querySelectorAll('.text-pair .said')].slice(0, 2)"
        ".map((e) => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert sizes[1] > sizes[0], "the elder form is shown as large as it is read"


@pytest.mark.parametrize("width", [360, 1280])
async def test_an_unknown_address_leads_back_to_the_desk(
    open_page: Open, heard: None, width: int
) -> None:
    page = await open_page(width, phone=width < 500)
    await page.goto("/console/nowhere")
    await shot(page, f"console-unknown-{width}")
    assert await page.evaluate("document.documentElement.scrollWidth") == width
    await page.get_by_role("link", name="回到开头").click()
    await expect(page.locator("#teach")).to_be_visible()


async def test_with_single_keys(open_page: Open, heard: None, services: Services) -> None:
    page = await open_page()
    sentence = page.locator("#sentence")
    await expect(sentence).to_have_text(SENTENCE)
    await page.keyboard.press("j")
    await expect(sentence).not_to_have_text(SENTENCE)
    await page.keyboard.press("k")
    await expect(sentence).to_have_text(SENTENCE)
    await page.keyboard.press("s")
    await expect(page.locator(".done")).to_contain_text("跳过")
    await page.keyboard.press("u")
    await expect(page.locator("h1")).to_have_text("还有 3 组话等您看")
    await page.wait_for_load_state("load")  # a page of its own: its keys work when its scripts do
    await expect(sentence).to_have_text(SENTENCE)
    await page.keyboard.press("1")  # the model's second guess there
    await expect(page.locator("h1")).to_have_text("还有 2 组话等您看")
    await expect(page.locator(".done")).to_contain_text("改了：报修投诉求助 · 楼道灯")
    await page.keyboard.press("Enter")
    await expect(page.locator(".done")).to_contain_text("听对了：闲聊")
    await page.keyboard.press("o")
    await expect(page.get_by_role("alert")).to_contain_text("两样标会互相打架")
    await page.keyboard.press("s")
    await expect(page.locator("h1")).to_have_text("没有话等着看")
    assert len(await services.annotations.approved()) == 2
    await page.keyboard.press("/")
    await page.keyboard.type("sok")
    await expect(page.locator('[name="q"]')).to_have_value("sok")


async def test_choosing_and_marking(open_page: Open, heard: None, services: Services) -> None:
    page = await open_page()
    # By mouse: what the model found is taken off, other words are marked.
    await page.get_by_role("button", name="去掉“3号楼2单元”").click()
    await expect(page.locator("#sentence mark")).to_have_count(0)
    assert await page.evaluate(SELECT, "𠮷黢黑的")
    await page.get_by_role("toolbar").get_by_role("button", name="时间").click()
    assert await page.evaluate(SELECT, "3号楼")
    await page.get_by_role("toolbar").get_by_role("button", name="地址").click()
    await expect(page.locator("#sentence mark")).to_have_text(["3号楼", "𠮷黢黑的"])
    await expect(page.locator("#sentence")).to_have_text(SENTENCE)
    # An intent and a leaf are found by words; the keys of the page keep quiet meanwhile.
    find = page.locator('[data-picker="intent"] .find')
    await find.fill("修 脏")
    await find.press("Enter")
    await expect(page.locator('[data-picker="intent"] .now')).to_have_text("报修投诉求助")
    await expect(page.locator("#problems")).to_contain_text("要选是哪一件事")
    await page.locator('[data-picker="leaf"] .find').fill("声控灯")
    await expect(page.locator('[data-picker="leaf"] label:visible')).to_have_text(["楼道灯 H6"])
    await page.locator('[data-picker="leaf"] label:visible').click()
    await expect(page.locator("#problems")).to_be_empty()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".done")).to_contain_text("改了：报修投诉求助 · 楼道灯")
    assert await marks(services) == [("address", "3号楼"), ("time", "𠮷黢黑的")]


async def test_marking_by_keyboard(open_page: Open, heard: None, services: Services) -> None:
    page = await open_page()
    await page.locator("#sentence").focus()
    await page.keyboard.press("ArrowRight")
    for _ in range(6):
        await page.keyboard.press("ArrowRight")
    for _ in range(2):
        await page.keyboard.press("Shift+ArrowRight")
    await expect(page.locator(".types .chosen")).to_have_text("楼梯间")
    await page.get_by_role("toolbar").get_by_role("button", name="地址").press("Enter")
    await expect(page.locator(".marks li")).to_have_count(2)
    await page.keyboard.press("Escape")
    await page.locator(".fix button.main").click()
    await expect(page.locator("h1")).to_have_text("还有 2 组话等您看")
    assert ("address", "楼梯间") in await marks(services)


async def test_a_leaf_that_is_an_intent_chooses_the_intent(open_page: Open, heard: None) -> None:
    page = await open_page()
    await page.locator(".fix summary").click()
    await page.locator('[name="intent"][value="report_problem"]').check()
    leaf = page.locator('[data-picker="leaf"]')
    await leaf.locator(".find").fill("催办")
    await leaf.locator("label:visible").click()
    await expect(page.locator('[name="intent"][value="urge_ticket"]')).to_be_checked()
    await expect(leaf).to_be_hidden()
    await expect(page.locator("#problems")).to_be_empty()


async def test_a_contradiction_is_shown_at_once_and_can_be_meant(
    open_page: Open, heard: None, services: Services, say: Say
) -> None:
    page = await open_page()
    await page.keyboard.press("o")
    await expect(page.locator(".done")).to_contain_text("管不了")
    # Told to be something else with certainty, it is a group of its own.
    async with services.db.write() as s:
        await s.execute(update(GroupRow).values(certain=True))
    await say(f"5号楼1单元{LAMP}，怕", "report_problem", "H6")
    await digest(services)
    await page.goto("/console/training?q=怕")
    await page.locator(".fix summary").click()
    await expect(page.locator("#problems .doubt")).to_contain_text("冯雪把差不多的")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert")).to_contain_text("看过了，就这样定")
    await page.get_by_label("看过了，就这样定").check()
    await page.locator(".fix button.main").click()
    await expect(page.locator(".done")).to_contain_text("听对了：报修投诉求助 · 楼道灯")


async def test_a_quick_hand_decides_about_what_it_has_asked_for(
    open_page: Open, heard: None, services: Services
) -> None:
    """The line is slow: what is still shown takes no click and no key until the other one is here."""
    page = await open_page()

    async def slowly(route: Route) -> None:
        await asyncio.sleep(1)
        await route.continue_()

    await page.route("**/console/training?group=*", slowly)
    other = page.get_by_role("link", name="那个啥来着")
    await expect(page.locator("#sentence")).to_have_text(SENTENCE)
    await other.click()
    await page.keyboard.press("Enter")  # “听对了” of the sentence that is on its way out
    await page.get_by_text("都不是，我来选").click()
    await expect(page.locator("#sentence")).to_have_text("那个啥来着我想想")
    await page.locator('[name="intent"][value="report_problem"]').check()
    assert await services.annotations.approved() == []
    # When nothing comes, what is there can be used again.
    await page.route("**/console/training?group=*", lambda route: route.abort())
    await page.get_by_role("link", name="灯泡").click()
    await expect(page.locator("#network")).to_be_visible()
    await page.locator(".fix summary").click()
    await expect(page.locator('[name="intent"][value="report_problem"]')).to_be_hidden()


@pytest.mark.parametrize("width", [360, 1280])
async def test_the_standard_texts_fit_in_both_forms(open_page: Open, width: int) -> None:
    page = await open_page(width, phone=width == 360)
    await page.goto("/console/texts?q=button_")
    for title in ("对，提交", "对，办吧", "看办事说明", "催一下", "都不是"):
        await expect(page.get_by_text(title, exact=True).first).to_be_visible()
    found = await page.evaluate(MEASURE)
    assert found["width"] == width and found["small"] == []
    await shot(page, f"texts-{width}")
