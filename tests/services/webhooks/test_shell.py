"""``linda webhook`` on a fresh folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services import cli


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LINDA_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("LINDA_DEMO_PASSWORD", "demo-password")
    assert cli.main(["init"]) == 0
    return tmp_path


def test_a_subscription_from_the_shell(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    asked = ["webhook", "add", "市平台", "https://platform.example/hook"]
    assert cli.main([*asked, "--event", "dispatched", "--org", "water"]) == 0
    out = capsys.readouterr().out
    found = re.search(r"wh_[0-9a-f]+", out)
    assert found is not None and "whsec_" in out
    assert cli.main(["webhook", "off", found[0]]) == 0
    assert cli.main(["webhook", "list"]) == 0
    listed = capsys.readouterr().out
    assert "停了（管理员停的）" in listed and "死信0条" in listed and "whsec_" not in listed
    assert cli.main(["webhook", "on", found[0]]) == 0
    assert cli.main(["webhook", "rotate", found[0]]) == 0
    assert "72小时" in capsys.readouterr().out
    span = ["--since", "2026-11-24T00:00", "--until", "2026-11-25T00:00"]
    assert cli.main(["webhook", "replay", found[0], *span]) == 0
    assert "0条" in capsys.readouterr().out
    assert cli.main(["webhook", "log", found[0], "--state", "dead"]) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "x", "https://10.0.0.1/", "--event", "signed"], "内网地址"),
        (["add", "x", "https://a.example/", "--event", "rated"], "没有这些事"),
        (["add", "x", "https://a.example/", "--event", "signed", "--org", "nobody"], "单位"),
        (["add", "x", "https://a.example/", "--event", "signed", "--community", "c"], "社区"),
        (["rotate", "wh_none"], "没有这个订阅"),
        (["log", "wh_none"], "没有这个订阅"),
        (["replay", "wh_none"], "写明"),
        (["replay", "wh_none", "--since", "yesterday", "--until", "now"], "不是时间"),
    ],
)
def test_a_refusal_is_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    capsys.readouterr()
    assert cli.main(["webhook", *words]) == 1
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
