"""The life of a release as a table: what can be done from where, by whom, and what has to be said with it.

Writing a text is no step: it is possible until the release is published, and always leads back to
a draft. See docs/adr/0009-governance-of-protocols.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from clinic.models import ReleaseStatus
from clinic.permissions import Capability

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clinic.models import ProtocolRelease


class Verb(models.TextChoices):
    """Something that is done with a release."""

    SEND = "send", _("Send to review")
    TAKE_BACK = "take_back", _("Take back")
    SEND_BACK = "send_back", _("Send back to the author")
    APPROVE = "approve", _("Approve")
    PUBLISH = "publish", _("Publish")
    RETIRE = "retire", _("Retire")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From which statuses a verb leads where, who may, and what has to be said with it.

    `done` is what the history says of it. `by_another`: nobody may who wrote any of the text. `fresh`: the person shows
    their second factor again first.
    """

    before: tuple[ReleaseStatus, ...]
    after: ReleaseStatus
    done: str
    capability: Capability
    by_another: bool = False
    fresh: bool = False
    needs: tuple[str, ...] = ()


STEPS: Mapping[Verb, Step] = {
    Verb.SEND: Step(
        before=(ReleaseStatus.DRAFT,),
        after=ReleaseStatus.IN_REVIEW,
        done=gettext_noop("sent to review"),
        capability=Capability.WRITE_PROTOCOL,
    ),
    Verb.TAKE_BACK: Step(
        before=(ReleaseStatus.IN_REVIEW, ReleaseStatus.APPROVED),
        after=ReleaseStatus.DRAFT,
        done=gettext_noop("taken back"),
        capability=Capability.WRITE_PROTOCOL,
    ),
    Verb.SEND_BACK: Step(
        before=(ReleaseStatus.IN_REVIEW, ReleaseStatus.APPROVED),
        after=ReleaseStatus.DRAFT,
        done=gettext_noop("sent back to the author"),
        capability=Capability.PUBLISH_PROTOCOL,
        needs=("reason",),
    ),
    Verb.APPROVE: Step(
        before=(ReleaseStatus.IN_REVIEW,),
        after=ReleaseStatus.APPROVED,
        done=gettext_noop("approved"),
        capability=Capability.PUBLISH_PROTOCOL,
        by_another=True,
        fresh=True,
        needs=("seen",),
    ),
    Verb.PUBLISH: Step(
        before=(ReleaseStatus.APPROVED,),
        after=ReleaseStatus.PUBLISHED,
        done=gettext_noop("published"),
        capability=Capability.PUBLISH_PROTOCOL,
        by_another=True,
        fresh=True,
    ),
    Verb.RETIRE: Step(
        before=(ReleaseStatus.PUBLISHED,),
        after=ReleaseStatus.RETIRED,
        done=gettext_noop("retired"),
        capability=Capability.PUBLISH_PROTOCOL,
        needs=("reason",),
    ),
}
NEEDS: Mapping[str, str] = {
    "reason": gettext_noop("Say why."),
    "seen": gettext_noop("Say which text was read, by its digest."),
}
WRITABLE = (ReleaseStatus.DRAFT, ReleaseStatus.IN_REVIEW, ReleaseStatus.APPROVED)


def where_it_stands(release: ProtocolRelease) -> str:
    """Why a step cannot be taken: it does not begin where the release stands."""
    words = {"release": release, "status": release.get_status_display()}
    return gettext("The status of %(release)s is: %(status)s.") % words
