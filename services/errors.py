"""The one error that leaves a service, and its one shape on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class LindaError(Exception):
    """A refusal that the caller can act on.

    Args:
        code: Machine-readable reason, stable, snake_case (``version_conflict``).
        message: One plain Chinese sentence for the person in front of the screen.
        status: HTTP status that fits: 400 malformed, 401, 403, 404, 409 conflict, 413, 422 refused
            by a rule, 429, 503 something we depend on is away.
        fields: What is wrong by field name, or facts that help (the current ``version``).
    """

    def __init__(
        self, code: str, message: str, status: int = 422, fields: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields: dict[str, Any] = dict(fields or {})

    def __reduce__(self) -> tuple[Any, ...]:
        """Carry the refusal to another process as it is (Python would call the class with one text)."""
        return _carried, (type(self), self.code, self.message, self.status, self.fields)

    def body(self) -> dict[str, Any]:
        """Return the error body ``{"error": {"code", "message", "fields"}}``."""
        return {"error": {"code": self.code, "message": self.message, "fields": self.fields}}


def _carried(
    kind: type[LindaError], code: str, message: str, status: int, fields: Mapping[str, Any]
) -> LindaError:
    """Make the refusal that another process raised, without its class's own way to say it."""
    error = kind.__new__(kind)
    LindaError.__init__(error, code, message, status, fields)
    return error
