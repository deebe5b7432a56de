"""SQLite has one writer at a time: the threads of a process queue up here before they begin.

Left to SQLite, whoever finds it taken sleeps and asks again, each time for longer, while others that come later pass by:
one submit in a hundred then takes many times as long as the others.
"""

from __future__ import annotations

from threading import Lock

from django.db.backends.sqlite3 import base

_WRITING = Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that waits for its turn before it begins a transaction, and lets the next one in when it has ended."""

    _is_writing = False

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
