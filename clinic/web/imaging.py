"""The imaging of an intake: every study with what is known of it, and what can become of it next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import clock
from clinic.actions import imaging, work
from clinic.actions.errors import Conflict, Stale
from clinic.models import IntakeStatus, StudyEvent, StudyStep, Work, WorkItem
from clinic.permissions import Capability
from clinic.web import faults, stop_notices, studies
from clinic.web.imaging_forms import FOR_CLINICIANS, FORMS, StepForm
from clinic.web.pages import IntakePage
from triage.facts import AnswerErrors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyShown:
    """One study of the list."""

    number: int
    words: str
    state: str
    events: Sequence[StudyEvent]
    item: WorkItem | None
    escalates: datetime | None
    forms: Sequence[StepForm]


class ImagingPage(IntakePage):
    """A report that comes late, or a study that was forgotten, is recorded here at any time."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return self._show()

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        step, number = request.POST.get("step", ""), _number(request.POST.get("number", "0"))
        if step not in FORMS or number is None:
            raise Http404
        form = FORMS[step](number, self.today, request.POST)
        if not form.is_valid():
            return self._show(form, 422)
        version = self.version_sent()
        said = _("Recorded. The answers have been assessed afresh.")
        try:
            return self.once(lambda: self._take(form, version), said=said)
        except (AnswerErrors, ValidationError) as error:
            form.add_error(None, _reasons(error))
            return self._show(form, 422)
        except (Conflict, Stale) as refusal:
            return self._show(form, 409, refusal=str(refusal))

    def _take(self, form: StepForm, version: int) -> str:
        before = stop_notices.reasons(self.urgent)
        after = form.act(self.intake, self.user, version)
        return reverse("stop" if stop_notices.reasons(after) - before else "imaging", args=[self.intake.pk])

    @property
    def today(self) -> date:
        return clock.today(self.site)

    def _show(self, tried: StepForm | None = None, status: int = 200, **context: Any) -> HttpResponseBase:
        self.intake.refresh_from_db(fields=["version", "answers", "status"])
        goes_on = self.intake.status != IntakeStatus.CANCELLED and not self.intake.patient.is_erased
        may_change = self.may(Capability.ANSWER) and goes_on
        return self.show(
            "clinic/imaging.html",
            status=status,
            studies=self._studies(tried, may_change=may_change),
            record=_or_tried(FORMS[StudyStep.RECORDED.value](0, self.today), tried) if may_change else None,
            version=self.intake.version,
            faults=faults.of_form(tried) + _whole(tried) if tried and status == 422 else [],
            result_url=reverse("result", args=[self.intake.pk]) if self.newest else "",
            **context,
        )

    def _studies(self, tried: StepForm | None, *, may_change: bool) -> list[StudyShown]:
        events = list(StudyEvent.objects.visible_to(self.user).filter(intake=self.intake).select_related("by"))
        items = {row.study: row for row in WorkItem.objects.filter(intake=self.intake, study__gt=0)}
        listed = work.studies_of(self.intake)
        return [
            StudyShown(
                number=number,
                words=studies.in_words(study),
                state=str(studies.label(study["status"])),
                events=[event for event in events if event.number == number],
                item=items.get(number),
                escalates=_escalates(items.get(number)),
                forms=self._forms(number, study, tried) if may_change else [],
            )
            for number, study in enumerate(listed, start=1)
        ]

    def _forms(self, number: int, study: Mapping[str, Any], tried: StepForm | None) -> list[StepForm]:
        steps = [
            step for step in imaging.steps_for(study) if step not in FOR_CLINICIANS or self.may(Capability.EXAMINE)
        ]
        return [_or_tried(FORMS[step.value](number, self.today), tried) for step in steps]


def _number(text: str) -> int | None:
    fits = text.isascii() and text.isdecimal() and len(text) < 6
    return int(text) if fits else None


def _or_tried(form: StepForm, tried: StepForm | None) -> StepForm:
    """The form as it was sent where it was this one: nothing that was typed is lost."""
    same = tried is not None and (tried.step, tried.number) == (form.step, form.number)
    return tried if same and tried is not None else form


def _reasons(error: AnswerErrors | ValidationError) -> list[str]:
    if isinstance(error, AnswerErrors):
        return [f"{fault.path.rpartition('.')[2].replace('_', ' ')} {fault.reason}" for fault in error.faults]
    return list(error.messages)


def _whole(form: StepForm | None) -> list[faults.Fault]:
    return [faults.Fault(anchor="", about="", text=str(text)) for text in form.non_field_errors()] if form else []


def _escalates(item: WorkItem | None) -> datetime | None:
    if item is None or item.kind != Work.REPORT:
        return None
    return clock.in_days(item.since, work.REPORT_ESCALATED, item.site)
