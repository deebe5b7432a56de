"""What a letter says, taken from the stored assessment: nothing is decided or evaluated here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic import clock
from clinic.letters.parts import parts_of
from clinic.models import Decision, LetterKind, search
from triage.wording import isolated

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from clinic.clock import Place
    from clinic.letters.part import Part
    from clinic.models import Assessment, Referral, Site


@dataclass(frozen=True, slots=True)
class Sender:
    """The site that a letter comes from."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One letter as plain words; the template of its kind puts the parts in their order."""

    kind: str
    language: str
    title: str
    site: Sender
    to: tuple[str, ...]
    on: str
    person: tuple[tuple[str, str], ...]
    parts: Mapping[str, Part]
    closing: tuple[str, ...]
    notice: str
    unprinted: str  # said where a character could not be set
    footer: str
    page: str


def content(
    *,
    assessment: Assessment,
    kind: str,
    on: date,
    referral: Referral | None = None,
    destination: str = "",
    language: str = "en",
    receipt: str = "",
    at: datetime | None = None,
    place: Place | None = None,
) -> Letter:
    """The letter of one kind about an assessment, in one language, dated `on`, by the clocks of its site.

    Made again it tells of no more than was done and decided by then: `at` is when it was handed out, and
    `place` the site as it stood then.
    """
    decision = Decision.objects.standing(assessment, at=at)
    with translation.override(language), clock.showing(place or assessment.site):
        return Letter(
            kind=kind,
            language=language,
            title=str(_titles()[LetterKind(kind)]),
            site=_sender(assessment.site),
            to=tuple(isolated(each) for each in destination.splitlines()),
            on=date_format(on, "j F Y"),
            person=_person(assessment),
            parts=parts_of(assessment, referral, decision, on=on, at=at),
            closing=_closing(assessment, decision, kind),
            notice=_(
                "Decision support, not a certified medical device. The protocol has not been signed off by a clinician. A clinician decides."
            ),
            unprinted=_(
                "A character that cannot be printed here stands as □. The reference and the date of birth say who the patient is."
            ),
            footer=_footer(assessment, receipt),
            page=_("Page {page} of {pages}"),
        )


def _titles() -> Mapping[LetterKind, str]:
    return {
        LetterKind.PHYSIOTHERAPY: _("Referral to physiotherapy"),
        LetterKind.CBT: _("Referral to cognitive behavioural therapy"),
        LetterKind.PSYCHOLOGY: _("Referral to psychology"),
        LetterKind.GP: _("Back pain assessment"),
        LetterKind.EMERGENCY: _("Urgent: back pain with a finding that cannot wait"),
        LetterKind.PATIENT: _("What happens next"),
    }


def _sender(site: Site) -> Sender:
    lines = [*site.address.splitlines(), *([_("Telephone %(number)s") % {"number": site.phone}] if site.phone else [])]
    return Sender(isolated(site.name), tuple(isolated(each) for each in lines))


def _person(assessment: Assessment) -> tuple[tuple[str, str], ...]:
    """Who it is about, in every letter the same facts, so that nobody is taken for another; the age as it was used."""
    patient = assessment.intake.patient
    birth = patient.date_of_birth
    born = f"{birth.said()}, {birth.age_said(assessment.on)}"
    name = str(patient)
    typed = () if search.is_latin(name) else ((_("In Latin letters, by a program"), search.in_latin(name)),)
    return (
        (_("Patient"), isolated(name)),
        *typed,
        (_("Born"), born),
        (_("Our reference"), isolated(patient.reference)),
    )


def _closing(assessment: Assessment, decision: Decision | None, kind: str) -> tuple[str, ...]:
    """Who stands for it, and whom to ask."""
    if kind == LetterKind.PATIENT:
        return (_("If anything here is not clear, ask us."),)
    if decision is None:
        return (
            _("Assessed with %(who)s. No clinician has decided on this yet.") % {"who": isolated(str(assessment.by))},
        )
    day = date_format(clock.shown(decision.at), "j F Y")
    return (_("Decided by %(who)s on %(day)s.") % {"who": isolated(str(decision.by)), "day": day},)


def _footer(assessment: Assessment, receipt: str) -> str:
    """What it is made from, and the receipt of the trail: each copy is a witness to what was recorded before."""
    made_from = _("%(reference)s. Protocol %(release)s, digest %(digest)s, engine %(engine)s, assessment %(id)s.") % {
        "reference": isolated(assessment.intake.patient.reference),
        "release": assessment.release,
        "digest": assessment.protocol_digest[:16],
        "engine": assessment.engine_version,
        "id": str(assessment.pk)[-12:],
    }
    witness = _("Trail %(receipt)s.") % {"receipt": receipt}  # apart from the next line, or makemessages misses it
    return f"{made_from} {witness}" if receipt else made_from
