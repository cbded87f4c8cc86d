"""A resident on a phone and a grid worker at a console, in a real browser, from sentence to rating."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.patience import PATIENCE_S
from tests.stack import PASSWORD, Stack

NORTH_EAST = "我们3号楼二单元楼道灯坏了三天了，黑得很，老人不敢下楼"
SICHUAN = (
    "幸福小区3号楼二单元楼道头的灯坏了三天咯，黑黢黢的，我妈老汉儿都不敢下楼，喊个人来修一哈嘛"
)
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}
SHOTS = Path("var/test/shots")
LETTERS = """log => Math.min(...[...log.querySelectorAll('*')]
  .filter((e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
  .map((e) => parseFloat(getComputedStyle(e).fontSize)))"""


def page(browser: Browser, stack: Stack, path: str, size: dict[str, int]) -> Page:
    """A new browser profile at this page."""
    context: BrowserContext = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]}, locale="zh-CN"
    )
    context.set_default_timeout(PATIENCE_S * 1000)
    found = context.new_page()
    found.goto(stack.url + path)
    return found


def shot(view: Page, name: str) -> None:
    """Keep a picture, to be looked at."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    view.screenshot(path=SHOTS / f"{name}.png")


def say(view: Page, text: str) -> None:
    """Type and send."""
    view.get_by_label("要说的话").fill(text)
    view.get_by_role("button", name="发送").click()


def log_in(browser: Browser, stack: Stack, username: str, size: dict[str, int]) -> Page:
    """A console page of this account."""
    view = page(browser, stack, "/console", size)
    view.get_by_label("账号").fill(username)
    view.get_by_label("密码").fill(PASSWORD)
    view.get_by_role("button", name="登录").click()
    home = view.get_by_role("heading", level=1, name=re.compile("工单|等我办的|等您看|您好"))
    expect(home).to_be_visible()
    return view


def do(view: Page, action: str, **fields: str) -> None:
    """Open an action on the ticket page, fill in its fields and send it."""
    version = view.locator('input[name="version"]').first.get_attribute("value")
    box = view.locator(f'details[data-action="{action}"]')
    if box.get_attribute("open") is None:
        box.locator("summary").click()
    for name, value in fields.items():
        field = box.locator(f'[name="{name}"]')
        kind = field.first.get_attribute("type")
        if kind == "radio":
            box.locator(f'[name="{name}"][value="{value}"]').check()
        elif field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    box.locator("button.main").click()
    expect(view.locator(f'input[name="version"][value="{version}"]')).to_have_count(0)
    expect(view.locator("p.done")).to_be_visible()


def fits(view: Page) -> None:
    """No horizontal scrolling."""
    assert view.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")


def test_from_a_sentence_to_a_rating(stack: Stack, browser: Browser) -> None:
    resident = page(browser, stack, "/", PHONE)
    say(resident, NORTH_EAST)
    log = resident.get_by_role("log")
    expect(log).to_contain_text("哪个小区")
    say(resident, "幸福小区")
    expect(log).to_contain_text("幸福小区3号楼2单元")
    shot(resident, "resident-confirm")
    resident.get_by_role("button", name="对，提交").click()
    receipt = resident.locator("[data-ticket]").last
    expect(receipt).to_be_visible()
    number = str(receipt.get_attribute("data-ticket"))
    shot(resident, "resident-receipt")
    fits(resident)

    worker = log_in(browser, stack, "grid1", PHONE)
    shot(worker, "grid-worklist")
    fits(worker)
    row = worker.locator("li.row", has=worker.locator(f"#t-{number}"))
    expect(row).to_contain_text("幸福小区3号楼")
    expect(row.locator(".due")).not_to_be_empty()
    worker.locator(f"#t-{number}").click()
    expect(worker.locator("blockquote").first).to_contain_text(NORTH_EAST)
    ticket = stack.ticket(number, "grid1")
    assert ticket["leaf"] == "H6"
    assert ticket["location"]["building"] == "3" and ticket["location"]["unit"] == "2"
    assert ticket["location"]["grid"] and ticket["due_at"] and ticket["due_reason"]
    fits(worker)
    do(worker, "sign")
    do(worker, "contact", way="phone", result="reached")
    shot(worker, "grid-ticket")
    do(
        worker,
        "resolve",
        outcome="solved",
        reply="二单元楼道灯换好了，都亮了。",
        evidence_note="晚上看过，灯亮着，没带相机",
    )

    expect(log).to_contain_text("解决")
    resident.get_by_role("button", name="解决了", exact=True).last.click()
    expect(log).to_contain_text("满意")
    shot(resident, "resident-rating")
    resident.get_by_role("button", name="很满意").or_(
        resident.get_by_role("button", name="非常满意")
    ).last.click()
    expect(log).to_contain_text("谢")
    assert stack.ticket(number, "dispatcher1")["state"] == "CLOSED"
    steps = [e["type"] for e in stack.events(number, "dispatcher1")]
    for step in ("submitted", "accepted", "dispatched", "signed", "contacted", "resolved"):
        assert step in steps, steps
    assert any(s.startswith("callback") for s in steps)

    desk = log_in(browser, stack, "dispatcher1", DESK)
    desk.goto(f"{stack.url}/console/tickets/{number}")
    shot(desk, "desk-ticket")
    desk.goto(f"{stack.url}/console/tickets")
    shot(desk, "desk-worklist")
    fits(desk)


def test_one_sichuan_sentence_is_confirmed_at_once(stack: Stack, browser: Browser) -> None:
    resident = page(browser, stack, "/", PHONE)
    say(resident, SICHUAN)
    log = resident.get_by_role("log")
    expect(resident.get_by_role("button", name="对，提交")).to_be_visible()
    for asked in ("哪个小区", "几号楼几单元", "在哪儿呢"):
        expect(log).not_to_contain_text(asked)
    say(resident, "要得")
    expect(resident.locator("[data-ticket]").last).to_be_visible()
    number = str(resident.locator("[data-ticket]").last.get_attribute("data-ticket"))
    worker = log_in(browser, stack, "grid1", PHONE)
    expect(worker.locator(f"#t-{number}")).to_be_visible()


def test_the_history_is_there_after_a_reload(stack: Stack, browser: Browser) -> None:
    resident = page(browser, stack, "/", PHONE)
    say(resident, "证明我妈是我妈，银行要的")
    log = resident.get_by_role("log")
    expect(log).to_contain_text("户口簿")
    shot(resident, "resident-certificate")
    resident.reload()
    expect(resident.get_by_role("log")).to_contain_text("证明我妈是我妈，银行要的")
    expect(resident.get_by_role("log")).to_contain_text("户口簿")


def test_gas_shows_the_safety_card_first(stack: Stack, browser: Browser) -> None:
    resident = page(browser, stack, "/", PHONE)
    say(resident, "家里煤气味好大")
    log = resident.get_by_role("log")
    expect(log).to_contain_text("阀门")
    assert resident.locator('a[href="tel:119"]').count() > 0
    expect(log).not_to_contain_text("哪个小区")
    shot(resident, "resident-gas")


def test_elder_mode(stack: Stack, browser: Browser) -> None:
    resident = page(browser, stack, "/", PHONE)
    resident.get_by_role("button", name="大字").click()
    say(resident, "给咱妈订后天中午的饭，要软和点的")
    log = resident.get_by_role("log")
    expect(log).to_contain_text("送到家")
    shot(resident, "resident-elder")
    fits(resident)


def test_words_make_the_letters_large(stack: Stack, browser: Browser) -> None:
    """Said, not tapped: at once, kept over a reload, and taken back the same way."""
    resident = page(browser, stack, "/", PHONE)
    field, frame = resident.get_by_label("要说的话"), resident.locator(".linda")

    def size() -> float:
        return float(field.evaluate("e => parseFloat(getComputedStyle(e).fontSize)"))

    def smallest() -> float:
        """Pixels of the smallest letters of what was said."""
        return float(log.evaluate(LETTERS))

    log = resident.get_by_role("log")
    expect(log).to_contain_text("您好")
    usual, read = size(), smallest()
    fits(resident)
    say(resident, "字太小了")
    expect(log).to_contain_text("换回小字")
    expect(frame).to_have_class(re.compile(r"\belder\b"))
    assert size() > usual and smallest() > read
    shot(resident, "resident-elder-by-words")
    fits(resident)
    resident.reload()
    expect(resident.get_by_role("log")).to_contain_text("换回小字")
    expect(frame).to_have_class(re.compile(r"\belder\b"))
    say(resident, "老年卡")
    expect(log).to_contain_text("您接着问我")  # the server speaks shorter, too
    shot(resident, "resident-elder-card")
    fits(resident)
    assert smallest() > read
    say(resident, "换回小字")
    expect(frame).not_to_have_class(re.compile(r"\belder\b"))
    assert size() == usual and smallest() == read
    fits(resident)
    resident.reload()
    expect(resident.get_by_role("log")).to_contain_text("换回平常的字")
    expect(frame).not_to_have_class(re.compile(r"\belder\b"))
