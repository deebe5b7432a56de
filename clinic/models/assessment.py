"""What was advised, on what grounds; what the clinician made of it; what was done at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Prefetch, Q
from django.utils.translation import gettext_lazy as _

from clinic import clock, permissions
from clinic.models.base import AppendOnlyRecord, Row_co, SealedParagraph, SiteQuerySet
from clinic.models.document import Document
from clinic.models.intake import Intake, IntakeStatus
from clinic.models.people import Site
from clinic.models.protocol import ProtocolRelease
from clinic.permissions import Capability
from triage.changes import same_advice
from triage.protocol import Urgency

if TYPE_CHECKING:
    from datetime import datetime

    from clinic.models.patient import PatientKey
    from clinic.models.people import User


_NEWEST = "newest_of_all"  # on an intake: its newest assessment, where it was read beforehand
AT_ONCE = (Urgency.NOW, Urgency.SAME_DAY)


class AssessmentRows(SiteQuerySet["Assessment"]):
    reading = Capability.READ_ASSESSMENT
    patient_path = "intake__patient"

    def visible_to(self, user: User) -> Self:
        """Those of the person's sites; to a clerk, of open intakes and of those they opened."""
        return self.filter(self._seen_by(user))

    def to_act_on(self, user: User) -> Self:
        """The same and, whoever completed the intake, what cannot wait, to those who record what was done about it."""
        acting = permissions.sites_of(user, Capability.RECORD_STOP)
        return self.filter(self._seen_by(user) | Q(site__in=acting, urgency__in=AT_ONCE))

    def _seen_by(self, user: User) -> Q:
        whole = permissions.sites_of(user, Capability.READ_ASSESSMENT)
        drafts = permissions.sites_of(user, Capability.READ_DRAFT)
        draft = Q(intake__status=IntakeStatus.OPEN) | Q(intake__opened_by=user.pk)
        return Q(site__in=whole) | (Q(site__in=drafts) & draft) | self.opened_to(user)

    def newest(self) -> Self:
        """Of each intake the assessment of its answers as they are now."""
        return self.filter(version=F("intake__version"))


class Assessment(AppendOnlyRecord):
    """One evaluation, kept whole: who, when, on which answers, by which protocol and engine, why.

    `outcome` is the explanation that page, letter and API show; the columns beside it repeat
    what lists are filtered by.
    """

    intake = models.ForeignKey(Intake, on_delete=models.PROTECT, related_name="assessments")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    release = models.ForeignKey(ProtocolRelease, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    protocol_digest = models.CharField(max_length=64)
    engine_version = models.CharField(max_length=20)
    answers = Document(blank=True)
    outcome = Document()
    disposition = models.CharField(max_length=20)
    urgency = models.CharField(max_length=10)
    floor = models.CharField(max_length=20)
    ceiling = models.CharField(max_length=20)
    exclusion = models.CharField(max_length=4)
    on = models.DateField()
    at = models.DateTimeField(default=clock.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = AssessmentRows.as_manager()

    class Meta:
        ordering = ("-at", "-version")
        indexes = (models.Index(fields=("site", "disposition", "-at")),)
        constraints = (models.UniqueConstraint(fields=("intake", "version"), name="assessment_version_once"),)

    def __str__(self) -> str:
        return f"{self.disposition} on {self.on:%Y-%m-%d}"

    @property
    def overtaken_by(self) -> Assessment | None:
        """The newest assessment of the intake, where that advises something else."""
        held = getattr(self.intake, _NEWEST, None)
        (newest,) = held or Assessment.objects.newest().filter(intake=self.intake_id)
        return None if newest.pk == self.pk or same_advice(self.outcome, newest.outcome) else newest


def what_overtook() -> Prefetch[str, AssessmentRows, str]:
    """Of rows about assessments, all that `overtaken_by` asks for, in one query."""
    return Prefetch("assessment__intake__assessments", Assessment.objects.newest(), _NEWEST)


class DecisionKind(models.TextChoices):
    ACCEPTED = "accepted", _("Accepted")
    CHANGED = "changed", _("Changed")
    REJECTED = "rejected", _("Rejected")


class ReasonCode(models.TextChoices):
    """Why a clinician decided otherwise than advised."""

    MORE_URGENT = "clinical_judgement_more_urgent", _("Clinical judgement: more urgent")
    LESS_URGENT = "clinical_judgement_less_urgent", _("Clinical judgement: less urgent")
    INFORMATION_INCORRECT = "information_incorrect", _("The information entered is not correct")
    NEW_INFORMATION = "new_information", _("New information that the intake does not hold")
    PATIENT_PREFERENCE = "patient_preference", _("The patient prefers otherwise")
    ALREADY_IN_TREATMENT = "already_in_treatment", _("Already in treatment or referred elsewhere")
    SERVICE_UNAVAILABLE = "service_unavailable", _("The service is not available")
    OTHER = "other", _("Other (say what)")


class AboutAssessmentRows(SiteQuerySet[Row_co]):
    """Rows about an assessment, and so about its patient."""

    patient_path = "assessment__intake__patient"

    def of_intake(self, assessment: Assessment, *, at: datetime | None = None) -> Self:
        """Those about any assessment of the same intake; of a moment of the past, those that were there then."""
        rows = self.filter(assessment__intake=assessment.intake_id)
        return rows.filter(at__lte=at) if at else rows

    def with_patient(self) -> Self:
        """With whom they are about and by whom they are, but without the long columns that no list shows."""
        joined = self.select_related("assessment__intake__patient__kept_key", "by")
        return joined.defer("assessment__outcome", "assessment__answers", "assessment__intake__answers")


class AboutAssessment(models.Model):
    """A row about an assessment; what is written in it lies under the key of the patient."""

    assessment: Any

    class Meta:
        abstract = True

    @property
    def key(self) -> PatientKey | None:
        return self.assessment.intake.patient.key  # type: ignore[no-any-return]


class DecisionRows(AboutAssessmentRows["Decision"]):
    reading = Capability.READ_ASSESSMENT

    def standing(self, assessment: Assessment, *, at: datetime | None = None) -> Decision | None:
        """The decision on this advice: on this assessment, or on an earlier one that gave the same."""
        rows = self.of_intake(assessment, at=at).filter(assessment__version__lte=assessment.version)
        last = rows.select_related("assessment", "by").order_by("-assessment__version").first()
        return last if last and same_advice(last.assessment.outcome, assessment.outcome) else None


class Decision(AboutAssessment, AppendOnlyRecord):
    """What the clinician made of an assessment; `services` are those the patient is referred to."""

    assessment = models.OneToOneField(Assessment, on_delete=models.PROTECT, related_name="decision")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=DecisionKind)
    reason = models.CharField(max_length=40, choices=ReasonCode, blank=True)
    note = SealedParagraph(blank=True)
    disposition = models.CharField(max_length=20)
    services: models.JSONField[list[str], list[str]] = models.JSONField(default=list, blank=True)
    lowers = models.BooleanField(default=False, help_text="An emergency or same-day advice was not followed.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    objects = DecisionRows.as_manager()

    class Meta:
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("site", "at"), name="decisions_of_a_day"),)
        constraints = (
            models.CheckConstraint(name="decision_kind_known", condition=Q(kind__in=DecisionKind.values)),
            models.CheckConstraint(
                name="decision_has_reason",
                condition=Q(kind=DecisionKind.ACCEPTED) | Q(reason__in=ReasonCode.values),
                violation_error_message="Changing or rejecting an advice needs a reason.",
            ),
            models.CheckConstraint(
                name="decision_other_has_note",
                condition=~Q(reason=ReasonCode.OTHER) | ~Q(note=""),
                violation_error_message="Say in the note what the reason is.",
            ),
        )

    def __str__(self) -> str:
        return f"{DecisionKind(self.kind).label}: {self.disposition}"


class StopRows(AboutAssessmentRows["StopRecord"]):
    reading = Capability.READ_PATIENT


class StopRecord(AboutAssessment, AppendOnlyRecord):
    """What was done about an outcome that could not wait."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="stop_records")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    text = SealedParagraph()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    objects = StopRows.as_manager()

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"done on {self.at:%Y-%m-%d %H:%M}"
