"""What the API refuses: always with a clear problem document, never with a failure, and nothing is stored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from clinic.actions import protocols as releases
from clinic.models import Assessment, IdempotencyKey, Intake, Patient, Site
from clinic.permissions import Role
from tests import factories
from tests.clinic.callers import Caller, caller

pytestmark = pytest.mark.django_db

PROBLEM = {"type", "title", "status", "detail", "errors"}

# Bodies that no address takes: the body, the status and the path of the first fault.
BODIES = {
    "nothing at all": (b"", 422, "protocol"),
    "cut off": (b'{"answers": {', 400, None),
    "not JSON": (b"answers", 400, None),
    "two documents": (b"{} {}", 400, None),
    "a comment": (b'{"protocol": "back-pain" /* ours */}', 400, None),
    "NaN": (b'{"answers": {"age": NaN}}', 400, None),
    "infinity": (b'{"answers": {"age": -Infinity}}', 400, None),
    "not UTF-8": (b'{"protocol": "\xff"}', 400, None),
    "UTF-16": ('{"protocol": "back-pain"}'.encode("utf-16"), 400, None),
    "a byte order mark": (b"\xef\xbb\xbf{}", 400, None),
    "a list": (b"[]", 422, ""),
    "a string": (b'"back-pain"', 422, ""),
    "a number": (b"1", 422, ""),
    "null": (b"null", 422, ""),
    "a key twice": (b'{"answers": {"fever": "yes", "fever": "no"}}', 422, "answers.fever"),
    "a key twice once composed": ('{"answers": {"é": 1, "e\u0301": 2}}'.encode(), 422, "answers.\\xe9"),
    "a fraction": (b'{"answers": {"age": 41.5}}', 422, "answers.age"),
    "a whole number as a fraction": (b'{"answers": {"age": 41.0}}', 422, "answers.age"),
    "an exponent": (b'{"answers": {"age": 1e16}}', 422, "answers.age"),
    "minus zero": (b'{"answers": {"age": -0.0}}', 422, "answers.age"),
    "a very long number": (b'{"answers": {"age": ' + b"9" * 5000 + b"}}", 422, "answers.age"),
    "NUL in a value": (b'{"answers": {"fever": "no\\u0000"}}', 422, "answers.fever"),
    "NUL in a key": (b'{"answers": {"fev\\u0000er": "no"}}', 422, "answers.fev\\x00er"),
    "half a surrogate": (b'{"answers": {"fever": "\\ud800"}}', 422, "answers.fever"),
    "very long text": (b'{"protocol": "' + b"a" * 5000 + b'"}', 422, "protocol"),
    "nested deeply": (b'{"answers": ' + b"[" * 60 + b"]" * 60 + b"}", 422, "answers" + "[0]" * 16),
    "nested beyond all bounds": (b'{"answers": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, None),
    "tables nested beyond all bounds": (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, 400, None),
    "a megabyte": (b'{"protocol": "' + b"a" * 1_000_000 + b'"}', 413, None),
    "megabytes": (b"[" + b"1," * 5_000_000 + b"1]", 413, None),
    "an unknown field": (b'{"protocol": "back-pain", "answers": {}, "on_": "2026-01-01"}', 422, "on_"),
    "no answers": (b'{"protocol": "back-pain"}', 422, "answers"),
    "answers as a list": (b'{"protocol": "back-pain", "answers": []}', 422, "answers"),
    "answers null": (b'{"protocol": "back-pain", "answers": null}', 422, "answers"),
    "a protocol as a number": (b'{"protocol": 1, "answers": {}}', 422, "protocol"),
    "a protocol unheard of": (b'{"protocol": "toothache", "answers": {}}', 404, None),
    "a version unheard of": (b'{"protocol": "back-pain/9.9.9", "answers": {}}', 404, None),
    "a path for a protocol": (b'{"protocol": "../../etc/passwd", "answers": {}}', 404, None),
    "a day that is none": (b'{"protocol": "back-pain", "on": "2026-02-30", "answers": {}}', 422, "on"),
    "a day in another form": (b'{"protocol": "back-pain", "on": "20260101", "answers": {}}', 422, "on"),
    "a day as a number": (b'{"protocol": "back-pain", "on": 20260101, "answers": {}}', 422, "on"),
    "a day as a list": (b'{"protocol": "back-pain", "on": [], "answers": {}}', 422, "on"),
}

# Answers that the protocol does not take, and the path of the fault.
ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown question": ({"favourite_colour": "blue"}, "favourite_colour"),
    "an unknown word": ({"fever": "maybe"}, "fever"),
    "a word in capitals": ({"fever": "Yes"}, "fever"),
    "a truth": ({"fever": True}, "fever"),
    "a number for a word": ({"fever": 1}, "fever"),
    "null": ({"fever": None}, "fever"),
    "a list for a word": ({"fever": ["yes"]}, "fever"),
    "a word for a number": ({"phq9_1": "2"}, "phq9_1"),
    "a truth for a number": ({"phq9_1": True}, "phq9_1"),
    "too low": ({"phq9_1": -1}, "phq9_1"),
    "too high": ({"phq9_1": 4}, "phq9_1"),
    "far too high": ({"duration_days": 10**14}, "duration_days"),
    "a study that is none": ({"imaging": ["mri"]}, "imaging[0]"),
    "a study without its status": ({"imaging": [{"modality": "mri", "region": "lumbar"}]}, "imaging[0].status"),
    "studies as a word": ({"imaging": "none"}, "imaging"),
    "studies without end": ({"imaging": [{}] * 51}, "imaging"),
    "no value": ({"fever": {"source": "staff"}}, "fever.value"),
    "an unknown source": ({"fever": {"value": "no", "source": "rumour"}}, "fever.source"),
    "a source as a list": ({"fever": {"value": "no", "source": []}}, "fever.source"),
    "a time that is none": ({"fever": {"value": "no", "at": "yesterday"}}, "fever.at"),
    "a time without an offset": ({"fever": {"value": "no", "at": "2026-01-01T10:00:00"}}, "fever.at"),
    "an unknown key": ({"fever": {"value": "no", "mood": "good"}}, "fever.mood"),
    "a study with words that are lists": (
        {"imaging": [{"modality": ["mri"], "region": {}, "status": 1}]},
        "imaging[0].modality",
    ),
}


@pytest.fixture
def clinician() -> Caller:
    factories.published_release()
    return caller(Role.CLINICIAN, factories.site())


def refused(response: Any, status: int, path: str | None) -> dict[str, Any]:
    """The problem document, if the response is the refusal that was expected."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert set(problem) == PROBLEM
    assert problem["status"] == status
    if path is not None:
        assert path in [each["path"] for each in problem["errors"]]
    return dict(problem)


def test_a_bad_body_is_refused(clinician: Caller, subtests: pytest.Subtests) -> None:
    for name, (body, status, path) in BODIES.items():
        with subtests.test(name):
            refused(clinician.post("evaluate/", body), status, path)


def test_bad_answers_are_refused_by_evaluate(clinician: Caller, subtests: pytest.Subtests) -> None:
    for name, (answers, path) in ANSWERS.items():
        with subtests.test(name):
            response = clinician.post("evaluate/", {"protocol": "back-pain", "answers": answers})
            refused(response, 422, f"answers.{path}")


def test_bad_answers_are_not_stored(clinician: Caller, subtests: pytest.Subtests) -> None:
    intake = factories.open_intake(clinician.site)
    for name, (answers, path) in ANSWERS.items():
        with subtests.test(name):
            body = {"answers": {"sh_plan": "no", **answers}}
            response = clinician.post(f"intakes/{intake.pk}/answers/", body, **{"Idempotency-Key": "k"})
            refused(response, 422, f"answers.{path}")
    assert Intake.objects.get().answers == {}
    assert Assessment.objects.count() == 1
    assert not IdempotencyKey.objects.exists()


def test_every_fault_is_named_at_once(clinician: Caller) -> None:
    answers = {"fever": "maybe", "phq9_1": 9, "nonsense": 1}
    problem = refused(clinician.post("evaluate/", {"protocol": "back-pain", "answers": answers}), 422, None)
    assert len(problem["errors"]) == 3
    assert problem["errors"][1] == {
        "path": "answers.phq9_1",
        "reason": "is not an answer that this question takes",
        "allowed": "a whole number from 0 to 3, or not_sure",
    }


def test_a_retired_release_is_not_evaluated(clinician: Caller) -> None:
    approver = factories.user(Role.APPROVER, factories.site())
    releases.advance(release=factories.published_release(), verb="retire", by=approver, reason="A newer one is in use.")
    body = {"protocol": "back-pain/1.0.0", "answers": {}}
    refused(clinician.post("evaluate/", body), 409, None)


PATIENTS: dict[str, tuple[dict[str, Any], str]] = {
    "born in the future": ({"date_of_birth": "2999-01-01"}, "date_of_birth"),
    "born in the middle ages": ({"date_of_birth": "1066-10-14"}, "date_of_birth"),
    "no reference": ({"reference": ""}, "reference"),
    "a blank reference": ({"reference": "   "}, "reference"),
    "a number as a name": ({"given_name": 7}, "given_name"),
    "a line break in a name": ({"given_name": "Ada\nExample"}, "given_name"),
    "a long name": ({"given_name": "a" * 81}, "given_name"),
    "an unknown sex": ({"sex": "yes"}, "sex"),
    "sex as a list": ({"sex": []}, "sex"),
    "an unknown field": ({"diagnosis": "none"}, "diagnosis"),
}


def test_a_bad_patient_is_not_registered(clinician: Caller, subtests: pytest.Subtests) -> None:
    good = {"reference": "A-1", "given_name": "Ada", "family_name": "Example", "date_of_birth": "1990-01-01"}
    for name, (changed, path) in PATIENTS.items():
        with subtests.test(name):
            refused(clinician.post("patients/", {"site": clinician.site.slug, **good, **changed}), 422, path)
    assert not Patient.objects.exists()


ADDRESSES = {
    "intakes/?status=half": 422,
    "intakes/?patient=1": 422,
    "intakes/?patinet=1": 422,
    "intakes/?page_size=0": 422,
    "intakes/?page_size=x": 422,
    "intakes/?cursor=rubbish": 404,
    "intakes/?cursor=cD1hYmM=": 404,  # p=abc: a place that is not an id
    "patients/?search=Example": 422,  # a name is no part of an address
    "patients/1/": 404,
    "patients/00000000-0000-0000-0000-000000000000/": 404,
    "referrals/?status=lost": 422,
    "worklist/?stage=": 422,
    "intakes/?status=open&status=completed": 422,
    "worklist/?kind=stop&kind=answers": 422,
    "protocols/back-pain/9.9.9/": 404,
    "protocols/back-pain/%00/": 404,
    "protocols/toothache/1.0.0/": 404,
}


def test_a_bad_address_is_refused(clinician: Caller, subtests: pytest.Subtests) -> None:
    for address, status in ADDRESSES.items():
        with subtests.test(address):
            assert clinician.get(address).status_code == status


def test_a_bad_idempotency_key_is_refused(clinician: Caller, subtests: pytest.Subtests) -> None:
    body = {"site": clinician.site.slug, "reference": "A", "given_name": "A", "family_name": "B"}
    for key in ("", "a" * 201, "\x07bell"):
        with subtests.test(ascii(key)):
            response = clinician.post("patients/", {**body, "date_of_birth": "1990-01-01"}, **{"Idempotency-Key": key})
            refused(response, 422, None)
    assert not Patient.objects.exists()


@pytest.mark.parametrize("token", ["Bearer", "Bearer x", "Bearer a b", "Bearer yf_\xff", "Bearer yf_\x00", "Bearer é"])
def test_what_is_not_a_token_lets_nobody_in(db: None, token: str) -> None:
    response = Client(headers={"Authorization": token}).get("/api/v1/patients/")
    refused(response, 401, None)
    assert response["WWW-Authenticate"] == "Bearer"


def test_only_json_is_read(clinician: Caller) -> None:
    response = clinician.client.post("/api/v1/evaluate/", {"protocol": "back-pain"})
    refused(response, 415, None)


def test_an_address_takes_only_its_own_methods(clinician: Caller) -> None:
    response = clinician.client.delete("/api/v1/patients/")
    refused(response, 405, None)
    assert "POST" in response["Allow"]


def test_a_session_without_a_csrf_token_writes_nothing(clinician: Caller) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(clinician.user)
    assert browser.get("/api/v1/patients/").status_code == 200
    body = json.dumps({"protocol": "back-pain", "answers": {}})
    refused(browser.post("/api/v1/evaluate/", body, content_type="application/json"), 403, None)


def test_an_intake_of_an_unknown_protocol_is_not_opened(clinician: Caller) -> None:
    patient = factories.patient(clinician.site)
    refused(clinician.post("intakes/", {"patient": str(patient.pk), "protocol": "toothache"}), 404, None)
    assert not Intake.objects.exists()


def test_a_site_of_others_is_as_unknown_as_none(clinician: Caller, elsewhere: Site) -> None:
    for slug in (elsewhere.slug, "no-such-site"):
        body = {"site": slug, "reference": "A-1", "given_name": "Ada", "family_name": "Example"}
        refused(clinician.post("patients/", {**body, "date_of_birth": "1990-01-01"}), 404, None)
    assert not Patient.objects.exists()


def test_an_address_that_there_is_not_says_so(clinician: Caller) -> None:
    refused(clinician.get("nothing/"), 404, None)
    refused(clinician.get("patients/a%0Ab/"), 404, None)
    refused(clinician.post("evaluate", {"protocol": "back-pain", "answers": {}}), 404, None)


def test_a_body_in_pieces_is_asked_for_whole(clinician: Caller) -> None:
    refused(clinician.post("evaluate/", {}, **{"Transfer-Encoding": "chunked"}), 411, None)
