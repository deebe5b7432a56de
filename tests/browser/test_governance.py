"""A protocol's way to the patients in a browser without JavaScript: written by one, approved by another."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from clinic.actions import comparing, people, proving
from clinic.models import Activation, ProtocolRelease, Site, User
from clinic.permissions import Role
from tests import factories
from tests.browser import staff
from tests.browser.accessibility import assert_accessible
from tests.clinic import small_protocol as small

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def proofs_that_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    small.expect_of_it_what_these_tests_do(monkeypatch)
    small.let_proofs(monkeypatch, hold=True)


@pytest.fixture
def here() -> Site:
    return factories.site(name="Example practice")


@pytest.fixture
def author(here: Site) -> User:
    """Somebody who may write and, elsewhere in their work, approve."""
    author = factories.user(Role.AUTHOR, here, display_name="Alex Author")
    people.grant(user=author, site=here, role=Role.APPROVER, by=people.system())
    return author


@pytest.fixture
def approver(here: Site) -> User:
    return factories.user(Role.APPROVER, here, display_name="Sam Second")


def log_in(page: Page, user: User) -> None:
    page.goto("/login/?next=/admin/")
    page.get_by_label("User name").fill(user.username)
    page.get_by_label("Password").fill(factories.PASSWORD)
    staff.follow(page.get_by_role("button", name="Log in"))
    page.get_by_role("heading", name="Administration").wait_for()


def open_release(page: Page) -> None:
    page.goto(reverse("admin:clinic_protocolrelease_change", args=[ProtocolRelease.objects.get(version="0.2.0").pk]))


def step(page: Page, name: str, reason: str = "") -> None:
    """Take a step from the page of the release."""
    staff.follow(page.get_by_role("link", name=name, exact=True))
    page.get_by_label("Reason").fill(reason)
    staff.follow(page.get_by_role("button", name=name, exact=True))


def answer_for_what_is_less_urgent(page: Page) -> None:
    """Change by change, each from the page of the comparison and with a reason."""
    while True:
        open_release(page)
        staff.follow(page.get_by_role("link", name="Compared with small/0.1.0"))
        unanswered = page.get_by_role("link", name="Answer for")
        if unanswered.count() == 0:
            return
        staff.follow(unanswered.first)
        page.get_by_label("Reason").fill("Asked at the desk.")
        staff.follow(page.get_by_role("button", name="Answer for it"))


def test_one_writes_another_approves_and_a_site_follows(
    page_without_javascript: Page, proofs_that_hold: None, here: Site, author: User, approver: User
):
    page = page_without_javascript
    old = factories.publish(small.SMALL)
    log_in(page, author)
    page.goto(reverse("admin:clinic_protocolrelease_changelist"))
    staff.follow(page.get_by_role("link", name="small", exact=True))
    staff.follow(page.get_by_role("link", name="Draft a new version"))
    expect(page.get_by_label("The text of")).to_have_value(str(old.pk))
    page.get_by_label("As version").fill("0.2.0")
    staff.follow(page.get_by_role("button", name="Make the draft"))
    staff.follow(page.get_by_role("link", name="Change the text"))
    text = page.get_by_label("Text")
    newer = text.input_value().replace("A guideline", "A newer guideline")
    text.fill(newer.replace('when = "possible(wish >= 1)"', 'when = "possible(wish >= 2)"'))
    staff.follow(page.get_by_role("button", name="Save the text"))
    staff.follow(page.get_by_role("button", name="Prove it"))
    expect(page.get_by_text("Every property holds")).to_be_visible()
    open_release(page)
    staff.follow(page.get_by_role("button", name="Compare them"))
    expect(page.get_by_text("changes to something less urgent")).to_be_visible()
    expect(page.get_by_text("A newer guideline").first).to_be_visible()
    expect(page.get_by_role("link", name="Answer for 1")).to_have_count(0)
    open_release(page)
    step(page, "Send to review")
    expect(page.get_by_text("In review").first).to_be_visible()
    expect(page.get_by_role("link", name="Approve")).to_have_count(0)
    page.goto(reverse("admin:protocol_step", args=[ProtocolRelease.objects.get(version="0.2.0").pk, "approve"]))
    staff.follow(page.get_by_role("button", name="Approve"))
    expect(page.get_by_text("Nobody approves a protocol of their own.")).to_be_visible()
    staff.follow(page.get_by_role("button", name="Log out"))

    log_in(page, approver)
    open_release(page)
    expect(page.get_by_text("A newer guideline")).to_be_visible()
    step(page, "Approve")
    step(page, "Publish")
    expect(page.get_by_text("nobody answers for that yet").first).to_be_visible()
    answer_for_what_is_less_urgent(page)
    open_release(page)
    step(page, "Publish")
    staff.follow(page.get_by_role("link", name="Activate at a site"))
    page.get_by_label("Site").select_option("Example practice")
    page.get_by_label("Reason").fill("Everybody is trained on it.")
    staff.follow(page.get_by_role("button", name="Activate"))
    expect(page.get_by_role("row", name="Example practice").first).to_contain_text("small/0.2.0")

    page.goto(reverse("admin:clinic_protocolrelease_change", args=[old.pk]))
    staff.follow(page.get_by_role("link", name="Activate at a site"))
    page.get_by_label("Site").select_option("Example practice")
    page.get_by_label("Reason").fill("Too many questions.")
    staff.follow(page.get_by_role("button", name="Activate"))
    expect(page.get_by_role("row", name="Example practice").first).to_contain_text("small/0.1.0")
    assert [each.release.version for each in Activation.objects.order_by("seq")] == ["0.2.0", "0.1.0"]


def test_every_page_of_governance_is_accessible(
    page: Page, author: User, approver: User, monkeypatch: pytest.MonkeyPatch
):
    published = factories.published_release()
    small.expect_of_it_what_these_tests_do(monkeypatch)
    small.let_proofs(monkeypatch, hold=True)
    factories.publish(small.SMALL)
    less = ('when = "possible(wish >= 1)"', 'when = "possible(wish >= 2)"')
    withdrawn = small.version("0.2.0", ('status = "background"', 'status = "withdrawn"'), less)
    small.let_proofs(monkeypatch, hold=False)
    release = small.in_review(withdrawn, by=factories.user(Role.AUTHOR, factories.site()))
    refuted = proving.prove(release=release, by=author)
    compared = comparing.compare(release=release, by=author)
    log_in(page, approver)
    pages = [
        ("clinic_protocolrelease_change", published.pk),
        ("clinic_protocolrelease_change", release.pk),
        ("protocol_certificate", release.pk, refuted.pk),
        ("protocol_comparison", release.pk, compared.pk),
        ("protocol_lowering", release.pk, compared.pk, comparing.unanswered(compared)[0]["change"]),
        ("protocol_step", release.pk, "send_back"),
        ("protocol_waiver", release.pk, "R2"),
        ("protocol_activation", published.pk),
    ]
    for name, *args in pages:
        page.goto(reverse(f"admin:{name}", args=args))
        assert_accessible(page)
    staff.follow(page.get_by_role("button", name="Activate"))
    page.locator(".errornote").wait_for()
    assert_accessible(page)
    page.set_viewport_size({"width": 320, "height": 800})
    open_release(page)
    staff.assert_fits(page)
