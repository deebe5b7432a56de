"""Prove a protocol over every possible patient, try it on its vignettes, and say what stands in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinic import permissions, protocols
from clinic.actions import audit
from clinic.actions.errors import Conflict, conflict_on_duplicate
from clinic.actions.protocol_steps import WRITABLE
from clinic.expectations import digest_of_obligations, obligations_of, vignettes_of
from clinic.models import Certificate, ProtocolRelease, SourceWaiver, User
from clinic.permissions import Capability
from triage.checking import unreliable_citations
from triage.diagram import TooLarge
from triage.engine import ENGINE_VERSION
from triage.obligations import ObligationError
from triage.proofs import prove as prove_protocol
from triage.vignettes import check_vignette

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.protocol import Protocol

# By digest: what one text owes under one engine and one set of vignettes is the same in the whole process.
_documents: dict[str, dict[str, Any]] = {}


def prove(*, release: ProtocolRelease, by: User) -> Certificate:
    """Keep what can be proved of the text as it stands; a refutation is kept like a proof.

    Nothing is locked while it takes its time: a text that is changed meanwhile has another digest,
    for which this certificate says nothing.
    """
    permissions.require_somewhere(by, Capability.WRITE_PROTOCOL)
    release.refresh_from_db()
    document = _document(protocols.get(release))
    with transaction.atomic():
        certificate = Certificate.objects.create(
            release=release,
            sha256=release.sha256,
            engine_version=ENGINE_VERSION,
            holds=document["holds"],
            document=document,
            by=by,
        )
        detail = {"sha256": release.sha256, "engine": ENGINE_VERSION, "holds": str(document["holds"]).lower()}
        audit.record(action="protocol.prove", by=by, site=None, obj=release, detail=detail)
    return certificate


@transaction.atomic
def waive(*, release: ProtocolRelease, source: str, reason: str, by: User) -> SourceWaiver:
    """Answer for citing a withdrawn or expired source; somebody does so who has not written the text."""
    permissions.require_somewhere(by, Capability.PUBLISH_PROTOCOL)
    release.refresh_from_db(from_queryset=ProtocolRelease.objects.select_for_update())
    if release.status not in WRITABLE:
        raise Conflict(_("%(release)s is published: its text never changes.") % {"release": release})
    if source not in unreliable_citations(protocols.get(release)):
        raise Conflict(_("%(source)s is no withdrawn or expired source that this text cites.") % {"source": source})
    if by.pk in release.writers:
        raise Conflict(_("Nobody waives for a protocol of their own."))
    if not reason.strip():
        raise ValidationError({"reason": _("Say why.")})
    with conflict_on_duplicate(_("This source has been waived already.")):
        waiver = SourceWaiver.objects.create(release=release, source=source, reason=reason, by=by)
    audit.record(action="protocol.waive", by=by, site=None, obj=release, detail={"source": source})
    return waiver


def certificate_of(release: ProtocolRelease) -> Certificate | None:
    """The newest of exactly this text under the engine as it is now."""
    return release.certificates.of(digest=release.sha256, engine=ENGINE_VERSION).first()


def unwaived(release: ProtocolRelease) -> dict[str, list[str]]:
    """The withdrawn or expired sources that nobody has answered for, with where they are cited."""
    waived = set(release.waivers.values_list("source", flat=True))
    cited = unreliable_citations(protocols.get(release))
    return {source: places for source, places in cited.items() if source not in waived}


def obstacles(release: ProtocolRelease) -> list[str]:
    """What has not been shown or answered for of the text itself, each as a sentence."""
    return [*_not_proved(release), *_cited(release)]


def _document(protocol: Protocol) -> dict[str, Any]:
    if protocol.digest not in _documents:
        _documents[protocol.digest] = _prove(protocol)
    return _documents[protocol.digest]


def _prove(protocol: Protocol) -> dict[str, Any]:
    """The certificate as a document, with what the vignettes say; what nobody expects anything of does not hold."""
    try:
        owed = obligations_of(protocol)
        certificate = prove_protocol(protocol, owed)
    except TooLarge as error:
        raise Conflict(_("This protocol is too large to be proved: %(why)s.") % {"why": error}) from error
    except ObligationError as error:
        raise Conflict(_("What this protocol owes cannot be said of it: %(why)s.") % {"why": error}) from error
    tried = vignettes_of(protocol.id)
    faults = [fault for each in tried for fault in check_vignette(protocol, each)]
    return {
        **certificate.as_document(),
        "vignettes": {"tried": len(tried), "faults": faults},
        "holds": certificate.holds and bool(owed.obligations) and bool(tried) and not faults,
    }


def _not_proved(release: ProtocolRelease) -> Iterator[str]:
    certificate = certificate_of(release)
    if certificate is None:
        yield _("Nothing has been proved of this text under engine %(engine)s yet.") % {"engine": ENGINE_VERSION}
    elif not certificate.holds:
        yield _("The certificate of this text does not hold: it says which patients refute it.")
    elif certificate.document["obligations"] != digest_of_obligations(release.protocol):
        yield _("What is owed to patients has changed since this text was proved: prove it again.")


def _cited(release: ProtocolRelease) -> Iterator[str]:
    sources = protocols.get(release).sources
    for source, places in unwaived(release).items():
        words = {"source": source, "status": _(sources[source].status), "places": ", ".join(places)}
        yield _("%(source)s is %(status)s and still cited by %(places)s: nobody answers for that yet.") % words
