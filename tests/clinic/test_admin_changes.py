"""What administrators change: each time through an action, with its history and its audit entry."""

import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from clinic.actions import people, tokens, verifying, webhooks
from clinic.actions.errors import Conflict
from clinic.actions.sites import DEADLINES
from clinic.models import ApiToken, AuditEvent, Membership, SecondFactor, Site, User
from clinic.permissions import Role
from tests import factories
from tests.clinic.apps import App, log_in
from tests.clinic.sending import unseen

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Site:
    return factories.site()


@pytest.fixture
def admin(here: Site) -> User:
    return factories.user(Role.ADMIN, here)


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def post(client: Client, page: str, data: dict[str, Any], row: Any = None) -> HttpResponse:
    model, what = page.split("/")
    args = [row.pk] if row else []
    return client.post(reverse(f"admin:clinic_{model}_{what}", args=args), unseen(row) | data)  # type: ignore[return-value]


def newest_entry(at: Site | None) -> AuditEvent:
    entry = AuditEvent.objects.filter(site=at).order_by("-seq").first()
    assert entry is not None
    return entry


def site_form(site: Site, **changed: str) -> dict[str, str]:
    names = (
        "name",
        "emergency_number",
        "crisis_line",
        "emergency_department",
        "address",
        "phone",
        "reference_kind",
        *DEADLINES,
    )
    return {name: getattr(site, name) for name in names} | {"is_live": "on"} | changed


def test_a_changed_site_has_its_history_and_its_audit_entry(client: Client, admin: User, here: Site):
    assert post(client, "site/change", site_form(here, crisis_line="116 123"), here).status_code == 302
    here.refresh_from_db()
    newest = here.history.first()
    assert (here.crisis_line, newest.history_user, newest.history_change_reason) == (
        "116 123",
        admin,
        "changed: crisis_line",
    )
    entry = newest_entry(here)
    assert (entry.action, entry.actor, entry.door) == ("site.change", admin, "admin")
    assert verifying.first_broken(here) is None


def test_a_live_site_without_numbers_is_refused_with_words(client: Client, here: Site):
    answer = post(client, "site/change", site_form(here, crisis_line=""), here)
    assert answer.status_code == 200
    assert "A live site needs an emergency number and a crisis line." in answer.content.decode()
    assert here.history.count() == 1


def test_whoever_opens_a_site_administers_it(client: Client, admin: User, here: Site):
    form = {**site_form(here), "slug": "new-practice", "name": "New practice", "time_zone": "Europe/London"}
    assert post(client, "site/add", form).status_code == 302
    opened = Site.objects.get(slug="new-practice")
    assert Membership.objects.filter(user=admin, site=opened, role=Role.ADMIN).exists()


def user_form(here: Site, **changed: Any) -> dict[str, Any]:
    return {
        "username": "newcomer",
        "display_name": "New Comer",
        "email": "",
        "site": str(here.pk),
        "role": "clinician",
        **changed,
    }


def password_shown(answer: Any) -> str:
    (shown,) = re.findall(r"<code>((?:[a-z2-9]{4}-){3}[a-z2-9]{4})</code>", answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    return str(shown)


def test_a_new_user_can_log_in_by_a_password_that_nobody_chose_and_has_a_first_role(client: Client, here: Site):
    shown = password_shown(post(client, "user/add", user_form(here)))
    user = User.objects.get(username="newcomer")
    assert user.check_password(shown)
    assert not user.chose_password
    assert user.roles == {here.pk: {Role.CLINICIAN}}
    assert {"user.add", "membership.grant"} <= set(
        AuditEvent.objects.filter(site=here).values_list("action", flat=True)
    )


@pytest.mark.parametrize(
    "changed",
    [{"username": "a\x00b"}, {"role": "king"}, {"display_name": ""}, {"site": "x"}],
)
def test_a_user_that_cannot_be_is_refused_with_words(changed: dict[str, str], client: Client, here: Site):
    answer = post(client, "user/add", user_form(here, **changed))
    assert answer.status_code == 200
    assert "errornote" in answer.content.decode()
    assert not User.objects.filter(display_name="New Comer").exists()


def test_a_taken_user_name_is_refused_with_words(client: Client, admin: User, here: Site):
    answer = post(client, "user/add", user_form(here, username=admin.username))
    assert "already exists" in answer.content.decode()


def test_nobody_is_added_at_a_site_of_others(client: Client, here: Site):
    elsewhere = factories.site()
    assert post(client, "user/add", user_form(here, site=str(elsewhere.pk))).status_code == 200
    assert not User.objects.filter(username="newcomer").exists()


def test_a_user_is_let_out_and_given_a_new_password(client: Client, here: Site):
    user = factories.user(Role.CLERK, here)
    form = {"display_name": "Gone", "email": "", "give_new_password": "on"}
    shown = password_shown(post(client, "user/change", form, user))
    user = User.objects.get(pk=user.pk)
    assert (user.is_active, user.display_name) == (False, "Gone")
    assert user.check_password(shown)
    reasons = [row.history_change_reason for row in user.history.all()]
    assert reasons == ["changed: display_name, is_active", "password changed", "added"]


def test_no_two_passwords_are_alike(client: Client, here: Site):
    user = factories.user(Role.CLERK, here)
    form = {"display_name": "Same", "email": "", "is_active": "on", "give_new_password": "on"}
    assert len({password_shown(post(client, "user/change", form, user)) for _ in range(3)}) == 3


def test_who_is_only_renamed_keeps_their_password(client: Client, here: Site):
    user = factories.user(Role.CLERK, here)
    form = {"display_name": "Renamed", "email": "", "is_active": "on"}
    assert post(client, "user/change", form, user).status_code == 302
    assert User.objects.get(pk=user.pk).check_password(factories.PASSWORD)


ALONE_AT_A_SCREEN = ("give_new_password", "forget_second_factor")


@pytest.mark.parametrize("box", ALONE_AT_A_SCREEN)
def test_administrators_change_their_own_password_and_second_factor_where_the_present_one_is_asked_for(
    client: Client, admin: User, box: str
):
    log_in(client, admin, App(admin))
    page = reverse("admin:clinic_user_change", args=[admin.pk])
    shown = client.get(page).content.decode()
    assert 'name="display_name"' in shown
    assert f'name="{box}"' not in shown
    form = {"display_name": "Renamed", "email": "", "is_active": "on"}
    answer = client.post(page, form | {box: "on"})
    assert "asked for the present one" in answer.content.decode()
    after = User.objects.get(pk=admin.pk)
    assert (after.check_password(factories.PASSWORD), after.display_name) == (True, admin.display_name)
    assert SecondFactor.objects.filter(user=admin).exists()
    assert client.post(page, form | unseen(admin)).status_code == 302
    assert User.objects.get(pk=admin.pk).display_name == "Renamed"


def test_a_user_is_changed_altogether_or_not_at_all(client: Client, here: Site, monkeypatch: pytest.MonkeyPatch):
    def refuse(**said: object) -> None:
        raise Conflict("Not now.")

    user = factories.user(Role.CLERK, here)
    App(user)
    monkeypatch.setattr(people, "change", refuse)
    form = {"display_name": "Renamed", "email": "", "is_active": "on"} | dict.fromkeys(ALONE_AT_A_SCREEN, "on")
    assert "Not now." in post(client, "user/change", form, user).content.decode()
    assert User.objects.get(pk=user.pk).check_password(factories.PASSWORD)
    assert SecondFactor.objects.filter(user=user).exists()


def test_who_works_elsewhere_too_is_seen_but_not_changed(client: Client, here: Site):
    user = factories.user(Role.CLERK, here)
    elsewhere = factories.site()
    people.grant(user=user, site=elsewhere, role=Role.CLERK, by=people.system())
    assert client.get(reverse("admin:clinic_user_change", args=[user.pk])).status_code == 200
    form = {"display_name": "Taken over", "email": "", "is_active": "on"}
    assert post(client, "user/change", form, user).status_code == 403


def test_a_role_is_given_ended_and_given_again(client: Client, here: Site):
    user = factories.user(Role.CLERK, here)
    form = {"user": str(user.pk), "site": str(here.pk), "role": "auditor"}
    assert post(client, "membership/add", form).status_code == 302
    membership = Membership.objects.get(user=user, role=Role.AUDITOR)
    assert post(client, "membership/change", {}, membership).status_code == 302
    assert newest_entry(here).action == "membership.end"
    assert post(client, "membership/change", {"is_active": "on"}, membership).status_code == 302
    assert newest_entry(here).action == "membership.grant"
    assert [row.is_active for row in membership.history.all()] == [True, False, True]


def test_nobody_gives_themselves_a_role(client: Client, admin: User, here: Site):
    answer = post(client, "membership/add", {"user": str(admin.pk), "site": str(here.pk), "role": "clinician"})
    assert "You may not manage people" in answer.content.decode()
    assert not Membership.objects.filter(user=admin, role=Role.CLINICIAN).exists()


def test_a_token_is_shown_once_and_shut_out_when_revoked(client: Client, here: Site):
    user = factories.user(Role.INTEGRATOR, here)
    page = post(
        client, "apitoken/add", {"name": "Records bridge", "user": str(user.pk), "scope": "write", "days": "30"}
    ).content.decode()
    token = ApiToken.objects.get(name="Records bridge")
    assert f"<code>{token.token_key}" in page
    assert newest_entry(here).action == "token.issue"
    assert post(client, "apitoken/change", {}, token).status_code == 200
    assert post(client, "apitoken/change", {"revoke": "on"}, token).status_code == 302
    assert not ApiToken.objects.exists()
    assert newest_entry(here).action == "token.revoke"


def test_the_tokens_of_others_sites_are_not_there(client: Client):
    elsewhere = factories.site()
    integrator = factories.user(Role.INTEGRATOR, elsewhere)
    tokens.issue(user=integrator, name="Theirs", by=integrator)
    assert "Theirs" not in client.get(reverse("admin:clinic_apitoken_changelist")).content.decode()


@pytest.mark.parametrize("model", ["user", "membership", "webhook"])
def test_nothing_is_offered_at_a_site_that_one_does_not_look_after(client: Client, here: Site, model: str):
    elsewhere = factories.site()
    page = client.get(reverse(f"admin:clinic_{model}_add")).content.decode()
    assert f">{here.name}<" in page
    assert elsewhere.name not in page


def test_no_list_can_be_narrowed_to_a_webhook_of_another_site(client: Client, here: Site, admin: User):
    elsewhere = factories.site()
    for number, (site, by) in enumerate(
        ((here, admin), (here, admin), (elsewhere, factories.user(Role.ADMIN, elsewhere)))
    ):
        webhooks.add(site=site, url=f"https://8.8.8.8/{site.slug}-{number}", events=["intake.completed"], by=by)
    page = client.get(reverse("admin:clinic_delivery_changelist")).content.decode()
    assert f"8.8.8.8/{here.slug}-0" in page
    assert f"8.8.8.8/{elsewhere.slug}" not in page
