"""Who came in, who was refused and who left is in the trail."""

import logging

import pytest
from django.test import Client
from django.urls import reverse

from clinic.actions import audit, people, tokens, verifying
from clinic.models import AuditEvent, User
from tests import factories
from tests.clinic.apps import App, give_code, give_password, set_up


def entries() -> list[tuple[str, str, User, dict[str, object]]]:
    """Those of log-ins: action, door, actor and what else was noted, in order; the trail is intact with them."""
    assert verifying.first_broken(None) is None
    found = AuditEvent.objects.filter(action__startswith="user.log", site=None) | AuditEvent.objects.filter(
        action="user.lock_out"
    )
    return [(each.action, each.door, each.actor, each.detail) for each in found.order_by("seq")]


def wrong(username: str, times: int = 1) -> None:
    for each in range(times):
        Client().post(reverse("login"), {"username": username, "password": f"wrong {each}"})


def test_a_log_in_and_a_log_out(client: Client, clerk: User):
    give_password(client, clerk)
    client.post(reverse("logout"))
    assert entries() == [
        ("user.login", "web", clerk, {"second_factor": "none"}),
        ("user.logout", "web", clerk, {}),
    ]


@pytest.mark.parametrize("kind", ["code", "recovery code"])
def test_a_log_in_says_which_second_factor_was_shown(client: Client, clinician: User, kind: str):
    app = App(clinician)
    give_password(client, clinician)
    assert entries() == [], "nobody is in yet"
    give_code(client, app.code() if kind == "code" else app.recovery_codes[0])
    assert entries() == [("user.login", "web", clinician, {"second_factor": kind})]


def test_a_wrong_password_is_the_word_of_the_installation_about_the_user(clerk: User):
    wrong(clerk.username)
    assert entries() == [("user.login_failed", "web", people.system(), {})]
    assert AuditEvent.objects.get(action="user.login_failed").object_id == clerk.pk


def test_a_lock_out_is_noted_once_however_long_somebody_goes_on(clerk: User):
    wrong(clerk.username, 9)
    assert [action for action, *_ in entries()] == ["user.login_failed"] * 5 + ["user.lock_out"]


def test_a_name_that_nobody_has_is_noted_and_not_written_down(db: None, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO):
        wrong("my-password-in-the-wrong-box")
    assert "my-password-in-the-wrong-box" not in caplog.text
    entry = AuditEvent.objects.get(action="user.login_failed")
    assert (entry.site, entry.actor, entry.actor_label, entry.detail) == (None, None, "nobody known", {})
    assert verifying.first_broken(None) is None


def test_setting_up_and_replacing_a_second_factor_are_noted(settings, client: Client, clinician: User):
    settings.SECOND_FACTOR_REQUIRED = True
    give_password(client, clinician)
    set_up(client)
    set_up(client)
    changes = AuditEvent.objects.filter(action="user.mfa_change").order_by("seq")
    assert [(each.actor, each.detail) for each in changes] == [
        (clinician, {"what": "set up"}),
        (clinician, {"what": "replaced"}),
    ]


def test_no_log_in_without_its_entry(client: Client, monkeypatch: pytest.MonkeyPatch, clinician: User):
    app = App(clinician)
    client.raise_request_exception = False
    give_password(client, clinician)
    with monkeypatch.context() as patch:
        patch.setattr(audit, "record", lambda **_: 1 / 0)
        assert give_code(client, app.code()).status_code == 500
    assert client.get(reverse("worklist")).status_code == 302


def test_a_password_changed_shuts_out_the_programs_and_says_so(clinician: User):
    tokens.issue(user=clinician, name="Bridge", by=clinician)
    people.choose_password(password=factories.PASSWORD + "!", by=clinician)
    newest = AuditEvent.objects.order_by("-seq").values_list("action", flat=True)[:2]
    assert set(newest) == {"token.revoke", "user.password"}
