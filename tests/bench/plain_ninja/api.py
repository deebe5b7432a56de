"""The one address: answers come in, are decided on by the same engine, and four rows are written."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.urls import path
from ninja import NinjaAPI, Schema

from clinic import clock
from tests import factories
from tests.bench.plain_ninja.models import PlainAssessment, PlainIntake
from triage.facts import check_answers
from triage.outcome import decide
from triage.reading import read_protocol

api = NinjaAPI()
_PROTOCOL = read_protocol(factories.BACK_PAIN)


class AnswersIn(Schema):
    answers: dict[str, Any]


@api.post("/intakes/{id}/answers/")
@transaction.atomic
def answer(request: HttpRequest, id: UUID, body: AnswersIn) -> dict[str, Any]:  # noqa: A002 -- as the address calls it
    intake, now = PlainIntake.objects.select_for_update().get(pk=id), clock.now()
    check_answers(_PROTOCOL.questions, body.answers, on=clock.today(None))
    entered = {
        name: {"value": value, "source": "record", "at": now.isoformat()} for name, value in body.answers.items()
    }
    intake.answers, intake.version = intake.answers | entered, intake.version + 1
    intake.save()
    answers = intake.answers | {"age": {"value": intake.age, "source": "record"}}
    outcome = decide(_PROTOCOL, answers, on=clock.today(None))
    assessment = PlainAssessment.objects.create(
        intake=intake,
        version=intake.version,
        answers=answers,
        outcome=outcome,
        disposition=outcome["disposition"],
        urgency=outcome["urgency"],
    )
    return {"id": assessment.pk, "version": assessment.version, "answers": answers, "outcome": outcome}


urlpatterns = [path("", api.urls)]
