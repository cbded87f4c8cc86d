"""A small internal API over real HTTP: what the actions need of the services, and its bad days."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web

CANDIDATE = {
    "compound_id": "xingfu", "compound": "幸福小区", "community_id": "qinghe",
    "community": "清河社区", "grid": "第二网格", "grid_id": "qinghe-g2",
    "worker": "李梅", "confidence": 0.98,
}  # fmt: skip

CERTIFICATES = {
    "亲属关系证明": {
        "no": 1, "name": "亲属关系证明", "allowed": False, "basis": "民发〔2020〕20号",
        "why": "社区不掌握户籍档案。", "redirect": "户口簿就是证明；不在一本上的到户籍地派出所。",
        "bring": ["身份证", "户口簿"], "leaf": "A4", "notice": "/notice/refusal?kind=1",
        "valid_from": "2026-01-01",
    },
    "志愿服务记录证明": {
        "no": None, "name": "志愿服务记录证明", "allowed": True, "basis": None, "why": "", "redirect": "",
        "bring": ["身份证"], "leaf": "A5", "asks": ["volunteer_no"],
    },
    "困难证明": {
        "no": None, "name": "困难情况说明", "allowed": None, "basis": None, "why": "看用处。",
        "redirect": "拿救助证就行。", "bring": ["身份证"], "leaf": "A9", "asks": ["place", "demanded"],
        "application": "/notice/application?kind=2",
    },
    "居住（租住）证明": {
        "no": None, "name": "居住（租住）证明", "allowed": True, "basis": "", "why": "", "redirect": "",
        "bring": ["身份证", "租赁合同或房产证"], "leaf": "A2",
        "application": "/notice/application?kind=1",
    },
}  # fmt: skip


class FakeServices:
    """Keeps tickets by idempotency key; ``fail`` and ``slow`` make bad days.

    Attributes:
        fail: Statuses to answer with before working normally.
        slow: Seconds each answer takes.
        calls: (method, path, body, key) of everything that arrived.
        known: What the community says (``/information``); asked: what it was asked.
        acted: What an act of the resident changes of the ticket; refuse: (code, message, status) with
            which it is refused instead.
    """

    def __init__(self) -> None:
        self.fail: list[int] = []
        self.slow = 0.0
        self.calls: list[tuple[str, str, dict[str, Any], str | None]] = []
        self.by_key: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        self.tickets: list[dict[str, Any]] = []
        self.lose_answers = 0
        self.cards: dict[str, dict[str, Any]] = {}
        self.redirect: dict[str, Any] | None = None
        self.known: dict[str, Any] = {}
        self.asked: list[dict[str, Any]] = []
        self.next_stage: str | None = "rating"
        self.meal_open = True
        self.meal_prices: dict[str, Any] = {}
        """What ``GET /meals`` says of prices and of who pays less."""
        self.place_status = "resolved"
        self.booking: dict[str, Any] | None = None
        self.similar: dict[str, Any] = {"own": None, "neighbours": None}
        self.acted: dict[str, Any] = {}
        self.kept: list[str] = ["meal_diet"]
        """Purposes that “也记下” finds on the order."""
        self.waiting: list[dict[str, Any]] = []
        self.refuse: tuple[str, str, int] | None = None

    def app(self) -> web.Application:
        """Return the application."""
        app = web.Application(middlewares=[self._weather])
        app.router.add_post("/internal/v1/tickets", self._file)
        app.router.add_get("/internal/v1/conversations/{id}/tickets", self._own)
        app.router.add_get("/internal/v1/tickets/{no}", self._one)
        app.router.add_post("/internal/v1/tickets/{no}/resident/{action}", self._act)
        app.router.add_post("/internal/v1/tickets/{no}/callback", self._callback)
        app.router.add_post("/internal/v1/tickets/{no}/consents", self._keep)
        app.router.add_post("/internal/v1/places/resolve", self._resolve)
        app.router.add_get("/internal/v1/similar", self._similar)
        app.router.add_get("/internal/v1/bookings/options", self._booking)
        app.router.add_get("/internal/v1/conversations/{id}/bookings", self._waiting)
        app.router.add_get("/internal/v1/catalogue/{leaf}", self._card)
        app.router.add_post("/internal/v1/redirect", self._redirect)
        app.router.add_get("/internal/v1/certificates", self._certificate)
        app.router.add_get("/internal/v1/certificates/kinds", self._certificate_kinds)
        app.router.add_get("/internal/v1/community", self._community)
        app.router.add_get("/internal/v1/hotlines", self._hotlines)
        app.router.add_post("/internal/v1/information", self._information)
        app.router.add_get("/internal/v1/information/notices", self._notices)
        app.router.add_get("/internal/v1/meals", self._meals)
        app.router.add_post("/internal/v1/alerts", self._alerts)
        return app

    def sent(self, path_end: str) -> list[dict[str, Any]]:
        """Return the bodies that arrived at a path."""
        return [body for _, path, body, _ in self.calls if path.endswith(path_end)]

    @web.middleware
    async def _weather(
        self, request: web.Request, handler: Callable[[web.Request], Any]
    ) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else {}
        key = request.headers.get("Idempotency-Key")
        self.calls.append((request.method, request.path, body, key))
        if request.headers.get("Authorization") != "Bearer test-token":
            return error(401, "unauthorized", "没有权限。")
        if self.slow:
            await asyncio.sleep(self.slow)
        if self.fail:
            return error(self.fail.pop(0), "internal", "出错了。")
        request["body"] = body
        answer = await handler(request)
        if self.lose_answers:
            # The work is done, but the answer never arrives.
            self.lose_answers -= 1
            assert request.transport is not None
            request.transport.close()
        return answer

    async def _file(self, request: web.Request) -> web.Response:
        key, body = request.headers["Idempotency-Key"], request["body"]
        if key in self.by_key:
            before, ticket = self.by_key[key]
            if before != body:
                return error(409, "idempotency_conflict", "同一编号的内容变了。")
            return web.json_response(ticket)
        ticket = view(len(self.tickets) + 1, title=str(body.get("narrative"))[:20])
        self.by_key[key] = (body, ticket)
        self.tickets.insert(0, ticket)
        return web.json_response(ticket, status=201)

    async def _own(self, request: web.Request) -> web.Response:
        return web.json_response({"tickets": self.tickets})

    async def _waiting(self, request: web.Request) -> web.Response:
        return web.json_response({"waiting": self.waiting, "paused": []})

    async def _one(self, request: web.Request) -> web.Response:
        found = [t for t in self.tickets if t["ticket_no"] == request.match_info["no"]]
        return web.json_response(found[0]) if found else error(404, "ticket_not_found", "没有。")

    async def _keep(self, request: web.Request) -> web.Response:
        return web.json_response({"kept": self.kept})

    async def _act(self, request: web.Request) -> web.Response:
        if self.refuse:
            code, message, status = self.refuse
            return error(status, code, message)
        for ticket in self.tickets:
            if ticket["ticket_no"] == request.match_info["no"]:
                ticket.update(self.acted)
        return await self._one(request)

    async def _callback(self, request: web.Request) -> web.Response:
        return web.json_response({"next": self.next_stage, "ticket": view(1)})

    async def _resolve(self, request: web.Request) -> web.Response:
        value = request["body"]["value"]
        building, unit = value.get("building"), value.get("unit")
        label = (
            "幸福小区" + (f"{building}号楼" if building else "") + (f"{unit}单元" if unit else "")
        )
        here = {**CANDIDATE, "building": building, "unit": unit, "label": label}
        missing = [] if building else ["building"]
        if self.place_status == "unknown":
            return web.json_response({"status": "unknown", "missing": [], "candidates": []})
        if self.place_status == "similar":
            other = {**CANDIDATE, "compound": "松江花园", "label": "松江花园"}
            return web.json_response({"status": "unknown", "missing": [], "candidates": [other]})
        return web.json_response({"status": "resolved", "missing": missing, "candidates": [here]})

    async def _booking(self, request: web.Request) -> web.Response:
        if self.booking is None:
            return error(404, "not_bookable", "这项服务这里还不能直接约。")
        return web.json_response(self.booking)

    async def _similar(self, request: web.Request) -> web.Response:
        return web.json_response(self.similar)

    async def _card(self, request: web.Request) -> web.Response:
        card = self.cards.get(request.match_info["leaf"])
        return web.json_response(card) if card else error(404, "card_not_found", "没有这张卡片。")

    async def _redirect(self, request: web.Request) -> web.Response:
        return web.json_response({"redirect": self.redirect})

    async def _certificate(self, request: web.Request) -> web.Response:
        name = request.query.get("name", "")
        unknown = {"no": None, "name": name, "allowed": None, "leaf": None, "bring": []}
        return web.json_response(CERTIFICATES.get(name, unknown))

    async def _certificate_kinds(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "issued": ["居住（租住）证明"],
                "depends": ["困难情况说明"],
                "refused": ["亲属关系证明", "死亡证明"],
                "valid_from": "2026-01-01",
            }
        )

    async def _community(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "offices": [{"name": "清河社区服务窗口", "phone": "0439-00000005"}],
                "hours": "周一到周五，上午8:30到11:30，下午1:30到5:00",
                "open": False,
                "next_open": "明天8:30",
                "duty": {"name": "清河社区值班室", "phone": "0439-00000005"},
            }
        )

    async def _information(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        nothing = {"kind": "", "topic": "", "texts": [], "other_days": False}
        return web.json_response({**nothing, **self.known})

    async def _notices(self, request: web.Request) -> web.Response:
        found = {"E1": ["【交医保】12月25日前交。"]}
        return web.json_response({"texts": found.get(request.query["leaf"], [])})

    async def _hotlines(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "numbers": [{"name": "消防救援", "phone": "119"}],
                "card": {
                    "title": request.query["leaf"],
                    "lines": ["开窗", "到室外再打电话"],
                    "version": 1,
                    "lead": "先打110。",
                    "after": {
                        "follow": ["一", "二"],
                        "place": "{place}，已经转给值班的人了。",
                        "worse": "打120",
                        "over": "没事就好",
                        "safe": "先别回屋",
                        "mistaken": "没事就好",
                        "secret": None,
                        "afraid": None,
                    },
                    "elder": {
                        "title": "先出门",
                        "lines": ["别开灯。"],
                        "after": {"follow": ["敲门喊"], "place": None, "over": "没事就好"},
                    },
                    "third_party": {
                        "title": "别人",
                        "elder": None,
                        "lines": ["陪着他"],
                        "after": {"follow": ["守着"], "place": None, "over": "人没事就好"},
                    },
                },
            }
        )

    async def _meals(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "open": self.meal_open,
                "cutoff": "2026-11-24T16:00:00+08:00",
                "reason": "" if self.meal_open else "明天的午饭截止了。",
                "provider": "清河社区老年食堂",
                "next_open": {"date": "2026-11-26", "meal": "lunch"},
                **self.meal_prices,
            }
        )

    async def _alerts(self, request: web.Request) -> web.Response:
        human = request["body"]["kind"] == "human"
        return web.json_response(
            {
                "ticket_no": None if human else "SQ-261124-00009-9",
                "mode": "human" if human else "bot",
                "on_duty": {"name": "社区值班", "phone": "0439-00000005"},
                "text": "已经在给您找人。" if human else "已经通知值班的人。",
            }
        )


def view(n: int, **more: Any) -> dict[str, Any]:
    """Return a resident view."""
    return {
        "ticket_no": f"SQ-261124-0000{n}-{n}", "query_code": f"12345{n}", "state": "ACTIVE",
        "state_text": "正在办", "priority": "U3", "title": "楼道灯", "due_at": None,
        "due_text": "12月1日17:30", "due_reason": "普通事项，5个工作日",
        "owner": {"org": "第二网格", "person": "李梅", "text": "第二网格 李梅", "power": None}, "location_text": "幸福小区3号楼2单元",
        "created_at": "2026-11-24T10:00:00+08:00", **more,
    }  # fmt: skip


def error(status: int, code: str, message: str) -> web.Response:
    """Return an error in the one shape."""
    body = {"error": {"code": code, "message": message, "fields": {}}}
    return web.json_response(body, status=status)
