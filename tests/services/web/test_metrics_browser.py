"""数据 in a real browser: on a small phone and on a desk everything fits, printed it has no menu."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta

from playwright.async_api import Page, expect

from services.config import Settings
from services.context import Services
from services.metrics.score import Score
from services.metrics.tables import TicketScoreRow
from tests.services.web.test_register_browser import fits, page, pytestmark

__all__ = ["page", "pytestmark"]


async def _tickets(services: Services) -> None:
    """Sixty tickets of two units over the last days of the running month, or of the first one."""
    now = services.clock.now()
    first = now.replace(hour=0, minute=0, second=0, microsecond=0)
    good = Score(
        "", first - timedelta(days=3), community_id="qinghe-c1", leaf="H6", channel="web",
        state="CLOSED", due_at=first, due_day=first.date(), dispatched=1, first_org="grid", org="grid",
        sign_required=1, sign_in_time=1, contact_required=1, contacted=1, contact_in_time=1,
        begun_s=0, limit_s=86_400, took_s=40_000, in_time=1, resolved=1, resolved_s=0,
        outcome="solved", answer="solved", answered_after_s=900, score=5, rated_after_s=900,
    )  # fmt: skip
    async with services.db.write() as s:
        for n in range(60):
            day = first - timedelta(days=n % 5)
            one = replace(good, ticket_no=f"SQ-{n}", due_at=day, due_day=day.date())
            if n % 3 == 0:
                one = replace(
                    one, org="water", first_org="water", leaf="H1", in_time=0, took_s=200_000
                )
            if n % 7 == 0:
                one = replace(one, answer="unsolved", score=2, rounds=1)
            s.add(TicketScoreRow(**asdict(one)))


async def test_the_figures_on_a_phone_on_a_desk_and_on_paper(
    page: Page, services: Services, settings: Settings
) -> None:
    await _tickets(services)
    today = services.clock.now().date()
    query = f"?period=custom&from={today - timedelta(days=9)}&to={today}"
    await page.goto("/console/data" + query)
    await page.get_by_label("账号").fill("auditor1")
    await page.get_by_label("密码").fill(settings.demo_password)
    await page.get_by_role("button", name="登录").tap()
    await expect(page.get_by_role("navigation", name="主导航")).to_be_visible()
    await page.goto("/console/data" + query)
    await expect(page.get_by_role("heading", name="数据")).to_be_visible()
    await expect(page.get_by_role("img", name="走势")).to_be_visible()
    await expect(page.locator(".figure", has_text="有效回访率").first).to_contain_text("60 / 60")
    await fits(page)

    await page.set_viewport_size({"width": 1280, "height": 900})
    wide = "document.documentElement.scrollWidth"
    assert await page.evaluate(wide) <= 1280
    await expect(page.get_by_role("columnheader", name="按时签收率")).to_be_visible()

    await page.emulate_media(media="print")
    for hidden in (page.get_by_role("navigation"), page.get_by_role("button", name="打印")):
        await expect(hidden).to_be_hidden()
    await expect(page.get_by_role("heading", name="各单位")).to_be_visible()


async def test_the_reports_and_the_public_month_on_a_phone(page: Page, settings: Settings) -> None:
    await page.goto("/report")
    await expect(page.get_by_role("heading", name="居民诉求办理情况")).to_be_visible()
    await fits(page)
    await page.goto("/console/data")
    await page.get_by_label("账号").fill("dispatcher1")
    await page.get_by_label("密码").fill(settings.demo_password)
    await page.get_by_role("button", name="登录").tap()
    await expect(page.get_by_role("heading", name="数据")).to_be_visible()
    await page.goto("/console/data/reports")
    await expect(page.get_by_role("heading", name="越权派单")).to_be_visible()
    await fits(page)


async def test_the_year_and_the_months_on_a_phone_a_desk_and_paper(
    page: Page, services: Services, settings: Settings
) -> None:
    await _tickets(services)
    await page.goto("/console/data")
    await page.get_by_label("账号").fill("dispatcher1")
    await page.get_by_label("密码").fill(settings.demo_password)
    await page.get_by_role("button", name="登录").tap()
    await expect(page.get_by_role("heading", name="数据")).to_be_visible()
    for path in ("/console/data/report?period=year", "/console/data/trends"):
        await page.set_viewport_size({"width": 360, "height": 740})
        await page.goto(path)
        await expect(page.get_by_role("img", name="楼道灯不亮")).to_be_visible()
        await fits(page)
        await page.set_viewport_size({"width": 1280, "height": 900})
        assert await page.evaluate("document.documentElement.scrollWidth") <= 1280
        await page.emulate_media(media="print")
        await expect(page.get_by_role("button", name="打印")).to_be_hidden()
        await page.emulate_media(media="screen")


async def test_a_theme_is_proposed_and_decided_on_a_phone(page: Page, settings: Settings) -> None:
    await page.goto("/console/themes?year=2027")
    await page.get_by_label("账号").fill("dispatcher1")
    await page.get_by_label("密码").fill(settings.demo_password)
    await page.get_by_role("button", name="登录").tap()
    await expect(page.get_by_role("navigation", name="主导航")).to_be_visible()
    await page.goto("/console/themes?year=2027")
    await page.get_by_text("自己写一题").tap()
    await fits(page)
    await page.get_by_label("2027年哪个月").select_option("3")
    await page.get_by_label("题目", exact=True).fill("停水和停电")
    await page.get_by_label("事项1").select_option("H1")
    await page.get_by_label("事项2").select_option("H2")
    await page.get_by_label("谁牵头").select_option("water")
    await page.get_by_label("要做成什么样").fill("停之前说清楚")
    await page.get_by_label("做了以后，这些事项每月最多几件").fill("2")
    await page.get_by_role("button", name="提出来").tap()
    await expect(page.get_by_role("heading", name="停水和停电")).to_be_visible()
    await fits(page)
    await page.get_by_role("button", name="定下来").tap()
    await expect(page.get_by_text("正在做")).to_be_visible()
    await page.get_by_text("加一条任务").tap()
    await page.get_by_label("做什么").fill("提前一天贴通知")
    await page.get_by_label("哪天以前").fill("2027-03-10")
    await page.get_by_role("button", name="加上").tap()
    await expect(page.get_by_text("任务（1）")).to_be_visible()
    await fits(page)
    await page.emulate_media(media="print")
    await expect(page.get_by_text("怎么办")).to_be_hidden()
    await expect(page.get_by_text("提前一天贴通知").first).to_be_visible()
