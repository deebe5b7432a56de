"""Whatever leaves bears the end of the trail, so that each copy is a witness."""

import pytest

from clinic.actions import letters
from clinic.letters.content import content
from clinic.management import anchors
from clinic.models import AuditEvent, Letter, Site, User
from clinic.permissions import Role
from tests import factories
from tests.clinic.callers import caller


@pytest.mark.django_db(transaction=True)
def test_an_answer_of_the_api_bears_the_receipt_of_its_entry() -> None:
    at = factories.site()
    clerk = caller(Role.CLERK, at)
    body = {"site": at.slug, "reference": "R1", "given_name": "Ada", "family_name": "Example"}
    made = clerk.post("patients/", {**body, "date_of_birth": "1980-01-01", "sex": "female"})
    assert made.status_code == 201, made.content
    entry = AuditEvent.objects.filter(site=at).latest("seq")
    assert made["X-Audit-Receipt"] == entry.receipt
    assert anchors.read(made["X-Audit-Receipt"]).stands()
    assert not anchors.read(f"{at.slug}:{entry.seq}:{'0' * 16}").stands()


@pytest.mark.django_db(transaction=True)
def test_what_was_refused_bears_no_receipt() -> None:
    clerk = caller(Role.CLERK, factories.site())
    refused = clerk.post("patients/", {"reference": "R1"})
    assert refused.status_code == 422
    assert "X-Audit-Receipt" not in refused


def test_a_letter_bears_where_the_trail_ended_and_is_made_again_with_it(here: Site, clinician: User) -> None:
    assessment = factories.assessment(here, clinician)
    before = AuditEvent.objects.filter(site=here).latest("seq")
    letter, made = letters.issue(assessment=assessment, kind="patient", by=clinician)
    assert letter.receipt == before.receipt
    told = content(assessment=assessment, kind="patient", on=letter.at.date(), receipt=letter.receipt)
    assert before.receipt in told.footer
    assert letters.again(letter=Letter.objects.get(pk=letter.pk), by=clinician) == made
