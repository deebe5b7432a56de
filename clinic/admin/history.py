"""The history of a record: who changed it, when, why, from what to what. A fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.core.paginator import Page, Paginator
from django.db.models import JSONField
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from clinic import clock
from clinic.models.birth import Birth
from clinic.models.sealed import open_alike

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from django.db.models import Field, Model

    from clinic.admin.answers import AnswerWords

PER_PAGE = 50
NOTHING = "-"
_KINDS = {"+": _("Added"), "~": _("Changed"), "-": _("Removed")}


@dataclass(frozen=True, slots=True)
class Change:
    """One value that changed, in words."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a history."""

    at: datetime
    who: str
    why: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """One page of a history, newest first."""

    entries: tuple[Entry, ...]
    page: Page[Any] | None = None


def read_history(
    record: Any, *, page: str = "1", hidden: Sequence[str] = (), answers: AnswerWords | None = None
) -> History:
    """The history of an edited record; `hidden` columns are neither read nor shown."""
    rows = record.history.select_related("history_user").defer(*hidden)
    found = Paginator(rows, PER_PAGE).get_page(page)
    start = max(found.start_index() - 1, 0)
    read = [*rows[start : start + PER_PAGE + 1]]  # one more, to compare the oldest of the page with
    if hasattr(type(record), "key"):  # something of it is sealed
        open_alike(record, read)
    fields = [each for each in type(record).history.model.tracked_fields if each.name not in {"id", *hidden}]
    reader = _Reader(fields, _names(fields, read), answers)
    pairs = pairwise([*read, None] if len(read) <= PER_PAGE else read)
    return History(tuple(reader.entry(new, old) for new, old in pairs), found)


def _names(fields: Sequence[Field[Any, Any]], rows: Sequence[Any]) -> Mapping[type[Model], Mapping[Any, str]]:
    """What the ids in the rows stand for: one query for each table that they point to."""
    wanted: dict[type[Model], set[Any]] = {}
    for field in fields:
        if field.is_relation:
            ids = wanted.setdefault(field.related_model, set())  # type: ignore[arg-type]  # never "self" here
            ids.update(getattr(row, field.attname) for row in rows)
    return {
        model: {each.pk: str(each) for each in model._default_manager.filter(pk__in=ids - {None}).defer(*_long(model))}
        for model, ids in wanted.items()
    }


def _long(model: type[Model]) -> list[str]:
    """Columns that no name is made of and that may be very long."""
    return [field.name for field in model._meta.fields if field.name in {"source", "answers"}]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Puts the difference of two rows of one history into words."""

    fields: Sequence[Field[Any, Any]]
    names: Mapping[type[Model], Mapping[Any, str]]
    answers: AnswerWords | None

    def entry(self, new: Any, old: Any | None) -> Entry:
        kind = str(_KINDS[new.history_type])
        return Entry(
            at=new.history_date,
            who=str(new.history_user or _("unknown")),
            why=capfirst((new.history_change_reason or kind).partition(":")[0]),  # what follows it is listed below
            changes=tuple(self._changes(new, old)),
        )

    def _changes(self, new: Any, old: Any | None) -> Iterator[Change]:
        for field in self.fields:
            before, after = (getattr(row, field.attname, None) for row in (old, new))
            if before == after or (old is None and after in (None, "", {})):
                continue
            if isinstance(field, JSONField) and self.answers is not None:
                yield from self._answers(before or {}, after or {})
            else:
                yield Change(capfirst(str(field.verbose_name)), self._say(field, before), self._say(field, after))

    def _answers(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
        assert self.answers is not None  # noqa: S101 -- asked only where there are words for answers
        for name in dict.fromkeys([*before, *after]):
            old, new = before.get(name), after.get(name)
            if old != new:
                yield Change(self.answers.question(name), self.answers.say(name, old), self.answers.say(name, new))

    def _say(self, field: Field[Any, Any], value: Any) -> str:
        if value is None or value == "":
            return NOTHING
        if field.is_relation:
            return self.names[field.related_model].get(value, str(value))  # type: ignore[index]  # as above
        if isinstance(value, list):
            return ", ".join(map(str, value))
        if isinstance(value, bool):
            return str(_("Yes") if value else _("No"))
        if isinstance(value, datetime):
            return date_format(clock.shown(value), "j M Y, H:i")
        if isinstance(value, Birth):
            return value.said()
        return str(dict(field.flatchoices).get(value, value))
