"""Whether the server lives, and whether it can do its work: for whatever restarts it or sends it requests."""

from __future__ import annotations

import logging
import shutil
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import JsonResponse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.views.decorators.http import require_safe

from clinic import clock, guard, protocols
from clinic.actions import ring
from clinic.models import Checkpoint, Delivery, ProtocolRelease

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpRequest

_LOG = logging.getLogger(__name__)
_PATIENCE = 2000  # milliseconds; at eight writers at once the longest wait for SQLite's lock was 1.4 s
_CHECKPOINTS_LATE, _MESSAGES_LATE = timedelta(minutes=10), timedelta(minutes=10)
_KEPT = 2.0  # seconds for which what was found is told again, so that asking often costs nothing
_UNCACHED = {"Cache-Control": "no-store"}


@login_not_required
@require_safe
def livez(request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"}, headers=_UNCACHED)


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether requests can be served now, with one word on each thing that it takes."""
    body = _LAST.outcome()
    return JsonResponse(body, status=200 if body["status"] == "ok" else 503, headers=_UNCACHED)


class _Last:
    """What was found last, by one look at a time."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._body: dict[str, Any] = {}
        self._until = 0.0

    def outcome(self) -> dict[str, Any]:
        with self._turn:
            if monotonic() >= self._until:
                self._body = _look()
                self._until = monotonic() + _KEPT
            return self._body

    def forget(self) -> None:
        self._until = 0.0


_LAST = _Last()


def _look() -> dict[str, Any]:
    found = {"disk": _word(_disk), "database": _word(_database)}
    for name, check in _IN_THE_DATABASE.items():
        found[name] = _word(check) if found["database"] == "ok" else "unknown"
    is_ready = set(found.values()) == {"ok"}
    behind = {name: _word(check) for name, check in _BESIDE.items()} if is_ready else {}
    return {"status": "ok" if is_ready else "failed", "checks": found, "beside": behind}


def _word(check: Callable[[], bool]) -> str:
    try:
        return "ok" if check() else "failed"
    except Exception:  # noqa: BLE001 -- whatever it is, there is no serving now; the log may name machines, the answer not
        _LOG.exception("A check of health could not be made.")
        return "failed"


def _disk() -> bool:
    """As much is free as the settings want, where the database lies or else where the server runs."""
    on_file = connection.vendor == "sqlite"
    place = Path(connection.settings_dict["NAME"]).parent if on_file else settings.BASE_DIR
    return shutil.disk_usage(place).free >= settings.FREE_DISK_MB * 1024 * 1024


def _database() -> bool:
    """It answers and takes a write, which is taken back."""
    with _waiting_shortly(), transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"SET LOCAL statement_timeout = {_PATIENCE}")
        cursor.execute(
            "INSERT INTO django_session (session_key, session_data, expire_date) VALUES (%s, '', %s)",
            [f"health{get_random_string(26)}", timezone.now()],
        )
        transaction.set_rollback(True)
    return True


@contextmanager
def _waiting_shortly() -> Iterator[None]:
    """Ask SQLite for its lock for a short time only; requests wait for it as long as before."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {_PATIENCE}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {connection.settings_dict['OPTIONS']['timeout'] * 1000}")


def _migrations() -> bool:
    return _shipped() <= set(MigrationRecorder(connection).applied_migrations())


@cache
def _shipped() -> frozenset[tuple[str, str]]:
    """The migrations that this release of Yellowflag came with."""
    return frozenset(MigrationLoader(None).disk_migrations)


def _guard() -> bool:
    return not guard.faults()


def _protocols() -> bool:
    """Every published release can be read; a new clinic has none yet and is to be able to publish one."""
    return all(protocols.get(release) for release in ProtocolRelease.objects.published().defer("source"))


def _keys() -> bool:
    ring.require()
    return True


def _checkpoints() -> bool:
    """The newest is younger than two of the rounds in which they are to be made."""
    newest = Checkpoint.objects.values_list("at", flat=True).first()
    return newest is not None and clock.now() - newest < _CHECKPOINTS_LATE


def _messages() -> bool:
    """Nothing has been due for so long that nobody seems to send."""
    return not Delivery.objects.due().filter(next_at__lt=clock.now() - _MESSAGES_LATE).exists()


# What somebody else is to do, beside the server: told, but no reason to send it no requests.
_BESIDE: dict[str, Callable[[], bool]] = {"checkpoints": _checkpoints, "messages": _messages}
_IN_THE_DATABASE: dict[str, Callable[[], bool]] = {
    "migrations": _migrations,
    "guard": _guard,
    "keys": _keys,
    "protocols": _protocols,
}
