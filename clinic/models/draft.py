"""What was typed into a form and not saved yet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.http import QueryDict

from clinic import clock
from clinic.models.base import SealedParagraph, uuid7
from clinic.models.intake import Intake
from clinic.models.patient import AboutPatient, Patient

if TYPE_CHECKING:
    from collections.abc import Mapping


class Draft(AboutPatient):
    """What one person typed into a section of an intake: no record and no answer, and nobody else's to read.

    `version` is that of the answers that were on the page; `form` holds the fields of the form as JSON, each a list of texts.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    intake = models.ForeignKey(Intake, on_delete=models.PROTECT, related_name="drafts")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    section = models.SlugField(max_length=60)
    version = models.PositiveIntegerField()
    form = SealedParagraph()
    at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        ordering = ("at", "id")
        constraints = (models.UniqueConstraint(fields=("intake", "by", "section"), name="draft_once"),)

    def __str__(self) -> str:
        return f"{self.section} of {self.intake_id}"

    def fields(self) -> QueryDict:
        """The fields as the browser sent them."""
        typed: Mapping[str, list[str]] = json.loads(self.form)
        found = QueryDict(mutable=True)
        for name, values in typed.items():
            found.setlist(name, values)
        return found
