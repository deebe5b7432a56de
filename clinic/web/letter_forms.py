"""Which letters may be handed out about a result, and which were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy

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
    """One letter that may be handed out; what was typed for one that was refused is kept."""

    kind: LetterKind
    title: Words
    url: str
    destination: str
    has_destination: bool
    languages: Sequence[tuple[str, str]]
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One that was."""

    title: Words
    destination: str
    by: str
    at: datetime
    url: str
    is_overtaken: bool


def forms(assessment: Assessment, by: User, typed: Mapping[str, Mapping[str, str]]) -> list[LetterForm]:
    """The letters that the person may hand out about the newest result."""
    return [
        _form(
            assessment.site, kind, reverse("assessment_letter", args=[assessment.pk, kind.value]), typed.get(kind, {})
        )
        for kind in KINDS
        if letters.may_issue(assessment, kind, by)
    ]


def emergency(assessment: Assessment, by: User, typed: Mapping[str, str]) -> LetterForm | None:
    """The letter that goes along with a patient who is sent on at once; none of an intake that was cancelled, or of nobody."""
    intake, kind = assessment.intake, LetterKind.EMERGENCY
    if (
        intake.status == IntakeStatus.CANCELLED
        or intake.patient.is_erased
        or not letters.may_issue(assessment, kind, by)
    ):
        return None
    return _form(assessment.site, kind, reverse("stop_letter", args=[assessment.pk]), typed)


def issued(intake: Intake, user: User) -> list[Issued]:
    rows = Letter.objects.visible_to(user).filter(assessment__intake=intake).select_related("by", "assessment")
    return [
        Issued(
            title=LetterKind(each.kind).label,
            destination=each.destination,
            by=each.by.display_name,
            at=each.at,
            url=reverse("letter", args=[each.pk]),
            is_overtaken=each.assessment.overtaken_by is not None,
        )
        for each in rows
    ]


def faults_of(kind: str, error: ValidationError, *, anchor: str) -> list[Fault]:
    """What a letter lacks, with the way to its form."""
    title = str(_TITLES[LetterKind(kind)])
    return [Fault(anchor=anchor, about=title, text=text) for text in error.messages]


def _form(site: Site, kind: LetterKind, url: str, typed: Mapping[str, str]) -> LetterForm:
    return LetterForm(
        kind=kind,
        title=_TITLES[kind],
        url=url,
        destination=typed.get("destination", site.emergency_department if kind == LetterKind.EMERGENCY else ""),
        has_destination=kind != LetterKind.PATIENT,
        languages=_languages() if kind == LetterKind.PATIENT else (),
        language=typed.get("language") or get_language() or "",
    )


def _languages() -> list[tuple[str, str]]:
    names = {code.partition("-")[0]: name for code, name in settings.LANGUAGES}
    return [(code, names[code]) for code in letters.LANGUAGES]
