"""The act that follows a decision, and where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from clinic import clock
from clinic.models.assessment import Assessment
from clinic.models.base import AppendOnlyRecord, Line, SealedParagraph, SiteQuerySet
from clinic.models.patient import Patient
from clinic.models.people import Site
from clinic.permissions import Capability
from triage.protocol import PRIORITIES, Service

if TYPE_CHECKING:
    from collections.abc import Collection

    from clinic.models.patient import PatientKey


class Stage(models.TextChoices):
    """Where a referral stands."""

    PROPOSED = "proposed", _("Proposed")
    ACCEPTED = "accepted", _("Accepted")
    SENT = "sent", _("Sent")
    RECEIVED = "received", _("Received")
    BOOKED = "booked", _("Booked")
    SEEN = "seen", _("Seen")
    CLOSED = "closed", _("Closed")
    DECLINED = "declined", _("Declined")
    CANCELLED = "cancelled", _("Cancelled")


ENDED = (Stage.CLOSED, Stage.CANCELLED)
GONE_OUT = (Stage.SENT, Stage.RECEIVED, Stage.BOOKED, Stage.SEEN)  # the service has the letter
LIVE = tuple(stage for stage in Stage if stage not in ENDED)


class ReferralRows(SiteQuerySet["Referral"]):
    reading = Capability.READ_REFERRAL
    patient_path = "patient"

    def live(self) -> Self:
        """Those that somebody still waits for."""
        return self.at_stage(LIVE)

    def at_stage(self, stages: Collection[Stage]) -> Self:
        """Those whose newest status is one of these."""
        newest = ReferralStatus.objects.filter(referral=OuterRef("pk")).order_by("-seq")
        return self.alias(stage_now=Subquery(newest.values("status")[:1])).filter(stage_now__in=stages)


class Referral(AppendOnlyRecord):
    """One service that a patient is referred to; its statuses are rows of their own."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="referrals")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="referrals")
    service = models.CharField(max_length=20)
    priority = models.CharField(max_length=10)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = ReferralRows.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=("assessment", "service"), name="referral_once"),
            models.CheckConstraint(
                name="referral_service_known",
                condition=Q(service__in=[service.value for service in Service]),
            ),
            models.CheckConstraint(
                name="referral_priority_known",
                condition=Q(priority__in=[priority.value for priority in PRIORITIES]),
            ),
        )

    def __str__(self) -> str:
        return f"{self.service}, {self.priority}"

    @property
    def status(self) -> Stage:
        """Where it stands now; one query, or none where the statuses are prefetched."""
        return Stage(self.newest_step.status)

    @property
    def newest_step(self) -> ReferralStatus:
        return max(self.statuses.all(), key=lambda each: each.seq)


class ReferralStatusRows(SiteQuerySet["ReferralStatus"]):
    reading = Capability.READ_REFERRAL
    patient_path = "referral__patient"


class ReferralStatus(AppendOnlyRecord):
    """One step of a referral; the newest is where it stands.

    `due` is when the next step is to have been taken; only what has ended waits for none.
    """

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="statuses")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    seq = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=10, choices=Stage)
    reason = SealedParagraph(blank=True)
    destination = Line(max_length=200, blank=True)
    appointment = models.DateField(null=True, blank=True)
    due = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    objects = ReferralStatusRows.as_manager()

    class Meta:
        ordering = ("referral", "seq")
        verbose_name_plural = "referral statuses"
        indexes = (models.Index(fields=("site", "at"), name="referral_steps_of_a_day"),)
        constraints = (
            models.UniqueConstraint(fields=("referral", "seq"), name="referral_status_in_order"),
            models.CheckConstraint(name="referral_status_known", condition=Q(status__in=Stage.values)),
            models.CheckConstraint(
                name="referral_open_has_deadline",
                condition=(Q(status__in=ENDED) & Q(due__isnull=True)) | (~Q(status__in=ENDED) & Q(due__isnull=False)),
            ),
            models.CheckConstraint(
                name="referral_ended_has_reason",
                condition=~Q(status__in=[Stage.DECLINED, Stage.CANCELLED]) | ~Q(reason=""),
                violation_error_message="Say why.",
            ),
            models.CheckConstraint(
                name="referral_booked_has_day", condition=~Q(status=Stage.BOOKED) | Q(appointment__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return str(Stage(self.status).label)

    @property
    def key(self) -> PatientKey | None:
        return self.referral.patient.key
