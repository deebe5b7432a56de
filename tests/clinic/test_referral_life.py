"""Every verb at every stage by every role: what may be done about a referral, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from clinic import clock, permissions
from clinic.actions import decisions, intakes, referrals, verifying
from clinic.actions.errors import Conflict
from clinic.actions.referral_steps import STEPS
from clinic.models import ENDED, AuditEvent, Referral, ReferralStatus, Site, User, WorkItem
from clinic.permissions import Role
from tests import factories
from tests.clinic.callers import caller
from tests.clinic.referral_life import LIFE, STAGES, WAYS, leads_from, may

REFER = {"duration_days": 10, "off_work": "yes"}


@pytest.fixture
def referral(here: Site, clinician: User) -> Referral:
    assessment = factories.assessment(here, clinician, **REFER)
    intakes.complete(intake=assessment.intake, by=clinician)
    (made,) = referrals.propose(assessment=assessment, by=clinician)
    return made


def words(verb: str) -> dict[str, Any]:
    """What has to be said with it."""
    said = {"destination": "St Agnes", "appointment": clock.today(None) + timedelta(days=5), "reason": "As agreed."}
    return {name: said[name] for name in LIFE[verb][3]}


def bring_to(referral: Referral, stage: str, by: User) -> None:
    if stage == "proposed":
        return
    decisions.decide(assessment=referral.assessment, kind="accepted", by=by)
    for verb in WAYS[stage].split():
        referrals.advance(referral=referral, verb=verb, by=by, **words(verb))


def test_the_code_knows_the_same_verbs():
    assert {verb.value for verb in STEPS} == set(LIFE)


@pytest.mark.parametrize("stage", STAGES)
def test_from_each_stage_exactly_the_verbs_of_the_table_lead_on(referral: Referral, clinician: User, stage: str):
    bring_to(referral, stage, clinician)
    steps, entries = ReferralStatus.objects.count(), AuditEvent.objects.count()
    for verb in LIFE:
        if leads_from(stage, verb):
            continue
        with pytest.raises(Conflict, match=f"This referral is {stage}"):
            referrals.advance(referral=referral, verb=verb, by=clinician, **words(verb))
    assert (ReferralStatus.objects.count(), AuditEvent.objects.count()) == (steps, entries)
    offered = {verb.value for verb in referrals.verbs_for(referral, clinician)}
    assert offered == {verb for verb in LIFE if leads_from(stage, verb)}


@pytest.mark.parametrize("verb", LIFE)
def test_each_verb_leads_where_the_table_says_and_leaves_a_deadline(referral: Referral, clinician: User, verb: str):
    stages, after, _, _ = LIFE[verb]
    bring_to(referral, stages.split()[-1], clinician)
    step = referrals.advance(referral=referral, verb=verb, by=clinician, **words(verb))
    assert (step.status, step.seq) == (after, referral.statuses.count())
    assert (step.due is None) == (after in ENDED)
    assert WorkItem.objects.filter(referral=referral, stage=after).exists() == (after not in ENDED)
    assert AuditEvent.objects.filter(action=f"referral.{verb}", detail__seq=step.seq).exists()
    assert verifying.first_broken(referral.site) is None


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("verb", LIFE)
def test_a_verb_is_for_the_roles_of_the_table(here: Site, referral: Referral, clinician: User, verb: str, role: Role):
    bring_to(referral, LIFE[verb][0].split()[0], clinician)
    somebody = factories.user(role, here)
    if may(role, verb):
        assert referrals.advance(referral=referral, verb=verb, by=somebody, **words(verb)).by == somebody
        return
    with pytest.raises(permissions.NotAllowed):
        referrals.advance(referral=referral, verb=verb, by=somebody, **words(verb))
    assert verb not in {each.value for each in referrals.verbs_for(referral, somebody)}


@pytest.mark.parametrize("verb", [verb for verb in LIFE if LIFE[verb][3]])
def test_what_has_to_be_said_is_asked_for_by_name(referral: Referral, clinician: User, verb: str):
    bring_to(referral, LIFE[verb][0].split()[0], clinician)
    before = referral.statuses.count()
    with pytest.raises(ValidationError) as refusal:
        referrals.advance(referral=referral, verb=verb, by=clinician)
    assert set(refusal.value.message_dict) == set(LIFE[verb][3])
    assert referral.statuses.count() == before


@pytest.mark.parametrize("days", [-1, 400])
def test_an_appointment_is_neither_past_nor_far_away(referral: Referral, clinician: User, days: int):
    bring_to(referral, "sent", clinician)
    with pytest.raises(ValidationError, match="today or within a year"):
        referrals.advance(
            referral=referral, verb="book", appointment=clock.today(None) + timedelta(days=days), by=clinician
        )


@pytest.mark.parametrize(("stage", "verb"), [("proposed", "send"), ("closed", "cancel"), ("seen", "decline")])
def test_the_doors_refuse_as_the_action_does(
    here: Site, client: Any, referral: Referral, clinician: User, stage: str, verb: str
):
    bring_to(referral, stage, clinician)
    program = caller(Role.CLINICIAN, here)
    said = {name: str(value) for name, value in words(verb).items()}
    answer = program.post(f"referrals/{referral.pk}/{verb}/", said)
    assert answer.status_code == 409, answer.json()
    assert f"This referral is {stage}" in answer.json()["detail"]
    client.force_login(clinician)
    page = client.post(reverse("referral_step", args=[referral.pk, verb]), {"seq": referral.newest_step.seq} | said)
    assert page.status_code == 409
