"""Change of a record what a person edited on the page that they saw, and nothing else.

A form of a record that keeps its history says which row of that history it was made from. What differs
from that row was edited; all else in the form was only looked at, and may have been put right meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import BadRequest, ValidationError
from django.db import transaction
from django.db.models import Field

from clinic.actions.errors import Overtake, Overtaken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from clinic.models.base import EditedRecord


def newest(record: EditedRecord) -> Any:
    """The row of history that says how the record stands; a form is made from it and bears its `history_id`."""
    return _history(record).order_by("-history_id")[0]


@transaction.atomic
def edit(
    *,
    record: EditedRecord,
    version: int,
    typed: Mapping[str, object],
    change: Callable[[Mapping[str, object]], None],
) -> None:
    """Pass on to `change` what was edited since that version; what somebody else has made of it meanwhile is Overtaken."""
    now = type(record)._base_manager.select_for_update(of=("self",), no_key=True).get(pk=record.pk)
    seen = _history(record).filter(history_id=version).first()
    if seen is None:
        raise BadRequest("a form that was not given out for this record")
    edited = {name: value for name, value in typed.items() if not _is_same(record, name, getattr(seen, name), value)}
    clashes = {
        name: Overtake(getattr(seen, name), getattr(now, name), value)
        for name, value in edited.items()
        if getattr(now, name) != getattr(seen, name) and not _is_same(record, name, getattr(now, name), value)
    }
    if clashes:
        raise Overtaken(clashes, edited)
    change(edited)


def _history(record: EditedRecord) -> Any:
    return record.history  # type: ignore[attr-defined]  # every edited record declares it


def _is_same(record: EditedRecord, name: str, stored: object, typed: object) -> bool:
    """Whether what was typed is what is stored, once it is cleaned; what cannot be stored is not."""
    field = record._meta.get_field(name)
    try:
        return isinstance(field, Field) and bool(field.to_python(typed) == stored)
    except ValidationError:
        return False
