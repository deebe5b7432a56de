"""What the guard stands over, read from the models."""

from __future__ import annotations

from dataclasses import dataclass

from django.apps import apps
from django.db import models

from clinic.models import AuditHead
from clinic.models.base import AppendOnlyRecord, EditedRecord


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger of a table, and the statements that make it, the trigger itself last."""

    name: str
    table: str
    sql: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edited:
    """A table of edited records, its history, and the columns that both have."""

    table: str
    history: str
    columns: tuple[str, ...]


def edited() -> list[Edited]:
    """The tables whose rows must stand as their newest history says."""
    return [_edited(model) for model in _models() if issubclass(model, EditedRecord)]


def kept() -> list[str]:
    """The tables whose rows are written once: records, and the history of the others."""
    records = [model._meta.db_table for model in _models() if issubclass(model, AppendOnlyRecord)]
    return records + [each.history for each in edited()]


def heads() -> str:
    """The table of the ends of the chains."""
    return AuditHead._meta.db_table


def model_of(table: str) -> type[models.Model]:
    """The model whose rows lie in the table."""
    return next(model for model in _models() if model._meta.db_table == table)


def columns_of(model: type[models.Model], *names: str) -> list[str]:
    """The columns of the fields of these names, or of all."""
    fields = [model._meta.get_field(name) for name in names] if names else model._meta.concrete_fields
    return [str(field.column) for field in fields if isinstance(field, models.Field)]


def _models() -> list[type[models.Model]]:
    return list(apps.get_app_config("clinic").get_models())


def _edited(model: type[EditedRecord]) -> Edited:
    history = model.history.model._meta  # type: ignore[attr-defined]  # every edited record declares it
    copied = {field.column for field in history.concrete_fields}
    columns = [column for column in columns_of(model) if column in copied]
    return Edited(model._meta.db_table, history.db_table, tuple(columns))
