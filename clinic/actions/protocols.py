"""Publish a protocol, and take it out of use."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import clock, permissions
from clinic.actions import audit
from clinic.actions.errors import Conflict, conflict_on_duplicate
from clinic.models import ProtocolRelease, ReleaseStatus, User
from clinic.permissions import Capability
from triage.reading import read_protocol


@transaction.atomic
def publish(*, source: bytes, author: User, by: User) -> ProtocolRelease:
    """Put a file of the author's to use, in the approver's name; from now on it never changes.

    Publishing the same file again changes nothing. Raises `triage.reading.ProtocolError`.
    """
    permissions.require_somewhere(author, Capability.WRITE_PROTOCOL)
    permissions.require_somewhere(by, Capability.PUBLISH_PROTOCOL)
    if author == by:
        raise Conflict(_("Nobody approves a protocol of their own."))
    protocol = read_protocol(source)
    earlier = ProtocolRelease.objects.filter(protocol=protocol.id, version=protocol.version).first()
    if earlier:
        return _same(earlier, protocol.digest)
    now = clock.now()
    release = ProtocolRelease(
        protocol=protocol.id,
        version=protocol.version,
        sha256=protocol.digest,
        source=source.decode(),
        review_due=protocol.review_due,
        status=ReleaseStatus.PUBLISHED,
        authored_by=author,
        approved_by=by,
        approved_at=now,
        approved_sha256=protocol.digest,
        published_at=now,
    )
    with conflict_on_duplicate(_("This version is being published by somebody else.")):
        release.save_as(by=by, reason="published")
    audit.record(action="protocol.publish", by=by, site=None, obj=release, detail={"sha256": release.sha256})
    return release


@transaction.atomic
def retire(*, release: ProtocolRelease, by: User) -> None:
    """No new intake is opened by it; those that are open go on."""
    permissions.require_somewhere(by, Capability.PUBLISH_PROTOCOL)
    release.refresh_from_db(from_queryset=ProtocolRelease.objects.select_for_update())
    if release.status != ReleaseStatus.PUBLISHED:
        raise Conflict(f"{release} is {release.status}, not published.")
    release.status, release.retired_at = ReleaseStatus.RETIRED, clock.now()
    release.save_as(by=by, reason="retired")
    audit.record(action="protocol.retire", by=by, site=None, obj=release)


def _same(release: ProtocolRelease, digest: str) -> ProtocolRelease:
    if release.sha256 != digest:
        raise Conflict(f"{release} exists with another content: a changed protocol needs a new version.")
    if release.status != ReleaseStatus.PUBLISHED:
        raise Conflict(f"{release} is {release.status}.")
    return release
