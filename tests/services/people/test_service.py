"""Accounts, login with its back-off, sessions and tokens, residents – on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text

from services.clock import ZONE, Clock
from services.config import Settings
from services.db import Database
from services.errors import LindaError
from services.people.logins import ABSOLUTE, IDLE, MAX_FAILURES, WINDOW
from services.people.model import Home, Staff
from services.people.service import PeopleService
from services.people.tables import LoginRow

PASSWORD = "a-good-password"
GRID = Staff("g1", "王秀英", "grid", "grid", "qinghe-c1", ("qinghe-g1", "qinghe-g2"), "13812345678")


class HandClock(Clock):
    """A clock that a test moves."""

    def __init__(self) -> None:
        super().__init__()
        self.at = datetime(2026, 11, 24, 10, tzinfo=ZONE)

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def time() -> HandClock:
    return HandClock()


@pytest.fixture
async def people(
    db: Database, settings: Settings, time: HandClock, cheap_passwords: None
) -> AsyncIterator[PeopleService]:
    service = PeopleService(settings, db, time)
    async with db.write() as s:
        await service.add_staff(s, GRID, PASSWORD)
        await service.add_staff(s, Staff("c1", "赵敏", "clerk", "community", "qinghe-c1"), PASSWORD)
    yield service


async def refused(code: str, attempt: object) -> LindaError:
    with pytest.raises(LindaError) as error:
        await attempt  # type: ignore[misc]
    assert error.value.code == code
    return error.value


# -- accounts -------------------------------------------------------------------------------


async def test_staff_come_back_as_they_were_added(people: PeopleService, db: Database) -> None:
    async with db.read() as s:
        assert await people.staff(s, "g1") == GRID
        assert await people.staff(s, "nobody") is None
        assert await people.workers_of_grid(s, "qinghe-g2") == [GRID]
        assert await people.workers_of_grid(s, "qinghe-g3") == []
        assert [p.id for p in await people.staff_with_role(s, "clerk", "qinghe-c1")] == ["c1"]
        assert await people.staff_with_role(s, "clerk", "elsewhere") == []


async def test_a_second_account_of_the_same_name_and_one_of_no_unit_are_refused(
    people: PeopleService, db: Database
) -> None:
    async with db.write() as s:
        await refused("staff_exists", people.add_staff(s, GRID, PASSWORD))
        nowhere = Staff("x1", "某人", "handler", "no-such-unit")
        await refused("unknown_org", people.add_staff(s, nowhere, PASSWORD))


async def test_no_phone_and_no_password_stand_in_the_database_in_the_clear(
    people: PeopleService, db: Database
) -> None:
    async with db.read() as s:
        row = (await s.execute(text("SELECT * FROM staff WHERE id = 'g1'"))).one()
    stored = " ".join(str(v) for v in row)
    assert "13812345678" not in stored
    assert PASSWORD not in stored


# -- login ----------------------------------------------------------------------------------


async def test_a_session_ends_when_idle_and_at_the_latest_after_twelve_hours(
    people: PeopleService, time: HandClock
) -> None:
    login = await people.login("g1", PASSWORD, "::1")
    assert await people.staff_of_session(login.secret) == GRID
    start = time.at
    while time.at + IDLE < start + ABSOLUTE:
        time.at += IDLE
        assert await people.staff_of_session(login.secret) == GRID, "used, so it stays"
    time.at = start + ABSOLUTE
    assert await people.staff_of_session(login.secret) is None

    login = await people.login("g1", PASSWORD, "::1")
    time.at += IDLE + timedelta(seconds=1)
    assert await people.staff_of_session(login.secret) is None


async def test_a_token_is_no_cookie_and_a_cookie_no_token(people: PeopleService) -> None:
    token = await people.issue_token("c1", PASSWORD, "::1")
    cookie = await people.login("c1", PASSWORD, "::1")
    assert await people.staff_of_session(token.secret) is None
    assert await people.staff_of_token(cookie.secret) is None
    found = await people.staff_of_token(token.secret)
    assert found is not None and found.id == "c1"
    assert await people.staff_of_token("") is None


async def test_secrets_are_kept_as_hashes_only(people: PeopleService, db: Database) -> None:
    login = await people.login("c1", PASSWORD, "::1")
    async with db.read() as s:
        stored = list(await s.scalars(select(LoginRow.secret_hash)))
    assert len(stored) == 1 and login.secret not in stored
    assert login.secret not in repr(login)


async def test_logging_in_again_rotates_the_session_and_logging_out_ends_it(
    people: PeopleService,
) -> None:
    first = await people.login("c1", PASSWORD, "::1")
    second = await people.login("c1", PASSWORD, "::1", replaces=first.secret)
    assert first.secret != second.secret
    assert await people.staff_of_session(first.secret) is None
    await people.logout(second.secret)
    assert await people.staff_of_session(second.secret) is None


async def test_after_five_wrong_passwords_even_the_right_one_waits(
    people: PeopleService, time: HandClock
) -> None:
    for _ in range(MAX_FAILURES):
        await refused("login_failed", people.login("g1", "wrong", "::1"))
        time.at += timedelta(seconds=10)
    error = await refused("login_locked", people.login("g1", PASSWORD, "::1"))
    assert error.status == 429
    assert 0 < error.fields["retry_after"] <= WINDOW.total_seconds()
    assert (await people.login("c1", PASSWORD, "::1")).staff.id == "c1"  # others are not hit
    time.at += timedelta(seconds=error.fields["retry_after"])
    assert (await people.login("g1", PASSWORD, "::1")).staff == GRID


async def test_a_right_password_clears_the_count(people: PeopleService) -> None:
    for _ in range(3):
        for _ in range(MAX_FAILURES - 1):
            await refused("login_failed", people.login("g1", "wrong", "::1"))
        await people.login("g1", PASSWORD, "::1")


async def test_guesses_at_the_same_moment_do_not_slip_through(people: PeopleService) -> None:
    tries = (people.login("g1", f"guess-{i}", "::1") for i in range(20))
    results = await asyncio.gather(*tries, return_exceptions=True)
    codes = [r.code for r in results if isinstance(r, LindaError)]
    assert sorted(codes) == ["login_failed"] * MAX_FAILURES + ["login_locked"] * 15


async def test_an_unknown_user_and_a_wrong_password_look_the_same(people: PeopleService) -> None:
    unknown = await refused("login_failed", people.login("nobody", PASSWORD, "::1"))
    wrong = await refused("login_failed", people.login("g1", "wrong", "::2"))
    assert (
        (unknown.message, unknown.status) == (wrong.message, wrong.status) == (wrong.message, 401)
    )


async def test_a_new_password_ends_every_login(people: PeopleService, db: Database) -> None:
    login, token = (
        await people.login("g1", PASSWORD, "::1"),
        await people.issue_token("g1", PASSWORD, "::1"),
    )
    async with db.write() as s:
        await people.set_password(s, "g1", "another-password")
    assert await people.staff_of_session(login.secret) is None
    assert await people.staff_of_token(token.secret) is None
    await refused("login_failed", people.login("g1", PASSWORD, "::1"))
    await people.login("g1", "another-password", "::1")


# -- residents ------------------------------------------------------------------------------

HOME = Home("xingfu", "幸福小区", "xingfu-3", "3", "2", "401")


async def test_a_resident_comes_back_and_is_encrypted_at_rest(
    people: PeopleService, db: Database
) -> None:
    async with db.write() as s:
        saved = await people.save_resident(s, name="张桂兰", phone="13900001111", home=HOME)
    async with db.read() as s:
        assert await people.resident(s, saved.id) == saved
        row = (await s.execute(text("SELECT * FROM resident"))).one()
    stored = " ".join(str(v) for v in row)
    for secret in ("张桂兰", "13900001111", "401"):
        assert secret not in stored


async def test_what_is_not_given_stays_as_it_was(people: PeopleService, db: Database) -> None:
    async with db.write() as s:
        saved = await people.save_resident(s, name="张桂兰", phone="13900001111")
        changed = await people.save_resident(s, saved.id, home=HOME, contact_pref="evening")
    assert (changed.name, changed.phone, changed.home) == ("张桂兰", "13900001111", HOME)
    assert changed.contact_pref == "evening"


async def test_an_unknown_resident_is_not_made_up(people: PeopleService, db: Database) -> None:
    async with db.write() as s:
        await refused("resident_not_found", people.save_resident(s, "r-nobody", name="某人"))
        assert await people.resident(s, "r-nobody") is None


async def test_consent_is_on_record_once_and_withdrawing_keeps_the_record(
    people: PeopleService, db: Database, time: HandClock
) -> None:
    async with db.write() as s:
        saved = await people.save_resident(s, name="张桂兰")
        for _ in range(2):
            await people.give_consent(s, saved.id, "contact", "1")
        given = time.at
        time.at += timedelta(days=1)
        await people.withdraw_consent(s, saved.id, "contact")
    async with db.read() as s:
        found = await people.resident(s, saved.id)
    assert found is not None
    [record] = found.consents
    assert (record.purpose, record.given_at) == ("contact", given)
    assert record.withdrawn_at == time.at
