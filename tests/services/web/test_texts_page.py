"""话术预览: whoever teaches sees every standard text in both forms; nobody else does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from services.context import Services
from services.web.console import texts
from tests.services.web.conftest import Client

Enter = Callable[[str], Awaitable[Client]]


@pytest.fixture
def enter(client: Client, services: Services) -> Enter:
    async def go(username: str) -> Client:
        form = {"username": username, "password": services.settings.demo_password}
        answer = await client.post("/console/login", data=form, allow_redirects=False)
        assert answer.status == 303
        return client

    return go


async def test_both_forms_side_by_side_and_a_word_narrows_them(enter: Enter) -> None:
    client = await enter("trainer1")
    page = await (await client.get("/console/texts")).text()
    assert "话术预览" in page and "report_filed" in page and "person_reads" in page
    found = await (await client.get("/console/texts?q=person_reads")).text()
    assert "收到，工作人员看得到。您接着说，来了就回您。" in found
    assert "收到。工作人员看得到，您接着说。" in found and "report_filed" not in found
    nothing = await (await client.get("/console/texts?q=<b>没有这话")).text()
    assert "&lt;b&gt;" in nothing and "<b>没有" not in nothing


async def test_safety_cards_stand_there_in_both_forms(enter: Enter) -> None:
    client = await enter("trainer1")
    page = await (await client.get("/console/texts?q=safety_H3")).text()
    assert "叫上家里人和邻居，敲门喊，别按门铃。" in page and "别开灯，别点火。" in page
    other = await (await client.get("/console/texts?q=safety_J5_other")).text()
    assert "先打电话，再陪着他" in other and "您不是一个人" not in other


async def test_only_for_who_teaches(enter: Enter) -> None:
    client = await enter("grid1")
    assert (await client.get("/console/texts")).status == 403


async def test_texts_of_every_file_are_read(services: Services) -> None:
    files = texts.sources(services.settings.data_dir)
    assert len(files) >= 4
    assert {path.stem for path in files} <= set(texts.NAMES), "each has a heading in people's words"
    for path in files:
        assert all(t.plain for t in texts.read(path)), path
    keys = [t.key for t in texts.read(files[0])]
    assert len(keys) == len(set(keys)) > 200
