"""The administration in a browser: accessible, without a word from the console, on every kind of page."""

from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Page

from clinic.actions import decisions, stops, webhooks
from clinic.admin import site as admin_site
from clinic.models import Assessment, MessageKind, Site, User
from clinic.permissions import Role
from tests import factories
from tests.browser.accessibility import assert_accessible

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
    page.locator("main button").first.click()
    return person


def picture(page: Page, name: str) -> None:
    folder = Path(settings.VAR_DIR) / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"admin-{name}.png", full_page=True)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.APPROVER, Role.AUDITOR, Role.CLINICIAN])
def test_every_kind_of_page_is_accessible_and_keeps_the_policy(role: Role, here: Site, page: Page):
    person = log_in(page, role, here)
    page.goto(reverse("admin:index"))
    assert_accessible(page)
    picture(page, f"{role}-index")
    for model, pages in admin_site._registry.items():
        row = pages.visible(person).first()
        if row is None:
            continue
        for kind, args in (("changelist", []), ("change", [row.pk]), ("history", [row.pk])):
            page.goto(reverse(f"admin:clinic_{model._meta.model_name}_{kind}", args=args))
            assert_accessible(page)
            picture(page, f"{role}-{model._meta.model_name}-{kind}")


def test_the_forms_of_administrators_are_accessible_also_when_refused(here: Site, page: Page):
    log_in(page, Role.ADMIN, here)
    for model in ("site", "user", "membership", "apitoken", "webhook"):
        page.goto(reverse(f"admin:clinic_{model}_add"))
        assert_accessible(page)
        page.click("[name=_save]")
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
    picture(page, "assessment-narrow")
    assert page.locator(".document-lead").is_visible()
