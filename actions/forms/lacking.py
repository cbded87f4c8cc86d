"""What a form that was filed early has not been told, in words, all at once (一次告知).

《行政许可法》第三十二条. What is open is what the form itself would still have asked; which words ask for it,
and what a matter needs beside, is data (``data/dialogue/needed.yml``, ``at_filing``).
"""

from __future__ import annotations

from dataclasses import replace

from actions.dialogue import load
from actions.forms.draft import Draft, Form
from actions.message import Message

RULES = "needed"
PART = "at_filing"


def items(form: Form, draft: Draft, message: Message, *, somewhere: bool = True) -> list[str]:
    """Return what is asked for with the receipt; empty when nothing is open.

    What only helps (a photo) is asked for beside something else and never by itself: the ticket would
    wait for it.

    Args:
        form: The form that was filed.
        draft: Its draft.
        message: The message that filed it, with what is known of the resident.
        somewhere: The matter is at a place; a form may end without any (“不知道”).
    """
    rules = load(RULES)[PART]
    asks = replace(draft, asked=None, outcome=None)
    open_ = [f.name for f in form.fields if f.name not in draft.skipped and f.needed(asks, message)]
    known = bool(draft.get("address_text"))
    if "place" in open_ or (somewhere and not known):
        open_ = ["building" if known else "place", *(n for n in open_ if n != "place")]
    found = [rules["fields"][name] for name in open_ if name in rules["fields"]]
    photos = rules["photo"]
    if found and draft.get("leaf") in photos["leaves"] and not draft.get("attachments"):
        found.append(photos["item"])
    return found
