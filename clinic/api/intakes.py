"""Intakes: opened for a patient, answered as often as need be, completed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rest_framework import serializers
from rest_framework.response import Response

from clinic import permissions, protocols
from clinic.actions import intakes
from clinic.actions.errors import NotAllowed, NotFound
from clinic.api.answers import StoredAnswers
from clinic.api.assessments import AssessmentLine, AssessmentShown, DraftLine, assessments_of, sees_decisions, shown_to
from clinic.api.description import IF_MATCH_DEMANDED, TAG, once_with, reads, writes
from clinic.api.door import Address, find, shown, tagged
from clinic.api.fields import Answers, Id, Nothing, ReasonBody, Strict, Text
from clinic.api.history import Change, changes
from clinic.api.listing import ListQuery
from clinic.api.pagination import NewestFirst
from clinic.api.people import Person
from clinic.models import Intake, IntakeStatus, Patient, Site
from clinic.permissions import Capability
from triage.facts import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from rest_framework.request import Request

_TAGGED = once_with(IF_MATCH_DEMANDED, TAG)


class IntakeBody(Strict):
    """Who is taken in, and by which protocol."""

    patient = Id()
    protocol = Text(max_length=60, help_text="such as `back-pain`; its newest release is followed")


class AnswersBody(Strict):
    """Answers to add."""

    answers = Answers()
    source = serializers.ChoiceField(  # type: ignore[assignment]  # as in clinic.api.answers
        SOURCES, default="record", help_text="of answers that do not name their own"
    )


class IntakeLine(serializers.ModelSerializer[Intake]):
    """An intake without its answers."""

    site: serializers.SlugRelatedField[Site] = serializers.SlugRelatedField("slug", read_only=True)
    protocol = serializers.CharField(source="release.__str__", read_only=True, help_text="such as `back-pain/1.0.0`")
    opened_by = Person(read_only=True)
    completed_by = Person(read_only=True, allow_null=True)

    class Meta:
        model = Intake
        fields: tuple[str, ...] = (
            "id",
            "patient",
            "site",
            "protocol",
            "status",
            "version",
            "opened_at",
            "opened_by",
            "completed_at",
            "completed_by",
            "follows",
        )
        read_only_fields = fields


class IntakeShown(IntakeLine):
    """An intake with its answers."""

    answers = StoredAnswers(read_only=True)

    class Meta(IntakeLine.Meta):
        fields = (*IntakeLine.Meta.fields, "answers")
        read_only_fields = fields


class IntakeQuery(ListQuery):
    patient = Id(required=False)
    status = serializers.ChoiceField(IntakeStatus.choices, required=False)


class Intakes(Address):
    """The intakes of your sites."""

    @reads("List intakes, newest first", IntakeLine(many=True), problems=(403, 404, 422), parameters=(IntakeQuery,))
    def get(self, request: Request) -> Response:
        permissions.require_somewhere(self.caller, Capability.READ_PATIENT)
        query = self.query(IntakeQuery)
        chosen = {name: query[name] for name in ("patient", "status") if name in query}
        return self.page(_visible(self).defer("answers").filter(**chosen), IntakeLine)

    @writes("Open an intake", IntakeShown, body=IntakeBody, status=201, problems=(404, 409), parameters=once_with(TAG))
    def post(self, request: Request) -> Response:
        body = self.body(IntakeBody)
        patient = find(Patient.objects.visible_to(self.caller).select_related("site"), body["patient"])
        if protocols.newest(body["protocol"]) is None:
            raise NotFound("There is no published protocol of this name.")
        return tagged(
            self.reply(
                201,
                lambda: shown(IntakeShown, intakes.open(patient=patient, protocol=body["protocol"], by=self.caller)),
            )
        )


class OneIntake(Address):
    """One intake with its answers."""

    @reads("Read an intake", IntakeShown, problems=(404,), parameters=(TAG,))
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        return tagged(Response(shown(IntakeShown, find(_visible(self), id))))


class IntakeAnswers(Address):
    """The answers of one intake."""

    @writes(
        "Add answers to an intake and assess it afresh",
        AssessmentShown,
        body=AnswersBody,
        problems=(404, 409, 412, 428),
        parameters=_TAGGED,
    )
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        with _told_to_who_sees(self, id):
            body, expected = self.body(AnswersBody), self.expected_version(demanded=True)
            return tagged(
                self.reply(
                    200,
                    lambda: shown_to(
                        self.caller,
                        intakes.answer(intake=Intake(pk=id), by=self.caller, expected_version=expected, **body),
                    ),
                )
            )


class IntakeCompletion(Address):
    """The end of one intake."""

    @writes(
        "Complete an intake",
        AssessmentShown,
        body=None,
        problems=(404, 409, 412, 428),
        parameters=_TAGGED,
    )
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        with _told_to_who_sees(self, id):
            self.body(Nothing)
            expected = self.expected_version(demanded=True)
            return tagged(
                self.reply(
                    200,
                    lambda: shown_to(
                        self.caller,
                        intakes.complete(intake=Intake(pk=id), by=self.caller, expected_version=expected),
                    ),
                )
            )


class IntakeReopening(Address):
    """A completed intake taken up again."""

    @writes("Take a completed intake up again", IntakeShown, body=ReasonBody, problems=(404, 409))
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        intake, body = _named(self, id), self.body(ReasonBody)
        return self.reply(200, lambda: _after(self, intake, intakes.reopen, body))


class IntakeCancellation(Address):
    """An intake ended without an outcome."""

    @writes("Cancel an open intake; what was answered stays", IntakeShown, body=ReasonBody, problems=(404, 409))
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        intake, body = _named(self, id), self.body(ReasonBody)
        return self.reply(200, lambda: _after(self, intake, intakes.cancel, body))


def _after(address: Address, intake: Intake, act: Callable[..., None], body: dict[str, Any]) -> Any:
    act(intake=intake, by=address.caller, **body)
    return shown(IntakeShown, find(_visible(address), intake.pk))


class IntakeAssessments(Address):
    """The assessments of one intake."""

    @reads(
        "List an intake's assessments, newest first",
        AssessmentLine(many=True),
        problems=(403, 404, 422),
        parameters=(ListQuery,),
    )
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        self.query(ListQuery)
        intake = _named(self, id)
        rows = assessments_of(self.caller).defer("answers", "outcome").filter(intake=intake)
        if sees_decisions(self.caller, intake.site_id):
            return self.page(rows, AssessmentLine)
        if not rows.exists():  # an empty list would say that nobody has assessed it
            raise NotAllowed(Capability.READ_ASSESSMENT)
        return self.page(rows, DraftLine)


class NewestChangeFirst(NewestFirst):
    ordering = "-history_id"


class IntakeHistory(Address):
    """Every change of one intake."""

    pagination_class = NewestChangeFirst

    @reads("List an intake's changes, newest first", Change(many=True), problems=(404, 422), parameters=(ListQuery,))
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        self.query(ListQuery)
        history = _named(self, id).history.order_by("-history_id")
        rows = self.paginate_queryset(history.select_related("history_user")) or []
        earlier = history.filter(history_id__lt=rows[-1].history_id).first() if rows else None
        return self.get_paginated_response(Change(changes(rows, earlier), many=True).data)


def _visible(address: Address) -> Any:
    return Intake.objects.visible_to(address.caller).with_context().select_related("opened_by", "completed_by")


def _named(address: Address, id: UUID) -> Intake:  # noqa: A002 -- as the address calls it
    """The intake of which more is to be read, if the caller may see it."""
    return find(Intake.objects.visible_to(address.caller).only("id", "site"), id)


@contextmanager
def _told_to_who_sees(address: Address, id: UUID) -> Iterator[None]:  # noqa: A002
    """For an action that looks itself whether the caller sees the intake: what is wrong with a request is told to nobody else."""
    try:
        yield
    except Exception:
        _named(address, id)
        raise
