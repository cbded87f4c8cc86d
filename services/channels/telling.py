"""The words of what somebody has to tell on the phone: the same that a chat resident would read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.channels.appointed import key_of
from services.channels.closing import facts_of, texts
from services.tickets.core.actor import SYSTEM

if TYPE_CHECKING:
    from services.context import Services


async def words(services: Services, ticket_no: str, waiting: dict[str, Any] | None) -> list[str]:
    """Return the sentences to say, the oldest first.

    Args:
        waiting: ``to_tell`` of the ticket's staff view; who may see that may see these.
    """
    if not waiting:
        return []
    shown = await services.tickets.as_told(ticket_no)
    happened = {
        (number, e["seq"]): e["data"]
        for number in {str(news.get("of", ticket_no)) for news in waiting["news"]}
        for e in await services.tickets.events(number, SYSTEM)
    }
    said = texts(services.settings.data_dir)
    return [
        said.say(
            key_of(news["event"], shown, said),
            False,
            **facts_of(shown, happened.get((news.get("of", ticket_no), news["seq"]), {})),
        ).text
        for news in waiting["news"]
        if news["event"] in said
    ]
