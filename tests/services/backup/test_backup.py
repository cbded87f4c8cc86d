"""A backup brought back, from either database into either, and what is refused."""

from __future__ import annotations

import errno
import tarfile
import warnings
from argparse import Namespace
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select, text
from sqlalchemy.exc import SAWarning
from sqlalchemy.ext.asyncio import AsyncConnection

from services.backup import archive, exchange, rows, shell
from services.channels.types import Incoming
from services.config import Settings
from services.context import Services, build
from services.db import Database
from services.errors import LindaError
from services.people.tables import ResidentRow
from services.seed import seed
from services.tickets.core.actor import SYSTEM
from services.tickets.core.commands import Contact, CreateTicket
from tests.postgres import postgres_url


@pytest.fixture
async def services(db: Database, settings: Settings, cheap_passwords: None) -> Services:
    """An installation with a ticket, a conversation and a photo."""
    built = build(settings.model_copy(update={"rasa_url": "http://127.0.0.1:9"}), db)
    await seed(built)
    session = await built.channels.open_session()
    await built.channels.post(session.session_id, Incoming("m1", "text", text="楼道灯坏了"))
    wanted = CreateTicket(
        leaf="H6", narrative="楼道灯坏了", conversation_id=session.session_id,
        contact=Contact(name="张桂兰", phone="13812345678"),
    )  # fmt: skip
    await built.tickets.create(wanted, SYSTEM)
    (settings.var_dir / "uploads" / "a").mkdir(parents=True)
    (settings.var_dir / "uploads" / "a" / "photo.jpg").write_bytes(b"photo")
    return built


@pytest.fixture(params=["sqlite", "postgresql"])
async def elsewhere(
    request: pytest.FixtureRequest, settings: Settings, tmp_path: Path
) -> AsyncIterator[Services]:
    """A fresh installation without a schema, with the same key."""
    url = "" if request.param == "sqlite" else postgres_url("linda_restored")
    built = build(other(settings, var_dir=tmp_path / "other", database_url=url))
    yield built
    await built.close()


def other(settings: Settings, **changed: Any) -> Settings:
    """Settings of another installation."""
    return Settings(**{**settings.model_dump(), **changed})


async def told(services: Services) -> dict[str, Any]:
    """What people see of an installation."""
    page = await services.tickets.list(SYSTEM)
    number = page["tickets"][0]["ticket_no"]
    async with services.db.read() as s:
        resident = await s.scalar(select(ResidentRow.id))
        known = await services.people.resident(s, resident) if resident else None
    return {
        "ticket": await services.tickets.get(number, SYSTEM),
        "events": await services.tickets.events(number, SYSTEM),
        "found": (await services.tickets.list(SYSTEM, q="楼道灯"))["tickets"],
        "phone": known.phone if known else None,
        "staff": sorted(s.id for s in await services.people.roster()),
        "intact": (await services.audit.verify()).findings,
    }


async def test_what_was_kept_comes_back(
    services: Services, elsewhere: Services, tmp_path: Path
) -> None:
    file = tmp_path / "copy.tar.gz"
    assert await shell.backup(services, Namespace(file=file)) == 0
    assert file.stat().st_mode & 0o077 == 0
    assert await shell.restore(elsewhere, Namespace(file=file, replace=False)) == 0
    assert await told(elsewhere) == await told(services)
    photo = elsewhere.settings.var_dir / "uploads" / "a" / "photo.jpg"
    assert photo.read_bytes() == b"photo"
    # It goes on: the next number is none that was used.
    more = await elsewhere.tickets.create(CreateTicket(narrative="再来一件"), SYSTEM)
    assert more["ticket_no"] != (await told(services))["ticket"]["ticket_no"]


async def test_a_photo_that_is_erased_meanwhile_does_not_stop_a_backup(
    services: Services, tmp_path: Path
) -> None:
    # A name without its file: what the copy meets when the worker erases while it reads.
    gone = services.settings.var_dir / "uploads" / "a" / "gone.jpg"
    gone.symlink_to(tmp_path / "nowhere.jpg")
    file = tmp_path / "copy.tar.gz"
    assert await shell.backup(services, Namespace(file=file)) == 0
    with tarfile.open(file) as tar:
        assert [n for n in tar.getnames() if n.startswith("uploads")] == ["uploads/a/photo.jpg"]


async def test_nothing_is_lost_by_mistake(services: Services, tmp_path: Path) -> None:
    file = tmp_path / "copy.tar.gz"
    await shell.backup(services, Namespace(file=file))
    before = await told(services)

    async def refused(source: Path, code: str, replace: bool = False) -> None:
        with pytest.raises(LindaError) as refusal:
            await shell.restore(services, Namespace(file=source, replace=replace))
        assert refusal.value.code == code
        assert await told(services) == before

    await refused(file, "database_filled")
    await refused(tmp_path / "none.tar.gz", "backup_unreadable", replace=True)
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    await refused(cut, "backup_unreadable", replace=True)
    await refused(changed(file, tmp_path), "backup_damaged", replace=True)
    run = services.settings.var_dir / "run"
    run.mkdir()
    (run / "web.pid").write_text("1")
    await refused(file, "still_running", replace=True)
    (run / "web.pid").unlink()
    assert await shell.restore(services, Namespace(file=file, replace=True)) == 0
    assert await told(services) == before


@pytest.mark.parametrize("at", ["filling", "words", "uploads", "renaming"])
async def test_what_fails_in_the_middle_leaves_everything_as_it_was(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    file = tmp_path / "copy.tar.gz"
    await shell.backup(services, Namespace(file=file))
    await services.tickets.create(CreateTicket(narrative="备份以后的一件"), SYSTEM)
    before = await told(services)
    photo = services.settings.var_dir / "uploads" / "a" / "photo.jpg"
    photo.write_bytes(b"another photo")
    listed = sorted(p.name for p in services.settings.var_dir.iterdir())

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def full_later(connection: AsyncConnection, table: Table, lines: Iterable[str]) -> int:
        if table.name == "tickets":
            full()
        return await fill(connection, table, lines)

    fill, rename = rows.fill, Path.rename

    def renamed(source: Path, target: Path) -> Path:
        if source.name == "restoring-uploads":
            full()
        return rename(source, target)

    match at:
        case "filling":
            monkeypatch.setattr(rows, "fill", full_later)
        case "words":
            monkeypatch.setattr(shell, "words_values", full)
        case "uploads":
            monkeypatch.setattr(archive, "bring_uploads", full)
        case "renaming":
            monkeypatch.setattr(Path, "rename", renamed)
    with pytest.raises(OSError, match="No space left"):
        await shell.restore(services, Namespace(file=file, replace=True))
    monkeypatch.undo()
    assert await told(services) == before
    assert photo.read_bytes() == b"another photo"
    # SQLite's log comes and goes by itself.
    left = sorted(p.name for p in services.settings.var_dir.iterdir())
    logs = {"linda.db-wal", "linda.db-shm"}
    assert set(left) - logs == set(listed) - logs
    assert await shell.restore(services, Namespace(file=file, replace=True)) == 0
    assert photo.read_bytes() == b"photo"
    assert len((await services.tickets.list(SYSTEM))["tickets"]) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_tables_of_others_stay_and_are_not_taken_along(
    services: Services, tmp_path: Path
) -> None:
    async with services.db.engine.begin() as connection:
        await connection.execute(text("DROP TABLE IF EXISTS their_books"))
        await connection.execute(text("CREATE TABLE their_books (title text)"))
        await connection.execute(text("INSERT INTO their_books VALUES ('红楼梦')"))
    file = tmp_path / "copy.tar.gz"
    await shell.backup(services, Namespace(file=file))
    with tarfile.open(file) as tar:
        assert "tables/their_books.jsonl" not in tar.getnames()
        assert "tables/tickets.jsonl" in tar.getnames()
    assert await shell.restore(services, Namespace(file=file, replace=True)) == 0
    async with services.db.engine.begin() as connection:
        assert await connection.scalar(text("SELECT title FROM their_books")) == "红楼梦"
        await connection.execute(text("DROP TABLE their_books"))


async def test_a_process_of_another_user_counts_as_running(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "copy.tar.gz"
    await shell.backup(services, Namespace(file=file))
    run = services.settings.var_dir / "run"
    run.mkdir()
    (run / "web.pid").write_text("4711")
    answers: dict[int, type[OSError]] = {4711: PermissionError}

    def kill(pid: int, signal: int) -> None:
        raise answers[pid]

    monkeypatch.setattr("services.backup.shell.os.kill", kill)
    with pytest.raises(LindaError, match="still_running"):
        await shell.restore(services, Namespace(file=file, replace=True))
    answers[4711] = ProcessLookupError
    assert await shell.restore(services, Namespace(file=file, replace=True)) == 0


async def test_no_warning_meets_who_runs_the_commands(services: Services, tmp_path: Path) -> None:
    with warnings.catch_warnings(record=True) as met:
        warnings.simplefilter("always")
        await shell.backup(services, Namespace(file=tmp_path / "copy.tar.gz"))
        await shell.restore(services, Namespace(file=tmp_path / "copy.tar.gz", replace=True))
    assert [str(w.message) for w in met if issubclass(w.category, SAWarning)] == []


def test_an_exchange_that_was_killed_is_undone(tmp_path: Path) -> None:
    places = [tmp_path / "linda.db", tmp_path / "linda.db-wal", tmp_path / "uploads"]
    (tmp_path / "before-linda.db").write_text("old")
    (tmp_path / "linda.db-wal").write_text("old log")
    (tmp_path / "before-uploads").mkdir()
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / "new.jpg").write_text("new")
    (tmp_path / "restoring-linda.db").write_text("new")
    exchange.tidied(places)
    assert {p.name for p in tmp_path.iterdir()} == {"linda.db", "linda.db-wal", "uploads"}
    assert places[0].read_text() == "old" and places[1].read_text() == "old log"
    assert not any(places[2].iterdir())


async def test_without_the_key_nothing_is_brought_back(
    services: Services, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "copy.tar.gz"
    await shell.backup(services, Namespace(file=file))
    there = other(settings, data_key="A" * 43 + "=", var_dir=tmp_path / "o", database_url="")
    built = build(there)
    with pytest.raises(LindaError, match="key_missing"):
        await shell.restore(built, Namespace(file=file, replace=False))
    await built.close()


def changed(file: Path, folder: Path) -> Path:
    """The same backup with other rows in one table."""
    inside, made = folder / "inside", folder / "changed.tar.gz"
    with tarfile.open(file) as tar:
        names = tar.getnames()
        tar.extractall(inside, filter="data")
    table = inside / "tables" / "staff.jsonl"
    table.write_text(
        table.read_text(encoding="utf-8").replace("王秀英", "王秀兰"), encoding="utf-8"
    )
    with tarfile.open(made, "w:gz") as tar:
        for name in names:
            tar.add(inside / name, arcname=name, recursive=False)
    return made
