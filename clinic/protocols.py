"""The published protocols, each read and compiled once in a process."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from clinic.models import Activation, ProtocolRelease, ReleaseStatus
from triage.reading import read_protocol

if TYPE_CHECKING:
    from clinic.models import Site
    from triage.protocol import Protocol

_NAME = re.compile(r"[a-z0-9-]{1,60}")
_VERSION = re.compile(r"[0-9.]{1,20}")
_compiled: dict[str, Protocol] = {}


class DamagedRelease(Exception):
    """A stored protocol that is not what was published; nobody is to be triaged by it."""


def get(release: ProtocolRelease) -> Protocol:
    """The protocol of a release; its source is read only the first time, and checked then."""
    protocol = _compiled.get(release.sha256)
    if protocol is None:
        protocol = _compiled[release.sha256] = _compile(release)
    return protocol


def newest(name: str) -> ProtocolRelease | None:
    """The newest published release of a protocol; None for what is not a protocol's name."""
    return ProtocolRelease.objects.newest(name) if _NAME.fullmatch(name) else None


def followed_at(site: Site, name: str) -> ProtocolRelease | None:
    """The release that new intakes of a site follow: the one it chose while that is published, or the newest."""
    chosen = Activation.objects.newest(site, name) if _NAME.fullmatch(name) else None
    if chosen is not None and chosen.release.status == ReleaseStatus.PUBLISHED:
        return chosen.release
    return newest(name)


def version_of(name: str, version: str) -> ProtocolRelease | None:
    """One release that is or was in use."""
    if not (_NAME.fullmatch(name) and _VERSION.fullmatch(version)):
        return None
    releases = ProtocolRelease.objects.filter(published_at__isnull=False).defer("source")
    return releases.filter(protocol=name, version=version).first()


def _compile(release: ProtocolRelease) -> Protocol:
    source = release.source.encode()
    if hashlib.sha256(source).hexdigest() != release.sha256:
        raise DamagedRelease(f"{release} is not the file that was published")
    return read_protocol(source)
