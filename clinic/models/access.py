"""How people and programs come in: second factors, tokens, and the requests that may safely be repeated."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from knox.models import AbstractAuthToken

from clinic import clock
from clinic.models.base import Line, uuid7
from clinic.models.sealed import UnderRing
from clinic.permissions import Scope


class SecondFactor(models.Model):
    """The secret that a person's app shares with us, sealed, and what is left of their recovery codes, as digests."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sealed = models.CharField(max_length=200)
    last_step = models.BigIntegerField(help_text="The step of time whose code was used last; none before it is taken.")
    recovery_digests: models.JSONField[list[str], list[str]] = models.JSONField()

    def __str__(self) -> str:
        return f"Second factor of {self.user}"


class Use(models.Model):
    """How often somebody has done something in a minute: the last one in which they did."""

    what = models.CharField(max_length=20)
    who = models.CharField(max_length=64)
    minute = models.BigIntegerField(db_index=True)
    times = models.PositiveIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("what", "who"), name="use_counted_once"),)

    def __str__(self) -> str:
        return f"{self.what}: {self.times}"


class ApiToken(AbstractAuthToken):  # type: ignore[misc]  # knox ships no types
    """A token by which a program acts for a user; only its hash is stored."""

    name = Line(max_length=80)
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.WRITE)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.name} ({self.token_key[:8]}...)"


class IdempotencyKey(UnderRing):
    """One request that a client may repeat, and the answer it was given, sealed: it may name a patient."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    key = Line(max_length=200)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    tag = models.CharField(max_length=60, default="", blank=True)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "key"), name="idempotency_key_once"),)

    def __str__(self) -> str:
        return self.key
