"""Whole stories of staff in a browser that runs no script."""

import re

import pytest
from playwright.sync_api import Page, expect

from clinic.actions import intakes
from clinic.models import Intake, Referral, Site, StopRecord, User
from tests import factories
from tests.browser.staff import answer, answer_section, follow, log_in, press, question

pytestmark = pytest.mark.django_db(transaction=True)

DISTRESS = {
    "duration_days": 70,
    "interferes_function": "yes",
    "phq9_1": 3,
    "phq9_2": 3,
    "phq9_3": 3,
    "phq9_4": 3,
    "treatment_weeks": 8,
    "treatment_advice": "yes",
    "treatment_active": "yes",
    "treatment_response": "none",
}


def register_and_start(page: Page) -> None:
    """A new patient, from the worklist to the first section of an intake."""
    follow(page.get_by_role("link", name="Start an intake"))
    page.get_by_label("Name or reference").fill("okafor")
    follow(page.get_by_role("button", name="Search"))
    expect(page.get_by_role("heading", name="Nobody found")).to_be_visible()
    follow(page.get_by_role("link", name="Register a patient"))
    page.get_by_label("Reference").fill("HS-00214")
    page.get_by_label("Family name").fill("Okafor")
    page.get_by_label("Given name").fill("Daniel")
    page.get_by_label("Date of birth").fill(factories.born(years=47).isoformat())
    page.get_by_label("Sex").select_option(label="Male")
    follow(page.get_by_role("button", name="Register"))
    follow(page.get_by_role("button", name="Start an intake"))
    expect(page.get_by_role("heading", name="About the pain")).to_be_visible()


def test_a_clinician_takes_a_patient_through_to_a_referral_that_is_sent(page_without_javascript: Page, clinician: User):
    page = page_without_javascript
    log_in(page, clinician)
    register_and_start(page)
    answers = factories.answers(**DISTRESS)
    for _ in range(12):
        if "/sections/" not in page.url:
            break
        answer_section(page, answers)
    expect(page.get_by_text("No open question could change the outcome.")).to_be_visible()
    follow(page.get_by_role("button", name="Complete the intake"))
    expect(page.get_by_text("Suggested: refer to physiotherapy and cognitive behavioural therapy")).to_be_visible()
    assert page.get_by_role("button", name="Accept referral").count() == 2
    page.get_by_label("Accept the suggestion").check()
    follow(page.get_by_role("button", name="Record the decision"))
    expect(page.get_by_text("Your decision is recorded.")).to_be_visible()
    assert {each.status for each in Referral.objects.all()} == {"accepted"}
    follow(page.get_by_role("link", name="Timeline of this intake"))
    expect(page.get_by_role("heading", name="Decided: Accepted")).to_be_visible()
    follow(page.get_by_role("link", name="See the referral").first)
    page.get_by_label("Whom it goes to").fill("St Agnes General, outpatients")
    follow(page.get_by_role("button", name="Send the referral"))
    expect(page.get_by_text("Sent to St Agnes General, outpatients on")).to_be_visible()
    with page.expect_download() as download:
        press(page.get_by_role("link", name="The letter as sent (PDF)"))
    assert download.value.suggested_filename.startswith("letter-")


def test_an_emergency_stops_the_intake_at_once(page_without_javascript: Page, clinician: User):
    page = page_without_javascript
    log_in(page, clinician)
    register_and_start(page)
    follow(page.get_by_role("link", name="Red flags"))
    answer(page, "ces_saddle", "yes")
    follow(page.get_by_role("button", name="Save and continue"))
    expect(page.get_by_role("heading", name="Emergency: act now")).to_be_visible()
    expect(page.get_by_role("link", name="999")).to_have_attribute("href", "tel:999")
    page.get_by_label("What was done, and who was told").fill("Ambulance called, handed over by telephone.")
    follow(page.get_by_role("button", name="Record it"))
    expect(page.get_by_text("Ambulance called, handed over by telephone.")).to_be_visible()
    assert StopRecord.objects.count() == 1
    follow(page.get_by_role("link", name="Go on with the intake"))
    expect(page.get_by_role("link", name="What to do now")).to_be_visible()


def test_a_clerk_leaves_to_a_clinician_what_is_theirs(page_without_javascript: Page, clerk: User):
    page = page_without_javascript
    log_in(page, clerk)
    register_and_start(page)
    examined = question(page, "examined")
    expect(examined.get_by_text("For a clinician")).to_be_visible()
    assert examined.get_by_role("radio").count() == 3
    for radio in examined.get_by_role("radio").all():
        expect(radio).to_be_disabled()
    answer(page, "course", "same")
    follow(page.get_by_role("button", name="Save and leave"))
    follow(page.get_by_role("link", name=re.compile("Continue")))
    follow(page.get_by_role("link", name="About the pain"))
    expect(question(page, "course").get_by_label("Staying the same")).to_be_checked()
    assert list(Intake.objects.get().answers) == ["course"]


def test_a_section_is_filled_in_with_the_keyboard_alone(page_without_javascript: Page, here: Site, clinician: User):
    page = page_without_javascript
    intake = factories.open_intake(here)
    log_in(page, clinician)
    page.goto(f"/intakes/{intake.pk}/sections/safety/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    asked = page.locator("fieldset.question").count()
    in_form = page.locator("main form :focus")
    answered = 0
    for _ in range(60):
        page.keyboard.press("Tab")
        if not in_form.count() or in_form.get_attribute("name") == "now":  # the Save of a group that cannot wait
            continue
        if in_form.get_attribute("type") != "radio":
            break
        page.keyboard.press("ArrowDown" if answered % 2 else "Space")
        answered += 1
    assert answered == asked
    expect(page.get_by_role("button", name="Save and continue")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/stop/"))
    intake.refresh_from_db()
    assert len(intake.answers) == asked


def test_two_people_at_one_intake_lose_nothing(page_without_javascript: Page, here: Site, clinician: User, clerk: User):
    page = page_without_javascript
    intake = factories.open_intake(here)
    log_in(page, clinician)
    page.goto(f"/intakes/{intake.pk}/sections/red_flags/")
    intakes.answer(intake=intake, answers={"fever": "yes"}, by=clerk)
    answer(page, "fever", "no")
    answer(page, "weight_loss", "no")
    follow(page.get_by_role("button", name="Save and continue"))
    expect(page.get_by_role("heading", name=re.compile("Somebody else saved this intake"))).to_be_visible()
    expect(question(page, "fever").get_by_label("No", exact=True)).to_be_checked()
    expect(question(page, "weight_loss").get_by_label("No", exact=True)).to_be_checked()
    follow(page.get_by_role("button", name="Save and continue"))
    intake.refresh_from_db()
    assert intake.answers["weight_loss"]["value"] == "no"


def test_an_error_leads_to_its_field(page_without_javascript: Page, here: Site, clinician: User):
    page = page_without_javascript
    intake = factories.open_intake(here)
    log_in(page, clinician)
    page.goto(f"/intakes/{intake.pk}/sections/pain/")
    answer(page, "duration_days", "eight weeks")
    follow(page.get_by_role("button", name="Save and continue"))
    follow(page.get_by_role("alert").get_by_role("link"))
    assert page.url.endswith("#q-duration_days")
    expect(question(page, "duration_days").get_by_text("Give a whole number from 0 to")).to_be_in_viewport()
