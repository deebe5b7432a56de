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
from clinic.api.description import changes_what_was_read, reads, writes
from clinic.api.door import Address, find, shown, tag_of
from clinic.api.fields import Answers, Id, Nothing, ReasonBody, Strict, Text
from clinic.api.history import Change, changes
from clinic.api.listing import ListQuery
from clinic.api.pagination import NewestFirst
from clinic.api.people import Person
from clinic.api.preconditions import tag_of_state
from clinic.models import Intake, IntakeStatus, Patient, Site
from clinic.permissions import Capability
from triage.facts import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from django.http import HttpResponse
    from rest_framework.request import Request

    from clinic.models import Assessment


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

    @writes("Open an intake", IntakeShown, body=IntakeBody, status=201, problems=(404, 409), tagged=True)
    def post(self, request: Request) -> Response:
        body = self.body(IntakeBody)
        patient = find(Patient.objects.visible_to(self.caller).select_related("site"), body["patient"])
        if protocols.newest(body["protocol"]) is None:
            raise NotFound("There is no published protocol of this name.")
        return self.reply(201, lambda: self._open(patient, body["protocol"]), tag=self._tag)

    def _open(self, patient: Patient, protocol: str) -> Any:
        self.opened = intakes.open(patient=patient, protocol=protocol, by=self.caller)
        return shown(IntakeShown, self.opened)

    def _tag(self, opened: Any) -> str:
        return tag_of(opened, self.opened.revision)


class OneIntake(Address):
    """One intake with its answers."""

    @reads("Read an intake", IntakeShown, problems=(404,), tagged=True)
    def get(self, request: Request, id: UUID) -> HttpResponse:  # noqa: A002 -- as the address calls it
        intake = find(_visible(self), id)
        return self.show(shown(IntakeShown, intake), number=intake.revision)


class IntakeAnswers(Address):
    """The answers of one intake."""

    @changes_what_was_read("Add answers to an intake and assess it afresh", AssessmentShown, body=AnswersBody)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        return _assessed(self, id, intakes.answer, AnswersBody)


class IntakeCompletion(Address):
    """The end of one intake."""

    @changes_what_was_read("Complete an intake", AssessmentShown, body=None)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        return _assessed(self, id, intakes.complete, Nothing)


def _assessed(address: Address, id: UUID, act: Callable[..., Assessment], shape: type[Strict]) -> Response:  # noqa: A002
    """What came of an action on the answers, which looks itself whether the caller sees the intake."""
    with _told_to_who_sees(address, id):
        intake, said, expected = Intake(pk=id), address.body(shape), address.expected()
        return address.reply(
            200,
            lambda: shown_to(address.caller, act(intake=intake, by=address.caller, expected_revision=expected, **said)),
            tag=lambda _assessment: tag_of_state(intake.revision),
        )


def _turned(address: Address, id: UUID, act: Callable[..., None]) -> Response:  # noqa: A002
    """The intake after an action on its status."""
    intake, said, expected = _named(address, id), address.body(ReasonBody), address.expected()

    def turn() -> Any:
        act(intake=intake, by=address.caller, expected_revision=expected, **said)
        return shown(IntakeShown, find(_visible(address), id))

    return address.reply(200, turn, tag=lambda turned: tag_of(turned, intake.revision))


class IntakeReopening(Address):
    """A completed intake taken up again."""

    @changes_what_was_read("Take a completed intake up again", IntakeShown, body=ReasonBody)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        return _turned(self, id, intakes.reopen)


class IntakeCancellation(Address):
    """An intake ended without an outcome."""

    @changes_what_was_read("Cancel an open intake; what was answered stays", IntakeShown, body=ReasonBody)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
        return _turned(self, id, intakes.cancel)


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
