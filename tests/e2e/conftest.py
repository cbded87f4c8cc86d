"""The whole system, once on SQLite and once on PostgreSQL, and a real browser."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.patience import PATIENCE_S
from tests.postgres import postgres_url
from tests.stack import Stack
from tests.wechat_stack import WeChatStack
from tools.environments import find_browser

expect.set_options(timeout=PATIENCE_S * 1000)

SHOTS = Path(os.environ.get("LINDA_SHOTS", "var/test/shots"))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A started system; all its data are new."""
    var_dir = tmp_path_factory.mktemp(f"stack-{request.param}")
    database = "" if request.param == "sqlite" else postgres_url(f"e2e_{uuid.uuid4().hex[:8]}")
    stack = Stack(var_dir, database)
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WeChatStack]:
    """A started system on SQLite with the simulated WeChat before it."""
    var_dir = tmp_path_factory.mktemp("wechat")
    with WeChatStack(var_dir) as town:
        yield town
        town.simulator.recorder.dump(var_dir / "wechat.jsonl")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium of the machine."""
    path = find_browser()
    assert path, "no Chromium on this machine: make test installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()
