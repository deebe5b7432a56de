"""What was typed into a form and not saved yet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

from django.conf import settings
from django.db import models

from clinic import clock
from clinic.models.base import SealedParagraph, uuid7
from clinic.models.intake import Intake
from clinic.models.patient import AboutPatient, Patient

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# Of each question that does not stand as it was shown: its fields by name, each a list of texts.
Typed: TypeAlias = "Mapping[str, Mapping[str, list[str]]]"


class DraftRows(models.QuerySet["Draft"]):
    def live(self) -> DraftRows:
        return self.filter(is_gone=False)


class Draft(AboutPatient):
    """What one person typed on one page of a section of an intake: no record and no answer, and nobody else's to read.

    `page` stands for one rendering of the form; `version` is that of the answers that were there when it was begun. What
    was saved or thrown away leaves an empty mark of its page behind, so that what that page sent late does not come back.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    intake = models.ForeignKey(Intake, on_delete=models.PROTECT, related_name="drafts")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    section = models.TextField()
    page = models.CharField(max_length=32)
    version = models.PositiveIntegerField()
    form = SealedParagraph(default="")  # JSON of `typed`
    is_gone = models.BooleanField(default=False)
    at = models.DateTimeField(default=clock.now, db_index=True)

    objects = DraftRows.as_manager()

    class Meta:
        ordering = ("at", "id")
        constraints = (
            models.UniqueConstraint(fields=("intake", "by", "section", "page"), name="draft_once_for_a_page"),
        )

    def __str__(self) -> str:
        return f"{self.section} of {self.intake_id}"

    @property
    def typed(self) -> Typed:
        typed: Typed = json.loads(self.form)
        return typed

    def forget(self, questions: Collection[str]) -> None:
        """Leave out what was typed at these."""
        kept = {name: fields for name, fields in self.typed.items() if name not in questions}
        if kept:
            self.form = json.dumps(kept)
            self.save(update_fields=("form",))
        else:
            self.delete()
