"""What is typed survives the browser that it was typed in, ten seconds of it lost at most."""

import time
from collections.abc import Iterator

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Browser, Page, Request, Response, expect
from pytest_django.live_server_helper import LiveServer

from clinic.actions import intakes
from clinic.models import Draft, Intake, Site, User
from clinic.permissions import Role
from tests import factories
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import PATIENCE
from tests.browser.staff import answer, assert_fits, follow, log_in, question

pytestmark = pytest.mark.django_db(transaction=True)
KEPT, AWAY = "Kept as a draft, not saved yet.", "Not kept: the server cannot be reached."


@pytest.fixture
def intake(here: Site, clinician: User) -> Intake:
    return factories.open_intake(here, clinician)


def section(intake: Intake, name: str = "red_flags") -> str:
    return reverse("section", args=[intake.pk, name])


def is_kept(answer: Response) -> bool:
    return answer.url.endswith("/draft/") and answer.status in (200, 204)


def test_a_browser_that_dies_loses_nothing_that_was_left(
    browser: Browser, live_server: LiveServer, page: Page, intake: Intake, clinician: User
):
    """Typed in one browser, which is then shut without a word; opened in another."""
    with browser.new_context(base_url=live_server.url) as dying:
        typing = dying.new_page()
        log_in(typing, clinician)
        typing.goto(section(intake, "pain"))
        for name, value in (("course", "worse"), ("interferes_function", "yes")):
            with typing.expect_response(is_kept):
                answer(typing, name, value)
        expect(typing.get_by_text(KEPT)).to_be_visible()
    log_in(page, clinician)
    page.goto(section(intake, "pain"))
    expect(page.get_by_role("heading", name="Not saved yet")).to_be_visible()
    expect(question(page, "course").locator('[value="worse"]')).to_be_checked()
    intake.refresh_from_db()
    assert intake.answers == {}
    assert_accessible(page)
    page.set_viewport_size({"width": 320, "height": 700})
    assert_fits(page)
    follow(page.get_by_role("button", name="Save and continue"))
    intake.refresh_from_db()
    assert set(intake.answers) == {"course", "interferes_function"}
    assert not Draft.objects.live().exists()


def test_what_is_being_typed_is_kept_every_ten_seconds(page: Page, intake: Intake, clinician: User):
    """Also where the field is not left."""
    page.clock.install()
    log_in(page, clinician)
    page.goto(section(intake, "pain"))
    question(page, "duration_days").locator("input").first.press_sequentially("64")
    assert not Draft.objects.exists()
    page.clock.fast_forward(10_000)
    expect(page.get_by_text(KEPT)).to_be_visible()
    assert Draft.objects.get().typed == {"duration_days": {"answer-duration_days": ["64"]}}


def test_what_a_page_came_back_with_is_kept_too(page: Page, intake: Intake, clinician: User):
    """A form that was refused holds what nobody has saved, though nothing on the new page was touched yet."""
    page.clock.install()
    log_in(page, clinician)
    page.goto(section(intake, "pain"))
    page.route("**/draft/", lambda route: route.abort())
    answer(page, "duration_days", "long")
    follow(page.get_by_role("button", name="Save and continue"))
    page.unroute("**/draft/")
    assert not Draft.objects.exists()
    with page.expect_response(is_kept):
        page.clock.fast_forward(10_000)
    assert Draft.objects.get().typed == {"duration_days": {"answer-duration_days": ["long"]}}


def test_two_tabs_and_somebody_else_lose_nothing(page: Page, here: Site, intake: Intake, clinician: User):
    log_in(page, clinician)
    page.goto(section(intake))
    answer(page, "fever", "no")
    expect(page.get_by_text(KEPT)).to_be_visible()
    second = page.context.new_page()
    second.goto(section(intake))
    expect(question(second, "fever").get_by_label("No", exact=True)).to_be_checked()
    with second.expect_response(is_kept):
        answer(second, "weight_loss", "no")
    page.close()
    second.close()
    intakes.answer(intake=intake, answers={"fever": "yes"}, by=factories.user(Role.CLERK, here))
    third = page.context.new_page()
    third.goto(section(intake))
    expect(question(third, "weight_loss").get_by_label("No", exact=True)).to_be_checked()
    expect(question(third, "fever").get_by_label("No", exact=True)).to_be_checked()
    expect(question(third, "fever").get_by_text("Changed meanwhile")).to_be_visible()


def test_a_server_that_is_away_is_said_and_met_again(page: Page, intake: Intake, clinician: User):
    log_in(page, clinician)
    page.goto(section(intake))
    address = f"**{reverse('draft', args=[intake.pk, 'red_flags'])}"
    page.route(address, lambda route: route.abort())
    answer(page, "fever", "no")
    expect(page.get_by_text(AWAY)).to_be_visible()
    page.unroute(address)
    with page.expect_response(is_kept):
        answer(page, "weight_loss", "no")
    expect(page.get_by_text(KEPT)).to_be_visible()
    assert set(Draft.objects.get().typed) == {"fever", "weight_loss"}


@pytest.fixture
def unwatched(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """Of a browser whose requests may well be refused."""
    with browser.new_context(base_url=live_server.url) as context:
        yield context.new_page()


def test_a_session_that_ended_costs_nothing(unwatched: Page, intake: Intake, clinician: User):
    """It is said, the form is not sent to where it would end, and after logging in in another tab it goes on."""
    page = unwatched
    log_in(page, clinician)
    page.goto(section(intake))
    Session.objects.all().delete()
    answer(page, "fever", "no")
    expect(page.get_by_text("Not kept: you are logged out.")).to_be_visible()
    page.get_by_role("button", name="Save and leave").press("Enter")
    expect(question(page, "fever").get_by_label("No", exact=True)).to_be_checked()
    assert not Draft.objects.exists()
    other = page.context.new_page()
    log_in(other, clinician)
    with page.expect_response(is_kept):
        answer(page, "weight_loss", "no")
    follow(page.get_by_role("button", name="Save and leave"))
    intake.refresh_from_db()
    assert set(intake.answers) == {"fever", "weight_loss"}


def test_what_is_sent_late_does_not_come_back_after_saving(page: Page, intake: Intake, clinician: User):
    """The click on the button leaves the field, which is sent at the same moment."""
    log_in(page, clinician)
    page.goto(section(intake, "pain"))
    question(page, "duration_days").locator("input").first.press_sequentially("64")
    with page.expect_request(lambda sent: sent.url.endswith("/draft/")):
        follow(page.get_by_role("button", name="Save and leave"))
    page.goto(section(intake, "pain"))
    expect(page.get_by_role("heading", name="About the pain")).to_be_visible()
    assert not Draft.objects.live().exists()


def test_a_form_that_is_refused_is_not_sent_again_and_again(unwatched: Page, intake: Intake, clinician: User):
    page = unwatched
    page.clock.install()
    log_in(page, clinician)
    page.goto(section(intake))
    intakes.cancel(intake=intake, reason="Left.", by=clinician)
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.url.endswith("/draft/") else None)
    answer(page, "fever", "no")
    expect(page.get_by_text("Not kept: the server does not take it.")).to_be_visible()
    page.clock.fast_forward(60_000)
    assert len(sent) == 1


def test_what_one_person_typed_is_never_saved_as_anothers(unwatched: Page, here: Site, intake: Intake, clinician: User):
    """Who logs in in another tab on the same machine is somebody else."""
    page = unwatched
    log_in(page, clinician)
    page.goto(section(intake))
    Session.objects.all().delete()
    other = page.context.new_page()
    log_in(other, factories.user(Role.CLINICIAN, here))
    answer(page, "fever", "no")
    expect(page.get_by_text("Not kept: you are logged out.")).to_be_visible()
    page.get_by_role("button", name="Save and leave").press("Enter")
    expect(question(page, "fever").get_by_label("No", exact=True)).to_be_checked()
    assert not Draft.objects.exists()
    intake.refresh_from_db()
    assert intake.answers == {}


def test_a_red_flag_acts_when_it_is_ticked(page: Page, here: Site, intake: Intake, clinician: User):
    """The card is there within a second; whoever leaves the page leaves the stop on the worklist and on the patient's page."""
    log_in(page, clinician)
    page.goto(section(intake))
    answer(page, "ces_bladder", "no")
    expect(page.get_by_text(KEPT)).to_be_visible()
    began = time.monotonic()
    answer(page, "ces_saddle", "yes")
    card = page.get_by_role("heading", name="Emergency: act now")
    expect(card).to_be_in_viewport(timeout=PATIENCE)
    assert time.monotonic() - began < 1 or PATIENCE > 10_000
    expect(page.get_by_text("Ticked, not saved yet")).to_be_visible()
    assert_accessible(page)
    question(page, "gi_bleed").scroll_into_view_if_needed()
    expect(card).to_be_in_viewport()
    page.goto(reverse("patient", args=[intake.patient_id]))
    expect(page.get_by_role("region", name="Ticked, not saved yet")).to_be_visible()
    page.goto("/")
    follow(page.get_by_role("row").filter(has_text="Ticked and not saved").get_by_role("link", name="What to do"))
    assert_accessible(page)
    page.set_viewport_size({"width": 320, "height": 700})
    assert_fits(page)
    page.get_by_label("Reason").fill("Ticked by mistake.")
    follow(page.get_by_role("button", name="Take it back"))
    expect(question(page, "ces_saddle").get_by_label("Yes", exact=True)).not_to_be_checked()
    expect(question(page, "ces_bladder").get_by_label("No", exact=True)).to_be_checked()
    assert_fits(page)


def test_what_is_ticked_is_saved_from_its_card_and_leads_to_the_stop(page: Page, intake: Intake, clinician: User):
    """Also where something else on the page is no answer yet."""
    log_in(page, clinician)
    page.goto(section(intake))
    question(page, "ces_onset_days").locator("input").first.fill("a week")
    answer(page, "ces_saddle", "yes")
    follow(page.get_by_role("region", name="Ticked").get_by_role("button", name="Save what is answered so far"))
    expect(page.get_by_role("heading", name="Emergency: act now")).to_be_visible()
    assert page.url.endswith("/stop/")
    intake.refresh_from_db()
    assert set(intake.answers) == {"ces_saddle"}


def test_without_script_a_group_has_a_save_of_its_own(page_without_javascript: Page, intake: Intake, clinician: User):
    page = page_without_javascript
    log_in(page, clinician)
    page.goto(section(intake))
    answer(page, "ces_saddle", "yes")
    answer(page, "ces_bladder", "yes")
    follow(page.get_by_role("button", name="Cauda equina"))
    expect(page.get_by_role("heading", name="Emergency: act now")).to_be_visible()
    intake.refresh_from_db()
    assert set(intake.answers) == {"ces_saddle", "ces_bladder"}
