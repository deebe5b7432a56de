"""What every record has: an id, clean text, and the rules by which it may change."""

from __future__ import annotations

import secrets
import time
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext as _
from simple_history import manager as simple_history_manager
from simple_history.models import HistoricalRecords

from clinic import clock, permissions
from clinic.models import rows
from clinic.models.sealed import Sealed
from triage.wording import TextError, typed_text

if TYPE_CHECKING:
    from clinic.models.people import User

    TextField = models.TextField[str, str]
    CharField = models.CharField[str, str]
    SmallNumber = models.PositiveSmallIntegerField[int, int]
else:  # Django's fields are generic to the type checker only
    TextField, CharField, SmallNumber = models.TextField, models.CharField, models.PositiveSmallIntegerField

Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)


class Unaudited(TypeError):
    """A write that would have left no trace of who did what; it has not been made."""


def uuid7() -> UUID:
    """An id in the order of creation, so that indexes grow at one end (RFC 9562)."""
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    version, variant = 0x7 << 76, 0b10 << 62
    return UUID(int=milliseconds << 80 | version | random >> 62 << 64 | variant | random % 2**62)


class HistoryRow(models.Model):
    """A row of history: written once, and told of by the trail."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        rows.note(self)


class HistoryManager(simple_history_manager.HistoryManager):  # type: ignore[misc]  # the library ships no types
    """Its class is made once: the library makes a new one whenever a record is asked for its history."""

    @classmethod
    @cache
    def from_queryset(cls, queryset_class: type[models.QuerySet[Any]], class_name: str | None = None) -> Any:
        return super().from_queryset(queryset_class, class_name)


def history(*, excluded: tuple[str, ...] = (), bases: tuple[type[models.Model], ...] = ()) -> Any:
    """The history of an edited record: a whole copy for every change, with who and why.

    Without the database constraint a history row would stand in the way of nothing and still
    name its author by id.
    """
    return HistoricalRecords(
        bases=[*bases, HistoryRow],
        history_manager=HistoryManager,
        user_db_constraint=False,
        excluded_fields=list(excluded),
        history_change_reason_field=models.TextField(null=True),
    )


class Paragraph(TextField):
    """Text that any database can store and everybody sees as it is: composed (NFC), without blanks around it."""

    def to_python(self, value: Any) -> Any:
        if value is None:
            return None
        try:
            return typed_text(value).strip()
        except TextError as error:
            raise ValidationError(_("This %(reason)s.") % {"reason": _(str(error))}) from error


class Line(CharField):
    """One line of such text: a name, a number, a code."""

    def to_python(self, value: Any) -> Any:
        text = Paragraph().to_python(value)
        if text and any(unicodedata.category(character) == "Cc" for character in text):
            raise ValidationError(_("This %(reason)s.") % {"reason": _("holds a character that is not text")})
        return text


class SealedLine(Sealed, Line):
    """One line of text, sealed under the key of the patient."""


class SealedParagraph(Sealed, Paragraph):
    """What somebody wrote about a patient, sealed under their key."""


class Days(SmallNumber):
    """A whole number of days; at least one, so that no deadline is ever switched off."""

    default_validators = [MinValueValidator(1), MaxValueValidator(90)]  # noqa: RUF012 -- as Django declares it


class AuditedQuerySet(models.QuerySet[Row_co]):
    """Rows of an audited table: written one by one through `save`, or not at all."""

    def update(self, **values: Any) -> NoReturn:
        raise Unaudited("update() leaves no history: change and save each record")

    def delete(self) -> NoReturn:
        raise Unaudited("records are never deleted")

    def bulk_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Unaudited("bulk_create() leaves no history: create each record")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Unaudited("bulk_update() leaves no history: change and save each record")


class SiteQuerySet(AuditedQuerySet[Row_co]):
    """Rows that belong to a site and are seen by those who may, there, and by nobody else."""

    reading: ClassVar[permissions.Capability]
    patient_path: ClassVar[str] = ""  # how a row leads to its patient, where it is of one

    def visible_to(self, user: User) -> Self:
        at_their_sites = models.Q(site__in=permissions.sites_of(user, self.reading))
        return self.filter(at_their_sites | self.opened_to(user))

    def opened_to(self, user: User) -> models.Q:
        """The rows of the patient whose record the present request shows in an emergency; none where it shows no such."""
        patient = permissions.patient_opened_to(user, self.reading)
        return models.Q(**{self.patient_path: patient}) if patient and self.patient_path else models.Q()


class Record(models.Model):
    """A row that stays: it has an opaque id and is never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        abstract = True

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Unaudited("records are never deleted")

    def check_columns(self) -> None:
        """Refuse, before the database would, what a column cannot hold; no query is made.

        JSON without rules of its own is passed over: it would only be written once more, to see that it can be.
        """
        self.clean_fields(exclude={field.name for field in self._meta.fields if _takes_anything(field)})


def _takes_anything(field: models.Field[Any, Any]) -> bool:
    return field.is_relation or (isinstance(field, models.JSONField) and not field.validators)


class EditedRecord(Record):
    """A record that may change: every change is signed and leaves a row of history."""

    _history_user: User | None = None
    _change_reason: str | None = None

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._history_user is None or not self._change_reason:
            raise Unaudited("an edited record is saved by save_as(by=, reason=)")
        super().save(*args, **kwargs)

    def save_as(self, *, by: User, reason: str) -> None:
        """Store the record and, in its history, who changed it and why."""
        self.check_columns()
        self._history_user, self._change_reason = by, reason
        self._history_date = clock.now()
        self.save()
        self._history_user = self._change_reason = None
        del self._history_date


class AppendOnlyRecord(Record):
    """A record that is written once and then only read."""

    is_told_of: ClassVar[bool] = True  # by the trail; the trail itself is not

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise Unaudited(f"{self._meta.verbose_name} records are never changed")
        self.check_columns()
        super().save(*args, **kwargs)
        if self.is_told_of:
            rows.note(self)
