"""What was ticked and cannot wait, and is not saved yet: what to do, to save it, or to take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.actions import raising
from clinic.models import RaisedStop
from clinic.permissions import Capability
from clinic.web import faults
from clinic.web.outcomes import each_symptom_once, reasons_of, to_do
from clinic.web.pages import IntakePage
from clinic.web.stops import numbers

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class RaisedPage(IntakePage):
    """The stop card of what is not saved; whoever may answer saves it, or says why it is not so."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return self._show()

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if "take_back" in request.POST:
            return self._take_back(self._named(request.POST["take_back"]))
        return self.once(self._confirm, said=_("Saved."))

    def _confirm(self) -> str:
        raising.confirm(intake=self.intake, stops=self.request.POST.get("shown", "").split(","), by=self.user)
        return reverse("stop", args=[self.intake.pk])

    def _take_back(self, stop: RaisedStop) -> HttpResponseBase:
        reason = self.request.POST.get("reason", "")

        def act() -> str:
            raising.take_back(stop=stop, reason=reason, by=self.user)
            return self._way_on(stop)

        try:
            return self.once(act, said=_("Taken back. Who ticked it and why it is not so stay in the record."))
        except ValidationError as error:
            found = [faults.Fault(anchor=f"reason-{stop.pk}", about=_("Reason"), text=each) for each in error.messages]
            return self._show(status=422, faults=found, faulty=str(stop.pk), typed=reason)

    def _named(self, pk: str) -> RaisedStop:
        for stop in RaisedStop.objects.visible_to(self.user).filter(intake=self.intake):
            if str(stop.pk) == pk:
                return stop
        raise Http404

    def _way_on(self, stop: RaisedStop) -> str:
        """To what else stands, to where it was ticked, or to the patient."""
        if self.raised:
            return reverse("raised", args=[self.intake.pk])
        if not (self.intake.is_open and stop.by_id == self.user.pk):
            return reverse("patient", args=[self.intake.patient_id])
        question = self.protocol.questions[next(iter(stop.answers))]
        return reverse("section", args=[self.intake.pk, question.section])

    def _show(self, *, status: int = 200, **context: Any) -> HttpResponseBase:
        raised = self.raised
        if raised is None:
            return redirect("stop", self.intake.pk)
        return self.show(
            "clinic/raised.html",
            status=status,
            raised=raised,
            to_do=to_do(raised.actions, raised.because, self.protocol),
            reasons=reasons_of(each_symptom_once(raised.because)),
            numbers=numbers(self.site),
            may_answer=self.may(Capability.ANSWER) and not self.intake.patient.is_erased,
            may_save=self._may_save(raised.answers),
            continue_url=reverse("intake", args=[self.intake.pk]) if self.intake.is_open else "",
            **context,
        )

    def _may_save(self, answers: Any) -> bool:
        """Whether all of it is for this person to answer."""
        asked = [self.protocol.questions[each["question"]] for each in answers]
        return self.may(Capability.EXAMINE) or all(each.asked_by != "clinician" for each in asked)
