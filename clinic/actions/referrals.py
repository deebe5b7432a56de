"""The referrals that follow an assessment: proposed as advised, and taken from step to step.

The steps and who may take them are the table in `clinic.actions.referral_steps`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic import clock, permissions
from clinic.actions import audit, freshness, letters, outbox, patients, work
from clinic.actions.errors import Conflict, Stale
from clinic.actions.referral_steps import NEEDS, STEPS, Step, Verb, due
from clinic.models import (
    Assessment,
    Intake,
    IntakeStatus,
    MessageKind,
    Referral,
    ReferralStatus,
    Stage,
    User,
)
from clinic.permissions import Capability
from triage.protocol import Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NOT_YET_SENT = (Stage.PROPOSED, Stage.ACCEPTED)


@transaction.atomic
def propose(*, assessment: Assessment, by: User) -> list[Referral]:
    """Put the referrals that the assessment advises before a clinician; those already there stay."""
    permissions.require(by, Capability.PROPOSE, assessment.site)
    intake = hold_newest(assessment)
    advised = [each["service"] for each in assessment.outcome["referrals"]]
    referrals = list(proposed(assessment, advised, by=by))
    work.settle(intake)
    detail = {"referrals": [str(each.pk) for each in referrals]}
    audit.record(
        action="referral.propose", by=by, site=intake.site, obj=assessment, subject=intake.patient, detail=detail
    )
    return referrals


@transaction.atomic
def advance(
    *,
    referral: Referral,
    verb: str,
    by: User,
    reason: str = "",
    destination: str = "",
    appointment: date | None = None,
    expected_seq: int | None = None,
) -> ReferralStatus:
    """Take the next step; `expected_seq` is the newest step that the person had seen.

    Raises Stale where that is no longer the newest, and Conflict where the step cannot be taken
    from where the referral stands, both with what happened there; ValidationError for what has to
    be said with it.
    """
    step = _step(verb)
    permissions.require(by, step.capability, referral.site)
    patients.hold_known(referral.patient)  # before the intake, as everybody does who holds both
    intake = Intake.objects.locked().get(pk=referral.assessment.intake_id)
    _refuse_overtaken(referral, step, expected_seq)
    reason, destination = reason.strip(), destination.strip()
    _check_said(
        step, {"reason": reason, "destination": destination, "appointment": appointment}, clock.today(referral.site)
    )
    if step.after in (Stage.ACCEPTED, Stage.SENT):
        _refuse_superseded(referral, intake)
    if step.after is Stage.SENT:
        _refuse_unfit_to_send(referral, intake)
    status = move(referral, step.after, by=by, reason=reason, destination=destination, appointment=appointment)
    if step.after is Stage.SENT:
        _issue_letter(referral, destination, by=by)
    work.settle(intake)
    audit.record(
        action=f"referral.{verb}",
        by=by,
        site=referral.site,
        obj=referral.assessment,
        subject=intake.patient,
        detail={"referral": str(referral.pk), "seq": status.seq},
    )
    return status


def verbs_for(referral: Referral, by: User) -> list[Verb]:
    """What the person may do about it where it stands now."""
    stage = referral.status
    return [
        verb
        for verb, step in STEPS.items()
        if stage in step.before and permissions.may(by, step.capability, referral.site)
    ]


def hold_newest(assessment: Assessment) -> Intake:
    """The assessment's intake, held; it must not have been assessed anew or cancelled since."""
    patients.hold_known(assessment.intake.patient)
    intake = Intake.objects.locked().get(pk=assessment.intake_id)
    if intake.status == IntakeStatus.CANCELLED:
        raise Conflict(_("This intake is cancelled."))
    if assessment.version != intake.version:
        raise Conflict(_("The answers have been assessed anew since: only the newest assessment counts."))
    return intake


def proposed(assessment: Assessment, services: Iterable[str], *, by: User) -> Iterable[Referral]:
    """A referral to each service, as soon as the assessment says; made where there is none yet."""
    for service in services:
        referral = assessment.referrals.filter(service=service).first()
        yield referral or _new(assessment, service, by=by)


def move(
    referral: Referral,
    stage: Stage,
    *,
    by: User,
    reason: str = "",
    destination: str = "",
    appointment: date | None = None,
) -> ReferralStatus:
    """Write the next step, with the deadline of the one after it."""
    status = ReferralStatus.objects.create(
        referral=referral,
        site=referral.site,
        seq=referral.statuses.count() + 1,
        status=stage,
        reason=reason,
        destination=destination,
        appointment=appointment,
        due=due(referral, stage, appointment),
        by=by,
    )
    outbox.announce(kind=MessageKind.REFERRAL_CHANGED, site=referral.site, obj=referral)
    return status


def live_elsewhere(assessment: Assessment, service: str) -> Referral | None:
    """The patient's live referral to a service that another intake made, or that has been sent."""
    return all_live_elsewhere(assessment).get(service)


def all_live_elsewhere(assessment: Assessment) -> dict[str, Referral]:
    """Each such referral by its service: it is followed, and no second one is made unasked."""
    rows = Referral.objects.filter(patient=assessment.intake.patient_id).exclude(assessment=assessment).live()
    others = [
        each
        for each in rows.select_related("assessment", "site").prefetch_related("statuses__by")
        if each.assessment.intake_id != assessment.intake_id or each.status not in _NOT_YET_SENT
    ]
    return {each.service: each for each in reversed(others)}


def withdraw(intake: Intake, *, kept: Iterable[Referral], by: User, reason: str) -> list[Referral]:
    """Cancel what an intake has led to so far and has not been sent, except what is kept."""
    pending = Referral.objects.filter(assessment__intake=intake).at_stage(_NOT_YET_SENT)
    withdrawn = list(pending.exclude(pk__in=[each.pk for each in kept]))
    for referral in withdrawn:
        move(referral, Stage.CANCELLED, by=by, reason=reason)
    return withdrawn


def current_assessment(referral: Referral) -> Assessment:
    """What a letter about the referral tells of: the newest assessment of its intake."""
    return (
        Assessment.objects.newest()
        .select_related("intake__patient__kept_key", "site", "release")
        .get(intake=referral.assessment.intake_id)
    )


def _step(verb: str) -> Step:
    if verb not in Verb.values:
        raise ValidationError({"verb": f"This is one of: {', '.join(Verb.values)}."})
    return STEPS[Verb(verb)]


def _refuse_overtaken(referral: Referral, step: Step, expected_seq: int | None) -> None:
    newest = referral.statuses.select_related("by", "site").order_by("-seq")[0]
    if expected_seq not in (None, newest.seq):
        raise Stale(newest.seq, _what_happened(newest))
    if newest.status not in step.before:
        raise Conflict(_what_happened(newest))


def _what_happened(newest: ReferralStatus) -> str:
    at = date_format(clock.local(newest.at, newest.site), "j F Y, H:i")
    return f"This referral is {newest.status}: {newest.by} recorded that on {at}."


def _check_said(step: Step, said: Mapping[str, object], today: date) -> None:
    faults = {name: NEEDS[name] for name in step.needs if not said[name]}
    faults |= {name: "This is not said with this step." for name in said if said[name] and not _is_said(step, name)}
    appointment = said["appointment"]
    if isinstance(appointment, date) and not today <= appointment <= today + timedelta(days=366):
        faults["appointment"] = "An appointment is today or within a year."
    if faults:
        raise ValidationError(faults)


def _is_said(step: Step, name: str) -> bool:
    """A reason may be given with any step; the rest belongs to one."""
    return name == "reason" or name in step.needs


def _refuse_superseded(referral: Referral, intake: Intake) -> None:
    """Nobody is sent on by advice that newer answers have overtaken."""
    if intake.status == IntakeStatus.CANCELLED:
        raise Conflict(_("This intake is cancelled."))
    if work.is_overtaken(referral, Assessment.objects.newest().get(intake=intake)):
        raise Conflict(_("The answers have been assessed anew since: decide on the newest result first."))


def _refuse_unfit_to_send(referral: Referral, intake: Intake) -> None:
    if intake.is_open:
        raise Conflict(_("The intake is open: complete it before anything is sent."))
    stale = freshness.stale_questions(intake, current_assessment(referral))
    if stale:
        raise Conflict(
            _("To be asked again before this is sent: %(questions)s.") % {"questions": ", ".join(stale)}, stale
        )


def _issue_letter(referral: Referral, destination: str, *, by: User) -> None:
    """What is sent is the letter: without it there is nothing that the service could receive."""
    letters.issue(
        assessment=current_assessment(referral),
        kind=referral.service,
        referral=referral,
        destination=destination,
        by=by,
    )


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
