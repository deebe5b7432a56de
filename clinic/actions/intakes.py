"""Take a patient through a protocol: open, answer as often as need be, complete or cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinic import clock, permissions, protocols
from clinic.actions import audit, outbox, patients, raised, referrals, shadowing, work
from clinic.actions.answers import as_of, carried, changes, entries, known_of_record, of_record, refuse_contradictory
from clinic.actions.errors import Conflict, NotAllowed, NotFound, Stale, conflict_on_duplicate
from clinic.models import Assessment, Intake, IntakeStatus, MessageKind, Patient, ProtocolRelease, User
from clinic.permissions import Capability
from triage.engine import ENGINE_VERSION
from triage.facts import AnswerErrors, AnswerFault, check_answers, impossible_times
from triage.outcome import decide, decide_stored
from triage.protocol import Disposition

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date
    from typing import Unpack

    from clinic.actions.answers import Entry
    from triage.protocol import Protocol


CORRECTED = "assessed again: the record of the patient was corrected"


class Expected(TypedDict, total=False):
    """What whoever changes an intake has read of it: these answers, or, of a program, this state. None stands for any."""

    expected_version: int | None
    expected_revision: int | None


@transaction.atomic
def open(*, patient: Patient, by: User, protocol: str = "back-pain") -> Intake:  # noqa: A001 -- read as intakes.open
    """A new intake by the release that the site follows, with a first assessment: what is to be asked.

    Where the patient was taken in before, it follows that intake and brings along what need not
    be asked again.
    """
    permissions.require(by, Capability.ANSWER, patient.site)
    patients.hold_known(patient)
    if not patient.site.is_live:
        raise Conflict(_("This site does not take patients in."))
    release = protocols.followed_at(patient.site, protocol)
    if release is None:
        raise Conflict(_("No release of this protocol is published."))
    earlier = patient.intakes.filter(status=IntakeStatus.COMPLETED).order_by("-completed_at").first()
    intake = Intake(patient=patient, site=patient.site, release=release, opened_by=by, follows=earlier)
    if earlier:
        intake.answers = carried(protocols.get(release).questions, earlier.answers)
    with conflict_on_duplicate(_("This patient has an open intake already.")):
        intake.save_as(by=by, reason="opened")
    assessment = _assess(intake, by=by)
    _record("intake.open", intake, by, {"release": str(release), "assessment": str(assessment.pk)}, newest=assessment)
    return intake


@transaction.atomic
def answer(
    *,
    intake: Intake,
    answers: Mapping[str, object],
    by: User,
    source: str = "staff",
    settled: Collection[str] = (),
    **expected: Unpack[Expected],
) -> Assessment:
    """Add answers to an intake and assess it afresh; all answers are stored, or none.

    Every change leaves an assessment of its own behind, so the record shows what was advised at
    each step. Answers that say nothing new leave the intake as it is. `settled` names the safety
    questions on which the clinician lets this answer stand against what another source said.
    """
    hold_open(intake, by)
    refuse_stale(intake, **expected)
    return add(intake, answers, by=by, source=source, settled=settled)


def add(
    intake: Intake, answers: Mapping[str, object], *, by: User, source: str = "staff", settled: Collection[str] = ()
) -> Assessment:
    """The same, for actions that hold the intake and have their reason to add to one that has ended."""
    protocol = protocols.get(intake.release)
    changed = _changed(intake, protocol, answers, by=by, source=source, settled=settled)
    if not changed:
        return _current(intake, by=by)
    intake.answers = {**intake.answers, **changed}
    assessment = _advance(intake, by=by, reason=f"answered: {', '.join(changed)}")
    work.settle_answered(intake, assessment)
    _tell("intake.answer", intake, by, {"questions": list(changed), "assessment": str(assessment.pk)})
    return assessment


def preview(*, protocol_id: str, answers: Mapping[str, object], on: date) -> dict[str, Any]:
    """What a protocol ("back-pain", or "back-pain/1.0.0") says of answers; nothing is stored."""
    protocol = protocols.get(_named(protocol_id))
    if faults := impossible_times(answers):
        raise AnswerErrors(faults)
    return decide(protocol, answers, on=on)


@transaction.atomic
def complete(*, intake: Intake, by: User, **expected: Unpack[Expected]) -> Assessment:
    """Close the intake to further answers; refused while the protocol cannot tell yet."""
    hold_open(intake, by)
    refuse_stale(intake, **expected)
    assessment = _current(intake, by=by)
    if assessment.disposition == Disposition.INCOMPLETE:
        outstanding = [each["question"] for each in assessment.outcome["outstanding"]]
        raise Conflict(_("Still to be answered: %(questions)s.") % {"questions": ", ".join(outstanding)}, outstanding)
    if raised.standing(intake):
        raise Conflict(_("Something that cannot wait was ticked and not saved: save it, or take it back."))
    intake.status = IntakeStatus.COMPLETED
    intake.completed_at, intake.completed_by = clock.now(), by
    intake.save_as(by=by, reason="completed")
    outbox.announce(kind=MessageKind.INTAKE_COMPLETED, site=intake.site, obj=intake)
    _record("intake.complete", intake, by, {"assessment": str(assessment.pk)}, newest=assessment)
    return assessment


@transaction.atomic
def reopen(*, intake: Intake, reason: str, by: User, **expected: Unpack[Expected]) -> None:
    """Take a completed intake up again, to ask afresh what has grown old or to correct an answer."""
    permissions.require(by, Capability.ANSWER, intake.site)
    patients.hold_known(intake.patient)  # before the intake, as `open` does
    hold(intake, by)
    if intake.status != IntakeStatus.COMPLETED:
        raise Conflict(_("This intake is %(status)s.") % {"status": intake.get_status_display().lower()})
    refuse_stale(intake, **expected)
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the intake is taken up again.")})
    intake.status, intake.completed_at, intake.completed_by = IntakeStatus.OPEN, None, None
    intake.reopen_reason = reason
    with conflict_on_duplicate(_("This patient has an open intake already.")):
        intake.save_as(by=by, reason="taken up again")
    _record("intake.reopen", intake, by, {})


@transaction.atomic
def cancel(*, intake: Intake, reason: str, by: User, **expected: Unpack[Expected]) -> None:
    """End the intake without an outcome; what was answered stays."""
    hold_open(intake, by)
    refuse_stale(intake, **expected)
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the intake is cancelled.")})
    intake.status, intake.cancel_reason = IntakeStatus.CANCELLED, reason
    intake.cancelled_at, intake.cancelled_by = clock.now(), by
    intake.save_as(by=by, reason="cancelled")
    referrals.withdraw(intake, kept=(), by=by, reason="The intake was cancelled.")
    _record("intake.cancel", intake, by, {})


def facts_corrected(*, patient: Patient, by: User) -> None:
    """Assess afresh every intake whose outcome rests on facts that the record of the patient no longer holds.

    What is over is assessed as on the day of its newest outcome: only what was corrected makes a difference.
    """
    for intake in Intake.objects.locked().filter(patient=patient).order_by("pk"):
        protocol, newest = protocols.get(intake.release), intake.assessments.get(version=intake.version)
        used = {name: newest.answers[name] for name in known_of_record(newest.answers)}
        if used == of_record(patient, protocol.questions, on=newest.on):
            continue
        intake.patient = patient
        on = clock.today(intake.site) if intake.is_open else newest.on
        assessment = _advance(intake, by=by, reason=CORRECTED, on=on)
        _record("intake.assess", intake, by, {"assessment": str(assessment.pk)}, newest=assessment)


def amend(*, intake: Intake, answers: Mapping[str, Entry], by: User, reason: str) -> Assessment:
    """Put answers in the place of those that are there, and assess afresh, whether or not the intake is open.

    For actions that have checked them, hold the intake and make the entry in the trail.
    """
    intake.answers = {**intake.answers, **answers}
    return _advance(intake, by=by, reason=reason)


def hold(intake: Intake, by: User) -> None:
    """Read the intake anew, whole, and hold it; of the one that is given only the id counts.

    `by` must see it, or there is none, and must be allowed to work on it.
    """
    found = Intake.objects.visible_to(by).locked().filter(pk=intake.pk)
    if not found:
        raise NotFound
    intake.__dict__ = vars(found[0])
    permissions.require(by, Capability.ANSWER, intake.site)
    patients.require_known(intake.patient)


def hold_open(intake: Intake, by: User) -> None:
    """The same, and it must be open."""
    hold(intake, by)
    if not intake.is_open:
        raise Conflict(_("This intake is %(status)s.") % {"status": intake.get_status_display().lower()})


def refuse_stale(intake: Intake, *, expected_version: int | None = None, expected_revision: int | None = None) -> None:
    """Of an intake that is held: whoever has read something else does not change it."""
    if expected_version not in (None, intake.version):
        raise Stale(intake.revision)
    if expected_revision not in (None, intake.revision):
        changed = _("This intake has been changed in the meantime: read it again before changing it.")
        raise Stale(intake.revision, changed)


def _changed(
    intake: Intake,
    protocol: Protocol,
    answers: Mapping[str, object],
    *,
    by: User,
    source: str,
    settled: Collection[str],
) -> dict[str, Entry]:
    """The checked answers that say something new, if all of them may be given by this person."""
    now = clock.now()
    check_answers(protocol.questions, answers, on=clock.today(intake.site))
    new = entries(answers, source=source, at=now, by=str(by.pk))
    _drop_known(intake, protocol, new)
    changed = changes(protocol.questions, intake.answers, new, settled=settled, site=intake.site)
    check_together(intake, changed)
    clinical = {question.id for question in protocol.questions.values() if question.asked_by == "clinician"}
    for_clinicians = [name for name in changed if name in clinical or name in settled]
    if for_clinicians and not permissions.may(by, Capability.EXAMINE, intake.site):
        allowed = "an answer by a clinician"
        faults = [AnswerFault(name, "is for a clinician to answer", allowed) for name in for_clinicians]
        raise NotAllowed(Capability.EXAMINE, faults)
    return changed


def check_together(intake: Intake, new: Mapping[str, Entry]) -> None:
    """Refuse new answers that contradict others, or what the patient's record says; nothing is stored."""
    protocol, on = protocols.get(intake.release), clock.today(intake.site)
    record = of_record(intake.patient, protocol.questions, on=on)
    refuse_contradictory(protocol, intake.answers, new, record=record, on=on, site=intake.site)


def _drop_known(intake: Intake, protocol: Protocol, new: dict[str, Entry]) -> None:
    """What the patient's record says is no answer; one that contradicts it is refused."""
    known = of_record(intake.patient, protocol.questions, on=clock.today(intake.site))
    given = {name: new.pop(name) for name in known if name in new}
    wrong = [name for name, entry in given.items() if entry["value"] != known[name]["value"]]
    if wrong:
        reason = "does not agree with the record of the patient"
        raise AnswerErrors([AnswerFault(name, reason, _allowed(known[name]["value"])) for name in wrong])


def _allowed(value: Any) -> str:
    return f"{value['from']} to {value['to']}" if isinstance(value, dict) else str(value)


def _current(intake: Intake, *, by: User) -> Assessment:
    """The newest assessment, or a fresh one where a new day or a new engine could tell another."""
    newest = intake.assessments.get(version=intake.version)
    if (newest.on, newest.engine_version) == (clock.today(intake.site), ENGINE_VERSION):
        return newest
    assessment = _advance(intake, by=by, reason="assessed again")
    _record("intake.assess", intake, by, {"assessment": str(assessment.pk)}, newest=assessment)
    return assessment


def _advance(intake: Intake, *, by: User, reason: str, on: date | None = None) -> Assessment:
    intake.version += 1
    intake.save_as(by=by, reason=reason)
    return _assess(intake, by=by, on=on)


def _assess(intake: Intake, *, by: User, on: date | None = None) -> Assessment:
    """Evaluate the answers as they read today, or on another day of the site, and keep the outcome with its grounds."""
    protocol, on = protocols.get(intake.release), on or clock.today(intake.site)
    answers = as_they_read(intake, protocol, on=on)
    outcome = decide_stored(protocol, answers, on=on)
    assessment = Assessment.objects.create(
        intake=intake,
        site=intake.site,
        release=intake.release,
        version=intake.version,
        protocol_digest=protocol.digest,
        engine_version=outcome["engine"],
        answers=answers,
        outcome=outcome,
        disposition=outcome["disposition"],
        urgency=outcome["urgency"],
        floor=outcome["floor"],
        ceiling=outcome["ceiling"],
        exclusion=outcome["exclusion"]["level"],
        on=on,
        by=by,
    )
    Assessment._meta.get_field("decision").set_cached_value(assessment, None)  # nobody can have decided on it yet
    outbox.announce(kind=MessageKind.ASSESSMENT_CREATED, site=intake.site, obj=assessment)
    transaction.on_commit(lambda: shadowing.beside(assessment), robust=True)
    return assessment


def as_they_read(intake: Intake, protocol: Protocol, *, on: date) -> dict[str, Entry]:
    """The stored answers on a day of the site, with what the record of the patient says."""
    read = as_of(protocol, intake.answers, on=on, site=intake.site)
    return read | of_record(intake.patient, protocol.questions, on=on)


def _named(protocol_id: str) -> ProtocolRelease:
    """The release that a name stands for; a name without a version is the newest published one."""
    name, _slash, version = protocol_id.partition("/")
    newest = protocols.newest(name)
    if not version and newest:
        return newest
    release = protocols.version_of(name, version)
    if release is None:
        raise NotFound(_("There is no published protocol of this name."))
    if release.retired_at:
        raise Conflict(f"{release} is retired.")
    return release


def _record(action: str, intake: Intake, by: User, detail: audit.Detail, *, newest: Assessment | None = None) -> None:
    work.settle(intake, newest)
    _tell(action, intake, by, detail)


def _tell(action: str, intake: Intake, by: User, detail: audit.Detail) -> None:
    audit.record(action=action, by=by, site=intake.site, obj=intake, subject=intake.patient, detail=detail)
