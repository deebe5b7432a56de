"""The life of a referral as a table: what can be done from where, by whom, and by when the next step is due.

Every step leaves a row with a deadline for the one after it, so that no referral is waited for in
silence; what has ended says why. See docs/adr/0008-referrals-as-a-state-machine.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic import clock
from clinic.models import ENDED, LIVE, Referral, Stage
from clinic.permissions import Capability
from triage.protocol import Urgency

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clinic.models import Site

# Within how many days a referred patient is to be seen (evidence E.i: soon, routine).
SEEN_WITHIN: Mapping[str, int] = {Urgency.SOON: 14, Urgency.ROUTINE: 42}
_WITH_THE_SERVICE = (Stage.SENT, Stage.RECEIVED, Stage.BOOKED)


class Verb(models.TextChoices):
    """Something that is done about a referral."""

    ACCEPT = "accept", _("Accept")
    SEND = "send", _("Send")
    RECEIVE = "receive", _("Record that it was received")
    BOOK = "book", _("Record the appointment")
    SEE = "see", _("Record that the patient was seen")
    CLOSE = "close", _("Close")
    DECLINE = "decline", _("Record that it was declined")
    CANCEL = "cancel", _("Cancel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From which stages a verb leads where, who may, and what has to be said with it."""

    before: tuple[Stage, ...]
    after: Stage
    capability: Capability
    needs: tuple[str, ...] = ()


STEPS: Mapping[Verb, Step] = {
    Verb.ACCEPT: Step(before=(Stage.PROPOSED, Stage.DECLINED), after=Stage.ACCEPTED, capability=Capability.DECIDE),
    Verb.SEND: Step(before=(Stage.ACCEPTED,), after=Stage.SENT, capability=Capability.DECIDE, needs=("destination",)),
    Verb.RECEIVE: Step(before=(Stage.SENT,), after=Stage.RECEIVED, capability=Capability.FOLLOW_REFERRAL),
    # Booked again where the patient did not come or the day was changed.
    Verb.BOOK: Step(
        before=_WITH_THE_SERVICE,
        after=Stage.BOOKED,
        capability=Capability.FOLLOW_REFERRAL,
        needs=("appointment",),
    ),
    Verb.SEE: Step(before=_WITH_THE_SERVICE, after=Stage.SEEN, capability=Capability.FOLLOW_REFERRAL),
    Verb.CLOSE: Step(
        before=(Stage.SEEN,), after=Stage.CLOSED, capability=Capability.FOLLOW_REFERRAL, needs=("reason",)
    ),
    Verb.DECLINE: Step(
        before=_WITH_THE_SERVICE,
        after=Stage.DECLINED,
        capability=Capability.FOLLOW_REFERRAL,
        needs=("reason",),
    ),
    Verb.CANCEL: Step(
        before=tuple(stage for stage in LIVE if stage is not Stage.SEEN),
        after=Stage.CANCELLED,
        capability=Capability.DECIDE,
        needs=("reason",),
    ),
}
NEEDS: Mapping[str, str] = {
    "reason": "Say why, or with what outcome.",
    "destination": "Say whom it is sent to.",
    "appointment": "Say on which day.",
}


def due(referral: Referral, stage: Stage, appointment: date | None) -> datetime | None:
    """Until when the next step is to be taken: the site's days, and the referral's own priority."""
    if stage in ENDED:
        return None
    if appointment is not None:
        return clock.noon(appointment + timedelta(days=1), referral.site)
    step = clock.in_days(clock.now(), _days(referral.site, stage), referral.site)
    seen_by = clock.in_days(referral.created_at, SEEN_WITHIN[referral.priority], referral.site)
    return min(step, seen_by) if stage is not Stage.SEEN and seen_by > clock.now() else step


def _days(site: Site, stage: Stage) -> int:
    return {
        Stage.PROPOSED: site.days_to_decide,
        Stage.ACCEPTED: site.days_to_send,
        Stage.SENT: site.days_to_receive,
        Stage.RECEIVED: site.days_to_book,
        Stage.SEEN: site.days_to_close,
        Stage.DECLINED: site.days_to_reroute,
    }[stage]
