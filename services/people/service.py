"""Staff, login and residents: the one door to the people tables."""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import cached_property

from sqlalchemy import delete, select, update

from services.clock import Clock
from services.config import Settings
from services.db import Database, Session
from services.errors import LindaError
from services.people import residents
from services.people.crypto import Vault
from services.people.logins import Kind, Logins
from services.people.model import ROLE_NAMES, Home, Login, Org, Resident, Role, Staff
from services.people.orgs import load_orgs
from services.people.passwords import hash_password
from services.people.roles import UNIT_NAMES, clash, fits, roles
from services.people.staff import accounts_of, hash_phones, save_staff, select_staff, workers_of
from services.people.tables import StaffGridRow, StaffRow


class PeopleService:
    """Who works here, who is logged in, and who the residents are.

    Units (:class:`Org`) come from the locality's ``orgs.yml`` and are kept in memory; accounts,
    sessions, tokens and residents live in the database.
    """

    def __init__(self, settings: Settings, db: Database, clock: Clock) -> None:
        self._settings = settings
        self._db = db
        self._clock = clock
        self._logins = Logins(db, clock)
        self._hashed = False
        self._fitted = False

    @cached_property
    def vault(self) -> Vault:
        """The keys that contact data is encrypted with."""
        return Vault.from_settings(self._settings)

    @cached_property
    def _orgs(self) -> dict[str, Org]:
        return load_orgs(self._settings.locality_dir / "orgs.yml")

    # -- units and staff ------------------------------------------------------------------

    def org(self, org_id: str) -> Org | None:
        """Return a unit of the locality, None when there is none of this id."""
        return self._orgs.get(org_id)

    def orgs(self) -> list[Org]:
        """Return all units in the order of the locality's file."""
        return list(self._orgs.values())

    async def staff(self, session: Session, staff_id: str) -> Staff | None:
        """Return an active member of staff."""
        found = await select_staff(session, self.vault, ids=[staff_id])
        return found[0] if found else None

    async def accounts_of(self, session: Session, staff_id: str) -> list[Staff]:
        """Return the other accounts of the person who has an account, also those no longer used."""
        found = await select_staff(session, self.vault, ids=[staff_id])
        return await accounts_of(session, self.vault, found[0]) if found else []

    async def hash_phones(self) -> None:
        """Hash the phones of accounts from before they were; once in a process."""
        if not self._hashed:
            async with self._db.write() as s:
                await hash_phones(s, self.vault)
            self._hashed = True

    async def tidy_accounts(self) -> None:
        """Bring accounts from before to the rules of today: their phones' hashes, the roles of firms."""
        await self.hash_phones()
        await self.fit_roles()

    async def fit_roles(self) -> None:
        """Give accounts that are left from before the role that is their unit's only one.

        A property company or another firm has the role 服务商 alone (``data/roles.yml``, units): a
        vendor never learns who reported. Who is logged in with such an account logs in again. Once in
        a process; what was done with it stays on record with the role of then. Units are no rows, so
        no migration knows of what kind one is.
        """
        if self._fitted:
            return
        async with self._db.write() as s:
            for org in self.orgs():
                only = roles().units.get(org.kind, ())
                if len(only) != 1:
                    continue
                wrong = StaffRow.org_id == org.id, StaffRow.role != only[0]
                ids = list(await s.scalars(select(StaffRow.id).where(*wrong)))
                for staff_id in ids:
                    await self._logins.close_all(s, staff_id)
                await s.execute(delete(StaffGridRow).where(StaffGridRow.staff_id.in_(ids)))
                await s.execute(update(StaffRow).where(*wrong).values(role=only[0]))
        self._fitted = True

    async def workers_of_grid(self, session: Session, grid_id: str) -> list[Staff]:
        """Return the active grid workers of a grid, in the order of their ids."""
        return await workers_of(session, self.vault, grid_id)

    async def staff_with_role(
        self, session: Session, role: Role, community_id: str | None = None
    ) -> list[Staff]:
        """Return active staff of a role, of one community when given."""
        return await select_staff(session, self.vault, role=role, community_id=community_id)

    async def roster(self) -> list[Staff]:
        """Return all active staff, in the order of their ids."""
        async with self._db.read() as s:
            return await select_staff(s, self.vault)

    async def add_staff(self, session: Session, staff: Staff, password: str) -> None:
        """Add an account.

        Raises:
            LindaError: 409 ``staff_exists``, 409 ``duties_conflict`` (the same person holds what
                must stay apart), 409 ``role_not_in_unit``; ``unknown_org``; ``password_too_short``.
        """
        if await session.get(StaffRow, staff.id) is not None:
            raise LindaError("staff_exists", f"已经有 {staff.id} 这个账号。", 409)
        self._check_unit(staff)
        await self._keep_apart(session, staff)
        row = StaffRow(
            id=staff.id, password_hash=await hash_password(password), created_at=self._clock.now()
        )
        await save_staff(session, self.vault, staff, row)

    async def set_password(self, session: Session, staff_id: str, password: str) -> None:
        """Change a password and end every login of the account.

        Raises:
            LindaError: 404 ``staff_not_found``; ``password_too_short``.
        """
        row = await session.get(StaffRow, staff_id)
        if row is None:
            raise LindaError("staff_not_found", f"没有 {staff_id} 这个账号。", 404)
        row.password_hash = await hash_password(password)
        await self._logins.close_all(session, staff_id)

    async def update_staff(self, session: Session, staff: Staff) -> None:
        """Change everything of an account but its password.

        Raises:
            LindaError: 404 ``staff_not_found``; 409 ``duties_conflict``, ``role_not_in_unit`` and
                ``unknown_org`` as in :meth:`add_staff`.
        """
        row = await session.get(StaffRow, staff.id)
        if row is None:
            raise LindaError("staff_not_found", f"没有 {staff.id} 这个账号。", 404)
        self._check_unit(staff)
        await self._keep_apart(session, staff)
        await save_staff(session, self.vault, staff, row)

    def _check_unit(self, staff: Staff) -> None:
        """A unit has the accounts that its kind may have: who is reported never learns by whom."""
        org = self.org(staff.org_id)
        if org is None:
            raise LindaError("unknown_org", f"没有 {staff.org_id} 这个单位。")
        if not fits(staff.role, org.kind):
            raise LindaError(
                "role_not_in_unit",
                f"{org.name}是{UNIT_NAMES[org.kind]}，不能设{staff.role_name}账号。",
                409,
                {"role": "请换一个岗位。"},
            )

    async def _keep_apart(self, session: Session, staff: Staff) -> None:
        """Separation of duties: who handles is not who calls back, decides or audits."""
        found = clash(staff, await select_staff(session, self.vault))
        if found is not None:
            raise LindaError(
                "duties_conflict",
                f"{staff.name}已有{ROLE_NAMES[found.role]}账号 {found.account}：{found.why}。",
                409,
                {"account": found.account, "role": found.role},
            )

    # -- login ----------------------------------------------------------------------------

    async def login(self, username: str, password: str, address: str, replaces: str = "") -> Login:
        """Check a password and open a session for the console's cookie.

        Args:
            username: Id of the account.
            password: As typed.
            address: Where the request comes from, for the back-off.
            replaces: The secret of the browser's earlier session, which ends here.

        Raises:
            LindaError: 401 ``login_failed``, 429 ``login_locked`` (field ``retry_after``, seconds).
        """
        login = await self._open(username, password, address, "session")
        if replaces:
            await self._logins.close(replaces)
        return login

    async def issue_token(self, username: str, password: str, address: str) -> Login:
        """Check a password and issue an API token; errors as in :meth:`login`."""
        return await self._open(username, password, address, "token")

    async def _open(self, username: str, password: str, address: str, kind: Kind) -> Login:
        secret, expires_at = await self._logins.open(username, password, address, kind)
        async with self._db.read() as s:
            staff = await self.staff(s, username.strip())
        if staff is None:
            raise LindaError("login_failed", "用户名或密码不对。", 401)
        return Login(secret, expires_at, staff)

    async def staff_of_session(self, secret: str, renew: bool = True) -> Staff | None:
        """Return who a session cookie belongs to; None when unknown, idle too long or too old.

        ``renew``: this counts as use; otherwise an open page would keep a session for hours.
        """
        return await self._staff_of(secret, "session", renew)

    async def staff_of_token(self, secret: str) -> Staff | None:
        """Return who a bearer token belongs to; None when unknown or expired."""
        return await self._staff_of(secret, "token")

    async def _staff_of(self, secret: str, kind: Kind, renew: bool = True) -> Staff | None:
        staff_id = await self._logins.find(secret, kind, renew)
        if staff_id is None:
            return None
        async with self._db.read() as s:
            return await self.staff(s, staff_id)

    async def logout(self, secret: str) -> None:
        """End the session or token."""
        await self._logins.close(secret)

    async def shift_tokens(self, session: Session, by: timedelta) -> None:
        """Test mode: a moved clock makes no API token older, or a test would log itself out."""
        await self._logins.shift_tokens(session, by)

    # -- residents ------------------------------------------------------------------------

    async def resident(self, session: Session, resident_id: str) -> Resident | None:
        """Return a resident with decrypted contact data."""
        return await residents.load(session, self.vault, resident_id)

    async def save_resident(
        self,
        session: Session,
        resident_id: str | None = None,
        *,
        name: str | None = None,
        phone: str | None = None,
        home: Home | None = None,
        contact_pref: str | None = None,
    ) -> Resident:
        """Create a resident, or add what is given (not None; an empty phone or way is forgotten) to a known one.

        Raises:
            LindaError: 404 ``resident_not_found``.
        """
        new_id = resident_id or f"r-{secrets.token_hex(8)}"
        given = Resident(new_id, name, phone, home, contact_pref)
        return await residents.save(
            session, self.vault, given, self._clock.now(), create=resident_id is None
        )

    async def forget_resident(self, session: Session, resident_id: str) -> None:
        """Erase contact data; that consent was given and withdrawn stays on record."""
        await residents.forget(session, resident_id, self._clock.now())

    async def give_consent(
        self, session: Session, resident_id: str, purpose: str, version: str
    ) -> None:
        """Record consent to a purpose; giving the same again changes nothing."""
        await residents.give_consent(session, resident_id, purpose, version, self._clock.now())

    async def withdraw_consent(self, session: Session, resident_id: str, purpose: str) -> None:
        """Record that consent to a purpose is withdrawn; the record of having given it stays."""
        await residents.withdraw_consent(session, resident_id, purpose, self._clock.now())
