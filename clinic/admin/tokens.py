"""Tokens by which programs act for users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from knox.crypto import hash_token

from clinic.actions import tokens
from clinic.admin.forms import ActionForm, given
from clinic.admin.history import Entry, History
from clinic.admin.people import looks_after, managed_users
from clinic.admin.shown_once import SecretForm, ShowsOnce
from clinic.models import ApiToken, Membership, User
from clinic.permissions import Capability, Role, Scope

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse


class IssueForm(SecretForm):
    user = forms.ModelChoiceField(
        queryset=User.objects.none(), help_text=_("An integrator. People make tokens for programs of their own.")
    )
    scope = forms.ChoiceField(choices=[each for each in Scope.choices if each[0] != Scope.DECIDE])
    days = forms.TypedChoiceField(choices=[(each, each) for each in tokens.DAYS], coerce=int, initial=tokens.DAYS[-1])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = managed_users(self.by).filter(  # type: ignore[attr-defined]
            is_active=True, pk__in=Membership.objects.filter(role=Role.INTEGRATOR, is_active=True).values("user")
        )

    def act(self) -> ApiToken:
        said = given(self.cleaned_data, "user", "name", "scope", "days")
        self.secret = tokens.issue(**said, by=self.by)  # type: ignore[arg-type]  # as the fields clean them
        return ApiToken.objects.get(digest=hash_token(self.secret))  # type: ignore[no-any-return]


class RevokeForm(ActionForm):
    revoke = forms.BooleanField(help_text=_("The program is shut out at once. This cannot be taken back."))

    def act(self) -> ApiToken:
        token: ApiToken = self.instance
        tokens.revoke(token=token, by=self.by)
        return token


class ApiTokenAdmin(ShowsOnce):
    reading = writing = Capability.MANAGE_PEOPLE
    add_form, change_form = IssueForm, RevokeForm
    add_fields = ("name", "user", "scope", "days")
    change_fields = ("name", "user", "scope", "token_key", "created_by", "created", "expiry", "revoke")
    read_fields = fixed_fields = ("name", "user", "scope", "token_key", "created_by", "created", "expiry")
    list_display = ("name", "user", "scope", "token_key", "created", "expiry")
    list_select_related = ("user",)
    ordering = ("-created",)
    search_fields = ("=name", "=user__username")
    search_help_text = _("Name of the token, or user name")

    def visible(self, user: User) -> QuerySet[ApiToken]:
        found: QuerySet[ApiToken] = ApiToken.objects.filter(user__in=managed_users(user))
        return found

    def may_change(self, user: User, obj: ApiToken) -> bool:
        return looks_after(user, obj.user)

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:
        words = _('The token "%(name)s" acts for %(user)s.') % {"name": obj.name, "user": obj.user}
        return self.show_once(request, title=_("Token issued"), words=words, back=_("All tokens"))

    def response_change(self, request: HttpRequest, obj: ApiToken) -> HttpResponse:
        messages.success(request, _("The token %(name)s has been revoked.") % {"name": obj.name})
        return redirect("admin:clinic_apitoken_changelist")

    def history_of(self, obj: ApiToken, page: str) -> History:
        return History((Entry(at=obj.created, who=str(obj.created_by), why=str(_("Issued; never changed since."))),))
