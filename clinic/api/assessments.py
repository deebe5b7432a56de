"""Assessments, and what clinicians decide on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers
from rest_framework.response import Response

from clinic.actions import decisions
from clinic.api.answers import StoredAnswers
from clinic.api.description import reads, writes
from clinic.api.door import Address, find
from clinic.api.fields import Strict, Text
from clinic.api.outcome import DISPOSITIONS, EXCLUSIONS, SERVICES, URGENCIES, Outcome
from clinic.api.people import Person
from clinic.models import Assessment, Decision, DecisionKind, ReasonCode, Site

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

    from clinic.models import User
    from clinic.models.assessment import AssessmentRows


class DecisionBody(Strict):
    """What a clinician makes of an assessment."""

    kind = serializers.ChoiceField(DecisionKind.choices)
    reason = serializers.ChoiceField(ReasonCode.choices, required=False, help_text="needed unless accepted")
    note = Text(required=False, max_length=2000, allow_blank=True)
    disposition = serializers.ChoiceField(DISPOSITIONS, required=False, help_text="where the advice is changed")
    services = serializers.ListField(
        child=serializers.ChoiceField(SERVICES), required=False, help_text="where the advice is changed"
    )


class DecisionShown(serializers.ModelSerializer[Decision]):
    """What a clinician decided."""

    by = Person(read_only=True)
    services = serializers.ListField(child=serializers.ChoiceField(SERVICES), read_only=True)

    class Meta:
        model = Decision
        fields = ("id", "assessment", "kind", "reason", "note", "disposition", "services", "by", "at")
        read_only_fields = fields


class AssessmentLine(serializers.ModelSerializer[Assessment]):
    """An assessment in short."""

    site: serializers.SlugRelatedField[Site] = serializers.SlugRelatedField("slug", read_only=True)
    protocol = serializers.CharField(source="release.__str__", read_only=True)
    disposition = serializers.ChoiceField(DISPOSITIONS, read_only=True)
    urgency = serializers.ChoiceField(URGENCIES, read_only=True)
    floor = serializers.ChoiceField(DISPOSITIONS, read_only=True)
    ceiling = serializers.ChoiceField(DISPOSITIONS, read_only=True)
    exclusion = serializers.ChoiceField(EXCLUSIONS, read_only=True)
    by = Person(read_only=True)
    decision = DecisionShown(read_only=True, allow_null=True, default=None)

    class Meta:
        model = Assessment
        fields: tuple[str, ...] = (
            "id",
            "intake",
            "site",
            "version",
            "protocol",
            "protocol_digest",
            "engine_version",
            "disposition",
            "urgency",
            "floor",
            "ceiling",
            "exclusion",
            "on",
            "at",
            "by",
            "decision",
        )
        read_only_fields = fields


class AssessmentShown(AssessmentLine):
    """An assessment with the answers it was made on and the outcome in words."""

    answers = StoredAnswers(read_only=True)
    outcome = Outcome(read_only=True)

    class Meta(AssessmentLine.Meta):
        fields = (*AssessmentLine.Meta.fields, "answers", "outcome")
        read_only_fields = fields


def assessments_of(user: User) -> AssessmentRows:
    """The assessments that the user may see, with all that is shown of them at hand."""
    rows = Assessment.objects.visible_to(user).defer("release__source")
    return rows.select_related("site", "release", "by", "decision__by")


class OneAssessment(Address):
    """One assessment."""

    @reads("Read an assessment", AssessmentShown, problems=(404,))
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        return Response(AssessmentShown(find(assessments_of(self.caller), id)).data)


class AssessmentDecision(Address):
    """The decision on one assessment."""

    @writes(
        "Decide on an assessment; accepted referrals follow from it",
        DecisionShown,
        body=DecisionBody,
        status=201,
        problems=(404, 409),
    )
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        assessment, body = find(assessments_of(self.caller), id), self.body(DecisionBody)
        return self.reply(201, lambda: _decide(assessment, body, self.caller))


def _decide(assessment: Assessment, body: dict[str, Any], by: User) -> Any:
    return DecisionShown(decisions.decide(assessment=assessment, by=by, **body)).data
