"""SQLite has one writer at a time: the threads of a process queue up here before they begin.

Left to SQLite, whoever finds it taken sleeps and asks again, each time for longer, while others that come later pass by:
one submit in a hundred then takes many times as long as the others.

The file and what SQLite puts beside it are their owner's alone.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from django.db.backends.sqlite3 import base

_WRITING = Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that waits for its turn before it begins a transaction, and lets the next one in when it has ended."""

    _is_writing = False

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        if not self.is_in_memory_db():
            _close_to_others(Path(conn_params["database"]))
        return super().get_new_connection(conn_params)

    def _start_transaction_under_autocommit(self) -> None:
        # Past the time-out SQLite itself is asked, which says whether it is taken.
        self._is_writing = _WRITING.acquire(timeout=self.settings_dict["OPTIONS"]["timeout"])
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # not in the stubs
        except BaseException:
            self._end_turn()
            raise

    def _set_autocommit(self, autocommit: bool) -> None:  # noqa: FBT001 -- Django's own
        super()._set_autocommit(autocommit)  # type: ignore[misc]  # not in the stubs
        self._end_turn()

    def _close(self) -> None:
        super()._close()  # type: ignore[misc]  # not in the stubs
        self._end_turn()

    def _end_turn(self) -> None:
        if self._is_writing:
            self._is_writing = False
            _WRITING.release()


def _close_to_others(file: Path) -> None:
    """Make the file, or shut it; what SQLite makes beside it later is as open as the file is.

    A file that is there is never opened here: to close it again would take every lock that SQLite has
    on it away from this process.
    """
    with suppress(OSError):  # no such folder, or another owner's file: SQLite tells what it cannot do
        with suppress(FileExistsError):
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDONLY, 0o600))
        if file.stat().st_mode & 0o077:
            for each in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm", "-journal"))):
                if each.exists():
                    each.chmod(0o600)
