"""Who did what about an imaging study; the studies themselves are an answer of the intake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic import clock
from clinic.models.assessment import Assessment
from clinic.models.base import AppendOnlyRecord, SealedParagraph, SiteQuerySet
from clinic.models.intake import Intake
from clinic.models.people import Site
from clinic.permissions import Capability

if TYPE_CHECKING:
    from clinic.models.patient import PatientKey


class StudyStep(models.TextChoices):
    """What became of a study."""

    RECORDED = "recorded", _("Recorded")
    PERFORMED = "performed", _("Done, report awaited")
    REPORTED = "reported", _("Reported")
    UNAVAILABLE = "unavailable", _("Report not available")
    CLASSED = "classed", _("Classed")
    CANCELLED = "cancelled", _("Cancelled")


class StudyEventRows(SiteQuerySet["StudyEvent"]):
    reading = Capability.READ_PATIENT
    patient_path = "intake__patient"


class StudyEvent(AppendOnlyRecord):
    """One step of the study at place `number`, counted from 1, and the assessment that it led to."""

    intake = models.ForeignKey(Intake, on_delete=models.PROTECT, related_name="study_events")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="study_events")
    number = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=12, choices=StudyStep)
    note = SealedParagraph(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    objects = StudyEventRows.as_manager()

    class Meta:
        ordering = ("at", "id")
        constraints = (models.CheckConstraint(name="study_step_known", condition=Q(step__in=StudyStep.values)),)

    def __str__(self) -> str:
        return f"study {self.number} {self.step}"

    @property
    def key(self) -> PatientKey | None:
        return self.intake.patient.key
