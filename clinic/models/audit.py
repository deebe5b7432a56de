"""The chained trail of who did what, when and through which door; no clinical content in it."""

from __future__ import annotations

import hashlib
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Case, Count, Max, Q, Value, When
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay, TruncHour
from django.db.models.lookups import GreaterThanOrEqual, LessThan
from django.utils.translation import gettext_lazy as _

from clinic import clock, permissions
from clinic.models.base import AppendOnlyRecord, AuditedQuerySet, Line, uuid7
from clinic.models.patient import Patient
from clinic.models.people import Site, User
from clinic.models.rows import VERSION, canonical, plain
from clinic.permissions import Capability

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

# What an action is done to: its name begins with one of these.
NOUNS = frozenset(
    {
        *("assessment", "audit", "break_glass", "decision", "imaging", "intake", "letter", "membership", "patient"),
        *("protocol", "raised", "referral", "ring", "site", "stop", "taken_back", "token", "user", "webhook", "work"),
    }
)
EMERGENCY = "BTG"  # break the glass, as FHIR calls the purpose of an emergency access
START = "0" * 64  # what the first entry of a chain has before it
_DOMAIN = b"yf-entry-v1\0"
# By version of the hash, so that a later column does not break the entries written before it.
_HASHED: dict[int, tuple[str, ...]] = {
    1: (
        *("id", "site_id", "seq", "at", "actor_id", "actor_label", "role", "door", "request_id", "action"),
        *("object_type", "object_id", "subject", "detail", "hash_version", "prev"),
    ),
}
_HASHED[2] = (*_HASHED[1], "rows")
_HASHED[3] = _HASHED[2]  # of more columns of the rows: see `clinic.models.rows`


class Door(models.TextChoices):
    """The way a request came in."""

    WEB = "web", _("Web")
    API = "api", _("API")
    ADMIN = "admin", _("Administration")
    COMMAND = "command", _("Command")


class AuditRows(AuditedQuerySet["AuditEvent"]):
    def visible_to(self, user: User) -> Self:
        """Those of the auditor's sites, and of what belongs to no site."""
        sites = permissions.sites_of(user, Capability.READ_AUDIT)
        return self.filter(Q(site__in=sites) | Q(site__isnull=True)) if sites else self.none()

    def about(self, word: str) -> Self:
        """Entries of an action, by the user of a name, or with an id of a patient, record or request; newest first.

        Each is looked up in an index of its own: asked for any of them at once, a database reads the whole trail.
        """
        if wanted := _as_id(word):
            found = self.filter(pk__in=_with_id(wanted))
        elif word.partition(".")[0] in NOUNS:
            found = self.filter(action=word)
        else:
            found = self.filter(actor=models.Subquery(User.objects.filter(username=word).order_by().values("pk")))
        return found.order_by("-at", "-pk")

    def looks(self, patient: Patient) -> models.QuerySet[AuditEvent, Any]:
        """Who was shown the records of a patient, how often and when last, the newest first.

        `actor_label role is_emergency times last`
        """
        seen = self.filter(subject=patient.pk, action__regex=r"\.(read|print)$").order_by()
        is_emergency = Case(When(detail__purpose=EMERGENCY, then=Value(True)), default=Value(False))  # noqa: FBT003
        told = seen.annotate(is_emergency=is_emergency).values("actor_label", "role", "is_emergency")
        return told.annotate(times=Count("pk"), last=Max("at")).order_by("-last")

    def after_hours(self) -> Self:
        """At the weekend, or outside seven to eight in the evening, by the clocks of the site."""
        names = {"", *Site.objects.order_by().values_list("time_zone", flat=True)}
        found = Q(pk__in=[])
        for name in names:
            here = Q(site__time_zone=name) if name else Q(site__time_zone="") | Q(site=None)
            found |= here & _after_hours(clock.zone_of(name))
        return self.filter(found)

    def of_many_patients(self, *, more_than: int = 30) -> Self:
        """Reads of whoever was shown the records of many patients within one hour of the clock."""
        reads = self.filter(action__endswith=".read", subject__isnull=False).order_by()
        hours: Any = reads.annotate(hour=TruncHour("at", tzinfo=UTC))
        hours = hours.values("actor", "hour")
        many: Any = hours.annotate(patients=Count("subject", distinct=True)).filter(patients__gt=more_than)
        found = Q(pk__in=[])
        for each in many.order_by("-hour")[:50]:
            found |= Q(actor=each["actor"], at__gte=each["hour"], at__lt=each["hour"] + timedelta(hours=1))
        return self.filter(found, action__endswith=".read")


def _after_hours(zone: ZoneInfo) -> Q:
    weekday, hour = ExtractIsoWeekDay("at", tzinfo=zone), ExtractHour("at", tzinfo=zone)
    return Q(GreaterThanOrEqual(weekday, 6)) | Q(LessThan(hour, 7)) | Q(GreaterThanOrEqual(hour, 20))


class AuditEvent(AppendOnlyRecord):
    """One entry of a site's trail, or of the trail of what belongs to no site.

    `hash` covers every other column and the hash before it, so that an entry cannot be changed,
    removed or put in between without breaking the chain. `rows` tells of what was written: model,
    id and digest of each.
    """

    is_told_of = False

    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    seq = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    actor_label = Line(max_length=310)
    role = Line(max_length=100, blank=True)
    door = models.CharField(max_length=10, choices=Door)
    request_id = Line(max_length=64, blank=True)
    action = Line(max_length=60)
    object_type = Line(max_length=40)
    object_id = models.UUIDField()
    subject = models.UUIDField(null=True, blank=True, db_index=True)
    detail: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    rows: models.JSONField[list[list[str]], list[list[str]]] = models.JSONField(default=list, blank=True)
    hash_version = models.PositiveSmallIntegerField(default=VERSION)
    prev = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = AuditRows.as_manager()

    class Meta:
        ordering = ("site", "-seq")
        indexes = (
            models.Index(fields=("object_id",), name="audit_of_a_record"),
            models.Index(fields=("request_id",), name="audit_of_a_request"),
            models.Index(fields=("action", "-at"), name="audit_of_an_action"),
            models.Index(fields=("actor", "-at"), name="audit_of_a_person"),
        )
        constraints = (
            models.UniqueConstraint(fields=("site", "seq"), name="audit_in_order"),
            models.UniqueConstraint(fields=("seq",), condition=Q(site__isnull=True), name="audit_system_in_order"),
        )

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"

    def compute_hash(self) -> str:
        """The hash that belongs to the entry as it stands."""
        return hashlib.sha256(_DOMAIN + canonical(self.hashed())).hexdigest()

    def hashed(self) -> dict[str, object]:
        """The columns that the hash covers, as they go into it."""
        return {name: plain(getattr(self, name)) for name in _HASHED[self.hash_version]}

    @property
    def receipt(self) -> str:
        """What is given out as a witness: the trail, the number and the beginning of the hash."""
        return receipt(self.site, self.seq, self.hash)


def _as_id(word: str) -> UUID | None:
    try:
        return UUID(word)
    except ValueError:
        return None


def _with_id(wanted: UUID) -> models.QuerySet[AuditEvent, Any]:
    """The entries that hold the id, in whichever place; the id of a request may be written both ways."""
    rows = AuditEvent.objects.order_by().values("pk")
    return rows.filter(subject=wanted).union(
        rows.filter(object_id=wanted), rows.filter(request_id__in=(wanted.hex, str(wanted)))
    )


def receipt(site: Site | None, seq: int, digest: str) -> str:
    return f"{site.slug if site else 'system'}:{seq}:{digest[:16]}"


class Checkpoint(AppendOnlyRecord):
    """The ends of all chains at one moment, signed; each over the one before."""

    is_told_of = False

    seq = models.PositiveBigIntegerField(unique=True)
    at = models.DateTimeField()
    text = models.TextField()
    signature = models.CharField(max_length=128)  # Ed25519 over the text, in hexadecimal
    key = models.CharField(max_length=64)  # the public key, in hexadecimal

    objects = AuditedQuerySet["Checkpoint"].as_manager()

    class Meta:
        ordering = ("-seq",)

    def __str__(self) -> str:
        return f"checkpoint {self.seq}"


class AuditHead(models.Model):
    """The end of a chain; whoever appends holds its row locked."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    site = models.OneToOneField(Site, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    seq = models.PositiveBigIntegerField(default=0)
    at = models.DateTimeField(null=True)
    hash = models.CharField(max_length=64, default=START)

    class Meta:
        constraints = (
            models.UniqueConstraint(models.Value(1), condition=Q(site__isnull=True), name="audit_one_system_head"),
        )

    def __str__(self) -> str:
        return receipt(self.site, self.seq, self.hash)
