"""The pages in German, whose words are longer: whole on the narrowest screen, and led to from the English ones."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.staff import assert_fits, follow, log_in
from tests.browser.test_pages import Clinic, addresses, clinic

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["clinic"]  # a fixture of the pages' own tests


def test_every_page_is_whole_in_german_on_a_narrow_screen(page: Page, clinic: Clinic):
    log_in(page, clinic.clinician)
    follow(page.get_by_role("button", name="Deutsch"))
    expect(page.get_by_role("heading", name="Arbeitsliste")).to_be_visible()
    page.set_viewport_size({"width": 320, "height": 700})
    for address in addresses(clinic):
        page.goto(address)
        expect(page.locator("html")).to_have_attribute("lang", "de")
        assert_fits(page)
    assert_accessible(page)


def test_one_changes_the_language_and_comes_back_to_the_same_page(page: Page, clinic: Clinic):
    log_in(page, clinic.clinician)
    page.goto("/patients/")
    follow(page.get_by_role("button", name="Deutsch"))
    expect(page).to_have_url("/patients/")
    follow(page.get_by_role("button", name="English"))
    expect(page.get_by_role("heading", name="Find a patient")).to_be_visible()
