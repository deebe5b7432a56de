"""What one submit costs: `python -m tests.bench.submit`. Answers sent through the API, beside a bare insert of the same rows.

In this process, no sockets, on SQLite and PostgreSQL. A submit is the whole of `POST intakes/ID/answers/`: token, checks,
evaluation, history, guard, trail. The bare insert writes copies of the rows that it left (the intake, its history, the
assessment, the entry of the trail, the end of the trail) through the driver, in one transaction, to tables without keys or triggers. The
two take turns, so that a slow moment of the machine meets both; with `--without-guard` the triggers are away, to see their share.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.bench import postgres
from tests.bench.lists import _created, _set_up

_ROUNDS, _EACH = 15, 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without-guard", action="store_true")
    without_guard = parser.parse_args().without_guard
    _set_up()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yellowflag-bench-")))
        _measure("SQLite", f"sqlite:///{folder}/clinic.sqlite3", without_guard=without_guard)
        if postgres.is_installed():
            server = stack.enter_context(postgres.private())
            _measure("PostgreSQL", _created(server, "submit"), without_guard=without_guard)


def _measure(name: str, url: str, *, without_guard: bool) -> None:
    from django.core.management import call_command
    from django.test import Client

    from clinic import guard
    from clinic.actions import people, tokens
    from clinic.permissions import Role
    from tests import factories
    from tests.bench.measuring import use

    use(url)
    call_command("migrate", verbosity=0)
    site = factories.site()
    clinician = factories.user(Role.CLINICIAN, site)
    secret = tokens.issue(user=clinician, name="bench", by=people.system())
    client = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {secret}"})
    body = json.dumps({"answers": factories.answers()})
    if without_guard:
        guard.lower_guard()

    def submit(intake: Any) -> float:
        started = perf_counter()
        answer = client.post(f"/api/v1/intakes/{intake.pk}/answers/", body, content_type="application/json")
        took = perf_counter() - started
        assert answer.status_code == 200, answer.content
        return took

    submit(factories.open_intake(site, clinician))
    bare = _Bare(site)
    sys.stdout.write(f"{name}: {_queries(client, factories.open_intake(site, clinician), body)} statements a submit\n")
    submits, inserts = [], []
    for _ in range(_ROUNDS):
        intakes = [factories.open_intake(site, clinician) for _ in range(_EACH)]
        submits.append(statistics.median(submit(each) for each in intakes))
        inserts.append(statistics.median(bare.insert() for _ in range(_EACH)))
    ratios = [submit / insert for submit, insert in zip(submits, inserts, strict=True)]
    sys.stdout.write(
        f"  submit {_ms(submits)} ms, bare insert {_ms(inserts)} ms, {statistics.median(ratios):.1f} times\n"
    )


def _ms(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.2f}"


def _queries(client: Any, intake: Any, body: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        client.post(f"/api/v1/intakes/{intake.pk}/answers/", body, content_type="application/json")
    return len(captured)


class _Bare:
    """The rows that the last submit left, written again by the driver."""

    def __init__(self, site: Any) -> None:
        from django.db import connection

        from clinic.models import Assessment, AuditEvent, AuditHead, Intake

        self._connection = connection
        assessment = Assessment.objects.filter(site=site).latest("at")
        event = AuditEvent.objects.filter(site=site).latest("seq")
        history = Intake.history.model.objects.latest("history_id")
        head = AuditHead.objects.get(site=site)
        self._statements = [self._copy(row) for row in (assessment.intake, history, assessment, event, head)]

    def _copy(self, row: Any) -> tuple[str, list[Any]]:
        """An insert into a twin of the row's table that has neither keys nor triggers."""
        table = row._meta.db_table
        fields = row._meta.concrete_fields
        with self._connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE bare_{table} AS SELECT * FROM {table} WHERE 1 = 0")  # noqa: S608 -- our own
        names = ", ".join(f'"{field.column}"' for field in fields)
        values = [field.get_db_prep_save(getattr(row, field.attname), self._connection) for field in fields]
        return f"INSERT INTO bare_{table} ({names}) VALUES ({', '.join(['%s'] * len(fields))})", values  # noqa: S608

    def insert(self) -> float:
        from django.db import transaction

        started = perf_counter()
        with transaction.atomic(), self._connection.cursor() as cursor:
            for statement, values in self._statements:
                cursor.execute(statement, values)
        return perf_counter() - started


if __name__ == "__main__":
    main()
