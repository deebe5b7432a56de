"""The result page: what is suggested, why, what is missing, and what a clinician makes of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from clinic import protocols
from clinic.models import Assessment, Decision, DecisionKind, IntakeStatus, Referral, Site, Stage
from clinic.permissions import Capability
from clinic.web import outcomes, stops
from clinic.web.decision_form import DecisionForm
from clinic.web.pages import IntakePage
from clinic.web.progress import OpenQuestion
from clinic.web.wording import DISPOSITIONS, URGENCIES, Tag, disposition_tag
from triage.protocol import Disposition, Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

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
        rows = Assessment.objects.visible_to(self.user)
        joined = rows.select_related("intake__patient", "site", "release", "by").defer("release__source")
        self.assessment = get_object_or_404(joined, pk=self.kwargs["pk"])
        self.intake = self.assessment.intake
        self.intake.release = self.assessment.release
        return self.assessment.site

    @property
    def _is_newest(self) -> bool:
        return self.assessment.version == self.intake.version

    @cached_property
    def _decision(self) -> Decision | None:
        rows = Decision.objects.visible_to(self.user).select_related("by")
        return rows.filter(assessment=self.assessment).first()

    @cached_property
    def _referrals(self) -> Mapping[str, Referral]:
        rows = Referral.objects.visible_to(self.user).prefetch_related("statuses")
        return {each.service: each for each in rows.filter(assessment=self.assessment)}

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return self.show_result()

    def show_result(self, *, status: int = 200, **context: Any) -> HttpResponseBase:
        assessment, outcome = self.assessment, self.assessment.outcome
        return self.show(
            "clinic/result.html",
            status=status,
            **self._headline(),
            reasons=outcomes.reasons_of(outcome["because"]),
            conflicts=[self._conflict(each) for each in outcome["conflicts"]],
            referrals=[self._referral(each) for each in outcomes.referrals(outcome, "referrals")] + self._added(),
            deferred=outcomes.referrals(outcome, "deferred"),
            actions=outcome["actions"],
            outstanding=[self._open(each) for each in outcome["outstanding"]],
            findings=outcomes.findings(outcome),
            scores=outcomes.scores(outcome, protocols.get(assessment.release)),
            advice=outcomes.texts(assessment, "advice", self.site),
            safety_net=outcomes.texts(assessment, "safety_net", self.site),
            rungs=outcomes.rungs(assessment, protocols.get(assessment.release)),
            engine=assessment.engine_version,
            timeline_url=reverse("timeline", args=[self.intake.pk]),
            check_url=reverse("check", args=[self.intake.pk]),
            **self._deciding(),
            **context,
        )

    def _headline(self) -> dict[str, Any]:
        assessment = self.assessment
        return {
            "assessment": assessment,
            "outcome": assessment.outcome,
            "tag": disposition_tag(assessment.disposition),
            "urgency": URGENCIES[assessment.urgency],
            "review_on": outcomes.review_on(assessment),
            "span": outcomes.span(assessment.outcome),
            "is_newest": self._is_newest,
            "newest_url": reverse("result", args=[self.intake.pk]),
            "stop": stops.notice(assessment) if self._is_newest else None,
            "is_open": self.intake.is_open,
        }

    def _deciding(self) -> dict[str, Any]:
        may = self.may(Capability.DECIDE) and self._is_newest and self._decision is None
        return {
            "decision": self._decision,
            "decision_tag": self._decision_tag(),
            "decided": DISPOSITIONS[Disposition(self._decision.disposition)] if self._decision else "",
            "may_decide": may and self.intake.status != IntakeStatus.CANCELLED,
            "decide_url": reverse("decide", args=[self.assessment.pk]),
            "form": DecisionForm(self.assessment, self.request.POST),
        }

    def _decision_tag(self) -> Tag | None:
        if self._decision is None:
            return None
        kind = DecisionKind(self._decision.kind)
        return Tag(_DECISION_TONES[kind], kind.label)

    def _open(self, each: Mapping[str, Any]) -> OpenQuestion:
        return OpenQuestion(text=each["text"], safety=each["safety"], url=self._url_of(each["question"]))

    def _url_of(self, name: str) -> str:
        """The way to a question while it can still be answered."""
        question = protocols.get(self.assessment.release).questions[name]
        url = reverse("section", args=[self.intake.pk, question.section])
        return f"{url}#q-{name}" if self.intake.is_open else ""

    def _conflict(self, each: Mapping[str, str]) -> dict[str, str]:
        questions = protocols.get(self.assessment.release).questions
        return {**each, "text": questions[each["question"]].text, "url": self._url_of(each["question"])}

    def _referral(self, each: Mapping[str, Any]) -> dict[str, Any]:
        """An advised referral with where it stands, if it has been proposed."""
        referral = self._referrals.get(each["service"])
        return {**each, **self._standing(referral)} if referral else dict(each)

    def _added(self) -> list[dict[str, Any]]:
        """Referrals that a clinician chose and the protocol did not advise."""
        advised = {each["service"] for each in self.assessment.outcome["referrals"]}
        services = protocols.get(self.assessment.release).services
        return [
            {"title": services[Service(each.service)].title, "words": URGENCIES[each.priority], **self._standing(each)}
            for each in self._referrals.values()
            if each.service not in advised
        ]

    def _standing(self, referral: Referral) -> dict[str, Any]:
        stage = referral.status
        may_accept = stage == Stage.PROPOSED and self._is_newest and self.may(Capability.DECIDE)
        return {
            "status": Tag("done" if stage == Stage.ACCEPTED else "quiet", stage.label),
            "accept_url": reverse("accept_referral", args=[referral.pk]) if may_accept else "",
        }
