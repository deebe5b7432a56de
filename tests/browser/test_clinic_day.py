"""A day at the clinic, in a browser that runs no script: clerk, clinician and manager, and the keyboard alone."""

import re
import time
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from clinic import clock
from clinic.actions import chasing, counting, decisions, imaging, intakes, referrals
from clinic.models import Assessment, Intake, Referral, Site, User
from clinic.permissions import Role
from tests import factories
from tests.browser.hands import Hands, Pointing, Typing
from tests.browser.staff import log_in
from tests.browser.test_journeys import DISTRESS

pytestmark = pytest.mark.django_db(transaction=True)

# Seconds of a practised user, by the keystroke-level model (Card, Moran and Newell 1980):
# one key, and one look at a question with what is made of it. They are counted and not waited for.
KEY, THOUGHT = 0.2, 1.35
QUESTIONS = 24
SERVICE = "St Agnes Physiotherapy"
SERIOUS = "Serious pathology: fracture, tumour, infection, compression or inflamed joints"
FITS = "Yes, it fits the pain"
BOTH_WAYS = pytest.mark.parametrize("hands", [Pointing(), Typing()], ids=["pointing", "by keyboard alone"])


@pytest.fixture
def sent(here: Site, clinician: User) -> Referral:
    """Sent ten days ago, and nothing heard of it since."""
    with clock.at(clock.now() - timedelta(days=10)):
        assessment = factories.assessment(here, clinician, **DISTRESS)
        intakes.complete(intake=assessment.intake, by=clinician)
        decisions.decide(assessment=assessment, kind="accepted", by=clinician)
        referral = Referral.objects.get(service="physiotherapy")
        referrals.advance(referral=referral, verb="send", destination=SERVICE, by=clinician)
    chasing.chase()
    return referral


@pytest.fixture
def scanned(here: Site, clinician: User) -> Intake:
    """Complete, with a scan of which the report is not there yet."""
    assessment = factories.assessment(here, clinician)
    study = {"modality": "mri", "region": "lumbar", "status": "awaiting_report", "reason": "routine"}
    imaging.record(intake=assessment.intake, study=study, by=clinician)
    intakes.complete(intake=assessment.intake, by=clinician)
    return assessment.intake


@BOTH_WAYS
def test_a_clerk_finds_the_referral_that_nobody_answered_and_follows_it_up(
    page_without_javascript: Page, clerk: User, sent: Referral, hands: Hands
):
    page = page_without_javascript
    log_in(page, clerk)
    hands.choose(page.get_by_label("Service"), "Physiotherapy")
    hands.choose(page.get_by_label("Lateness"), "Overdue")
    hands.follow(page.get_by_role("button", name="Show"))
    row = page.get_by_role("row").filter(has_text="The service to confirm the referral")
    expect(row.get_by_text("overdue")).to_be_visible()
    hands.follow(row.get_by_role("link", name="Referral"))
    expect(page.get_by_text(f"Sent to {SERVICE} on")).to_be_visible()
    hands.follow(page.get_by_role("button", name="Record that it was received"))
    day = timezone.localdate() + timedelta(days=6)
    hands.write(page.get_by_label("Day of the appointment"), day.isoformat())
    hands.follow(page.get_by_role("button", name="Record the appointment"))
    expect(page.get_by_text("Booked").first).to_be_visible()
    assert [each.status for each in sent.statuses.order_by("seq")][-2:] == ["received", "booked"]
    assert sent.statuses.latest("seq").appointment == day


@BOTH_WAYS
def test_a_clinician_classes_a_late_report_and_decides_on_what_it_changed(
    page_without_javascript: Page, clinician: User, scanned: Intake, hands: Hands
):
    page = page_without_javascript
    log_in(page, clinician)
    row = page.get_by_role("row").filter(has_text="The report of a scan")
    hands.follow(row.get_by_role("link", name="Imaging"))
    hands.press(page.get_by_text("The report has come"))
    report = page.get_by_label("What the report says")
    hands.write(report, "Fracture of the first lumbar vertebra.")
    hands.follow(page.locator("form", has=report).get_by_role("button"))
    hands.press(page.get_by_text("Class the report"))
    chosen = page.get_by_label("Class", exact=True)
    form = page.locator("form", has=chosen)
    hands.choose(chosen, SERIOUS)
    hands.choose(form.get_by_label("Does it fit the pain?"), FITS)
    hands.follow(form.get_by_role("button"))
    hands.follow(page.get_by_role("link", name="Result"))
    expect(page.get_by_text("Outcome: Urgent medical, before: Hold for imaging")).to_be_visible()
    hands.press(page.get_by_label("Accept the suggestion"))
    hands.follow(page.get_by_role("button", name="Record the decision"))
    expect(page.get_by_text("Your decision is recorded.")).to_be_visible()
    assert Assessment.objects.filter(intake=scanned).count() > 2


@BOTH_WAYS
def test_a_manager_reads_the_dashboard_and_takes_its_figures_along(
    page_without_javascript: Page, here: Site, sent: Referral, hands: Hands
):
    counting.summarise()
    page = page_without_javascript
    manager = factories.user(Role.ADMIN, here)
    page.goto("/admin/")
    hands.write(page.get_by_label("User name"), manager.username)
    hands.write(page.get_by_label("Password"), factories.PASSWORD)
    hands.follow(page.get_by_role("button", name="Log in"))
    hands.choose(page.get_by_label("Period"), "4 weeks")
    hands.follow(page.get_by_role("button", name="Show"))
    waiting = page.get_by_role("row").filter(has_text="The next step of a referral").get_by_role("cell")
    assert [each.inner_text() for each in waiting.all()] == ["2", "2"]
    with page.expect_download() as download:
        hands.press(page.get_by_role("link", name="Figures (CSV)"))
    assert "The next step of a referral" in download.value.path().read_text()


def test_twenty_four_questions_are_answered_by_keyboard_within_three_minutes(
    page_without_javascript: Page, here: Site, clinician: User
):
    page = page_without_javascript
    intake = factories.open_intake(here)
    log_in(page, clinician)
    began = time.monotonic()
    page.goto(f"/intakes/{intake.pk}/sections/red_flags/")
    answered, by_hand = 0, 0.0
    while answered < QUESTIONS:
        more, seconds = fill_in_by_keyboard(page, QUESTIONS - answered)
        answered, by_hand = answered + more, by_hand + seconds
    spent = time.monotonic() - began + by_hand
    intake.refresh_from_db()
    assert len(intake.answers) == QUESTIONS
    assert spent < 180, f"{spent:.0f} s"


def fill_in_by_keyboard(page: Page, number: int) -> tuple[int, float]:
    """Answer up to so many questions of the section on the page, save it; say how many, and what that takes by hand."""
    focused = page.locator("main form :focus")
    answered = keys = 0
    for _ in range(120):
        page.keyboard.press("Tab")
        keys += 1
        if not focused.count():
            continue
        kind = focused.get_attribute("type")
        if kind == "radio" and answered < number:
            page.keyboard.press("ArrowDown")
            keys += 1
            answered += 1
        elif kind != "radio" and re.match("Save and continue", focused.inner_text() or ""):
            break
    with page.expect_navigation():
        page.keyboard.press("Enter")
    return answered, (keys + 1) * KEY + answered * THOUGHT
