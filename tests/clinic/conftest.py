"""A site with its people, and another site."""

from collections.abc import Iterator

import pytest
from django.db import connection

from clinic.models import Site, User, rows
from clinic.permissions import Role
from tests import factories


@pytest.fixture
def here(db: None) -> Site:
    return factories.site()


@pytest.fixture
def elsewhere(db: None) -> Site:
    return factories.site()


@pytest.fixture
def clerk(here: Site) -> User:
    return factories.user(Role.CLERK, here)


@pytest.fixture
def clinician(here: Site) -> User:
    return factories.user(Role.CLINICIAN, here)


@pytest.fixture
def admin(here: Site) -> User:
    return factories.user(Role.ADMIN, here)


@pytest.fixture(autouse=True)
def _everything_is_told(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test had written, an entry of the trail tells of it, unless the test says that it wrote past it."""
    if "db" in request.fixturenames:
        request.getfixturevalue("db")
    yield
    if connection.in_atomic_block and not request.node.get_closest_marker("untold"):
        assert [each.row for each in rows.untold()] == []
