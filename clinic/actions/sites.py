"""Open a site, and keep its numbers right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinic import permissions, sealing
from clinic.actions import audit, people
from clinic.actions.errors import conflict_on_duplicate
from clinic.models import Site, SiteKey, User
from clinic.permissions import Capability, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

DEADLINES = (
    "days_to_complete",
    "days_to_decide",
    "days_to_send",
    "days_to_receive",
    "days_to_book",
    "days_to_close",
    "days_to_reroute",
    "days_to_escalate",
)
_CHANGEABLE = (
    "name",
    "emergency_number",
    "crisis_line",
    "emergency_department",
    "address",
    "phone",
    "time_zone",
    "reference_kind",
    *DEADLINES,
    "is_live",
)


@transaction.atomic
def open(*, slug: str, details: Mapping[str, object], by: User) -> Site:  # noqa: A001 -- read as sites.open
    """A new site, of which whoever opens it becomes the first administrator."""
    if by.username != people.SYSTEM:
        permissions.require_somewhere(by, Capability.MANAGE_SITE)
    site = Site(slug=slug)
    _apply(site, details)
    with conflict_on_duplicate(_("This short name is taken.")):
        site.save_as(by=by, reason="opened")
    key = SiteKey(site=site)
    key.put(sealing.new_key())
    key.save()
    audit.record(action="site.open", by=by, site=site, obj=site)
    people.enrol(user=by, site=site, role=Role.ADMIN, by=by)
    return site


@transaction.atomic
def change(*, site: Site, changes: Mapping[str, object], by: User) -> None:
    """Correct a site's name or numbers; a change of nothing leaves no trace."""
    permissions.require(by, Capability.MANAGE_SITE, site)
    site.refresh_from_db(from_queryset=Site.objects.select_for_update())
    fields = _apply(site, changes)
    if fields:
        site.save_as(by=by, reason=f"changed: {', '.join(fields)}")
        audit.record(action="site.change", by=by, site=site, obj=site, detail={"fields": fields})


def _apply(site: Site, changes: Mapping[str, object]) -> list[str]:
    """The names of the fields that the changes really change."""
    unknown = changes.keys() - set(_CHANGEABLE)
    if unknown:
        raise ValidationError(dict.fromkeys(unknown, _("This cannot be changed.")))
    fields = [name for name, value in changes.items() if getattr(site, name) != value]
    for name in fields:
        setattr(site, name, changes[name])
    site.check_columns()
    site.validate_constraints()
    return fields
