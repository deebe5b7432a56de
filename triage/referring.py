"""Which referrals come of what rules advise, and how soon the whole is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.protocol import PRIORITIES, PSYCHOLOGICAL, Disposition, Recommendation, Rule, Service, Urgency

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

# Outcomes under which no referral goes out, whatever a rule permits.
NO_REFERRAL = (Disposition.EMERGENCY, Disposition.URGENT_MEDICAL, Disposition.OUT_OF_SCOPE)


@dataclass(frozen=True, slots=True)
class Referral:
    """A service to refer to, and how soon."""

    service: Service
    priority: Urgency


def referrals(advised: Sequence[Recommendation]) -> tuple[Referral, ...]:
    """Each service that is advised once, at its soonest."""
    return tuple(
        Referral(service, _soonest([each.priority for each in advised if each.service is service]))
        for service in Service
        if any(each.service is service for each in advised)
    )


def go_ahead(rule: Rule, advised: Sequence[Referral], permitted: Collection[Service]) -> tuple[Referral, ...]:
    """What goes out beside an escalation that permits these services: psychological care never alone."""
    if rule.disposition in NO_REFERRAL:
        return ()
    issued = tuple(each for each in advised if each.service in permitted)
    if Service.PHYSIOTHERAPY in {each.service for each in issued}:
        return issued
    return tuple(each for each in issued if each.service not in PSYCHOLOGICAL)


def urgency(rule: Rule | None, referrals: Sequence[Referral]) -> Urgency:
    """How soon the outcome is: with referrals as soon as the soonest of them."""
    if rule is None:
        return Urgency.NONE
    if rule.disposition is Disposition.REFER and referrals:
        return _soonest([each.priority for each in referrals])
    return rule.urgency


def _soonest(priorities: Sequence[Urgency]) -> Urgency:
    return min(priorities, key=PRIORITIES.index)
