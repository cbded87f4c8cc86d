"""What people call the intents, for the choices that are offered when one is not sure.

The words are data (``intent_…`` and ``leaf_…`` of ``data/texts/words.yml``). Small talk has none: it is
never worth a choice.
"""

from __future__ import annotations

from actions.knowledge import leaves
from actions.message import Reading
from actions.texts import catalogue, say


def label(reading: Reading) -> str | None:
    """Return the words of a choice, or None for a reading that is not offered."""
    with_leaf, alone = f"leaf_{reading.intent}", f"intent_{reading.intent}"
    if reading.leaf and reading.leaf in leaves.names() and with_leaf in catalogue():
        return say(with_leaf, name=leaves.name(reading.leaf))
    return say(alone) if alone in catalogue() else None
