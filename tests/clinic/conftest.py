"""A site with its people, and another site."""

import pytest

from clinic.models import Site, User
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
