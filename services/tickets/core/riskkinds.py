"""Kinds of risk that a place marks: name, rule, and which roles see them (``data/workflow.yml``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.tickets.core.ticket import Ticket

WORKERS = frozenset({"grid", "handler", "mediator"})
"""Who may see a kind on tickets that are given to them; service providers never do."""
OVERSEERS = frozenset({"callback", "auditor"})
"""Who may see a kind on whatever ticket they see."""


@dataclass(frozen=True)
class Risk:
    """A kind of risk.

    Attributes:
        name: In Chinese, as staff read it.
        seen_by: Roles besides the desk.
        leaves, words: The rule: of one of these matters, or one of these words was said.
    """

    name: str
    seen_by: frozenset[str] = frozenset()
    leaves: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Risk:
        """Read a kind.

        Raises:
            ValueError: An unknown item, or a role that never sees risks.
        """
        if unknown := data.keys() - {"name", "seen_by", "leaves", "words"}:
            raise ValueError(f"风险提示没有这些项：{'、'.join(sorted(unknown))}")
        seen_by = frozenset(data.get("seen_by", ()))
        if wrong := seen_by - WORKERS - OVERSEERS:
            raise ValueError(f"风险提示不给这些岗位看：{'、'.join(sorted(wrong))}")
        leaves, words = frozenset(data.get("leaves", ())), tuple(data.get("words", ()))
        return cls(str(data["name"]), seen_by, leaves, words)

    def found(self, ticket: Ticket) -> str | None:
        """Return why the rule marks a ticket; ``None``: it does not."""
        if ticket.leaf in self.leaves:
            return "按规则：这类事项"
        word = next((w for w in self.words if w in ticket.narrative_original), None)
        return f"按规则：居民说到“{word}”" if word else None
