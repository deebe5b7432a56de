"""Emergency accesses, to be reviewed by the auditors of the patient's site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin import display
from django.db.models import F
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from clinic import permissions
from clinic.actions import break_glass
from clinic.admin.base import EditedAdmin, person
from clinic.admin.filters import FindingFilter, SiteFilter
from clinic.admin.forms import ActingAdmin, ActionForm
from clinic.models import AuditEvent, BreakGlass, Finding
from clinic.permissions import Capability

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from clinic.models import User

_TOLD = (
    *("site", "who", "reason", "note", "patient_id", "pages_read"),
    *("started_at", "ends_at", "ended_at", "ending"),
)


class ReviewForm(ActionForm):
    finding = forms.ChoiceField(choices=[("", _("Choose")), *Finding.choices])
    remark = forms.CharField(
        required=False,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("What was found; needed unless the access was justified."),
    )

    def act(self) -> BreakGlass:
        access: BreakGlass = self.instance
        break_glass.review(access=access, by=self.by, **self.cleaned_data)
        return access


class BreakGlassAdmin(ActingAdmin, EditedAdmin):
    """Those that nobody has reviewed stand first; the patient is named by id only."""

    reading = writing = Capability.REVIEW_BREAK_GLASS
    hidden_in_history = ("patient",)
    change_form = ReviewForm
    change_fields = (*_TOLD, "finding", "remark")
    fixed_fields = _TOLD
    read_fields = (*_TOLD, "finding", "remark", "reviewer", "reviewed_at")
    list_display = ("started_at", "site", "who", "reason", "review")
    list_filter = (FindingFilter, SiteFilter)
    list_select_related = ("site", "by", "reviewed_by")
    ordering = (F("reviewed_at").desc(nulls_first=True), "-id")
    sortable_by = ()

    def visible(self, user: User) -> QuerySet[BreakGlass]:
        return BreakGlass.objects.visible_to(user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request) and (obj is None or self.may_change(person(request), obj))

    def may_change(self, user: User, obj: BreakGlass) -> bool:
        is_to_be_reviewed = obj.is_over and obj.reviewed_at is None and obj.by_id != user.pk
        return is_to_be_reviewed and permissions.may(user, self.writing, obj.site)

    @display(description=_("Who"))
    def who(self, access: BreakGlass) -> str:
        return _named(access.by)

    @display(description=_("Reviewed by"))
    def reviewer(self, access: BreakGlass) -> str:
        return _named(access.reviewed_by) if access.reviewed_by else self.get_empty_value_display()

    @display(description=_("Review"))
    def review(self, access: BreakGlass) -> str:
        return access.get_finding_display() if access.finding else str(_("Not reviewed yet"))

    @display(description=_("Pages read"))
    def pages_read(self, access: BreakGlass) -> str:
        """How many entries of the trail tell of what was read under it, leading to those of the patient."""
        told = AuditEvent.objects.filter(site=access.site_id, subject=access.patient_id, actor=access.by_id)
        number = told.filter(detail__break_glass=str(access.pk)).count()
        address = reverse("admin:clinic_auditevent_changelist")
        return format_html('<a href="{}?q={}">{}</a>', address, access.patient_id, number)


def unreviewed(user: User) -> int:
    """How many accesses to patients of the person's sites are still to be reviewed; 0 for a person who is no reviewer."""
    if not permissions.may_somewhere(user, Capability.REVIEW_BREAK_GLASS):
        return 0
    return BreakGlass.objects.visible_to(user).unreviewed().count()


def _named(user: User) -> str:
    """As in the trail; without a link, for whoever reviews looks after nobody."""
    return f"{user.display_name} ({user.username})"
