"""One visit's answers to one release of a protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic import clock
from clinic.models.base import EditedRecord, SealedParagraph, SiteQuerySet, history
from clinic.models.document import Document
from clinic.models.patient import AboutPatient, Patient
from clinic.models.people import Site
from clinic.models.protocol import ProtocolRelease
from clinic.permissions import Capability

if TYPE_CHECKING:
    from clinic.models.people import User


class IntakeStatus(models.TextChoices):
    OPEN = "open", _("Open")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")


class IntakeRows(SiteQuerySet["Intake"]):
    reading = Capability.READ_PATIENT
    patient_path = "patient"

    def open(self) -> Self:
        return self.filter(status=IntakeStatus.OPEN)

    def with_context(self) -> Self:
        """With patient, site and release at hand, but not the release's long source."""
        return self.select_related("patient__kept_key", "site", "release").defer("release__source")

    def locked(self) -> Self:
        """Held until the transaction ends: whoever changes an intake reads it so."""
        return self.with_context().select_for_update(of=("self",))


def _both_or_neither(name: str, status: IntakeStatus) -> models.CheckConstraint:
    """The status holds exactly where it is known who brought it about and when."""
    who, when = f"{name}_by__isnull", f"{name}_at__isnull"
    return models.CheckConstraint(
        name=f"intake_{name}_who_and_when",
        condition=Q(status=status, **{who: False, when: False}) | (~Q(status=status) & Q(**{who: True, when: True})),
    )


class Intake(AboutPatient, EditedRecord):
    """The answers of one patient, as far as they have been given.

    `answers` holds the long form: value, source, time and person for each question, and what
    another source said where it `disputes` the value. `version` counts the changes of answers;
    each has an assessment of its own, with the same number. `revision` counts every change, that of
    its status too, and never goes back: it tells whoever changes the intake whether they saw it as it is.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="intakes")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="intakes")
    release = models.ForeignKey(ProtocolRelease, on_delete=models.PROTECT, related_name="intakes")
    status = models.CharField(max_length=10, choices=IntakeStatus, default=IntakeStatus.OPEN)
    answers = Document(default=dict, blank=True)
    version = models.PositiveIntegerField(default=1)
    revision = models.PositiveIntegerField(default=0, editable=False)
    follows = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="followed_by")
    opened_at = models.DateTimeField(default=clock.now)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    completed_at = models.DateTimeField(null=True, blank=True)
    completed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    cancel_reason = SealedParagraph(blank=True)
    reopen_reason = SealedParagraph(blank=True, editable=False)

    history = history(excluded=("revision",), bases=(AboutPatient,))
    objects = IntakeRows.as_manager()

    class Meta:
        ordering = ("-opened_at", "-id")
        indexes = (models.Index(fields=("site", "status", "-opened_at")),)
        constraints = (
            models.UniqueConstraint(
                fields=("patient",),
                condition=Q(status=IntakeStatus.OPEN),
                name="intake_one_open",
                violation_error_message="This patient has an open intake already.",
            ),
            models.CheckConstraint(name="intake_status_known", condition=Q(status__in=IntakeStatus.values)),
            _both_or_neither("completed", IntakeStatus.COMPLETED),
            _both_or_neither("cancelled", IntakeStatus.CANCELLED),
        )

    def __str__(self) -> str:
        return f"{self.patient}, {self.opened_at:%Y-%m-%d}"

    def save_as(self, *, by: User, reason: str) -> None:
        self.revision += 1
        super().save_as(by=by, reason=reason)

    @property
    def is_open(self) -> bool:
        return self.status == IntakeStatus.OPEN
