"""Who is calling: the rule of the route against the cookie or the bearer token."""

from __future__ import annotations

import secrets

from aiohttp import web

from services.errors import LindaError
from services.people.model import ROLE_NAMES, Login, Staff
from services.tickets.core.actor import Actor
from services.web.keys import CONVERSATION, SERVICES, STAFF
from services.web.routing import Declaration

COOKIE = "linda_session"


async def authenticate(request: web.Request, declaration: Declaration) -> None:
    """Check the caller against the declaration and put who it is into the request.

    Raises:
        LindaError: 401 ``not_authenticated``, 403 ``role_not_allowed``.
    """
    match declaration.auth.partition(":")[0]:
        case "public":
            return
        case "resident":
            token = bearer_token(request)
            request[CONVERSATION] = await request.app[SERVICES].channels.authenticate(token)
        case "internal":
            _check_internal(request)
        case "admin-test":
            await _check_admin_test(request)
        case "staff":
            staff = await _staff(request)
            if staff.role not in declaration.roles:
                raise _role_refused(staff, declaration.roles)
            request[STAFF] = staff


def bearer_token(request: web.Request) -> str:
    """Return the bearer token of the request, empty when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _check_internal(request: web.Request) -> None:
    expected = request.app[SERVICES].settings.secret("internal_token")
    if not secrets.compare_digest(bearer_token(request).encode(), expected.encode()):
        raise LindaError("not_authenticated", "内部接口的凭证不对。", 401)


async def _check_admin_test(request: web.Request) -> None:
    """A token and not the cookie: test mode is for programs, never for someone's browser."""
    services = request.app[SERVICES]
    staff = await services.people.staff_of_token(bearer_token(request))
    if staff is None:
        raise _login_first()
    if staff.role != "admin" or not services.settings.test_mode:
        raise _role_refused(staff, frozenset({"admin"}))
    request[STAFF] = staff


async def _staff(request: web.Request) -> Staff:
    people = request.app[SERVICES].people
    if "Authorization" in request.headers:
        staff = await people.staff_of_token(bearer_token(request))
    else:
        staff = await people.staff_of_session(request.cookies.get(COOKIE, ""))
    if staff is None:
        raise _login_first()
    return staff


def _login_first() -> LindaError:
    return LindaError("not_authenticated", "请先登录；登录可能已经过期。", 401)


def _role_refused(staff: Staff, roles: frozenset[str]) -> LindaError:
    allowed = "、".join(ROLE_NAMES[r] for r in ROLE_NAMES if r in roles)
    return LindaError(
        "role_not_allowed",
        f"{staff.role_name}不能做这件事，需要：{allowed}。",
        403,
        {"role": staff.role, "allowed": sorted(roles)},
    )


def set_session_cookie(request: web.Request, response: web.StreamResponse, login: Login) -> None:
    """Put a fresh session into the browser: not readable by scripts, not sent by other sites."""
    settings = request.app[SERVICES].settings
    response.set_cookie(
        COOKIE,
        login.secret,
        httponly=True,
        samesite="Lax",
        path="/",
        secure=request.secure or settings.public_url.startswith("https://"),
    )


def actor_of(staff: Staff) -> Actor:
    """Return the member of staff as the ticket workflow sees people."""
    return Actor("staff", staff.id, staff.role, staff.org_id, staff.community_id, staff.grid_ids)


def client_address(request: web.Request) -> str:
    """Return the address that login failures are counted by."""
    return request.remote or "unknown"
