"""Letters: looked at beforehand, handed out with a trace of what was handed to whom, and made again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import clock, permissions
from clinic.actions import audit, patients
from clinic.actions.errors import Conflict
from clinic.letters.completeness import missing
from clinic.letters.content import content
from clinic.letters.typesetting import Unprintable, pdf
from clinic.models import AT_ONCE, Assessment, Intake, IntakeStatus, Letter, LetterKind
from clinic.permissions import Capability

if TYPE_CHECKING:
    from datetime import date, datetime

    from clinic.models import Referral, User

REFERRED = (LetterKind.PHYSIOTHERAPY, LetterKind.CBT, LetterKind.PSYCHOLOGY)
LANGUAGES = ("en", "de")


def preview(
    *,
    assessment: Assessment,
    kind: str,
    by: User,
    referral: Referral | None = None,
    destination: str = "",
    language: str = "en",
) -> bytes:
    """The letter as it would be handed out today; nothing is stored."""
    _check(assessment, kind, referral, language, by=by)
    return _pdf(assessment, kind, referral, _line(destination), language, "", on=clock.today())


@transaction.atomic
def issue(
    *,
    assessment: Assessment,
    kind: str,
    by: User,
    referral: Referral | None = None,
    destination: str = "",
    language: str = "en",
) -> tuple[Letter, bytes]:
    """Hand out a letter: its bytes, and the record of what was handed out.

    Only the newest assessment is told of, and a letter that lacks something is refused by name.
    """
    _check(assessment, kind, referral, language, by=by)
    intake = _hold_newest(assessment)
    destination = _line(destination)
    lacking = missing(assessment=assessment, kind=kind, destination=destination)
    if lacking:
        raise ValidationError({"letter": [_("The letter lacks: %(what)s.") % {"what": each} for each in lacking]})
    receipt = audit.end_of(assessment.site)
    made = _pdf(assessment, kind, referral, destination, language, receipt, on=clock.today())
    letter = Letter.objects.create(
        site=assessment.site,
        assessment=assessment,
        referral=referral,
        kind=kind,
        destination=destination,
        language=language,
        receipt=receipt,
        sha256=hashlib.sha256(made).hexdigest(),
        by=by,
    )
    audit.record(
        action="letter.issue",
        by=by,
        site=letter.site,
        obj=letter,
        subject=intake.patient,
        detail={"kind": kind, "assessment": str(assessment.pk), "sha256": letter.sha256},
    )
    return letter, made


def again(*, letter: Letter, by: User) -> bytes:
    """The very letter that was handed out, made anew; refused where it would not be the same."""
    if not Letter.objects.visible_to(by).filter(pk=letter.pk).exists():
        raise permissions.NotAllowed(Capability.READ_ASSESSMENT)
    patients.require_known(letter.assessment.intake.patient)
    on = timezone.localdate(letter.at)
    told = (letter.assessment, letter.kind, letter.referral, letter.destination, letter.language, letter.receipt)
    made = _pdf(*told, on=on, at=letter.at)
    if hashlib.sha256(made).hexdigest() != letter.sha256:
        raise Conflict(
            "This letter cannot be made again as it was handed out: what it is made from has changed since. "
            "Keep to the copy that was handed out, or hand out a new letter."
        )
    return made


def may_issue(assessment: Assessment, kind: str, by: User) -> bool:
    """Whether the person may hand out such a letter about it.

    Whoever stands beside a patient who cannot wait may send them on with a letter; every other
    letter is a clinician's.
    """
    if kind == LetterKind.EMERGENCY:
        return assessment.urgency in AT_ONCE and permissions.may(by, Capability.RECORD_STOP, assessment.site)
    reads = permissions.may(by, Capability.READ_ASSESSMENT, assessment.site)
    return reads and permissions.may(by, Capability.DECIDE, assessment.site)


def _check(assessment: Assessment, kind: str, referral: Referral | None, language: str, *, by: User) -> None:
    patients.require_known(assessment.intake.patient)
    if kind not in LetterKind.values:
        raise ValidationError({"kind": f"This is one of: {', '.join(LetterKind.values)}."})
    if kind == LetterKind.EMERGENCY and assessment.urgency not in AT_ONCE:
        raise Conflict(_("This outcome asks for nothing to be done today."))
    if not may_issue(assessment, kind, by):
        capability = Capability.RECORD_STOP if kind == LetterKind.EMERGENCY else Capability.DECIDE
        raise permissions.NotAllowed(capability)
    if language not in LANGUAGES:
        raise ValidationError({"language": f"This is one of: {', '.join(LANGUAGES)}."})
    if (kind in REFERRED) != (referral is not None) or (referral and referral.service != kind):
        raise ValidationError({"kind": _("A letter to a service belongs to a referral to it, and no other does.")})


def _line(destination: str) -> str:
    """Whom it is for, as it can be stored: it is set before the record of it is made."""
    try:
        return str(Letter._meta.get_field("destination").clean(destination, None))
    except ValidationError as error:
        raise ValidationError({"destination": error.messages}) from error


def _hold_newest(assessment: Assessment) -> Intake:
    patients.hold_known(assessment.intake.patient)
    intake = Intake.objects.locked().get(pk=assessment.intake_id)
    if intake.status == IntakeStatus.CANCELLED:
        raise Conflict(_("This intake is cancelled."))
    if assessment.version != intake.version:
        raise Conflict(_("The answers have been assessed anew since: a letter tells of the newest result."))
    return intake


def _pdf(
    assessment: Assessment,
    kind: str,
    referral: Referral | None,
    destination: str,
    language: str,
    receipt: str,
    *,
    on: date,
    at: datetime | None = None,
) -> bytes:
    told = content(
        assessment=assessment,
        kind=kind,
        referral=referral,
        destination=destination,
        language=language,
        receipt=receipt,
        on=on,
        at=at,
    )
    try:
        return pdf(told)
    except Unprintable as error:
        raise ValidationError({"letter": [str(error)]}) from error
