"""The rows that a transaction writes for good, told in the trail by their digests.

They wait on the connection's own list of what to do at commit, where a savepoint that is undone
takes its rows with it, until the next entry of the trail tells of them.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import orjson
from django.db import connection, models, transaction

from clinic.models.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Iterator

TOLD_SINCE = 2  # the version of the hash of an entry from which on it tells of rows
VERSION = 3  # the version of the hash of the entries that are written now
# Columns that were added later: the version of the hash from which on a digest covers them.
SINCE: dict[tuple[str, str], int] = {
    ("clinic_historicalsite", "time_zone"): 3,
    ("clinic_historicalsite", "reference_kind"): 3,
}
_DOMAIN = b"yf-row-v1\0"


class Written:
    """A row that no entry tells of yet."""

    def __init__(self, row: models.Model) -> None:
        self.row = row
        self.is_told = False

    def __call__(self) -> None:
        """At commit there is nothing left to do: `verify_audit` counts what was not told."""

    def tell(self, version: int) -> list[str]:
        self.is_told = True
        return [self.row._meta.model_name or "", str(self.row.pk), digest(self.row, version)]


def note(row: models.Model) -> None:
    """Keep a row that was just written, for the trail to tell of."""
    transaction.on_commit(Written(row))


def untold() -> Iterator[Written]:
    """The rows of this transaction that no entry tells of yet, in the order in which they were written."""
    waiting = (each[1] for each in connection.run_on_commit)
    yield from (each for each in waiting if isinstance(each, Written) and not each.is_told)


def digest(row: models.Model, version: int) -> str:
    """SHA-256 over the values of a row as they are stored, in the columns that the version covers."""
    values = {name: plain(_stored(row, name)) for name in covered(type(row), version)}
    return hashlib.sha256(_DOMAIN + canonical({row._meta.db_table: values})).hexdigest()


def _stored(row: models.Model, name: str) -> object:
    field = row._meta.get_field(name)
    return field.stored(row) if isinstance(field, Sealed) else getattr(row, name)


def covered(model: type[models.Model], version: int) -> list[str]:
    """The columns that a digest covers in entries of this version of the hash."""
    table = model._meta.db_table
    fields = [field for field in model._meta.concrete_fields if SINCE.get((table, str(field.column)), 0) <= version]
    return [field.attname for field in fields]


def canonical(value: object) -> bytes:
    """JSON of one form: sorted names, no blanks, UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def plain(value: object) -> object:
    """A column's value as it goes into a digest: the same before it is stored and after."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
