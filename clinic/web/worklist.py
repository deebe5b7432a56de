"""The first page: what is open at a site, the most urgent first, and what each is waiting for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db.models import Case, Exists, IntegerField, OuterRef, Q, Value, When
from django.db.models.fields.json import KeyTransform
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic import permissions
from clinic.models import Assessment, Decision, IntakeStatus, StopRecord
from clinic.permissions import Capability
from clinic.web.pages import SITE_KEY, StaffPage, name_of
from clinic.web.stops import AT_ONCE
from clinic.web.wording import Tag, disposition_tag
from triage.protocol import Disposition

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

ROWS_PER_PAGE = 25
_RANK = Case(
    *(When(disposition=each.value, then=Value(each.rank)) for each in Disposition),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One patient who waits for something."""

    patient: str
    patient_url: str
    reference: str
    born: date
    tag: Tag
    waiting_for: str
    since: datetime
    step: str
    url: str
    is_urgent: bool


class Worklist(StaffPage):
    """Open intakes, results that nobody has decided on, and stops of which nothing is recorded."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Whoever sees no patients and looks after the installation works in the administration."""
        if not self.sites and permissions.may_somewhere(self.user, Capability.USE_ADMIN):
            return redirect("admin:index")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        page = self._page()
        start = (page - 1) * ROWS_PER_PAGE
        waiting = list(self._waiting()[start : start + ROWS_PER_PAGE + 1])
        if page > 1 and not waiting:
            raise Http404
        return self.show(
            "clinic/worklist.html",
            rows=[_row(each) for each in waiting[:ROWS_PER_PAGE]],
            may_start=self.may(Capability.ANSWER),
            earlier_page=page - 1,
            later_page=page + 1 if len(waiting) > ROWS_PER_PAGE else 0,
        )

    def _page(self) -> int:
        page = self.request.GET.get("page", "1")
        if not (page.isascii() and page.isdigit() and 0 < len(page) < 5 and int(page)):
            raise Http404
        return int(page)

    def _waiting(self) -> QuerySet[Assessment]:
        """The newest assessments that somebody has still to act on; only what a row shows is read."""
        recorded = StopRecord.objects.filter(assessment__intake=OuterRef("intake"))
        decided = Decision.objects.filter(assessment=OuterRef("pk"))
        newest = Assessment.objects.visible_to(self.user).newest().filter(site=self.site)
        judged = newest.exclude(intake__status=IntakeStatus.CANCELLED).annotate(
            rank=_RANK,
            stop_is_recorded=Exists(recorded),
            is_decided=Exists(decided),
            outstanding=KeyTransform("outstanding", "outcome"),
        )
        still_open = Q(intake__status=IntakeStatus.OPEN) | Q(is_decided=False)
        unrecorded = Q(urgency__in=AT_ONCE, stop_is_recorded=False)
        rows = judged.filter(still_open | unrecorded).select_related("intake__patient")
        return rows.defer("outcome", "answers", "intake__answers").order_by("-rank", "at", "id")


def _row(assessment: Any) -> Row:
    intake = assessment.intake
    patient = intake.patient
    waiting_for, step, name = _next_step(assessment)
    return Row(
        patient=name_of(patient),
        patient_url=reverse("patient", args=[patient.pk]),
        reference=patient.reference,
        born=patient.date_of_birth,
        tag=disposition_tag(assessment.disposition),
        waiting_for=waiting_for,
        since=intake.completed_at or assessment.at,
        step=step,
        url=reverse(name, args=[intake.pk]),
        is_urgent=name == "stop",
    )


def _next_step(assessment: Any) -> tuple[str, str, str]:
    """What is waited for, what the way there is called, and the page it leads to."""
    if assessment.urgency in AT_ONCE and not assessment.stop_is_recorded:
        return _("A record of what was done"), _("What to do"), "stop"
    if not assessment.intake.is_open:
        return _("A clinician's decision"), _("Decide"), "result"
    number = len(assessment.outstanding)
    if number:
        waiting = ngettext("%(number)s open question", "%(number)s open questions", number) % {"number": number}
        return waiting, _("Continue"), "intake"
    return _("Check and complete"), _("Check"), "check"


class SwitchSite(StaffPage):
    """Choose which of one's sites to work at."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        chosen = request.POST.get("site", "")
        if chosen not in {str(site.pk) for site in self.sites}:
            raise PermissionDenied(_("You do not work at that site."))
        request.session[SITE_KEY] = chosen
        return redirect("worklist")
