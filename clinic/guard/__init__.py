"""The guard in the database: nothing is changed without its history, nothing written once is changed.

What it refuses, and how on either database, is told in docs/adr/0015-a-guard-in-the-database.md.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.db.migrations.executor import MigrationExecutor

from clinic.guard import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_DIALECTS: dict[str, ModuleType] = {"sqlite": sqlite, "postgresql": postgresql}


def raise_guard(using: str = "default") -> None:
    """Put every trigger in place, all of them or none; nothing is done where they stand already."""
    connection, dialect = connections[using], _dialect(using)
    if not faults(using):
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        dialect.prepare(connection)
        dialect.remove(connection)
        for trigger in dialect.triggers():
            for statement in trigger.sql:
                cursor.execute(statement)


def lower_guard(using: str = "default") -> None:
    """Take every trigger away, for a change of the schema."""
    with transaction.atomic(using=using):
        _dialect(using).remove(connections[using])


@contextmanager
def lowered(using: str = "default") -> Iterator[None]:
    """Write past the guard: to forge in a test, to fill a database that only a measurement needs."""
    lower_guard(using)
    try:
        yield
    finally:
        raise_guard(using)


def faults(using: str = "default") -> list[str]:
    """Each trigger that is missing, switched off or not the one that has to be there."""
    dialect = _dialect(using)
    standing = dialect.standing(connections[using])
    return [each.name for each in dialect.triggers() if standing.get(each.name) != dialect.text(each)]


def require() -> None:
    """Refuse to serve from a database without its guard, whole and in force, and out of the reach of the server."""
    missing = faults()
    if missing:
        raise ImproperlyConfigured(
            f"The guard of the database is not whole ({len(missing)} triggers, first {missing[0]}): run manage.py migrate."
        )
    if not settings.DEMO and _dialect("default").may_be_lowered(connections["default"]):
        raise ImproperlyConfigured(
            "The role that DATABASE_URL names could take the guard away: let it name one that owns nothing, "
            "and run manage.py grant_app for that one."
        )


def before_migrating(using: str, plan: list[Any], **_: Any) -> None:
    """Lower it where tables are about to change."""
    if plan:
        lower_guard(using)


def after_migrating(using: str, **_: Any) -> None:
    """Raise it where the tables are those of the models; until then no server starts."""
    executor = MigrationExecutor(connections[using])
    newest = [leaf for leaf in executor.loader.graph.leaf_nodes() if leaf[0] == "clinic"]
    if not executor.migration_plan(newest):
        raise_guard(using)


def _dialect(using: str) -> ModuleType:
    return _DIALECTS[connections[using].vendor]
