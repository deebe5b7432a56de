"""Record a clinician's decision, and take over a proposed referral."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from clinic.actions import decisions, referrals
from clinic.actions.referral_steps import Verb
from clinic.models import Referral, Site
from clinic.web import faults
from clinic.web.decision_form import LABELS, DecisionForm
from clinic.web.pages import StaffPage
from clinic.web.results import ResultPage

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class Decide(ResultPage):
    """The decision on one assessment; what is refused is said beside what was filled in."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        try:
            decisions.decide(
                assessment=self.assessment, by=self.user, **DecisionForm(self.assessment, request.POST).read()
            )
        except ValidationError as error:
            return self.show_result(status=422, faults=faults.of_columns(error, LABELS))
        messages.success(request, _("Your decision is recorded."))
        return redirect("assessment", self.assessment.pk)


class AcceptReferral(StaffPage):
    """A clinician takes responsibility for one proposed referral."""

    http_method_names = ("post",)
    referral: Referral

    def find_site(self) -> Site:
        rows = Referral.objects.visible_to(self.user).select_related("site", "assessment__intake__patient")
        self.referral = get_object_or_404(rows, pk=self.kwargs["pk"])
        return self.referral.site

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        referrals.advance(referral=self.referral, verb=Verb.ACCEPT, by=self.user)
        messages.success(request, _("The referral is accepted."))
        return redirect("assessment", self.referral.assessment_id)
