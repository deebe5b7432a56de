"""Let a role of PostgreSQL run the clinic without owning it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError
from django.db import connection, transaction

from clinic.guard import guarded

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Run by the owner of the tables, after each `migrate`; the server then connects as the role.

    It may read and add everywhere, change what is edited, and remove only what no record is made
    of. It owns nothing, so that no trigger can be switched off by it.
    """

    help = "Grant a PostgreSQL role what the server needs, and no more."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", metavar="ROLE", help="an existing role that can log in")

    def handle(self, *, role: str, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("Roles are of PostgreSQL; on SQLite whoever may read the file may write it.")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = %s", [role])
            found = cursor.fetchone()
            if found is None:
                raise CommandError(f'There is no role "{role}": CREATE ROLE "{role}" LOGIN PASSWORD ... first.')
            if found[0]:
                raise CommandError(f'"{role}" may do everything already: the server needs a role that may not.')
            for statement in _grants(connection.ops.quote_name(role)):
                cursor.execute(statement)
        self.stdout.write(f"{role} may run the server. Run this again after each migrate.")


def _grants(role: str) -> list[str]:
    kept = ", ".join(guarded.kept())
    edited = ", ".join([*(each.table for each in guarded.edited()), guarded.heads()])
    return [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"REVOKE CREATE ON SCHEMA public FROM {role}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"REVOKE UPDATE, DELETE ON {kept} FROM {role}",
        f"REVOKE DELETE ON {edited} FROM {role}",
        f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}",
    ]
