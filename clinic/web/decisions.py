"""Record a clinician's decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from clinic.actions import decisions
from clinic.web import faults
from clinic.web.decision_form import LABELS
from clinic.web.results import ResultPage

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class Decide(ResultPage):
    """The decision on one assessment; what is refused is said beside what was filled in."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        try:
            decisions.decide(assessment=self.assessment, by=self.user, **self.decision_form().read())
        except ValidationError as error:
            return self.show_result(status=422, faults=faults.of_columns(error, LABELS))
        messages.success(request, _("Your decision is recorded."))
        return redirect("assessment", self.assessment.pk)
