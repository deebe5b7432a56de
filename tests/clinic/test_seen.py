"""Whoever is shown a record of a patient, or refused it, is in the trail; where that cannot be, nothing is shown."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from clinic import clock
from clinic.actions import audit, decisions, letters, origin, people, verifying
from clinic.actions.seen import SHOWN, is_nobodys
from clinic.models import AuditEvent, Door, Patient, Site, User
from clinic.models.base import uuid7
from clinic.permissions import Role
from tests import factories
from tests.bench.measuring import queries
from tests.clinic.callers import caller


def names(resolver: URLResolver, space: str = "") -> set[str]:
    """The name of every address."""
    found = set()
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            found |= names(pattern, f"{pattern.namespace}:" if pattern.namespace else space)
        else:
            found.add(f"{space}{pattern.name}")
    return found


def test_every_address_says_whose_records_it_shows_or_why_nobodys() -> None:
    every = names(get_resolver())
    assert len(every) > 150
    assert {each for each in every if each not in SHOWN and not is_nobodys(each)} == set()
    assert SHOWN.keys() <= every


@pytest.fixture
def reader(client: Client, clinician: User) -> Client:
    client.force_login(clinician)
    return client


@pytest.fixture
def ids(here: Site, clinician: User) -> dict[str, Any]:
    """The id that each page of a patient's wants."""
    assessment = factories.assessment(here, clinician, "distressed_after_treatment")
    decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    letter, _ = letters.issue(assessment=assessment, kind="patient", by=clinician)
    intake = assessment.intake
    return {
        "patient": intake.patient_id,
        "intake": intake.pk,
        "assessment": assessment.pk,
        "letter": letter.pk,
        "referral": assessment.referrals.all()[0].pk,
    }


PAGES = [
    ("patient", "patient", "patient.read"),
    ("correct_patient", "patient", "patient.read"),
    ("timeline", "intake", "intake.read"),
    ("check", "intake", "intake.read"),
    ("assessment", "assessment", "assessment.read"),
    ("letter", "letter", "letter.print"),
    ("referral", "referral", "referral.read"),
    ("admin:clinic_patient_change", "patient", "patient.read"),
    ("admin:clinic_intake_history", "intake", "intake.read"),
    ("admin:clinic_letter_change", "letter", "letter.read"),
]


def last(site: Site | None) -> AuditEvent:
    return AuditEvent.objects.filter(site=site).latest("seq")


@pytest.mark.parametrize(("page", "kind", "action"), PAGES)
def test_a_read_is_one_entry_with_who_whom_and_what(
    here: Site, clinician: User, client: Client, ids: dict[str, Any], page: str, kind: str, action: str
) -> None:
    people.grant(user=clinician, site=here, role=Role.AUDITOR, by=people.system())
    client.force_login(clinician)
    before = AuditEvent.objects.filter(site=here).count()
    assert client.get(reverse(page, args=[ids[kind]])).status_code == 200
    entry = last(here)
    assert AuditEvent.objects.filter(site=here).count() == before + 1
    assert (entry.action, entry.actor) == (action, clinician)
    assert (entry.object_id, entry.subject) == (ids[kind], ids["patient"])
    assert verifying.first_broken(here) is None


def test_a_search_is_told_with_what_it_found_and_not_with_its_words(
    reader: Client, here: Site, elsewhere: Site, clerk: User
) -> None:
    found = factories.patient(here, by=clerk, family_name="Quillfeather")
    for words in ("Quillfeather", "quillfeather ", "Nobody"):
        reader.post(reverse("find_patient"), {"words": words})
    same, again, none = list(AuditEvent.objects.filter(site=here, action="patient.search").order_by("seq"))
    assert (same.detail["number"], same.detail["found"]) == (1, [str(found.pk)])
    assert same.detail["words"] == again.detail["words"] != none.detail["words"]
    assert none.detail["number"] == 0
    assert "uillfeather" not in json.dumps([same.detail, again.detail])


def test_a_list_is_told_with_whom_it_showed(reader: Client, here: Site, clinician: User) -> None:
    intake = factories.open_intake(here, clinician)
    reader.get(reverse("worklist"))
    entry = last(here)
    assert (entry.action, entry.detail["number"]) == ("work.list", 2)  # what is waited for, and whom one saw last
    assert str(intake.patient_id) in entry.detail["found"]
    machine = caller(Role.CLINICIAN, here)
    machine.get("intakes/")
    assert (last(here).action, last(here).detail["found"], last(here).door) == (
        "intake.list",
        [str(intake.pk)],
        Door.API,
    )


@pytest.mark.parametrize("address", ["patients/{patient}/", "intakes/{intake}/", "assessments/{assessment}/"])
def test_what_is_refused_to_another_site_is_told_to_the_site_of_the_record(
    here: Site, elsewhere: Site, ids: dict[str, Any], address: str
) -> None:
    stranger = caller(Role.CLINICIAN, elsewhere)
    assert stranger.get(address.format(**ids)).status_code == 404
    entry = last(here)
    assert (entry.action.partition(".")[2], entry.actor, entry.subject) == ("refused", stranger.user, ids["patient"])
    assert entry.role == ""


def test_what_is_not_there_is_told_to_nobody(here: Site) -> None:
    before = AuditEvent.objects.count()
    assert caller(Role.CLINICIAN, here).get("patients/01890000-0000-7000-8000-000000000000/").status_code == 404
    assert not AuditEvent.objects.filter(action="patient.refused").exists()
    assert AuditEvent.objects.count() > before  # the token


def test_a_write_is_not_told_as_a_read_too(here: Site) -> None:
    clerk = caller(Role.CLERK, here)
    body = {"site": here.slug, "reference": "R1", "given_name": "Ada", "family_name": "Example"}
    clerk.post("patients/", {**body, "date_of_birth": "1980-01-01", "sex": "female"})
    assert list(AuditEvent.objects.filter(subject=Patient.objects.get().pk).values_list("action", flat=True)) == [
        "patient.register"
    ]


def test_a_repeated_write_that_only_shows_the_first_answer_again_is_a_read(here: Site) -> None:
    clerk = caller(Role.CLERK, here)
    intake = factories.open_intake(here)
    for _ in range(2):
        answer = clerk.post(f"intakes/{intake.pk}/answers/", {"answers": {"fever": "no"}}, **{"Idempotency-Key": "k-1"})
        assert answer.status_code == 200, answer.content
    told = AuditEvent.objects.filter(site=here, actor=clerk.user, subject=intake.patient_id).order_by("seq")
    assert list(told.values_list("action", flat=True)) == ["intake.answer", "intake.read"]


@pytest.mark.parametrize("address", ["patients/{patient}/", "patients/", "worklist/", "assessments/{assessment}/"])
def test_nothing_is_shown_where_the_trail_cannot_be_written(
    here: Site, ids: dict[str, Any], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = caller(Role.CLINICIAN, here)
    machine.client.raise_request_exception = False

    def fails(*_args: object, **_details: object) -> None:
        raise DatabaseError("disk I/O error")

    monkeypatch.setattr(audit, "_append", fails)
    answer = machine.get(address.format(**ids))
    assert answer.status_code >= 500
    assert "Example" not in answer.content.decode()


def test_outside_a_request_nothing_is_kept_for_the_trail(here: Site) -> None:
    origin.note_found([factories.patient(here)], words="Ada")
    assert (origin.current().found, origin.current().words) == ({}, "")


def test_the_timeline_says_who_has_looked_at_the_patients_records(
    reader: Client, clinician: User, clerk: User, ids: dict[str, Any]
) -> None:
    reader.get(reverse("patient", args=[ids["patient"]]))
    reader.get(reverse("assessment", args=[ids["assessment"]]))
    shown = reader.get(reverse("timeline", args=[ids["intake"]]))
    assert [(each["actor_label"], each["times"]) for each in shown.context["looks"]] == [
        (f"{clinician.display_name} ({clinician.username})", 2)
    ]
    assert "Who has looked at this patient" in shown.content.decode()


def test_the_timeline_tells_an_emergency_access_from_everyday_work(
    client: Client, elsewhere: Site, clinician: User, ids: dict[str, Any]
) -> None:
    stranger = factories.user(Role.CLINICIAN, elsewhere)
    factories.emergency_access(Patient.objects.get(pk=ids["patient"]), stranger)
    for reader in (stranger, clinician):
        client.force_login(reader)
        assert client.get(reverse("patient", args=[ids["patient"]])).status_code == 200
    shown = client.get(reverse("timeline", args=[ids["intake"]]))
    assert {each["actor_label"]: each["is_emergency"] for each in shown.context["looks"]} == {
        f"{stranger.display_name} ({stranger.username})": True,
        f"{clinician.display_name} ({clinician.username})": False,
    }
    assert shown.content.decode().count("Emergency access</span>") == 1


def test_an_auditor_looks_through_what_was_planted_among_the_rest(
    client: Client, here: Site, elsewhere: Site, clinician: User, ids: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(clinician)
    client.get(reverse("patient", args=[ids["patient"]]))
    client.get(reverse("letter", args=[ids["letter"]]))
    caller(Role.CLINICIAN, elsewhere).get(f"patients/{ids['patient']}/")
    noon, night = datetime(2020, 1, 8, 12, tzinfo=UTC), datetime(2020, 1, 8, 23, tzinfo=UTC)
    for at in (noon, night):
        monkeypatch.setattr(clock, "now", lambda at=at: at)
        seen = {"by": clinician, "site": here, "seen": Patient, "pk": ids["patient"], "subject": ids["patient"]}
        audit.record_seen(action="patient.read", detail={}, **seen)
    for _ in range(31):
        audit.record_seen(action="patient.read", detail={}, **{**seen, "subject": uuid7()})
    auditor = factories.user(Role.AUDITOR, here)
    client.force_login(auditor)

    def found(review: str) -> set[str]:
        page = client.get(reverse("admin:clinic_auditevent_changelist"), {"review": review})
        return {entry.action for entry in page.context["cl"].result_list}

    assert found("refused") == {"patient.refused"}
    assert {"patient.read", "letter.print"} <= found("seen")
    assert "letter.issue" not in found("seen")
    assert found("exports") == {"letter.print", "letter.issue"}
    planted = AuditEvent.objects.filter(at__in=(noon, night)).after_hours()
    assert set(planted.values_list("at", flat=True)) == {night}
    assert AuditEvent.objects.of_many_patients().count() == 32
    assert found("many") == {"patient.read"}
    assert "patient.read" in found("after_hours")


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.AUTHOR])
def test_whose_record_it_was_is_told_by_one_query(here: Site, role: Role):
    intake = factories.open_intake(here)
    program = caller(role, here)
    asked = queries(lambda: program.get(f"intakes/{intake.pk}/"))
    assert AuditEvent.objects.filter(object_id=intake.pk, actor=program.user).exists()
    assert not [each for each in asked if 'FROM "clinic_site"' in each]
