"""What may be done only so often in a minute, however many do it at once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axes.models import AccessLog
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from clinic import clock
from clinic.actions import limits
from clinic.actions.errors import TooOften
from clinic.actions.limits import Limited
from clinic.models import ApiToken, Patient, Site, Use, User
from clinic.permissions import Role
from tests import factories
from tests.clinic.apps import give_password
from tests.clinic.callers import caller
from tests.clinic.test_at_once import together

NOON = datetime(2026, 11, 25, 12, 0, 10, tzinfo=UTC)


@pytest.fixture
def _three(settings: Any) -> None:
    settings.LIMITS = dict.fromkeys(settings.LIMITS, 3)


@pytest.fixture
def _in_one_minute() -> Iterator[None]:
    with clock.at(clock.now().replace(second=10)):
        yield


def count(times: int, who: str = "ada", what: Limited = Limited.SEARCH) -> int:
    """How often it was let through."""
    let = 0
    for _ in range(times):
        try:
            limits.count(what, who=who)
            let += 1
        except TooOften:
            pass
    return let


@pytest.mark.usefixtures("_three", "db")
def test_the_fourth_in_a_minute_is_told_how_long_to_wait():
    with clock.at(NOON):
        assert count(3) == 3
        with pytest.raises(TooOften) as refusal:
            limits.count(Limited.SEARCH, who="ada")
    assert refusal.value.seconds == 50


@pytest.mark.usefixtures("_three", "db")
def test_the_next_minute_begins_afresh_and_others_are_counted_for_themselves():
    with clock.at(NOON):
        assert count(5) == 3
        assert count(5, who="bob") == 3
        assert count(5, what=Limited.EXPORT) == 3
    with clock.at(NOON + timedelta(seconds=50)):
        assert count(5) == 3
    assert Use.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_exactly_as_many_pass_as_may(settings: Any):
    settings.LIMITS = {Limited.SEARCH: 25}

    def ask() -> int:
        with clock.at(NOON):
            return count(10)

    assert sum(together(*[ask] * 8)) == 25
    assert Use.objects.get().times == 80


@pytest.mark.usefixtures("_three", "_in_one_minute")
@pytest.mark.parametrize("name", ["a-clerk", "nobody-here"])
def test_so_many_log_ins_are_tried_in_a_minute(client: Client, settings: Any, clerk: User, name: str):
    settings.AXES_FAILURE_LIMIT = 100
    answers = [client.post(reverse("login"), {"username": name, "password": "wrong"}) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert answers[-1]["Retry-After"] == "50"
    assert "too often" in answers[-1].content.decode()
    assert give_password(client, clerk).status_code == 429, "by address"
    form = {"username": clerk.username, "password": factories.PASSWORD}
    assert client.post(reverse("login"), form, REMOTE_ADDR="192.0.2.1").status_code == 302


@pytest.mark.usefixtures("_three", "_in_one_minute")
def test_so_many_searches_are_made_on_the_web(client: Client, clerk: User):
    client.force_login(clerk)
    answers = [client.post(reverse("find_patient"), {"words": "Example"}) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert answers[-1]["Retry-After"] == "50"
    assert client.get(reverse("find_patient")).status_code == 200


@pytest.mark.usefixtures("_three", "_in_one_minute")
def test_so_many_by_the_api(here: Site):
    program = caller(Role.INTEGRATOR, here)
    answers = [program.post("patients/search/", {"words": "Example"}) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert answers[-1]["Retry-After"] == "50"
    assert answers[-1]["Content-Type"] == "application/problem+json"
    assert answers[-1].json()["type"] == "urn:yellowflag:problem:too-many-requests"
    assert program.get("patients/").status_code == 200


@pytest.mark.usefixtures("_three", "_in_one_minute")
def test_so_many_in_the_administration(client: Client, clinician: User):
    client.force_login(clinician)
    page = reverse("admin:clinic_patient_changelist")
    answers = [client.post(page, {"q": "Example"}) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert answers[-1]["Retry-After"] == "50"
    assert client.get(page).status_code == 200


@pytest.mark.usefixtures("_three", "_in_one_minute")
def test_so_many_exports(client: Client, clinician: User):
    client.force_login(clinician)
    answers = [client.get(reverse("admin:dashboard_csv")) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]


def test_what_has_served_its_time_is_forgotten_and_nothing_else(client: Client, here: Site, clerk: User):
    factories.patient(here)
    give_password(client, clerk)
    assert kept_after_tidying(days=0) == (1, 2, 1)
    Session.objects.update(expire_date=clock.now() - timedelta(seconds=1))
    assert kept_after_tidying(days=2) == (1, 0, 0)
    assert kept_after_tidying(days=31) == (0, 0, 0)
    assert Patient.objects.count() == 1


def test_tokens_that_have_ended_are_forgotten_and_no_others(here: Site):
    for each in (caller(Role.INTEGRATOR, here) for _ in range(2)):
        ended = ApiToken.objects.filter(user=each.user)
    ended.update(expiry=clock.now() - timedelta(days=2))
    call_command("tidy")
    assert not ended.exists()
    assert ApiToken.objects.count() == 1


def kept_after_tidying(*, days: int) -> tuple[int, int, int]:
    """How many log-ins, counts and sessions are left when it is tidied so many days from now."""
    with clock.at(clock.now() + timedelta(days=days)):
        call_command("tidy")
    return AccessLog.objects.count(), Use.objects.count(), Session.objects.count()
