"""What must not be done at a desk that was left alone asks for the second factor again."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.actions.protocol_steps import STEPS, Verb
from clinic.models import ProtocolRelease, Site, User
from clinic.permissions import Role
from tests import factories
from tests.clinic import small_protocol as small
from tests.clinic.apps import App, give_code, later, log_in


@pytest.fixture(autouse=True)
def _demanded(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    small.expect_of_it_what_these_tests_do(monkeypatch)
    small.let_proofs(monkeypatch, hold=True)


@pytest.fixture
def approver(here: Site) -> User:
    return factories.user(Role.APPROVER, here)


@pytest.fixture
def app(approver: User) -> App:
    return App(approver)


@pytest.fixture
def release(here: Site) -> ProtocolRelease:
    return small.in_review(by=factories.user(Role.AUTHOR, here))


def step(release: ProtocolRelease, verb: str) -> str:
    return reverse("admin:protocol_step", args=[release.pk, verb])


def test_it_is_asked_before_approving_and_publishing():
    assert {verb for verb in Verb if STEPS[verb].fresh} == {Verb.APPROVE, Verb.PUBLISH}


@pytest.mark.parametrize("verb", ["approve", "publish"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_after_six_minutes_it_is_asked_again(
    client: Client, approver: User, app: App, release: ProtocolRelease, verb: str, method: str
):
    with later(minutes=-6):
        log_in(client, approver, app)
    asked = getattr(client, method)(step(release, verb), {"seen": release.sha256})
    assert asked.url.startswith(reverse("second_factor_again"))
    release.refresh_from_db()
    assert release.status == "in_review"


def test_shown_again_it_leads_back_and_lets_the_step_be_taken(
    client: Client, approver: User, app: App, release: ProtocolRelease
):
    with later(minutes=-6):
        log_in(client, approver, app)
    asked = client.get(step(release, "approve")).url
    assert client.post(asked, {"code": "000000"}).status_code == 200
    assert client.post(asked, {"code": app.code()}).url == step(release, "approve")
    assert client.post(step(release, "approve"), {"seen": release.sha256}).status_code == 302
    release.refresh_from_db()
    assert release.status == "approved"


def test_four_minutes_after_the_log_in_nothing_is_asked(
    client: Client, approver: User, app: App, release: ProtocolRelease
):
    with later(minutes=-4):
        log_in(client, approver, app)
    assert client.get(step(release, "approve")).status_code == 200


def test_sending_back_asks_for_nothing(client: Client, approver: User, app: App, release: ProtocolRelease):
    with later(minutes=-6):
        log_in(client, approver, app)
    assert client.get(step(release, "send_back")).status_code == 200


def test_a_new_password_asks_again_too(client: Client, approver: User, app: App):
    with later(minutes=-6):
        log_in(client, approver, app)
    assert client.get(reverse("password")).url.startswith(reverse("second_factor_again"))


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_it_leads_nowhere_but_here(client: Client, approver: User, app: App, elsewhere: str):
    with later(minutes=-6):
        log_in(client, approver, app)
    answer = client.post(reverse("second_factor_again") + f"?next={elsewhere}", {"code": app.code()})
    assert answer.url == reverse("worklist")


def test_five_wrong_codes_close_it(client: Client, approver: User, app: App):
    with later(minutes=-6):
        log_in(client, approver, app)
    tries = [client.post(reverse("second_factor_again"), {"code": "000000"}).status_code for _ in range(6)]
    assert tries == [200, 200, 200, 200, 429, 429]
    assert give_code(Client(), app.code()).url == reverse("login")


def test_who_is_asked_for_none_is_not_asked_again(
    client: Client, settings: Any, approver: User, release: ProtocolRelease
):
    settings.SECOND_FACTOR_REQUIRED = False
    client.force_login(approver)
    assert client.get(step(release, "approve")).status_code == 200
