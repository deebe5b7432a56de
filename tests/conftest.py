"""What every test rests on."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.test import TransactionTestCase
from hypothesis import settings

from clinic import guard

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

# Two cores are shared with a browser and a database, so no single example is held to a time; CI tries the same cases
# every time, so that it fails for the change at hand only.
settings.register_profile("yellowflag", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("yellowflag")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: "DjangoDbBlocker") -> None:
    """The tables are made without walking through the migrations, which then count as applied."""
    with django_db_blocker.unblock():
        call_command("migrate", fake=True, verbosity=0)


@pytest.fixture(autouse=True, scope="session")
def _emptied_past_the_guard() -> Iterator[None]:
    """A test that commits is cleaned up after by emptying the tables, which nobody else may."""
    emptying = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # known to Django only

    def teardown(case: TransactionTestCase) -> None:
        with guard.lowered():
            emptying(case)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files first: browsers begin while there is work for everybody else, and no core waits at the end."""
    items.sort(key=lambda item: "browser" not in item.keywords)
