"""Coming in with a second factor, in a browser: without JavaScript, in both languages, on the narrowest screen."""

from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Page, expect

from clinic.models import User
from clinic.permissions import Role
from tests import factories
from tests.browser.accessibility import assert_accessible
from tests.browser.staff import assert_fits, follow
from tests.clinic.apps import App

pytestmark = pytest.mark.django_db(transaction=True)
PICTURE_IS_SHOWN = "picture => picture.decode().then(() => picture.naturalWidth > 100)"


@pytest.fixture(autouse=True)
def _demanded(settings: Any) -> None:
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.fixture
def clinician() -> User:
    return factories.user(Role.CLINICIAN, factories.site())


def give_password(page: Page, user: User) -> None:
    page.goto("/login/")
    page.fill("[name=username]", user.username)
    page.fill("[name=password]", factories.PASSWORD)
    follow(page.locator("main button"))


def set_up(page: Page, look: Callable[[Page], None] = lambda page: None) -> list[str]:
    """Fill in the page, and read the recovery codes."""
    look(page)
    secret = page.locator("code.key").inner_text().replace(" ", "")
    page.fill("[name=password]", factories.PASSWORD)
    page.fill("[name=code]", pyotp.TOTP(secret).now())
    follow(page.locator("main button"))
    look(page)
    return page.locator(".recovery-codes li").all_inner_texts()


def test_one_is_set_up_without_javascript_and_used_the_next_time(page_without_javascript: Page, clinician: User):
    page = page_without_javascript
    give_password(page, clinician)
    expect(page.get_by_role("heading", name="Set up a second factor")).to_be_visible()
    codes = set_up(page)
    follow(page.get_by_role("link", name="I have kept them"))
    expect(page.get_by_role("heading", name="Worklist")).to_be_visible()
    follow(page.get_by_role("button", name="Log out"))
    give_password(page, clinician)
    page.get_by_label("Code").fill(codes[0])
    follow(page.get_by_role("button", name="Continue"))
    expect(page.get_by_role("heading", name="Worklist")).to_be_visible()


def test_its_pages_are_accessible_and_their_picture_is_shown(page: Page, clinician: User):
    give_password(page, clinician)
    assert page.locator(".picture-code").evaluate(PICTURE_IS_SHOWN)
    set_up(page, assert_accessible)
    page.context.clear_cookies()
    give_password(page, clinician)
    assert_accessible(page)
    page.get_by_label("Code").fill("000000")
    follow(page.get_by_role("button", name="Continue"))
    expect(page.get_by_role("alert")).to_be_visible()
    assert_accessible(page)


def test_they_are_whole_in_german_on_a_narrow_screen(page: Page, clinician: User):
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto("/login/")
    follow(page.get_by_role("button", name="Deutsch"))
    give_password(page, clinician)
    expect(page.get_by_role("heading", name="Zweiten Faktor einrichten")).to_be_visible()
    set_up(page, assert_fits)
    page.goto("/second-factor/again/")
    expect(page.get_by_role("heading", name="Zweiter Faktor")).to_be_visible()
    assert_fits(page)


def test_the_code_lets_an_administrator_in_at_the_door_of_the_administration(page: Page):
    admin = factories.user(Role.ADMIN, factories.site())
    app = App(admin)
    page.goto("/admin/")
    page.fill("[name=username]", admin.username)
    page.fill("[name=password]", factories.PASSWORD)
    follow(page.locator("main button"))
    page.get_by_label("Code").fill(app.code())
    follow(page.get_by_role("button", name="Continue"))
    expect(page).to_have_url("/admin/")
