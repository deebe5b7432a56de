"""A program acts for somebody who let it, does no more than it was let to, and the trail tells which it was."""

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from clinic.actions import decisions, people, tokens
from clinic.actions.errors import Conflict
from clinic.models import ApiToken, AuditEvent, Membership, Site, User
from clinic.permissions import Capability, Role, Scope, sites_of
from tests import factories
from tests.clinic.apps import App, later, log_in


def program(user: User, scope: str, **more: Any) -> Client:
    secret = tokens.issue(user=user, name="mine", scope=scope, by=user, **more)
    return Client(headers={"Authorization": f"Bearer {secret}", "If-Match": "*"})


def post(client: Client, address: str, body: object) -> Any:
    return client.post(f"/api/v1/{address}", body, content_type="application/json")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.INTEGRATOR])
def test_nobody_makes_a_token_in_the_name_of_a_person(here: Site, admin: User, role: Role) -> None:
    with pytest.raises(Conflict, match="their own tokens"):
        tokens.issue(user=factories.user(role, here), name="bridge", by=admin)
    assert not ApiToken.objects.exists()


def test_an_integrator_who_is_a_clinician_too_is_a_person(here: Site, elsewhere: Site, admin: User) -> None:
    both = factories.user(Role.INTEGRATOR, here)
    people.grant(user=both, site=here, role=Role.CLINICIAN, by=people.system())
    with pytest.raises(Conflict):
        tokens.issue(user=User.objects.get(pk=both.pk), name="bridge", by=admin)


def test_a_token_made_for_an_integrator_ends_when_they_become_a_clinician(here: Site, admin: User) -> None:
    integrator = factories.user(Role.INTEGRATOR, here)
    tokens.issue(user=integrator, name="bridge", by=admin)
    own = tokens.issue(user=integrator, name="own", by=integrator)
    people.grant(user=integrator, site=here, role=Role.CLINICIAN, by=admin)
    assert [own.startswith(each.token_key) for each in ApiToken.objects.all()] == [True]


def test_an_integrator_is_given_no_token_that_decides(here: Site, admin: User) -> None:
    with pytest.raises(Conflict, match="by a person"):
        tokens.issue(user=factories.user(Role.INTEGRATOR, here), name="bridge", scope="decide", by=admin)


@pytest.mark.parametrize("wrong", [{"scope": "all"}, {"days": 0}, {"days": 10**6}, {"days": -1}, {"name": ""}])
def test_a_token_has_a_known_scope_and_an_end(clinician: User, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        tokens.issue(**{"user": clinician, "name": "mine", "by": clinician} | wrong)


def test_no_scope_gives_more_than_the_person_has_nor_what_is_for_people_alone(here: Site, clinician: User) -> None:
    for_people = {Capability.BREAK_GLASS, Capability.USE_ADMIN, Capability.PUBLISH_PROTOCOL, Capability.MANAGE_PEOPLE}
    held = {each for each in Capability if sites_of(clinician, each)}
    for scope in Scope:
        clinician.scope = scope
        through = {each for each in Capability if sites_of(clinician, each)}
        assert through < held
        assert not through & for_people
        assert (Capability.DECIDE in through) is (scope is Scope.DECIDE)


def test_a_token_for_reading_reads_and_writes_nothing(here: Site, clinician: User) -> None:
    intake = factories.open_intake(here, clinician)
    reader = program(clinician, "read")
    assert reader.get(f"/api/v1/intakes/{intake.pk}/").status_code == 200
    assert post(reader, "patients/search/", {"words": "Ada"}).status_code == 200
    assert post(reader, "evaluate/", {"protocol": "back-pain", "answers": {}}).status_code == 200
    for address in (f"intakes/{intake.pk}/answers/", f"intakes/{intake.pk}/cancel/", "patients/", "intakes/"):
        assert post(reader, address, {"answers": {"fever": "no"}}).status_code == 403, address


def test_advice_is_not_accepted_by_a_token_unless_it_says_so(here: Site, clinician: User) -> None:
    assessment = factories.assessment(here, clinician, duration_days=10, off_work="yes")
    accept = (f"assessments/{assessment.pk}/decision/", {"kind": "accepted"})
    assert post(program(clinician, "write"), *accept).status_code == 403
    assert post(program(clinician, "decide"), *accept).status_code == 201


@pytest.mark.parametrize("verb", ["accept", "send", "cancel"])
def test_a_referral_is_not_sent_or_ended_by_a_token_that_only_writes(here: Site, clinician: User, verb: str) -> None:
    assessment = factories.assessment(here, clinician, duration_days=10, off_work="yes")
    decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    referral = assessment.referrals.all()[0]
    body = {"destination": "Example Physio", "reason": "Said so."}
    wanted = {"accept": {}, "send": {"destination": body["destination"]}, "cancel": {"reason": body["reason"]}}[verb]
    assert post(program(clinician, "write"), f"referrals/{referral.pk}/{verb}/", wanted).status_code == 403


def test_every_entry_made_through_a_token_tells_which(here: Site, clinician: User, client: Client) -> None:
    intake = factories.open_intake(here, clinician)
    machine = program(clinician, "write")
    machine.get(f"/api/v1/patients/{intake.patient_id}/")
    post(machine, f"intakes/{intake.pk}/answers/", {"answers": {"fever": "no"}})
    machine.get("/api/v1/patients/")
    key = ApiToken.objects.get(user=clinician).token_key
    through = AuditEvent.objects.filter(actor=clinician, door="api")
    assert {each.action for each in through} == {"patient.read", "intake.answer", "patient.search"}
    assert {each.detail.get("by_token") for each in through} == {key}
    client.force_login(clinician)
    client.get(reverse("patient", args=[intake.patient_id]))
    assert "by_token" not in AuditEvent.objects.filter(action="patient.read").latest("seq").detail


def test_an_ended_token_lets_nobody_in(clinician: User) -> None:
    machine = program(clinician, "read", days=7)
    assert machine.get("/api/v1/protocols/").status_code == 200
    with later(days=8):
        assert machine.get("/api/v1/protocols/").status_code == 401


# The page of one's own


def form(**more: str) -> dict[str, str]:
    return {"name": "My reader", "scope": "read", "days": "7", "password": factories.PASSWORD} | more


def test_people_make_and_end_their_own_tokens(client: Client, clinician: User) -> None:
    client.force_login(clinician)
    page = client.post(reverse("tokens"), form()).content.decode()
    token = ApiToken.objects.get()
    assert (token.user, token.created_by, token.scope) == (clinician, clinician, "read")
    secret = re.search(rf"{token.token_key}\w{{20,}}", page)
    assert secret is not None
    assert Client(headers={"Authorization": f"Bearer {secret[0]}"}).get("/api/v1/protocols/").status_code == 200
    assert secret[0] not in client.get(reverse("tokens")).content.decode()
    assert client.post(reverse("tokens"), {"revoke": token.token_key}).status_code == 302
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"password": "wrong"}, {"scope": "all"}, {"days": "999"}, {"name": ""}, {"name": "\0"}]
)
def test_it_takes_the_password_and_what_is_offered(client: Client, clinician: User, wrong: dict[str, str]) -> None:
    client.force_login(clinician)
    assert "error-summary" in client.post(reverse("tokens"), form(**wrong)).content.decode()
    assert not ApiToken.objects.exists()


def test_nobody_ends_the_token_of_another_there(client: Client, here: Site, clinician: User) -> None:
    program(clinician, "read")
    client.force_login(factories.user(Role.CLINICIAN, here))
    key = ApiToken.objects.get().token_key
    for wanted in (key, "nonsense", "\0"):
        assert client.post(reverse("tokens"), {"revoke": wanted}).status_code == 404
    assert ApiToken.objects.exists()


def test_a_fresh_second_factor_is_asked_for(client: Client, settings: Any, clinician: User) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    app = App(clinician)
    with later(minutes=-6):
        log_in(client, clinician, app)
    for method in ("get", "post"):
        assert getattr(client, method)(reverse("tokens"), form()).url.startswith(reverse("second_factor_again"))
    assert not ApiToken.objects.exists()


# What is left of a role that was taken away


def test_a_role_that_was_taken_away_leaves_no_way_back(here: Site, elsewhere: Site) -> None:
    clinician = factories.user(Role.CLINICIAN, here)
    people.grant(user=clinician, site=elsewhere, role=Role.CLERK, by=people.system())
    patient, browser = factories.patient(here), Client()
    browser.force_login(clinician)
    machine = program(clinician, "decide")
    people.end(membership=Membership.objects.get(user=clinician, site=here), by=people.system())
    assert machine.get(f"/api/v1/patients/{patient.pk}/").status_code == 401
    assert browser.get(reverse("patient", args=[patient.pk])).status_code == 302
