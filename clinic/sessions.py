"""Sessions that end when they are left alone, and in any case when the working day does; and what they know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSession
from django.utils import timezone

from clinic import clock

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.sessions.backends.base import SessionBase
    from django.contrib.sessions.base_session import AbstractBaseSession

FRESH = timedelta(minutes=5)  # so long a second factor stands for what must not be done by whoever finds a desk empty
_SECOND_FACTOR_AT = "second_factor_at"


class SessionStore(DatabaseSession):
    """A session in the database whose end no use puts off for ever."""

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        began = data.setdefault("began", int(timezone.now().timestamp()))
        session = super().create_model_instance(data)
        end = datetime.fromtimestamp(began, UTC) + settings.SESSION_LIFETIME
        session.expire_date = min(session.expire_date, end)
        return session


def end_all_of(user: AbstractBaseUser) -> None:
    """End every session of somebody: none comes back when they are let in again."""
    for each in SessionStore.get_model_class().objects.filter(expire_date__gt=timezone.now()):
        if each.get_decoded().get(SESSION_KEY) == str(user.pk):
            each.delete()


def note_second_factor(session: SessionBase) -> None:
    """The person has just shown their second factor."""
    session[_SECOND_FACTOR_AT] = clock.now().timestamp()


def knows_second_factor(session: SessionBase) -> bool:
    """Whether it was shown at all since the log-in."""
    return _SECOND_FACTOR_AT in session


def has_fresh_second_factor(session: SessionBase) -> bool:
    shown = session.get(_SECOND_FACTOR_AT, 0.0)
    return clock.now().timestamp() - float(shown) < FRESH.total_seconds()
