"""What a release would have said of the patients that were: nothing about any intake is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic import clock
from clinic.models.assessment import Assessment
from clinic.models.base import AppendOnlyRecord, AuditedQuerySet, Line, Record, SiteQuerySet
from clinic.models.people import Site
from clinic.models.protocol import ProtocolRelease
from clinic.permissions import Capability

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

_IN_ONE_STATEMENT = 500


class ReplayRows(AuditedQuerySet["Replay"]):
    def of_the_past(self) -> Self:
        return self.filter(shadow_at=None)

    def shadows(self) -> Self:
        return self.exclude(shadow_at=None)

    def running(self) -> Self:
        return self.filter(finished_at=None)


class Replay(Record):
    """One run of a protocol over the stored intakes, and how far it has come: a count, kept without history.

    It can be stopped and taken up again: `cursor` is the last assessment that is done with. A
    file that is no release here has a digest all the same. With `shadow_at` it is no run over the
    past: the release shadows the one that this site follows, on each new assessment until it is
    finished.
    """

    release = models.ForeignKey(ProtocolRelease, on_delete=models.PROTECT, null=True, related_name="replays")
    name = Line(max_length=90)
    sha256 = models.CharField(max_length=64)
    engine_version = models.CharField(max_length=20)
    cursor = models.UUIDField(null=True)
    done = models.PositiveIntegerField(default=0)
    differing = models.PositiveIntegerField(default=0)
    totals: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True)
    shadow_at = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, related_name="shadows")

    objects = ReplayRows.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("release", "-id"), name="replays_of_a_release"),)
        constraints = (
            models.UniqueConstraint(
                fields=("shadow_at",), condition=Q(finished_at__isnull=True), name="replay_one_shadow_at_a_site"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name}, {self.started_at:%Y-%m-%d}"


class ReplayCaseRows(SiteQuerySet["ReplayCase"]):
    reading = Capability.READ_ASSESSMENT

    def keep(self, cases: Sequence[ReplayCase]) -> None:
        """Write many at once: they are written once, so that no history is passed by."""
        super(AuditedQuerySet, self).bulk_create(cases, batch_size=_IN_ONE_STATEMENT)


class ReplayCase(AppendOnlyRecord):
    """One intake of which the replayed protocol says something else; `old` and `new` say what."""

    replay = models.ForeignKey(Replay, on_delete=models.PROTECT, related_name="cases")
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    old_disposition = models.CharField(max_length=20)
    new_disposition = models.CharField(max_length=20)
    old: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    new: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)

    objects = ReplayCaseRows.as_manager()

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("replay", "assessment"), name="replay_case_once"),)

    def __str__(self) -> str:
        return f"{self.old_disposition} -> {self.new_disposition}"
