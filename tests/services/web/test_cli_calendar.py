"""``linda calendar`` and ``linda sla`` on a fresh folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from services import cli
from services.config import ROOT

CSV = "日期,名称,放假\n2030-01-01,元旦,是\n2030-01-05,元旦,否\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LINDA_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("LINDA_DEMO_PASSWORD", "demo-password")
    assert cli.main(["init"]) == 0
    return tmp_path


def test_a_notice_is_looked_at_brought_in_and_shown(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = home / "2030.csv"
    file.write_text(CSV, encoding="utf-8")
    assert cli.main(["calendar", "import", str(file)]) == 1
    assert "依据哪份通知" in capsys.readouterr().err
    asked = ["calendar", "import", str(file), "--source", "2030年通知"]
    assert cli.main(asked) == 0
    out = capsys.readouterr().out
    assert "没有录入" in out and "请核对" in out
    assert cli.main(["calendar", "show", "2030"]) == 1
    assert "还没有录入" in capsys.readouterr().err
    assert cli.main([*asked, "--apply"]) == 0
    assert "已录入" in capsys.readouterr().out
    assert cli.main(["calendar", "show", "2030"]) == 0
    out = capsys.readouterr().out
    assert "2030年通知" in out and "补班  2030-01-05" in out
    assert cli.main(["calendar", "show"]) == 0
    assert "国办发明电〔2025〕7号" in capsys.readouterr().out
    cli.main(["calendar", "check"])
    assert "2030" in capsys.readouterr().out


def test_a_file_that_cannot_be_read_is_one_line(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = home / "x.csv"
    file.write_bytes("日期,名称,放假".encode("gbk"))
    assert cli.main(["calendar", "import", str(file), "--source", "x"]) == 1
    assert "UTF-8" in capsys.readouterr().err
    assert cli.main(["calendar", "import", str(home / "nothing.csv")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_time_limits_are_complete_and_printed_as_in_the_docs(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["sla", "check"]) == 0
    assert "没有缺的" in capsys.readouterr().out
    assert cli.main(["sla", "table"]) == 0
    assert capsys.readouterr().out == (ROOT / "docs" / "sla.md").read_text(encoding="utf-8")
