"""The one way from the dialogue to the services: the internal API, within a budget of time.

A turn of the conversation may cost two seconds here in total. Network errors and 5xx are tried
again with a short pause while the budget lasts; writes carry an idempotency key, so that trying
again has one effect. When the services cannot be reached the caller gets ``ServiceAway`` and keeps
what the resident said.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from actions.texts import say

BUDGET_S = 2.0
"""Seconds that the calls of one action may take together."""
PAUSES_S = (0.1, 0.25, 0.5)
"""Pauses before the second, third and fourth try."""


Json = dict[str, Any]


class ServiceAway(Exception):
    """The services did not answer within the budget; nothing is lost, it can be tried again."""


class Refused(Exception):
    """The services answered with an error of the one shape.

    Attributes:
        code: Machine-readable code, e.g. ``idempotency_conflict``.
        message: Chinese sentence for the resident.
        status: HTTP status.
    """

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"{status} {code}")
        self.code = code
        self.message = message
        self.status = status


STRINGS = ("state_text", "state_elder", "title", "query_code", "due_text", "due_reason")
"""Fields of a ticket's view that are taken over as they are."""


@dataclass(frozen=True)
class TicketView:
    """The resident view of a ticket; texts are ready to be said. Absent fields are empty."""

    ticket_no: str
    state: str
    state_text: str = ""
    state_elder: str = ""
    title: str = ""
    query_code: str = ""
    due_text: str = ""
    due_reason: str = ""
    owner: str = ""
    power: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    """The whole answer, for the receipt that the widget shows."""

    @property
    def goes_on(self) -> str:
        """The state of the work: of one that was joined to a neighbour's, the neighbour's state."""
        return str(self.data.get("goes_on") or self.state)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> TicketView:
        """Read the answer of the services."""
        owner = data.get("owner") or {}
        return cls(
            ticket_no=str(data["ticket_no"]),
            state=str(data.get("state") or ""),
            owner=str(owner.get("text") or ""),
            power=str(owner.get("power") or ""),
            data=data,
            **{key: str(data.get(key) or "") for key in STRINGS},
        )

    def told(self, elder: bool) -> str:
        """Return the sentence of how it stands; ``elder``: in the words of large letters."""
        return (self.state_elder if elder else "") or self.state_text or self.state

    def stands(self, elder: bool) -> str:
        """Return the same without its end, to go on within another sentence."""
        return self.told(elder).rstrip("。")

    def card(self) -> Json:
        """Return what the widget shows beside the words: the receipt."""
        return {
            "ticket": {"ticket_no": self.ticket_no, "state": self.state},
            "card": {"type": "ticket", **self.data},
        }


@dataclass(frozen=True)
class Alert:
    """What happened when people were alerted."""

    mode: str
    text: str
    ticket_no: str
    duty_name: str
    duty_phone: str


def token() -> str:
    """Return the shared secret of the internal API: LINDA_INTERNAL_TOKEN, else the secret's file."""
    value = os.environ.get("LINDA_INTERNAL_TOKEN", "").strip()
    if value:
        return value
    path = Path(os.environ.get("LINDA_VAR_DIR") or "var") / "secrets" / "internal_token"
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


class Client:
    """One action's conversation with the services; all its calls share one budget.

    Args:
        url: Base address; default LINDA_URL or http://127.0.0.1:8080.
        budget: Seconds for all calls together; default ``BUDGET_S``.

    Every call raises ``ServiceAway`` (not reachable in time) or ``Refused`` (a clear no).
    """

    def __init__(self, url: str | None = None, budget: float | None = None) -> None:
        base = url or os.environ.get("LINDA_URL") or "http://127.0.0.1:8080"
        self._base = f"{base.rstrip('/')}/internal/v1"
        self._ends = time.monotonic() + (BUDGET_S if budget is None else budget)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Client:
        """Open the connection pool."""
        self._session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {token()}"})
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
        if self._session is not None:
            await self._session.close()

    # --- tickets -----------------------------------------------------------------------------

    async def file_ticket(self, body: Json, key: str) -> TicketView:
        """File a ticket once per ``key`` (conversation id + form round)."""
        return TicketView.of(await self._call("POST", "/tickets", json=body, key=key))

    async def tickets(self, conversation_id: str) -> list[TicketView]:
        """Return the resident's own tickets, newest first."""
        data = await self._call("GET", f"/conversations/{quote(conversation_id, safe='')}/tickets")
        return [TicketView.of(t) for t in data.get("tickets") or []]

    async def ticket(
        self, ticket_no: str, conversation_id: str, query_code: str = ""
    ) -> TicketView:
        """Return one ticket: the resident's own, or any with its query code."""
        params = {"conversation_id": conversation_id, "query_code": query_code}
        path = f"/tickets/{quote(ticket_no, safe='')}"
        return TicketView.of(
            await self._call("GET", path, params={k: v for k, v in params.items() if v})
        )

    async def similar(self, conversation_id: str, wanted: Mapping[str, str]) -> Json:
        """Return what is open about a matter: ``{own: view | None, neighbours: {…} | None}``.

        Args:
            conversation_id: Whose own tickets are looked at.
            wanted: ``leaf`` and, as far as known, ``compound_id, building_id, building, unit``.
        """
        params = {"conversation_id": conversation_id, **wanted}
        return await self._call("GET", "/similar", params=params)

    async def resident_act(self, ticket_no: str, action: str, body: Json, key: str) -> TicketView:
        """Do ``urge``, ``supplement``, ``withdraw``, ``rate`` or ``reject`` on an own ticket."""
        path = f"/tickets/{quote(ticket_no, safe='')}/resident/{action}"
        return TicketView.of(await self._call("POST", path, json=body, key=key))

    async def keep_told(self, ticket_no: str, conversation_id: str, key: str) -> list[str]:
        """Keep what an own order tells, with the resident's consent to that; empty: there is nothing."""
        path = f"/tickets/{quote(ticket_no, safe='')}/consents"
        body = {"conversation_id": conversation_id}
        return list((await self._call("POST", path, json=body, key=key))["kept"])

    async def answer_callback(self, ticket_no: str, body: Json, key: str) -> str | None:
        """Answer the callback question; return the next stage (``rating``, ``reason``) or None."""
        path = f"/tickets/{quote(ticket_no, safe='')}/callback"
        data = await self._call("POST", path, json=body, key=key)
        return data.get("next") or None

    async def own_data(self, conversation_id: str) -> Json:
        """Return what is stored: ``{name, phone, home, pref, consents, drafts, tickets}``."""
        return await self._call("GET", f"/conversations/{quote(conversation_id, safe='')}/data")

    async def change_own_data(self, conversation_id: str, body: Json, key: str) -> Json:
        """``remember``, ``correct``, ``delete`` or ``withdraw``; return what is stored afterwards."""
        path = f"/conversations/{quote(conversation_id, safe='')}/data"
        return await self._call("POST", path, json=body, key=key)

    async def change_draft(
        self, conversation_id: str, draft_id: str, change: str, key: str
    ) -> Json | None:
        """``resume`` or ``drop`` a form left in another channel; None when there is none to go on with."""
        path = f"/conversations/{quote(conversation_id, safe='')}/draft"
        body = {"draft_id": draft_id, "change": change}
        return (await self._call("POST", path, json=body, key=key)).get("draft")

    async def bookings(self, conversation_id: str) -> Json:
        """Return ``{waiting: [{id, what, position, answer_by}], paused: [resident view]}``."""
        return await self._call("GET", f"/conversations/{quote(conversation_id, safe='')}/bookings")

    async def wait(self, conversation_id: str, body: Json, key: str) -> Json:
        """Wait for a place in a full slot: ``{id, what, position}``, or ``{free: true}`` alone."""
        path = f"/conversations/{quote(conversation_id, safe='')}/waiting"
        return await self._call("POST", path, json=body, key=key)

    async def accept_place(self, conversation_id: str, waiter: str, key: str) -> TicketView:
        """Take the place that is held; 409 ``place_gone`` when it went to the next."""
        path = f"/conversations/{quote(conversation_id, safe='')}/waiting/{quote(waiter, safe='')}"
        return TicketView.of((await self._call("POST", f"{path}/accept", key=key))["ticket"])

    async def leave_queue(self, conversation_id: str, waiter: str, key: str) -> None:
        """Do not wait any more; what was held goes to the next."""
        path = f"/conversations/{quote(conversation_id, safe='')}/waiting/{quote(waiter, safe='')}"
        await self._call("POST", f"{path}/leave", key=key)

    async def change_standing(self, conversation_id: str, body: Json, key: str) -> Json:
        """``pause`` or ``resume`` a standing order: ``{cooking: date | None}`` or ``{ticket}``."""
        path = f"/conversations/{quote(conversation_id, safe='')}/standing"
        return await self._call("POST", path, json=body, key=key)

    # --- knowledge ---------------------------------------------------------------------------

    async def resolve_place(self, text: str, value: Json, conversation_id: str) -> Json:
        """Find an address: ``{status, missing, candidates}``."""
        body = {"text": text, "value": value, "conversation_id": conversation_id}
        return await self._call("POST", "/places/resolve", json=body)

    async def card(self, leaf: str) -> Json | None:
        """Return the service card of a leaf with ``valid``; None when there is none."""
        try:
            return await self._call("GET", f"/catalogue/{quote(leaf, safe='')}")
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    async def redirect(self, text: str) -> Json | None:
        """Return where a question without a card belongs: ``{name, answer, office, phone, leaves}``."""
        found = await self._call("POST", "/redirect", json={"text": text})
        return found.get("redirect") or None

    async def certificate(self, no: int | None, name: str) -> Json:
        """Return the policy for a kind of certificate (``allowed``: true, false, None)."""
        params = {"no": "" if no is None else str(no), "name": name}
        return await self._call(
            "GET", "/certificates", params={k: v for k, v in params.items() if v}
        )

    async def certificate_kinds(self) -> Json:
        """Return the names of what the locality lets communities write: ``{issued, depends, refused, valid_from}``."""
        return await self._call("GET", "/certificates/kinds")

    async def community(self) -> Json:
        """Return the offices, hours and duty phone: ``{offices, hours, open, next_open, duty}``."""
        return await self._call("GET", "/community")

    async def information(self, text: str, days: tuple[str, str] | None, elder: bool) -> Json:
        """Return what the community says about a question: ``{kind, topic, texts, other_days, outage}``.

        Args:
            text: The question as it was asked.
            days: First and last day that it names, as ISO dates.
            elder: In the words of large-type mode.
        """
        named = {"first": days[0], "last": days[1]} if days else {}
        body = {"text": text, "elder": elder, **named}
        return await self._call("POST", "/information", json=body)

    async def notices_of(self, leaf: str, elder: bool) -> list[str]:
        """Return the valid notices that belong to a service, ready to be said."""
        params = {"leaf": leaf, "elder": str(elder).lower()}
        found = await self._call("GET", "/information/notices", params=params)
        return list(found.get("texts") or [])

    async def hotlines(self, leaf: str) -> Json:
        """Return the reviewed safety card and the numbers of an emergency leaf (``-``: general)."""
        return await self._call("GET", "/hotlines", params={"leaf": leaf})

    async def meal_window(self, day: str, meal: str, conversation_id: str = "") -> Json:
        """Return whether a meal can still be ordered: ``{open, cutoff, reason, provider, next_open}``.

        With ``price``, ``price_note``, ``subsidies`` and ``subsidy_note``; for a conversation also
        ``remembered``: what its resident has let us remember of who pays less.
        """
        params = {"date": day, "meal": meal}
        params |= {"conversation_id": conversation_id} if conversation_id else {}
        return await self._call("GET", "/meals", params=params)

    async def booking_options(self, leaf: str, day: str | None, **wanted: str) -> Json | None:
        """Return how a service is booked (``provider``, ``venues``, ``open`` …); None when it is not.

        Args:
            wanted: ``part``, ``venue``, ``course`` as far as said: ``free`` and ``nearest`` are of them.
        """
        params = {"leaf": leaf, **({"date": day} if day else {}), **wanted}
        try:
            return await self._call("GET", "/bookings/options", params=params)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    async def alert(
        self,
        conversation_id: str,
        kind: str,
        text: str,
        key: str,
        leaf: str | None = None,
        ticket_no: str = "",
    ) -> Alert:
        """Alert people: ``emergency`` or ``human`` (hand over the conversation).

        With ``ticket_no`` the words belong to that emergency; no new one is made of them.
        """
        body = {"conversation_id": conversation_id, "kind": kind, "text": text}
        if leaf:
            body["leaf"] = leaf
        if ticket_no:
            body["ticket_no"] = ticket_no
        data = await self._call("POST", "/alerts", json=body, key=key)
        duty = data.get("on_duty") or {}
        return Alert(
            mode=str(data.get("mode") or ""),
            text=str(data.get("text") or ""),
            ticket_no=str(data.get("ticket_no") or ""),
            duty_name=str(duty.get("name") or ""),
            duty_phone=str(duty.get("phone") or ""),
        )

    # --- wire --------------------------------------------------------------------------------

    async def _call(
        self,
        method: str,
        path: str,
        *,
        json: Json | None = None,
        params: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> Json:
        if self._session is None:
            raise RuntimeError("Client is used as a context manager")
        headers = {"Idempotency-Key": key} if key else {}
        for pause in (*PAUSES_S, None):
            left = self._ends - time.monotonic()
            if left <= 0:
                break
            try:
                async with self._session.request(
                    method,
                    self._base + path,
                    json=json,
                    params=params,
                    headers=headers,
                    timeout=aiohttp.ClientTimeout(total=left),
                ) as response:
                    if response.status < 500:
                        return await _read(response)
            except (aiohttp.ClientError, asyncio.TimeoutError, ConnectionError):
                pass  # tried again below while the budget lasts
            if pause is None or self._ends - time.monotonic() <= pause:
                break
            await asyncio.sleep(pause)
        raise ServiceAway(f"{method} {path}")


async def _read(response: aiohttp.ClientResponse) -> Json:
    """Return the answer's JSON; raise ``Refused`` for an error.

    The status is compared as a range on both sides: an error never passes as a success.
    """
    data = await response.json(content_type=None)
    if 200 <= response.status < 300:
        return data if isinstance(data, dict) else {}
    error = (data.get("error") if isinstance(data, dict) else None) or {}
    raise Refused(
        str(error.get("code") or "unknown"),
        str(error.get("message") or say("refused_unknown")),
        response.status,
    )
