"""How a deadline reads."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.template import Library
from django.utils.formats import date_format

from clinic import clock

register = Library()


@register.filter
def until(due: datetime, form: str) -> str:
    """The day at whose end a deadline in days is; of any other deadline the hour as well."""
    shown = clock.shown(due)
    if shown.time() == time():
        return date_format(shown - timedelta.resolution, form)
    return date_format(shown, f"{form}, H:i")
