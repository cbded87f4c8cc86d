"""The console and its papers in a real browser: printed, clicked through, checked in the API."""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page, expect

from tests.e2e.test_browser import DESK, PHONE, fits, log_in, shot
from tests.patience import PATIENCE_S
from tests.services.exchange.conftest import LIGHT, changed, xlsx
from tests.stack import Stack

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
NAME, NUMBER, ROOM = "刘桂芬", "13500000012", "501"
WORDS = f"我叫{NAME}，楼道灯坏了三天"


def ticket(stack: Stack, state: str, leaf: str = "H6") -> str:
    """A ticket with somebody's name, number and room, in this state."""
    body = {
        "leaf": leaf, "narrative": WORDS, "contact": {"name": NAME, "phone": NUMBER}, "state": state,
        "location": {"compound": "幸福小区", "building": "3", "unit": "2", "room": ROOM},
    }  # fmt: skip
    status, view = stack.call("POST", "/api/v1/test/tickets", body, stack.token("admin1"))
    assert status == 201, view
    return str(view["ticket_no"])


def supervised(stack: Stack) -> str:
    """A ticket of the water company that is supervised, extended and whistled about."""
    number = ticket(stack, "ACTIVE", "H1")
    stack.act("supervisor1", number, "supervise", level="1", text=f"{NAME}家没水两天了")
    stack.act("handler1", number, "extend", days=1, reason="配件明天到")
    stack.act("dispatcher1", number, "extend", decision="approve", days=1, reason="配件明天到")
    call = {"type": "problem", "orgs": ["property"], "reason": f"{NAME}说地下室锁着",
            "approver": "街道副主任 李强"}  # fmt: skip
    stack.act("dispatcher1", number, "whistle", **call)
    return number


@dataclass(frozen=True)
class Paper:
    """A sheet: who prints it of which ticket, and what must stand on it."""

    kind: str
    who: str
    of: Callable[[Stack], str]
    words: tuple[str, ...]
    filled: dict[str, str] = field(default_factory=dict)


RECORD = {
    "at": "2026-11-24T21:30", "by": "王秀英（网格员）、郑老师（调解员）", "kind": "邻里生活声响",
    "noise": "晚上十点到凌晨两点，咚咚的低音，一个多月了，在楼道里听得清楚", "other": "楼上601",
    "said": "讲了晚上十点以后要安静，邻居家孩子要上学，请把声音关小", "answer": "说以后注意",
    "agreed": "十点以后不放音乐，地上铺垫子", "result": "答应改正", "proof": "录音一段",
}  # fmt: skip
SIGNED, ISSUER = "签名", "青禾县向阳街道办事处"
PAPERS = (
    Paper("accept", "clerk1", lambda s: ticket(s, "ACTIVE"), ("反映人：", "为什么是这天", ISSUER)),
    Paper("refuse", "clerk1", lambda s: ticket(s, "NOT_ACCEPTED"), ("可以要求复核", "本地依据")),
    Paper("dissuade", "grid1", lambda s: ticket(s, "ACTIVE", "I2"),
          ("第1次", "第八十八条", f"劝阻调解人{SIGNED}", f"见证人{SIGNED}", "不愿签的"), RECORD),
    Paper("supervise", "supervisor1", supervised, ("青禾县自来水公司：", "书面反馈", "签收人")),
    Paper("extend", "supervisor1", supervised, ("经批准延长1天", "原因：配件明天到")),
    Paper("suspend", "supervisor1", lambda s: ticket(s, "SUSPENDED"), ("挂在账上", "打算：")),
    Paper("finish", "callback1", lambda s: ticket(s, "RESOLVED"), ("可以退回去重办", "社区值班")),
    Paper("whistle", "dispatcher1", supervised, ("安居物业：", "请按时报到", "报到人")),
    Paper("task", "grid1", lambda s: ticket(s, "DISPATCHED"),
          ("不写反映人是谁", "幸福小区3号楼", "办结期限", f"办理人{SIGNED}")),
)  # fmt: skip


def pages_of(pdf: bytes) -> int:
    """How many pages a PDF of Chromium has."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def on_paper(view: Page) -> tuple[int, str]:
    """Print the page: how many sheets, and the words that are on them."""
    pdf = view.pdf(prefer_css_page_size=True)
    view.emulate_media(media="print")
    words = view.locator("body").inner_text()
    view.emulate_media(media="null")
    return pages_of(pdf), words


def test_every_sheet_of_a_ticket_is_one_page_and_says_no_reporter(
    stack: Stack, browser: Browser
) -> None:
    desks: dict[str, Page] = {}
    made: dict[Callable[[Stack], str], str] = {}
    for paper in PAPERS:
        if paper.who not in desks:
            desks[paper.who] = log_in(browser, stack, paper.who, PHONE)
        view = desks[paper.who]
        number = made[paper.of] = made.get(paper.of) or paper.of(stack)
        view.goto(f"{stack.url}/console/tickets/{number}/paper")
        view.locator(f'a.button[href$="/paper/{paper.kind}"]').click()
        fits(view)
        for name, value in paper.filled.items():
            given = view.locator(f'[name="{name}"]')
            if given.evaluate("e => e.tagName") == "SELECT":
                given.select_option(value)
            else:
                given.fill(value)
        if paper is PAPERS[0]:
            _, words = on_paper(view)
            assert "预览" in words and "登记并打印" not in words, words
        view.get_by_role("button", name="登记并打印").click()
        expect(view.get_by_role("button", name="打印", exact=True)).to_be_visible()
        fits(view)
        count, words = on_paper(view)
        assert count == 1, f"{paper.kind}: {count} pages"
        for said in (*paper.words, f"编号：{number}-", f"工单：{number}"):
            assert said in words, (paper.kind, said, words)
        told = words.replace("回去", "")
        for secret in (NAME, NUMBER, *((ROOM,) if paper.kind != "task" else ())):
            assert secret not in told, (paper.kind, secret, words)
        assert "预览" not in words and "‹ 单据" not in words, words


@pytest.mark.parametrize(
    ("path", "words"),
    [("/s/A1/notice", ("一次告知单", "居住证", "依据：", "起用，有效到")),
     ("/s/F2/notice", ("一次告知单", "要带的", "依据：")),
     ("/notice/refusal?kind=亲属关系证明", ("不予出具告知单", "民发〔2020〕20号", "盖章处"))],
)  # fmt: skip
def test_what_anybody_may_print_is_one_page(
    stack: Stack, browser: Browser, path: str, words: tuple[str, ...]
) -> None:
    view = browser.new_page(viewport={"width": 360, "height": 740})
    view.goto(stack.url + path)
    fits(view)
    count, printed = on_paper(view)
    assert count == 1
    for said in words:
        assert said in printed, (said, printed)
    assert not re.search(r"\d{4}-\d{2}-\d{2}", printed), printed


def test_a_long_record_goes_on_on_a_second_page(stack: Stack, browser: Browser) -> None:
    number = ticket(stack, "ACTIVE", "I2")
    view = log_in(browser, stack, "grid1", DESK)
    view.goto(f"{stack.url}/console/tickets/{number}/paper/dissuade")
    for name, value in (RECORD | {"noise": "咚咚响。" * 120, "said": "讲了规定。" * 120}).items():
        given = view.locator(f'[name="{name}"]')
        if name in ("kind", "result"):
            given.select_option(value)
        else:
            given.fill(value)
    view.get_by_role("button", name="登记并打印").click()
    expect(view.get_by_role("button", name="打印", exact=True)).to_be_visible()
    count, words = on_paper(view)
    assert count == 2 and "见证人签名" in words


@SIZES
def test_orders_of_a_platform_come_in_and_their_results_go_out(
    stack: Stack, browser: Browser, tmp_path: Path, size: dict[str, int]
) -> None:
    ref = f"BJ{uuid.uuid4().hex[:10].upper()}"
    table = tmp_path / "orders.xlsx"
    table.write_bytes(xlsx([(ref, *LIGHT[1:]), changed(工单编号="")]))
    view = log_in(browser, stack, "dispatcher1", size)
    view.goto(f"{stack.url}/console/exchange")
    fits(view)
    view.get_by_label("起个名").fill("今天上午")
    view.get_by_label("文件").set_input_files(table)
    view.get_by_role("button", name="看报告").click()
    expect(view.get_by_role("heading", name="导入报告")).to_be_visible()
    fits(view)
    shot(view, f"exchange-report-{size['width']}")
    expect(view.locator("body")).to_contain_text("没有工单编号")
    expect(view.locator("body")).not_to_contain_text("13812345678")
    found = stack.call("GET", f"/api/v1/tickets?q={ref}", token=stack.token("dispatcher1"))[1]
    assert found["tickets"] == [], "a report files nothing"
    view.get_by_role("button", name="确认，导入1件").click()
    link = view.locator('td a[href^="/console/tickets/SQ-"]')
    for _ in range(40):
        if link.count():
            break
        view.wait_for_timeout(500)
        view.reload()
    number = str(link.first.text_content())
    link.first.click()
    expect(view.locator(".crumbs")).to_contain_text(f"上级编号 {ref}")
    assert stack.ticket(number, "dispatcher1")["channel"] == "import12345"
    view.goto(f"{stack.url}/console/tickets?q={ref}")
    expect(view.locator(f"#t-{number}")).to_be_visible()
    view.goto(f"{stack.url}/console/exchange")
    view.get_by_role("button", name="导出", exact=True).click()
    fetch = view.get_by_role("link", name=re.compile("下载第")).first
    with view.expect_download() as got:
        fetch.click()
    sheet = load_workbook(BytesIO(got.value.path().read_bytes())).active
    assert sheet is not None
    rows = [[str(cell or "") for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert [ref, number] in [row[:2] for row in rows], rows
    assert not any("张建国" in cell or "13812345678" in cell for row in rows for cell in row)


@SIZES
def test_other_systems_are_told_and_may_report(
    stack: Stack, browser: Browser, size: dict[str, int]
) -> None:
    name = f"市平台{uuid.uuid4().hex[:6]}"
    view = log_in(browser, stack, "admin1", size)
    view.get_by_role("link", name="对外接口").last.click()
    expect(view.get_by_role("heading", name="对外接口")).to_be_visible()
    fits(view)
    view.get_by_label("给谁的").fill(name)
    view.get_by_label("对方的地址").fill("https://platform.example/hook")
    view.get_by_label("提交诉求").check()
    view.get_by_role("button", name="加上，显示密钥").click()
    secret = str(view.locator("code.secret").text_content())
    assert secret.startswith("whsec_")
    fits(view)
    shot(view, f"interfaces-{size['width']}")
    number = ticket(stack, "SUBMITTED")
    view.get_by_role("link", name=name).click()
    expect(view.get_by_role("heading", name=name)).to_be_visible()
    expect(view.locator("body")).not_to_contain_text(secret)
    for _ in range(40):
        if number in view.locator("body").inner_text():
            break
        view.wait_for_timeout(500)
        view.reload()
    expect(view.locator("body")).to_contain_text(number)
    expect(view.locator("body")).not_to_contain_text(NAME)
    fits(view)
    view.get_by_role("button", name="停推送").click()
    expect(view.locator("body")).to_contain_text("管理员停的")
    view.goto(f"{stack.url}/console/interfaces")
    view.get_by_label("给谁用").fill(name)
    view.get_by_role("button", name="发一个密钥").click()
    key = str(view.locator("code.secret").text_content())
    assert reported(stack, key) == 200
    view.goto(f"{stack.url}/console/interfaces")
    expect(view.locator("body")).not_to_contain_text(key)
    view.get_by_role("button", name=f"收回“{name}”").click()
    expect(view.locator("li", has_text=name).filter(has_text="收回了")).to_be_visible()
    assert reported(stack, key) == 403


def reported(stack: Stack, key: str) -> int:
    """Report a dark street lamp with this key; the status."""
    form = {
        "api_key": key, "service_code": "I3", "address_string": "幸福小区3号楼",
        "description": "路灯不亮",
    }  # fmt: skip
    request = urllib.request.Request(
        f"{stack.url}/open311/v2/requests.json", urllib.parse.urlencode(form).encode()
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@SIZES
def test_figures_and_monthly_reports_are_the_interfaces_own(
    stack: Stack, browser: Browser, size: dict[str, int]
) -> None:
    ticket(stack, "CLOSED")
    view = log_in(browser, stack, "dispatcher1", size)
    view.get_by_role("link", name="数据").first.click()
    expect(view.get_by_role("heading", name="数据", level=1)).to_be_visible()
    fits(view)
    shot(view, f"data-{size['width']}")
    body = stack.call("GET", "/api/v1/metrics", token=stack.token("dispatcher1"))[1]
    filed = next(f for f in body["figures"] if f["key"] == "filed")
    shown = view.locator(".figure", has_text="收到诉求").first.locator("b").first
    expect(shown).to_have_text(filed["text"])
    assert int(filed["value"]) > 0
    with view.expect_download() as got:
        view.get_by_role("link", name="下载 XLSX").click()
    assert "收到诉求" in str([
        list(row)
        for sheet in load_workbook(BytesIO(got.value.path().read_bytes())).worksheets
        for row in sheet.iter_rows(values_only=True)
    ])  # fmt: skip
    view.get_by_role("link", name="月报").click()
    expect(view.get_by_role("heading", name="月报", level=1)).to_be_visible()
    fits(view)
    here = view.locator("h1 small").inner_text()
    view.get_by_role("link", name="上个月").click()
    expect(view.locator("h1 small")).not_to_have_text(here)
    expect(view.locator("body")).to_contain_text("这个月没有吹哨")


YEAR = """日期,名称,放假
2031-01-01,元旦,是
2031-10-01,国庆节,是
2031-10-02,国庆节,是
2031-10-11,国庆节,否
"""


@SIZES
def test_a_notice_of_holidays_is_looked_at_before_it_counts(
    stack: Stack, browser: Browser, size: dict[str, int]
) -> None:
    source = f"测试通知{uuid.uuid4().hex[:6]}"
    view = log_in(browser, stack, "admin1", size)
    view.goto(f"{stack.url}/console/calendar")
    fits(view)
    view.get_by_label("依据哪份通知").fill(source)
    view.get_by_label("放假安排").fill(YEAR)
    view.get_by_role("button", name="先看一看").click()
    preview = view.locator("#preview").locator("..")
    expect(preview).to_contain_text("2031年：录入以后会这样")
    expect(preview).to_contain_text("国庆节10月1日至10月2日")
    fits(view)
    shot(view, f"calendar-{size['width']}")
    view.get_by_label("放假安排").fill("随便写的")
    view.get_by_role("button", name="改了再看一看").click()
    expect(view.get_by_role("alert")).to_be_visible()
    view.get_by_label("放假安排").fill(YEAR)
    view.get_by_role("button", name=re.compile("看一看")).click()
    view.get_by_role("button", name="录入，从现在起照它算").click()
    expect(view.locator("li", has_text=source).filter(has_text="韩工录入")).to_be_visible()


def elder_of(view: Page) -> str:
    """The first elder that may be visited today."""
    return str(view.locator("ul.lines > li h3 a").first.inner_text())


@SIZES
def test_a_visit_is_kept_and_a_need_becomes_a_ticket(
    stack: Stack, browser: Browser, size: dict[str, int]
) -> None:
    need = f"想换个厨房灯泡{uuid.uuid4().hex[:6]}"
    view = log_in(browser, stack, "grid1", size)
    view.goto(f"{stack.url}/console/visits")
    fits(view)
    name = elder_of(view)
    view.get_by_role("link", name=name).click()
    view.get_by_label("见到了", exact=True).check()
    view.get_by_label("挺好").check()
    view.get_by_label("有事要办").fill(need)
    fits(view)
    shot(view, f"visit-{size['width']}")
    view.get_by_role("button", name="记下这次探访").click()
    done = view.get_by_role("status").filter(has_text="记好了")
    number = str(done.get_by_role("link").inner_text())
    said = stack.ticket(number, "grid1")
    assert need in str(said["narrative_original"]) and said["channel"] == "patrol"
    expect(view.locator("ul.plain-list > li.card").first).to_contain_text("王秀英")
    view.goto(f"{stack.url}/console/visits/figures")
    fits(view)
    expect(view.get_by_role("row").nth(1)).to_contain_text("%")


@SIZES
def test_a_need_goes_on_the_list_and_moves(
    stack: Stack, browser: Browser, size: dict[str, int]
) -> None:
    title = f"楼前要个长椅{uuid.uuid4().hex[:6]}"
    view = log_in(browser, stack, "clerk1", size)
    if size is PHONE:
        view.get_by_text("更多", exact=True).click()
        shot(view, "more")
    view.get_by_role("link", name="清单", exact=True).click()
    expect(view.get_by_role("heading", name="三项清单")).to_be_visible()
    fits(view)
    view.get_by_text("写一条").click()
    view.get_by_label("写到哪张清单").select_option(index=1)
    view.get_by_label("是什么").fill(title)
    view.get_by_role("button", name="写上").click()
    item = view.locator("li.card", has_text=title)
    expect(item).to_be_visible()
    fits(view)
    item.get_by_text("改状态").click()
    states = item.get_by_label("改成")
    before = item.locator(".flag").inner_text()
    other = next(o for o in states.locator("option").all_inner_texts() if o != before)
    states.select_option(label=other)
    item.get_by_label("说一句").fill("说好了")
    item.get_by_role("button", name="改", exact=True).click()
    for path in ("/console/lists", "/console/lists?over=true"):
        view.goto(stack.url + path)
        item = view.locator("li.card", has_text=title)
        if item.count():
            break
    expect(item.locator(".flag")).to_have_text(other)
    item.get_by_text("经过").click()
    expect(item).to_contain_text("说好了")


def test_the_administrator_is_told_what_to_fill_in(stack: Stack, browser: Browser) -> None:
    view = log_in(browser, stack, "admin1", PHONE)
    fits(view)
    for name in ("消息", "日历", "对外接口", "模型", "数据权利"):
        expect(view.locator("h3").get_by_role("link", name=name, exact=True)).to_be_visible()
    small = view.evaluate(
        """() => [...document.querySelectorAll("nav a, nav summary, .top button")]
        .filter(e => e.checkVisibility() && e.closest("details:not([open]) > div") === null)
        .map(e => [e.innerText, e.getBoundingClientRect()])
        .filter(([_, r]) => r.width < 44 || r.height < 44).map(([t]) => t)"""
    )
    assert small == [], "too small for a thumb"
