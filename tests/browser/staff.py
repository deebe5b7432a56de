"""What staff do in a browser, in a line each."""

from collections.abc import Mapping

from playwright.sync_api import Locator, Page

from clinic.models import User
from tests import factories
from tests.browser.hands import Pointing

press, follow = Pointing().press, Pointing().follow


def log_in(page: Page, user: User) -> None:
    page.goto("/login/")
    page.get_by_label("User name").fill(user.username)
    page.get_by_label("Password").fill(factories.PASSWORD)
    follow(page.get_by_role("button", name="Log in"))
    page.get_by_role("heading", name="Worklist").wait_for()


def question(page: Page, name: str) -> Locator:
    return page.locator(f"#q-{name}")


def answer(page: Page, name: str, value: object) -> None:
    """Fill in one question as its kind wants it."""
    words = "none" if value == [] else str(value)
    choice = question(page, name).locator(f'[name="answer-{name}"][value="{words}"]')
    if choice.count():
        choice.check()
    else:
        question(page, name).locator(f'[name="answer-{name}"]').first.fill(words)


def answer_section(page: Page, answers: Mapping[str, object]) -> None:
    """Fill in every question on the page that has an answer, and save."""
    names = [each.get_attribute("id") or "" for each in page.locator("fieldset.question").all()]
    for name in (each.removeprefix("q-") for each in names):
        if name in answers:
            answer(page, name, answers[name])
    follow(page.get_by_role("button", name="Save and continue"))


def assert_fits(page: Page) -> None:
    """Nothing is cut off or has to be scrolled to sideways."""
    beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert beyond <= 0, f"{page.url} is {beyond} px wider than the screen"
