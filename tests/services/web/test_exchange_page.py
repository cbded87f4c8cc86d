"""上级平台 over HTTP: upload, report, confirm, export; who may, and what the ticket then shows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import FormData

from services import cli
from services.context import Services
from services.outbox.worker import run_due
from tests.services.conftest import NOW
from tests.services.exchange.conftest import LIGHT, changed, xlsx
from tests.services.web.conftest import Client, Token

PATH = "/console/exchange"


def upload(content: bytes, source: str = "city") -> FormData:
    form = FormData()
    form.add_field("source", source)
    form.add_field("name", "十一月")
    form.add_field("file", content, filename="a.xlsx")
    return form


async def imported(client: Client, headers: dict[str, str], services: Services) -> str:
    """Upload two lines and confirm them; return the report's address."""
    content = xlsx([LIGHT, changed(工单编号="")])
    answer = await client.post(
        f"{PATH}/import", data=upload(content), headers=headers, allow_redirects=False
    )
    assert answer.status == 303, await answer.text()
    report = answer.headers["Location"]
    text = await (await client.get(report, headers=headers)).text()
    assert "没有工单编号" in text and "确认，导入1件" in text and "13812345678" not in text
    await client.post(f"{report}/confirm", headers=headers)
    await run_due(services)
    return report


async def test_from_the_file_to_the_ticket_with_both_numbers(
    client: Client, as_staff: Token, services: Services
) -> None:
    headers = await as_staff("dispatcher1")
    report = await imported(client, headers, services)
    text = await (await client.get(report, headers=headers)).text()
    assert "导入完了" in text and "建好了" in text
    number = await services.exchange.own_number("BJ20261124001")
    ticket = await (await client.get(f"/console/tickets/{number}", headers=headers)).text()
    assert "上级编号 BJ20261124001" in ticket and "打印单据" in ticket
    found = await client.get("/console/tickets?q=BJ20261124001", headers=headers)
    assert str(number) in await found.text()
    sheet = await client.get(f"/console/tickets/{number}/paper/task", headers=headers)
    assert "上级编号：BJ20261124001" in await sheet.text()
    only = await (await client.get(f"{report}?verdict=refuse", headers=headers)).text()
    assert "没有工单编号" in only and "BJ20261124001" not in only


async def test_an_export_waits_for_the_auditor_and_is_then_downloaded(
    client: Client, as_staff: Token, services: Services
) -> None:
    desk, auditor = await as_staff("dispatcher1"), await as_staff("auditor1")
    await imported(client, desk, services)
    refused = await client.post(
        f"{PATH}/export", data={"source": "city", "whole": "on"}, headers=desk
    )
    assert refused.status == 422 and "请写明用途" in await refused.text()
    asked = {"source": "city", "whole": "on", "reason": "市里要回访"}
    await client.post(f"{PATH}/export", data=asked, headers=desk)
    assert (await client.get(f"{PATH}/export/1", headers=desk)).status == 409
    assert "批准第1次" in await (await client.get(PATH, headers=auditor)).text()
    assert "批准第1次" not in await (await client.get(PATH, headers=desk)).text()
    yes = {"approve": "yes"}
    assert (await client.post(f"{PATH}/export/1/decide", data=yes, headers=desk)).status == 403
    await client.post(f"{PATH}/export/1/decide", data=yes, headers=auditor)
    file = await client.get(f"{PATH}/export/1", headers=desk)
    assert file.status == 200 and (await file.read())[:2] == b"PK"
    assert re.fullmatch(
        r'attachment; filename="city-\d{8}-1.xlsx"', file.headers["Content-Disposition"]
    )
    assert (await client.get(f"{PATH}/export/1", headers=auditor)).status == 403


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [(lambda: upload(b"no table"), 422, "没有找到"),
     (lambda: upload(xlsx([LIGHT]), "mars"), 404, "对照表"),
     (lambda: {"source": "city"}, 422, "还没有选文件")],
)  # fmt: skip
async def test_a_refused_upload_says_why(
    client: Client, as_staff: Token, form: Callable[[], Any], status: int, words: str
) -> None:
    headers = await as_staff("dispatcher1")
    answer = await client.post(f"{PATH}/import", data=form(), headers=headers)
    assert answer.status == status and words in await answer.text()


@pytest.mark.parametrize("who", ["grid1", "clerk1", "supervisor1", "handler1", "vendor1", "admin1"])
async def test_who_has_no_business_here(client: Client, as_staff: Token, who: str) -> None:
    headers = await as_staff(who)
    assert (await client.get(PATH, headers=headers)).status == 403
    assert (await client.post(f"{PATH}/export", headers=headers)).status == 403


async def test_the_shell_looks_first_and_files_when_told(
    services: Services, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    await services.clock.set(services.db, NOW)  # before the deadline that stands in the line
    file = tmp_path / "a.xlsx"
    file.write_bytes(xlsx([LIGHT, changed(工单编号="BJ2", 事发地址="火星街1号")]))

    async def shell(*words: str) -> int:
        args = cli.parser().parse_args(words)
        return int(await args.command(services, args))

    assert await shell("import", str(file)) == 0
    assert "什么都没建" in capsys.readouterr().out
    assert await services.exchange.own_number("BJ2") is None
    assert await shell("import", str(file), "--commit") == 0
    assert "可以建单，有疑问1行" in capsys.readouterr().out
    assert await services.exchange.own_number("BJ2") is not None
    out = tmp_path / "out.xlsx"
    assert await shell("export", "--out", str(out)) == 0
    assert (await asyncio.to_thread(out.read_bytes))[:2] == b"PK"
