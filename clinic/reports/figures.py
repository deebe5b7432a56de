"""The figures of the dashboard: sums over the counted days of some sites, and the open work as it is now."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Case, Count, DateField, Max, Q, Sum, Value, When
from django.db.models.functions import TruncWeek

from clinic import clock
from clinic.models import DayCount, Lateness, WorkItem

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date
    from uuid import UUID

THROUGH = "through"  # the measure that says up to when a site was counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days that figures are read for, both ends included."""

    first: date
    last: date


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
    """Two queries: one over the counted days, one over the open work."""
    weekly: dict[date, Counter[str]] = {}
    totals: Counter[tuple[str, str, str]] = Counter()
    counted_at = ""
    for row in _counted(sites, period):
        measure, key, release, week, number, latest = row
        if measure == THROUGH:
            counted_at = max(counted_at, latest)
            continue
        totals[measure, key, release] += number
        if week is not None:
            weekly.setdefault(week, Counter())[key] += number
    return Figures(
        weekly=dict(sorted(weekly.items())),
        totals=totals,
        counted_at=datetime.fromisoformat(counted_at) if counted_at else None,
        work=_open_work(sites),
    )


def _counted(sites: Collection[UUID], period: Period) -> Sequence[tuple[str, str, str, date | None, int, str]]:
    """Sums by measure, key and version; of completed intakes also by week."""
    week = Case(When(measure="completed", then=TruncWeek("day")), default=Value(None), output_field=DateField())
    within = Q(day__gte=period.first, day__lte=period.last) | Q(measure=THROUGH)
    rows = DayCount.objects.filter(within, site__in=sites).annotate(week=week)
    grouped = rows.values_list("measure", "key", "release", "week").order_by()
    return list(grouped.annotate(total=Sum("number"), latest=Max("key")))


def _open_work(sites: Collection[UUID]) -> OpenWork:
    now = clock.now()
    rows = WorkItem.objects.filter(site__in=sites).order_by().values_list("kind", "stage", "service")
    counts = rows.annotate(
        number=Count("pk"),
        late=Count("pk", filter=Q(due__lt=now)),
        escalated=Count("pk", filter=Q(chased=Lateness.ESCALATED)),
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
