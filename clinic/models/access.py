"""How programs come in: their tokens, and the requests that they may safely repeat."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from knox.models import AbstractAuthToken

from clinic import clock
from clinic.models.base import Line, uuid7


class ApiToken(AbstractAuthToken):  # type: ignore[misc]  # knox ships no types
    """A token by which a program acts for a user; only its hash is stored."""

    name = Line(max_length=80)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.name} ({self.token_key[:8]}...)"


class IdempotencyKey(models.Model):
    """One request that a client may repeat, and the answer it was given."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    key = Line(max_length=200)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    response: models.JSONField[Any, Any] = models.JSONField(null=True)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "key"), name="idempotency_key_once"),)

    def __str__(self) -> str:
        return self.key
