"""What becomes of an imaging study: recorded, done, reported, classed by a clinician, or cancelled.

The studies are the intake's answer to `imaging`; a step changes one of them, at any time after
the intake was opened, and the patient is assessed afresh. The assessment before it stays. No
step classes a report but a clinician's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinic import clock, permissions, protocols, spoken
from clinic.actions import audit, intakes, patients, work
from clinic.actions.answers import as_of, ill_typed
from clinic.actions.errors import Conflict, NotFound
from clinic.models import Assessment, Intake, IntakeStatus, StudyEvent, StudyStep, User
from clinic.permissions import Capability
from triage.facts import AnswerErrors, check_answers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from typing import Unpack

    from clinic.actions.intakes import Expected

QUESTION = "imaging"
_PENDING = ("requested", "awaiting_report", "report_unavailable")
_CLASS = ("class", "concordance", "report_urgency")
_BEFORE: Mapping[StudyStep, tuple[str, ...]] = {
    StudyStep.PERFORMED: ("requested",),
    StudyStep.REPORTED: _PENDING,
    StudyStep.UNAVAILABLE: ("requested", "awaiting_report"),
    StudyStep.CLASSED: ("reported",),
    StudyStep.CANCELLED: _PENDING,
}


@transaction.atomic
def record(*, intake: Intake, study: Mapping[str, Any], by: User, **expected: Unpack[Expected]) -> Assessment:
    """Add a study as it stands: asked for, done, or reported; a class is a clinician's alone to add.

    `study` takes the fields of the protocol's studies: modality, region, status, reason ...
    """
    _hold(intake, by, **expected)
    if any(study.get(name) for name in _CLASS):
        permissions.require(by, Capability.EXAMINE, intake.site)
    studies = [*_studies(intake), _since_today(study)]
    _refuse_ill_typed(study, len(studies))
    return _store(intake, studies, len(studies), StudyStep.RECORDED, by=by)


@transaction.atomic
def performed(
    *, intake: Intake, number: int, on: date | None = None, by: User, **expected: Unpack[Expected]
) -> Assessment:
    """The scan was done; its report is awaited."""
    done = {"status": "awaiting_report", **_dated(on)}
    return _step(intake, number, StudyStep.PERFORMED, done, by=by, **expected)


@transaction.atomic
def reported(
    *,
    intake: Intake,
    number: int,
    finding: str,
    on: date | None = None,
    by: User,
    **expected: Unpack[Expected],
) -> Assessment:
    """The report has come; `finding` is its text, shown to people and read by no rule."""
    report = {"status": "reported", "finding": finding, **_dated(on)}
    return _step(intake, number, StudyStep.REPORTED, report, by=by, **expected)


@transaction.atomic
def unavailable(*, intake: Intake, number: int, reason: str, by: User, **expected: Unpack[Expected]) -> Assessment:
    """The report cannot be had; the study counts as if it had not been done."""
    _require(reason)
    gone = {"status": "report_unavailable"}
    return _step(intake, number, StudyStep.UNAVAILABLE, gone, by=by, **expected, note=reason)


@transaction.atomic
def classify(
    *,
    intake: Intake,
    number: int,
    study_class: str,
    concordance: str = "unclear",
    report_urgency: str = "",
    by: User,
    **expected: Unpack[Expected],
) -> Assessment:
    """A clinician says what the report means and whether it fits the pain."""
    permissions.require(by, Capability.EXAMINE, intake.site)
    said = {"class": study_class, "concordance": concordance}
    if report_urgency:
        said["report_urgency"] = report_urgency
    return _step(intake, number, StudyStep.CLASSED, said, by=by, **expected)


@transaction.atomic
def cancel(*, intake: Intake, number: int, reason: str, by: User, **expected: Unpack[Expected]) -> Assessment:
    """The study is not going to be done, or its report is no longer waited for."""
    permissions.require(by, Capability.EXAMINE, intake.site)
    _require(reason)
    gone = {"status": "cancelled"}
    return _step(intake, number, StudyStep.CANCELLED, gone, by=by, **expected, note=reason)


def steps_for(study: Mapping[str, Any]) -> list[StudyStep]:
    """What can become of a study as it stands."""
    return [step for step, before in _BEFORE.items() if study["status"] in before]


def _studies(intake: Intake) -> list[dict[str, Any]]:
    """The studies with their ages as they are today, because the answer is given anew."""
    entry = intake.answers.get(QUESTION)
    if entry is None or not isinstance(entry["value"], list):
        return []
    aged = as_of(protocols.get(intake.release), {QUESTION: entry}, on=clock.today(intake.site), site=intake.site)
    return [dict(each) for each in aged[QUESTION]["value"]]


def _since_today(study: Mapping[str, Any]) -> dict[str, Any]:
    """A study that is waited for is so from the day that it was done or asked for, or else from today."""
    is_dated = "performed_on" in study or "age_days" in study
    return {**study, "age_days": 0} if study.get("status") in _PENDING and not is_dated else dict(study)


def _require(reason: str) -> None:
    if not reason.strip():
        raise ValidationError({"reason": _("Say why.")})


def _refuse_ill_typed(said: Mapping[str, object], number: int) -> None:
    if faults := ill_typed(f"{QUESTION}[{number - 1}]", said):
        raise AnswerErrors(faults)


def _dated(on: date | None) -> dict[str, str]:
    return {"performed_on": on.isoformat()} if on else {}


def _hold(intake: Intake, by: User, **expected: Unpack[Expected]) -> None:
    permissions.require(by, Capability.ANSWER, intake.site)
    patients.hold_known(intake.patient)
    intake.refresh_from_db(from_queryset=Intake.objects.locked())
    if intake.status == IntakeStatus.CANCELLED:
        raise Conflict(_("This intake is cancelled."))
    intakes.refuse_stale(intake, **expected)


def _step(
    intake: Intake,
    number: int,
    step: StudyStep,
    said: Mapping[str, str],
    *,
    by: User,
    note: str = "",
    **expected: Unpack[Expected],
) -> Assessment:
    _hold(intake, by, **expected)
    studies = _studies(intake)
    if not 1 <= number <= len(studies):
        raise NotFound(_("There is no study of this number."))
    study = studies[number - 1]
    if study["status"] not in _BEFORE[step]:
        status = spoken.study(study["status"])
        raise Conflict(_("This study is %(status)s.") % {"status": f"{status[:1].lower()}{status[1:]}"})
    _refuse_ill_typed(said, number)
    study.update(said)
    if "performed_on" in said:
        study.pop("age_days", None)
    return _store(intake, studies, number, step, by=by, note=note)


def _store(
    intake: Intake, studies: list[dict[str, Any]], number: int, step: StudyStep, *, by: User, note: str = ""
) -> Assessment:
    """Check the whole list as any answer is checked, then assess with it."""
    now = clock.now()
    check_answers(protocols.get(intake.release).questions, {QUESTION: studies}, on=clock.today(intake.site))
    entry = {"value": studies, "source": "record", "at": clock.instant(now.isoformat()).isoformat(), "by": str(by.pk)}
    intakes.check_together(intake, {QUESTION: entry})
    assessment = intakes.amend(intake=intake, answers={QUESTION: entry}, by=by, reason=f"study {number} {step}")
    event = StudyEvent.objects.create(
        intake=intake, site=intake.site, assessment=assessment, number=number, step=step, note=note, by=by
    )
    work.settle(intake, assessment)
    audit.record(
        action=f"imaging.{step}",
        by=by,
        site=intake.site,
        obj=intake,
        subject=intake.patient,
        detail={"study": number, "event": str(event.pk), "assessment": str(assessment.pk)},
    )
    return assessment
