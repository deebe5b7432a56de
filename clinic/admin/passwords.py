"""The form by which people give themselves a new password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.forms import PasswordChangeForm

from clinic.actions import people

if TYPE_CHECKING:
    from clinic.models import User


class OwnPasswordForm(PasswordChangeForm):
    """Asks for the old password, and stores the new one with its history."""

    user: User

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 -- Django's signature
        people.set_password(user=self.user, password=self.cleaned_data["new_password1"], by=self.user)
        return self.user
