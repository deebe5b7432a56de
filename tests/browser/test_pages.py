"""Every staff page as it looks: accessible in the light and in the dark, and whole on the narrowest screen."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from clinic import clock
from clinic.actions import chasing, decisions, imaging, intakes, referrals, stops
from clinic.models import Assessment, Intake, Referral, Site, User
from clinic.permissions import Role
from tests import factories
from tests.browser.accessibility import assert_accessible
from tests.browser.staff import answer, assert_fits, follow, log_in
from tests.browser.test_journeys import DISTRESS

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = (
    (("Okafor", "Daniel", "male"), {"ces_saddle": "yes"}),
    (("Lindqvist", "Maja", "female"), {"fever": "yes"}),
    (("Barros", "Teresa", "female"), {"weight_loss": "yes"}),
    (("Haddad", "Samir", "male"), DISTRESS),
    (("Doyle", "Ciara", "female"), {}),
)


@dataclass(frozen=True)
class Clinic:
    """A practice in the middle of its day."""

    site: Site
    clinician: User
    emergency: Assessment
    refer: Assessment
    open: Intake
    corrected: Intake
    scanned: Intake
    returned: Intake
    sent: Referral
    foreign: Assessment


@pytest.fixture
def clinic() -> Clinic:
    """Five patients with an outcome each, and one whose intake has just begun."""
    factories.published_release()
    site = factories.site(
        name="Harbour Street Practice",
        crisis_line="0800 555 0142",
        emergency_department="St Agnes General, emergency entrance",
    )
    clinician = factories.user(Role.CLINICIAN, site, display_name="Dr Ines Amara")
    clerk = factories.user(Role.CLERK, site, display_name="Tom Reyes")
    outcomes = [assess(site, clerk, clinician, *each) for each in PEOPLE]
    stops.record(assessment=outcomes[1], text="Seen by the duty doctor at once.", by=clinician)
    for each in outcomes[1:4]:
        intakes.complete(intake=each.intake, by=clinician)
    referrals.propose(assessment=outcomes[3], by=clinician)
    begun = start(site, clerk, "Young", "Robin", "other")
    intakes.answer(intake=begun, answers={"fever": "yes", "ces_saddle": "no"}, by=clerk, source="patient")
    intakes.answer(intake=begun, answers={"fever": "no", "pain_site": "lumbar"}, by=clinician, source="record")
    return Clinic(
        site=site,
        clinician=clinician,
        emergency=outcomes[0],
        refer=outcomes[3],
        open=begun,
        corrected=correct(site, clerk, clinician),
        scanned=scan(site, clerk, clinician),
        foreign=open_elsewhere(clinician),
        **come_back(site, clerk, clinician),
    )


def open_elsewhere(clinician: User) -> Assessment:
    """A result of another practice, read in an emergency."""
    other = factories.site(name="Hillside Practice")
    assessment = factories.assessment(other, factories.user(Role.CLINICIAN, other), fever="yes")
    factories.emergency_access(assessment.intake.patient, clinician)
    return assessment


def scan(site: Site, clerk: User, clinician: User) -> Intake:
    """Two studies: one reported and to be classed, one of which the report is late."""
    intake = assess(site, clerk, clinician, ("Kowalczyk", "Aleksandra", "female"), {}).intake
    study = {
        "modality": "mri",
        "region": "lumbar",
        "status": "reported",
        "reason": "routine",
        "finding": "Two discs bulge.",
    }
    imaging.record(intake=intake, study=study, by=clinician)
    waiting = {"modality": "xray", "region": "thoracic", "status": "awaiting_report", "reason": "other"}
    with clock.at(clock.now() - timedelta(days=20)):
        imaging.record(intake=intake, study=waiting, by=clinician)
    intakes.complete(intake=intake, by=clinician)
    return intake


def come_back(site: Site, clerk: User, clinician: User) -> dict[str, Any]:
    """Referred five weeks ago; back today, feeling better, with the old red flags to be asked again."""
    with clock.at(clock.now() - timedelta(days=35)):
        first = assess(site, clerk, clinician, ("Nakamura", "Maximiliane Alexandrina Theodora", "female"), DISTRESS)
        intakes.complete(intake=first.intake, by=clinician)
        decisions.decide(assessment=first, kind="accepted", by=clinician)
        sent = Referral.objects.get(service="physiotherapy", assessment=first)
        referrals.advance(referral=sent, verb="send", destination="St Agnes Physiotherapy", by=clinician)
    with clock.at(clock.now() - timedelta(days=20)):
        returned = intakes.open(patient=first.intake.patient, by=clerk)
        intakes.answer(intake=returned, answers=factories.answers(first_onset_age=20), by=clinician)
    chasing.chase()
    return {"returned": returned, "sent": sent}


def start(site: Site, clerk: User, family_name: str, given_name: str, sex: str) -> Intake:
    patient = factories.patient(
        site,
        by=clerk,
        family_name=family_name,
        given_name=given_name,
        sex=sex,
        date_of_birth=factories.born(years=24 + 4 * len(family_name)),
    )
    return intakes.open(patient=patient, by=clerk)


def assess(
    site: Site, clerk: User, clinician: User, who: tuple[str, str, str], changed: dict[str, object]
) -> Assessment:
    """A patient whom a clerk took in and a clinician examined."""
    intake = start(site, clerk, *who)
    intakes.answer(intake=intake, answers={"pain_site": "lumbar", "course": "same"}, by=clerk)
    return intakes.answer(intake=intake, answers=factories.answers(**{"first_onset_age": 20, **changed}), by=clinician)


def correct(site: Site, clerk: User, clinician: User) -> Intake:
    """Answers that were entered on these pages by one person, and put right by another."""
    intake = start(site, clerk, "Petrova", "Anna", "female")
    saved: tuple[tuple[User, str, dict[str, str]], ...] = (
        (clerk, "pain", {"pain_site": "lumbar", "duration_days": "64", "course": "same"}),
        (clerk, "red_flags", {"ces_saddle": "no", "fever": "not_sure"}),
        (clinician, "red_flags", {"ces_saddle": "no", "fever": "no", "cancer_history": "no"}),
    )
    for person, section, answers in saved:
        intake.refresh_from_db()
        client = Client()
        client.force_login(person)
        form = {f"answer-{name}": value for name, value in answers.items()} | {"version": intake.version}
        assert client.post(f"/intakes/{intake.pk}/sections/{section}/", form).status_code == 302
    return intake


def addresses(clinic: Clinic) -> list[str]:
    """Every kind of page that a person can be led to."""
    begun = f"/intakes/{clinic.open.pk}"
    sections = ("pain", "red_flags", "safety", "imaging", "treatment", "feelings")
    return [
        "/",
        "/patients/",
        "/patients/new/",
        f"/patients/{clinic.open.patient_id}/",
        f"/patients/{clinic.refer.intake.patient_id}/",
        f"/patients/{clinic.open.patient_id}/correct/",
        *(f"{begun}/sections/{section}/" for section in sections),
        f"{begun}/check/",
        f"{begun}/timeline/",
        f"{begun}/result/",
        f"/intakes/{clinic.emergency.intake_id}/stop/",
        f"/intakes/{clinic.emergency.intake_id}/sections/pain/",
        f"/assessments/{clinic.emergency.pk}/",
        f"/assessments/{clinic.refer.pk}/",
        f"/referrals/{clinic.refer.referrals.order_by('service')[0].pk}/",
        f"/referrals/{clinic.sent.pk}/",
        f"/intakes/{clinic.scanned.pk}/imaging/",
        f"/assessments/{clinic.scanned.assessments.latest('version').pk}/",
        f"/patients/{clinic.returned.patient_id}/",
        f"/intakes/{clinic.returned.pk}/sections/red_flags/",
        f"/intakes/{clinic.returned.pk}/check/",
        f"/intakes/{clinic.refer.intake_id}/check/",
        f"/intakes/{clinic.refer.intake_id}/timeline/",
        "/emergency-access/",
        f"/patients/{clinic.foreign.intake.patient_id}/",
        f"/intakes/{clinic.foreign.intake_id}/stop/",
        "/nowhere/",
    ]


def main_addresses(clinic: Clinic) -> dict[str, str]:
    """The pages that hold every part of the look."""
    return {
        "worklist": "/",
        "section": f"/intakes/{clinic.corrected.pk}/sections/red_flags/",
        "stop-card": f"/intakes/{clinic.emergency.intake_id}/stop/",
        "result": f"/assessments/{clinic.refer.pk}/",
        "timeline": f"/intakes/{clinic.corrected.pk}/timeline/",
        "referral": f"/referrals/{clinic.sent.pk}/",
        "imaging": f"/intakes/{clinic.scanned.pk}/imaging/",
        "patient": f"/patients/{clinic.returned.patient_id}/",
        "emergency": f"/assessments/{clinic.foreign.pk}/",
    }


def test_every_page_is_accessible(page: Page, clinic: Clinic):
    page.goto("/login/")
    assert_accessible(page)
    log_in(page, clinic.clinician)
    for address in addresses(clinic):
        page.goto(address)
        assert_accessible(page)


def test_the_dark_is_as_accessible_as_the_light(page: Page, clinic: Clinic):
    page.emulate_media(color_scheme="dark")
    log_in(page, clinic.clinician)
    for address in main_addresses(clinic).values():
        page.goto(address)
        assert_accessible(page)


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_every_page_fits_its_screen(page: Page, clinic: Clinic, width: int):
    page.set_viewport_size({"width": width, "height": 900})
    log_in(page, clinic.clinician)
    for address in addresses(clinic):
        page.goto(address)
        assert_fits(page)


def test_the_narrowest_screen_is_accessible_too(page: Page, clinic: Clinic):
    page.set_viewport_size({"width": 320, "height": 700})
    log_in(page, clinic.clinician)
    for address in main_addresses(clinic).values():
        page.goto(address)
        assert_accessible(page)


def test_refused_forms_are_accessible(page: Page, clinic: Clinic):
    log_in(page, clinic.clinician)
    page.goto("/patients/")
    follow(page.get_by_role("button", name="Search"))
    assert_accessible(page)
    page.goto("/patients/new/")
    follow(page.get_by_role("button", name="Register"))
    assert_accessible(page)
    page.goto("/emergency-access/")
    follow(page.get_by_role("button", name="Open the records"))
    assert_accessible(page)
    page.goto(f"/intakes/{clinic.open.pk}/sections/pain/")
    answer(page, "duration_days", "long")
    follow(page.get_by_role("button", name="Save and continue"))
    assert_accessible(page)
    page.goto(f"/intakes/{clinic.open.pk}/sections/imaging/")
    follow(page.get_by_role("button", name="Add a study"))
    assert_accessible(page)
    page.get_by_label("Kind").select_option(label="MRI")
    follow(page.get_by_role("button", name="Save and continue"))
    expect(page.get_by_text("Choose one.").first).to_be_visible()
    assert_accessible(page)
    page.goto(f"/assessments/{clinic.refer.pk}/")
    page.get_by_label("Reject it").check()
    follow(page.get_by_role("button", name="Record the decision"))
    assert_accessible(page)
    page.goto(f"/intakes/{clinic.emergency.intake_id}/stop/")
    follow(page.get_by_role("button", name="Record it"))
    assert_accessible(page)
    page.goto(f"/intakes/{clinic.open.pk}/check/")
    follow(page.get_by_role("button", name="Complete the intake"))
    assert_accessible(page)


def test_what_can_be_touched_is_large_enough(page: Page, clinic: Clinic):
    page.set_viewport_size({"width": 320, "height": 700})
    log_in(page, clinic.clinician)
    for address in ("/", f"/intakes/{clinic.open.pk}/sections/red_flags/", f"/assessments/{clinic.refer.pk}/"):
        page.goto(address)
        small = page.evaluate(
            """() => [...document.querySelectorAll('main :is(button, .choice, .button, .input, summary)')]
                .filter(each => each.checkVisibility() && each.getBoundingClientRect().height < 44)
                .map(each => each.textContent.trim())"""
        )
        assert small == [], address
