"""What stands open to the network or in a log, and who reads what was said in confidence."""

from __future__ import annotations

from services.config import Settings
from services.db import Database
from services.supervisor.processes import processes
from tests.services.security.conftest import Client, FileTicket, Token


def test_the_action_server_listens_on_loopback_only(settings: Settings) -> None:
    # It holds the internal token and asks nobody who they are; the SDK's own default is 0.0.0.0.
    (actions,) = (p for p in processes(settings) if p.name == "actions")
    assert actions.environment.get("SANIC_HOST") == "127.0.0.1"


def test_values_of_failed_statements_stay_out_of_the_log(db: Database) -> None:
    assert db.engine.sync_engine.hide_parameters


async def test_a_confidential_reporter_is_unknown_to_who_handles_it(
    client: Client, as_staff: Token, file_ticket: FileTicket
) -> None:
    said = "楼上半夜装修，我叫张三丰，电话13800138000，别说是我说的"
    number = (await file_ticket(narrative=said, confidential=True))["ticket_no"]
    answer = await client.get(f"/api/v1/tickets/{number}", headers=await as_staff("grid1"))
    assert answer.status == 200
    assert "13800138000" not in await answer.text()


async def test_a_child_protection_case_is_not_read_by_the_grid(
    client: Client, as_staff: Token, file_ticket: FileTicket
) -> None:
    number = (await file_ticket(leaf="F4", narrative="隔壁孩子身上总有伤"))["ticket_no"]
    grid = await as_staff("grid1")
    answer = await client.get(f"/api/v1/tickets/{number}", headers=grid)
    assert "隔壁孩子" not in await answer.text()
    listing = await client.get("/api/v1/tickets?q=隔壁孩子", headers=grid)
    assert (await listing.json())["tickets"] == []
