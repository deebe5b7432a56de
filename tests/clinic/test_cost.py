"""What a submit asks of the database: as much for the first answer as for the hundredth."""

import pytest

from clinic.actions import intakes
from clinic.models import Assessment, Site
from clinic.permissions import Role
from tests import factories
from tests.bench.measuring import queries
from tests.clinic.callers import Caller, caller

pytestmark = pytest.mark.django_db(transaction=True)  # what is done at commit counts too

STATEMENTS = 13  # besides the limits of transactions
WITH_KEY = 2  # more: the key, and the answer that is kept under it
WHOLE = factories.answers()


@pytest.fixture
def clinician() -> Caller:
    return caller(Role.CLINICIAN, factories.site())


def statements(clinician: Caller, path: str, answers: dict[str, object], **headers: str) -> int:
    def submit() -> None:
        answer = clinician.post(path, {"answers": answers}, **headers)
        assert answer.status_code == 200, answer.content

    return len(queries(submit))


def opened(clinician: Caller, *, versions: int = 1) -> str:
    """The address of a new intake's answers, after so many versions of them."""
    intake = factories.open_intake(clinician.site, clinician.user)
    for number in range(1, versions):
        intakes.answer(intake=intake, answers={"peg_pain": number % 10}, by=clinician.user)
    return f"intakes/{intake.pk}/answers/"


@pytest.mark.parametrize("versions", [1, 12])
@pytest.mark.parametrize("answers", [{"fever": "no"}, WHOLE], ids=["one answer", "a whole set"])
def test_a_submit_takes_thirteen_statements(clinician: Caller, versions: int, answers: dict[str, object]) -> None:
    assert statements(clinician, opened(clinician, versions=versions), answers) == STATEMENTS


def test_other_patients_and_members_of_the_site_cost_a_submit_nothing(clinician: Caller) -> None:
    site: Site = clinician.site
    for role in (Role.CLERK, Role.CLINICIAN, Role.INTEGRATOR):
        factories.assessment(site, factories.user(Role.CLINICIAN, site))
        caller(role, site)
    assert Assessment.objects.count() == 6
    assert statements(clinician, opened(clinician), WHOLE) == STATEMENTS


def test_a_submit_that_may_be_repeated_takes_two_more(clinician: Caller) -> None:
    found = statements(clinician, opened(clinician), WHOLE, **{"Idempotency-Key": "of-this-submit"})
    assert found == STATEMENTS + WITH_KEY
