"""The printable sheets: one-time notice, and the notice that a certificate is not issued."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.catalogue.files import read
from services.catalogue.model import CertificateFile, CertificateItem
from services.config import ROOT
from services.context import Services
from services.tickets.core.actor import SYSTEM
from services.tickets.core.commands import CreateTicket
from tests.services.web.conftest import Client, Token

LOCALITIES = ROOT / "data" / "localities"


def refused(locality: str) -> list[CertificateItem]:
    """The kinds that no community of this locality issues."""
    policy = read(LOCALITIES / locality / "certificates.yml", CertificateFile)
    return [item for item in policy.items if item.allowed is False]


async def text_of(client: Client, path: str, status: int = 200, **query: str) -> str:
    answer = await client.get(path, params=query)
    assert answer.status == status, await answer.text()
    return await answer.text()


async def test_the_one_time_notice_says_everything_once(client: Client) -> None:
    html = await text_of(client, "/s/B1/notice")
    for words in (
        "一次告知单", "低保（最低生活保障）", "<li>核对授权书</li>", "去哪办", "0439-00000016",
        "社会救助暂行办法", "以当地窗口为准", "第2版", "data-print", "/static/notice.css",
    ):  # fmt: skip
        assert words in html, words


async def test_a_card_that_is_out_of_date_is_not_printed(
    client: Client, services: Services
) -> None:
    cards: dict[str, Any] = services.catalogue._cards
    old = {**cards, "B1": cards["B1"].model_copy(update={"valid_to": date(2020, 1, 1)})}
    services.catalogue.__dict__["_cards"] = old
    html = await text_of(client, "/s/B1/notice", 410)
    assert "过了有效期" in html and "核对授权书" not in html


async def test_an_unknown_service_has_no_notice(client: Client) -> None:
    await text_of(client, "/s/Z9/notice", 404)


async def test_a_refusal_without_a_ticket_leaves_room_for_unit_and_number(client: Client) -> None:
    html = await text_of(client, "/notice/refusal", kind="健在证明")
    for words in (
        "不予出具告知单",
        "健在证明",
        "民发〔2020〕20号",
        "窗口盖章时填",
        "＿＿＿",
        "年",
        "月",
    ):
        assert words in html, words


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
def test_the_states_twenty_kinds_have_a_way_each_of_their_own(locality: str) -> None:
    kinds = refused(locality)
    assert [kind.no for kind in kinds] == list(range(1, 21))
    for words in ([k.why for k in kinds], [k.redirect for k in kinds], [k.name for k in kinds]):
        assert len(set(words)) == 20


async def test_every_refused_kind_has_a_sheet_with_its_own_way(
    client: Client, services: Services
) -> None:
    """All twenty in one test: a town is made once, and what is wrong is told by kind."""
    kinds, wrong = refused("qinghe"), {}
    for kind in kinds:
        sheets = await _sheets(client, services, kind)
        words = [
            "不予出具告知单", kind.name, "民发〔2020〕20号", kind.why, kind.redirect,
            "、".join(kind.bring),
        ]  # fmt: skip
        ways = [other.redirect for other in kinds if other.no != kind.no]
        missing = {how: [w for w in words if w not in html] for how, html in sheets.items()}
        foreign = [way for way in ways for html in sheets.values() if way in html]
        if any(missing.values()) or foreign:
            wrong[kind.name] = (missing, foreign)
        assert f"第{kind.no}号窗口：" in sheets["of the unit"]
        assert "窗口盖章时填" in sheets["by name"] and "窗口：" not in sheets["by name"]
    assert wrong == {}


async def _sheets(client: Client, services: Services, kind: CertificateItem) -> dict[str, str]:
    """The sheet of a kind by its name, by what people call it, and to the unit that demanded it."""
    request = CreateTicket(
        kind="consult", leaf="A4", narrative="要开证明", confidential=True,
        certificate={"no": kind.no, "name": kind.name, "demanded_by": f"第{kind.no}号窗口要的"},
    )  # fmt: skip
    told = await services.tickets.create(request, SYSTEM)
    path = f"/notice/{told['ticket_no']}"
    return {
        "by name": await text_of(client, "/notice/refusal", kind=kind.name),
        "by what people say": await text_of(client, "/notice/refusal", kind=kind.aliases[0]),
        "of the unit": await text_of(client, path, code=told["query_code"]),
    }


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
def test_every_permitted_kind_says_what_to_bring(locality: str) -> None:
    policy = read(LOCALITIES / locality / "certificates.yml", CertificateFile)
    permitted = [item for item in policy.items if item.allowed]
    assert len(permitted) >= 3 and all(item.bring and item.redirect for item in permitted)


async def test_every_permitted_kind_has_an_application_of_its_own(
    client: Client, services: Services
) -> None:
    policy = read(LOCALITIES / "qinghe" / "certificates.yml", CertificateFile)
    for item in (i for i in policy.items if i.allowed):
        html = await text_of(client, "/notice/application", kind=item.name)
        words = ["证明申请表", "做什么用", "哪家单位要的", "申请人签名", "经办人签名", "承诺：",
                 item.redirect, *(f"<li>{b}</li>" for b in item.bring)]  # fmt: skip
        assert [w for w in words if w not in html] == [], item.name
        assert services.catalogue.certificate(None, item.name)["application"]


async def test_what_the_street_decides_has_an_application_that_is_no_certificate(
    client: Client, services: Services
) -> None:
    html = await text_of(client, "/notice/application", kind="贫困证明")
    words = ["情况说明申请（开不开由街道定）", "这张纸是申请，不是证明", "困难情况说明", "法律援助法第四十一条",
             "街道定的（开／不开、为什么）", "<li>身份证</li>"]  # fmt: skip
    assert [w for w in words if w not in html] == []
    request = CreateTicket(
        kind="booking", leaf="A9", narrative="学校要困难证明", appointment={"date": "2026-12-01"},
        contact={"name": "刘桂芬", "phone": "13500000012"},
        certificate={"name": "困难情况说明", "purpose": "助学金", "demanded_by": "北街小学"},
    )  # fmt: skip
    view = await services.tickets.create(request, SYSTEM)
    path = f"/notice/{view['ticket_no']}/application"
    html = await text_of(client, path, code=view["query_code"])
    assert "助学金" in html and "北街小学" in html and "刘桂芬" not in html


@pytest.mark.parametrize("kind", ["亲属关系证明", "外星人证明"])
async def test_what_is_not_issued_has_no_application(
    client: Client, services: Services, kind: str
) -> None:
    await text_of(client, "/notice/application", 404, kind=kind)
    assert services.catalogue.certificate(None, kind)["application"] is None


async def test_the_application_of_a_ticket_knows_what_for_and_not_who(
    client: Client, services: Services
) -> None:
    request = CreateTicket(
        kind="booking", leaf="A2", narrative="要开居住证明", appointment={"date": "2026-12-01"},
        contact={"name": "刘桂芬", "phone": "13500000012"},
        certificate={"name": "居住证明", "purpose": "孩子上学", "demanded_by": "北街小学"},
    )  # fmt: skip
    view = await services.tickets.create(request, SYSTEM)
    path = f"/notice/{view['ticket_no']}/application"
    html = await text_of(client, path, code=view["query_code"])
    for words in (view["ticket_no"], "孩子上学", "北街小学", "居住（租住）证明", "房产证"):
        assert words in html, words
    assert "刘桂芬" not in html and "13500000012" not in html
    await text_of(client, path, 404, code="000000" if view["query_code"] != "000000" else "1")


@pytest.mark.parametrize(
    ("path", "query", "subject"),
    [("/s/B1/notice", {}, "sheet:service:B1"),
     ("/notice/refusal", {"kind": "健在证明"}, "sheet:refusal:健在证明"),
     ("/notice/application", {"kind": "志愿者证明"}, "sheet:application:志愿服务记录证明")],
)  # fmt: skip
async def test_a_sheet_that_staff_open_is_recorded_and_a_residents_is_not(
    client: Client, services: Services, as_staff: Token, path: str, query: dict[str, str],
    subject: str,
) -> None:  # fmt: skip
    await text_of(client, path, **query)
    assert await services.audit.entries(action="print") == []
    for _ in range(2):
        answer = await client.get(path, params=query, headers=await as_staff("clerk1"))
        assert answer.status == 200
    entries = await services.audit.entries(action="print")
    assert [(e.who, e.subject) for e in entries] == [("clerk1", subject)]


@pytest.mark.parametrize("kind", ["居住证明", "外星人证明"])
async def test_what_may_be_issued_or_is_unknown_has_no_refusal(client: Client, kind: str) -> None:
    html = await text_of(client, "/notice/refusal", 404, kind=kind)
    assert "不应由" not in html
    assert "回对话" in html and "回到工单" not in html


async def test_the_clue_names_the_unit_and_hides_the_resident(
    client: Client, services: Services
) -> None:
    request = CreateTicket(
        kind="consult", leaf="A4", narrative="银行要证明", confidential=True,
        contact={"name": "刘桂芬", "phone": "13500000012"},
        certificate={"no": 1, "name": "亲属关系证明", "demanded_by": "建设银行北街网点要的"},
    )  # fmt: skip
    view = await services.tickets.create(request, SYSTEM)
    path = f"/notice/{view['ticket_no']}"
    html = await text_of(client, path, code=view["query_code"])
    for words in (view["ticket_no"], "建设银行北街网点：", "亲属关系证明", "户籍地派出所"):
        assert words in html, words
    assert "刘桂芬" not in html and "13500000012" not in html and "要的" not in html
    await text_of(client, path, 404, code="000000" if view["query_code"] != "000000" else "1")
    await text_of(client, path, 422)
