"""When guessing ends: django-axes, made softer for a name that is tried from many addresses."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessLog
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.db.models import Sum

from clinic import clock

if TYPE_CHECKING:
    from django.http import HttpRequest

NAME_WEIGHS = 4  # failures of a name, wherever from, that count like one of the name from one address
KNOWN_FOR = timedelta(days=30)


class SofterByName(AxesDatabaseHandler):  # type: ignore[misc]  # axes ships no types
    """Counts what was tried with a name from one address and, with less weight, from anywhere."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        pair, name = (_failures(rows) for rows in self.get_user_attempts(request, credentials))
        if name // NAME_WEIGHS > pair and not _is_at_home(request, credentials):
            return name // NAME_WEIGHS
        return pair


def _failures(rows: Any) -> int:
    return rows.aggregate(sum=Sum("failures_since_start"))["sum"] or 0


def _is_at_home(request: Any, credentials: dict[str, Any] | None) -> bool:
    """Whether the name has been logged in from this address lately: strangers elsewhere cannot lock it out here."""
    rows = AccessLog.objects.filter(username=(credentials or {}).get("username"), ip_address=request.axes_ip_address)
    return bool(rows.filter(attempt_time__gte=clock.now() - KNOWN_FOR).exists())


def address_of(request: HttpRequest) -> str | None:
    """Where a request comes from: what the outermost of our own proxies says, which no client can forge."""
    named = [each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",")]
    if 0 < settings.PROXIES <= len(named):
        return _address(named[-settings.PROXIES])
    return _address(request.META.get("REMOTE_ADDR", ""))


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def is_locked(request: HttpRequest, username: str) -> bool:
    """Whether guessing has ended for the name here; the answer to the request is then made of it."""
    locked = not AxesProxyHandler.is_allowed(request, {"username": username})
    request.axes_locked_out = locked  # type: ignore[attr-defined]  # where the middleware of axes looks
    return locked


def count_failure(request: HttpRequest, username: str) -> None:
    """A wrong code, which counts like a wrong password."""
    user_login_failed.send(sender=__name__, credentials={"username": username}, request=request)


def was_counted(request: HttpRequest) -> bool:
    """Whether something was tried and counted; what comes while it is locked is not."""
    return getattr(request, "axes_failures_since_start", None) is not None


def has_locked(request: HttpRequest) -> bool:
    return bool(getattr(request, "axes_locked_out", False))
