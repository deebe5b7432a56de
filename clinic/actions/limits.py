"""How often something may be done in a minute, counted in the database.

One statement counts and tells, so that of any number of requests at once no two are counted as
one, in however many processes. What is counted stays counted where the request is refused.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from clinic import clock
from clinic.actions import lockout
from clinic.actions.errors import TooOften
from clinic.models import Use

if TYPE_CHECKING:
    from django.http import HttpRequest

    from clinic.models import User

MINUTE = 60
_TABLE = Use._meta.db_table
_COUNT = f"""
    INSERT INTO {_TABLE} (what, who, minute, times) VALUES (%s, %s, %s, 1)
    ON CONFLICT (what, who) DO UPDATE SET
        times = CASE WHEN {_TABLE}.minute = excluded.minute THEN {_TABLE}.times + 1 ELSE 1 END,
        minute = excluded.minute
    RETURNING times
"""


class Limited(StrEnum):
    """What is counted; `settings.LIMITS` says how often each may be done in a minute."""

    ENTER = "enter"
    GUESS = "guess"
    SEARCH = "search"
    EXPORT = "export"


def count(what: Limited, *, who: str) -> None:
    """Count once more what somebody does; refuse what is too much."""
    now = int(clock.now().timestamp())
    minute = now // MINUTE
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [what, who, minute])
        (times,) = cursor.fetchone()
    if times > settings.LIMITS[what]:
        raise TooOften(MINUTE * (minute + 1) - now)


def count_use(what: Limited, *, by: User) -> None:
    count(what, who=str(by.pk))


def count_attempt(request: HttpRequest, username: str) -> None:
    """Of a password or code: by address, and by name from there, for many guesses at once outrun the lock."""
    address = str(lockout.address_of(request))
    count(Limited.ENTER, who=address)
    count(Limited.GUESS, who=hashlib.sha256(f"{address} {username}".encode()).hexdigest())
