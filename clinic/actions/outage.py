"""When the database is in trouble, or a key is missing: no fault of the request, which may succeed soon."""

from __future__ import annotations

import sqlite3

from django.db import InterfaceError, InternalError, OperationalError

from clinic.sealing import Unreadable

RETRY_AFTER = "5"  # seconds, as a header


def is_outage(fault: BaseException | None) -> bool:
    """Whether it comes of a database that cannot be reached, is full, locked, damaged or takes no writes.

    Looked for along the chain: a session that cannot be saved is told by Django as one that has ended.
    """
    while fault is not None:
        if isinstance(fault, Unreadable):
            return True
        if isinstance(fault, OperationalError | InterfaceError | InternalError) or _is_damage(fault):
            return not _is_wrong_statement(fault)
        fault = fault.__cause__ or fault.__context__
    return False


def _is_damage(fault: BaseException) -> bool:
    """SQLite has no class of its own for a file that is not, or no longer, a database."""
    return type(fault) is sqlite3.DatabaseError


def _is_wrong_statement(fault: BaseException) -> bool:
    """SQLite tells a statement of ours that cannot be run in the same class as a lock or a full disk."""
    return getattr(fault.__cause__, "sqlite_errorname", "") == "SQLITE_ERROR"
