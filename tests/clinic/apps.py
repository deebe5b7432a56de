"""The authenticator app of somebody in a test, and what they do with it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pyotp
from django.test import Client
from django.urls import reverse

from clinic import clock
from clinic.actions import second_factor
from clinic.models import User
from tests import factories


class App:
    """Holds the secret of one person, who set it up an hour ago."""

    def __init__(self, user: User) -> None:
        with later(minutes=-60):
            draft = second_factor.draft(user, kept=None)
            self.secret = draft.secret
            self.recovery_codes = second_factor.set_up(by=user, sealed=draft.sealed, code=self.code())

    def code(self, *, ahead: int = 0) -> str:
        """What it shows now, or some steps of 30 seconds ahead."""
        return pyotp.TOTP(self.secret).at(int(clock.now().timestamp()) + 30 * ahead)


def later(**by: int) -> AbstractContextManager[None]:
    return clock.at(clock.now() + timedelta(**by))


def give_password(client: Client, user: User, *, to: str = "") -> Any:
    form = {"username": user.username, "password": factories.PASSWORD, "next": to}
    return client.post(reverse("login"), form)


def give_code(client: Client, code: str) -> Any:
    return client.post(reverse("login_code"), {"code": code})


def set_up(client: Client, *, password: str = factories.PASSWORD, code: str | None = None) -> Any:
    """Fill in the page on which a second factor is set up."""
    page = client.get(reverse("second_factor"))
    shown = pyotp.TOTP(page.context["draft"].secret).at(int(clock.now().timestamp()))
    return client.post(reverse("second_factor"), {"password": password, "code": code or shown})


def log_in(client: Client, user: User, app: App) -> None:
    assert give_password(client, user).status_code == 302
    assert give_code(client, app.code()).status_code == 302
