"""An intake and its assessments, each with a history."""

from __future__ import annotations

from django.db import models
from simple_history.models import HistoricalRecords

from clinic.models.base import uuid7


class PlainIntake(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7)
    patient = models.UUIDField(default=uuid7)
    age = models.PositiveSmallIntegerField(default=42)
    answers = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords()

    class Meta:
        app_label = "plain_ninja"

    def __str__(self) -> str:
        return str(self.pk)


class PlainAssessment(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7)
    intake = models.ForeignKey(PlainIntake, on_delete=models.PROTECT)
    version = models.PositiveIntegerField()
    answers = models.JSONField()
    outcome = models.JSONField()
    disposition = models.CharField(max_length=20)
    urgency = models.CharField(max_length=10)
    at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords()

    class Meta:
        app_label = "plain_ninja"

    def __str__(self) -> str:
        return self.disposition
