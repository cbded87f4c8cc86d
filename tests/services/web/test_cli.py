"""``linda`` on a fresh folder, and seeding that can be repeated."""

from __future__ import annotations

import base64
import io
import shutil
import sqlite3
from pathlib import Path

import pytest
import yaml
from sqlalchemy import func, select

from services import cli
from services.channels.wechat.accounts import load
from services.config import ROOT, Settings
from services.context import Services
from services.people.tables import StaffRow
from services.places.tables import BuildingRow
from services.seed import seed
from tests.wechat_sim.__main__ import DEMO_PORT
from tests.wechat_sim.account import read_accounts


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LINDA_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("LINDA_DEMO_PASSWORD", "demo-password")
    return tmp_path


def run(*argv: str) -> int:
    return cli.main(list(argv))


def test_from_an_empty_folder_to_an_account(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init") == 0
    assert run("init") == 0
    add = ("user", "add", "handler9", "--name", "钱工", "--role", "handler", "--org", "power")
    monkeypatch.setattr("sys.stdin", io.StringIO("a-good-password\n"))
    assert run(*add) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("a-good-password\n"))
    assert run(*add) == 1
    assert "已经有 handler9 这个账号" in capsys.readouterr().err
    copy = str(home / "copy.tar.gz")
    assert run("backup", copy) == 0
    assert run("restore", copy) == 0
    assert "已恢复" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert run("user", "password", "handler9") == 1
    assert "密码太短" in capsys.readouterr().err
    assert run("ticket", "show", "SQ-261124-00001-0") == 1
    assert capsys.readouterr().err.strip()


def test_in_demo_mode_a_simulated_wechat_is_ready(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings().wechat_file is None
    assert run("init") == 0
    path = home / "wechat-demo.yml"
    assert Settings().wechat_file == path and path.stat().st_mode & 0o777 == 0o600
    accounts, base = read_accounts(path)
    assert [a.name for a in accounts] == ["demo"] and base == f"http://127.0.0.1:{DEMO_PORT}"
    assert load(path)["demo"].envelope is not None
    made = path.read_text()
    assert run("init") == 0 and path.read_text() == made
    secret = base64.b64encode(bytes(32)).decode()
    production = {"env": "production", "internal_token": "x" * 32, "data_key": secret}
    assert Settings(**production).wechat_file is None
    monkeypatch.setenv("LINDA_WECHAT_ACCOUNTS", "/etc/linda/wechat.yml")
    assert Settings().wechat_file == Path("/etc/linda/wechat.yml")


@pytest.mark.parametrize(
    "command", [["model", "list"], ["audit", "verify"], ["purge", "--dry-run"]]
)
def test_before_the_first_start_it_is_said_what_to_do(
    home: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert run(*command) == 1
    assert capsys.readouterr().err == "数据库还没有建好，请先运行 linda init。\n"


def test_in_production_no_account_is_made_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINDA_ENV", "production")
    monkeypatch.setenv("LINDA_INTERNAL_TOKEN", "x" * 32)
    monkeypatch.setenv("LINDA_DATA_KEY", base64.b64encode(bytes(32)).decode())
    assert run("init") == 0
    assert not (home / "wechat-demo.yml").exists()


def test_the_data_files_are_checked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("catalog", "check") == 0
    out = capsys.readouterr().out
    assert "没有错误" in out and "还没有人复核" in out


def test_which_cards_have_to_be_signed_and_by_whom(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("catalog", "reviews") == 0
    out = capsys.readouterr().out
    assert "向阳派出所：26 条，26 条要看" in out and "  还没人看过  安全提示卡  H3 先保命" in out
    assert "一共 223 条，0 条看过没问题，223 条要看。" in out
    assert not (home / "linda.db").exists(), "asking makes no database"
    shutil.copytree(ROOT / "data", home / "data")
    monkeypatch.setenv("LINDA_DATA_DIR", str(home / "data"))
    given = next(
        c for c in yaml.safe_load((ROOT / "data/catalogue/A.yml").read_text("utf-8"))["cards"]
        if c["id"] == "A1"
    )  # fmt: skip
    cards = home / "cards.yml"
    changed = {"cards": [{**given, "fee": "不收钱。"}]}
    cards.write_text(yaml.safe_dump(changed, allow_unicode=True), encoding="utf-8")
    assert run("init") == 0
    before = (home / "data/catalogue/A.yml").read_bytes()
    assert run("catalog", "import", str(cards), "--apply", "--by", "nobody") == 1
    assert (home / "data/catalogue/A.yml").read_bytes() == before
    assert run("catalog", "import", str(cards), "--apply", "--by", "supervisor1") == 0
    with sqlite3.connect(home / "linda.db") as db:
        assert db.execute("SELECT key, by FROM content_changes").fetchall() == [
            ("card-A1", "supervisor1")
        ]


def test_what_the_project_has_read_is_recorded_by_name(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "data", home / "data")
    monkeypatch.setenv("LINDA_DATA_DIR", str(home / "data"))
    assert run("catalog", "reviews", "--readings") == 0
    cards = home / "data" / "catalogue" / "A.yml"
    text = cards.read_text("utf-8")
    cards.write_text(text.replace("满16岁三个月内要领身份证", "满16岁半年内要领身份证"), "utf-8")
    capsys.readouterr()
    assert run("catalog", "check") == 0
    assert "提醒  项目校读以后改过，要再读：1条（card-A3）" in capsys.readouterr().out
    assert run("catalog", "reviews", "--readings") == 1
    assert "项目校读以后改过，要再读  card-A3  A3 户口和身份证" in capsys.readouterr().out
    assert run("catalog", "reviews", "--words", "card-A3") == 0
    assert "满16岁半年内要领身份证" in capsys.readouterr().out
    kept = {
        name: home / "data" / "localities" / name / "readings.yml" for name in ("qinghe", "rongxi")
    }
    before = {name: path.read_text("utf-8") for name, path in kept.items()}
    assert run("catalog", "reviews", "--read", "card-A3", "card-Z9") == 1
    assert "card-Z9" in capsys.readouterr().err
    assert before == {name: path.read_text("utf-8") for name, path in kept.items()}
    assert run("catalog", "reviews", "--read", "card-A3") == 0
    for name, path in kept.items():
        old, new = before[name].splitlines(), path.read_text("utf-8").splitlines()
        assert [b for a, b in zip(old, new, strict=True) if a != b] == [
            line for line in new if line.startswith("  card-A3:")
        ]
    assert run("catalog", "reviews", "--readings") == 0
    assert run("catalog", "reviews", "--read", "certificate-独居老人情况说明") == 0, "one has it"


def test_cards_go_out_and_come_back_as_they_were(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "data", home / "data")
    monkeypatch.setenv("LINDA_DATA_DIR", str(home / "data"))
    cards, folder = home / "cards.yml", home / "data" / "catalogue"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert run("catalog", "export", "--out", str(cards)) == 0
    assert run("catalog", "import", str(cards), "--apply") == 0
    assert "和现在的卡片一样" in capsys.readouterr().out

    given = yaml.safe_load(cards.read_text(encoding="utf-8"))
    card = next(c for c in given["cards"] if c["id"] == "A1")
    card["fee"] = "不收钱。"
    new = {**card, "id": "A40", "slug": "another", "name": "别的证", "aliases": [], "examples": []}
    given["cards"] = [card, new]
    cards.write_text(yaml.safe_dump(given, allow_unicode=True), encoding="utf-8")
    assert run("catalog", "import", str(cards)) == 0
    out = capsys.readouterr().out
    assert "A1 居住证：改了 fee" in out and "A40 别的证：新卡片" in out and "--apply" in out
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert run("catalog", "import", str(cards), "--apply") == 0
    assert {n for n, b in before.items() if (folder / n).read_bytes() != b} == {"A.yml"}
    assert (folder / "A.yml").read_bytes().startswith(before["A.yml"].splitlines()[0])
    capsys.readouterr()
    assert run("catalog", "export") == 0
    now = {c["id"]: c for c in yaml.safe_load(capsys.readouterr().out)["cards"]}
    assert now["A1"]["fee"] == "不收钱。" and now["A1"]["version"] == card["version"] + 1
    assert now["A40"]["name"] == "别的证" and len(now) == 96
    assert run("catalog", "check") == 0

    new["owner"] = "nobody"
    cards.write_text(yaml.safe_dump({"cards": [new]}, allow_unicode=True), encoding="utf-8")
    assert run("catalog", "import", str(cards), "--apply") == 1
    assert "没有单位 nobody" in capsys.readouterr().out
    cards.write_text("cards: [{id: A1}]", encoding="utf-8")
    assert run("catalog", "import", str(cards)) == 1
    assert "cards.yml" in capsys.readouterr().err


def test_a_missing_locality_is_said_in_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LINDA_LOCALITY", "nowhere")
    assert run("init") == 1
    error = capsys.readouterr().err
    assert "nowhere" in error and "Traceback" not in error


async def test_seeding_again_changes_nothing_and_takes_a_new_demo_password(
    services: Services,
) -> None:
    async def counts() -> list[int | None]:
        async with services.db.read() as s:
            return [
                await s.scalar(select(func.count()).select_from(table))
                for table in (StaffRow, BuildingRow)
            ]

    before = await counts()
    await seed(services)
    assert await counts() == before == [14, 40]
    services.settings.demo_password = "another-password"
    await seed(services)
    assert (await services.people.login("grid1", "another-password", "::1")).staff.name == "王秀英"


async def test_production_gets_places_and_no_accounts(services: Services) -> None:
    async with services.db.write() as s:
        for row in await s.scalars(select(StaffRow)):
            await s.delete(row)
    services.settings.env = "production"
    await seed(services)
    async with services.db.read() as s:
        assert await s.scalar(select(func.count()).select_from(StaffRow)) == 0
        assert await s.scalar(select(func.count()).select_from(BuildingRow)) == 40
