"""Who sees and does what: by role, at their own site, and nowhere else."""

from typing import Any

import pytest

from clinic.actions import decisions, intakes, people, referrals
from clinic.models import (
    Assessment,
    Decision,
    Escalation,
    Intake,
    Patient,
    RaisedStop,
    Referral,
    ReferralStatus,
    Site,
    StopRecord,
    StudyEvent,
    TakenBack,
    User,
)
from clinic.permissions import Capability, NotAllowed, Role, may, may_somewhere, require, sites_of
from tests import factories

CLINICAL = [Patient, Intake, Assessment, Decision, Referral]
SEEN = {
    Role.CLERK: {Patient, Intake, Referral},
    Role.CLINICIAN: set(CLINICAL),
    Role.INTEGRATOR: set(CLINICAL),
    Role.AUTHOR: set(),
    Role.APPROVER: set(),
    Role.AUDITOR: set(),
    Role.ADMIN: set(),
}


@pytest.fixture
def decided(here: Site, clinician: User) -> Assessment:
    """A whole story: somebody referred, the intake completed."""
    assessment = factories.assessment(here, clinician, "distressed_after_treatment")
    decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    intakes.complete(intake=assessment.intake, by=clinician)
    return assessment


@pytest.mark.parametrize("role", Role)
def test_each_role_sees_what_the_table_says_and_only_at_its_own_site(
    decided: Assessment, here: Site, elsewhere: Site, role: Role
) -> None:
    at_home, stranger = factories.user(role, here), factories.user(role, elsewhere)
    assert {model for model in CLINICAL if model.objects.visible_to(at_home).exists()} == SEEN[role]
    assert not any(model.objects.visible_to(stranger).exists() for model in CLINICAL)


def test_a_clerk_sees_the_assessments_of_open_intakes_and_of_their_own(
    here: Site, clerk: User, clinician: User
) -> None:
    of_a_colleague, own = factories.open_intake(here), factories.open_intake(here, clerk)
    for intake in (of_a_colleague, own):
        assert Assessment.objects.visible_to(clerk).filter(intake=intake).exists()
        intakes.answer(intake=intake, answers=factories.answers(), by=clinician)
        intakes.complete(intake=intake, by=clinician)
    assert not Assessment.objects.visible_to(clerk).filter(intake=of_a_colleague).exists()
    assert Assessment.objects.visible_to(clerk).filter(intake=own).exists()


def test_a_person_sees_the_sites_they_belong_to(here: Site, elsewhere: Site, clerk: User) -> None:
    assert list(Site.objects.visible_to(clerk)) == [here]
    people.grant(user=clerk, site=elsewhere, role=Role.CLERK, by=people.system())
    assert set(Site.objects.visible_to(clerk)) == {here, elsewhere}


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        (Intake, Patient),
        (Referral, Patient),
        (Referral, Intake),
        (StudyEvent, Intake),
        (StopRecord, Intake),
        (RaisedStop, Intake),
        (TakenBack, Intake),
        (Escalation, Intake),
        (Escalation, Referral),
        (ReferralStatus, Intake),
    ],
)
def test_whoever_sees_a_record_sees_what_belongs_to_it(here: Site, part: Any, whole: Any) -> None:
    readers = [each for each in Role if may(factories.user(each, here), whole.objects.all().reading, here)]
    assert readers
    assert all(may(factories.user(each, here), part.objects.all().reading, here) for each in readers)


def test_an_ended_role_is_worth_nothing(here: Site, clerk: User, admin: User) -> None:
    factories.patient(here)
    people.end(membership=clerk.memberships.get(), by=admin)
    again = User.objects.get(pk=clerk.pk)
    assert not Patient.objects.visible_to(again).exists()
    assert not Site.objects.visible_to(again).exists()


def test_somebody_deactivated_may_do_nothing(here: Site, clerk: User, admin: User) -> None:
    people.change(user=clerk, changes={"is_active": False}, by=admin)
    assert not any(may(clerk, capability, here) for capability in Capability)


def test_no_role_but_the_clinicians_decides(decided: Assessment, here: Site) -> None:
    for role in set(Role) - {Role.CLINICIAN}:
        somebody = factories.user(role, here)
        with pytest.raises(NotAllowed):
            decisions.decide(assessment=decided, kind="accepted", by=somebody)
        with pytest.raises(NotAllowed):
            referrals.advance(referral=decided.referrals.first(), verb="accept", by=somebody)


def test_the_system_account_sees_no_patient(decided: Assessment) -> None:
    system = people.system()
    assert not any(model.objects.visible_to(system).exists() for model in CLINICAL)
    assert not system.has_usable_password()


def test_a_refusal_names_what_is_not_allowed(here: Site, elsewhere: Site, clerk: User) -> None:
    with pytest.raises(NotAllowed, match="You may not see patients and their intakes here") as refused:
        require(clerk, Capability.READ_PATIENT, elsewhere)
    assert refused.value.capability is Capability.READ_PATIENT
    assert may_somewhere(clerk, Capability.READ_PATIENT)
    assert sites_of(clerk, Capability.READ_PATIENT) == {here.pk}


def test_djangos_own_permissions_are_never_granted(admin: User) -> None:
    assert not admin.has_perm("clinic.view_patient")
    assert not admin.has_module_perms("clinic")
