"""Finding and registering patients in the web door."""

from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import Intake, Patient, Site, User
from tests import factories
from tests.clinic.sending import forms, given_out, send

ADA = {
    "reference": "A-1",
    "family_name": "Lovelace",
    "given_name": "Ada",
    "date_of_birth": "1980-12-10",
    "sex": "female",
    "phone": "",
}


def test_a_patient_is_registered_and_shown(client: Client, here: Site, clerk: User):
    client.force_login(clerk)
    response = client.post(reverse("register_patient"), ADA, follow=True)
    patient = Patient.objects.called("A-1").get(site=here)
    assert response.redirect_chain == [(reverse("patient", args=[patient.pk]), 302)]
    assert "Lovelace, Ada" in response.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reference", ""),
        ("family_name", "x" * 81),
        ("given_name", "A\x00da"),
        ("date_of_birth", "tomorrow"),
        ("date_of_birth", "2999-01-01"),
        ("date_of_birth", "1850-01-01"),
        ("sex", "unheard of"),
        ("phone", "1" * 41),
    ],
)
def test_what_cannot_be_registered_is_said_at_its_field(client: Client, clerk: User, field: str, value: str):
    client.force_login(clerk)
    body = urlencode(ADA | {field: value})
    response = client.post(reverse("register_patient"), body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 422
    assert f'href="#id_{field}"' in response.content.decode()
    assert not Patient.objects.exists()


def test_a_reference_is_given_once(client: Client, here: Site, clerk: User):
    factories.patient(here, reference="A-1")
    client.force_login(clerk)
    response = client.post(reverse("register_patient"), ADA)
    assert response.status_code == 409
    assert 'href="#id_reference"' in response.content.decode()


def test_details_are_corrected(client: Client, here: Site, clerk: User):
    patient = factories.patient(here)
    client.force_login(clerk)
    path = reverse("correct_patient", args=[patient.pk])
    assert f'value="{patient.reference}"' in client.get(path).content.decode()
    form = given_out(client, path)
    assert send(client, form, **ADA).status_code == 302
    patient.refresh_from_db()
    assert (patient.family_name, patient.reference) == ("Lovelace", "A-1")
    assert send(client, given_out(client, path), family_name="", given_name="").status_code == 422


def found(client: Client, words: str) -> list[Patient]:
    response = client.post(reverse("find_patient"), {"words": words})
    assert response.status_code == 200
    return [patient for _, patient in response.context["found"]]


def test_patients_are_found_by_the_beginning_of_each_word_at_ones_own_site(
    client: Client, here: Site, elsewhere: Site, clerk: User
):
    ada = factories.patient(here, given_name="Ada", family_name="Lovelace", reference="A-1")
    factories.patient(elsewhere, given_name="Ada", family_name="Lovelace", reference="A-1")
    factories.patient(here, given_name="Grace", family_name="Hopper")
    client.force_login(clerk)
    assert found(client, "love ad") == [ada]
    assert found(client, "a-1") == [ada]
    assert found(client, "lovelace grace") == []
    assert found(client, "%' OR 1=1 --") == []


def test_a_search_for_nothing_is_refused(client: Client, clerk: User):
    client.force_login(clerk)
    assert client.post(reverse("find_patient"), {"words": "  "}).status_code == 422


def test_a_search_shows_no_more_than_can_be_read(client: Client, here: Site, clerk: User):
    for _ in range(21):
        factories.patient(here, family_name="Smith", by=clerk)
    client.force_login(clerk)
    response = client.post(reverse("find_patient"), {"words": "smith"})
    assert len(response.context["found"]) == 20
    assert b"There are more" in response.content


def test_an_intake_is_started_from_the_patients_page(client: Client, here: Site, clerk: User):
    factories.published_release()
    patient = factories.patient(here)
    client.force_login(clerk)
    response = client.post(reverse("start_intake", args=[patient.pk]))
    intake = Intake.objects.get(patient=patient)
    assert response.url == reverse("intake", args=[intake.pk])


def test_a_second_intake_is_not_started_beside_an_open_one(client: Client, here: Site, clerk: User):
    intake = factories.open_intake(here)
    client.force_login(clerk)
    page = client.get(reverse("patient", args=[intake.patient_id])).content.decode()
    assert "Continue this intake" in page
    assert "Start an intake" not in page
    response = client.post(reverse("start_intake", args=[intake.patient_id]))
    assert response.status_code == 409
    assert "Continue this intake" in response.content.decode()
    assert Intake.objects.count() == 1


def test_without_a_published_protocol_no_intake_starts(client: Client, here: Site, clerk: User):
    patient = factories.patient(here)
    client.force_login(clerk)
    assert client.post(reverse("start_intake", args=[patient.pk])).status_code == 409


IN_PART = {
    "03/1986": ("1986-03", "March 1986"),
    "3.1986": ("1986-03", "March 1986"),
    "1986-03": ("1986-03", "March 1986"),
    "1986": ("1986", "1986"),
    "about 1986": ("1986~", "about 1986"),
    "ca. 1986": ("1986~", "about 1986"),
    "~1986": ("1986~", "about 1986"),
    "1986~": ("1986~", "about 1986"),
}


@pytest.mark.parametrize("typed", IN_PART)
def test_what_is_known_of_a_birth_is_typed_shown_and_corrected(client: Client, here: Site, clerk: User, typed: str):
    client.force_login(clerk)
    body = ADA | {"date_of_birth": "", "birth_in_part": typed, "given_name": ""}
    response = client.post(reverse("register_patient"), body, follow=True)
    patient = Patient.objects.called("A-1").get(site=here)
    assert str(patient.date_of_birth) == IN_PART[typed][0]
    assert f"Born {IN_PART[typed][1]}, " in response.content.decode()
    assert "<bdi>Lovelace</bdi>" in response.content.decode()
    page = reverse("correct_patient", args=[patient.pk])
    assert send(client, given_out(client, page)).status_code == 302
    patient.refresh_from_db()
    assert (str(patient.date_of_birth), patient.history.count()) == (IN_PART[typed][0], 1)
    known = {"date_of_birth": "1986-03-04", "birth_in_part": ""}
    assert send(client, given_out(client, page), **known).status_code == 302
    patient.refresh_from_db()
    assert (str(patient.date_of_birth), patient.history.count()) == ("1986-03-04", 2)


def test_a_birth_that_two_people_corrected_stays_as_it_was_typed(client: Client, here: Site, clerk: User):
    patient = factories.patient(here, date_of_birth="1986")
    client.force_login(clerk)
    page = reverse("correct_patient", args=[patient.pk])
    first, second = given_out(client, page), given_out(client, page)
    assert send(client, first, birth_in_part="03/1986").status_code == 302
    refused = send(client, second, birth_in_part="about 1985")
    assert refused.status_code == 409
    (again,) = [each for each in forms(refused.content.decode()) if "birth_in_part" in each.fields]
    assert (again.fields["birth_in_part"], again.fields["date_of_birth"]) == ("about 1985", "")
    again.action = page
    assert send(client, again).status_code == 302
    patient.refresh_from_db()
    assert str(patient.date_of_birth) == "1985~"


@pytest.mark.parametrize(
    ("day", "part", "field"),
    [
        ("", "", "date_of_birth"),
        ("1986-03-04", "1986", "birth_in_part"),
        ("", "13/1986", "birth_in_part"),
        ("", "0000", "birth_in_part"),
        ("", "about tomorrow", "birth_in_part"),
        ("", "about 2999", "date_of_birth"),
        ("", "1850", "date_of_birth"),
        ("", "1986\u202e", "birth_in_part"),
        ("1986-13-04", "", "date_of_birth"),
    ],
)
def test_a_birth_that_is_no_birth_is_said_at_its_field(client: Client, clerk: User, day: str, part: str, field: str):
    client.force_login(clerk)
    response = client.post(reverse("register_patient"), ADA | {"date_of_birth": day, "birth_in_part": part})
    assert response.status_code == 422
    assert f'href="#id_{field}"' in response.content.decode()
    assert not Patient.objects.exists()


def test_who_has_no_name_is_not_registered(client: Client, clerk: User):
    client.force_login(clerk)
    response = client.post(reverse("register_patient"), ADA | {"family_name": "", "given_name": " \u200d"})
    assert response.status_code == 422
    assert not Patient.objects.exists()


def test_a_name_of_another_script_stands_apart_from_what_is_beside_it(client: Client, here: Site, clerk: User):
    factories.open_intake(here)
    patient = factories.patient(here, given_name="محمد", family_name="علي", reference="م-1")
    client.force_login(clerk)
    page = client.get(reverse("patient", args=[patient.pk])).content.decode()
    assert "<bdi>علي, محمد</bdi>" in page
    assert "<bdi>م-1</bdi>" in page
