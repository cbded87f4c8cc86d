"""教一教 as a page: it works without scripts, for whoever teaches and for nobody else."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest

from services.context import Services
from services.people.model import ROLE_NAMES
from services.training.inbox import Filters, Group
from tests.services.training.conftest import Client, Say, digest

LAMP = "楼梯间那盏灯泡憋了黢黑的"
PAGE = "/console/training"

Enter = Callable[[str], Awaitable[Client]]


@pytest.fixture
def enter(client: Client, services: Services) -> Enter:
    async def go(username: str) -> Client:
        form = {"username": username, "password": services.settings.demo_password}
        answer = await client.post("/console/login", data=form, allow_redirects=False)
        assert answer.status == 303
        return client

    return go


async def shown(client: Client, address: str = PAGE, status: int = 200) -> str:
    answer = await client.get(address)
    assert answer.status == status
    return await answer.text()


async def open_groups(services: Services) -> list[Group]:
    return list((await services.inbox.page(Filters())).groups)


async def test_decide_without_scripts(services: Services, enter: Enter, say: Say) -> None:
    client = await enter("trainer1")
    assert "都看完了" in await shown(client)
    await say(f"我叫张桂兰，{LAMP}<script>", "ask_notice", None, doubt=True)
    await say("下水道返味得厉害", "report_problem", "H7", doubt=True)
    await digest(services)
    first, second = await open_groups(services)
    page = await shown(client)
    assert "张桂兰" not in page and "王某某" in page and "<script>那" not in page
    assert "&lt;script&gt;" in page and "还有 2 组话等您看" in page
    lamp = first if LAMP in first.text else second
    other = second if lamp is first else first
    form = {
        "version": "0", "text": lamp.text, "kind": "label", "intent": "report_problem", "leaf": "H6",
        "mark": "2:5:person", "next": str(other.id),
    }  # fmt: skip
    address = f"{PAGE}/groups/{lamp.id}/decision?q="
    answer = await client.post(address, data=form, allow_redirects=False)
    assert answer.status == 303
    assert answer.headers["Location"] == f"{PAGE}?group={other.id}&done={lamp.id}"
    page = await shown(client, answer.headers["Location"])
    assert "改了：报修投诉求助 · 楼道灯" in page and "撤销" in page and "还有 1 组话等您看" in page
    (approved,) = await services.annotations.approved()
    assert (approved.leaf, [m.type for m in approved.marks]) == ("H6", ["person"])
    answer = await client.post(
        f"{PAGE}/groups/{lamp.id}/decision", data={"version": "1", "kind": "undo"}, allow_redirects=False
    )  # fmt: skip
    assert answer.headers["Location"] == f"{PAGE}?group={lamp.id}"
    assert len(await open_groups(services)) == 2


async def test_a_refused_decision_comes_back_with_what_was_chosen(
    services: Services, enter: Enter, say: Say
) -> None:
    client = await enter("trainer1")
    await say(LAMP, "ask_notice", None, doubt=True)
    await digest(services)
    (group,) = await open_groups(services)
    address = f"{PAGE}/groups/{group.id}"
    form = {
        "version": "0",
        "kind": "label",
        "intent": "report_problem",
        "leaf": "",
        "mark": "0:3:address",
    }
    answer = await client.post(address + "/decision", data=form)
    page = await answer.text()
    assert answer.status == 422 and "要选是哪一件事" in page
    assert re.search(r'value="report_problem"[^>]* checked', page)
    assert 'value="0:3:address"' in page and re.search(r'<details class="card fix" open', page)
    part = await client.post(address + "/check", data=form)
    text = await part.text()
    assert part.status == 200 and "要选是哪一件事" in text and "<html" not in text
    for wrong in ({**form, "mark": "x"}, {"kind": "dance"}, {**form, "mark": "0:99999:address"}):
        assert (await client.post(address + "/decision", data=wrong)).status == 422
    assert len(await open_groups(services)) == 1


async def test_who_was_slower_sees_what_the_other_decided(
    services: Services, enter: Enter, say: Say
) -> None:
    await say(LAMP, "ask_notice", None, doubt=True)
    await digest(services)
    (group,) = await open_groups(services)
    client = await enter("trainer1")
    await client.post(
        f"{PAGE}/groups/{group.id}/decision", data={"version": "0", "kind": "out_of_scope"}
    )
    answer = await client.post(
        f"{PAGE}/groups/{group.id}/decision", data={"version": "0", "kind": "confirm"}
    )
    page = await answer.text()
    assert answer.status == 409
    assert "冯雪刚刚先定了这一组：“管不了”" in page and "已经定过" in page


async def test_one_tap_takes_another_guess_of_the_model(
    services: Services, enter: Enter, say: Say
) -> None:
    client = await enter("trainer1")
    await say(LAMP, "report_problem", "H6", doubt=True)
    await digest(services)
    (group,) = await open_groups(services)
    assert 'name="pick" value="ask_notice "' in await shown(client)
    form = {"version": "0", "text": LAMP, "pick": "ask_notice "}
    assert (await client.post(f"{PAGE}/groups/{group.id}/decision", data=form)).status == 200
    (approved,) = await services.annotations.approved()
    assert (approved.intent, approved.leaf) == ("ask_notice", "")


async def test_filters_stay_in_the_address(services: Services, enter: Enter, say: Say) -> None:
    client = await enter("trainer1")
    await say(LAMP, "ask_notice", None, doubt=True)
    await say("下水道返味得厉害", "report_problem", "H7", doubt=True)
    await digest(services)
    page = await shown(
        client, f"{PAGE}?intent=report_problem&channel=web&state=open&leaf=&q=&since=&until="
    )
    assert "下水道" in page and LAMP not in page
    assert (
        "intent=report_problem&amp;group=" in page
        or "channel=web&amp;intent=report_problem" in page
    )
    assert "没有符合条件" in await shown(client, f"{PAGE}?q=没有这句")
    await shown(client, f"{PAGE}?group=999", 404)
    await shown(client, f"{PAGE}?group=x", 422)
    assert "还有 2 组" in await shown(client, f"{PAGE}?done=999")


@pytest.mark.parametrize("role", sorted(ROLE_NAMES))
async def test_only_who_teaches_sees_it(enter: Enter, role: str) -> None:
    client = await enter(f"{role}1")
    allowed = role == "trainer"
    await shown(client, PAGE, 200 if allowed else 403)
    assert ("学习" in await shown(client, "/console/tickets")) is allowed
    answer = await client.post(f"{PAGE}/groups/1/decision", data={"kind": "skip", "version": "0"})
    assert answer.status == (404 if allowed else 403)


async def test_a_trainer_begins_there(client: Client, services: Services) -> None:
    for username, home in (("trainer1", PAGE), ("grid1", "/console/tickets?mine=true")):
        form = {"username": username, "password": services.settings.demo_password}
        answer = await client.post("/console/login", data=form, allow_redirects=False)
        assert answer.headers["Location"] == home


async def test_another_site_cannot_decide(services: Services, enter: Enter, say: Say) -> None:
    await say(LAMP, "ask_notice", None, doubt=True)
    await digest(services)
    (group,) = await open_groups(services)
    client = await enter("trainer1")
    answer = await client.post(
        f"{PAGE}/groups/{group.id}/decision", data={"kind": "skip", "version": "0"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )  # fmt: skip
    assert answer.status == 403 and len(await open_groups(services)) == 1
