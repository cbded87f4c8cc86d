"""``linda model …`` on a fresh folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from services import cli
from tests.services.training_runs import fake_bot


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LINDA_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("LINDA_DEMO_PASSWORD", "demo-password")
    monkeypatch.setenv("LINDA_MODEL", str(tmp_path / "linda.tar.gz"))
    return tmp_path


def model(path: Path, text: str) -> Path:
    fake_bot.write_model(path, {text: ["thank", None]})
    return path


def test_from_make_train_to_rollback(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*argv: str, status: int = 0) -> str:
        assert cli.main(list(argv)) == status
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return shown.out + shown.err

    assert "已登记" not in said("init")  # there is no model yet
    assert said("model", "list") == ""
    model(home / "linda.tar.gz", "一")
    assert "已登记，正在用它" in said("init")
    assert "已登记" not in said("init")
    # A developer retrains: it is served at once, because nobody decided otherwise.
    model(home / "linda.tar.gz", "二")
    assert "正在用它" in said("init")
    assert [line.split()[5] for line in said("model", "list").splitlines()] == ["在用", "候选"]
    other = model(home / "other.tar.gz", "三")
    assert "已登记为候选" in said("model", "import", str(other))
    newest = said("model", "list").split()[0]
    assert "还没有和现在的模型比过" in said("model", "promote", newest, status=1)
    assert "已退回模型" in said("model", "rollback", "--reason", "试试")
    assert "没有更早的可以退回" in said("model", "rollback", status=1)
    # Now a person has decided, and a retrained file waits.
    model(home / "linda.tar.gz", "四")
    words = said("init")
    assert "已登记为候选" in words and "linda model promote" in words
    assert "没有这个模型" in said("model", "promote", "ffffffff", status=1)
    assert "不是模型文件" in said("model", "import", str(home / "nowhere.tar.gz"), status=1)
