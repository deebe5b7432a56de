"""What was typed into a section and not saved: kept by the page's script, filled in again, or thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from clinic.actions import drafts
from clinic.web.intakes import SectionPage

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class SectionDraft(SectionPage):
    """Takes the form as it stands; 202 says that its page was saved or thrown away, 204 that it is kept.

    200 says the same, and brings what was ticked and cannot wait where the page does not show it yet.
    """

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
        typed = {question.id: self.fields_of(question) for question in self.questions if self.is_touched(question)}
        if not drafts.keep(version=self.since, typed=typed, answers=self.unsaved_answers(), **about):
            return HttpResponse(status=202)
        raised = self.raised
        if raised is None or raised.ids == request.POST.get("shown"):
            return HttpResponse(status=204)
        return render(request, "clinic/parts/raised.html", {"raised": raised, "may_save": True})
