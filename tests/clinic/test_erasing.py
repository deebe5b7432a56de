"""A patient is erased for good, when nothing speaks against it; record, history and trail stay byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from clinic import clock, guard
from clinic.actions import decisions, erasing, imaging, intakes, letters, people, stops, verifying
from clinic.actions.errors import Conflict
from clinic.models import (
    Assessment,
    AuditEvent,
    Decision,
    Intake,
    Letter,
    Patient,
    PatientKey,
    PatientWord,
    Site,
    StopRecord,
    User,
)
from tests import factories
from tests.clinic.callers import Caller
from tests.clinic.test_sealed import KNOWN, canaries_in, everything_stored
from tests.clinic.test_web_results import DISTRESS

pytestmark = pytest.mark.django_db

NEVER_DONE = {"modality": "mri", "region": "lumbar", "status": "cancelled"}


@pytest.fixture
def patient(here: Site, clerk: User) -> Patient:
    return factories.patient(here, by=clerk, **KNOWN)


def stored_of_patients() -> list[list[tuple[object, ...]]]:
    """The rows of the patients and of their history, as they lie in the database."""
    found = []
    with connection.cursor() as cursor:
        for table in ("clinic_patient", "clinic_historicalpatient"):
            cursor.execute(f"SELECT * FROM {table} ORDER BY id")  # noqa: S608 -- of our own tables
            found.append(cursor.fetchall())
    assert all(found)
    return found


@pytest.fixture
def closed(here: Site, clinician: User) -> Patient:
    """Somebody who was assessed, referred nowhere, and sent home."""
    assessment = completed(here, clinician)
    decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    letters.issue(assessment=assessment, kind="patient", by=clinician)
    return Patient.objects.get(pk=assessment.intake.patient_id)


def completed(here: Site, clinician: User, **answers: object) -> Assessment:
    return intakes.complete(intake=factories.assessment(here, clinician, **answers).intake, by=clinician)


@pytest.fixture
def much_later(closed: Patient) -> Iterator[None]:
    with in_many_years():
        yield


def in_many_years() -> AbstractContextManager[None]:
    """When no record of today has to be kept any more."""
    return clock.at(clock.now() + timedelta(days=366 * configured.RETENTION_YEARS + 1))


def erase(patient: Patient) -> None:
    erasing.erase(patient=patient, reason="asked in writing", by=people.system())


def verified() -> str:
    out = StringIO()
    call_command("verify_audit", stdout=out, stderr=out)
    return out.getvalue()


def test_somebody_registered_by_mistake_is_erased_and_every_record_still_stands(
    client: Client, here: Site, clerk: User, patient: Patient
):
    before = stored_of_patients()
    erase(patient)
    after = Patient.objects.get(pk=patient.pk)
    assert after.is_erased
    assert [getattr(after, name) for name in KNOWN] == ["", "", "", None, ""]
    assert [row.family_name for row in after.history.all()] == [""]
    assert "as they were written" in verified()
    assert guard.faults() == []
    assert stored_of_patients() == before
    assert not PatientWord.objects.filter(patient=patient).exists()
    client.force_login(clerk)
    page = client.get(reverse("patient", args=[patient.pk]))
    assert "Erased patient" in page.content.decode()
    assert canaries_in(page.content.decode()) == []
    assert client.post(reverse("start_intake", args=[patient.pk])).status_code == 409
    assert (
        client.post(
            reverse("correct_patient", args=[patient.pk]),
            KNOWN | {"sex": "male", "version": after.history.first().history_id},
        ).status_code
        == 409
    )
    event = AuditEvent.objects.get(action="patient.erase")
    assert (event.subject, event.detail) == (patient.pk, {"reason": "asked in writing"})


@pytest.mark.usefixtures("much_later")
def test_of_somebody_erased_every_page_opens_and_no_letter_is_made_again(
    client: Client, closed: Patient, clinician: User
):
    names = {closed.family_name, closed.given_name, closed.reference}
    erase(closed)
    client.force_login(clinician)
    intake = closed.intakes.get()
    assessment = intake.assessments.latest("version")
    addresses = [reverse("patient", args=[closed.pk]), reverse("worklist"), reverse("assessment", args=[assessment.pk])]
    addresses += [reverse(name, args=[intake.pk]) for name in ("check", "timeline")]
    addresses += [
        reverse("api:patient", args=[closed.pk]),
        reverse("api:patients"),
        reverse("api:intake", args=[intake.pk]),
    ]
    for model in ("patient", "intake", "assessment", "letter"):
        addresses.append(reverse(f"admin:clinic_{model}_changelist"))
    addresses += [reverse(f"admin:clinic_patient_{each}", args=[closed.pk]) for each in ("change", "history")]
    for address in addresses:
        page = client.get(address)
        assert page.status_code == 200, address
        assert not [
            name for name in names if f">{name}<" in page.content.decode() or f" {name}" in page.content.decode()
        ]
    for refused in (
        lambda: letters.again(letter=Letter.objects.get(), by=clinician),
        lambda: letters.issue(assessment=assessment, kind="gp", by=clinician),
        lambda: intakes.reopen(intake=intake, reason="to ask again", by=clinician),
        lambda: intakes.open(patient=closed, by=clinician),
        lambda: erase(closed),
    ):
        with pytest.raises(Conflict, match="erased"):
            refused()
    assert "as they were written" in verified()


def test_no_kept_answer_tells_of_somebody_erased(here: Site, clerk: User, clinician: User):
    program = Caller(clinician, here)
    body = KNOWN | {"site": here.slug, "date_of_birth": "1981-03-17"}
    made = program.post("patients/", body, **{"Idempotency-Key": "k"}).json()
    assert made["family_name"] == "Mossgrove"
    erase(Patient.objects.get())
    again = program.post("patients/", body, **{"Idempotency-Key": "k"})
    assert (again.status_code, again.json()) == (201, {"id": made["id"], "is_erased": True})
    assert Patient.objects.count() == 1


def test_a_record_that_has_to_be_kept_is_not_erased_and_the_refusal_is_entered(closed: Patient):
    with pytest.raises(Conflict, match="has to be kept until"):
        erase(closed)
    assert not Patient.objects.get(pk=closed.pk).is_erased
    assert AuditEvent.objects.filter(action="patient.refuse_erasure", subject=closed.pk).count() == 1


@pytest.mark.usefixtures("much_later")
def test_to_ask_for_an_erasure_or_to_look_does_not_put_it_off(client: Client, closed: Patient, clinician: User):
    client.force_login(clinician)
    client.get(reverse("patient", args=[closed.pk]))
    erase(closed)
    assert Patient.objects.get(pk=closed.pk).is_erased


def test_while_an_intake_is_open_nobody_is_erased(here: Site):
    intake = factories.open_intake(here)
    with pytest.raises(Conflict, match="is open"):
        erase(intake.patient)


@pytest.mark.parametrize("answers", [{}, {"ces_saddle": "yes"}], ids=["a decision", "a record of what was done"])
def test_while_anything_is_waited_for_nobody_is_erased(here: Site, clinician: User, answers: dict[str, object]):
    patient = completed(here, clinician, **answers).intake.patient
    with in_many_years(), pytest.raises(Conflict, match="on the worklist"):
        erase(patient)
    assert not Patient.objects.get(pk=patient.pk).is_erased
    assert AuditEvent.objects.filter(action="patient.refuse_erasure", subject=patient.pk).count() == 1


def test_of_somebody_erased_nothing_is_recorded_as_done_on_either_door(client: Client, here: Site, clinician: User):
    urgent = completed(here, clinician, ces_saddle="yes")
    stops.record(assessment=urgent, text="Ambulance called.", by=clinician)
    decisions.decide(assessment=urgent, kind="accepted", by=clinician)
    with in_many_years():
        erase(urgent.intake.patient)
        client.force_login(clinician)
        card = client.get(reverse("stop", args=[urgent.intake_id])).context
        assert (card["may_record"], card["letter"]) == (False, None)
        page = client.post(reverse("stop", args=[urgent.intake_id]), {"text": "Rung up."})
        address, body = reverse("api:assessment-stop", args=[urgent.pk]), {"text": "Rung up."}
        answer = client.post(address, body, content_type="application/json")
    assert (page.status_code, answer.status_code) == (409, 409)
    assert "was erased" in page.content.decode()
    assert "was erased" in answer.json()["detail"]
    assert StopRecord.objects.count() == 1


def test_pages_of_somebody_erased_offer_nothing_that_would_be_refused(client: Client, here: Site, clinician: User):
    """The same advice a second time: a clinician could decide once more, and is not asked to."""
    first = completed(here, clinician)
    decisions.decide(assessment=first, kind="accepted", by=clinician)
    newest = imaging.record(intake=first.intake, study=NEVER_DONE, by=clinician)
    client.force_login(clinician)
    assert offered(client, newest) == {"decide", "letters", "reopen", "record"}
    with in_many_years():
        erase(newest.intake.patient)
        assert offered(client, newest) == set()


def offered(client: Client, newest: Assessment) -> set[str]:
    """What the pages of a result and of its imaging let a clinician do."""
    result = client.get(reverse("assessment", args=[newest.pk])).context
    may = {"decide": result["may_decide"], "letters": result["letters"], "reopen": result["reopen_url"]}
    may["record"] = client.get(reverse("imaging", args=[newest.intake_id])).context["record"]
    return {name for name, value in may.items() if value}


def test_the_command_erases_whom_it_is_shown_and_nobody_else(patient: Patient):
    why = ("--reason", "registered twice")
    with pytest.raises(CommandError, match="No patient"):
        call_command("erase_patient", str(patient.pk), "--reference", "Quillfeather", *why)
    assert not Patient.objects.get(pk=patient.pk).is_erased
    call_command("erase_patient", str(patient.pk), "--reference", "Quillfeather-77", *why, stdout=StringIO())
    assert Patient.objects.get(pk=patient.pk).is_erased
    with pytest.raises(CommandError, match="was erased"):
        call_command("erase_patient", str(patient.pk), "--reference", "Quillfeather-77", *why)


def test_a_key_that_is_gone_without_an_entry_is_told(patient: Patient):
    PatientKey.objects.all().delete()
    assert list(verifying.without_key()) == [
        "clinic_patientkey: the keys of 1 patients are gone, and no entry tells of an erasure"
    ]


def test_what_clinicians_write_of_a_patient_is_sealed_and_goes_with_the_key(here: Site, clerk: User, clinician: User):
    said = "Her sister Mossgrove rang"
    assessment = factories.assessment(here, clinician, **DISTRESS)
    intake = assessment.intake
    decisions.decide(assessment=assessment, kind="rejected", reason="other", note=said, by=clinician)
    intakes.complete(intake=intake, by=clinician)
    intakes.reopen(intake=intake, reason=said, by=clinician)
    intakes.cancel(intake=intake, reason=said, by=clinician)
    assert Intake.objects.get().cancel_reason == Decision.objects.get().note == said
    assert "Mossgrove" not in everything_stored()
    with in_many_years():
        erase(intake.patient)
    assert Intake.objects.get().cancel_reason == Decision.objects.get().note == ""
    assert "as they were written" in verified()
