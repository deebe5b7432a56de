"""Debian's Chromium on the running clinic; every page that a test opens is watched for complaints."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from clinic.permissions import Role
from tests import factories
from tests.browser.watch import Watch

CHROMIUM = Path("/usr/bin/chromium")
# Bytes a second that a page comes at. `make soak` has few: whoever looks at a page that has only begun then fails.
LINE = int(os.environ.get("YELLOWFLAG_LINE", "-1"))
PATIENCE = 10_000 if LINE < 0 else 60_000  # milliseconds
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all journeys; each gets a context, and so cookies, of its own."""
    if not CHROMIUM.exists():
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"no browser: install Debian's chromium, which brings {CHROMIUM}")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, which Django takes for an async view.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A new visitor's page. Paths are enough: `page.goto("/login/")`."""
    yield from _watched_page(browser, live_server.url, java_script_enabled=True)


@pytest.fixture
def page_without_javascript(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """The same in a browser that runs no script."""
    yield from _watched_page(browser, live_server.url, java_script_enabled=False)


@pytest.fixture
def here() -> Site:
    """A practice that takes patients in."""
    factories.published_release()
    return factories.site(name="Harbour Street Practice")


@pytest.fixture
def clinician(here: Site) -> User:
    return factories.user(Role.CLINICIAN, here, display_name="Dr Ines Amara")


@pytest.fixture
def clerk(here: Site) -> User:
    return factories.user(Role.CLERK, here, display_name="Tom Reyes")


def _watched_page(browser: Browser, url: str, *, java_script_enabled: bool) -> Iterator[Page]:
    with browser.new_context(base_url=url, java_script_enabled=java_script_enabled) as context:
        context.set_default_timeout(PATIENCE)
        watch = Watch(context, url)
        page = context.new_page()
        conditions = {"offline": False, "latency": 0, "downloadThroughput": LINE, "uploadThroughput": -1}
        context.new_cdp_session(page).send("Network.emulateNetworkConditions", conditions)
        yield page
        watch.close()
