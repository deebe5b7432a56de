"""How many requests there were and how long they took, for Prometheus, on a port of its own."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

_SHARED = "PROMETHEUS_MULTIPROC_DIR" in os.environ  # the library's own word for a folder that workers count in together
_REQUESTS = Counter("yellowflag_requests", "Requests answered.", ("route", "method", "status"))
_SECONDS = Histogram("yellowflag_request_seconds", "Time to answer a request.", ("route", "method"))


def count(*, route: str, method: str, status: int, seconds: float) -> None:
    """Count a request; each label is one of few words, and none holds anything of anybody."""
    _REQUESTS.labels(route, method, str(status)).inc()
    _SECONDS.labels(route, method).observe(seconds)


def serve() -> WSGIServer | None:
    """Answer on the port that the settings name, if they name one; one worker answers for all that count together."""
    if not settings.METRICS_PORT:
        return None
    try:
        server, _ = start_http_server(settings.METRICS_PORT, settings.METRICS_ADDRESS, _registry())
    except OSError as error:
        if _SHARED and error.errno == errno.EADDRINUSE:
            return None
        raise ImproperlyConfigured(
            f"Metrics cannot be served on {settings.METRICS_ADDRESS}:{settings.METRICS_PORT}: {error.strerror}. "
            "Several workers need PROMETHEUS_MULTIPROC_DIR."
        ) from error
    return server


def _registry() -> CollectorRegistry:
    if not _SHARED:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library leaves it so
    return registry
