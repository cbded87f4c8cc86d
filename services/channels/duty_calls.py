"""U0: after two minutes without a person the duty leader is called – by the configured address, or by hand.

The step of the profile that tells ``duty`` writes ``reminded``; this posts the call to
``LINDA_DUTY_WEBHOOK`` (a phone platform, a group robot's relay) once, and puts on record what came of
it: ``duty_called`` with ``sent``, ``failed`` or ``unconfigured``. Of the last two the console tells who
sits at the desk to telephone now. Nothing of who called for help is in the message, nor what was said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from services.outbound import Unreached
from services.outbox.queue import enqueue
from services.tickets.core.actor import SYSTEM
from services.tickets.core.clocks import local_text
from services.tickets.reminders import REMINDED, matter
from services.webhooks.signing import headers

if TYPE_CHECKING:
    from services.channels.duty import Leader
    from services.context import Services

CALL = "duty.call"
TRIES = 2
LIMIT_S = 4.0
"""Seconds for an answer: a leader who cannot be reached this way is telephoned, not waited for."""


async def on_changed(services: Services, payload: Mapping[str, Any]) -> None:
    """Have the duty leader called when the clock says so (topic ``ticket.changed``)."""
    data = payload.get("data") or {}
    if payload["event"] != REMINDED or "duty" not in data.get("tell", ()):
        return
    number, version = str(payload["ticket_no"]), int(payload["version"])
    about = {"ticket_no": number, "version": version, "at": payload["at"], "say": data["say"]}
    now = services.clock.now()
    async with services.db.write() as s:
        await enqueue(s, CALL, about, f"{CALL}:{number}:{version}", now)


async def on_call(services: Services, about: Mapping[str, Any]) -> None:
    """Call, unless a person has taken over meanwhile, and put on record how it went."""
    number = str(about["ticket_no"])
    if await _taken(services, number, int(about["version"])):
        return
    leader = services.channels.duty.leader(services.clock.now())
    result, why = await _post(services, about, leader)
    facts = {"result": result, "leader": leader.name, "text": why}
    await services.tickets.act(
        number, "call_duty", facts, SYSTEM, once=f"{CALL}:{number}:{about['version']}"
    )


async def _taken(services: Services, number: str, since: int) -> bool:
    """Say whether somebody has done something about it since the clock spoke."""
    events = await services.tickets.events(number, SYSTEM)
    later = [e for e in events if e["seq"] > since]
    return any(e["type"] == "taken_up" or e["actor"]["kind"] == "staff" for e in later)


async def _post(
    services: Services, about: Mapping[str, Any], leader: Leader
) -> tuple[str, str | None]:
    settings = services.settings
    if not settings.duty_webhook:
        return "unconfigured", None
    ticket = await services.tickets.get(str(about["ticket_no"]), SYSTEM)
    at = services.clock.now()
    told = {
        "type": CALL,
        "timestamp": at.isoformat(),
        "data": {
            "ticket_no": ticket["ticket_no"],
            "priority": ticket["priority"],
            "matter": matter(ticket),
            "community": ticket["location"].get("community"),
            "since": local_text(at.fromisoformat(ticket["created_at"])),
            "say": about["say"],
            "leader": {"name": leader.name, "phone": leader.phone},
        },
    }
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    id = f"duty_{about['ticket_no']}_{about['version']}"
    signed = headers((settings.duty_secret,), id, at, body)
    why = ""
    for _ in range(TRIES):
        try:
            status = await services.outbound.post(settings.duty_webhook, body, signed, LIMIT_S)
        except Unreached as error:
            why = str(error)
            continue
        if 200 <= status < 300:
            return "sent", None
        why = f"对方回了 {status}"
    return "failed", why
