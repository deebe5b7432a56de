"""Record a clinician's decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.actions import decisions
from clinic.actions.errors import Conflict
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
            return self.once(self._decide, said=_("Your decision is recorded."))
        except ValidationError as error:
            return self.show_result(status=422, faults=faults.of_columns(error, LABELS))
        except Conflict as conflict:
            return self.show_refusal(conflict, typed=self.decision_form().note)

    def _decide(self) -> str:
        decisions.decide(assessment=self.assessment, by=self.user, **self.decision_form().read())
        return reverse("assessment", args=[self.assessment.pk])
