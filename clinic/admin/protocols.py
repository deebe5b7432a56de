"""Protocol releases: where they stand, what they have to show, what they say, and what can be done next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin import display
from django.core.exceptions import PermissionDenied
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import clock, permissions
from clinic.admin.base import person
from clinic.admin.protocol_comparisons import ComparisonPages, Comparisons
from clinic.admin.protocol_forms import DraftForm
from clinic.admin.protocol_life import Standing
from clinic.admin.protocol_trials import TrialPages, Trials
from clinic.models import ProtocolRelease
from clinic.permissions import Capability

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from clinic.models import User


class ProtocolReleaseAdmin(ComparisonPages, TrialPages):
    reading = Capability.USE_ADMIN
    hidden_in_history = ("source",)
    list_display = ("protocol", "version", "status", "due", "authored_by", "approved_by", "published_at")
    list_filter = ("status",)
    list_select_related = ("authored_by", "approved_by")
    search_fields = ("=protocol", "=version", "=sha256")
    search_help_text = gettext_lazy("Protocol, version or digest")

    def visible(self, user: User) -> QuerySet[ProtocolRelease]:
        """All: what is asked and advised is no secret among those who work with it."""
        return ProtocolRelease.objects.defer("source")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return permissions.may_somewhere(person(request), Capability.WRITE_PROTOCOL)

    @display(description=gettext_lazy("Review due"), ordering="review_due")
    def due(self, release: ProtocolRelease) -> str:
        said = date_format(release.review_due)
        if release.review_due >= clock.today(None):
            return said
        return format_html('{} <span class="tag tone-caution">{}</span>', said, _("Overdue"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A new draft."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self.filled(DraftForm, request, ProtocolRelease(), initial={"like": request.GET.get("like")})
        return self.answer(request, form, title=_("A new draft"), done=_("The draft is there."))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The release whole; it is changed on the pages of its steps, never here."""
        if request.method != "GET" or not self.has_view_permission(request):
            raise PermissionDenied
        release = self.get_object(request, object_id)
        user = person(request)
        context = {
            "title": str(release),
            "standing": Standing(release, user),
            "comparisons": Comparisons(release, user),
            "trials": Trials(release, user),
        }
        return self.page(request, "admin/clinic/protocol/release.html", release, context)
