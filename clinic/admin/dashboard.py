"""How many intakes there are at the person's sites, and where they lead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count

from clinic import permissions
from clinic.models import Assessment, Intake, IntakeStatus, Site
from clinic.permissions import Capability
from triage.protocol import Disposition

if TYPE_CHECKING:
    from clinic.models import User


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what is counted, and how many there are at each site."""

    title: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Counts:
    """The table: intakes that were not cancelled, by where their newest answers lead, and the open ones."""

    sites: tuple[Site, ...]
    dispositions: tuple[Row, ...]
    open_intakes: Row


def count_by_disposition(user: User) -> Counts:
    """Numbers only, so that who looks after the clinic needs to see no patient for it."""
    sites = tuple(Site.objects.filter(pk__in=permissions.sites_of(user, Capability.USE_ADMIN)))
    newest = Assessment.objects.newest().exclude(intake__status=IntakeStatus.CANCELLED).order_by()
    grouped = newest.filter(site__in=sites).values_list("disposition", "site").annotate(number=Count("pk"))
    found = {(disposition, site): number for disposition, site, number in grouped}
    opened = Intake.objects.open().filter(site__in=sites).order_by().values_list("site").annotate(number=Count("pk"))
    open_at = dict(opened)
    return Counts(
        sites=sites,
        dispositions=tuple(
            Row(in_words(each), tuple(found.get((each.value, site.pk), 0) for site in sites))
            for each in sorted(Disposition, key=lambda each: -each.rank)
        ),
        open_intakes=Row("Open intakes", tuple(open_at.get(site.pk, 0) for site in sites)),
    )


def in_words(disposition: Disposition) -> str:
    return disposition.value.replace("_", " ").capitalize()
