"""``linda audit``, ``linda purge`` and ``linda dsar`` on a fresh folder."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from services import cli

EVENT = (
    "INSERT INTO ticket_events (ticket_no, seq, type, action, actor, at, from_state, to_state, data)"
    ' VALUES (\'SQ-261124-00001-0\', ?, \'noted\', \'note\', \'{"kind": "system", "id": "system", '
    "\"role\": \"system\"}', '2026-11-24 02:00:00', 'ACTIVE', 'ACTIVE', '{\"text\": \"看过\"}')"
)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A migrated and seeded database of its own."""
    monkeypatch.setenv("LINDA_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("LINDA_DEMO_PASSWORD", "demo-password")
    monkeypatch.setenv("LINDA_DATABASE_URL", f"sqlite:///{tmp_path / 'linda.db'}")
    assert cli.main(["init"]) == 0
    return tmp_path / "linda.db"


def change(file: Path, *statements: str) -> None:
    """Alter the database behind the back of the services."""
    with sqlite3.connect(file) as db:
        for statement in statements:
            db.execute(statement)


def test_verify_says_which_record_was_altered_and_fails(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(file) as db:
        db.executemany(EVENT, [(1,), (2,), (3,)])
    assert cli.main(["audit", "seal"]) == 0
    assert cli.main(["audit", "verify"]) == 0
    assert "核对了3条，0处不对" in capsys.readouterr().out
    change(file, "UPDATE ticket_events SET action = 'close' WHERE seq = 2")
    assert cli.main(["audit", "verify"]) == 1
    out = capsys.readouterr().out
    assert "第2条  工单SQ-261124-00001-0第2步（事件2）被改过" in out
    assert "1处不对" in out
    change(file, "UPDATE ticket_events SET action = 'note' WHERE seq = 2")
    change(file, "DELETE FROM ticket_events WHERE seq = 3")
    assert cli.main(["audit", "verify"]) == 1
    assert "工单事件3被删除" in capsys.readouterr().out


def test_a_head_that_was_written_down_is_compared(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(file) as db:
        db.executemany(EVENT, [(1,), (2,), (3,)])
    assert cli.main(["audit", "seal"]) == 0
    capsys.readouterr()
    assert cli.main(["audit", "head"]) == 0
    head = capsys.readouterr().out.strip()
    assert head.startswith("3:") and len(head) == 66
    assert cli.main(["audit", "verify", "--written", head]) == 0
    assert "和记下来的1处对过了" in capsys.readouterr().out
    other = "3:" + "0" * 64
    assert cli.main(["audit", "verify", "--written", head, "--written", other]) == 1
    assert "第3条  和记下来的不一样" in capsys.readouterr().out
    assert cli.main(["audit", "verify", "--written", "4:" + "0" * 64]) == 1
    assert "没有了" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main(["audit", "verify", "--written", "3"])
    assert "位置、英文冒号、64位的哈希" in capsys.readouterr().err


def test_a_dry_run_counts_by_class_and_erases_nothing(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(
        file,
        "INSERT INTO login_failure (username, address, at)"
        " VALUES ('grid1', 'x', '2020-01-01 00:00:00')",
    )
    capsys.readouterr()
    assert cli.main(["purge", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "什么都没清" in out
    assert any(line.split()[:2] == ["failure", "1"] for line in out.splitlines())
    assert cli.main(["purge"]) == 0
    assert "清除了1项" in capsys.readouterr().out
    assert cli.main(["purge", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert any(line.split()[:2] == ["failure", "0"] for line in out.splitlines())


def test_without_requests_the_list_is_empty(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert cli.main(["dsar", "list"]) == 0
    assert capsys.readouterr().out == ""


def test_an_incident_is_registered_sealed_and_goes_on(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["incident", "add", "--people", "120", "名单发错了单位"]) == 0
    said = capsys.readouterr().out
    number = said.partition("编号")[2].strip().rstrip("。")
    later = ["--told-authority", "2026-11-25", "--told-people", "2026-11-26"]
    known = ["incident", "add", "--people", "118", "--about", number, *later, "已收回并通知"]
    assert cli.main(known) == 0
    assert cli.main(["incident", "add", "--people", "1", "--about", "19990101-000000", "x"]) == 1
    capsys.readouterr()
    assert cli.main(["incident", "list"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(number) and "泄露，120人" in first and "名单发错了单位" in first
    assert "118人，通知主管部门2026-11-25，通知本人2026-11-26  已收回并通知" in second
    assert cli.main(["audit", "seal"]) == 0
    change(file, "UPDATE audit_entries SET reason = '没事' WHERE action = 'incident' AND id = 1")
    assert cli.main(["audit", "verify"]) == 1, "what was registered cannot be rewritten"
