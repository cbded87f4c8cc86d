"""Short questions about a certificate: what to bring, where, when, whether somebody else may come, why not.

Asked beside its form or after it, they are about this certificate. The answers are what the locality's policy and
its offices say; what neither says is left to the window, and said so. Which words ask for what is data
(``data/dialogue/follow_ups.yml``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.client import Client, Json
from actions.forms import certificate
from actions.knowledge import follow_ups, leaves
from actions.message import Message
from actions.texts import say

FORMS = frozenset({"certificate", "demand"})
"""Forms beside which such a question is about the certificate."""
_ASKS = {
    "materials": "materials",
    "lacking": "lacking",
    "where": "where",
    "office": "where",
    "phone": "where",
    "how": "where",
    "online": "where",
    "hours": "hours",
    "limit": "limit",
    "fee": "fee",
    "deputy": "deputy",
    "proxy": "deputy",
    "visit": "visit",
    "why": "why",
    "source": "why",
}
"""Part of a card that is asked for → what is said of a certificate."""


def asked(message: Message) -> str | None:
    """Return what of a certificate a short message asks for, or None."""
    if message.tapped:
        return None
    return _ASKS.get(follow_ups.part_of(message) or "")


def needing(message: Message) -> str | None:
    """Return the leaf of the matter that a message asks about the papers of (“办低保要开啥证明”), or None.

    The words have to speak of it and name no certificate; certificates themselves are no such matter.
    """
    if not certificate.asks_needed(message):
        return None
    understood = (
        [message.leaf.id, *(other for other, _ in message.leaf.alternatives)]
        if message.leaf
        else []
    )
    likely = filter(None, (leaves.errand_named(message.text), *understood))
    matters = ((leaf, leaves.card(leaf)) for leaf in likely if leaf not in leaves.PAPERS)
    return next(
        (leaf for leaf, known in matters if known and follow_ups.proves(message.text, known)), None
    )


async def told(client: Client, policy: Mapping[str, Any], what: str, elder: bool) -> str:
    """Return the answer in words.

    Args:
        client: For the offices of the community, and for a policy of which only the name is known.
        policy: What the locality says of the certificate (``GET /certificates``), or ``{name}``.
        what: As :func:`asked` returns it.
        elder: In the words of large-type mode.
    """
    if "bring" not in policy:
        policy = await client.certificate(None, str(policy.get("name") or ""))
    refused = policy.get("allowed") is False
    short = (policy.get("elder") or {}) if elder else {}
    ways = {k: str(short.get(k) or policy.get(k) or "") for k in ("why", "redirect")}
    values = {
        "name": policy.get("name") or say("this_certificate"),
        "bring": "、".join(policy.get("bring") or ()),
        "basis": policy.get("basis") or say("certificate_basis"),
        **ways,
    }
    if what in ("materials", "lacking") and not values["bring"]:
        what = "materials_unknown"
    if what in ("where", "hours") and not refused:
        values |= _window(await client.community())
    key = f"certificate_ask_{what}"
    return say(f"{key}_refused" if refused and what in _REFUSED else key, elder, **values)


_REFUSED = frozenset({"where", "hours", "limit", "fee", "deputy", "visit", "why"})
"""Of these something else is said where another unit writes the certificate."""


def _window(found: Json) -> dict[str, str]:
    duty = found.get("duty") or {}
    return {
        "offices": "、".join(str(o["name"]) for o in found.get("offices") or ()),
        "hours": str(found.get("hours") or ""),
        "phone": str(duty.get("phone") or ""),
    }
