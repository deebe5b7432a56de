"""The threads of a process write to SQLite one after the other, and nobody keeps a turn that is over."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest
from django.db import DatabaseError, connection, transaction

from clinic.clock import now
from clinic.models import Use
from clinic.one_writer.base import _WRITING, DatabaseWrapper

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has as many writers as there are"),
]


def write() -> None:
    Use.objects.create(what="search", who="ada", minute=int(now().timestamp()), times=1)


def end_well() -> None:
    with transaction.atomic():
        write()
        assert _WRITING.locked()


def fail() -> None:
    with transaction.atomic():
        write()
        write()


def owe() -> None:
    """Refused when the transaction ends: the row that another one leads to is not there."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO guard_owed (tbl, pk, due) VALUES ('clinic_intake', '1', 1)")


def close() -> None:
    with transaction.atomic():
        write()
        connection.close()


def cannot_begin() -> None:
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        try:
            with transaction.atomic():
                pass
        finally:
            cursor.execute("ROLLBACK")


@pytest.mark.parametrize(
    ("act", "is_refused"), [(end_well, False), (fail, True), (owe, True), (close, False), (cannot_begin, True)]
)
def test_a_turn_ends_with_its_transaction_however_that_ends(act: Callable[[], None], is_refused: bool) -> None:  # noqa: FBT001 -- a case
    if is_refused:
        with pytest.raises(DatabaseError):
            act()
    else:
        act()
    assert not _WRITING.locked()


def test_whoever_comes_second_waits_without_asking_sqlite() -> None:
    came, told = Event(), []

    def second() -> None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 0")  # would be turned away at once
        came.set()
        with transaction.atomic():
            told.append("second")
        connection.close()

    with transaction.atomic():
        thread = Thread(target=second)
        thread.start()
        came.wait(5)
        thread.join(0.2)
        told.append("first")
    thread.join(5)
    assert told == ["first", "second"]
    assert not _WRITING.locked()


def modes(file: Path) -> set[int]:
    return {each.stat().st_mode & 0o777 for each in file.parent.glob(f"{file.name}*")}


@pytest.mark.parametrize("before", [None, 0o644, 0o666])
def test_the_file_and_what_lies_beside_it_is_for_its_owner_only(tmp_path: Path, before: int | None):
    file = tmp_path / "clinic.sqlite3"
    if before:
        left_behind = sqlite3.connect(file)
        left_behind.execute("PRAGMA journal_mode = WAL")
        left_behind.execute("CREATE TABLE one (a)")
        for each in tmp_path.iterdir():
            each.chmod(before)
    other = DatabaseWrapper(connection.settings_dict | {"NAME": file}, "other")
    with other.cursor() as cursor:
        cursor.execute("CREATE TABLE two (a)")
        assert {each.name[14:] for each in tmp_path.iterdir()} == {"", "-wal", "-shm"}
        assert modes(file) == {0o600}
    other.close()


_LOOK = "import sqlite3, sys; it = sqlite3.connect(sys.argv[1]); it.execute('SELECT * FROM one').fetchall(); it.close()"


def test_another_connection_of_the_process_takes_no_lock_away_from_it(tmp_path: Path):
    """On POSIX a process loses all its locks on a file when it closes any descriptor of it.

    A program that then looks into the file takes itself for the last one, and removes the log that we write to.
    """
    file = tmp_path / "clinic.sqlite3"
    first, second = (DatabaseWrapper(connection.settings_dict | {"NAME": file}, name) for name in ("one", "two"))
    with first.cursor() as cursor:
        cursor.execute("CREATE TABLE one (a)")
        second.connect()
        subprocess.run([sys.executable, "-c", _LOOK, str(file)], check=True)  # noqa: S603 -- our own words
        assert file.with_name(f"{file.name}-wal").exists()
        cursor.execute("INSERT INTO one VALUES (1)")
    first.close()
    second.close()
