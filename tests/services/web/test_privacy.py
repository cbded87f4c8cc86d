"""The privacy notice: everybody can read it before anything is said, and a ticket names its version."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from services.config import ROOT, Settings
from services.context import Services
from services.privacy.notice import PrivacyNotice
from services.tickets.core.actor import SYSTEM, resident
from services.tickets.core.commands import CreateTicket
from tests.services.web.conftest import Client
from tests.services.web.test_register import REGISTER, WORDS, enter, opened

__all__ = ["enter"]


def with_data(settings: Settings, tmp_path: Path) -> Settings:
    """The settings with a copy of the data, to be changed."""
    copy = tmp_path / "data"
    shutil.copytree(ROOT / "data", copy, ignore=shutil.ignore_patterns("nlu", "api"))
    return settings.model_copy(update={"data_dir": copy})


def added(settings: Settings, version: str) -> None:
    """Put a new version before those that are there."""
    path = settings.data_dir / "texts" / "privacy.yml"
    text = path.read_text("utf-8")
    block = re.search(r"\n  - version: .*", text, re.S)
    assert block
    newer = block[0].replace('"2026-11"', f'"{version}"').replace("谁在用", "现在谁在用")
    path.write_text(text.replace(block[0], newer + block[0]), "utf-8")


async def test_it_says_what_the_law_asks_in_the_localitys_words(client: Client) -> None:
    html = await (await client.get("/privacy")).text()
    for words in (
        "青禾县向阳街道办事处", "0439-00000010", "干什么用", "不满十四周岁", "事情办完后1年",
        "办理经过：3年", "你们存了我啥", "收回同意", "网信部门", "第2026-11版", "data-print",
    ):  # fmt: skip
        assert words in html, words
    assert "{" not in html.split("<main>")[1], "a placeholder was left"


async def test_an_unknown_version_is_not_made_up(client: Client) -> None:
    answer = await client.get("/privacy", params={"version": "1999-01"})
    assert answer.status == 404 and "没有这一版" in await answer.text()


def test_an_earlier_version_stays_readable(settings: Settings, tmp_path: Path) -> None:
    other = with_data(settings, tmp_path)
    added(other, "2027-03")
    notice = PrivacyNotice(other)
    assert notice.versions == ("2027-03", "2026-11") and notice.current == "2027-03"
    new, old = notice.sheet(), notice.sheet("2026-11")
    assert new and old and (new.parts[0][0], old.parts[0][0]) == ("现在谁在用", "谁在用")


def test_other_times_of_keeping_need_a_version_of_their_own(
    settings: Settings, tmp_path: Path
) -> None:
    other = with_data(settings, tmp_path)
    path = other.data_dir / "retention.yml"
    path.write_text(path.read_text("utf-8").replace("days: 365", "days: 400"), "utf-8")
    with pytest.raises(ValueError, match=r"contact, attachment 和 retention\.yml 不一样"):
        PrivacyNotice(other)


@pytest.mark.parametrize("path", ["/", "/report", "/progress/SQ-261124-00007-2"])
async def test_public_pages_lead_to_it(client: Client, path: str) -> None:
    assert 'href="/privacy"' in await (await client.get(path)).text()


@pytest.mark.parametrize("elder", [False, True])
async def test_the_first_words_name_who_processes(services: Services, elder: bool) -> None:
    opened_now = await services.channels.open_session("web", elder=elder)
    said = str(opened_now.messages[0].text)
    assert "青禾县向阳街道办事处" in said and "您的信息怎么用" in said


def test_the_greeting_in_wechat_has_the_address(settings: Settings) -> None:
    known = PrivacyNotice(settings.model_copy(update={"public_url": "https://linda.test/"}))
    assert known.greeting["notice"] == "https://linda.test/privacy"
    assert "社区窗口" in PrivacyNotice(settings).greeting["notice"]


async def test_a_ticket_of_the_dialogue_names_the_version(services: Services) -> None:
    wanted = CreateTicket(conversation_id="c-1", narrative=WORDS, leaf="H6")
    filed = await services.tickets.create(wanted, resident("c-1"))
    seen = await services.tickets.get(filed["ticket_no"], SYSTEM)
    assert seen["privacy"] == {"version": "2026-11", "how": "chat"}


async def test_what_nobody_told_us_names_none(services: Services) -> None:
    wanted = CreateTicket(channel="import12345", narrative=WORDS, leaf="H6")
    filed = await services.tickets.create(wanted, SYSTEM)
    assert (await services.tickets.get(filed["ticket_no"], SYSTEM))["privacy"] is None


async def test_the_desk_says_whether_the_resident_was_told(enter: Any, services: Services) -> None:
    client = await enter("clerk1")
    form = {**await opened(client), "narrative": WORDS}
    asked = await client.post(REGISTER, data={k: v for k, v in form.items() if k != "told"})
    assert asked.status == 422 and "告诉居民了没有" in await asked.text()
    page = await (await client.post(REGISTER, data={**form, "told": "later"})).text()
    assert 'href="/privacy"' in page
    number = re.search(r"SQ-\d{6}-\d{5}-\d", page)
    assert number
    seen = await services.tickets.get(number[0], SYSTEM)
    assert seen["privacy"] == {"version": "2026-11", "how": "later"}
    html = await (await client.get(f"/console/tickets/{number[0]}")).text()
    assert "还没说，要补（2026-11版）" in html
