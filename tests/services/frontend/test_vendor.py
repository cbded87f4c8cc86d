"""Files for browsers: only what is on the list, and a lock without addresses."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from services.config import ROOT
from services.web import vendor


@pytest.mark.parametrize("name", sorted(vendor.ALLOWED))
async def test_listed_files_are_served(client: Any, name: str) -> None:
    answer = await client.get(f"/vendor/{name}")
    assert answer.status == 200
    assert "javascript" in answer.headers["Content-Type"]
    assert len(await answer.read()) > 1000


@pytest.mark.parametrize(
    "name", ["htmx.org", "package.json", "..%2f..%2fpackage.json", "%2e%2e/keys.py", "htmx.js.gz"]
)
async def test_everything_else_is_not(client: Any, name: str) -> None:
    assert (await client.get(f"/vendor/{name}")).status == 404


async def test_missing_packages_are_said_plainly(client: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(vendor, "NODE_MODULES", ROOT / "nowhere")
    answer = await client.get("/vendor/htmx.js")
    assert answer.status == 503
    assert "npm ci" in (await answer.json())["error"]["message"]


def test_lock_pins_versions_and_names_no_host() -> None:
    lock = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    assert "http" not in lock and "resolved" not in lock
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    locked = json.loads(lock)["packages"]
    for name, version in wanted.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert locked[f"node_modules/{name}"]["version"] == version
        assert locked[f"node_modules/{name}"]["integrity"].startswith("sha512-")
