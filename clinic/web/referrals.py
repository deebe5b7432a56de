"""One referral: where it stands, what is waited for, and the steps that may be taken now."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import permissions
from clinic.actions import freshness, letters, referrals
from clinic.actions.errors import Conflict, Stale
from clinic.actions.referral_steps import Verb
from clinic.letters.completeness import missing
from clinic.models import (
    GONE_OUT,
    Assessment,
    Decision,
    Escalation,
    IntakeStatus,
    Letter,
    Referral,
    ReferralStatus,
    Site,
    Stage,
)
from clinic.permissions import Capability
from clinic.web import changed, faults, lowering, referral_form, referral_story
from clinic.web.pages import IntakePage
from clinic.web.wording import URGENCIES
from triage.protocol import Service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from clinic.web.referral_form import Attempt

_SAID_LATER = "-"
_TOO_OLD = "Safety answers are too old to send a referral by."  # stored as the reason, so never translated


class ReferralPage(IntakePage):
    """Where one referral stands, and how it came there; without clinical content, so that a clerk can follow it."""

    referral: Referral

    def find_site(self) -> Site:
        rows = Referral.objects.select_related("assessment__intake__release", "patient__kept_key", "site")
        lean = rows.defer("assessment__outcome", "assessment__answers", "assessment__intake__release__source")
        self.referral = self.find(lean)
        self.intake = self.referral.assessment.intake
        self.intake.patient = self.referral.patient
        return self.referral.site

    @property
    def address(self) -> str:
        return reverse("referral", args=[self.referral.pk])

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return self.show_referral()

    def show_referral(self, *, status: int = 200, attempt: Attempt | None = None, **context: Any) -> HttpResponseBase:
        steps = self._steps()
        stage = Stage(steps[-1].status)
        verbs = referrals.verbs_for(self.referral, self.user)
        stale = self._stale() if Verb.SEND in verbs else []
        return self.show(
            "clinic/referral.html",
            status=status,
            referral=self.referral,
            service=self.protocol.services[Service(self.referral.service)].title,
            priority=URGENCIES[self.referral.priority],
            standing=referral_story.standing(steps, self.site),
            history=referral_story.history(steps, self._escalations()),
            seq=steps[-1].seq,
            forms=referral_form.forms(self.referral, stage, verbs, attempt, is_ready=not stale),
            lost=attempt.typed if attempt and attempt.verb not in verbs else (),
            faults=attempt.faults if attempt else (),
            stale=stale,
            overtaken=changed.since_sent(self.referral, self.current, self.user),
            has_gone_out=stage in GONE_OUT,
            reopen_url=reverse("reopen", args=[self.intake.pk]) if self._may_reopen else "",
            reopen_reason=_TOO_OLD,
            intake_version=self.intake.version,
            lowered=lowering.mark(self._decisions()),
            result_url=self.result_url(self.referral.assessment_id),
            **self._letters(is_to_be_sent=Verb.SEND in verbs),
            timeline_url=reverse("timeline", args=[self.intake.pk]),
            **context,
        )

    def _steps(self) -> list[ReferralStatus]:
        return list(self.referral.statuses.select_related("by").order_by("seq"))

    def _escalations(self) -> Sequence[Escalation]:
        rows = Escalation.objects.visible_to(self.user).filter(referral=self.referral)
        return list(rows.select_related("by"))

    def _decisions(self) -> Sequence[Decision]:
        rows = Decision.objects.visible_to(self.user).filter(assessment__intake=self.intake)
        return list(rows.select_related("by", "assessment"))

    def _letters(self, *, is_to_be_sent: bool) -> dict[str, Any]:
        """The letter as it stands, for whoever may read it, and what it lacks before it can be sent."""
        patient = self.referral.patient_id
        if not permissions.may_read(self.user, Capability.READ_ASSESSMENT, self.site, patient):
            return {}
        rows = Letter.objects.visible_to(self.user).filter(referral=self.referral).select_related("by", "assessment")
        may_preview = is_to_be_sent and letters.may_issue(self.current, self.referral.service, self.user)
        return {
            "issued": [(each, each.assessment.overtaken_by) for each in rows],
            "preview_url": reverse("referral_letter", args=[self.referral.pk]) if may_preview else "",
            "lacking": self._lacking() if is_to_be_sent else (),
        }

    def _lacking(self) -> list[str]:
        """What the letter lacks besides its destination, which is said when it is sent."""
        return missing(assessment=self.current, kind=self.referral.service, destination=_SAID_LATER)

    @cached_property
    def current(self) -> Assessment:
        return referrals.current_assessment(self.referral)

    def _stale(self) -> list[str]:
        """The questions that are to be asked again before it is sent."""
        names = freshness.stale_questions(self.intake, self.current)
        return [self.protocol.questions[name].text for name in names]

    @property
    def _may_reopen(self) -> bool:
        return self.intake.status == IntakeStatus.COMPLETED and self.may(Capability.ANSWER)


class TakeStep(ReferralPage):
    """Take one step; whoever comes second is told what happened, and loses nothing of what was typed."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if kwargs["verb"] not in Verb.values:
            raise Http404
        verb, said = Verb(kwargs["verb"]), referral_form.read(request.POST)
        seen = referral_form.number(request.POST.get("seq", ""))
        try:
            return self.once(lambda: self._take(verb, seen, said), said=_("Recorded."))
        except ValidationError as error:
            return self._refuse(422, verb, said, referral_form.faults_of(verb, error))
        except (Conflict, Stale) as refusal:
            is_overtaken = isinstance(refusal, Stale)
            return self._refuse(409, verb, said, (), refusal=str(refusal), is_overtaken=is_overtaken)

    def _take(self, verb: Verb, seen: int, said: dict[str, str]) -> str:
        values = referral_form.values(said)
        referrals.advance(referral=self.referral, verb=verb, by=self.user, expected_seq=seen, **values)
        return reverse("referral", args=[self.referral.pk])

    def _refuse(
        self, status: int, verb: Verb, said: dict[str, str], found: Sequence[faults.Fault], **context: Any
    ) -> HttpResponseBase:
        attempt = referral_form.Attempt(verb=verb, said=said, faults=found)
        return self.show_referral(status=status, attempt=attempt, **context)
