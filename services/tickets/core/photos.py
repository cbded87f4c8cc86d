"""Which photos of a ticket go beyond who attached them (可公开). Pure.

A photo can show a face, a door, a room. Who only does the work (服务商) sees what the own unit attached,
and of the others those that somebody of the unit in charge has marked, with a reason; unmarked is not
public (《个人信息保护法》第六条: no more than the purpose needs). Where that unit itself is outside, nobody in
it has seen the residents' photos: then those decide whom ``photos`` of ``data/workflow.yml`` names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.tickets.core.actor import Actor
from services.tickets.core.commands import Command
from services.tickets.core.context import Context, Refusal, belongs
from services.tickets.core.ticket import Ticket

OUTSIDE = frozenset({"vendor"})
"""Roles that see a photo of others only when it is marked."""
KINDS = {"attachments": "居民发的照片", "evidence": "办理现场照片"}
"""Field of the ticket that holds photos → what they are."""


def seen(ticket: Ticket, actor: Actor) -> dict[str, list[str]]:
    """Return the photos that an actor may look at, by the field that holds them.

    What stands under ``evidence`` was attached by the unit in charge: a new round empties it.
    """
    held = {name: list(getattr(ticket, name)) for name in KINDS}
    if actor.role not in OUTSIDE:
        return held
    marked = set(ticket.public_photos)
    shown = {name: [p for p in photos if p in marked] for name, photos in held.items()}
    return shown | ({"evidence": held["evidence"]} if belongs(ticket, actor) else {})


def names(ticket: Ticket, actor: Actor) -> dict[str, str]:
    """Return the photos that an actor sees by their ids, as people tell one from another."""
    return {
        photo: f"{KINDS[name]}第{n}张{'（可公开）' if photo in ticket.public_photos else ''}"
        for name, photos in seen(ticket, actor).items()
        for n, photo in enumerate(photos, 1)
    }


def opens_photos(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Who decides what a unit outside sees of it: the unit in charge, else who the rules name."""
    unit = context.units.get(ticket.owner_org or "")
    outside = unit is not None and unit.kind in context.rules.reveal_never
    named = outside and command.actor.role in context.rules.photo_openers
    if named or belongs(ticket, command.actor):
        return None
    owner = ticket.owner_org_name or "别的单位"
    return Refusal("not_owner", f"这件工单由{owner}承办，照片能不能公开由承办人定。")


def some_photo(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """There is a photo to mark."""
    if not names(ticket, command.actor):
        return Refusal("no_photo", "这件工单没有照片。")
    return None


def photo_there(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Nobody marks a photo that is not the ticket's, or that they have not seen."""
    if command.payload["photo"] not in names(ticket, command.actor):
        return Refusal("photo_unknown", "没有这张照片。", {"photo": "请选工单里的照片。"})
    return None


def marked(ticket: Ticket, command: Command, context: Context) -> Mapping[str, Any]:
    """The photos that are public after a mark, or after it was taken back."""
    photo = command.payload["photo"]
    others = [p for p in ticket.public_photos if p != photo]
    return {"public_photos": [*others, photo] if command.payload["shown"] == "yes" else others}
