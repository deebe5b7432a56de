"""Nobody who could harm is let in by a password alone, on no path."""

from collections import Counter
from functools import partial
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from clinic.actions import people, second_factor
from clinic.actions.errors import Conflict, NotAllowed
from clinic.models import AuditEvent, SecondFactor, Site, User
from clinic.permissions import Role
from tests import factories
from tests.clinic.apps import App, give_code, give_password, later, log_in, set_up
from tests.clinic.sending import unseen
from tests.clinic.test_at_once import together
from tests.test_addresses import OPEN, ROUTES, demands_login, sample

POWERFUL = [role for role in Role if role is not Role.CLERK]
OWN = ("login/code/", "second-factor/", "second-factor/picture.svg")  # what is there for whoever waits


@pytest.fixture(autouse=True)
def _demanded(settings: Any) -> None:
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.fixture
def app(clinician: User) -> App:
    return App(clinician)


def is_in(client: Client) -> bool:
    return not demands_login(client.get(reverse("second_factor_again")))


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("action", flat=True))


# Every way in


@pytest.mark.parametrize("role", POWERFUL)
@pytest.mark.parametrize("path", ["/", "/admin/", "/password/", "/api/v1/worklist/"])
def test_a_password_alone_leads_to_setting_one_up(client: Client, here: Site, role: Role, path: str):
    assert give_password(client, factories.user(role, here), to=path).url == reverse("second_factor")
    assert demands_login(client.get(path))
    assert demands_login(client.post(path))


@pytest.mark.parametrize("role", POWERFUL)
def test_a_password_alone_leads_to_the_code(client: Client, here: Site, role: Role):
    user = factories.user(role, here)
    App(user)
    assert give_password(client, user).url == reverse("login_code")
    assert not is_in(client)


@pytest.mark.parametrize("has", ["one", "none"])
def test_between_password_and_code_every_other_address_asks_to_log_in(client: Client, clinician: User, has: str):
    if has == "one":
        App(clinician)
    give_password(client, clinician)
    others = [route for route in ROUTES if route not in (*OPEN, *OWN)]
    assert len(others) > 100
    for route in others:
        for method in ("get", "post"):
            assert demands_login(getattr(client, method)(sample(route))), f"{method} {route}"


def test_whoever_has_one_cannot_set_up_another_with_the_password(client: Client, clinician: User, app: App):
    give_password(client, clinician)
    for name in ("second_factor", "second_factor_picture"):
        assert demands_login(client.get(reverse(name)))
        assert demands_login(client.post(reverse(name), {"password": factories.PASSWORD, "code": app.code()}))


def test_a_session_that_came_by_another_way_is_ended(client: Client, clinician: User):
    client.force_login(clinician)
    for path in ("/", "/admin/", "/api/v1/worklist/"):
        assert demands_login(client.get(path)), path


def test_a_clerk_is_let_in_without_until_they_become_more(client: Client, here: Site, clerk: User):
    assert give_password(client, clerk).url == reverse("worklist")
    assert client.get(reverse("worklist")).status_code == 200
    people.grant(user=clerk, site=here, role=Role.CLINICIAN, by=people.system())
    assert demands_login(client.get(reverse("worklist")))


def test_a_clerk_who_has_one_shows_it(client: Client, clerk: User):
    App(clerk)
    assert give_password(client, clerk).url == reverse("login_code")


def test_the_demo_asks_for_none_and_says_so(client: Client, settings: Any, clinician: User):
    settings.SECOND_FACTOR_REQUIRED = False
    assert b"no second factor is asked for" in client.get(reverse("login")).content
    assert give_password(client, clinician).url == reverse("worklist")


def test_elsewhere_the_log_in_page_says_nothing_of_it(client: Client, db: None):
    assert b"second factor" not in client.get(reverse("login")).content


# The code


def test_the_code_lets_in_and_leads_on(client: Client, clinician: User, app: App):
    give_password(client, clinician, to=reverse("find_patient"))
    assert give_code(client, app.code()).url == reverse("find_patient")
    assert is_in(client)
    assert actions()[-1] == "user.login"


@pytest.mark.parametrize("ahead", [-1, 1])
def test_a_clock_half_a_minute_out_is_forgiven(client: Client, clinician: User, app: App, ahead: int):
    give_password(client, clinician)
    assert give_code(client, app.code(ahead=ahead)).status_code == 302


@pytest.mark.parametrize("ahead", [-2, 2])
def test_a_code_of_another_minute_is_refused(client: Client, clinician: User, app: App, ahead: int):
    give_password(client, clinician)
    assert give_code(client, app.code(ahead=ahead)).status_code == 200
    assert not is_in(client)


def test_a_code_is_good_once(clinician: User, app: App):
    code = app.code(ahead=1)
    assert second_factor.spend(user=clinician, code=code) == "code"
    assert second_factor.spend(user=clinician, code=code) is None
    assert second_factor.spend(user=clinician, code=app.code()) is None, "an earlier one than the last"


@pytest.mark.django_db(transaction=True)
def test_a_code_sent_twice_at_once_is_good_once():
    clinician = factories.user(Role.CLINICIAN, factories.site())
    app = App(clinician)
    for code, kind in ((app.code(), "code"), (app.recovery_codes[0], "recovery code")):
        acts = [partial(second_factor.spend, user=clinician, code=code)] * 6
        assert Counter(together(*acts)) == {kind: 1, None: 5}


@pytest.mark.parametrize("code", ["", "000", "a" * 60, "a" * 61, "\x00", "١٢٣٤٥٦", "\N{BLACK FLAG}"])
def test_what_is_no_code_is_refused_with_words(client: Client, clinician: User, app: App, code: str):
    give_password(client, clinician)
    answer = give_code(client, code)
    assert answer.status_code == 200
    assert "error-summary" in answer.content.decode()


def test_a_recovery_code_lets_in_once_however_it_is_typed(client: Client, clinician: User, app: App):
    typed = app.recovery_codes[3].lower().replace(" ", "-")
    give_password(client, clinician)
    assert give_code(client, typed).status_code == 302
    other = Client()
    give_password(other, clinician)
    assert give_code(other, typed).status_code == 200
    assert len(SecondFactor.objects.get().recovery_digests) == second_factor.CODES - 1


def test_five_wrong_codes_close_the_door_to_the_right_one(client: Client, clinician: User, app: App):
    give_password(client, clinician)
    assert [give_code(client, "000000").status_code for _ in range(5)] == [200, 200, 200, 200, 429]
    assert give_code(client, app.code()).status_code == 429
    assert give_password(Client(), clinician).status_code == 429
    assert actions()[-2:] == ["user.login_failed", "user.lock_out"]


def test_wrong_codes_and_wrong_passwords_count_together(client: Client, clinician: User, app: App):
    give_password(client, clinician)
    assert [give_code(client, "000000").status_code for _ in range(4)] == [200] * 4
    wrong = {"username": clinician.username, "password": "wrong"}
    assert Client().post(reverse("login"), wrong).status_code == 429


def test_wrong_codes_of_many_sessions_count_together(clinician: User, app: App):
    waiting = [Client() for _ in range(6)]
    for each in waiting:
        give_password(each, clinician)
    assert [give_code(each, "000000").status_code for each in waiting[:5]] == [200, 200, 200, 200, 429]
    assert give_code(waiting[5], app.code()).status_code == 429


def test_a_right_password_again_gives_no_new_guesses_of_the_code(clinician: User, app: App):
    answers = []
    for _ in range(5):
        client = Client()
        give_password(client, clinician)
        answers.append(give_code(client, "000000").status_code)
    assert answers == [200, 200, 200, 200, 429]


def test_a_code_that_was_given_in_one_session_is_none_in_another(clinician: User, app: App):
    code, first, second = app.code(), Client(), Client()
    for each in (first, second):
        give_password(each, clinician)
    assert give_code(first, code).status_code == 302
    assert give_code(second, code).status_code == 200
    assert not is_in(second)


def test_the_code_of_another_person_is_refused(client: Client, here: Site, clinician: User, app: App):
    other = App(factories.user(Role.CLINICIAN, here))
    give_password(client, clinician)
    assert give_code(client, other.code()).status_code == 200
    assert give_code(client, other.recovery_codes[0]).status_code == 200


def test_who_waits_too_long_begins_again(client: Client, clinician: User, app: App):
    give_password(client, clinician)
    with later(minutes=11):
        assert demands_login(give_code(client, app.code()))


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "another-quiet-lantern"}])
def test_who_waits_is_not_let_in_when_that_no_longer_holds(
    client: Client, clinician: User, app: App, change: dict[str, Any]
):
    give_password(client, clinician)
    if "password" in change:
        people.set_password(user=clinician, by=people.system(), **change)
    else:
        people.change(user=clinician, changes=change, by=people.system())
    assert demands_login(give_code(client, app.code()))


def test_going_back_to_the_log_in_page_forgets_the_password(client: Client, clinician: User, app: App):
    give_password(client, clinician)
    client.get(reverse("login"))
    assert demands_login(give_code(client, app.code()))


# Setting it up


def test_setting_it_up_lets_in_and_tells_the_recovery_codes_once(client: Client, clinician: User):
    give_password(client, clinician)
    page = set_up(client)
    told = page.context["codes"]
    assert len(set(told)) == second_factor.CODES
    assert all(code in page.content.decode() for code in told)
    assert is_in(client)
    assert told[0] not in client.get(reverse("second_factor")).content.decode()
    assert "user.mfa_change" in actions()


def test_the_picture_holds_no_style_and_is_not_kept(client: Client, clinician: User):
    give_password(client, clinician)
    client.get(reverse("second_factor"))
    picture = client.get(reverse("second_factor_picture"))
    assert picture["Content-Type"] == "image/svg+xml"
    assert "no-store" in picture["Cache-Control"]
    assert b"<svg" in picture.content
    assert b"style" not in picture.content


@pytest.mark.parametrize(
    "wrong", [{"password": "wrong"}, {"code": "000000"}, {"code": "x" * 21}, {"password": "\x00"}, {"code": "\x00"}]
)
def test_it_takes_the_password_and_the_right_code(client: Client, clinician: User, wrong: dict[str, str]):
    give_password(client, clinician)
    answer = set_up(client, **wrong)
    assert answer.status_code == 200
    assert "error-summary" in answer.content.decode()
    assert not SecondFactor.objects.exists()
    assert not is_in(client)


def test_the_password_cannot_be_guessed_there(client: Client, clinician: User):
    give_password(client, clinician)
    assert [set_up(client, password=f"wrong {each}").status_code for each in range(5)] == [200, 200, 200, 200, 429]
    page = {"password": factories.PASSWORD, "code": "000000"}
    assert client.post(reverse("second_factor"), page).status_code == 429


def test_a_reloaded_page_keeps_its_key(client: Client, clinician: User):
    give_password(client, clinician)
    keys = {client.get(reverse("second_factor")).context["draft"].secret for _ in range(2)}
    assert len(keys) == 1


def test_a_key_begun_before_another_person_sat_down_is_not_theirs(client: Client, here: Site, clinician: User):
    give_password(client, clinician)
    first = client.get(reverse("second_factor")).context["draft"].secret
    give_password(client, factories.user(Role.AUDITOR, here))
    assert client.get(reverse("second_factor")).context["draft"].secret != first


def test_replacing_it_takes_the_old_one_first(client: Client, clinician: User, app: App):
    with later(minutes=-10):
        log_in(client, clinician, app)
    asked = client.get(reverse("second_factor"))
    assert asked.url.startswith(reverse("second_factor_again"))
    assert client.post(asked.url, {"code": app.code()}).url == reverse("second_factor")
    old = second_factor.draft(clinician, kept=SecondFactor.objects.get().sealed).secret
    assert set_up(client).status_code == 200
    assert is_in(client), "the session in which it was replaced goes on"
    new = second_factor.draft(clinician, kept=SecondFactor.objects.get().sealed).secret
    assert old != new
    assert second_factor.spend(user=clinician, code=app.recovery_codes[0]) is None


# What lies in the database


def test_neither_secret_nor_codes_lie_in_the_database(client: Client, clinician: User):
    give_password(client, clinician)
    secret = client.get(reverse("second_factor")).context["draft"].secret
    kept = [str(session.get_decoded()) for session in Session.objects.all()]
    assert any("second_factor_draft" in each for each in kept)
    assert not any(secret in each for each in kept)
    codes = set_up(client).context["codes"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed, recovery_digests FROM clinic_secondfactor")
        row = str(cursor.fetchone())
    assert not any(words in row for words in (secret, *codes, *(code.replace(" ", "") for code in codes)))


def test_a_sealed_secret_opens_for_its_owner_only(here: Site, clinician: User, app: App):
    thief = factories.user(Role.CLINICIAN, here)
    App(thief)
    SecondFactor.objects.filter(user=clinician).update(sealed=SecondFactor.objects.get(user=thief).sealed)
    with pytest.raises(Conflict, match="cannot be read"):
        second_factor.spend(user=clinician, code="000000")


def test_under_another_key_the_page_says_what_to_do(client: Client, settings: Any, clinician: User, app: App):
    settings.MFA_KEY = b"1" * 64
    give_password(client, clinician)
    assert "have it taken away" in give_code(client, app.code()).content.decode()


# Lost


def test_who_lost_everything_is_helped_by_who_looks_after_them(here: Site, clinician: User, admin: User, app: App):
    second_factor.forget(user=clinician, by=admin)
    assert not SecondFactor.objects.exists()
    client = Client()
    assert give_password(client, clinician).url == reverse("second_factor")
    change = AuditEvent.objects.filter(action="user.mfa_change").latest("id")
    assert (change.site, change.actor, change.detail) == (here, admin, {"what": "taken away"})


@pytest.mark.parametrize("role", [Role.CLERK, Role.CLINICIAN])
def test_nobody_else_takes_it_away(here: Site, clinician: User, app: App, role: Role):
    with pytest.raises(NotAllowed):
        second_factor.forget(user=clinician, by=factories.user(role, here))


def test_an_administrator_takes_it_away_on_the_page_of_the_user(
    client: Client, settings: Any, clinician: User, admin: User, app: App
):
    settings.SECOND_FACTOR_REQUIRED = False
    client.force_login(admin)
    form = {"display_name": clinician.display_name, "email": "", "is_active": "on"}
    page = reverse("admin:clinic_user_change", args=[clinician.pk])
    assert client.post(page, form | unseen(clinician)).status_code == 302
    assert SecondFactor.objects.exists()
    assert client.post(page, form | unseen(clinician) | {"forget_second_factor": "on"}).status_code == 302
    assert not SecondFactor.objects.exists()


def test_a_command_helps_whom_nobody_looks_after(admin: User):
    App(admin)
    call_command("forget_second_factor", admin.username)
    assert not SecondFactor.objects.exists()
    for name, why in (("nobody-here", "no user"), ("system", "may not")):
        with pytest.raises(CommandError, match=why):
            call_command("forget_second_factor", name)


def test_the_history_of_the_user_tells_of_it(clinician: User, admin: User, app: App):
    second_factor.forget(user=clinician, by=admin)
    newest = clinician.history.order_by("-history_id")[:2]
    told = [(row.history_change_reason, row.history_user) for row in newest]
    assert told == [("second factor taken away", admin), ("second factor set up", clinician)]
