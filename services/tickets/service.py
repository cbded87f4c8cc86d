"""TicketService: the one door to tickets. Reading is open, writing is command → guard → event."""

from __future__ import annotations

from typing import Any

from services.clock import Clock
from services.config import Settings
from services.db import Database, Session
from services.tickets.core.actor import Actor
from services.tickets.core.commands import CreateTicket

View = dict[str, Any]


class TicketService:
    """File tickets, act on them, read them.

    All methods raise ``LindaError``: 404 ``ticket_not_found``; 403 ``role_not_allowed`` or
    ``out_of_scope``; 409 ``version_conflict`` (``fields.version`` is the present one) or
    ``idempotency_conflict``; 422 with the guard's own code and a Chinese sentence.
    """

    def __init__(
        self, settings: Settings, db: Database, clock: Clock, places: Any, people: Any
    ) -> None: ...

    async def create(
        self, request: CreateTicket, actor: Actor, idempotency_key: str | None = None
    ) -> View:
        """File a ticket; return the resident view. Same key and body: the same ticket again."""
        raise NotImplementedError

    async def act(
        self,
        ticket_no: str,
        action: str,
        payload: dict[str, Any],
        actor: Actor,
        version: int | None = None,
    ) -> View:
        """Do one of ``workflow.ACTIONS``; return the actor's staff view (after it)."""
        raise NotImplementedError

    async def resident_act(
        self, ticket_no: str, action: str, payload: dict[str, Any], conversation_id: str
    ) -> View:
        """``urge``, ``supplement``, ``withdraw``, ``rate``, ``reject``; returns the resident view."""
        raise NotImplementedError

    async def callback_answer(
        self, ticket_no: str, conversation_id: str, answer: dict[str, Any]
    ) -> dict[str, Any]:
        """Take the resident's answer; return ``{"next": "rating"|"reason"|None, "ticket": view}``."""
        raise NotImplementedError

    async def get(self, ticket_no: str, actor: Actor) -> View:
        """Staff view of one ticket."""
        raise NotImplementedError

    async def events(self, ticket_no: str, actor: Actor) -> list[View]:
        """The timeline, as far as the actor may see it."""
        raise NotImplementedError

    async def list(
        self,
        actor: Actor,
        *,
        state: str | None = None,
        leaf: str | None = None,
        grid: str | None = None,
        priority: str | None = None,
        q: str | None = None,
        mine: bool = False,
        cursor: str | None = None,
        limit: int = 50,
    ) -> dict[str, Any]:
        """Tickets in the actor's scope, most urgent first: ``{"tickets", "next_cursor"}``."""
        raise NotImplementedError

    async def allowed_actions(self, ticket_no: str, actor: Actor) -> list[dict[str, Any]]:
        """What the actor may do now: ``[{action, label_zh, fields:[{name,label,type,required,options}]}]``."""
        raise NotImplementedError

    async def resident_get(
        self, ticket_no: str, conversation_id: str | None = None, query_code: str | None = None
    ) -> View:
        """Resident view, for the ticket's own conversation or whoever has its query code."""
        raise NotImplementedError

    async def resident_list(
        self, conversation_id: str, resident_id: str | None = None
    ) -> list[View]:
        """The resident's own tickets, newest first."""
        raise NotImplementedError

    async def tick(self) -> int:
        """Do what is due now (reminders, best-effort accept, closing unanswered callbacks)."""
        raise NotImplementedError

    async def create_in(
        self, session: Session, request: CreateTicket, actor: Actor
    ) -> View:
        """Like ``create``, inside the caller's transaction."""
        raise NotImplementedError
