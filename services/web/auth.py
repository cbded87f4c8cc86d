"""Who is calling: the rule of the route against the cookie or the bearer token."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from aiohttp import web

from services.db import DatabaseAway
from services.errors import LindaError
from services.people.model import ROLE_NAMES, Login, Staff
from services.people.roles import leaves_of
from services.tickets.core.actor import Actor
from services.web.keys import CONVERSATION, SERVICES, STAFF
from services.web.routing import Declaration, declaration_of
from services.words import piece

COOKIE = "linda_session"


AWAY_S = 1.0
"""Seconds until a stream looks again for a database that is away."""


async def authenticate(request: web.Request, declaration: Declaration, renew: bool = True) -> None:
    """Check the caller against the declaration and put who it is into the request.

    Args:
        request: The request.
        declaration: What its route declares.
        renew: Whether this counts as use of a session that would end when idle.

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
            staff = await _staff(request, renew)
            # Also for the page that refuses them: it leads back to their desk.
            request[STAFF] = staff
            if staff.role not in declaration.roles:
                raise _role_refused(staff, declaration.roles)


async def recognise(request: web.Request) -> None:
    """Put who it is into the request where nothing is guarded; nobody when that cannot be told."""
    with suppress(LindaError):
        request[STAFF] = await _staff(request, renew=False)


def bearer_token(request: web.Request) -> str:
    """Return the bearer token of the request, empty when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _check_internal(request: web.Request) -> None:
    expected = request.app[SERVICES].settings.secret("internal_token")
    if not secrets.compare_digest(bearer_token(request).encode(), expected.encode()):
        # Two programs of one installation that do not know each other: the dialogue reads it out.
        raise LindaError("not_authenticated", piece("refused.internal"), 401)


async def _check_admin_test(request: web.Request) -> None:
    """A token and not the cookie: test mode is for programs, never for someone's browser."""
    services = request.app[SERVICES]
    staff = await services.people.staff_of_token(bearer_token(request))
    if staff is None:
        raise _login_first()
    if staff.role != "admin" or not services.settings.test_mode:
        raise _role_refused(staff, frozenset({"admin"}))
    request[STAFF] = staff


async def still_allowed(request: web.Request, heartbeat: bool) -> bool:
    """Say whether who opened a stream may read on: tokens and sessions end while it is open.

    Args:
        request: The request that opened it.
        heartbeat: What is about to be sent tells nothing: it need not wait for a database that is
            away.
    """
    declaration = declaration_of(request)
    assert declaration is not None  # the route was found when the stream was opened
    while True:
        try:
            await authenticate(request, declaration, renew=False)
            return True
        except DatabaseAway:
            if heartbeat:
                return True
            await asyncio.sleep(AWAY_S)
        except LindaError:
            return False


async def _staff(request: web.Request, renew: bool) -> Staff:
    people = request.app[SERVICES].people
    if "Authorization" in request.headers:
        staff = await people.staff_of_token(bearer_token(request))
    else:
        staff = await people.staff_of_session(request.cookies.get(COOKIE, ""), renew)
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
    return Actor(
        "staff", staff.id, staff.role, staff.org_id, staff.community_id, staff.grid_ids,
        leaves_of(staff.role),
    )  # fmt: skip


def client_address(request: web.Request) -> str:
    """Return the address that limits are counted by; of IPv6 the network, which is one line's.

    ``X-Forwarded-For`` is believed only from a proxy of ours (``LINDA_TRUSTED_PROXY``), and in it
    only what the last of our proxies wrote: anyone may send the rest.
    """
    proxies = request.app[SERVICES].settings.trusted_proxies
    hops = [h.strip() for h in request.headers.get("X-Forwarded-For", "").split(",")]
    address = _address(request.remote or "")
    while address is not None and any(address in p for p in proxies) and hops:
        hop = _address(hops.pop())
        if hop is None:
            break
        address = hop
    if address is None:
        return "unknown"
    return str(ip_network((address, 64), strict=False) if address.version == 6 else address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
