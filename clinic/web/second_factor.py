"""The pages by which people set up a second factor of their own, and show it again."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from clinic import sessions
from clinic.actions import entry, second_factor
from clinic.actions.errors import Conflict
from clinic.models import User
from clinic.web import entering
from clinic.web.entry import CodeForm, take_code

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from clinic.actions.second_factor import Draft

_DRAFT = "second_factor_draft"


class SetUpForm(forms.Form):
    """The password again, for a screen may have been left alone, and the first code of the app."""

    password = forms.CharField(
        label=gettext_lazy("Your password, once more"),
        strip=False,
        widget=forms.PasswordInput({"class": "input input-wide", "autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label=gettext_lazy("Code that the app shows now"),
        max_length=20,
        widget=forms.TextInput({"class": "input", "autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


@method_decorator([never_cache, login_not_required], name="dispatch")
class OwnPage(View):
    """A page for whoever is logged in or waits with the right password; whoever has a second factor shows it first."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = request.user if isinstance(request.user, User) else entering.waiting(request)
        if user is None:
            return redirect("login")
        if user.second_factor_since is not None and (asked := entry.ask_again(request, user)):
            return asked if request.user.is_authenticated else redirect("login")
        self.user = user
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def draft(self) -> Draft:
        """What is being set up, kept in the session, sealed, until it is or the session ends."""
        found = second_factor.draft(self.user, kept=self.request.session.get(_DRAFT))
        self.request.session[_DRAFT] = found.sealed
        return found


class SetUp(OwnPage):
    """Set up a second factor, or another in its place."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.ask(SetUpForm())

    @method_decorator(sensitive_post_parameters())
    def post(self, request: HttpRequest) -> HttpResponse:
        form = SetUpForm(request.POST)
        if not form.is_valid() or not self.knows_password(form):
            return self.ask(form)
        try:
            codes = second_factor.set_up(by=self.user, sealed=self.draft.sealed, code=form.cleaned_data["code"])
        except Conflict as refusal:
            form.add_error("code", str(refusal))
            return self.ask(form)
        return self.done(codes)

    def knows_password(self, form: SetUpForm) -> bool:
        if entering.knows_password(self.request, self.user, form.cleaned_data["password"]):
            return True
        form.add_error("password", _("This is not your password."))
        return False

    def ask(self, form: SetUpForm) -> HttpResponse:
        context = {"form": form, "draft": self.draft, "person": self.user}
        return render(self.request, "clinic/entry/set_up.html", context)

    def done(self, codes: list[str]) -> HttpResponse:
        """The recovery codes, this once; whoever waited is let in with it."""
        del self.request.session[_DRAFT]
        if self.request.user.is_authenticated:
            update_session_auth_hash(self.request, self.user)
            sessions.note_second_factor(self.request.session)
        else:
            entering.let_in(self.request, self.user, how=second_factor.CODE)
        context = {"codes": codes, "on": resolve_url(entering.destination(self.request))}
        return render(self.request, "clinic/entry/recovery_codes.html", context)


class Picture(OwnPage):
    """What an app reads the secret from."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(self.draft.picture, content_type="image/svg+xml")


@method_decorator(never_cache, name="dispatch")
class ShowAgain(View):
    """Ask somebody who is logged in for their second factor once more, before what must not be done by another."""

    user: User

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(request.user, User) or request.user.second_factor_since is None:
            return redirect("second_factor")
        self.user = request.user
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.ask(CodeForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = CodeForm(request.POST)
        if form.is_valid() and take_code(request, self.user, form):
            request.session.cycle_key()
            sessions.note_second_factor(request.session)
            return redirect(self.back())
        return self.ask(form)

    def back(self) -> str:
        """The page from which the person came, on this host only."""
        wanted = self.request.GET.get("next", "")
        hosts = {self.request.get_host()}
        is_ours = url_has_allowed_host_and_scheme(wanted, hosts, require_https=self.request.is_secure())
        return wanted if is_ours else reverse("worklist")

    def ask(self, form: CodeForm) -> HttpResponse:
        return render(self.request, "clinic/entry/code.html", {"form": form, "again": True})
