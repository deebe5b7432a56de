"""Take a protocol from a draft to the patients, and out of use.

The steps and who may take them are the table in `clinic.actions.protocol_steps`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from clinic import clock, permissions
from clinic.actions import audit, comparing, proving
from clinic.actions.errors import Conflict, conflict_on_duplicate
from clinic.actions.protocol_steps import NEEDS, STEPS, WRITABLE, Step, Verb, where_it_stands
from clinic.models import ProtocolRelease, ReleaseStatus, User
from clinic.permissions import Capability
from triage.reading import read_protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.protocol import Protocol

_NUMBER = re.compile(r'^(version\s*=\s*)"[^"]*"', re.MULTILINE)  # the first is that of the protocol itself


@transaction.atomic
def draft(*, source: bytes, by: User) -> ProtocolRelease:
    """A new version that nobody is asked by yet; raises `triage.reading.ProtocolError`."""
    permissions.require_somewhere(by, Capability.WRITE_PROTOCOL)
    protocol = read_protocol(source)
    release = ProtocolRelease(protocol=protocol.id, version=protocol.version)
    _take_text(release, protocol, source, by)
    with conflict_on_duplicate(_("%(release)s is there already.") % {"release": release}):
        release.save_as(by=by, reason=gettext_noop("drafted"))
    _record("draft", release, by)
    return release


def draft_like(*, release: ProtocolRelease, version: str, by: User) -> ProtocolRelease:
    """A draft with the text of a release and another number, to be changed from there."""
    source, replaced = _NUMBER.subn(lambda found: f'{found[1]}"{version}"', release.source, count=1)
    if not replaced:
        raise Conflict(_("The text of %(release)s says its version in a way that is not known here.") % _named(release))
    return draft(source=source.encode(), by=by)


@transaction.atomic
def edit(*, release: ProtocolRelease, source: bytes, by: User, seen: str = "") -> None:
    """Put another text in the place of this one; an approval of the old text is none of the new.

    `seen` is the digest of the text that the person changed. The same text again changes nothing.
    """
    permissions.require_somewhere(by, Capability.WRITE_PROTOCOL)
    _hold(release, seen)
    if release.status not in WRITABLE:
        raise Conflict(_("%(release)s is published: its text never changes. Draft a new version.") % _named(release))
    protocol = read_protocol(source)
    if (protocol.id, protocol.version) != (release.protocol, release.version):
        raise Conflict(_("This is the text of another protocol or version: make a draft of it."))
    if protocol.digest == release.sha256:
        return
    _take_text(release, protocol, source, by)
    _move(release, ReleaseStatus.DRAFT, by)
    release.save_as(by=by, reason=gettext_noop("edited"))
    _record("edit", release, by)


@transaction.atomic
def advance(*, release: ProtocolRelease, verb: str, by: User, reason: str = "", seen: str = "") -> None:
    """Take the next step; `seen` is the digest of the text that the person read.

    Raises Conflict where the step cannot be taken from where the release stands, or something
    stands in the way, and ValidationError for what has to be said with it.
    """
    step = _step(verb)
    permissions.require_somewhere(by, step.capability)
    if step.after is ReleaseStatus.PUBLISHED:
        _hold_all(release.protocol)
    _hold(release, seen)
    if release.status not in step.before:
        raise Conflict(where_it_stands(release))
    _check_said(step, {"reason": reason.strip(), "seen": seen})
    if step.by_another and by.pk in release.writers:
        raise Conflict(_("Nobody approves a protocol of their own."))
    if step.after is ReleaseStatus.PUBLISHED:
        _refuse_unfit(release)
    _move(release, step.after, by)
    release.save_as(by=by, reason=": ".join(filter(None, [step.done, reason.strip()])))
    _record(verb, release, by)


@transaction.atomic
def publish(*, source: bytes, author: User, by: User) -> ProtocolRelease:
    """Take a file of the author's all the way, `by` approving it: with every check, in one go.

    Publishing the same file again changes nothing. Raises `triage.reading.ProtocolError`.
    """
    permissions.require_somewhere(author, Capability.WRITE_PROTOCOL)
    permissions.require_somewhere(by, Capability.PUBLISH_PROTOCOL)
    protocol = read_protocol(source)
    earlier = ProtocolRelease.objects.filter(protocol=protocol.id, version=protocol.version).first()
    if earlier:
        return _same(earlier, protocol.digest)
    release = draft(source=source, by=author)
    proving.prove(release=release, by=author)
    if comparing.replaced_by(release):
        comparing.compare(release=release, by=author)
    advance(release=release, verb=Verb.SEND, by=author)
    advance(release=release, verb=Verb.APPROVE, by=by, seen=protocol.digest)
    advance(release=release, verb=Verb.PUBLISH, by=by)
    return release


def verbs_for(release: ProtocolRelease, by: User) -> list[Verb]:
    """What the person may do with it where it stands now."""
    own = by.pk in release.writers
    return [
        verb
        for verb, step in STEPS.items()
        if release.status in step.before
        and permissions.may_somewhere(by, step.capability)
        and not (step.by_another and own)
    ]


def obstacles(release: ProtocolRelease) -> list[str]:
    """What stands in the way of publishing, each as a sentence."""
    return [*proving.obstacles(release), *comparing.obstacles(release)]


def may_edit(release: ProtocolRelease, by: User) -> bool:
    return release.status in WRITABLE and permissions.may_somewhere(by, Capability.WRITE_PROTOCOL)


def _take_text(release: ProtocolRelease, protocol: Protocol, source: bytes, by: User) -> None:
    release.source, release.sha256 = source.decode(), protocol.digest
    release.review_due, release.authored_by = protocol.review_due, by


def _move(release: ProtocolRelease, status: ReleaseStatus, by: User) -> None:
    """The status, and what the database holds it to: who approved which text, and when."""
    now = clock.now()
    release.status = status
    if status in (ReleaseStatus.DRAFT, ReleaseStatus.IN_REVIEW):
        release.approved_by, release.approved_at, release.approved_sha256 = None, None, ""
    elif status is ReleaseStatus.APPROVED:
        release.approved_by, release.approved_at, release.approved_sha256 = by, now, release.sha256
    elif status is ReleaseStatus.PUBLISHED:
        release.published_at = now
    else:
        release.retired_at = now


def _hold(release: ProtocolRelease, seen: str) -> None:
    """Read the release anew and hold it; its text must be the one that the person saw."""
    release.refresh_from_db(from_queryset=ProtocolRelease.objects.select_for_update())
    if seen not in ("", release.sha256):
        raise Conflict(_("The text has been changed in the meantime: read it again."))


def _hold_all(protocol: str) -> None:
    """Every release of the protocol: what is published was compared with the one that it replaces, and not with another."""
    list(ProtocolRelease.objects.filter(protocol=protocol).select_for_update().order_by("pk").values_list("pk"))


def _step(verb: str) -> Step:
    if verb not in Verb.values:
        raise ValidationError({"verb": f"This is one of: {', '.join(Verb.values)}."})
    return STEPS[Verb(verb)]


def _check_said(step: Step, said: Mapping[str, str]) -> None:
    faults = {name: _(NEEDS[name]) for name in step.needs if not said[name]}
    if faults:
        raise ValidationError(faults)


def _refuse_unfit(release: ProtocolRelease) -> None:
    found = obstacles(release)
    if found:
        raise Conflict(" ".join(found))


def _same(release: ProtocolRelease, digest: str) -> ProtocolRelease:
    if release.sha256 != digest:
        raise Conflict(f"{release} exists with another content: a changed protocol needs a new version.")
    if release.status != ReleaseStatus.PUBLISHED:
        raise Conflict(where_it_stands(release))
    return release


def _named(release: ProtocolRelease) -> dict[str, object]:
    return {"release": release}


def _record(verb: str, release: ProtocolRelease, by: User) -> None:
    detail = {"sha256": release.sha256}
    audit.record(action=f"protocol.{verb}", by=by, site=None, obj=release, detail=detail)
