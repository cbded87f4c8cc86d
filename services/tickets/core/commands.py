"""What can be asked of the ticket subject: filing a ticket, and one action on a ticket."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.tickets.core.actor import Actor
from services.tickets.core.kinds import Kind

Channel = Literal[
    "web", "wechat", "phone", "counter", "kiosk", "patrol", "import12345", "hotspot",
    "open311",
]  # fmt: skip


About = Literal["bot", "window", "grid", "property", "other"]
"""Whose conduct a complaint about a person is about; the directory says who then stays out of it."""


NARRATIVE_LONGEST = 20_000
"""Ten messages of the longest that the chat takes: a story may be told in several."""


def digest_of(body: Mapping[str, Any]) -> str:
    """Return the hash of a JSON body, whatever the order of its fields."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


class Contact(BaseModel):
    """How to reach the reporter. Stored encrypted."""

    name: str | None = Field(None, max_length=60)
    phone: str | None = Field(None, max_length=20)
    pref: str | None = Field(None, max_length=60, description="phone, message, evening …")


class Subject(BaseModel):
    """Whom the request is for, when not the reporter."""

    relation: str | None = Field(None, max_length=30)
    name: str | None = Field(None, max_length=60)


class Consent(BaseModel):
    """An answer to the question whether sensitive personal information may be kept (``services.consents``)."""

    model_config = ConfigDict(extra="forbid")

    purpose: str = Field(max_length=20, description="用途，dialogue/consents.yml 里的")
    answer: Literal["given", "refused", "once"] = "given"
    said_by: Literal["self", "guardian", "proxy"] = "self"
    relation: str | None = Field(None, max_length=30, description="说的是居民的什么人")
    version: str | None = Field(None, max_length=12, description="问的话是哪一版；不填是现在的")


NOTED = {"nlu", "knowledge_refs"}
"""Fields that machines note beside what was said."""
_NEVER = {"consents"}
"""Fields that no version knew whose digests had every field."""
OLDER_WITHOUT: tuple[frozenset[str], ...] = (
    frozenset({*NOTED, *_NEVER}),
    frozenset({*NOTED, *_NEVER, "told"}),
    frozenset({"told", "knowledge_refs", *_NEVER}),
    frozenset({"told", "knowledge_refs", "missing", *_NEVER}),
    frozenset({"told", "knowledge_refs", "missing", "gist", *_NEVER}),
)
"""Fields that were not in the digests of earlier versions, the last one first."""


class CreateTicket(BaseModel):
    """Body of ``POST /tickets`` (internal and staff API alike)."""

    model_config = ConfigDict(extra="ignore")

    conversation_id: str | None = Field(None, max_length=80)
    resident_id: str | None = Field(None, max_length=80)
    channel: Channel = "web"
    kind: Kind | None = Field(None, description="code or Chinese name; omitted: the leaf's own")
    leaf: str | None = Field(None, max_length=8, description="leaf of the catalogue, A1…M12")
    narrative: str = Field(
        min_length=1, max_length=NARRATIVE_LONGEST, description="verbatim, never changed"
    )
    gist: str | None = Field(
        None, max_length=60, description="a long narrative in one line, without the place"
    )
    address_text: str | None = Field(None, max_length=300)
    address: dict[str, Any] | None = None
    place: dict[str, Any] | None = Field(None, description="a candidate of /places/resolve")
    occurred: dict[str, Any] | None = None
    occurred_text: str | None = Field(None, max_length=120)
    subject: Subject | None = None
    contact: Contact | None = None
    about: About | None = Field(None, description="whose conduct is complained of")
    reporter_role: Literal["self", "proxy", "neighbour", "staff", "patrol"] | None = None
    confidential: bool = False
    incomplete: bool = Field(False, description="先报上，后补")
    missing: list[str] = Field(
        default_factory=list,
        max_length=20,
        description="what the dialogue knows to be missing, in the resident's words: asked for at once (请补充)",
    )
    handed_off: bool = Field(False, description="danger now: logged, people alerted, no clock")
    legal_channel: str | None = Field(None, max_length=60)
    appointment: dict[str, Any] | None = None
    certificate: dict[str, Any] | None = None
    attachments: list[str] = Field(default_factory=list, max_length=20)
    nlu: dict[str, Any] | None = Field(
        None,
        description="of the bot: leaf, round, intent, confidence, slots (kinds of facts, not what was said), model",
    )
    knowledge_refs: list[dict[str, Any]] = Field(
        default_factory=list,
        max_length=20,
        description="what the resident was shown before: type, leaf, title, version",
    )
    told: Literal["said", "sheet", "later", "nobody"] | None = Field(
        None,
        description="whether who registers it told the resident what is kept and why; see services/privacy",
    )
    consents: list[Consent] = Field(
        default_factory=list, max_length=5, description="对敏感个人信息的单独同意"
    )
    join: str | None = Field(
        None, max_length=30, description="neighbour's ticket to join, if still open"
    )

    @field_validator("kind", mode="before")
    @classmethod
    def _kind(cls, value: Any) -> Any:
        return Kind.parse(value) if isinstance(value, str) else value

    @field_validator("narrative")
    @classmethod
    def _said(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("诉求内容不能为空。")
        return value

    def digest(self) -> str:
        """Hash of the body: the same idempotency key with another body is a mistake.

        What machines note beside it – which model, which cards – may have changed between two tries.
        What is as by default is left out: a field that a later version adds changes no digest.
        """
        return digest_of(self.model_dump(mode="json", exclude=NOTED, exclude_defaults=True))

    def older_digests(self) -> frozenset[str]:
        """Return what earlier versions made of the same body: a retry across an upgrade is no other request.

        Those wrote every field that they knew; one that they did not know must be as by default now.
        """
        new = self.model_dump(exclude_defaults=True).keys() - NOTED
        return frozenset(
            digest_of(self.model_dump(mode="json", exclude=set(unknown)))
            for unknown in OLDER_WITHOUT
            if not new & unknown
        )


@dataclass(frozen=True)
class Command:
    """One action on one ticket.

    Attributes:
        action: Name in ``workflow.ACTIONS``.
        actor: Who does it.
        at: When, from the one clock.
        payload: The fields the action asks for.
    """

    action: str
    actor: Actor
    at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)
