"""Letters as files: a preview, a letter that is handed out, and one that was. No file name holds a patient's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from clinic.actions import letters
from clinic.models import Assessment, Letter, LetterKind, Site
from clinic.web import letter_forms
from clinic.web.pages import IntakePage
from clinic.web.referrals import ReferralPage
from clinic.web.results import ResultPage

if TYPE_CHECKING:
    from datetime import date

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from clinic.models.assessment import AssessmentRows


def file(made: bytes, kind: str, on: date, *, is_preview: bool = False) -> HttpResponse:
    """The letter as a download; the page's own rule keeps it out of every cache."""
    name = f"{'preview-' if is_preview else ''}letter-{kind}-{on:%Y-%m-%d}.pdf"
    disposition = f'attachment; filename="{name}"'
    return HttpResponse(made, content_type="application/pdf", headers={"Content-Disposition": disposition})


class ReferralLetter(ReferralPage):
    """The letter of a referral as it would be sent now."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return self._preview("")

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return self._preview(request.POST.get("destination", ""))

    def _preview(self, destination: str) -> HttpResponse:
        kind = self.referral.service
        made = letters.preview(
            assessment=self.current, kind=kind, referral=self.referral, destination=destination, by=self.user
        )
        return file(made, kind, timezone.localdate(), is_preview=True)


class AssessmentLetter(ResultPage):
    """A letter about a result to whoever is to know of it; looked at, or handed out."""

    http_method_names = ("post",)

    def find_assessment(self, rows: AssessmentRows) -> Assessment:
        """The emergency letter is handed out by whoever acts on what cannot wait, whoever completed the intake."""
        if self.kwargs["kind"] != LetterKind.EMERGENCY:
            return super().find_assessment(rows)
        return get_object_or_404(rows.to_act_on(self.user), pk=self.kwargs["pk"])

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        kind = kwargs["kind"]
        if kind not in letter_forms.KINDS:
            raise Http404
        about: dict[str, Any] = {
            "assessment": self.assessment,
            "kind": kind,
            "destination": request.POST.get("destination", ""),
            "language": request.POST.get("language", "en"),
            "by": self.user,
        }
        is_preview = "preview" in request.POST
        try:
            made = letters.preview(**about) if is_preview else letters.issue(**about)[1]
        except ValidationError as error:
            return self._refuse(kind, error)
        return file(made, kind, timezone.localdate(), is_preview=is_preview)

    def _refuse(self, kind: str, error: ValidationError) -> HttpResponseBase:
        """What the letter lacks, on the result; on the stop card to who may not see the result."""
        if self.result_url(self.assessment.pk):
            return self.show_result(status=422, faults=letter_forms.faults_of(kind, error))
        messages.error(self.request, " ".join(error.messages))
        return redirect("stop", self.intake.pk)


class IssuedLetter(IntakePage):
    """A letter that was handed out, once more."""

    letter: Letter

    def find_site(self) -> Site:
        rows = Letter.objects.select_related(
            "assessment__intake__patient", "assessment__release", "assessment__site", "referral", "site"
        )
        self.letter = self.find(rows)
        return self.letter.site

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        made = letters.again(letter=self.letter, by=self.user)
        return file(made, self.letter.kind, timezone.localdate(self.letter.at))
