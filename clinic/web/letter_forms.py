"""Which letters may be handed out about a result, and which were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy

from clinic.actions import letters
from clinic.models import IntakeStatus, Letter, LetterKind
from clinic.web.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.core.exceptions import ValidationError

    from clinic.models import Assessment, Intake, Site, User
    from clinic.web.wording import Words

KINDS = (LetterKind.EMERGENCY, LetterKind.GP, LetterKind.PATIENT)
_TITLES: Mapping[LetterKind, Words] = {
    LetterKind.EMERGENCY: gettext_lazy("For the emergency department"),
    LetterKind.GP: gettext_lazy("For the general practitioner"),
    LetterKind.PATIENT: gettext_lazy("For the patient, in plain words"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterForm:
    """One letter that may be handed out."""

    kind: LetterKind
    title: Words
    url: str
    destination: str
    has_destination: bool
    languages: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One that was."""

    title: Words
    destination: str
    by: str
    at: datetime
    url: str


def forms(assessment: Assessment, site: Site, by: User) -> list[LetterForm]:
    """The letters that the person may hand out about the newest result."""
    return [_form(assessment, site, kind) for kind in KINDS if letters.may_issue(assessment, kind, by)]


def emergency(assessment: Assessment, site: Site, by: User) -> LetterForm | None:
    """The letter that goes along with a patient who is sent on at once; none of an intake that was cancelled, or of nobody."""
    if assessment.intake.status == IntakeStatus.CANCELLED or assessment.intake.patient.is_erased:
        return None
    return next((each for each in forms(assessment, site, by) if each.kind == LetterKind.EMERGENCY), None)


def issued(intake: Intake, user: User) -> list[Issued]:
    rows = Letter.objects.visible_to(user).filter(assessment__intake=intake).select_related("by")
    return [
        Issued(
            title=LetterKind(each.kind).label,
            destination=each.destination,
            by=each.by.display_name,
            at=each.at,
            url=reverse("letter", args=[each.pk]),
        )
        for each in rows
    ]


def faults_of(kind: str, error: ValidationError) -> list[Fault]:
    """What a letter lacks, with the way to its form."""
    title = str(_TITLES[LetterKind(kind)])
    return [Fault(anchor=f"letter-{kind}", about=title, text=text) for text in error.messages]


def _form(assessment: Assessment, site: Site, kind: LetterKind) -> LetterForm:
    return LetterForm(
        kind=kind,
        title=_TITLES[kind],
        url=reverse("assessment_letter", args=[assessment.pk, kind.value]),
        destination=site.emergency_department if kind == LetterKind.EMERGENCY else "",
        has_destination=kind != LetterKind.PATIENT,
        languages=_languages() if kind == LetterKind.PATIENT else (),
    )


def _languages() -> list[tuple[str, str]]:
    names = {code.partition("-")[0]: name for code, name in settings.LANGUAGES}
    return [(code, names[code]) for code in letters.LANGUAGES]
