"""How a release was tried, in a browser: counts for its author, patients for a clinician, and a shadow for the site."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from clinic.models import ProtocolRelease, Replay, Site, User
from clinic.permissions import Role
from tests import factories
from tests.browser import staff
from tests.browser.accessibility import assert_accessible
from tests.browser.test_governance import log_in
from tests.clinic import small_protocol as small
from tests.clinic.test_replaying import BURDENED, LATER, replayed, taken_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Site:
    small.expect_of_it_what_these_tests_do(monkeypatch)
    small.let_proofs(monkeypatch, hold=True)
    factories.publish(small.SMALL)
    return factories.site(name="Example practice")


@pytest.fixture
def draft(here: Site) -> ProtocolRelease:
    return small.draft(LATER, by=factories.user(Role.AUTHOR, here))


def open_release(page: Page, release: ProtocolRelease, user: User) -> None:
    log_in(page, user)
    page.goto(reverse("admin:clinic_protocolrelease_change", args=[release.pk]))


def test_a_replay_says_who_would_be_advised_otherwise(
    page_without_javascript: Page, here: Site, draft: ProtocolRelease
):
    page = page_without_javascript
    intake = taken_in(here, **BURDENED)
    replayed(draft.authored_by)
    open_release(page, draft, draft.authored_by)
    staff.follow(page.get_by_role("link", name="1 past intake, 1 advised otherwise"))
    expect(page.get_by_text("1 is of a site whose assessments you may not see.")).to_be_visible()
    staff.follow(page.get_by_role("button", name="Log out"))
    open_release(page, draft, factories.user(Role.CLINICIAN, here))
    staff.follow(page.get_by_role("link", name="1 past intake, 1 advised otherwise"))
    staff.follow(page.get_by_role("link", name=str(intake.patient)))
    page.wait_for_url(f"**{reverse('admin:clinic_intake_change', args=[intake.pk])}")


def test_a_draft_shadows_at_a_site_until_it_is_stopped(
    page_without_javascript: Page, here: Site, draft: ProtocolRelease
):
    page = page_without_javascript
    open_release(page, draft, factories.user(Role.APPROVER, here))
    staff.follow(page.get_by_role("link", name="Let it shadow at a site"))
    page.get_by_label("Site").select_option("Example practice")
    staff.follow(page.get_by_role("button", name="Let it shadow"))
    expect(page.get_by_text("It shadows from now on.")).to_be_visible()
    taken_in(here, **BURDENED)
    page.reload()
    staff.follow(page.get_by_role("link", name="Example practice"))
    expect(page.get_by_text("Running")).to_be_visible()
    expect(page.get_by_role("row", name="Refer")).to_contain_text("1 less urgent")
    page.go_back()
    staff.follow(page.get_by_role("button", name="Stop the shadow at Example practice"))
    expect(page.get_by_text("It shadows no longer.")).to_be_visible()
    assert Replay.objects.shadows().get().finished_at is not None


def test_the_pages_of_trials_are_accessible(page: Page, here: Site, draft: ProtocolRelease):
    for _ in range(2):
        taken_in(here, **BURDENED)
    replay = replayed(draft.authored_by)
    clinician = factories.user(Role.CLINICIAN, here)
    open_release(page, draft, clinician)
    assert_accessible(page)
    page.goto(reverse("admin:protocol_replay", args=[draft.pk, replay.pk]))
    assert_accessible(page)
    page.set_viewport_size({"width": 320, "height": 800})
    staff.assert_fits(page)
    staff.follow(page.get_by_role("button", name="Log out"))
    open_release(page, draft, factories.user(Role.APPROVER, here))
    page.goto(reverse("admin:protocol_shadow", args=[draft.pk]))
    assert_accessible(page)
