"""A protocol as the clinic holds it: one file, from draft to retirement."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.models.base import AuditedQuerySet, EditedRecord, Line, history

if TYPE_CHECKING:
    from uuid import UUID


class ReleaseStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In review")
    APPROVED = "approved", _("Approved")
    PUBLISHED = "published", _("Published")
    RETIRED = "retired", _("Retired")


_WAS_PUBLISHED = Q(status__in=[ReleaseStatus.PUBLISHED, ReleaseStatus.RETIRED])
_NOT_APPROVED = Q(status__in=[ReleaseStatus.DRAFT, ReleaseStatus.IN_REVIEW])


class ReleaseRows(AuditedQuerySet["ProtocolRelease"]):
    def published(self) -> Self:
        return self.filter(status=ReleaseStatus.PUBLISHED)

    def newest(self, protocol: str) -> ProtocolRelease | None:
        """The published release of the highest version, without its source."""
        releases = self.published().filter(protocol=protocol).defer("source")
        return max(releases, key=lambda release: release.version_order, default=None)


class ProtocolRelease(EditedRecord):
    """One version of a protocol; once published its source never changes.

    `authored_by` wrote the source as it stands; `approved_sha256` is the digest of what was
    approved, which is that of the source or no approval at all.
    """

    protocol = models.SlugField(max_length=60)
    version = Line(max_length=20, validators=[RegexValidator(r"^\d{1,5}(\.\d{1,5}){2}\Z", "A version reads 1.0.0.")])
    sha256 = models.CharField(max_length=64, editable=False)
    source = models.TextField()
    review_due = models.DateField()
    status = models.CharField(max_length=10, choices=ReleaseStatus, default=ReleaseStatus.DRAFT)
    authored_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    published_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    history = history()
    objects = ReleaseRows.as_manager()

    class Meta:
        ordering = ("protocol", "version")
        constraints = (
            models.UniqueConstraint(fields=("protocol", "version"), name="release_version_once"),
            models.CheckConstraint(name="release_status_known", condition=Q(status__in=ReleaseStatus.values)),
            models.CheckConstraint(
                name="release_four_eyes",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("authored_by")),
                violation_error_message="Nobody approves a protocol of their own.",
            ),
            models.CheckConstraint(
                name="release_approved_who_and_when",
                condition=Q(approved_by__isnull=True, approved_at__isnull=True, approved_sha256="")
                | Q(approved_by__isnull=False, approved_at__isnull=False, approved_sha256=F("sha256")),
                violation_error_message="An approval is of the very text that was read.",
            ),
            models.CheckConstraint(
                name="release_approved_or_not_yet",
                condition=(_NOT_APPROVED & Q(approved_by__isnull=True))
                | (~_NOT_APPROVED & Q(approved_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="release_published_when",
                condition=(_WAS_PUBLISHED & Q(published_at__isnull=False))
                | (~_WAS_PUBLISHED & Q(published_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="release_retired_when",
                condition=Q(status=ReleaseStatus.RETIRED, retired_at__isnull=False)
                | (~Q(status=ReleaseStatus.RETIRED) & Q(retired_at__isnull=True)),
            ),
        )

    def __str__(self) -> str:
        return f"{self.protocol}/{self.version}"

    @property
    def version_order(self) -> tuple[int, ...]:
        """What versions sort by: 1.10.0 is newer than 1.9.0."""
        return tuple(int(part) for part in self.version.split("."))

    @property
    def writers(self) -> set[UUID]:
        """The ids of all who put a text in the place of another, the first one included; one query."""
        rows = self.history.order_by("history_id").values_list("sha256", "history_user")
        return {user for (before, _earlier), (after, user) in pairwise([("", None), *rows]) if after != before}

    def check_columns(self) -> None:
        """Also refuse a digest that is not the source's: approval and proof are of the digest."""
        super().check_columns()
        if hashlib.sha256(self.source.encode()).hexdigest() != self.sha256:
            raise ValidationError({"sha256": "This is not the digest of the source."})
