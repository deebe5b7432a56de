"""Everybody gives themselves their password, and goes on with none that somebody else knows."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.actions import people
from clinic.models import Site, User
from clinic.permissions import Role
from tests import factories

NEW = "another-quiet-lantern"


def change(client: Client, old: str = factories.PASSWORD, new: str = NEW) -> str:
    return client.post(reverse("password"), {"old": old, "new": new}).content.decode()


@pytest.mark.parametrize("role", Role)
def test_everybody_changes_their_own_password(client: Client, here: Site, role: Role):
    user = factories.user(role, here)
    client.force_login(user)
    assert "Your password is changed" in change(client)
    assert User.objects.get(pk=user.pk).check_password(NEW)


REFUSED = {
    "not the old one": ("something-else-entirely", NEW, "This is not your password."),
    "the same again": (factories.PASSWORD, factories.PASSWORD, "This is your present password."),
    "too short": (factories.PASSWORD, "short", "at least 12 characters"),
    "too common": (factories.PASSWORD, "qwerty123456", "too common"),
    "nothing": (factories.PASSWORD, "", "This field is required."),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_will_not_do_is_refused_in_words_and_nothing_is_changed(client: Client, clerk: User, kind: str):
    old, new, why = REFUSED[kind]
    client.force_login(clerk)
    page = change(client, old, new)
    assert why in page
    assert factories.PASSWORD not in page
    assert User.objects.get(pk=clerk.pk).check_password(factories.PASSWORD)


def test_with_a_password_of_somebody_else_nothing_is_done_but_to_choose_another(
    settings: Any, client: Client, here: Site, clerk: User
):
    settings.OWN_PASSWORD_REQUIRED = True
    client.force_login(clerk)
    shut = [reverse("worklist"), reverse("find_patient"), reverse("api:patients"), reverse("admin:index")]
    for address in shut:
        assert client.get(address).url == reverse("password"), address
    assert client.post(reverse("register_patient"), {}).url == reverse("password")
    assert "Somebody else gave you" in client.get(reverse("password")).content.decode()
    change(client)
    assert client.get(reverse("worklist")).status_code == 200
    people.set_password(user=clerk, password=f"{NEW}-2", by=factories.user(Role.ADMIN, here))
    client.force_login(User.objects.get(pk=clerk.pk))
    assert client.get(reverse("worklist")).url == reverse("password")


def test_in_the_demo_everybody_knows_the_passwords(client: Client, clerk: User):
    client.force_login(clerk)
    assert client.get(reverse("worklist")).status_code == 200


def test_nobody_is_offered_a_password_before_they_are_known(client: Client, clerk: User):
    foot = client.get(reverse("login")).content.decode().partition('<footer class="footer">')[2]
    assert reverse("password") not in foot
    assert "testserver" not in foot  # the page of Django's own names the host as its site
    client.force_login(clerk)
    assert reverse("password") in client.get(reverse("find_patient")).content.decode()
