"""The floor under a submit: the rows that it leaves, written by the driver alone."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from django.db import connection, transaction

from clinic.models import Assessment, AuditEvent, AuditHead, Intake, Site


class Bare:
    """The rows that the last submit at a site left, to be written again, in one transaction, to tables without keys or triggers."""

    def __init__(self, site: Site) -> None:
        assessment = Assessment.objects.filter(site=site).latest("at")
        event = AuditEvent.objects.filter(site=site).latest("seq")
        history = Intake.history.model.objects.latest("history_id")  # type: ignore[attr-defined]  # of simple-history
        head = AuditHead.objects.get(site=site)
        self._statements = [self._copy(row) for row in (assessment.intake, history, assessment, event, head)]

    def _copy(self, row: Any) -> tuple[str, list[Any]]:
        table, fields = row._meta.db_table, row._meta.concrete_fields
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE bare_{table} AS SELECT * FROM {table} WHERE 1 = 0")  # noqa: S608 -- our own
        names = ", ".join(f'"{field.column}"' for field in fields)
        values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
        return f"INSERT INTO bare_{table} ({names}) VALUES ({', '.join(['%s'] * len(fields))})", values  # noqa: S608

    def insert(self) -> float:
        """Write them; the seconds that it took."""
        began = perf_counter()
        with transaction.atomic(), connection.cursor() as cursor:
            for statement, values in self._statements:
                cursor.execute(statement, values)
        return perf_counter() - began
