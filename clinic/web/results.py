"""The result page: what is suggested, why, what is missing, and what a clinician makes of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse

from clinic import spoken
from clinic.actions import referrals
from clinic.models import Assessment, Decision, DecisionKind, IntakeStatus, Site
from clinic.permissions import Capability
from clinic.web import changed, letter_forms, lowering, outcomes, stop_notices
from clinic.web.decision_form import DecisionForm
from clinic.web.pages import IntakePage
from clinic.web.progress import OpenQuestion
from clinic.web.result_referrals import ResultReferrals
from clinic.web.wording import DISPOSITIONS, URGENCIES, Tag, disposition_tag
from triage.protocol import Disposition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from clinic.actions.errors import Conflict
    from clinic.models.assessment import AssessmentRows
    from triage.protocol import Protocol

_DECISION_TONES = {DecisionKind.ACCEPTED: "done", DecisionKind.CHANGED: "caution", DecisionKind.REJECTED: "quiet"}


class NewestResult(IntakePage):
    """The way from an intake to its newest result."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if self.newest is None:
            raise Http404
        return redirect("assessment", self.newest.pk)


class ResultPage(IntakePage):
    """One assessment as it was stored, and the decision on it."""

    assessment: Assessment

    def find_site(self) -> Site:
        rows = Assessment.objects.select_related("intake__patient__kept_key", "site", "release", "by")
        self.assessment = self.find_assessment(rows.defer("release__source"))
        self.intake = self.assessment.intake
        self.intake.release = self.assessment.release
        return self.assessment.site

    @property
    def outcome_shown(self) -> Assessment:
        return self.assessment

    def find_assessment(self, rows: AssessmentRows) -> Assessment:
        return self.find(rows)

    @property
    def address(self) -> str:
        return reverse("assessment", args=[self.assessment.pk])

    @property
    def _is_newest(self) -> bool:
        return self.assessment.version == self.intake.version

    @cached_property
    def protocol(self) -> Protocol:
        return spoken.protocol(self.assessment.release)

    @cached_property
    def outcome(self) -> dict[str, Any]:
        return spoken.outcome(self.assessment.outcome)

    @cached_property
    def _decisions(self) -> Sequence[Decision]:
        """Every decision on the intake, the newest first."""
        rows = Decision.objects.visible_to(self.user).filter(assessment__intake=self.intake)
        return list(rows.select_related("by", "assessment"))

    @cached_property
    def _decision(self) -> Decision | None:
        return next((each for each in self._decisions if each.assessment_id == self.assessment.pk), None)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return self.show_result()

    def show_result(self, *, status: int = 200, **context: Any) -> HttpResponseBase:
        outcome, protocol = self.outcome, self.protocol
        return self.show(
            "clinic/result.html",
            status=status,
            **self._headline(),
            reasons=outcomes.reasons_of(outcome["because"]),
            conflicts=[self._conflict(each) for each in outcome["conflicts"]],
            referrals=self._referrals().rows(outcome, protocol),
            deferred=outcomes.referrals(outcome, "deferred"),
            actions=outcome["actions"],
            outstanding=[self._open(each) for each in outcome["outstanding"]],
            would_change=outcome.get("would_change", []),  # engines before 1.2.0 did not say
            findings=outcomes.findings(outcome),
            scores=outcomes.scores(outcome, protocol),
            advice=outcomes.texts(self.assessment, "advice", self.site),
            safety_net=outcomes.texts(self.assessment, "safety_net", self.site),
            rungs=outcomes.rungs(self.assessment, protocol),
            engine=self.assessment.engine_version,
            timeline_url=reverse("timeline", args=[self.intake.pk]),
            check_url=reverse("check", args=[self.intake.pk]),
            changed_since=changed.since_before(self.assessment, self.user),
            changed_then=changed.since_then(self.assessment, self.user),
            imaging_url=reverse("imaging", args=[self.intake.pk]),
            reopen_url=reverse("reopen", args=[self.intake.pk]) if self._may_reopen else "",
            **self._deciding(),
            **self._letters(),
            **context,
        )

    def show_refusal(self, conflict: Conflict, *, typed: str = "") -> HttpResponseBase:
        """The result as it stands now, why it was not done, and what would be lost where its form is not there any more."""
        self.intake.refresh_from_db(fields=["version", "status"])
        return self.show_result(status=409, refusal=str(conflict), lost=[typed] if typed.strip() else [])

    @property
    def _is_current(self) -> bool:
        """Whether something can still be done about it: the newest of an intake that goes on, of somebody who is known."""
        goes_on = self.intake.status != IntakeStatus.CANCELLED and not self.intake.patient.is_erased
        return self._is_newest and goes_on

    @property
    def _may_reopen(self) -> bool:
        return self._is_current and self.intake.status == IntakeStatus.COMPLETED and self.may(Capability.ANSWER)

    def _referrals(self) -> ResultReferrals:
        may_decide = self.may(Capability.DECIDE)
        return ResultReferrals(self.assessment, user=self.user, is_newest=self._is_newest, may_decide=may_decide)

    def _headline(self) -> dict[str, Any]:
        assessment = self.assessment
        return {
            "assessment": assessment,
            "outcome": self.outcome,
            "tag": disposition_tag(assessment.disposition),
            "urgency": URGENCIES[assessment.urgency],
            "review_on": outcomes.review_on(assessment),
            "span": outcomes.span(assessment.outcome),
            "is_newest": self._is_newest,
            "newest_url": reverse("result", args=[self.intake.pk]),
            "stop": stop_notices.notice(assessment) if self._is_newest else None,
            "is_open": self.intake.is_open,
        }

    def _deciding(self) -> dict[str, Any]:
        may = self.may(Capability.DECIDE) and self._is_current and self._decision is None
        return {
            "decision": self._decision,
            "sees_decisions": self.sees_decisions,
            "decision_tag": self._decision_tag(),
            "decided": DISPOSITIONS[Disposition(self._decision.disposition)] if self._decision else "",
            "decision_before": self._standing_decision(),
            "lowered": lowering.mark(self._decisions),
            "may_decide": may,
            "decide_url": reverse("decide", args=[self.assessment.pk]),
            "form": self.decision_form() if may else None,
        }

    def _letters(self) -> dict[str, Any]:
        typed = {self.kwargs["kind"]: self.request.POST} if "kind" in self.kwargs else {}
        return {
            "letters": letter_forms.forms(self.assessment, self.user, typed) if self._is_current else (),
            "issued": letter_forms.issued(self.intake, self.user),
        }

    def decision_form(self) -> DecisionForm:
        live = referrals.all_live_elsewhere(self.assessment)
        return DecisionForm(self.assessment, self.protocol, self.request.POST, live=live)

    def _standing_decision(self) -> Decision | None:
        """The decision on an earlier result of the same advice, which holds for this one as well."""
        if self._decision or not self._is_newest:
            return None
        return Decision.objects.visible_to(self.user).standing(self.assessment)

    def _decision_tag(self) -> Tag | None:
        if self._decision is None:
            return None
        kind = DecisionKind(self._decision.kind)
        return Tag(_DECISION_TONES[kind], kind.label)

    def _open(self, each: Mapping[str, Any]) -> OpenQuestion:
        return OpenQuestion(text=each["text"], safety=each["safety"], url=self._url_of(each["question"]))

    def _url_of(self, name: str) -> str:
        """The way to a question while it can still be answered."""
        url = reverse("section", args=[self.intake.pk, self.protocol.questions[name].section])
        return f"{url}#q-{name}" if self.intake.is_open else ""

    def _conflict(self, each: Mapping[str, str]) -> dict[str, str]:
        name = each["question"]
        return {**each, "text": self.protocol.questions[name].text, "url": self._url_of(name)}
