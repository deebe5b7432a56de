"""What a clinician makes of an assessment: accepts it, changes it or rejects it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinic import permissions
from clinic.actions import audit, referrals, work
from clinic.actions.errors import Conflict
from clinic.models import Assessment, Decision, DecisionKind, ReasonCode, Referral, Stage, User
from clinic.permissions import Capability
from triage.protocol import Disposition, Service

if TYPE_CHECKING:
    from collections.abc import Sequence

_URGENT = (Disposition.URGENT_MEDICAL, Disposition.EMERGENCY)
_MEDICAL = (Disposition.MEDICAL_REVIEW, *_URGENT)
_STATUSES = (Disposition.INCOMPLETE, Disposition.OUT_OF_SCOPE)
# Under these a patient is seen by a doctor first: nobody is referred for treatment.
_NO_REFERRAL = (*_URGENT, *_STATUSES)


@transaction.atomic
def decide(
    *,
    assessment: Assessment,
    kind: str,
    by: User,
    reason: str = "",
    note: str = "",
    disposition: str | None = None,
    services: Sequence[str] | None = None,
    again: Sequence[str] = (),
) -> Decision:
    """Record the decision and let the referrals follow it; one decision for each assessment.

    Referrals of the same intake that have not been sent and are not decided on again are cancelled.
    Where the patient has a live referral to a service already, that one is followed and no second
    is made, save to the services named in `again`.
    """
    permissions.require(by, Capability.DECIDE, assessment.site)
    intake = referrals.hold_newest(assessment)
    if Decision.objects.filter(assessment=assessment).exists():
        raise Conflict(_("This assessment has been decided on already."))
    chosen = _disposition(assessment, kind, disposition, services)
    chosen_services = _services(assessment, kind, chosen, services)
    if kind == DecisionKind.CHANGED and (chosen, chosen_services) == (assessment.disposition, _advised(assessment)):
        raise ValidationError({"kind": _("This is what was advised: accept it instead.")})
    _check_reasons(assessment, kind, chosen, reason, note)
    decision = Decision.objects.create(
        assessment=assessment,
        site=assessment.site,
        kind=kind,
        reason=reason,
        note=note,
        disposition=chosen,
        services=chosen_services,
        lowers=lowers_urgency(assessment.disposition, kind, chosen),
        by=by,
    )
    tracked = _tracked(assessment, chosen_services, again)
    accepted = _refer(assessment, [each for each in chosen_services if each not in tracked], by=by)
    withdrawn = referrals.withdraw(intake, kept=accepted, by=by, reason="Not part of the newest decision.")
    work.settle(intake)
    audit.record(
        action="assessment.decide",
        by=by,
        site=assessment.site,
        obj=assessment,
        subject=intake.patient,
        detail={
            "decision": str(decision.pk),
            "accepted": [str(each.pk) for each in accepted],
            "tracked": [str(each.pk) for each in tracked.values()],
            "withdrawn": [str(each.pk) for each in withdrawn],
        },
    )
    return decision


def lowers_urgency(advised: str, kind: str, chosen: str) -> bool:
    """Whether an emergency or same-day advice is not followed: the mark that stays visible."""
    below = Disposition(chosen).rank < Disposition(advised).rank
    return Disposition(advised) in _URGENT and (kind == DecisionKind.REJECTED or below)


def _tracked(assessment: Assessment, services: Sequence[str], again: Sequence[str]) -> dict[str, Referral]:
    """The patient's live referrals that are followed instead of making a second one."""
    unknown = [service for service in again if service not in services]
    if unknown:
        raise ValidationError({"again": f"The decision does not refer to {', '.join(unknown)}."})
    found = {each: referrals.live_elsewhere(assessment, each) for each in services if each not in again}
    return {service: referral for service, referral in found.items() if referral}


def _refer(assessment: Assessment, services: Sequence[str], *, by: User) -> list[Referral]:
    accepted = list(referrals.proposed(assessment, services, by=by))
    for referral in accepted:
        if referral.status == Stage.PROPOSED:
            referrals.move(referral, Stage.ACCEPTED, by=by)
    return accepted


def _disposition(
    assessment: Assessment, kind: str, disposition: str | None, services: Sequence[str] | None
) -> Disposition:
    """Where the patient goes by this decision."""
    if kind not in DecisionKind.values:
        raise ValidationError({"kind": f"This is one of: {', '.join(DecisionKind.values)}."})
    advised = Disposition(assessment.disposition)
    if kind != DecisionKind.CHANGED:
        if disposition is not None or services is not None:
            raise ValidationError({"kind": _("Only a changed advice names another disposition or other services.")})
        if advised is Disposition.INCOMPLETE:
            raise Conflict(_("An incomplete intake can only be changed to something more urgent."))
        return advised
    if disposition is None and services is None:
        raise ValidationError({"disposition": _("Say what is changed: the disposition, the services or both.")})
    chosen = _known(disposition) if disposition is not None else advised
    if advised is Disposition.INCOMPLETE and chosen not in _MEDICAL:
        raise Conflict(_("An incomplete intake can only be changed to something more urgent."))
    return chosen


def _known(disposition: str) -> Disposition:
    allowed = [each.value for each in Disposition if each not in _STATUSES]
    if disposition not in allowed:
        raise ValidationError({"disposition": f"This is one of: {', '.join(allowed)}."})
    return Disposition(disposition)


def _services(assessment: Assessment, kind: str, chosen: Disposition, services: Sequence[str] | None) -> list[str]:
    """Whom the patient is referred to by this decision: as advised, unless it says otherwise."""
    if kind == DecisionKind.REJECTED:
        return []
    if services is None:
        return [] if chosen in _NO_REFERRAL else _advised(assessment)
    known = [service.value for service in Service]
    if any(service not in known for service in services) or len(set(services)) != len(services):
        raise ValidationError({"services": f"Each is one of, and once: {', '.join(known)}."})
    if services and chosen in _NO_REFERRAL:
        raise ValidationError({"services": _("No treatment is referred to before this has been seen to.")})
    return list(services)


def _advised(assessment: Assessment) -> list[str]:
    return [each["service"] for each in assessment.outcome["referrals"]]


def _check_reasons(assessment: Assessment, kind: str, chosen: Disposition, reason: str, note: str) -> None:
    """A departure from the advice has a coded reason; one from an urgent advice says more."""
    if kind != DecisionKind.ACCEPTED and reason not in ReasonCode.values:
        raise ValidationError({"reason": f"This is one of: {', '.join(ReasonCode.values)}."})
    if lowers_urgency(assessment.disposition, kind, chosen) and not note.strip():
        raise ValidationError({"note": _("Say why an urgent advice is not followed.")})
    if reason == ReasonCode.OTHER and not note.strip():
        raise ValidationError({"note": _("Say what the reason is.")})
