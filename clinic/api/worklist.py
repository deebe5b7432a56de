"""What is waited for at the caller's sites, and what was late: for programs that remind people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from clinic import permissions, waiting
from clinic.actions import origin
from clinic.api.description import reads
from clinic.api.door import Address
from clinic.api.listing import ListQuery
from clinic.api.outcome import DISPOSITIONS
from clinic.api.people import Person
from clinic.models import Escalation, Lateness, Site, Stage, WorkItem
from clinic.permissions import Capability

if TYPE_CHECKING:
    from rest_framework.request import Request

_SIZE = 50
_FILTERS = tuple(
    OpenApiParameter(name, OpenApiTypes.STR, enum=[str(value) for value, _ in each.extra["choices"]])
    for name, each in waiting.WaitingFilters.base_filters.items()
)
_STAGES = ["", *Stage.values]  # none where it is not a referral that is waited for
_LEVELS = {level.value: level.name.lower() for level in Lateness}


class LatenessField(serializers.ChoiceField):
    """How far lateness has gone, as a word."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=list(_LEVELS.values()), **options)

    def to_representation(self, value: Any) -> str:
        return _LEVELS[int(value)]


class WorkShown(serializers.ModelSerializer[WorkItem]):
    """One thing that is waited for."""

    site: serializers.SlugRelatedField[Site] = serializers.SlugRelatedField("slug", read_only=True)
    stage = serializers.ChoiceField(_STAGES, read_only=True)
    disposition = serializers.ChoiceField(DISPOSITIONS, read_only=True)
    owner = Person(read_only=True)
    lateness = LatenessField(source="chased", read_only=True)

    class Meta:
        model = WorkItem
        fields = (
            "site",
            "kind",
            "patient",
            "intake",
            "referral",
            "study",
            "stage",
            "service",
            "disposition",
            "open_questions",
            "owner",
            "since",
            "due",
            "lateness",
        )
        read_only_fields = fields


class WorkPage(serializers.Serializer[Any]):
    """Some of it, what is overdue first."""

    next_cursor = serializers.CharField(read_only=True, allow_null=True)
    results = WorkShown(many=True, read_only=True)


class Worklist(Address):
    """What is waited for at the caller's sites."""

    pagination_class = None  # type: ignore[assignment]  # its pages are those of `clinic.waiting`

    @reads(
        "List what is waited for: overdue first, then by urgency and lateness",
        WorkPage,
        problems=(403, 404, 422),
        parameters=(*_FILTERS, OpenApiParameter("cursor", OpenApiTypes.STR)),
    )
    def get(self, request: Request) -> Response:
        permissions.require_somewhere(self.caller, Capability.READ_PATIENT)
        wanted = self.parameters()
        cursor = wanted.pop("cursor", "")
        filters = waiting.waiting(user=self.caller, wanted=wanted)
        faults = {name: ["This is empty."] for name, value in wanted.items() if not value}
        faults |= {name: ["This is not known here."] for name in wanted if name not in filters.filters}
        if faults or not filters.is_valid():
            raise serializers.ValidationError(faults or dict(filters.errors))
        try:
            page = waiting.page(filters.qs.select_related("site"), size=_SIZE, cursor=cursor)
        except waiting.BadCursor as error:
            raise NotFound(str(error)) from error
        origin.note_found(page.rows)
        shown = WorkPage({"next_cursor": page.following or None, "results": page.rows})
        return Response(shown.data)


class EscalationShown(serializers.ModelSerializer[Escalation]):
    """One lateness that was acted on."""

    site: serializers.SlugRelatedField[Site] = serializers.SlugRelatedField("slug", read_only=True)
    stage = serializers.ChoiceField(_STAGES, read_only=True)
    level = LatenessField(read_only=True)

    class Meta:
        model = Escalation
        fields = ("id", "site", "kind", "stage", "intake", "referral", "study", "due", "level", "at")
        read_only_fields = fields


class Escalations(Address):
    """What was late at the caller's sites."""

    @reads(
        "List what was late, newest first",
        EscalationShown(many=True),
        problems=(403, 404, 422),
        parameters=(ListQuery,),
    )
    def get(self, request: Request) -> Response:
        permissions.require_somewhere(self.caller, Capability.READ_PATIENT)
        self.query(ListQuery)
        return self.page(Escalation.objects.visible_to(self.caller).select_related("site"), EscalationShown)
