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
    """Takes the form as it stands; 204 says that it is kept, 202 that its page was saved or thrown away."""

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
        is_kept = drafts.keep(version=self.since, typed=typed, **about)
        return HttpResponse(status=204 if is_kept else 202)

    def _is_touched(self, question: Question) -> bool:
        """Whether it says something else than was shown; what is ticked to settle a conflict is ticked anew."""
        filled: Any = fields.state_filled_in(question, self.form)
        if self.is_locked(question) or filled == ([], []):  # a blank takes the place of no answer
            return False
        is_newest = self.version == self.intake.version
        seen = self.intake.answers if is_newest else stale.answers_at(self.intake, self.version)
        return bool(filled != stale.shown(question, seen, fresh_days=self.protocol.fresh_days, site=self.intake.site))

    def _fields(self, question: Question) -> dict[str, list[str]]:
        return {name: values for name, values in self.form.lists() if answers.belongs(name, question)}
