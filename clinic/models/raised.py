"""What somebody ticked that cannot wait, before it was saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models

from clinic import clock
from clinic.models.base import AppendOnlyRecord, SealedParagraph, SiteQuerySet
from clinic.models.document import Document
from clinic.models.intake import Intake
from clinic.models.people import Site
from clinic.permissions import Capability

if TYPE_CHECKING:
    from clinic.models.patient import PatientKey


class RaisedRows(SiteQuerySet["RaisedStop"]):
    reading = Capability.READ_PATIENT
    patient_path = "intake__patient"

    def not_taken_back(self) -> Self:
        return self.filter(taken_back__isnull=True)


class RaisedStop(AppendOnlyRecord):
    """Answers that were typed and not saved, and that cannot wait.

    It stands until an assessment has its reasons, or until somebody takes it back. `answers` holds no more of what was
    typed than those reasons read; `outcome` what is to be done, and only the reasons that are new. `version` is that of the
    answers beside which it was typed.
    """

    intake = models.ForeignKey(Intake, on_delete=models.PROTECT, related_name="raised")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    answers = Document()
    outcome = Document()
    disposition = models.CharField(max_length=20)
    urgency = models.CharField(max_length=10)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    objects = RaisedRows.as_manager()

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.disposition}, typed on {self.at:%Y-%m-%d %H:%M}"


class TakenBackRows(SiteQuerySet["TakenBack"]):
    reading = Capability.READ_PATIENT
    patient_path = "raised__intake__patient"


class TakenBack(AppendOnlyRecord):
    """That what was ticked is not so, and why."""

    raised = models.OneToOneField(RaisedStop, on_delete=models.PROTECT, related_name="taken_back")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    reason = SealedParagraph()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    objects = TakenBackRows.as_manager()

    class Meta:
        ordering = ("at", "id")
        verbose_name_plural = "taken back"

    def __str__(self) -> str:
        return f"taken back on {self.at:%Y-%m-%d %H:%M}"

    @property
    def key(self) -> PatientKey | None:
        return self.raised.intake.patient.key
