"""Lists in clinics of different sizes: `python -m tests.bench.lists`. Server time of whole pages, on SQLite and PostgreSQL.

Every clinic is filled anew in a folder of its own and thrown away. Fails where a page of the
largest clinic takes too many times as long as in the smallest, or where a page of the
administration takes too long or too many queries.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from tests.bench import postgres

RATIO = 3  # of the time in the largest clinic to that in the smallest
LIST_QUERIES, BOARD_QUERIES = 6, 8  # of a list of the administration; of its dashboard
LIST_MILLISECONDS = 100  # of a list of the administration
Urls = Mapping[int, str]


def main() -> None:
    asked = _asked()
    if asked.fill:
        _set_up()
        from tests.bench.seeding import seed

        seed(asked.fill)
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yellowflag-bench-")))
        clinics = {"SQLite": {size: f"sqlite:///{folder}/{size}.sqlite3" for size in asked.sizes}}
        server = asked.postgresql or (stack.enter_context(postgres.private()) if postgres.is_installed() else "")
        if server:
            clinics["PostgreSQL"] = {size: _created(server, f"yellowflag_bench_{size}") for size in asked.sizes}
        with ThreadPoolExecutor(len(clinics)) as pool:
            list(pool.map(_fill, clinics.values()))
        os.environ["DATABASE_URL"] = clinics["SQLite"][asked.sizes[0]]
        _set_up()
        faults = [fault for name, urls in clinics.items() for fault in _report(name, urls, asked)]
    if faults:
        sys.exit("\n".join(["", *faults]))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=_numbers, default=[1000, 100000], help="intakes, such as 1000,10000,100000")
    parser.add_argument("--postgresql", default="", help="postgresql://USER@HOST/%%s of a server to make databases on")
    parser.add_argument("--rounds", type=int, default=5, help="of three measurements of each page")
    parser.add_argument("--only", default="", help="pages with this in their name")
    parser.add_argument("--explain", action="store_true", help="print the query plans in the largest clinic")
    parser.add_argument("--fill", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return sorted(int(each) for each in text.split(","))


def _set_up() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    logging.disable(logging.WARNING)


def _created(server: str, name: str) -> str:
    import psycopg

    with psycopg.connect(server % "postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
    return server % name


def _fill(urls: Urls) -> None:
    """In processes of their own, so that both databases are filled at the same time."""
    for size, url in urls.items():
        command = [sys.executable, "-m", "tests.bench.lists", "--fill", str(size)]
        subprocess.run(command, check=True, env=os.environ | {"DATABASE_URL": url})  # noqa: S603 -- our own words only


def _report(name: str, urls: Urls, asked: argparse.Namespace) -> Iterator[str]:
    """Print what was measured; every page that is not as it should be is a fault."""
    from tests.bench.measuring import measure

    measured = measure(urls, rounds=asked.rounds, only=asked.only)
    smallest, *_, largest = measured
    _show(f"\n{name:<40} queries", *(f"{size:,} median, p95" for size in measured), "ratio")
    for page, last in measured[largest].items():
        ratio = last.median / measured[smallest][page].median
        times = [f"{each[page].median:.1f} {each[page].late:8.1f}" for each in measured.values()]
        _show(f"{page:<40} {len(last.queries):>7}", *times, f"{ratio:.2f}")
        if ratio > RATIO:
            yield f"{name}, {page}: {ratio:.1f} times as long with {largest:,} intakes as with {smallest:,}"
        if last.page.is_admin and len(last.queries) > _most(page):
            yield f"{name}, {page}: {len(last.queries)} queries"
        if last.page.is_admin and last.median > LIST_MILLISECONDS:
            yield f"{name}, {page}: {last.median:.0f} ms"
    if asked.explain:
        _explain(urls[largest], measured[largest])


def _most(page: str) -> int:
    return BOARD_QUERIES if page.startswith("dashboard") else LIST_QUERIES


def _explain(url: str, measured: Mapping[str, object]) -> None:
    from tests.bench.measuring import Measured, plan, use

    use(url)
    for page, each in measured.items():
        assert isinstance(each, Measured)
        _show(f"\n== {page}")
        for sql in each.queries:
            if sql.startswith("SELECT"):
                _show(f"  {sql[:110]} ...\n{plan(sql)}")


def _show(first: str, *cells: str) -> None:
    print(first, *(f"{cell:>20}" for cell in cells), flush=True)  # noqa: T201  (a command that prints)


if __name__ == "__main__":
    main()
