"""``linda open311`` on a fresh folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services import cli


def test_a_key_from_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LINDA_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("LINDA_DEMO_PASSWORD", "demo-password")
    assert cli.main(["init"]) == 0
    assert cli.main(["open311", "add-key", "市民应用"]) == 0
    secret = capsys.readouterr().out.strip().rpartition("\n")[2]
    assert len(secret) == 43
    assert cli.main(["open311", "keys"]) == 0
    listed = capsys.readouterr().out
    found = re.search(r"k_[0-9a-f]+", listed)
    assert found is not None and "在用" in listed and secret not in listed
    assert cli.main(["open311", "revoke", found[0]]) == 0
    assert cli.main(["open311", "keys"]) == 0
    assert "收回" in capsys.readouterr().out
    assert cli.main(["open311", "revoke", found[0]]) == 1
    assert "没有这个密钥" in capsys.readouterr().err
    assert cli.main(["open311", "add-key", " "]) == 1
