"""Whatever leaves with the name of a patient is in the trail, whatever the status it leaves with."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from clinic.actions import decisions, intakes
from clinic.actions.seen import SHOWN
from clinic.letters import typesetting
from clinic.models import AuditEvent, Patient, Site, User
from clinic.permissions import Role
from tests import factories
from tests.clinic.callers import caller
from tests.clinic.test_authorisation import ADDRESSES, is_about_a_record, path
from tests.clinic.test_canaries import OF_PATIENTS, treated

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="the rules have no database")

FORMS: list[dict[str, str]] = [
    {},
    {"version": "1"},
    {"version": "99999"},
    {"version": "1", "since": "1", "ces_saddle": "no", "fever": "yes", "duration_days": "-5"},
    {"words": OF_PATIENTS[:5], "q": OF_PATIENTS[:5], "destination": "x" * 900, "reason": "x" * 3000},
    {"reference": "R", "given_name": "", "family_name": "", "date_of_birth": "tomorrow", "reason": "", "text": ""},
]
BODIES = ["{}", "[]", "{", '{"answers": {"duration_days": -5}}', '{"answers": {"fever": "no"}}', '{"words": "Xqpat"}']
HEADERS = [{}, {"If-Match": '"99999"'}, {"If-Match": "*"}, {"If-None-Match": '"1"'}]


@pytest.fixture
def ids(here: Site, clinician: User) -> list[dict[str, Any]]:
    """The records of somebody who was treated, and those of the same person's intake that is open."""
    factories.published_release()
    known = treated(here, clinician)
    patient = Patient.objects.get(pk=known["patient"])
    open_one = intakes.open(patient=patient, by=clinician)
    urgent = intakes.answer(intake=open_one, answers={"ces_saddle": "yes", "fever": "no"}, by=clinician)
    return [known, known | {"intake": open_one.pk, "assessment": urgent.pk}]


class Watched:
    """All that somebody is answered, and whether the trail tells of every answer that names a patient."""

    def __init__(self, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client = Client(raise_request_exception=False)
        self.client.force_login(user)
        self.set: list[str] = []
        compiled = typesetting.typst.compile
        monkeypatch.setattr(
            typesetting.typst, "compile", lambda *args, **more: self.set.append(repr(more)) or compiled(*args, **more)
        )
        self.marks = "|".join([OF_PATIENTS, *(str(pk) for pk in Patient.objects.values_list("pk", flat=True))])
        self.untold: set[tuple[str, str, int]] = set()
        self.named: set[tuple[str, int]] = set()
        self.statuses: set[int] = set()

    def ask(self, method: str, name: str, address: str, body: str, kind: str, headers: dict[str, str]) -> None:
        with transaction.atomic():
            answer = self.client.generic(method, address, body, content_type=kind, headers=headers)
            told = is_told(answer["X-Request-Id"])
            transaction.set_rollback(True)
        text = answer.content.decode(errors="ignore") + "".join(self.set)
        self.set.clear()
        self.statuses.add(answer.status_code)
        if re.search(self.marks, text, re.IGNORECASE):
            self.named.add((name, answer.status_code))
            if not told:
                self.untold.add((method, name, answer.status_code))

    def everything(self, name: str, address: str) -> None:
        for headers in HEADERS[:: 3 if not name.startswith("api:") else 1]:
            self.ask("GET", name, address, "", "application/x-www-form-urlencoded", headers)
        if name.startswith("api:"):
            for body, headers in [*zip(BODIES, HEADERS * 2, strict=False), (BODIES[4], HEADERS[1])]:
                self.ask("POST", name, address, body, "application/json", headers)
            return
        for form in FORMS:
            self.ask("POST", name, address, urlencode(form), "application/x-www-form-urlencoded", {})


def is_told(request_id: str) -> bool:
    """Whether an entry of this request says of which patient, or which of their rows a list showed."""
    models = {shown.model for shown in SHOWN.values()}
    rows = {str(pk) for model in models for pk in model._base_manager.values_list("pk", flat=True)}
    for entry in AuditEvent.objects.filter(request_id=request_id):
        if entry.subject or set(entry.detail.get("found", [])) & rows:
            return True
    return False


def test_whatever_names_a_patient_is_told_whatever_its_status(
    here: Site, clinician: User, ids: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(clinician, monkeypatch)
    for name in ADDRESSES:
        if name not in ("logout", "admin:logout"):
            for about in ids if is_about_a_record(name) else ids[:1]:
                watched.everything(name, path(name, about))
    assert watched.untold == set()
    assert {200, 409, 412, 422, 428} <= watched.statuses
    assert {409, 422} <= {status for _, status in watched.named}


def test_a_registration_that_is_repeated_names_the_patient(here: Site) -> None:
    clerk = caller(Role.CLERK, here)
    factories.published_release()
    who = {"reference": "R1", "given_name": "Ada", "family_name": "Example", "date_of_birth": "1980-01-01"}
    for times in range(2):
        made = clerk.post("patients/", {"site": here.slug, **who}, **{"Idempotency-Key": "k-1"})
        opened = clerk.post(
            "intakes/", {"patient": made.json()["id"], "protocol": "back-pain"}, **{"Idempotency-Key": "k-2"}
        )
        assert (made.status_code, opened.status_code) == (201, 201), times
    told = AuditEvent.objects.filter(actor=clerk.user, subject=made.json()["id"]).order_by("seq")
    assert list(told.values_list("action", flat=True)) == [
        "patient.register",
        "intake.open",
        "patient.read",
        "intake.read",
    ]


def test_a_body_that_cannot_be_is_no_read_of_another_sites_record(here: Site, elsewhere: Site, clinician: User) -> None:
    assessment = factories.assessment(here, clinician, duration_days=10, off_work="yes")
    decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    stranger, referral = caller(Role.CLINICIAN, elsewhere), assessment.referrals.all()[0]
    assert stranger.post(f"referrals/{referral.pk}/send/").status_code == 404
    told = AuditEvent.objects.filter(actor=stranger.user, subject=referral.patient_id)
    assert [(each.action, each.detail["status"]) for each in told] == [("referral.refused", 404)]


def test_whose_names_stand_beside_the_worklist_are_told(client: Client, here: Site, clinician: User) -> None:
    patient = factories.patient(here, by=clinician)
    client.force_login(clinician)
    assert patient.family_name in client.get(reverse("worklist")).content.decode()
    assert str(patient.pk) in AuditEvent.objects.filter(action="work.list").latest("seq").detail["found"]


def test_the_page_of_emergency_accesses_tells_whose_references_it_shows(
    client: Client, here: Site, elsewhere: Site
) -> None:
    patient, stranger = factories.patient(here), factories.user(Role.CLINICIAN, elsewhere)
    access = factories.emergency_access(patient, stranger)
    client.force_login(stranger)
    assert patient.reference in client.get(reverse("break_glass")).content.decode()
    told = AuditEvent.objects.filter(site=here).latest("seq")
    assert (told.action, told.detail["found"]) == ("break_glass.list", [str(access.pk)])
