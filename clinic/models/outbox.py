"""What other programs are told: who wants to know, what there is to tell, and whether it has arrived."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from clinic import clock
from clinic.models.base import EditedRecord, Line, SiteQuerySet, history, uuid7
from clinic.models.people import Site
from clinic.models.sealed import UnderRing
from clinic.permissions import Capability

_WAITING = Q(delivered_at__isnull=True, gave_up_at__isnull=True)


class MessageKind(models.TextChoices):
    """What may be told."""

    ASSESSMENT_CREATED = "assessment.created", _("An assessment was made")
    INTAKE_COMPLETED = "intake.completed", _("An intake was completed")
    REFERRAL_CHANGED = "referral.changed", _("A referral was made or went a step further")
    BREAK_GLASS_STARTED = "break_glass.started", _("An emergency access to a patient began")


def refuse_unknown_kinds(events: object) -> None:
    if not isinstance(events, list) or not events or not set(events) <= set(MessageKind.values):
        raise ValidationError(_("Choose what is to be told."))


def refuse_unclear_address(url: str) -> None:
    """An address is shown on pages and kept in history, so that it may hold no password."""
    URLValidator(schemes=["https"])(url)
    if not url.isascii() or "@" in url or "#" in url or not _has_port(url):
        raise ValidationError(_("This is no plain https address without a user, a password or a fragment."))


def _has_port(url: str) -> bool:
    """Whether there is such a port, or none is named."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


class WebhookRows(SiteQuerySet["Webhook"]):
    reading = Capability.MANAGE_WEBHOOKS


class Webhook(EditedRecord):
    """A program of somebody else that is told what happens at a site; `secret` signs what it is sent."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="webhooks")
    url = Line(max_length=300, validators=[refuse_unclear_address])
    events: models.JSONField[list[str], list[str]] = models.JSONField(validators=[refuse_unknown_kinds])
    is_active = models.BooleanField(default=True)

    history = history()
    objects = WebhookRows.as_manager()

    class Meta:
        ordering = ("site", "url")

    def __str__(self) -> str:
        return self.url

    @property
    def secret(self) -> str:
        return self.kept_secret.content.decode()


class WebhookSecret(UnderRing):
    """What the messages to a program are signed with."""

    webhook = models.OneToOneField(Webhook, on_delete=models.PROTECT, primary_key=True, related_name="kept_secret")

    def __str__(self) -> str:
        return f"Secret of {self.webhook}"


class OutboxMessage(models.Model):
    """Something that happened, by its ids: no name, no answer."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=30, choices=MessageKind)
    object_id = models.UUIDField()
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class DeliveryRows(models.QuerySet["Delivery"]):
    def waiting(self) -> Self:
        """Those that have neither arrived nor been given up."""
        return self.filter(_WAITING)

    def resting(self) -> Self:
        """Those whose receiver could not be reached the last time, and is left alone for a while."""
        return self.waiting().filter(attempts__gt=0, last_status__isnull=True, next_at__gt=clock.now())

    def due(self) -> Self:
        """Those to be tried now, of receivers that are not left alone; the longest due first."""
        now = clock.now()
        rested = Delivery.objects.resting().filter(webhook=OuterRef("webhook"))
        free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
        ready = self.waiting().filter(free, ~Exists(rested), next_at__lte=now, webhook__is_active=True)
        return ready.order_by("next_at", "id")


class Delivery(models.Model):
    """One message on its way to one webhook; whoever holds the lease is trying."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message = models.ForeignKey(OutboxMessage, on_delete=models.CASCADE, related_name="deliveries")
    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, related_name="deliveries")
    asked_at = models.DateTimeField(default=clock.now)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(default=clock.now)
    leased_until = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = Line(max_length=200, blank=True)
    gave_up_at = models.DateTimeField(null=True)

    objects = DeliveryRows.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = (
            models.Index(fields=("next_at", "id"), condition=_WAITING, name="deliveries_due"),
            models.Index(fields=("webhook", "next_at"), condition=_WAITING, name="deliveries_waiting"),
            models.Index(fields=("webhook", "-delivered_at"), name="deliveries_newest"),
        )
        constraints = (models.UniqueConstraint(fields=("message", "webhook"), name="delivery_once"),)

    def __str__(self) -> str:
        return str(self.message)
