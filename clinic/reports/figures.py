"""The figures of the dashboard: sums over the counted days of some sites, and the open work as it is now."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, DateField, F, Q, Sum, Value

from clinic import clock
from clinic.models import DayCount, Lateness, MonthCount, WorkItem
from clinic.models.work import late as is_late
from clinic.reports import months

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date
    from uuid import UUID

    from django.db.models import QuerySet

COMPLETED = "completed"  # the measure that is read by week as well
THROUGH = "through"  # the measure that says up to when a site was counted

_APART = (COMPLETED, THROUGH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days that figures are read for, both ends included; `today` is the latest at any of their sites."""

    first: date
    last: date
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWork:
    """What is waited for now, and how much of it is late."""

    waiting: Mapping[str, int]
    overdue: Mapping[str, int]
    escalated: int
    referrals: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything that is shown, unsuppressed: whoever shows it suppresses."""

    weekly: Mapping[date, Mapping[str, int]]
    totals: Mapping[tuple[str, str, str], int]
    counted_at: datetime | None
    work: OpenWork

    def of(self, measure: str) -> Mapping[str, int]:
        """The counts of a measure by key, whatever the version."""
        counts: Counter[str] = Counter()
        for (counted, key, _release), number in self.totals.items():
            if counted == measure:
                counts[key] += number
        return counts

    def by_version(self, measure: str) -> Mapping[tuple[str, str], int]:
        """The counts of a measure by rule and protocol version."""
        return {(key, release): n for (counted, key, release), n in self.totals.items() if counted == measure}


def figures(sites: Collection[UUID], period: Period) -> Figures:
    """Two queries: one over what was counted, one over the open work."""
    weekly: dict[date, Counter[str]] = {}
    totals: Counter[tuple[str, str, str]] = Counter()
    counted_at = ""
    for measure, key, release, day, number in _counted(sites, period):
        if measure == THROUGH:
            counted_at = max(counted_at, key)
            continue
        totals[measure, key, release] += number
        if day is not None:
            weekly.setdefault(day - timedelta(days=day.weekday()), Counter())[key] += number
    return Figures(
        weekly=dict(sorted(weekly.items())),
        totals=totals,
        counted_at=datetime.fromisoformat(counted_at) if counted_at else None,
        work=_open_work(sites),
    )


def _counted(sites: Collection[UUID], period: Period) -> Iterable[tuple[str, str, str, date | None, int]]:
    """Sums by measure, key and version: what was completed by day, the rest from whole months and days around them."""
    start, until = months.within(period.first, period.last, today=period.today)
    days, whole = DayCount.objects.filter(site__in=sites), MonthCount.objects.filter(site__in=sites)
    completed = days.filter(measure=COMPLETED, day__gte=period.first, day__lte=period.last)
    parts = (
        days.filter(day__gte=period.first, day__lt=start).exclude(measure__in=_APART),
        days.filter(day__gte=until, day__lte=period.last).exclude(measure__in=_APART),
        whole.filter(day__gte=start, day__lt=until).exclude(measure=COMPLETED),
        days.filter(measure=THROUGH),
    )
    sums = [_sums(completed, on=F("day")), *(_sums(part, on=Value(None, DateField())) for part in parts)]
    return sums[0].union(*sums[1:], all=True)


def _sums(rows: QuerySet[DayCount] | QuerySet[MonthCount], *, on: F | Value) -> QuerySet[Any, Any]:
    dated = rows.order_by().annotate(on=on)
    return dated.values_list("measure", "key", "release", "on").annotate(total=Sum("number"))


def _open_work(sites: Collection[UUID]) -> OpenWork:
    now = clock.now()
    rows = WorkItem.objects.filter(site__in=sites).order_by().values_list("kind", "stage", "service")
    counts = rows.annotate(
        number=Count("due"),
        late=Count("due", filter=is_late(now)),
        escalated=Count("chased", filter=Q(chased=Lateness.ESCALATED)),
    )
    waiting: Counter[str] = Counter()
    overdue: Counter[str] = Counter()
    referrals: Counter[tuple[str, str]] = Counter()
    escalated = 0
    for kind, stage, service, number, late, well_late in counts:
        waiting[kind] += number
        overdue[kind] += late
        escalated += well_late
        if stage:
            referrals[service, stage] += number
    return OpenWork(waiting=waiting, overdue=overdue, escalated=escalated, referrals=referrals)


def percentile(days: Mapping[int, int], share: float) -> int | None:
    """The number of days within which that share was reached (nearest rank); None of none."""
    total = sum(days.values())
    needed = max(1, -(-int(total * share * 100) // 100)) if total else 0
    reached = 0
    for waited in sorted(days):
        reached += days[waited]
        if reached >= needed:
            return waited
    return None
