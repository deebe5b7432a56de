"""The accessibility checks of axe-core, run on the page as it stands."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def assert_accessible(page: Page) -> None:
    """Fail with every rule that the page breaks, and where. Needs a page with JavaScript."""
    results = Axe().run(page, options={"resultTypes": ["violations", "passes"]})
    assert results.response["passes"], f"axe checked nothing on {page.url}"
    assert not results.response["violations"], f"{page.url}\n{results.generate_report()}"
