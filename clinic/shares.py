"""A large table in shares, worked through on every core: each process has a database connection of its own."""

from __future__ import annotations

import multiprocessing
import os
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import UUID

import django
from django.db import connections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from django.db.models import Model, QuerySet

Result = TypeVar("Result")
BEGINNING = UUID(int=0)


class Share(NamedTuple):
    """The rows with an id above `after`, up to and with `until`."""

    after: UUID
    until: UUID


def shares(rows: QuerySet[Model], *, size: int, after: UUID = BEGINNING) -> Iterator[Share]:
    """All rows above an id, in the order of their ids."""
    while until := _end(rows.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True), size):
        yield Share(after, until)
        after = until


def _end(ids: QuerySet[Any, UUID], size: int) -> UUID | None:
    return next(iter(ids[size - 1 : size]), None) or ids.last()


def cores() -> int:
    """How many there are for this process."""
    return len(os.sched_getaffinity(0))


def on_all_cores(work: Callable[[Share], Result], listed: Sequence[Share], *, processes: int) -> Iterator[Result]:
    """What the work makes of each share, in their order; it is a function of a module, and only reads."""
    if processes == 1:
        yield from map(work, listed)
        return
    # Processes that begin afresh: a connection, or a lock held by some thread, is nothing to inherit.
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(processes, len(listed) or 1), _begin, [dict(connections["default"].settings_dict)]) as pool:
        yield from pool.imap(work, listed)


def _begin(database: dict[str, Any]) -> None:
    django.setup()
    connections["default"].settings_dict.update(database)
