"""话术预览: whoever teaches sees every standard text in both forms; nobody else does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from services.context import Services
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
    page = await (await client.get("/console/texts?q=cards.H3")).text()
    assert "叫上家里人和邻居，敲门喊，别按门铃。" in page and "别开灯，别点火。" in page
    other = await (await client.get("/console/texts?q=J5.third_party")).text()
    assert "先打电话，再陪着他" in other and "您不是一个人" not in other


@pytest.mark.parametrize(
    ("word", "texts"),
    [
        ("cards.J3.lead", ["要是这会儿正挨打，先躲开", "正挨打先躲开，打110。"]),
        ("cards.H3.after.worse", ["马上到外面透气，打120", "头晕想吐就是中毒，快出去，打120。"]),
        ("cards.H3.after.follow", ["别碰电器、别点火", "叫上家里人。敲门喊，别按门铃。"]),
        ("J5.third_party.after.place", ["也把楼号、几层说给他们", "转给值班的人了。也跟110说。"]),
        ("redirects.water_fee", ["水费由供水公司收，社区不代收", "社区不收水费，问供水公司。"]),
        ("items.亲属关系证明", ["户口簿就是证明，不用再开", "一个户口簿上的，看户口簿"]),
        ("subsidy_note", ["按本地规定和本人情况定", "有没有补贴、补多少，看当地窗口。"]),
        ("services.C6.notes", ["洗澡要有一位家里人在旁边。"]),
        ("entries.shelter", ["先顾人，别管东西"]),
        ("社区只能劝阻和上报", ["有权处理的是城管"]),
        ("dispositions.no_news", ["这件事已经有人在办"]),
        ("refusal.privacy", ["本单不写居民姓名", "只有这一种，没有大字版"]),
    ],
)
async def test_what_the_locality_and_the_cards_say_stands_there_too(
    enter: Enter, word: str, texts: list[str]
) -> None:
    page = await (await (await enter("trainer1")).get("/console/texts", params={"q": word})).text()
    assert [t for t in texts if t not in page] == []


async def test_no_long_text_lacks_its_other_form(enter: Enter) -> None:
    page = await (await (await enter("trainer1")).get("/console/texts")).text()
    assert "不好读" not in page and 'href="#file-' in page


async def test_only_for_who_teaches(enter: Enter) -> None:
    client = await enter("grid1")
    assert (await client.get("/console/texts")).status == 403
