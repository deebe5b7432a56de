"""The page on which people give themselves a new password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpResponse

from clinic.actions import entry, limits, lockout, people
from clinic.admin.base import person

if TYPE_CHECKING:
    from django.http import HttpRequest

    from clinic.models import User


class OwnPasswordForm(PasswordChangeForm):
    """Asks for the old password, and stores the new one with its history."""

    user: User

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 -- Django's signature
        people.set_password(user=self.user, password=self.cleaned_data["new_password1"], by=self.user)
        return self.user


class OwnPasswordPage(PasswordChangeView):
    """Whoever guesses at the old password here is stopped as at the log-in."""

    form_class = OwnPasswordForm
    template_name = "registration/password_change_form.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        username = person(request).username
        limits.count_attempt(request, username)
        if lockout.is_locked(request, username):
            return HttpResponse(status=429)  # axes puts the page in its place
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: Any) -> HttpResponse:
        if "old_password" in form.errors:
            entry.refuse_guess(self.request, person(self.request))
        return super().form_invalid(form)
