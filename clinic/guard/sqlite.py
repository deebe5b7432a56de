"""The guard in SQLite, which has no deferred triggers and whose REPLACE deletes unseen.

A row that is not as its newest history says leaves a debt: a row of `guard_owed` whose foreign key
leads nowhere, so that no transaction ends with it. The history row that agrees takes it away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connections, models

from clinic.guard import guarded
from clinic.guard.guarded import Trigger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper

    from clinic.guard.guarded import Edited

# With WITHOUT ROWID Django's own check of constraints fails, obscurely.
_TABLES = (
    "CREATE TABLE IF NOT EXISTS guard_never (id integer PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS guard_owed (id integer PRIMARY KEY, tbl text NOT NULL, pk text NOT NULL, due integer NOT NULL REFERENCES guard_never (id) DEFERRABLE INITIALLY DEFERRED)",
    "CREATE INDEX IF NOT EXISTS guard_owed_of ON guard_owed (tbl, pk)",
)

# A plain duplicate is met here too, before the key itself would refuse it, so it has to read like one.
_REPLACED = "UNIQUE constraint failed, and rows here are never replaced"


def triggers() -> Iterator[Trigger]:
    """Every trigger that has to be there."""
    for each in guarded.edited():
        yield from _of_edited(each)
    for table in guarded.kept():
        yield _refuse(table, "changed", "UPDATE", "rows here are never changed")
        yield _refuse(table, "removed", "DELETE", "rows here are never removed")
        yield _refuse(table, "replaced", "INSERT", _REPLACED, _taken(table, "false"))
    yield _refuse(guarded.heads(), "removed", "DELETE", "rows here are never removed")
    yield _refuse(guarded.heads(), "forward", "UPDATE", "a trail only grows", "NEW.seq <= OLD.seq")
    yield _refuse(guarded.heads(), "replaced", "INSERT", _REPLACED, _taken(guarded.heads(), "false"))


def _of_edited(each: Edited) -> Iterator[Trigger]:
    table, history = each.table, each.history
    yield _refuse(table, "removed", "DELETE", "rows here are never removed")
    yield _refuse(table, "named", "UPDATE", "the id of a row is for good", "NEW.id IS NOT OLD.id")
    yield _refuse(table, "replaced", "INSERT", _REPLACED, _taken(table, "false"))
    yield _refuse(table, "pushed_out", "UPDATE", _REPLACED, _taken(table, "t.id = OLD.id"))
    same = " AND ".join(f'r."{column}" IS h."{column}"' for column in each.columns)
    settle = (
        f"DELETE FROM guard_owed WHERE tbl = '{table}' AND pk = NEW.id; "
        f"INSERT INTO guard_owed (tbl, pk, due) SELECT '{table}', NEW.id, 1 WHERE NOT EXISTS "
        f'(SELECT 1 FROM "{table}" r JOIN "{history}" h ON h.history_id = '
        f'(SELECT max(c.history_id) FROM "{history}" c WHERE c.id = NEW.id) '
        f"WHERE r.id = NEW.id AND h.history_type <> '-' AND {same});"
    )
    for each_table, event in ((table, "INSERT"), (table, "UPDATE"), (history, "INSERT")):
        name = f"guard_as_history_{event.lower()}_{each_table}"
        yield Trigger(
            name, each_table, (f'CREATE TRIGGER "{name}" AFTER {event} ON "{each_table}" BEGIN {settle} END',)
        )
    later = f'EXISTS (SELECT 1 FROM "{history}" c WHERE c.id = NEW.id AND c.history_id > NEW.history_id)'
    yield _refuse(history, "at_the_end", "INSERT", "history only grows at its end", later, timing="AFTER")


def _refuse(  # an automatic number is not given yet before the row is there
    table: str, what: str, event: str, why: str, condition: str = "true", *, timing: str = "BEFORE"
) -> Trigger:
    name = f"guard_{what}_{table}"
    body = f"SELECT RAISE(ABORT, 'guard: {table}: {why}') WHERE {condition};"
    return Trigger(name, table, (f'CREATE TRIGGER "{name}" {timing} {event} ON "{table}" BEGIN {body} END',))


def _taken(table: str, itself: str) -> str:
    """Whether another row has what the new one may not share, so that REPLACE would delete it."""
    others = " OR ".join(f"({shared})" for shared in _shared(guarded.model_of(table)))
    return f'EXISTS (SELECT 1 FROM "{table}" t WHERE NOT ({itself}) AND ({others}))'


def _shared(model: type[models.Model]) -> Iterator[str]:
    """For each key of the table, when a row `t` and the new one have the same; null is like nothing."""
    for field in model._meta.concrete_fields:
        if field.unique:
            yield from map(_alike, guarded.columns_of(model, field.name))
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            yield " AND ".join(
                [*map(_alike, guarded.columns_of(model, *constraint.fields)), *_where(model, constraint)]
            )


def _alike(column: str) -> str:
    return f't."{column}" = NEW."{column}"'


def _where(model: type[models.Model], constraint: models.UniqueConstraint) -> Iterator[str]:
    """That the condition of a key for some rows only holds of both."""
    if constraint.condition is None:
        return
    columns = [f'"{column}"' for column in guarded.columns_of(model)]
    editor = connections["default"].schema_editor(collect_sql=True)
    condition = constraint._get_condition_sql(model, editor)  # type: ignore[attr-defined]  # known to Django only
    for row in ("t", "NEW"):
        yield f"EXISTS (SELECT 1 FROM (SELECT {', '.join(f'{row}.{each} AS {each}' for each in columns)}) WHERE {condition})"


def standing(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """The triggers of the guard that are there, each with its whole text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name GLOB 'guard_*'")
        return dict(cursor.fetchall())


def text(trigger: Trigger) -> str:
    """What `standing` says of the trigger where it is as it has to be."""
    return trigger.sql[0]


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take every trigger of the guard away, whichever release of Yellowflag put it there."""
    with connection.cursor() as cursor:
        for name in standing(connection):
            cursor.execute(f'DROP TRIGGER "{name}"')


def prepare(connection: BaseDatabaseWrapper) -> None:
    """Make the table of debts."""
    with connection.cursor() as cursor:
        for statement in _TABLES:
            cursor.execute(statement)


def may_be_lowered(connection: BaseDatabaseWrapper) -> bool:
    """No: there are no roles, whoever may write the file may do everything with it, and no server could run."""
    return False
