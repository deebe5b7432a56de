"""What a letter has to hold before it is handed out, so that whoever receives it need not ring back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from clinic import spoken
from clinic.models import Decision, LetterKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clinic.models import Assessment

_REFERRED = (LetterKind.PHYSIOTHERAPY, LetterKind.CBT, LetterKind.PSYCHOLOGY)
_SCORED = (LetterKind.CBT, LetterKind.PSYCHOLOGY)
_MEASURES = ("phq9", "gad7")


def missing(*, assessment: Assessment, kind: str, destination: str) -> list[str]:
    """The items that the letter lacks, each in words; none where it may be handed out.

    What is asked of every letter: whom it comes from. Of one to a service also: whom it goes to,
    a clinician's decision, every red flag asked, and a measure of mood where mood is the reason.
    Nothing stands in the way of an emergency letter but the sender.
    """
    return list(_missing(assessment, kind, destination))


def _missing(assessment: Assessment, kind: str, destination: str) -> Iterator[str]:
    if not assessment.site.address:
        yield _("the address of the site")
    if not assessment.site.phone:
        yield _("the telephone number of the site")
    if kind in _REFERRED:
        if not destination:
            yield _("whom it goes to")
        if Decision.objects.standing(assessment) is None:
            yield _("a clinician's decision")
        not_asked = [
            spoken.text(each["title"]) for each in assessment.outcome["findings"] if each["state"] == "not_asked"
        ]
        if not_asked:
            yield _("an answer to: %(flags)s") % {"flags": ", ".join(not_asked)}
    if kind in _SCORED and not any(_is_whole(assessment, name) for name in _MEASURES):
        yield _("a whole PHQ-9 or GAD-7")


def _is_whole(assessment: Assessment, instrument: str) -> bool:
    scores = {each["instrument"]: each for each in assessment.outcome["scores"]}
    score = scores.get(instrument)
    return score is not None and score["answered"] == score["items"]
