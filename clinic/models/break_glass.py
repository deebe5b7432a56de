"""Emergency accesses: who opened the record of a patient of another site, why, until when, and what a review found."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic import clock
from clinic.models.base import EditedRecord, SealedParagraph, SiteQuerySet, history
from clinic.models.patient import AboutPatient, Patient
from clinic.models.people import Site
from clinic.permissions import Capability

SHORTEST_NOTE = 10  # characters


class EmergencyReason(models.TextChoices):
    """Why the other site is not asked first."""

    URGENT = "urgent", _("Urgent symptoms: the patient cannot wait")
    HARM = "harm", _("Risk of harm to the patient or to others")
    UNREACHABLE = "unreachable", _("The patient is here and their own site cannot be reached")
    OTHER = "other", _("Other (say what)")


class Ending(models.TextChoices):
    """How an access ended."""

    STOPPED = "stopped", _("Stopped by the person")
    EXPIRED = "expired", _("Its time was up")
    WITHDRAWN = "withdrawn", _("The person's role ended")


class Finding(models.TextChoices):
    """What whoever reviewed an access made of it."""

    JUSTIFIED = "justified", _("Justified")
    NOT_JUSTIFIED = "not_justified", _("Not justified")
    UNCLEAR = "unclear", _("Unclear, followed up")


class BreakGlassRows(SiteQuerySet["BreakGlass"]):
    reading = Capability.REVIEW_BREAK_GLASS

    def open(self) -> Self:
        """Those that nobody and nothing has ended yet, also where their time is up."""
        return self.filter(ended_at__isnull=True)

    def unreviewed(self) -> Self:
        return self.filter(reviewed_at__isnull=True)


def _together(name: str, *columns: str) -> models.CheckConstraint:
    """These columns are all filled in, or none is."""
    empty = {f"{each}__isnull": True for each in columns[:-1]} | {columns[-1]: ""}
    filled = Q(**{f"{each}__isnull": False for each in columns[:-1]}) & ~Q(**{columns[-1]: ""})
    return models.CheckConstraint(name=name, condition=Q(**empty) | filled)


class BreakGlass(AboutPatient, EditedRecord):
    """One person's emergency access to the records of one patient of another site; it lets them read, and nothing else."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=20, choices=EmergencyReason)
    note = SealedParagraph(validators=[MinLengthValidator(SHORTEST_NOTE)])
    started_at = models.DateTimeField(default=clock.now)
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ending = models.CharField(max_length=10, choices=Ending, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    finding = models.CharField(max_length=20, choices=Finding, blank=True)
    remark = SealedParagraph(blank=True)

    history = history(bases=(AboutPatient,))
    objects = BreakGlassRows.as_manager()

    class Meta:
        verbose_name = _("emergency access")
        verbose_name_plural = _("emergency accesses")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("by", "patient"), condition=Q(ended_at__isnull=True), name="break_glass_one_open"
            ),
            models.CheckConstraint(name="break_glass_ends", condition=Q(ends_at__gt=F("started_at"))),
            models.CheckConstraint(name="break_glass_reason_known", condition=Q(reason__in=EmergencyReason.values)),
            _together("break_glass_ended_how", "ended_at", "ending"),
            _together("break_glass_reviewed_by_whom", "reviewed_at", "reviewed_by", "finding"),
            models.CheckConstraint(
                name="break_glass_reviewed_by_another",
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("by")),
            ),
            models.CheckConstraint(
                name="break_glass_reviewed_when_over",
                condition=Q(reviewed_at__isnull=True) | Q(ended_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.by}, {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None or self.ends_at <= clock.now()
