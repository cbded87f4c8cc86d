"""Everything a process needs, made once at start: used alike by web, worker, CLI and tests."""

from __future__ import annotations

from dataclasses import dataclass

from services.catalogue.service import CatalogueService
from services.channels.service import ChannelService
from services.channels.wechat.service import WeChatService
from services.clock import Clock
from services.config import Settings
from services.db import Database
from services.people.service import PeopleService
from services.places.service import PlaceService
from services.tickets.service import TicketService
from services.training.annotations import AnnotationService
from services.training.heard import HeardService
from services.training.inbox import Inbox
from services.training.learning import Learning


@dataclass(frozen=True)
class Services:
    """The objects of one process, by subject."""

    settings: Settings
    db: Database
    clock: Clock
    people: PeopleService
    places: PlaceService
    catalogue: CatalogueService
    tickets: TicketService
    channels: ChannelService
    wechat: WeChatService
    learning: Learning
    heard: HeardService
    annotations: AnnotationService
    inbox: Inbox

    async def close(self) -> None:
        """Release connections."""
        await self.wechat.close()
        await self.channels.close()
        await self.db.close()


def build(settings: Settings, db: Database | None = None, clock: Clock | None = None) -> Services:
    """Wire the subjects together; nothing connects yet. Tests bring their own database or clock."""
    db = db or Database(settings.database)
    clock = clock or Clock(settings.test_mode)
    people = PeopleService(settings, db, clock)
    places = PlaceService(settings, db, clock)
    catalogue = CatalogueService(settings, clock)
    tickets = TicketService(settings, db, clock, places, people)
    channels = ChannelService(settings, db, clock, tickets, people, places)
    wechat = WeChatService(settings, db, clock, channels)
    heard = channels.heard
    annotations = AnnotationService(settings, db, clock, heard.knowledge)
    learning = Learning(settings, db, clock, annotations)
    return Services(
        settings,
        db,
        clock,
        people,
        places,
        catalogue,
        tickets,
        channels,
        wechat,
        learning,
        heard,
        annotations,
        Inbox(db, heard.knowledge),
    )
