"""Who works here, and as what at which site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from clinic import permissions
from clinic.actions import people, second_factor
from clinic.admin.base import EditedAdmin
from clinic.admin.filters import SiteFilter
from clinic.admin.forms import ActingAdmin, ActionForm
from clinic.admin.shown_once import SecretForm, ShowsOnce
from clinic.models import Membership, Site, User
from clinic.permissions import Capability, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse


def managed_sites(user: User) -> QuerySet[Site]:
    return Site.objects.filter(pk__in=permissions.sites_of(user, Capability.MANAGE_PEOPLE))


def managed_users(user: User) -> QuerySet[User]:
    """Who has or had a role at a site whose people the user looks after."""
    members = Membership.objects.filter(site__in=permissions.sites_of(user, Capability.MANAGE_PEOPLE))
    found: QuerySet[User] = User.objects.filter(pk__in=members.values("user"))
    return found


def looks_after(user: User, other: User) -> bool:
    """Whether the user manages the people at every site of the other, who is not the system itself."""
    of_theirs = set(other.memberships.values_list("site", flat=True))
    managed = permissions.sites_of(user, Capability.MANAGE_PEOPLE)
    return other.username != people.SYSTEM and of_theirs <= managed


class AddUserForm(SecretForm):
    """A new user, with a first role: without one nobody could look after them."""

    site = forms.ModelChoiceField(queryset=Site.objects.none())
    role = forms.ChoiceField(choices=Role.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = managed_sites(self.by)  # type: ignore[attr-defined]

    def act(self) -> User:
        data, self.secret = self.cleaned_data, people.random_password()
        return people.add(
            site=data["site"],
            role=Role(data["role"]),
            username=data["username"],
            display_name=data["display_name"],
            email=data["email"],
            password=self.secret,
            by=self.by,
        )


_LOST = ("give_new_password", "forget_second_factor")  # what helps somebody else who lost theirs


class ChangeUserForm(SecretForm):
    give_new_password = forms.BooleanField(
        required=False,
        help_text=_(
            "For a person who has lost their password. You see the new one once; they choose their own when they next log in."
        ),
    )
    forget_second_factor = forms.BooleanField(
        required=False,
        help_text=_("They lost app and recovery codes. They set up another second factor at the next log-in."),
    )

    @transaction.atomic
    def act(self) -> User:
        user: User = self.instance
        if self.cleaned_data["forget_second_factor"]:
            second_factor.forget(user=User.objects.get(pk=user.pk), by=self.by)
        if self.cleaned_data["give_new_password"]:
            self.secret = people.random_password()
            people.set_password(user=User.objects.get(pk=user.pk), password=self.secret, by=self.by)
        self.edit(
            lambda changes: people.change(user=user, changes=changes, by=self.by),
            *("display_name", "email", "is_active"),
        )
        return user


class UserAdmin(ShowsOnce, EditedAdmin):
    reading = writing = Capability.MANAGE_PEOPLE
    add_form, change_form = AddUserForm, ChangeUserForm
    add_fields = ("username", "display_name", "email", "site", "role")
    change_fields = (
        *("username", "display_name", "email", "is_active", "give_new_password"),
        *("second_factor_since", "forget_second_factor"),
    )
    read_fields = ("username", "display_name", "email", "is_active", "second_factor_since")
    fixed_fields = ("username", "second_factor_since")
    list_display = ("username", "display_name", "email", "is_active", "second_factor_since")
    list_filter = ("is_active",)
    search_fields = ("=username", "=display_name", "=email")
    search_help_text = _("User name, whole name or e-mail address")

    def visible(self, user: User) -> QuerySet[User]:
        return managed_users(user)

    def may_change(self, user: User, obj: User) -> bool:
        return looks_after(user, obj)

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        names = super().get_fields(request, obj)
        return tuple(name for name in names if name not in _LOST) if obj == request.user else names

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:
        return self._show_password(request, obj)

    def response_change(self, request: HttpRequest, obj: User) -> HttpResponse:
        is_new = request.secret  # type: ignore[attr-defined]
        answer = self._show_password(request, obj) if is_new else super().response_change(request, obj)
        return _put_out(request, answer, obj) if not obj.is_active else answer

    def _show_password(self, request: HttpRequest, obj: User) -> HttpResponse:
        names = {"user": obj, "name": obj.username}
        words = _("With it %(user)s logs in as %(name)s and chooses another: hand it over in person.") % names
        return self.show_once(request, title=_("Password given"), words=words, back=_("All users"))


def _put_out(request: HttpRequest, answer: HttpResponse, user: User) -> HttpResponse:
    """Whoever has just put themselves out has no session any more: to keep anything in it would be an error."""
    if user == request.user:
        request.session.flush()
    return answer


class GrantForm(ActionForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = managed_users(self.by)  # type: ignore[attr-defined]
        self.fields["site"].queryset = managed_sites(self.by)  # type: ignore[attr-defined]

    def act(self) -> Membership:
        data = self.cleaned_data
        return people.grant(user=data["user"], site=data["site"], role=Role(data["role"]), by=self.by)


class ChangeMembershipForm(ActionForm):
    def act(self) -> Membership:
        membership: Membership = self.instance
        self.edit(self._let_in_or_out, "is_active")
        return membership

    def _let_in_or_out(self, changes: Mapping[str, object]) -> None:
        membership: Membership = self.instance
        if changes.get("is_active") is False:
            people.end(membership=membership, by=self.by)
        elif changes:
            people.grant(user=membership.user, site=membership.site, role=Role(membership.role), by=self.by)


class MembershipAdmin(ActingAdmin, EditedAdmin):
    reading = writing = Capability.MANAGE_PEOPLE
    add_form, change_form = GrantForm, ChangeMembershipForm
    add_fields = ("user", "site", "role")
    change_fields = read_fields = ("user", "site", "role", "is_active")
    fixed_fields = ("user", "site", "role")
    list_display = ("user", "site", "role", "is_active")
    list_filter = (SiteFilter, "role", "is_active")
    list_select_related = ("user", "site")
    search_fields = ("=user__username", "=user__display_name")
    search_help_text = _("User name or whole name")

    def visible(self, user: User) -> QuerySet[Membership]:
        return Membership.objects.filter(site__in=permissions.sites_of(user, self.reading))

    def response_change(self, request: HttpRequest, obj: Membership) -> HttpResponse:
        answer = super().response_change(request, obj)
        return _put_out(request, answer, obj.user) if not obj.is_active else answer

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """The plain choice: without the queries and the pop-up windows of the stock one."""
        return db_field.formfield(**kwargs)
