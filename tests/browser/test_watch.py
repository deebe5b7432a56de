"""The watch itself: a browser test that could not fail, or that fails by chance, would prove nothing."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.accessibility import assert_accessible
from tests.browser.watch import Watch

HOME = "http://clinic.test"
POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'"}
SOUND = '<!doctype html><html lang="en"><title>Sound</title><main><h1>Sound</h1></main></html>'


def complaints(browser: Browser, body: str, *, status: int = 200) -> list[str]:
    """What the watch hears while the browser shows this page."""
    with browser.new_context() as context:
        watch = Watch(context, HOME)
        page = context.new_page()
        page.route(f"{HOME}/", lambda route: route.fulfill(status=status, headers=POLICY, body=body))
        page.route(f"{HOME}/gone.css", lambda route: route.fulfill(status=404))
        page.goto(f"{HOME}/", wait_until="networkidle")
        assert watch.documents == 1
        return watch.complaints


@pytest.mark.parametrize("status", [200, 404, 422])
def test_a_sound_page_raises_no_complaint(browser: Browser, status: int):
    assert complaints(browser, SOUND, status=status) == []


@pytest.mark.parametrize(
    ("planted", "heard"),
    [
        ('<p style="color: red">', "inline style"),
        ("<style>p { color: red }</style>", "inline style"),
        ("<script>var known = 1</script>", "inline script"),
        ('<img alt="" src="http://elsewhere.test/pixel.png">', "Content Security Policy"),
        (f'<link rel="stylesheet" href="{HOME}/gone.css">', "404"),
    ],
)
def test_a_planted_fault_is_heard(browser: Browser, planted: str, heard: str):
    assert any(heard in complaint for complaint in complaints(browser, SOUND + planted))


def test_a_page_that_fails_is_heard(browser: Browser):
    assert complaints(browser, SOUND, status=500)


def test_a_test_that_opens_nothing_fails(browser: Browser):
    with browser.new_context() as context, pytest.raises(AssertionError, match="opened no page"):
        Watch(context, HOME).close()


def test_axe_passes_a_sound_page(new_page: Page):
    new_page.set_content(SOUND)
    assert_accessible(new_page)


def test_axe_finds_a_picture_without_words(new_page: Page):
    new_page.set_content(f"{SOUND}<img src='x.png'>")
    with pytest.raises(AssertionError, match="image-alt"):
        assert_accessible(new_page)


def test_every_press_says_whether_another_page_follows():
    """A bare click of Playwright is done when the next page begins: what looks at once sees half of it, or nothing."""
    clicking = {each.name for each in Path(__file__).parent.glob("*.py") if ".click" + "(" in each.read_text()}
    assert clicking == {"hands.py"}


@pytest.fixture
def new_page(browser: Browser):
    with browser.new_context() as context:
        yield context.new_page()
