"""Sites and the numbers that their patients are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from clinic import permissions
from clinic.actions import sites
from clinic.admin.base import EditedAdmin
from clinic.admin.forms import ActingAdmin, ActionForm, given
from clinic.models import Site
from clinic.permissions import Capability

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from clinic.models import User

_DETAILS = (
    *(
        "name",
        "emergency_number",
        "crisis_line",
        "emergency_department",
        "address",
        "phone",
        "reference_kind",
        "is_live",
    ),
    *sites.DEADLINES,
)


class OpenSiteForm(ActionForm):
    def act(self) -> Site:
        return sites.open(slug=self.cleaned_data["slug"], details=given(self.cleaned_data, *_DETAILS), by=self.by)


class ChangeSiteForm(ActionForm):
    def act(self) -> Site:
        sites.change(site=self.instance, changes=given(self.cleaned_data, *_DETAILS), by=self.by)
        return self.instance  # type: ignore[no-any-return]


class SiteAdmin(ActingAdmin, EditedAdmin):
    reading = Capability.USE_ADMIN
    writing = Capability.MANAGE_SITE
    add_form, change_form = OpenSiteForm, ChangeSiteForm
    add_fields = ("slug", *_DETAILS)
    change_fields = read_fields = ("slug", *_DETAILS)
    fixed_fields = ("slug",)
    list_display = ("name", "slug", "emergency_number", "crisis_line", "is_live")
    search_fields = ("=slug", "=name")
    search_help_text = _("Whole name or slug")

    def visible(self, user: User) -> QuerySet[Site]:
        return Site.objects.filter(pk__in=permissions.sites_of(user, self.reading))

    def may_change(self, user: User, obj: Site) -> bool:
        return permissions.may(user, self.writing, obj)
