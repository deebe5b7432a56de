"""People come in by a role at a site, and nobody raises themselves."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from clinic.actions import people, second_factor, sites, tokens
from clinic.actions.errors import Conflict
from clinic.models import ApiToken, AuditEvent, Membership, SecondFactor, Site, User
from clinic.permissions import Capability, NotAllowed, Role, may
from tests import factories
from tests.clinic.apps import App
from tests.passwords import QuickHasher


def test_an_administrator_adds_people_at_their_own_site_only(here: Site, elsewhere: Site, admin: User) -> None:
    details = {"display_name": "New", "password": factories.PASSWORD, "by": admin, "role": Role.CLERK}
    added = people.add(site=here, username="new", **details)
    assert may(added, Capability.ANSWER, here)
    assert added.check_password(factories.PASSWORD)
    with pytest.raises(NotAllowed):
        people.add(site=elsewhere, username="newer", **details)
    with pytest.raises(Conflict):
        people.add(site=here, username="new", **details)


@pytest.mark.parametrize("password", ["short", "password123456"])
def test_a_weak_password_is_refused(here: Site, password: str) -> None:
    with pytest.raises(ValidationError) as refused:
        factories.user(Role.CLERK, here, password=password)
    assert list(refused.value.message_dict) == ["password"]


def test_nobody_gives_a_role_at_a_site_whose_people_they_do_not_manage(
    here: Site, elsewhere: Site, clerk: User
) -> None:
    stranger = factories.user(Role.ADMIN, elsewhere)
    with pytest.raises(NotAllowed):
        people.grant(user=clerk, site=here, role=Role.CLINICIAN, by=stranger)
    assert clerk.memberships.count() == 1


def test_nobody_gives_themselves_a_role(here: Site, admin: User) -> None:
    with pytest.raises(NotAllowed):
        people.grant(user=admin, site=here, role=Role.CLINICIAN, by=admin)


def test_nobody_acts_on_somebody_who_also_works_elsewhere(
    here: Site, elsewhere: Site, admin: User, clerk: User
) -> None:
    people.grant(user=clerk, site=elsewhere, role=Role.CLINICIAN, by=people.system())
    with pytest.raises(NotAllowed):
        people.set_password(user=clerk, password=factories.PASSWORD, by=admin)
    with pytest.raises(NotAllowed):
        people.change(user=clerk, changes={"is_active": False}, by=admin)


def test_nobody_takes_over_the_system_account(admin: User) -> None:
    with pytest.raises(NotAllowed):
        people.set_password(user=people.system(), password=factories.PASSWORD, by=admin)


def test_the_name_of_the_system_account_is_not_to_be_had(here: Site, admin: User) -> None:
    with pytest.raises(Conflict):
        factories.user(Role.CLERK, here, username=people.SYSTEM)


def test_a_password_is_changed_by_its_owner(clerk: User) -> None:
    words = "another-quiet-lantern"
    people.choose_password(password=words, by=clerk)
    assert User.objects.get(pk=clerk.pk).check_password(words)


@pytest.mark.parametrize(
    "act",
    [
        lambda admin: people.set_password(user=admin, password=people.random_password(), by=admin),
        lambda admin: second_factor.forget(user=admin, by=admin),
    ],
    ids=["password", "second factor"],
)
def test_nobody_does_to_themselves_what_takes_no_password(admin: User, act: Callable[[User], None]) -> None:
    App(admin)
    with pytest.raises(Conflict, match="asked for the present one"):
        act(admin)
    assert User.objects.get(pk=admin.pk).check_password(factories.PASSWORD)
    assert SecondFactor.objects.filter(user=admin).exists()


def test_a_role_ends_and_begins_again_in_one_row(here: Site, admin: User, clerk: User) -> None:
    membership = clerk.memberships.get()
    people.end(membership=membership, by=admin)
    with pytest.raises(Conflict):
        people.end(membership=membership, by=admin)
    people.grant(user=clerk, site=here, role=Role.CLERK, by=admin)
    with pytest.raises(Conflict):
        people.grant(user=clerk, site=here, role=Role.CLERK, by=admin)
    assert Membership.objects.filter(user=clerk).count() == 1
    reasons = [row.history_change_reason for row in membership.history.order_by("history_id")]
    assert reasons == ["membership.grant", "membership.end", "membership.grant"]


def test_what_cannot_be_changed_of_a_person_is_named(clerk: User, admin: User) -> None:
    with pytest.raises(ValidationError) as refused:
        people.change(user=clerk, changes={"username": "other"}, by=admin)
    assert list(refused.value.message_dict) == ["username"]


def test_a_live_site_has_its_numbers(here: Site, admin: User) -> None:
    with pytest.raises(ValidationError, match="needs an emergency number"):
        sites.change(site=here, changes={"crisis_line": ""}, by=admin)
    sites.change(site=here, changes={"crisis_line": "116 123"}, by=admin)
    assert Site.objects.get(pk=here.pk).crisis_line == "116 123"


def test_only_an_administrator_opens_a_site(admin: User, clerk: User) -> None:
    with pytest.raises(NotAllowed):
        sites.open(slug="new", details={"name": "New"}, by=clerk)
    opened = sites.open(slug="new", details={"name": "New"}, by=admin)
    assert may(admin, Capability.MANAGE_PEOPLE, opened)
    assert [each.action for each in AuditEvent.objects.filter(site=opened)] == ["membership.grant", "site.open"]
    with pytest.raises(Conflict):
        sites.open(slug="new", details={"name": "New"}, by=admin)


def test_a_token_is_stored_only_as_a_hash_and_can_be_revoked(here: Site, admin: User, clerk: User) -> None:
    program = factories.user(Role.INTEGRATOR, here)
    secret = tokens.issue(user=program, name="record system", by=admin)
    token = ApiToken.objects.get()
    assert secret not in (token.digest, token.token_key)
    with pytest.raises(NotAllowed):
        tokens.revoke(token=token, by=clerk)
    tokens.revoke(token=token, by=admin)
    assert not ApiToken.objects.exists()
    with pytest.raises(ValidationError):
        tokens.issue(user=program, name=" ", by=admin)


@pytest.mark.untold
@pytest.mark.parametrize("what", ["set_password", "choose_password", "renew_hash"])
def test_whoever_was_shut_out_meanwhile_is_not_let_in_again_by_a_new_password(
    here: Site, admin: User, clinician: User, what: str
) -> None:
    """The person was read before, by a request that waited."""
    clinician.password = QuickHasher().encode(factories.PASSWORD, "grain-of-salt", iterations=2)  # of an older kind
    clinician.save_as(by=admin, reason="for this test")
    read_before = User.objects.get(pk=clinician.pk)
    people.change(user=clinician, changes={"is_active": False, "display_name": "Dr Other"}, by=admin)
    acts = {
        "set_password": lambda: people.set_password(user=read_before, password=people.random_password(), by=admin),
        "choose_password": lambda: people.choose_password(password=people.random_password(), by=read_before),
        "renew_hash": lambda: people.renew_hash(user=read_before, password=factories.PASSWORD),
    }
    acts[what]()
    now = User.objects.get(pk=clinician.pk)
    assert (now.is_active, now.display_name) == (False, "Dr Other")
