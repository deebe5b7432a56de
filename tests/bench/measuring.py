"""Server time and queries of a page: through the whole of Django, in this process, against a real database."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from clinic.settings import database
from tests.bench.pages import Browser, Page, pages

PER_ROUND = 3
_NOT_QUERIES = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


@dataclass(slots=True)
class Measured:
    """One page in one clinic."""

    page: Page
    queries: list[str]
    milliseconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds)

    @property
    def late(self) -> float:
        """The 95th percentile."""
        return statistics.quantiles(self.milliseconds, n=20)[-1]


@dataclass(slots=True)
class Clinic:
    """A filled database, its pages and the people who open them."""

    url: str
    browser: Browser = field(default_factory=Browser)
    measured: dict[str, Measured] = field(default_factory=dict)


def use(url: str) -> None:
    """Let everything that follows read another database."""
    connections["default"].close()
    connections.settings["default"] = connections.configure_settings({"default": database(url)})["default"]
    del connections["default"]


def measure(urls: Mapping[int, str], *, rounds: int, only: str = "") -> dict[int, dict[str, Measured]]:
    """Every page in every clinic, the clinics taking turns, so that a slow moment of the machine meets them all."""
    clinics = {size: Clinic(url) for size, url in urls.items()}
    for clinic in clinics.values():
        _begin(clinic, only)
    for _ in range(rounds):
        for clinic in clinics.values():
            _round(clinic)
    return {size: clinic.measured for size, clinic in clinics.items()}


def _begin(clinic: Clinic, only: str) -> None:
    use(clinic.url)
    for page in pages():
        if only in page.name:
            opened = clinic.browser.opener(page)
            opened()
            clinic.measured[page.name] = Measured(page, queries(opened))


def _round(clinic: Clinic) -> None:
    use(clinic.url)
    for measured in clinic.measured.values():
        opened = clinic.browser.opener(measured.page)
        opened()
        for _ in range(PER_ROUND):
            began = perf_counter()
            opened()
            measured.milliseconds.append((perf_counter() - began) * 1000)


def queries(opened: Callable[[], Any]) -> list[str]:
    """The statements that the page takes; the limits of transactions are not counted as such."""
    with CaptureQueriesContext(connection) as captured:
        opened()
    return [each["sql"] for each in captured if not each["sql"].startswith(_NOT_QUERIES)]


def plan(sql: str) -> str:
    """How the present database goes about a query."""
    words = (
        "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) "
        if connection.vendor == "postgresql"
        else "EXPLAIN QUERY PLAN "
    )
    with connection.cursor() as cursor:
        cursor.execute(words + sql.replace("%", "%%"), [])
        return "\n".join(f"    {row[-1]}" for row in cursor.fetchall())
