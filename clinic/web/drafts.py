"""What was typed into a section and not saved: kept by the page's script, filled in again, or thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from clinic.actions import drafts
from clinic.web.intakes import SectionPage

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

_NO_ANSWERS = ("csrfmiddlewaretoken", "version")


class SectionDraft(SectionPage):
    """Takes the form as it stands; 204 says that it is kept."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        about: dict[str, Any] = {"intake": self.intake, "section": self.section.id, "by": self.user}
        if "discard" in request.POST:
            drafts.discard(**about)
            messages.success(request, _("What you had typed is thrown away."))
            return redirect("section", self.intake.pk, self.section.id)
        fields = {name: values for name, values in request.POST.lists() if name not in _NO_ANSWERS}
        drafts.keep(version=self.version, fields=fields, **about)
        return HttpResponse(status=204)
