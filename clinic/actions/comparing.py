"""Compare a release with the one that it would replace, and answer for what becomes less urgent by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinic import permissions, protocols, spoken
from clinic.actions import audit
from clinic.actions.errors import Conflict, conflict_on_duplicate
from clinic.actions.protocol_steps import WRITABLE
from clinic.differences import advised
from clinic.expectations import obligations_of
from clinic.models import LoweringWaiver, ProtocolRelease, ReleaseComparison, User
from clinic.permissions import Capability
from triage.comparison import compare as compare_protocols
from triage.diagram import TooLarge
from triage.engine import ENGINE_VERSION
from triage.obligations import NOTHING_OWED, ObligationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.obligations import Obligations
    from triage.protocol import Protocol

    Region = dict[str, Any]

# By the digests of both: what two texts advise otherwise under one engine is the same in the whole process.
_documents: dict[tuple[str, str], dict[str, Any]] = {}


def compare(*, release: ProtocolRelease, by: User) -> ReleaseComparison:
    """Keep what the text as it stands advises otherwise than the release that it would replace.

    What was compared before is not compared again. Nothing is locked while it takes its time: a
    text that is changed meanwhile has another digest, for which this says nothing.
    """
    if not permissions.may_somewhere(by, Capability.PUBLISH_PROTOCOL):
        permissions.require_somewhere(by, Capability.WRITE_PROTOCOL)
    release.refresh_from_db()
    against = replaced_by(release)
    if against is None:
        raise Conflict(_("No release of this protocol is published that it would replace."))
    known = comparison_of(release)
    if known is not None:
        return known
    document = _document(protocols.get(against), protocols.get(release))
    with transaction.atomic(), conflict_on_duplicate(_("This has just been compared by somebody else.")):
        made = ReleaseComparison.objects.create(
            release=release,
            against=against,
            sha256=release.sha256,
            engine_version=ENGINE_VERSION,
            document=document,
            by=by,
        )
        detail = {"sha256": release.sha256, "against": against.version, "engine": ENGINE_VERSION}
        audit.record(action="protocol.compare", by=by, site=None, obj=release, detail=detail)
    return made


@transaction.atomic
def accept(*, comparison: ReleaseComparison, change: str, reason: str, by: User) -> LoweringWaiver:
    """Answer for one change by which patients are advised something less urgent; never for a text of one's own."""
    permissions.require_somewhere(by, Capability.PUBLISH_PROTOCOL)
    release = ProtocolRelease.objects.select_for_update().get(pk=comparison.release_id)
    if release.status not in WRITABLE:
        raise Conflict(_("%(release)s is published: its text never changes.") % {"release": release})
    if comparison_of(release) != comparison:
        raise Conflict(_("The text, or what it would replace, has changed since this was compared: compare it again."))
    if change not in {each["change"] for each in less_urgent(comparison)}:
        raise Conflict(_("This is no change by which anything becomes less urgent."))
    if by.pk in release.writers:
        raise Conflict(_("Nobody waives for a protocol of their own."))
    if not reason.strip():
        raise ValidationError({"reason": _("Say why.")})
    with conflict_on_duplicate(_("Somebody has answered for this change already.")):
        waiver = LoweringWaiver.objects.create(comparison=comparison, change=change, reason=reason, by=by)
    audit.record(action="protocol.accept_lowering", by=by, site=None, obj=release, detail={"change": change})
    return waiver


def replaced_by(release: ProtocolRelease) -> ProtocolRelease | None:
    """The newest published release of the protocol, which new intakes follow until this one is published."""
    newest = protocols.newest(release.protocol)
    return None if newest is None or newest == release else newest


def comparison_of(release: ProtocolRelease) -> ReleaseComparison | None:
    """Of exactly this text with what it would replace now, under the engine as it is now."""
    against = replaced_by(release)
    if against is None:
        return None
    return release.comparisons.of(digest=release.sha256, against=against, engine=ENGINE_VERSION).first()


def less_urgent(comparison: ReleaseComparison) -> list[Region]:
    return [each for each in comparison.document["regions"] if each["is_less_urgent"]]


def unanswered(comparison: ReleaseComparison) -> list[Region]:
    """The changes to something less urgent that nobody has answered for."""
    answered = set(comparison.waivers.values_list("change", flat=True))
    return [each for each in less_urgent(comparison) if each["change"] not in answered]


def obstacles(release: ProtocolRelease) -> Iterator[str]:
    """What stands in the way of putting it in the place of the release that is published, each as a sentence."""
    against = replaced_by(release)
    if against is None:
        return
    comparison = comparison_of(release)
    if comparison is None:
        words = {"against": against, "engine": ENGINE_VERSION}
        yield _("This text has not been compared with %(against)s under engine %(engine)s yet.") % words
        return
    for each in unanswered(comparison):
        yield _("Less urgent than in %(against)s, and nobody answers for that yet: %(change)s.") % {
            "against": against,
            "change": in_words(comparison, each),
        }


def in_words(comparison: ReleaseComparison, region: Region) -> str:
    """What was advised and what would be, as the reader of the page of releases knows them."""
    old, new = (spoken.protocol(each) for each in (comparison.against, comparison.release))
    was = advised(old, region["old"], region["old_urgency"])
    return f"{was} → {advised(new, region['new'], region['new_urgency'])}"


def _document(old: Protocol, new: Protocol) -> dict[str, Any]:
    known = _documents.get((old.digest, new.digest))
    if known is None:
        try:
            known = compare_protocols(old, new, _clear_adult(new)).as_document()
        except TooLarge as error:
            raise Conflict(_("These releases are too large to be compared: %(why)s.") % {"why": error}) from error
        _documents[old.digest, new.digest] = known
    return known


def _clear_adult(protocol: Protocol) -> Obligations:
    """What is owed says who a clear adult is; whether it can be said of this text is for its proof to tell."""
    try:
        return obligations_of(protocol)
    except ObligationError:
        return NOTHING_OWED
