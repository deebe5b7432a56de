"""In an emergency a clinician reads one patient of another site, and nothing else, and writes nothing."""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.actions import chasing, decisions, imaging, intakes, letters, patients, people, referrals, stops, verifying
from clinic.models import (
    Assessment,
    AuditEvent,
    BreakGlass,
    Decision,
    Escalation,
    Intake,
    Letter,
    Patient,
    Referral,
    ReferralStatus,
    Site,
    StopRecord,
    StudyEvent,
    User,
    WorkItem,
)
from clinic.models.base import SiteQuerySet
from clinic.models.work import WorkItemRows
from clinic.permissions import NotAllowed, Role
from tests import factories
from tests.clinic.apps import later
from tests.clinic.callers import Caller

LETTER, REFERRAL, ASSESSMENT, INTAKE, PATIENT = "letter", "referral", "assessment", "intake", "patient"
READ = [
    *((name, PATIENT) for name in ("patient", "trend")),
    *((name, INTAKE) for name in ("check", "timeline", "imaging")),
    *(("assessment", ASSESSMENT), ("referral", REFERRAL), ("letter", LETTER)),
]
OPENED = {
    *(Patient, Intake, Assessment, Decision, StopRecord, StudyEvent),
    *(Referral, ReferralStatus, Letter, WorkItem, Escalation),
}
WRITTEN = [
    *((name, PATIENT) for name in ("correct_patient", "start_intake")),
    *((name, INTAKE) for name in ("complete", "cancel", "reopen", "imaging", "stop")),
    *(("decide", ASSESSMENT),),
]


@pytest.fixture
def patient(elsewhere: Site) -> Patient:
    return factories.patient(elsewhere, reference="E-100", family_name="Quillfeather")


@pytest.fixture
def ids(patient: Patient) -> dict[str, Any]:
    """The records of the patient by kind."""
    return treated(patient)


def treated(patient: Patient) -> dict[str, Any]:
    factories.published_release()
    theirs = factories.user(Role.CLINICIAN, patient.site)
    intake = intakes.open(patient=patient, by=theirs)
    given = factories.answers("distressed_after_treatment")
    assessment = intakes.answer(intake=intake, answers=given, by=theirs)
    decisions.decide(assessment=assessment, kind="accepted", by=theirs)
    letter, _ = letters.issue(assessment=assessment, kind="patient", by=theirs)
    intakes.complete(intake=intake, by=theirs)
    referral = assessment.referrals.all()[0]
    referrals.advance(referral=referral, verb="send", destination="St Agnes Physiotherapy", by=theirs)
    made = {PATIENT: patient, INTAKE: intake, ASSESSMENT: assessment, LETTER: letter, REFERRAL: referral}
    return {kind: row.pk for kind, row in made.items()}


def back_again(patient: Patient) -> None:
    """The patient comes back with an emergency, and is forgotten for a month."""
    theirs = factories.user(Role.CLINICIAN, patient.site)
    intake = intakes.open(patient=patient, by=theirs)
    assessment = intakes.answer(intake=intake, answers={"ces_saddle": "yes"}, by=theirs)
    stops.record(assessment=assessment, text="Rang the emergency number.", by=theirs)
    imaging.record(intake=intake, study={"modality": "mri", "region": "lumbar", "status": "requested"}, by=theirs)
    with later(days=30):
        chasing.chase()


@pytest.fixture
def access(patient: Patient, clinician: User) -> BreakGlass:
    return factories.emergency_access(patient, clinician)


@pytest.fixture
def reader(client: Client, clinician: User) -> Client:
    client.force_login(clinician)
    return client


def status(client: Client, name: str, pk: Any, *, method: str = "get") -> int:
    answered: int = getattr(client, method)(reverse(name, args=[pk])).status_code
    return answered


@pytest.mark.parametrize(("page", "kind"), READ)
def test_every_page_of_the_patient_is_read_and_only_while_the_access_holds(
    reader: Client, clinician: User, patient: Patient, ids: dict[str, Any], page: str, kind: str
):
    assert status(reader, page, ids[kind]) == 404
    factories.emergency_access(patient, clinician)
    assert status(reader, page, ids[kind]) == 200
    with later(minutes=29):
        assert status(reader, page, ids[kind]) == 200
    with later(minutes=31):
        assert status(reader, page, ids[kind]) == 404
    assert status(reader, page, ids[kind]) == 404, "what has ended does not come back with the clock"


def test_the_pages_show_what_the_site_itself_sees(
    reader: Client, access: BreakGlass, elsewhere: Site, ids: dict[str, Any]
):
    client = Client()
    client.force_login(factories.user(Role.CLINICIAN, elsewhere))
    pages = {
        "patient": ("intakes", "referrals"),
        "assessment": ("decision", "issued", "referrals"),
        "referral": ("history", "issued"),
        "timeline": ("days",),
    }
    for page, parts in pages.items():
        address = reverse(page, args=[ids[dict(READ)[page]]])
        seen, theirs = (each.get(address).context for each in (reader, client))
        for part in parts:
            assert theirs[part]
            assert str(seen[part]) == str(theirs[part]), (page, part)
    letter = reverse("letter", args=[ids[LETTER]])
    assert reader.get(letter).content == client.get(letter).content


def test_of_every_table_it_opens_the_rows_of_that_patient_only(
    clinician: User, access: BreakGlass, elsewhere: Site, ids: dict[str, Any]
):
    other = factories.patient(elsewhere)
    treated(other)
    for each in (access.patient, other):
        back_again(each)
    clinician.emergency = access
    seen: dict[Any, set[Any]] = {}
    for model in apps.get_app_config("clinic").get_models():
        if isinstance(rows := model._default_manager.all(), SiteQuerySet | WorkItemRows):
            path = getattr(rows, "patient_path", "patient")
            found = rows.visible_to(clinician)
            seen[model] = set(found.values_list(path, flat=True)) if path else set(found)
    assert {model for model, patients in seen.items() if patients == {access.patient_id}} == OPENED
    assert not any(patients for model, patients in seen.items() if model not in OPENED)


def test_another_patient_of_that_site_stays_unseen(reader: Client, access: BreakGlass, elsewhere: Site):
    other = factories.open_intake(elsewhere)
    assert status(reader, "patient", other.patient_id) == 404
    assert status(reader, "timeline", other.pk) == 404


def test_nobody_else_sees_by_it(client: Client, access: BreakGlass, here: Site):
    client.force_login(factories.user(Role.CLINICIAN, here))
    assert status(client, "patient", access.patient_id) == 404


def test_lists_searches_worklist_administration_and_api_stay_blind(
    reader: Client, clinician: User, here: Site, access: BreakGlass, ids: dict[str, Any]
):
    assert status(reader, "patient", ids[PATIENT]) == 200
    people.grant(user=clinician, site=here, role=Role.AUDITOR, by=people.system())
    answers = [reader.post(reverse("find_patient"), {"words": each}) for each in ("Quillfeather", "E-100")]
    answers += [reader.get(reverse(each)) for each in ("worklist", "find_patient", "admin:index")]
    for kind in (PATIENT, INTAKE, ASSESSMENT, REFERRAL, LETTER, "auditevent", "breakglass"):
        answers.append(reader.get(reverse(f"admin:clinic_{kind}_changelist")))
        one = reader.get(reverse(f"admin:clinic_{kind}_change", args=[ids.get(kind, access.pk)]))
        assert one.status_code == 404, kind
    assert {each.status_code for each in answers} == {200}
    texts = [each.content.decode() for each in answers]
    assert not any(words in text for text in texts for words in (str(ids[PATIENT]), "Quillfeather, Ada", "Ada Quill"))
    program = Caller(clinician, here)
    for address in (f"patients/{ids[PATIENT]}/", f"intakes/{ids[INTAKE]}/", f"assessments/{ids[ASSESSMENT]}/"):
        assert program.get(address).status_code == 404
        assert reader.get(f"/api/v1/{address}").status_code == 404
    assert program.post("patients/search/", {"words": "Quillfeather"}).json()["results"] == []
    assert program.get("worklist/").json()["results"] == []


@pytest.mark.parametrize(("page", "kind"), WRITTEN)
def test_nothing_is_written_by_it(
    reader: Client, access: BreakGlass, elsewhere: Site, ids: dict[str, Any], page: str, kind: str
):
    before = AuditEvent.objects.filter(site=elsewhere).latest("seq").seq
    assert status(reader, page, ids[kind], method="post") == 404
    left = AuditEvent.objects.filter(site=elsewhere, seq__gt=before)
    assert [each.action.partition(".")[2] for each in left] == ["refused"]


def test_the_actions_themselves_refuse_it(
    reader: Client, clinician: User, access: BreakGlass, ids: dict[str, Any], patient: Patient
):
    clinician.emergency = access
    intake = patient.intakes.get()
    assessment = intake.assessments.get(version=intake.version)
    refused = [
        lambda: patients.correct(patient=patient, changes={"phone": "1"}, by=clinician),
        lambda: intakes.answer(intake=intake, answers={"fever": "yes"}, by=clinician),
        lambda: intakes.complete(intake=intake, by=clinician),
        lambda: decisions.decide(assessment=assessment, kind="accepted", by=clinician),
        lambda: stops.record(assessment=assessment, text="Done.", by=clinician),
        lambda: letters.issue(assessment=assessment, kind="patient", by=clinician),
        lambda: letters.preview(assessment=assessment, kind="gp", by=clinician),
        lambda: referrals.advance(referral=assessment.referrals.all()[0], verb="cancel", reason="x", by=clinician),
    ]
    for act in refused:
        with pytest.raises(NotAllowed):
            act()


def test_an_open_intake_is_read_and_not_filled_in(reader: Client, access: BreakGlass, patient: Patient):
    factories.published_release()
    intake = intakes.open(patient=patient, by=factories.user(Role.CLINICIAN, patient.site))
    answers = reverse("check", args=[intake.pk])
    for page in ("intake", "section"):
        wanted = [intake.pk, *(["pain"] if page == "section" else [])]
        assert reader.get(reverse(page, args=wanted)).url == answers
    assert reader.get(answers).status_code == 200
    assert "Continue" not in reader.get(reverse("patient", args=[patient.pk])).content.decode()
    assert status(reader, "correct_patient", patient.pk) == 403
    refused = AuditEvent.objects.get(site=patient.site, action="patient.refused")
    assert refused.detail == {"status": 403, "purpose": "BTG", "break_glass": str(access.pk)}


def test_a_stop_card_shows_what_still_waits(reader: Client, access: BreakGlass, patient: Patient):
    factories.published_release()
    theirs = factories.user(Role.CLINICIAN, patient.site)
    intake = intakes.open(patient=patient, by=theirs)
    intakes.answer(intake=intake, answers={"ces_saddle": "yes"}, by=theirs)
    shown = reader.get(reverse("stop", args=[intake.pk]))
    assert shown.context["waits_until"]
    assert not shown.context["may_record"]


def test_who_has_no_access_pays_nothing_for_those_who_have(reader: Client, here: Site, clinician: User):
    own = factories.patient(here)
    with CaptureQueriesContext(connection) as asked:
        assert status(reader, "patient", own.pk) == 200
    assert not any("clinic_breakglass" in each["sql"] for each in asked)


def test_the_banner_stops_it(reader: Client, access: BreakGlass, ids: dict[str, Any], clinician: User):
    for page, kind in READ:
        if page not in ("trend", "letter"):
            shown = reader.get(reverse(page, args=[ids[kind]])).content.decode()
            assert 'role="status"' in shown
            for words in (
                access.site.name,
                str(clinician),
                access.get_reason_display(),
                access.note,
                f"{access.ends_at:%H:%M}",
            ):
                assert words in shown, (page, words)
            assert reverse("break_glass_stop", args=[access.pk]) in shown
    assert reader.post(reverse("break_glass_stop", args=[access.pk])).url == reverse("find_patient")
    assert status(reader, "patient", access.patient_id) == 404
    assert "Emergency access to a patient of" not in reader.get(reverse("worklist")).content.decode()


def test_start_read_and_end_are_entries_of_the_patients_site_with_their_purpose(
    reader: Client, clinician: User, access: BreakGlass, elsewhere: Site, ids: dict[str, Any]
):
    reader.get(reverse("patient", args=[ids[PATIENT]]))
    reader.get(reverse("letter", args=[ids[LETTER]]))
    reader.post(reverse("break_glass_stop", args=[access.pk]))
    entries = AuditEvent.objects.filter(site=elsewhere, actor=clinician).order_by("seq")
    assert [each.action for each in entries] == [
        "break_glass.start",
        "patient.read",
        "letter.print",
        "break_glass.stop",
    ]
    assert {each.detail["purpose"] for each in entries} == {"BTG"}
    assert {each.subject for each in entries} == {ids[PATIENT]}
    assert {each.role for each in entries} == {""}, "no role of theirs let them see it"
    assert not any("saddle" in str(each.detail) for each in entries)
    assert verifying.first_broken(elsewhere) is None
