"""The letters that left the clinic; the words of each follow from the assessment that it tells of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic import clock, permissions
from clinic.models.assessment import AboutAssessmentRows, Assessment
from clinic.models.base import AppendOnlyRecord, Line
from clinic.models.people import Site
from clinic.models.referral import Referral
from clinic.permissions import Capability

if TYPE_CHECKING:
    from clinic.models.people import User


class LetterKind(models.TextChoices):
    """Whom a letter is for."""

    PHYSIOTHERAPY = "physiotherapy", _("Physiotherapy")
    CBT = "cbt", _("CBT")
    PSYCHOLOGY = "psychology", _("Psychology")
    GP = "gp", _("General practitioner")
    EMERGENCY = "emergency", _("Emergency department")
    PATIENT = "patient", _("Patient")


class LetterRows(AboutAssessmentRows["Letter"]):
    reading = Capability.READ_ASSESSMENT

    def visible_to(self, user: User) -> Self:
        """Those of the person's sites; to who acts on what cannot wait, the emergency letters they handed out themselves."""
        whole = permissions.sites_of(user, self.reading)
        acting = permissions.sites_of(user, Capability.RECORD_STOP)
        own = Q(site__in=acting, kind=LetterKind.EMERGENCY, by=user.pk)
        return self.filter(Q(site__in=whole) | own | self.opened_to(user))


class Letter(AppendOnlyRecord):
    """One letter as it was handed out: what it was made from, and the digest of its bytes."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="letters")
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, null=True, blank=True, related_name="letters")
    kind = models.CharField(max_length=20, choices=LetterKind)
    destination = Line(max_length=200, blank=True)
    receipt = Line(max_length=100, blank=True)  # the end of the site's trail at the time, as it is printed
    language = models.CharField(max_length=5, default="en")
    sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    objects = LetterRows.as_manager()

    class Meta:
        ordering = ("-at", "-id")
        constraints = (models.CheckConstraint(name="letter_kind_known", condition=Q(kind__in=LetterKind.values)),)

    def __str__(self) -> str:
        return f"{LetterKind(self.kind).label}, {self.at:%Y-%m-%d}"
