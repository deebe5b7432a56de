"""A session or token ends with what it rests on: the next request is refused."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.actions import people, second_factor, tokens
from clinic.models import Membership, Site, User
from clinic.permissions import Role
from tests import factories
from tests.clinic.apps import App, give_password, log_in
from tests.test_addresses import demands_login

NEW_PASSWORD = "another-quiet-lantern"  # noqa: S105 -- of somebody who does not exist


@pytest.fixture
def app(clinician: User) -> App:
    return App(clinician)


@pytest.fixture
def browser(clinician: User, app: App) -> Client:
    client = Client()
    log_in(client, clinician, app)
    return client


@pytest.fixture
def program(clinician: User, app: App) -> Client:
    secret = tokens.issue(user=clinician, name="test", by=clinician)
    return Client(headers={"Authorization": f"Bearer {secret}"})


def log_out(user: User, browser: Client) -> None:
    stolen = browser.cookies[configured.SESSION_COOKIE_NAME].value
    browser.post(reverse("logout"))
    browser.cookies[configured.SESSION_COOKIE_NAME] = stolen


def deactivate(user: User, browser: Client) -> None:
    people.change(user=user, changes={"is_active": False}, by=people.system())


def change_password(user: User, browser: Client) -> None:
    people.choose_password(password=NEW_PASSWORD, by=user)


def take_second_factor_away(user: User, browser: Client) -> None:
    second_factor.forget(user=user, by=people.system())


def replace_second_factor(user: User, browser: Client) -> None:
    App(user)


def end_membership(user: User, browser: Client) -> None:
    people.end(membership=Membership.objects.get(user=user), by=people.system())


CASES = [
    ("browser", log_out),
    ("browser", deactivate),
    ("browser", change_password),
    ("browser", take_second_factor_away),
    ("browser", replace_second_factor),
    ("browser", end_membership),
    ("program", deactivate),
    ("program", change_password),
    ("program", take_second_factor_away),
    ("program", replace_second_factor),
    ("program", end_membership),
]


@pytest.mark.parametrize(("who", "change"), CASES)
def test_the_next_request_is_refused(
    browser: Client, program: Client, here: Site, clinician: User, who: str, change: Callable[[User, Client], None]
):
    client = {"browser": browser, "program": program}[who]
    patient = factories.patient(here)
    paths = [reverse("api:patient", args=[patient.pk])]
    paths += [reverse("patient", args=[patient.pk])] if who == "browser" else []
    assert [client.get(path).status_code for path in paths] == [200] * len(paths)
    change(User.objects.get(pk=clinician.pk), browser)
    for path in paths:
        answer = client.get(path)
        assert answer.status_code in (401, 403, 404) or demands_login(answer), (path, answer.status_code)
        assert patient.family_name not in answer.content.decode()


@pytest.mark.parametrize("change", [deactivate, end_membership])
def test_whoever_is_let_in_again_logs_in_again_and_gets_new_tokens(
    browser: Client, program: Client, here: Site, clinician: User, change: Callable[[User, Client], None]
):
    change(User.objects.get(pk=clinician.pk), browser)
    if change is deactivate:
        people.change(user=User.objects.get(pk=clinician.pk), changes={"is_active": True}, by=people.system())
    else:
        people.grant(user=clinician, site=here, role=Role.CLINICIAN, by=people.system())
    assert demands_login(browser.get(reverse("worklist")))
    assert program.get("/api/v1/protocols/").status_code == 401


def test_who_changes_their_own_password_stays_in_and_their_other_sessions_end(
    settings: Any, browser: Client, clinician: User, app: App
):
    other = Client()
    other.cookies[configured.SESSION_COOKIE_NAME] = browser.cookies[configured.SESSION_COOKIE_NAME].value
    form = {"old": factories.PASSWORD, "new": NEW_PASSWORD}
    assert "Your password is changed" in browser.post(reverse("password"), form).content.decode()
    assert browser.get(reverse("worklist")).status_code == 200
    assert demands_login(other.get(reverse("worklist")))


def test_the_number_of_a_session_is_another_after_each_step_of_the_log_in(client: Client, clinician: User, app: App):
    numbers = []
    client.get(reverse("login"))
    client.session.save()
    numbers.append(client.session.session_key)
    client.cookies[configured.SESSION_COOKIE_NAME] = numbers[0]
    give_password(client, clinician)
    numbers.append(client.session.session_key)
    client.post(reverse("login_code"), {"code": app.code()})
    numbers.append(client.session.session_key)
    assert len(set(numbers)) == 3
    for old in numbers[:2]:
        thief = Client()
        thief.cookies[configured.SESSION_COOKIE_NAME] = old
        assert demands_login(thief.get(reverse("worklist")))


def test_logging_out_clears_the_browser(browser: Client):
    answer = browser.post(reverse("logout"))
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert answer.cookies[configured.SESSION_COOKIE_NAME].value == ""


ADDRESSES = ["/", "/patients/", "/admin/", "/api/v1/worklist/", "/api/v1/schema/", "/nowhere/", "/second-factor/"]


@pytest.mark.parametrize("path", ADDRESSES)
def test_no_answer_to_a_person_stays_in_a_browser(browser: Client, path: str):
    assert "no-store" in browser.get(path)["Cache-Control"]


@pytest.mark.parametrize("path", ["/api/v1/worklist/", "/api/v1/protocols/"])
def test_no_answer_to_a_program_stays_on_its_way(program: Client, path: str):
    assert "no-store" in program.get(path)["Cache-Control"]


def test_a_token_lets_nobody_in_after_its_end_and_no_other_is_looked_for(program: Client, clinician: User):
    tokens.issue(user=clinician, name="another", by=clinician)
    with CaptureQueriesContext(connection) as asked:
        assert program.get("/api/v1/protocols/").status_code == 200
    assert len([each for each in asked if "clinic_apitoken" in each["sql"]]) == 1
    with clock.at(clock.now() + timedelta(days=91)):
        assert program.get("/api/v1/protocols/").status_code == 401
    assert program.get("/api/v1/protocols/").status_code == 200
