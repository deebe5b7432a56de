"""How a patient's pain and mood went from intake to intake: a table, and the same as a plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic import permissions, plots, spoken
from clinic.models import Assessment, IntakeStatus, Patient, Site
from clinic.permissions import Capability
from clinic.web.outcomes import scores
from clinic.web.pages import StaffPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest

    from clinic.models import User

_MOST = 12  # intakes; more would be no trend but a history


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The questionnaires as columns, the intakes as rows, oldest first."""

    names: Sequence[str]
    rows: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    points: Sequence[Sequence[float | None]]

    @property
    def is_worth_showing(self) -> bool:
        return len(self.rows) > 1


def trend(patient: Patient, user: User) -> Trend:
    """Of each intake that was not cancelled the newest assessment; an interval is shown, and not drawn.

    It is for whoever sees them all: of some of them it would be another trend.
    """
    sees_all = permissions.may_read(user, Capability.READ_ASSESSMENT, patient.site, patient.pk)
    rows = Assessment.objects.newest().filter(intake__patient=patient) if sees_all else Assessment.objects.none()
    shown = rows.exclude(intake__status=IntakeStatus.CANCELLED).select_related("release").order_by("-at")[:_MOST]
    assessments = list(reversed(shown))
    instruments = {
        each["instrument"]: each["name"] for a in assessments for each in spoken.outcome(a.outcome)["scores"]
    }
    return Trend(
        names=list(instruments.values()),
        rows=[(date_format(each.on, "j M Y"), _said(each, list(instruments.values()))) for each in assessments],
        points=[[_point(each, name) for each in assessments] for name in instruments],
    )


def _said(assessment: Assessment, names: Sequence[str]) -> list[tuple[str, str]]:
    outcome = spoken.outcome(assessment.outcome)
    told = {each["name"]: each for each in scores(outcome, spoken.protocol(assessment.release))}
    return [(name, told[name]["range"] if name in told else _("Not asked")) for name in names]


def _point(assessment: Assessment, instrument: str) -> float | None:
    """The score as a share of its maximum, so that questionnaires can be drawn together; None if not whole."""
    found: dict[str, Any] = {each["instrument"]: each for each in assessment.outcome["scores"]}
    score = found.get(instrument)
    if score is None or score["low"] != score["high"]:
        return None
    return float(100 * score["low"] / score["maximum"])


class TrendPlot(StaffPage):
    """The plot of one patient, as an image of its own."""

    def find_site(self) -> Site:
        self.patient = self.find(Patient.objects.select_related("site"))
        return self.patient.site

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        shown = trend(self.patient, self.user)
        labels = [day for day, _scores in shown.rows]
        series = dict(zip(shown.names, shown.points, strict=True))
        drawn = plots.percentages(labels, series, title=_("Share of the highest score, in percent"))
        return HttpResponse(drawn, content_type="image/svg+xml")
