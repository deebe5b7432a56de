"""What goes wrong in the web door is answered in its own look, and never with a 500."""

import pytest
from django.core.exceptions import BadRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from clinic.models import Site, User
from clinic.web import errors
from tests import factories


def is_ours(page: str) -> bool:
    return "clinic/yellowflag.css" in page and "A clinician decides." in page


def test_a_page_that_is_not_there_is_answered_in_our_look(client: Client, clinician: User):
    client.force_login(clinician)
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert is_ours(response.content.decode())


@pytest.mark.parametrize("path", ["/intakes/1/", "/patients/abc/", "/assessments/%00/", "/intakes/%ff/check/"])
def test_an_id_that_is_none_is_not_found(client: Client, clinician: User, path: str):
    client.force_login(clinician)
    assert client.get(path).status_code == 404


def test_a_form_without_its_token_is_refused_in_our_look(here: Site, clinician: User):
    client = Client(enforce_csrf_checks=True)
    client.force_login(clinician)
    response = client.post(reverse("find_patient"), {"words": "ada"})
    assert response.status_code == 403
    assert is_ours(response.content.decode())


def test_a_body_that_is_too_large_is_refused_as_such(client: Client, here: Site, clinician: User):
    intake = factories.open_intake(here)
    client.force_login(clinician)
    form = {"version": "1", "answer-duration_days": "9" * 1_000_000}
    response = client.post(reverse("section", args=[intake.pk, "pain"]), form)
    assert response.status_code == 413
    assert is_ours(response.content.decode())


def test_a_form_with_too_many_fields_is_refused(client: Client, clinician: User):
    client.force_login(clinician)
    form = {f"field-{number}": "x" for number in range(2000)}
    assert client.post(reverse("find_patient"), form).status_code == 400


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_method_that_a_page_does_not_know_is_refused(client: Client, clinician: User, method: str):
    client.force_login(clinician)
    assert getattr(client, method)(reverse("worklist")).status_code == 405


@pytest.mark.parametrize("name", ["complete", "cancel", "start_intake"])
def test_what_changes_something_is_not_reached_by_a_link(client: Client, here: Site, clinician: User, name: str):
    intake = factories.open_intake(here)
    client.force_login(clinician)
    target = intake.patient_id if name == "start_intake" else intake.pk
    assert client.get(reverse(name, args=[target])).status_code == 405


def test_a_fault_of_ours_is_told_without_asking_the_database():
    request = RequestFactory().get("/")
    assert is_ours(errors.server_error(request).content.decode())
    assert errors.bad_request(request, BadRequest()).status_code == 400
