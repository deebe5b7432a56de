"""Sites and the numbers that their patients are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin import display
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
    *("name", "emergency_number", "crisis_line", "emergency_department", "address", "phone"),
    *("time_zone", "reference_kind", "is_live"),
    *sites.DEADLINES,
)


NOT_CHOSEN = _("Nobody has chosen a time zone for this site yet: its days and hours are those of UTC.")


class OpenSiteForm(ActionForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].required = True

    def act(self) -> Site:
        return sites.open(slug=self.cleaned_data["slug"], details=given(self.cleaned_data, *_DETAILS), by=self.by)


class ChangeSiteForm(ActionForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.time_zone:
            self.fields["time_zone"].required = True  # a choice is changed, and not taken back
        else:
            self.fields["time_zone"].help_text = NOT_CHOSEN

    def act(self) -> Site:
        self.edit(lambda changes: sites.change(site=self.instance, changes=changes, by=self.by), *_DETAILS)
        return self.instance  # type: ignore[no-any-return]


class SiteAdmin(ActingAdmin, EditedAdmin):
    reading = Capability.USE_ADMIN
    writing = Capability.MANAGE_SITE
    add_form, change_form = OpenSiteForm, ChangeSiteForm
    add_fields = ("slug", *_DETAILS)
    change_fields = read_fields = ("slug", *_DETAILS)
    fixed_fields = ("slug",)
    list_display = ("name", "slug", "emergency_number", "crisis_line", "zone", "is_live")
    search_fields = ("=slug", "=name")
    search_help_text = _("Whole name or slug")

    @display(description=_("Time zone"))
    def zone(self, site: Site) -> Any:
        return site.time_zone or NOT_CHOSEN

    def visible(self, user: User) -> QuerySet[Site]:
        return Site.objects.filter(pk__in=permissions.sites_of(user, self.reading))

    def may_change(self, user: User, obj: Site) -> bool:
        return permissions.may(user, self.writing, obj)
