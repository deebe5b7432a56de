"""The trail of who did what can be checked, and shows where it was touched."""

import re
from pathlib import Path

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse

from clinic import actions, guard
from clinic.actions import intakes, patients, people, verifying
from clinic.actions.origin import OriginMiddleware, current
from clinic.models import AuditEvent, AuditHead, Door, Patient, Site, User
from clinic.models.audit import NOUNS
from clinic.permissions import NotAllowed, Role
from tests import factories


def trail(site: Site) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(site=site).order_by("seq"))


def test_every_action_leaves_an_entry_that_names_who_did_what_to_whom(here: Site, clerk: User) -> None:
    patient = factories.patient(here, by=clerk)
    entry = trail(here)[-1]
    assert (entry.action, entry.actor, entry.role) == ("patient.register", clerk, "clerk")
    assert (entry.object_type, entry.object_id, entry.subject) == ("patient", patient.pk, patient.pk)
    assert entry.actor_label == f"{clerk.display_name} ({clerk.username})"
    assert entry.door == Door.COMMAND


def test_what_is_refused_leaves_neither_a_row_nor_an_entry(here: Site, elsewhere: Site, clerk: User) -> None:
    before = AuditEvent.objects.count()
    with pytest.raises(NotAllowed):
        factories.patient(elsewhere, by=clerk)
    assert not Patient.objects.exists()
    assert AuditEvent.objects.count() == before


def test_the_trail_holds_no_name_and_no_answer_of_a_patient(here: Site, clinician: User) -> None:
    intake = factories.open_intake(here)
    patients.correct(patient=intake.patient, changes={"family_name": "Quillfeather"}, by=clinician)
    intakes.answer(intake=intake, answers={"fever": "not_sure"}, by=clinician)
    details = [str(entry.detail) for entry in trail(here)]
    assert not any("Quillfeather" in detail or "not_sure" in detail for detail in details)


def test_an_untouched_trail_verifies_for_every_site_and_for_the_system(
    here: Site, elsewhere: Site, clerk: User
) -> None:
    factories.open_intake(here, clerk)
    assert [verifying.first_broken(site) for site in (here, elsewhere, None)] == [None, None, None]
    assert len(trail(here)) > 3


def test_each_site_counts_its_own_entries(here: Site, elsewhere: Site) -> None:
    for site in (here, elsewhere):
        assert [entry.seq for entry in trail(site)] == list(range(1, len(trail(site)) + 1))


FORGERIES = [
    "UPDATE clinic_auditevent SET action = 'nothing.happened' WHERE site_id = %s AND seq = %s",
    "UPDATE clinic_auditevent SET actor_label = 'Somebody Else' WHERE site_id = %s AND seq = %s",
    'UPDATE clinic_auditevent SET detail = \'{"user": "other"}\' WHERE site_id = %s AND seq = %s',
    "UPDATE clinic_auditevent SET at = '2020-01-01 00:00:00+00:00' WHERE site_id = %s AND seq = %s",
    "UPDATE clinic_auditevent SET hash = prev WHERE site_id = %s AND seq = %s",
    "DELETE FROM clinic_auditevent WHERE site_id = %s AND seq = %s",
]


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize("position", [0, 1, -1], ids=["first", "second", "last"])
def test_a_forged_entry_is_found_by_its_number(here: Site, clerk: User, forgery: str, position: int) -> None:
    factories.patient(here, by=clerk)
    seq = trail(here)[position].seq
    with guard.lowered(), connection.cursor() as cursor:
        site = here.pk.hex if connection.vendor == "sqlite" else here.pk
        cursor.execute(forgery, [site, seq])
        assert cursor.rowcount == 1
    assert verifying.first_broken(here) == seq


def test_a_trail_whose_head_was_lost_does_not_verify(here: Site) -> None:
    with guard.lowered():
        AuditHead.objects.filter(site=here).delete()
    assert verifying.first_broken(here) == len(trail(here)) + 1


def test_an_auditor_sees_the_trail_of_their_site_and_of_no_other(here: Site, elsewhere: Site, clerk: User) -> None:
    auditor = factories.user(Role.AUDITOR, here)
    sites = {entry.site for entry in AuditEvent.objects.visible_to(auditor)}
    assert sites == {here, None}
    assert not AuditEvent.objects.visible_to(clerk).exists()


@pytest.mark.parametrize(("path", "door"), [("/api/v1/x", Door.API), ("/admin/", Door.ADMIN), ("/", Door.WEB)])
def test_an_entry_knows_the_door_and_the_request(here: Site, clerk: User, path: str, door: Door) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        factories.patient(here, by=clerk)
        return HttpResponse()

    request = HttpRequest()
    request.path_info = path
    request.META["HTTP_X_REQUEST_ID"] = "given-by-a-proxy"
    response = OriginMiddleware(view)(request)
    entry = trail(here)[-1]
    assert (entry.door, entry.request_id) == (door, response["X-Request-Id"]) == (door, "given-by-a-proxy")
    assert current().door == Door.COMMAND


def test_a_strange_request_id_is_replaced() -> None:
    request = HttpRequest()
    request.META["HTTP_X_REQUEST_ID"] = "<script>"
    response = OriginMiddleware(lambda _: HttpResponse())(request)
    assert len(response["X-Request-Id"]) == 32


def test_people_changed_at_two_sites_are_in_both_trails(here: Site, elsewhere: Site, clerk: User) -> None:
    system = people.system()
    people.grant(user=clerk, site=elsewhere, role=Role.CLERK, by=system)
    people.change(user=clerk, changes={"display_name": "New Name"}, by=system)
    assert [trail(site)[-1].action for site in (here, elsewhere)] == ["user.change", "user.change"]


def test_an_auditor_finds_entries_by_patient_record_request_action_and_user(
    client: Client, here: Site, elsewhere: Site, clerk: User
) -> None:
    intake, other = factories.open_intake(here, by=clerk), factories.patient(here, by=clerk)
    mine = intake.patient
    factories.patient(elsewhere, by=factories.user(Role.CLERK, elsewhere))
    client.force_login(factories.user(Role.AUDITOR, here))

    def found(word: str) -> list[str]:
        page = client.get(reverse("admin:clinic_auditevent_changelist"), {"q": word})
        return [entry.action for entry in page.context["cl"].result_list]

    for id_of_mine in (str(mine.pk), mine.pk.hex.upper()):
        assert found(id_of_mine) == ["intake.open", "patient.register"]
    assert found(str(intake.pk)) == ["intake.open"]
    assert found(str(other.pk)) == found(f" {other.pk} ") == ["patient.register"]
    assert found("patient.register") == ["patient.register", "patient.register"]
    assert found(clerk.username) == ["patient.register", "intake.open"]
    assert found("patient.imagine") == found("nobody") == found(str(elsewhere.pk)) == []


def test_an_entry_is_found_by_the_id_of_its_request_however_it_is_written(client: Client, here: Site) -> None:
    client.force_login(factories.user(Role.CLERK, here))
    given = "0b1d2f3a-4c5d-6e7f-8091-a2b3c4d5e6f7"
    words = {"reference": "N1", "given_name": "Ada", "family_name": "Garley", "date_of_birth": "1980-02-03"}
    client.post(reverse("register_patient"), {**words, "sex": "female"}, headers={"X-Request-Id": given})
    for word in (given, given.replace("-", "")):
        assert [entry.request_id for entry in AuditEvent.objects.all().about(word)] == [given]


def test_what_actions_are_done_to_is_known_by_name() -> None:
    sources = [file.read_text() for file in Path(actions.__file__).parent.glob("*.py")]
    named = {noun for text in sources for noun in re.findall(r'"([a-z_]+)\.(?:[a-z_]+"|\{)', text)}
    assert named == NOUNS
