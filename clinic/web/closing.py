"""All answers of an intake in one place, and its end: complete, or cancelled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.actions import intakes, patients, referrals
from clinic.actions.errors import Conflict, Stale
from clinic.models import Draft
from clinic.permissions import Capability
from clinic.web import faults, stale, stop_notices
from clinic.web.progress import AnswersPage

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from clinic.models import Assessment
    from clinic.web.faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsaved:
    """A section in which somebody typed without saving; the way there for who did."""

    section: str
    by: str
    at: datetime
    url: str


class CheckPage(AnswersPage):
    """All answers in one place, what is still open, and the end of the intake."""

    @property
    def address(self) -> str:
        return reverse("check", args=[self.intake.pk])

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return self._show()

    def _show(self, *, status: int = 200, **context: Any) -> HttpResponseBase:
        return self.show(
            "clinic/check.html",
            status=status,
            parts=self.answered_parts(),
            may_answer=self.may(Capability.ANSWER),
            version=self.intake.version,
            unsaved=[self._unsaved(each) for each in self.drafts],
            complete_url=reverse("complete", args=[self.intake.pk]),
            cancel_url=reverse("cancel", args=[self.intake.pk]),
            **self.progress(here="check"),
            **context,
        )

    def show_what_changed(self, **context: Any) -> HttpResponseBase:
        """The answers as they are now, and what they were when the person saw them."""
        self.forget_answers()
        seen = stale.answers_at(self.intake, self.version_sent())
        changes = stale.changes(self.protocol.questions, seen, self.intake.answers, on=self.on)
        return self._show(status=409, overtaken=changes, **context)

    def refuse(self, conflict: Conflict, **context: Any) -> HttpResponseBase:
        """Why it cannot be done any more, with what there is of the intake now."""
        self.forget_answers()
        return self._show(status=409, faults=[faults.Fault(anchor="", about="", text=str(conflict))], **context)

    @cached_property
    def drafts(self) -> list[Draft]:
        """What anybody has typed and not saved."""
        return list(Draft.objects.live().filter(intake=self.intake).select_related("by"))

    def _unsaved(self, draft: Draft) -> Unsaved:
        """That something was typed, and where; what it says is for who typed it."""
        is_own = draft.by_id == self.user.pk and self.may_ask
        title = next((each.title for each in self.protocol.sections if each.id == draft.section), draft.section)
        url = self.url_of_section(draft.section) if is_own else ""
        return Unsaved(section=title, by=draft.by.display_name, at=draft.at, url=url)


class CompleteIntake(CheckPage):
    """Close the intake and put its referrals before a clinician."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        own = [each for each in map(self._unsaved, self.drafts) if each.url]
        if own:
            return self._show(status=409, faults=[_typed_only(each) for each in own])
        version = self.version_sent()
        try:
            return self.once(lambda: self._complete(version), said=_("The intake is complete."))
        except Stale:
            return self.show_what_changed()
        except Conflict as conflict:
            if not conflict.outstanding:
                return self.refuse(conflict)
            return self._show(status=409, faults=[self._open(name) for name in conflict.outstanding])

    def _complete(self, version: int) -> str:
        patients.hold_known(self.intake.patient)  # before the intake, as proposing does
        assessment = intakes.complete(intake=self.intake, by=self.user, expected_version=version)
        if assessment.outcome["referrals"] and self.may(Capability.PROPOSE):
            referrals.propose(assessment=assessment, by=self.user)
        return self._after(assessment)

    def _after(self, assessment: Assessment) -> str:
        """To the result; who does not see it goes to what cannot wait, or to the patient."""
        if url := self.result_url(assessment.pk):
            return url
        stop = stop_notices.notice(assessment)
        return stop.url if stop else reverse("patient", args=[self.intake.patient_id])

    def _open(self, name: str) -> Fault:
        question = self.protocol.questions[name]
        return faults.Fault(anchor="open", about=question.text, text=_("Still open."))


class CancelIntake(CheckPage):
    """End the intake without an outcome; it says why and stays in the record."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        reason = request.POST.get("reason", "")
        version, said = self.version_sent(), _("The intake is cancelled. What was answered stays in the record.")
        try:
            return self.once(lambda: self._cancel(version, reason), said=said)
        except Stale:
            return self.show_what_changed(cancel_reason=reason)
        except Conflict as conflict:
            return self.refuse(conflict, cancel_reason=reason)
        except ValidationError as error:
            found = faults.of_columns(error, {"reason": _("Reason")})
            return self._show(status=422, faults=found, cancel_reason=reason)

    def _cancel(self, version: int, reason: str) -> str:
        intakes.cancel(intake=self.intake, reason=reason, by=self.user, expected_version=version)
        return reverse("patient", args=[self.intake.patient_id])


def _typed_only(unsaved: Unsaved) -> Fault:
    return faults.Fault(
        anchor="unsaved", about=unsaved.section, text=_("Typed and not saved: save it or throw it away.")
    )
