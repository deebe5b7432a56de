"""The administration in a browser: accessible, without a word from the console, on every kind of page."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from clinic.actions import decisions, stops, webhooks
from clinic.admin import site as admin_site
from clinic.models import Assessment, MessageKind, Site, User
from clinic.permissions import Role
from tests import factories
from tests.browser.accessibility import assert_accessible
from tests.browser.staff import follow

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def here() -> Site:
    """A site where something has happened."""
    at = factories.site(name="Example practice")
    webhooks.add(site=at, url="https://ehr.example/", events=MessageKind.values, by=factories.user(Role.ADMIN, at))
    clinician = factories.user(Role.CLINICIAN, at)
    refer = factories.assessment(at, clinician, duration_days=10, off_work="yes")
    decisions.decide(assessment=refer, kind="accepted", by=clinician)
    urgent = factories.assessment(at, clinician, ces_saddle="yes")
    stops.record(assessment=urgent, text="Rang the emergency number.", by=clinician)
    factories.emergency_access(refer.intake.patient, factories.user(Role.CLINICIAN, factories.site()))
    return at


def log_in(page: Page, role: Role, at: Site) -> User:
    person = factories.user(role, at)
    page.goto(reverse("login"))
    page.fill("[name=username]", person.username)
    page.fill("[name=password]", factories.PASSWORD)
    follow(page.locator("main button").first)
    return person


def test_every_kind_of_page_is_accessible_and_keeps_the_policy(here: Site, page: Page):
    """Whoever sees it: axe looks at each kind of page once, the watch over the page at all of them."""
    looked_at: set[str] = set()
    for role in (Role.CLINICIAN, Role.AUDITOR, Role.ADMIN, Role.APPROVER):
        page.context.clear_cookies()
        person = log_in(page, role, here)
        page.goto(reverse("admin:index"))
        assert_accessible(page)
        for model, pages in admin_site._registry.items():
            row = pages.visible(person).first()
            if row is None:
                continue
            for kind, args in (("changelist", []), ("change", [row.pk]), ("history", [row.pk])):
                name = f"admin:clinic_{model._meta.model_name}_{kind}"
                page.goto(reverse(name, args=args))
                if name not in looked_at:
                    assert_accessible(page)
                looked_at.add(name)
    assert len(looked_at) >= 30


def test_the_forms_of_administrators_are_accessible_also_when_refused(here: Site, page: Page):
    log_in(page, Role.ADMIN, here)
    for model in ("site", "user", "membership", "apitoken", "webhook"):
        page.goto(reverse(f"admin:clinic_{model}_add"))
        assert_accessible(page)
        follow(page.locator("[name=_save]"))
        page.locator(".errornote").wait_for()
        assert_accessible(page)
    page.goto(reverse("password"))
    assert_accessible(page)


def test_an_assessment_can_be_read_on_a_narrow_screen(here: Site, page: Page):
    log_in(page, Role.CLINICIAN, here)
    page.set_viewport_size({"width": 360, "height": 800})
    assessment = Assessment.objects.filter(disposition="emergency").first()
    assert assessment is not None
    page.goto(reverse("admin:clinic_assessment_change", args=[assessment.pk]))
    assert page.locator(".document-lead").is_visible()
