"""The clinic's clock: every record takes its time from here.

It shows the present, save where a story of the past is told: `at` sets it for the demo clinic,
whose history reaches back some weeks. No door uses `at`; a test holds that.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

_told: ContextVar[datetime | None] = ContextVar("told", default=None)


def now() -> datetime:
    return _told.get() or timezone.now()


def today() -> date:
    return timezone.localdate(now())


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let the clock show a moment of the past."""
    token = _told.set(moment)
    try:
        yield
    finally:
        _told.reset(token)
