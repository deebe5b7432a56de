"""Whole copies of the database, made while the clinic works, and brought back into an empty one."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.management import CommandError
from django.db import connection, transaction
from psycopg.conninfo import make_conninfo

from clinic.actions import key_copies
from clinic.management import anchors, key_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clinic.management.anchors import Anchor


def write(file: Path, keys: Path) -> list[Anchor]:
    """Write a copy, and the keys of the patients, to files that nobody else may read; tell the ends of the chains."""
    return _write_sqlite(file, keys) if connection.vendor == "sqlite" else _write_postgresql(file, keys)


def bring_back(file: Path, keys: Path, expected: list[Anchor]) -> None:
    """Fill the empty database from a copy, if it is whole and holds what is expected."""
    if connection.vendor == "sqlite":
        _bring_back_sqlite(file, keys, expected)
    else:
        _bring_back_postgresql(file, keys, expected)


def keys_beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.keys")


@contextmanager
def unfinished(file: Path) -> Iterator[Path]:
    """A file beside it that takes its name when all has gone well, and is gone when it has not."""
    part = file.with_name(f".{file.name}.part")
    _refuse_existing(file)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield part
        _to_disk(part)
        _refuse_existing(file)
        part.rename(file)
    finally:
        for left in (part, *(part.with_name(part.name + end) for end in ("-wal", "-shm", "-journal"))):
            left.unlink(missing_ok=True)


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Clean up on interrupt, as on failure."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def file_faults_told() -> Iterator[None]:
    """Tell what the file system refuses in one line."""
    try:
        yield
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}.") from error


def _refuse_existing(file: Path) -> None:
    if file.exists():
        raise CommandError(f"{file} is there already: nothing is overwritten.")


def _to_disk(file: Path) -> None:
    with file.open("rb") as written:
        os.fsync(written.fileno())


def _write_sqlite(file: Path, keys: Path) -> list[Anchor]:
    with closing(sqlite3.connect(file)) as copy:
        connection.ensure_connection()
        connection.connection.backup(copy)
    _check_file(file)
    with _read_from(file):
        ends = anchors.newest()
        key_files.write(keys)
        key_copies.take_out()
    with closing(sqlite3.connect(file)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")  # one file that needs none beside it
        copy.execute("VACUUM")  # in which nothing is left of what was taken out
    return ends


def _bring_back_sqlite(file: Path, keys: Path, expected: list[Anchor]) -> None:
    database = Path(connection.settings_dict["NAME"])
    connection.close()
    with unfinished(database) as part:
        shutil.copyfile(file, part)
        _check_file(part)
        with _read_from(part):
            _check_chains(expected)
            key_files.bring_back(keys)


def _check_file(file: Path) -> None:
    """Refuse a file that is not a whole database, or in which a row leads nowhere."""
    try:
        with closing(sqlite3.connect(file)) as copy:
            damage = [row[0] for row in copy.execute("PRAGMA integrity_check(3)") if row[0] != "ok"]
            leads_nowhere = copy.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.DatabaseError as error:
        raise CommandError(f"The copy cannot be read: {error}.") from error
    if damage or leads_nowhere:
        raise CommandError(
            f"The copy is damaged: {'; '.join(damage) or f'a row of {leads_nowhere[0][0]} leads nowhere'}."
        )


@contextmanager
def _read_from(file: Path) -> Iterator[None]:
    """Let the product look into another file of SQLite."""
    own = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = str(file)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own


def _check_chains(expected: list[Anchor]) -> None:
    if found := anchors.faults(expected):
        raise CommandError("The copy is not accepted: " + "; ".join(found) + ".")


def _write_postgresql(file: Path, keys: Path) -> list[Anchor]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        apart = [f"--exclude-table-data={model._meta.db_table}" for model in key_copies.APART]
        _run(
            "pg_dump", "--format=custom", *apart, f"--snapshot={snapshot}", f"--file={file}", f"--dbname={_conninfo()}"
        )
        ends = anchors.newest()
        key_files.write(keys)
    _run("pg_restore", f"--file={os.devnull}", str(file))  # reads all of it
    return ends


def _bring_back_postgresql(file: Path, keys: Path, expected: list[Anchor]) -> None:
    if tables := connection.introspection.table_names():
        raise CommandError(f"The database holds {len(tables)} tables already: nothing is overwritten.")
    _run("pg_restore", "--no-owner", "--no-privileges", "--single-transaction", f"--dbname={_conninfo()}", str(file))
    try:
        _check_chains(expected)
        key_files.bring_back(keys)
    except CommandError as refused:
        raise CommandError(f"{refused} Do not use this database: drop it.") from refused


def _run(program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL; the password goes by its environment, where no list of processes shows it."""
    environment = os.environ | {"PGPASSWORD": connection.settings_dict["PASSWORD"]}
    ran = subprocess.run(  # noqa: S603 -- found by ourselves, with arguments of our own
        [_find(program), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise CommandError(f"{program} failed: {ran.stderr.strip()}")


def _find(program: str) -> str:
    """The program on the path, or the newest that Debian has put beside it."""
    beside = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[4]))
    found = shutil.which(program) or (str(beside[-1]) if beside else None)
    if found is None:
        raise CommandError(f"There is no {program} here: install the client programs of PostgreSQL.")
    return found


def _conninfo() -> str:
    """Where the database is, without the password."""
    settings = connection.settings_dict
    named = {"dbname": settings["NAME"], "user": settings["USER"], "host": settings["HOST"], "port": settings["PORT"]}
    return make_conninfo(**{key: value for key, value in (named | settings["OPTIONS"]).items() if value})
