"""A request that is repeated under its key happens once."""

import pytest
from django.core.exceptions import ValidationError

from clinic.actions import idempotency
from clinic.actions.errors import Conflict, KeyReused
from clinic.models import IdempotencyKey, Patient, Site, User
from clinic.permissions import Role
from tests import factories
from tests.clinic.callers import caller


def register(here: Site, clerk: User, *, key: str = "a-key", body: bytes = b"{}") -> idempotency.Reply:
    def run() -> tuple[int, dict[str, str]]:
        return 201, {"id": str(factories.patient(here, by=clerk).pk)}

    return idempotency.once(by=clerk, key=key, method="POST", path="/patients/", body=body, run=run)


def test_a_repeated_request_gets_its_first_answer(here: Site, clerk: User) -> None:
    first, second = register(here, clerk), register(here, clerk)
    assert (first.status, first.body, first.replayed) == (201, {"id": str(Patient.objects.get().pk)}, False)
    assert (second.status, second.body, second.replayed) == (201, first.body, True)


def test_a_key_belongs_to_one_request_and_one_user(here: Site, clerk: User, clinician: User) -> None:
    register(here, clerk)
    with pytest.raises(KeyReused):
        register(here, clerk, body=b'{"other": 1}')
    assert not register(here, clinician).replayed


def test_a_request_that_fails_leaves_no_key_behind(here: Site, clerk: User) -> None:
    def fail() -> tuple[int, None]:
        factories.patient(here, by=clerk)
        raise Conflict("no")

    with pytest.raises(Conflict):
        idempotency.once(by=clerk, key="k", method="POST", path="/", body=b"", run=fail)
    assert not IdempotencyKey.objects.exists()
    assert not Patient.objects.exists()


@pytest.mark.parametrize("key", ["", "x" * 201, "a\x00b"])
def test_a_key_that_cannot_be_stored_is_refused(here: Site, clerk: User, key: str) -> None:
    with pytest.raises(ValidationError):
        register(here, clerk, key=key)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("address", "body", "other"),
    [
        ("stop", {"text": "Ambulance called."}, {"text": "Bloods taken."}),
        (
            "letters",
            {"kind": "emergency", "destination": "County Hospital"},
            {"kind": "emergency", "destination": "ED"},
        ),
    ],
)
def test_what_a_program_sends_again_without_a_key_stands_once(
    address: str, body: dict[str, str], other: dict[str, str]
) -> None:
    doctor = caller(Role.CLINICIAN, factories.site())
    assessments = [factories.assessment(doctor.site, doctor.user, fever="yes").pk for _ in range(2)]
    made = [doctor.post(f"assessments/{assessments[0]}/{address}/", said) for said in (body, body, other)]
    assert [each.status_code for each in made] == [201, 201, 201]
    assert made[0].json() == made[1].json() != made[2].json()
    assert doctor.post(f"assessments/{assessments[1]}/{address}/", body).json() != made[0].json()
    listed = doctor.get(f"assessments/{assessments[0]}/{address}/").json()["results"]
    assert len(listed) == 2
