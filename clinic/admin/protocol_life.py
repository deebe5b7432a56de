"""Where a release stands: its life so far, what it has shown, who follows it, and what this person may do now."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from clinic import clock, permissions, protocols
from clinic.actions import protocols as releases
from clinic.actions import proving
from clinic.actions.protocol_steps import WRITABLE, Verb
from clinic.admin.protocol_document import STATUSES, ProtocolDocument
from clinic.models import Activation, Intake, ReleaseStatus, Site
from clinic.permissions import Capability
from triage.reading import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from clinic.models import Certificate, ProtocolRelease, SourceWaiver, User

TONES: Mapping[str, str] = {
    ReleaseStatus.DRAFT: "quiet",
    ReleaseStatus.IN_REVIEW: "information",
    ReleaseStatus.APPROVED: "refer",
    ReleaseStatus.PUBLISHED: "done",
    ReleaseStatus.RETIRED: "incomplete",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a life: what was done, who did it, where the release stood then."""

    at: datetime
    who: str
    what: str
    reason: str
    status: str
    digest: str


@dataclass(frozen=True, slots=True)
class Follower:
    """A site, the version that its new intakes follow, and the choice that led there, if there was one."""

    site: Site
    version: str
    choice: Activation | None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A withdrawn or expired source that the text cites, and who answers for that."""

    source: str
    status: str
    places: str
    waiver: SourceWaiver | None


class Standing:
    """Everything that the page of a release says, read when the page says it."""

    def __init__(self, release: ProtocolRelease, user: User) -> None:
        self.release, self._user = release, user

    @property
    def tone(self) -> str:
        return TONES[self.release.status]

    @property
    def is_overdue(self) -> bool:
        return self.release.review_due < clock.today(None)

    @cached_property
    def document(self) -> ProtocolDocument | None:
        """The protocol to be read; None where the stored text is damaged."""
        try:
            return ProtocolDocument(self.release)
        except (ProtocolError, protocols.DamagedRelease):
            return None

    @cached_property
    def certificate(self) -> Certificate | None:
        return proving.certificate_of(self.release)

    @cached_property
    def earlier_certificates(self) -> list[Certificate]:
        """What was proved of other texts of this release, or by other engines."""
        every = self.release.certificates.defer("document")
        return list(every.exclude(pk=self.certificate.pk) if self.certificate else every)

    @cached_property
    def is_writable(self) -> bool:
        return self.release.status in WRITABLE

    @cached_property
    def obstacles(self) -> list[str]:
        """What would stand in the way of publishing; nothing does where it has been published."""
        if not self.is_writable or self.document is None:
            return []
        try:
            return releases.obstacles(self.release)
        except protocols.DamagedRelease as error:
            return [str(error)]

    @cached_property
    def verbs(self) -> list[Verb]:
        return releases.verbs_for(self.release, self._user)

    @property
    def may_write(self) -> bool:
        return releases.may_edit(self.release, self._user)

    @property
    def may_draft(self) -> bool:
        """Whether its text may be the beginning of another version: that of a draft is changed instead."""
        return not self.is_writable and permissions.may_somewhere(self._user, Capability.WRITE_PROTOCOL)

    @property
    def may_activate(self) -> bool:
        published = self.release.status == ReleaseStatus.PUBLISHED
        return published and permissions.may_somewhere(self._user, Capability.ACTIVATE_PROTOCOL)

    @property
    def may_waive(self) -> bool:
        allowed = permissions.may_somewhere(self._user, Capability.PUBLISH_PROTOCOL)
        return self.is_writable and allowed and self._user.pk not in self.release.writers

    @property
    def open_intakes(self) -> int:
        """How many patients are being asked by it, at whatever site."""
        return Intake.objects.open().filter(release=self.release).count()

    @property
    def life(self) -> list[Event]:
        """What became of it, newest first."""
        rows = self.release.history.select_related("history_user").defer("source").order_by("-history_id")
        return [_event(row) for row in rows]

    @property
    def followers(self) -> list[Follower]:
        """Each of the person's sites, in two queries however many there are."""
        sites = list(Site.objects.filter(pk__in=permissions.sites_of(self._user, Capability.USE_ADMIN)))
        newest = protocols.newest(self.release.protocol)
        chosen = {each.site_id: each for each in reversed(self.choices)}
        return [_follower(site, chosen.get(site.pk), newest) for site in sites]

    @cached_property
    def choices(self) -> list[Activation]:
        """What the person's sites chose for this protocol, newest first."""
        sites = permissions.sites_of(self._user, Capability.USE_ADMIN)
        rows = Activation.objects.filter(site__in=sites, release__protocol=self.release.protocol)
        return list(rows.select_related("site", "release", "by").defer("release__source").order_by("-id"))

    @property
    def doubtful(self) -> list[Doubtful]:
        if self.document is None:
            return []
        waivers = {each.source: each for each in self.release.waivers.select_related("by")}
        return [
            Doubtful(
                cited.source.id,
                str(STATUSES[cited.source.status]),
                ", ".join(cited.in_vain),
                waivers.get(cited.source.id),
            )
            for cited in self.document.sources
            if cited.in_vain
        ]


def _event(row: ProtocolRelease) -> Event:
    what, _colon, reason = (row.history_change_reason or "").partition(": ")  # type: ignore[attr-defined]
    return Event(
        at=row.history_date,  # type: ignore[attr-defined]
        who=str(row.history_user or ""),  # type: ignore[attr-defined]
        what=_(what) if what else "",
        reason=reason,
        status=str(ReleaseStatus(row.status).label),
        digest=row.sha256[:12],
    )


def _follower(site: Site, chosen: Activation | None, newest: ProtocolRelease | None) -> Follower:
    if chosen is not None and chosen.release.status == ReleaseStatus.PUBLISHED:
        return Follower(site, chosen.release.version, chosen)
    return Follower(site, newest.version if newest else "", None)
