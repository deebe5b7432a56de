"""Whoever may do everything at one site does nothing at another, whichever action is called and however it was reached."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from clinic.actions import (
    activations,
    decisions,
    drafts,
    imaging,
    intakes,
    letters,
    patients,
    people,
    referrals,
    shadowing,
    sites,
    stops,
    webhooks,
)
from clinic.actions.errors import NotAllowed, NotFound
from clinic.models import Assessment, AuditEvent, Letter, Membership, Replay, Site, User, Webhook
from clinic.permissions import Role
from tests import factories

STUDY = {"modality": "mri", "region": "lumbar", "status": "requested", "reason": "routine"}


@dataclass
class Here:
    """A record of each kind, at a site that is not the stranger's."""

    site: Site
    urgent: Assessment
    letter: Letter
    webhook: Webhook
    membership: Membership


@pytest.fixture
def record(here: Site, clinician: User, admin: User) -> Here:
    assessment = factories.assessment(here, clinician, "distressed_after_treatment")
    letter, _ = letters.issue(assessment=assessment, kind="patient", by=clinician)
    referrals.propose(assessment=assessment, by=clinician)
    urgent = factories.assessment(here, clinician, ces_saddle="yes")
    imaging.record(intake=assessment.intake, study=STUDY, by=clinician)
    webhook = webhooks.add(site=here, url="https://example.org/", events=["intake.completed"], by=admin)
    return Here(here, urgent, letter, webhook, Membership.objects.get(user=clinician))


@pytest.fixture
def stranger(elsewhere: Site) -> User:
    person = factories.user(Role.CLINICIAN, elsewhere)
    for role in set(Role) - {Role.CLINICIAN}:
        people.grant(user=person, site=elsewhere, role=role, by=people.system())
    return User.objects.get(pk=person.pk)


ACTIONS: dict[str, Callable[[Here, User], object]] = {
    "activations.activate": lambda at, by: activations.activate(
        site=at.site, release=factories.published_release(), reason="Better.", by=by
    ),
    "decisions.decide": lambda at, by: decisions.decide(assessment=at.urgent, kind="accepted", by=by),
    "drafts.keep": lambda at, by: drafts.keep(
        intake=at.urgent.intake, section="pain", pages=["page"], version=1, typed={}, answers={}, by=by
    ),
    "imaging.record": lambda at, by: imaging.record(intake=at.letter.assessment.intake, study=STUDY, by=by),
    "imaging.performed": lambda at, by: imaging.performed(intake=at.letter.assessment.intake, number=1, by=by),
    "imaging.cancel": lambda at, by: imaging.cancel(
        intake=at.letter.assessment.intake, number=1, reason="Not wanted.", by=by
    ),
    "intakes.open": lambda at, by: intakes.open(patient=at.urgent.intake.patient, by=by),
    "intakes.answer": lambda at, by: intakes.answer(intake=at.urgent.intake, answers={"fever": "yes"}, by=by),
    "intakes.complete": lambda at, by: intakes.complete(intake=at.urgent.intake, by=by),
    "intakes.cancel": lambda at, by: intakes.cancel(intake=at.urgent.intake, reason="Not wanted.", by=by),
    "letters.issue": lambda at, by: letters.issue(assessment=at.urgent, kind="patient", by=by),
    "letters.issue at once": lambda at, by: letters.issue(assessment=at.urgent, kind="emergency", by=by),
    "letters.again": lambda at, by: letters.again(letter=at.letter, by=by),
    "patients.register": lambda at, by: factories.patient(at.site, by=by),
    "patients.correct": lambda at, by: patients.correct(
        patient=at.urgent.intake.patient, changes={"phone": "01632 960001"}, by=by
    ),
    "people.add": lambda at, by: people.add(
        site=at.site, role=Role.CLERK, username="new", display_name="New", password=factories.PASSWORD, by=by
    ),
    "people.grant": lambda at, by: people.grant(user=by, site=at.site, role=Role.CLINICIAN, by=by),
    "people.end": lambda at, by: people.end(membership=at.membership, by=by),
    "people.change": lambda at, by: people.change(user=at.membership.user, changes={"display_name": "X"}, by=by),
    "people.set_password": lambda at, by: people.set_password(
        user=at.membership.user, password=factories.PASSWORD, by=by
    ),
    "referrals.propose": lambda at, by: referrals.propose(assessment=at.letter.assessment, by=by),
    "referrals.advance": lambda at, by: referrals.advance(
        referral=at.letter.assessment.referrals.all()[0], verb="accept", by=by
    ),
    "shadowing.start": lambda at, by: shadowing.start(release=factories.published_release(), site=at.site, by=by),
    "shadowing.stop": lambda at, by: shadowing.stop(shadow=Replay(shadow_at=at.site), by=by),
    "sites.change": lambda at, by: sites.change(site=at.site, changes={"phone": "01632 960001"}, by=by),
    "stops.record": lambda at, by: stops.record(assessment=at.urgent, text="Rang.", by=by),
    "webhooks.add": lambda at, by: webhooks.add(
        site=at.site, url="https://example.net/", events=["intake.completed"], by=by
    ),
    "webhooks.stop": lambda at, by: webhooks.stop(webhook=at.webhook, by=by),
}


def test_every_action_refuses_who_may_do_it_elsewhere(record: Here, stranger: User, subtests: pytest.Subtests) -> None:
    entries = AuditEvent.objects.count()
    for name, act in ACTIONS.items():
        with subtests.test(name), pytest.raises((NotAllowed, NotFound)):
            act(record, stranger)
    assert AuditEvent.objects.count() == entries
