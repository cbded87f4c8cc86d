"""The staff API: who may, what comes back, what is refused how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from services import cli
from services.context import Services
from services.people.model import ROLE_NAMES
from tests.services.training.conftest import Client, Say, digest

BASE = "/api/v1/training"
LAMP = "楼梯间那盏灯泡憋了黢黑的"


@pytest.fixture
async def as_trainer(client: Client, services: Services) -> dict[str, str]:
    return await headers_of(client, services, "trainer1")


async def headers_of(client: Client, services: Services, username: str) -> dict[str, str]:
    given = {"username": username, "password": services.settings.demo_password}
    answer = await client.post("/api/v1/auth/token", json=given)
    return {"Authorization": f"Bearer {(await answer.json())['token']}"}


async def ask(client: Client, headers: dict[str, str], path: str, status: int = 200) -> Any:
    answer = await client.get(BASE + path, headers=headers)
    assert answer.status == status, await answer.text()
    return await answer.json()


async def tell(
    client: Client, headers: dict[str, str], path: str, body: Any, status: int = 200
) -> Any:
    answer = await client.post(BASE + path, json=body, headers=headers)
    assert answer.status == status, await answer.text()
    return await answer.json()


async def test_from_the_inbox_to_the_export(
    services: Services, client: Client, as_trainer: dict[str, str], say: Say
) -> None:
    await say(f"我叫张桂兰，{LAMP}", "ask_notice", None, doubt=True)
    await digest(services)
    inbox = await ask(
        client,
        as_trainer,
        "/inbox?state=&intent=ask_notice&since=2026-11-24&until=2026-11-24&leaf=",
    )
    assert inbox["total"] == 1 and inbox["next_cursor"] is None
    (group,) = inbox["groups"]
    assert group["text"] == f"我叫王某某，{LAMP}"
    assert group["understood"]["intent"] == "ask_notice" and group["outcomes"] == {"answered": 1}
    assert (await ask(client, as_trainer, "/inbox?until=2026-11-23"))["groups"] == []

    path = f"/groups/{group['id']}"
    detail = await ask(client, as_trainer, path)
    assert [w["text"] for w in detail["wordings"]] == [group["text"]]
    wrong = {"kind": "label", "version": 0, "intent": "report_problem"}
    problems = (await tell(client, as_trainer, path + "/check", wrong))["problems"]
    assert [p["code"] for p in problems] == ["leaf_missing"]
    error = (await tell(client, as_trainer, path + "/decision", wrong, 422))["error"]
    assert error["code"] == "annotation_wrong" and error["fields"]["problems"] == problems

    right = {**wrong, "leaf": "H6", "entities": [{"type": "person", "start": 2, "end": 5}]}
    made = (await tell(client, as_trainer, path + "/decision", right))["decision"]
    assert (made["kind"], made["by"]["id"], made["version"]) == ("corrected", "trainer1", 1)
    late = as_trainer
    error = (await tell(client, late, path + "/decision", {"kind": "skip", "version": 0}, 409))[
        "error"
    ]
    assert error["code"] == "annotation_conflict" and error["fields"]["decision"] == made

    answer = await client.get(BASE + "/annotations/export", headers=as_trainer)
    assert answer.status == 200 and "attachment" in answer.headers["Content-Disposition"]
    exported = yaml.safe_load(await answer.text())
    assert exported["nlu"] == [
        {"intent": "report_problem", "metadata": {"leaf": "H6"}, "examples": f"- {group['text']}\n"}
    ]


@pytest.mark.parametrize(
    "path, status",
    [("/groups/999999", 404), ("/groups/99999999999", 404), ("/inbox?cursor=x", 400), ("/inbox?outcome=great", 422),
     ("/inbox?limit=0", 422), ("/inbox?since=gestern", 422)],
)  # fmt: skip
async def test_what_is_not_there(
    client: Client, as_trainer: dict[str, str], path: str, status: int
) -> None:
    await ask(client, as_trainer, path, status)


@pytest.mark.parametrize("role", sorted(ROLE_NAMES))
async def test_only_who_teaches_gets_in(services: Services, client: Client, role: str) -> None:
    headers = await headers_of(client, services, f"{role}1")
    allowed = role == "trainer"
    for path in ("/inbox", "/labels", "/annotations/export"):
        answer = await client.get(BASE + path, headers=headers)
        assert answer.status == (200 if allowed else 403)
    body = {"kind": "skip", "version": 0}
    for path in ("/groups/1/decision", "/groups/1/check"):
        answer = await client.post(BASE + path, json=body, headers=headers)
        assert answer.status == (404 if allowed else 403)


async def test_labels_have_names(client: Client, as_trainer: dict[str, str]) -> None:
    labels = await ask(client, as_trainer, "/labels")
    assert len(labels["intents"]) == 31
    lamp = next(i for i in labels["intents"] if i["id"] == "report_problem")
    assert lamp["name"] == "报修投诉求助" and "H6" in lamp["leaves"] and "M2" not in lamp["leaves"]
    assert {"id": "H6", "name": "楼道灯"} in labels["leaves"]


def test_the_shell_exports_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LINDA_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("LINDA_DEMO_PASSWORD", "demo-password")
    assert cli.main(["init"]) == 0
    assert cli.main(["annotations", "export", "--out", str(tmp_path / "out.yml")]) == 0
    assert yaml.safe_load((tmp_path / "out.yml").read_text("utf-8"))["nlu"] == []
    capsys.readouterr()
    assert cli.main(["annotations", "export"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["nlu"] == []
