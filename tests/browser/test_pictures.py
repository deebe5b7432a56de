"""The pictures of the documentation, taken of the demo clinic: `make pictures`."""

import os
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.models import Count
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from clinic.management.demo import read_story
from clinic.models import Assessment, Escalation, Intake, Patient, StudyEvent
from tests.browser.staff import assert_fits, follow

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not os.environ.get("YELLOWFLAG_PICTURES"), reason="pictures are taken by `make pictures`"),
]

PICTURES = Path(__file__).parents[2] / "docs/screenshots"
LARGEST = 300_000  # bytes; they are kept in the repository
WIDE, NARROW, TALL = {"width": 1280, "height": 1000}, {"width": 320, "height": 900}, {"width": 1280, "height": 1400}


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, transactional_db: None) -> Iterator[Page]:
    """Of a browser in the demo clinic."""
    call_command("load_demo", stdout=StringIO())
    with browser.new_context(base_url=live_server.url, viewport=WIDE) as context:
        yield context.new_page()


def log_in(page: Page, username: str) -> None:
    page.context.clear_cookies()
    page.goto("/login/")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(read_story()["password"])
    follow(page.get_by_role("button", name="Log in"))
    page.get_by_role("button", name="Log out").wait_for()


def take(page: Page, name: str, address: str) -> None:
    page.goto(address)
    assert_fits(page)
    taken = page.screenshot()
    assert len(taken) < LARGEST, f"{name} has {len(taken)} bytes"
    (PICTURES / f"{name}.png").write_bytes(taken)


def person(reference: str) -> Patient:
    return Patient.objects.called(reference).get()


def intake(reference: str) -> Intake:
    return Intake.objects.filter(patient=person(reference)).latest("opened_at")


def assessment(reference: str) -> Assessment:
    return Assessment.objects.filter(intake=intake(reference)).latest("version")


def addresses() -> dict[str, str]:
    """What is worth a picture; the patients are those of the demo's story."""
    unanswered = Escalation.objects.filter(stage="sent").earliest("at").referral_id
    scanned = StudyEvent.objects.filter(step="classed").earliest("at").intake_id
    returned = Patient.objects.annotate(visits=Count("intakes")).filter(visits=2).earliest("id").pk
    return {
        "worklist": "/",
        "section": f"/intakes/{intake('DEMO-029').pk}/sections/red_flags/",
        "stop-card": f"/intakes/{intake('DEMO-022').pk}/stop/",
        "result": f"/assessments/{assessment('DEMO-012').pk}/",
        "referral": f"/referrals/{unanswered}/",
        "imaging": f"/intakes/{scanned}/imaging/",
        "patient": f"/patients/{returned}/",
        "timeline": f"/intakes/{intake('DEMO-013').pk}/timeline/",
    }


def test_the_pages_of_the_demo_are_worth_a_picture(page: Page):
    log_in(page, "clinician")
    wanted = addresses()
    patient = wanted.pop("patient")
    for name, address in wanted.items():
        take(page, name, address)
    page.emulate_media(color_scheme="dark")
    take(page, "result-dark", wanted["result"])
    take(page, "worklist-dark", wanted["worklist"])
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(NARROW)
    take(page, "section-narrow", wanted["section"])
    take(page, "worklist-narrow", wanted["worklist"])
    page.set_viewport_size(TALL)
    take(page, "patient", patient)
    log_in(page, "admin")
    take(page, "dashboard", "/admin/")
