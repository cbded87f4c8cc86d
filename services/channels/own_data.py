"""What is stored of a resident, shown to them; corrected, deleted, taken back by a word in the dialogue.

《个人信息保护法》第四十四条至第四十七条: to know, to copy, to correct, to delete; 第十五条: to withdraw consent.
A phone number told for one matter stays with that matter; it is kept for the next one only after a
yes to that purpose (第六条、第十四条).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from services.channels import joining
from services.consents import records as consents
from services.consents.tables import SensitiveConsentRow
from services.people.masking import mask_name, mask_phone
from services.people.model import Resident
from services.tickets.core.states import OPEN, State
from services.words import piece, refusal

if TYPE_CHECKING:
    from services.channels.types import Conversation
    from services.context import Services

Change = Literal[
    "remember",
    "correct",
    "delete",
    "withdraw",
    "subsidy",
    "prefer",
    "unprefer",
    "unphone",
    "unlearn",
    "relearn",
]
REMEMBER = "remember"
"""Purpose of the consent to keep name and phone for the next matter."""
VERSION = "2026-11"
"""Of the words with which the dialogue asks for it."""
SUBSIDY = "meal_subsidy"
"""Purpose of the consent to write what was said of a meal's subsidy on the eater's next order, too."""
REACH = "contact_pref"
"""Purpose of the consent to keep how and when somebody wants to be reached for the next matter."""
PURPOSES = frozenset({REACH, REMEMBER, joining.CONSENT, "contact", SUBSIDY})
"""Purposes that have words of their own (``purpose_…`` of ``data/texts/pieces.yml``)."""


async def show(services: Services, conversation: Conversation) -> dict[str, Any]:
    """Return what is stored: contact data masked, consents, and the resident's matters.

    Returns:
        ``{name, phone, home, pref, consents: [{purpose, given_on}], drafts: [what was begun and not
        finished], waiting: [what place is waited for], heard: how many sentences are kept for
        learning, unlearned_on: since which day none is (None: they may be), tickets: [{ticket_no, title, state_text, state_elder, filed_on, open}]}``; what is not known
        is None.
    """
    known = await _known(services, conversation)
    tickets = await services.tickets.resident_list(
        conversation.id, conversation.resident_id, conversation.siblings
    )
    home = known.home if known else None
    async with services.db.read() as s:
        drafts = await services.channels.drafts.told(s, _all(conversation))
        heard = await services.heard.count(s, _all(conversation))
        refused = await services.heard.refused(s, _all(conversation))
        sensitive = await consents.given(s, _all(conversation))
    return {
        "name": mask_name(known.name) if known else None,
        "phone": mask_phone(known.phone) if known else None,
        "home": _home_text(known) if home else None,
        "pref": known.contact_pref if known else None,
        "consents": [
            {
                "purpose": piece(f"purpose_{c.purpose}") if c.purpose in PURPOSES else c.purpose,
                "given_on": c.given_at.date().isoformat(),
            }
            for c in (known.consents if known else ())
            if c.withdrawn_at is None
        ]
        + [{"purpose": _told(services, c), "given_on": c.at.date().isoformat()} for c in sensitive],
        "drafts": drafts,
        "waiting": [w["what"] for w in await services.waiting.of(_all(conversation))],
        "heard": heard,
        "unlearned_on": refused.date().isoformat() if refused else None,
        "tickets": [
            {
                "ticket_no": t["ticket_no"],
                "title": t["title"],
                "state_text": t["state_text"],
                "state_elder": t["state_elder"],
                "filed_on": str(t["created_at"])[:10],
                "open": State(t["state"]) in OPEN,
            }
            for t in tickets
        ],
    }


async def change(
    services: Services,
    conversation: Conversation,
    wanted: Change,
    phone: str | None = None,
    ticket_no: str | None = None,
    *,
    name: str | None = None,
    pref: str | None = None,
) -> dict[str, Any]:
    """Do what the resident has confirmed; done again it changes nothing more.

    Args:
        services: The subjects' services.
        conversation: Whose data.
        wanted: ``remember`` (keep name and phone, with consent), ``correct`` (another phone or name),
            ``delete`` (what goes at once, :meth:`RightsService.erase_at_once`; matters that are over
            go at the counter, with a second person), ``withdraw`` (every consent, and what was
            kept by it), ``subsidy`` (consent alone: what was said stands on the order and is read
            there, :func:`subsidies`), ``unlearn`` (nothing they say teaches the bot, what was kept
            for it goes) or ``relearn`` (it may again).
        phone: The number to keep.
        ticket_no: For ``remember``: the resident's own ticket whose contact is to be kept.
        pref: For ``prefer``, and beside ``remember``: how and when to be reached from now on
            (``unprefer`` forgets it, ``unphone`` the kept number alone).
        name: For ``correct``: the right name of a resident who is known; then no number is needed.

    Returns:
        What is stored afterwards, as :func:`show`.

    Raises:
        LindaError: 422 ``phone_missing``: there is no number to keep; 404 for another's ticket.
    """
    known = conversation.resident_id
    if wanted == "correct" and name and known is not None and not phone:
        async with services.db.write() as s:
            await services.people.save_resident(s, known, name=name)
            await services.rights.record_chat(s, known, wanted)
        return await show(services, conversation)
    if wanted in ("prefer", "unprefer"):
        await _prefer(services, conversation, pref if wanted == "prefer" else None)
        return await show(services, await services.channels.conversation(conversation.id))
    if wanted in _ALONE:
        await _ALONE[wanted](services, conversation, wanted)
        return await show(services, conversation)
    if wanted == "subsidy":
        async with services.db.write() as s:
            saved = await services.people.save_resident(s, known)
            await services.people.give_consent(s, saved.id, SUBSIDY, VERSION)
            await services.channels.bind_resident(s, conversation.id, saved.id)
        return await show(services, await services.channels.conversation(conversation.id))
    if wanted == "remember" and ticket_no:
        name, phone = await services.tickets.own_contact(
            ticket_no, conversation.id, conversation.resident_id, conversation.siblings
        )
    if wanted in ("remember", "correct"):
        if not phone:
            raise refusal("phone_missing")
        async with services.db.write() as s:
            saved = await services.people.save_resident(
                s, conversation.resident_id, name=name, phone=phone, contact_pref=pref
            )
            await services.people.give_consent(s, saved.id, REMEMBER, VERSION)
            if pref:
                await services.people.give_consent(s, saved.id, REACH, VERSION)
            await services.channels.bind_resident(s, conversation.id, saved.id)
            if wanted == "correct":
                await services.rights.record_chat(s, saved.id, wanted)
    else:
        async with services.db.write() as s:
            # Both end every consent and erase what was kept by it; the records of consent stay.
            if wanted == "delete":
                entry = await services.rights.record_chat(s, known, wanted)
                profiles = [known] if known is not None else []
                await services.rights.erase_at_once(s, profiles, _all(conversation), entry)
            else:
                subject = f"resident:{known}" if known else f"conversation:{conversation.id}"
                await services.rights.withdraw_consents(
                    s, ("resident", "本人", "resident"), subject, _all(conversation)
                )
                await services.rights.record_chat(s, known, wanted)
            if wanted == "withdraw" and known is not None:
                await services.people.forget_resident(s, known)
                # Two channels were one person's by consent as well.
                rules, now = services.tickets.consents, services.clock.now()
                await joining.part(s, services.people, conversation.id, rules, now)
    return await show(services, await services.channels.conversation(conversation.id))


async def _prefer(services: Services, conversation: Conversation, pref: str | None) -> None:
    """Keep how to be reached, with consent; None: forget it, and end that consent."""
    known = conversation.resident_id
    if pref is None and known is None:
        return
    async with services.db.write() as s:
        saved = await services.people.save_resident(s, known, contact_pref=pref or "")
        if pref:
            await services.people.give_consent(s, saved.id, REACH, VERSION)
            await services.channels.bind_resident(s, conversation.id, saved.id)
        else:
            await services.people.withdraw_consent(s, saved.id, REACH)
            await services.rights.record_chat(s, saved.id, "correct")


async def _learn(services: Services, conversation: Conversation, wanted: str) -> None:
    """Learn from what is said no more, or again."""
    async with services.db.write() as s:
        await services.rights.learn(s, _all(conversation), wanted == "relearn")
        await services.rights.record_chat(s, conversation.resident_id, wanted)


async def _forget_phone(services: Services, conversation: Conversation, wanted: str) -> None:
    """Forget the kept number alone; where no name or home is left either, the consent to keep them ends, too."""
    known = conversation.resident_id
    if known is None:
        return
    async with services.db.write() as s:
        saved = await services.people.save_resident(s, known, phone="")
        if not (saved.name or saved.home):
            await services.people.withdraw_consent(s, known, REMEMBER)
        await services.rights.record_chat(s, known, "correct")


_ALONE = {"unphone": _forget_phone, "unlearn": _learn, "relearn": _learn}
"""Changes that need nothing but their word."""


async def subsidies(services: Services, conversation: Conversation) -> list[dict[str, Any]] | None:
    """Return ``[{relation, kinds}]`` of the eaters whose newest order says that they pay less.

    None without the resident's consent to that (:data:`SUBSIDY`). Nothing is copied for it: it is
    read from the resident's own orders, and gone with them.
    """
    known = await _known(services, conversation)
    consents = known.consents if known else ()
    if not any(c.purpose == SUBSIDY and c.withdrawn_at is None for c in consents):
        return None
    newest: dict[str | None, dict[str, Any]] = {}
    for ticket in await services.tickets.resident_list(
        conversation.id, conversation.resident_id, conversation.siblings
    ):
        said = (ticket.get("appointment") or {}).get("subsidy")
        if said:
            newest.setdefault(ticket.get("relation") or None, said)
    return [
        {"relation": eater, "kinds": list(said.get("kinds") or [])}
        for eater, said in newest.items()
        if said.get("says") == "yes"
    ]


def _told(services: Services, consent: SensitiveConsentRow) -> str:
    """Return a separate consent in words: to what, and who gave it."""
    rules = services.tickets.consents
    name, who = rules.purposes[consent.purpose].name, rules.said_by[consent.said_by]
    return piece("consent_given", name=name, who=who)


def _all(conversation: Conversation) -> tuple[str, ...]:
    return (conversation.id, *conversation.siblings)


async def _known(services: Services, conversation: Conversation) -> Resident | None:
    if conversation.resident_id is None:
        return None
    async with services.db.read() as s:
        return await services.people.resident(s, conversation.resident_id)


def _home_text(known: Resident | None) -> str | None:
    home = known.home if known else None
    if home is None:
        return None
    building = home.building + piece("address_building") if home.building else ""
    unit = home.unit + piece("address_unit") if home.unit else ""
    return f"{home.compound}{building}{unit}{piece('home_room_kept') if home.room else ''}"
