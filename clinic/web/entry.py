"""The pages by which people come in and leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.decorators.cache import never_cache

from clinic.actions import entry, limits, lockout, people, second_factor
from clinic.actions.errors import Conflict
from clinic.models import User
from clinic.web import entering

if TYPE_CHECKING:
    from django.contrib.auth.forms import AuthenticationForm
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase


class LogIn(LoginView):
    """Ask for name and password."""

    redirect_authenticated_user = True
    next_page = "worklist"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        entering.forget(request)
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        limits.count_attempt(request, request.POST.get("username", ""))
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        people.renew_hash(user=user, password=form.cleaned_data["password"])
        self.request.session.flush()  # nothing is taken over from whoever sat here before
        if second_factor.is_demanded_of(user):
            return entering.begin(self.request, user, self.get_success_url())
        entering.let_in(self.request, user)
        return redirect(self.get_success_url())

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        if lockout.was_counted(self.request):
            entry.refuse(username=form.cleaned_data["username"], locked=lockout.has_locked(self.request))
        return super().form_invalid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(without_second_factor=not settings.SECOND_FACTOR_REQUIRED, **kwargs)


class LogOut(LogoutView):
    """Forget the person, here and in the browser."""

    next_page = "login"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if isinstance(request.user, User):
            entry.let_out(user=request.user)
        response = super().post(request, *args, **kwargs)
        response["Clear-Site-Data"] = '"cache", "storage"'
        return response


class CodeForm(forms.Form):
    """A code of the app, or a recovery code."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=60,
        help_text=gettext_lazy("The six digits that your app shows now, or one of your recovery codes."),
        widget=forms.TextInput({"class": "input", "autocomplete": "one-time-code", "autocapitalize": "characters"}),
    )


@method_decorator([never_cache, login_not_required], name="dispatch")
class GiveCode(View):
    """Ask whoever gave the right password for their second factor."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = entering.waiting(request)
        if user is None or user.second_factor_since is None:
            return redirect("login")
        self.user = user
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.ask(CodeForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = CodeForm(request.POST)
        if form.is_valid() and (how := take_code(request, self.user, form)):
            entering.let_in(request, self.user, how=how)
            return redirect(entering.destination(request))
        return self.ask(form)

    def ask(self, form: CodeForm) -> HttpResponse:
        return render(self.request, "clinic/entry/code.html", {"form": form, "again": False})


def take_code(request: HttpRequest, user: User, form: CodeForm) -> str | None:
    """What kind of code was given, if it is right; else the form says that it is not."""
    try:
        kind = entering.shown_code(request, user, form.cleaned_data["code"])
    except Conflict as refusal:
        form.add_error("code", str(refusal))
        return None
    if kind is None:
        form.add_error("code", _("This is not the code that your app shows now, or it has been used."))
    return kind
