"""Let a site follow a release of a protocol: the newest on purpose, or an earlier one again."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinic import permissions
from clinic.actions import audit
from clinic.actions.errors import Conflict
from clinic.actions.protocol_steps import where_it_stands
from clinic.models import Activation, ProtocolRelease, ReleaseStatus, Site, User
from clinic.permissions import Capability


@transaction.atomic
def activate(*, site: Site, release: ProtocolRelease, reason: str, by: User) -> Activation:
    """New intakes of the site follow the release from now on; those that are open go on as they began.

    Going back is the same with an earlier release, as long as that one is published.
    """
    permissions.require(by, Capability.ACTIVATE_PROTOCOL, site)
    site.refresh_from_db(from_queryset=Site.objects.select_for_update())
    release.refresh_from_db(from_queryset=ProtocolRelease.objects.select_for_update())
    _refuse_unfit(site, release)
    if not reason.strip():
        raise ValidationError({"reason": _("Say why.")})
    seq = Activation.objects.filter(site=site).count() + 1
    activation = Activation.objects.create(site=site, release=release, seq=seq, reason=reason, by=by)
    detail = {"release": str(release), "sha256": release.sha256}
    audit.record(action="protocol.activate", by=by, site=site, obj=activation, detail=detail)
    return activation


def _refuse_unfit(site: Site, release: ProtocolRelease) -> None:
    if release.status != ReleaseStatus.PUBLISHED:
        raise Conflict(where_it_stands(release))
    if not (site.emergency_number and site.crisis_line):
        raise Conflict(_("This site has no emergency number or no crisis line yet."))
    chosen = Activation.objects.newest(site, release.protocol)
    if chosen is not None and chosen.release == release:
        raise Conflict(_("This site follows this release already."))
