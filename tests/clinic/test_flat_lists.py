"""However many records there are, a page takes the same few queries."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.actions import counting, decisions
from clinic.models import Patient, Site, User
from clinic.permissions import Role
from tests import factories

LISTS = ("patient", "intake", "assessment", "decision", "referral")
MOST = 10  # of which the session takes two, and telling the trail four


def work(site: Site, clerk: User, clinician: User, number: int) -> None:
    for _ in range(number):
        with clock.at(clock.now() - timedelta(days=40)):
            factories.open_intake(site, by=clerk)
    referred = factories.assessment(site, clinician, duration_days=10, off_work="yes")
    decisions.decide(assessment=referred, kind="accepted", by=clinician)
    counting.summarise()


def queries(client: Client, address: str) -> int:
    """The statements but for the limits of transactions, once what is cached for the process is cached."""
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len([each for each in captured if not each["sql"].startswith(("SAVEPOINT", "RELEASE"))])


def test_sixty_records_take_as_many_queries_as_ten(client: Client, here: Site, clerk: User, clinician: User):
    work(here, clerk, clinician, 10)
    client.force_login(clinician)
    lists = [reverse(f"admin:clinic_{name}_changelist") for name in LISTS]
    pages = [reverse("worklist"), f"{reverse('admin:index')}?period=all", reverse("api:intakes"), *lists]
    before = {page: queries(client, page) for page in pages}
    work(here, clerk, clinician, 50)
    assert [page for page in pages if queries(client, page) > before[page]] == []
    assert max(before[page] for page in lists) <= MOST


def test_the_trail_takes_no_more_queries_than_other_lists(client: Client, here: Site, clerk: User, clinician: User):
    work(here, clerk, clinician, 60)
    client.force_login(factories.user(Role.AUDITOR, here))
    assert queries(client, reverse("admin:clinic_auditevent_changelist")) <= MOST


def test_a_list_says_that_there_is_more_and_how_much_there_is_at_its_end(
    client: Client, here: Site, clerk: User, clinician
):
    for number in range(60):
        factories.patient(here, by=clerk, reference=f"N{number}")
    client.force_login(clinician)
    address = reverse("admin:clinic_patient_changelist")
    assert "more than 50" in client.get(address).content.decode()
    last = client.get(address, {"p": 2}).content.decode()
    assert "more than" not in last
    assert "60" in last


@pytest.mark.parametrize("words", ["n7", "N7", "GARLEY", "garley", "ada garley"])
def test_a_patient_is_found_in_the_administration_by_whole_names_in_any_case(
    client: Client, here: Site, clerk: User, clinician: User, words: str
):
    factories.patient(here, by=clerk, reference="N7", given_name="Ada", family_name="Garley")
    factories.patient(here, by=clerk, reference="N77", given_name="Ada", family_name="Garleyson")
    client.force_login(clinician)
    page = client.post(reverse("admin:clinic_patient_changelist"), {"q": words}).content.decode()
    assert "Garley<" in page
    assert "Garleyson" not in page


@pytest.mark.parametrize(
    ("words", "found"), [("gar", 2), ("GARLEYS", 1), ("ada n7", 2), ("n77", 1), ("arley", 0), ("%", 0)]
)
def test_a_patient_is_found_by_how_names_begin(here: Site, clerk: User, words: str, found: int):
    factories.patient(here, by=clerk, reference="N7", given_name="Ada", family_name="Garley")
    factories.patient(here, by=clerk, reference="N77", given_name="Ada", family_name="Garleyson")
    assert Patient.objects.matching(words).count() == found


def test_patients_found_in_the_administration_stand_newest_first(
    client: Client, here: Site, clerk: User, clinician: User
):
    for given in ("Cleo", "Ada", "Bea"):
        factories.patient(here, by=clerk, given_name=given, family_name="Garley")
    client.force_login(clinician)
    page = client.post(reverse("admin:clinic_patient_changelist"), {"q": "garley"})
    assert [each.given_name for each in page.context["cl"].result_list] == ["Bea", "Ada", "Cleo"]
