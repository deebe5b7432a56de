"""Sessions that end when they are left alone, and in any case when the working day does."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DatabaseSession
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone


class SessionStore(DatabaseSession):
    """A session in the database whose end no use puts off for ever."""

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        began = data.setdefault("began", int(timezone.now().timestamp()))
        session = super().create_model_instance(data)
        end = datetime.fromtimestamp(began, UTC) + settings.SESSION_LIFETIME
        session.expire_date = min(session.expire_date, end)
        return session
