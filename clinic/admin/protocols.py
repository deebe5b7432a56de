"""Protocol releases: where they stand, and what they say, as a document."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from django.contrib.admin import display
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from clinic import protocols
from clinic.admin.base import EditedAdmin
from clinic.models import ProtocolRelease
from clinic.permissions import Capability
from triage.reading import ProtocolError

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from clinic.models import User
    from triage.protocol import Protocol


class ProtocolReleaseAdmin(EditedAdmin):
    reading = Capability.USE_ADMIN
    hidden_in_history = ("source",)
    fields = readonly_fields = (
        *("protocol", "version", "status", "authored_by", "approved_by", "approved_at", "published_at", "retired_at"),
        *("sha256", "document"),
    )
    list_display = ("protocol", "version", "status", "authored_by", "approved_by", "published_at")
    list_filter = ("status",)
    list_select_related = ("authored_by", "approved_by")
    search_fields = ("=protocol", "=version", "=sha256")
    search_help_text = _("Protocol, version or digest")

    def visible(self, user: User) -> QuerySet[ProtocolRelease]:
        """All: what is asked and advised is no secret among those who work with it."""
        return ProtocolRelease.objects.defer("source")

    @display(description=_("The protocol"))
    def document(self, release: ProtocolRelease) -> str:
        try:
            protocol = protocols.get(release)
        except (ProtocolError, protocols.DamagedRelease) as error:
            return str(_("This release cannot be read: %(error)s") % {"error": error})
        return render_to_string("admin/clinic/protocol_document.html", _as_document(protocol, release.source))


def _as_document(protocol: Protocol, source: str) -> dict[str, Any]:
    """What the template shows; conditions in the words of the file, as they were written."""
    written = tomllib.loads(source)
    whens = {each["id"]: each.get("when", "") for table in ("flags", "rules") for each in written[table]}
    return {
        "protocol": protocol,
        "sections": [
            (section, [each for each in protocol.questions.values() if each.section == section.id])
            for section in protocol.sections
        ],
        "flags": [(flag, whens[flag.id]) for flag in protocol.flags_by_urgency],
        "rules": [(rule, whens[rule.id]) for rule in protocol.rules],
    }
