"""Take a completed intake up again, to ask afresh what has grown old or to correct an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.actions import intakes
from clinic.web.pages import IntakePage

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class Reopen(IntakePage):
    """The button "Ask them again" of a referral, and "Correct an answer" of a result."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        said = _("The intake is open again. Ask what is to be asked again, then complete it.")
        try:
            return self.once(self._reopen, said=said)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect("result", self.intake.pk)

    def _reopen(self) -> str:
        reason, version = self.request.POST.get("reason", ""), self.version_sent()
        intakes.reopen(intake=self.intake, reason=reason, by=self.user, expected_version=version)
        return reverse("intake", args=[self.intake.pk])
