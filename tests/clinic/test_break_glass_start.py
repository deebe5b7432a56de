"""An emergency access begins with the very patient, a reason and the password once more; each is one for a person and a patient."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from clinic.actions import break_glass, delivering, webhooks
from clinic.actions.errors import Conflict
from clinic.models import AuditEvent, BreakGlass, OutboxMessage, Patient, Site, User
from clinic.permissions import NotAllowed, Role
from tests import factories
from tests.clinic.apps import App, later, log_in

NOTE = "Numb saddle since this morning."


@pytest.fixture
def patient(elsewhere: Site) -> Patient:
    return factories.patient(elsewhere, reference="E-100", family_name="Quillfeather")


@pytest.fixture
def access(patient: Patient, clinician: User) -> BreakGlass:
    return factories.emergency_access(patient, clinician)


@pytest.fixture
def reader(client: Client, clinician: User) -> Client:
    client.force_login(clinician)
    return client


def start(patient: Patient, by: User, **changed: Any) -> BreakGlass | None:
    wanted = {
        "site": patient.site,
        "reference": patient.reference,
        "date_of_birth": patient.date_of_birth,
        "reason": "urgent",
        "note": NOTE,
        "by": by,
    }
    return break_glass.start(**wanted | changed)


def form(patient: Patient, **changed: Any) -> dict[str, Any]:
    known = {
        "site": str(patient.site_id),
        "reference": patient.reference,
        "date_of_birth": str(patient.date_of_birth),
        "reason": "urgent",
        "note": NOTE,
        "password": factories.PASSWORD,
    }
    return known | changed


def told(site: Site, *actions: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(site=site, action__in=actions).order_by("seq"))


def status(client: Client, name: str, pk: Any, *, method: str = "get") -> int:
    answered: int = getattr(client, method)(reverse(name, args=[pk])).status_code
    return answered


def test_a_clinician_is_led_from_the_search_to_the_patient(reader: Client, patient: Patient, clinician: User):
    assert reverse("break_glass") in reader.get(reverse("find_patient")).content.decode()
    assert reader.get(reverse("break_glass")).status_code == 200
    answer = reader.post(reverse("break_glass"), form(patient))
    assert answer.url == reverse("patient", args=[patient.pk])
    access = BreakGlass.objects.get()
    assert (access.by, access.patient, access.site) == (clinician, patient, patient.site)
    assert access.ends_at - access.started_at == timedelta(minutes=30)


def test_it_is_offered_and_given_to_no_other_role(client: Client, here: Site, patient: Patient):
    for role in set(Role) - {Role.CLINICIAN}:
        somebody = factories.user(role, here)
        client.force_login(somebody)
        assert reverse("break_glass") not in client.get(reverse("find_patient")).content.decode()
        for answer in (client.get(reverse("break_glass")), client.post(reverse("break_glass"), form(patient))):
            assert answer.status_code == 403, role
        with pytest.raises(NotAllowed):
            start(patient, somebody)
    assert not BreakGlass.objects.exists()


WRONG = {
    "a reason that is too short": ({"note": "Urgent."}, "note"),
    "nine letters in many blanks": ({"note": "  too short       "}, "note"),
    "a reason that is no text": ({"note": "\x00" * 20}, "note"),
    "no reason": ({"reason": ""}, "reason"),
    "another reason": ({"reason": "curious"}, "reason"),
    "the wrong password": ({"password": "not-my-password"}, "password"),
    "no password": ({"password": ""}, "password"),
    "another day of birth": ({"date_of_birth": "1950-02-03"}, "reference"),
    "no day": ({"date_of_birth": "yesterday"}, "date_of_birth"),
    "another reference": ({"reference": "E-101"}, "reference"),
    "the beginning of the reference": ({"reference": "E-1"}, "reference"),
    "a reference that is no text": ({"reference": "E\x07"}, "reference"),
    "no site": ({"site": "nowhere"}, "site"),
}


@pytest.mark.parametrize(("changed", "field"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_at_its_field_and_opens_nothing(
    reader: Client, patient: Patient, changed: dict[str, str], field: str
):
    answer = reader.post(reverse("break_glass"), form(patient, **changed))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert factories.PASSWORD not in answer.content.decode()
    assert not BreakGlass.objects.exists()


def test_a_reference_is_the_same_whatever_its_case_and_blanks(reader: Client, patient: Patient):
    assert reader.post(reverse("break_glass"), form(patient, reference="e- 100")).status_code == 302
    assert BreakGlass.objects.get().patient == patient


@pytest.mark.parametrize("changed", [{"reason": "curious"}, {"note": "short"}, {"note": "short     \n   "}])
def test_the_action_takes_no_poor_reason_either(patient: Patient, clinician: User, changed: dict[str, str]):
    with pytest.raises(ValidationError):
        start(patient, clinician, **changed)


def test_a_site_of_ones_own_is_not_opened_so(reader: Client, here: Site, clinician: User, clerk: User):
    own = factories.patient(here, by=clerk)
    answer = reader.post(reverse("break_glass"), form(own))
    assert list(answer.context["form"].errors) == ["site"]
    with pytest.raises(Conflict, match="look for them there"):
        start(own, clinician)


def test_whoever_is_not_there_and_whoever_is_are_told_apart_by_nobody_without_both(
    reader: Client, patient: Patient, elsewhere: Site
):
    tries = [{"reference": "nobody"}, {"date_of_birth": "1950-02-03"}]
    said = [reader.post(reverse("break_glass"), form(patient, **each)).context["faults"] for each in tries]
    assert said[0] == said[1]
    noted = told(elsewhere, "break_glass.refused")
    assert [each.detail for each in noted] == [{"purpose": "BTG", "reason": "urgent"}] * 2
    assert not any(each.subject for each in noted)


def test_five_wrong_passwords_close_it(reader: Client, patient: Patient):
    wrong = form(patient, password="wrong")  # noqa: S106
    tries = [reader.post(reverse("break_glass"), wrong).status_code for _ in range(5)]
    assert tries == [422, 422, 422, 422, 429]
    assert reader.post(reverse("break_glass"), form(patient)).status_code == 429
    assert not BreakGlass.objects.exists()


def test_the_second_factor_is_asked_again_where_it_is_not_fresh(
    client: Client, clinician: User, patient: Patient, settings: Any
):
    settings.SECOND_FACTOR_REQUIRED = True
    app = App(clinician)
    with later(minutes=-6):
        log_in(client, clinician, app)
    for asked in (client.get(reverse("break_glass")), client.post(reverse("break_glass"), form(patient))):
        assert asked.url.startswith(reverse("second_factor_again"))
    assert not BreakGlass.objects.exists()
    assert client.post(asked.url, {"code": "000000"}).status_code == 200
    assert client.post(asked.url, {"code": app.code()}).url == reverse("break_glass")
    assert client.post(reverse("break_glass"), form(patient)).status_code == 302


def test_opening_it_twice_is_one_access(reader: Client, patient: Patient, elsewhere: Site):
    answers = [reader.post(reverse("break_glass"), form(patient)) for _ in range(2)]
    assert {each.url for each in answers} == {reverse("patient", args=[patient.pk])}
    assert BreakGlass.objects.count() == 1
    assert len(told(elsewhere, "break_glass.start")) == 1


@pytest.mark.untold
def test_two_at_the_same_moment_are_one_access(patient: Patient, clinician: User, monkeypatch: pytest.MonkeyPatch):
    start(patient, clinician)
    monkeypatch.setattr(break_glass, "_held_already", lambda *_: None)
    with pytest.raises(Conflict):
        start(patient, clinician)
    assert BreakGlass.objects.count() == 1


def test_two_patients_may_be_open_and_each_ends_by_itself(
    reader: Client, clinician: User, access: BreakGlass, elsewhere: Site
):
    other = factories.patient(elsewhere)
    with later(minutes=20):
        assert start(other, clinician)
        assert [status(reader, "patient", each) for each in (access.patient_id, other.pk)] == [200, 200]
        shown = reader.get(reverse("break_glass")).context["open"]
        assert {each.patient_id for each in shown} == {access.patient_id, other.pk}
    with later(minutes=40):
        assert [status(reader, "patient", each) for each in (access.patient_id, other.pk)] == [404, 200]


def test_when_its_time_is_up_another_can_be_opened(patient: Patient, clinician: User, access: BreakGlass):
    with later(minutes=31):
        again = start(patient, clinician)
    assert again != access
    access.refresh_from_db()
    assert (access.ending, access.ended_at) == ("expired", access.ends_at)


def test_the_site_is_told_by_its_webhooks_and_by_ids_only(elsewhere: Site, patient: Patient, clinician: User):
    by = factories.user(Role.ADMIN, elsewhere)
    webhooks.add(site=elsewhere, url="https://watch.example/", events=["break_glass.started"], by=by)
    access = start(patient, clinician)
    start(patient, clinician)
    message = OutboxMessage.objects.get()
    assert access
    assert (message.kind, message.site, message.object_id) == ("break_glass.started", elsewhere, access.pk)
    body = delivering.body_of(message).decode()
    assert reverse("admin:clinic_breakglass_change", args=[access.pk]) in body
    assert str(patient.pk) not in body
    assert clinician.username not in body


def test_an_access_without_its_entry_there_is_none(reader: Client, patient: Patient, monkeypatch: pytest.MonkeyPatch):
    reader.raise_request_exception = False
    monkeypatch.setattr(break_glass.audit, "record", lambda **_: 1 / 0)
    assert reader.post(reverse("break_glass"), form(patient)).status_code == 500
    assert not BreakGlass.objects.exists()
