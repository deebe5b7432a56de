"""What was typed into a section and not saved: kept by the page's script, filled in again, or thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from clinic.actions import drafts
from clinic.web import answers, fields, stale
from clinic.web.intakes import SectionPage

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from triage.questions import Question


class SectionDraft(SectionPage):
    """Takes the form as it stands; 204 says that it is kept."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        about: dict[str, Any] = {
            "intake": self.intake,
            "section": self.section.id,
            "pages": self.pages,
            "by": self.user,
        }
        if "discard" in request.POST:
            drafts.end(**about)
            messages.success(request, _("What you had typed is thrown away."))
            return redirect("section", self.intake.pk, self.section.id)
        if not self.pages or self.version > self.intake.version:
            raise BadRequest("not a form that was given out")
        typed = {question.id: self._fields(question) for question in self.questions if self._is_touched(question)}
        drafts.keep(version=self.version, typed=typed, **about)
        return HttpResponse(status=204)

    def _is_touched(self, question: Question) -> bool:
        """Whether it does not stand as it was shown; what is ticked to settle a conflict is ticked anew."""
        if self.is_locked(question):
            return False
        state = self.stored(question)
        shown: Any = (state.words, state.rows)
        if self.version != self.intake.version:
            seen = stale.answers_at(self.intake, self.version)
            shown = fields.state_stored(question, answers.value_of(seen, question.id))
        return bool(fields.state_filled_in(question, self.form) != shown)

    def _fields(self, question: Question) -> dict[str, list[str]]:
        return {name: values for name, values in self.form.lists() if answers.belongs(name, question)}
