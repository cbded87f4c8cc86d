"""Stand-ins for the services behind the pages: enough to render every page, with a hostile resident."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from services.channels.types import AttachmentView, Exchange, HandoffView, MessageView
from services.clock import ZONE
from services.errors import LindaError
from services.people.model import Login, Org, Staff
from services.tickets.core.actor import Actor
from services.tickets.core.workflow import ACTIONS, TRANSITIONS

NOW = datetime(2026, 11, 24, 10, 5, tzinfo=ZONE)
XSS = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>{{ 7*7 }}"
NUMBER = "SQ-261124-00007-3"


def at(**delta: float) -> str:
    """Return an ISO time this far from the tests' present."""
    return (NOW + timedelta(**delta)).isoformat()


def ticket(**changes: Any) -> dict[str, Any]:
    """Return a staff view in which every text that a resident controls is hostile."""
    return {
        "ticket_no": NUMBER, "version": 4, "kind": "repair", "leaf": "H6", "state": "ACTIVE",
        "priority": "U3", "channel": "web", "title": XSS, "narrative_original": XSS,
        "location": {"text": XSS, "compound": None, "building": None},
        "occurred_text": XSS, "reporter": {"role": "self", "name": XSS, "phone": "138****5678",
                                           "contact_pref": XSS},
        "subject": {"relation": "mother", "name": XSS},
        "supplements": [{"text": XSS, "at": at(hours=-1)}],
        "appointment": {"date": XSS, "meal": "lunch", "portions": 2, "diet": [XSS]},
        "certificate": {"name": XSS, "purpose": XSS, "demanded_by": XSS},
        "need_items": [XSS], "attachments": ["a1"], "evidence": [], "flags": ["urged"],
        "owner_org": "qinghe-g2", "owner_org_name": "清河二网格", "owner_person_name": "王芳",
        "duty": "主责", "due_at": at(hours=3, minutes=10), "due_reason": "普通报修，5 个工作日。",
        "contact_due_at": at(hours=-2), "first_contact_at": None, "reply": XSS,
        "explanation": XSS, "rework_reason": XSS, **changes,
    }  # fmt: skip


@dataclass
class Tickets:
    """One ticket, with the workflow table's own actions."""

    view: dict[str, Any] = field(default_factory=ticket)
    acted: list[tuple[str, dict[str, Any], int | None]] = field(default_factory=list)
    refusal: LindaError | None = None
    asked: dict[str, Any] = field(default_factory=dict)
    relay: Any = None

    async def list(self, actor: Actor, **filters: Any) -> dict[str, Any]:
        self.asked = filters
        return {"tickets": [self.view], "next_cursor": "next+page"}

    async def proxy_unchecked(self, number: str, actor: Actor) -> bool:
        return False

    async def get(self, number: str, actor: Actor) -> dict[str, Any]:
        if number != NUMBER:
            raise LindaError("ticket_not_found", "没有找到这张工单。", 404)
        return self.view

    async def events(self, number: str, actor: Actor) -> list[dict[str, Any]]:
        resident = {"kind": "resident", "name": "居民"}
        return [
            {"at": at(hours=-5), "type": "supplemented", "text": "居民补充", "actor": resident,
             "data": {"text": XSS}},
        ]  # fmt: skip

    async def allowed_actions(self, number: str, actor: Actor) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for t in TRANSITIONS:
            if self.view["state"] in t.sources and actor.role in t.roles:
                found.setdefault(t.action, {
                    "action": t.action, "label_zh": ACTIONS[t.action],
                    "fields": [vars(f) for f in t.fields],
                })  # fmt: skip
        return list(found.values())

    async def act(
        self, number: str, action: str, payload: dict[str, Any], actor: Actor, version: int | None
    ) -> dict[str, Any]:
        self.acted.append((action, payload, version))
        if self.refusal:
            raise self.refusal
        self.view = {**self.view, "version": self.view["version"] + 1}
        if action == "reveal":
            return {**self.view, "reporter": {**self.view["reporter"], "phone": "13812345678"}}
        return self.view


def message(seq: int, sender: str, text: str) -> MessageView:
    """Return a message of a conversation."""
    return MessageView(
        id=f"x{seq}", seq=seq, sender=sender, kind="text", text=text, buttons=(), card=None,
        ticket=None, attachment=None, client_message_id=None, reply_to=None, state="done",
        created_at=NOW,
    )  # fmt: skip


class Channels:
    """One hand-off with a hostile resident, and a place for photos."""

    def __init__(self) -> None:
        self.messages = [message(1, "resident", XSS), message(2, "system", "已经叫李敏了。")]
        self.state = "waiting"
        self.taken = False
        self.photos: list[tuple[str, bytes]] = []

    def _view(self) -> HandoffView:
        return HandoffView(
            id="h1", conversation_id="c1", reason="human", reason_text="居民要找工作人员",
            leaf=None, text=XSS, ticket_no=None, state=self.state, staff_id=None,
            staff_name=None, created_at=NOW - timedelta(minutes=12), taken_at=None,
            released_at=None, messages=self.messages,
        )  # fmt: skip

    async def handoffs(self, actor: Actor, state: str | None = None) -> list[HandoffView]:
        return [self._view()]

    async def handoff(self, actor: Actor, handoff_id: str) -> HandoffView:
        return self._view()

    async def reply(self, actor: Actor, handoff_id: str, text: str) -> HandoffView:
        if self.taken:
            raise LindaError("handoff_taken", "周凯正在跟这位居民说话。", 409)
        self.state = "active"
        self.messages.append(message(len(self.messages) + 1, "human", text))
        return self._view()

    async def release(self, actor: Actor, handoff_id: str) -> HandoffView:
        self.state = "released"
        return self._view()

    async def handoff_events(
        self, actor: Actor, handoff_id: str, after: int | None
    ) -> AsyncGenerator[Exchange]:
        yield Exchange([m for m in self.messages if m.seq > (after or 0)], "human")

    async def add_attachment(
        self, conversation_id: str, chunks: AsyncIterator[bytes]
    ) -> AttachmentView:
        data = b"".join([chunk async for chunk in chunks])
        self.photos.append((conversation_id, data))
        size = len(self.photos)
        return AttachmentView(f"e{size}", conversation_id, "image/jpeg", 1, 1, len(data), "x.jpg")

    async def stop_streams(self) -> None: ...

    async def close(self) -> None: ...


STAFF = {
    "grid1": Staff("grid1", "王芳", "grid", "qinghe-g2", "qinghe", ("qinghe-g2",)),
    "clerk1": Staff("clerk1", "李敏", "clerk", "qinghe", "qinghe"),
    "dispatcher1": Staff("dispatcher1", "周凯", "dispatcher", "street"),
    "auditor1": Staff("auditor1", "孙审", "auditor", "street"),
}


class People:
    """Accounts whose session secret is their own name and whose password is ``right``."""

    async def login(self, username: str, password: str, address: str, replaces: str) -> Login:
        if username not in STAFF or password != "right":
            raise LindaError("wrong_password", "账号或密码不对。", 401)
        return Login(username, NOW + timedelta(hours=12), STAFF[username])

    async def staff_of_session(self, secret: str, renew: bool = True) -> Staff | None:
        return STAFF.get(secret)

    async def staff_of_token(self, secret: str) -> Staff | None:
        return STAFF.get(secret)

    async def logout(self, secret: str) -> None: ...

    async def roster(self) -> list[Staff]:
        return [*STAFF.values(), Staff("handler1", XSS, "handler", "water")]

    def orgs(self) -> list[Org]:
        return [Org("water", "县自来水公司", "utility"), Org("property", "幸福物业", "property")]


class Places:
    """One compound with two buildings."""

    async def listing(self) -> dict[str, Any]:
        buildings = [{"id": f"xingfu-{n}", "number": str(n)} for n in (1, 2)]
        return {"compounds": [{"id": "xingfu", "name": "幸福小区", "buildings": buildings}]}

    async def locate(self, compound_id: str, building_id: str | None = None) -> Any:
        return None


class Catalogue:
    """One card."""

    def cards(self) -> list[Any]:
        return [SimpleNamespace(id="H6", name="楼道灯、公共照明")]

    def card(self, leaf: str) -> dict[str, Any]:
        return {"name": "楼道灯、公共照明"}


class Audit:
    """Looks are written down elsewhere."""

    async def viewed(self, staff: Staff, subject: str) -> None: ...


class Platform:
    """No order came from a platform."""

    async def own_number(self, number: str) -> str | None:
        return None

    async def order(self, ticket_no: str) -> None:
        return None


class Clock:
    """The tests' present."""

    def now(self) -> datetime:
        return NOW

    async def refresh(self, db: object) -> None: ...


def services() -> Any:
    """Return everything that the application asks of ``Services``."""

    async def close() -> None: ...

    return SimpleNamespace(
        settings=SimpleNamespace(public_url="", test_mode=False, trusted_proxies=[]), db=None, clock=Clock(),
        people=People(), tickets=Tickets(), channels=Channels(), places=Places(),
        catalogue=Catalogue(), close=close, audit=Audit(), exchange=Platform(),
    )  # fmt: skip
