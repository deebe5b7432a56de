"""The audit trail, to be read."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.admin.base import NEWEST_FIRST, ReadingAdmin
from clinic.admin.filters import SiteFilter
from clinic.admin.history import Entry, History
from clinic.models import AuditEvent
from clinic.permissions import Capability


class AuditEventAdmin(ReadingAdmin):
    reading = Capability.READ_AUDIT
    fields = readonly_fields = (
        *("site", "seq", "at", "actor_label", "role", "door", "request_id", "action", "object_type", "object_id"),
        *("subject", "detail", "prev", "hash"),
    )
    list_display = ("at", "site", "seq", "action", "object_type", "actor_label", "role", "door")
    list_filter = (SiteFilter, "door")
    list_select_related = ("site",)
    ordering = NEWEST_FIRST
    sortable_by = ()
    search_fields = ("=action", "=object_id", "=subject", "=request_id", "=actor__username")
    search_help_text = _("An action, a user name, or the id of a record, patient or request")

    def history_of(self, obj: AuditEvent, page: str) -> History:
        return History((Entry(at=obj.at, who=obj.actor_label, why=gettext("Recorded; never changed since.")),))
