"""Assessments, and what clinicians decide on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers

from clinic import permissions
from clinic.actions import decisions, stops
from clinic.api.answers import StoredAnswers
from clinic.api.description import reads, writes
from clinic.api.door import Address, find, shown
from clinic.api.fields import Strict, Text
from clinic.api.listing import ListQuery
from clinic.api.outcome import DISPOSITIONS, EXCLUSIONS, SERVICES, URGENCIES, Outcome
from clinic.api.people import Person
from clinic.models import Assessment, Decision, DecisionKind, ReasonCode, Site, StopRecord
from clinic.permissions import Capability
from triage.changes import changes

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse
    from rest_framework.request import Request
    from rest_framework.response import Response

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
    again = serializers.ListField(
        child=serializers.ChoiceField(SERVICES),
        required=False,
        help_text="services to refer to a second time, though a live referral of the patient would be followed",
    )


class DecisionShown(serializers.ModelSerializer[Decision]):
    """What a clinician decided."""

    reason = serializers.ChoiceField(["", *ReasonCode.values], read_only=True)
    by = Person(read_only=True)
    services = serializers.ListField(child=serializers.ChoiceField(SERVICES), read_only=True)

    class Meta:
        model = Decision
        fields = ("id", "assessment", "kind", "reason", "note", "disposition", "services", "lowers", "by", "at")
        read_only_fields = fields


class DraftLine(serializers.ModelSerializer[Assessment]):
    """An assessment in short, for a clerk: nothing is said of whether anybody has decided on it."""

    site: serializers.SlugRelatedField[Site] = serializers.SlugRelatedField("slug", read_only=True)
    protocol = serializers.CharField(source="release.__str__", read_only=True)
    disposition = serializers.ChoiceField(DISPOSITIONS, read_only=True)
    urgency = serializers.ChoiceField(URGENCIES, read_only=True)
    floor = serializers.ChoiceField(DISPOSITIONS, read_only=True)
    ceiling = serializers.ChoiceField(DISPOSITIONS, read_only=True)
    exclusion = serializers.ChoiceField(EXCLUSIONS, read_only=True)
    by = Person(read_only=True)

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
        )
        read_only_fields = fields


class DraftShown(DraftLine):
    """The same with the answers it was made on and the outcome in words."""

    answers = StoredAnswers(
        required=False, help_text="left out, as the outcome is, for whoever may not see what came of them"
    )
    outcome = Outcome(required=False)

    class Meta(DraftLine.Meta):
        fields = (*DraftLine.Meta.fields, "answers", "outcome")
        read_only_fields = fields


class AssessmentLine(DraftLine):
    """An assessment in short."""

    decision = DecisionShown(
        required=False,
        allow_null=True,
        help_text="null where nobody has decided on this; left out for whoever sees drafts only",
    )

    class Meta(DraftLine.Meta):
        fields = (*DraftLine.Meta.fields, "decision")
        read_only_fields = fields


class AssessmentShown(AssessmentLine, DraftShown):
    """An assessment with the answers it was made on and the outcome in words."""

    class Meta(AssessmentLine.Meta):
        fields = (*DraftShown.Meta.fields, "decision")
        read_only_fields = fields


def sees_decisions(user: User, site: UUID) -> bool:
    return site in permissions.sites_of(user, Capability.READ_ASSESSMENT)


def shown_to(user: User, assessment: Assessment) -> Any:
    """The assessment as this person may see it, also where it is of an intake that they have just completed for another."""
    if sees_decisions(user, assessment.site_id):
        return shown(AssessmentShown, assessment)
    is_seen = Assessment.objects.to_act_on(user).filter(pk=assessment.pk).exists()
    return shown(DraftShown if is_seen else DraftLine, assessment)


def assessments_of(user: User) -> AssessmentRows:
    """The assessments that the user may see or has to act on, with all that is shown of them at hand."""
    rows = Assessment.objects.to_act_on(user).defer("release__source")
    return rows.select_related("site", "release", "by", "decision__by")


class OneAssessment(Address):
    """One assessment."""

    @reads("Read an assessment", AssessmentShown, problems=(404,), tagged=True)
    def get(self, request: Request, id: UUID) -> HttpResponse:  # noqa: A002 -- as the address calls it
        return self.show(shown_to(self.caller, find(assessments_of(self.caller), id)))


class StopBody(Strict):
    """What was done about an outcome that could not wait."""

    text = Text(max_length=2000)


class StopShown(serializers.ModelSerializer[StopRecord]):
    """One record of what was done."""

    by = Person(read_only=True)

    class Meta:
        model = StopRecord
        fields = ("id", "assessment", "text", "by", "at")
        read_only_fields = fields


class AssessmentStops(Address):
    """What was done about an assessment that could not wait, and about those before it."""

    @reads("List what was done in this intake", StopShown(many=True), problems=(404, 422), parameters=(ListQuery,))
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        self.query(ListQuery)
        assessment = find(Assessment.objects.to_act_on(self.caller).only("intake"), id)
        rows = StopRecord.objects.visible_to(self.caller).of_intake(assessment)
        return self.page(rows.select_related("by"), StopShown)

    @writes("Record what was done", StopShown, body=StopBody, status=201, problems=(404, 409))
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        assessment, body = find(Assessment.objects.to_act_on(self.caller), id), self.body(StopBody)

        def record() -> Any:
            return shown(StopShown, stops.record(assessment=assessment, by=self.caller, **body))

        return self.reply(201, record, counts_once=True)


class AssessmentChanges(Address):
    """What one assessment says otherwise than the one before it."""

    @reads(
        "Read what changed since the version before; empty where nothing did",
        OpenApiTypes.OBJECT,
        problems=(404,),
        tagged=True,
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:  # noqa: A002 -- as the address calls it
        assessment = find(Assessment.objects.visible_to(self.caller), id)
        earlier = Assessment.objects.filter(intake=assessment.intake_id, version=assessment.version - 1).first()
        return self.show(changes(earlier.outcome, assessment.outcome) if earlier else {})


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
    return shown(DecisionShown, decisions.decide(assessment=assessment, by=by, **body))
