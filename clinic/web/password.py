"""The page on which people give themselves a new password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from clinic.actions import entry, people
from clinic.models import User
from clinic.web import entering

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


def _secret(label: Any, autocomplete: str, help_text: Any = "") -> forms.CharField:
    shown = forms.PasswordInput({"class": "input input-wide", "autocomplete": autocomplete})
    return forms.CharField(label=label, help_text=help_text, strip=False, widget=shown)


class PasswordForm(forms.Form):
    """The old password, for a screen may have been left alone, and the new one."""

    old = _secret(gettext_lazy("Your present password"), "current-password")
    new = _secret(
        gettext_lazy("A new one"), "new-password", gettext_lazy("12 characters or more. A few words are good.")
    )


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class OwnPassword(View):
    """Whoever guesses at the old password here is stopped as at the log-in; all other sessions of the person end."""

    user: User

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return redirect("login")
        self.user = request.user
        return entry.ask_again(request, self.user) or super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.ask(PasswordForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PasswordForm(request.POST)
        if not form.is_valid() or not self._change(form.cleaned_data["old"], form.cleaned_data["new"], form):
            return self.ask(form)
        update_session_auth_hash(request, self.user)
        return self.show({"is_done": True})

    def _change(self, old: str, new: str, form: PasswordForm) -> bool:
        """Give the new password, or let the form say why not."""
        if not entering.knows_password(self.request, self.user, old):
            form.add_error("old", _("This is not your password."))
            return False
        if old == new:
            form.add_error("new", _("This is your present password."))
            return False
        try:
            people.choose_password(password=new, by=self.user)
        except ValidationError as error:
            form.add_error("new", error.message_dict["password"])
            return False
        return True

    def ask(self, form: PasswordForm) -> HttpResponse:
        return self.show({"form": form, "is_first": entry.is_to_choose_password(self.user)})

    def show(self, context: dict[str, Any]) -> HttpResponse:
        return render(self.request, "clinic/entry/password.html", context)
