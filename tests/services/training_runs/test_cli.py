"""``linda model …`` on a fresh folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from services import cli
from services.training import runner
from services.training.bot_process import Bot
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
    assert "没有这个模型" in said("model", "compare", "ffffffff", status=1)
    assert "已退回模型" in said("model", "rollback", "--reason", "试试")
    assert "没有更早的可以退回" in said("model", "rollback", status=1)
    # Now a person has decided, and a retrained file waits.
    model(home / "linda.tar.gz", "四")
    words = said("init")
    assert "已登记为候选" in words and "linda model promote" in words
    assert "没有这个模型" in said("model", "promote", "ffffffff", status=1)
    assert "不是模型文件" in said("model", "import", str(home / "nowhere.tar.gz"), status=1)


def test_a_comparison_from_the_shell(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a worker the shell does it; production is asked for its figures, too."""

    def said(*argv: str, status: int = 0) -> str:
        assert cli.main(list(argv)) == status
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return shown.out + shown.err

    exam = home / "exam"
    exam.mkdir()
    rows = [
        {"text": "家里煤气味好大", "intent": "emergency", "leaf": "H3"},
        {"text": "灯坏了", "intent": "report_problem", "leaf": "H6"},
    ]
    (exam / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.setenv("LINDA_EVALUATION_DIR", str(exam))
    behaviour = home / "behaviour.json"
    behaviour.write_text("{}")
    command = (sys.executable, str(fake_bot.__file__), str(behaviour))
    monkeypatch.setattr(runner, "Bot", lambda: Bot(command))
    monkeypatch.setattr(runner, "POLL_S", 0.05)
    monkeypatch.setattr(cli, "WORKER_S", 0.0)
    known = {"家里煤气味好大": ["emergency", "H3"]}
    fake_bot.write_model(home / "linda.tar.gz", known)
    said("init")
    used = said("model", "list").split()[0]
    assert "现在用的就是这个模型" in said("model", "compare", used, status=1)

    fake_bot.write_model(home / "better.tar.gz", {**known, "灯坏了": ["report_problem", "H6"]})
    said("model", "import", str(home / "better.tar.gz"))
    better = said("model", "list").split()[0]
    words = said("model", "compare", better)
    assert "就在这里比" in words and "可以上线：评测的话里好了 1 条，坏了 0 条" in words
    assert "宏 F1" in words
    assert "就在这里比" not in said("model", "compare", better), "it is known now"
    assert "就在这里比" in said("model", "compare", "--again", better)

    fake_bot.write_model(home / "deaf.tar.gz", {"灯坏了": ["report_problem", "H6"]})
    said("model", "import", str(home / "deaf.tar.gz"))
    deaf = said("model", "list").split()[0]
    words = said("model", "compare", deaf, status=1)
    assert "不能上线" in words and "坏了：家里煤气味好大" in words
    behaviour.write_text('{"evaluate": "crash"}')
    assert "原因在下面的记录里" in said("model", "compare", "--again", deaf, status=1)
