"""A message that was understood, as a row that may be kept. Pure."""

from __future__ import annotations

import logging
import re
from datetime import datetime

from services.channels.rasa import Understood
from services.training.heard_tables import HeardRow
from services.training.redaction import leaks, redact
from services.training.wording import Wording, key_of

log = logging.getLogger(__name__)

_NO_TEXT = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|\s")
"""Line breaks, and what no YAML file may contain; a blank for each, so that offsets stay."""
_IN_DOUBT = 0.5
"""Uncertainty of what the model itself calls uncertain, at least."""


def row_of(
    understood: Understood,
    wording: Wording,
    *,
    message_id: str,
    conversation_id: str,
    channel: str,
    mode: str,
    locality: str,
    at: datetime,
    name: str | None,
) -> HeardRow | None:
    """Return the row of a message; None when it cannot be made safe to keep.

    Args:
        name: The resident's own name, when it is known.
    """
    text = _NO_TEXT.sub(" ", understood.text)
    done = redact(text, [e.model_dump() for e in understood.entities], [name])
    if found := leaks(done.text):
        log.warning("message %s is not kept for learning: %s remains", message_id, found)
        return None
    return HeardRow(
        message_id=message_id,
        conversation_id=conversation_id,
        channel=channel,
        mode=mode,
        locality=locality,
        at=at,
        text=done.text,
        key=key_of(wording.form(done.text, done.entities)),
        intent=understood.intent,
        confidence=understood.confidence,
        leaf=understood.leaf,
        leaf_confidence=understood.leaf_confidence,
        uncertainty=uncertainty(understood),
        readings=[r.model_dump() for r in understood.readings],
        entities=list(done.entities),
        actions=understood.actions,
        model=understood.model,
    )


def uncertainty(understood: Understood) -> float:
    """Return 0 (one reading, well ahead of all others) to 1 (none, or two that are as good)."""
    if understood.intent is None:
        return 1.0
    if len(understood.readings) == 1 and not understood.uncertain:
        return 0.0  # a rule decided it (好的, 3号楼): its confidence is for the dialogue
    shares = sorted((r.confidence for r in understood.readings), reverse=True)
    first = shares[0] if shares else understood.confidence or 0.0
    doubt = 1 - (first - (shares[1] if len(shares) > 1 else 0.0))
    if understood.leaf is not None and understood.leaf_confidence is not None:
        doubt = max(doubt, 1 - understood.leaf_confidence)
    return min(1.0, max(doubt, _IN_DOUBT if understood.uncertain else 0.0))
