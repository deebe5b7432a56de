"""The referrals of a result, advised or chosen, each with where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from clinic.actions.referral_steps import Verb
from clinic.models import ENDED, Referral, Stage
from clinic.web import referral_story
from clinic.web.wording import URGENCIES, Tag
from triage.protocol import Service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clinic.models import Assessment, User
    from clinic.web.wording import Words
    from triage.protocol import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One service, and the referral to it if there is one."""

    title: str
    words: Words
    status: Tag | None = None
    sentence: str = ""
    url: str = ""
    accept_url: str = ""
    seq: int = 0


class ResultReferrals:
    """What a result advises and what has become of it.

    Beside the result's own there may be a live one that an earlier result or another intake of
    the patient made: it is followed.
    """

    def __init__(self, assessment: Assessment, *, user: User, is_newest: bool, may_decide: bool) -> None:
        self._assessment, self._may_accept = assessment, may_decide and is_newest
        rows = Referral.objects.visible_to(user).filter(patient=assessment.intake.patient_id)
        if not is_newest:
            rows = rows.filter(assessment=assessment)
        lean = rows.select_related("assessment").defer("assessment__outcome", "assessment__answers")
        self._found = sorted(lean.prefetch_related("statuses__by"), key=self._precedence)

    def _precedence(self, referral: Referral) -> tuple[bool, bool, bool]:
        """A live one before an ended one, then this result's, then this intake's."""
        return (
            referral.status in ENDED,
            referral.assessment_id != self._assessment.pk,
            referral.assessment.intake_id != self._assessment.intake_id,
        )

    def rows(self, outcome: Mapping[str, Any], protocol: Protocol) -> list[Row]:
        """The advised services, then those that a clinician chose besides."""
        advised = [self._advised(each) for each in outcome["referrals"]]
        names = {each["service"] for each in outcome["referrals"]}
        chosen = {each.service: each for each in reversed(self._found) if self._is_of_this_intake(each)}
        added = [
            Row(
                title=protocol.services[Service(name)].title,
                words=URGENCIES[each.priority],
                **self._standing(each),
            )
            for name, each in chosen.items()
            if name not in names
        ]
        return advised + added

    def _advised(self, each: Mapping[str, str]) -> Row:
        referral = self._to(each["service"])
        standing = self._standing(referral) if referral else {}
        return Row(title=each["title"], words=URGENCIES[each["priority"]], **standing)

    def _to(self, service: str) -> Referral | None:
        found = [each for each in self._found if each.service == service]
        return next((each for each in found if self._is_own(each) or each.status not in ENDED), None)

    def _is_own(self, referral: Referral) -> bool:
        return referral.assessment_id == self._assessment.pk

    def _is_of_this_intake(self, referral: Referral) -> bool:
        is_live = referral.status not in ENDED
        return self._is_own(referral) or (is_live and referral.assessment.intake_id == self._assessment.intake_id)

    def _standing(self, referral: Referral) -> dict[str, Any]:
        steps: Sequence[Any] = sorted(referral.statuses.all(), key=lambda each: each.seq)
        stage = Stage(steps[-1].status)
        may_accept = self._may_accept and stage is Stage.PROPOSED
        return {
            "status": referral_story.tag(stage),
            "sentence": referral_story.sentence(steps, self._assessment.site),
            "url": reverse("referral", args=[referral.pk]),
            "accept_url": reverse("referral_step", args=[referral.pk, Verb.ACCEPT.value]) if may_accept else "",
            "seq": steps[-1].seq,
        }
