"""What a browser is told by a server in production, and what may be a password there."""

import re
import runpy
from collections.abc import Iterator
from contextlib import closing
from http.cookies import Morsel
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from clinic.actions import people
from clinic.models import Site, User
from clinic.settings import BASE_DIR
from tests import factories
from tests.clinic.apps import App, later
from tests.test_settings import PRODUCTION

COPIED = ("SECURE_", "SESSION_COOKIE_", "CSRF_COOKIE_", "LANGUAGE_COOKIE_", "CONTENT_SECURITY_POLICY")
LONG = "  Only small letters, blanks at both ends, and more than sixty-four of them in all ü  "
YEAR = 365 * 24 * 60 * 60


@pytest.fixture(autouse=True)
def production(settings: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The settings of a clinic's server, as far as they are about browsers and passwords."""
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("YELLOWFLAG_ENV", "production")
    found = runpy.run_path(str(BASE_DIR / "clinic" / "settings.py"))
    for name, value in found.items():
        if name.startswith(COPIED):
            setattr(settings, name, value)
    return found


@pytest.fixture
def browser(db: None) -> Client:
    return Client(headers={"Origin": "https://elsewhere.example"})


def log_in(browser: Client, user: User, password: str = factories.PASSWORD) -> Any:
    form = {"username": user.username, "password": password}
    return browser.post(reverse("login"), form, secure=True)


def cookies(browser: Client, clerk: User) -> Iterator[tuple[str, Morsel[str]]]:
    browser.get(reverse("login"), secure=True)
    assert log_in(browser, clerk).status_code == 302
    browser.post(reverse("set_language"), {"language": "de", "next": "/"}, secure=True)
    yield from browser.cookies.items()


def test_cookies_are_for_this_host_over_https_and_not_for_scripts(browser: Client, clerk: User):
    found = dict(cookies(browser, clerk))
    assert set(found) == {"__Host-session", "__Host-csrf", "__Host-language"}
    for cookie in found.values():
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
        assert (cookie["path"], cookie["domain"]) == ("/", "")


def test_a_session_has_a_number_that_nobody_guesses(browser: Client, clerk: User):
    value = dict(cookies(browser, clerk))["__Host-session"].value
    assert Session.objects.get().pk == value
    assert len(value) == 32, "letters and digits: more than 160 bits"


@pytest.mark.parametrize(
    "path", ["/login/", "/nowhere/", "/api/v1/worklist/", "/api/v1/nowhere/", "/admin/", "/readyz"]
)
def test_every_answer_keeps_the_browser_to_https_and_to_us(browser: Client, path: str):
    answer = browser.get(path, secure=True)
    policy = {words.split(" ")[0]: words.split(" ")[1:] for words in answer["Content-Security-Policy"].split("; ")}
    assert answer["Strict-Transport-Security"] == f"max-age={YEAR}; includeSubDomains; preload"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert policy.pop("default-src") == policy.pop("base-uri") == policy.pop("frame-ancestors") == ["'none'"]
    assert set(map(tuple, policy.values())) == {("'self'",)}, "plug-ins are left to the default, which is none"
    assert "Access-Control-Allow-Origin" not in answer


@pytest.mark.parametrize("path", ["/patients/", "/logout/", "/api/v1/worklist/", "/livez"])
def test_a_request_is_not_echoed(browser: Client, clerk: User, path: str):
    log_in(browser, clerk)
    answer = browser.trace(path, secure=True, headers={"X-Word": "quillfeather"})
    assert answer.status_code == 405
    assert b"quillfeather" not in answer.content


def test_nothing_is_left_on_that_helps_to_find_faults(production: dict[str, Any]):
    assert production["DEBUG"] is False


def test_one_can_leave_from_every_kind_of_page(browser: Client, here: Site, clinician: User):
    browser.force_login(clinician)
    for path in (reverse("worklist"), reverse("find_patient"), reverse("admin:index")):
        assert f'action="{reverse("logout")}"' in browser.get(path, secure=True).content.decode(), path


def test_a_password_is_hidden_and_a_password_manager_may_fill_it_in(browser: Client):
    page = browser.get(reverse("login"), secure=True).content.decode()
    assert 'name="password" type="password" autocomplete="current-password" required>' in page


def test_a_long_password_is_taken_to_the_letter(browser: Client, clerk: User):
    people.choose_password(password=LONG, by=clerk)
    for other in (LONG.strip(), LONG.lower(), LONG[:72], LONG[:64]):
        assert log_in(Client(), clerk, other).status_code == 200
    assert log_in(browser, clerk, LONG).status_code == 302


def test_a_password_is_kept_by_argon2(clerk: User, settings: Any, production: dict[str, Any]):
    settings.PASSWORD_HASHERS = production["PASSWORD_HASHERS"]
    people.choose_password(password=LONG, by=clerk)
    assert User.objects.get(pk=clerk.pk).password.startswith("argon2$argon2id$")


def test_a_password_does_not_end_by_itself(browser: Client, clerk: User):
    with later(days=1000):
        assert log_in(browser, clerk).status_code == 302


def test_keys_and_codes_are_long_and_never_twice(clerk: User):
    first, second = App(clerk), App(clerk)
    assert first.secret != second.secret
    assert len(first.secret) == len(second.secret) == 32, "of 32 signs: 160 bits"
    codes = first.recovery_codes + second.recovery_codes
    assert len(set(codes)) == len(codes) == 16
    assert all(re.fullmatch("[A-Z2-7]{32}", code.replace(" ", "")) for code in codes), "160 bits"


def test_nothing_that_must_not_be_guessed_comes_from_guessable_chance():
    sources = [file.read_text() for file in (BASE_DIR / "clinic").rglob("*.py")]
    assert len(sources) > 100
    assert not any(
        re.search(r"^\s*(import|from) (random|numpy\.random)\b|np\.random", text, re.MULTILINE) for text in sources
    )


def test_a_folder_is_not_listed(browser: Client):
    for path in ("/static/", "/static/clinic/"):
        assert browser.get(path, secure=True).status_code == 404
    with closing(browser.get("/static/clinic/yellowflag.css", secure=True)) as file:
        assert file.status_code == 200


def test_what_looks_like_markup_is_shown_as_words(browser: Client, here: Site, clinician: User):
    name = "<b onclick='x'>\\\"Example</b>"
    patient = factories.patient(here, family_name=name)
    browser.force_login(clinician)
    for path in (reverse("patient", args=[patient.pk]), reverse("admin:clinic_patient_change", args=[patient.pk])):
        page = browser.get(path, secure=True).content.decode()
        assert "&lt;b onclick=&#x27;x&#x27;&gt;\\&quot;Example" in page
        assert "<b onclick" not in page
    assert browser.get(reverse("api:patient", args=[patient.pk]), secure=True).json()["family_name"] == name
