"""Prometheus figures of the web process, and those that all processes count together."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

REGISTRY = CollectorRegistry()

REQUESTS = Counter(
    "linda_http_requests_total",
    "Requests by route and status",
    ("method", "route", "status"),
    registry=REGISTRY,
)
SECONDS = Histogram(
    "linda_http_request_seconds",
    "Time to answer by route",
    ("method", "route"),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def pattern(request: web.Request) -> str:
    """Return the route's pattern (``/api/v1/tickets/{ticket_no}``), which carries no one's data."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unmatched"


def observe(request: web.Request, response: web.StreamResponse, seconds: float) -> None:
    """Count one request; event streams are counted but not timed, they last for hours."""
    route = pattern(request)
    # Clients choose the method's name, so an unknown one must not become a new time series.
    method = request.method if request.method in _METHODS else "OTHER"
    REQUESTS.labels(method, route, str(response.status)).inc()
    if response.content_type != "text/event-stream":
        SECONDS.labels(method, route).observe(seconds)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Given(Collector):
    """Figures that were read elsewhere, for one answer."""

    def __init__(self, *metrics: Metric) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """Return them."""
        return self._metrics


def wechat_sends(counts: Iterable[tuple[str, str, int]]) -> Metric:
    """Return customer-service messages by account and outcome, counted by web and worker together."""
    family = CounterMetricFamily(
        "linda_wechat_sends",
        "Customer-service messages to WeChat, by how they ended; of all processes",
        labels=("account", "outcome"),
    )
    for account, outcome, number in counts:
        family.add_metric((account, outcome), number)
    return family


def exposition(*shared: Metric) -> bytes:
    """Return the figures of this process in Prometheus' text format, and the shared ones."""
    registry = CollectorRegistry()
    registry.register(Given(*shared))
    return generate_latest(REGISTRY) + generate_latest(registry)
