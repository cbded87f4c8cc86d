"""Logging in by program, and who I am."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.people.model import Role, Staff
from services.web.api.common import Answer
from services.web.auth import COOKIE, bearer_token, client_address
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("登录")
setup = routes.setup


class Credentials(BaseModel):
    """User name and password."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"username": "clerk1", "password": "……"}]}
    )

    username: str = Field(min_length=1, max_length=60)
    password: str = Field(min_length=1, max_length=200)


class TokenAnswer(Answer):
    """A token for the staff API, and until when it is good."""

    token: str
    expires_at: datetime
    role: Role


class StaffAnswer(Answer):
    """A member of staff."""

    id: str
    name: str
    role: Role
    role_name: str
    org_id: str | None
    community_id: str | None
    grid_ids: list[str]


@routes.post(
    "/api/v1/auth/token",
    auth="public",
    body=Credentials,
    response=TokenAnswer,
    summary="用户名、密码换接口令牌（12小时）",
)
async def token(request: web.Request, body: Credentials) -> dict[str, Any]:
    """Issue an API token."""
    people = request.app[SERVICES].people
    login = await people.issue_token(body.username, body.password, client_address(request))
    return {
        "token": login.secret,
        "expires_at": login.expires_at.isoformat(),
        "role": login.staff.role,
    }


@routes.get("/api/v1/auth/me", auth="staff", response=StaffAnswer, summary="我是谁")
async def me(request: web.Request) -> dict[str, Any]:
    """Return the logged-in member of staff."""
    return staff_body(request[STAFF])


@routes.post("/api/v1/auth/logout", auth="staff", status=204, summary="退出")
async def logout(request: web.Request) -> web.Response:
    """End the token or session that this request came with."""
    await request.app[SERVICES].people.logout(
        bearer_token(request) or request.cookies.get(COOKIE, "")
    )
    response = web.Response(status=204)
    response.del_cookie(COOKIE, path="/")
    return response


def staff_body(staff: Staff) -> dict[str, Any]:
    """Return a member of staff as JSON."""
    return {
        "id": staff.id,
        "name": staff.name,
        "role": staff.role,
        "role_name": staff.role_name,
        "org_id": staff.org_id,
        "community_id": staff.community_id,
        "grid_ids": list(staff.grid_ids),
    }
