"""Hashes of records and links of the chain. Pure.

A record has two parts. What stays for ever (who, when, which step, codes, deadlines) is hashed as it
is. What may have to be erased (《个人信息保护法》第四十七条) is hashed with a random salt: erasing the words
and the salt leaves a hash that tells nothing and a chain that still holds.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

START = "0" * 64
"""The hash before the first link."""

GONE = "（已到保存期限，内容已清除）"
"""What stands where words of a person were."""

# Facts of an event that tell nothing of a person: they are proved for ever. Everything else, also
# what a later version adds, counts as personal.
KEPT_FACTS = frozenset({
    "leaf", "kind", "priority", "priority_reason", "sla_class", "sla_profile", "incomplete", "restricted",
    "confidential", "channel", "about", "recused", "case_of", "case_kind", "disposition", "duplicate_of", "merged_into",
    "group", "owner_org", "owner_org_name", "duty", "basis", "power", "directory", "designated",
    "accept_due_at", "accept_due_reason", "notice_due_at", "notice_due_reason", "accepted_at", "dispatch_due_at", "dispatch_due_reason", "same_unit", "keeps_clock", "due_at", "due_reason", "platform_due_at", "platform_due_reason", "arrival", "sign_due_at", "sign_due_reason",
    "contact_due_at", "contact_due_reason", "info_due_at", "info_due_reason", "review_due_at",
    "review_due_reason", "group_due_at", "group_due_reason", "paused_since", "review_at", "back_to",
    "outcome", "result", "score", "solved", "method", "way", "stage", "level", "days", "decision", "finding",
    "missed", "persuaded", "pressured", "taxonomy_version", "owner_person", "owner_person_name", "org", "stance", "hold", "notice", "privacy",
})  # fmt: skip
# What points to a person or shows one. A code that is only digits could be typed: a dash cannot.
_EMPTIED: Mapping[str, Any] = {
    "query_code": "-", "conversation_id": None, "resident_id": None, "who": "", "nlu": None,
    "reporter": {}, "subject": {}, "attachments": [], "evidence": [], "public_photos": [], "photo": "", "certificate": None, "household": None,
    "occurred": None, "occurred_text": None, "appointment": None, "need_items": [],
    "told_items": [], "asked": [], "knowledge_refs": [],
}  # fmt: skip
_WORDS = frozenset({
    "title", "text", "reason", "reply", "explanation", "plan", "note", "name", "phone", "room",
    "narrative_original", "gist", "redirect", "rework_reason", "contact_pref", "address_text",
})  # fmt: skip
# Ids of units, codes and times: at least one letter, so never a phone number.
_CODE = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_:.+-]{1,60}")
# Of a place, what figures are counted by.
_KEPT_PLACE = ("community_id", "community", "grid_id", "grid")


def digest(value: Any, salt: str = "") -> str:
    """Return the SHA-256 (hex) of a JSON value in canonical form, after a salt."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256((salt + text).encode()).hexdigest()


def moment(at: datetime) -> str:
    """Return a time as the hashes take it: UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def event_parts(row: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what stays of a ticket's event, and what may be erased."""
    actor = dict(row["actor"])
    person = {"id": actor.pop("id")} if actor.get("kind") == "resident" else {}
    kept = {
        **{n: row[n] for n in ("id", "ticket_no", "seq", "type", "action", "from_state", "to_state")},
        "at": moment(row["at"]),
        "actor": actor,
        "data": {k: v for k, v in row["data"].items() if k in KEPT_FACTS},
    }  # fmt: skip
    return kept, {
        "actor": person,
        "data": {k: v for k, v in row["data"].items() if k not in KEPT_FACTS},
    }


def entry_parts(row: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what stays of an audit entry, and the words in it."""
    kept = {n: row[n] for n in ("id", "who", "name", "role", "action", "subject", "data")}
    return kept | {"at": moment(row["at"])}, {"reason": row["reason"]}


def link(
    before: str, position: int, source: str, row_id: int, kept: str, content: str, at: datetime
) -> str:
    """Return the hash of a link."""
    return digest([before, position, source, row_id, kept, content, moment(at)])


def without_content(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of an event with everything personal replaced by an empty value of its kind.

    Codes, times and counts stay: the history still says what was done when, by which unit.
    """
    return {k: v if k in KEPT_FACTS else _emptied(k, v) for k, v in data.items()}


def _emptied(name: str, value: Any) -> Any:
    if name == "location" and isinstance(value, Mapping):
        return {k: value[k] for k in _KEPT_PLACE if k in value}
    if name in _EMPTIED:
        return _EMPTIED[name]
    match value:
        case str():
            return value if name not in _WORDS and _CODE.fullmatch(value) else GONE
        case list():
            return [_emptied(name, v) for v in value]
        case Mapping():
            return without_content(value)
        case bool() | int() | float():
            return value
        case _:
            return None
