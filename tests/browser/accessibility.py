"""The accessibility checks of axe-core, run on the page as it stands."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# Only the rule on rotated screens needs preloading: axe would fetch again, by script, every stylesheet that another one
# imports, as the stock admin's do. The policy rightly stops that, and the watch would take it for a fault of ours.
OPTIONS = {"preload": False, "resultTypes": ["violations", "passes"]}


def assert_accessible(page: Page) -> None:
    """Fail with every rule that the page breaks, and where. Needs a page with JavaScript."""
    results = Axe().run(page, options=OPTIONS)
    assert results.response["passes"], f"axe checked nothing on {page.url}"
    assert not results.response["violations"], f"{page.url}\n{results.generate_report()}"
