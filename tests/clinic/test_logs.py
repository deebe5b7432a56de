"""The log says what was done and nothing of anybody: a word typed in anywhere is in no line of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from clinic import logs
from clinic.models import Site, User
from clinic.permissions import Role
from clinic.web.worklist import Worklist
from tests import factories
from tests.clinic.callers import Caller

pytestmark = pytest.mark.django_db

CANARY = "quillfeather"
ALLOWED = {
    *("at", "level", "logger", "event", "faults", "places"),
    *("request_id", "method", "route", "status", "milliseconds", "user"),
}
PERSON = {"given_name": "Ada", "family_name": CANARY, "date_of_birth": "1980-02-03", "sex": "female"}


class Log:
    """What is written as in a clinic, and what would be written by a logger that takes everything."""

    def __init__(self) -> None:
        self.ours, self.plain = StringIO(), StringIO()
        self.handlers = [logging.StreamHandler(self.plain), logging.StreamHandler(self.ours)]
        self.handlers[1].setFormatter(logs.formatter(as_json=True))

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.ours.getvalue().splitlines()]

    @property
    def requests(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == "request"]


@pytest.fixture
def log() -> Iterator[Log]:
    log, root = Log(), logging.getLogger()
    level = root.level
    root.setLevel(logging.INFO)
    for handler in log.handlers:
        root.addHandler(handler)
    yield log
    for handler in log.handlers:
        root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def staff(clinician: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(clinician)
    return client


def test_a_request_is_one_line_that_says_who_did_what_and_how_it_went(log: Log, staff: Client, clinician: User):
    staff.get(reverse("worklist"), {"q": CANARY}, headers={"X-Request-Id": "given-by-a-proxy"})
    (line,) = log.lines
    assert set(line) == ALLOWED - {"faults", "places"}
    assert line["milliseconds"] > 0
    named = ("logger", "level", "event", "request_id", "method", "route", "status", "user")
    assert [line[name] for name in named] == [
        *("clinic.watching", "info", "request", "given-by-a-proxy", "GET", "worklist", 200, str(clinician.pk)),
    ]


def test_a_program_is_known_by_its_id_and_a_stranger_is_nobody(log: Log, here: Site):
    program = Caller(factories.user(Role.INTEGRATOR, here), here)
    program.get("worklist/")
    Client().get("/api/v1/worklist/")
    assert [(line["route"], line["status"], line["user"]) for line in log.requests] == [
        ("api:worklist", 200, str(program.user.pk)),
        ("api:worklist", 401, None),
    ]


def through_the_web(staff: Client, here: Site) -> None:
    intake = factories.open_intake(here)
    staff.post(reverse("register_patient"), {**PERSON, "reference": CANARY})
    staff.post(reverse("register_patient"), {**PERSON, "reference": CANARY})
    staff.post(reverse("find_patient"), {"words": CANARY})
    staff.get(reverse("worklist"), {"q": CANARY, "kind": CANARY})
    section = reverse("section", args=[intake.pk, "pain"])
    staff.post(section, {"version": "1", "answer-duration_days": CANARY, "then": "continue"})
    staff.post(reverse("cancel", args=[intake.pk]), {"reason": CANARY, "version": "1"})
    staff.post(reverse("login"), {"username": CANARY, "password": CANARY})


def through_the_api(staff: Client, here: Site) -> None:
    program = Caller(factories.user(Role.INTEGRATOR, here), here)
    intake = factories.open_intake(here)
    program.post("patients/", {**PERSON, "reference": CANARY, "site": here.slug})
    program.post(f"intakes/{intake.pk}/answers/", {"answers": {"fever": CANARY, CANARY: "yes"}})
    program.post(f"intakes/{intake.pk}/answers/", '{"answers": {"' + CANARY)
    program.post(f"{CANARY}/", {CANARY: CANARY})
    program.get(f"patients/?cursor={CANARY}&{CANARY}=1")
    Client(headers={"Authorization": f"Bearer {CANARY}"}).get("/api/v1/patients/")


def through_the_admin(staff: Client, here: Site) -> None:
    staff.get(reverse("admin:clinic_patient_changelist"), {"q": CANARY})
    staff.post(reverse("admin:clinic_patient_changelist"), {"q": CANARY})
    staff.get(reverse("admin:clinic_patient_changelist"), {CANARY: CANARY, "e": "1"})
    staff.get(f"/admin/clinic/patient/{CANARY}/change/")
    staff.post(reverse("password"), {"old": CANARY, "new": CANARY})


def by_bad_requests(staff: Client, here: Site) -> None:
    headers = {"X-Request-Id": f"<{CANARY}>", "User-Agent": CANARY, "Referer": f"https://clinic.example/{CANARY}"}
    staff.get(f"/{CANARY}/?{CANARY}", headers=headers)
    staff.get("/", headers={"Host": f"{CANARY}.example"})
    staff.generic(CANARY.upper(), "/")
    staff.get(f"/patients/{CANARY}%00/")
    staff.post(reverse("find_patient"), {f"{CANARY}{number}": "x" for number in range(2000)})
    Client(enforce_csrf_checks=True).post(f"/login/?{CANARY}", {"username": CANARY})


def by_faults_of_ours(staff: Client, here: Site) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for fault in (ValueError(CANARY), IntegrityError(f"Key (reference)=({CANARY}) already exists.")):

            def fail(*_: Any, fault: Exception = fault, **__: Any) -> None:
                raise fault from KeyError(CANARY)

            patch.setattr(Worklist, "get", fail)
            assert staff.get(reverse("worklist"), {"q": CANARY}).status_code == 500
    logging.getLogger("another.package").warning("It met %s and {%s}" % (CANARY, CANARY), extra={"patient": CANARY})  # noqa: UP031
    logging.getLogger("clinic.anything").warning("It met %s.", CANARY, extra={"patient": CANARY})


WAYS = [through_the_web, through_the_api, through_the_admin, by_bad_requests, by_faults_of_ours]


@pytest.mark.parametrize("way", WAYS)
def test_a_word_typed_in_anywhere_is_in_no_line(way: Any, log: Log, staff: Client, here: Site):
    way(staff, here)
    assert len(log.requests) >= 2
    assert CANARY not in log.ours.getvalue().lower()
    assert {key for line in log.lines for key in line} <= ALLOWED
    for line in log.requests:
        assert line["user"] is None or UUID(line["user"])
        assert line["method"] in {"GET", "POST", "OTHER"}


@pytest.mark.parametrize("way", [by_bad_requests, by_faults_of_ours])
def test_a_log_that_takes_everything_would_have_told(way: Any, log: Log, staff: Client, here: Site):
    way(staff, here)
    assert CANARY in log.plain.getvalue().lower()


def test_a_fault_is_told_by_its_kind_and_place_and_by_the_id_of_its_request(log: Log, staff: Client, here: Site):
    by_faults_of_ours(staff, here)
    faults = [line for line in log.lines if "faults" in line]
    assert [line["faults"] for line in faults] == [["ValueError", "KeyError"], ["IntegrityError", "KeyError"]]
    assert all("in fail" in place or " fail" in place for place in (line["places"][-1] for line in faults))
    assert [line["status"] for line in log.requests] == [500, 500]
    assert all(line["level"] == "error" for line in log.requests)


def test_on_a_screen_a_line_can_be_read(log: Log, staff: Client):
    log.handlers[1].setFormatter(logs.formatter(as_json=False))
    staff.get(reverse("worklist"))
    assert "route=worklist" in log.ours.getvalue()
    assert "{" not in log.ours.getvalue()
