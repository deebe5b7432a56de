"""The guard in PostgreSQL: functions, and triggers that call them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinic.guard import guarded
from clinic.guard.guarded import Trigger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper

    from clinic.guard.guarded import Edited


def triggers() -> Iterator[Trigger]:
    """Every trigger that has to be there."""
    for each in guarded.edited():
        yield from _of_edited(each)
    for table in guarded.kept():
        yield _refuse(table, "kept", "UPDATE OR DELETE", "rows here are never changed")
        yield _refuse(table, "whole", "TRUNCATE", "rows here are never removed")
    yield _refuse(guarded.heads(), "kept", "DELETE", "rows here are never removed")
    yield _refuse(guarded.heads(), "whole", "TRUNCATE", "rows here are never removed")
    yield _refuse(guarded.heads(), "forward", "UPDATE", "a trail only grows", "NEW.seq <= OLD.seq")


def _of_edited(each: Edited) -> Iterator[Trigger]:
    yield _refuse(each.table, "kept", "DELETE", "rows here are never removed")
    yield _refuse(each.table, "whole", "TRUNCATE", "rows here are never removed")
    yield _refuse(each.table, "named", "UPDATE", "the id of a row is for good", "NEW.id IS DISTINCT FROM OLD.id")
    same = " AND ".join(f'r."{column}" IS NOT DISTINCT FROM h."{column}"' for column in each.columns)
    body = (
        f'IF NOT EXISTS (SELECT 1 FROM "{each.table}" r CROSS JOIN LATERAL (SELECT * FROM "{each.history}" c '
        f"WHERE c.id = r.id ORDER BY c.history_id DESC LIMIT 1) h WHERE r.id = NEW.id AND h.history_type <> '-' AND {same}) "
        f"THEN {_raise(each.table, 'a row differs from its newest history')} END IF; RETURN NULL;"
    )
    for table, events in ((each.table, "INSERT OR UPDATE"), (each.history, "INSERT")):
        yield _trigger(table, "as_history", events, body, timing="CONSTRAINT")
    later = f'EXISTS (SELECT 1 FROM "{each.history}" c WHERE c.id = NEW.id AND c.history_id > NEW.history_id)'
    ended = f"IF {later} THEN {_raise(each.history, 'history only grows at its end')} END IF; RETURN NEW;"
    yield _trigger(each.history, "at_the_end", "INSERT", ended)


def _refuse(table: str, what: str, events: str, why: str, condition: str = "true") -> Trigger:
    passed = "NULL" if "DELETE" in events or events == "TRUNCATE" else "NEW"
    body = f"IF {condition} THEN {_raise(table, why)} END IF; RETURN {passed};"
    return _trigger(table, what, events, body)


def _raise(table: str, why: str) -> str:
    return f"RAISE EXCEPTION 'guard: {table}: {why}' USING ERRCODE = 'integrity_constraint_violation';"


def _trigger(table: str, what: str, events: str, body: str, *, timing: str = "BEFORE") -> Trigger:
    """A trigger and the function of its own; a constraint is looked at when the transaction ends."""
    name = f"guard_{what}_{table}"
    each = "STATEMENT" if events == "TRUNCATE" else "ROW"
    function = (
        f'CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $guard$BEGIN {body} END$guard$'
    )
    if timing == "CONSTRAINT":
        head, when = f'CREATE CONSTRAINT TRIGGER "{name}" AFTER', "DEFERRABLE INITIALLY DEFERRED "
    else:
        head, when = f'CREATE TRIGGER "{name}" BEFORE', ""
    made = f'{head} {events} ON "{table}" {when}FOR EACH {each} EXECUTE FUNCTION "{name}"()'
    return Trigger(name, table, (function, made))


def standing(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """The triggers of the guard that are there and on, each with the body of its function."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.tgname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE starts_with(t.tgname, 'guard_') AND t.tgenabled = 'O' AND pg_table_is_visible(c.oid)"
        )
        return dict(cursor.fetchall())


def text(trigger: Trigger) -> str:
    """What `standing` says of the trigger where it is as it has to be."""
    return trigger.sql[0].split("$guard$")[1]


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take every trigger of the guard away, whichever release of Yellowflag put it there."""
    connection.check_constraints()  # a table with triggers yet to be fired cannot lose one
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE starts_with(t.tgname, 'guard_') AND pg_table_is_visible(c.oid)"
        )
        for name, table in cursor.fetchall():
            cursor.execute(f'DROP TRIGGER "{name}" ON "{table}"')
            cursor.execute(f'DROP FUNCTION "{name}"()')


def prepare(connection: BaseDatabaseWrapper) -> None:
    """Nothing: PostgreSQL needs no table for it."""


def may_be_lowered(connection: BaseDatabaseWrapper) -> bool:
    """Whether the role that is connected may do everything, or owns a table and so its triggers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper OR EXISTS (SELECT 1 FROM pg_class c WHERE c.relkind = 'r' AND pg_table_is_visible(c.oid)"
            " AND pg_has_role(current_user, c.relowner, 'MEMBER')) FROM pg_roles WHERE rolname = current_user"
        )
        return bool(cursor.fetchone()[0])
