"""Everything a process needs, made once at start: used alike by web, worker, CLI and tests."""

from __future__ import annotations

from dataclasses import dataclass

from services.audit.service import AuditService
from services.bookings.service import StandingOrders
from services.bookings.waiting_list import WaitingList
from services.catalogue.service import CatalogueService
from services.channels.service import ChannelService
from services.channels.wechat.service import WeChatService
from services.clock import Clock
from services.config import Settings
from services.db import Database
from services.exchange.service import ExchangeService
from services.foresight.service import ForesightService
from services.information.service import InformationService
from services.lists.service import ListService
from services.metrics.service import MetricsService
from services.open311.service import Open311Service
from services.outbound import Outbound
from services.paper.service import PaperService
from services.people.service import PeopleService
from services.places.service import PlaceService
from services.retention.service import RetentionService
from services.reviews.service import ReviewService
from services.rights.service import RightsService
from services.stops.service import StopService
from services.themes.service import ThemeService
from services.tickets.service import TicketService
from services.training.annotations import AnnotationService
from services.training.heard import HeardService
from services.training.inbox import Inbox
from services.training.learning import Learning
from services.training.suggestions import Suggestions
from services.visits.service import VisitService
from services.webhooks.service import WebhookService


@dataclass(frozen=True)
class Services:
    """The objects of one process, by subject."""

    settings: Settings
    db: Database
    clock: Clock
    people: PeopleService
    places: PlaceService
    catalogue: CatalogueService
    information: InformationService
    tickets: TicketService
    channels: ChannelService
    wechat: WeChatService
    learning: Learning
    heard: HeardService
    annotations: AnnotationService
    inbox: Inbox
    suggestions: Suggestions
    standing: StandingOrders
    waiting: WaitingList
    metrics: MetricsService
    audit: AuditService
    retention: RetentionService
    rights: RightsService
    paper: PaperService
    exchange: ExchangeService
    visits: VisitService
    foresight: ForesightService
    lists: ListService
    reviews: ReviewService
    themes: ThemeService
    outbound: Outbound
    webhooks: WebhookService
    open311: Open311Service
    stops: StopService

    async def close(self) -> None:
        """Release connections."""
        await self.outbound.close()
        await self.wechat.close()
        await self.channels.close()
        await self.db.close()


def build(settings: Settings, db: Database | None = None, clock: Clock | None = None) -> Services:
    """Wire the subjects together; nothing connects yet. Tests bring their own database or clock."""
    db = db or Database(settings.database)
    clock = clock or Clock(settings.test_mode)
    people = PeopleService(settings, db, clock)
    places = PlaceService(settings, db, clock)
    tickets = TicketService(settings, db, clock, places, people)
    catalogue = CatalogueService(settings, clock, lambda: tickets.calendar)
    channels = ChannelService(settings, db, clock, tickets, people, places)
    wechat = WeChatService(settings, db, clock, channels)
    heard = channels.heard
    annotations = AnnotationService(settings, db, clock, heard.knowledge)
    learning = Learning(settings, db, clock, annotations)
    retention = RetentionService(settings, db, clock, channels)
    information = InformationService(settings, db, clock)
    visits = VisitService(settings, db, clock, people, places, tickets)
    metrics = MetricsService(settings, db, clock, people, places, tickets, visits, catalogue.cards)
    outbound = Outbound(settings.outbound_allowed)
    return Services(
        settings,
        db,
        clock,
        people,
        places,
        catalogue,
        information,
        tickets,
        channels,
        wechat,
        learning,
        heard,
        annotations,
        Inbox(db, heard.knowledge),
        Suggestions(db, clock, heard),
        StandingOrders(settings, db, clock, catalogue, tickets, channels),
        WaitingList(settings, db, clock, tickets, channels, people),
        metrics,
        AuditService(db, clock, people),
        retention,
        RightsService(db, clock, people, tickets, channels, retention, settings.data_dir),
        PaperService(settings, db, clock, people, tickets, catalogue),
        ExchangeService(settings, db, clock, people, places, tickets),
        visits,
        ForesightService(settings, db, clock, places, tickets, information),
        ListService(settings, db, clock, tickets),
        ReviewService(settings, db, clock, people, catalogue),
        ThemeService(settings, db, clock, people, tickets, metrics),
        outbound,
        WebhookService(settings, db, clock, people, tickets.leaves, outbound),
        Open311Service(settings, db, clock, people, places, catalogue, tickets, channels, outbound),
        StopService(db, clock),
    )
