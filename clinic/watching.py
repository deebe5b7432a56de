"""What is noted of every request: which route, how it was answered, how long it took; never what was in it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from clinic import metrics
from clinic.actions import origin
from clinic.models import User

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

_LOG = logging.getLogger(__name__)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class WatchMiddleware:
    """Counts each request and writes one line for it; stands right inside of what gives the request its id."""

    get_response: Callable[[HttpRequest], HttpResponse]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = perf_counter()
        response = self.get_response(request)
        self._note(request, response.status_code, perf_counter() - began)
        return response

    def _note(self, request: HttpRequest, status: int, seconds: float) -> None:
        route, method = _route(request), _method(request)
        metrics.count(route=route, method=method, status=status, seconds=seconds)
        noted = {
            "request_id": origin.current().request_id,
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
            "user": _user(request),
        }
        _LOG.log(logging.ERROR if status >= 500 else logging.INFO, "request", extra=noted)


def _route(request: HttpRequest) -> str:
    """The name of the address, which holds nothing of what was asked for."""
    match = request.resolver_match
    return match.view_name if match else "none"


def _method(request: HttpRequest) -> str:
    """The method where it is one; a client may send any word."""
    return request.method if request.method in _METHODS else "OTHER"


def _user(request: HttpRequest) -> str | None:
    """The id of who is known to have asked; nobody is looked up for it, as who is only promised would be."""
    known = (getattr(request, name, None) for name in ("user", "_cached_user"))  # by a token, by a session
    return next((str(user.pk) for user in known if type(user) is User), None)
