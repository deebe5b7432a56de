"""The list of what is waited for: its filters, its order and its pages, the same for page and API.

What is due by now comes first, then what is more urgent, then what is due sooner. A page goes on
from the last row of the one before it and keeps the moment at which the first was read, so that
no row is skipped or shown twice because time went by.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import django_filters
from django.core import signing
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic import clock
from clinic.models import LIVE, Lateness, Stage, Work, WorkItem
from triage.protocol import Disposition, Service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clinic.models import Site, User
    from clinic.models.work import WorkItemRows

_SALT = "clinic.waiting"
_SERVICES = {
    Service.PHYSIOTHERAPY: _("Physiotherapy"),
    Service.CBT: _("Cognitive behavioural therapy"),
    Service.PSYCHOLOGY: _("Psychology"),
}
_OUTCOMES = {
    Disposition.EMERGENCY: _("Emergency"),
    Disposition.URGENT_MEDICAL: _("Urgent medical"),
    Disposition.MEDICAL_REVIEW: _("Medical review"),
    Disposition.HOLD_IMAGING: _("Hold for imaging"),
    Disposition.REFER: _("Refer"),
    Disposition.SELF_MANAGE: _("Self-manage"),
    Disposition.INCOMPLETE: _("Incomplete"),
    Disposition.OUT_OF_SCOPE: _("Out of scope"),
}


class WaitingFilters(django_filters.FilterSet):  # type: ignore[misc]  # django-filter ships no types
    """What the list can be narrowed to; a value that is not one of these is an error, not an empty filter."""

    whose = django_filters.ChoiceFilter(
        label=_("Whose"), choices=[("mine", _("Mine"))], method="filter_whose", empty_label=_("My site's")
    )
    kind = django_filters.ChoiceFilter(label=_("Waiting for"), choices=Work.choices, empty_label=_("Anything"))
    stage = django_filters.ChoiceFilter(
        label=_("Referral"), choices=[(each.value, each.label) for each in LIVE], empty_label=_("At any stage")
    )
    service = django_filters.ChoiceFilter(
        label=_("Service"), choices=[(key.value, name) for key, name in _SERVICES.items()], empty_label=_("Any")
    )
    disposition = django_filters.ChoiceFilter(
        label=_("Outcome"), choices=[(key.value, name) for key, name in _OUTCOMES.items()], empty_label=_("Any")
    )
    late = django_filters.ChoiceFilter(
        label=_("Lateness"),
        choices=[("overdue", _("Overdue")), ("escalated", _("Escalated"))],
        method="filter_late",
        empty_label=_("Any"),
    )

    class Meta:
        model = WorkItem
        fields: Sequence[str] = ()

    def filter_whose(self, rows: WorkItemRows, name: str, value: str) -> WorkItemRows:
        return rows.filter(owner=self.request)

    def filter_late(self, rows: WorkItemRows, name: str, value: str) -> WorkItemRows:
        if value == "escalated":
            return rows.filter(chased=Lateness.ESCALATED)
        return rows.late(clock.now())


def waiting(*, user: User, site: Site | None = None, wanted: Mapping[str, Any]) -> WaitingFilters:
    """The filters over what the person may see, at one site or at all of theirs; `qs` holds the rows."""
    rows = WorkItem.objects.visible_to(user)
    return WaitingFilters(wanted, queryset=rows.filter(site=site) if site else rows, request=user)


class BadCursor(ValueError):
    """A cursor that was not given out here."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows in their order, the moment that they were judged at, and the cursor of what follows."""

    rows: Sequence[WorkItem]
    at: datetime
    following: str


@dataclass(frozen=True, slots=True)
class _Place:
    """A row's place in the order."""

    at: datetime
    is_late: bool
    rank: int
    due: datetime
    id: UUID


def page(rows: WorkItemRows, *, size: int, cursor: str = "") -> Page:
    """The next rows after a cursor; the first ones without. Two queries at most."""
    place = _read(cursor) if cursor else None
    at = place.at if place else clock.now()
    shown = rows.select_related("patient__kept_key", "owner", "referral")
    found: list[WorkItem] = []
    if place is None or place.is_late:
        found = list(_after(shown.filter(due__lte=at), place)[: size + 1])
    if len(found) <= size:
        after = place if place and not place.is_late else None
        found += _after(shown.filter(due__gt=at), after)[: size + 1 - len(found)]
    kept = found[:size]
    return Page(kept, at, _write(kept[-1], at) if len(found) > size else "")


def _after(rows: WorkItemRows, place: _Place | None) -> WorkItemRows:
    ordered = rows.order_by("-rank", "due", "id")
    if place is None:
        return ordered
    same_due = Q(rank=place.rank, due=place.due, id__gt=place.id)
    return ordered.filter(rank__lte=place.rank).filter(
        Q(rank__lt=place.rank) | Q(rank=place.rank, due__gt=place.due) | same_due
    )


def _write(row: WorkItem, at: datetime) -> str:
    return signing.dumps(
        [at.isoformat(), row.due <= at, row.rank, row.due.isoformat(), str(row.pk)], salt=_SALT, compress=True
    )


def _read(cursor: str) -> _Place:
    try:
        at, is_late, rank, due, identity = signing.loads(cursor, salt=_SALT)
    except signing.BadSignature as error:
        raise BadCursor("This page of the list is not known.") from error
    return _Place(datetime.fromisoformat(at), is_late, rank, datetime.fromisoformat(due), UUID(identity))


def overdue(rows: WorkItemRows, *, at: datetime, most: int = 100) -> int:
    """How many rows are past their deadline, counted no further than `most`."""
    return len(rows.late(at).order_by().values_list("pk", flat=True)[:most])


def is_declined(row: WorkItem) -> bool:
    """Whether the row is a referral that came back and has to be sent elsewhere."""
    return row.stage == Stage.DECLINED
