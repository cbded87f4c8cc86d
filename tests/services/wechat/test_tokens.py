"""One access token for all processes: fetched once, renewed in time, replaced when it is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from services.channels.wechat import tokens as tokens_module
from services.channels.wechat.accounts import load
from services.channels.wechat.api import ApiRefused, NotDone, WeChatApi
from services.channels.wechat.tables import WeChatTokenRow
from services.channels.wechat.tokens import AccessTokens
from services.config import Settings
from services.db import Database
from services.people.crypto import Vault
from tests.patience import PATIENCE_S
from tests.services.conftest import TestClock
from tests.wechat_sim.faults import ApiFaults
from tests.wechat_sim.simulator import Simulator

PATH = "/cgi-bin/stable_token"


class Processes:
    """Ten processes on one database, each with a connection pool and a cache of its own."""

    def __init__(self, settings: Settings, clock: TestClock, count: int) -> None:
        vault = Vault.from_settings(settings)
        self.databases = [Database(settings.database) for _ in range(count)]
        self.apis = [WeChatApi() for _ in range(count)]
        self.tokens = [
            AccessTokens(db, clock, api, vault)
            for db, api in zip(self.databases, self.apis, strict=True)
        ]
        (self.account,) = load(settings.wechat_accounts).values()

    async def get(self, bad: str | None = None) -> set[str]:
        return set(await asyncio.gather(*(t.get(self.account, bad) for t in self.tokens)))

    async def close(self) -> None:
        for part in [*self.apis, *self.databases]:
            await part.close()


@pytest.fixture
async def processes(
    wechat_settings: Settings, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Processes]:
    monkeypatch.setattr(tokens_module, "WAIT_S", float(PATIENCE_S))  # ten on a busy machine
    made = Processes(wechat_settings, clock, 10)
    yield made
    await made.close()


async def test_ten_processes_fetch_one_token(simulator: Simulator, processes: Processes) -> None:
    simulator.faults.api = ApiFaults(delay_s=(0.2, 0.3))
    found = await processes.get()
    assert len(found) == 1 and await processes.get() == found
    assert simulator.platform.tokens.fetched["demo"] == 1
    assert len(simulator.recorder.calls(PATH)) == 1
    async with processes.databases[0].read() as s:
        row = (await s.scalars(select(WeChatTokenRow))).one()
    assert row.token_enc is not None and found.pop() not in row.token_enc


async def test_it_is_renewed_before_its_end(
    simulator: Simulator, processes: Processes, clock: TestClock
) -> None:
    old = await processes.get()
    for minutes in (60, 50):
        clock.advance(minutes=minutes)
        simulator.move(timedelta(minutes=minutes))
    assert await processes.get() == old
    clock.advance(minutes=7)
    simulator.move(timedelta(minutes=7))
    simulator.faults.api = ApiFaults(delay_s=(0.2, 0.3))
    both = await processes.get()
    # Those who came while it was being fetched went on with the old one, which is good still.
    assert old < both and len(both) == 2
    assert len(await processes.get()) == 1
    assert simulator.platform.tokens.fetched["demo"] == 2


async def test_while_none_is_to_be_had_the_old_one_serves(
    simulator: Simulator, processes: Processes, clock: TestClock
) -> None:
    old = await processes.get()
    clock.advance(minutes=117)
    simulator.faults.api = ApiFaults(error=1.0)
    assert await processes.get() == old
    clock.advance(minutes=5)
    with pytest.raises(NotDone):
        await processes.tokens[0].get(processes.account)


async def test_a_refused_one_is_replaced_once(simulator: Simulator, processes: Processes) -> None:
    (old,) = await processes.get()
    simulator.platform.tokens.revoke(simulator.accounts[0])
    found = await processes.get(bad=old)
    assert len(found) == 1 and old not in found
    assert simulator.platform.tokens.fetched["demo"] == 2


async def test_one_that_wechat_insists_on_is_forced(
    simulator: Simulator, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = await processes.get()
    found = await processes.get(bad=old)
    assert len(found) == 1 and old not in found
    forced = [e for e in simulator.recorder.calls(PATH) if '"force_refresh": true' in e.request]
    assert len(forced) == 1


async def test_a_lease_of_the_dead_ends(
    simulator: Simulator, processes: Processes, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens_module, "WAIT_S", 0.3)
    async with processes.databases[0].write() as s:
        until = clock.now() + timedelta(seconds=10)
        s.add(
            WeChatTokenRow(app_id=processes.account.app_id, lease_owner="dead", lease_until=until)
        )
    with pytest.raises(NotDone):
        await processes.tokens[0].get(processes.account)
    clock.advance(seconds=11)
    assert await processes.tokens[0].get(processes.account)


async def test_a_wrong_secret_is_said_by_its_code(
    simulator: Simulator, processes: Processes
) -> None:
    simulator.accounts[0].app_secret = "another"
    with pytest.raises(ApiRefused, match="40125"):
        await processes.tokens[0].get(processes.account)
