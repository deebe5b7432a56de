"""The OpenAPI document tells the truth about the door."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.test import Client
from rest_framework import serializers

from clinic.actions import intakes
from clinic.api.answers import Statement
from clinic.api.outcome import Outcome
from clinic.api.protocol_document import ProtocolDocument
from clinic.api.urls import urlpatterns
from clinic.models import Site
from clinic.permissions import Role
from tests import factories
from tests.clinic.callers import caller
from triage.outcome import decide
from triage.reading import read_protocol

ON = factories.born(years=0)


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", stdout=out)
    return dict(json.loads(out.getvalue()))


def operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, methods in described["paths"].items() for method, one in methods.items()]


def filled(path: str) -> str:
    values = {"{id}/{version}": "back-pain/1.0.0", "{id}": str(uuid4()), "{number}": "1"}
    for name, value in values.items():
        path = path.replace(name, value)
    return path


def test_the_description_is_valid_and_speaks_openapi_3_1(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    assert set(described["components"]["securitySchemes"]) == {"bearer_token", "cookieAuth"}
    assert len(described["paths"]) == len(urlpatterns) - 2, "all but the description itself and nowhere"


@pytest.mark.django_db
def test_nobody_is_let_in_unknown(described: dict[str, Any]) -> None:
    for path, method, operation in operations(described):
        response = Client().generic(method.upper(), filled(path), "{}", content_type="application/json")
        assert response.status_code == 401, (method, path)
        assert "401" in operation["responses"]
        assert response["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
def test_every_address_answers_with_a_documented_status(here: Site, described: dict[str, Any]) -> None:
    """An empty or made-up request is refused in a way that the description names."""
    clinician = caller(Role.CLINICIAN, here)
    for path, method, operation in operations(described):
        response = clinician.post(filled(path)) if method == "post" else clinician.get(filled(path))
        documented = operation["responses"].get(str(response.status_code))
        assert documented, (method, path, response.status_code)
        assert response["Content-Type"] in documented["content"], (method, path)


def test_every_refusal_is_a_problem_document(described: dict[str, Any]) -> None:
    for path, _, operation in operations(described):
        for status, response in operation["responses"].items():
            shown = "application/pdf" if path.endswith("/pdf/") else "application/json"
            media = [] if status == "304" else ["application/problem+json" if int(status) >= 400 else shown]
            assert list(response.get("content", ())) == media, (path, status)


@pytest.mark.django_db
def test_the_description_is_served_to_who_has_logged_in(here: Site) -> None:
    assert Client().get("/api/v1/schema/").status_code == 401
    served = caller(Role.INTEGRATOR, here).get("schema/")
    assert served.status_code == 200
    assert served.json()["openapi"].startswith("3.1")


def unlike(shape: Any, value: Any, path: str = "") -> list[str]:
    """Where a value and the serializer that describes it differ, all the way down."""
    if isinstance(shape, serializers.ListSerializer | serializers.ListField):
        return [each for one in value for each in unlike(shape.child, one, f"{path}[]")]
    if isinstance(shape, serializers.Serializer):
        keys = [f"{path}: {sorted(set(value) ^ set(shape.fields))}"] if set(value) != set(shape.fields) else []
        return keys + [each for key in value for each in unlike(shape.fields[key], value[key], f"{path}.{key}")]
    if isinstance(shape, serializers.ChoiceField):
        return [] if value in shape.choices else [f"{path}: {value} is not a choice"]
    expected = {serializers.BooleanField: bool, serializers.IntegerField: int}.get(type(shape), object)
    fits = isinstance(value, expected) or (value is None and shape.allow_null)
    return [] if fits else [f"{path}: {value!r} is no {expected}"]


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"fever": "yes", "ces_saddle": "not_sure", "phq9_total": 20},
        {"ces_saddle": {"value": "no", "disputes": {"value": "yes"}}},
    ],
)
@pytest.mark.parametrize("baseline", ["clear_adult", "persistent_adult", "distressed_after_treatment"])
def test_an_outcome_is_what_the_description_says(baseline: str, changed: dict[str, Any]) -> None:
    outcome = decide(read_protocol(factories.BACK_PAIN), factories.answers(baseline, **changed), on=ON)
    assert unlike(Outcome(), outcome) == []


@pytest.mark.django_db
def test_stored_answers_are_shown_as_the_description_says(here: Site) -> None:
    clinician = factories.user(Role.CLINICIAN, here)
    intake = factories.open_intake(here, clinician)
    told = {"value": "yes", "source": "patient", "at": "2026-11-20T10:00:00+02:00"}
    for answer in (told, {"value": "no"}):
        intakes.answer(intake=intake, answers={"fever": answer}, by=clinician)
    shown = caller(Role.CLINICIAN, here).get(f"intakes/{intake.pk}/").json()["answers"]["fever"]
    disputed = shown.pop("disputes")
    assert set(shown) == set(disputed) == set(Statement().fields)
    assert [shown["value"], disputed["value"], disputed["at"]] == ["no", "yes", "2026-11-20T08:00:00Z"]
    assert shown["at"].endswith("Z")


@pytest.mark.django_db
def test_a_protocol_is_shown_as_the_description_says(here: Site) -> None:
    factories.published_release()
    shown = caller(Role.INTEGRATOR, here).get("protocols/back-pain/1.0.0/").json()
    assert unlike(ProtocolDocument(), shown) == []
    protocol = read_protocol(factories.BACK_PAIN)
    assert [each["id"] for each in shown["questions"]] == list(protocol.questions)
    assert [each["id"] for each in shown["flags"]] == [flag.id for flag in protocol.flags]
    assert {each["id"] for each in shown["sources"]} == set(protocol.sources)
    assert all(each["when"] for each in shown["flags"])


def test_options_are_not_asked_for(here: Site, described: dict[str, Any]) -> None:
    """What an address takes is in the description; a question for it was once a fault of ours."""
    clinician = caller(Role.CLINICIAN, here)
    for path, _method, _operation in operations(described):
        answer = clinician.client.options(filled(path), "{}", content_type="application/json")
        assert answer.status_code == 405, path


def test_what_may_be_empty_is_described_so(here: Site, described: dict[str, Any]) -> None:
    """Nothing is waited for of a referral; no reason is given for what is accepted."""
    schemas = described["components"]["schemas"]
    for name, field in (("WorkShown", "stage"), ("EscalationShown", "stage"), ("DecisionShown", "reason")):
        assert "" in schemas[name]["properties"][field]["enum"], (name, field)
