"""Letters as files: a preview, a letter that is handed out, and one that was. No file name holds a patient's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from clinic import clock
from clinic.actions import letters
from clinic.actions.errors import Conflict
from clinic.models import Assessment, Letter, LetterKind, Site
from clinic.web import letter_forms
from clinic.web.pages import IntakePage
from clinic.web.referrals import ReferralPage
from clinic.web.results import ResultPage
from clinic.web.stops import StopPage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from clinic.web.pages import StaffPage


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
        return file(made, kind, clock.today(self.site), is_preview=True)


def hand_out(page: StaffPage, assessment: Assessment, kind: str) -> HttpResponseBase:
    """A letter about a result as its form asks for it: looked at, or handed out."""
    form = page.request.POST
    about: dict[str, Any] = {
        "assessment": assessment,
        "kind": kind,
        "destination": form.get("destination", ""),
        "language": form.get("language", "en"),
        "by": page.user,
    }
    if "preview" in form:
        return file(letters.preview(**about), kind, clock.today(about["assessment"].site), is_preview=True)
    return _issue(page, about)


def _issue(page: StaffPage, about: Mapping[str, Any]) -> HttpResponseBase:
    """The letter that is handed out now; a form that was sent before leads to the one that it handed out."""
    made: list[bytes] = []

    def issue() -> str:
        letter, content = letters.issue(**about)
        made.append(content)
        return reverse("letter", args=[letter.pk])

    sent_before = page.once(issue)
    return file(made[0], about["kind"], clock.today(about["assessment"].site)) if made else sent_before


class AssessmentLetter(ResultPage):
    """A letter about a result to whoever is to know of it."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        kind = kwargs["kind"]
        if kind not in letter_forms.KINDS:
            raise Http404
        try:
            return hand_out(self, self.assessment, kind)
        except Conflict as conflict:
            return self.show_refusal(conflict, typed=request.POST.get("destination", ""))
        except ValidationError as error:
            return self.show_result(status=422, faults=letter_forms.faults_of(kind, error, anchor=f"letter-{kind}"))


class StopLetter(StopPage):
    """The letter that goes along with a patient, from the stop card: also of who may not see the whole result."""

    assessment: Assessment

    def find_site(self) -> Site:
        rows = Assessment.objects.to_act_on(self.user).select_related("intake__patient__kept_key", "site", "release")
        self.assessment = get_object_or_404(rows.defer("release__source"), pk=self.kwargs["pk"])
        self.intake = self.assessment.intake
        return self.assessment.site

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return redirect("stop", self.intake.pk)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        kind = LetterKind.EMERGENCY
        try:
            return hand_out(self, self.assessment, kind)
        except Conflict as conflict:
            return self.show_refusal(conflict, f"to-{kind}")
        except ValidationError as error:
            return self.show_card(status=422, faults=letter_forms.faults_of(kind, error, anchor=f"to-{kind}"))


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
        return file(made, self.letter.kind, clock.day(self.letter.at, self.site))
