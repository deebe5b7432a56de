"""That an outcome cannot wait, saved or only ticked, on every page of the patient whom it is about."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import spoken
from clinic.actions import raised
from clinic.models import AT_ONCE, Assessment, RaisedStop, Work, WorkItem
from clinic.web.wording import DISPOSITIONS
from triage.protocol import Disposition, Urgency

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from clinic.models import Intake, Patient, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """What cannot wait, in the words of its heading."""

    tone: str
    title: str
    heading: str
    headline: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """One stop that was ticked and not saved: the answers that led to it, by whom and when."""

    id: str
    answers: Sequence[Mapping[str, Any]]
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsaved:
    """What was ticked in an intake and cannot wait, saved by nobody yet, in the words of its heading."""

    tone: str
    heading: str
    ticked: Sequence[Ticked]
    because: Sequence[Mapping[str, Any]]
    actions: Sequence[Mapping[str, Any]]
    url: str

    @property
    def answers(self) -> list[Mapping[str, Any]]:
        """Each answer once, whoever ticked it."""
        return list({(one["question"], one["answer"]): one for each in self.ticked for one in each.answers}.values())

    @property
    def by_each(self) -> list[Ticked]:
        """Of everybody who ticked one, the first."""
        first: dict[str, Ticked] = {}
        for each in sorted(self.ticked, key=attrgetter("at")):
            first.setdefault(each.by, each)
        return list(first.values())

    @property
    def ids(self) -> str:
        """By which a page tells whether it shows these already."""
        return ",".join(each.id for each in self.ticked)


def notice(assessment: Assessment | None) -> Stop | None:
    """The stop that an assessment asks for, if it asks for one."""
    if assessment is None or assessment.urgency not in AT_ONCE:
        return None
    return Stop(
        tone=assessment.disposition,
        title=str(DISPOSITIONS[Disposition(assessment.disposition)]),
        heading=heading(assessment),
        headline=spoken.text(assessment.outcome["because"][0]["text"]),
        url=reverse("stop", args=[assessment.intake_id]),
    )


def heading(found: Assessment | RaisedStop) -> str:
    words = _("%(outcome)s: act now") if found.urgency == Urgency.NOW else _("%(outcome)s: act today")
    return words % {"outcome": DISPOSITIONS[Disposition(found.disposition)]}


def unsaved(intake: Intake, user: User) -> Unsaved | None:
    """What stands raised in an intake, to whoever sees its patient; the most urgent first."""
    seen = RaisedStop.objects.visible_to(user).filter(intake=intake).exists()
    stops = sorted(raised.standing(intake), key=lambda each: AT_ONCE.index(Urgency(each.urgency))) if seen else []
    if not stops:
        return None
    outcomes = [spoken.outcome(each.outcome) for each in stops]
    return Unsaved(
        tone=stops[0].disposition,
        heading=heading(stops[0]),
        ticked=[_ticked(each, said) for each, said in zip(stops, outcomes, strict=True)],
        because=_each_once([one for said in outcomes for one in said["because"]]),
        actions=_each_once([one for said in outcomes for one in said["actions"]]),
        url=reverse("raised", args=[intake.pk]),
    )


def _ticked(stop: RaisedStop, outcome: Mapping[str, Any]) -> Ticked:
    read = [one for each in outcome["because"] for one in each["read"] if one["question"] in stop.answers]
    return Ticked(
        id=str(stop.pk),
        answers=list({one["question"]: one for one in read}.values()),
        by=stop.by.display_name,
        at=stop.at,
    )


def _each_once(named: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return list({each["id"]: each for each in reversed(named)}.values())[::-1]


def reasons(assessment: Assessment | None) -> set[str]:
    """The flags for which an assessment stops the intake."""
    if assessment is None:
        return set()
    return {each["id"] for each in assessment.outcome["because"] if each["level"] in AT_ONCE}


def of_patient(patient: Patient, user: User) -> list[Stop | None]:
    """What cannot wait about a patient and has no record yet of what was done."""
    waiting = WorkItem.objects.filter(patient=patient, kind__in=(Work.STOP, Work.RAISED)).values("intake")
    return [notice(each) for each in Assessment.objects.to_act_on(user).newest().filter(intake__in=waiting)]


def unsaved_of_patient(patient: Patient, user: User) -> list[Unsaved]:
    """What was ticked about a patient and cannot wait."""
    rows = RaisedStop.objects.visible_to(user).not_taken_back().filter(intake__patient=patient)
    intakes = {each.intake_id: each.intake for each in rows.select_related("intake")}
    return [found for each in intakes.values() if (found := unsaved(each, user))]
