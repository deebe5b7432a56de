"""The page on which people let programs of their own act for them, and stop them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from clinic.actions import entry, form_keys, tokens
from clinic.actions.errors import SentBefore
from clinic.models import ApiToken, User
from clinic.permissions import Scope
from clinic.web import entering

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

_INPUT = {"class": "input input-wide"}


class TokenForm(forms.Form):
    """What the program is, what it may do and how long; and the password, for a screen may have been left alone."""

    name = forms.CharField(label=gettext_lazy("Name of the program"), max_length=80, widget=forms.TextInput(_INPUT))
    scope = forms.ChoiceField(
        label=gettext_lazy("What it may do"), choices=Scope.choices, widget=forms.Select({"class": "input input-wide"})
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("For how many days"),
        choices=[(each, each) for each in tokens.DAYS],
        coerce=int,
        widget=forms.Select({"class": "input"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Your password, once more"),
        strip=False,
        widget=forms.PasswordInput({"class": "input input-wide", "autocomplete": "current-password"}),
    )


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class OwnTokens(View):
    """One's own tokens; a new one is shown this once."""

    user: User

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return redirect("login")
        self.user = request.user
        return entry.ask_again(request, self.user) or super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(TokenForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = TokenForm(request.POST)
        try:
            if key := request.POST.get("revoke"):
                return self._once(lambda: self._revoke(key))
            if form.is_valid() and self._knows_password(form):
                return self._issue(form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        except SentBefore as before:
            form.add_error(None, str(before))
        return self.show(form)

    def _once(self, act: Callable[[], None]) -> HttpResponse:
        """Do what the form asks for; sent again it is told so, and shows no secret."""

        def run() -> str:
            act()
            return reverse("tokens")

        reply = form_keys.once(sent=self.request.POST, path=self.request.path, by=self.user, run=run)
        if reply.replayed:
            messages.info(self.request, _("This form was sent twice. It counts once."))
        return redirect("tokens")

    def _revoke(self, key: str) -> None:
        rows = ApiToken.objects.filter(user=self.user)
        tokens.revoke(token=get_object_or_404(rows, token_key=key.replace("\0", "")), by=self.user)

    def _knows_password(self, form: TokenForm) -> bool:
        if entering.knows_password(self.request, self.user, form.cleaned_data.pop("password")):
            return True
        form.add_error("password", _("This is not your password."))
        return False

    def _issue(self, said: dict[str, Any]) -> HttpResponse:
        made: list[str] = []
        answer = self._once(lambda: made.append(tokens.issue(user=self.user, by=self.user, **said)))
        return self.show(TokenForm(), secret=made[0]) if made else answer

    def show(self, form: TokenForm, *, secret: str = "") -> HttpResponse:
        held = ApiToken.objects.filter(user=self.user).order_by("-created")
        context = {"form": form, "secret": secret, "tokens": held}
        return render(self.request, "clinic/entry/tokens.html", context)
