"""复核 over HTTP: who sees, who signs, what the page counts, what the API tells."""

from __future__ import annotations

import re

import pytest

from services.context import Services
from services.people.model import ROLE_NAMES
from services.people.roles import holders
from services.reviews.readings import Reading, Readings
from tests.services.web.conftest import Client, Token

API, PAGE = "/api/v1/reviews", "/console/reviews"
ALL = 95 + 33 + 24 + 59 + 12
"""Cards, safety cards, certificates, what belongs elsewhere, further words of the demo's locality."""


async def filled(client: Client, key: str, headers: dict[str, str], **given: str) -> dict[str, str]:
    """What the page's form sends."""
    page = await (await client.get(f"{PAGE}/{key}", headers=headers)).text()
    named = dict(re.findall(r'name="(form|digest)" value="([^"]+)"', page))
    return {**named, "days": "365", "remark": "", "do": "ok", **given}


@pytest.mark.parametrize("role", ROLE_NAMES)
async def test_who_sees_and_who_signs(client: Client, as_staff: Token, role: str) -> None:
    headers = await as_staff(f"{role}1")
    sees, signs = role in holders("reviews"), role in holders("reviews_sign")
    remarks = role in holders("reviews_remark")
    for path in (API, f"{API}/card-A1", PAGE, f"{PAGE}/card-A1"):
        answer = await client.get(path, headers=headers)
        assert (answer.status == 200) is sees, (role, path, answer.status)
    key = {"handler": "card-H1", "mediator": "card-J1"}.get(role, "card-A1")
    if sees:
        digest = (await (await client.get(f"{API}/{key}", headers=headers)).json())["digest"]
    else:
        digest = "0" * 64
    sent = {"digest": digest, "ok": True}
    answer = await client.post(
        f"{API}/{key}", json=sent, headers={**headers, "Idempotency-Key": "1"}
    )
    assert (answer.status == 201) is signs, await answer.text()
    if not signs:
        assert answer.status == 403
    wrong = {**sent, "ok": False, "remark": "电话换了"}
    answer = await client.post(
        f"{API}/{key}", json=wrong, headers={**headers, "Idempotency-Key": "2"}
    )
    assert answer.status == (201 if remarks else 403), await answer.text()
    page = await (await client.get(f"{PAGE}/{key}", headers=headers)).text()
    assert ("有错，写下来" in page) is (sees and remarks)
    assert ("看过，没问题" in page) is (sees and signs)


async def test_from_a_remark_to_a_signed_card(client: Client, as_staff: Token) -> None:
    boss = await as_staff("supervisor1")
    page = await (await client.get(PAGE, headers=boss)).text()
    assert f"复核（{ALL}）" in page and f"还没人看过 <small>{ALL}</small>" in page
    form = await filled(client, "card-H1", boss, do="wrong")
    answer = await client.post(f"{PAGE}/card-H1", data=form, headers=boss)
    assert answer.status == 422 and "哪里不对？" in await answer.text()
    form["remark"] = "抢修电话换了<b>"
    answer = await client.post(f"{PAGE}/card-H1", data=form, headers=boss, allow_redirects=False)
    assert answer.status == 303

    water = await as_staff("handler1")
    todo = await (await client.get("/console/reminders", headers=water)).text()
    assert "有人说答居民的话有错，等着答复（1）" in todo and "抢修电话换了&lt;b&gt;" in todo
    start = await (await client.get("/console/start", headers=await as_staff("admin1"))).text()
    assert "有人说答居民的话有错，等着改的有1条。" in start
    assert f"还要单位复核的有{ALL - 1}条。" in start
    listed = await (await client.get(f"{PAGE}?state=wrong", headers=water)).text()
    assert "复核（1）" in listed and "H1 停水、水管、水压" in listed

    number = (await (await client.get(f"{API}/card-H1", headers=water)).json())["reviews"][0]["id"]
    where = f"{PAGE}/card-H1/remarks/{number}"
    empty = await client.post(where, data={"text": ""}, headers=water)
    assert empty.status == 422 and "为什么不用改" in await empty.text()
    await client.post(where, data={"text": "核对过，没换"}, headers=water)
    form = await filled(client, "card-H1", water)
    await client.post(f"{PAGE}/card-H1", data=form, headers=water)
    told = await (await client.get(f"{API}?state=good", headers=water)).json()
    assert [i["key"] for i in told["items"]] == ["card-H1"] and told["counts"]["good"] == 1
    assert told["items"][0]["review"]["office"] == "青禾县自来水公司 承办单位"


async def test_who_writes_too_much_is_told_so_and_keeps_it(client: Client, as_staff: Token) -> None:
    water = await as_staff("handler1")
    form = await filled(client, "card-H1", water, do="wrong", remark="长" * 501)
    text = await (await client.post(f"{PAGE}/card-H1", data=form, headers=water)).text()
    assert "写得太长了，最多500个字。" in text and "长" * 501 in text
    form["remark"] = "电话换了"
    await client.post(f"{PAGE}/card-H1", data=form, headers=water)
    number = (await (await client.get(f"{API}/card-H1", headers=water)).json())["reviews"][0]["id"]
    where = f"{PAGE}/card-H1/remarks/{number}"
    answer = await client.post(where, data={"text": "长" * 501}, headers=water)
    assert "写得太长了，最多500个字。" in await answer.text()


async def test_who_may_not_see_a_page_is_led_back_to_their_desk(
    client: Client, as_staff: Token
) -> None:
    answer = await client.get(PAGE, headers=await as_staff("vendor1"))
    text = await answer.text()
    assert answer.status == 403 and "服务商不能做这件事" in text
    assert "回到开头" in text and "去登录" not in text, "they are logged in"


async def test_the_filters(client: Client, as_staff: Token) -> None:
    water = await as_staff("handler1")
    for query, count in (
        ("mine=true", 4), ("kind=safety", 33), ("q=自来水", 4), ("kind=&state=&q=", ALL),
        ("q=低保&kind=card", 2), ("state=changed", 0), ("kind=certificate", 24),
        ("kind=redirect&q=派出所", 9), ("kind=wording", 12),
    ):  # fmt: skip
        page = await (await client.get(f"{PAGE}?{query}", headers=water)).text()
        assert f'<h1 id="reviews">复核（{count}）' in page, query
    told = await (await client.get(f"{API}?kind=safety&q=燃气", headers=water)).json()
    assert [i["key"] for i in told["items"]] == ["safety-H3"]
    assert (await client.get(f"{API}?state=x", headers=water)).status == 422


async def test_other_words_than_those_that_were_read_are_not_signed(
    client: Client, as_staff: Token
) -> None:
    boss = await as_staff("supervisor1")
    form = await filled(client, "safety-J5", boss, digest="0" * 64, days="180")
    answer = await client.post(f"{PAGE}/safety-J5", data=form, headers=boss)
    assert answer.status == 409 and "这一条刚刚改过" in await answer.text()
    page = await (await client.get(f"{PAGE}/safety-J5", headers=boss)).text()
    assert "您不是一个人" in page and "替别人求救时 · 提示" in page and "心理援助热线 12356" in page
    assert (await client.get(f"{PAGE}/card-Z9", headers=boss)).status == 404
    assert (await client.post(f"{PAGE}/card-A1/remarks/x", headers=boss)).status == 404


async def test_the_same_key_makes_one_review(client: Client, as_staff: Token) -> None:
    boss = await as_staff("supervisor1")
    key = {**boss, "Idempotency-Key": "once"}
    digest = (await (await client.get(f"{API}/card-A1", headers=boss)).json())["digest"]
    one, two = [
        await (
            await client.post(f"{API}/card-A1", json={"digest": digest, "ok": True}, headers=key)
        ).json()
        for _ in range(2)
    ]
    assert one == two
    told = await (await client.get(f"{API}/card-A1", headers=boss)).json()
    assert len(told["reviews"]) == 1 and told["days"] == [365, 180, 90]


async def test_who_reads_to_residents_says_what_is_wrong_and_the_owner_hears_it(
    client: Client, as_staff: Token
) -> None:
    key = "certificate-1"
    desk, boss = await as_staff("clerk1"), await as_staff("supervisor1")
    page = await (await client.get(f"{PAGE}/{key}", headers=desk)).text()
    assert "社区不开" in page and "民发〔2020〕20号第1项" in page and "青禾县民政局会看到" in page
    form = await filled(client, key, desk, do="ok")
    answer = await client.post(f"{PAGE}/{key}", data=form, headers=desk)
    assert answer.status == 403 and "有错可以写下来" in await answer.text(), "they do not sign"
    form |= {"do": "wrong", "remark": "户籍窗口搬了"}
    answer = await client.post(f"{PAGE}/{key}", data=form, headers=desk, allow_redirects=False)
    assert answer.status == 303
    todo = await (await client.get("/console/reminders", headers=boss)).text()
    assert "青禾县民政局负责，赵敏说的" in todo and "户籍窗口搬了" in todo
    todo = await (await client.get("/console/reminders", headers=desk)).text()
    assert "户籍窗口搬了" not in todo, "it is not the desk's to mend"


async def test_the_name_of_a_certificate_without_a_number_is_its_address(
    client: Client, as_staff: Token
) -> None:
    boss = await as_staff("supervisor1")
    key = "certificate-居住（租住）证明"
    form = await filled(client, key, boss)
    answer = await client.post(f"{PAGE}/{key}", data=form, headers=boss)
    text = await answer.text()
    assert answer.status == 200 and "看过，没问题</span>" in text and "社区核实后可以开" in text


async def test_the_project_has_read_is_no_signature(
    client: Client, as_staff: Token, services: Services
) -> None:
    boss = await as_staff("supervisor1")
    known = services.reviews.readings
    day = known.read["card-H1"].day
    page = await (await client.get(f"{PAGE}/card-H1", headers=boss)).text()
    assert f"项目校读：{day}" in page and "不算复核" in page and "还没人看过" in page
    listed = await (await client.get(f"{PAGE}?q=停水、水管", headers=boss)).text()
    assert f"项目校读：{day}" in listed and "不是哪个单位的复核" in listed
    other = Reading(words="0" * 16, day=day)
    services.reviews.readings = known.model_copy(update={"read": {"card-H1": other}})
    page = await (await client.get(f"{PAGE}/card-H1", headers=boss)).text()
    assert f"校读后改过（项目校读：{day}）" in page
    page = await (await client.get(f"{PAGE}/card-A1", headers=boss)).text()
    assert "校读" not in page
    services.reviews.readings = Readings()
    listed = await (await client.get(PAGE, headers=boss)).text()
    assert "校读" not in listed and "H1 停水、水管、水压" in listed
