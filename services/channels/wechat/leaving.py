"""Forgetting who has unsubscribed: WeChat's data of a person go when the person does.

While a ticket of theirs is open they are kept: who comes back is told how it stands. When the last
one has ended, or at once when there is none, the OpenID and everything said are erased
(docs/adr/0011). Who comes back after that is somebody new; number and query code open the tickets.
"""

from __future__ import annotations

import logging

from services.channels.erasing import Eraser
from services.channels.rasa import RasaAway, RasaRefused
from services.channels.wechat import store
from services.channels.wechat.tables import WeChatUserRow
from services.clock import Clock
from services.db import Database

log = logging.getLogger(__name__)


async def forget_who_left(db: Database, clock: Clock, eraser: Eraser) -> int:
    """Forget those of whom nothing is needed any more; return how many.

    Any process may do it at any time: who comes back meanwhile stays.
    """
    async with db.read() as s:
        left = await store.who_left(s, clock.now())
    done = 0
    for user_id, conversation_id in left:
        if await eraser.needed(conversation_id):
            continue
        try:
            await eraser.forget_dialogue(conversation_id)
        except (RasaAway, RasaRefused) as error:
            log.warning("wechat: who has left is forgotten when Rasa is back: %s", error)
            return done
        async with db.write() as s:
            user = await s.get(WeChatUserRow, user_id, with_for_update=True)
            if user is None or user.subscribed:
                continue
            await eraser.erase(s, conversation_id, clock.now())
            await store.erase_user(s, user, clock.now())
        done += 1
    return done
