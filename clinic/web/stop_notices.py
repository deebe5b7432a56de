"""That an outcome cannot wait, on every page of the patient whom it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import spoken
from clinic.models import AT_ONCE, Assessment, Work, WorkItem
from clinic.web.wording import DISPOSITIONS
from triage.protocol import Disposition, Urgency

if TYPE_CHECKING:
    from clinic.models import Patient, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """What cannot wait, in the words of its heading."""

    tone: str
    title: str
    heading: str
    headline: str
    url: str


def notice(assessment: Assessment | None) -> Stop | None:
    """The stop that an assessment asks for, if it asks for one."""
    if assessment is None or assessment.urgency not in AT_ONCE:
        return None
    title = str(DISPOSITIONS[Disposition(assessment.disposition)])
    now = assessment.urgency == Urgency.NOW
    heading = _("%(outcome)s: act now") if now else _("%(outcome)s: act today")
    return Stop(
        tone=assessment.disposition,
        title=title,
        heading=heading % {"outcome": title},
        headline=spoken.text(assessment.outcome["because"][0]["text"]),
        url=reverse("stop", args=[assessment.intake_id]),
    )


def reasons(assessment: Assessment | None) -> set[str]:
    """The flags for which an assessment stops the intake."""
    if assessment is None:
        return set()
    return {each["id"] for each in assessment.outcome["because"] if each["level"] in AT_ONCE}


def of_patient(patient: Patient, user: User) -> list[Stop | None]:
    """What cannot wait about a patient and has no record yet of what was done."""
    waiting = WorkItem.objects.filter(patient=patient, kind=Work.STOP).values("intake")
    return [notice(each) for each in Assessment.objects.to_act_on(user).newest().filter(intake__in=waiting)]
