"""Sheets of a ticket: from its events, by role, without who reported, as they were when they were issued."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from services.context import Services
from services.errors import LindaError
from services.paper.facts import appointment_text
from services.tickets.core.actor import SYSTEM, Actor
from services.tickets.core.commands import Contact, CreateTicket
from tests.services.web.conftest import Client, Token

DESK = Actor("staff", "dispatcher1", "dispatcher", "street")
DESK_CLERK = Actor("staff", "clerk1", "clerk", "community", "qinghe-c1")
HEAD = Actor("staff", "supervisor1", "supervisor", "community", "qinghe-c1")
GRID = Actor("staff", "grid1", "grid", "grid", "qinghe-c1", ("qinghe-g1", "qinghe-g2", "qinghe-g3"))
WHO = ("刘桂芬", "13500000012", "501")
LIGHT: dict[str, Any] = {
    "leaf": "H6", "narrative": "楼道灯坏了", "conversation_id": "c1",
    "place": {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2", "room": "501"},
    "contact": {"name": "刘桂芬", "phone": "13500000012"},
}  # fmt: skip
NOISE = LIGHT | {"leaf": "I2", "narrative": "刘桂芬说楼上半夜唱歌，电话13500000012"}
RECORD = {
    "at": "2026-11-24T21:30", "place": "幸福小区3号楼2单元", "by": "王秀英（网格员）、物业赵师傅",
    "kind": "邻里生活声响", "noise": "晚上十点以后还在唱歌，连着三天", "other": "601户",
    "said": "讲了晚上十点以后不能出声扰民", "answer": "说以后注意", "agreed": "九点半以后不唱",
    "result": "答应改正", "proof": "录音一段",
}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"date": "2026-12-01", "part": "am"}, "2026-12-01 上午"),
        ({"date": "2026-12-01", "part": "eve", "time": "18:30"}, "2026-12-01 傍晚 18:30"),
        ({"date": "2026-12-01", "meal": "lunch", "portions": 2}, "2026-12-01 午饭 2份"),
        (None, ""),
    ],
)
def test_when_an_appointment_is_stands_on_a_sheet(given: dict[str, Any] | None, said: str) -> None:
    assert appointment_text(given) == said


async def file(services: Services, given: dict[str, Any]) -> str:
    view = await services.tickets.create(CreateTicket.model_validate(given), SYSTEM)
    return str(view["ticket_no"])


async def page(
    client: Client, as_staff: Token, who: str, number: str, kind: str, status: int = 200
) -> str:
    path = f"/console/tickets/{number}/paper/{kind}".rstrip("/")
    answer = await client.get(path, headers=await as_staff(who))
    assert answer.status == status, await answer.text()
    return await answer.text()


async def issue(
    client: Client, as_staff: Token, who: str, number: str, paper: str, status: int = 303,
    form: str = "page-1", **typed: str,
) -> str:  # fmt: skip
    draft = await page(client, as_staff, who, number, paper)
    version = re.search(r'name="version" value="(\d+)"', draft)
    assert version
    answer = await client.post(
        f"/console/tickets/{number}/paper/{paper}", headers=await as_staff(who),
        data={"version": version[1], "form": form, "do": "issue"} | typed, allow_redirects=False,
    )  # fmt: skip
    assert answer.status == status, await answer.text()
    return answer.headers.get("Location", "") or await answer.text()


async def test_a_sheet_is_looked_at_then_numbered_and_put_on_record(
    client: Client, as_staff: Token, services: Services
) -> None:
    number = await file(services, LIGHT)
    draft = await page(client, as_staff, "clerk1", number, "accept")
    assert "预览" in draft and "幸福小区3号楼2单元楼道灯不亮" in draft and "data:image/svg" in draft
    where = await issue(client, as_staff, "clerk1", number, "accept")
    assert where.endswith("/paper/accept/1")
    # The same page sent again is the same sheet.
    assert await issue(client, as_staff, "clerk1", number, "accept") == where
    sheet = await page(client, as_staff, "clerk1", number, "accept/1")
    for words in (
        f"{number}-受理1",
        "受理通知书",
        "盖章处",
        "青禾县向阳街道办事处",
        "data-print",
    ):
        assert words in sheet, words
    events = await services.tickets.events(number, DESK)
    notes = [e for e in events if e["type"] == "noted"]
    assert len(notes) == 1 and "打印《受理通知书》第1号" in str(notes[0])
    overview = await page(client, as_staff, "clerk1", number, "")
    assert "第1号" in overview and "赵敏" in overview


async def test_each_ticket_has_its_own_first_sheet(
    client: Client, as_staff: Token, services: Services
) -> None:
    for conversation in ("c1", "c2"):
        number = await file(services, LIGHT | {"conversation_id": conversation})
        where = await issue(client, as_staff, "clerk1", number, "accept", form=f"page-{number}")
        assert where == f"/console/tickets/{number}/paper/accept/1"
        events = await services.tickets.events(number, DESK)
        assert [e["type"] for e in events].count("noted") == 1


async def test_an_issued_sheet_stays_as_it_was(
    client: Client, as_staff: Token, services: Services
) -> None:
    number = await file(services, LIGHT)
    await issue(client, as_staff, "dispatcher1", number, "task")
    before = await page(client, as_staff, "dispatcher1", number, "task/1")
    await services.tickets.act(number, "sign", {}, GRID)
    order = {"level": "1", "text": "请抓紧"}
    await services.tickets.act(number, "supervise", order, HEAD)
    assert await page(client, as_staff, "dispatcher1", number, "task/1") == before


async def test_a_sheet_of_an_old_page_is_not_issued(
    client: Client, as_staff: Token, services: Services
) -> None:
    number = await file(services, LIGHT)
    answer = await client.post(
        f"/console/tickets/{number}/paper/task", headers=await as_staff("dispatcher1"),
        data={"version": "1", "form": "old", "do": "issue"}, allow_redirects=False,
    )  # fmt: skip
    assert answer.status == 409 and "新变化" in await answer.text()


@pytest.mark.parametrize("kind", ["task", "supervise", "whistle", "dissuade"])
async def test_what_goes_to_others_does_not_say_who_reported(
    client: Client, as_staff: Token, services: Services, kind: str
) -> None:
    number = await file(services, NOISE)
    await services.tickets.act(number, "sign", {}, GRID)
    order = {"level": "1", "text": "刘桂芬来过三次，电话13500000012，请办"}
    await services.tickets.act(number, "supervise", order, HEAD)
    call = {"type": "problem", "orgs": ["urban"], "reason": "刘桂芬家睡不着，要联合劝",
            "approver": "街道副主任 李强"}  # fmt: skip
    await services.tickets.act(number, "whistle", call, DESK)
    sheet = await page(
        client, as_staff, "supervisor1" if kind != "whistle" else "dispatcher1", number, kind
    )
    for secret in (*WHO, "睡不着" if kind == "task" else "刘桂芬"):
        assert secret not in sheet, secret
    expected = {
        "task": "派工单", "supervise": "现予提醒", "whistle": "牵头单位", "dissuade": "第八十八条",
    }  # fmt: skip
    assert expected[kind] in sheet


async def test_each_attempt_to_dissuade_is_a_record_that_names_the_earlier_ones(
    client: Client, as_staff: Token, services: Services
) -> None:
    number = await file(services, NOISE)
    refused = await issue(
        client,
        as_staff,
        "grid1",
        number,
        "dissuade",
        422,
        **(RECORD | {"said": "", "result": "别的"}),
    )
    assert "还没有填" in refused and "请从给出的里面选" in refused and "连着三天" in refused
    await issue(client, as_staff, "grid1", number, "dissuade", **RECORD)
    again = RECORD | {"at": "2026-11-25T22:10", "result": "没有停止"}
    await issue(client, as_staff, "grid1", number, "dissuade", form="page-2", **again)
    first = await page(client, as_staff, "grid1", number, "dissuade/1")
    second = await page(client, as_staff, "supervisor1", number, "dissuade/2")
    assert "2026年11月24日 21:30" in first and "第2次" not in first
    for words in (
        "第2次",
        "没有停止",
        "第1次",
        "答应改正",
        "被劝的一方签名",
        "第八十八条",
        "第七十条",
    ):
        assert words in second, words


async def test_a_suspension_and_an_extension_are_told_with_their_reasons(
    client: Client, as_staff: Token, services: Services
) -> None:
    number = await file(services, LIGHT)
    await services.tickets.act(number, "sign", {}, GRID)
    asked = {"days": 2, "reason": "等配件"}
    await services.tickets.act(number, "extend", asked, GRID)
    await services.tickets.act(
        number, "extend", {"decision": "approve", "reason": "等配件到货"}, HEAD
    )
    told = await page(client, as_staff, "clerk1", number, "extend")
    assert "经批准延长2天" in told and "等配件到货" in told and "原来要在" in told
    day = (services.clock.now().date() + timedelta(days=10)).isoformat()
    given = {"reason": "parts", "explanation": "灯具缺货", "plan": "到货就装", "review_date": day}
    await services.tickets.act(number, "suspend", given, GRID)
    await services.tickets.act(number, "suspend", {"decision": "approve"}, HEAD)
    told = await page(client, as_staff, "clerk1", number, "suspend")
    assert "灯具缺货" in told and "打算：到货就装。" in told


@pytest.mark.parametrize(
    ("who", "kind", "status"),
    [("grid1", "accept", 403), ("vendor1", "task", 403), ("admin1", "", 403), ("trainer1", "", 403),
     ("clerk1", "suspend", 422), ("clerk1", "nothing", 404), ("supervisor1", "dissuade", 422),
     ("auditor1", "", 403)],
)  # fmt: skip
async def test_who_may_not_or_what_is_not_there(
    client: Client, as_staff: Token, services: Services, who: str, kind: str, status: int
) -> None:
    await page(client, as_staff, who, await file(services, LIGHT), kind, status)


async def test_a_restricted_matter_is_not_named_to_who_looks_on(
    client: Client, as_staff: Token, services: Services
) -> None:
    number = await file(services, LIGHT | {"leaf": "F4", "narrative": "孩子老挨打"})
    async with services.db.read():
        offered = [o.id for o in await services.paper.offered(number, DESK) if o.ready]
    for kind in (k for k in offered if services.paper.papers.kinds[k].to == "resident"):
        sheet = await services.paper.preview(number, kind, DESK)
        assert "儿童" not in str(sheet.paragraphs) and "幸福小区" not in str(sheet)
    with pytest.raises(LindaError):
        await services.paper.offered(number, Actor("staff", "handler1", "handler", "water"))


async def test_the_progress_page_asks_for_the_code(client: Client, services: Services) -> None:
    view = await services.tickets.create(CreateTicket.model_validate(LIGHT), SYSTEM)
    number = view["ticket_no"]
    path = f"/progress/{number}"
    assert "查询码" in await (await client.get(path)).text()
    wrong = await client.post(path, data={"code": "1"})
    assert wrong.status == 404 and "对不上" in await wrong.text()
    right = await (await client.post(path, data={"code": view["query_code"]})).text()
    assert view["state_text"] in right
    assert "幸福小区" not in right and "刘桂芬" not in right


async def test_what_is_still_needed_is_told_once_on_paper(
    client: Client, as_staff: Token, services: Services
) -> None:
    number = await file(services, LIGHT)
    await page(client, as_staff, "clerk1", number, "ask", 422)
    wanted = CreateTicket(
        channel="counter", narrative="家里漏水", incomplete=True,
        contact=Contact(name="刘桂芬", phone="13500000012"),
    )  # fmt: skip
    filed = await services.tickets.create(wanted, DESK_CLERK)
    number = filed["ticket_no"]
    await services.tickets.act(number, "need_info", {"items": ["哪栋楼", "几单元几号"]}, DESK_CLERK)
    await issue(client, as_staff, "clerk1", number, "ask")
    sheet = await page(client, as_staff, "clerk1", number, "ask/1")
    assert "还差：哪栋楼；几单元几号" in sheet and "请在2026年" in sheet
    notes = str(await services.tickets.events(number, SYSTEM))
    assert "一次告知单（请您补充）》第1号（按工单第" in notes


async def test_one_sheet_tells_the_whole_way_and_not_who_reported(
    client: Client, as_staff: Token, services: Services
) -> None:
    number = await file(services, LIGHT)
    await services.tickets.act(number, "sign", {}, GRID)
    order = {"level": "1", "text": "请抓紧，刘桂芬等着"}
    await services.tickets.act(number, "supervise", order, HEAD)
    sheet = await page(client, as_staff, "dispatcher1", number, "course")
    for words in ("工作流转单", "居民本人", "签收", "受理，2026年", "提醒：请抓紧"):
        assert words in sheet, words
    for secret in WHO:
        assert secret not in sheet, secret
    assert (await client.get(
        f"/console/tickets/{number}/paper/course", headers=await as_staff("grid1")
    )).status == 403  # fmt: skip


async def test_the_application_for_a_certificate_is_numbered_and_on_record(
    client: Client, as_staff: Token, services: Services
) -> None:
    asked = {
        "kind": "booking", "leaf": "A2", "narrative": "要开居住证明", "appointment": {"date": "2026-12-01"},
        "place": LIGHT["place"], "contact": LIGHT["contact"],
        "certificate": {"name": "居住证明", "purpose": "刘桂芬的孙子上学"},
    }  # fmt: skip
    number = await file(services, asked)
    await issue(client, as_staff, "clerk1", number, "application")
    sheet = await page(client, as_staff, "clerk1", number, "application/1")
    for words in (f"{number}-申请1", "居住（租住）证明", "孙子上学", "幸福小区3号楼", "承诺：",
                  "<li>身份证</li>", "申请人签名", "经办人签名"):  # fmt: skip
        assert words in sheet, words
    assert "刘桂芬" not in sheet and "13500000012" not in sheet
    assert "打印《证明申请表》第1号" in str(await services.tickets.events(number, DESK))


async def test_of_what_the_street_decides_an_application_is_numbered(
    client: Client, as_staff: Token, services: Services
) -> None:
    asked = {
        "kind": "booking", "leaf": "A9", "narrative": "学校要困难证明", "appointment": {"date": "2026-12-01"},
        "place": LIGHT["place"], "contact": LIGHT["contact"],
        "certificate": {"name": "困难证明", "purpose": "助学金", "demanded_by": "北街小学"},
    }  # fmt: skip
    number = await file(services, asked)
    await page(client, as_staff, "clerk1", number, "application", 422)
    await issue(client, as_staff, "clerk1", number, "transfer")
    sheet = await page(client, as_staff, "clerk1", number, "transfer/1")
    for words in (
        f"{number}-转办1",
        "开不开由街道定",
        "助学金",
        "北街小学",
        "低保等对象拿着证件就行",
    ):
        assert words in sheet, words
    assert "刘桂芬" not in sheet and "13500000012" not in sheet


async def test_the_desk_names_a_certificate_that_nobody_has_named(
    client: Client, as_staff: Token, services: Services
) -> None:
    number = await file(services, {**LIGHT, "leaf": "A2", "narrative": "要开个证明"})
    headers = await as_staff("clerk1")
    html = await page(client, as_staff, "clerk1", number, "application")
    assert "要开哪张证明" in html and "独居老人情况说明" in html and "志愿服务" not in html
    version = re.search(r'name="version" value="(\d+)"', html)
    assert version is not None
    url = f"/console/tickets/{number}/paper/application"
    form = {"version": version[1], "form": "form-1", "do": "issue", "certificate": ""}
    refused = await client.post(url, data=form, headers=headers)
    assert refused.status == 422 and "“要开哪张证明”还没有填" in await refused.text()
    form["certificate"] = "亲属关系证明"
    assert (await client.post(url, data=form, headers=headers)).status == 422
    form["certificate"] = "居住（租住）证明"
    look = await client.post(url, data={**form, "do": "look"}, headers=headers)
    assert "租房合同或房产证" in await look.text()
    assert (await client.post(url, data=form, headers=headers)).status == 200
    sheet = await page(client, as_staff, "clerk1", number, "application/1")
    assert "居住（租住）证明" in sheet and "租房合同或房产证" in sheet
    papers = f"/api/v1/tickets/{number}/papers"
    told = (await (await client.get(papers, headers=headers)).json())["papers"]
    asked = next(p for p in told if p["id"] == "application")["fields"]
    assert asked[0]["options"] == ["居住（租住）证明", "独居老人情况说明"]


async def test_what_the_community_does_not_issue_has_no_application(
    client: Client, as_staff: Token, services: Services
) -> None:
    asked = {
        "kind": "consult",
        "leaf": "A4",
        "narrative": "要开证明",
        "certificate": {"name": "亲属关系证明"},
    }
    number = await file(services, asked)
    await page(client, as_staff, "clerk1", number, "application", 422)
    await page(client, as_staff, "clerk1", number, "transfer", 422)
