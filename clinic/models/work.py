"""What a site waits for, and what was late. The rows of work are a reading aid, made from the records."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic import clock, permissions
from clinic.models.base import AppendOnlyRecord, SiteQuerySet, uuid7
from clinic.models.intake import Intake
from clinic.models.patient import Patient
from clinic.models.people import Site
from clinic.models.referral import Referral, Stage
from clinic.permissions import Capability

if TYPE_CHECKING:
    from datetime import datetime

    from clinic.models.people import User

NOW_IS_LATE_AFTER = timedelta(
    minutes=15
)  # an assumption (hazard log, H24): what is to be done now is not late a second later


class Work(models.TextChoices):
    """What is waited for."""

    STOP = "stop", _("A record of what was done")
    RAISED = "raised", _("What was ticked and not saved")
    ANSWERS = "answers", _("Answers")
    DECISION = "decision", _("A clinician's decision")
    REPORT = "report", _("An imaging report")
    CLASS = "class", _("A clinician's class of a report")
    REFERRAL = "referral", _("The next step of a referral")
    OVERTAKEN = "overtaken", _("A referral that newer advice has overtaken")


def late(at: datetime) -> Q:
    """Which items are late at a moment."""
    return Q(due__lt=at) & (Q(due__gt=F("since")) | Q(due__lt=at - NOW_IS_LATE_AFTER))


class WorkItemRows(models.QuerySet["WorkItem"]):
    def visible_to(self, user: User) -> Self:
        """What the person may see: referrals by one right, all else by another."""
        patients = permissions.sites_of(user, Capability.READ_PATIENT)
        referrals = permissions.sites_of(user, Capability.READ_REFERRAL)
        return self.filter(
            (Q(site__in=patients) & Q(referral=None))
            | (Q(site__in=referrals) & Q(referral__isnull=False))
            | self._opened_to(user)
        )

    def late(self, at: datetime) -> Self:
        """What is past its deadline; what was due as soon as it was seen, once there was time to do it."""
        return self.filter(late(at))

    def _opened_to(self, user: User) -> Q:
        patient = permissions.patient_opened_to(user, Capability.READ_PATIENT)
        return Q(patient=patient) if patient else Q()


class WorkItem(models.Model):
    """One thing that is waited for, since when and until when; written by `clinic.actions.work` alone.

    It holds nothing that the records do not say: it is there so that a worklist is one query
    however many records there are. `rank` is the rank of the disposition, raised where lateness
    was escalated; `open_questions` counts what may still change the outcome.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="work")
    intake = models.ForeignKey(Intake, on_delete=models.PROTECT, related_name="work")
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, null=True, related_name="work")
    study = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=10, choices=Work)
    stage = models.CharField(max_length=10, choices=Stage, blank=True)
    service = models.CharField(max_length=20, blank=True)
    disposition = models.CharField(max_length=20)
    rank = models.PositiveSmallIntegerField()
    open_questions = models.PositiveSmallIntegerField(default=0)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    due = models.DateTimeField()
    chased = models.PositiveSmallIntegerField(default=0)  # how often its lateness was acted on: `Lateness`

    objects = WorkItemRows.as_manager()

    class Meta:
        ordering = ("-rank", "due", "id")
        indexes = (
            models.Index(fields=("site", "-rank", "due", "id"), name="work_by_urgency"),
            models.Index(fields=("site", "owner", "-rank", "due", "id"), name="work_of_one"),
            models.Index(fields=("due",), name="work_by_deadline"),
            models.Index(fields=("-rank", "due", "id"), name="work_of_all_sites"),
            models.Index(fields=("site", "kind", "stage", "service", "due", "chased"), name="work_counted"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("intake", "study"), condition=Q(referral__isnull=True), name="work_once_for_intake"
            ),
            models.UniqueConstraint(fields=("referral",), name="work_once_for_referral"),
            models.CheckConstraint(name="work_kind_known", condition=Q(kind__in=Work.values)),
        )

    def __str__(self) -> str:
        return f"{self.kind} until {self.due:%Y-%m-%d}"

    @property
    def is_now(self) -> bool:
        """Whether it was due as soon as it was seen."""
        return self.due <= self.since

    def is_late(self, at: datetime) -> bool:
        """As `late` has it."""
        return self.due < at - (NOW_IS_LATE_AFTER if self.is_now else timedelta(0))


class Lateness(models.IntegerChoices):
    """How far the lateness of something has gone."""

    ON_TIME = 0, _("In time")
    CHASED = 1, _("Chased")
    ESCALATED = 2, _("Escalated")


class EscalationRows(SiteQuerySet["Escalation"]):
    reading = Capability.READ_PATIENT
    patient_path = "intake__patient"


class Escalation(AppendOnlyRecord):
    """Something was late and its lateness was acted on: once when it was due, once well after."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    intake = models.ForeignKey(Intake, on_delete=models.PROTECT, related_name="escalations")
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, null=True, blank=True, related_name="escalations")
    study = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=10, choices=Work)
    stage = models.CharField(max_length=10, choices=Stage, blank=True)
    due = models.DateTimeField()
    level = models.PositiveSmallIntegerField(choices=Lateness)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    objects = EscalationRows.as_manager()

    class Meta:
        ordering = ("-at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("intake", "study", "kind", "due", "level"),
                condition=Q(referral__isnull=True),
                name="escalation_once_for_intake",
            ),
            models.UniqueConstraint(
                fields=("referral", "kind", "due", "level"),
                condition=Q(referral__isnull=False),
                name="escalation_once_for_referral",
            ),
            models.CheckConstraint(name="escalation_level_known", condition=Q(level__in=Lateness.values)),
        )

    def __str__(self) -> str:
        return f"{Lateness(self.level).label}: {self.kind} due {self.due:%Y-%m-%d}"


class Count(models.Model):
    """How many there were of one kind in some time at one site: what the dashboard adds up.

    A reading aid as well: made from the records of days that are over, and made anew at will.
    `measure` says what is counted ("disposition", "flag" ...), `key` which of them; `release` is
    the protocol's version where the measure is read by version.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    measure = models.CharField(max_length=30)
    key = models.CharField(max_length=120)
    release = models.CharField(max_length=90, blank=True)
    number = models.PositiveIntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.measure} {self.key}: {self.number}"


class DayCount(Count):
    """What one day came to."""

    class Meta:
        indexes = (
            models.Index(fields=("site", "measure", "day", "key", "release", "number"), name="counts_of_a_measure"),
        )
        constraints = (
            models.UniqueConstraint(fields=("site", "day", "measure", "key", "release"), name="day_count_once"),
        )


class MonthCount(Count):
    """What the days of one month came to; `day` is its first."""

    class Meta:
        indexes = (
            models.Index(fields=("site", "day", "measure", "key", "release", "number"), name="counts_of_months"),
        )
        constraints = (
            models.UniqueConstraint(fields=("site", "day", "measure", "key", "release"), name="month_count_once"),
        )
