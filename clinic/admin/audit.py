"""The audit trail, to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.admin.base import NEWEST_FIRST, ReadingAdmin
from clinic.admin.filters import ReviewFilter, SiteFilter
from clinic.admin.history import Entry, History
from clinic.models import AuditEvent
from clinic.permissions import Capability

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


class AuditEventAdmin(ReadingAdmin):
    reading = Capability.READ_AUDIT
    fields = readonly_fields = (
        *("site", "seq", "at", "actor_label", "role", "door", "request_id", "action", "object_type", "object_id"),
        *("subject", "detail", "rows", "prev", "hash"),
    )
    list_display = ("at", "site", "seq", "action", "object_type", "actor_label", "role", "door")
    list_filter = (ReviewFilter, SiteFilter, "door")
    list_select_related = ("site",)
    ordering = NEWEST_FIRST
    sortable_by = ()
    search_fields = ("=action",)  # for the box to be there: what is looked for is said below
    search_help_text = _("An action, a user name, or the id of a record, patient or request")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        word = search_term.strip()
        return (queryset.about(word) if word else queryset), False

    def history_of(self, obj: AuditEvent, page: str) -> History:
        return History((Entry(at=obj.at, who=obj.actor_label, why=gettext("Recorded; never changed since.")),))
