"""Count the days of every site for the dashboard: what was counted before is counted on, not anew."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Min, Sum
from django.db.models.functions import TruncMonth

from clinic import clock
from clinic.models import AuditEvent, DayCount, MonthCount, Site
from clinic.reports import months
from clinic.reports.counting import count
from clinic.reports.figures import THROUGH

if TYPE_CHECKING:
    from datetime import date

_DAYS_AT_ONCE = 31


def summarise(*, anew: bool = False) -> int:
    """Bring the counts up to the present day; the last day counted is counted again. Returns the days counted.

    Safe to run at any time and any number of times. With `anew` everything is counted from the
    beginning; from the same records it comes to the same.
    """
    if anew:
        DayCount.objects.all().delete()
        MonthCount.objects.all().delete()
    return sum(_summarise(site) for site in Site.objects.all())


def take_stock() -> None:
    """Let SQLite see how much there is of what: without it, it sorts where it could look up.

    PostgreSQL does so by itself.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _summarise(site: Site) -> int:
    last, days = clock.today(site), 0
    first = _resume_at(site)
    while first is not None and first <= last:
        until = min(first + timedelta(days=_DAYS_AT_ONCE - 1), last)
        _store(site, first, until)
        days += (until - first).days + 1
        first = until + timedelta(days=1)
    return days


def _resume_at(site: Site) -> date | None:
    """The last day that was counted, which may not have been over, or the first of which anything is known.

    What was counted by the days of another time zone than the site's is forgotten, and counted anew.
    """
    through = DayCount.objects.filter(site=site, measure=THROUGH).first()
    if through and through.release == site.time_zone:
        return through.day
    DayCount.objects.filter(site=site).delete()
    MonthCount.objects.filter(site=site).delete()
    began = AuditEvent.objects.filter(site=site).aggregate(began=Min("at"))["began"]
    return clock.day(began, site) if began else None


@transaction.atomic
def _store(site: Site, first: date, last: date) -> None:
    Site.objects.select_for_update().get(pk=site.pk)  # whoever comes second waits
    DayCount.objects.filter(site=site, day__gte=first, day__lte=last).delete()
    DayCount.objects.filter(site=site, measure=THROUGH).delete()
    counted = count(site, first=first, last=last)
    rows = [DayCount(site=site, number=number, **each._asdict()) for each, number in counted.items()]
    told = {"measure": THROUGH, "key": clock.now().isoformat(), "release": site.time_zone}
    through = DayCount(site=site, day=last, number=0, **told)
    DayCount.objects.bulk_create([*rows, through], batch_size=500)
    _add_up(site, first.replace(day=1), months.after(last))


def _add_up(site: Site, first: date, until: date) -> None:
    """The months from first to before `until`, from their days."""
    MonthCount.objects.filter(site=site, day__gte=first, day__lt=until).delete()
    days = DayCount.objects.filter(site=site, day__gte=first, day__lt=until).exclude(measure=THROUGH)
    grouped = days.annotate(month=TruncMonth("day")).values_list("month", "measure", "key", "release").order_by()
    rows = [
        MonthCount(site=site, day=month, measure=measure, key=key, release=release, number=number)
        for month, measure, key, release, number in grouped.annotate(total=Sum("number"))
    ]
    MonthCount.objects.bulk_create(rows, batch_size=500)
