"""The clinic's clock: every record takes its time from here, and every day of a site.

It shows the present, save where a story of the past is told: `at` sets it for the demo clinic,
whose history reaches back some weeks. No door uses `at`; a test holds that.

A moment is the same everywhere, a day is not: which day it is depends on the site. This is the
only place that turns the one into the other; what belongs to no site has its days in UTC. See
docs/adr/0025-days-of-a-site.md.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, time, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo, available_timezones

from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import date

    from django.http import HttpRequest, HttpResponse

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_NO_PLACES = {"Factory", "localtime"}  # which some systems list beside the names of zones
_told: ContextVar[datetime | None] = ContextVar("told", default=None)


class Place(Protocol):
    """What has a day of its own."""

    time_zone: str


def now() -> datetime:
    return _told.get() or timezone.now()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let the clock show a moment of the past."""
    token = _told.set(moment)
    try:
        yield
    finally:
        _told.reset(token)


@cache
def zone_names() -> tuple[str, ...]:
    """The names of all time zones, as IANA gives them."""
    return tuple(sorted(available_timezones() - _NO_PLACES))


def zone(site: Place | None) -> ZoneInfo:
    return zone_of(site.time_zone if site else "")


def zone_of(name: str) -> ZoneInfo:
    """The zone of a name; where nobody has chosen one it is UTC."""
    return ZoneInfo(name or "UTC")


def local(moment: datetime, site: Place | None) -> datetime:
    """The same moment by the clocks of the site."""
    return moment.astimezone(zone(site))


def day(moment: datetime, site: Place | None) -> date:
    return local(moment, site).date()


def today(site: Place | None) -> date:
    return day(now(), site)


def begin(day: date, site: Place | None) -> datetime:
    """The first moment of a day of the site."""
    return _moment(day, time(), site)


def noon(day: date, site: Place | None) -> datetime:
    return _moment(day, time(12), site)


def in_days(moment: datetime, days: int, site: Place | None) -> datetime:
    """A deadline in days: the end of a day of the site, however many hours its days have."""
    return begin(day(moment, site) + timedelta(days=days + 1), site)


def in_hours(moment: datetime, hours: int) -> datetime:
    """A deadline in hours: so many real hours later, whatever the clocks of the site do meanwhile."""
    return moment.astimezone(UTC) + timedelta(hours=hours)


def last_day(due: datetime, site: Place | None) -> date:
    """The last day on which something is in time: a deadline at midnight is the end of the day before."""
    return day(due - timedelta.resolution, site)


def days_between(start: datetime, end: datetime, site: Place | None) -> int:
    """Whole days by the clocks of the site: from nine to nine is one day, also where the clocks were changed."""
    first, last = (local(each, site).replace(tzinfo=None) for each in (start, end))
    return (last - first).days


@lru_cache  # what is answered together was answered at one moment
def instant(text: str) -> datetime:
    """A stored time in UTC, whatever offset it was written with; what was before all records reads as their beginning."""
    try:
        return max(datetime.fromisoformat(text).astimezone(UTC), EARLIEST)
    except OverflowError:
        return EARLIEST


def show(site: Place | None) -> None:
    """Let the rest of the request show its times by the clocks of the site."""
    timezone.activate(zone(site))


def shown(moment: datetime) -> datetime:
    """The moment as the present page or letter shows it."""
    return timezone.localtime(moment)


def showing(site: Place | None) -> AbstractContextManager[None]:
    """The same within a block, as for a letter."""
    return timezone.override(zone(site))


def in_utc_unless_said(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: every request begins in UTC, wherever the one before it was shown."""

    def respond(request: HttpRequest) -> HttpResponse:
        with timezone.override(None):
            return get_response(request)

    return respond


def _moment(day: date, hour: time, site: Place | None) -> datetime:
    """An hour that the clocks skip is the moment at which they do."""
    return datetime.combine(day, hour, zone(site)).astimezone(UTC)
