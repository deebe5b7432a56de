"""The referrals that follow an assessment: proposed as advised, accepted by a clinician."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from clinic import permissions
from clinic.actions import audit
from clinic.actions.errors import Conflict
from clinic.models import Assessment, Intake, IntakeStatus, Referral, ReferralStatus, Stage, User
from clinic.permissions import Capability
from triage.protocol import Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable

_NOT_YET_SENT = (Stage.PROPOSED, Stage.ACCEPTED)


@transaction.atomic
def propose(*, assessment: Assessment, by: User) -> list[Referral]:
    """Put the referrals that the assessment advises before a clinician; those already there stay."""
    permissions.require(by, Capability.PROPOSE, assessment.site)
    hold_newest(assessment)
    advised = [each["service"] for each in assessment.outcome["referrals"]]
    referrals = list(proposed(assessment, advised, by=by))
    detail = {"referrals": [str(each.pk) for each in referrals]}
    _record("referral.propose", assessment, by, detail)
    return referrals


@transaction.atomic
def accept(*, referral: Referral, by: User) -> ReferralStatus:
    """A clinician takes responsibility for a proposed referral."""
    permissions.require(by, Capability.DECIDE, referral.site)
    hold_newest(referral.assessment)
    if referral.status != Stage.PROPOSED:
        raise Conflict(f"This referral is {referral.status}, not proposed.")
    status = move(referral, Stage.ACCEPTED, by=by)
    _record("referral.accept", referral.assessment, by, {"referral": str(referral.pk)})
    return status


def hold_newest(assessment: Assessment) -> Intake:
    """The assessment's intake, held; it must not have been assessed anew or cancelled since."""
    intake = Intake.objects.locked().get(pk=assessment.intake_id)
    if intake.status == IntakeStatus.CANCELLED:
        raise Conflict("This intake is cancelled.")
    if assessment.version != intake.version:
        raise Conflict("The answers have been assessed anew since: only the newest assessment counts.")
    return intake


def proposed(assessment: Assessment, services: Iterable[str], *, by: User) -> Iterable[Referral]:
    """A referral to each service, as soon as the assessment says; made where there is none yet."""
    for service in services:
        referral = assessment.referrals.filter(service=service).first()
        yield referral or _new(assessment, service, by=by)


def move(referral: Referral, status: Stage, *, by: User, reason: str = "") -> ReferralStatus:
    """The next step of a referral."""
    return ReferralStatus.objects.create(
        referral=referral,
        site=referral.site,
        seq=referral.statuses.count() + 1,
        status=status,
        reason=reason,
        by=by,
    )


def withdraw(intake: Intake, *, kept: Iterable[Referral], by: User, reason: str) -> list[Referral]:
    """Cancel what an intake has led to so far and has not been sent, except what is kept."""
    pending = Referral.objects.filter(assessment__intake=intake).at_stage(_NOT_YET_SENT)
    withdrawn = list(pending.exclude(pk__in=[each.pk for each in kept]))
    for referral in withdrawn:
        move(referral, Stage.CANCELLED, by=by, reason=reason)
    return withdrawn


def _new(assessment: Assessment, service: str, *, by: User) -> Referral:
    advised = assessment.outcome["referrals"] + assessment.outcome["deferred"]
    priorities = {each["service"]: each["priority"] for each in advised}
    referral = Referral.objects.create(
        patient=assessment.intake.patient,
        site=assessment.site,
        assessment=assessment,
        service=service,
        priority=priorities.get(service, Urgency.ROUTINE),
        created_by=by,
    )
    move(referral, Stage.PROPOSED, by=by)
    return referral


def _record(action: str, assessment: Assessment, by: User, detail: audit.Detail) -> None:
    patient = assessment.intake.patient
    audit.record(action=action, by=by, site=assessment.site, obj=assessment, subject=patient, detail=detail)
