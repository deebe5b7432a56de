"""Referrals, and where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from clinic import permissions
from clinic.api.description import reads
from clinic.api.door import Address, find, shown, tag_of
from clinic.api.fields import Id
from clinic.api.listing import ListQuery
from clinic.api.outcome import SERVICES
from clinic.api.people import Person
from clinic.models import Referral, ReferralStatus, Site, Stage
from clinic.models.assessment import what_overtook
from clinic.permissions import Capability
from triage.protocol import PRIORITIES

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse
    from rest_framework.request import Request
    from rest_framework.response import Response

    from clinic.models import User
    from clinic.models.referral import ReferralRows


class StatusShown(serializers.ModelSerializer[ReferralStatus]):
    """One step of a referral; `due` is when the next one is to have been taken."""

    by = Person(read_only=True)

    class Meta:
        model = ReferralStatus
        fields = ("seq", "status", "reason", "destination", "appointment", "due", "by", "at")
        read_only_fields = fields


class ReferralShown(serializers.ModelSerializer[Referral]):
    """One service that a patient is referred to."""

    site: serializers.SlugRelatedField[Site] = serializers.SlugRelatedField("slug", read_only=True)
    service = serializers.ChoiceField(SERVICES, read_only=True)
    priority = serializers.ChoiceField([each.value for each in PRIORITIES], read_only=True)
    status = serializers.ChoiceField(Stage.choices, read_only=True)
    version = serializers.IntegerField(
        source="newest_step.seq", read_only=True, help_text="the newest step, for `If-Match`"
    )
    due = serializers.DateTimeField(source="newest_step.due", read_only=True, allow_null=True)
    statuses = StatusShown(many=True, read_only=True)
    overtaken_by = serializers.UUIDField(
        source="assessment.overtaken_by.pk",
        read_only=True,
        allow_null=True,
        default=None,
        help_text="the newest assessment of the intake, where that advises something else than this referral rests on",
    )
    created_by = Person(read_only=True)

    class Meta:
        model = Referral
        fields = (
            "id",
            "patient",
            "site",
            "assessment",
            "service",
            "priority",
            "status",
            "version",
            "due",
            "overtaken_by",
            "statuses",
            "created_at",
            "created_by",
        )
        read_only_fields = fields


class ReferralQuery(ListQuery):
    patient = Id(required=False)
    status = serializers.ChoiceField(Stage.choices, required=False)


class Referrals(Address):
    """The referrals of your sites."""

    @reads(
        "List referrals, newest first", ReferralShown(many=True), problems=(403, 404, 422), parameters=(ReferralQuery,)
    )
    def get(self, request: Request) -> Response:
        permissions.require_somewhere(self.caller, Capability.READ_REFERRAL)
        query = self.query(ReferralQuery)
        rows = visible(self.caller)
        if "patient" in query:
            rows = rows.filter(patient=query["patient"])
        if "status" in query:
            rows = rows.at_stage([Stage(query["status"])])
        return self.page(rows, ReferralShown)


class OneReferral(Address):
    """One referral."""

    @reads("Read a referral", ReferralShown, problems=(404,), tagged=True)
    def get(self, request: Request, id: UUID) -> HttpResponse:  # noqa: A002 -- as the address calls it
        referral = shown(ReferralShown, find(visible(self.caller), id))
        return self.show(referral, number=referral["version"])


def tag_of_referral(shown: Any) -> str:
    """The ETag of a referral as it is shown: its newest step is its state."""
    return tag_of(shown, shown["version"])


def visible(user: User) -> ReferralRows:
    """The referrals that the user may see, with their steps at hand."""
    rows = Referral.objects.visible_to(user).select_related("site", "created_by", "assessment__intake")
    return rows.defer("assessment__intake__answers").prefetch_related("statuses__by", what_overtook())
