"""The floor under a submit: the rows that it leaves, written by the driver alone, and a bare function that decides on them first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from time import perf_counter
from typing import Any

import orjson
from django.db import connection

from clinic import clock, protocols
from clinic.models import Assessment, AuditEvent, AuditHead, Intake, Site
from triage.facts import check_answers
from triage.outcome import decide


class Bare:
    """The rows that the last submit at a site left, to be written again, in one transaction, to tables without keys or triggers.

    On PostgreSQL they are one prepared statement, so that there is one way to the server and back.
    """

    def __init__(self, site: Site) -> None:
        assessment = Assessment.objects.filter(site=site).latest("at")
        event = AuditEvent.objects.filter(site=site).latest("seq")
        history = Intake.history.model.objects.latest("history_id")  # type: ignore[attr-defined]  # of simple-history
        head = AuditHead.objects.get(site=site)
        self._protocol, self._disposition = protocols.get(assessment.release), assessment.disposition
        self._age = assessment.answers["age"]  # from the patient's record, as in a submit
        self._inserts = [self._copy(row) for row in (assessment.intake, history, assessment, event, head)]

    def _copy(self, row: Any) -> tuple[str, dict[str, Any]]:
        table, fields = row._meta.db_table, row._meta.concrete_fields
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE bare_{table} AS SELECT * FROM {table} WHERE 1 = 0")  # noqa: S608 -- our own
        values = {field.column: field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields}
        mark = "?" if connection.vendor == "sqlite" else "%s"
        names, marks = ", ".join(f'"{each}"' for each in values), ", ".join([mark] * len(values))
        return f"INSERT INTO bare_{table} ({names}) VALUES ({marks})", values  # noqa: S608 -- our own

    def insert(self) -> float:
        """Write them; the seconds that it took."""
        began = perf_counter()
        self._write({})
        return perf_counter() - began

    def submit(self, body: bytes) -> float:
        """Ask the bare function; the seconds until its answer."""
        environ = {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        began = perf_counter()
        answer = self._wsgi(environ, lambda status, headers: None)
        took = perf_counter() - began
        assert orjson.loads(b"".join(answer))["outcome"]["disposition"] == self._disposition
        return took

    def _wsgi(self, environ: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], object]) -> list[bytes]:
        """Read, check, decide with reasons, write, answer; no framework, nobody asked who they are, no guard, no worklist."""
        answers = orjson.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))["answers"]
        on, at = clock.today(None), clock.now().isoformat()
        check_answers(self._protocol.questions, answers, on=on)
        entered = {name: {"value": value, "source": "staff", "at": at} for name, value in answers.items()}
        outcome = decide(self._protocol, entered | {"age": self._age}, on=on)
        self._write({"answers": orjson.dumps(entered).decode(), "outcome": orjson.dumps(outcome).decode()})
        start("200 OK", [("Content-Type", "application/json")])
        return [orjson.dumps({"answers": entered, "outcome": outcome})]

    def _write(self, new: Mapping[str, str]) -> None:
        rows = [(text, [new.get(column, value) for column, value in values.items()]) for text, values in self._inserts]
        driver = connection.connection
        if connection.vendor == "postgresql":
            texts = [text for text, _values in rows]
            parts = ", ".join(f"part_{number} AS ({text})" for number, text in enumerate(texts[:-1]))
            driver.execute(f"WITH {parts} {texts[-1]}", [each for _text, row in rows for each in row], prepare=True)
            return
        driver.execute("BEGIN IMMEDIATE")
        for text, values in rows:
            driver.execute(text, values)
        driver.execute("COMMIT")
