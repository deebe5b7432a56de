"""A body that is shorter than it says is stored nowhere, whichever door it comes to."""

from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import Assessment, Patient, Site, User
from clinic.permissions import Role
from tests import factories
from tests.clinic.callers import caller

pytestmark = pytest.mark.django_db

PATIENT = {"reference": "YF-1", "name": "Ada", "sex": "female", "birth_date": "1980-01-01"}
MULTIPART = 'multipart/form-data; boundary="b"'


def send(client: Client, address: str, body: bytes, kind: str, *, length: object) -> Any:
    described = {"CONTENT_LENGTH": str(length), "CONTENT_TYPE": kind, "wsgi.input": BytesIO(body)}
    return client.request(PATH_INFO=address, REQUEST_METHOD="POST", **described)


def parts(values: dict[str, str]) -> bytes:
    lines = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in values.items()
    ]
    return "".join(lines).encode()


@pytest.mark.parametrize("more", [1, 1000, 600_000, 10**18])
def test_a_form_that_is_cut_short_registers_nobody(more: int, client: Client, here: Site, clinician: User):
    client.force_login(clinician)
    for kind, body in {
        "application/x-www-form-urlencoded": urlencode(PATIENT).encode(),
        MULTIPART: parts(PATIENT),
    }.items():
        answer = send(client, reverse("register_patient"), body, kind, length=len(body) + more)
        assert answer.status_code in {400, 413}
        assert "Nothing was saved" in answer.content.decode()
    assert not Patient.objects.exists()


@pytest.mark.parametrize("more", [1, 1000, 600_000, 10**18])
def test_answers_that_are_cut_short_are_not_stored(more: int, here: Site):
    intake = factories.open_intake(here)
    before = Assessment.objects.count()
    clinician = caller(Role.CLINICIAN, here)
    body = b'{"answers": {"fever": "no"}}'
    address = f"/api/v1/intakes/{intake.pk}/answers/"
    answer = send(clinician.client, address, body, "application/json", length=len(body) + more)
    assert answer.status_code in {400, 413}
    assert answer.json()["status"] == answer.status_code
    assert Assessment.objects.count() == before
    assert send(clinician.client, address, body, "application/json", length=len(body)).status_code < 300


@pytest.mark.parametrize("length", ["-1", "+4", "4, 4", "four", "9" * 5000, "\u0664"])
def test_a_length_that_is_no_number_is_refused(length: str, client: Client):
    assert send(client, "/login/", b"a=bc", "application/x-www-form-urlencoded", length=length).status_code == 400
