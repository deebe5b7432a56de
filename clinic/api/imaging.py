"""Imaging studies of an intake: recorded, done, reported, classed by a clinician, cancelled; at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from clinic.actions import imaging, work
from clinic.api.assessments import AssessmentShown, shown_to
from clinic.api.description import changes_what_was_read, reads
from clinic.api.door import Address, find
from clinic.api.fields import Day, ReasonBody, Strict, Text
from clinic.api.people import Person
from clinic.api.preconditions import tag_of_state
from clinic.models import Intake, IntakeStatus, StudyEvent, StudyStep, WorkItem
from triage.imaging import STUDY_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.http import HttpResponse
    from rest_framework.request import Request
    from rest_framework.response import Response

    from clinic.models import Assessment


class StudyEventShown(serializers.ModelSerializer[StudyEvent]):
    """One step of a study."""

    by = Person(read_only=True)

    class Meta:
        model = StudyEvent
        fields = ("step", "note", "assessment", "by", "at")
        read_only_fields = fields


class StudyShown(serializers.Serializer[Any]):
    """A study with its number, as it is recorded, and what is waited for."""

    number = serializers.IntegerField(read_only=True)
    study = serializers.DictField(read_only=True, help_text="the fields that were recorded")
    waits_for = serializers.CharField(read_only=True, allow_null=True, help_text="`report`, `class` or null")
    since = serializers.DateTimeField(read_only=True, allow_null=True)
    due = serializers.DateTimeField(read_only=True, allow_null=True, help_text="null while the intake is open")
    events = StudyEventShown(many=True, read_only=True)


class StudyBody(Strict):
    """A study as it stands when it is recorded."""

    modality = serializers.ChoiceField(STUDY_WORDS["modality"])
    region = serializers.ChoiceField(STUDY_WORDS["region"])
    status = serializers.ChoiceField(STUDY_WORDS["status"])
    reason = serializers.ChoiceField(STUDY_WORDS["reason"], required=False)
    performed_on = Day(required=False)
    finding = Text(max_length=2000, required=False)


class PerformedBody(Strict):
    on = Day(required=False)


class ReportedBody(Strict):
    finding = Text(max_length=2000)
    on = Day(required=False)


class ClassBody(Strict):
    """What a clinician says of the report; the class of no other study is touched."""

    study_class = serializers.ChoiceField(STUDY_WORDS["class"])
    concordance = serializers.ChoiceField(STUDY_WORDS["concordance"], default="unclear")
    report_urgency = serializers.ChoiceField(STUDY_WORDS["report_urgency"], required=False)


class Studies(Address):
    """The imaging studies of one intake."""

    pagination_class = None  # type: ignore[assignment]  # as the framework has it where there is one page

    @reads("List an intake's imaging studies", StudyShown(many=True), problems=(404,), tagged=True)
    def get(self, request: Request, id: UUID) -> HttpResponse:  # noqa: A002 -- as the address calls it
        intake = find(_visible(self), id)
        return self.show(StudyShown(_shown(intake), many=True).data, number=intake.revision)

    @changes_what_was_read("Record a study and assess the intake afresh", AssessmentShown, body=StudyBody)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        intake, body = find(_visible(self), id), self.body(StudyBody)
        if "performed_on" in body:
            body["performed_on"] = body["performed_on"].isoformat()
        return _assessed(self, intake, imaging.record, study=body)


_STEPS: dict[str, tuple[StudyStep, type[Strict], Callable[..., Assessment]]] = {
    "performed": (StudyStep.PERFORMED, PerformedBody, imaging.performed),
    "reported": (StudyStep.REPORTED, ReportedBody, imaging.reported),
    "unavailable": (StudyStep.UNAVAILABLE, ReasonBody, imaging.unavailable),
    "class": (StudyStep.CLASSED, ClassBody, imaging.classify),
    "cancel": (StudyStep.CANCELLED, ReasonBody, imaging.cancel),
}
NAMES = tuple(_STEPS)


def address(name: str) -> type[Address]:
    """The address of one step of a study."""
    step, shape, act = _STEPS[name]

    class StudyStepTaken(Address):
        __doc__ = f"One step of a study: {step}."

        @changes_what_was_read(
            f"Record that a study is {step}, and assess the intake afresh", AssessmentShown, body=shape
        )
        def post(self, request: Request, id: UUID, number: int) -> Response:  # noqa: A002 -- as the address calls it
            return _assessed(self, find(_visible(self), id), act, number=number, **self.body(shape))

    return StudyStepTaken


def _assessed(address: Address, intake: Intake, act: Callable[..., Assessment], **said: Any) -> Response:
    said |= {"intake": intake, "by": address.caller, "expected_revision": address.expected()}
    return address.reply(
        200,
        lambda: shown_to(address.caller, act(**said)),
        tag=lambda _assessment: tag_of_state(intake.revision),
    )


def _visible(address: Address) -> Any:
    return Intake.objects.visible_to(address.caller).with_context()


def _shown(intake: Intake) -> list[dict[str, Any]]:
    events = list(intake.study_events.select_related("by"))
    items = {row.study: row for row in WorkItem.objects.filter(intake=intake, study__gt=0)}
    is_over = intake.status == IntakeStatus.CANCELLED
    return [
        {
            "number": number,
            "study": study,
            "waits_for": None if is_over else work.waits_for(study),
            "since": items[number].since if number in items else None,
            "due": items[number].due if number in items else None,
            "events": [event for event in events if event.number == number],
        }
        for number, study in enumerate(work.studies_of(intake), start=1)
    ]
