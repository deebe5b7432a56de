"""Whom a site cares for: known by name to those who may, and to nobody who only has the database."""

from __future__ import annotations

from functools import cached_property, reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic import clock, sealing
from clinic.models import search
from clinic.models.base import EditedRecord, SealedLine, SiteQuerySet, history
from clinic.models.birth import OLDEST, Birth, SealedBirth, years
from clinic.models.people import Site, SiteKey
from clinic.models.sealed import UnderRing
from clinic.permissions import Capability
from triage.wording import TextError, clean_text, holds_letter, without_direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date
    from uuid import UUID


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
        """Patients with this reference, however it is set: at one site at most one."""
        digests = [reference_digest(reference, each.content) for each in SiteKey.objects.all()]
        return self.filter(pk__in=PatientWord.objects.filter(is_reference=True, digest__in=digests).values("patient"))

    def _of(self, words: str, how: str) -> Self:
        try:
            asked = list(search.asked(clean_text(words)))
        except TextError:
            return self.none()
        keys = [each.content for each in SiteKey.objects.all()]
        fits = [self._any(spellings, how, keys) for spellings in asked]
        found = self.filter(reduce(and_, fits)) if fits else self.none()
        # The groups of a reference that was registered as one; asked for no more often than need be.
        is_in_groups = len(fits) > 1 and any(each.isdecimal() for each in words)
        return found | self.known_as(words) if is_in_groups else found

    def _any(self, spellings: Iterable[tuple[str, ...]], how: str, keys: Sequence[bytes]) -> Q:
        """Whoever is found by one of the ways in which a word can be spelled, each of one part or of several."""
        single = [parts[0] for parts in spellings if len(parts) == 1]
        several = (parts for parts in spellings if len(parts) > 1)
        each = [reduce(and_, (_found_by([part], how, keys) for part in parts)) for parts in several]
        return reduce(or_, each, _found_by(single, how, keys)) if single else reduce(or_, each)


def _found_by(words: Iterable[str], how: str, keys: Sequence[bytes]) -> Q:
    digests = [sealing.digest(f"{how} {word}", key) for word in words for key in keys]
    return Q(pk__in=PatientWord.objects.filter(digest__in=digests).values("patient"))


def reference_digest(reference: str, key: bytes) -> int:
    return sealing.digest(f"reference {search.compared(reference)}", key)


def refuse_impossible_birth(birth: Birth, today: date) -> None:
    if birth.first > today or (birth.is_about and int(birth.text[:4]) > today.year):
        raise ValidationError(_("A date of birth cannot be in the future."))
    if years(birth.last, today) > OLDEST:
        raise ValidationError(_("Nobody here is older than %(years)s years.") % {"years": OLDEST})


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
    given_name = SealedLine(max_length=80, blank=True)
    family_name = SealedLine(max_length=80, blank=True)  # who has one name only has it in either of them
    date_of_birth = SealedBirth()
    sex = models.CharField(max_length=10, choices=Sex, default=Sex.UNKNOWN)
    phone = SealedLine(max_length=40, blank=True)
    registered_at = models.DateTimeField(default=clock.now, editable=False)

    history = history(bases=(PatientHistory,))
    objects = PatientRows.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = (models.CheckConstraint(name="patient_sex_known", condition=Q(sex__in=Sex.values)),)

    def __str__(self) -> str:
        return gettext("Erased patient") if self.is_erased else " ".join(self._spoken_names())

    @property
    def sorted_name(self) -> str:
        """The name as lists are sorted by it: family name first; or the only one."""
        return str(self) if self.is_erased else ", ".join(reversed(self._names()))

    def _spoken_names(self) -> list[str]:
        names = self._names()
        return names[::-1] if search.is_family_first(self.family_name) else names

    def _names(self) -> list[str]:
        return [without_direction(each) for each in (self.given_name, self.family_name) if each]

    @property
    def key(self) -> PatientKey | None:
        return getattr(self, "kept_key", None)

    @property
    def is_erased(self) -> bool:
        return self.key is None

    def check_columns(self) -> None:
        """Somebody has a name, and a birth that is not after today, which is a day of the site."""
        super().check_columns()
        if not self.is_erased:
            self._refuse_nameless()
            self._refuse_impossible_birth()

    def _refuse_impossible_birth(self) -> None:
        try:
            refuse_impossible_birth(self.date_of_birth, clock.today(self.site))
        except ValidationError as error:
            raise ValidationError({"date_of_birth": error.messages}) from error

    def _refuse_nameless(self) -> None:
        if not self.given_name and not self.family_name:
            raise ValidationError(
                {"family_name": _("Give at least one name; a single one stands here or as given name.")}
            )
        said = {name: getattr(self, name) for name in ("given_name", "family_name", "reference")}
        mute = [name for name, value in said.items() if value and not holds_letter(value)]
        if mute:
            raise ValidationError(dict.fromkeys(mute, _("This holds no letter and no number.")))

    def age_range(self, on: date) -> tuple[int, int]:
        """The lowest and the highest age in whole years on that day, as well as the date of birth is known."""
        return Birth.of(self.date_of_birth).ages(on)

    def words(self, key: bytes) -> list[PatientWord]:
        """What the patient is found by, under the key of the site."""
        return [PatientWord(patient=self, digest=each) for each in sorted(set(self._digests(key)))]

    def reference_word(self, key: bytes) -> PatientWord:
        """What no other patient of the site may be known by."""
        return PatientWord(patient=self, digest=reference_digest(self.reference, key), is_reference=True)

    def _digests(self, key: bytes) -> Iterator[int]:
        for word in search.words(self.given_name, self.family_name, self.reference, search.compared(self.reference)):
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
