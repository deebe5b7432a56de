"""Columns that lie sealed under the key of the patient whom they are about, and what lies under the ring.

A model with such a column has a `key`: the `PatientKey`, or None once the patient is erased.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldError
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from clinic import sealing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    AnyField = models.Field[Any, Any]
    DateField = models.DateField[Any, Any]
else:  # generic to the type checker only
    AnyField, DateField = models.Field, models.DateField


class UnderRing(models.Model):
    """Something that lies under a key of the ring, bound to its table and row."""

    ring_key = models.CharField(max_length=16, default="", db_index=True, editable=False)
    sealed = models.TextField(default="", editable=False)

    class Meta:
        abstract = True

    def put(self, content: bytes) -> None:
        """Seal the content under the newest key of the ring; the row is yet to be saved."""
        self.ring_key = sealing.newest_of_ring()
        self.sealed = sealing.seal(content, sealing.key_of_ring(self.ring_key), place=self._place())
        self.__dict__.pop("content", None)

    @cached_property
    def content(self) -> bytes:
        return sealing.unseal(self.sealed, sealing.key_of_ring(self.ring_key), place=self._place())

    def _place(self) -> list[bytes]:
        pk: UUID = self.pk
        return [self._meta.db_table.encode(), pk.bytes]


@dataclass(frozen=True, slots=True)
class Shut:
    """A value as it lies in the database."""

    text: str


class _Opening(DeferredAttribute):
    """Opens a value when it is first looked at; of a patient who was erased there is nothing to be seen."""

    field: Sealed

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if not isinstance(value, Shut):
            return value
        if instance.key is None:
            return self.field.empty
        opened = self.field.opened(value, instance)
        instance.__dict__[self.field.attname] = opened
        return opened

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class Sealed(AnyField):
    """A column sealed under `key` of its row, a `PatientKey`; no query can ask for a value of it."""

    descriptor_class = _Opening
    empty: Any = ""

    def get_internal_type(self) -> str:
        return "TextField"

    def from_db_value(self, value: str | None, *_: Any) -> Shut | str | None:
        return Shut(value) if value else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001 -- Django's
        return self._shut(model_instance)

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Shut):
            return value.text
        if value not in ("", None):
            raise FieldError(f"{self.name} is sealed: it is neither looked for nor written by its value.")
        return value

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002
        return self.get_prep_value(value)

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in ("exact", "in", "isnull"):
            raise FieldError(f"{self.name} is sealed: no part of it can be looked for.")
        return super().get_lookup(lookup_name)

    def stored(self, row: Any) -> Any:
        """The value of a row as it lies, or is to lie, in the database."""
        return self.get_prep_value(self._shut(row))

    def _shut(self, row: Any) -> Shut | str | None:
        value = row.__dict__.get(self.attname) or getattr(row, self.attname)
        if isinstance(value, Shut) or value in ("", None):
            return value  # type: ignore[no-any-return]
        if row.key is None:
            raise sealing.Unreadable(f"There is no key to seal {self.name} under.")
        return Shut(sealing.seal(str(value).encode(), row.key.content, place=self._place(row)))

    def opened(self, value: Shut, row: Any) -> Any:
        return self.from_text(sealing.unseal(value.text, row.key.content, place=self._place(row)).decode())

    def from_text(self, text: str) -> Any:
        return text

    def _place(self, row: Any) -> list[bytes]:
        """The record and the column; the history of a record is the same place."""
        return [row.id.bytes, self.attname.encode()]


def open_alike(record: Any, rows: Iterable[Any]) -> None:
    """Let rows of the history of a record open with its key, which is looked up once and not for each."""
    for row in rows:
        row.key = record.key


class SealedDate(Sealed, DateField):
    """A day."""

    empty = None

    def from_text(self, text: str) -> date:
        return date.fromisoformat(text)
