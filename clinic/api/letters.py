"""The letters of an assessment: handed out with a trace, and made again from the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from clinic.actions import letters
from clinic.actions.errors import NotAllowed
from clinic.api.assessments import assessments_of, sees_decisions
from clinic.api.description import reads, writes
from clinic.api.door import Address, find, shown
from clinic.api.fields import Strict, Text
from clinic.api.listing import ListQuery
from clinic.api.people import Person
from clinic.api.preconditions import tag_of, unless_known
from clinic.models import Assessment, Letter, LetterKind
from clinic.models.assessment import what_overtook
from clinic.permissions import Capability

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request
    from rest_framework.response import Response

# A letter to a service goes out with the step `send` of its referral.
_KINDS = (LetterKind.GP, LetterKind.EMERGENCY, LetterKind.PATIENT)


class LetterBody(Strict):
    """Which letter, and in which language."""

    kind = serializers.ChoiceField([kind.value for kind in _KINDS])
    language = serializers.ChoiceField(letters.LANGUAGES, default="en")
    destination = Text(max_length=200, required=False, allow_blank=True)


class LetterShown(serializers.ModelSerializer[Letter]):
    """A letter that was handed out."""

    by = Person(read_only=True)
    overtaken_by = serializers.UUIDField(
        source="assessment.overtaken_by.pk",
        read_only=True,
        allow_null=True,
        default=None,
        help_text="the newest assessment of the intake, where that advises something else than the letter tells",
    )

    class Meta:
        model = Letter
        fields = (
            *("id", "assessment", "referral", "kind", "destination", "language", "sha256", "by", "at"),
            "overtaken_by",
        )
        read_only_fields = fields


class AssessmentLetters(Address):
    """The letters about one assessment."""

    @reads(
        "List the letters about an assessment; to who may not see it, the emergency letters they handed out",
        LetterShown(many=True),
        problems=(403, 404, 422),
        parameters=(ListQuery,),
    )
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        self.query(ListQuery)
        assessment = find(Assessment.objects.to_act_on(self.caller).only("id", "site"), id)
        rows = Letter.objects.visible_to(self.caller).filter(assessment=assessment)
        if not sees_decisions(self.caller, assessment.site_id) and not rows.exists():
            raise NotAllowed(Capability.READ_ASSESSMENT)  # an empty list would say that there are none
        rows = rows.select_related("by", "assessment__intake").defer("assessment__intake__answers")
        return self.page(rows.prefetch_related(what_overtook()), LetterShown)

    @writes("Hand out a letter", LetterShown, body=LetterBody, status=201, problems=(404, 409))
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        assessment, body = find(assessments_of(self.caller), id), self.body(LetterBody)
        return self.reply(
            201,
            lambda: shown(LetterShown, letters.issue(assessment=assessment, by=self.caller, **body)[0]),
            counts_once=True,
        )


class LetterFile(Address):
    """One letter as PDF."""

    @reads(
        "Read a letter as it was handed out; 409 where the record no longer makes it",
        OpenApiResponse(OpenApiTypes.BINARY),
        problems=(404, 409),
        media="application/pdf",
        tagged=True,
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:  # noqa: A002 -- as the address calls it
        rows = Letter.objects.visible_to(self.caller).select_related(
            "assessment__intake__patient__kept_key", "site", "referral"
        )
        letter = find(rows, id)
        made = letters.again(letter=letter, by=self.caller)
        answer = HttpResponse(made, content_type="application/pdf", headers={"ETag": tag_of(made)})
        return unless_known(request, answer)
