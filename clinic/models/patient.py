"""Whom a site cares for: known by name to those who may, and to nobody who only has the database."""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property
from typing import TYPE_CHECKING, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic import clock, sealing
from clinic.models.base import EditedRecord, SealedLine, SiteQuerySet, history
from clinic.models.people import Site, SiteKey
from clinic.models.sealed import SealedDate, UnderRing
from clinic.permissions import Capability
from triage.wording import TextError, clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from uuid import UUID

OLDEST = 120  # years; the highest age that a protocol asks for
_WORD = re.compile(r"[^\W_]+")  # letters and digits


def fold(text: str) -> str:
    """Names as they are searched for: without case, accents and marks."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("\u0131", "i")).casefold()
    return "".join(each for each in plain if not unicodedata.combining(each))


def _indexed(value: str) -> Iterator[str]:
    """Every word of a name, and those that a hyphen or an apostrophe joins as one word too."""
    for joined in fold(value).split():
        parts = _WORD.findall(joined)
        yield from {*parts, "".join(parts)} - {""}


def _digest_of(reference: str, key: bytes) -> int:
    """Two that differ in case or blanks alone are one: a slip of the hand makes no other person."""
    return sealing.digest(f"reference {''.join(reference.casefold().split())}", key)


class Sex(models.TextChoices):
    FEMALE = "female", _("Female")
    MALE = "male", _("Male")
    OTHER = "other", _("Other")
    UNKNOWN = "unknown", _("Not recorded")


class PatientRows(SiteQuerySet["Patient"]):
    reading = Capability.READ_PATIENT
    patient_path = "pk"

    def matching(self, words: str) -> Self:
        """Patients of whom every word is the start of a name or of the reference; none for what is not text."""
        return self._of(words, "starts")

    def called(self, words: str) -> Self:
        """Patients of whom every word is a name or the reference; none for what is not text."""
        return self._of(words, "whole")

    def known_as(self, reference: str) -> Self:
        """Patients with this reference, whatever its case and blanks: at one site at most one."""
        digests = [_digest_of(reference, each.content) for each in SiteKey.objects.all()]
        return self.filter(pk__in=PatientWord.objects.filter(is_reference=True, digest__in=digests).values("patient"))

    def _of(self, words: str, how: str) -> Self:
        try:
            cleaned = clean_text(words)
        except TextError:
            return self.none()
        keys = [each.content for each in SiteKey.objects.all()]
        asked = _WORD.findall(fold(cleaned))
        found = self if asked else self.none()
        for word in asked:
            digests = [sealing.digest(f"{how} {word}", key) for key in keys]
            found = found.filter(pk__in=PatientWord.objects.filter(digest__in=digests).values("patient"))
        return found


def refuse_impossible_birth(day: date, today: date) -> None:
    if day > today:
        raise ValidationError(_("A date of birth cannot be in the future."))
    if _years(day, today) > OLDEST:
        raise ValidationError(_("Nobody here is older than %(years)s years.") % {"years": OLDEST})


def _years(start: date, end: date) -> int:
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


class PatientHistory(models.Model):
    """A row of the history of a patient, which opens with the key of the patient."""

    id: UUID

    class Meta:
        abstract = True

    @cached_property
    def key(self) -> PatientKey | None:
        return PatientKey.objects.filter(pk=self.id).first()


class Patient(EditedRecord):
    """A person in the care of one site, known there by a reference of the site's own.

    Once `key` is gone the person is erased: what identified them is empty, and cannot be brought back.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="patients")
    reference = SealedLine(max_length=40)
    given_name = SealedLine(max_length=80)
    family_name = SealedLine(max_length=80)
    date_of_birth = SealedDate()
    sex = models.CharField(max_length=10, choices=Sex, default=Sex.UNKNOWN)
    phone = SealedLine(max_length=40, blank=True)
    registered_at = models.DateTimeField(default=clock.now, editable=False)

    history = history(bases=(PatientHistory,))
    objects = PatientRows.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = (models.CheckConstraint(name="patient_sex_known", condition=Q(sex__in=Sex.values)),)

    def __str__(self) -> str:
        return gettext("Erased patient") if self.is_erased else f"{self.given_name} {self.family_name}"

    @property
    def key(self) -> PatientKey | None:
        return getattr(self, "kept_key", None)

    @property
    def is_erased(self) -> bool:
        return self.key is None

    def check_columns(self) -> None:
        """A birth is not after today, which is a day of the site."""
        super().check_columns()
        try:
            refuse_impossible_birth(self.date_of_birth, clock.today(self.site))
        except ValidationError as error:
            raise ValidationError({"date_of_birth": error.messages}) from error

    def age(self, *, on: date) -> int:
        """Whole years of age on that day."""
        return _years(self.date_of_birth, on)

    def words(self, key: bytes) -> list[PatientWord]:
        """What the patient is found by, under the key of the site."""
        rows = [PatientWord(patient=self, digest=each) for each in sorted(set(self._digests(key)))]
        return [*rows, PatientWord(patient=self, digest=_digest_of(self.reference, key), is_reference=True)]

    def _digests(self, key: bytes) -> Iterator[int]:
        for value in (self.given_name, self.family_name, self.reference):
            for word in _indexed(value):
                yield sealing.digest(f"whole {word}", key)
                yield from (sealing.digest(f"starts {word[:end]}", key) for end in range(1, len(word) + 1))


class AboutPatient(models.Model):
    """A row about one patient, under whose key what is written of them lies; and the history of such a row."""

    patient: Patient

    class Meta:
        abstract = True

    @cached_property
    def key(self) -> PatientKey | None:
        return self.patient.key


class PatientKey(UnderRing):
    """The key of one patient, wrapped; whoever destroys it erases the patient."""

    patient = models.OneToOneField(Patient, on_delete=models.PROTECT, primary_key=True, related_name="kept_key")

    def __str__(self) -> str:
        return str(self.pk)


class PatientWord(models.Model):
    """Something that a patient is found by: the hash of the start of a name, of a whole one, or of the reference."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    digest = models.BigIntegerField()
    is_reference = models.BooleanField(default=False)

    class Meta:
        indexes = (models.Index(fields=("digest", "patient"), name="patients_by_word"),)
        constraints = (
            models.UniqueConstraint(fields=("digest",), condition=Q(is_reference=True), name="patient_reference_once"),
        )

    def __str__(self) -> str:
        return str(self.digest)
