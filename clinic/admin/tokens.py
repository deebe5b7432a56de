"""Tokens by which programs act for users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from knox.crypto import hash_token

from clinic.actions import tokens
from clinic.admin.forms import ActionForm
from clinic.admin.history import Entry, History
from clinic.admin.people import looks_after, managed_users
from clinic.admin.shown_once import SecretForm, ShowsOnce
from clinic.models import ApiToken, User
from clinic.permissions import Capability

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse


class IssueForm(SecretForm):
    user = forms.ModelChoiceField(queryset=User.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = managed_users(self.by).filter(is_active=True)  # type: ignore[attr-defined]

    def act(self) -> ApiToken:
        self.secret = tokens.issue(user=self.cleaned_data["user"], name=self.cleaned_data["name"], by=self.by)
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
    add_fields = ("name", "user")
    change_fields = ("name", "user", "token_key", "created_by", "created", "expiry", "revoke")
    read_fields = fixed_fields = ("name", "user", "token_key", "created_by", "created", "expiry")
    list_display = ("name", "user", "token_key", "created", "expiry")
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
